//! Refresh tokens (RFC 6749 section 6): one chain for each session, each link used by one conditional statement and
//! followed by the next. A used one stays, so that whoever shows it again is known for a replay (RFC 9700 section
//! 4.14); for a few seconds it keeps what it was answered, sealed, for a client whose answer was lost.

use crate::{
    Store, oauth_access,
    oauth_sessions::FoundOauthSession,
    row::Row,
    tokens::{Kept, Rotation, Tokens},
    tx::{Source as _, Writer},
};
use procura_model::{
    Ctx, Digest, Event, Result, Role, SessionId, Time,
    oauth::{Claims, ClientId},
};

statements! {
    INSERT = "
        INSERT INTO oauth_refresh_tokens
               (tenant_id, digest, session_id, client_id, generation, created_at, expires_at, replays)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 0)";
    /// Of many who show one token, one uses it.
    CONSUME = "
        UPDATE oauth_refresh_tokens
           SET used_at = $3, request_code = $5
         WHERE tenant_id = $1
           AND digest = $2
           AND client_id = $4
           AND used_at IS NULL
           AND expires_at > $3
     RETURNING *";
    KEEP_REPLY = "
        UPDATE oauth_refresh_tokens
           SET sealed_reply = $3
         WHERE tenant_id = $1
           AND digest = $2
     RETURNING digest";
    /// The same request of the same client, right after the first, as long as nobody used the token that came of it.
    REPLY_AGAIN = "
        SELECT t.sealed_reply
          FROM oauth_refresh_tokens t
          JOIN oauth_refresh_tokens n
            ON n.tenant_id = t.tenant_id
           AND n.session_id = t.session_id
           AND n.generation = t.generation + 1
          JOIN oauth_sessions s
            ON s.tenant_id = t.tenant_id
           AND s.session_id = t.session_id
         WHERE t.tenant_id = $1
           AND t.digest = $2
           AND t.client_id = $3
           AND t.request_code = $4
           AND t.used_at > $5
           AND t.sealed_reply IS NOT NULL
           AND n.used_at IS NULL
           AND s.revoked_at IS NULL";
    NOTE_REPLAY = "
        UPDATE oauth_refresh_tokens
           SET replays = replays + 1, replayed_at = $3
         WHERE tenant_id = $1
           AND digest = $2
     RETURNING *";
}

/// A refresh token, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// On which session it hangs.
    pub session: SessionId,
    /// Whose it is.
    pub client: ClientId,
    /// Its place in the chain.
    pub generation: i64,
    /// When it was made.
    pub created_at: Time,
    /// Until when it can be used.
    pub expires_at: Time,
    /// When it was.
    pub used_at: Option<Time>,
}

/// One use of a refresh token and what comes of it.
#[derive(Debug)]
pub struct Use<'u> {
    /// The token that is shown.
    pub shown: &'u Digest,
    /// By what the same request is known again.
    pub request: &'u Digest,
    /// What is answered, sealed, where it is kept for a while.
    pub reply: Option<&'u [u8]>,
    /// Its session, as it was seen to hold.
    pub standing: &'u FoundOauthSession,
    /// The token that comes after it.
    pub next: (&'u Digest, &'u RefreshToken),
    /// The access token that is given with it, where that is an opaque one.
    pub access: Option<(&'u Digest, &'u Claims)>,
}

/// Uses a refresh token and keeps what comes of it, with the event that tells of it, in the commit that many callers share
/// (decisions.md 21). One conditional statement uses the token: of many who show it one does, and only while its session
/// and everything on which that stands is as it was seen. Says no where it could not be used so; then nothing is written.
///
/// # Errors
/// A fault.
pub async fn rotate(store: &Store, ctx: &Ctx, of: &Use<'_>, event: &Event) -> Result<bool> {
    let (digest, next) = of.next;
    let session = &of.standing.session;
    let used = args![
        ctx.tenant,
        of.shown,
        next.client.as_str(),
        ctx.now,
        of.request,
        of.reply,
        session.id,
        session.scope.to_string(),
        of.standing.role.map_or("", Role::as_str),
    ];
    let row = args![
        ctx.tenant,
        digest,
        next.session,
        next.client.as_str(),
        next.generation,
        next.created_at,
        next.expires_at,
        0_i64,
    ];
    let access = of.access.map(|(digest, claims)| oauth_access::row(ctx, digest, claims)).transpose()?;
    let tokens = Tokens { access, rotation: Some(Rotation { used: *of.shown, of: used, next: row }) };
    Ok(store.keep(ctx, event, tokens).await? == Kept::Whole)
}

/// Keeps a new token.
///
/// # Errors
/// A fault.
pub async fn insert(w: &mut Writer<'_>, digest: &Digest, token: &RefreshToken) -> Result<()> {
    let args = args![
        digest,
        token.session,
        token.client.as_str(),
        token.generation,
        token.created_at,
        token.expires_at,
    ];
    w.desk().run(&INSERT, args).await
}

/// Uses a token of this client; none where it was used before, is over, or is another's. `request` is by what the
/// request is known again.
///
/// # Errors
/// A fault.
pub async fn consume(
    w: &mut Writer<'_>,
    digest: &Digest,
    client: &ClientId,
    request: &Digest,
) -> Result<Option<RefreshToken>> {
    let now = w.now();
    let args = args![digest, now, client.as_str(), request];
    w.desk().maybe(&CONSUME, args).await?.as_ref().map(read).transpose()
}

/// Keeps what a use was answered.
///
/// # Errors
/// A fault.
pub async fn keep_reply(w: &mut Writer<'_>, digest: &Digest, sealed: &[u8]) -> Result<()> {
    w.desk().one(&KEEP_REPLY, args![digest, sealed]).await.map(drop)
}

/// What the very same request was answered after `since`.
///
/// # Errors
/// A fault.
pub async fn reply_again(
    w: &mut Writer<'_>,
    digest: &Digest,
    client: &ClientId,
    request: &Digest,
    since: Time,
) -> Result<Option<Vec<u8>>> {
    let args = args![digest, client.as_str(), request, since];
    w.desk().maybe(&REPLY_AGAIN, args).await?.map(|row| row.bytes("sealed_reply")).transpose()
}

/// Notes that a token was shown by whom it is not for, or again.
///
/// # Errors
/// A fault.
pub async fn note_replay(w: &mut Writer<'_>, digest: &Digest) -> Result<Option<RefreshToken>> {
    let now = w.now();
    w.desk().maybe(&NOTE_REPLAY, args![digest, now]).await?.as_ref().map(read).transpose()
}

pub(crate) fn read(row: &Row) -> Result<RefreshToken> {
    Ok(RefreshToken {
        session: row.parse("session_id")?,
        client: row.parse("client_id")?,
        generation: row.int("generation")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        used_at: row.maybe_time("used_at")?,
    })
}
