//! Asking a person without calling: an earlier yes is left as it is, to be used by the call itself.

use super::{
    open::opened,
    weigh::{MAX_WAITING, Used, bound_to, is_standing_no, is_waiting_still, task_of},
};
use crate::{AgentSnapshot, App, budgets::Judged, verify::Plan};
use procura_model::{ApprovalId, Ctx, Digest, Reason, Result};
use procura_store::approvals as rows;

/// Where a question that needs a person stands: at an earlier answer, at the place where it waits already, or at a
/// new one.
///
/// # Errors
/// `APPROVALS_TOO_MANY` where the agent's inbox is full; a fault.
pub(crate) async fn request(
    app: &App,
    ctx: &Ctx,
    agent: &AgentSnapshot,
    plan: &Plan<'_>,
    judged: Judged,
) -> Result<ApprovalId> {
    let Judged { decision: wanted, reading } = judged;
    let canonical = plan.ask.canonical();
    let digest = Digest::of(canonical.as_bytes());
    let task = task_of(plan);
    let bound = bound_to(agent, plan.ask, &digest, task.as_deref(), wanted.permission);
    let mut writer = app.store.write(ctx).await?;
    if let Some(granted) = rows::find_usable(&mut writer, &bound).await? {
        return Ok(granted.id);
    }
    let latest = rows::find_latest(&mut writer, plan.agent, &digest).await?;
    if let Some(denied) = latest.as_ref().filter(|latest| is_standing_no(latest, ctx, &bound)) {
        return Ok(denied.id);
    }
    let waits = latest.is_some_and(|latest| is_waiting_still(&latest, ctx, &bound));
    if !waits && rows::count_waiting(&mut writer, plan.agent).await? >= MAX_WAITING {
        return Err(Reason::TooManyWaiting.into());
    }
    let answer = opened(Used { app, ctx, agent, plan, writer, reading }, &canonical, wanted).await?;
    Ok(answer.approval_id.ok_or(Reason::Internal)?)
}
