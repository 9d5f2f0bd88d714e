//! JSON that can be judged: numbers keep their text (an amount never passes through a float), a
//! duplicate key is an error (the judge and the tool could each see another one), and depth and
//! size are bounded. The canonical form is what an approval is bound to.

use std::fmt::{self, Write as _};

/// How deep a document may nest.
pub const MAX_DEPTH: usize = 64;
/// How many values a document may hold.
pub const MAX_VALUES: usize = 100_000;

/// A JSON value. Objects are sorted by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was written.
    Number(Box<str>),
    /// A string, unescaped.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object, sorted by key, without duplicates.
    Map(Vec<(String, Json)>),
}

/// Why a text is not a document that can be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not JSON (RFC 8259), at this byte.
    #[error("not valid JSON at byte {0}")]
    Syntax(usize),
    /// The same key stands twice in one object.
    #[error("an object has the same key twice, at byte {0}")]
    DuplicateKey(usize),
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
    /// More values than [`MAX_VALUES`].
    #[error("more than {MAX_VALUES} values")]
    TooMany,
}

impl Json {
    /// Reads one document.
    ///
    /// # Errors
    /// [`JsonError`] when the text is not one document that can be judged.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        let mut parser = Parser { text, at: 0, values: 0 };
        let value = parser.value(0)?;
        parser.blanks();
        if parser.at == text.len() { Ok(value) } else { Err(JsonError::Syntax(parser.at)) }
    }

    /// The value of a key, where this is an object that has it.
    #[must_use]
    pub fn member(&self, key: &str) -> Option<&Self> {
        let Self::Map(members) = self else { return None };
        let index = members.binary_search_by(|(name, _)| name.as_str().cmp(key)).ok()?;
        members.get(index).map(|(_, value)| value)
    }

    /// The value at a dotted path such as `customer.id` or `items.0.sku`.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |value, step| match value {
            Self::List(items) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => value.member(step),
        })
    }

    /// The string, where this is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Keys in order, no blanks, the shortest escapes, numbers as written: equal documents have
    /// equal canonical texts, and a number that is written otherwise counts as another one.
    #[must_use]
    pub fn canonical(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(text) => f.write_str(text),
            Self::Text(text) => quote(f, text),
            Self::List(items) => {
                f.write_char('[')?;
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        f.write_char(',')?;
                    }
                    fmt::Display::fmt(item, f)?;
                }
                f.write_char(']')
            }
            Self::Map(members) => {
                f.write_char('{')?;
                for (index, (key, value)) in members.iter().enumerate() {
                    if index > 0 {
                        f.write_char(',')?;
                    }
                    quote(f, key)?;
                    f.write_char(':')?;
                    fmt::Display::fmt(value, f)?;
                }
                f.write_char('}')
            }
        }
    }
}

fn quote(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\u{8}' => f.write_str("\\b")?,
            '\u{c}' => f.write_str("\\f")?,
            control if u32::from(control) < 0x20 => write!(f, "\\u{:04x}", u32::from(control))?,
            other => f.write_char(other)?,
        }
    }
    f.write_char('"')
}

impl serde::Serialize for Json {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error as _;
        let raw = serde_json::value::RawValue::from_string(self.to_string()).map_err(S::Error::custom)?;
        raw.serialize(s)
    }
}

/// Only from JSON text: the number's digits must survive.
impl<'de> serde::Deserialize<'de> for Json {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let raw = Box::<serde_json::value::RawValue>::deserialize(d)?;
        Self::parse(raw.get()).map_err(serde::de::Error::custom)
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    values: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    const fn syntax<T>(&self) -> Result<T, JsonError> {
        Err(JsonError::Syntax(self.at))
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            self.syntax()
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, JsonError> {
        if depth > MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(JsonError::TooMany);
        }
        self.blanks();
        match self.peek() {
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string().map(Json::Text),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.syntax(),
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, JsonError> {
        if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            Ok(value)
        } else {
            self.syntax()
        }
    }

    fn map(&mut self, depth: usize) -> Result<Json, JsonError> {
        let start = self.at;
        self.at += 1;
        let mut members: Vec<(String, Json)> = Vec::new();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Map(members));
        }
        loop {
            self.blanks();
            let key = self.string()?;
            self.blanks();
            self.expect(b':')?;
            let value = self.value(depth + 1)?;
            members.push((key, value));
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return self.syntax(),
            }
        }
        self.at += 1;
        members.sort_by(|a, b| a.0.cmp(&b.0));
        if members.iter().zip(members.iter().skip(1)).any(|(a, b)| a.0 == b.0) {
            return Err(JsonError::DuplicateKey(start));
        }
        Ok(Json::Map(members))
    }

    fn list(&mut self, depth: usize) -> Result<Json, JsonError> {
        self.at += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return self.syntax(),
            }
        }
        self.at += 1;
        Ok(Json::List(items))
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { self.syntax() } else { Ok(()) }
    }

    fn number(&mut self) -> Result<Json, JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = self.text.get(start..self.at).ok_or(JsonError::Syntax(start))?;
        Ok(Json::Number(text.into()))
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.expect(b'"')?;
        let mut out = String::new();
        loop {
            let rest = self.text.get(self.at..).ok_or(JsonError::Syntax(self.at))?;
            let plain = rest.bytes().position(|b| b == b'"' || b == b'\\' || b < 0x20).unwrap_or(rest.len());
            out.push_str(rest.get(..plain).ok_or(JsonError::Syntax(self.at))?);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                _ => return self.syntax(),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let letter = self.peek().ok_or(JsonError::Syntax(self.at))?;
        self.at += 1;
        Ok(match letter {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return self.syntax(),
        })
    }

    /// A lone half of a surrogate pair is refused: two readers would make two texts of it.
    fn unicode(&mut self) -> Result<char, JsonError> {
        let high = self.hex4()?;
        if !(0xD800..0xE000).contains(&high) {
            return char::from_u32(high).ok_or(JsonError::Syntax(self.at));
        }
        self.expect(b'\\')?;
        self.expect(b'u')?;
        let low = self.hex4()?;
        if high >= 0xDC00 || !(0xDC00..0xE000).contains(&low) {
            return self.syntax();
        }
        char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)).ok_or(JsonError::Syntax(self.at))
    }

    fn hex4(&mut self) -> Result<u32, JsonError> {
        let text = self.text.get(self.at..self.at + 4).ok_or(JsonError::Syntax(self.at))?;
        if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return self.syntax();
        }
        self.at += 4;
        u32::from_str_radix(text, 16).map_err(|_| JsonError::Syntax(self.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_keep_their_text_and_keys_are_sorted() {
        let json = Json::parse(r#" {"b":742.00,"a":[1e3,-0,"x\u00e9\ud83d\ude00"]} "#).unwrap();
        assert_eq!(json.canonical(), r#"{"a":[1e3,-0,"xé😀"],"b":742.00}"#);
        assert_eq!(json.at("a.2").and_then(Json::as_text), Some("xé😀"));
        assert_eq!(json.at("a.9"), None);
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        assert_eq!(Json::parse(r#"{"a":1,"a":2}"#), Err(JsonError::DuplicateKey(0)));
        assert!(Json::parse(r#"{"a":1,"\u0061":2}"#).is_err());
        assert!(Json::parse(r#""\ud800""#).is_err());
        assert!(Json::parse(r#""\udc00\ud800""#).is_err());
        for bad in
            ["", "01", "1.", ".5", "+1", "nul", "[1,]", "{\"a\"}", "\"\n\"", "1 2", "NaN", "\"\\u+123\""]
        {
            assert!(Json::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(Json::parse(&deep(MAX_DEPTH)).is_ok());
        assert_eq!(Json::parse(&deep(MAX_DEPTH + 2)), Err(JsonError::TooDeep));
        assert!(Json::parse(&"[".repeat(1_000_000)).is_err());
    }

    proptest! {
        #[test]
        fn it_never_panics_and_agrees_with_serde_json(text in "[\\[\\]{}\":,0-9a-e.\\\\nutrl +-]{0,40}") {
            if let Ok(json) = Json::parse(&text) {
                let theirs: serde_json::Value = serde_json::from_str(&text).unwrap();
                let ours: serde_json::Value = serde_json::from_str(&json.canonical()).unwrap();
                prop_assert_eq!(theirs, ours);
                prop_assert_eq!(Json::parse(&json.canonical()).unwrap(), json);
            }
        }
    }
}
