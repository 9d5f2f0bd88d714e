//! The value that belongs to a telling name. What is decided here: which of the many ways to write "name is value" are
//! read (assignment, JSON in any number of escapings, headers, forms, YAML, XML, an HTML field, Markdown), where the
//! value ends, and whether it is a secret or merely stands where one could.

use super::Hit;
use super::class::{DIGIT, HEX, LOWER, Shape, UPPER, is_placeholder};
use super::name::{Strength, strength};

/// No secret that only its name gives away is longer than this.
const LONGEST: usize = 4096;
/// No password is longer than this.
const LONGEST_PASSWORD: usize = 256;
/// No name is longer than this.
const LONGEST_NAME: usize = 64;

/// The identifier around `start..end`.
pub(crate) fn name_around(bytes: &[u8], start: usize, end: usize) -> (usize, usize) {
    let before = bytes.get(..start).unwrap_or_default();
    let left = before.iter().rev().take(LONGEST_NAME).take_while(|byte| is_name_byte(**byte)).count();
    let right = bytes
        .get(end..)
        .unwrap_or_default()
        .iter()
        .take(LONGEST_NAME)
        .take_while(|byte| is_name_byte(**byte))
        .count();
    let mut from = start - left;
    if left > 0 && from > 0 && bytes.get(from - 1) == Some(&b'\\') {
        from += 1; // the letter of an escape such as `\n` is not part of the name
    }
    (from, end + right)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' || byte == b'.'
}

/// The values that were judged so far.
#[derive(Debug, Default)]
pub(crate) struct Values {
    /// Up to where they reach.
    judged: usize,
}

/// The secret that the name at `from..to` announces.
pub(crate) fn announced(text: &str, (from, to): (usize, usize), values: &mut Values) -> Option<Hit> {
    let bytes = text.as_bytes();
    // After `://` it is the user of a URL, whose password is found there; after `redacted:` it is our own mark.
    if bytes.get(..from).is_some_and(|before| before.ends_with(b"://") || before.ends_with(b"[redacted:")) {
        return None;
    }
    let written = Separator::after(bytes, from, to)?;
    let strength = strength(text.get(from..to)?)?;
    // No password is longer, and a name within another one's value has not 4 KB of its own to be judged.
    let is_short = strength == Strength::Password || from < values.judged;
    let (start, end) = value_at(text, written, if is_short { LONGEST_PASSWORD + 1 } else { LONGEST })?;
    values.judged = values.judged.max(end);
    let value = text.get(start..end)?;
    let judged = match (strength, written.kind) {
        (Strength::Password, Kind::Word) => is_password(value) && Shape::of(value.as_bytes()).has(DIGIT),
        (Strength::Password, _) => is_password(value),
        (_, Kind::Word) => false,
        (Strength::Key, _) => is_key(value, 12),
        (Strength::Weak, _) => is_key(value, 20) && is_strongly_random(value),
    };
    let kind = if strength == Strength::Password { "password" } else { "secret" };
    (judged && bytes.get(end) != Some(&b'(')).then_some(Hit { start, end, kind })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `=` or `:` in some spelling.
    Assign,
    /// The word `is`.
    Word,
    /// A value in backquotes after a blank.
    Quoted,
    /// The content of an XML element.
    Element,
}

#[derive(Clone, Copy)]
struct Separator {
    kind: Kind,
    /// Where the value (or its opening quote) begins.
    at: usize,
}

impl Separator {
    fn after(bytes: &[u8], from: usize, to: usize) -> Option<Self> {
        let rest = bytes.get(to..)?;
        if rest.starts_with(b" `") {
            return Some(Self { kind: Kind::Quoted, at: to + 1 });
        }
        if rest.first() == Some(&b'>') && from > 0 && bytes.get(from - 1) == Some(&b'<') {
            return Some(Self { kind: Kind::Element, at: to + 1 });
        }
        if rest.starts_with(b" is ") {
            return Some(Self { kind: Kind::Word, at: to + 4 });
        }
        let at = skip(bytes, to, b"\\\"'`]) \t", 6);
        let at = at + if bytes.get(at..).is_some_and(|rest| rest.starts_with(b"&quot;")) { 6 } else { 0 };
        match bytes.get(at..).unwrap_or_default() {
            [b'=' | b':', b'=' | b'>', ..] => Some(Self { kind: Kind::Assign, at: at + 2 }),
            [b'=' | b':', ..] => Some(Self { kind: Kind::Assign, at: at + 1 }),
            [b'%', b'3', b'A' | b'a' | b'D' | b'd', ..] => Some(Self { kind: Kind::Assign, at: at + 3 }),
            _ => paired_value(bytes, to),
        }
    }
}

/// `name="x" value="..."`, `"name": "X", "value": "..."`, `- name: X` with `value: ...` on the next line.
fn paired_value(bytes: &[u8], to: usize) -> Option<Separator> {
    let at = skip(bytes, to, b"\\\"', \t\n\r-", 24);
    let rest = bytes.get(at..)?;
    if at == to || !rest.get(..5)?.eq_ignore_ascii_case(b"value") {
        return None;
    }
    let at = skip(bytes, at + 5, b"\\\"' ", 4);
    matches!(bytes.get(at), Some(b'=' | b':')).then_some(Separator { kind: Kind::Assign, at: at + 1 })
}

fn skip(bytes: &[u8], from: usize, set: &[u8], limit: usize) -> usize {
    from + bytes
        .get(from..)
        .unwrap_or_default()
        .iter()
        .take(limit)
        .take_while(|byte| set.contains(byte))
        .count()
}

/// The range of the value, without quotes and without the word of an authorization scheme.
fn value_at(text: &str, separator: Separator, longest: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let at = skip(bytes, separator.at, b" \t", 8);
    let slashes = skip(bytes, at, b"\\", 8) - at;
    let quote = bytes.get(at + slashes).copied().filter(|byte| b"\"'`".contains(byte));
    let start = match quote {
        Some(_) => at + slashes + 1,
        None if bytes.get(at..).is_some_and(|rest| rest.starts_with(b"&quot;")) => at + 6,
        None => at,
    };
    let start = start + scheme_length(bytes.get(start..)?);
    let limit = crate::offsets::floor_boundary(text, start.saturating_add(longest));
    let window = text.get(start..limit)?;
    let length = match quote {
        Some(quote) => window.bytes().position(|byte| byte == quote || byte == b'\n' || byte == b'\\')?,
        None if separator.kind == Kind::Element => window.find('<')?,
        None => bare_length(window),
    };
    (length > 0).then_some((start, start + length))
}

/// The length of `Bearer `, `Basic ` and the like at the beginning.
fn scheme_length(rest: &[u8]) -> usize {
    [&b"bearer "[..], b"basic ", b"token ", b"apikey ", b"bot "]
        .iter()
        .find(|scheme| rest.get(..scheme.len()).is_some_and(|word| word.eq_ignore_ascii_case(scheme)))
        .map_or(0, |scheme| scheme.len())
}

/// The length of a value without quotes: up to a blank or a sign that ends values; `&` only before a further `name=`.
fn bare_length(window: &str) -> usize {
    let end = window
        .char_indices()
        .find(|&(at, letter)| match letter {
            '&' => is_next_field(window.get(at + 1..).unwrap_or_default()),
            other => other.is_whitespace() || "\"'`\\<>,;(){}[]".contains(other),
        })
        .map_or(window.len(), |(at, _)| at);
    window.get(..end).unwrap_or_default().trim_end_matches(['.', ':', '!', '?']).len()
}

fn is_next_field(rest: &str) -> bool {
    let name = rest.bytes().take_while(|byte| is_name_byte(*byte)).count();
    rest.starts_with("amp;") || name > 0 && rest.as_bytes().get(name) == Some(&b'=')
}

/// Whether `value` may be a password: a word without blanks that is more than a word.
pub(crate) fn is_password(value: &str) -> bool {
    let shape = Shape::of(value.as_bytes());
    let sign = value.bytes().any(|byte| b"!#$%&*+=?@^|~".contains(&byte));
    let mixed =
        shape.has(UPPER) && value.bytes().skip(1).any(|byte| byte.is_ascii_uppercase()) && shape.has(LOWER);
    (4..=LONGEST_PASSWORD).contains(&value.len())
        && !value.contains(char::is_whitespace)
        && !value.contains("://")
        && (shape.has(DIGIT) || sign || mixed)
        && !is_placeholder(value)
}

fn is_key(value: &str, least: usize) -> bool {
    let shape = Shape::of(value.as_bytes());
    let path = value.starts_with(['/', '.']) && !shape.has(UPPER);
    value.len() >= least
        && value.bytes().all(|byte| byte.is_ascii_graphic())
        && !value.contains("://")
        && !path
        && shape.is_random()
        && !is_placeholder(value)
}

fn is_strongly_random(value: &str) -> bool {
    let shape = Shape::of(value.as_bytes());
    shape.has(DIGIT) && shape.has(UPPER & !HEX | UPPER) && shape.has(LOWER) && shape.distinct >= 12
}

/// Whether a JSON string that stands under a telling name is worth hiding although it does not look random.
pub(crate) fn is_worth_hiding(value: &str) -> bool {
    value.len() >= 4
        && !value.contains(char::is_whitespace)
        && !value.contains("://")
        && !is_placeholder(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(text: &'a str, word: &str) -> Option<&'a str> {
        let at = text.find(word)?;
        let (from, to) = name_around(text.as_bytes(), at, at + word.len());
        let hit = announced(text, (from, to), &mut Values::default())?;
        text.get(hit.start..hit.end)
    }

    #[test]
    fn assignments_are_read_in_many_spellings() {
        let value = "kF9hRTQ-p8u7TPHAe2DVvOS_KzZrA";
        for text in [
            format!("API_TOKEN={value}\n"),
            format!("\"api_token\": \"{value}\""),
            format!("{{\\\"token\\\": \\\"{value}\\\"}}"),
            format!("token => '{value}'"),
            format!("the token `{value}` is new"),
            format!("<token>{value}</token>"),
            format!("name=\"token\" value=\"{value}\""),
            format!("- name: token\n  value: {value}\n"),
            format!("a=1&token={value}&b=2"),
            format!("line\\ntoken={value}\\nnext"),
        ] {
            let word = if text.contains("TOKEN") { "TOKEN" } else { "token" };
            assert_eq!(found(&text, word), Some(value), "{text}");
        }
    }

    #[test]
    fn passwords_need_not_be_random_but_words_are_none() {
        assert_eq!(found("password: hunter2", "password"), Some("hunter2"));
        assert_eq!(found("the password is Tr0ub4dor&3.", "password"), Some("Tr0ub4dor&3"));
        assert_eq!(found("username=a&password=x9%26y&remember=1", "password"), Some("x9%26y"));
        for text in [
            "password: required",
            "password=********",
            "password: {{ vault }}",
            "password is wrong",
            "password=Your",
        ] {
            assert_eq!(found(text, "password"), None, "{text}");
        }
    }

    #[test]
    fn identifiers_paths_and_calls_are_no_secrets() {
        for text in [
            "token: refresh",
            "token = get_token1(user)",
            "token=/etc/app/token1.pem",
            "token: true",
            "token=${TOKEN}",
        ] {
            assert_eq!(found(text, "token"), None, "{text}");
        }
    }
}
