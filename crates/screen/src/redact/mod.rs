//! What must not reach a model (RED-1). A text is looked at whole, before anything is cut off it. One pass finds every
//! landmark (prefixes, telling names, `://`, `-----BEGIN `), and only what stands at a landmark is looked at closely; a
//! second, skipping pass finds long runs. Both passes are linear, whatever the text says.

mod class;
mod columns;
mod fold;
mod formats;
mod json;
mod name;
mod place;
mod runs;
mod token;
mod value;

use std::borrow::Cow;

pub use json::NotJsonText;

use formats::{AZURE, DISCORD, FORMATS, Format, MIDDLES, Middle, TWILIO};

use crate::grams::Grams;

/// A secret in a text, in code points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Span {
    /// The first code point.
    pub start: usize,
    /// The code point after the last.
    pub end: usize,
    /// What it is, as in `[redacted:KIND]`.
    pub kind: &'static str,
}

/// A text without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted<'a> {
    /// The text; borrowed when it had none.
    pub text: Cow<'a, str>,
    /// How many were replaced.
    pub count: usize,
    /// Their kinds, each once, in alphabetical order.
    pub kinds: Vec<&'static str>,
}

/// How often a text in which something was replaced is looked through again.
const MAX_AGAIN: usize = 3;

/// What stood beside a secret can read as one once the secret is gone: looks again until nothing is
/// found. A text without a secret is looked through once.
fn settle<'a>(mut done: Redacted<'a>, hits: impl Fn(&str) -> Vec<Hit>) -> Redacted<'a> {
    for _ in 0..MAX_AGAIN {
        if done.count == 0 {
            break;
        }
        let again = replace(&done.text, &hits(&done.text));
        if again.count == 0 {
            break;
        }
        let mut kinds = [done.kinds, again.kinds].concat();
        kinds.sort_unstable();
        kinds.dedup();
        done = Redacted { text: Cow::Owned(again.text.into_owned()), count: done.count + again.count, kinds };
    }
    done
}

/// A secret in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: &'static str,
}

/// Replaces tokens alone (JWTs and what is made like them), and leaves every other secret where it is.
#[must_use]
pub fn without_tokens(text: &str) -> Cow<'_, str> {
    let Some(format) = FORMATS.iter().find(|format| format.kind == "jwt") else { return Cow::Borrowed(text) };
    let places = text.match_indices(format.prefix);
    replace(text, &merge(places.filter_map(|(at, _)| token::confirm(text, at, format)).collect())).text
}

#[derive(Clone, Copy)]
enum Landmark {
    Format(&'static Format),
    Middle(&'static Middle),
    Name,
    Url,
    Pem,
    Scheme(&'static str),
    Jwk,
    Digest,
    Phrase,
    Curl,
}

/// Finds and replaces secrets. Build one and share it.
pub struct Redactor {
    words: Grams,
    /// What each word stands for, and how long it is.
    landmarks: Vec<(Landmark, usize)>,
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new()
    }
}

impl Redactor {
    /// Builds the prefilter from the tables.
    #[must_use]
    pub fn new() -> Self {
        let table = landmarks();
        let words = Grams::new(table.iter().map(|(word, _)| word.as_str()));
        Self { words, landmarks: table.into_iter().map(|(word, landmark)| (landmark, word.len())).collect() }
    }

    /// Where the secrets of `text` are, in order and without overlap.
    #[must_use]
    pub fn spans(&self, text: &str) -> Vec<Span> {
        let hits = self.hits(text);
        let ranges: Vec<_> = hits.iter().map(|hit| (hit.start, hit.end)).collect();
        let points = crate::offsets::code_points(text, &ranges);
        hits.iter().zip(points).map(|(hit, (start, end))| Span { start, end, kind: hit.kind }).collect()
    }

    /// Replaces each secret of `text` by `[redacted:KIND]`.
    #[must_use]
    pub fn redact<'a>(&self, text: &'a str) -> Redacted<'a> {
        let first = replace(text, &self.hits(text));
        settle(first, |text| self.hits(text))
    }

    /// The same for a JSON document: replaces inside its strings only, so that it stays JSON, and takes the whole value
    /// of members whose name announces a secret.
    pub fn redact_json<'a>(&self, raw: &'a str) -> Result<Redacted<'a>, NotJsonText> {
        let first = replace(raw, &json::hits(self, raw)?);
        Ok(settle(first, |text| json::hits(self, text).unwrap_or_default()))
    }

    /// The secrets of `text` in bytes, in order and without overlap.
    pub(crate) fn hits(&self, text: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        self.landmark_hits(text, &mut hits);
        self.run_hits(text, &mut hits);
        if let Some(folded) = fold::fold(text) {
            let mut inner = Vec::new();
            self.landmark_hits(&folded.text, &mut inner);
            hits.extend(inner.into_iter().map(|hit| {
                let (start, end) = folded.original(hit.start, hit.end);
                Hit { start, end, kind: hit.kind }
            }));
        }
        merge(hits)
    }

    fn landmark_hits(&self, text: &str, hits: &mut Vec<Hit>) {
        let lower = text.to_ascii_lowercase();
        let mut places: Vec<(usize, usize)> = Vec::new();
        self.words.find(lower.as_bytes(), |word, at| places.push((at, word)));
        places.sort_unstable();
        let mut names = Names::default();
        let (mut pem_until, mut jwk_until, mut token_until) = (0, 0, 0);
        for (start, word) in places {
            let Some((landmark, length)) = self.landmarks.get(word) else { continue };
            let end = start + length;
            match *landmark {
                Landmark::Format(_) if start < token_until => {}
                Landmark::Format(format) => {
                    let hit = token::confirm(text, start, format);
                    token_until = hit.map_or(token_until, |hit| hit.end);
                    hits.extend(hit);
                }
                Landmark::Middle(middle) => hits.extend(token::confirm_middle(text, start, middle)),
                Landmark::Url => hits.extend(place::url_password(text, end)),
                Landmark::Digest => hits.extend(place::digest_response(text, end)),
                Landmark::Phrase => hits.extend(place::recovery_phrase(text, end)),
                Landmark::Curl => hits.extend(place::curl_user(text, end)),
                Landmark::Jwk if start >= jwk_until => jwk_until = place::jwk_private(text, start, hits),
                Landmark::Scheme(word) => hits.extend(place::credential(text, end, word)),
                Landmark::Pem if start >= pem_until => {
                    let block = place::pem_block(text, start);
                    pem_until = block.map_or(pem_until, |block| block.end);
                    let private = block.filter(|block| block.private);
                    hits.extend(private.map(|block| Hit { start, end: block.end, kind: "private-key" }));
                }
                Landmark::Pem | Landmark::Jwk => {}
                Landmark::Name => self.named(text, (start, end), &mut names, hits),
            }
        }
    }

    /// Looks at the name around a landmark once.
    fn named(&self, text: &str, (start, end): (usize, usize), names: &mut Names, hits: &mut Vec<Hit>) {
        if end <= names.last {
            return;
        }
        let (from, to) = value::name_around(text.as_bytes(), start, end);
        names.last = to;
        hits.extend(value::announced(text, (from, to), &mut names.values));
        if matches!(text.as_bytes().get(to), None | Some(b',' | b')' | b'"' | b'\r' | b'\n')) {
            columns::csv(text, (from, to), &mut names.table, hits);
            columns::sql(text, from, to, hits);
        }
    }

    fn run_hits(&self, text: &str, hits: &mut Vec<Hit>) {
        let bytes = text.as_bytes();
        let tildes = memchr::memchr_iter(b'~', bytes).filter_map(|at| at.checked_sub(1));
        hits.extend(tildes.filter_map(|at| token::confirm_middle(text, at, &AZURE)));
        for run in runs::long_runs(bytes) {
            for start in runs::words_of_length(text, run, 34) {
                hits.extend(TWILIO.iter().find_map(|format| token::confirm(text, start, format)));
            }
            if let Some(dot) = run.start.checked_sub(8).filter(|dot| bytes.get(*dot) == Some(&b'.')) {
                hits.extend(token::confirm_middle(text, dot, &DISCORD));
            }
            let Some(hidden) = runs::hidden_text(text, run) else {
                runs::long_tokens(text, run, hits);
                continue;
            };
            let mut inner = Vec::new();
            self.landmark_hits(&hidden, &mut inner);
            if let Some(first) = inner.first() {
                hits.push(Hit { start: run.start, end: run.end, kind: first.kind });
            }
        }
    }
}

/// What is remembered from one telling name to the next, so that no stretch of text is judged again for each.
#[derive(Default)]
struct Names {
    /// Where the last name ends.
    last: usize,
    values: value::Values,
    table: columns::Table,
}

fn landmarks() -> Vec<(String, Landmark)> {
    let places = [
        ("://", Landmark::Url),
        ("-----begin ", Landmark::Pem),
        ("bearer", Landmark::Scheme("bearer")),
        ("basic", Landmark::Scheme("basic")),
        ("\"kty", Landmark::Jwk),
        ("response=", Landmark::Digest),
        ("phrase", Landmark::Phrase),
        ("mnemonic", Landmark::Phrase),
        ("curl ", Landmark::Curl),
    ];
    let formats = FORMATS.iter().map(|format| (format.prefix, Landmark::Format(format)));
    let middles = MIDDLES.iter().map(|middle| (middle.landmark, Landmark::Middle(middle)));
    let names = name::LANDMARKS.iter().map(|word| (*word, Landmark::Name));
    let all = formats.chain(middles).chain(names).chain(places);
    all.map(|(word, landmark)| (word.to_ascii_lowercase(), landmark)).collect()
}

/// Sorts hits and joins those that overlap; the longer one gives the name.
fn merge(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_unstable_by_key(|hit| (hit.start, std::cmp::Reverse(hit.end)));
    let mut merged: Vec<Hit> = Vec::with_capacity(hits.len());
    for hit in hits {
        match merged.last_mut() {
            Some(last) if hit.start < last.end => {
                if hit.end - hit.start > last.end - last.start {
                    last.kind = hit.kind;
                }
                last.end = last.end.max(hit.end);
            }
            _ => merged.push(hit),
        }
    }
    merged
}

fn replace<'a>(text: &'a str, hits: &[Hit]) -> Redacted<'a> {
    if hits.is_empty() {
        return Redacted { text: Cow::Borrowed(text), count: 0, kinds: Vec::new() };
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for hit in hits {
        out.push_str(text.get(at..hit.start).unwrap_or_default());
        out.push_str("[redacted:");
        out.push_str(hit.kind);
        out.push(']');
        at = hit.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    let mut kinds: Vec<_> = hits.iter().map(|hit| hit.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    Redacted { text: Cow::Owned(out), count: hits.len(), kinds }
}

#[cfg(test)]
#[path = "redact_tests.rs"]
mod tests;
