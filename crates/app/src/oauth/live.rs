//! Whether an access token holds: its signature or its row, its time and audience, the session on which it hangs, and
//! everything on which that stands (RFC 9068 section 4, SES-1). What was seen to hold is kept in memory, and a token
//! that was shown before costs no reading: the revocations that every node follows make it forget (decisions.md 20).
//!
//! A session may only be kept if nothing was forgotten since its reading began, as in [`crate::snapshots`]. That a
//! token is in the memory says only that we once issued it; whether it holds is asked of its session each time.

use super::keys;
use crate::{App, revocations};
use parking_lot::{Mutex, RwLock};
use procura_crypto::{TokenKind, token};
use procura_model::{
    AccountId, Actor, AgentId, AgentStatus, Ctx, Digest, Reason, Result, SessionId, TenantId, Time,
    oauth::{AccessToken, Claims, ClientId},
    time::{MINUTE_MS, SECOND_MS},
};
use procura_store::{
    lobby_oauth::Found,
    oauth_refresh::RefreshToken,
    oauth_sessions::{self as rows, FoundOauthSession},
    revocations::{Revocation, Subject},
};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

/// How many tokens, and how many sessions, are kept at the most; then all are dropped and read anew.
const MAX_KEPT: usize = 50_000;
/// How often the last use of a session is written down.
const USED_EVERY_MS: i64 = MINUTE_MS;
/// On how many sessions one may stand by exchanges.
const MAX_PARENTS: usize = 16;

/// An access token that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveToken {
    /// The organization.
    pub tenant: TenantId,
    /// The token as the rest of the house sees it.
    pub token: Arc<AccessToken>,
    /// Everything that it says.
    pub claims: Claims,
}

/// What is kept in memory.
#[derive(Default)]
pub(super) struct Kept {
    held: RwLock<Held>,
    used: Mutex<HashMap<(TenantId, SessionId), Time>>,
    drawn: Mutex<HashMap<Digest, Found<RefreshToken>>>,
}

#[derive(Default)]
struct Held {
    generation: u64,
    tokens: HashMap<Digest, Arc<Claims>>,
    sessions: HashMap<(TenantId, SessionId), Arc<Standing>>,
    of_clients: HashMap<(TenantId, ClientId, AgentId), SessionId>,
}

/// A session with everything on which it stands, as it was read.
pub(super) struct Standing {
    pub(super) found: FoundOauthSession,
    noted_at: AtomicI64,
}

/// The token, if it holds now and for one of these audiences.
///
/// # Errors
/// `ACCESS_TOKEN_INVALID`, `ACCESS_TOKEN_EXPIRED`, `ACCESS_TOKEN_ELSEWHERE`; `AGENT_DISABLED`;
/// `REVOCATION_STATE_STALE` when this node cannot know.
pub async fn access_token(app: &App, raw: &str, audiences: &[&str]) -> Result<LiveToken> {
    let live = read(app, raw).await?;
    // RFC 9068 section 4: "the resource server MUST validate that the aud claim contains a resource indicator value
    // corresponding to an identifier the resource server expects for itself".
    if audiences.contains(&live.claims.aud.as_str()) {
        return Ok(live);
    }
    // For whom it is, a signed token says itself; an opaque one tells its holder nothing.
    let is_signed = token::parse(raw).is_err();
    match audiences.last().filter(|_| is_signed) {
        Some(here) => Err(Reason::AccessTokenElsewhere.because(format!(
            "The access token is for {}; ask for one with `resource={here}`.",
            live.claims.aud
        ))),
        None => Err(Reason::AccessTokenElsewhere.into()),
    }
}

/// Demands that a token which held still does. It costs no reading as long as nothing was revoked.
///
/// # Errors
/// As [`access_token`].
pub async fn demand(app: &App, tenant: TenantId, token: &AccessToken) -> Result<()> {
    revocations::demand_fresh(app)?;
    if token.expires_at <= app.now() {
        return Err(Reason::AccessTokenExpired.into());
    }
    let standing = standing(app, tenant, token.session).await?.ok_or(Reason::AccessTokenInvalid)?;
    if standing.found.session.client != token.client || standing.found.revoked_tokens.contains(&token.token) {
        return Err(Reason::AccessTokenInvalid.into());
    }
    demand_standing(app, tenant, &standing).await
}

/// Notes on how it was used are written by upkeep.
///
/// # Errors
/// A fault.
pub(super) async fn write_uses(app: &App) -> Result<()> {
    let used: Vec<_> = app.oauth.kept.used.lock().drain().collect();
    for ((tenant, session), at) in used {
        let ctx = Ctx::new(tenant, Actor::Operator, at, &app.entropy);
        rows::touch(&mut app.store.unaudited(&ctx), session).await?;
    }
    Ok(())
}

/// The token, if it holds now, wherever that is.
pub(super) async fn read(app: &App, raw: &str) -> Result<LiveToken> {
    revocations::demand_fresh(app)?;
    let now = app.now();
    let claims = claims(app, raw, now).await?.ok_or(Reason::AccessTokenInvalid)?;
    let expires_at = Time::from_ms(claims.exp.saturating_mul(SECOND_MS));
    if expires_at <= now {
        return Err(Reason::AccessTokenExpired.into());
    }
    let tenant = claims.tenant;
    let standing = standing(app, tenant, claims.sid).await?.ok_or(Reason::AccessTokenInvalid)?;
    let session = &standing.found.session;
    let agent: AgentId = claims.act.sub.parse().map_err(|_| Reason::AccessTokenInvalid)?;
    let is_of_session = session.client == claims.client_id && session.agent == agent;
    if !is_of_session || standing.found.revoked_tokens.contains(&claims.jti) {
        return Err(Reason::AccessTokenInvalid.into());
    }
    demand_standing(app, tenant, &standing).await?;
    app.oauth.kept.touch(tenant, &standing, now);
    let token = AccessToken {
        token: claims.jti,
        session: session.id,
        client: session.client.clone(),
        agent,
        account: session.account,
        scope: claims.scope.clone(),
        auth_time: claims.auth_time.map(|at| Time::from_ms(at.saturating_mul(SECOND_MS))),
        expires_at,
    };
    Ok(LiveToken { tenant, token: Arc::new(token), claims: Claims::clone(&claims) })
}

/// What a token says that we issued; nothing of it is looked at but that.
async fn claims(app: &App, raw: &str, now: Time) -> Result<Option<Arc<Claims>>> {
    let digest = Digest::of(raw.as_bytes());
    if let Some(claims) = app.oauth.kept.held.read().tokens.get(&digest) {
        return Ok(Some(Arc::clone(claims)));
    }
    let found = match token::parse(raw) {
        Ok(parsed) if parsed.kind == TokenKind::AccessToken => {
            let found = app.store.lobby().oauth_access(&parsed.digest, now).await?;
            found.filter(|found| found.tenant == found.row.tenant).map(|found| found.row)
        }
        Ok(_) => None,
        Err(_) => keys::open(app, raw, now).await?,
    };
    Ok(found.map(|claims| app.oauth.kept.keep_token(digest, claims)))
}

/// The session of this id, from memory or from the store; also when it has ended.
pub(super) async fn standing(
    app: &App,
    tenant: TenantId,
    session: SessionId,
) -> Result<Option<Arc<Standing>>> {
    let generation = {
        let held = app.oauth.kept.held.read();
        // One that is over may have been extended by another node.
        let kept = held.sessions.get(&(tenant, session));
        if let Some(standing) = kept.filter(|kept| kept.found.session.expires_at > app.now()) {
            return Ok(Some(Arc::clone(standing)));
        }
        held.generation
    };
    let ctx = Ctx::new(tenant, Actor::Operator, app.now(), &app.entropy);
    let Some(found) = rows::find(&mut app.store.read(&ctx), session).await? else { return Ok(None) };
    let noted = found.session.last_used_at.map_or(i64::MIN, Time::as_ms);
    let standing = Arc::new(Standing { found, noted_at: AtomicI64::new(noted) });
    app.oauth.kept.keep_session(generation, tenant, &standing);
    Ok(Some(standing))
}

/// Demands that a session lives, with its client, its consent, its person, its agent, and the sessions of the tokens that
/// were exchanged for its own: the subject's and the actor's.
pub(super) async fn demand_standing(app: &App, tenant: TenantId, standing: &Arc<Standing>) -> Result<()> {
    let now = app.now();
    let mut seen = vec![standing.found.session.id];
    let mut left = vec![Arc::clone(standing)];
    while let Some(standing) = left.pop() {
        let found = &standing.found;
        let holds =
            found.session.is_live(now) && found.is_client_enabled && found.is_consented && found.is_member;
        if !holds {
            return Err(Reason::AccessTokenInvalid.into());
        }
        // The agent is asked of the snapshots, which everybody who disables one makes forget.
        let agent = app.snapshots.agent(&app.rows(now), tenant, found.session.agent).await?;
        if agent.agent.status != AgentStatus::Enabled {
            return Err(Reason::AgentDisabled.into());
        }
        for parent in found.parent.into_iter().chain(found.actor) {
            if seen.contains(&parent) {
                continue;
            }
            if seen.len() >= MAX_PARENTS {
                return Err(Reason::AccessTokenInvalid.into());
            }
            seen.push(parent);
            left.push(self::standing(app, tenant, parent).await?.ok_or(Reason::AccessTokenInvalid)?);
        }
    }
    Ok(())
}

impl Kept {
    fn keep_token(&self, digest: Digest, claims: Claims) -> Arc<Claims> {
        let mut held = self.held.write();
        if held.tokens.len() >= MAX_KEPT {
            held.tokens.clear();
        }
        let claims = Arc::new(claims);
        held.tokens.insert(digest, Arc::clone(&claims));
        claims
    }

    /// Keeps a refresh token that this node has just made: whoever shows it next spares a reading. Whether it can be used
    /// says the statement that uses it.
    pub(super) fn keep_drawn(&self, digest: Digest, token: Found<RefreshToken>) {
        let mut drawn = self.drawn.lock();
        if drawn.len() >= MAX_KEPT {
            drawn.clear();
        }
        drawn.insert(digest, token);
    }

    /// The refresh token of this digest, where this node made it and nobody showed it since.
    pub(super) fn take_drawn(&self, digest: &Digest) -> Option<Found<RefreshToken>> {
        self.drawn.lock().remove(digest)
    }

    fn keep_session(&self, generation: u64, tenant: TenantId, standing: &Arc<Standing>) {
        let mut held = self.held.write();
        if held.generation != generation {
            return;
        }
        if held.sessions.len() >= MAX_KEPT {
            held.sessions.clear();
            held.of_clients.clear();
        }
        let session = &standing.found.session;
        if session.kind == procura_model::oauth::SessionKind::Client {
            held.of_clients.insert((tenant, session.client.clone(), session.agent), session.id);
        }
        held.sessions.insert((tenant, session.id), Arc::clone(standing));
    }

    /// The standing session of a client with an agent, where this node knows one that lives.
    pub(super) fn of_client(
        &self,
        tenant: TenantId,
        client: &ClientId,
        agent: AgentId,
    ) -> Option<Arc<Standing>> {
        let held = self.held.read();
        let session = held.of_clients.get(&(tenant, client.clone(), agent))?;
        held.sessions.get(&(tenant, *session)).cloned()
    }

    /// Notes that a session is used, at most once a minute; upkeep writes it down.
    pub(super) fn touch(&self, tenant: TenantId, standing: &Standing, now: Time) {
        let noted = standing.noted_at.load(Relaxed);
        let is_due = now.as_ms().saturating_sub(noted) >= USED_EVERY_MS;
        if is_due && standing.noted_at.compare_exchange(noted, now.as_ms(), Relaxed, Relaxed).is_ok() {
            self.used.lock().insert((tenant, standing.found.session.id), now);
        }
    }

    fn forget(&self, is_meant: impl Fn(TenantId, &FoundOauthSession) -> bool) {
        let mut held = self.held.write();
        held.generation += 1;
        let Held { sessions, of_clients, .. } = &mut *held;
        sessions.retain(|(tenant, _), standing| !is_meant(*tenant, &standing.found));
        of_clients.retain(|(tenant, ..), session| sessions.contains_key(&(*tenant, *session)));
    }
}

impl super::OauthState {
    /// Forgets a session: it was ended or extended, or a token of it was revoked. Whoever changes one calls this after
    /// the commit, however that went.
    pub fn forget_session(&self, session: SessionId) {
        self.kept.forget(|_, found| found.session.id == session);
    }

    /// Forgets the sessions of a client: it was disabled or removed.
    pub fn forget_client(&self, client: &ClientId) {
        self.kept.forget(|_, found| found.session.client == *client);
    }

    /// Forgets the sessions of a client in an organization, which keeps it out.
    pub(crate) fn forget_client_in(&self, tenant: TenantId, client: &ClientId) {
        self.kept.forget(|of, found| of == tenant && found.session.client == *client);
    }

    /// Forgets the sessions of a person: they left an organization.
    pub fn forget_account(&self, account: AccountId) {
        self.kept.forget(|_, found| found.session.account == Some(account));
    }

    /// Forgets what a revocation names. Obeying one twice does no harm.
    pub(crate) fn obey(&self, row: &Revocation) {
        self.targets.obey(row);
        match &row.subject {
            Subject::OauthSession(session) => self.forget_session(*session),
            Subject::Client(client) => self.forget_client(client),
            Subject::Account(account) => self.forget_account(*account),
            // Agents are asked of the snapshots; the rest is nothing to a session.
            Subject::Agent(_)
            | Subject::Tenant
            | Subject::Credential(_)
            | Subject::Session(_)
            | Subject::Server(_) => {}
        }
    }
}

/// Sessions that are being changed: however the commit goes, this node reads them anew afterwards.
pub(crate) struct Changing<'c> {
    app: &'c App,
    sessions: Vec<SessionId>,
}

impl<'c> Changing<'c> {
    pub(crate) const fn new(app: &'c App, sessions: Vec<SessionId>) -> Self {
        Self { app, sessions }
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        for session in &self.sessions {
            self.app.oauth.forget_session(*session);
        }
    }
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let held = self.held.read();
        f.debug_struct("Kept")
            .field("tokens", &held.tokens.len())
            .field("sessions", &held.sessions.len())
            .finish_non_exhaustive()
    }
}
