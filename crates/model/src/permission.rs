//! A permission: what an agent may or may not do, with its limits (VER-2). The JSON form is the
//! one of the API, the store and `procura check decision`; an unknown field is an error, so that
//! a limit which nobody enforces can never be saved.

use crate::{amount::Money, budget::Window, ids::PermissionId, json::Json, time::Time};
use serde::{Deserialize, Serialize};

/// One rule of an agent's policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Permission {
    /// The rule's id; given by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<PermissionId>,
    /// Whether it allows or blocks; blocked beats allowed.
    pub effect: Effect,
    /// Patterns of actions, such as `tool.call` or `purchase.*`.
    pub actions: Vec<String>,
    /// Patterns of resources, such as `shop/refund` or `shop/*`.
    #[serde(default = "everything")]
    pub resources: Vec<String>,
    /// Hosts, `*.host` for its subdomains; empty for any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vendors: Vec<String>,
    /// What must hold of the arguments; all of them must.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The most that one call may cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_amount: Option<Money>,
    /// The most that may be spent, or how often it may allow, within a rolling window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// When in the week it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// From when on it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Time>,
    /// Until when it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// Whether a person must agree.
    #[serde(default)]
    pub approval: ApprovalRule,
    /// How many people must agree, where a person must; as many as the organization has it where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quorum: Option<u8>,
    /// Whether it only records what it would have done (VER-5).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shadow: bool,
    /// The one end user for whom it holds; absent for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

fn everything() -> Vec<String> {
    vec!["*".to_owned()]
}

/// Whether a rule allows or blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// What it covers may be done.
    Allow,
    /// What it covers may not be done, whatever else allows it.
    Block,
}

/// When a person must agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApprovalRule {
    /// Never.
    #[default]
    Never,
    /// For every call.
    Always,
    /// For calls that cost more than this.
    Above(Money),
}

/// Something that must hold of the arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Where to look: `args.` and a dotted path.
    pub path: String,
    /// How to compare.
    pub op: Operator,
    /// With what: a literal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Json>,
    /// With what: a fact of the verified user (`user.id`, `user.email`, `user.role`, `user.attributes.<path>`), or
    /// another argument (`args.<path>`).
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "ref")]
    pub reference: Option<String>,
}

/// How a condition compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operator {
    /// Equal.
    Eq,
    /// Present and not equal.
    Ne,
    /// One of a list.
    In,
    /// A string that begins so.
    Prefix,
    /// A string that matches a pattern with `*` and `?`.
    Glob,
    /// A number less than.
    Lt,
    /// A number at most.
    Le,
    /// A number greater than.
    Gt,
    /// A number at least.
    Ge,
    /// Present (`true`) or absent (`false`).
    Exists,
}

/// Hours of the week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Schedule {
    /// On which days.
    pub days: Vec<Day>,
    /// From this time of day, `HH:MM`.
    pub from: String,
    /// To this time of day, `HH:MM`, not included; earlier than `from` means past midnight.
    pub to: String,
    /// An IANA time zone such as `Europe/Rome`.
    #[serde(default = "utc")]
    pub time_zone: String,
}

fn utc() -> String {
    "UTC".to_owned()
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    /// Monday
    Mon,
    /// Tuesday
    Tue,
    /// Wednesday
    Wed,
    /// Thursday
    Thu,
    /// Friday
    Fri,
    /// Saturday
    Sat,
    /// Sunday
    Sun,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_form_reads_back() {
        let text = r#"{"effect":"allow","actions":["purchase.*"],"resources":["*"],"vendors":["coachella.com"],
            "conditions":[{"path":"args.customerId","op":"eq","ref":"user.id"},{"path":"args.n","op":"le","value":3}],
            "maxAmount":{"value":500,"currency":"USD"},"approval":{"above":{"value":"200.00","currency":"USD"}},
            "window":{"amount":{"value":"2000","currency":"USD"},"per":"P30D"},"quorum":2,"shadow":true,
            "expiresAt":"2027-01-01T00:00:00Z"}"#;
        let permission: Permission = serde_json::from_str(text).unwrap();
        let again: Permission = serde_json::from_str(&serde_json::to_string(&permission).unwrap()).unwrap();
        assert_eq!(permission, again);
        assert_eq!(permission.max_amount.unwrap().to_string(), "500.00 USD");
    }

    #[test]
    fn a_limit_that_nobody_enforces_cannot_be_saved() {
        let text = r#"{"effect":"allow","actions":["*"],"maxCalls":3}"#;
        assert!(serde_json::from_str::<Permission>(text).is_err());
    }
}
