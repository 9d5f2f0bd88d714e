//! Events on their way to webhooks (WHK-1). A row is written by [`crate::Writer::commit`] in the transaction
//! of the change; jobs of any node lease it in the lobby, deliver it at least once, and mark it here.

use crate::{row::Row, tx::Unaudited};
use procura_model::{EventId, Result, TenantId, Time};

statements! {
    DELIVERED = "
        UPDATE outbox
           SET state = 'delivered', lease_until = NULL
         WHERE tenant_id = $1
           AND event_id = $2
           AND state = 'due'";
    RETRY_AT = "
        UPDATE outbox
           SET due_at = $3, lease_until = NULL
         WHERE tenant_id = $1
           AND event_id = $2
           AND state = 'due'";
    DEAD = "
        UPDATE outbox
           SET state = 'dead', lease_until = NULL
         WHERE tenant_id = $1
           AND event_id = $2
           AND state = 'due'";
}

/// An event that a job has leased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leased {
    /// The organization.
    pub tenant: TenantId,
    /// The event, the same however often it is delivered.
    pub event: EventId,
    /// The word for what happened.
    pub kind: String,
    /// What the receiver gets, a JSON document.
    pub payload: String,
    /// When it happened.
    pub created_at: Time,
    /// The how-manieth try this is: 1, 2, ...
    pub attempt: i64,
}

/// Marks an event as delivered.
///
/// # Errors
/// A fault.
pub async fn delivered(u: &mut Unaudited, event: EventId) -> Result<()> {
    u.desk().run(&DELIVERED, args![event]).await
}

/// Gives an event back to be tried again at a time.
///
/// # Errors
/// A fault.
pub async fn retry_at(u: &mut Unaudited, event: EventId, due_at: Time) -> Result<()> {
    u.desk().run(&RETRY_AT, args![event, due_at]).await
}

/// Marks an event as one that nobody will try again by itself.
///
/// # Errors
/// A fault.
pub async fn dead(u: &mut Unaudited, event: EventId) -> Result<()> {
    u.desk().run(&DEAD, args![event]).await
}

pub(crate) fn read(row: &Row) -> Result<Leased> {
    Ok(Leased {
        tenant: row.parse("tenant_id")?,
        event: row.parse("event_id")?,
        kind: row.text("kind")?,
        payload: row.text("payload")?,
        created_at: row.time("created_at")?,
        attempt: row.int("attempt")?,
    })
}
