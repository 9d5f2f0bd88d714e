//! Using what a person granted, in the transaction that records the decision.

use super::{event_of, open::opened, weigh::Used};
use crate::{
    budgets::{self, Consent, Holding, Judged},
    verify::{Answer, Ruling, answer, events, recorded, reserved},
};
use procura_model::{Approval, Decision, Event, EventKind, Reason, Result, Verdict};
use std::borrow::Cow;

/// The approval was granted and is now used: the call may go ahead, if windows and budgets still leave room for it.
/// Where they do not, nothing of this transaction is kept, so the approval stays as it was.
pub(super) async fn consumed(used: Used<'_>, approval: &Approval, wanted: Decision) -> Result<Answer> {
    let Used { app, ctx, agent, plan, mut writer, reading } = used;
    let holding = Holding { app, ctx, agent, plan, consent: Consent::Given };
    let (judged, reservation) = if budgets::counts(agent, plan.ask, ctx.now) {
        holding.judge_and_hold(&mut writer).await?
    } else {
        (Judged { decision: wanted, reading }, None)
    };
    if judged.decision.verdict == Verdict::Deny {
        drop(writer);
        return recorded(app, ctx, agent, plan, &judged).await;
    }
    let asks_anew = judged.decision.verdict == Verdict::NeedsApproval
        && judged.decision.permission != approval.permission;
    if asks_anew {
        // Its window was filled a moment ago, and it is another permission now that asks for a person.
        drop(writer);
        let Judged { decision, reading } = judged;
        let writer = app.store.write(ctx).await?;
        let asking = Used { app, ctx, agent, plan, writer, reading };
        return Box::pin(opened(asking, &plan.ask.canonical(), decision)).await;
    }
    let decision = Decision {
        verdict: Verdict::Allow,
        reason: Reason::Allowed,
        sentence: Cow::Owned(format!("A person granted this exact call ({}).", approval.id)),
        missing: None,
        ..judged.decision
    };
    let ruling = Ruling { decision: &decision, approval: Some(approval.id), reading: &judged.reading };
    let mut rows = events(app, ctx, agent, plan, ruling);
    rows.insert(0, use_of(approval));
    writer.commit_all(rows).await?;
    app.metrics.decided(decision.verdict, decision.reason, ctx.elapsed_us());
    Ok(Answer {
        approval_id: Some(approval.id),
        ..reserved(answer(ctx, agent, &decision), reservation.as_ref())
    })
}

/// That it was used, which time this was, and how often it may be.
fn use_of(approval: &Approval) -> Event {
    let facts = serde_json::json!({ "uses": approval.uses, "maxUses": approval.max_uses });
    event_of(EventKind::ApprovalConsumed, approval).with_facts(&facts)
}
