//! `procura check redirect-uri`: what can be registered, and what is sent to, by the code of the authorization server.

use super::lines::no_record;
use crate::say;
use procura_model::oauth::redirect_uri::{self, RedirectError};
use serde::{Deserialize, Serialize};
use std::process::ExitCode;

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Op {
    Register,
    Authorize,
}

#[derive(Deserialize)]
struct Record {
    op: Op,
    registered: Option<Vec<String>>,
    uri: String,
}

#[derive(Serialize)]
struct Answer {
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<Result<(), RedirectError>> for Answer {
    fn from(verdict: Result<(), RedirectError>) -> Self {
        Self { valid: verdict.is_ok(), reason: verdict.err().map(|error| error.to_string()) }
    }
}

fn text(answer: &Answer) -> String {
    serde_json::to_string(answer).unwrap_or_else(|_| no_record("the answer cannot be written"))
}

pub(super) fn record(line: &str) -> String {
    let record: Record = match serde_json::from_str(line) {
        Ok(record) => record,
        Err(error) => return no_record(&error.to_string()),
    };
    let verdict = match record.op {
        Op::Register => redirect_uri::register(&record.uri),
        Op::Authorize => redirect_uri::authorize(&record.registered.unwrap_or_default(), &record.uri),
    };
    text(&verdict.into())
}

/// Without registered ones: whether it can be registered.
pub(super) fn one(uri: &str, registered: &[String]) -> ExitCode {
    let verdict = match registered {
        [] => redirect_uri::register(uri),
        registered => redirect_uri::authorize(registered, uri),
    };
    let answer = Answer::from(verdict);
    say::line(&text(&answer));
    if answer.valid { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_judged_by_what_it_asks() {
        let told = |line: &str| serde_json::from_str::<serde_json::Value>(&record(line)).unwrap();
        let register = r#"{"op":"register","registered":null,"uri":"https://app.example/cb"}"#;
        assert_eq!(told(register), serde_json::json!({"valid": true}));
        let other =
            r#"{"op":"authorize","registered":["https://app.example/cb"],"uri":"https://app.example/cb/"}"#;
        assert_eq!(told(other)["valid"], false);
        assert!(told(other)["reason"].as_str().unwrap().contains("registered"));
        assert!(told("{}")["error"].is_string());
    }
}
