//! What an answer that is too long is cut down to (RED-2). A text is cut at a character. A JSON document stays JSON: first
//! its long strings are shortened, so that every member survives and each cut string says so; only where the structure
//! itself is too large are trailing elements left out, with one element or member that says how much.

use std::borrow::Cow;

use crate::json::{self, Container, Event, JsonFault};
use crate::offsets::floor_boundary;

/// The default limit of an answer: 50 KB (seed 001).
pub const DEFAULT_MAX_BYTES: usize = 50 * 1024;

/// No string of a document is shortened below this; the structure is cut instead.
const SHORTEST_STRING: usize = 256;

/// A text that fits, and how much of the original is missing from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truncated<'a> {
    /// The text; borrowed when nothing was cut.
    pub text: Cow<'a, str>,
    /// Bytes of the original that are not in `text`.
    pub dropped_bytes: usize,
    /// Elements and members of a document that are not in `text`; 0 where strings were shortened only.
    pub dropped_elements: usize,
    /// Where the first of what is missing stands in the original, for [`crate::page::page`]; none if nothing is missing.
    pub next: Option<usize>,
}

impl<'a> Truncated<'a> {
    fn whole(text: &'a str) -> Self {
        Self { text: Cow::Borrowed(text), dropped_bytes: 0, dropped_elements: 0, next: None }
    }
}

/// The text is no JSON document, so it cannot be cut as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotJson;

/// Cuts `text` so that it has at most `max_bytes`, between characters and not inside of a mark such as
/// `[redacted:jwt]`; what is left out is said by the caller.
#[must_use]
pub fn truncate_text(text: &str, max_bytes: usize) -> Truncated<'_> {
    if text.len() <= max_bytes {
        return Truncated::whole(text);
    }
    let end = mark_floor(text, floor_boundary(text, max_bytes));
    let kept = text.get(..end).unwrap_or_default();
    Truncated {
        text: Cow::Borrowed(kept),
        dropped_bytes: text.len() - end,
        dropped_elements: 0,
        next: Some(end),
    }
}

/// `at`, or where the mark begins that `at` would cut in two.
pub(crate) fn mark_floor(text: &str, at: usize) -> usize {
    let from = floor_boundary(text, at.saturating_sub(LONGEST_MARK));
    let Some(mark) = text.get(from..at).and_then(|before| before.rfind('[')).map(|found| from + found) else {
        return at;
    };
    let rest = text.get(mark..).unwrap_or_default();
    let end = MARKS.iter().find(|word| rest.starts_with(**word)).and_then(|_| rest.find(']'));
    match end {
        Some(end) if mark + end + 1 > at && end < LONGEST_MARK => mark,
        _ => at,
    }
}

/// How marks begin.
const MARKS: &[&str] = &["[redacted:", "[truncated:", "[user."];
/// No mark is longer, in bytes.
const LONGEST_MARK: usize = 96;

/// Cuts a JSON document so that it has about `max_bytes` (never more, unless its brackets alone need more) and stays JSON.
pub fn truncate_json(raw: &str, max_bytes: usize) -> Result<Truncated<'_>, NotJson> {
    let mut strings = Vec::new();
    let mut note = |event| {
        if let Event::Value(text) = event {
            strings.push((text.start, text.end));
        }
    };
    json::walk(raw, &mut note).map_err(|_: JsonFault| NotJson)?;
    if raw.len() <= max_bytes {
        return Ok(Truncated::whole(raw));
    }
    Ok(shorten_strings(raw, max_bytes, &strings).unwrap_or_else(|| cut_structure(raw, max_bytes)))
}

fn left_out(bytes: usize) -> String {
    format!("[truncated: {bytes} bytes left out]")
}

/// Cuts the longest strings to one common length at which the document fits, or gives up.
fn shorten_strings<'a>(raw: &'a str, max_bytes: usize, strings: &[(usize, usize)]) -> Option<Truncated<'a>> {
    let cap = common_length(raw.len(), max_bytes, strings)?;
    let mut text = String::with_capacity(max_bytes);
    let (mut at, mut dropped, mut next) = (0, 0, None);
    for &(start, end) in strings.iter().filter(|(start, end)| end - start > cap) {
        let cut = mark_floor(raw, json::escape_floor(raw, start, start + cap)).max(start);
        next = next.or(Some(cut));
        text.push_str(raw.get(at..cut)?);
        text.push_str(&left_out(end - cut));
        dropped += end - cut;
        at = end;
    }
    text.push_str(raw.get(at..)?);
    (text.len() <= max_bytes).then_some(Truncated {
        text: Cow::Owned(text),
        dropped_bytes: dropped,
        dropped_elements: 0,
        next,
    })
}

/// The longest length for strings at which the whole fits; each cut string also pays for its remark.
fn common_length(total: usize, max_bytes: usize, strings: &[(usize, usize)]) -> Option<usize> {
    let remark = left_out(usize::MAX).len();
    let mut lengths: Vec<usize> = strings.iter().map(|(start, end)| end - start).collect();
    lengths.sort_unstable_by(|left, right| right.cmp(left));
    let mut rest = total;
    for (index, length) in lengths.iter().enumerate() {
        rest -= length;
        let cut = index + 1;
        let room = max_bytes.checked_sub(rest)?.checked_div(cut)?.checked_sub(remark);
        let next = lengths.get(cut).copied().unwrap_or(0);
        match room {
            Some(room) if room >= next => return (room >= SHORTEST_STRING).then_some(room.min(*length)),
            _ => {}
        }
    }
    None
}

/// Keeps the elements that fit and closes what is open.
fn cut_structure(raw: &str, max_bytes: usize) -> Truncated<'static> {
    let cut = last_cut(raw, max_bytes);
    let mut text = raw.get(..cut.at).unwrap_or_default().to_owned();
    let dropped = raw.len() - cut.at;
    let Some(innermost) = cut.open.last() else {
        let kept = serde_json::to_string(&left_out(raw.len())).unwrap_or_else(|_| "null".to_owned());
        return Truncated {
            text: Cow::Owned(kept),
            dropped_bytes: raw.len(),
            dropped_elements: cut.elements_after,
            next: Some(0),
        };
    };
    if !text.ends_with(['[', '{']) {
        text.push(',');
    }
    match innermost {
        Container::Array => text.push_str(&format!("\"{}\"", left_out(dropped))),
        Container::Object => text.push_str(&format!("\"truncated\":\"{}\"", left_out(dropped))),
    }
    text.extend(cut.open.iter().rev().map(|container| match container {
        Container::Array => ']',
        Container::Object => '}',
    }));
    Truncated {
        text: Cow::Owned(text),
        dropped_bytes: dropped,
        dropped_elements: cut.elements_after,
        next: Some(cut.at),
    }
}

#[derive(Default)]
struct Cut {
    at: usize,
    open: Vec<Container>,
    /// Values that end after the cut, those that are cut in two among them.
    elements_after: usize,
}

/// The last place at or after an element's end (or an opening bracket) where remark and closing brackets still fit.
fn last_cut(raw: &str, max_bytes: usize) -> Cut {
    let remark = left_out(raw.len()).len() + "\"truncated\":\"\",".len();
    let mut open: Vec<Container> = Vec::new();
    let mut best = Cut::default();
    let mut consider = |event| {
        let end = match event {
            Event::Open(container, at) => {
                open.push(container);
                at + 1
            }
            Event::Close(at) => {
                open.pop();
                at + 1
            }
            Event::Value(text) => text.end + 1,
            Event::Scalar(_, end) => end,
            Event::Key(_) => return,
        };
        if !open.is_empty() && end + remark + open.len() <= max_bytes {
            best = Cut { at: end, open: open.clone(), elements_after: 0 };
        } else if !matches!(event, Event::Open(..)) {
            best.elements_after += 1;
        }
    };
    // The document was walked before, so it is sound.
    let _sound = json::walk(raw, &mut consider);
    best
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        let cut = truncate_text("a€€", 5);
        assert_eq!((cut.text.as_ref(), cut.dropped_bytes), ("a€", 3));
        assert_eq!(truncate_text("short", 100).dropped_bytes, 0);
    }

    #[test]
    fn a_long_string_is_shortened_and_its_neighbours_survive() {
        let raw =
            json!({"content": [{"type": "text", "text": "x\n".repeat(5_000)}], "isError": false}).to_string();
        let cut = truncate_json(&raw, 2_000).unwrap();
        let value: Value = serde_json::from_str(&cut.text).unwrap();
        assert!(cut.text.len() <= 2_000);
        assert_eq!(value["isError"], json!(false));
        assert!(value["content"][0]["text"].as_str().unwrap().contains("[truncated: "));
        assert!(cut.dropped_bytes > 8_000);
    }

    #[test]
    fn a_long_list_loses_its_tail_and_says_so() {
        let raw = json!({"rows": (0..5_000).collect::<Vec<_>>()}).to_string();
        let cut = truncate_json(&raw, 1_000).unwrap();
        let value: Value = serde_json::from_str(&cut.text).unwrap();
        let rows = value["rows"].as_array().unwrap();
        assert!(rows.len() > 100);
        assert!(rows.last().unwrap().as_str().unwrap().contains("bytes left out"));
    }

    #[test]
    fn what_fits_is_not_touched_and_what_is_no_json_is_refused() {
        assert_eq!(truncate_json("[1, 2]", 100).unwrap().text, "[1, 2]");
        assert_eq!(truncate_json("[1, 2", 100), Err(NotJson));
    }

    fn documents() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![any::<i64>().prop_map(Value::from), "\\PC{0,400}".prop_map(Value::from)];
        leaf.prop_recursive(4, 60, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::btree_map(".{0,8}", inner, 0..8)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_cut_document_is_still_a_document(document in documents(), max in 60_usize..4_000) {
            let raw = document.to_string();
            let cut = truncate_json(&raw, max).unwrap();
            prop_assert!(serde_json::from_str::<Value>(&cut.text).is_ok(), "{}", cut.text);
            prop_assert!(cut.text.len() <= max.max(60));
        }

        #[test]
        fn a_cut_text_is_a_beginning(text in "\\PC{0,200}", max in 0_usize..300) {
            let cut = truncate_text(&text, max);
            prop_assert!(text.starts_with(cut.text.as_ref()) && cut.text.len() <= max);
        }
    }
}
