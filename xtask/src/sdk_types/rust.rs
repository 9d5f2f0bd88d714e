//! The types as Rust declares them. Words are enumerations that also hold those of later servers.

use super::shape::{Member, Shape, Type};
use super::{lines, pascal};

const HEAD: &str = "\
//! The types of what goes over the wire. Made by `cargo xtask sdk-types` from `openapi.json`.

use crate::words::words;
use serde::{Deserialize, Serialize};
";
/// Words of Rust that an API may well use as names.
const KEYWORDS: [&str; 12] =
    ["as", "for", "fn", "in", "loop", "match", "mod", "move", "ref", "type", "use", "where"];

pub(super) fn write(types: &[Type]) -> String {
    let mut out = HEAD.to_owned();
    for made in types {
        let name = pascal(&made.name);
        match &made.shape {
            Shape::Object(members) => object(&mut out, &name, &made.doc, members),
            Shape::Words(words) => enumeration(&mut out, &name, &made.doc, words),
            shape => {
                out.push('\n');
                comment(&mut out, "", &made.doc);
                out.push_str(&format!("pub type {name} = {};\n", of(shape, &name)));
            }
        }
    }
    out
}

fn enumeration(out: &mut String, name: &str, doc: &str, words: &[String]) {
    out.push_str("\nwords! {\n");
    comment(out, "    ", doc);
    out.push_str(&format!("    {name} {{\n"));
    for word in words {
        out.push_str(&format!("        {} = \"{word}\",\n", pascal(word)));
    }
    out.push_str("    }\n}\n");
}

fn object(out: &mut String, name: &str, doc: &str, members: &[Member]) {
    let inner = |member: &Member| format!("{name}{}", pascal(&snake(&member.name)));
    out.push('\n');
    comment(out, "", doc);
    out.push_str(
        "#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]\n#[serde(rename_all = \"camelCase\")]\n",
    );
    out.push_str("#[non_exhaustive]\n");
    out.push_str(&format!("pub struct {name} {{\n"));
    for member in members {
        write_member(out, member, &inner(member));
    }
    out.push_str("}\n");
    for member in members {
        beside(out, &member.shape, &inner(member), &member.doc);
    }
}

/// What stands in a member and has no name of its own gets that of its place.
fn beside(out: &mut String, shape: &Shape, name: &str, doc: &str) {
    match shape {
        Shape::Words(words) => enumeration(out, name, doc, words),
        Shape::Object(members) => object(out, name, doc, members),
        Shape::Nullable(shape) | Shape::List(shape) | Shape::Map(shape) => beside(out, shape, name, doc),
        _ => {}
    }
}

fn write_member(out: &mut String, member: &Member, inner: &str) {
    comment(out, "    ", &member.doc);
    let snake = snake(&member.name);
    let is_optional = !member.is_required;
    let shape = match &member.shape {
        Shape::Nullable(shape) if is_optional => shape,
        shape => shape,
    };
    if is_optional {
        out.push_str("    #[serde(default, skip_serializing_if = \"Option::is_none\")]\n");
    }
    let field = if KEYWORDS.contains(&snake.as_str()) { format!("r#{snake}") } else { snake };
    let inside = of(shape, inner);
    let whole = if is_optional { format!("Option<{inside}>") } else { inside };
    out.push_str(&format!("    pub {field}: {whole},\n"));
}

fn of(shape: &Shape, inner: &str) -> String {
    match shape {
        Shape::Any | Shape::OneOf(_) => "serde_json::Value".to_owned(),
        Shape::Text => "String".to_owned(),
        Shape::Whole => "i64".to_owned(),
        Shape::Number => "f64".to_owned(),
        Shape::Truth => "bool".to_owned(),
        Shape::Words(_) | Shape::Object(_) => inner.to_owned(),
        Shape::List(item) => format!("Vec<{}>", of(item, inner)),
        Shape::Map(value) => format!("std::collections::BTreeMap<String, {}>", of(value, inner)),
        Shape::Named(name) => pascal(name),
        Shape::Nullable(shape) => format!("Option<{}>", of(shape, inner)),
    }
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

fn comment(out: &mut String, indent: &str, doc: &str) {
    let doc = if doc.is_empty() { "Undescribed." } else { doc };
    for line in lines(doc) {
        out.push_str(format!("{indent}/// {line}").trim_end());
        out.push('\n');
    }
}
