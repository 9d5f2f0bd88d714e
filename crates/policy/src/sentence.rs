//! A permission in one plain English sentence, for the console. It says everything that the permission
//! says, so a person who reads it knows what is enforced.

use crate::{condition, schedule, shown};
use procura_model::{ApprovalRule, Effect, Hold, Period, Permission, Time, Unsettled, Window};

/// The permission in one sentence.
#[must_use]
pub fn sentence(permission: &Permission) -> String {
    let mut out = what(permission);
    if !permission.vendors.is_empty() {
        out.push_str(&format!(" with {}", vendors(&permission.vendors)));
    }
    if let Some(user) = &permission.user {
        out.push_str(&format!(" for the user {}", shown::text(user)));
    }
    if !permission.conditions.is_empty() {
        let all: Vec<String> = permission
            .conditions
            .iter()
            .map(|condition| format!("{} is {}", condition.path, condition::wording(condition)))
            .collect();
        out.push_str(&format!(" when {}", all.join(" and ")));
    }
    if let Some(ceiling) = permission.max_amount {
        out.push_str(&format!(", up to {ceiling} per call"));
    }
    if let Some(limit) = &permission.window {
        out.push_str(&window(limit));
    }
    let people = match permission.quorum {
        None | Some(0 | 1) => "a person".to_owned(),
        Some(quorum) => format!("{quorum} people"),
    };
    match permission.approval {
        ApprovalRule::Never => {}
        ApprovalRule::Always => out.push_str(&format!("; {people} must approve every call")),
        ApprovalRule::Above(threshold) => {
            out.push_str(&format!("; {people} must approve above {threshold}"));
        }
    }
    if let Some(hours) = &permission.schedule {
        let days = schedule::days_in_words(&hours.days);
        out.push_str(&format!("; on {days} from {} to {} ({})", hours.from, hours.to, hours.time_zone));
    }
    match (permission.not_before, permission.expires_at) {
        (None, None) => {}
        (Some(from), None) => out.push_str(&format!("; from {}", day(from))),
        (None, Some(until)) => out.push_str(&format!("; until {}", day(until))),
        (Some(from), Some(until)) => out.push_str(&format!("; from {} until {}", day(from), day(until))),
    }
    out.push('.');
    let out = out.replace("on every day", "every day");
    if permission.shadow { format!("In shadow, so it decides nothing yet: {out}") } else { out }
}

/// A limit within a rolling window, in words: `, at most 2000.00 USD and 3 calls within 30 days`.
#[must_use]
pub fn window(window: &Window) -> String {
    let amount = window.amount.map(|amount| amount.to_string());
    let count = window.count.map(|count| counted(count, "call"));
    let limits: Vec<String> = [amount, count].into_iter().flatten().collect();
    let mut out = format!(", at most {} within {}", limits.join(" and "), period(window.per));
    if window.hold != Hold::default() {
        let then = match window.hold.then {
            Unsettled::Spent => "counts as spent",
            Unsettled::Released => "is free again",
        };
        let lasts = period(window.hold.lasts);
        out.push_str(&format!("; what nobody reports within {lasts} {then}"));
    }
    out
}

/// A period in words: `30 days`, `1 day 12 hours`.
#[must_use]
pub fn period(period: Period) -> String {
    let mut rest = period.as_ms() / 1_000;
    let mut parts = Vec::new();
    for (seconds, unit) in [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")] {
        if rest >= seconds {
            parts.push(counted(rest / seconds, unit));
        }
        rest %= seconds;
    }
    parts.join(" ")
}

fn counted(number: i64, unit: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

fn what(permission: &Permission) -> String {
    let verb = match permission.effect {
        Effect::Allow => "May",
        Effect::Block => "Must never",
    };
    let is_any = |patterns: &[String]| patterns.iter().any(|pattern| pattern == "*");
    let actions = shown::list(&permission.actions, "or");
    let resources = shown::list(&permission.resources, "or");
    match (is_any(&permission.actions), is_any(&permission.resources)) {
        (true, true) => format!("{verb} do anything"),
        (true, false) => format!("{verb} do anything on {resources}"),
        (false, true) if actions == "tool.call" => format!("{verb} call any tool"),
        (false, true) => format!("{verb} do {actions}"),
        (false, false) if actions == "tool.call" => format!("{verb} call {resources}"),
        (false, false) => format!("{verb} do {actions} on {resources}"),
    }
}

fn vendors(vendors: &[String]) -> String {
    let named: Vec<String> = vendors
        .iter()
        .map(|vendor| {
            vendor.strip_prefix("*.").map_or_else(|| vendor.clone(), |host| format!("any host below {host}"))
        })
        .collect();
    shown::list(&named, "or")
}

/// The day alone where the time is midnight in UTC.
fn day(time: Time) -> String {
    let text = time.to_string();
    text.strip_suffix("T00:00:00.000Z").map_or_else(|| text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_s_examples_can_be_saved_and_read_as_it_says() {
        let text = include_str!("../../../docs/POLICY.md");
        let mut examples = 0;
        for part in text.split("```json\n").skip(1) {
            let (document, rest) = part.split_once("```\n").unwrap();
            let permission: Permission = serde_json::from_str(document).unwrap();
            crate::validate(&permission).unwrap();
            let said = rest.lines().next().and_then(|line| line.strip_prefix("> ")).unwrap_or_default();
            assert_eq!(sentence(&permission), said);
            examples += 1;
        }
        assert!(examples >= 9, "{examples}");
    }

    #[test]
    fn a_permission_reads_as_one_sentence() {
        for (permission, expected) in [
            (
                r#"{"effect":"allow","actions":["tool.call"],"resources":["shop/refund"],
                    "conditions":[{"path":"args.amount","op":"le","value":100}],"maxAmount":{"value":500,"currency":"USD"},
                    "approval":{"above":{"value":200,"currency":"USD"}},"expiresAt":"2027-01-01T00:00:00Z"}"#,
                "May call shop/refund when args.amount is at most 100, up to 500.00 USD per call; \
                 a person must approve above 200.00 USD; until 2027-01-01.",
            ),
            (
                r#"{"effect":"allow","actions":["purchase.*"],"vendors":["coachella.com","*.x.com"],"user":"ada",
                    "conditions":[{"path":"args.customerId","op":"eq","ref":"user.id"},
                                  {"path":"args.kind","op":"in","value":["a","b"]}],"approval":"always",
                    "schedule":{"days":["mon","tue","wed"],"from":"09:00","to":"17:00","timeZone":"Europe/Rome"}}"#,
                "May do purchase.* with coachella.com or any host below x.com for the user \"ada\" \
                 when args.customerId is the id of the verified user and args.kind is one of \"a\" or \"b\"; \
                 a person must approve every call; on Mon to Wed from 09:00 to 17:00 (Europe/Rome).",
            ),
            (
                r#"{"effect":"allow","actions":["a"],"conditions":[{"path":"args.to","op":"eq","ref":"user.email"},
                    {"path":"args.plan","op":"eq","ref":"user.attributes.plan.name"}]}"#,
                "May do a when args.to is the e-mail address of the verified user \
                 and args.plan is the attribute \"plan.name\" of the verified user.",
            ),
            (r#"{"effect":"block","actions":["*"]}"#, "Must never do anything."),
            (
                r#"{"effect":"allow","actions":["a"],"maxAmount":{"value":500,"currency":"USD"},
                    "window":{"amount":{"value":2000,"currency":"USD"},"count":3,"per":"P30D"},
                    "approval":{"above":{"value":200,"currency":"USD"}},"quorum":2}"#,
                "May do a, up to 500.00 USD per call, at most 2000.00 USD and 3 calls within 30 days; \
                 2 people must approve above 200.00 USD.",
            ),
            (
                r#"{"effect":"allow","actions":["a"],"window":{"count":1,"per":"P1DT12H",
                    "hold":{"lasts":"PT1H","then":"released"}},"approval":"always","quorum":1}"#,
                "May do a, at most 1 call within 1 day 12 hours; what nobody reports within 1 hour is free \
                 again; a person must approve every call.",
            ),
            (
                r#"{"effect":"block","actions":["a"],"shadow":true,
                    "conditions":[{"path":"args.to","op":"ne","ref":"args.from"}]}"#,
                "In shadow, so it decides nothing yet: Must never do a when args.to is anything but the \
                 argument args.from.",
            ),
            (r#"{"effect":"block","actions":["tool.call"]}"#, "Must never call any tool."),
            (
                r#"{"effect":"allow","actions":["a","b"],"resources":["x","y"],"notBefore":"2026-01-01T10:00:00Z"}"#,
                "May do a or b on x or y; from 2026-01-01T10:00:00.000Z.",
            ),
        ] {
            assert_eq!(sentence(&serde_json::from_str(permission).unwrap()), expected);
        }
    }
}
