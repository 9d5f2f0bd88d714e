//! verify(): may this agent do this now? (VER-1, VER-2)
//!
//! The answer is recorded before it is given: a caller that acts on an answer acts on something that
//! the record holds (AUD-2). The record names the policy version and holds the facts that were read,
//! so that history can be replayed.

use crate::{
    AgentSnapshot, App, approvals,
    budgets::{self, Consent, Holding, Judged, Reading},
    idempotency,
    personal::Scrub,
    receipts,
    redaction::redacted_json,
    sessions,
    simulation::Beside,
};
use procura_model::{
    ActingUser, Actor, AgentId, AgentStatus, ApprovalId, Ask, Ctx, Decision, Event, EventKind, GuardrailId,
    Json, PermissionId, Reason, ReceiptId, RequestId, Reservation, ReservationId, Result, Risk, Scope,
    SessionId, Time, Verdict,
};
use procura_policy::{Explained, Facts, Listing};
use serde::Serialize;
use serde_json::value::RawValue;
use std::{borrow::Cow, sync::Arc};

/// Arguments longer than this are recorded by their digest alone.
const MAX_RECORDED_ASK_BYTES: usize = 16 * 1024;

/// A question from outside.
#[derive(Clone, Debug)]
pub struct VerifyAsk {
    /// The agent; an agent key may leave it out.
    pub agent: Option<AgentId>,
    /// What it wants to do; whoever it names as its user is not listened to.
    pub ask: Ask,
    /// The session of the user for whom the agent acts; the caller's own where it came in one.
    pub session: Option<SessionId>,
    /// In which task of the agent's it is asked: grants for a task hold there alone.
    pub task: Option<String>,
    /// Whatever the caller wants kept with the record.
    pub metadata: Option<Json>,
    /// By which the caller asks again where it got no answer: what was reserved for it is then found, and not reserved
    /// twice.
    pub retry_key: Option<String>,
    /// What the receipt shall say, where one is wanted.
    pub receipt: Option<receipts::Wanted>,
}

/// The answer, as it goes over the wire.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// True for every answer that is a decision.
    pub success: bool,
    /// Whether the action may be done now.
    pub allowed: bool,
    /// The three-valued answer.
    pub decision: Verdict,
    /// Why, in a sentence with both values.
    pub reason: Cow<'static, str>,
    /// Why, as a code.
    pub code: Reason,
    /// How much harm the action could do.
    pub risk: Risk,
    /// The request, the decision and the trace.
    pub request_id: RequestId,
    /// The agent whose policy was asked.
    pub agent_id: AgentId,
    /// The version of that policy.
    pub policy_version: i64,
    /// The permission that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission_id: Option<PermissionId>,
    /// The guardrail that decided, above what the permissions said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardrail_id: Option<GuardrailId>,
    /// What is missing, in a word for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<&'static str>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<&'static str>,
    /// The approval that waits, or that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_id: Option<ApprovalId>,
    /// Where a person can answer it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval_url: Option<String>,
    /// Until when the approval can be answered and used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// What was taken from windows and budgets, to be committed or released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation_id: Option<ReservationId>,
    /// Until when its outcome is awaited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_by: Option<Time>,
    /// All of this, signed for whoever carries the action out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
}

/// What the caller of [`judge`] is about to do.
#[derive(Debug)]
pub struct Plan<'p> {
    /// Whose policy is asked.
    pub agent: AgentId,
    /// What is asked.
    pub ask: &'p Ask,
    /// What else was read on the way, as one JSON object.
    pub facts: Cow<'p, str>,
    /// How much of the resource the organization itself has named, where it has: that is recorded as it is, and the
    /// action and the vendor with it.
    pub declared: Option<&'p str>,
    /// The agent's own name for the task in which it asks.
    pub task: Option<&'p str>,
    /// By which the caller asks again where it got no answer.
    pub retry_key: Option<&'p str>,
    /// Whether an allowed action is carried out by us right away: then its intent is recorded too.
    pub carries_out: bool,
}

/// Answers a question from outside.
///
/// # Errors
/// `AGENT_MISMATCH`, `AGENT_ID_MISSING`, `NOT_FOUND`, `SESSION_*`; a fault when the answer cannot be recorded.
pub async fn verify(app: &App, ctx: &Ctx, question: VerifyAsk) -> Result<Answer> {
    ctx.actor.require(Scope::Verify)?;
    let agent = speaks_for(ctx, question.agent)?;
    let snapshot = snapshot(app, ctx, agent).await?;
    let user = acts_for(app, ctx, agent, question.session).await?;
    let ask = Ask { user, ..question.ask };
    let metadata = question.metadata.filter(|_| snapshot.settings.store_metadata);
    let metadata = metadata
        .map(|metadata| Scrub::of(app, &snapshot.redactor, ask.user.as_deref()).json(metadata).canonical());
    let ordered = question.receipt.map(|wanted| receipts::order(app, ctx, wanted));
    let facts = told_beside(
        metadata.as_deref().map(|metadata| redacted_json(&snapshot.redactor, metadata)),
        ordered.as_ref().map(|ordered| ordered.id),
    );
    let task = question.task.as_deref();
    let code = |key: String| idempotency::check(&key).map(|()| app.seals.idempotency_code(ctx.tenant, &key));
    let retry_key = question.retry_key.map(code).transpose()?;
    let retry_key = retry_key.as_deref();
    let plan = Plan { agent, ask: &ask, facts, declared: None, task, retry_key, carries_out: false };
    let answer = judge_with(app, ctx, &snapshot, &plan).await?;
    ask.user.as_ref().map_or(Ok(()), |acting| sessions::demand(app, acting))?;
    let judged = receipts::Judged { ask: &ask, answer: &answer, rules_version: snapshot.rules_version };
    let receipt = ordered.map(|ordered| receipts::sign(app, ctx, ordered, &judged)).transpose()?;
    Ok(Answer { receipt, ..answer })
}

/// What the record holds beside the decision, as one JSON object: what the caller wants kept, and which receipt it has.
fn told_beside(metadata: Option<Cow<'_, str>>, receipt: Option<ReceiptId>) -> Cow<'static, str> {
    let metadata = metadata.map(|metadata| format!("\"metadata\":{metadata}"));
    let receipt = receipt.map(|receipt| format!("\"receipt\":\"{receipt}\""));
    match (metadata, receipt) {
        (None, None) => Cow::Borrowed("{}"),
        (Some(one), None) | (None, Some(one)) => Cow::Owned(format!("{{{one}}}")),
        (Some(one), Some(other)) => Cow::Owned(format!("{{{one},{other}}}")),
    }
}

/// Says what the answer would be, and which permissions came near; nothing is asked of a person,
/// and no decision is recorded.
///
/// # Errors
/// As [`verify`].
pub async fn explain(app: &App, ctx: &Ctx, question: VerifyAsk) -> Result<Explained> {
    ctx.actor.require(Scope::Verify)?;
    let agent = speaks_for(ctx, question.agent)?;
    let snapshot = snapshot(app, ctx, agent).await?;
    let user = acts_for(app, ctx, agent, question.session).await?;
    let ask = Ask { user, ..question.ask };
    let explained = budgets::explain(app, ctx, &snapshot, &ask).await?;
    if snapshot.agent.status == AgentStatus::Enabled {
        return Ok(explained);
    }
    Ok(Explained { decision: Decision::deny(Reason::AgentDisabled), ..explained })
}

/// Decides, consumes or opens an approval where a person must agree, and returns only when the
/// decision (and the intent, where we carry it out) is durable.
///
/// # Errors
/// `NOT_FOUND` for an unknown agent; a fault when the decision cannot be recorded.
pub async fn judge(app: &App, ctx: &Ctx, plan: &Plan<'_>) -> Result<Answer> {
    let snapshot = snapshot(app, ctx, plan.agent).await?;
    judge_with(app, ctx, &snapshot, plan).await
}

async fn judge_with(app: &App, ctx: &Ctx, agent: &AgentSnapshot, plan: &Plan<'_>) -> Result<Answer> {
    if budgets::counts(agent, plan.ask, ctx.now) {
        return Box::pin(judge_and_reserve(app, ctx, agent, plan)).await;
    }
    let decision = if agent.agent.status == AgentStatus::Enabled {
        agent.decide(plan.ask, &facts_of(agent), ctx.now)
    } else {
        Decision::deny(Reason::AgentDisabled)
    };
    let judged = Judged::plain(decision);
    if judged.decision.verdict == Verdict::NeedsApproval {
        return approvals::weigh(app, ctx, agent, plan, judged).await;
    }
    recorded(app, ctx, agent, plan, &judged).await
}

/// Where windows or budgets count: what was spent is read, decided upon and added to in the transaction that records
/// the decision. What a person must agree to takes nothing yet.
async fn judge_and_reserve(app: &App, ctx: &Ctx, agent: &AgentSnapshot, plan: &Plan<'_>) -> Result<Answer> {
    let mut writer = app.store.write(ctx).await?;
    let holding = Holding { app, ctx, agent, plan, consent: Consent::Missing };
    let (judged, reservation) = holding.judge_and_hold(&mut writer).await?;
    if judged.decision.verdict == Verdict::NeedsApproval {
        drop(writer);
        return approvals::weigh(app, ctx, agent, plan, judged).await;
    }
    let ruling = Ruling { decision: &judged.decision, approval: None, reading: &judged.reading };
    writer.commit_all(events(app, ctx, agent, plan, ruling)).await?;
    app.metrics.decided(judged.decision.verdict, judged.decision.reason, ctx.elapsed_us());
    Ok(reserved(answer(ctx, agent, &judged.decision), reservation.as_ref()))
}

/// Records the refusal of a gate that stands before the policy: an injection, an unknown tool.
///
/// # Errors
/// As [`judge`].
pub async fn refuse_call(app: &App, ctx: &Ctx, plan: &Plan<'_>, decision: &Decision) -> Result<Answer> {
    let snapshot = snapshot(app, ctx, plan.agent).await?;
    recorded(app, ctx, &snapshot, plan, &Judged::plain(decision.clone())).await
}

/// Whether any arguments could make such a call pass, at once or after a person agreed: the same
/// rules that decide the call also decide the list (VER-2, GTW-3).
#[must_use]
pub fn could_allow(snapshot: &AgentSnapshot, listing: &Listing<'_>, now: Time) -> bool {
    snapshot.agent.status == AgentStatus::Enabled && snapshot.policy.could_allow(listing, now)
}

/// The same for an agent that acts for a verified user, whoever that is.
#[must_use]
pub fn could_allow_for_somebody(snapshot: &AgentSnapshot, listing: &Listing<'_>, now: Time) -> bool {
    snapshot.agent.status == AgentStatus::Enabled && snapshot.policy.could_allow_for_somebody(listing, now)
}

/// The agent with its compiled policy.
///
/// # Errors
/// `NOT_FOUND` when the organization has no such agent.
pub async fn snapshot(app: &App, ctx: &Ctx, agent: AgentId) -> Result<Arc<AgentSnapshot>> {
    crate::revocations::demand_fresh(app)?;
    app.snapshots.agent(&app.rows(ctx.now), ctx.tenant, agent).await
}

pub(crate) fn facts_of(snapshot: &AgentSnapshot) -> Facts<'static> {
    Facts { currency: snapshot.settings.currency, ..Facts::default() }
}

/// An agent speaks for itself alone; everybody else names an agent (decision 5).
pub(crate) fn speaks_for(ctx: &Ctx, named: Option<AgentId>) -> Result<AgentId> {
    match (&ctx.actor, named) {
        (Actor::Agent { agent, .. }, None) => Ok(*agent),
        (Actor::Agent { agent, .. }, Some(named)) if *agent == named => Ok(named),
        (Actor::Agent { .. }, Some(_)) => Err(Reason::AgentMismatch.into()),
        (_, Some(named)) => Ok(named),
        (_, None) => Err(Reason::AgentIdMissing.into()),
    }
}

/// The user comes by a live session of that agent, never by a name (decision 5).
pub(crate) async fn acts_for(
    app: &App,
    ctx: &Ctx,
    agent: AgentId,
    named: Option<SessionId>,
) -> Result<Option<Arc<ActingUser>>> {
    match (ctx.actor.acting_for(), named) {
        (Some(acting), Some(named)) if acting.session != named => {
            Err(Reason::SessionInvalid.because("sessionId and X-Procura-Session are of different sessions."))
        }
        (Some(acting), _) => Ok(Some(Arc::clone(acting))),
        (None, Some(named)) => {
            Ok(Some(Arc::clone(&sessions::by_id(app, ctx.tenant, agent, named).await?.acting)))
        }
        (None, None) => Ok(None),
    }
}

/// Records a decision, and answers once it is durable.
pub(crate) async fn recorded(
    app: &App,
    ctx: &Ctx,
    agent: &AgentSnapshot,
    plan: &Plan<'_>,
    judged: &Judged,
) -> Result<Answer> {
    let Judged { decision, reading } = judged;
    let rows = events(app, ctx, agent, plan, Ruling { decision, approval: None, reading });
    app.store.record(ctx, rows).await?;
    app.metrics.decided(decision.verdict, decision.reason, ctx.elapsed_us());
    Ok(answer(ctx, agent, decision))
}

/// The facts of a decision, kept so that it can be replayed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DecisionFacts<'d> {
    ask: Option<Box<RawValue>>,
    ask_digest: Option<String>,
    is_replayable: bool,
    policy_version: i64,
    permission: Option<PermissionId>,
    /// The guardrail that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    guardrail: Option<GuardrailId>,
    sentence: &'d str,
    missing: Option<&'static str>,
    /// The session in which it was asked, so that a trace leads to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<SessionId>,
    gates: Option<&'d RawValue>,
    /// What was read of windows and budgets, and what was taken from them.
    #[serde(flatten)]
    counted: &'d Reading,
    /// What stands beside it.
    #[serde(flatten)]
    beside: &'d Beside,
}

/// A decision, the approval that plays a part in it, and what was read for it.
#[derive(Clone, Copy)]
pub(crate) struct Ruling<'r> {
    pub(crate) decision: &'r Decision,
    pub(crate) approval: Option<ApprovalId>,
    pub(crate) reading: &'r Reading,
}

/// The rows of a decision: the decision itself, and the intent where we carry the action out.
pub(crate) fn events(
    app: &App,
    ctx: &Ctx,
    agent: &AgentSnapshot,
    plan: &Plan<'_>,
    ruling: Ruling<'_>,
) -> Vec<Event> {
    let Ruling { decision: outcome, approval, reading } = ruling;
    let canonical = plan.ask.canonical();
    let scrub = Scrub::of(app, &agent.redactor, plan.ask.user.as_deref());
    let shown = scrub.canonical(plan.ask, &canonical, plan.declared);
    let sentence = scrub.sentence(plan.ask, plan.declared, &outcome.sentence);
    let mut beside = Beside::of(agent, plan.ask, &ruling, ctx.now);
    if let Some(shadow) = &mut beside.shadow {
        shadow.sentence = scrub.sentence(plan.ask, plan.declared, &shadow.sentence).into_owned().into();
    }
    let is_short = canonical.len() <= MAX_RECORDED_ASK_BYTES;
    let kept = if is_short { redacted_json(&agent.redactor, &shown) } else { Cow::Borrowed("null") };
    let facts = DecisionFacts {
        is_replayable: kept == canonical,
        ask: RawValue::from_string(kept.into_owned()).ok(),
        ask_digest: (!is_short).then(|| procura_model::Digest::of(canonical.as_bytes()).hex()),
        policy_version: agent.agent.policy_version,
        permission: outcome.permission,
        guardrail: outcome.guardrail,
        sentence: &sentence,
        missing: outcome.missing,
        session: plan.ask.user.as_ref().map(|user| user.session),
        gates: serde_json::from_str(&plan.facts).ok(),
        counted: reading,
        beside: &beside,
    };
    let mut event = Event::new(EventKind::Decision).of_agent(plan.agent).with_facts(&facts);
    event.user = plan.ask.user.as_ref().map(|user| user.reference.clone());
    event.action = Some(scrub.word(&plan.ask.action, plan.declared).into_owned());
    let resource = plan.ask.resource.as_deref();
    event.resource = resource.map(|resource| scrub.resource(resource, plan.declared).into_owned());
    event.target = beside.changed_by.map(|permission| permission.to_string());
    event.verdict = Some(outcome.verdict);
    event.reason = Some(outcome.reason);
    event.risk = Some(outcome.risk);
    event.duration_us = Some(ctx.elapsed_us());
    event.approval = approval;
    if !(plan.carries_out && outcome.is_allowed()) {
        return vec![event];
    }
    let mut intent = Event::new(EventKind::Intent).of_agent(plan.agent);
    intent.user.clone_from(&event.user);
    intent.action.clone_from(&event.action);
    intent.resource.clone_from(&event.resource);
    intent.approval = approval;
    vec![event, intent]
}

pub(crate) fn answer(ctx: &Ctx, agent: &AgentSnapshot, decision: &Decision) -> Answer {
    Answer {
        success: true,
        allowed: decision.is_allowed(),
        decision: decision.verdict,
        reason: decision.sentence.clone(),
        code: decision.reason,
        risk: decision.risk,
        request_id: ctx.request,
        agent_id: agent.agent.id,
        policy_version: agent.agent.policy_version,
        permission_id: decision.permission,
        guardrail_id: decision.guardrail,
        missing: decision.missing,
        fix: (!decision.is_allowed()).then(|| decision.reason.fix()),
        approval_id: None,
        approval_url: None,
        expires_at: None,
        reservation_id: None,
        commit_by: None,
        receipt: None,
    }
}

/// The answer with what was reserved for it.
pub(crate) fn reserved(answer: Answer, reservation: Option<&Reservation>) -> Answer {
    Answer {
        reservation_id: reservation.map(|reservation| reservation.id),
        commit_by: reservation.map(|reservation| reservation.commit_by),
        ..answer
    }
}
