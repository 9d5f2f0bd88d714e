//! A tool's result as far as the last gates look at it, read in one pass: its `content` blocks with
//! their text, whether it says that it is an error, and its `resultType`. As strict as
//! [`crate::raw::Members`]: a name that stands twice is refused, because two readers could each
//! believe another one.

use crate::raw::{Key, MAX_MEMBERS, as_text};
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};

/// The result.
#[derive(Debug, Default)]
pub(crate) struct Shape<'a> {
    /// Whether it has any member at all.
    pub(crate) is_empty: bool,
    /// Whether it says `"isError":true`.
    pub(crate) is_error: bool,
    /// Its `resultType`, as it was written.
    pub(crate) result_type: Option<&'a str>,
    /// Its `content`, block by block.
    pub(crate) content: Vec<Block<'a>>,
}

/// One block of `content`.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    kind: Option<&'a RawValue>,
    text: Option<&'a RawValue>,
}

impl<'a> Shape<'a> {
    /// Reads a result; an error if it is no object, or its `content` cannot be taken apart.
    pub(crate) fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

impl<'a> Block<'a> {
    /// The text as it was written, where this is a block of text.
    pub(crate) fn written(&self) -> Option<&'a str> {
        let kind = as_text(self.kind?.get())?;
        if kind.trim().eq_ignore_ascii_case("text") { self.text.map(RawValue::get) } else { None }
    }
}

/// The names that were read so far; a name is taken once.
#[derive(Default)]
struct Names<'a>(Vec<Cow<'a, str>>);

impl<'a> Names<'a> {
    fn next<A: MapAccess<'a>>(&mut self, map: &mut A) -> Result<Option<Cow<'a, str>>, A::Error> {
        let Some(Key(key)) = map.next_key::<Key<'a>>()? else { return Ok(None) };
        if self.0.len() >= MAX_MEMBERS || self.0.contains(&key) {
            return Err(A::Error::custom("a key stands twice, or there are too many"));
        }
        self.0.push(key.clone());
        Ok(Some(key))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Shape<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = Shape<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape<'de>, A::Error> {
                let (mut shape, mut names) = (Shape::default(), Names::default());
                while let Some(name) = names.next(&mut map)? {
                    match &*name {
                        "content" => shape.content = map.next_value()?,
                        "isError" => shape.is_error = map.next_value::<&RawValue>()?.get() == "true",
                        "resultType" => shape.result_type = Some(map.next_value::<&RawValue>()?.get()),
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                shape.is_empty = names.0.is_empty();
                Ok(shape)
            }
        }
        deserializer.deserialize_map(Once)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Block<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = Block<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Block<'de>, A::Error> {
                let (mut block, mut names) = (Block { kind: None, text: None }, Names::default());
                while let Some(name) = names.next(&mut map)? {
                    match &*name {
                        "type" => block.kind = Some(map.next_value()?),
                        "text" => block.text = Some(map.next_value()?),
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(block)
            }
        }
        deserializer.deserialize_map(Once)
    }
}
