//! The last gate: where a call went and what came of it is in the record before the caller hears of it, and what was
//! reserved for it is settled.

use crate::{
    call::{Call, Finish, Sent, Stop},
    deny::Denial,
};
use procura_app::{AgentSnapshot, budgets, personal::Scrub, screening::Asked};
use procura_model::{Event, EventKind, Reason, ReservationId, Risk};
use serde::Serialize;
use std::borrow::Cow;

/// What the record says about the way out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EgressFacts<'f> {
    server: &'f str,
    transport: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    connected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_request_id: Option<Cow<'f, str>>,
    /// Whether it arrived: a call that was given up may have been on its way.
    arrived: &'static str,
}

/// What the record says about the end.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OutcomeFacts<'f> {
    risk: Risk,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    rules: &'f [&'static str],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    report_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    second_opinion: Option<&'f Asked>,
    redactions: usize,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    kinds: &'f [&'static str],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    own_rules: &'f [String],
    dropped_bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<&'static str>,
}

/// Gate 10: where the call went and what came of it, in one durable batch, before the caller hears of it. What was
/// reserved for the call is settled with it.
pub(crate) async fn record(
    call: &Call,
    snapshot: &AgentSnapshot,
    (sent, finish): (&Sent, &Finish),
    reserved: Option<ReservationId>,
) -> Result<(), Stop> {
    let caller = &call.caller;
    let scrub = Scrub::in_ctx(&caller.gateway.app, &snapshot.redactor, &caller.ctx);
    let mut events = Vec::with_capacity(2);
    events.extend(egress_event((call, &scrub), sent));
    let upstream = if let Sent::Failed(error) = sent { Some(error.code) } else { None };
    let facts = OutcomeFacts {
        risk: finish.done.seen.risk,
        rules: &finish.done.seen.rules,
        report_only: finish.done.seen.report_only,
        second_opinion: finish.done.seen.second_opinion.as_ref(),
        redactions: finish.done.redactions,
        kinds: &finish.done.kinds,
        own_rules: &finish.done.own_rules,
        dropped_bytes: finish.done.dropped_bytes,
        kept: finish.done.kept.map(|kept| kept.handle.id.to_string()),
        upstream,
    };
    let mut outcome = event((call, &scrub), EventKind::Outcome).about(finish.word).with_facts(&facts);
    outcome.reason = finish.reason;
    outcome.risk = Some(finish.done.seen.risk);
    outcome.duration_us = Some(caller.ctx.elapsed_us());
    events.push(outcome);
    note_health(call, sent);
    let app = &caller.gateway.app;
    let recorded = match reserved.zip(came_to(sent)) {
        Some(settled) => Box::pin(budgets::settle_with(app, &caller.ctx, settled, events)).await,
        None => app.store.record(&caller.ctx, events).await,
    };
    match recorded {
        Ok(()) => Ok(()),
        Err(error) => {
            tracing::error!(request.id = %caller.ctx.request, error = ?error, "an outcome could not be recorded");
            let sentence =
                "The call was sent, but what came of it could not be recorded, so its result is withheld.";
            Err(Stop::Denied(Denial::of_failure(&caller.ctx, Reason::RecordUnavailable, sentence)))
        }
    }
}

/// What became of what was reserved: an answer means that the call happened; what surely never left is given back; and
/// where nobody knows, it stays held until somebody says, or its time is over.
const fn came_to(sent: &Sent) -> Option<budgets::Outcome> {
    match sent {
        Sent::Answered(_) => Some(budgets::Outcome::Committed(None)),
        Sent::Failed(error) if !error.may_have_arrived => Some(budgets::Outcome::Released),
        Sent::Failed(_) | Sent::Cancelled => None,
    }
}

/// What tells who the user is, is taken out of the record: a URI may name it, and an upstream's own id (USR-7).
fn event((call, scrub): (&Call, &Scrub<'_>), kind: EventKind) -> Event {
    let mut event = Event::new(kind).of_agent(call.caller.agent);
    event.user = call.caller.ctx.actor.user().cloned();
    event.action = Some(call.target.action.to_owned());
    let (resource, declared) = (&call.target.resource, call.target.declared());
    event.resource = Some(scrub.resource(resource, declared).into_owned());
    event
}

/// The way out, where something left or may have left.
fn egress_event((call, scrub): (&Call, &Scrub<'_>), sent: &Sent) -> Option<Event> {
    let (connected, status, bytes, own_id) = match sent {
        Sent::Answered(answer) => {
            (answer.connected, answer.status, Some(answer.bytes), answer.own_id.as_deref())
        }
        Sent::Failed(error) if error.may_have_arrived => {
            (error.connected, error.status, None, error.own_id.as_deref())
        }
        Sent::Failed(_) => return None,
        Sent::Cancelled => (None, None, None, None),
    };
    let server = &call.target.entry.server;
    let facts = EgressFacts {
        server: &server.name,
        transport: call.target.entry.upstream.transport(),
        connected: connected.map(|address| address.to_string()),
        bytes,
        upstream_request_id: own_id.map(|id| scrub.text(id)),
        arrived: if matches!(sent, Sent::Answered(_)) { "yes" } else { "unknown" },
    };
    let mut event = event((call, scrub), EventKind::Egress).about(server.id).with_facts(&facts);
    event.status = status;
    Some(event)
}

fn note_health(call: &Call, sent: &Sent) {
    let app = &call.caller.gateway.app;
    match sent {
        Sent::Failed(error) if is_the_upstream_s(error.reason) => {
            call.target.entry.health.lock().note(app.now(), Some(error));
        }
        Sent::Answered(_) => call.target.entry.health.lock().recovered(app),
        Sent::Failed(_) | Sent::Cancelled => {}
    }
}

/// Whether a failure says something about the upstream, and not about the caller, its user or its arguments.
const fn is_the_upstream_s(reason: Reason) -> bool {
    !matches!(
        reason,
        Reason::CallCancelled
            | Reason::SessionRevoked
            | Reason::SessionExpired
            | Reason::SessionInvalid
            | Reason::UserRequired
            | Reason::ArgumentsInvalid
            | Reason::ToolUnknown
    )
}
