//! Whether conditions can hold at all: the list view's half of the rule. The answer "no" is a proof;
//! where nothing is proven, the tool is listed and the call decides.
//!
//! Conditions on one path are looked at together: one value must meet them all. With `eq` or `in` the
//! few values that could are tried with the very test of the call view; numeric bounds are an
//! interval; prefixes must continue each other; a number is never a text. A comparison with another
//! argument is taken to hold: some other argument would make it so.

use crate::condition::{Answer, Bound, Check, Known, Operand, Presence, Test};
use crate::number::Decimal;
use procura_model::{Json, VerifiedUser};
use std::cmp::Ordering;

/// Whether some arguments could meet every condition.
pub(crate) fn could_all_hold(conditions: &[Check], user: Option<&VerifiedUser>) -> bool {
    conditions.iter().enumerate().all(|(index, check)| {
        let is_first = conditions.iter().take(index).all(|before| before.path != check.path);
        !is_first || {
            let group: Vec<&Check> = conditions.iter().filter(|other| other.path == check.path).collect();
            group_could_hold(&group, user)
        }
    })
}

/// Whether some arguments and some verified user could meet every condition: what compares with the user is taken to hold.
pub(crate) fn could_all_hold_for_somebody(conditions: &[Check]) -> bool {
    let asks_who =
        |check: &Check| matches!(check.test, Test::Eq(Operand::User(_)) | Test::Ne(Operand::User(_)));
    let rest: Vec<Check> = conditions.iter().filter(|check| !asks_who(check)).cloned().collect();
    could_all_hold(&rest, None)
}

fn group_could_hold(group: &[&Check], user: Option<&VerifiedUser>) -> bool {
    let wants = |presence| group.iter().any(|check| matches!(check.test, Test::Exists(p) if p == presence));
    if wants(Presence::Absent) {
        return group.iter().all(|check| matches!(check.test, Test::Exists(Presence::Absent)));
    }
    let lacks_fact = |check: &&Check| match &check.test {
        Test::Eq(Operand::User(fact)) | Test::Ne(Operand::User(fact)) => fact.of(user).is_err(),
        _ => false,
    };
    if group.iter().any(lacks_fact) {
        return false;
    }
    match group.iter().find_map(|check| candidates(&check.test, user)) {
        Some(values) => values.iter().any(|value| meets_all(group, value, user)),
        None => types_agree(group) && interval_is_open(group, user) && prefixes_agree(group),
    }
}

/// The only values that could meet this test, where they can be counted.
fn candidates(test: &Test, user: Option<&VerifiedUser>) -> Option<Vec<Json>> {
    match test {
        Test::Eq(Operand::Literal(value)) => Some(vec![value.clone()]),
        Test::Eq(Operand::User(fact)) => Some(fact.of(user).into_iter().collect()),
        Test::In(values) => Some(values.clone()),
        Test::Eq(Operand::Argument(_))
        | Test::Ne(_)
        | Test::Prefix(_)
        | Test::Glob(_)
        | Test::Order(..)
        | Test::Exists(_) => None,
    }
}

fn meets_all(group: &[&Check], value: &Json, user: Option<&VerifiedUser>) -> bool {
    let known = Known { args: None, user };
    group.iter().all(|check| check.names_another() || check.answer(Some(value), known) == Answer::Holds)
}

fn types_agree(group: &[&Check]) -> bool {
    let numbers = group.iter().any(|check| matches!(check.test, Test::Order(..)));
    let texts = group.iter().any(|check| matches!(check.test, Test::Prefix(_) | Test::Glob(_)));
    !(numbers && texts)
}

/// Whether a number lies between the bounds. An interval of one number has that one to try.
fn interval_is_open(group: &[&Check], user: Option<&VerifiedUser>) -> bool {
    let bounds = || {
        group.iter().filter_map(|check| match &check.test {
            Test::Order(bound, limit) => Some((*bound, limit)),
            _ => None,
        })
    };
    let lower =
        bounds().filter(|(bound, _)| matches!(bound, Bound::Gt | Bound::Ge)).map(|(_, limit)| limit).max();
    let upper =
        bounds().filter(|(bound, _)| matches!(bound, Bound::Lt | Bound::Le)).map(|(_, limit)| limit).min();
    let (Some(low), Some(high)) = (lower, upper) else { return true };
    match low.cmp(high) {
        Ordering::Less => true,
        Ordering::Greater => false,
        Ordering::Equal => group.iter().all(|check| takes_number(&check.test, low, user)),
    }
}

/// What the bounds and exclusions say of one number; any other test is taken to hold.
fn takes_number(test: &Test, number: &Decimal, user: Option<&VerifiedUser>) -> bool {
    let is_other = |value: &Json| match value {
        Json::Number(digits) => Decimal::read(digits).as_ref() != Ok(number),
        _ => true,
    };
    match test {
        Test::Order(bound, limit) => bound.allows(number.cmp(limit)),
        Test::Ne(Operand::Literal(value)) => is_other(value),
        Test::Ne(Operand::User(fact)) => fact.of(user).is_ok_and(|value| is_other(&value)),
        _ => true,
    }
}

fn prefixes_agree(group: &[&Check]) -> bool {
    let prefixes = || {
        group.iter().filter_map(|check| match &check.test {
            Test::Prefix(prefix) => Some(&**prefix),
            _ => None,
        })
    };
    let longest = prefixes().max_by_key(|prefix| prefix.len()).unwrap_or_default();
    prefixes().all(|prefix| longest.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::Condition;

    fn ada() -> VerifiedUser {
        let attributes = vec![("limit".to_owned(), Json::Number("2.0".into()))];
        VerifiedUser { id: "ada".to_owned(), attributes, ..VerifiedUser::default() }
    }

    fn could(conditions: &[&str], user: Option<&VerifiedUser>) -> bool {
        let compiled: Vec<Check> = conditions
            .iter()
            .map(|text| Check::compile(&serde_json::from_str::<Condition>(text).unwrap()).unwrap())
            .collect();
        could_all_hold(&compiled, user)
    }

    /// Conditions on `args.a` (or the named path) in short: operator and value.
    fn conditions(short: &[&str]) -> Vec<String> {
        let long = |short: &&str| {
            let (path, rest) = short.split_once(':').unwrap_or(("a", short));
            let (op, value) = rest.split_once(' ').unwrap();
            let operand = if value.starts_with("user") || value.starts_with("args") {
                format!(r#""ref":"{value}""#)
            } else {
                format!(r#""value":{value}"#)
            };
            format!(r#"{{"path":"args.{path}","op":"{op}",{operand}}}"#)
        };
        short.iter().map(long).collect()
    }

    #[test]
    fn contradictions_are_found() {
        for (short, expected) in [
            (&["eq 1", "eq 1.0"][..], true),
            (&["eq 1", "eq 2"], false),
            (&["a:eq 1", "b:eq 2"], true),
            (&["in [1,5]", "gt 3"], true),
            (&["in [1,5]", "gt 5"], false),
            (&["gt 1", "lt 2"], true),
            (&["gt 2", "lt 2"], false),
            (&["ge 2", "le 2"], true),
            (&["ge 2", "gt 2", "le 2"], false),
            (&["gt 2", "ge 2", "le 2"], false),
            (&["ge -0.05", "le -5e-2", "ne -0.05"], false),
            (&["ge 1e400", "le 1e400"], true),
            (&["gt 1", r#"prefix "x""#], false),
            (&[r#"prefix "ab""#, r#"prefix "a""#], true),
            (&[r#"prefix "ab""#, r#"prefix "b""#], false),
            (&["exists false"], true),
            (&["exists false", "ne 1"], false),
            (&["exists false", "exists true"], false),
            (&["eq user.id", r#"prefix "ad""#], true),
            (&["eq user.id", r#"prefix "b""#], false),
            (&["eq user.attributes.limit", "le 2"], true),
            (&["eq user.attributes.limit", "lt 2"], false),
            (&["eq user.attributes.limit", "ne 2.00"], false),
            (&["ge 2", "le 2", "ne user.attributes.limit"], false),
            (&["ge 3", "le 3", "ne user.attributes.limit"], true),
            (&["ne user.email"], false),
            (&["eq user.role"], false),
            (&["eq args.b"], true),
            (&["eq args.b", "eq 1"], true),
            (&["ne args.b", "ge 2", "le 2"], true),
            (&["eq args.b", "eq 1", "eq 2"], false),
            (&["eq args.b", "exists false"], false),
        ] {
            let conditions = conditions(short);
            let texts: Vec<&str> = conditions.iter().map(String::as_str).collect();
            assert_eq!(could(&texts, Some(&ada())), expected, "{short:?}");
        }
        assert!(!could(&[r#"{"path":"args.a","op":"ne","ref":"user.id"}"#], None));
    }
}
