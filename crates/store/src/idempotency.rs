//! `Idempotency-Key`: the first request with a key does the work, a repetition gets the stored answer, and one
//! with another body is refused. One statement decides which of the three it is.

use crate::tx::Unaudited;
use procura_model::{Digest, Result, Time};

statements! {
    BEGIN = "
        INSERT INTO idempotency (tenant_id, actor, name, digest, request_id, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (tenant_id, actor, name)
        DO UPDATE SET digest = CASE WHEN idempotency.expires_at > $7
                                    THEN idempotency.digest ELSE excluded.digest END,
                      request_id = CASE WHEN idempotency.expires_at > $7
                                        THEN idempotency.request_id ELSE excluded.request_id END,
                      status = CASE WHEN idempotency.expires_at > $7
                                    THEN idempotency.status END,
                      body = CASE WHEN idempotency.expires_at > $7
                                  THEN idempotency.body END,
                      expires_at = CASE WHEN idempotency.expires_at > $7
                                        THEN idempotency.expires_at ELSE excluded.expires_at END
     RETURNING digest, request_id, status, body";
    FINISH = "
        UPDATE idempotency
           SET status = $5, body = $6
         WHERE tenant_id = $1
           AND actor = $2
           AND name = $3
           AND request_id = $4";
    RELEASE = "
        DELETE FROM idempotency
         WHERE tenant_id = $1
           AND actor = $2
           AND name = $3
           AND request_id = $4
           AND status IS NULL";
}

/// The key of one request.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    /// Who calls: `actor.id()`, so that nobody sees another's answer.
    pub actor: &'a str,
    /// By what the header's value is known again.
    pub name: &'a str,
}

/// What a key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nobody used the key: do the work, then [`finish`] or [`release`].
    New,
    /// The work is done; this was the answer.
    Same(StoredAnswer),
    /// The first request with this key is not done yet.
    Running,
    /// The key was used with another body.
    Mismatch,
}

/// An answer that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Takes the key, or says what it stands for already.
///
/// # Errors
/// A fault.
pub async fn begin(u: &mut Unaudited, key: Key<'_>, body: &Digest, expires_at: Time) -> Result<Begun> {
    let args = args![key.actor, key.name, body, u.request(), expires_at, u.now()];
    let row = u.desk().one(&BEGIN, args).await?;
    if row.text("request_id")? == u.request().to_string() {
        return Ok(Begun::New);
    }
    if row.digest("digest")? != *body {
        return Ok(Begun::Mismatch);
    }
    let Some(status) = row.maybe_int("status")? else { return Ok(Begun::Running) };
    Ok(Begun::Same(StoredAnswer {
        status: u16::try_from(status).map_err(|_| crate::row::wrong("status"))?,
        body: row.maybe_bytes("body")?.unwrap_or_default(),
    }))
}

/// Stores the answer for repetitions.
///
/// # Errors
/// A fault.
pub async fn finish(u: &mut Unaudited, key: Key<'_>, answer: &StoredAnswer) -> Result<()> {
    let args = args![key.actor, key.name, u.request(), i64::from(answer.status), answer.body.as_slice()];
    u.desk().run(&FINISH, args).await
}

/// Gives the key back because nothing was done; a repetition begins anew.
///
/// # Errors
/// A fault.
pub async fn release(u: &mut Unaudited, key: Key<'_>) -> Result<()> {
    u.desk().run(&RELEASE, args![key.actor, key.name, u.request()]).await
}

#[cfg(test)]
#[path = "idempotency_tests.rs"]
mod tests;
