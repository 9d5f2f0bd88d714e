//! How an event becomes a row of the record, and, where webhooks may carry it, a row of the outbox. The text
//! that inserts many rows at once is the only generated SQL in the house (decisions.md 21).

use crate::{db::Dialect, value::Value};
use procura_model::{Ctx, Digest, Event, EventId, RequestId, Time};
use std::sync::OnceLock;

/// How many rows one statement inserts at the most.
pub(crate) const MAX_ROWS: usize = 64;

/// The columns, in the order of [`Entry::of`].
const COLUMNS: [&str; 22] = [
    "tenant_id",
    "request_id",
    "position",
    "at",
    "actor",
    "method",
    "path",
    "ip",
    "user_agent",
    "kind",
    "agent_id",
    "user_ref",
    "target",
    "action",
    "resource",
    "verdict",
    "reason",
    "risk",
    "status",
    "duration_us",
    "approval_id",
    "facts",
];

/// One row of the record, ready to be inserted; cheap to offer twice.
pub(crate) struct Entry([Value; COLUMNS.len()]);

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
    pub(crate) const fn values(&self) -> &[Value; COLUMNS.len()] {
        &self.0
    }
}

/// The text that inserts so many rows; each is built once.
pub(crate) fn insert_text(rows: usize, dialect: Dialect) -> &'static str {
    static SQLITE: [OnceLock<String>; MAX_ROWS] = [const { OnceLock::new() }; MAX_ROWS];
    static POSTGRES: [OnceLock<String>; MAX_ROWS] = [const { OnceLock::new() }; MAX_ROWS];
    let texts = match dialect {
        Dialect::Sqlite => &SQLITE,
        Dialect::Postgres => &POSTGRES,
    };
    texts.get(rows.saturating_sub(1)).map_or("", |text| text.get_or_init(|| build_text(rows, dialect)))
}

fn build_text(rows: usize, dialect: Dialect) -> String {
    let mut parameters = (1..=rows.saturating_mul(COLUMNS.len())).map(|number| match dialect {
        Dialect::Sqlite => "?".to_owned(),
        Dialect::Postgres => format!("${number}"),
    });
    let tuples: Vec<String> = (0..rows)
        .map(|_| format!("({})", parameters.by_ref().take(COLUMNS.len()).collect::<Vec<_>>().join(", ")))
        .collect();
    format!("INSERT INTO evidence ({})\nVALUES {}", COLUMNS.join(", "), tuples.join(",\n       "))
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
    fn a_text_has_one_parameter_for_each_column_of_each_row() {
        for rows in [1, 2, MAX_ROWS] {
            let sqlite = insert_text(rows, Dialect::Sqlite);
            assert_eq!(sqlite.matches('?').count(), rows * COLUMNS.len());
            let postgres = insert_text(rows, Dialect::Postgres);
            assert!(postgres.ends_with(&format!("${})", rows * COLUMNS.len())));
        }
    }

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
