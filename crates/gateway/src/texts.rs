//! What a reader of a JSON document would read in it: its strings, unescaped, one per line. The
//! screens look at this and not at the escapes. Base64 that spells text is read too, because a
//! client may show it as text; pictures and sounds are not text.

use crate::raw;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Keys longer than this, or with blanks, are sentences rather than names.
const LONGEST_NAME: usize = 48;
/// How deep a document may nest.
const MAX_DEPTH: usize = 100;

/// The document could not be read, or nests too deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// All texts of a document.
pub(crate) fn of(document: &str) -> Result<String, Unreadable> {
    let mut out = String::with_capacity(document.len());
    let mut deserializer = serde_json::Deserializer::from_str(document);
    let seed = Collect { out: &mut out, depth: 0, key: Key::Other };
    seed.deserialize(&mut deserializer).map_err(|_| Unreadable)?;
    deserializer.end().map_err(|_| Unreadable)?;
    Ok(out)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    /// The value may be base64 of bytes.
    Bytes,
    Other,
}

struct Collect<'o> {
    out: &'o mut String,
    depth: usize,
    key: Key,
}

impl Collect<'_> {
    fn text(&mut self, text: &str) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out.push_str(text);
    }

    fn nested(&mut self, key: Key) -> Collect<'_> {
        Collect { out: self.out, depth: self.depth + 1, key }
    }
}

impl<'de> DeserializeSeed<'de> for Collect<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// The value of `type`: read like any other, unless it is one of the words of the protocol.
struct Kind<'o>(Collect<'o>);

impl<'de> DeserializeSeed<'de> for Kind<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let before = self.0.out.len();
        let Collect { out, depth, key } = self.0;
        Collect { out, depth, key }.deserialize(deserializer)?;
        if matches!(out.get(before..).map(str::trim_start), Some("text" | "image" | "audio" | "resource")) {
            out.truncate(before);
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for Collect<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(mut self, text: &str) -> Result<(), E> {
        if self.key == Key::Bytes && !text.contains(char::is_whitespace) {
            match STANDARD.decode(text) {
                Ok(bytes) => {
                    if let Ok(decoded) = String::from_utf8(bytes) {
                        self.text(&decoded);
                    }
                }
                Err(_) => self.text(text),
            }
        } else {
            self.text(text);
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        if self.depth > MAX_DEPTH {
            return Err(A::Error::custom("too deep"));
        }
        while seq.next_element_seed(self.nested(Key::Other))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        if self.depth > MAX_DEPTH {
            return Err(A::Error::custom("too deep"));
        }
        while let Some(raw::Key(key)) = map.next_key::<raw::Key<'de>>()? {
            if key.len() > LONGEST_NAME || key.contains(' ') {
                self.text(&key);
            }
            match &*key {
                "data" | "blob" => map.next_value_seed(self.nested(Key::Bytes))?,
                // A kind of block, not anybody's words; what is no string here is no block.
                "type" => map.next_value_seed(Kind(self.nested(Key::Other)))?,
                _ => map.next_value_seed(self.nested(Key::Other))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_document_are_read_unescaped() {
        let blob = STANDARD.encode("hidden words");
        let picture = STANDARD.encode([0xff_u8, 0xd8, 0xff, 0xe0]);
        let document = format!(
            r#"{{"content":[{{"text":"one\ntwo"}},{{"data":"{picture}"}},{{"blob":"{blob}"}},{{"data":"plain words"}}],"n":1.5,"a key with words":null}}"#
        );
        assert_eq!(of(&document).unwrap(), "one\ntwo\nhidden words\nplain words\na key with words");
    }

    #[test]
    fn what_is_no_json_or_too_deep_is_not_read() {
        assert_eq!(of("{"), Err(Unreadable));
        assert_eq!(of("1 2"), Err(Unreadable));
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
        assert_eq!(of(&deep), Err(Unreadable));
    }
}
