//! One walk over raw JSON. What is decided here: where the strings of a document begin and end, which of them are
//! keys, and whether the brackets are sound (RFC 8259). Nothing is copied, no tree is built and there is no recursion,
//! so a hostile document costs one pass and a bounded stack. Numbers are checked by alphabet only: no gate needs them.

/// Why a document was not walked to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonFault {
    /// It is no JSON.
    Invalid,
    /// It nests deeper than the caller allows.
    TooDeep,
}

/// How deep a document may nest.
pub(crate) const MAX_DEPTH: usize = 128;

/// What kind of bracket is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    /// `[`
    Array,
    /// `{`
    Object,
}

/// One thing met on the walk; offsets are bytes of the raw text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A bracket opens at this offset.
    Open(Container, usize),
    /// The innermost bracket closes at this offset.
    Close(usize),
    /// The content of a member name, without its quotes.
    Key(Text),
    /// The content of a string value, without its quotes.
    Value(Text),
    /// A number, `true`, `false` or `null`.
    Scalar(usize, usize),
}

/// The content of a string as it stands in the raw text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text {
    /// The first byte after the opening quote.
    pub(crate) start: usize,
    /// The byte of the closing quote.
    pub(crate) end: usize,
    /// Whether a backslash stands in it.
    pub(crate) escaped: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrClose,
    Key,
    KeyOrClose,
    Colon,
    CommaOrClose,
    Nothing,
}

/// Walks `raw` and reports each event in order.
pub(crate) fn walk(raw: &str, mut report: impl FnMut(Event)) -> Result<(), JsonFault> {
    let mut walker = Walker { bytes: raw.as_bytes(), at: 0, open: Vec::new(), expect: Expect::Value };
    while let Some(byte) = walker.next_significant() {
        walker.step(byte, &mut report)?;
    }
    if walker.expect == Expect::Nothing { Ok(()) } else { Err(JsonFault::Invalid) }
}

struct Walker<'a> {
    bytes: &'a [u8],
    at: usize,
    open: Vec<Container>,
    expect: Expect,
}

impl Walker<'_> {
    fn next_significant(&mut self) -> Option<u8> {
        while let Some(&byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    #[inline]
    fn step(&mut self, byte: u8, report: &mut impl FnMut(Event)) -> Result<(), JsonFault> {
        match (byte, self.expect) {
            (b',', Expect::CommaOrClose) => {
                self.at += 1;
                let is_object = self.open.last() == Some(&Container::Object);
                self.expect = if is_object { Expect::Key } else { Expect::Value };
            }
            (b':', Expect::Colon) => {
                self.at += 1;
                self.expect = Expect::Value;
            }
            (b'"', Expect::Key | Expect::KeyOrClose) => {
                let text = self.string()?;
                self.expect = Expect::Colon;
                report(Event::Key(text));
            }
            (b'}', Expect::KeyOrClose | Expect::CommaOrClose) => self.close(Container::Object, report)?,
            (b']', Expect::ValueOrClose | Expect::CommaOrClose) => self.close(Container::Array, report)?,
            (_, Expect::Value | Expect::ValueOrClose) => self.value(byte, report)?,
            _ => return Err(JsonFault::Invalid),
        }
        Ok(())
    }

    #[inline]
    fn value(&mut self, byte: u8, report: &mut impl FnMut(Event)) -> Result<(), JsonFault> {
        match byte {
            b'"' => {
                let text = self.string()?;
                self.finish_value();
                report(Event::Value(text));
            }
            b'[' => self.enter(Container::Array, Expect::ValueOrClose, report)?,
            b'{' => self.enter(Container::Object, Expect::KeyOrClose, report)?,
            _ => self.scalar(report)?,
        }
        Ok(())
    }

    fn enter(
        &mut self,
        container: Container,
        expect: Expect,
        report: &mut impl FnMut(Event),
    ) -> Result<(), JsonFault> {
        if self.open.len() >= MAX_DEPTH {
            return Err(JsonFault::TooDeep);
        }
        report(Event::Open(container, self.at));
        self.open.push(container);
        self.expect = expect;
        self.at += 1;
        Ok(())
    }

    fn close(&mut self, container: Container, report: &mut impl FnMut(Event)) -> Result<(), JsonFault> {
        if self.open.pop() != Some(container) {
            return Err(JsonFault::Invalid);
        }
        report(Event::Close(self.at));
        self.at += 1;
        self.finish_value();
        Ok(())
    }

    fn finish_value(&mut self) {
        self.expect = if self.open.is_empty() { Expect::Nothing } else { Expect::CommaOrClose };
    }

    #[inline]
    fn string(&mut self) -> Result<Text, JsonFault> {
        let start = self.at + 1;
        let (mut at, mut escaped) = (start, false);
        loop {
            let rest = self.bytes.get(at..).ok_or(JsonFault::Invalid)?;
            let found = quote_or_backslash(rest).ok_or(JsonFault::Invalid)?;
            if rest.get(found) == Some(&b'"') {
                self.at = at + found + 1;
                return Ok(Text { start, end: at + found, escaped });
            }
            escaped = true;
            at += found + 2;
        }
    }

    fn scalar(&mut self, report: &mut impl FnMut(Event)) -> Result<(), JsonFault> {
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let length =
            rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)).count();
        let word = rest.get(..length).unwrap_or_default();
        let number = word.first().is_some_and(|&byte| byte == b'-' || byte.is_ascii_digit())
            && word.iter().all(is_number_byte);
        if !number && !matches!(word, b"true" | b"false" | b"null") {
            return Err(JsonFault::Invalid);
        }
        self.at += length;
        self.finish_value();
        report(Event::Scalar(start, start + length));
        Ok(())
    }
}

/// Where the first quote or backslash stands. Most strings are short, so some bytes are asked eight at a time before a
/// search is set up.
#[inline]
fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    const AT_ONCE: usize = 4;
    let (words, _) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().take(AT_ONCE).enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = zero_bytes(word ^ QUOTES) | zero_bytes(word ^ BACKSLASHES);
        if found != 0 {
            return Some(index * 8 + usize::try_from(found.trailing_zeros() / 8).ok()?);
        }
    }
    let asked = words.len().min(AT_ONCE) * 8;
    memchr::memchr2(b'"', b'\\', bytes.get(asked..)?).map(|found| asked + found)
}

/// 1 in each of eight bytes.
const EACH_BYTE: u64 = u64::from_le_bytes([1; 8]);
const QUOTES: u64 = u64::from_le_bytes([b'"'; 8]);
const BACKSLASHES: u64 = u64::from_le_bytes([b'\\'; 8]);

/// Sets the highest bit of the first byte that is zero; what it sets above that means nothing.
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(EACH_BYTE) & !word & (EACH_BYTE << 7)
}

fn is_number_byte(byte: &u8) -> bool {
    byte.is_ascii_digit() || b"+-.eE".contains(byte)
}

/// Whether `at` stands between two escapes (or characters) of the string content that begins at `start`.
pub(crate) fn escape_floor(raw: &str, start: usize, at: usize) -> usize {
    let at = crate::offsets::floor_boundary(raw, at).max(start);
    let bytes = raw.as_bytes();
    let window = at.saturating_sub(6).max(start);
    for back in (window..at).rev() {
        if bytes.get(back) == Some(&b'\\') && slashes_before(bytes, start, back).is_multiple_of(2) {
            let length = if bytes.get(back + 1) == Some(&b'u') { 6 } else { 2 };
            return if back + length > at { back } else { at };
        }
    }
    at
}

fn slashes_before(bytes: &[u8], start: usize, at: usize) -> usize {
    bytes.get(start..at).unwrap_or_default().iter().rev().take_while(|&&byte| byte == b'\\').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(raw: &str) -> Result<Vec<String>, JsonFault> {
        let mut found = Vec::new();
        walk(raw, |event| match event {
            Event::Key(text) => found.push(format!("key {}", raw.get(text.start..text.end).unwrap())),
            Event::Value(text) => found.push(raw.get(text.start..text.end).unwrap().to_owned()),
            _ => {}
        })?;
        Ok(found)
    }

    #[test]
    fn keys_and_values_are_told_apart() {
        let found = strings(r#" {"a": ["x\"y", 1.5e3, true, null, {}], "b": ""} "#).unwrap();
        assert_eq!(found, ["key a", r#"x\"y"#, "key b", ""]);
    }

    #[test]
    fn strings_of_every_length_end_at_their_quote() {
        for length in 0..80 {
            for filler in ["a", "!", "#", "[", "]", "\u{a2}"] {
                let content = filler.repeat(length);
                assert_eq!(strings(&format!("[\"{content}\",\"x\"]")).unwrap(), [content.as_str(), "x"]);
            }
        }
    }

    #[test]
    fn broken_documents_are_refused() {
        for raw in
            ["", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "[1 2]", "\"open", "nul", "]", "{]", "1 2", "\"\\"]
        {
            assert_eq!(strings(raw), Err(JsonFault::Invalid), "{raw}");
        }
    }

    #[test]
    fn deep_documents_are_refused_without_recursion() {
        assert_eq!(strings(&"[".repeat(100_000)), Err(JsonFault::TooDeep));
    }

    #[test]
    fn a_cut_never_splits_an_escape() {
        let raw = r"ab\u0041c\\n";
        assert_eq!(escape_floor(raw, 0, 5), 2);
        assert_eq!(escape_floor(raw, 0, 8), 8);
        assert_eq!(escape_floor(raw, 0, 10), 9);
        assert_eq!(escape_floor(raw, 0, 11), 11);
    }
}
