//! The text as a reader would read it, for secrets in disguise: full-width letters, invisible characters, `\u0041`, `&#65;`,
//! `%41`, `\/`. One pass that keeps for each byte where it came from, and only when the text has such a thing at all.

use unicode_normalization::UnicodeNormalization;

use crate::pieces::{Builder, Map};

/// A folded text and the way back.
pub(crate) struct Folded {
    /// The folded text.
    pub(crate) text: String,
    map: Map,
}

impl Folded {
    /// The range of the original that `start..end` of the folded text came from.
    pub(crate) fn original(&self, start: usize, end: usize) -> (usize, usize) {
        self.map.original(start, end)
    }
}

/// Folds `text`, or says that there is nothing to fold.
pub(crate) fn fold(text: &str) -> Option<Folded> {
    if !is_disguised(text) {
        return None;
    }
    let mut builder = Builder::with_capacity(text.len());
    let mut specials = Specials::default();
    let mut copied = 0;
    let mut at = 0;
    while let Some(special) = specials.next(text, at) {
        let letter = text.get(special..).and_then(|rest| rest.chars().next()).unwrap_or(' ');
        let (read, length) = read_at(text, special, letter);
        at = special + length;
        if read == Some(letter) {
            continue;
        }
        builder.copy(text.get(copied..special).unwrap_or_default(), copied);
        let mut buffer = [0; 4];
        builder.replace(read.map_or("", |read| read.encode_utf8(&mut buffer)), special, at);
        copied = at;
    }
    builder.copy(text.get(copied..).unwrap_or_default(), copied);
    let (text, map) = builder.finish();
    Some(Folded { text, map })
}

/// The characters that may be read as others. What was found once is remembered, so that no stretch is searched again.
#[derive(Default)]
struct Specials {
    escape: Option<usize>,
    wide: Option<usize>,
}

impl Specials {
    fn next(&mut self, text: &str, from: usize) -> Option<usize> {
        let bytes = text.as_bytes();
        let search = |known: Option<usize>, find: fn(&[u8]) -> Option<usize>| {
            known.filter(|at| *at >= from).unwrap_or_else(|| {
                let rest = bytes.get(from..).unwrap_or_default();
                find(rest).map_or(usize::MAX, |found| from + found)
            })
        };
        let escape = search(self.escape, |rest| memchr::memchr3(b'%', b'\\', b'&', rest));
        let wide = search(self.wide, first_wide);
        (self.escape, self.wide) = (Some(escape), Some(wide));
        Some(escape.min(wide)).filter(|at| *at < bytes.len())
    }
}

/// The first byte that is not ASCII; whole blocks of ASCII are skipped.
fn first_wide(bytes: &[u8]) -> Option<usize> {
    const BLOCK: usize = 64;
    let skipped = bytes.chunks(BLOCK).take_while(|block| block.is_ascii()).map(<[u8]>::len).sum();
    let rest: &[u8] = bytes.get(skipped..)?;
    rest.iter().position(|byte| !byte.is_ascii()).map(|found| skipped + found)
}

fn is_disguised(text: &str) -> bool {
    let bytes = text.as_bytes();
    let escaped = |mark: &[u8]| memchr::memmem::find(bytes, mark).is_some();
    let unusual = !text.is_ascii()
        && text.chars().any(|letter| is_invisible(letter) || is_styled(letter) && letter.is_alphanumeric());
    unusual
        || memchr::memchr(b'\\', bytes).is_some() && (escaped(b"\\u00") || escaped(b"\\/"))
        || memchr::memchr(b'&', bytes).is_some() && (escaped(b"&#"))
        || memchr::memchr_iter(b'%', bytes)
            .filter(|at| hex(text.get(at + 1..at + 3)).is_some())
            .take(3)
            .count()
            == 3
}

/// The character that is read at `at` (none: invisible), and how many bytes it takes.
pub(crate) fn read_at(text: &str, at: usize, letter: char) -> (Option<char>, usize) {
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
            assert_eq!(folded.original(0, read.len()), (0, written.len()));
        }
    }

    #[test]
    fn plain_text_is_not_folded() {
        assert!(fold("100 % plain, with a \\n and an é").is_none());
    }
}
