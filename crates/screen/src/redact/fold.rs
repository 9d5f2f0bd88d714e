//! The text as a reader would read it, for secrets in disguise: full-width letters, invisible characters, `\u0041`, `&#65;`,
//! `%41`, `\/`. One pass that keeps for each byte where it came from, and only when the text has such a thing at all.

use unicode_normalization::UnicodeNormalization;

/// A folded text and the way back.
pub(crate) struct Folded {
    /// The folded text.
    pub(crate) text: String,
    /// Where each byte of `text` came from; one more entry for the end.
    origins: Vec<usize>,
}

impl Folded {
    /// The range of the original that `start..end` of the folded text came from.
    pub(crate) fn original(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        Some((*self.origins.get(start)?, *self.origins.get(end)?))
    }
}

/// Folds `text`, or says that there is nothing to fold.
pub(crate) fn fold(text: &str) -> Option<Folded> {
    if !is_disguised(text) {
        return None;
    }
    let mut folded =
        Folded { text: String::with_capacity(text.len()), origins: Vec::with_capacity(text.len() + 1) };
    let mut at = 0;
    while let Some(letter) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let (read, length) = read_at(text, at, letter);
        if let Some(read) = read {
            folded.text.push(read);
            folded.origins.resize(folded.text.len(), at);
        }
        at += length;
    }
    folded.origins.push(text.len());
    Some(folded)
}

fn is_disguised(text: &str) -> bool {
    let bytes = text.as_bytes();
    let escaped = |mark: &[u8]| memchr::memmem::find(bytes, mark).is_some();
    let unusual = !text.is_ascii() && text.chars().any(|letter| is_invisible(letter) || is_styled(letter));
    unusual
        || memchr::memchr(b'\\', bytes).is_some() && (escaped(b"\\u00") || escaped(b"\\/"))
        || memchr::memchr(b'&', bytes).is_some() && (escaped(b"&#"))
        || memchr::memchr_iter(b'%', bytes).take(3).count() == 3
}

/// The character that is read at `at` (none: invisible), and how many bytes it takes.
fn read_at(text: &str, at: usize, letter: char) -> (Option<char>, usize) {
    let rest = text.get(at..).unwrap_or_default();
    let escape = match letter {
        '\\' if rest.starts_with("\\u") => hex(rest.get(2..6)).map(|read| (read, 6)),
        '\\' if rest.starts_with("\\/") => Some(('/', 2)),
        '%' => hex(rest.get(1..3)).map(|read| (read, 3)),
        '&' if rest.starts_with("&#") => entity(rest),
        _ => None,
    };
    if let Some((read, length)) = escape.filter(|(read, _)| read.is_ascii_graphic()) {
        return (Some(read), length);
    }
    let length = letter.len_utf8();
    if letter.is_ascii() {
        (Some(letter), length)
    } else if is_invisible(letter) {
        (None, length)
    } else if is_styled(letter) {
        (std::iter::once(letter).nfkc().next().filter(char::is_ascii).or(Some(letter)), length)
    } else {
        (Some(letter), length)
    }
}

fn hex(digits: Option<&str>) -> Option<char> {
    u32::from_str_radix(digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?, 16)
        .ok()
        .and_then(char::from_u32)
}

fn entity(rest: &str) -> Option<(char, usize)> {
    let end = rest.bytes().take(10).position(|byte| byte == b';')?;
    let digits = rest.get(2..end)?;
    let value = match digits.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
        None => digits.parse().ok()?,
    };
    Some((char::from_u32(value)?, end + 1))
}

fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{180e}')
}

/// Full-width forms, enclosed letters, mathematical alphabets.
fn is_styled(letter: char) -> bool {
    matches!(letter, '\u{ff01}'..='\u{ff5e}' | '\u{2460}'..='\u{24ff}' | '\u{1d400}'..='\u{1d7ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disguises_are_read_and_lead_back() {
        for (written, read) in [
            ("key=ｇｈｐ", "key=ghp"),
            ("AK\u{200b}IA", "AKIA"),
            (r"gh\u0070_", "ghp_"),
            ("gh&#112;&#x5f;", "ghp_"),
            ("%67%68%70", "ghp"),
            (r"a:\/\/b", "a://b"),
        ] {
            let folded = fold(written).unwrap();
            assert_eq!(folded.text, read);
            assert_eq!(folded.original(0, read.len()), Some((0, written.len())));
        }
    }

    #[test]
    fn plain_text_is_not_folded() {
        assert!(fold("100 % plain, with a \\n and an é").is_none());
    }
}
