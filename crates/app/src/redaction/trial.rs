//! How a rule does before it is saved: how fast all rules are with it, and what it would have hit in what is recorded.
//!
//! The two sources are not told alike. What calls asked stands in the record, which whoever tries a rule may read: there
//! all is said but the text. The text of results is read by nobody but the agent that got it, and a rule that is tried is
//! a question about it: "does a result hold this?" So of results only numbers are said, rounded down, and none below
//! [`CROWD`]: "none" cannot be told from "a few", and no single result can be asked. A place is named where a crowd of
//! results shares it.

use super::recent::Passed;
use procura_model::{Json, RequestId, SessionId};
use procura_screen::{
    personal::Personal,
    redact::{Custom, Redactor, Trial},
};
use procura_store::history::Past;
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Instant,
};

/// How many places are listed; all are counted.
const MAX_LISTED: usize = 50;
/// How often the time is taken where the rules seem too slow: the machine may have been busy.
const TRIES: usize = 3;
/// Of how many results at least something is said.
pub const CROWD: usize = 5;
/// The numbers that are said of results.
const STEPS: [usize; 6] = [200, 100, 50, 20, 10, CROWD];

/// What a trial has shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// How fast all rules are together with this one.
    pub speed: Trial,
    /// In how many results it was looked.
    pub results: usize,
    /// In how many recorded calls it was looked.
    pub calls: usize,
    /// What it would have hit of what calls asked.
    pub in_calls: InCalls,
    /// What it would have hit of results.
    pub in_results: InResults,
}

/// What a rule would have hit of what calls asked, as it is recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InCalls {
    /// How often.
    pub hits: usize,
    /// Where, newest first; the first of them.
    pub found: Vec<Found>,
}

/// Where a rule would have hit in what a call asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// In which request.
    pub request: RequestId,
    /// What was used in it.
    pub resource: Option<String>,
    /// Where in the ask, as a JSON pointer; a name that the rule itself hits is `*`.
    pub place: String,
    /// How often.
    pub hits: usize,
}

/// What a rule would have hit of results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InResults {
    /// In how many of them at least; 0 says fewer than [`CROWD`], or none.
    pub at_least: usize,
    /// The places that a crowd of them shares, most frequent first.
    pub shared: Vec<Shared>,
}

/// A place in results of one tool, prompt or resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// Of what, as it is recorded.
    pub resource: String,
    /// Where, as a JSON pointer; an index of a list, and a name that the rule itself hits, is `*`.
    pub place: String,
    /// In how many results at least.
    pub at_least: usize,
}

/// What a rule is tried on.
pub(super) struct Material {
    pub(super) results: Vec<Passed>,
    /// What tells who the users were for whom the results were got, by session.
    pub(super) personal: HashMap<SessionId, Arc<Personal>>,
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
pub(super) fn count(rule: &Custom, now: &Redactor, material: &Material) -> (InCalls, InResults) {
    (in_calls(rule, now, &material.calls), in_results(rule, now, material))
}

fn in_calls(rule: &Custom, now: &Redactor, calls: &[Past]) -> InCalls {
    let look = Look { rule, personal: None, indices: Indices::Told };
    let mut found = Vec::new();
    for past in calls {
        let asked = Json::parse(&past.facts).ok().and_then(|facts| facts.member("ask").map(Json::canonical));
        let Some(asked) = asked else { continue };
        found.extend(look.over(now, &asked).into_iter().map(|(place, hits)| Found {
            request: past.request,
            resource: past.resource.clone(),
            place,
            hits,
        }));
    }
    let hits = found.iter().map(|found| found.hits).sum();
    found.truncate(MAX_LISTED);
    InCalls { hits, found }
}

fn in_results(rule: &Custom, now: &Redactor, material: &Material) -> InResults {
    let mut results = 0;
    let mut crowds: BTreeMap<(Arc<str>, String), usize> = BTreeMap::new();
    for passed in &material.results {
        let personal = passed.acting.as_ref().and_then(|acting| material.personal.get(&acting.session));
        let look = Look { rule, personal: personal.map(AsRef::as_ref), indices: Indices::Hidden };
        let places: BTreeSet<String> =
            look.over(now, &passed.text).into_iter().map(|(place, _)| place).collect();
        results += usize::from(!places.is_empty());
        for place in places {
            *crowds.entry((Arc::clone(&passed.resource), place)).or_default() += 1;
        }
    }
    let mut shared: Vec<Shared> = crowds
        .into_iter()
        .map(|((resource, place), count)| Shared {
            resource: resource.to_string(),
            place,
            at_least: rounded_down(count),
        })
        .filter(|shared| shared.at_least > 0)
        .collect();
    shared.sort_by_key(|shared| std::cmp::Reverse(shared.at_least));
    shared.truncate(MAX_LISTED);
    InResults { at_least: rounded_down(results), shared }
}

/// The greatest number that is said and not above `count`; 0 where it is no crowd.
fn rounded_down(count: usize) -> usize {
    STEPS.into_iter().find(|step| *step <= count).unwrap_or(0)
}

/// Whether a place says which element of a list it is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Indices {
    Told,
    Hidden,
}

/// How a document is looked through.
struct Look<'l> {
    rule: &'l Custom,
    /// What is taken out of the names of members.
    personal: Option<&'l Personal>,
    indices: Indices,
}

impl Look<'_> {
    /// Where the rule hits in what `now` leaves of the document, and how often.
    fn over(&self, now: &Redactor, document: &str) -> Vec<(String, usize)> {
        let Ok(redacted) = now.redact_json(document) else { return Vec::new() };
        let Ok(json) = Json::parse(&redacted.text) else { return Vec::new() };
        let mut places = Vec::new();
        self.walk(&json, &mut String::new(), &mut places);
        places
    }

    fn hits(&self, text: &str) -> usize {
        self.rule.count(text).into_iter().map(|(_, hits)| hits).sum()
    }

    fn walk(&self, json: &Json, place: &mut String, places: &mut Vec<(String, usize)>) {
        let length = place.len();
        match json {
            Json::Text(text) => {
                let hits = self.hits(text);
                if hits > 0 {
                    places.push((place.clone(), hits));
                }
            }
            Json::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    match self.indices {
                        Indices::Told => place.push_str(&format!("/{index}")),
                        Indices::Hidden => place.push_str("/*"),
                    }
                    self.walk(item, place, places);
                    place.truncate(length);
                }
            }
            Json::Map(members) => {
                for (name, value) in members {
                    let hits = self.hits(name);
                    place.push('/');
                    match hits {
                        0 => place.push_str(&self.named(name).replace('~', "~0").replace('/', "~1")),
                        _ => place.push('*'),
                    }
                    if hits > 0 {
                        places.push((place.clone(), hits));
                    }
                    self.walk(value, place, places);
                    place.truncate(length);
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    /// The name of a member without the values of the user for whom the document was got.
    fn named<'n>(&self, name: &'n str) -> Cow<'n, str> {
        self.personal.map_or(Cow::Borrowed(name), |personal| personal.scrub_text(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_screen::redact::Rule;

    fn badge() -> Custom {
        let rule = Rule { name: "badge".to_owned(), pattern: r"BADGE-\d{5}".to_owned() };
        Custom::compile(&[rule], &[]).unwrap()
    }

    #[test]
    fn what_a_rule_hits_is_counted_by_place_and_never_shown() {
        let rule = badge();
        let look = Look { rule: &rule, personal: None, indices: Indices::Told };
        let document = r#"{"content":[{"text":"BADGE-12345 and BADGE-54321"},{"text":"none"}],"BADGE-11111":1,
            "of":{"BADGE-22222":"BADGE-33333"}}"#;
        let places = look.over(&Redactor::new(), document);
        let expected =
            [("/*", 1), ("/content/0/text", 2), ("/of/*", 1), ("/of/*", 1)].map(|(at, n)| (at.to_owned(), n));
        assert_eq!(places, expected);
        let hidden = Look { indices: Indices::Hidden, ..look };
        assert!(hidden.over(&Redactor::new(), document).contains(&("/content/*/text".to_owned(), 2)));
        assert!(hidden.over(&Redactor::new(), "no document BADGE-12345").is_empty());
    }

    #[test]
    fn numbers_of_results_are_rounded_down_and_no_crowd_is_nobody() {
        let said: Vec<_> = [0, 1, 4, 5, 9, 10, 19, 20, 99, 199, 200, 900].map(rounded_down).into();
        assert_eq!(said, [0, 0, 0, 5, 5, 10, 10, 20, 50, 100, 200, 200]);
    }
}
