//! What a call gets that needs a person: an earlier yes is used, an earlier no stands, and all else waits.

use super::{consume::consumed, open::opened};
use crate::{
    AgentSnapshot, App,
    budgets::{Judged, Reading},
    verify::{Answer, Plan, Ruling, answer, events},
};
use procura_model::{
    Approval, ApprovalState, Ask, Ctx, Decision, Digest, PermissionId, Reason, Result, Verdict,
};
use procura_store::{Writer, approvals as rows};
use std::borrow::Cow;

/// How many approvals of one agent may wait at the same time.
pub(super) const MAX_WAITING: i64 = 100;

/// What a call that needs a person gets: a consumed approval, an earlier no, or a place in the inbox.
pub(crate) async fn weigh(
    app: &App,
    ctx: &Ctx,
    agent: &AgentSnapshot,
    plan: &Plan<'_>,
    judged: Judged,
) -> Result<Answer> {
    let Judged { decision: wanted, reading } = judged;
    let canonical = plan.ask.canonical();
    let digest = Digest::of(canonical.as_bytes());
    let task = task_of(plan);
    let bound = bound_to(agent, plan.ask, &digest, task.as_deref(), wanted.permission);
    let mut writer = app.store.write(ctx).await?;
    if let Some(approval) = rows::consume(&mut writer, &bound).await? {
        return consumed(Used { app, ctx, agent, plan, writer, reading }, &approval, wanted).await;
    }
    let decision = match rows::find_latest(&mut writer, plan.agent, &digest).await? {
        Some(latest) if is_standing_no(&latest, ctx, &bound) => Decision {
            verdict: Verdict::Deny,
            reason: Reason::ApprovalDenied,
            sentence: Cow::Borrowed(Reason::ApprovalDenied.text()),
            missing: None,
            ..wanted
        },
        // Who asks again is told its place, however full the inbox is.
        Some(latest) if is_waiting_still(&latest, ctx, &bound) => {
            return opened(Used { app, ctx, agent, plan, writer, reading }, &canonical, wanted).await;
        }
        _ if rows::count_waiting(&mut writer, plan.agent).await? >= MAX_WAITING => Decision {
            verdict: Verdict::Deny,
            reason: Reason::TooManyWaiting,
            sentence: Cow::Borrowed(Reason::TooManyWaiting.text()),
            ..wanted
        },
        _ => return opened(Used { app, ctx, agent, plan, writer, reading }, &canonical, wanted).await,
    };
    writer
        .commit_all(events(
            app,
            ctx,
            agent,
            plan,
            Ruling { decision: &decision, approval: None, reading: &reading },
        ))
        .await?;
    app.metrics.decided(decision.verdict, decision.reason, ctx.elapsed_us());
    Ok(answer(ctx, agent, &decision))
}

/// All that must agree for an approval to be used, or to be an answer to this question.
pub(crate) fn bound_to<'b>(
    agent: &'b AgentSnapshot,
    ask: &'b Ask,
    digest: &'b Digest,
    task: Option<&'b str>,
    permission: Option<PermissionId>,
) -> rows::Use<'b> {
    rows::Use {
        agent: agent.agent.id,
        digest,
        policy_version: agent.agent.policy_version,
        user: ask.user.as_ref().map(|user| &user.reference),
        task,
        permission,
    }
}

/// The task in which a call is made, as approvals name it: what the agent itself calls it, or else the session of the
/// user for whom it acts. The two cannot be taken for one another.
pub(crate) fn task_of(plan: &Plan<'_>) -> Option<String> {
    let session = || plan.ask.user.as_ref().map(|user| user.session.to_string());
    plan.task.map(|task| format!("task:{task}")).or_else(session)
}

/// What the two ways on have in common.
pub(super) struct Used<'u> {
    pub(super) app: &'u App,
    pub(super) ctx: &'u Ctx,
    pub(super) agent: &'u AgentSnapshot,
    pub(super) plan: &'u Plan<'u>,
    pub(super) writer: Writer<'u>,
    pub(super) reading: Reading,
}

/// A person said no to this very call, under this very policy, and the no still stands.
pub(super) fn is_standing_no(latest: &Approval, ctx: &Ctx, bound: &rows::Use<'_>) -> bool {
    latest.state == ApprovalState::Denied
        && latest.policy_version == bound.policy_version
        && latest.user.as_ref() == bound.user
        && latest.expires_at > ctx.now
}

/// This very call waits for a person already.
pub(super) fn is_waiting_still(latest: &Approval, ctx: &Ctx, bound: &rows::Use<'_>) -> bool {
    latest.state == ApprovalState::Waiting
        && latest.policy_version == bound.policy_version
        && latest.user.as_ref() == bound.user
        && latest.expires_at > ctx.now
}
