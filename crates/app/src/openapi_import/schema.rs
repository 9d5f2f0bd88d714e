//! A schema of the document as one that is enforced here: references written out, the words of OpenAPI 3.0
//! put into those of JSON Schema, and what is not enforced left out, and said.

use super::{document::Document, refs, warnings::Warnings};
use procura_model::Json;
use procura_policy::Schema;

/// How deep a schema is written out.
const MAX_DEPTH: usize = 12;
/// How many parts one schema may have when it is written out.
const MAX_PARTS: usize = 1_500;
/// What a part is counted as beside its values.
const PART_BYTES: usize = 64;
/// How much of a description is kept.
const MAX_DESCRIPTION_CHARS: usize = 300;

/// Words that are taken as they are.
const TAKEN: [&str; 18] = [
    "const",
    "default",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "pattern",
    "required",
    "type",
    "uniqueItems",
];
/// Words that say nothing about what is allowed.
const SILENT: [&str; 14] = [
    "$comment",
    "$id",
    "$schema",
    "deprecated",
    "discriminator",
    "example",
    "examples",
    "externalDocs",
    "nullable",
    "readOnly",
    "title",
    "writeOnly",
    "xml",
    "contentMediaType",
];

/// Writes a schema out.
pub(super) struct Writer<'w> {
    document: &'w Document,
    operation: &'w str,
    warnings: &'w mut Warnings,
    parts: usize,
    open: Vec<String>,
}

impl<'w> Writer<'w> {
    /// A writer for one operation.
    pub(super) fn new(document: &'w Document, operation: &'w str, warnings: &'w mut Warnings) -> Self {
        Self { document, operation, warnings, parts: 0, open: Vec::new() }
    }

    /// The schema as one that is enforced.
    pub(super) fn write(&mut self, schema: &Json) -> Json {
        self.parts = 0;
        self.part(schema, 0)
    }

    fn loosened(&mut self, what: &str) -> Json {
        self.warnings.about(self.operation, what);
        Json::Map(Vec::new())
    }

    fn part(&mut self, schema: &Json, depth: usize) -> Json {
        self.parts += 1;
        if depth > MAX_DEPTH || self.parts > MAX_PARTS || !self.document.takes(PART_BYTES) {
            return self.loosened("a schema is too large or too deep, so a part of it is not enforced");
        }
        let Json::Map(members) = schema else {
            let is_anything = *schema == Json::Bool(true);
            return if is_anything {
                Json::Map(Vec::new())
            } else {
                self.loosened("a schema that takes nothing is not enforced")
            };
        };
        if let Some(reference) = schema.member("$ref").and_then(Json::as_text) {
            return self.referred(reference, depth);
        }
        let mut out: Vec<(String, Json)> = Vec::new();
        for (key, value) in members {
            let is_taken = TAKEN.contains(&key.as_str());
            if is_taken && !self.document.takes(size(value)) {
                self.loosened(
                    "the schemas are too large when they are written out, so a part is not enforced",
                );
            } else if let Some(value) = self.keyword((key.as_str(), value), schema, depth) {
                out.push((key.clone(), value));
            }
        }
        bounds_of_3_0(&mut out);
        if schema.member("nullable") == Some(&Json::Bool(true)) {
            nullable(&mut out);
        }
        out.sort_by(|a, b| a.0.cmp(&b.0));
        Json::Map(out)
    }

    fn referred(&mut self, reference: &str, depth: usize) -> Json {
        if self.open.iter().any(|open| open == reference) {
            return self.loosened("a schema refers to itself, so it is not enforced below that");
        }
        let document = self.document;
        match refs::target(&document.root, reference) {
            Ok(target) => {
                self.open.push(reference.to_owned());
                let written = self.part(target, depth + 1);
                self.open.pop();
                written
            }
            Err(why) => self.loosened(&format!("a schema is not enforced: {why}")),
        }
    }

    fn keyword(&mut self, (key, value): (&str, &Json), schema: &Json, depth: usize) -> Option<Json> {
        match key {
            "required" => Some(without_read_only(value, schema)),
            "pattern" => {
                let alone = Json::Map(vec![(key.to_owned(), value.clone())]);
                if !self.document.takes_pattern() {
                    self.warnings.about(self.operation, "a pattern is left out, because there are too many");
                    return None;
                }
                if Schema::compile(&alone).is_ok() {
                    return Some(value.clone());
                }
                self.warnings
                    .about(self.operation, "a pattern uses what is not enforced here, so it is left out");
                None
            }
            "description" => {
                let text = value.as_text().unwrap_or_default();
                Some(Json::Text(text.chars().take(MAX_DESCRIPTION_CHARS).collect()))
            }
            "properties" => {
                let Json::Map(members) = value else { return None };
                let kept = members.iter().filter(|(_, property)| !is_read_only(property));
                Some(Json::Map(kept.map(|(name, each)| (name.clone(), self.part(each, depth + 1))).collect()))
            }
            "items" => Some(self.part(value, depth + 1)),
            "additionalProperties" => Some(match value {
                Json::Bool(value) => Json::Bool(*value),
                schema => self.part(schema, depth + 1),
            }),
            "allOf" | "anyOf" | "oneOf" => match value {
                Json::List(schemas) if !schemas.is_empty() => {
                    Some(Json::List(schemas.iter().map(|each| self.part(each, depth + 1)).collect()))
                }
                _ => None,
            },
            _ if TAKEN.contains(&key) => Some(value.clone()),
            _ if SILENT.contains(&key) || key.starts_with("x-") => None,
            _ => {
                let what = format!("the word {} of a schema is not enforced", super::warnings::shown(key));
                self.warnings.about(self.operation, &what);
                None
            }
        }
    }
}

/// How much a value is when it is written, about.
fn size(value: &Json) -> usize {
    match value {
        Json::Null | Json::Bool(_) => 8,
        Json::Number(text) => text.len() + 8,
        Json::Text(text) => text.len() + 8,
        Json::List(items) => items.iter().map(size).sum::<usize>() + 8,
        Json::Map(members) => members.iter().map(|(name, value)| name.len() + size(value)).sum::<usize>() + 8,
    }
}

fn is_read_only(property: &Json) -> bool {
    property.member("readOnly") == Some(&Json::Bool(true))
}

/// What only the API writes is not asked of a caller.
fn without_read_only(required: &Json, schema: &Json) -> Json {
    let Json::List(names) = required else { return required.clone() };
    let is_kept = |name: &&Json| {
        let property = schema.member("properties").and_then(|all| all.member(name.as_text()?));
        !property.is_some_and(is_read_only)
    };
    Json::List(names.iter().filter(is_kept).cloned().collect())
}

/// OpenAPI 3.0 says `exclusiveMinimum: true` beside `minimum`.
fn bounds_of_3_0(members: &mut Vec<(String, Json)>) {
    for (plain, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
        let at = |members: &[(String, Json)], name: &str| members.iter().position(|(key, _)| key == name);
        let Some(index) = at(members, exclusive) else { continue };
        let Some((_, Json::Bool(is_exclusive))) = members.get(index).cloned() else { continue };
        members.swap_remove(index);
        if is_exclusive && let Some((name, _)) = at(members, plain).and_then(|index| members.get_mut(index)) {
            exclusive.clone_into(name);
        }
    }
}

/// OpenAPI 3.0 says `nullable: true` beside a type.
fn nullable(members: &mut [(String, Json)]) {
    let null = || Json::Text("null".to_owned());
    for (key, value) in members {
        match (key.as_str(), &mut *value) {
            ("type", Json::Text(word)) => *value = Json::List(vec![Json::Text(word.clone()), null()]),
            ("enum", Json::List(values)) if !values.contains(&Json::Null) => values.push(Json::Null),
            _ => {}
        }
    }
}
