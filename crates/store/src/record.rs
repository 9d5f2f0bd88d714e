//! How an event becomes a row of the record, and, where webhooks may carry it, a row of the outbox.

use crate::value::Value;
use procura_model::{Ctx, Digest, Event, EventId, RequestId, Time};

/// How many columns a row has, in the order of [`Entry::of`].
pub(crate) const COLUMNS: usize = 22;

/// One row of the record, ready to be inserted; cheap to offer twice.
#[derive(Clone)]
pub(crate) struct Entry([Value; COLUMNS]);

impl Entry {
    /// The row of this event in the chain of this request. Only the first row of a chain says where the
    /// request came from.
    pub(crate) fn of(ctx: &Ctx, position: i64, event: &Event) -> Self {
        let origin = (position == 0).then_some(&ctx.origin);
        let text = |text: &Option<String>| Value::from(text.as_deref());
        Self([
            ctx.tenant.into(),
            ctx.request.into(),
            position.into(),
            ctx.now.into(),
            ctx.actor.id().into(),
            origin.map(|origin| origin.method.as_str()).into(),
            origin.map(|origin| origin.path.as_str()).into(),
            origin.and_then(|origin| origin.ip).map(|ip| ip.to_string()).as_deref().into(),
            origin.and_then(|origin| origin.user_agent.as_deref()).into(),
            event.kind.as_str().into(),
            event.agent.into(),
            event.user.as_ref().into(),
            text(&event.target),
            text(&event.action),
            text(&event.resource),
            event.verdict.map(procura_model::Verdict::as_str).into(),
            event.reason.map(procura_model::Reason::code).into(),
            event.risk.map(procura_model::Risk::as_str).into(),
            event.status.map(i64::from).into(),
            event.duration_us.into(),
            event.approval.into(),
            event.facts.as_str().into(),
        ])
    }

    /// The values, in the order of the columns.
    pub(crate) const fn values(&self) -> &[Value; COLUMNS] {
        &self.0
    }
}

/// The id of an event: made of the request's time and of a digest of request and position, so that the same
/// event has the same id wherever it is derived, and a receiver can tell a repetition (WHK-1).
pub(crate) fn event_id(request: RequestId, position: i64) -> Option<EventId> {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let digest = Digest::of(format!("{request}.{position}").as_bytes());
    let chance: String = digest
        .as_bytes()
        .iter()
        .take(16)
        .filter_map(|byte| ALPHABET.get(usize::from(byte & 31)))
        .map(|letter| char::from(*letter))
        .collect();
    let request = request.to_string();
    let time = request.strip_prefix("req_").and_then(|body| body.get(..10))?;
    format!("evt_{time}{chance}").parse().ok()
}

/// What a webhook says of an event: ids and words of ours, never facts, users or secrets (WHK-2). A receiver
/// that wants more asks the API with its own key.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Notice<'a> {
    event_id: EventId,
    r#type: &'static str,
    created_at: Time,
    organization_id: String,
    request_id: RequestId,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<procura_model::AgentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval_id: Option<procura_model::ApprovalId>,
}

/// The payload of an event that webhooks may carry.
pub(crate) fn notice(ctx: &Ctx, id: EventId, event: &Event) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Notice {
        event_id: id,
        r#type: event.kind.as_str(),
        created_at: ctx.now,
        organization_id: ctx.tenant.to_string(),
        request_id: ctx.request,
        agent_id: event.agent,
        target: event.target.as_deref(),
        approval_id: event.approval,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::Entropy;

    #[test]
    fn an_event_has_the_same_id_however_often_it_is_asked_for() {
        let entropy = Entropy::seeded(1);
        let request = RequestId::new(Time::from_ms(1_000), &entropy);
        let other = RequestId::new(Time::from_ms(1_000), &entropy);
        let id = event_id(request, 3).unwrap();
        assert_eq!(event_id(request, 3), Some(id));
        assert_ne!(event_id(request, 4), Some(id));
        assert_ne!(event_id(other, 3), Some(id));
        assert_eq!(id.made_at(), Time::from_ms(1_000));
    }
}
