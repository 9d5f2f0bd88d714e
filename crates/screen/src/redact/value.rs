//! The value that belongs to a telling name. What is decided here: which of the many ways to write "name is value" are
//! read (assignment, JSON in any number of escapings, headers, forms, YAML, XML, an HTML field, Markdown), where the
//! value ends, and whether it is a secret or merely stands where one could.

use super::Hit;
use super::class::{DIGIT, HEX, LOWER, Shape, UPPER, is_placeholder, is_words_and_numbers};
use super::name::Strength;

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

/// A telling name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name {
    /// Where it begins.
    pub(crate) from: usize,
    /// Where it ends.
    pub(crate) to: usize,
    /// How sure it makes us.
    pub(crate) strength: Strength,
}

/// The values that were judged so far.
#[derive(Debug, Default)]
pub(crate) struct Values {
    /// Up to where they reach.
    judged: usize,
    /// Up to where they were found to be secrets.
    taken: usize,
    /// How many names within the last one were looked at.
    nested: usize,
}

/// How many names within another one's value are looked at.
const MOST_NESTED: usize = 4;

impl Values {
    /// Whether the value of a name at `from` is worth a look; what is taken out already needs none.
    fn admits(&mut self, from: usize) -> bool {
        self.nested = if from < self.judged { self.nested + 1 } else { 0 };
        from >= self.taken && self.nested <= MOST_NESTED
    }
}

/// The secret that `name` announces.
pub(crate) fn announced(text: &str, Name { from, to, strength }: Name, values: &mut Values) -> Option<Hit> {
    let bytes = text.as_bytes();
    // After `://` it is the user of a URL, whose password is found there; after `redacted:` it is our own mark.
    if bytes.get(..from).is_some_and(|before| before.ends_with(b"://") || before.ends_with(b"[redacted:")) {
        return None;
    }
    let written = Separator::after(bytes, from, to).filter(|_| values.admits(from))?;
    let strength = spoken(text, (from, to), strength);
    // No password is longer, and a name within another one's value has not 4 KB of its own to be judged.
    let is_short = strength == Strength::Password || from < values.judged;
    let (start, end) = value_at(text, written, if is_short { LONGEST_PASSWORD + 1 } else { LONGEST })?;
    values.judged = values.judged.max(end);
    let value = text.get(start..end)?;
    let judged = match (strength, written.kind) {
        (Strength::Login, _) => is_login(value),
        (Strength::Password, Kind::Listed) => is_key(value, 10),
        (Strength::Password, Kind::Word) => is_password(value) && Shape::of(value.as_bytes()).has(DIGIT),
        (Strength::Password, _) => is_password(value),
        (Strength::Key, Kind::Word | Kind::Listed) => is_key(value, 16),
        (Strength::Key, _) => is_key(value, 10),
        (Strength::Weak, _) => is_key(value, 20) && is_strongly_random(value),
    };
    let kind = if strength == Strength::Password { "password" } else { "secret" };
    let is_found = judged && bytes.get(end) != Some(&b'(');
    values.taken = if is_found { values.taken.max(end) } else { values.taken };
    is_found.then_some(Hit { start, end, kind })
}

/// `api key`, `access key`: two words that say as much as one name.
fn spoken(text: &str, (from, to): (usize, usize), strength: Strength) -> Strength {
    const FIRST: &[&str] =
        &["api", "access", "secret", "private", "signing", "encryption", "master", "license"];
    let before = text.as_bytes().get(from.saturating_sub(12)..from).unwrap_or_default();
    let is_key = text.get(from..to).is_some_and(|name| name.eq_ignore_ascii_case("key"));
    let follows = |word: &str| {
        before.strip_suffix(b" ").is_some_and(|before| {
            let word = word.as_bytes();
            before.len() >= word.len()
                && before
                    .iter()
                    .rev()
                    .zip(word.iter().rev())
                    .all(|(one, other)| one.eq_ignore_ascii_case(other))
        })
    };
    if strength == Strength::Weak && is_key && FIRST.iter().any(|word| follows(word)) {
        Strength::Key
    } else {
        strength
    }
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
    /// The next argument of a call, the next cell of a Markdown table.
    Listed,
}

/// The length of what stands for `=` in some languages.
const fn operator_length(rest: &[u8]) -> Option<usize> {
    match rest {
        [b'?' | b'+', b'=', ..] | [b'-', b'>', ..] | [b'<', b'-', ..] => Some(2),
        [b'|', b'|', b'=', ..] | [b'?', b'?', b'=', ..] => Some(3),
        _ => None,
    }
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
        if rest.starts_with(b" is ") || rest.starts_with(b" is: ") {
            return Some(Self { kind: Kind::Word, at: to + 4 + usize::from(rest.get(3) == Some(&b':')) });
        }
        if let Some(typed) = after_type(bytes, to) {
            return Some(Self { kind: Kind::Assign, at: typed });
        }
        let at = skip(bytes, to, b"\\\"'`]) \t*", 6);
        let at = at + if bytes.get(at..).is_some_and(|rest| rest.starts_with(b"&quot;")) { 6 } else { 0 };
        let rest = bytes.get(at..).unwrap_or_default();
        match (operator_length(rest), rest) {
            (Some(length), _) => Some(Self { kind: Kind::Assign, at: at + length }),
            (None, [b'=' | b':', ..]) => Some(Self { kind: Kind::Assign, at: skip(bytes, at, b"=:>", 4) }),
            (None, [b'%', b'3', b'A' | b'a' | b'D' | b'd', ..]) => {
                Some(Self { kind: Kind::Assign, at: at + 3 })
            }
            (None, [b'|', ..]) => Some(Self { kind: Kind::Listed, at: at + 1 }),
            (None, [b',', ..]) if at > to => next_argument(bytes, at).or_else(|| paired_value(bytes, to)),
            _ => paired_value(bytes, to),
        }
    }
}

/// Behind the `=` of `name: Type = "..."` or `name string = "..."`.
fn after_type(bytes: &[u8], to: usize) -> Option<usize> {
    let from = skip(bytes, to, b": ", 3);
    let tail = bytes.get(from..from + 32)?;
    let word = tail.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"&<>?.".contains(byte)).count();
    let sign = skip(bytes, from + word, b" ", 2);
    let value = skip(bytes, sign + 1, b" ", 2);
    let is_typed = from > to && word >= 3 && bytes.get(sign) == Some(&b'=');
    (is_typed && matches!(bytes.get(value), Some(b'"' | b'\''))).then_some(sign + 1)
}

/// The quoted argument behind the comma at `at`.
fn next_argument(bytes: &[u8], at: usize) -> Option<Separator> {
    let value = skip(bytes, at + 1, b" \\", 3);
    matches!(bytes.get(value), Some(b'"' | b'\'')).then_some(Separator { kind: Kind::Listed, at: at + 1 })
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
    const SCHEMES: [&[u8]; 11] = [
        b"bearer ",
        b"basic ",
        b"token ",
        b"apikey ",
        b"api-key ",
        b"api-token ",
        b"bot ",
        b"key ",
        b"oauth ",
        b"jwt ",
        b"sso-key ",
    ];
    SCHEMES
        .iter()
        .find(|scheme| rest.get(..scheme.len()).is_some_and(|word| word.eq_ignore_ascii_case(scheme)))
        .map_or(0, |scheme| scheme.len())
}

/// The length of a value without quotes: up to a blank or a sign that ends values; `&` only before a further `name=`.
fn bare_length(window: &str) -> usize {
    let mut at = 0;
    while let Some(rest) = window.get(at..) {
        let plain = rest.bytes().position(may_end).unwrap_or(rest.len());
        let Some(letter) = rest.get(plain..).and_then(|rest| rest.chars().next()) else {
            at = window.len();
            break;
        };
        at += plain;
        let goes_on = match letter {
            '&' => !is_next_field(window.get(at + 1..).unwrap_or_default()),
            other => !other.is_ascii() && !other.is_whitespace(),
        };
        if !goes_on {
            break;
        }
        at += letter.len_utf8();
    }
    window.get(..at).unwrap_or_default().trim_end_matches(['.', ':', '!', '?']).len()
}

/// Whether a value without quotes may end at this byte.
const fn may_end(byte: u8) -> bool {
    matches!(
        byte,
        0..=b' '
            | b'"'
            | b'\''
            | b'`'
            | b'\\'
            | b'<'
            | b'>'
            | b','
            | b';'
            | b'('
            | b')'
            | b'{'
            | b'}'
            | b'['
            | b']'
            | b'&'
    ) || !byte.is_ascii()
}

fn is_next_field(rest: &str) -> bool {
    let name = rest.bytes().take_while(|byte| is_name_byte(*byte)).count();
    rest.starts_with("amp;") || name > 0 && rest.as_bytes().get(name) == Some(&b'=')
}

/// Whether `value` may be a password: a word without blanks that is more than a word.
pub(crate) fn is_password(value: &str) -> bool {
    if !(4..=LONGEST_PASSWORD).contains(&value.len()) || value.contains(char::is_whitespace) {
        return false;
    }
    let shape = Shape::of(value.as_bytes());
    let is_sign = |byte: u8| {
        matches!(
            byte,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'*' | b'+' | b'=' | b'?' | b'@' | b'^' | b'|' | b'~'
        )
    };
    let is_mixed = || {
        let capital = value.bytes().skip(1).any(|byte| byte.is_ascii_uppercase());
        shape.has(UPPER) && capital && shape.has(LOWER)
    };
    (shape.has(DIGIT) || value.bytes().any(is_sign) || is_mixed())
        && !value.contains("://")
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
        && !is_words_and_numbers(value)
        && !is_placeholder(value)
}

/// `user:password`.
fn is_login(value: &str) -> bool {
    let parts = value.split_once(':').filter(|(_, password)| !password.starts_with("//"));
    parts.is_some_and(|(user, password)| user.len() >= 4 && password.len() >= 4 && !is_placeholder(password))
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
        let name = Name { from, to, strength: super::super::name::strength(text.get(from..to)?)? };
        let hit = announced(text, name, &mut Values::default())?;
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
            format!("let token: &str = \"{value}\";"),
            format!("var token string = \"{value}\""),
            format!("token ?= {value}"),
            format!("token :::= \"{value}\""),
            format!("env(\"token\", \"{value}\")"),
            format!("| token | {value} |"),
            format!("Your token is {value}."),
            format!("**token**: {value}"),
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
