//! The redactor: which places of a text are looked at, in which order, and what is remembered from one to the next so that
//! no stretch is judged twice.

use std::borrow::Cow;
use std::sync::Arc;

use super::cut::{Cut, Hit, Redacted, Span, merge, replace, settle};
use super::formats::{AZURE, DISCORD, FACEBOOK, FORMATS, Format, MIDDLES, Middle, TWILIO};
use super::json::NotJsonText;
use super::{Custom, columns, curl, fold, json, kubernetes, name, place, runs, token, value};
use crate::grams::Grams;

/// Replaces tokens alone (JWTs and what is made like them), and leaves every other secret where it is.
#[must_use]
pub fn without_tokens(text: &str) -> Cow<'_, str> {
    let Some(format) = FORMATS.iter().find(|format| format.kind == "jwt") else { return Cow::Borrowed(text) };
    let places = text.match_indices(format.prefix);
    let hits = places.filter_map(|(at, _)| token::confirm(text, at, format));
    replace(text, &merge(hits.map(Cut::from).collect())).text
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
    Kubernetes,
}

/// Finds and replaces secrets. Build one and share it.
pub struct Redactor {
    tables: Arc<Tables>,
    custom: Arc<Custom>,
}

/// What every redactor knows.
struct Tables {
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
        let landmarks = table.into_iter().map(|(word, landmark)| (landmark, word.len())).collect();
        Self { tables: Arc::new(Tables { words, landmarks }), custom: Arc::default() }
    }

    /// The same redactor with the rules of an operator; it shares everything else, so it costs nothing to make.
    #[must_use]
    pub fn with(&self, custom: Arc<Custom>) -> Self {
        Self { tables: Arc::clone(&self.tables), custom }
    }

    /// A redactor with the same tables and rules.
    #[must_use]
    pub(super) fn share(&self) -> Self {
        self.with(Arc::clone(&self.custom))
    }

    /// Whether the operator says that `value` is no secret.
    pub(super) fn allows(&self, value: &str) -> bool {
        self.custom.allows(value)
    }

    /// Where the secrets of `text` are, in order and without overlap.
    #[must_use]
    pub fn spans(&self, text: &str) -> Vec<Span> {
        let cuts = self.cuts(text);
        let ranges: Vec<_> = cuts.iter().map(|cut| (cut.start, cut.end)).collect();
        let points = crate::offsets::code_points(text, &ranges);
        cuts.iter().zip(points).map(|(cut, (start, end))| Span { start, end, kind: cut.kind }).collect()
    }

    /// Replaces each secret of `text` by `[redacted:KIND]`.
    #[must_use]
    pub fn redact<'a>(&self, text: &'a str) -> Redacted<'a> {
        let first = replace(text, &self.cuts(text));
        settle(first, |text| self.cuts(text))
    }

    /// The same for a JSON document: replaces inside its strings only, so that it stays JSON, and takes the whole value
    /// of members whose name announces a secret.
    pub fn redact_json<'a>(&self, raw: &'a str) -> Result<Redacted<'a>, NotJsonText> {
        let first = replace(raw, &json::cuts(self, raw)?);
        Ok(settle(first, |text| json::cuts(self, text).unwrap_or_default()))
    }

    /// The secrets of `text` in bytes, in order and without overlap.
    pub(super) fn cuts(&self, text: &str) -> Vec<Cut<'_>> {
        let mut hits = Vec::new();
        let tables = self.tables.as_ref();
        tables.landmark_hits(text, &mut hits);
        tables.run_hits(text, &mut hits);
        let mut cuts: Vec<Cut<'_>> = hits.drain(..).map(Cut::from).collect();
        self.custom.find(text, &mut cuts);
        if let Some(folded) = fold::fold(text) {
            tables.landmark_hits(&folded.text, &mut hits);
            let mut inner = hits.drain(..).map(Cut::from).collect();
            self.custom.find(&folded.text, &mut inner);
            cuts.extend(inner.into_iter().map(|cut| {
                let (start, end) = folded.original(cut.start, cut.end);
                Cut { start, end, ..cut }
            }));
        }
        cuts.retain(|cut| !self.allows(text.get(cut.start..cut.end).unwrap_or_default()));
        merge(cuts)
    }
}

impl Tables {
    fn landmark_hits(&self, text: &str, hits: &mut Vec<Hit>) {
        let mut places: Vec<(usize, usize)> = Vec::new();
        self.words.find(text.as_bytes(), |word, at| places.push((at, word)));
        places.sort_unstable();
        let mut names = Names::default();
        let (mut pem_until, mut jwk_until, mut token_until, mut curl_until) = (0, 0, 0, 0);
        let mut secrets = kubernetes::Secrets::default();
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
                Landmark::Curl if start >= curl_until => curl_until = curl::logins(text, end, hits),
                Landmark::Jwk if start >= jwk_until => jwk_until = place::jwk_private(text, start, hits),
                Landmark::Scheme(word) => hits.extend(place::credential(text, end, word)),
                Landmark::Pem if start >= pem_until => {
                    let block = place::pem_block(text, start);
                    pem_until = block.map_or(pem_until, |block| block.end);
                    let private = block.filter(|block| block.private);
                    hits.extend(private.map(|block| Hit { start, end: block.end, kind: "private-key" }));
                }
                Landmark::Kubernetes => secrets.entries(text, end, hits),
                Landmark::Pem | Landmark::Jwk | Landmark::Curl => {}
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
        let Some(strength) = text.get(from..to).and_then(name::strength) else { return };
        let name = value::Name { from, to, strength };
        hits.extend(value::announced(text, name, &mut names.values));
        if matches!(text.as_bytes().get(to), None | Some(b',' | b')' | b'"' | b'\r' | b'\n')) {
            columns::csv(text, name, &mut names.table, hits);
            columns::sql(text, name, &mut names.brackets, hits);
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
            if let Some(bar) = run.start.checked_sub(1).filter(|bar| bytes.get(*bar) == Some(&b'|')) {
                hits.extend(token::confirm_middle(text, bar, &FACEBOOK));
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
    brackets: columns::Brackets,
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
        ("data:", Landmark::Kubernetes),
    ];
    let formats = FORMATS.iter().map(|format| (format.prefix, Landmark::Format(format)));
    let middles = MIDDLES.iter().map(|middle| (middle.landmark, Landmark::Middle(middle)));
    let names = name::LANDMARKS.iter().map(|word| (*word, Landmark::Name));
    let all = formats.chain(middles).chain(names).chain(places);
    all.map(|(word, landmark)| (word.to_ascii_lowercase(), landmark)).collect()
}
