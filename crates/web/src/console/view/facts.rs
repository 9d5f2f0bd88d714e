//! Recorded facts as a page shows them: JSON is read with its numbers as written, flattened to
//! names and values, and ids become links. Everything is text; nothing of it is ever markup.

use procura_model::Json;
use std::fmt::Write as _;

/// How many facts of one record are listed; the rest is counted.
const MAX_FACTS: usize = 40;

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) name: String,
    pub(crate) value: String,
    /// The page of the thing, where the value is the id of one.
    pub(crate) href: Option<String>,
}

impl Fact {
    pub(crate) fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        let value = value.into();
        Self { name: name.into(), href: page_of(&value), value }
    }
}

/// The page of the thing that has this id.
pub(crate) fn page_of(id: &str) -> Option<String> {
    let (prefix, rest) = id.split_once('_')?;
    if prefix == "usr" {
        let is_pseudonym = rest.len() == 32 && rest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        return is_pseudonym.then(|| format!("/sessions?user={id}"));
    }
    if rest.len() != 26 || !rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
        return None;
    }
    let root = match prefix {
        "agt" => "/agents",
        "req" => "/activity",
        "apr" => "/approvals",
        "per" => "/policies",
        "srv" => "/tools",
        "ses" => "/sessions",
        "bud" => "/budgets",
        "grd" => "/policies/guardrails",
        _ => return None,
    };
    Some(format!("{root}/{id}"))
}

/// The members of an object as names and values, nested ones by their dotted path.
pub(crate) fn flatten(json: &Json) -> Vec<Fact> {
    let mut out = Vec::new();
    collect("", json, &mut out);
    if out.len() > MAX_FACTS {
        let more = out.len() - MAX_FACTS;
        out.truncate(MAX_FACTS);
        out.push(Fact::new("and", format!("{more} more")));
    }
    out
}

fn collect(path: &str, json: &Json, out: &mut Vec<Fact>) {
    let step = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match json {
        Json::Null => {}
        Json::Map(members) => {
            for (name, value) in members {
                collect(&step(name), value, out);
            }
        }
        Json::List(items) if items.iter().all(is_plain) => {
            if !items.is_empty() {
                out.push(Fact::new(path, plain(json)));
            }
        }
        Json::List(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(&step(&index.to_string()), item, out);
            }
        }
        Json::Bool(_) | Json::Number(_) | Json::Text(_) => out.push(Fact::new(path, plain(json))),
    }
}

const fn is_plain(json: &Json) -> bool {
    !matches!(json, Json::List(_) | Json::Map(_))
}

/// A plain value as a person reads it.
pub(crate) fn plain(json: &Json) -> String {
    match json {
        Json::Text(text) => text.clone(),
        Json::Bool(true) => "yes".to_owned(),
        Json::Bool(false) => "no".to_owned(),
        Json::Null => "none".to_owned(),
        Json::List(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Json::Number(_) | Json::Map(_) => json.to_string(),
    }
}

/// The ask with what it names, one member per line; members that it leaves out are left out.
pub(crate) fn named_members(ask: &Json) -> String {
    let Json::Map(members) = ask else { return pretty(ask) };
    pretty(&Json::Map(members.iter().filter(|(_, value)| *value != Json::Null).cloned().collect()))
}

/// A document with one member per line.
pub(crate) fn pretty(json: &Json) -> String {
    let mut out = String::new();
    write_pretty(json, 0, &mut out);
    out
}

fn write_pretty(json: &Json, depth: usize, out: &mut String) {
    let pad = |depth: usize| "  ".repeat(depth);
    match json {
        Json::Map(members) if !members.is_empty() => {
            out.push_str("{\n");
            for (index, (name, value)) in members.iter().enumerate() {
                let _ = write!(out, "{}{}: ", pad(depth + 1), Json::Text(name.clone()));
                write_pretty(value, depth + 1, out);
                out.push_str(if index + 1 < members.len() { ",\n" } else { "\n" });
            }
            let _ = write!(out, "{}}}", pad(depth));
        }
        Json::List(items) if !items.iter().all(is_plain) => {
            out.push_str("[\n");
            for (index, value) in items.iter().enumerate() {
                out.push_str(&pad(depth + 1));
                write_pretty(value, depth + 1, out);
                out.push_str(if index + 1 < items.len() { ",\n" } else { "\n" });
            }
            let _ = write!(out, "{}]", pad(depth));
        }
        _ => {
            let _ = write!(out, "{json}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_flat_and_numbers_stay_as_written() {
        let json = Json::parse(r#"{"b":{"c":742.00,"d":[1,"x"]},"a":true,"n":null,"l":[{"x":1}]}"#).unwrap();
        let facts: Vec<_> = flatten(&json).into_iter().map(|fact| (fact.name, fact.value)).collect();
        let text = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(facts, [text("a", "yes"), text("b.c", "742.00"), text("b.d", "1, x"), text("l.0.x", "1")]);
    }

    #[test]
    fn only_whole_ids_become_links() {
        assert!(
            page_of("agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C").is_some_and(|href| href.starts_with("/agents/agt_"))
        );
        assert_eq!(
            page_of("usr_0123456789abcdef0123456789abcdef").as_deref(),
            Some("/sessions?user=usr_0123456789abcdef0123456789abcdef")
        );
        assert_eq!(page_of("usr_ada@example.com"), None);
        assert_eq!(page_of("agt_../../sign-out"), None);
        assert_eq!(page_of("key_01JD9Z3V5M8Q6T2W4X7Y9A1B3C"), None);
    }

    #[test]
    fn a_pretty_document_reads_back() {
        let json = Json::parse(r#"{"a":[1,2],"b":{"c":[{"d":"x\"y"}]},"e":{}}"#).unwrap();
        assert_eq!(Json::parse(&pretty(&json)).unwrap(), json);
    }
}
