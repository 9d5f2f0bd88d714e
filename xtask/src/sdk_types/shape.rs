//! The schemas of the document, as far as our own documents use JSON Schema.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::Outcome;

const COMPONENTS: &str = "#/components/schemas/";

/// A schema that has a name.
pub(super) struct Type {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) shape: Shape,
}

/// What a value looks like.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// Anything that JSON can say.
    Any,
    Text,
    Whole,
    Number,
    Truth,
    /// One of these words.
    Words(Vec<String>),
    List(Box<Shape>),
    /// An object with any names.
    Map(Box<Shape>),
    Object(Vec<Member>),
    /// Another schema by its name.
    Named(String),
    OneOf(Vec<Shape>),
    Nullable(Box<Shape>),
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) is_required: bool,
    pub(super) shape: Shape,
}

/// The schemas that operations under these paths need, and these, in the order of their names.
pub(super) fn types(document: &Value, paths: &[&str], always: &[&str]) -> Outcome<Vec<Type>> {
    let components = Components::of(document)?;
    let mut wanted: BTreeSet<String> = always.iter().map(|name| (*name).to_owned()).collect();
    let all = document.get("paths").and_then(Value::as_object).ok_or("the document has no paths")?;
    let is_ours = |path: &str| {
        let rest = paths.iter().find_map(|prefix| path.strip_prefix(prefix));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    for (_, operations) in all.iter().filter(|(path, _)| is_ours(path)) {
        references(operations, &mut wanted);
    }
    components.close(&mut wanted)?;
    wanted.into_iter().map(|name| components.named(&name)).collect()
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            let name = members.get("$ref").and_then(Value::as_str).and_then(|at| at.strip_prefix(COMPONENTS));
            found.extend(name.map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

struct Components<'d>(BTreeMap<&'d str, &'d Value>);

impl<'d> Components<'d> {
    fn of(document: &'d Value) -> Outcome<Self> {
        let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
        let schemas = schemas.ok_or("the document has no components/schemas")?;
        Ok(Self(schemas.iter().map(|(name, schema)| (name.as_str(), schema)).collect()))
    }

    fn schema(&self, name: &str) -> Outcome<&'d Value> {
        self.0.get(name).copied().ok_or_else(|| format!("the document has no schema {name}"))
    }

    /// Adds all that the schemas of these names lead to; generic ones hold copies of others, which lead on as well.
    fn close(&self, wanted: &mut BTreeSet<String>) -> Outcome<()> {
        loop {
            let mut next = wanted.clone();
            for name in wanted.iter() {
                let schema = self.schema(name)?;
                references(schema, &mut next);
                self.copies(schema, &mut next);
            }
            if next.len() == wanted.len() {
                return Ok(());
            }
            *wanted = next;
        }
    }

    fn copies(&self, schema: &Value, found: &mut BTreeSet<String>) {
        let inner = schema.get("properties").and_then(Value::as_object);
        for member in inner.into_iter().flat_map(Map::values) {
            let inline = member.get("items").unwrap_or(member);
            found.extend(self.name_of(inline).map(str::to_owned));
        }
    }

    /// The component that an inline object is a copy of.
    fn name_of(&self, schema: &Value) -> Option<&'d str> {
        schema.get("properties")?;
        self.0.iter().find(|(_, known)| **known == schema).map(|(name, _)| *name)
    }

    fn named(&self, name: &str) -> Outcome<Type> {
        let schema = self.schema(name)?;
        let shape = self.shape_of(schema)?;
        Ok(Type { name: name.to_owned(), doc: doc(schema), shape })
    }

    fn shape(&self, schema: &Value) -> Outcome<Shape> {
        if let Some(name) = self.name_of(schema) {
            return Ok(Shape::Named(name.to_owned()));
        }
        self.shape_of(schema)
    }

    fn shape_of(&self, schema: &Value) -> Outcome<Shape> {
        if let Some(at) = schema.get("$ref").and_then(Value::as_str) {
            let name =
                at.strip_prefix(COMPONENTS).ok_or_else(|| format!("{at} leads out of the document"))?;
            return Ok(Shape::Named(name.to_owned()));
        }
        for word in ["oneOf", "anyOf", "allOf"] {
            if let Some(parts) = schema.get(word).and_then(Value::as_array) {
                return if word == "allOf" { self.all_of(parts) } else { self.one_of(parts) };
            }
        }
        match schema.get("type") {
            Some(Value::String(kind)) => self.of_kind(kind, schema),
            Some(Value::Array(kinds)) => {
                let mut others = kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null");
                match (others.next(), others.next()) {
                    (Some(kind), None) => Ok(Shape::Nullable(Box::new(self.of_kind(kind, schema)?))),
                    _ => Ok(Shape::Any),
                }
            }
            _ => Ok(Shape::Any),
        }
    }

    fn one_of(&self, parts: &[Value]) -> Outcome<Shape> {
        let is_null = |part: &&Value| part.get("type").and_then(Value::as_str) == Some("null");
        let shapes: Vec<Shape> = parts
            .iter()
            .filter(|part| !is_null(part))
            .map(|part| self.shape(part))
            .collect::<Outcome<_>>()?;
        let is_nullable = shapes.len() < parts.len();
        let all_words = shapes.iter().all(|shape| matches!(shape, Shape::Words(_)));
        let joined = match <[Shape; 1]>::try_from(shapes) {
            Ok([one]) => one,
            Err(several) if all_words => Shape::Words(several.into_iter().flat_map(words).collect()),
            Err(several) => Shape::OneOf(several),
        };
        Ok(if is_nullable { Shape::Nullable(Box::new(joined)) } else { joined })
    }

    /// One schema with a description of its own, or the members of several together.
    fn all_of(&self, parts: &[Value]) -> Outcome<Shape> {
        if let [one] = parts {
            return self.shape(one);
        }
        let mut together = Vec::new();
        for part in parts {
            let mut shape = self.shape_of(part)?;
            if let Shape::Named(name) = &shape {
                shape = self.shape_of(self.schema(name)?)?;
            }
            match shape {
                Shape::Object(members) => together.extend(members),
                _ => return Ok(Shape::Any),
            }
        }
        Ok(Shape::Object(together))
    }

    fn of_kind(&self, kind: &str, schema: &Value) -> Outcome<Shape> {
        Ok(match kind {
            "string" => text(schema),
            "integer" => Shape::Whole,
            "number" => Shape::Number,
            "boolean" => Shape::Truth,
            "array" => {
                let items = schema.get("items").map_or(Ok(Shape::Any), |items| self.shape(items))?;
                Shape::List(Box::new(items))
            }
            "object" => self.object(schema)?,
            other => return Err(format!("a schema has the type {other}, which sdk-types does not know")),
        })
    }

    fn object(&self, schema: &Value) -> Outcome<Shape> {
        if let Some(members) = schema.get("properties").and_then(Value::as_object) {
            let required = schema.get("required").and_then(Value::as_array);
            let is_required =
                |name: &str| required.is_some_and(|names| names.iter().any(|other| other == name));
            let member = |(name, schema): (&String, &Value)| {
                let (name, is_required) = (name.clone(), is_required(name));
                Ok(Member { name, doc: doc(schema), is_required, shape: self.shape(schema)? })
            };
            return Ok(Shape::Object(members.iter().map(member).collect::<Outcome<_>>()?));
        }
        let values = schema.get("additionalProperties").filter(|values| values.is_object());
        Ok(Shape::Map(Box::new(values.map_or(Ok(Shape::Any), |values| self.shape(values))?)))
    }
}

fn words(shape: Shape) -> Vec<String> {
    if let Shape::Words(words) = shape { words } else { Vec::new() }
}

/// A text, or one of the words that `enum` or a pattern such as `^(allow|deny)$` lists.
fn text(schema: &Value) -> Shape {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return Shape::Words(words.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    }
    let pattern = schema.get("pattern").and_then(Value::as_str);
    let listed = pattern.and_then(|pattern| pattern.strip_prefix("^(")?.strip_suffix(")$"));
    let listed: Vec<&str> = listed.map(|listed| listed.split('|').collect()).unwrap_or_default();
    let is_word = |word: &&str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if listed.len() > 1 && listed.iter().all(is_word) {
        return Shape::Words(listed.into_iter().map(str::to_owned).collect());
    }
    Shape::Text
}

fn doc(schema: &Value) -> String {
    let own = schema.get("description").and_then(Value::as_str);
    let inner = || {
        let parts = schema.get("oneOf").and_then(Value::as_array)?;
        parts.iter().find_map(|part| part.get("description").and_then(Value::as_str))
    };
    own.or_else(inner).unwrap_or_default().to_owned()
}
