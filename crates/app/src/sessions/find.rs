//! Whether a session lives, asked in two ways: by its secret or id at the beginning of a request, and by its user
//! right before an effect and right before an answer. A session belongs to one agent; everybody else is told that
//! there is none.

use super::{live::Live, profile};
use crate::{App, Identified, revocations};
use procura_crypto::{TokenKind, token};
use procura_model::{
    ActingUser, Actor, AgentId, Ctx, Doing as _, Reason, Result, SessionId, SessionState, TenantId, Time,
};
use procura_screen::personal::Personal;
use procura_store::agent_sessions::{self as rows, FoundAgentSession};
use std::sync::{Arc, atomic::AtomicI64};
use tokio_util::sync::CancellationToken;

/// Of how long a profile it is kept what tells who the user is, ready to be found; it takes many times as much memory.
const SMALL_PROFILE_BYTES: usize = 2 * 1024;

/// The live session of this secret, if it is this agent's.
///
/// # Errors
/// `SESSION_INVALID`, `SESSION_EXPIRED`, `SESSION_REVOKED`; `REVOCATION_STATE_STALE` when this node cannot know.
pub async fn by_token(app: &App, tenant: TenantId, agent: AgentId, raw: &str) -> Result<Arc<Live>> {
    let parsed = token::parse(raw).map_err(|_| Reason::SessionInvalid)?;
    if parsed.kind != TokenKind::Session {
        return Err(Reason::SessionInvalid.into());
    }
    revocations::demand_fresh(app)?;
    if let Some(live) = app.sessions.by_digest(&parsed.digest) {
        return used(app, tenant, agent, live);
    }
    let ctx = reading(app, tenant);
    let found = rows::find_by_digest(&mut app.store.read(&ctx), &parsed.digest).await?;
    used(app, tenant, agent, take_in(app, tenant, agent, found)?)
}

/// The live session of this id, if it is this agent's.
///
/// # Errors
/// As [`by_token`].
pub async fn by_id(app: &App, tenant: TenantId, agent: AgentId, session: SessionId) -> Result<Arc<Live>> {
    revocations::demand_fresh(app)?;
    if let Some(live) = app.sessions.by_id(session) {
        return used(app, tenant, agent, live);
    }
    let ctx = reading(app, tenant);
    let found = rows::find(&mut app.store.read(&ctx), session).await?;
    used(app, tenant, agent, take_in(app, tenant, agent, found)?)
}

/// Demands that the session lives still. It costs no reading: a session in which somebody acts is known to this
/// node until it ends.
///
/// # Errors
/// `SESSION_REVOKED`, `SESSION_EXPIRED`; `REVOCATION_STATE_STALE` when this node cannot know.
pub fn demand(app: &App, acting: &ActingUser) -> Result<()> {
    revocations::demand_fresh(app)?;
    match app.sessions.by_id(acting.session) {
        Some(live) if live.expires_at > app.now() => Ok(()),
        Some(_) => Err(Reason::SessionExpired.into()),
        None => Err(why_ended(app, acting.session).into()),
    }
}

/// Cancelled when the session ends, and at once if it has: what stands on a session waits on this.
#[must_use]
pub fn ended(app: &App, session: SessionId) -> CancellationToken {
    app.sessions.by_id(session).map_or_else(
        || {
            let over = CancellationToken::new();
            over.cancel();
            over
        },
        |live| live.ended.clone(),
    )
}

/// Why a session ended; `SESSION_INVALID` when nobody remembers.
#[must_use]
pub fn why_ended(app: &App, session: SessionId) -> Reason {
    app.sessions.why_ended(session).unwrap_or(Reason::SessionInvalid)
}

/// What tells who this user is, for taking it out of what is recorded.
pub(crate) fn personal(app: &App, acting: &ActingUser) -> Arc<Personal> {
    let known = app.sessions.by_id(acting.session).and_then(|live| live.personal.clone());
    known.unwrap_or_else(|| Arc::new(Personal::of(&acting.user)))
}

/// Writes down when sessions were last used.
///
/// # Errors
/// A fault.
pub(crate) async fn write_uses(app: &App) -> Result<()> {
    for ((tenant, session), at) in app.sessions.take_used() {
        let ctx = Ctx::new(tenant, Actor::Operator, at, &app.entropy);
        rows::touch(&mut app.store.unaudited(&ctx), session).await?;
    }
    Ok(())
}

fn used(app: &App, tenant: TenantId, agent: AgentId, live: Arc<Live>) -> Result<Arc<Live>> {
    let now = app.now();
    if live.tenant != tenant || live.agent != agent {
        return Err(Reason::SessionInvalid.into());
    }
    if live.expires_at <= now {
        return Err(Reason::SessionExpired.into());
    }
    app.sessions.touch(&live, now);
    Ok(live)
}

/// Takes a session in that was read from the store.
fn take_in(
    app: &App,
    tenant: TenantId,
    agent: AgentId,
    found: Option<FoundAgentSession>,
) -> Result<Arc<Live>> {
    let found = found.filter(|found| found.session.agent == agent).ok_or(Reason::SessionInvalid)?;
    let session = found.session;
    match session.state(app.now()) {
        SessionState::Live => {}
        SessionState::Expired => return Err(Reason::SessionExpired.into()),
        SessionState::Revoked => return Err(Reason::SessionRevoked.into()),
    }
    let sealed = found.sealed_user.ok_or("a live session has no user").doing("open a session")?;
    let document = app.seals.open_profile((tenant, session.id), &sealed)?;
    let (user, weight) = (profile::read(&document)?, document.len());
    let personal = (weight <= SMALL_PROFILE_BYTES).then(|| Arc::new(Personal::of(&user)));
    let acting = ActingUser { reference: session.user, session: session.id, user: Arc::new(user) };
    app.sessions.keep(Live {
        acting: Arc::new(acting),
        expires_at: session.expires_at,
        ended: CancellationToken::new(),
        tenant,
        agent,
        digest: found.digest,
        personal,
        weight,
        noted_at: AtomicI64::new(session.last_used_at.map_or(i64::MIN, Time::as_ms)),
    })
}

fn reading(app: &App, tenant: TenantId) -> Ctx {
    Ctx::new(tenant, Actor::Operator, app.now(), &app.entropy)
}

impl Identified {
    /// The same caller, acting for the user of a session.
    ///
    /// # Errors
    /// `SESSION_INVALID` when the caller is not the session's agent.
    pub fn acting(mut self, live: &Live) -> Result<Self> {
        match &mut self.actor {
            Actor::Agent { agent, user, .. } if *agent == live.agent && self.tenant == live.tenant => {
                *user = Some(Arc::clone(&live.acting));
                Ok(self)
            }
            _ => Err(Reason::SessionInvalid.into()),
        }
    }
}
