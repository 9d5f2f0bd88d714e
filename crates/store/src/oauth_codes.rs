//! Authorization codes (RFC 6749 section 4.1.2): one row each, found by its digest, used by one conditional statement.
//! A used code stays, so that whoever shows it again is known for a replay.

use crate::{
    row::Row,
    tx::{Source as _, Writer},
};
use procura_model::{Digest, Doing as _, Result, SessionId, Time, oauth::ClientId};

statements! {
    INSERT = "
        INSERT INTO oauth_codes
               (tenant_id, digest, session_id, client_id, redirect_uri, challenge, resources, dpop_jkt, created_at,
                expires_at, replays)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)";
    /// Of many who show one code, one uses it.
    CONSUME = "
        UPDATE oauth_codes
           SET used_at = $3
         WHERE tenant_id = $1
           AND digest = $2
           AND used_at IS NULL
           AND expires_at > $3
     RETURNING *";
    NOTE_REPLAY = "
        UPDATE oauth_codes
           SET replays = replays + 1, replayed_at = $3
         WHERE tenant_id = $1
           AND digest = $2
           AND used_at IS NOT NULL
     RETURNING *";
}

/// A code, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The session that begins with it.
    pub session: SessionId,
    /// Whose it is.
    pub client: ClientId,
    /// Where the answer went.
    pub redirect_uri: String,
    /// What the verifier must hash to (RFC 7636).
    pub challenge: String,
    /// For which resources it may be exchanged (RFC 8707).
    pub resources: Vec<String>,
    /// The thumbprint of the key that must be shown with it (RFC 9449 section 10).
    pub dpop_jkt: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// Until when it can be exchanged.
    pub expires_at: Time,
    /// When it was.
    pub used_at: Option<Time>,
}

/// Keeps a new code.
///
/// # Errors
/// A fault.
pub async fn insert(w: &mut Writer<'_>, digest: &Digest, code: &Code) -> Result<()> {
    let resources = serde_json::to_string(&code.resources).doing("write the resources of a code")?;
    let args = args![
        digest,
        code.session,
        code.client.as_str(),
        &code.redirect_uri,
        &code.challenge,
        resources,
        code.dpop_jkt.as_deref(),
        code.created_at,
        code.expires_at,
    ];
    w.desk().run(&INSERT, args).await
}

/// Uses a code; none where it was used before, or is over.
///
/// # Errors
/// A fault.
pub async fn consume(w: &mut Writer<'_>, digest: &Digest) -> Result<Option<Code>> {
    let now = w.now();
    w.desk().maybe(&CONSUME, args![digest, now]).await?.as_ref().map(read).transpose()
}

/// Notes that a used code was shown again; none where it was not used.
///
/// # Errors
/// A fault.
pub async fn note_replay(w: &mut Writer<'_>, digest: &Digest) -> Result<Option<Code>> {
    let now = w.now();
    w.desk().maybe(&NOTE_REPLAY, args![digest, now]).await?.as_ref().map(read).transpose()
}

pub(crate) fn read(row: &Row) -> Result<Code> {
    Ok(Code {
        session: row.parse("session_id")?,
        client: row.parse("client_id")?,
        redirect_uri: row.text("redirect_uri")?,
        challenge: row.text("challenge")?,
        resources: row.json("resources")?,
        dpop_jkt: row.maybe_text("dpop_jkt")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        used_at: row.maybe_time("used_at")?,
    })
}
