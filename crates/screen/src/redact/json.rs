//! Redaction of a JSON document. The raw text is searched as text (names, escapes and nested JSON are read there anyway),
//! then every hit is clipped to the inside of the strings it touches and moved off their escapes: what is replaced lies
//! within one string, so the document stays JSON. Members with a telling name lose their whole value.

use super::Redactor;
use super::cut::{Cut, Hit, merge};
use super::name::marks_any_value;
use super::value::is_worth_hiding;
use crate::json::{Event, Text, escape_floor, walk};

/// The text is no JSON document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotJsonText;

/// The secrets of the document, each inside one string.
pub(super) fn cuts<'r>(redactor: &'r Redactor, raw: &str) -> Result<Vec<Cut<'r>>, NotJsonText> {
    let mut strings: Vec<Text> = Vec::new();
    let mut named: Vec<Cut<'r>> = Vec::new();
    let mut key: Option<Text> = None;
    let collect = |event| match event {
        Event::Key(text) => {
            strings.push(text);
            key = Some(text);
        }
        Event::Value(text) => {
            strings.push(text);
            named.extend(key.take().and_then(|key| under_telling_name(raw, key, text)).map(Cut::from));
        }
        Event::Open(..) | Event::Close(_) | Event::Scalar(..) => key = None,
    };
    walk(raw, collect).map_err(|_| NotJsonText)?;
    named.retain(|cut| !redactor.allows(raw.get(cut.start..cut.end).unwrap_or_default()));
    named.extend(redactor.cuts(raw));
    let mut inside = Vec::with_capacity(named.len());
    for cut in merge(named) {
        clip(raw, cut, &strings, &mut inside);
    }
    Ok(inside)
}

fn under_telling_name(raw: &str, key: Text, value: Text) -> Option<Hit> {
    let name = raw.get(key.start..key.end)?;
    let content = raw.get(value.start..value.end)?;
    (marks_any_value(name) && is_worth_hiding(content)).then_some(Hit {
        start: value.start,
        end: value.end,
        kind: "secret",
    })
}

/// Pushes the parts of `cut` that lie inside strings. Strings are in order, so the first that matters is searched for.
fn clip<'r>(raw: &str, cut: Cut<'r>, strings: &[Text], inside: &mut Vec<Cut<'r>>) {
    let first = strings.partition_point(|text| text.end <= cut.start);
    for text in strings.iter().skip(first).take_while(|text| text.start < cut.end) {
        let start = escape_floor(raw, text.start, cut.start.max(text.start));
        let mut end = cut.end.min(text.end);
        while end < text.end && escape_floor(raw, text.start, end) != end {
            end += 1;
        }
        if start < end {
            inside.push(Cut { start, end, ..cut });
        }
    }
}
