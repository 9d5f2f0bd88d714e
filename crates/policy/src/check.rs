//! `procura check decision --jsonl`: one record in, one answer out, by the same code as the server.
//!
//! In: `{"permissions":[..],"ask":{..},"now"?:"..","facts"?:{"user"?:..,"currency"?:"USD","spent"?:[..]}}`;
//! other members are left alone. `user` is the id of the verified user, or
//! `{"id","email"?,"role"?,"attributes"?}`; it and `currency` may also stand beside `facts`. An entry of
//! `spent` is `{"permission":"per_..","amount"?:"12.00","count"?:3}`: what was committed and held within the
//! window of a permission, which is named by its id or by its place, the first being 1. A window that no
//! entry names has spent nothing.
//!
//! Out: `{"decision","code","reason","risk","permission","permissionId","missing",
//! "near":[{"permission","reason"}]}`, or `{"error":".."}` for a line that is no record. A permission or an
//! amount that cannot be read is a deny, as it would be in the server.

use crate::{
    decide::{Policy, incomparable},
    explain::Explained,
    facts::{Facts, Spending, Supposed},
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
    #[serde(default)]
    facts: RecordFacts,
    user: Option<Json>,
    currency: Option<Currency>,
}

#[derive(Default, Deserialize)]
struct RecordFacts {
    user: Option<Json>,
    currency: Option<Currency>,
    #[serde(default)]
    spent: Vec<RecordSpent>,
}

#[derive(Deserialize)]
struct RecordSpent {
    /// An id, or a place.
    permission: Json,
    amount: Option<Amount>,
    #[serde(default)]
    count: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    decision: Verdict,
    code: Reason,
    reason: &'a str,
    risk: Risk,
    permission: Option<PermissionId>,
    /// The same under the name that the server's answer has for it.
    permission_id: Option<PermissionId>,
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
    let user = record.facts.user.as_ref().or(record.user.as_ref()).map(user).transpose()?;
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
    let spent = spent(&record.facts.spent, &permissions)?;
    let currency = record.facts.currency.or(record.currency);
    let facts = Facts { currency, spending: Spending::Supposed(&spent) };
    Ok(Policy::compile(1, &permissions).explain(&ask, &facts, now))
}

/// What a record supposes of the windows.
fn spent(rows: &[RecordSpent], permissions: &[Permission]) -> Result<Vec<Supposed>, String> {
    let place = |named: &Json| match named {
        Json::Number(place) => place.parse().ok().filter(|place| (1..=permissions.len()).contains(place)),
        Json::Text(id) => {
            let is_named =
                |permission: &Permission| permission.id.is_some_and(|known| known.to_string() == *id);
            permissions.iter().position(is_named).map(|index| index + 1)
        }
        _ => None,
    };
    let supposed = rows.iter().map(|row| match (place(&row.permission), row.count) {
        (None, _) => {
            Err("not a fact: spent names a permission, by id or by place, that is not there".to_owned())
        }
        (Some(_), ..0) => Err("not a fact: a count in spent is negative".to_owned()),
        (Some(place), count) => Ok(Supposed { place, amount: row.amount.unwrap_or(Amount::ZERO), count }),
    });
    supposed.collect()
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
        let Decision { verdict, reason, sentence, risk, permission, missing, .. } = &explained.decision;
        let near = explained.near.iter();
        Self {
            decision: *verdict,
            code: *reason,
            reason: sentence,
            risk: *risk,
            permission: *permission,
            permission_id: *permission,
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
    fn windows_are_judged_by_what_the_record_supposes() {
        let line = |spent: &str| {
            format!(
                r#"{{"permissions":[{{"id":"per_01K00000000000000000000000","effect":"allow","actions":["buy"],
                    "window":{{"amount":{{"value":"1000","currency":"USD"}},"count":3,"per":"P30D"}}}}],
                    "ask":{{"action":"buy","amount":742}},"facts":{{"spent":[{spent}]}}}}"#
            )
        };
        let id = r#""permission":"per_01K00000000000000000000000""#;
        assert_eq!(check(&line(""))["decision"], "allow");
        assert_eq!(check(&line(&format!(r#"{{{id},"amount":"258.00","count":2}}"#)))["code"], "ALLOWED");
        let over = check(&line(r#"{"permission":1,"amount":742,"count":1}"#));
        assert_eq!((&over["code"], &over["missing"]), (&"BUDGET_EXCEEDED".into(), &"budget".into()));
        assert_eq!(over["permissionId"], "per_01K00000000000000000000000");
        assert_eq!(over["permission"], over["permissionId"]);
        assert_eq!(
            over["reason"],
            "The amount 742.00 USD exceeds what is left: 258.00 of 1000.00 USD within 30 days \
             (permission per_01K00000000000000000000000)."
        );
        let called = check(&line(&format!(r#"{{{id},"count":3}}"#)));
        assert_eq!(
            called["reason"],
            "There were already 3 of 3 calls within 30 days (permission per_01K00000000000000000000000)."
        );
        for spent in [
            r#"{"permission":0}"#,
            r#"{"permission":2}"#,
            r#"{"permission":"per_01K00000000000000000000001"}"#,
            r#"{"permission":1,"count":-1}"#,
            r#"{"permission":1,"amount":-1}"#,
            r#"{"amount":1}"#,
            "1",
        ] {
            assert!(check(&line(spent))["error"].is_string(), "{spent}");
        }
    }

    #[test]
    fn facts_hold_user_and_currency_too() {
        let line = |facts: &str| {
            format!(
                r#"{{"permissions":[{{"effect":"allow","actions":["a"],"user":"ada"}}],
                    "ask":{{"action":"a","amount":"1.00"}},"user":"bob","facts":{facts}}}"#
            )
        };
        assert_eq!(check(&line(r#"{"user":"ada","currency":"EUR"}"#))["decision"], "allow");
        assert_eq!(check(&line(r#"{"user":"ada"}"#))["code"], "CURRENCY_MISSING");
        assert_eq!(check(&line(r#"{"currency":"EUR"}"#))["code"], "USER_MISMATCH");
        assert!(check(&line(r#"{"user":1}"#))["error"].is_string());
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
