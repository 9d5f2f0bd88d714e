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
/// Fewer letters in a row are chance.
const SHORTEST_RUN: usize = 28;
/// How many bytes in a row that are no letters a reader reads over.
const LONGEST_GAP: usize = 2;
/// Longer runs of letters are no word.
const LONGEST_WORD: usize = 20;
/// Fewer words in a row are chance.
const FEWEST_WORDS: usize = 4;

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

    /// What base64 spells where it is text; of pictures and sounds the words that stand in them; and
    /// the words that the base64 itself may be written in.
    fn bytes(&mut self, written: &str, bytes: &[u8]) {
        match std::str::from_utf8(bytes) {
            Ok(decoded) if !decoded.contains('\0') => self.text(decoded),
            _ => self.runs(&String::from_utf8_lossy(bytes)),
        }
        self.spelt(written);
    }

    /// Every run of letters that is long enough to say something, though single bytes between them
    /// say nothing: with those left out (UTF-16 has one for each letter), and with blanks for them.
    fn runs(&mut self, text: &str) {
        let (mut close, mut apart) = (String::new(), String::new());
        let (mut letters, mut gap) = (0_usize, 0_usize);
        for letter in text.chars().chain(std::iter::repeat_n('\0', LONGEST_GAP + 1)) {
            let is_space = matches!(letter, '\t' | '\n' | '\r');
            if letter != char::REPLACEMENT_CHARACTER && (is_space || !letter.is_control()) {
                if gap > 0 && letters > 0 {
                    apart.push(' ');
                }
                close.push(letter);
                apart.push(letter);
                (letters, gap) = (letters + 1, 0);
                continue;
            }
            gap += 1;
            if gap <= LONGEST_GAP {
                continue;
            }
            if letters >= SHORTEST_RUN {
                self.text(&close);
                if apart != close {
                    self.text(&apart);
                }
            }
            close.clear();
            apart.clear();
            letters = 0;
        }
    }

    /// Words with slashes or plus signs between them are base64 too.
    fn spelt(&mut self, written: &str) {
        let mut words: Vec<&str> = Vec::new();
        for piece in written.split(['/', '+', '=']).filter(|piece| !piece.is_empty()).chain([" "]) {
            if piece.len() <= LONGEST_WORD && piece.bytes().all(|byte| byte.is_ascii_alphabetic()) {
                words.push(piece);
                continue;
            }
            if words.len() >= FEWEST_WORDS {
                self.text(&words.join(" "));
            }
            words.clear();
        }
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
                Ok(bytes) => self.bytes(text, &bytes),
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
            if key.len() > LONGEST_NAME || !key.bytes().all(is_of_a_name) {
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

/// Letters, digits and what divides them in names; what is divided otherwise may be a sentence.
const fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'$' | b'.' | b':' | b'@' | b'/' | b'-')
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
    fn one_wrong_byte_hides_no_words() {
        let said = "the hidden words of the whole file";
        let wide: Vec<u8> = said.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let broad: Vec<u8> = said.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let mut files = vec![[said.as_bytes(), &[0xff]].concat(), [&[0xc3][..], said.as_bytes()].concat()];
        files.push([&[0xff, 0xfe][..], &wide].concat());
        files.push([&[0xfe, 0xff][..], &broad].concat());
        files.push(said.split(' ').flat_map(|word| [word.as_bytes(), b" \xff"].concat()).collect());
        files.push([&[0x89, b'P', b'N', b'G', 0, 0, 1][..], said.as_bytes(), &[0, 0xee, 0]].concat());
        for file in files {
            let document = format!(r#"{{"blob":"{}"}}"#, STANDARD.encode(&file));
            assert!(of(&document).unwrap().contains(said), "{file:?}");
        }
    }

    #[test]
    fn a_picture_says_next_to_nothing() {
        let entropy = procura_model::Entropy::seeded(3);
        let picture: Vec<u8> = (0..2_000).flat_map(|_| entropy.bytes::<256>()).collect();
        let read = of(&format!(r#"{{"data":"{}"}}"#, STANDARD.encode(&picture))).unwrap();
        assert!(read.len() < picture.len() / 25, "{} of {}", read.len(), picture.len());
    }

    #[test]
    fn words_that_happen_to_be_base64_are_read() {
        let read = of(r#"{"data":"the/hidden/words/of/a/file+there"}"#).unwrap();
        assert!(read.contains("the hidden words of a file there"), "{read}");
    }

    #[test]
    fn a_key_that_is_a_sentence_is_read_whatever_divides_its_words() {
        for key in ["the\u{a0}hidden\u{2003}words", "the_hidden_words", "\u{441}лова"] {
            assert_eq!(of(&format!(r#"{{"data":"","{key}":1}}"#)).unwrap().trim(), key);
        }
        assert_eq!(of(r#"{"mimeType":1,"x-y.z":2,"@id":3,"$ref":4}"#).unwrap(), "");
    }

    #[test]
    fn what_is_no_json_or_too_deep_is_not_read() {
        assert_eq!(of("{"), Err(Unreadable));
        assert_eq!(of("1 2"), Err(Unreadable));
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
        assert_eq!(of(&deep), Err(Unreadable));
    }
}
