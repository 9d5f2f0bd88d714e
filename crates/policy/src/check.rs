//! `procura check decision --jsonl`: one record in, one answer out, by the same code as the server.
//!
//! In: `{"permissions":[..],"ask":{..},"now"?:"..","user"?:..,"currency"?:"USD"}`; other members are
//! left alone. `user` is the id of the verified user, or `{"id","email"?,"role"?,"attributes"?}`. Out: `{"decision","code","reason","risk","permission","missing","near":[{"permission","reason"}]}`,
//! or `{"error":".."}` for a line that is no record. A permission or an amount that cannot be read is
//! a deny, as it would be in the server.

use crate::{
    decide::{Facts, Policy, incomparable},
    explain::Explained,
};
use procura_model::{
    ActingUser, Amount, Ask, Currency, Decision, Json, Permission, PermissionId, Reason, Risk, Time, Verdict,
    VerifiedUser,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Deserialize)]
struct Record {
    permissions: Vec<Json>,
    ask: Json,
    now: Option<Time>,
    user: Option<Json>,
    currency: Option<Currency>,
}

#[derive(Serialize)]
struct Answer<'a> {
    decision: Verdict,
    code: Reason,
    reason: &'a str,
    risk: Risk,
    permission: Option<PermissionId>,
    missing: Option<&'a str>,
    near: Vec<NearAnswer<'a>>,
}

#[derive(Serialize)]
struct NearAnswer<'a> {
    permission: Option<PermissionId>,
    reason: &'a str,
}

#[derive(Serialize)]
struct NoRecord {
    error: String,
}

/// Answers one line; `now` is the time where the record names none.
#[must_use]
pub fn check_record(line: &str, now: Time) -> String {
    match explain(line, now) {
        Ok(explained) => written(&Answer::of(&explained)),
        Err(error) => written(&NoRecord { error }),
    }
}

fn explain(line: &str, now: Time) -> Result<Explained, String> {
    let record: Record = serde_json::from_str(line).map_err(|error| format!("not a record: {error}"))?;
    let now = record.now.unwrap_or(now);
    let amount = record.ask.member("amount").filter(|amount| **amount != Json::Null);
    if amount.is_some_and(|amount| Amount::from_json(amount).is_err()) {
        return Ok(alone(incomparable(Reason::AmountInvalid)));
    }
    let mut ask: Ask =
        serde_json::from_str(&record.ask.to_string()).map_err(|error| format!("not an ask: {error}"))?;
    let user = record.user.as_ref().map(user).transpose()?;
    ask.user = user.map(|user| Arc::new(ActingUser::supposed(user)));
    let mut permissions = Vec::with_capacity(record.permissions.len());
    for (index, text) in record.permissions.iter().enumerate() {
        match serde_json::from_str::<Permission>(&text.to_string()) {
            Ok(permission) => permissions.push(permission),
            Err(error) => {
                let sentence = format!("The permission {} cannot be read: {error}.", index + 1);
                let decision = incomparable(Reason::PolicyError);
                return Ok(alone(Decision { sentence: sentence.into(), ..decision }));
            }
        }
    }
    let facts = Facts { currency: record.currency };
    Ok(Policy::compile(1, &permissions).explain(&ask, &facts, now))
}

/// The verified user that a record supposes.
fn user(user: &Json) -> Result<VerifiedUser, String> {
    let wrong = |what: &str| Err(format!("not a user: {what}"));
    let members = match user {
        Json::Text(id) => return Ok(VerifiedUser { id: id.clone(), ..VerifiedUser::default() }),
        Json::Map(members) => members,
        _ => return wrong("it must be an id or an object"),
    };
    let mut known = VerifiedUser::default();
    for (name, value) in members {
        match (name.as_str(), value) {
            ("id", Json::Text(id)) => known.id.clone_from(id),
            ("email", Json::Text(email)) => known.email = Some(email.clone()),
            ("role", Json::Text(role)) => known.role = Some(role.clone()),
            ("attributes", Json::Map(attributes)) => known.attributes.clone_from(attributes),
            ("email" | "role" | "attributes", Json::Null) => {}
            _ => return wrong("its members are id, email and role as texts, and attributes as an object"),
        }
    }
    if known.id.is_empty() { wrong("it must have an id") } else { Ok(known) }
}

const fn alone(decision: Decision) -> Explained {
    Explained { decision, near: Vec::new() }
}

impl<'a> Answer<'a> {
    fn of(explained: &'a Explained) -> Self {
        let Decision { verdict, reason, sentence, risk, permission, missing } = &explained.decision;
        let near = explained.near.iter();
        Self {
            decision: *verdict,
            code: *reason,
            reason: sentence,
            risk: *risk,
            permission: *permission,
            missing: *missing,
            near: near
                .map(|near| NearAnswer { permission: near.permission, reason: &near.sentence })
                .collect(),
        }
    }
}

fn written(answer: &impl Serialize) -> String {
    serde_json::to_string(answer).unwrap_or_else(|_| r#"{"error":"the answer cannot be written"}"#.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str) -> serde_json::Value {
        serde_json::from_str(&check_record(line, Time::from_ms(1_780_000_000_000))).unwrap()
    }

    #[test]
    fn a_record_is_answered_as_the_server_would() {
        let answer = check(
            r#"{"permissions":[{"id":"per_01K00000000000000000000000","effect":"allow","actions":["purchase"],
                "maxAmount":{"value":500,"currency":"USD"}}],"ask":{"action":"purchase","amount":742},"note":"left alone"}"#,
        );
        assert_eq!(answer["decision"], "deny");
        assert_eq!(answer["code"], "AMOUNT_OVER_LIMIT");
        assert_eq!(answer["risk"], "medium");
        assert_eq!(answer["permission"], "per_01K00000000000000000000000");
        assert_eq!(
            answer["reason"],
            "The amount 742.00 USD exceeds 500.00 USD per call (permission per_01K00000000000000000000000)."
        );
    }

    #[test]
    fn user_currency_and_time_come_from_the_record() {
        let line = |user: &str, now: &str| {
            format!(
                r#"{{"permissions":[{{"effect":"allow","actions":["a"],"user":"ada","expiresAt":"2027-01-01T00:00:00Z"}}],
                    "ask":{{"action":"a","amount":"1.00"}},"user":"{user}","currency":"EUR","now":"{now}"}}"#
            )
        };
        assert_eq!(check(&line("ada", "2026-12-31T23:59:59Z"))["decision"], "allow");
        assert_eq!(check(&line("bob", "2026-12-31T23:59:59Z"))["code"], "USER_MISMATCH");
        assert_eq!(check(&line("ada", "2027-01-01T00:00:00Z"))["code"], "PERMISSION_EXPIRED");
    }

    #[test]
    fn a_record_may_suppose_a_whole_user() {
        let line = |user: &str| {
            format!(
                r#"{{"permissions":[{{"effect":"allow","actions":["a"],"conditions":[
                    {{"path":"args.seats","op":"eq","ref":"user.attributes.plan.seats"}},
                    {{"path":"args.role","op":"ne","ref":"user.role"}}]}}],
                    "ask":{{"action":"a","args":{{"seats":3.0,"role":"owner"}}}},"user":{user}}}"#
            )
        };
        let code = |user: &str| check(&line(user))["code"].clone();
        assert_eq!(code(r#"{"id":"ada","role":"clerk","attributes":{"plan":{"seats":3}}}"#), "ALLOWED");
        assert_eq!(
            code(r#"{"id":"ada","role":"owner","attributes":{"plan":{"seats":3}}}"#),
            "ARGUMENT_REFUSED"
        );
        assert_eq!(code(r#"{"id":"ada","email":null,"role":"clerk"}"#), "USER_MISMATCH");
        assert_eq!(code(r#""ada""#), "USER_MISMATCH");
        for user in ["1", "{}", r#"{"id":1}"#, r#"{"id":"a","name":"b"}"#, r#"{"id":"a","attributes":[]}"#] {
            let error = check(&line(user))["error"].as_str().unwrap_or_default().to_owned();
            assert!(error.starts_with("not a user"), "{user}: {error}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_a_deny_or_an_error_never_an_allow() {
        let all = r#"{"effect":"allow","actions":["*"]}"#;
        for (line, member, expected) in [
            (
                format!(r#"{{"permissions":[{all}],"ask":{{"action":"a","amount":-5}}}}"#),
                "code",
                "AMOUNT_INVALID",
            ),
            (
                format!(r#"{{"permissions":[{all}],"ask":{{"action":"a","amount":1e3}}}}"#),
                "code",
                "AMOUNT_INVALID",
            ),
            (
                format!(
                    r#"{{"permissions":[{all},{{"effect":"allow","actions":["a"],"maxCalls":1}}],"ask":{{"action":"a"}}}}"#
                ),
                "code",
                "POLICY_ERROR",
            ),
        ] {
            assert_eq!(check(&line)[member], expected, "{line}");
        }
        for line in [
            "",
            "[]",
            "{}",
            "not json",
            r#"{"permissions":[]}"#,
            r#"{"permissions":[],"ask":{"resource":"x"}}"#,
            r#"{"permissions":[],"ask":{"action":"a","args":{"x":1,"x":2}}}"#,
            r#"{"permissions":[],"ask":{"action":"a"},"now":"yesterday"}"#,
            r#"{"permissions":[],"ask":{"action":"a","user":"ada"}}"#,
        ] {
            assert!(check(line)["error"].is_string(), "{line}");
        }
    }
}
