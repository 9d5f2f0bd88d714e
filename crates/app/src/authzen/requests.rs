//! Asking a person (the access request and approval profile). What is asked is judged anew first: only what a person
//! could lift reaches the inbox, and the same question waits in one place. The task has one of the approval's answers
//! in the profile's words, and its approval's id bears nothing by itself: it is named with the next evaluation, which
//! judges it against the policy of that moment.

use super::{
    answer::ShownApproval,
    binding,
    judge::{Posed, pose},
    question::{Question, wrong},
    subjects::Judges,
};
use crate::{
    App, approvals,
    budgets::{self, Sums},
    verify::Plan,
};
use procura_model::{Approval, ApprovalId, ApprovalState, Ctx, Json, Reason, Result, Scope, Time, Verdict};
use procura_store::approvals as rows;
use serde::Serialize;
use std::borrow::Cow;

/// A request for a person's consent.
#[derive(Clone, Debug)]
pub struct AccessAsk {
    question: Question,
    binding_token: Option<String>,
}

/// Where such a request stands.
#[derive(Clone, Debug, Serialize)]
pub struct Task {
    /// The approval's id.
    pub id: ApprovalId,
    /// `pending`, `approved`, `denied`, `expired`, `cancelled` or `failed`.
    pub status: &'static str,
    /// Where to ask again.
    pub status_endpoint: String,
    /// Until when it can be answered, or used.
    pub expires_at: Time,
    /// Where a person answers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form_url: Option<String>,
    /// What came of it, once somebody agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<TaskResult>,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct TaskResult {
    /// The question must be evaluated again.
    pub mode: &'static str,
    /// The approval to name then.
    pub approval: ShownApproval,
}

impl AccessAsk {
    /// Reads a request.
    ///
    /// # Errors
    /// `FIELD_INVALID` naming the member.
    pub fn read(body: &Json) -> Result<Self> {
        let question = Question::read(body)?;
        let binding_token = match body.member("denial") {
            None => None,
            Some(denial @ Json::Map(_)) => match denial.member("binding_token") {
                None => None,
                Some(Json::Text(token)) => Some(token.clone()),
                Some(_) => return Err(wrong("denial.binding_token", "a string")),
            },
            Some(_) => return Err(wrong("denial", "an object")),
        };
        Ok(Self { question, binding_token })
    }
}

/// Asks a person, or answers where the same question waits or was answered already.
///
/// # Errors
/// The scope is missing; the reason for which no person could lift the refusal; `STATE_CHANGED` where nothing is
/// refused, or what was refused was another question; `APPROVALS_TOO_MANY`; a fault.
pub async fn request(app: &App, ctx: &Ctx, asked: &AccessAsk) -> Result<Task> {
    ctx.actor.require(Scope::Verify)?;
    let question = &asked.question;
    let posed = match pose(app, ctx, &mut Judges::new(app, ctx), question, None).await? {
        Ok(posed) => posed,
        Err((reason, sentence)) => return Err(reason.because(sentence)),
    };
    let Posed { agent, ask, task } = &posed;
    let is_ours = |token: &String| binding::is_denial_of(app, ctx, agent, question, token);
    if !asked.binding_token.as_ref().is_none_or(is_ours) {
        return Err(Reason::StateChanged
            .because("denial.binding_token is not of this question, or has expired: evaluate it again."));
    }
    let judged = budgets::consider(app, ctx, &mut Sums::default(), agent, ask).await?;
    match judged.decision.verdict {
        Verdict::NeedsApproval => {}
        Verdict::Allow => {
            return Err(Reason::StateChanged.because("This is permitted: there is nothing to ask a person."));
        }
        Verdict::Deny => {
            return Err(judged.decision.reason.because(judged.decision.sentence));
        }
    }
    let plan = Plan {
        agent: agent.agent.id,
        ask,
        facts: Cow::Borrowed("{\"authzen\":{}}"),
        declared: None,
        task: task.as_deref(),
        retry_key: None,
        carries_out: false,
    };
    let id = approvals::request(app, ctx, agent, &plan, judged).await?;
    let mut reader = app.store.read(ctx);
    let approval = rows::get(&mut reader, id).await?;
    shown(app, ctx, &approval)
}

/// Where a request stands. An agent sees its own alone.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn task(app: &App, ctx: &Ctx, id: ApprovalId) -> Result<Task> {
    ctx.actor.require(Scope::Verify)?;
    let mut reader = app.store.read(ctx);
    let approval = rows::get(&mut reader, id).await?;
    if ctx.actor.agent().is_some_and(|own| own != approval.agent) {
        return Err(Reason::NotFound.into());
    }
    shown(app, ctx, &approval)
}

fn shown(app: &App, ctx: &Ctx, approval: &Approval) -> Result<Task> {
    let status = status(approval, ctx.now);
    let result = if status == APPROVED {
        let state = binding::of_approval(app, ctx, approval)?;
        let approval = ShownApproval {
            id: approval.id,
            approved_at: approval.decided_at,
            approved_until: approval.expires_at,
            state: Some(state),
        };
        Some(TaskResult { mode: "reevaluate", approval })
    } else {
        None
    };
    Ok(Task {
        id: approval.id,
        status,
        status_endpoint: format!("{}/access/v1/requests/{}", app.settings.public_url, approval.id),
        expires_at: approval.expires_at,
        form_url: (status == PENDING).then(|| approvals::url(app, approval.id)),
        result,
    })
}

const PENDING: &str = "pending";
const APPROVED: &str = "approved";

/// A task changes its status once. What became of a grant afterwards is not told here but by the evaluation that
/// names it.
fn status(approval: &Approval, now: Time) -> &'static str {
    let was_granted = approval.decided_at.is_some();
    match approval.state {
        ApprovalState::Waiting if approval.expires_at > now => PENDING,
        ApprovalState::Granted | ApprovalState::Consumed => APPROVED,
        ApprovalState::Denied => "denied",
        ApprovalState::Expired | ApprovalState::Cancelled | ApprovalState::Stale if was_granted => APPROVED,
        ApprovalState::Waiting | ApprovalState::Expired => "expired",
        ApprovalState::Cancelled => "cancelled",
        ApprovalState::Stale => "failed",
    }
}
