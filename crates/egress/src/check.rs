//! `procura check url`: the same steps as a fetch, without a socket. A record brings the answers of
//! the resolver and the redirects of the server with it, so that a corpus judges the same code that
//! guards the way out.

use crate::{
    approach::approach,
    dns::Resolver,
    error::{EgressError, Stage},
    exit::Egress,
    fetch::Redirects,
    guard::{self, Refused},
    rules::{Lane, Rules},
    url::WebUrl,
};
use serde::{Deserialize, Serialize};
use std::{
    net::IpAddr,
    sync::atomic::{AtomicBool, Ordering},
};
use tokio::time::timeout;

/// As many redirects as a record may make us follow.
const FOLLOW: Redirects = Redirects::Follow { max: 10 };

/// One line of input.
#[derive(Debug, Deserialize)]
struct Record {
    url: String,
    #[serde(flatten)]
    answers: Answers,
    #[serde(default)]
    redirects_to: Vec<RedirectTo>,
}

#[derive(Debug, Deserialize)]
struct RedirectTo {
    status: u16,
    url: String,
    #[serde(flatten)]
    answers: Answers,
}

/// What a name answers: `resolves` at the first lookup, `then_resolves`, if any, at later ones.
#[derive(Debug, Clone, Deserialize)]
struct Answers {
    #[serde(default)]
    resolves: Vec<IpAddr>,
    #[serde(default)]
    then_resolves: Vec<IpAddr>,
}

impl Answers {
    fn resolver(&self) -> Resolver {
        let answers = self.clone();
        let was_asked = AtomicBool::new(false);
        Resolver::fixed(move |_| {
            let is_later = was_asked.swap(true, Ordering::Relaxed);
            match is_later && !answers.then_resolves.is_empty() {
                true => answers.then_resolves.clone(),
                false => answers.resolves.clone(),
            }
        })
    }
}

/// One line of output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// A judged URL.
    Checked(Checked),
    /// A line that is no record.
    Error {
        /// Why it is none.
        error: String,
    },
}

/// What would happen to a URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Whether the whole fetch would be allowed.
    pub allow: bool,
    /// `allowed`, or the code of the refusal.
    pub reason: String,
    /// Every address that was handed to the connector.
    pub connected: Vec<IpAddr>,
    /// The reason as a sentence.
    #[serde(skip)]
    pub text: String,
}

impl Checked {
    fn of(outcome: Result<(), EgressError>, connected: Vec<IpAddr>) -> Self {
        let (reason, text) = match &outcome {
            Ok(()) => ("allowed", "The URL may be reached.".to_owned()),
            Err(error) => (error.code(), error.to_string()),
        };
        Self { allow: outcome.is_ok(), reason: reason.to_owned(), connected, text }
    }
}

/// Judges one line of JSON; names are resolved from the record only.
pub async fn check_record(raw_line: &str, lane: Lane, rules: &Rules) -> Answer {
    match serde_json::from_str::<Record>(raw_line) {
        Ok(record) => {
            let mut connected = Vec::new();
            let outcome = walk(&record, lane, rules, &mut connected).await;
            Answer::Checked(Checked::of(outcome, connected))
        }
        Err(error) => {
            Answer::Error { error: format!("not a record: line {} column {}", error.line(), error.column()) }
        }
    }
}

async fn walk(
    record: &Record,
    lane: Lane,
    rules: &Rules,
    connected: &mut Vec<IpAddr>,
) -> Result<(), EgressError> {
    let mut url = WebUrl::parse(&record.url)?;
    step(&url, lane, rules, &record.answers.resolver(), connected).await?;
    for (followed, answer) in record.redirects_to.iter().enumerate() {
        let next = FOLLOW.next(&url, answer.status, Some(answer.url.as_bytes()), followed)?;
        let Some(next) = next else { return Ok(()) };
        step(&next, lane, rules, &answer.answers.resolver(), connected).await?;
        url = next;
    }
    Ok(())
}

async fn step(
    url: &WebUrl,
    lane: Lane,
    rules: &Rules,
    resolver: &Resolver,
    connected: &mut Vec<IpAddr>,
) -> Result<(), EgressError> {
    let judged = approach(url.target(), lane, rules, resolver).await?;
    connected.extend(judged.into_iter().map(|judged| judged.address().ip()));
    Ok(())
}

impl Egress {
    /// Whether a URL may be asked for by this lane, as far as that can be said before its name is resolved.
    pub fn admits(&self, url: &str, lane: Lane) -> Result<(), Refused> {
        let (url, rules) = (WebUrl::parse(url)?, self.rules());
        guard::admit(url.target(), lane, &rules)?;
        let literal = url.target().host().address();
        literal.map_or(Ok(()), |address| guard::judge(address, url.target(), lane, &rules).map(|_| ()))
    }

    /// Judges one URL with the real resolver, without connecting. `connected` lists the addresses
    /// that would be handed to the connector.
    pub async fn check(&self, url: &str, lane: Lane) -> Checked {
        let mut connected = Vec::new();
        let outcome = match WebUrl::parse(url) {
            Ok(url) => {
                let rules = self.rules();
                let asking = step(&url, lane, &rules, &self.outside.resolver, &mut connected);
                let in_time = timeout(self.outside.connect_timeout, asking).await;
                in_time.unwrap_or(Err(EgressError::Timeout(Stage::Connect)))
            }
            Err(refused) => Err(refused.into()),
        };
        Checked::of(outcome, connected)
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
