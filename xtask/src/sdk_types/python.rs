//! The types as Python 3.9 knows them: `TypedDict`, whose members that may be missing stand in a class of their own.

use super::lines;
use super::shape::{Member, Shape, Type};

const HEAD: &str = "\
\"\"\"The types of what goes over the wire. Made by `cargo xtask sdk-types` from openapi.json.\"\"\"

from __future__ import annotations

from typing import Any, Dict, List, Literal, Optional, TypedDict, Union
";
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

pub(super) fn write(types: &[Type]) -> String {
    let mut out = HEAD.to_owned();
    // Names of other types are texts to Python until somebody asks, so any order will do.
    for made in types {
        match &made.shape {
            Shape::Object(members) => object(&mut out, made, members),
            shape => alias(&mut out, made, shape),
        }
    }
    let mut names: Vec<String> =
        types.iter().map(|made| format!("    \"{}\",\n", name(&made.name))).collect();
    names.sort();
    out.push_str(&format!("\n__all__ = [\n{}]\n", names.concat()));
    out
}

fn name(name: &str) -> String {
    name.replace('_', "")
}

fn alias(out: &mut String, made: &Type, shape: &Shape) {
    let listed = match shape {
        Shape::Words(words) => {
            let lines: String = words.iter().map(|word| format!("    \"{word}\",\n")).collect();
            format!("Literal[\n{lines}]")
        }
        shape => of(shape),
    };
    out.push_str(&format!("\n{} = {listed}\n", name(&made.name)));
    docstring(out, "", &made.doc);
}

fn object(out: &mut String, made: &Type, members: &[Member]) {
    let name = name(&made.name);
    let is_plain = |member: &Member| !KEYWORDS.contains(&member.name.as_str());
    if !members.iter().all(is_plain) {
        let listed: String = members
            .iter()
            .map(|member| format!("    \"{}\": {},\n", member.name, of(&member.shape)))
            .collect();
        out.push_str(&format!("\n{name} = TypedDict(\"{name}\", {{\n{listed}}}, total=False)\n"));
        docstring(out, "", &made.doc);
        return;
    }
    let (required, optional): (Vec<&Member>, Vec<&Member>) =
        members.iter().partition(|member| member.is_required);
    let head = match (required.is_empty(), optional.is_empty()) {
        (false, false) => {
            out.push_str(&format!("\n\nclass _{name}(TypedDict):\n"));
            write_members(out, &required);
            format!("class {name}(_{name}, total=False):\n")
        }
        (true, _) => format!("class {name}(TypedDict, total=False):\n"),
        (false, true) => format!("class {name}(TypedDict):\n"),
    };
    out.push_str(&format!("\n\n{head}"));
    docstring(out, "    ", &made.doc);
    out.push('\n');
    write_members(out, if optional.is_empty() { &required } else { &optional });
    if members.is_empty() {
        out.push_str("    pass\n");
    }
    out.push('\n');
}

fn write_members(out: &mut String, members: &[&Member]) {
    for member in members {
        for line in lines(&member.doc) {
            out.push_str(format!("    # {line}").trim_end());
            out.push('\n');
        }
        out.push_str(&format!("    {}: {}\n", member.name, of(&member.shape)));
    }
}

fn of(shape: &Shape) -> String {
    match shape {
        Shape::Any => "Any".to_owned(),
        Shape::Text => "str".to_owned(),
        Shape::Whole => "int".to_owned(),
        Shape::Number => "float".to_owned(),
        Shape::Truth => "bool".to_owned(),
        Shape::Words(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            format!("Literal[{}]", words.join(", "))
        }
        Shape::List(item) => format!("List[{}]", of(item)),
        Shape::Map(value) => format!("Dict[str, {}]", of(value)),
        Shape::Object(_) => "Dict[str, Any]".to_owned(),
        Shape::Named(other) => format!("\"{}\"", name(other)),
        Shape::OneOf(shapes) => {
            format!("Union[{}]", shapes.iter().map(of).collect::<Vec<_>>().join(", "))
        }
        Shape::Nullable(shape) => format!("Optional[{}]", of(shape)),
    }
}

fn docstring(out: &mut String, indent: &str, doc: &str) {
    let doc = doc.replace('\\', "\\\\").replace("\"\"\"", "'''");
    let all: Vec<&str> = lines(&doc).collect();
    match all.as_slice() {
        [] => {}
        [one] if !one.ends_with('"') => out.push_str(&format!("{indent}\"\"\"{one}\"\"\"\n")),
        several => {
            let inner: Vec<String> = several.iter().map(|line| format!("{indent}{line}")).collect();
            let inner = inner.join("\n");
            out.push_str(&format!("{indent}\"\"\"{}\n{indent}\"\"\"\n", inner.trim_start()));
        }
    }
}
