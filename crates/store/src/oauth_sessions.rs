//! The sessions of clients: every code, refresh token and access token hangs on one and dies with it (SES-1). Whatever
//! ends one writes the news of it for the other nodes in the same change.

use crate::{
    oauth_access,
    revocations::{self, Subject},
    row::Row,
    tx::{Source, Unaudited, Writer},
    value::Value,
};
use procura_model::{
    AccountId, AgentId, AgentStatus, Digest, Doing as _, GrantId, IssuerId, Page, PageAsk, Result, Role,
    SessionId, Time, TokenId,
    oauth::{ClientId, OauthSession},
};

statements! {
    INSERT = "
        INSERT INTO oauth_sessions
               (tenant_id, session_id, kind, grant_id, client_id, agent_id, account_id, subject, scope, resources,
                dpop_jkt, auth_time, created_at, expires_at, parent_id, actor_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    /// A client's standing session with an agent, or its session for what was exchanged: one of each lives.
    PUT_STANDING = "
        INSERT INTO oauth_sessions
               (tenant_id, session_id, kind, grant_id, client_id, agent_id, account_id, subject, scope, resources,
                dpop_jkt, auth_time, created_at, expires_at, parent_id, actor_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        ON CONFLICT (tenant_id, client_id, agent_id) WHERE kind = 'client' AND revoked_at IS NULL
        DO UPDATE SET expires_at = excluded.expires_at, scope = excluded.scope, resources = excluded.resources
     RETURNING *";
    PUT_EXCHANGED = "
        INSERT INTO oauth_sessions
               (tenant_id, session_id, kind, grant_id, client_id, agent_id, account_id, subject, scope, resources,
                dpop_jkt, auth_time, created_at, expires_at, parent_id, actor_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        ON CONFLICT (tenant_id, parent_id, client_id, agent_id, COALESCE(actor_id, ''))
              WHERE kind = 'exchange' AND revoked_at IS NULL
        DO UPDATE SET expires_at = excluded.expires_at, scope = excluded.scope, resources = excluded.resources
     RETURNING *";
    /// What an issuer says again of the same subject for the same client goes on with the session that lives.
    PUT_ASSERTED = "
        INSERT INTO oauth_sessions
               (tenant_id, session_id, kind, grant_id, client_id, agent_id, account_id, subject, scope, resources,
                dpop_jkt, auth_time, created_at, expires_at, parent_id, actor_id, issuer_id, alike)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        ON CONFLICT (tenant_id, alike) WHERE alike IS NOT NULL AND revoked_at IS NULL
        DO UPDATE SET scope = excluded.scope,
                      auth_time = excluded.auth_time,
                      last_used_at = excluded.created_at,
                      expires_at = CASE WHEN excluded.expires_at > oauth_sessions.expires_at
                                        THEN excluded.expires_at
                                        ELSE oauth_sessions.expires_at END
     RETURNING *";
    FOUND = "
        SELECT s.*, a.status AS agent_status, c.disabled_at AS client_disabled_at, g.revoked_at AS grant_revoked_at,
               m.role AS role, b.created_at AS client_blocked_at
          FROM oauth_sessions s
          JOIN oauth_clients c ON c.client_id = s.client_id
          JOIN agents a ON a.tenant_id = s.tenant_id AND a.agent_id = s.agent_id
          LEFT JOIN oauth_grants g ON g.tenant_id = s.tenant_id AND g.grant_id = s.grant_id
          LEFT JOIN members m ON m.tenant_id = s.tenant_id AND m.account_id = s.account_id
          LEFT JOIN oauth_client_blocks b ON b.tenant_id = s.tenant_id AND b.client_id = s.client_id
         WHERE s.tenant_id = $1
           AND s.session_id = $2";
    BEGIN = "
        UPDATE oauth_sessions
           SET expires_at = $3, last_used_at = $4, dpop_jkt = COALESCE(dpop_jkt, $5)
         WHERE tenant_id = $1
           AND session_id = $2
           AND revoked_at IS NULL
           AND expires_at > $4
     RETURNING *";
    LIST = "
        SELECT *
          FROM oauth_sessions
         WHERE tenant_id = $1
           AND (CAST($2 AS TEXT) IS NULL OR session_id < $2)
           AND (CAST($3 AS TEXT) IS NULL OR account_id = $3)
           AND (CAST($4 AS TEXT) IS NULL OR client_id = $4)
           AND (CAST($5 AS TEXT) IS NULL OR agent_id = $5)
           AND (CAST($6 AS TEXT) IS NULL OR grant_id = $6)
           AND revoked_at IS NULL
           AND expires_at > $7
         ORDER BY session_id DESC
         LIMIT $8";
    /// Ids of sessions, consents, clients, people and issuers are told apart by how they begin, so $2 names one of them.
    REVOKE = "
        UPDATE oauth_sessions
           SET revoked_at = $3, revoked_for = $4
         WHERE tenant_id = $1
           AND revoked_at IS NULL
           AND session_id IN (SELECT session_id FROM oauth_sessions WHERE tenant_id = $1 AND session_id = $2
                               UNION ALL
                              SELECT session_id FROM oauth_sessions WHERE tenant_id = $1 AND grant_id = $2
                               UNION ALL
                              SELECT session_id FROM oauth_sessions WHERE tenant_id = $1 AND client_id = $2
                               UNION ALL
                              SELECT session_id FROM oauth_sessions WHERE tenant_id = $1 AND account_id = $2
                               UNION ALL
                              SELECT session_id FROM oauth_sessions WHERE tenant_id = $1 AND issuer_id = $2)
     RETURNING *";
    TOUCH = "
        UPDATE oauth_sessions
           SET last_used_at = $3
         WHERE tenant_id = $1
           AND session_id = $2
           AND (last_used_at IS NULL OR last_used_at < $3)";
}

/// Why a session was revoked: a word for the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevokedFor {
    /// Somebody asked for it.
    Asked,
    /// Its code was shown twice, or by somebody else.
    CodeReplay,
    /// One of its refresh tokens was.
    RefreshReplay,
    /// Its client asked for it (RFC 7009).
    Client,
    /// The consent on which it stands was taken back.
    Grant,
    /// The issuer whose assertion began it is trusted no longer, or for less.
    Issuer,
}

impl RevokedFor {
    /// The word in the store and in the record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::CodeReplay => "code_replay",
            Self::RefreshReplay => "refresh_replay",
            Self::Client => "client",
            Self::Grant => "grant",
            Self::Issuer => "issuer",
        }
    }
}

/// A session and everything on which it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundOauthSession {
    /// The session.
    pub session: OauthSession,
    /// The session of the token that was exchanged for this one's.
    pub parent: Option<SessionId>,
    /// The session of the token that said who acts in that exchange.
    pub actor: Option<SessionId>,
    /// Whether its agent may act.
    pub agent: AgentStatus,
    /// Whether its client may ask for tokens, here and in the whole deployment.
    pub is_client_enabled: bool,
    /// Whether the consent holds; true where it stands on none.
    pub is_consented: bool,
    /// Whether the person is still a member of the organization whose role may register agents, as it took to consent;
    /// true where there is none.
    pub is_member: bool,
    /// The person's role in the organization, where there is one.
    pub role: Option<Role>,
    /// Its tokens that were revoked before their time.
    pub revoked_tokens: Vec<TokenId>,
}

/// Which sessions are wanted; what is absent does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OauthSessionFilter {
    /// Of this person.
    pub account: Option<AccountId>,
    /// Of this client.
    pub client: Option<ClientId>,
    /// Of this agent.
    pub agent: Option<AgentId>,
    /// Of this consent.
    pub grant: Option<GrantId>,
}

/// Begins a session.
///
/// # Errors
/// A fault.
pub async fn insert(w: &mut Writer<'_>, session: &OauthSession) -> Result<()> {
    let args = arguments(session, (None, None))?;
    w.desk().run(&INSERT, args).await
}

/// A client's standing session with an agent: the one that lives, or this one.
///
/// # Errors
/// A fault.
pub async fn put_standing(w: &mut Writer<'_>, session: &OauthSession) -> Result<OauthSession> {
    let args = arguments(session, (None, None))?;
    read(&w.desk().one(&PUT_STANDING, args).await?)
}

/// A client's session for what it exchanges of another one, in which an actor's token of a third may have said who
/// acts: the one that lives, or this one. It ends with them.
///
/// # Errors
/// A fault.
pub async fn put_exchanged(
    w: &mut Writer<'_>,
    session: &OauthSession,
    parent: SessionId,
    actor: Option<SessionId>,
) -> Result<OauthSession> {
    let args = arguments(session, (Some(parent), actor))?;
    read(&w.desk().one(&PUT_EXCHANGED, args).await?)
}

/// The session of a client for what an issuer says of somebody: the one that lives, which then lasts as long as the later
/// of both, or this one. `alike` is by what it is found again: two of one digest must be of one issuer, subject, client,
/// agent and resource.
///
/// # Errors
/// A fault.
pub async fn put_asserted(
    w: &mut Writer<'_>,
    session: &OauthSession,
    issuer: IssuerId,
    alike: &Digest,
) -> Result<OauthSession> {
    let mut args = arguments(session, (None, None))?;
    args.extend(args![issuer, alike]);
    read(&w.desk().one(&PUT_ASSERTED, args).await?)
}

/// The session of this id and everything on which it stands, also when it has ended.
///
/// # Errors
/// A fault.
pub async fn find(source: &mut impl Source, session: SessionId) -> Result<Option<FoundOauthSession>> {
    let Some(row) = source.desk().maybe(&FOUND, args![session]).await? else { return Ok(None) };
    let found = read(&row)?;
    let role: Option<Role> = row.maybe_parse("role")?;
    Ok(Some(FoundOauthSession {
        parent: row.maybe_parse("parent_id")?,
        actor: row.maybe_parse("actor_id")?,
        agent: if row.text("agent_status")? == AgentStatus::Enabled.as_str() {
            AgentStatus::Enabled
        } else {
            AgentStatus::Disabled
        },
        is_client_enabled: row.maybe_time("client_disabled_at")?.is_none()
            && row.maybe_time("client_blocked_at")?.is_none(),
        is_consented: row.maybe_time("grant_revoked_at")?.is_none(),
        is_member: found.account.is_none() || role.is_some_and(Role::may_let_software_act),
        role,
        revoked_tokens: oauth_access::revoked_of(source, session).await?,
        session: found,
    }))
}

/// Lets a session that lives last until `expires_at`: its code was exchanged, or it was refreshed. `dpop_jkt` binds it
/// to a key where it is bound to none. None where it has ended.
///
/// # Errors
/// A fault.
pub async fn begin(
    w: &mut Writer<'_>,
    session: SessionId,
    expires_at: Time,
    dpop_jkt: Option<&str>,
) -> Result<Option<OauthSession>> {
    let now = w.now();
    let args = args![session, expires_at, now, dpop_jkt];
    w.desk().maybe(&BEGIN, args).await?.as_ref().map(read).transpose()
}

/// The sessions that live, newest first; the cursor is a session's id.
///
/// # Errors
/// A fault.
pub async fn list(
    source: &mut impl Source,
    filter: &OauthSessionFilter,
    ask: &PageAsk,
) -> Result<Page<OauthSession>> {
    let (account, grant) = (filter.account, filter.grant.map(|grant| grant.to_string()));
    let args = args![
        ask.after.as_deref(),
        account,
        filter.client.as_ref().map(ClientId::as_str),
        filter.agent,
        grant.as_deref(),
        source.now(),
        ask.limit.saturating_add(1),
    ];
    let sessions = source.desk().all(&LIST, args).await?.iter().map(read).collect::<Result<Vec<_>>>()?;
    Ok(Page::of(sessions, ask, |session| session.id.to_string()))
}

/// Ends a session; every node hears of it. None where there is none that lives.
///
/// # Errors
/// A fault.
pub async fn revoke(w: &mut Writer<'_>, session: SessionId, why: RevokedFor) -> Result<Option<OauthSession>> {
    Ok(end(w, &session.to_string(), why).await?.into_iter().next())
}

/// Ends every session that stands on a consent, and says which those were.
///
/// # Errors
/// A fault.
pub async fn revoke_of_grant(w: &mut Writer<'_>, grant: GrantId) -> Result<Vec<OauthSession>> {
    end(w, &grant.to_string(), RevokedFor::Grant).await
}

/// Ends every session of a client in this organization, and says which those were.
///
/// # Errors
/// A fault.
pub async fn revoke_of_client(w: &mut Writer<'_>, client: &ClientId) -> Result<Vec<OauthSession>> {
    end(w, client.as_str(), RevokedFor::Asked).await
}

/// Ends every session of a person in this organization, and says which those were.
///
/// # Errors
/// A fault.
pub async fn revoke_of_account(w: &mut Writer<'_>, account: AccountId) -> Result<Vec<OauthSession>> {
    end(w, &account.to_string(), RevokedFor::Asked).await
}

/// Ends every session that an issuer's assertions began, and says which those were.
///
/// # Errors
/// A fault.
pub async fn revoke_of_issuer(w: &mut Writer<'_>, issuer: IssuerId) -> Result<Vec<OauthSession>> {
    end(w, &issuer.to_string(), RevokedFor::Issuer).await
}

async fn end(w: &mut Writer<'_>, of: &str, why: RevokedFor) -> Result<Vec<OauthSession>> {
    let now = w.now();
    let rows = w.desk().all(&REVOKE, args![of, now, why.as_str()]).await?;
    let ended = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    for session in &ended {
        revocations::insert(w, Subject::OauthSession(session.id)).await?;
    }
    Ok(ended)
}

/// Notes that a session is in use.
///
/// # Errors
/// A fault.
pub async fn touch(u: &mut Unaudited, session: SessionId) -> Result<()> {
    u.desk().run(&TOUCH, args![session, u.now()]).await
}

fn arguments(
    session: &OauthSession,
    (parent, actor): (Option<SessionId>, Option<SessionId>),
) -> Result<Vec<Value>> {
    let resources = serde_json::to_string(&session.resources).doing("write the resources of a session")?;
    let grant = session.grant.map(|grant| grant.to_string());
    Ok(args![
        session.id,
        session.kind.as_str(),
        grant.as_deref(),
        session.client.as_str(),
        session.agent,
        session.account,
        &session.subject,
        session.scope.to_string(),
        resources,
        session.dpop_jkt.as_deref(),
        session.auth_time,
        session.created_at,
        session.expires_at,
        parent,
        actor,
    ])
}

fn read(row: &Row) -> Result<OauthSession> {
    Ok(OauthSession {
        id: row.parse("session_id")?,
        kind: row.parse("kind")?,
        grant: row.maybe_parse("grant_id")?,
        client: row.parse("client_id")?,
        agent: row.parse("agent_id")?,
        account: row.maybe_parse("account_id")?,
        subject: row.text("subject")?,
        scope: row.parse("scope")?,
        resources: row.json("resources")?,
        dpop_jkt: row.maybe_text("dpop_jkt")?,
        auth_time: row.maybe_time("auth_time")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        last_used_at: row.maybe_time("last_used_at")?,
        revoked_at: row.maybe_time("revoked_at")?,
    })
}
