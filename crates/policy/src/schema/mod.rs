//! What the arguments of a declared tool must look like (USR-9): a bounded part of JSON Schema 2020-12,
//! judged with the exact numbers and the equality of conditions.
//!
//! * A keyword that is not judged here cannot be saved: a limit that nobody enforces is no limit. Words
//!   that only describe (`title`, `description`, `default`, `examples`, `format`, `x-..`) are left alone.
//! * References are not followed; an import writes them out first.
//! * Size, depth and work are bounded. What cannot be judged within the bounds is refused.

mod compile;
mod judge;

use crate::number::Decimal;
use procura_model::Json;
use regex::Regex;

pub use judge::Fault;

/// A schema that can be asked.
#[derive(Clone, Debug)]
pub struct Schema(Node);

impl Schema {
    /// Reads a schema.
    ///
    /// # Errors
    /// A sentence without full stop that names the place and what must stand there.
    pub fn compile(schema: &Json) -> Result<Self, String> {
        compile::compile(schema).map(Self)
    }

    /// Whether a value is as the schema wants it.
    ///
    /// # Errors
    /// [`Fault`], in words without the value.
    pub fn check(&self, value: &Json) -> Result<(), Fault> {
        judge::judge(&self.0, value)
    }

    /// Whether only these types are taken; a schema that says no type takes all.
    #[must_use]
    pub fn takes_only(&self, types: &[Type]) -> bool {
        self.0
            .types
            .is_some_and(|taken| Type::ALL.iter().all(|each| types.contains(each) || !taken.contains(*each)))
    }
}

/// A JSON type, with whole numbers as one of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `null`
    Null,
    /// `true` and `false`
    Boolean,
    /// A whole number, however it is written.
    Integer,
    /// A number.
    Number,
    /// A text.
    String,
    /// A list.
    Array,
    /// An object.
    Object,
}

impl Type {
    /// Every type.
    pub const ALL: [Self; 7] =
        [Self::Null, Self::Boolean, Self::Integer, Self::Number, Self::String, Self::Array, Self::Object];

    const fn word(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Null => 1,
            Self::Boolean => 2,
            Self::Integer => 4,
            Self::Number => 8,
            Self::String => 16,
            Self::Array => 32,
            Self::Object => 64,
        }
    }
}

/// A set of types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Types(u8);

impl Types {
    const fn with(self, one: Type) -> Self {
        Self(self.0 | one.bit())
    }

    const fn contains(self, one: Type) -> bool {
        self.0 & one.bit() != 0
    }
}

/// One schema or subschema.
#[derive(Clone, Debug, Default)]
struct Node {
    types: Option<Types>,
    values: Option<Vec<Json>>,
    properties: Vec<(String, Node)>,
    required: Vec<String>,
    others: Others,
    member_count: Count,
    items: Option<Box<Node>>,
    item_count: Count,
    unique: bool,
    length: Count,
    pattern: Option<Regex>,
    bounds: Vec<(crate::condition::Bound, Decimal, Box<str>)>,
    all_of: Vec<Node>,
    any_of: Vec<Node>,
    one_of: Vec<Node>,
}

/// What members that are not declared may be.
#[derive(Clone, Debug, Default)]
enum Others {
    #[default]
    Anything,
    Nothing,
    Like(Box<Node>),
}

/// How many there may be.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    least: Option<usize>,
    most: Option<usize>,
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
