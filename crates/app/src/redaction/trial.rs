//! How a rule does before it is saved: how fast all rules are with it, and what it would have hit in what is recorded.
//! Where it hits is said as request and place, never as text.

use super::recent::Passed;
use procura_model::{Json, RequestId};
use procura_screen::redact::{Custom, Redactor, Trial};
use procura_store::history::Past;
use std::time::Instant;

/// How many places are listed; all are counted.
const MAX_LISTED: usize = 50;
/// How often the time is taken where the rules seem too slow: the machine may have been busy.
const TRIES: usize = 3;

/// What a trial has shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// How fast all rules are together with this one.
    pub speed: Trial,
    /// In how many results it was looked.
    pub results: usize,
    /// In how many recorded calls' arguments.
    pub arguments: usize,
    /// How often it would have hit.
    pub hits: usize,
    /// Where, newest first; the first of them.
    pub found: Vec<Found>,
}

/// Where a rule would have hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// In which request.
    pub request: RequestId,
    /// What was used in it.
    pub resource: Option<String>,
    /// In what of it.
    pub part: Part,
    /// Where in that, as a JSON pointer; a name that the rule itself hits is `*`.
    pub place: String,
    /// How often.
    pub hits: usize,
}

/// A part of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What was asked, as it is recorded.
    Arguments,
    /// What came back, as the agent got it.
    Result,
}

impl Part {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Arguments => "arguments",
            Self::Result => "result",
        }
    }
}

/// What a rule is tried on.
pub(super) struct Material {
    pub(super) results: Vec<Passed>,
    pub(super) calls: Vec<Past>,
}

/// How fast the rules are.
pub(super) fn time(rules: &Custom) -> Trial {
    let began = Instant::now();
    let mut trial = rules.trial(|| began.elapsed());
    for _ in 1..TRIES {
        if trial.is_fast() {
            break;
        }
        trial = rules.trial(|| began.elapsed());
    }
    trial
}

/// Counts what the rule hits in the material, beyond what is taken out by `now`, the redactor as it is.
pub(super) fn count(rule: &Custom, now: &Redactor, material: &Material) -> (usize, Vec<Found>) {
    let mut found = Vec::new();
    for passed in &material.results {
        let resource = Some(passed.resource.to_string());
        found.extend(in_document(rule, now, &passed.text).into_iter().map(|(place, hits)| Found {
            request: passed.request,
            resource: resource.clone(),
            part: Part::Result,
            place,
            hits,
        }));
    }
    for past in &material.calls {
        let asked = Json::parse(&past.facts).ok().and_then(|facts| facts.member("ask").map(Json::canonical));
        let Some(asked) = asked else { continue };
        found.extend(in_document(rule, now, &asked).into_iter().map(|(place, hits)| Found {
            request: past.request,
            resource: past.resource.clone(),
            part: Part::Arguments,
            place,
            hits,
        }));
    }
    let hits = found.iter().map(|found| found.hits).sum();
    found.truncate(MAX_LISTED);
    (hits, found)
}

fn in_document(rule: &Custom, now: &Redactor, document: &str) -> Vec<(String, usize)> {
    let Ok(redacted) = now.redact_json(document) else { return Vec::new() };
    let Ok(json) = Json::parse(&redacted.text) else { return Vec::new() };
    let mut places = Vec::new();
    walk(rule, &json, &mut String::new(), &mut places);
    places
}

fn hits_in(rule: &Custom, text: &str) -> usize {
    rule.count(text).into_iter().map(|(_, hits)| hits).sum()
}

fn walk(rule: &Custom, json: &Json, place: &mut String, places: &mut Vec<(String, usize)>) {
    let length = place.len();
    match json {
        Json::Text(text) => {
            let hits = hits_in(rule, text);
            if hits > 0 {
                places.push((place.clone(), hits));
            }
        }
        Json::List(items) => {
            for (index, item) in items.iter().enumerate() {
                place.push('/');
                place.push_str(&index.to_string());
                walk(rule, item, place, places);
                place.truncate(length);
            }
        }
        Json::Map(members) => {
            for (name, value) in members {
                let hits = hits_in(rule, name);
                place.push('/');
                match hits {
                    0 => place.push_str(&name.replace('~', "~0").replace('/', "~1")),
                    _ => place.push('*'),
                }
                if hits > 0 {
                    places.push((place.clone(), hits));
                }
                walk(rule, value, place, places);
                place.truncate(length);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_screen::redact::Rule;

    #[test]
    fn what_a_rule_hits_is_counted_by_place_and_never_shown() {
        let rule = Rule { name: "badge".to_owned(), pattern: r"BADGE-\d{5}".to_owned() };
        let rule = Custom::compile(&[rule], &[]).unwrap();
        let document = r#"{"content":[{"text":"BADGE-12345 and BADGE-54321"},{"text":"none"}],"BADGE-11111":1,
            "of":{"BADGE-22222":"BADGE-33333"}}"#;
        let places = in_document(&rule, &Redactor::new(), document);
        let expected =
            [("/*", 1), ("/content/0/text", 2), ("/of/*", 1), ("/of/*", 1)].map(|(at, n)| (at.to_owned(), n));
        assert_eq!(places, expected);
        assert!(in_document(&rule, &Redactor::new(), "no document BADGE-12345").is_empty());
    }
}
