//! One key in two spellings. Some readers of JSON (Go's) take a member in any case, and the last one
//! wins: what the policy reads as `arguments` such an upstream would overwrite with `Arguments`. So a
//! request in which two readers could find different values under one name is not passed on.

use crate::raw::Members;
use procura_model::Json;
use std::collections::HashSet;

/// The members of parameters that a gate or an upstream acts on.
const KNOWN: [&str; 10] = [
    "name",
    "arguments",
    "uri",
    "_meta",
    "ref",
    "argument",
    "context",
    "inputResponses",
    "requestState",
    "task",
];

/// Whether a member of the parameters is a known one in another case, or stands there in two cases.
pub(crate) fn is_disguised(members: &Members<'_>) -> bool {
    let keys = || members.0.iter().map(|(key, _)| &**key);
    keys().any(|key| !KNOWN.contains(&key) && KNOWN.iter().any(|known| folded(known) == folded(key)))
        || stand_twice(keys())
}

/// Whether an object in these arguments has two keys that differ by case alone.
pub(crate) fn has_twins(value: &Json) -> bool {
    match value {
        Json::Map(members) => {
            stand_twice(members.iter().map(|(key, _)| key.as_str()))
                || members.iter().any(|(_, value)| has_twins(value))
        }
        Json::List(values) => values.iter().any(has_twins),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => false,
    }
}

/// Whether two of these keys, which are all different, differ by case alone.
fn stand_twice<'k>(keys: impl Iterator<Item = &'k str> + Clone) -> bool {
    if keys.clone().all(is_in_lower_case) {
        return false;
    }
    let mut seen = HashSet::new();
    keys.map(folded).any(|key| !seen.insert(key))
}

fn is_in_lower_case(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
}

/// A key without its case; by way of the capitals, so that `ſ` is an `s` and the sign of Kelvin a `k`.
fn folded(key: &str) -> String {
    key.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disguised(params: &str) -> bool {
        is_disguised(&Members::parse(params).unwrap())
    }

    #[test]
    fn a_known_member_in_another_case_is_seen() {
        for params in [
            r#"{"name":"a","arguments":{},"Arguments":{}}"#,
            r#"{"name":"a","NAME":"b"}"#,
            r#"{"name":"a","argument\u017f":{}}"#,
            r#"{"uri":"a","URI":"b"}"#,
            r#"{"name":"a","_Meta":{}}"#,
            r#"{"name":"a","later":1,"LATER":2}"#,
        ] {
            assert!(disguised(params), "{params}");
        }
        assert!(!disguised(r#"{"name":"a","arguments":{},"_meta":{},"Later":1,"inputResponses":{}}"#));
    }

    #[test]
    fn two_keys_that_differ_by_case_are_seen_at_any_depth() {
        for args in [
            r#"{"amount":5,"Amount":5000}"#,
            r#"{"to":[{"id":1,"ID":2}]}"#,
            r#"{"k":1,"\u212a":2}"#,
            r#"{"straße":1,"STRASSE":2}"#,
        ] {
            assert!(has_twins(&Json::parse(args).unwrap()), "{args}");
        }
        for args in [r#"{"amount":5,"total":{"Amount":5}}"#, r#"{"A":1,"b":2}"#, r#"[{"a":1},{"A":1}]"#] {
            assert!(!has_twins(&Json::parse(args).unwrap()), "{args}");
        }
    }
}
