//! JSON that stays as it was written. A gateway must keep bytes that it does not understand: key
//! order, unknown members, the spelling of numbers. So an object is read as its members in order,
//! each a slice of the original text, and a changed document is put together from such slices.

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt, ops::Range};

/// The members of one object, in the order in which they stand.
#[derive(Debug, Default)]
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

/// How many members one object of an envelope may have; tools' own objects are never taken apart.
pub(crate) const MAX_MEMBERS: usize = 1_000;

impl<'a> Members<'a> {
    /// Reads an object; a key that stands twice is an error, because two readers could each take another one.
    pub(crate) fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The raw value of a key.
    pub(crate) fn raw(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.get())
    }

    /// The value of a key, where it is a string.
    pub(crate) fn text(&self, key: &str) -> Option<Cow<'a, str>> {
        self.raw(key).and_then(as_text)
    }

    /// The members of a key, where it is an object.
    pub(crate) fn object(&self, key: &str) -> Option<Members<'a>> {
        self.raw(key).and_then(|raw| Members::parse(raw).ok())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::with_capacity(8);
                while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
                    if members.len() >= MAX_MEMBERS || members.iter().any(|(name, _)| *name == key) {
                        return Err(A::Error::custom("a key stands twice, or there are too many"));
                    }
                    members.push((key, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// A key that borrows where it has no escapes.
pub(crate) struct Key<'a>(pub(crate) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowing;
        impl<'de> Visitor<'de> for Borrowing {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrowing)
    }
}

/// The elements of one array, in order.
pub(crate) struct Elements<'a>(pub(crate) Vec<&'a RawValue>);

impl<'a> Elements<'a> {
    /// Reads an array.
    pub(crate) fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Elements<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Elements<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Elements<'de>, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = seq.next_element::<&'de RawValue>()? {
                    elements.push(element);
                }
                Ok(Elements(elements))
            }
        }
        deserializer.deserialize_seq(InOrder)
    }
}

/// The string that a raw value spells, where it is one.
pub(crate) fn as_text(raw: &str) -> Option<Cow<'_, str>> {
    if !raw.starts_with('"') {
        return None;
    }
    serde_json::from_str::<Key<'_>>(raw).ok().map(|Key(text)| text)
}

/// The words that a raw value spells, where it is a string: half a surrogate pair, which readers let
/// pass, becomes a replacement character.
pub(crate) fn as_words(raw: &str) -> Option<Cow<'_, str>> {
    struct Bytes;
    impl Visitor<'_> for Bytes {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
            Ok(String::from_utf8_lossy(bytes).into_owned())
        }
    }
    as_text(raw).or_else(|| {
        let mut reader = serde_json::Deserializer::from_str(raw.starts_with('"').then_some(raw)?);
        reader.deserialize_bytes(Bytes).ok().map(Cow::Owned)
    })
}

/// Writes a string as JSON.
pub(crate) fn quote(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}

/// Where `inner` stands in `outer`; `inner` must be a slice of `outer`.
pub(crate) fn span(outer: &str, inner: &str) -> Option<Range<usize>> {
    let start = inner.as_ptr().addr().checked_sub(outer.as_ptr().addr())?;
    let end = start.checked_add(inner.len())?;
    (outer.get(start..end)? == inner).then_some(start..end)
}

/// Replaces slices of a text: the ranges must not overlap, and stand in order.
pub(crate) fn splice(text: &str, changes: &[(Range<usize>, String)]) -> Option<String> {
    let added: usize = changes.iter().map(|(_, new)| new.len()).sum();
    let mut out = String::with_capacity(text.len() + added);
    let mut at = 0;
    for (range, new) in changes {
        out.push_str(text.get(at..range.start)?);
        out.push_str(new);
        at = range.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// An object that is being written, member by member.
pub(crate) struct Object(String);

impl Object {
    /// An empty object.
    pub(crate) fn new() -> Self {
        Self("{".to_owned())
    }

    /// An empty object with room.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        let mut text = String::with_capacity(bytes);
        text.push('{');
        Self(text)
    }

    /// Adds a member whose value is JSON already.
    pub(crate) fn raw(&mut self, key: &str, value: &str) -> &mut Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        if key.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\') {
            self.0.push('"');
            self.0.push_str(key);
            self.0.push('"');
        } else {
            self.0.push_str(&quote(key));
        }
        self.0.push(':');
        self.0.push_str(value);
        self
    }

    /// Adds a member that is a string.
    pub(crate) fn text(&mut self, key: &str, value: &str) -> &mut Self {
        self.raw(key, &quote(value))
    }

    /// The object as far as it is written, for whoever closes it.
    pub(crate) fn open(&mut self) -> String {
        std::mem::take(&mut self.0)
    }

    /// The finished object.
    pub(crate) fn finish(&mut self) -> String {
        let mut text = std::mem::take(&mut self.0);
        text.push('}');
        text
    }
}

/// Writes an array of raw values.
pub(crate) fn array<'a>(elements: impl Iterator<Item = &'a str>) -> String {
    let mut text = "[".to_owned();
    for (index, element) in elements.enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(element);
    }
    text.push(']');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_their_bytes() {
        let text = r#"{"z":1.0e3, "a" : {"x" : "y"},"\u0062":"q\n"}"#;
        let members = Members::parse(text).unwrap();
        assert_eq!(members.raw("z"), Some("1.0e3"));
        assert_eq!(members.raw("a"), Some(r#"{"x" : "y"}"#));
        assert_eq!(members.text("b").as_deref(), Some("q\n"));
        assert_eq!(members.text("z"), None);
    }

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        assert!(Members::parse(r#"{"a":1,"\u0061":2}"#).is_err());
        assert!(Members::parse("[]").is_err());
    }

    #[test]
    fn half_a_surrogate_pair_still_spells_words() {
        assert_eq!(as_words(r#""a\u0062""#).as_deref(), Some("ab"));
        assert_eq!(as_text(r#""a \ud83d b""#), None);
        let words = as_words(r#""a \ud83d b""#).unwrap_or_default();
        assert!(words.starts_with("a ") && words.ends_with(" b"), "{words:?}");
        assert_eq!(as_words("1"), None);
        assert_eq!(as_words("[1]"), None);
    }

    #[test]
    fn a_slice_is_found_and_replaced() {
        let text = r#"{"name":"echo","x":[1, 2]}"#;
        let members = Members::parse(text).unwrap();
        let range = span(text, members.raw("name").unwrap()).unwrap();
        let new = splice(text, &[(range, quote("shop__echo"))]).unwrap();
        assert_eq!(new, r#"{"name":"shop__echo","x":[1, 2]}"#);
        assert_eq!(span(text, "elsewhere"), None);
    }

    #[test]
    fn an_object_is_written_with_quoted_keys() {
        let text = Object::new().raw("a", "1").text("b\"", "x\ny").finish();
        assert_eq!(text, r#"{"a":1,"b\"":"x\ny"}"#);
    }
}
