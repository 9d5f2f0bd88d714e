//! The alphabets that tokens are written in, as bit sets, and the questions asked of a candidate: is it random enough to
//! be a secret, or does it read like a placeholder? One table, so that every rule means the same by "random".

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// A set of byte classes.
pub(crate) type Class = u16;

/// `0-9`
pub(crate) const DIGIT: Class = 1;
/// `a-f`
pub(crate) const HEX_LOWER: Class = 2;
/// `A-F`
pub(crate) const HEX_UPPER: Class = 4;
/// `g-z`
pub(crate) const LOWER_REST: Class = 8;
/// `G-Z`
pub(crate) const UPPER_REST: Class = 16;
/// `-` and `_`
pub(crate) const DASH: Class = 32;
/// `.`
pub(crate) const DOT: Class = 64;
/// `+` and `/`
pub(crate) const PLUS: Class = 128;
/// `=`
pub(crate) const EQUALS: Class = 256;
/// `~`
pub(crate) const TILDE: Class = 512;

/// Lower-case letters.
pub(crate) const LOWER: Class = HEX_LOWER | LOWER_REST;
/// Upper-case letters.
pub(crate) const UPPER: Class = HEX_UPPER | UPPER_REST;
/// Letters and digits.
pub(crate) const ALNUM: Class = DIGIT | LOWER | UPPER;
/// Hexadecimal digits in either case.
pub(crate) const HEX: Class = DIGIT | HEX_LOWER | HEX_UPPER;
/// The alphabet of base64url.
pub(crate) const URL64: Class = ALNUM | DASH;
/// base64url segments joined by dots.
pub(crate) const DOTTED: Class = URL64 | DOT;
/// The alphabet of standard base64 with padding.
pub(crate) const BASE64: Class = ALNUM | PLUS | EQUALS;
/// RFC 6750 `b64token`.
pub(crate) const B64TOKEN: Class = ALNUM | DASH | DOT | PLUS | EQUALS | TILDE;

/// The class of one byte; 0 for a byte that stands in no token.
pub(crate) const fn class_of(byte: u8) -> Class {
    match byte {
        b'0'..=b'9' => DIGIT,
        b'a'..=b'f' => HEX_LOWER,
        b'A'..=b'F' => HEX_UPPER,
        b'g'..=b'z' => LOWER_REST,
        b'G'..=b'Z' => UPPER_REST,
        b'-' | b'_' => DASH,
        b'.' => DOT,
        b'+' | b'/' => PLUS,
        b'=' => EQUALS,
        b'~' => TILDE,
        _ => 0,
    }
}

/// [`class_of`] and [`kind_of`] every byte, looked up instead of asked.
static CLASSES: [(Class, u8); 256] = classes();

const fn classes() -> [(Class, u8); 256] {
    let mut classes = [(0, 0); 256];
    let mut rest: &mut [(Class, u8)] = &mut classes;
    let mut byte = 0_u8;
    while let [first, others @ ..] = rest {
        *first = (class_of(byte), kind_of(byte));
        byte = byte.wrapping_add(1);
        rest = others;
    }
    classes
}

/// Whether `byte` belongs to `class`.
#[inline]
pub(crate) fn is_in(byte: u8, class: Class) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|(of, _)| of & class != 0)
}

/// What a candidate is made of.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shape {
    /// How many different bytes it has.
    pub(crate) distinct: u32,
    /// The union of the classes of its bytes.
    pub(crate) classes: Class,
    /// How often the kind of character changes (letter case, digit, sign) from one byte to the next.
    pub(crate) changes: usize,
    /// How many runs of digits it has.
    pub(crate) numbers: usize,
    /// Its length in bytes.
    pub(crate) length: usize,
}

impl Shape {
    /// Looks at every byte once.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let (mut seen, mut classes, mut changes, mut numbers, mut last) = ([0_u64; 4], 0, 0, 0, 0);
        for &byte in bytes {
            if let Some(word) = seen.get_mut(usize::from(byte >> 6)) {
                *word |= 1 << (byte & 63);
            }
            let (class, kind) = CLASSES.get(usize::from(byte)).copied().unwrap_or_default();
            classes |= class;
            changes += usize::from(last != 0 && kind != last);
            numbers += usize::from(kind == DIGIT_KIND && kind != last);
            last = kind;
        }
        let distinct = seen.iter().map(|word| word.count_ones()).sum();
        Self { distinct, classes, changes, numbers, length: bytes.len() }
    }

    /// Whether any byte is of `class`.
    pub(crate) fn has(&self, class: Class) -> bool {
        self.classes & class != 0
    }

    /// Whether it can only have been drawn by chance: all kinds of characters, changing at every second place; in a long
    /// one of many different characters at two places of five, where words joined by capitals change at one of three and
    /// have a number at one end at most: with two it takes fewer changes, and with three fewer still.
    fn is_drawn(&self) -> bool {
        let all_kinds = self.has(DIGIT) && self.has(LOWER) && self.has(UPPER);
        let is_long = self.length >= 32 && self.distinct >= 20;
        let changes_often = self.changes * 2 >= self.length || is_long && self.changes * 5 >= self.length * 2;
        let is_strewn = self.numbers >= 2 && self.changes * 3 >= self.length
            || self.numbers >= 3 && self.changes * 4 >= self.length;
        self.length >= 16 && all_kinds && (changes_often || is_strewn)
    }

    /// Whether it looks drawn by chance rather than written by a person.
    pub(crate) fn is_random(&self) -> bool {
        let letters = self.has(LOWER) || self.has(UPPER);
        let varied =
            self.distinct >= 8 || self.distinct * 2 >= u32::try_from(self.length).unwrap_or(u32::MAX);
        let mixed = self.has(DIGIT) && letters && self.changes >= 3;
        let cased = self.has(LOWER) && self.has(UPPER) && self.changes * 4 >= self.length;
        varied && (mixed || cased)
    }
}

/// The kind of digits.
const DIGIT_KIND: u8 = 1;

/// The kind of character: digit, small letter, capital, anything else.
const fn kind_of(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => DIGIT_KIND,
        b'a'..=b'z' => 2,
        b'A'..=b'Z' => 3,
        _ => 4,
    }
}

/// Words that say "put yours here", as whole values.
const STAND_INS: &[&str] = &[
    "password",
    "passwd",
    "pass",
    "pwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "changeme",
    "null",
    "none",
    "nil",
    "true",
    "false",
    "undefined",
    "string",
    "example",
    "required",
    "optional",
    "hidden",
    "redacted",
    "user",
    "username",
    "basic",
    "bearer",
    "test",
    "xxx",
    "yourpassword",
    "mypassword",
    "passphrase",
    "credentials",
];

/// Pieces that occur in placeholders only.
const MARKS: &[&str] = &[
    "your",
    "xxxx",
    "****",
    "....",
    "\u{2026}",
    "redacted",
    "placeholder",
    "_here",
    "-here",
    "<",
    "{{",
    "${",
    "$(",
    "}}",
    "%s",
    "%(",
    "process.env",
    "os.environ",
    "getenv",
    "secrets.",
    "env.",
    "vault_",
    "changeme",
    "example_",
    "insert",
    "dummy",
];

/// [`MARKS`], all at once and in any case.
static MARK_SEARCH: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).build(MARKS).ok());

/// Whether the value is a stand-in, a template or a mask instead of a secret.
pub(crate) fn is_placeholder(value: &str) -> bool {
    if value.starts_with("[redacted") {
        return true;
    }
    let trimmed = value.trim_matches(|c: char| !c.is_alphanumeric());
    let shape = Shape::of(value.as_bytes());
    // In what chance drew, four letters in a row mean nothing.
    if shape.is_drawn() && !value.contains(['<', '{', '$', '*', '[']) {
        return false;
    }
    let is_marked = |value: &str| {
        let mut found = MARK_SEARCH.iter().flat_map(|marks| marks.find_iter(value));
        found.any(|mark| value.get(mark.range()).is_some_and(is_in_one_case))
    };
    shape.distinct < 4
        || STAND_INS.iter().any(|word| word.eq_ignore_ascii_case(trimmed))
        || is_marked(value)
        || value.starts_with(['$', '[', '{', '(', '<', '%', '@', '&', '*']) && !shape.has(DIGIT)
        || value.starts_with('$') && value.get(1..).is_some_and(is_name)
}

/// Whether every piece of the value is a word or a number, as in names of packages, versions and dates.
pub(crate) fn is_words_and_numbers(value: &str) -> bool {
    let mut pieces = value.split(['-', '_', '.', ':', '/', '@', ',', ' ']).filter(|piece| !piece.is_empty());
    let is_word = |piece: &str| {
        let capital = piece.bytes().skip(1).all(|byte| byte.is_ascii_lowercase());
        let shout = piece.bytes().all(|byte| byte.is_ascii_uppercase());
        (capital || shout) && piece.bytes().all(|byte| byte.is_ascii_alphabetic()) && piece.len() < 20
    };
    let is_number = |piece: &str| piece.bytes().all(|byte| byte.is_ascii_digit());
    pieces.clone().any(|piece| piece.len() >= 3 && is_word(piece))
        && pieces.all(|piece| is_word(piece) || is_number(piece))
}

/// Whether a word is written as people write: `your`, `YOUR` or `Your`; chance writes `yOUr`.
fn is_in_one_case(word: &str) -> bool {
    let after = word.get(1..).unwrap_or_default();
    !after.bytes().any(|byte| byte.is_ascii_uppercase())
        || !word.bytes().any(|byte| byte.is_ascii_lowercase())
}

fn is_name(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_strings_are_told_from_words() {
        for random in ["fLMBnj4UX9cyotuZjretUzPe", "9df6f24502c0ffee9ed7b3fd", "Tr0ub4dor3x9Kq"] {
            assert!(Shape::of(random.as_bytes()).is_random(), "{random}");
        }
        for plain in ["authentication", "prod/db", "oauth2", "current-password", "short", "header"] {
            assert!(!Shape::of(plain.as_bytes()).is_random(), "{plain}");
        }
    }

    #[test]
    fn stand_ins_are_recognised() {
        for stand_in in
            ["${API_KEY}", "********", "<your token>", "YOUR_TOKEN_HERE", "{{ vault_password }}", "$TOKEN"]
        {
            assert!(is_placeholder(stand_in), "{stand_in}");
        }
        assert!(is_placeholder("YourApiKeyHere123"));
        assert!(is_placeholder("abcdQRSTyourabcdQRST"), "small letters are how people write");
        assert!(is_placeholder("YourGitServicePersonalAccessTokenHere123"));
        for drawn in [
            "L8Uig7nP0q5C9FszSpqo",
            "1a7hyfYOur5qCCDQq1aB",
            "1aBPIJVDSQ0HKktXb989fLIXXXxsk8ogs72B",
            "1acrUMXKnYOUr268IsIB",
            "1axxXXTPB2DSLFnYXDzkS9xIFWmSGB",
            "1234567890-1alpttXKW5dmgVVbyourf89ER56VHB",
            "abcdQRSTyOuRabcdQRST",
        ] {
            assert!(!is_placeholder(drawn), "{drawn}");
        }
    }
}
