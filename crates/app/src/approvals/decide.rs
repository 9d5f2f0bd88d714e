//! What a person answers, and what is withdrawn.

use super::event_of;
use crate::App;
use procura_model::{Actor, Approval, ApprovalId, Ctx, EventKind, Reason, Result, Scope};
use procura_store::approvals as rows;

/// A person agrees to the call.
///
/// # Errors
/// `APPROVAL_NOT_ELIGIBLE` for anything but a person, `APPROVAL_CLOSED` when it no longer waits.
pub async fn grant(app: &App, ctx: &Ctx, id: ApprovalId) -> Result<Approval> {
    decide(app, ctx, id, rows::Answer::Grant).await
}

/// A person refuses the call.
///
/// # Errors
/// As [`grant`].
pub async fn deny(app: &App, ctx: &Ctx, id: ApprovalId) -> Result<Approval> {
    decide(app, ctx, id, rows::Answer::Deny).await
}

/// Only a person who is signed in decides: no key does, whatever its scopes.
async fn decide(app: &App, ctx: &Ctx, id: ApprovalId, given: rows::Answer) -> Result<Approval> {
    ctx.actor.require(Scope::DecideApprovals)?;
    let Actor::Account { account, .. } = ctx.actor else {
        return Err(Reason::SelfApproval.into());
    };
    let mut writer = app.store.write(ctx).await?;
    let approval = rows::decide(&mut writer, id, given, account).await?;
    let kind = match given {
        rows::Answer::Grant => EventKind::ApprovalGranted,
        rows::Answer::Deny => EventKind::ApprovalDenied,
    };
    writer.commit(event_of(kind, &approval)).await?;
    Ok(approval)
}

/// Withdraws a waiting or granted approval: that narrows, so whoever manages agents may, beside those
/// who decide.
///
/// # Errors
/// `APPROVAL_CLOSED` when it is neither.
pub async fn cancel(app: &App, ctx: &Ctx, id: ApprovalId) -> Result<Approval> {
    if !ctx.actor.has(Scope::DecideApprovals) {
        ctx.actor.require(Scope::WriteAgents)?;
    }
    let mut writer = app.store.write(ctx).await?;
    let approval = rows::cancel(&mut writer, id).await?;
    writer.commit(event_of(EventKind::ApprovalCancelled, &approval)).await?;
    Ok(approval)
}
