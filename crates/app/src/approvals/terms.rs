//! For how much people grant. Everything but a pattern is good for the very same call alone; a pattern is a permission
//! like any other: bounded, with an end, and on the page of policies.

use super::ask::shown_ask;
use procura_model::{
    Approval, ApprovalRule, ApprovalScope, Currency, Effect, Json, Money, Permission, Reason, Result, Time,
    Window, time::DAY_MS,
};
use procura_store::approvals::Terms;

/// How often a grant may be used at the most.
const MAX_TIMES: i64 = 100;
/// How long a grant or a pattern may be good at the most.
const LONGEST_MS: i64 = 30 * DAY_MS;

/// What somebody answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// Yes, for so much.
    Grant(Grant),
    /// No.
    Deny,
    /// No, and never again: a permission that blocks is added.
    DenyAndBlock,
}

/// For how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// One call.
    Once,
    /// So many calls: 2 to 100.
    Times(i64),
    /// Calls until then, at most 30 days from now.
    Until(Time),
    /// Calls of the task or the user's session in which it was asked.
    Task,
    /// One call; and a new permission with an end of its own.
    Pattern(Box<Permission>),
}

impl Grant {
    /// In the form of the API; two people who grant the same write the same.
    pub(super) fn text(&self) -> String {
        let form = match self {
            Self::Once => serde_json::json!({ "scope": "once" }),
            Self::Times(times) => serde_json::json!({ "times": times }),
            Self::Until(until) => serde_json::json!({ "until": until }),
            Self::Task => serde_json::json!({ "scope": "task" }),
            Self::Pattern(pattern) => serde_json::json!({ "pattern": pattern }),
        };
        form.to_string()
    }

    /// Demands that such a grant can be given to this approval now.
    pub(super) fn check(&self, approval: &Approval, now: Time) -> Result<()> {
        match self {
            Self::Once => Ok(()),
            Self::Times(times) if (2..=MAX_TIMES).contains(times) => Ok(()),
            Self::Times(_) => refuse("times must be a whole number from 2 to 100."),
            Self::Until(until) if *until > now && until.ms_since(now) <= LONGEST_MS => Ok(()),
            Self::Until(_) => refuse("until must be a time in the next 30 days."),
            Self::Task if approval.task.is_some() => Ok(()),
            Self::Task => {
                refuse("This was asked in no task and in no session of a user; choose another scope.")
            }
            Self::Pattern(_) if approval.quorum > 1 => refuse(
                "Several people must agree to this, and a pattern would let one of them decide what comes next.",
            ),
            Self::Pattern(pattern) => check_pattern(pattern, now),
        }
    }

    /// What the store keeps of it.
    pub(super) fn terms(&self, approval: &Approval) -> Terms {
        let (scope, max_uses) = match self {
            Self::Once => (ApprovalScope::Once, Some(1)),
            Self::Times(times) => (ApprovalScope::Times, Some(*times)),
            Self::Until(_) => (ApprovalScope::Until, None),
            Self::Task => (ApprovalScope::Task, None),
            Self::Pattern(_) => (ApprovalScope::Pattern, Some(1)),
        };
        let expires_at = if let Self::Until(until) = self { *until } else { approval.expires_at };
        Terms { scope, max_uses, expires_at, policy_version: approval.policy_version }
    }
}

/// Demands that a pattern is a permission that allows, with an end within 30 days.
pub(super) fn check_pattern(pattern: &Permission, now: Time) -> Result<()> {
    if pattern.effect != Effect::Allow || pattern.shadow {
        return refuse("pattern must be a permission that allows.");
    }
    match pattern.expires_at {
        Some(end) if end > now && end.ms_since(now) <= LONGEST_MS => procura_policy::validate(pattern),
        _ => refuse("pattern must have an expiresAt in the next 30 days."),
    }
}

fn refuse(sentence: &'static str) -> Result<()> {
    Err(Reason::FieldInvalid.because(sentence))
}

fn permission(effect: Effect, approval: &Approval) -> Option<Permission> {
    let shown = shown_ask(&Json::parse(&approval.canonical_ask).ok()?)?;
    let open = |text: String| if shown.has_user { without_marks(&text) } else { text };
    Some(Permission {
        id: None,
        effect,
        actions: vec![open(shown.ask.action)],
        resources: vec![shown.ask.resource.map_or_else(|| "*".to_owned(), open)],
        vendors: shown.ask.vendor.into_iter().collect(),
        conditions: Vec::new(),
        max_amount: None,
        window: None,
        schedule: None,
        not_before: None,
        expires_at: None,
        approval: ApprovalRule::Never,
        quorum: None,
        shadow: false,
        user: None,
    })
}

/// A star for each mark that stands for a value of the user's, such as `[user.id]`: a block must hold whoever it is.
fn without_marks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[user.") {
        let Some((_, behind)) = after.split_once(']') else { break };
        out.push_str(before);
        out.push('*');
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// The permission that a "no, and never again" adds: it blocks the action on the resource, with the vendor.
#[must_use]
pub fn block_of(approval: &Approval) -> Option<Permission> {
    permission(Effect::Block, approval)
}

/// The pattern that is proposed: this action on this resource, up to this amount, for a day, within as much over time as
/// `window` of the permission at hand allows, so that agreeing is no way around it. `usual` is the currency of amounts
/// that name none; none is proposed where there is an amount in no currency.
#[must_use]
pub fn pattern_of(
    approval: &Approval,
    window: Option<Window>,
    usual: Option<Currency>,
    now: Time,
) -> Option<Permission> {
    let ask = shown_ask(&Json::parse(&approval.canonical_ask).ok()?)?.ask;
    let max_amount = match ask.amount {
        None => None,
        Some(value) => Some(Money { value, currency: ask.currency.or(usual)? }),
    };
    Some(Permission {
        max_amount,
        window,
        expires_at: Some(now.plus_ms(DAY_MS)),
        ..permission(Effect::Allow, approval)?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_a_user_become_stars() {
        assert_eq!(without_marks("orders/[user.id]/x"), "orders/*/x");
        assert_eq!(without_marks("[user.email][user.id]"), "**");
        assert_eq!(without_marks("plain [user.id"), "plain [user.id");
    }
}
