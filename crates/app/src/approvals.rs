//! Approvals (APR-1): a call that needs a person never blocks. It answers at once with the
//! approval's id and link; the same call sent again after a person agreed consumes the approval, in
//! the same transaction that records the decision, exactly once.

use crate::{
    AgentSnapshot, App,
    personal::Scrub,
    verify::{Answer, Plan, Ruling, answer, events},
};
use procura_model::{
    Actor, Approval, ApprovalId, ApprovalState, Ctx, Decision, Digest, Event, EventKind, Page, PageAsk,
    Reason, Result, Scope, Verdict,
};
use procura_screen::redact::without_tokens;
use procura_store::{Writer, approvals as rows};
use std::borrow::Cow;

/// How many approvals of one agent may wait at the same time.
const MAX_WAITING: i64 = 100;

/// The page on which a person answers.
#[must_use]
pub fn url(app: &App, id: ApprovalId) -> String {
    format!("{}/approvals/{id}", app.settings.public_url)
}

/// What a call that needs a person gets: a consumed approval, an earlier no, or a place in the inbox.
pub(crate) async fn weigh(
    app: &App,
    ctx: &Ctx,
    agent: &AgentSnapshot,
    plan: &Plan<'_>,
    wanted: Decision,
) -> Result<Answer> {
    let canonical = plan.ask.canonical();
    let digest = Digest::of(canonical.as_bytes());
    let bound = rows::Use {
        agent: plan.agent,
        digest: &digest,
        policy_version: agent.agent.policy_version,
        user: plan.ask.user.as_ref().map(|user| &user.reference),
    };
    let mut writer = app.store.write(ctx).await?;
    if let Some(approval) = rows::consume(&mut writer, &bound).await? {
        return consumed(Used { app, ctx, agent, plan, writer }, &approval, wanted).await;
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
            return opened(Used { app, ctx, agent, plan, writer }, &canonical, wanted).await;
        }
        _ if rows::count_waiting(&mut writer, plan.agent).await? >= MAX_WAITING => Decision {
            verdict: Verdict::Deny,
            reason: Reason::TooManyWaiting,
            sentence: Cow::Borrowed(Reason::TooManyWaiting.text()),
            ..wanted
        },
        _ => return opened(Used { app, ctx, agent, plan, writer }, &canonical, wanted).await,
    };
    writer.commit_all(events(app, ctx, agent, plan, Ruling { decision: &decision, approval: None })).await?;
    app.metrics.decided(decision.verdict, decision.reason, ctx.elapsed_us());
    Ok(answer(ctx, agent, &decision))
}

/// What the two ways on have in common.
struct Used<'u> {
    app: &'u App,
    ctx: &'u Ctx,
    agent: &'u AgentSnapshot,
    plan: &'u Plan<'u>,
    writer: Writer<'u>,
}

/// A person said no to this very call, under this very policy, and the no still stands.
fn is_standing_no(latest: &Approval, ctx: &Ctx, bound: &rows::Use<'_>) -> bool {
    latest.state == ApprovalState::Denied
        && latest.policy_version == bound.policy_version
        && latest.user.as_ref() == bound.user
        && latest.expires_at > ctx.now
}

/// This very call waits for a person already.
fn is_waiting_still(latest: &Approval, ctx: &Ctx, bound: &rows::Use<'_>) -> bool {
    latest.state == ApprovalState::Waiting
        && latest.policy_version == bound.policy_version
        && latest.user.as_ref() == bound.user
        && latest.expires_at > ctx.now
}

/// The approval was granted and is now used: the call may go ahead.
async fn consumed(used: Used<'_>, approval: &Approval, wanted: Decision) -> Result<Answer> {
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

/// Nobody answered yet: the call gets a place in the inbox, or the one that it has already. The digest is of the
/// true ask; what people see of it names the user by marks alone (USR-7), and no token is kept (USR-5). Other secrets stay:
/// a person decides on what is shown here.
async fn opened(used: Used<'_>, canonical: &str, wanted: Decision) -> Result<Answer> {
    let Used { app, ctx, agent, plan, mut writer } = used;
    let scrub = Scrub::of(app, plan.ask.user.as_deref());
    let asked = Approval {
        id: ApprovalId::new(ctx.now, &app.entropy),
        agent: plan.agent,
        user: plan.ask.user.as_ref().map(|user| user.reference.clone()),
        digest: Digest::of(canonical.as_bytes()),
        canonical_ask: without_tokens(&scrub.canonical(plan.ask, canonical, plan.declared)).into_owned(),
        policy_version: agent.agent.policy_version,
        permission: wanted.permission,
        sentence: scrub.sentence(plan.ask, plan.declared, &wanted.sentence).into_owned(),
        state: ApprovalState::Waiting,
        asked_in: ctx.request,
        created_at: ctx.now,
        expires_at: ctx.now.plus_ms(agent.settings.approval_ttl_ms),
        decided_by: None,
        decided_at: None,
        consumed_in: None,
    };
    let (approval, is_new) = match rows::insert(&mut writer, &asked).await? {
        rows::Opened::New(approval) => (approval, true),
        rows::Opened::Waiting(approval) => (approval, false),
    };
    let mut records =
        events(app, ctx, agent, plan, Ruling { decision: &wanted, approval: Some(approval.id) });
    if is_new {
        records.insert(0, event_of(EventKind::ApprovalRequested, &approval));
    }
    writer.commit_all(records).await?;
    app.metrics.decided(wanted.verdict, wanted.reason, ctx.elapsed_us());
    Ok(Answer {
        approval_id: Some(approval.id),
        approval_url: Some(url(app, approval.id)),
        expires_at: Some(approval.expires_at),
        ..answer(ctx, agent, &wanted)
    })
}

fn event_of(kind: EventKind, approval: &Approval) -> Event {
    let mut event = Event::new(kind).of_agent(approval.agent).about(approval.id);
    event.user.clone_from(&approval.user);
    event.approval = Some(approval.id);
    event
}

/// The approvals of the organization, newest first; an agent sees its own alone.
///
/// # Errors
/// `AUTH_SCOPE_MISSING` or `AUTH_ROLE_MISSING`.
pub async fn list(
    app: &App,
    ctx: &Ctx,
    state: Option<ApprovalState>,
    page: &PageAsk,
) -> Result<Page<Approval>> {
    ctx.actor.require(Scope::ReadApprovals)?;
    let mut reader = app.store.read(ctx);
    rows::list(&mut reader, state, page).await
}

/// One approval.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn get(app: &App, ctx: &Ctx, id: ApprovalId) -> Result<Approval> {
    ctx.actor.require(Scope::ReadApprovals)?;
    let mut reader = app.store.read(ctx);
    rows::get(&mut reader, id).await
}

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

/// How many approvals wait for a person, for the badge in the console.
///
/// # Errors
/// The scope is missing.
pub async fn count_waiting(app: &App, ctx: &Ctx) -> Result<i64> {
    ctx.actor.require(Scope::ReadApprovals)?;
    let mut reader = app.store.read(ctx);
    rows::count_all_waiting(&mut reader).await
}
