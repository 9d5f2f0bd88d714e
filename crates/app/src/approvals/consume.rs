//! Using what a person granted, in the transaction that records the decision.

use super::{event_of, weigh::Used};
use crate::verify::{Answer, Ruling, answer, events};
use procura_model::{Approval, Decision, EventKind, Reason, Result, Verdict};
use std::borrow::Cow;

/// The approval was granted and is now used: the call may go ahead.
pub(super) async fn consumed(used: Used<'_>, approval: &Approval, wanted: Decision) -> Result<Answer> {
    let Used { app, ctx, agent, plan, writer } = used;
    let decision = Decision {
        verdict: Verdict::Allow,
        reason: Reason::Allowed,
        sentence: Cow::Owned(format!("A person granted this exact call ({}).", approval.id)),
        missing: None,
        ..wanted
    };
    let mut rows = events(app, ctx, agent, plan, Ruling { decision: &decision, approval: Some(approval.id) });
    rows.insert(0, event_of(EventKind::ApprovalConsumed, approval));
    writer.commit_all(rows).await?;
    app.metrics.decided(decision.verdict, decision.reason, ctx.elapsed_us());
    Ok(Answer { approval_id: Some(approval.id), ..answer(ctx, agent, &decision) })
}
