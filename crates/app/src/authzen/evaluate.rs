//! One question, or many, answered and recorded. The answer goes out when the decisions are durable, as with
//! [`crate::verify`].

use super::{
    answer::{AccessRequest, Context, Display, Evaluated, Obligation, ObligationProperties, ShownApproval},
    binding,
    judge::{Case, Ruled, consider},
    question::{Batch, Question, Until},
    subjects::Judges,
};
use crate::{
    App,
    personal::Scrub,
    redaction::redacted_json,
    sessions,
    verify::{Plan, Ruling, events},
};
use procura_model::{Ctx, Error, Event, Json, Reason, Result, Scope, Verdict};
use std::borrow::Cow;

/// How long the caller's own name for its request may be to be recorded, in bytes.
const MAX_REQUEST_ID_BYTES: usize = 128;

/// What came with the questions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Incoming<'i> {
    /// The caller's own name for its request (`X-Request-ID`).
    pub request_id: Option<&'i str>,
}

/// Answers one question.
///
/// # Errors
/// The scope is missing; a fault when the answer cannot be recorded.
pub async fn evaluate(
    app: &App,
    ctx: &Ctx,
    incoming: Incoming<'_>,
    question: &Question,
) -> Result<Evaluated> {
    ctx.actor.require(Scope::Verify)?;
    let ruled = consider(app, ctx, &mut Judges::new(app, ctx), question, None).await?;
    app.store.record(ctx, rows(app, ctx, incoming, &ruled)).await?;
    shown(app, ctx, (question, ruled), ctx.request.to_string())
}

/// Answers questions in their order, until the batch is done.
///
/// # Errors
/// As [`evaluate`].
pub async fn evaluate_all(
    app: &App,
    ctx: &Ctx,
    incoming: Incoming<'_>,
    batch: Batch,
) -> Result<Vec<Evaluated>> {
    ctx.actor.require(Scope::Verify)?;
    let mut judges = Judges::new(app, ctx);
    let (mut records, mut answers, mut acting) = (Vec::new(), Vec::new(), Vec::new());
    for (index, item) in batch.items.into_iter().enumerate() {
        let answer = match item {
            Err(Error::Refused(refusal)) => Evaluated::unread(refusal.sentence().to_owned()),
            Err(fault @ Error::Fault(_)) => return Err(fault),
            Ok(question) => {
                let ruled = consider(app, ctx, &mut judges, &question, None).await?;
                records.extend(rows(app, ctx, incoming, &ruled));
                acting.extend(ruled.user().map(|user| (index, user)));
                shown(app, ctx, (&question, ruled), format!("{}.{}", ctx.request, index + 1))?
            }
        };
        let is_done = match batch.until {
            Until::All => false,
            Until::FirstDeny => !answer.decision,
            Until::FirstPermit => answer.decision,
        };
        answers.push(answer);
        if is_done {
            break;
        }
    }
    app.store.record(ctx, records).await?;
    for (index, user) in acting {
        if let (Err(Error::Refused(ended)), Some(answer)) =
            (sessions::demand(app, &user), answers.get_mut(index))
        {
            *answer = refused(Context::default(), ended.reason, ended.sentence().to_owned());
        }
    }
    Ok(answers)
}

/// What is recorded of a question that a policy has decided.
fn rows(app: &App, ctx: &Ctx, incoming: Incoming<'_>, ruled: &Ruled) -> Vec<Event> {
    let Ruled::Judged(case) = ruled else { return Vec::new() };
    let decision = &case.judged.decision;
    let plan = Plan { facts: Cow::Owned(facts(app, case, incoming)), ..case.plan() };
    let approval = case.approval.as_ref().map(|approval| approval.id);
    let ruling = Ruling { decision, approval, reading: &case.judged.reading };
    app.metrics.decided(decision.verdict, decision.reason, ctx.elapsed_us());
    events(app, ctx, &case.agent, &plan, ruling)
}

/// That it was asked by AuthZEN, and what the caller calls its request.
fn facts(app: &App, case: &Case, incoming: Incoming<'_>) -> String {
    let is_kept =
        |id: &&str| id.len() <= MAX_REQUEST_ID_BYTES && id.bytes().all(|byte| byte.is_ascii_graphic());
    let name = incoming.request_id.filter(is_kept).map_or(Json::Null, |id| Json::Text(id.to_owned()));
    let members = Json::Map(vec![("requestId".to_owned(), name)]);
    let redactor = &case.agent.redactor;
    let facts = Scrub::of(app, redactor, case.ask.user.as_deref()).json(members).canonical();
    format!("{{\"authzen\":{}}}", redacted_json(redactor, &facts))
}

fn shown(
    app: &App,
    ctx: &Ctx,
    (question, ruled): (&Question, Ruled),
    evaluation_id: String,
) -> Result<Evaluated> {
    let said =
        Context { evaluation_id: Some(evaluation_id), evaluated_at: Some(ctx.now), ..Context::default() };
    let case = match ruled {
        Ruled::Unjudged(reason, sentence) => return Ok(refused(said, reason, sentence.into_owned())),
        Ruled::Judged(case) => case,
    };
    // The session may have ended while this was decided.
    if let Some(Err(Error::Refused(ended))) =
        case.ask.user.as_ref().map(|acting| sessions::demand(app, acting))
    {
        return Ok(refused(said, ended.reason, ended.sentence().to_owned()));
    }
    match case.judged.decision.verdict {
        Verdict::Allow => Ok(permitted(app, said, &case)),
        Verdict::Deny => {
            let denied = refused(said, case.judged.decision.reason, sentence(&case));
            Ok(by_permission(denied, &case))
        }
        Verdict::NeedsApproval => asking(app, ctx, (question, &case), said),
    }
}

fn sentence(case: &Case) -> String {
    case.judged.decision.sentence.clone().into_owned()
}

fn refused(said: Context, reason: Reason, message: String) -> Evaluated {
    let context = Context {
        reason: Some("policy_denied"),
        code: Some(reason),
        message: Some(message),
        next_action: Some("none"),
        ..said
    };
    Evaluated { decision: false, context: Some(context) }
}

fn by_permission(answer: Evaluated, case: &Case) -> Evaluated {
    let permission_id = case.judged.decision.permission;
    Evaluated { context: answer.context.map(|context| Context { permission_id, ..context }), ..answer }
}

/// A yes; what stands on a window or a budget must be reserved before it is done.
fn permitted(app: &App, said: Context, case: &Case) -> Evaluated {
    let (decision, reading) = (&case.judged.decision, &case.judged.reading);
    let stands_on_window = reading.spent.iter().any(|spent| Some(spent.permission) == decision.permission);
    let mut obligations = Vec::new();
    if stands_on_window || !reading.budgets.is_empty() {
        obligations.push(Obligation {
            id: "reserve_spend",
            kind: "urn:procura:obligation:reserve_spend",
            properties: ObligationProperties {
                endpoint: format!("{}/v1/verify", app.settings.public_url),
                agent_id: case.agent.agent.id,
            },
        });
    }
    let approval = case.approval.as_ref().map(|approval| ShownApproval {
        id: approval.id,
        approved_at: approval.decided_at,
        approved_until: approval.expires_at,
        state: None,
    });
    let is_plain = obligations.is_empty() && approval.is_none();
    let context = Context { permission_id: decision.permission, approval, obligations, ..said };
    Evaluated { decision: true, context: (!is_plain).then_some(context) }
}

/// A no that a person could lift: how one is asked, or why the approval that was named does not lift it.
fn asking(app: &App, ctx: &Ctx, (question, case): (&Question, &Case), said: Context) -> Result<Evaluated> {
    let (reason, next_action) = case.lapse.map_or(("approval_required", "request"), |lapse| lapse.words());
    let message = sentence(case);
    let access_request = if next_action == "none" {
        None
    } else {
        let (binding_token, expires_at) = binding::of_denial(app, ctx, &case.agent, question)?;
        let endpoint = format!("{}/access/v1/requests", app.settings.public_url);
        Some(AccessRequest {
            endpoint,
            expires_at,
            binding_token,
            display: Display { message: message.clone() },
        })
    };
    let context = Context {
        reason: Some(reason),
        code: Some(Reason::ApprovalRequired),
        message: Some(message),
        permission_id: case.judged.decision.permission,
        next_action: Some(next_action),
        access_request,
        ..said
    };
    Ok(Evaluated { decision: false, context: Some(context) })
}
