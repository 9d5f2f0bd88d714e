//! `procura check token`: the verifiers of users' tokens, with everything they go by in the record: the
//! rules, the clock and the key set. Nothing is fetched.

use super::lines::no_record;
use crate::say;
use procura_crypto::{Algorithm, JwkSet, Step, jwt, signed_token};
use procura_model::{Json, Reason, Secret, Time, VerifiedUser};
use serde_json::value::RawValue;
use std::{process::ExitCode, time::Duration};

/// By which method a token is verified.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(super) enum Method {
    /// A JWT, with a key set.
    Jwt,
    /// A signed session token, with a shared secret.
    SignedToken,
}

/// A token as it stands in a record. One that is no text in UTF-8 (half of a surrogate pair) is left as it is written,
/// escapes and all, which no verifier takes.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Token(Box<RawValue>);

impl Token {
    fn text(&self) -> Option<String> {
        let raw = self.0.get();
        serde_json::from_str(raw).ok().or_else(|| raw.starts_with('"').then(|| raw.to_owned()))
    }
}

#[derive(serde::Deserialize)]
struct JwtRecord {
    token: Token,
    jwks: Option<Box<RawValue>>,
    config: JwtConfig,
}

#[derive(serde::Deserialize)]
struct JwtConfig {
    iss: String,
    aud: String,
    now: f64,
    leeway: Option<u32>,
    algs: Option<Vec<String>>,
    max_token_bytes: Option<usize>,
    subject_claim: Option<String>,
    email_claim: Option<String>,
    role_claim: Option<String>,
}

#[derive(serde::Deserialize)]
struct SignedRecord {
    token: Token,
    config: SignedConfig,
}

#[derive(serde::Deserialize)]
struct SignedConfig {
    secret: Secret<String>,
    now: f64,
    leeway: Option<u32>,
    max_lifetime: Option<u32>,
    max_token_bytes: Option<usize>,
    max_depth: Option<usize>,
}

/// A verdict with the steps that led to it.
struct Walk {
    verdict: Result<VerifiedUser, Reason>,
    steps: Vec<Step>,
}

/// What is printed.
#[derive(serde::Serialize)]
struct Answer<'w> {
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<Identity<'w>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<&'w [Step]>,
}

/// Only what the token has (decision 35).
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'w> {
    user_id: &'w str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'w str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'w str>,
}

const JWT_FORM: &str =
    "a record is {\"token\":..,\"jwks\":{..},\"config\":{\"iss\":..,\"aud\":..,\"now\":..}}";
const SIGNED_FORM: &str = "a record is {\"token\":..,\"config\":{\"secret\":..,\"now\":..}}";

/// The answer to one record.
pub(super) fn record(method: Method, line: &str) -> String {
    judge(method, line).map_or_else(|why| no_record(&why), |walk| text(&Answer::of(&walk.verdict)))
}

/// The answer to one record, with every step.
pub(super) fn one(method: Method, record: &str) -> ExitCode {
    let walk = match judge(method, record) {
        Ok(walk) => walk,
        Err(why) => {
            say::complain(&format!("procura: {why}"));
            return ExitCode::from(2);
        }
    };
    say::line(&text(&Answer { steps: Some(&walk.steps), ..Answer::of(&walk.verdict) }));
    if walk.verdict.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl<'w> Answer<'w> {
    fn of(verdict: &'w Result<VerifiedUser, Reason>) -> Self {
        match verdict {
            Ok(user) => {
                let (email, role) = (user.email.as_deref(), user.role.as_deref());
                let identity = Some(Identity { user_id: &user.id, email, role });
                let attributes = Some(Json::Map(user.attributes.clone()));
                Self { result: "accept", identity, attributes, steps: None }
            }
            Err(reason) => Self { result: reason.code(), identity: None, attributes: None, steps: None },
        }
    }
}

fn text(answer: &Answer<'_>) -> String {
    serde_json::to_string(answer).unwrap_or_else(|_| no_record("the answer cannot be written"))
}

fn judge(method: Method, record: &str) -> Result<Walk, String> {
    let (form, walk) = match method {
        Method::Jwt => (JWT_FORM, serde_json::from_str(record).ok().and_then(|record| jwt(&record))),
        Method::SignedToken => (SIGNED_FORM, serde_json::from_str(record).ok().and_then(signed)),
    };
    walk.ok_or_else(|| format!("{form}{}", missing(record)))
}

/// Says that the clock is missing, which nobody guesses; nothing where something else is wrong.
fn missing(record: &str) -> &'static str {
    let read: Result<serde_json::Value, _> = serde_json::from_str(record);
    let has_now =
        |record: serde_json::Value| record.pointer("/config/now").is_some_and(serde_json::Value::is_number);
    match read.map(has_now) {
        Ok(false) => "; config.now is missing: the time by which it is judged, in seconds since 1970",
        Ok(true) | Err(_) => "",
    }
}

/// A key set that cannot be read has no key in it.
fn jwt(record: &JwtRecord) -> Option<Walk> {
    let config = &record.config;
    let keys = record.jwks.as_ref().and_then(|keys| JwkSet::parse(keys.get()).ok()).unwrap_or_default();
    let usual = jwt::Rules::new(&config.iss, &config.aud, time(config.now)?);
    let named = config.algs.as_ref().map(|names| names.iter().filter_map(|name| Algorithm::by_name(name)));
    let algorithms: Option<Vec<Algorithm>> = named.map(Iterator::collect);
    let rules = jwt::Rules {
        algorithms: algorithms.as_deref().unwrap_or(usual.algorithms),
        leeway_seconds: config.leeway.unwrap_or(usual.leeway_seconds),
        subject_claim: config.subject_claim.as_deref().unwrap_or(usual.subject_claim),
        email_claim: config.email_claim.as_deref(),
        role_claim: config.role_claim.as_deref(),
        max_bytes: config.max_token_bytes.unwrap_or(usual.max_bytes),
        ..usual
    };
    let verdict = jwt::verify(&rules, &keys, &record.token.text()?);
    Some(Walk { steps: jwt::steps(&verdict), verdict: verdict.map_err(|error| error.reason()) })
}

fn signed(record: SignedRecord) -> Option<Walk> {
    let config = record.config;
    let secrets = [config.secret];
    let usual = signed_token::Rules::new(&secrets, time(config.now)?);
    let rules = signed_token::Rules {
        leeway_seconds: config.leeway.unwrap_or(usual.leeway_seconds),
        max_lifetime_seconds: config.max_lifetime.unwrap_or(usual.max_lifetime_seconds),
        max_bytes: config.max_token_bytes.unwrap_or(usual.max_bytes),
        max_depth: config.max_depth.unwrap_or(usual.max_depth),
        ..usual
    };
    let verdict = signed_token::verify(&rules, &record.token.text()?);
    Some(Walk { steps: signed_token::steps(&verdict), verdict: verdict.map_err(|error| error.reason()) })
}

fn time(seconds: f64) -> Option<Time> {
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    i64::try_from(since.as_millis()).ok().map(Time::from_ms)
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
