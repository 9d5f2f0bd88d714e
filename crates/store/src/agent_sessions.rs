//! Sessions in which an agent acts for a verified user (SES-1). The secret's digest is here, its text nowhere;
//! who the user is lies sealed, and is forgotten when the session ends. Only the agent's own organization can
//! find a session by its secret, so no statement of this needs the lobby but the upkeep of all.

use crate::{
    revocations::{self, Subject},
    row::Row,
    statement::Statement,
    tx::{Source, Unaudited, Writer},
};
use procura_model::{AgentId, AgentSession, Digest, Page, PageAsk, Reason, Result, SessionId, UserRef};

statements! {
    INSERT = "
        INSERT INTO agent_sessions
               (tenant_id, session_id, agent_id, user_ref, digest, sealed_user, token_code, method, created_at,
                expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    IS_TOKEN_REVOKED = "
        SELECT session_id
          FROM agent_sessions
         WHERE tenant_id = $1
           AND agent_id = $2
           AND token_code = $3
           AND revoked_at IS NOT NULL
         LIMIT 1";
    FIND_BY_DIGEST = "
        SELECT *
          FROM agent_sessions
         WHERE tenant_id = $1
           AND digest = $2";
    FIND = "
        SELECT *
          FROM agent_sessions
         WHERE tenant_id = $1
           AND session_id = $2";
    LIST = "
        SELECT *
          FROM agent_sessions
         WHERE tenant_id = $1
           AND (CAST($2 AS TEXT) IS NULL OR session_id < $2)
           AND (CAST($3 AS TEXT) IS NULL OR agent_id = $3)
           AND (CAST($4 AS TEXT) IS NULL OR user_ref = $4)
           AND (CAST($5 AS TEXT) IS NULL
                OR $5 = CASE WHEN revoked_at IS NULL AND expires_at > $6 THEN 'live' ELSE 'ended' END)
         ORDER BY session_id DESC
         LIMIT $7";
    /// Of a live session it is known who the user is, and those have an index of their own.
    COUNT_LIVE = "
        SELECT agent_id, COUNT(*) AS live
          FROM agent_sessions
         WHERE tenant_id = $1
           AND sealed_user IS NOT NULL
           AND revoked_at IS NULL
           AND expires_at > $2
         GROUP BY agent_id";
    REVOKE = "
        UPDATE agent_sessions
           SET revoked_at = $3, sealed_user = NULL
         WHERE tenant_id = $1
           AND session_id = $2
           AND revoked_at IS NULL
           AND expires_at > $3
     RETURNING *";
    CLOSE = "
        UPDATE agent_sessions
           SET expires_at = $3, sealed_user = NULL
         WHERE tenant_id = $1
           AND session_id = $2
           AND revoked_at IS NULL
           AND expires_at > $3
     RETURNING *";
    REVOKE_ALL_OF_USER = "
        UPDATE agent_sessions
           SET revoked_at = $4, sealed_user = NULL
         WHERE tenant_id = $1
           AND agent_id = $2
           AND user_ref = $3
           AND revoked_at IS NULL
           AND expires_at > $4
     RETURNING session_id";
    TELL_ALL_OF_USER = "
        INSERT INTO revocations (tenant_id, kind, subject, created_at)
        SELECT tenant_id, 'session', session_id, revoked_at
          FROM agent_sessions
         WHERE tenant_id = $1
           AND agent_id = $2
           AND user_ref = $3
           AND revoked_at = $4";
    REFUSE_TOKENS_OF_USER = "
        UPDATE agent_sessions
           SET revoked_at = $4, sealed_user = NULL
         WHERE tenant_id = $1
           AND agent_id = $2
           AND user_ref = $3
           AND revoked_at IS NULL
           AND expires_at <= $4
     RETURNING session_id";
    TOUCH = "
        UPDATE agent_sessions
           SET last_used_at = $3
         WHERE tenant_id = $1
           AND session_id = $2
           AND (last_used_at IS NULL OR last_used_at < $3)";
}

/// A session that begins.
#[derive(Clone, Debug)]
pub struct NewAgentSession {
    /// What may be said of it.
    pub session: AgentSession,
    /// The digest of its secret.
    pub digest: Digest,
    /// Who the user is, sealed.
    pub sealed_user: Vec<u8>,
    /// An HMAC of the token that opens it.
    pub token_code: [u8; 32],
}

/// A session as it was found; it may be revoked or expired, so that the caller can tell.
#[derive(Clone, Debug)]
pub struct FoundAgentSession {
    /// What may be said of it.
    pub session: AgentSession,
    /// The digest of its secret.
    pub digest: Digest,
    /// Who the user is, sealed; nothing once the session was ended.
    pub sealed_user: Option<Vec<u8>>,
}

/// Which sessions are wanted; what is absent does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Of this agent.
    pub agent: Option<AgentId>,
    /// Of this user.
    pub user: Option<UserRef>,
    /// Live ones, or ended ones.
    pub standing: Option<Standing>,
}

/// Whether sessions are live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Agents act in them.
    Live,
    /// Revoked or expired.
    Ended,
}

impl Standing {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Ended => "ended",
        }
    }
}

/// Opens a session.
///
/// # Errors
/// A fault.
pub async fn insert(w: &mut Writer<'_>, new: &NewAgentSession) -> Result<()> {
    let session = &new.session;
    let args = args![
        session.id,
        session.agent,
        Some(&session.user),
        &new.digest,
        new.sealed_user.as_slice(),
        new.token_code.as_slice(),
        session.method.as_str(),
        session.created_at,
        session.expires_at,
    ];
    w.desk().run(&INSERT, args).await
}

/// Whether a session that this token opened was revoked. Whoever opens and whoever revokes hold the agent's method
/// (`user_auth::hold`), so that one comes after the other.
///
/// # Errors
/// A fault.
pub async fn is_token_revoked(w: &mut Writer<'_>, agent: AgentId, token_code: &[u8; 32]) -> Result<bool> {
    let args = args![agent, token_code.as_slice()];
    Ok(w.desk().maybe(&IS_TOKEN_REVOKED, args).await?.is_some())
}

/// The session whose secret has this digest, also when it has ended.
///
/// # Errors
/// A fault.
pub async fn find_by_digest(source: &mut impl Source, digest: &Digest) -> Result<Option<FoundAgentSession>> {
    source.desk().maybe(&FIND_BY_DIGEST, args![digest]).await?.as_ref().map(read_found).transpose()
}

/// The session of this id, also when it has ended.
///
/// # Errors
/// A fault.
pub async fn find(source: &mut impl Source, session: SessionId) -> Result<Option<FoundAgentSession>> {
    source.desk().maybe(&FIND, args![session]).await?.as_ref().map(read_found).transpose()
}

/// Sessions, newest first; the cursor is a session's id.
///
/// # Errors
/// A fault.
pub async fn list(
    source: &mut impl Source,
    filter: &SessionFilter,
    ask: &PageAsk,
) -> Result<Page<AgentSession>> {
    let args = args![
        ask.after.as_deref(),
        filter.agent,
        filter.user.as_ref(),
        filter.standing.map(Standing::as_str),
        source.now(),
        ask.limit.saturating_add(1),
    ];
    let sessions = source.desk().all(&LIST, args).await?.iter().map(read).collect::<Result<Vec<_>>>()?;
    Ok(Page::of(sessions, ask, |session| session.id.to_string()))
}

/// How many sessions of each agent are live; agents without any are absent.
///
/// # Errors
/// A fault.
pub async fn count_live(source: &mut impl Source) -> Result<Vec<(AgentId, i64)>> {
    let now = source.now();
    let rows = source.desk().all(&COUNT_LIVE, args![now]).await?;
    rows.iter().map(|row| Ok((row.parse("agent_id")?, row.int("live")?))).collect()
}

/// Ends a session before its time and forgets who the user was; every node hears of it. The token that opened it
/// opens no other.
///
/// # Errors
/// `NOT_FOUND` when there is none that lives, or a fault.
pub async fn revoke(w: &mut Writer<'_>, session: SessionId) -> Result<AgentSession> {
    end(w, &REVOKE, session).await
}

/// Lets a session's time be over now and forgets who the user was; every node hears of it. The token that opened it
/// may open another.
///
/// # Errors
/// As [`revoke`].
pub async fn close(w: &mut Writer<'_>, session: SessionId) -> Result<AgentSession> {
    end(w, &CLOSE, session).await
}

async fn end(w: &mut Writer<'_>, statement: &Statement, session: SessionId) -> Result<AgentSession> {
    let now = w.now();
    let row = w.desk().maybe(statement, args![session, now]).await?.ok_or(Reason::NotFound)?;
    revocations::insert(w, Subject::Session(session)).await?;
    read(&row)
}

/// Ends every session of a user with an agent, and says which those were; every node hears of each.
///
/// # Errors
/// A fault.
pub async fn revoke_all_of_user(
    w: &mut Writer<'_>,
    agent: AgentId,
    user: &UserRef,
) -> Result<Vec<SessionId>> {
    let now = w.now();
    let rows = w.desk().all(&REVOKE_ALL_OF_USER, args![agent, Some(user), now]).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    w.desk().run(&TELL_ALL_OF_USER, args![agent, Some(user), now]).await?;
    rows.iter().map(|row| row.parse("session_id")).collect()
}

/// Refuses the tokens of this user's sessions that are over by themselves: a token may outlast its session, and
/// whoever holds it would come back. Says how many those were. To be done after [`revoke_all_of_user`].
///
/// # Errors
/// A fault.
pub async fn refuse_tokens_of_user(w: &mut Writer<'_>, agent: AgentId, user: &UserRef) -> Result<usize> {
    let now = w.now();
    Ok(w.desk().all(&REFUSE_TOKENS_OF_USER, args![agent, Some(user), now]).await?.len())
}

/// Notes that the session is in use.
///
/// # Errors
/// A fault.
pub async fn touch(u: &mut Unaudited, session: SessionId) -> Result<()> {
    u.desk().run(&TOUCH, args![session, u.now()]).await
}

fn read_found(row: &Row) -> Result<FoundAgentSession> {
    Ok(FoundAgentSession {
        session: read(row)?,
        digest: row.digest("digest")?,
        sealed_user: row.maybe_bytes("sealed_user")?,
    })
}

fn read(row: &Row) -> Result<AgentSession> {
    Ok(AgentSession {
        id: row.parse("session_id")?,
        agent: row.parse("agent_id")?,
        user: UserRef(row.text("user_ref")?),
        method: row.parse("method")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        revoked_at: row.maybe_time("revoked_at")?,
        last_used_at: row.maybe_time("last_used_at")?,
    })
}

#[cfg(test)]
#[path = "agent_sessions_tests.rs"]
mod tests;
