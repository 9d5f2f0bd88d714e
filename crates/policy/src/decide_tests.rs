//! Tables; the properties over random policies and asks are in `decide_properties_tests.rs`.

use super::*;
use crate::facts::{Spending, Spent, Supposed};
use procura_model::{ActingUser, Amount, Json, Money};
use std::sync::Arc;

#[path = "decide_properties_tests.rs"]
mod properties;

const NOW: i64 = 1_795_000_000_000; // Wednesday, 2026-11-18T11:06:40Z

fn now() -> Time {
    Time::from_ms(NOW)
}

fn id(number: u8) -> PermissionId {
    format!("per_{number:026}").parse().unwrap()
}

/// Permissions from their JSON, with ids 1, 2, 3, ...
fn permissions(texts: &[&str]) -> Vec<Permission> {
    let numbered = texts.iter().zip(1_u8..);
    numbered
        .map(|(text, number)| {
            let mut permission: Permission = serde_json::from_str(text).unwrap();
            permission.id = Some(id(number));
            permission
        })
        .collect()
}

fn ask(text: &str) -> Ask {
    serde_json::from_str(text).unwrap()
}

/// Everybody's role is `x`; ada alone has a limit.
fn named(id: &str) -> VerifiedUser {
    let limit = vec![("limit".to_owned(), Json::Number("2.0".into()))];
    VerifiedUser {
        id: id.to_owned(),
        email: None,
        role: Some("x".to_owned()),
        attributes: if id == "ada" { limit } else { Vec::new() },
    }
}

fn for_user(text: &str, user: &str) -> Ask {
    Ask { user: Some(Arc::new(ActingUser::supposed(named(user)))), ..ask(text) }
}

fn decide(texts: &[&str], ask: &Ask) -> Decision {
    Policy::compile(1, permissions(texts)).decide(ask, &Facts::default(), now())
}

/// Each row: permissions, ask, the wanted reason.
fn assert_reasons(rows: &[(&[&str], &str, Reason)]) {
    for (texts, text, reason) in rows {
        let decision = decide(texts, &ask(text));
        assert_eq!(decision.reason, *reason, "{texts:?} {text}: {}", decision.sentence);
        let verdict = match reason {
            Reason::Allowed => Verdict::Allow,
            Reason::ApprovalRequired => Verdict::NeedsApproval,
            _ => Verdict::Deny,
        };
        assert_eq!(decision.verdict, verdict);
        assert!(decision.sentence.ends_with('.'), "{}", decision.sentence);
    }
}

const ANY: &str = r#"{"effect":"allow","actions":["*"]}"#;

#[test]
fn no_permission_means_no() {
    assert_reasons(&[
        (&[], r#"{"action":"purchase"}"#, Reason::NoPermission),
        (
            &[r#"{"effect":"allow","actions":["purchase.*"]}"#],
            r#"{"action":"purchase"}"#,
            Reason::NoPermission,
        ),
        (&[r#"{"effect":"allow","actions":["Purchase"]}"#], r#"{"action":"purchase"}"#, Reason::NoPermission),
        (
            &[r#"{"effect":"allow","actions":["a"],"resources":["x/*"]}"#],
            r#"{"action":"a","resource":"y/1"}"#,
            Reason::NoPermission,
        ),
        (
            &[r#"{"effect":"allow","actions":["a"],"resources":["x"]}"#],
            r#"{"action":"a"}"#,
            Reason::NoPermission,
        ),
        (&[r#"{"effect":"allow","actions":["a"]}"#], r#"{"action":"a"}"#, Reason::Allowed),
        (
            &[r#"{"effect":"allow","actions":["purchase.*"]}"#],
            r#"{"action":"purchase.ticket"}"#,
            Reason::Allowed,
        ),
    ]);
}

#[test]
fn blocked_beats_allowed_and_is_not_slipped_by_leaving_things_out() {
    let block = r#"{"effect":"block","actions":["purchase.giftcard*"]}"#;
    let by_resource = r#"{"effect":"block","actions":["a"],"resources":["x/*"]}"#;
    let by_vendor = r#"{"effect":"block","actions":["a"],"vendors":["evil.com","*.evil.com"]}"#;
    let by_type =
        r#"{"effect":"block","actions":["a"],"conditions":[{"path":"args.n","op":"gt","value":5}]}"#;
    let narrow = r#"{"effect":"block","actions":["a"],"resources":["x"],"vendors":["evil.com"],
        "conditions":[{"path":"args.n","op":"gt","value":5}]}"#;
    assert_reasons(&[
        (&[ANY, narrow], r#"{"action":"a","args":{"n":6}}"#, Reason::VendorNotAllowed),
        (&[ANY, narrow], r#"{"action":"a","vendor":"evil.com","args":{"n":6}}"#, Reason::ActionBlocked),
        (&[ANY, narrow], r#"{"action":"a","args":{"n":5}}"#, Reason::Allowed),
        (&[ANY, narrow], r#"{"action":"a","vendor":"v.com","args":{"n":6}}"#, Reason::Allowed),
        (&[ANY, block], r#"{"action":"purchase.giftcard.50"}"#, Reason::ActionBlocked),
        (&[block, ANY], r#"{"action":"Purchase.GiftCard"}"#, Reason::ActionBlocked),
        (&[ANY, block], r#"{"action":"purchase.ticket"}"#, Reason::Allowed),
        (&[ANY, by_resource], r#"{"action":"a","resource":"X/1"}"#, Reason::ActionBlocked),
        (&[ANY, by_resource], r#"{"action":"a","resource":"y"}"#, Reason::Allowed),
        (&[ANY, by_resource], r#"{"action":"a"}"#, Reason::ActionBlocked),
        (&[ANY, by_vendor], r#"{"action":"a","vendor":"EVIL.com."}"#, Reason::ActionBlocked),
        (&[ANY, by_vendor], r#"{"action":"a","vendor":"www.evil.com"}"#, Reason::ActionBlocked),
        (&[ANY, by_vendor], r#"{"action":"a","vendor":"notevil.com"}"#, Reason::Allowed),
        (&[ANY, by_vendor], r#"{"action":"a"}"#, Reason::VendorNotAllowed),
        (&[ANY, by_type], r#"{"action":"a","args":{"n":6}}"#, Reason::ActionBlocked),
        (&[ANY, by_type], r#"{"action":"a","args":{"n":5}}"#, Reason::Allowed),
        (&[ANY, by_type], r#"{"action":"a","args":{"n":"6"}}"#, Reason::PolicyError),
        (&[ANY, by_type], r#"{"action":"a"}"#, Reason::Allowed),
    ]);
}

#[test]
fn vendors_are_hosts() {
    let one = r#"{"effect":"allow","actions":["a"],"vendors":["coachella.com","*.x.com"]}"#;
    assert_reasons(&[
        (&[one], r#"{"action":"a","vendor":"Coachella.com."}"#, Reason::Allowed),
        (&[one], r#"{"action":"a","vendor":"shop.x.com"}"#, Reason::Allowed),
        (&[one], r#"{"action":"a","vendor":"x.com"}"#, Reason::VendorNotAllowed),
        (&[one], r#"{"action":"a","vendor":"evilx.com"}"#, Reason::VendorNotAllowed),
        (&[one], r#"{"action":"a","vendor":"coachella.com.evil.com"}"#, Reason::VendorNotAllowed),
        (&[one], r#"{"action":"a"}"#, Reason::VendorNotAllowed),
        (&[one], r#"{"action":"a","vendor":"coachella.com@evil.com"}"#, Reason::VendorInvalid),
        (&[ANY], r#"{"action":"a","vendor":"coachella.com:8443"}"#, Reason::VendorInvalid),
        (&[ANY], r#"{"action":"a","vendor":""}"#, Reason::VendorInvalid),
    ]);
    let decision = decide(&[one], &ask(r#"{"action":"a","vendor":"evil.com"}"#));
    let said = format!("The vendor evil.com is not coachella.com or *.x.com (permission {}).", id(1));
    assert_eq!(decision.sentence, said);
    assert_eq!(decision.missing, Some("vendor"));
}

#[test]
fn amounts_are_exact_and_never_converted() {
    let limit = r#"{"effect":"allow","actions":["a"],"maxAmount":{"value":"500.00","currency":"USD"}}"#;
    let person = r#"{"effect":"allow","actions":["a"],"approval":{"above":{"value":200,"currency":"USD"}}}"#;
    assert_reasons(&[
        (&[limit], r#"{"action":"a","amount":500}"#, Reason::Allowed),
        (&[limit], r#"{"action":"a","amount":"500.0001"}"#, Reason::AmountOverLimit),
        (&[limit], r#"{"action":"a"}"#, Reason::AmountMissing),
        (&[limit], r#"{"action":"a","amount":1,"currency":"EUR"}"#, Reason::CurrencyMismatch),
        (&[limit], r#"{"action":"a","amount":1,"currency":"USD"}"#, Reason::Allowed),
        (&[person], r#"{"action":"a","amount":200}"#, Reason::Allowed),
        (&[person], r#"{"action":"a","amount":"200.01"}"#, Reason::ApprovalRequired),
        (&[person], r#"{"action":"a","amount":1,"currency":"EUR"}"#, Reason::CurrencyMismatch),
        (&[person], r#"{"action":"a"}"#, Reason::AmountMissing),
        (&[ANY], r#"{"action":"a","amount":1}"#, Reason::CurrencyMissing),
        (&[ANY], r#"{"action":"a","amount":1,"currency":"EUR"}"#, Reason::Allowed),
    ]);
    let decision = decide(&[limit], &ask(r#"{"action":"a","amount":742}"#));
    assert_eq!(
        decision.sentence,
        format!("The amount 742.00 USD exceeds 500.00 USD per call (permission {}).", id(1))
    );
    assert_eq!(
        (decision.permission, decision.missing, decision.risk),
        (Some(id(1)), Some("amount"), Risk::Medium)
    );
    let usd = Facts { currency: Some("USD".parse().unwrap()), ..Facts::default() };
    let policy = Policy::compile(1, permissions(&[ANY]));
    assert!(policy.decide(&ask(r#"{"action":"a","amount":1}"#), &usd, now()).is_allowed());
}

/// A permission with a window of each kind.
const BUDGETED: &str = r#"{"effect":"allow","actions":["buy"],
    "window":{"amount":{"value":"1000.00","currency":"USD"},"count":3,"per":"P30D"}}"#;

fn after(texts: &[&str], rows: &[(u8, &str, i64)], ask: &Ask) -> Decision {
    let spent = |(number, amount, count): &(u8, &str, i64)| Spent {
        permission: id(*number),
        amount: amount.parse().unwrap(),
        count: *count,
    };
    let rows: Vec<Spent> = rows.iter().map(spent).collect();
    let facts = Facts { currency: None, spending: Spending::Read(&rows) };
    Policy::compile(1, permissions(texts)).decide(ask, &facts, now())
}

#[test]
fn a_window_allows_to_the_last_unit_and_no_more() {
    let buy = |amount: &str| ask(&format!(r#"{{"action":"buy","amount":"{amount}"}}"#));
    for (spent, count, amount, reason) in [
        ("0", 0, "1000.00", Reason::Allowed),
        ("0", 0, "1000.0001", Reason::BudgetExceeded),
        ("257.99", 1, "742.01", Reason::Allowed),
        ("258", 1, "742.0001", Reason::BudgetExceeded),
        ("999.9999", 2, "0.0001", Reason::Allowed),
        ("999.9999", 3, "0.0001", Reason::BudgetExceeded),
        ("1500", 1, "0", Reason::Allowed),
        ("1500", 1, "0.0001", Reason::BudgetExceeded),
        ("922337203685477.5807", 1, "922337203685477.5807", Reason::BudgetExceeded),
    ] {
        let decision = after(&[BUDGETED], &[(1, spent, count)], &buy(amount));
        assert_eq!(decision.reason, reason, "{spent} {count} {amount}: {}", decision.sentence);
        assert_eq!(decision.permission, Some(id(1)));
    }
    let over = after(&[BUDGETED], &[(1, "742", 1)], &buy("742"));
    assert_eq!(
        over.sentence,
        format!(
            "The amount 742.00 USD exceeds what is left: 258.00 of 1000.00 USD within 30 days (permission {}).",
            id(1)
        )
    );
    assert_eq!((over.verdict, over.missing, over.risk), (Verdict::Deny, Some("budget"), Risk::Medium));
    let called = after(&[BUDGETED], &[(1, "0", 3)], &buy("1")).sentence;
    assert_eq!(called, format!("There were already 3 of 3 calls within 30 days (permission {}).", id(1)));
}

#[test]
fn a_window_of_money_wants_an_amount_in_its_currency() {
    let fresh: &[(u8, &str, i64)] = &[(1, "0", 0)];
    let reason = |text: &str| after(&[BUDGETED], fresh, &ask(text)).reason;
    assert_eq!(reason(r#"{"action":"buy"}"#), Reason::AmountMissing);
    assert_eq!(reason(r#"{"action":"buy","amount":1,"currency":"EUR"}"#), Reason::CurrencyMismatch);
    let calls = r#"{"effect":"allow","actions":["buy"],"window":{"count":1,"per":"P1D"}}"#;
    assert!(after(&[calls], fresh, &ask(r#"{"action":"buy"}"#)).is_allowed());
    assert_eq!(after(&[calls], &[(1, "0", 1)], &ask(r#"{"action":"buy"}"#)).reason, Reason::BudgetExceeded);
}

#[test]
fn an_exhausted_window_leaves_the_others_and_an_unread_one_denies() {
    let buy = ask(r#"{"action":"buy","amount":5,"currency":"USD"}"#);
    let person = r#"{"effect":"allow","actions":["buy"],"approval":"always"}"#;
    assert!(after(&[ANY, BUDGETED], &[(2, "1000", 3)], &buy).is_allowed());
    assert_eq!(after(&[BUDGETED, person], &[(1, "1000", 3)], &buy).reason, Reason::ApprovalRequired);
    let asking = BUDGETED.replace(r#""window""#, r#""approval":"always","window""#);
    assert_eq!(after(&[&asking], &[(1, "0", 0)], &buy).reason, Reason::ApprovalRequired);
    assert_eq!(after(&[&asking], &[(1, "0", 3)], &buy).reason, Reason::BudgetExceeded);
    for decision in [after(&[ANY, BUDGETED], &[], &buy), decide(&[ANY, BUDGETED], &buy)] {
        assert_eq!((decision.reason, decision.permission), (Reason::PolicyError, Some(id(2))));
        let said =
            format!("What was spent within the permission's window is not known (permission {}).", id(2));
        assert_eq!(decision.sentence, said);
    }
    // What the window has no part in needs no reading.
    for text in [r#"{"action":"sell"}"#, r#"{"action":"buy","amount":5,"currency":"EUR"}"#] {
        assert!(decide(&[ANY, BUDGETED], &ask(text)).is_allowed(), "{text}");
    }
}

#[test]
fn the_windows_to_be_read_are_those_that_could_decide() {
    let expired = BUDGETED.replace(r#""window""#, r#""expiresAt":"2026-01-01T00:00:00Z","window""#);
    let shadow = BUDGETED.replace(r#""window""#, r#""shadow":true,"window""#);
    let calls = r#"{"effect":"allow","actions":["*"],"window":{"count":1,"per":"P1D"}}"#;
    let elsewhere = r#"{"effect":"allow","actions":["sell"],"window":{"count":1,"per":"P1D"}}"#;
    let policy = Policy::compile(1, permissions(&[ANY, BUDGETED, &expired, &shadow, calls, elsewhere]));
    let needed = |text: &str| -> Vec<_> {
        let needed = policy.windows_for(&ask(text), now());
        needed.iter().map(|needed| (needed.permission, needed.window.count)).collect()
    };
    assert_eq!(needed(r#"{"action":"buy","amount":1}"#), [(id(2), Some(3)), (id(5), Some(1))]);
    assert_eq!(needed(r#"{"action":"buy"}"#), [(id(5), Some(1))]);
    assert!(needed(r#"{"action":"buy","vendor":"no host"}"#).is_empty());
    assert!(policy.has_windows());
    assert!(!Policy::compile(1, permissions(&[ANY, &shadow])).has_windows());
}

#[test]
fn a_shadow_decides_nothing_and_is_told_as_such() {
    let shadow_block = r#"{"effect":"block","actions":["buy"],"shadow":true}"#;
    let buy = ask(r#"{"action":"buy"}"#);
    let policy = Policy::compile(1, permissions(&[ANY, shadow_block]));
    assert!(policy.decide(&buy, &Facts::default(), now()).is_allowed());
    let would = policy.decide_with_shadows(&buy, &Facts::default(), now()).unwrap();
    assert_eq!((would.reason, would.permission), (Reason::ActionBlocked, Some(id(2))));
    let other = ask(r#"{"action":"sell"}"#);
    assert_eq!(policy.decide_with_shadows(&other, &Facts::default(), now()), None);
    assert_eq!(
        Policy::compile(1, permissions(&[ANY])).decide_with_shadows(&buy, &Facts::default(), now()),
        None
    );
    let near = policy.explain(&buy, &Facts::default(), now()).near;
    assert_eq!(near[0].sentence, "(shadow) A permission blocks the action \"buy\".");
    // A broken one denies nothing; a window in shadow has spent nothing.
    let broken = r#"{"effect":"block","actions":["buy"],"vendors":["*"],"shadow":true}"#;
    assert!(decide(&[ANY, broken], &buy).is_allowed());
    let window = BUDGETED.replace(r#""window""#, r#""shadow":true,"window""#);
    let policy = Policy::compile(1, permissions(&[&window]));
    let of = |text: &str| policy.decide_with_shadows(&ask(text), &Facts::default(), now()).unwrap().reason;
    assert_eq!(of(r#"{"action":"buy","amount":1000}"#), Reason::Allowed);
    assert_eq!(of(r#"{"action":"buy","amount":1001}"#), Reason::BudgetExceeded);
    assert_eq!(decide(&[&window], &ask(r#"{"action":"buy","amount":1}"#)).reason, Reason::NoPermission);
}

#[test]
fn two_arguments_can_be_compared_and_an_absent_one_is_a_no() {
    let same = r#"{"effect":"allow","actions":["a"],"conditions":[{"path":"args.to","op":"eq","ref":"args.owner.id"}]}"#;
    let block = r#"{"effect":"block","actions":["a"],"conditions":[{"path":"args.to","op":"ne","ref":"args.owner.id"}]}"#;
    assert_reasons(&[
        (&[same], r#"{"action":"a","args":{"to":1,"owner":{"id":1.0}}}"#, Reason::Allowed),
        (&[same], r#"{"action":"a","args":{"to":1,"owner":{"id":2}}}"#, Reason::ArgumentRefused),
        (&[same], r#"{"action":"a","args":{"to":1}}"#, Reason::ArgumentRefused),
        (&[ANY, block], r#"{"action":"a","args":{"to":1,"owner":{"id":1}}}"#, Reason::Allowed),
        (&[ANY, block], r#"{"action":"a","args":{"to":1,"owner":{"id":2}}}"#, Reason::ActionBlocked),
        (&[ANY, block], r#"{"action":"a","args":{"to":1}}"#, Reason::PolicyError),
    ]);
    let sentence = |text: &str| decide(&[same], &ask(text)).sentence.into_owned();
    assert_eq!(
        sentence(r#"{"action":"a","args":{"to":1}}"#),
        format!(
            "The argument args.to must be the argument args.owner.id, and there is none (permission {}).",
            id(1)
        )
    );
    assert_eq!(
        sentence(r#"{"action":"a","args":{"to":"x","owner":{"id":2}}}"#),
        format!(
            "The argument args.to is \"x\", and must be the argument args.owner.id (permission {}).",
            id(1)
        )
    );
}

#[test]
fn one_permission_without_a_person_is_enough() {
    let always = r#"{"effect":"allow","actions":["a"],"approval":"always"}"#;
    assert_reasons(&[
        (&[always], r#"{"action":"a"}"#, Reason::ApprovalRequired),
        (&[always, ANY], r#"{"action":"a"}"#, Reason::Allowed),
        (&[always, r#"{"effect":"block","actions":["a"]}"#], r#"{"action":"a"}"#, Reason::ActionBlocked),
    ]);
    let decision = decide(&[always], &ask(r#"{"action":"a"}"#));
    assert_eq!((decision.missing, decision.risk), (Some("approval"), Risk::Medium));
}

#[test]
fn validity_schedule_and_user_are_named_when_they_fail() {
    assert_reasons(&[
        (
            &[r#"{"effect":"allow","actions":["a"],"expiresAt":"2026-11-18T11:06:40Z"}"#],
            r#"{"action":"a"}"#,
            Reason::PermissionExpired,
        ),
        (
            &[r#"{"effect":"allow","actions":["a"],"expiresAt":"2026-11-18T11:06:41Z"}"#],
            r#"{"action":"a"}"#,
            Reason::Allowed,
        ),
        (
            &[r#"{"effect":"allow","actions":["a"],"notBefore":"2026-11-18T11:06:41Z"}"#],
            r#"{"action":"a"}"#,
            Reason::PermissionNotYetValid,
        ),
        (
            &[r#"{"effect":"allow","actions":["a"],"notBefore":"2026-11-18T11:06:40Z"}"#],
            r#"{"action":"a"}"#,
            Reason::Allowed,
        ),
        (
            &[
                r#"{"effect":"allow","actions":["a"],"schedule":{"days":["wed"],"from":"12:00","to":"13:00","timeZone":"Europe/Rome"}}"#,
            ],
            r#"{"action":"a"}"#,
            Reason::Allowed,
        ),
        (
            &[
                r#"{"effect":"allow","actions":["a"],"schedule":{"days":["wed"],"from":"12:00","to":"13:00"}}"#,
            ],
            r#"{"action":"a"}"#,
            Reason::OutsideSchedule,
        ),
        (
            &[ANY, r#"{"effect":"block","actions":["a"],"expiresAt":"2026-01-01T00:00:00Z"}"#],
            r#"{"action":"a"}"#,
            Reason::Allowed,
        ),
        (&[r#"{"effect":"allow","actions":["a"],"user":"ada"}"#], r#"{"action":"a"}"#, Reason::UserMismatch),
    ]);
    let ada = r#"{"effect":"allow","actions":["a"],"user":"ada"}"#;
    assert!(decide(&[ada], &for_user(r#"{"action":"a"}"#, "ada")).is_allowed());
    assert_eq!(decide(&[ada], &for_user(r#"{"action":"a"}"#, "Ada")).reason, Reason::UserMismatch);
}

#[test]
fn arguments_are_judged_and_both_values_are_named() {
    let own = r#"{"effect":"allow","actions":["tool.call"],"resources":["shop/orders"],
        "conditions":[{"path":"args.customerId","op":"eq","ref":"user.id"},{"path":"args.n","op":"le","value":3}]}"#;
    let call = |args: &str| format!(r#"{{"action":"tool.call","resource":"shop/orders","args":{args}}}"#);
    let ada = |args: &str| decide(&[own], &for_user(&call(args), "ada"));
    assert!(ada(r#"{"customerId":"ada","n":3.0}"#).is_allowed());
    let decision = ada(r#"{"customerId":"bob","n":3}"#);
    assert_eq!((decision.reason, decision.missing), (Reason::ArgumentRefused, Some("argument")));
    assert_eq!(
        decision.sentence,
        format!(
            "The argument args.customerId is \"bob\", and must be the id of the verified user (permission {}).",
            id(1)
        )
    );
    let too_many = ada(r#"{"customerId":"ada","n":30}"#).sentence;
    assert!(too_many.starts_with("The argument args.n is 30, and must be at most 3 ("), "{too_many}");
    let absent = ada(r#"{"n":1}"#).sentence;
    assert!(absent.starts_with("The argument args.customerId is missing, and must be "), "{absent}");
    assert_eq!(ada(r#"{"customerId":"ada","n":1e999999999}"#).reason, Reason::PolicyError);
    let nobody = decide(&[own], &ask(&call(r#"{"customerId":"ada","n":1}"#)));
    assert_eq!(nobody.reason, Reason::UserMismatch);
}

#[test]
fn a_sentence_never_shows_a_value_of_the_user() {
    let rule = r#"{"effect":"allow","actions":["a"],"conditions":[{"path":"args.x","op":"OP"}]}"#;
    for (op, args) in [
        (r#"ne","ref":"user.id"#, r#"{"x":"ada-lovelace"}"#),
        (r#"eq","value":"b"#, r#"{"x":"ADA-Lovelace"}"#),
        (r#"eq","value":"b"#, r#"{"x":"the orders of ada-lovelace"}"#),
        (r#"prefix","value":"b"#, r#"{"x":"gold-1815"}"#),
    ] {
        let Json::Map(attributes) = Json::parse(r#"{"plans":["gold-1815"]}"#).unwrap() else {
            panic!("an object");
        };
        let user = VerifiedUser { id: "ada-lovelace".to_owned(), attributes, ..VerifiedUser::default() };
        let call = format!(r#"{{"action":"a","args":{args}}}"#);
        let ask = Ask { user: Some(Arc::new(ActingUser::supposed(user))), ..ask(&call) };
        let sentence = decide(&[&rule.replace("OP", op)], &ask).sentence;
        assert!(
            sentence.starts_with("The argument args.x is a value of the user, and must be "),
            "{sentence}"
        );
    }
}

#[test]
fn a_block_that_compares_with_a_fact_which_is_not_there_is_a_no() {
    let block = r#"{"effect":"block","actions":["a"],"conditions":[{"path":"args.x","op":"ne","ref":"user.attributes.limit"}]}"#;
    let call = r#"{"action":"a","args":{"x":2}}"#;
    assert!(decide(&[ANY, block], &for_user(call, "ada")).is_allowed());
    for ask in [for_user(call, "bob"), ask(call)] {
        assert_eq!(decide(&[ANY, block], &ask).reason, Reason::PolicyError);
    }
}

#[test]
fn an_error_anywhere_is_a_no_whatever_else_allows() {
    let absurd = r#"{"effect":"allow","actions":["a"],"conditions":[{"path":"args.n","op":"eq","value":1},{"path":"args.m","op":"lt","value":1}]}"#;
    let decision = decide(&[ANY, absurd], &ask(r#"{"action":"a","args":{"n":2,"m":1e999999999}}"#));
    assert_eq!((decision.reason, decision.permission), (Reason::PolicyError, Some(id(2))));
    // A permission that should never have been saved: it denies what it might touch, and nothing else.
    for (broken, touched, untouched) in [
        (r#"{"effect":"allow","actions":["b"],"vendors":["*"]}"#, "b", Some("a")),
        (
            r#"{"effect":"block","actions":["b"],"conditions":[{"path":"x","op":"eq","value":1}]}"#,
            "B",
            Some("a"),
        ),
        (r#"{"effect":"block","actions":["b?"]}"#, "a", None),
        (r#"{"effect":"block","actions":[]}"#, "a", None),
        (r#"{"effect":"block","actions":["b"],"approval":"always"}"#, "b", Some("a")),
    ] {
        let of = |action: &str| decide(&[ANY, broken], &ask(&format!(r#"{{"action":"{action}"}}"#)));
        assert_eq!(
            (of(touched).reason, of(touched).permission),
            (Reason::PolicyError, Some(id(2))),
            "{broken}"
        );
        assert!(untouched.is_none_or(|action| of(action).is_allowed()), "{broken}");
    }
    let long = Ask { action: "a".repeat(257), ..Ask::default() };
    assert_eq!(decide(&[ANY], &long).reason, Reason::PolicyError);
}

#[test]
fn the_nearest_permission_gives_the_reason_and_the_others_are_told() {
    let texts = [
        r#"{"effect":"allow","actions":["a"],"user":"ada"}"#,
        r#"{"effect":"allow","actions":["a"],"maxAmount":{"value":5,"currency":"USD"}}"#,
        r#"{"effect":"allow","actions":["a"],"resources":["x"]}"#,
        r#"{"effect":"block","actions":["a"],"expiresAt":"2026-01-01T00:00:00Z"}"#,
        r#"{"effect":"allow","actions":["b"]}"#,
    ];
    let policy = Policy::compile(7, permissions(&texts));
    let explained = policy.explain(&ask(r#"{"action":"a","amount":9}"#), &Facts::default(), now());
    assert_eq!((policy.version(), explained.decision.permission), (7, Some(id(2))));
    let near: Vec<_> = explained.near.iter().map(|near| near.permission).collect();
    assert_eq!(near, [Some(id(4)), Some(id(1)), Some(id(3))]);
    assert!(
        explained.near[0].sentence.starts_with("It blocks, and does not apply. The permission expired at")
    );
    assert_eq!(explained.near[2].sentence, "It covers the action on x alone.");
}

/// That a permission with these members is refused, and the sentence begins so.
fn assert_names(members: &str, field: &str) {
    let permission: Permission = serde_json::from_str(&format!(r#"{{"effect":"allow",{members}}}"#)).unwrap();
    let error = crate::validate(&permission).unwrap_err();
    assert_eq!(error.reason(), Reason::FieldInvalid);
    assert!(error.sentence().starts_with(field), "{}", error.sentence());
}

#[test]
fn limits_over_time_and_quorums_that_cannot_be_saved_name_their_field() {
    for (members, field) in [
        (r#""actions":["a"],"window":{"per":"P1D"}"#, "window must"),
        (r#""actions":["a"],"window":{"count":0,"per":"P1D"}"#, "window.count must"),
        (r#""actions":["a"],"window":{"count":1000001,"per":"P1D"}"#, "window.count must"),
        (
            r#""actions":["a"],"maxAmount":{"value":1,"currency":"USD"},"window":{"amount":{"value":1,"currency":"EUR"},"per":"P1D"}"#,
            "window.amount.currency must",
        ),
        (
            r#""actions":["a"],"approval":{"above":{"value":1,"currency":"USD"}},"window":{"amount":{"value":1,"currency":"EUR"},"per":"P1D"}"#,
            "window.amount.currency must",
        ),
        (r#""actions":["a"],"quorum":1"#, "quorum must"),
        (r#""actions":["a"],"quorum":0,"approval":"always""#, "quorum must"),
        (r#""actions":["a"],"quorum":11,"approval":"always""#, "quorum must"),
    ] {
        assert_names(members, field);
    }
}

#[test]
fn a_permission_that_cannot_be_saved_names_its_field() {
    for (members, field) in [
        (r#""actions":[]"#, "actions must"),
        (r#""actions":["a b"]"#, "actions[0] must"),
        (r#""actions":["a","b[c]"]"#, "actions[1] must"),
        (r#""actions":["a"],"resources":[]"#, "resources must"),
        (r#""actions":["a"],"resources":["x",""]"#, "resources[1] must"),
        (r#""actions":["a"],"vendors":["x.com/path"]"#, "vendors[0] must"),
        (r#""actions":["a"],"conditions":[{"path":"n","op":"eq","value":1}]"#, "conditions[0] path must"),
        (
            r#""actions":["a"],"conditions":[{"path":"args.n","op":"in","value":1}]"#,
            "conditions[0] value must",
        ),
        (r#""actions":["a"],"schedule":{"days":["mon"],"from":"9","to":"10:00"}"#, "schedule.from must"),
        (
            r#""actions":["a"],"notBefore":"2027-01-01T00:00:00Z","expiresAt":"2026-01-01T00:00:00Z""#,
            "expiresAt must",
        ),
        (r#""actions":["a"],"user":"""#, "user must"),
        (
            r#""actions":["a"],"maxAmount":{"value":1,"currency":"USD"},"approval":{"above":{"value":1,"currency":"EUR"}}"#,
            "approval.above.currency must",
        ),
    ] {
        assert_names(members, field);
    }
    for members in [
        r#""maxAmount":{"value":1,"currency":"USD"}"#,
        r#""approval":"always""#,
        r#""window":{"count":1,"per":"P1D"}"#,
        r#""quorum":2"#,
    ] {
        let block: Permission =
            serde_json::from_str(&format!(r#"{{"effect":"block","actions":["a"],{members}}}"#)).unwrap();
        assert_eq!(crate::validate(&block).unwrap_err().reason(), Reason::FieldInvalid);
    }
    for members in [
        r#""quorum":1,"approval":"always""#,
        r#""quorum":10,"approval":{"above":{"value":1,"currency":"USD"}}"#,
        r#""window":{"count":1000000,"per":"P1D"}"#,
        r#""maxAmount":{"value":1,"currency":"USD"},"window":{"amount":{"value":9,"currency":"USD"},"per":"PT1H","hold":{"lasts":"PT1M","then":"released"}}"#,
    ] {
        let allow: Permission =
            serde_json::from_str(&format!(r#"{{"effect":"allow","actions":["a"],{members}}}"#)).unwrap();
        assert!(crate::validate(&allow).is_ok(), "{members}");
    }
    assert!(permissions(&[ANY]).iter().all(|permission| crate::validate(permission).is_ok()));
}

#[test]
fn the_list_hides_what_no_call_could_get() {
    let tool = |resource| Listing {
        action: "tool.call",
        resource: Some(resource),
        vendor: Some("x.com"),
        user: None,
    };
    let lists =
        |texts: &[&str], resource| Policy::compile(1, permissions(texts)).could_allow(&tool(resource), now());
    let refund = r#"{"effect":"allow","actions":["tool.call"],"resources":["shop/refund"],
        "conditions":[{"path":"args.n","op":"le","value":3}],"maxAmount":{"value":5,"currency":"USD"}}"#;
    assert!(lists(&[refund], "shop/refund") && !lists(&[refund], "shop/other"));
    let never = r#"{"effect":"allow","actions":["tool.call"],
        "conditions":[{"path":"args.n","op":"le","value":3},{"path":"args.n","op":"gt","value":3}]}"#;
    assert!(!lists(&[never], "shop/refund"));
    let sometimes =
        r#"{"effect":"block","actions":["*"],"conditions":[{"path":"args.n","op":"le","value":3}]}"#;
    assert!(lists(&[ANY, sometimes], "t") && !lists(&[ANY, r#"{"effect":"block","actions":["*"]}"#], "t"));
    assert!(lists(&[r#"{"effect":"allow","actions":["*"],"approval":"always"}"#], "t"));
    assert!(!lists(&[r#"{"effect":"allow","actions":["*"],"user":"ada"}"#], "t"));
    assert!(!lists(&[ANY, r#"{"effect":"allow","actions":["tool.call"],"vendors":["*"]}"#], "t"));
    assert!(!lists(&[], "t"));
    let nothing_named = Listing { action: "a", resource: None, vendor: None, user: None };
    let hides =
        |block: &str| !Policy::compile(1, permissions(&[ANY, block])).could_allow(&nothing_named, now());
    assert!(hides(r#"{"effect":"block","actions":["a"],"resources":["x"]}"#));
    assert!(hides(r#"{"effect":"block","actions":["a"],"vendors":["x.com"]}"#));
    assert!(!hides(r#"{"effect":"block","actions":["b"]}"#));
}

#[test]
fn for_somebody_a_user_s_own_is_listed_and_what_nobody_may_is_not() {
    let listing = Listing { action: "tool.call", resource: Some("t"), vendor: Some("x.com"), user: None };
    let lists = |texts: &[&str]| {
        let policy = Policy::compile(1, permissions(texts));
        (policy.could_allow(&listing, now()), policy.could_allow_for_somebody(&listing, now()))
    };
    let own = r#"{"effect":"allow","actions":["tool.call"],"conditions":[{"path":"args.id","op":"eq","ref":"user.id"}]}"#;
    let ada = r#"{"effect":"allow","actions":["tool.call"],"user":"ada"}"#;
    assert_eq!(lists(&[own]), (false, true));
    assert_eq!(lists(&[ada]), (false, true));
    assert_eq!(lists(&[ANY]), (true, true));
    assert_eq!(lists(&[own, r#"{"effect":"block","actions":["*"]}"#]), (false, false));
    // One user is blocked, another is not; whom alone a permission is for is blocked too.
    let not_ada = r#"{"effect":"block","actions":["*"],"user":"ada"}"#;
    assert_eq!(lists(&[own, not_ada]), (false, true));
    assert_eq!(lists(&[ada, not_ada]), (false, false));
    let past =
        r#"{"effect":"allow","actions":["tool.call"],"user":"ada","expiresAt":"2001-01-01T00:00:00Z"}"#;
    let never = r#"{"effect":"allow","actions":["tool.call"],"conditions":[{"path":"args.id","op":"eq","ref":"user.id"},
        {"path":"args.n","op":"le","value":3},{"path":"args.n","op":"gt","value":3}]}"#;
    assert_eq!(
        (lists(&[past]), lists(&[never]), lists(&[])),
        ((false, false), (false, false), (false, false))
    );
}

/// So many permissions, each about its own tool of the same server; the last is the one that is asked.
fn many(number: usize) -> (Policy, Ask) {
    let text = |n: usize| {
        let resource = if n.is_multiple_of(2) { format!("shop/tool{n}") } else { format!("server{n}/*") };
        format!(r#"{{"effect":"allow","actions":["tool.call"],"resources":["{resource}"]}}"#)
    };
    let permissions: Vec<Permission> =
        (0..=number).map(|n| serde_json::from_str(&text(n)).unwrap()).collect();
    (
        Policy::compile(1, &permissions),
        ask(&format!(r#"{{"action":"tool.call","resource":"shop/tool{number}"}}"#)),
    )
}

#[test]
fn of_ten_thousand_permissions_one_is_judged() {
    let (policy, ask) = many(10_000);
    let subject = Subject::new(super::named(&ask), now()).unwrap();
    assert_eq!(policy.candidates(&subject).count(), 1);
    assert!(policy.decide(&ask, &Facts::default(), now()).is_allowed());
}

/// `cargo test --release -p procura-policy -- --ignored --nocapture ten_thousand_cost`
#[test]
#[ignore = "a figure of the release build"]
fn ten_thousand_cost_about_as_much_as_ten() {
    for number in [10, 32, 100, 1_000, 10_000] {
        let (policy, ask) = many(number);
        let mut best_ns = u128::MAX;
        for _ in 0..20 {
            let start = std::time::Instant::now();
            for _ in 0..1_000 {
                let decision = std::hint::black_box(&policy).decide(
                    std::hint::black_box(&ask),
                    &Facts::default(),
                    now(),
                );
                assert!(decision.is_allowed());
            }
            best_ns = best_ns.min(start.elapsed().as_nanos() / 1_000);
        }
        println!("{number} permissions: {best_ns} ns");
    }
}

/// `cargo test --release -p procura-policy -- --ignored --nocapture fifty`
#[test]
#[ignore = "a figure of the release build"]
fn fifty_permissions_are_decided_within_three_microseconds() {
    let texts: Vec<String> = (0..50)
        .map(|n| {
            let effect = if n % 5 == 4 { "block" } else { "allow" };
            format!(r#"{{"effect":"{effect}","actions":["area{n}.*"],"resources":["shop/{n}/*"],"vendors":["v{n}.com","*.v{n}.com"]}}"#)
        })
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let policy = Policy::compile(1, permissions(&texts));
    for (name, text, verdict) in [
        (
            "allowed by the 49th",
            r#"{"action":"area48.buy","resource":"shop/48/1","vendor":"www.v48.com"}"#,
            Verdict::Allow,
        ),
        (
            "covered by none",
            r#"{"action":"other.buy","resource":"shop/48/1","vendor":"www.v48.com"}"#,
            Verdict::Deny,
        ),
    ] {
        let ask = ask(text);
        let mut best_ns = u128::MAX;
        for _ in 0..20 {
            let start = std::time::Instant::now();
            for _ in 0..10_000 {
                let decision = std::hint::black_box(&policy).decide(
                    std::hint::black_box(&ask),
                    &Facts::default(),
                    now(),
                );
                assert_eq!(decision.verdict, verdict);
            }
            best_ns = best_ns.min(start.elapsed().as_nanos() / 10_000);
        }
        println!("{name}: {best_ns} ns");
        assert!(best_ns < 3_000, "{best_ns} ns");
    }
}
