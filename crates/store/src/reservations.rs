//! What was allowed and waits for its outcome (VER-3). A reservation is settled by one conditional statement, so of
//! many who settle it one does; it may be settled after it expired, for money does not forget.

use crate::{
    row::Row,
    tx::{Source, Writer},
};
use procura_model::{
    AgentId, Amount, Digest, Page, PageAsk, Reason, Reservation, ReservationId, ReservationState, Result,
    Time, UserRef,
};

statements! {
    INSERT = "
        INSERT INTO reservations
               (tenant_id, reservation_id, agent_id, user_ref, request_id, permission_id, action, held,
                currency, actual, state, is_late, is_over, retry_key, digest, created_at, commit_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, 'held', $10, $10, $11, $12, $13, $14)";
    GET = "
        SELECT *
          FROM reservations
         WHERE tenant_id = $1
           AND reservation_id = $2";
    BY_KEY = "
        SELECT *
          FROM reservations
         WHERE tenant_id = $1
           AND agent_id = $2
           AND retry_key = $3
           AND created_at > $4
         ORDER BY reservation_id DESC
         LIMIT 1";
    LIST = "
        SELECT *
          FROM reservations
         WHERE tenant_id = $1
           AND (CAST($2 AS TEXT) IS NULL OR reservation_id < $2)
         ORDER BY reservation_id DESC
         LIMIT $3";
    LIST_BY_STATE = "
        SELECT *
          FROM reservations
         WHERE tenant_id = $1
           AND state = $2
           AND (CAST($3 AS TEXT) IS NULL OR reservation_id < $3)
         ORDER BY reservation_id DESC
         LIMIT $4";
    LIST_OF_AGENT = "
        SELECT *
          FROM reservations
         WHERE tenant_id = $1
           AND agent_id = $2
           AND (CAST($3 AS TEXT) IS NULL OR state = $3)
           AND (CAST($4 AS TEXT) IS NULL OR reservation_id < $4)
         ORDER BY reservation_id DESC
         LIMIT $5";
    COMMIT = "
        UPDATE reservations
           SET state = 'committed', actual = $3, is_late = $4, is_over = $5, settled_at = $6
         WHERE tenant_id = $1
           AND reservation_id = $2
           AND state IN ('held', 'expired')
     RETURNING *";
    RELEASE = "
        UPDATE reservations
           SET state = 'released', settled_at = $3
         WHERE tenant_id = $1
           AND reservation_id = $2
           AND state IN ('held', 'expired')
     RETURNING *";
    EXPIRE = "
        UPDATE reservations
           SET state = 'expired', settled_at = $2
         WHERE tenant_id = $1
           AND reservation_id IN (SELECT d.reservation_id
                                    FROM reservations d
                                   WHERE d.tenant_id = $1
                                     AND d.state = 'held'
                                     AND d.commit_by <= $2
                                   ORDER BY d.commit_by, d.reservation_id
                                   LIMIT $3)
           AND state = 'held'
           AND commit_by <= $2
     RETURNING *";
}

/// A new reservation, and by what it is known again.
#[derive(Clone, Copy, Debug)]
pub struct NewReservation<'r> {
    /// The reservation; held.
    pub reservation: &'r Reservation,
    /// The digest of its canonical ask.
    pub digest: &'r Digest,
    /// The key with which the caller would ask again.
    pub retry_key: Option<&'r str>,
}

/// What is written when a reservation is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// What it came to.
    pub actual: Option<Amount>,
    /// Whether it had expired.
    pub is_late: bool,
    /// Whether a limit is overrun by it.
    pub is_over: bool,
}

/// Adds a reservation.
///
/// # Errors
/// A fault.
pub async fn insert(w: &mut Writer<'_>, new: &NewReservation<'_>) -> Result<()> {
    let reservation = new.reservation;
    let args = args![
        reservation.id,
        reservation.agent,
        reservation.user.as_ref(),
        reservation.request,
        reservation.permission,
        &reservation.action,
        reservation.held.map(Amount::units),
        reservation.currency.map(|currency| currency.to_string()).as_deref(),
        false,
        new.retry_key,
        new.digest,
        reservation.created_at,
        reservation.commit_by,
    ];
    w.desk().run(&INSERT, args).await
}

/// One reservation.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn get(source: &mut impl Source, reservation: ReservationId) -> Result<Reservation> {
    read(&source.desk().maybe(&GET, args![reservation]).await?.ok_or(Reason::NotFound)?)
}

/// What an agent reserved since then with this key, and the digest of what it asked.
///
/// # Errors
/// A fault.
pub async fn by_key(
    source: &mut impl Source,
    agent: AgentId,
    key: &str,
    since: Time,
) -> Result<Option<(Reservation, Digest)>> {
    let row = source.desk().maybe(&BY_KEY, args![agent, key, since]).await?;
    row.map(|row| Ok((read(&row)?, row.digest("digest")?))).transpose()
}

/// Reservations in a state, or in any, of an agent, or of all, newest first; the cursor is a reservation's id.
///
/// # Errors
/// A fault.
pub async fn list(
    source: &mut impl Source,
    state: Option<ReservationState>,
    agent: Option<AgentId>,
    ask: &PageAsk,
) -> Result<Page<Reservation>> {
    let (limit, after) = (ask.limit.saturating_add(1), ask.after.as_deref());
    let word = state.map(ReservationState::as_str);
    let rows = match (agent, word) {
        (Some(agent), word) => source.desk().all(&LIST_OF_AGENT, args![agent, word, after, limit]).await?,
        (None, Some(word)) => source.desk().all(&LIST_BY_STATE, args![word, after, limit]).await?,
        (None, None) => source.desk().all(&LIST, args![after, limit]).await?,
    };
    let reservations = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    Ok(Page::of(reservations, ask, |reservation| reservation.id.to_string()))
}

/// It happened. None when it was settled already.
///
/// # Errors
/// A fault.
pub async fn commit(
    w: &mut Writer<'_>,
    reservation: ReservationId,
    as_it_was: Commitment,
) -> Result<Option<Reservation>> {
    let now = w.now();
    let Commitment { actual, is_late, is_over } = as_it_was;
    let args = args![reservation, actual.map(Amount::units), is_late, is_over, now];
    w.desk().maybe(&COMMIT, args).await?.as_ref().map(read).transpose()
}

/// It did not happen. None when it was settled already.
///
/// # Errors
/// A fault.
pub async fn release(w: &mut Writer<'_>, reservation: ReservationId) -> Result<Option<Reservation>> {
    let now = w.now();
    w.desk().maybe(&RELEASE, args![reservation, now]).await?.as_ref().map(read).transpose()
}

/// Ends the waiting for what nobody settled in time, so many at once, and says which they were.
///
/// # Errors
/// A fault.
pub async fn expire(w: &mut Writer<'_>, limit: i64) -> Result<Vec<Reservation>> {
    let now = w.now();
    w.desk().all(&EXPIRE, args![now, limit]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Reservation> {
    let amount = |name: &'static str| -> Result<Option<Amount>> {
        let units = row.maybe_int(name)?;
        units.map(|units| Amount::from_units(units).map_err(|_| crate::row::wrong(name))).transpose()
    };
    Ok(Reservation {
        id: row.parse("reservation_id")?,
        agent: row.parse("agent_id")?,
        user: row.maybe_text("user_ref")?.map(UserRef),
        request: row.parse("request_id")?,
        permission: row.maybe_parse("permission_id")?,
        action: row.text("action")?,
        held: amount("held")?,
        currency: row.maybe_parse("currency")?,
        actual: amount("actual")?,
        state: row.parse("state")?,
        is_late: row.bool("is_late")?,
        is_over: row.bool("is_over")?,
        created_at: row.time("created_at")?,
        commit_by: row.time("commit_by")?,
        settled_at: row.maybe_time("settled_at")?,
    })
}

#[cfg(test)]
#[path = "reservations_tests.rs"]
mod tests;
