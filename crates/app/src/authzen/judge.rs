//! What the policy says of one question. Windows and budgets are read and never held; an approval that the question
//! names is looked at and never used up. So the same question gets the same answer however often it is sent.

use super::{ask::ask_of, binding, question::Question, subjects::Judges};
use crate::{
    AgentSnapshot, App, approvals,
    budgets::{self, Judged},
    verify::{Plan, acts_for},
};
use procura_model::{
    ActingUser, Approval, ApprovalState, Ask, Ctx, Decision, Digest, Error, Json, Reason, Result, SessionId,
    Time, Verdict,
};
use procura_store::{
    approvals as rows,
    entities::{self, Pair},
};
use std::{borrow::Cow, sync::Arc};

/// How long a task's name may be, in bytes.
const MAX_TASK_BYTES: usize = 128;

/// What came of one question.
pub(crate) enum Ruled {
    /// Nobody judges it, or it cannot be asked: a no without a decision.
    Unjudged(Reason, Cow<'static, str>),
    /// A policy has decided.
    Judged(Box<Case>),
}

impl Ruled {
    /// The user for whom it was decided.
    pub(crate) fn user(&self) -> Option<Arc<ActingUser>> {
        match self {
            Self::Unjudged(..) => None,
            Self::Judged(case) => case.ask.user.clone(),
        }
    }
}

/// A question that a policy has decided.
pub(crate) struct Case {
    /// Whose policy.
    pub(crate) agent: Arc<AgentSnapshot>,
    /// What it was asked.
    pub(crate) ask: Ask,
    /// In which task.
    pub(crate) task: Option<String>,
    /// What it said; a yes where an approval lifts its wish for a person.
    pub(crate) judged: Judged,
    /// The approval that lifts it.
    pub(crate) approval: Option<Approval>,
    /// Why the approval that the question names does not.
    pub(crate) lapse: Option<Lapse>,
}

impl Case {
    /// The case as the journeys of decisions know it; it is only asked about.
    pub(crate) fn plan(&self) -> Plan<'_> {
        Plan {
            agent: self.agent.agent.id,
            ask: &self.ask,
            facts: Cow::Borrowed("{}"),
            declared: None,
            task: self.task.as_deref(),
            retry_key: None,
            carries_out: false,
        }
    }
}

/// Why an approval lifts nothing, in the words of the access request profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lapse {
    /// It is over, used up, withdrawn, or of an older policy.
    Expired,
    /// It is for something else.
    OutOfScope,
    /// Nobody has answered yet.
    Pending,
    /// Somebody said no.
    Denied,
    /// It cannot be found, or its state is not one that we signed for this question.
    Unverifiable,
}

impl Lapse {
    /// The reason, and what to do next.
    pub(crate) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Expired => ("approval_expired", "request"),
            Self::OutOfScope => ("out_of_scope", "request"),
            Self::Pending => ("grant_pending", "retry"),
            Self::Denied => ("policy_denied", "none"),
            Self::Unverifiable => ("approval_unverifiable", "request"),
        }
    }
}

/// A question that somebody can be asked about, before anybody was.
pub(crate) struct Posed {
    pub(crate) agent: Arc<AgentSnapshot>,
    pub(crate) ask: Ask,
    pub(crate) task: Option<String>,
}

/// What the organization told us of the subject and the resource of a question.
///
/// # Errors
/// A fault.
pub(crate) async fn known_of(app: &App, ctx: &Ctx, question: &Question) -> Result<Pair> {
    let mut reader = app.store.read(ctx);
    entities::pair(&mut reader, &question.subject.name, &question.resource.name).await
}

/// Whose policy a question is for and what it is asked; why nobody can be asked. What is known of the two is read
/// where it was not read before.
///
/// # Errors
/// A fault.
pub(crate) async fn pose(
    app: &App,
    ctx: &Ctx,
    judges: &mut Judges<'_>,
    question: &Question,
    known: Option<Pair>,
) -> Result<Result<Posed, (Reason, Cow<'static, str>)>> {
    let agent = match judges.of(&question.subject.name).await? {
        Ok(agent) => agent,
        Err(reason) => return Ok(Err((reason, Cow::Borrowed(nobody(reason))))),
    };
    let known = match known {
        Some(known) => known,
        None => known_of(app, ctx, question).await?,
    };
    let ask = match ask_of(question, known) {
        Ok(ask) => ask,
        Err(reason) => return Ok(Err((reason, Cow::Borrowed(reason.text())))),
    };
    let named = match ours(question) {
        Ok(named) => named,
        Err(reason) => return Ok(Err((reason, Cow::Borrowed(reason.text())))),
    };
    let user = match acts_for(app, ctx, agent.agent.id, named.session).await {
        Ok(user) => user,
        Err(Error::Refused(refusal)) => {
            return Ok(Err((refusal.reason, refusal.sentence().to_owned().into())));
        }
        Err(fault @ Error::Fault(_)) => return Err(fault),
    };
    Ok(Ok(Posed { agent, ask: Ask { user, ..ask }, task: named.task }))
}

/// What the policy says, and whether an approval that the question names lifts its wish for a person.
///
/// # Errors
/// A fault.
pub(crate) async fn consider(
    app: &App,
    ctx: &Ctx,
    judges: &mut Judges<'_>,
    question: &Question,
    known: Option<Pair>,
) -> Result<Ruled> {
    let posed = match pose(app, ctx, judges, question, known).await? {
        Ok(posed) => posed,
        Err((reason, sentence)) => return Ok(Ruled::Unjudged(reason, sentence)),
    };
    let judged = budgets::consider(app, ctx, &mut judges.sums, &posed.agent, &posed.ask).await?;
    let Posed { agent, ask, task } = posed;
    let mut case = Case { agent, ask, task, judged, approval: None, lapse: None };
    if let (Verdict::NeedsApproval, Some(named)) =
        (case.judged.decision.verdict, question.context.get("approval"))
    {
        case = lifted(app, ctx, (case, named)).await?;
    }
    Ok(Ruled::Judged(Box::new(case)))
}

async fn lifted(app: &App, ctx: &Ctx, (case, named): (Case, &Json)) -> Result<Case> {
    match standing(app, ctx, (&case, named)).await? {
        Err(lapse) => Ok(Case { lapse: Some(lapse), ..case }),
        Ok(approval) => {
            let decision = Decision {
                verdict: Verdict::Allow,
                reason: Reason::Allowed,
                sentence: Cow::Owned(format!("A person granted this exact question ({}).", approval.id)),
                missing: None,
                ..case.judged.decision
            };
            let judged = Judged { decision, ..case.judged };
            Ok(Case { judged, approval: Some(approval), ..case })
        }
    }
}

/// The approval that a question names, if it may be used for this very question now: the id alone bears nothing.
async fn standing(
    app: &App,
    ctx: &Ctx,
    (case, named): (&Case, &Json),
) -> Result<std::result::Result<Approval, Lapse>> {
    let Some(id) = named.member("id").and_then(Json::as_text).and_then(|text| text.parse().ok()) else {
        return Ok(Err(Lapse::Unverifiable));
    };
    let mut reader = app.store.read(ctx);
    let approval = match rows::get(&mut reader, id).await {
        Err(error) if error.reason() == Reason::NotFound => return Ok(Err(Lapse::Unverifiable)),
        found => found?,
    };
    let is_bound = match named.member("state") {
        None => true,
        Some(Json::Text(state)) => binding::is_approval(app, ctx, &approval, state),
        Some(_) => false,
    };
    let digest = Digest::of(case.ask.canonical().as_bytes());
    let task = approvals::task_of(&case.plan());
    let permission = case.judged.decision.permission;
    let wanted = approvals::bound_to(&case.agent, &case.ask, &digest, task.as_deref(), permission);
    if let Some(lapse) = lapse(&approval, &wanted, ctx.now, is_bound) {
        return Ok(Err(lapse));
    }
    let usable = rows::find_usable(&mut reader, &wanted).await?;
    Ok(usable.filter(|usable| usable.id == approval.id).ok_or(Lapse::Expired))
}

/// What can be told of an approval that is not granted, or not for this.
fn lapse(approval: &Approval, wanted: &rows::Use<'_>, now: Time, is_bound: bool) -> Option<Lapse> {
    if approval.agent != wanted.agent {
        return Some(Lapse::Unverifiable);
    }
    if approval.digest != *wanted.digest || approval.user.as_ref() != wanted.user {
        return Some(Lapse::OutOfScope);
    }
    match approval.state {
        ApprovalState::Waiting if approval.expires_at > now => Some(Lapse::Pending),
        ApprovalState::Denied => Some(Lapse::Denied),
        ApprovalState::Granted if approval.expires_at > now && !is_bound => Some(Lapse::Unverifiable),
        ApprovalState::Granted => None,
        ApprovalState::Waiting
        | ApprovalState::Expired
        | ApprovalState::Cancelled
        | ApprovalState::Consumed
        | ApprovalState::Stale => Some(Lapse::Expired),
    }
}

/// What of the context is ours to read.
struct Ours {
    session: Option<SessionId>,
    task: Option<String>,
}

fn ours(question: &Question) -> std::result::Result<Ours, Reason> {
    let session = match question.context.get("sessionId") {
        None => None,
        Some(Json::Text(id)) => Some(id.parse().map_err(|_| Reason::SessionInvalid)?),
        Some(_) => return Err(Reason::SessionInvalid),
    };
    let is_task = |task: &str| {
        (1..=MAX_TASK_BYTES).contains(&task.len()) && task.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let task = match question.context.get("taskId") {
        None => None,
        Some(Json::Text(task)) if is_task(task) => Some(task.clone()),
        Some(_) => return Err(Reason::FieldInvalid),
    };
    Ok(Ours { session, task })
}

const fn nobody(reason: Reason) -> &'static str {
    match reason {
        Reason::AgentMismatch => "An agent key speaks for its own agent, and the subject is another one.",
        _ => "No agent of the organization judges this subject.",
    }
}
