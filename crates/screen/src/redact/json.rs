//! Redaction of a JSON document. The raw text is searched as text (names, escapes and nested JSON are read there anyway),
//! then every hit is clipped to the inside of the strings it touches and moved off their escapes: what is replaced lies
//! within one string, so the document stays JSON. Members with a telling name lose their whole value. A secret split over
//! the texts of neighbouring content blocks is read where those meet.

use super::Redactor;
use super::cut::{Cut, Hit, merge};
use super::name::marks_any_value;
use super::value::is_worth_hiding;
use crate::json::{Event, Text, escape_floor, walk};
use crate::pieces::Builder;

/// How much of a text is read where it meets the next one, in bytes.
const SEAM: usize = 1024;

/// The text is no JSON document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotJsonText;

/// The secrets of the document, each inside one string.
pub(super) fn cuts<'r>(redactor: &'r Redactor, raw: &str) -> Result<Vec<Cut<'r>>, NotJsonText> {
    let mut named: Vec<Cut<'r>> = Vec::new();
    let mut blocks: Vec<Text> = Vec::new();
    let mut key: Option<Text> = None;
    let collect = |event| match event {
        Event::Key(text) => key = Some(text),
        Event::Value(text) => {
            if key.and_then(|key| raw.get(key.start..key.end)) == Some("text") {
                blocks.push(text);
            }
            named.extend(key.take().and_then(|key| under_telling_name(raw, key, text)).map(Cut::from));
        }
        Event::Open(..) | Event::Close(_) | Event::Scalar(..) => key = None,
    };
    walk(raw, collect).map_err(|_| NotJsonText)?;
    named.retain(|cut| !redactor.allows(raw.get(cut.start..cut.end).unwrap_or_default()));
    named.extend(redactor.cuts(raw));
    let mut inside = clipped(raw, &merge(named))?;
    if blocks.len() > 1 {
        for cut in seams(redactor, raw, &blocks) {
            let first = blocks.partition_point(|text| text.end <= cut.start);
            let met = blocks.iter().skip(first).take_while(|text| text.start < cut.end);
            inside.extend(met.filter_map(|text| clip(raw, cut, *text)));
        }
        inside = merge(inside);
    }
    Ok(inside)
}

/// What is found where the texts of content blocks meet when they are read without what stands between them.
fn seams<'r>(redactor: &'r Redactor, raw: &str, blocks: &[Text]) -> Vec<Cut<'r>> {
    let mut reading = Builder::default();
    let mut meets = Vec::with_capacity(blocks.len());
    for Text { start, end, .. } in blocks.iter().copied() {
        meets.push(reading.text.len());
        let head = escape_floor(raw, start, (start + SEAM).min(end));
        let tail = escape_floor(raw, start, end.saturating_sub(SEAM).max(head));
        reading.copy(raw.get(start..head).unwrap_or_default(), start);
        if head < tail {
            reading.replace(" ", head, tail);
        }
        reading.copy(raw.get(tail..end).unwrap_or_default(), tail);
    }
    let (text, map) = reading.finish();
    let over_a_seam = |cut: &Cut<'_>| {
        let first = meets.partition_point(|meet| *meet < cut.start);
        meets.get(first).is_some_and(|meet| *meet < cut.end && *meet > 0)
    };
    let cuts = redactor.cuts(&text).into_iter().filter(over_a_seam);
    cuts.map(|cut| {
        let (start, end) = map.original(cut.start, cut.end);
        Cut { start, end, ..cut }
    })
    .collect()
}

fn under_telling_name(raw: &str, key: Text, value: Text) -> Option<Hit> {
    let name = raw.get(key.start..key.end)?;
    let content = raw.get(value.start..value.end)?;
    (content.len() >= 4 && marks_any_value(name) && is_worth_hiding(content)).then_some(Hit {
        start: value.start,
        end: value.end,
        kind: "secret",
    })
}

/// The parts of `cuts`, which are in order, that lie inside strings. The document is walked again for it: that costs less
/// than to remember the strings of every document that has no secret.
fn clipped<'r>(raw: &str, cuts: &[Cut<'r>]) -> Result<Vec<Cut<'r>>, NotJsonText> {
    let mut inside = Vec::with_capacity(cuts.len());
    let mut rest = cuts;
    if cuts.is_empty() {
        return Ok(inside);
    }
    let clip_to = |event| {
        let (Event::Key(text) | Event::Value(text)) = event else { return };
        while let [first, after @ ..] = rest
            && first.end <= text.start
        {
            rest = after;
        }
        let met = rest.iter().take_while(|cut| cut.start < text.end);
        inside.extend(met.filter_map(|cut| clip(raw, *cut, text)));
    };
    walk(raw, clip_to).map_err(|_| NotJsonText)?;
    Ok(inside)
}

/// The part of `cut` that lies inside the string `text`, off its escapes.
fn clip<'r>(raw: &str, cut: Cut<'r>, text: Text) -> Option<Cut<'r>> {
    let start = escape_floor(raw, text.start, cut.start.max(text.start));
    let mut end = cut.end.min(text.end);
    while end < text.end && escape_floor(raw, text.start, end) != end {
        end += 1;
    }
    (start < end).then_some(Cut { start, end, ..cut })
}
