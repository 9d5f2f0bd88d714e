//! A place in the inbox for a call that nobody answered yet.

use super::{
    event_of,
    read::url,
    weigh::{Used, task_of},
};
use crate::{
    AgentSnapshot,
    personal::Scrub,
    verify::{Answer, Ruling, answer, events},
};
use procura_model::{Approval, ApprovalId, ApprovalState, Decision, Digest, EventKind, Reason, Result};
use procura_screen::redact::without_tokens;
use procura_store::{Writer, approvals as rows, permissions};

/// Nobody answered yet: the call gets a place in the inbox, or the one that it has already. The digest is of the
/// true ask; what people see of it names the user by marks alone (USR-7), and no token is kept (USR-5). Other secrets stay:
/// a person decides on what is shown here.
pub(super) async fn opened(used: Used<'_>, canonical: &str, wanted: Decision) -> Result<Answer> {
    let Used { app, ctx, agent, plan, mut writer, reading } = used;
    let quorum = quorum_of(&mut writer, agent, &wanted).await?;
    let scrub = Scrub::of(app, &agent.redactor, plan.ask.user.as_deref());
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
        task: task_of(plan),
        scope: None,
        uses: 0,
        max_uses: Some(1),
        quorum,
        agreed: 0,
    };
    let (approval, is_new) = match rows::insert(&mut writer, &asked).await? {
        rows::Opened::New(approval) => (approval, true),
        rows::Opened::Waiting(approval) => (approval, false),
    };
    let mut records = events(
        app,
        ctx,
        agent,
        plan,
        Ruling { decision: &wanted, approval: Some(approval.id), reading: &reading },
    );
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

/// How many people must agree: what the permission says that asks for them, or else the organization.
async fn quorum_of(writer: &mut Writer<'_>, agent: &AgentSnapshot, wanted: &Decision) -> Result<i64> {
    let own = match wanted.permission {
        None => None,
        Some(id) => match permissions::get(writer, id).await {
            // It was removed a moment ago: the approval will be stale before anybody reads it.
            Err(error) if error.reason() == Reason::NotFound => None,
            found => found?.permission.quorum,
        },
    };
    Ok(own.unwrap_or(agent.settings.approval_quorum).max(1).into())
}
