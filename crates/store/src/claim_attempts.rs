//! Tries to have a registered agent claimed. Of one registration at most one is open; each of its steps is one
//! conditional UPDATE, so of two that come at once one is heard.

use crate::{
    row::Row,
    tx::{Source, Writer},
};
use procura_model::{
    AccountId, ClaimAttemptId, Digest, RegistrationId, Result,
    oauth::{AttemptState, ClaimAttempt, ScopeList},
};

/// After how many wrong codes an attempt is over.
pub const MOST_TRIES: i64 = 5;

statements! {
    INSERT = "
        INSERT INTO claim_attempts
               (tenant_id, attempt_id, registration_id, code_digest, link_digest, sealed_claimant, claimant_code, state,
                tries, interval_seconds, scope, address, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', 0, $8, $9, $10, $11, $12)
        ON CONFLICT DO NOTHING
     RETURNING attempt_id";
    OPEN = "
        SELECT *
          FROM claim_attempts
         WHERE tenant_id = $1
           AND registration_id = $2
           AND state IN ('waiting', 'granted')";
    LATEST = "
        SELECT *
          FROM claim_attempts
         WHERE tenant_id = $1
           AND registration_id = $2
         ORDER BY attempt_id DESC
         LIMIT 1";
    COUNT = "
        SELECT COUNT(*) AS made
          FROM claim_attempts
         WHERE tenant_id = $1
           AND registration_id = $2";
    /// A newer attempt takes the place of one that waits, never of one that was granted.
    SUPERSEDE = "
        UPDATE claim_attempts
           SET state = 'superseded'
         WHERE tenant_id = $1
           AND attempt_id = $2
           AND state = 'waiting'
     RETURNING attempt_id";
    /// One answer.
    GRANT = "
        UPDATE claim_attempts
           SET state = 'granted', scope = $3, account_id = $4
         WHERE tenant_id = $1
           AND attempt_id = $2
           AND state = 'waiting'
           AND tries < 5
           AND expires_at > $5
     RETURNING *";
    DENY = "
        UPDATE claim_attempts
           SET state = 'denied'
         WHERE tenant_id = $1
           AND attempt_id = $2
           AND state = 'waiting'
           AND expires_at > $3
     RETURNING *";
    /// A wrong code; the fifth ends the attempt.
    MISS = "
        UPDATE claim_attempts
           SET tries = tries + 1, state = CASE WHEN tries >= 4 THEN 'spent' ELSE state END
         WHERE tenant_id = $1
           AND attempt_id = $2
           AND state = 'waiting'
     RETURNING *";
    /// One credential: of two polls at once, one gets it.
    TAKE = "
        UPDATE claim_attempts
           SET state = 'taken'
         WHERE tenant_id = $1
           AND attempt_id = $2
           AND state = 'granted'
     RETURNING *";
    /// Whoever asks too soon waits five seconds longer from now on.
    SLOW = "
        UPDATE claim_attempts
           SET polled_at = $3, interval_seconds = interval_seconds + 5
         WHERE tenant_id = $1
           AND attempt_id = $2
           AND polled_at > $3 - interval_seconds * 1000
           AND interval_seconds < 600
     RETURNING *";
    POLL = "
        UPDATE claim_attempts
           SET polled_at = $3
         WHERE tenant_id = $1
           AND attempt_id = $2
     RETURNING *";
    CLAIMANT = "
        SELECT sealed_claimant, claimant_code
          FROM claim_attempts
         WHERE tenant_id = $1
           AND attempt_id = $2";
}

/// What of an attempt nobody reads back from it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// By what the code is known again.
    pub code: Digest,
    /// The digest of the link, where one was sent.
    pub link: Option<Digest>,
    /// The address to which it was sent, sealed, and by what it is known again.
    pub claimant: Option<Claimant>,
}

/// A person who is known by an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimant {
    /// The address, sealed.
    pub sealed: Vec<u8>,
    /// By what it is known again.
    pub code: Digest,
}

/// Keeps an attempt. Says no where another is open, or another has the same code.
///
/// # Errors
/// A fault.
pub async fn insert(w: &mut Writer<'_>, one: &ClaimAttempt, asked: &Asked) -> Result<bool> {
    let args = args![
        one.id,
        one.registration,
        &asked.code,
        asked.link.as_ref().map(|digest| digest.as_bytes().as_slice()),
        asked.claimant.as_ref().map(|claimant| claimant.sealed.as_slice()),
        asked.claimant.as_ref().map(|claimant| claimant.code.as_bytes().as_slice()),
        one.interval_seconds,
        one.scope.to_string(),
        &one.address,
        one.created_at,
        one.expires_at,
    ];
    Ok(w.desk().maybe(&INSERT, args).await?.is_some())
}

/// The attempt of a registration that waits, or whose credential was not fetched yet.
///
/// # Errors
/// A fault.
pub async fn open(source: &mut impl Source, registration: RegistrationId) -> Result<Option<ClaimAttempt>> {
    source.desk().maybe(&OPEN, args![registration]).await?.as_ref().map(read).transpose()
}

/// The newest attempt of a registration, however it ended.
///
/// # Errors
/// A fault.
pub async fn latest(source: &mut impl Source, registration: RegistrationId) -> Result<Option<ClaimAttempt>> {
    source.desk().maybe(&LATEST, args![registration]).await?.as_ref().map(read).transpose()
}

/// How many attempts a registration has made.
///
/// # Errors
/// A fault.
pub async fn count(source: &mut impl Source, registration: RegistrationId) -> Result<i64> {
    source.desk().one(&COUNT, args![registration]).await?.int("made")
}

/// Ends an attempt that waits, for a newer one.
///
/// # Errors
/// A fault.
pub async fn supersede(w: &mut Writer<'_>, id: ClaimAttemptId) -> Result<bool> {
    Ok(w.desk().maybe(&SUPERSEDE, args![id]).await?.is_some())
}

/// A person's yes; none where it is too late, or was answered.
///
/// # Errors
/// A fault.
pub async fn grant(
    w: &mut Writer<'_>,
    id: ClaimAttemptId,
    scope: &ScopeList,
    account: Option<AccountId>,
) -> Result<Option<ClaimAttempt>> {
    let args = args![id, scope.to_string(), account, w.now()];
    w.desk().maybe(&GRANT, args).await?.as_ref().map(read).transpose()
}

/// A person's no; none where it is too late, or was answered.
///
/// # Errors
/// A fault.
pub async fn deny(w: &mut Writer<'_>, id: ClaimAttemptId) -> Result<Option<ClaimAttempt>> {
    let now = w.now();
    w.desk().maybe(&DENY, args![id, now]).await?.as_ref().map(read).transpose()
}

/// Counts a wrong code; none where the attempt no longer waits.
///
/// # Errors
/// A fault.
pub async fn miss(w: &mut Writer<'_>, id: ClaimAttemptId) -> Result<Option<ClaimAttempt>> {
    w.desk().maybe(&MISS, args![id]).await?.as_ref().map(read).transpose()
}

/// Takes what was granted: once. To be called in the change that makes the credential.
///
/// # Errors
/// A fault.
pub async fn take(w: &mut Writer<'_>, id: ClaimAttemptId) -> Result<Option<ClaimAttempt>> {
    w.desk().maybe(&TAKE, args![id]).await?.as_ref().map(read).transpose()
}

/// How often an agent may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Polled {
    /// It came too soon; the interval is longer from now on.
    TooSoon(ClaimAttempt),
    /// In time.
    InTime(ClaimAttempt),
    /// There is no such attempt.
    Unknown,
}

/// Notes that the agent asks how it stands.
///
/// # Errors
/// A fault.
pub async fn poll(u: &crate::Unaudited, id: ClaimAttemptId) -> Result<Polled> {
    if let Some(row) = u.desk().maybe(&SLOW, args![id, u.now()]).await? {
        return Ok(Polled::TooSoon(read(&row)?));
    }
    let row = u.desk().maybe(&POLL, args![id, u.now()]).await?;
    row.as_ref().map(read).transpose().map(|found| found.map_or(Polled::Unknown, Polled::InTime))
}

/// To whom an attempt was sent.
///
/// # Errors
/// A fault.
pub async fn claimant(source: &mut impl Source, id: ClaimAttemptId) -> Result<Option<Claimant>> {
    let Some(row) = source.desk().maybe(&CLAIMANT, args![id]).await? else { return Ok(None) };
    match row.maybe_bytes("sealed_claimant")? {
        Some(sealed) => Ok(Some(Claimant { sealed, code: row.digest("claimant_code")? })),
        None => Ok(None),
    }
}

pub(crate) fn read(row: &Row) -> Result<ClaimAttempt> {
    let state: AttemptState = row.parse("state")?;
    Ok(ClaimAttempt {
        id: row.parse("attempt_id")?,
        registration: row.parse("registration_id")?,
        state,
        tries: row.int("tries")?,
        interval_seconds: row.int("interval_seconds")?,
        scope: row.parse("scope")?,
        account: row.maybe_parse("account_id")?,
        address: row.text("address")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
    })
}

#[cfg(test)]
#[path = "claim_attempts_tests.rs"]
mod tests;
