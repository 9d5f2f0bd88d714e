//! What a decision records beside itself, so that it can be asked again later, and so that permissions in shadow can
//! be counted. Where there is no window, no shadow and no amount without a currency, that is nothing.

use super::{
    ShadowFact,
    recorded::{Assumed, WindowFact},
    replay::{Answered, said_by_policy},
};
use crate::{
    AgentSnapshot,
    verify::{Ruling, facts_of},
};
use procura_model::{Ask, PermissionId, Reason, Time, Verdict};
use procura_policy::{Facts, Spending};
use serde::Serialize;

/// Facts of a decision that nobody needed for it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Beside {
    #[serde(skip_serializing_if = "Assumed::is_unsaid")]
    currency: Assumed,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    windows: Vec<WindowFact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shadow: Option<ShadowFact>,
    /// What the permissions alone had answered, where a guardrail made something else of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    unguarded: Option<Verdict>,
    /// The permission in shadow that would have answered otherwise; it stands in the row itself.
    #[serde(skip)]
    pub(crate) changed_by: Option<PermissionId>,
}

impl Beside {
    /// What stands beside this ruling on an ask.
    pub(crate) fn of(agent: &AgentSnapshot, ask: &Ask, ruling: &Ruling<'_>, now: Time) -> Self {
        let Ruling { decision, approval, reading } = *ruling;
        let windows = match reading.spent.as_slice() {
            [] => Vec::new(),
            _ => agent.policy.windows_for(ask, now).iter().map(WindowFact::of).collect(),
        };
        let was =
            Answered { verdict: decision.verdict, reason: decision.reason, permission: decision.permission };
        let facts = Facts { spending: Spending::Read(&reading.spent), ..facts_of(agent) };
        let answered = said_by_policy(&was, approval).filter(|_| reading.refused_by.is_none());
        let unguarded = unguarded(agent, ask, (&facts, now), &was).filter(|said| answered != Some(*said));
        // Where another gate answered, a permission could have changed nothing.
        let shadow = answered.and_then(|_| ShadowFact::of(agent, ask, (&facts, now)));
        let changed_by = shadow.as_ref().zip(answered).and_then(|(shadow, said)| shadow.changes(said));
        Self { currency: Assumed::of(ask, agent.settings.currency), windows, shadow, unguarded, changed_by }
    }
}

/// What the permissions alone say, where the organization has guardrails and one of them may have spoken.
fn unguarded(
    agent: &AgentSnapshot,
    ask: &Ask,
    (facts, now): (&Facts<'_>, Time),
    was: &Answered,
) -> Option<Verdict> {
    let may_be_theirs = matches!(was.reason, Reason::GuardrailDenied | Reason::PolicyError)
        || was.verdict != Verdict::Deny
        || said_by_policy(was, None) == Some(Verdict::NeedsApproval);
    (may_be_theirs && !agent.guardrails.is_empty()).then(|| agent.policy.decide(ask, facts, now).verdict)
}
