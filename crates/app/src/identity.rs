//! Who is calling. Every credential resolves to exactly one actor of one organization; a credential
//! that is not ours by its shape is refused before the database is asked.

use crate::{App, oauth, sessions};
use procura_crypto::{TokenKind, token};
use procura_model::{
    AccountId, Actor, AgentCredential, AgentStatus, Ctx, KeyHolder, Reason, Result, Role, SessionId,
    TenantId, Time,
};
use procura_store::{console_sessions, credentials, tenants};

/// How often the last use of a console session is written down.
const SEEN_EVERY_MS: i64 = procura_model::time::MINUTE_MS;

/// Somebody who was identified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// The organization of the credential.
    pub tenant: TenantId,
    /// Who it is.
    pub actor: Actor,
}

/// Somebody who is signed in to the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The organization and the actor.
    pub identified: Identified,
    /// Who.
    pub account: AccountId,
    /// Their address.
    pub email: String,
    /// Their role in this organization.
    pub role: Role,
    /// The console session.
    pub session: SessionId,
    /// The organization's name.
    pub organization: String,
    /// What every form of this session carries.
    pub form_token: String,
    /// When they last proved who they are.
    pub auth_time: Time,
}

/// Identifies an agent or a platform by its key (AGT-3).
///
/// # Errors
/// `AUTH_CREDENTIAL_MALFORMED`, `_INVALID`, `_EXPIRED`, `AGENT_DISABLED`, or `REVOCATION_STATE_STALE`
/// when this node cannot know what was revoked.
pub async fn by_key(app: &App, raw: &str) -> Result<Identified> {
    let parsed = token::parse(raw).map_err(|_| Reason::CredentialMalformed)?;
    if !matches!(parsed.kind, TokenKind::AgentKey | TokenKind::PlatformKey) {
        return Err(Reason::CredentialMalformed.into());
    }
    crate::revocations::demand_fresh(app)?;
    let key = app.snapshots.key(&app.store, &parsed.digest).await?.ok_or(Reason::CredentialInvalid)?;
    let (credential, now) = (&key.credential, app.now());
    if credential.revoked_at.is_some() {
        return Err(Reason::CredentialInvalid.into());
    }
    if !credential.is_live(now) {
        return Err(Reason::CredentialExpired.into());
    }
    let scopes = credential.scopes;
    let (actor, agent) = match (credential.holder, parsed.kind) {
        (KeyHolder::Agent(agent), TokenKind::AgentKey) => (
            Actor::Agent { agent, credential: AgentCredential::Key(credential.id), scopes, user: None },
            Some(agent),
        ),
        (KeyHolder::Platform, TokenKind::PlatformKey) => {
            (Actor::Platform { credential: credential.id, scopes }, None)
        }
        _ => return Err(Reason::CredentialInvalid.into()),
    };
    let identified = Identified { tenant: key.tenant, actor };
    if let Some(agent) = agent {
        let snapshot = app.snapshots.agent(&app.rows(now), identified.tenant, agent).await?;
        if snapshot.agent.status != AgentStatus::Enabled {
            return Err(Reason::AgentDisabled.into());
        }
    }
    app.snapshots.touch(identified.tenant, credential.id, agent, now);
    Ok(identified)
}

/// The same caller, acting for the user of this session (decision 6).
///
/// # Errors
/// `SESSION_INVALID` when the session is unknown or another agent's, or the caller is no agent;
/// `SESSION_EXPIRED`, `SESSION_REVOKED`, `REVOCATION_STATE_STALE`.
pub async fn in_session(app: &App, identified: Identified, raw: &str) -> Result<Identified> {
    let Actor::Agent { agent, .. } = identified.actor else {
        return Err(Reason::SessionInvalid.because("A session is an agent's: send it with that agent's key."));
    };
    let live = sessions::by_token(app, identified.tenant, agent, raw).await?;
    identified.acting(&live)
}

/// What is known of the key on which something standing (a stream) stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing(Option<(u64, Option<Time>)>);

impl Standing {
    /// Demands that the caller of this context may still call, with the very key that it came with, as an agent
    /// that is enabled, and in the session in which it acts, if any. The store is asked only if something was revoked since the last time.
    ///
    /// # Errors
    /// As [`by_key`] and [`sessions::demand`].
    pub async fn demand(&mut self, app: &App, ctx: &Ctx) -> Result<()> {
        let (credential, agent) = match &ctx.actor {
            Actor::Agent { agent, credential: AgentCredential::Key(key), .. } => (*key, Some(*agent)),
            Actor::Agent { credential: AgentCredential::Token(token), user, .. } => {
                if let Some(acting) = user {
                    sessions::demand(app, acting)?;
                }
                return oauth::live::demand(app, ctx.tenant, token).await;
            }
            Actor::Platform { credential, .. } => (*credential, None),
            Actor::Account { .. } | Actor::Anonymous | Actor::Operator => {
                return Err(Reason::CredentialInvalid.into());
            }
        };
        crate::revocations::demand_fresh(app)?;
        if let Some(acting) = ctx.actor.acting_for() {
            sessions::demand(app, acting)?;
        }
        let (now, generation) = (app.now(), app.snapshots.generation());
        let is_known = |(at, ends): (u64, Option<Time>)| at == generation && ends.is_none_or(|at| at > now);
        if !self.0.is_some_and(is_known) {
            let key = credentials::get(&mut app.store.read(ctx), credential).await?;
            if !key.is_live(now) {
                return Err(Reason::CredentialInvalid.into());
            }
            self.0 = Some((generation, key.expires_at));
        }
        let Some(agent) = agent else { return Ok(()) };
        let snapshot = app.snapshots.agent(&app.rows(now), ctx.tenant, agent).await?;
        if snapshot.agent.status == AgentStatus::Enabled {
            return Ok(());
        }
        Err(Reason::AgentDisabled.into())
    }
}

/// Identifies a person by the console's cookie.
///
/// # Errors
/// `AUTH_SIGN_IN_REQUIRED` when there is no such live session.
pub async fn by_cookie(app: &App, raw: &str) -> Result<SignedIn> {
    let parsed = token::parse(raw).map_err(|_| Reason::SignInRequired)?;
    if parsed.kind != TokenKind::Session {
        return Err(Reason::SignInRequired.into());
    }
    crate::revocations::demand_fresh(app)?;
    let now = app.now();
    let found =
        app.store.lobby().session_by_digest(&parsed.digest, now).await?.ok_or(Reason::SignInRequired)?;
    let actor = Actor::Account { account: found.account, role: found.role, session: found.session };
    let ctx = Ctx::new(found.tenant, actor.clone(), now, &app.entropy);
    if now.ms_since(found.last_seen_at) > SEEN_EVERY_MS {
        console_sessions::touch(&mut app.store.unaudited(&ctx), found.session).await?;
    }
    let organization = tenants::get(&mut app.store.read(&ctx)).await?.name;
    Ok(SignedIn {
        identified: Identified { tenant: found.tenant, actor },
        account: found.account,
        email: found.email,
        role: found.role,
        session: found.session,
        organization,
        form_token: app.seals.form_token(&found.session),
        auth_time: found.auth_time,
    })
}

/// Whether a form's token is this session's.
#[must_use]
pub fn form_token_is_right(app: &App, session: &SessionId, token: &str) -> bool {
    app.seals.is_form_token(session, token)
}
