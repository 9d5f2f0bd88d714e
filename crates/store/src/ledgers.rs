//! What was committed and is held, by ledger: one for each permission's window, and for each budget, or each agent or
//! user of a budget. An entry counts for the window in which its time lies, whenever it is settled.
//!
//! // INVARIANT: whoever adds up a ledger in order to add to it has taken its row by [`lock`] before, in the same
//! transaction, and takes the rows of several ledgers in the order of their names. So of two who count on one ledger
//! the second sees what the first wrote (READ COMMITTED reads anew with each statement), and no two wait for each other.
//!
//! What is held lapses at a time. Clocks of several nodes differ, and so does the order of requests from that of their
//! times; therefore a ledger remembers the latest time at which anybody counted on it, and lapses by that: what one
//! node has given away as lapsed, no other commits as if it were still held.

use crate::tx::{Source, Writer};
use procura_model::{Amount, Currency, ReservationId, Result, Time, time::DAY_MS};

statements! {
    LOCK = "
        INSERT INTO ledgers (tenant_id, ledger, version, latest)
        VALUES ($1, $2, 1, $3)
        ON CONFLICT (tenant_id, ledger)
        DO UPDATE SET version = ledgers.version + 1,
                      latest = CASE WHEN ledgers.latest < $3 THEN $3 ELSE ledgers.latest END
     RETURNING version, latest";
    PRUNE = "
        DELETE FROM ledger_entries
         WHERE tenant_id = $1
           AND ledger = $2
           AND at < $3";
    USED = "
        SELECT CAST(COALESCE(SUM(CASE WHEN currency = $6 THEN amount ELSE 0 END), 0) AS BIGINT) AS amount,
               CAST(COALESCE(SUM(calls), 0) AS BIGINT) AS calls
          FROM ledger_entries
         WHERE tenant_id = $1
           AND ledger = $2
           AND at > $3
           AND (until IS NULL OR until > $4)
           AND reservation_id <> $5";
    STANDING = "
        SELECT CAST(COALESCE(SUM(CASE WHEN e.currency = $5 THEN e.amount ELSE 0 END), 0) AS BIGINT) AS amount,
               CAST(COALESCE(SUM(e.calls), 0) AS BIGINT) AS calls
          FROM ledger_entries e
          JOIN reservations r ON r.tenant_id = e.tenant_id AND r.reservation_id = e.reservation_id
         WHERE e.tenant_id = $1
           AND e.ledger = $2
           AND e.at > $3
           AND (e.until IS NULL OR e.until > $4)
           AND r.state = 'held'";
    NAMED = "
        SELECT ledger
          FROM ledgers
         WHERE tenant_id = $1
           AND ledger LIKE $2
         ORDER BY latest DESC, ledger
         LIMIT $3";
    INSERT = "
        INSERT INTO ledger_entries (tenant_id, ledger, at, reservation_id, amount, currency, calls, until)
        VALUES ($1, $2, $3, $4, $5, $6, 1, $7)";
    OF_RESERVATION = "
        SELECT ledger, until
          FROM ledger_entries
         WHERE tenant_id = $1
           AND reservation_id = $2";
    COMMIT = "
        UPDATE ledger_entries
           SET amount = $3, until = NULL
         WHERE tenant_id = $1
           AND reservation_id = $2";
    KEEP = "
        UPDATE ledger_entries
           SET until = NULL
         WHERE tenant_id = $1
           AND reservation_id = $2";
    RELEASE = "
        DELETE FROM ledger_entries
         WHERE tenant_id = $1
           AND reservation_id = $2";
}

/// Entries stay so much longer than their window looks back, so that a window can be made longer.
const KEPT_LONGER_MS: i64 = 35 * DAY_MS;
/// Every so many countings a ledger is rid of what no window sees any longer.
const PRUNED_EVERY: i64 = 64;

/// What to add up.
#[derive(Clone, Copy, Debug)]
pub struct Look<'l> {
    /// On which ledger.
    pub ledger: &'l str,
    /// Since when, not included: the beginning of the window.
    pub since: Time,
    /// What had lapsed by then is left out.
    pub at: Time,
    /// Amounts in this currency; none where only calls are counted.
    pub currency: Option<Currency>,
    /// But for this reservation.
    pub without: Option<ReservationId>,
}

/// What was committed and is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// How much.
    pub amount: Amount,
    /// How many calls.
    pub calls: i64,
}

/// A row to be added to a ledger.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'e> {
    /// On which ledger.
    pub ledger: &'e str,
    /// When it counts from: the time of the request.
    pub at: Time,
    /// Of which reservation.
    pub reservation: ReservationId,
    /// How much, in which currency.
    pub amount: Option<(Amount, Currency)>,
    /// When it lapses, where it does.
    pub until: Option<Time>,
}

/// Where an entry of a reservation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The ledger.
    pub ledger: String,
    /// When it lapses there, where it does.
    pub until: Option<Time>,
}

/// Takes the row of a ledger, which nobody else gets until the end of the transaction, and answers the latest time at
/// which anybody counted on it, which is at least now. `since` is the beginning of its window.
///
/// # Errors
/// A fault.
pub async fn lock(w: &mut Writer<'_>, ledger: &str, since: Time) -> Result<Time> {
    let now = w.now();
    let row = w.desk().one(&LOCK, args![ledger, now]).await?;
    if row.int("version")?.checked_rem(PRUNED_EVERY) == Some(0) {
        w.desk().run(&PRUNE, args![ledger, since.plus_ms(-KEPT_LONGER_MS)]).await?;
    }
    row.time("latest")
}

/// Adds up a ledger.
///
/// # Errors
/// A fault, also when the sum has no room in a number.
pub async fn used(source: &mut impl Source, look: &Look<'_>) -> Result<Used> {
    let without = look.without.map(|id| id.to_string()).unwrap_or_default();
    let args = args![look.ledger, look.since, look.at, without, currency(look.currency)];
    read(&source.desk().one(&USED, args).await?)
}

/// Adds up what on a ledger is held and not settled.
///
/// # Errors
/// A fault.
pub async fn held(source: &mut impl Source, look: &Look<'_>) -> Result<Used> {
    let args = args![look.ledger, look.since, look.at, currency(look.currency)];
    read(&source.desk().one(&STANDING, args).await?)
}

/// The ledgers whose names begin so, those first on which was counted last.
///
/// # Errors
/// A fault.
pub async fn named(source: &mut impl Source, prefix: &str, limit: i64) -> Result<Vec<String>> {
    let rows = source.desk().all(&NAMED, args![format!("{prefix}%"), limit]).await?;
    rows.iter().map(|row| row.text("ledger")).collect()
}

/// Adds a row to a ledger.
///
/// # Errors
/// A fault.
pub async fn insert(w: &mut Writer<'_>, entry: &Entry<'_>) -> Result<()> {
    let (amount, of) = entry.amount.map_or((0, None), |(amount, of)| (amount.units(), Some(of)));
    let args = args![entry.ledger, entry.at, entry.reservation, amount, currency(of), entry.until];
    w.desk().run(&INSERT, args).await
}

/// On which ledgers a reservation is counted, in the order in which they are taken.
///
/// # Errors
/// A fault.
pub async fn of_reservation(source: &mut impl Source, reservation: ReservationId) -> Result<Vec<Place>> {
    let rows = source.desk().all(&OF_RESERVATION, args![reservation]).await?;
    let place =
        |row: &crate::row::Row| Ok(Place { ledger: row.text("ledger")?, until: row.maybe_time("until")? });
    let mut places = rows.iter().map(place).collect::<Result<Vec<_>>>()?;
    // Not by the database, which may sort by the words of a language.
    places.sort_by(|one, other| one.ledger.cmp(&other.ledger));
    Ok(places)
}

/// The reservation came to this much, and lapses no more.
///
/// # Errors
/// A fault.
pub async fn commit(w: &mut Writer<'_>, reservation: ReservationId, amount: Option<Amount>) -> Result<()> {
    let amount = amount.unwrap_or(Amount::ZERO).units();
    w.desk().run(&COMMIT, args![reservation, amount]).await
}

/// The reservation lapses no more.
///
/// # Errors
/// A fault.
pub async fn keep(w: &mut Writer<'_>, reservation: ReservationId) -> Result<()> {
    w.desk().run(&KEEP, args![reservation]).await
}

/// The reservation came to nothing.
///
/// # Errors
/// A fault.
pub async fn release(w: &mut Writer<'_>, reservation: ReservationId) -> Result<()> {
    w.desk().run(&RELEASE, args![reservation]).await
}

fn currency(currency: Option<Currency>) -> crate::value::Value {
    currency.map(|currency| currency.to_string()).as_deref().into()
}

fn read(row: &crate::row::Row) -> Result<Used> {
    let amount = Amount::from_units(row.int("amount")?).map_err(|_| crate::row::wrong("amount"))?;
    Ok(Used { amount, calls: row.int("calls")? })
}

#[cfg(test)]
#[path = "ledgers_tests.rs"]
mod tests;
