//! Reading a schema, strictly.

use super::{Count, Node, Others, Type, Types};
use crate::{condition::Bound, number::Decimal};
use procura_model::Json;
use regex::RegexBuilder;

const MAX_DEPTH: usize = 16;
const MAX_NODES: usize = 2_000;
const MAX_VALUES: usize = 500;
const MAX_PATTERN_BYTES: usize = 512;
const MAX_PATTERN_PROGRAM_BYTES: usize = 256 * 1024;

/// Words that describe and limit nothing.
const DESCRIBING: [&str; 14] = [
    "$comment",
    "$id",
    "$schema",
    "contentEncoding",
    "contentMediaType",
    "default",
    "deprecated",
    "description",
    "example",
    "examples",
    "format",
    "readOnly",
    "title",
    "writeOnly",
];

/// Reads a whole schema.
pub(super) fn compile(schema: &Json) -> Result<Node, String> {
    let mut reader = Reader { nodes: 0 };
    reader.node(schema, &Place { path: String::new(), depth: 0 })
}

struct Reader {
    nodes: usize,
}

/// Where in the schema we are.
struct Place {
    path: String,
    depth: usize,
}

impl Place {
    fn below(&self, step: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        Self { path: format!("{}{dot}{step}", self.path), depth: self.depth + 1 }
    }

    fn must<T>(&self, key: &str, what: &str) -> Result<T, String> {
        let at = self.below(key).path;
        Err(format!("{at} must be {what}"))
    }
}

impl Reader {
    fn node(&mut self, schema: &Json, place: &Place) -> Result<Node, String> {
        self.nodes += 1;
        if self.nodes > MAX_NODES || place.depth > MAX_DEPTH {
            return Err(format!("the schema must hold at most {MAX_NODES} parts, {MAX_DEPTH} levels deep"));
        }
        let members = match schema {
            Json::Map(members) => members,
            Json::Bool(true) => return Ok(Node::default()),
            _ => {
                let at = if place.path.is_empty() { "the schema" } else { &place.path };
                return Err(format!("{at} must be an object"));
            }
        };
        let mut node = Node::default();
        for (key, value) in members {
            self.keyword(&mut node, (key.as_str(), value), place)?;
        }
        Ok(node)
    }

    fn keyword(&mut self, node: &mut Node, (key, value): (&str, &Json), place: &Place) -> Result<(), String> {
        match key {
            "type" => node.types = Some(types(value, place)?),
            "enum" => node.values = Some(values(value, place)?),
            "const" => node.values = Some(vec![value.clone()]),
            "properties" => node.properties = self.properties(value, place)?,
            "required" => node.required = names(value, place)?,
            "additionalProperties" => node.others = self.others(value, place)?,
            "items" => node.items = Some(Box::new(self.node(value, &place.below(key))?)),
            "minItems" => node.item_count.least = Some(count(key, value, place)?),
            "maxItems" => node.item_count.most = Some(count(key, value, place)?),
            "minProperties" => node.member_count.least = Some(count(key, value, place)?),
            "maxProperties" => node.member_count.most = Some(count(key, value, place)?),
            "minLength" => node.length.least = Some(count(key, value, place)?),
            "maxLength" => node.length.most = Some(count(key, value, place)?),
            "uniqueItems" => node.unique = boolean(key, value, place)?,
            "pattern" => node.pattern = Some(pattern(value, place)?),
            "minimum" => bound(node, Bound::Ge, (key, value), place)?,
            "maximum" => bound(node, Bound::Le, (key, value), place)?,
            "exclusiveMinimum" => bound(node, Bound::Gt, (key, value), place)?,
            "exclusiveMaximum" => bound(node, Bound::Lt, (key, value), place)?,
            "allOf" => node.all_of = self.several(key, value, place)?,
            "anyOf" => node.any_of = self.several(key, value, place)?,
            "oneOf" => node.one_of = self.several(key, value, place)?,
            _ if DESCRIBING.contains(&key) || key.starts_with("x-") => {}
            _ => {
                let at = place.below(&crate::shown::text(key)).path;
                return Err(format!("{at} is a keyword that is not enforced here, so it must be left out"));
            }
        }
        Ok(())
    }

    fn properties(&mut self, value: &Json, place: &Place) -> Result<Vec<(String, Node)>, String> {
        let Json::Map(members) = value else { return place.must("properties", "an object") };
        let below = place.below("properties");
        let read = members.iter().map(|(name, schema)| {
            Ok((name.clone(), self.node(schema, &below.below(&crate::shown::text(name)))?))
        });
        read.collect()
    }

    fn others(&mut self, value: &Json, place: &Place) -> Result<Others, String> {
        Ok(match value {
            Json::Bool(true) => Others::Anything,
            Json::Bool(false) => Others::Nothing,
            schema => Others::Like(Box::new(self.node(schema, &place.below("additionalProperties"))?)),
        })
    }

    fn several(&mut self, key: &str, value: &Json, place: &Place) -> Result<Vec<Node>, String> {
        match value {
            Json::List(schemas) if !schemas.is_empty() => {
                schemas.iter().map(|schema| self.node(schema, &place.below(key))).collect()
            }
            _ => place.must(key, "a list of at least one schema"),
        }
    }
}

fn types(value: &Json, place: &Place) -> Result<Types, String> {
    let named = |value: &Json| Type::ALL.into_iter().find(|each| value.as_text() == Some(each.word()));
    let wanted = "null, boolean, integer, number, string, array or object, or a list of these";
    match value {
        Json::List(several) if !several.is_empty() => {
            let all: Option<Vec<Type>> = several.iter().map(named).collect();
            match all {
                Some(all) => Ok(all.into_iter().fold(Types::default(), Types::with)),
                None => place.must("type", wanted),
            }
        }
        one => named(one)
            .map(|one| Types::default().with(one))
            .ok_or(())
            .or_else(|()| place.must("type", wanted)),
    }
}

fn values(value: &Json, place: &Place) -> Result<Vec<Json>, String> {
    match value {
        Json::List(values) if (1..=MAX_VALUES).contains(&values.len()) => Ok(values.clone()),
        _ => place.must("enum", "a list of 1 to 500 values"),
    }
}

fn names(value: &Json, place: &Place) -> Result<Vec<String>, String> {
    let texts: Option<Vec<String>> = match value {
        Json::List(names) => names.iter().map(|name| name.as_text().map(str::to_owned)).collect(),
        _ => None,
    };
    texts.ok_or(()).or_else(|()| place.must("required", "a list of names"))
}

fn count(key: &str, value: &Json, place: &Place) -> Result<usize, String> {
    let read = if let Json::Number(digits) = value { digits.parse().ok() } else { None };
    read.ok_or(()).or_else(|()| place.must(key, "a whole number, 0 or more"))
}

fn boolean(key: &str, value: &Json, place: &Place) -> Result<bool, String> {
    if let Json::Bool(value) = value { Ok(*value) } else { place.must(key, "true or false") }
}

/// ECMAScript's patterns are read by a reader without backtracking: lookaround and back references are
/// refused, and no text takes long.
fn pattern(value: &Json, place: &Place) -> Result<regex::Regex, String> {
    let text = value.as_text().filter(|text| text.len() <= MAX_PATTERN_BYTES);
    let compiled = text.and_then(|text| {
        RegexBuilder::new(text).size_limit(MAX_PATTERN_PROGRAM_BYTES).nest_limit(32).build().ok()
    });
    compiled.ok_or(()).or_else(|()| {
        place.must(
            "pattern",
            "a regular expression of at most 512 bytes, without lookaround and back references",
        )
    })
}

fn bound(node: &mut Node, bound: Bound, (key, value): (&str, &Json), place: &Place) -> Result<(), String> {
    let Json::Number(digits) = value else { return place.must(key, "a number") };
    let Ok(limit) = Decimal::read(digits) else { return place.must(key, "a number of at most 400 digits") };
    node.bounds.push((bound, limit, digits.clone()));
    Ok(())
}

impl Count {
    /// Whether this many are allowed.
    pub(super) fn allows(self, count: usize) -> bool {
        self.least.is_none_or(|least| count >= least) && self.most.is_none_or(|most| count <= most)
    }

    /// The count in words: `1 to 5`, `at least 1`, `at most 5`.
    pub(super) fn words(self) -> String {
        match (self.least, self.most) {
            (Some(least), Some(most)) if least == most => format!("exactly {least}"),
            (Some(least), Some(most)) => format!("{least} to {most}"),
            (Some(least), None) => format!("at least {least}"),
            (None, Some(most)) => format!("at most {most}"),
            (None, None) => "any number of".to_owned(),
        }
    }
}
