//! The pages of a long result: what was left out when it was cut can be asked for (RED-2). A page of a text begins where
//! the one before ended. A page of a JSON document is a document itself: the brackets and names around the place are
//! written again, so that whoever reads it sees where in the whole it stands. A page may end inside a string that is
//! longer than a page, never inside a character, an escape or a mark.

use std::borrow::Cow;

use crate::json::{self, Container, Event, Text};
use crate::offsets::floor_boundary;
use crate::truncate::mark_floor;

/// The smallest page, in bytes: every step must get on.
pub const LEAST_BYTES: usize = 256;

/// A part of a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<'a> {
    /// The part; of a document a document. It may be longer than asked for by the brackets and names around the place.
    pub text: Cow<'a, str>,
    /// Where it begins in the whole, in bytes.
    pub start: usize,
    /// Where the next page begins; none at the end.
    pub next: Option<usize>,
    /// The size of the whole, in bytes.
    pub size: usize,
}

/// The page of about `max_bytes` that begins at `offset`, which must be one that an earlier answer named ([`Page::next`],
/// [`crate::truncate::Truncated::next`]) or 0; none for any other. `whole` is the redacted text, the same every time.
#[must_use]
pub fn page(whole: &str, offset: usize, max_bytes: usize) -> Option<Page<'_>> {
    let max_bytes = max_bytes.max(LEAST_BYTES);
    match steps(whole) {
        Some(steps) => page_json(whole, &steps, offset, max_bytes),
        None => page_text(whole, offset, max_bytes),
    }
}

fn page_text(whole: &str, offset: usize, max_bytes: usize) -> Option<Page<'_>> {
    let rest = whole.get(offset..).filter(|rest| offset == 0 || !rest.is_empty())?;
    let end = if rest.len() <= max_bytes {
        whole.len()
    } else {
        forward(offset, mark_floor(whole, floor_boundary(whole, offset + max_bytes)), offset + max_bytes)
    };
    let next = (end < whole.len()).then_some(end);
    Some(Page { text: Cow::Borrowed(whole.get(offset..end)?), start: offset, next, size: whole.len() })
}

/// A page that would be empty ends where it may, mark or not.
fn forward(start: usize, end: usize, otherwise: usize) -> usize {
    if end > start { end } else { otherwise }
}

/// One step of the walk through a document.
#[derive(Debug, Clone, Copy)]
enum Step {
    Open(Container, usize),
    Close(usize),
    Key(Text),
    Value(Text),
    Scalar(usize),
}

impl Step {
    /// The place right behind it, where the document may be cut.
    fn end(self) -> Option<usize> {
        match self {
            Self::Open(_, at) | Self::Close(at) => Some(at + 1),
            Self::Value(text) => Some(text.end + 1),
            Self::Scalar(end) => Some(end),
            Self::Key(_) => None,
        }
    }

    /// Up to where it goes, whether the document may be cut there or not.
    fn reach(self) -> usize {
        match self {
            Self::Key(text) => text.end,
            other => other.end().unwrap_or_default(),
        }
    }
}

/// The steps through `whole`; none if it is no document.
fn steps(whole: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let walked = json::walk(whole, |event| {
        steps.push(match event {
            Event::Open(container, at) => Step::Open(container, at),
            Event::Close(at) => Step::Close(at),
            Event::Key(text) => Step::Key(text),
            Event::Value(text) => Step::Value(text),
            Event::Scalar(_, end) => Step::Scalar(end),
        });
    });
    walked.is_ok().then_some(steps)
}

/// A place where the document is cut.
#[derive(Debug, Clone, Copy)]
struct Place {
    at: usize,
    /// How many steps lie before it.
    steps: usize,
    /// Whether it lies inside a string value.
    within: bool,
}

fn page_json<'a>(whole: &'a str, steps: &[Step], offset: usize, max_bytes: usize) -> Option<Page<'a>> {
    let start = place_at(whole, steps, offset)?;
    let from = if start.within { offset } else { offset + separator_length(whole.get(offset..)?) };
    let end = page_end(whole, steps, start, from + max_bytes);
    let mut text = String::with_capacity(end.at - from + 64);
    Levels::at(steps, start).open(whole, &mut text)?;
    text.push_str(if start.within { "\"" } else { "" });
    text.push_str(whole.get(from..end.at)?);
    text.push_str(if end.within { "\"" } else { "" });
    Levels::at(steps, end).close(&mut text);
    let is_rest = !whole.get(end.at..)?.trim_start().is_empty();
    Some(Page { text: Cow::Owned(text), start: offset, next: is_rest.then_some(end.at), size: whole.len() })
}

/// The place that `offset` is, if a document may be cut there.
fn place_at(whole: &str, steps: &[Step], offset: usize) -> Option<Place> {
    if offset == 0 {
        return Some(Place { at: 0, steps: 0, within: false });
    }
    let number = steps.partition_point(|step| step.reach() < offset);
    let step = steps.get(number)?;
    match step {
        Step::Value(text) if (text.start..=text.end).contains(&offset) => {
            let is_between = json::escape_floor(whole, text.start, offset) == offset;
            is_between.then_some(Place { at: offset, steps: number, within: true })
        }
        _ => (step.end() == Some(offset) && offset < whole.trim_end().len()).then_some(Place {
            at: offset,
            steps: number + 1,
            within: false,
        }),
    }
}

/// The last place up to `limit`; inside a string where the page would be less than half full otherwise, and beyond the
/// limit where there is no place before it.
fn page_end(whole: &str, steps: &[Step], start: Place, limit: usize) -> Place {
    let mut best = None;
    for (number, step) in steps.iter().enumerate().skip(start.steps) {
        let Some(at) = step.end() else { continue };
        let behind = Place { at, steps: number + 1, within: false };
        if at <= limit {
            best = Some(behind);
            continue;
        }
        let is_empty = |best: &Place| best.at - start.at < (limit - start.at) / 2;
        if let Step::Value(text) = step
            && best.as_ref().is_none_or(is_empty)
        {
            let cut = mark_floor(whole, json::escape_floor(whole, text.start, limit));
            if cut > text.start.max(start.at) {
                return Place { at: cut, steps: number, within: true };
            }
        }
        return best.unwrap_or(behind);
    }
    best.unwrap_or(Place { at: whole.len(), steps: steps.len(), within: false })
}

/// The blanks and the comma before the next value.
fn separator_length(rest: &str) -> usize {
    let blanks = rest.len() - rest.trim_start().len();
    blanks + usize::from(rest.as_bytes().get(blanks) == Some(&b','))
}

/// An open bracket, and the name of the member that the place is in.
#[derive(Debug, Clone, Copy)]
struct Level {
    container: Container,
    key: Option<Text>,
}

/// The brackets around a place.
struct Levels(Vec<Level>);

impl Levels {
    fn at(steps: &[Step], place: Place) -> Self {
        let mut levels = Self(Vec::new());
        steps.iter().take(place.steps).for_each(|step| levels.take(*step));
        levels
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Open(container, _) => self.0.push(Level { container, key: None }),
            Step::Close(_) => {
                self.0.pop();
                self.name(None);
            }
            Step::Key(key) => self.name(Some(key)),
            Step::Value(_) | Step::Scalar(_) => self.name(None),
        }
    }

    fn name(&mut self, key: Option<Text>) {
        if let Some(level) = self.0.last_mut() {
            level.key = key;
        }
    }

    /// Writes the opening brackets, and the names of the members that the place is in.
    fn open(&self, whole: &str, out: &mut String) -> Option<()> {
        for Level { container, key } in &self.0 {
            out.push(if *container == Container::Array { '[' } else { '{' });
            if let Some(key) = key {
                out.push_str(whole.get(key.start.checked_sub(1)?..=key.end)?);
                out.push(':');
            }
        }
        Some(())
    }

    fn close(&self, out: &mut String) {
        let bracket = |level: &Level| if level.container == Container::Array { ']' } else { '}' };
        out.extend(self.0.iter().rev().map(bracket));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// Every page of `whole`, in order.
    fn pages(whole: &str, max_bytes: usize) -> Vec<Page<'_>> {
        let mut pages: Vec<Page<'_>> = Vec::new();
        let mut next = Some(0);
        while let Some(offset) = next {
            let page = page(whole, offset, max_bytes).expect("an offset that was named");
            assert!(page.start == offset && page.next.is_none_or(|next| next > offset));
            next = page.next;
            pages.push(page);
        }
        pages
    }

    /// Every text and number in a document, in order; texts that are split over pages come in parts.
    fn leaves(value: &Value, out: &mut Vec<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| leaves(item, out)),
            Value::Object(members) => members.values().for_each(|member| leaves(member, out)),
            other => out.push(other.as_str().map_or_else(|| other.to_string(), str::to_owned)),
        }
    }

    #[test]
    fn the_pages_of_a_text_make_the_whole() {
        let whole = "zwölf Boxkämpfer \u{1f98a} [redacted:github-token] ".repeat(60);
        let pages = pages(&whole, 300);
        assert!(pages.len() > 5);
        assert_eq!(pages.iter().map(|page| page.text.as_ref()).collect::<String>(), whole);
        for page in &pages {
            assert_eq!(page.text.matches("[redacted").count(), page.text.matches("token]").count());
        }
        assert_eq!(page(&whole, whole.len(), 300), None);
        assert_eq!(page("ä", 1, 300), None);
        assert_eq!(page("", 0, 300).map(|page| page.text.into_owned()), Some(String::new()));
    }

    #[test]
    fn each_page_of_a_document_is_a_document_that_shows_where_it_stands() {
        let rows: Vec<_> = (0..200).map(|id| json!({"id": id, "name": "row"})).collect();
        let whole = json!({"shop": {"rows": rows, "total": 200}}).to_string();
        let pages = pages(&whole, 1_000);
        assert!(pages.len() > 3);
        let mut ids = Vec::new();
        for page in &pages {
            let value: Value = serde_json::from_str(&page.text).unwrap();
            let rows = value["shop"]["rows"].as_array().unwrap();
            ids.extend(rows.iter().filter_map(|row| row["id"].as_u64()));
        }
        assert_eq!(ids, (0..200).collect::<Vec<_>>());
    }

    #[test]
    fn a_string_longer_than_a_page_goes_on_in_the_next() {
        let long = "line with \"quotes\"\n and \u{1f98a}, ".repeat(100);
        let whole = json!({"content": [{"type": "text", "text": long}], "isError": false}).to_string();
        let mut read = String::new();
        for page in pages(&whole, 500) {
            let value: Value = serde_json::from_str(&page.text).unwrap();
            read.push_str(value["content"][0]["text"].as_str().unwrap_or_default());
        }
        assert_eq!(read, long);
    }

    #[test]
    fn only_places_that_were_named_begin_a_page() {
        let whole = r#"{"a":"x\n\u0041","b":[1,22]}"#;
        let places: Vec<usize> = (0..40).filter(|offset| page(whole, *offset, 300).is_some()).collect();
        // The beginning, behind `{`, between the characters of the string, behind it, behind `[`, `1`, `22` and `]`.
        assert_eq!(places, [0, 1, 6, 7, 9, 15, 16, 22, 23, 26, 27]);
    }

    #[test]
    fn what_was_left_out_is_on_the_pages_that_follow() {
        let rows: Vec<_> = (0..3_000).collect();
        let whole = json!({"rows": rows}).to_string();
        let cut = crate::truncate::truncate_json(&whole, 2_000).unwrap();
        let page = page(&whole, cut.next.unwrap(), 2_000).unwrap();
        let (shown, more): (Value, Value) =
            (serde_json::from_str(&cut.text).unwrap(), serde_json::from_str(&page.text).unwrap());
        let last = shown["rows"].as_array().unwrap().iter().filter_map(Value::as_u64).max().unwrap();
        assert_eq!(more["rows"][0].as_u64(), Some(last + 1));
        assert_eq!(cut.dropped_elements, 3_000 - usize::try_from(last).unwrap() - 1 + 2);
    }

    fn documents() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![any::<i64>().prop_map(Value::from), "\\PC{0,900}".prop_map(Value::from)];
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
        fn the_pages_of_a_document_hold_all_of_it(document in documents(), max in 256_usize..3_000) {
            let whole = document.to_string();
            let (mut expected, mut read) = (Vec::new(), Vec::new());
            leaves(&document, &mut expected);
            for page in pages(&whole, max) {
                let value: Value = serde_json::from_str(&page.text).map_err(|error| {
                    TestCaseError::fail(format!("{error}: {}", page.text))
                })?;
                leaves(&value, &mut read);
            }
            prop_assert_eq!(read.concat(), expected.concat());
        }
    }
}
