//! The login in a command line of curl: `-u user:password`, in whatever quotes the shell allows. The whole argument goes: the
//! name is half of the credential, and quotes can stand in the middle of it.

use super::class::is_placeholder;
use super::cut::Hit;

/// How much of a command is looked at, in bytes.
const LONGEST_COMMAND: usize = 2048;

/// The logins of the command whose word `curl` ends at `at`, and of what follows on its line; gives back up to where it was
/// looked at.
pub(crate) fn logins(text: &str, at: usize, hits: &mut Vec<Hit>) -> usize {
    let limit = crate::offsets::floor_boundary(text, at + LONGEST_COMMAND);
    let Some(command) = text.get(at..limit) else { return at };
    let command = command.get(..end_of_command(command)).unwrap_or_default();
    let mut from = 0;
    while let Some(found) = command.get(from..).and_then(|rest| memchr::memchr(b'-', rest.as_bytes())) {
        let option = from + found;
        from = option + 1;
        let is_word = option == 0 || command.as_bytes().get(option - 1).is_some_and(u8::is_ascii_whitespace);
        let Some(length) = command.get(option..).filter(|_| is_word).and_then(option_length) else {
            continue;
        };
        let start = at + option + length;
        let within = start + command.get(option + length..).map_or(0, argument_length);
        let end = if within == limit { end_of_word(text, limit) } else { within };
        if text.get(start..end).is_some_and(is_login) {
            hits.push(Hit { start, end, kind: "basic-auth" });
        }
        from = (end - at).max(from);
    }
    at + command.len().max(from)
}

/// Where the word ends that goes on at `at`: a word is judged whole, or what is left of it would be no mark any more.
fn end_of_word(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.find(char::is_whitespace).unwrap_or(rest.len())
}

/// Up to a line end that no backslash continues.
fn end_of_command(command: &str) -> usize {
    let bytes = command.as_bytes();
    memchr::memchr_iter(b'\n', bytes)
        .find(|at| !bytes.get(..*at).is_some_and(|line| line.trim_ascii_end().ends_with(b"\\")))
        .unwrap_or(command.len())
}

/// The length of an option that takes a login, with the blanks or the `=` behind it.
fn option_length(rest: &str) -> Option<usize> {
    let word = rest.bytes().take_while(|byte| byte.is_ascii_alphabetic() || *byte == b'-').count();
    let option = rest.get(..word)?;
    let is_short = !option.starts_with("--") && option.ends_with(['u', 'U']);
    if !is_short && !["--user", "--proxy-user"].contains(&option) {
        // `-uname:password` has no blank in between.
        return (rest.starts_with("-u") && rest.get(2..word).is_some_and(|name| !name.is_empty()))
            .then_some(2);
    }
    let blanks = rest.bytes().skip(word).take_while(|byte| b" =\t".contains(byte)).count();
    Some(word + blanks)
}

/// The length of one word of the shell: quotes may open and close within it.
fn argument_length(rest: &str) -> usize {
    let mut open: Option<char> = None;
    for (at, letter) in rest.char_indices() {
        match open {
            Some(quote) if letter == quote => open = None,
            Some(_) => {}
            None if letter == '"' || letter == '\'' => open = Some(letter),
            None if letter.is_whitespace() => return at,
            None => {}
        }
    }
    if open.is_some() { rest.find(char::is_whitespace).unwrap_or(rest.len()) } else { rest.len() }
}

fn is_login(argument: &str) -> bool {
    let bare: String = argument.chars().filter(|letter| !"\"'\\".contains(*letter)).collect();
    let Some((user, password)) = bare.split_once(':') else { return false };
    let secret = if password.is_empty() { user } else { password };
    !secret.is_empty()
        && !bare.contains("[redacted:")
        && !password.starts_with("//")
        && !is_placeholder(secret)
        && !secret.starts_with('$')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        let mut hits = Vec::new();
        logins(text, text.find("curl ")? + 5, &mut hits);
        hits.first().and_then(|hit| text.get(hit.start..hit.end))
    }

    #[test]
    fn the_login_is_found_in_every_writing() {
        for (text, login) in [
            ("curl --cacert ca.crt -u elastic:O@lsa1vg$2 https://h", "elastic:O@lsa1vg$2"),
            ("curl -s --user  'api:j8CkK71uGu' \\\n  https://h", "'api:j8CkK71uGu'"),
            ("curl https://h \\\n  -d 'x' \\\n  -u lamp:warmlightbulb", "lamp:warmlightbulb"),
            ("curl -X POST --user \"{a-1}\":\"{b-22}\" -H 'x: y'", "\"{a-1}\":\"{b-22}\""),
            ("curl -sSu ada:'blue Moon7' h", "ada:'blue Moon7'"),
            ("curl --user=ada:7moons h", "ada:7moons"),
            ("curl -uada:7moons h", "ada:7moons"),
            ("curl -u 7moons7stars: h", "7moons7stars:"),
        ] {
            assert_eq!(found(text), Some(login), "{text}");
        }
    }

    #[test]
    fn a_word_across_the_end_of_what_is_looked_at_is_judged_whole() {
        // A mark that lies across the end was cut in two, and grew each time the text was read.
        for more in 0..40 {
            let filler = "x".repeat(LONGEST_COMMAND - 30 + more);
            assert_eq!(found(&format!("curl {filler} -u a:[redacted:basic-auth] h")), None, "{more}");
            let text = format!("curl {filler} -u ada:7moonsAnd7stars h");
            let login = found(&text).unwrap_or("ada:7moonsAnd7stars");
            assert_eq!(login, "ada:7moonsAnd7stars", "{more}");
        }
    }

    #[test]
    fn variables_and_other_options_are_left() {
        for text in [
            "curl -u $USER:$PASS https://h",
            "curl -u user:password https://h",
            "curl -X GET https://h:8080/a-u b",
            "curl --url https://h:1/x",
            "curl -u [redacted:basic-auth] https://h",
            "curl https://h\nsort -u a:b1",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
