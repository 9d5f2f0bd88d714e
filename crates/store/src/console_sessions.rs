//! Sessions of people in the console. The cookie's digest is here, its secret nowhere; finding a session by
//! its cookie is in the lobby, because the cookie says which organization it belongs to.

use crate::{
    revocations::{self, Subject},
    tx::{Source, Unaudited, Writer},
};
use procura_model::{AccountId, Digest, Reason, Result, SessionId, Time};

statements! {
    INSERT = "
        INSERT INTO console_sessions
               (tenant_id, session_id, account_id, digest, created_at, expires_at, last_seen_at)
        VALUES ($1, $2, $3, $4, $5, $6, $5)";
    REVOKE = "
        UPDATE console_sessions
           SET revoked_at = $3
         WHERE tenant_id = $1
           AND session_id = $2
           AND revoked_at IS NULL
     RETURNING session_id";
    REVOKE_ALL_OF_ACCOUNT = "
        UPDATE console_sessions
           SET revoked_at = $3
         WHERE tenant_id = $1
           AND account_id = $2
           AND revoked_at IS NULL
           AND expires_at > $3
     RETURNING session_id";
    AUTH_TIME = "
        SELECT COALESCE(auth_time, created_at) AS auth_time
          FROM console_sessions
         WHERE tenant_id = $1
           AND session_id = $2";
    SET_AUTH_TIME = "
        UPDATE console_sessions
           SET auth_time = $3
         WHERE tenant_id = $1
           AND session_id = $2";
    TOUCH = "
        UPDATE console_sessions
           SET last_seen_at = $3
         WHERE tenant_id = $1
           AND session_id = $2
           AND last_seen_at < $3";
}

/// A session that begins.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// The digest of the cookie.
    pub digest: Digest,
    /// Whose it is.
    pub account: AccountId,
    /// Until when it lasts.
    pub expires_at: Time,
}

/// Opens a session.
///
/// # Errors
/// A fault.
pub async fn insert(w: &mut Writer<'_>, session: &NewSession) -> Result<()> {
    let now = w.now();
    let args = args![session.id, session.account, &session.digest, now, session.expires_at];
    w.desk().run(&INSERT, args).await
}

/// When the person of a session last proved who they are.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn auth_time(source: &mut impl Source, session: SessionId) -> Result<Time> {
    source.desk().maybe(&AUTH_TIME, args![session]).await?.ok_or(Reason::NotFound)?.time("auth_time")
}

/// Notes that a session stands on a proof from before it began.
///
/// # Errors
/// A fault.
pub async fn set_auth_time(w: &mut Writer<'_>, session: SessionId, at: Time) -> Result<()> {
    w.desk().run(&SET_AUTH_TIME, args![session, at]).await
}

/// Ends a session.
///
/// # Errors
/// `NOT_FOUND` when it does not exist or has been ended already, or a fault.
pub async fn revoke(w: &mut Writer<'_>, session: SessionId) -> Result<()> {
    let now = w.now();
    w.desk().maybe(&REVOKE, args![session, now]).await?.ok_or(Reason::NotFound)?;
    revocations::insert(w, Subject::Session(session)).await
}

/// Ends every session of a person here, and says how many those were.
///
/// # Errors
/// A fault.
pub async fn revoke_all_of_account(w: &mut Writer<'_>, account: AccountId) -> Result<usize> {
    let now = w.now();
    let ended = w.desk().count(&REVOKE_ALL_OF_ACCOUNT, args![account, now]).await?;
    revocations::insert(w, Subject::Account(account)).await?;
    Ok(ended)
}

/// Notes that the session is in use.
///
/// # Errors
/// A fault.
pub async fn touch(u: &mut Unaudited, session: SessionId) -> Result<()> {
    u.desk().run(&TOUCH, args![session, u.now()]).await
}
