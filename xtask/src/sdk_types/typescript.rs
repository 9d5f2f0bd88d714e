//! The types as TypeScript declares them.

use super::lines;
use super::shape::{Member, Shape, Type};

pub(super) fn write(types: &[Type]) -> String {
    let mut out = "// Made by `cargo xtask sdk-types` from openapi.json.\n".to_owned();
    for made in types {
        out.push('\n');
        comment(&mut out, "", &made.doc);
        match &made.shape {
            Shape::Object(members) => {
                out.push_str(&format!("export interface {} {{\n", name(&made.name)));
                members.iter().for_each(|member| write_member(&mut out, "  ", member));
                out.push_str("}\n");
            }
            Shape::Words(words) if words.len() > 6 => {
                // Later servers know more of them.
                let listed: String = words.iter().map(|word| format!("\n  | \"{word}\"")).collect();
                out.push_str(&format!("export type {} ={listed}\n  | (string & {{}});\n", name(&made.name)));
            }
            shape => out.push_str(&format!("export type {} = {};\n", name(&made.name), of(shape, ""))),
        }
    }
    out
}

fn name(name: &str) -> String {
    name.replace('_', "")
}

fn write_member(out: &mut String, indent: &str, member: &Member) {
    comment(out, indent, &member.doc);
    let mark = if member.is_required { "" } else { "?" };
    out.push_str(&format!("{indent}{}{mark}: {};\n", member.name, of(&member.shape, indent)));
}

fn of(shape: &Shape, indent: &str) -> String {
    match shape {
        Shape::Any => "unknown".to_owned(),
        Shape::Text => "string".to_owned(),
        Shape::Whole | Shape::Number => "number".to_owned(),
        Shape::Truth => "boolean".to_owned(),
        Shape::Words(words) => words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" | "),
        Shape::List(item) => match &**item {
            Shape::Named(_) | Shape::Text | Shape::Whole | Shape::Number | Shape::Truth | Shape::Any => {
                format!("{}[]", of(item, indent))
            }
            item => format!("Array<{}>", of(item, indent)),
        },
        Shape::Map(value) => format!("{{ [name: string]: {} }}", of(value, indent)),
        Shape::Object(members) => {
            let mut out = "{\n".to_owned();
            let deeper = format!("{indent}  ");
            members.iter().for_each(|member| write_member(&mut out, &deeper, member));
            format!("{out}{indent}}}")
        }
        Shape::Named(other) => name(other),
        Shape::OneOf(shapes) => shapes.iter().map(|shape| of(shape, indent)).collect::<Vec<_>>().join(" | "),
        Shape::Nullable(shape) => format!("{} | null", of(shape, indent)),
    }
}

fn comment(out: &mut String, indent: &str, doc: &str) {
    let doc = doc.replace("*/", "* /");
    let mut all = lines(&doc);
    match (all.next(), all.next()) {
        (None, _) => {}
        (Some(one), None) => out.push_str(&format!("{indent}/** {one} */\n")),
        (Some(_), Some(_)) => {
            out.push_str(&format!("{indent}/**\n"));
            for line in lines(&doc) {
                out.push_str(format!("{indent} * {line}").trim_end());
                out.push('\n');
            }
            out.push_str(&format!("{indent} */\n"));
        }
    }
}
