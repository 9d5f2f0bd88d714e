//! Making tokens. An access token is for one resource and takes the form that the resource wants; a refresh token is
//! one link of its session's chain. Whatever may wait for the store (the signing key) is had before the change begins.

use super::{
    authorize::OFFLINE,
    cause::Cause,
    keys::{self, LONGEST_TOKEN_MS},
    mounts,
    resources::{self, Target},
    scopes,
    token::{Asked, Tokens},
};
use crate::App;
use procura_crypto::{
    OauthKey, TokenKind, access_token,
    token::{self, Minted},
};
use procura_model::{
    Actor, Client, Ctx, Digest, Doing as _, Event, EventKind, Reason, Result, ShownOnce, TenantId, Time,
    TokenForm, TokenId,
    oauth::{ActorLink, Claims, ClientId, GrantType, OauthSession, ScopeList},
    time::SECOND_MS,
};
use procura_store::{
    Writer, oauth_access,
    oauth_refresh::{self, RefreshToken},
};
use serde::Serialize;
use std::sync::Arc;

/// The target of a request: the one that it names, or the first that was granted.
///
/// # Errors
/// `OAUTH_TARGET_INVALID` for several at once, for what was not granted, for another organization's, and for the mount of a
/// server that is not there.
pub(super) async fn target(
    app: &App,
    tenant: TenantId,
    asked: &[&str],
    granted: &[String],
) -> Result<Arc<Target>> {
    let gateway = gateway(app);
    let named = match asked {
        [] => granted.first().map_or(gateway.as_str(), String::as_str),
        [one] => one,
        // RFC 9068 section 3: a token with several audiences could be replayed from one to another.
        _ => return Err(Reason::OauthTargetInvalid.because("A token is for one resource: name one.")),
    };
    let target = resources::find(app, named).await?;
    let is_own = target.tenant.is_none_or(|owner| owner == tenant);
    // RFC 8707 section 2.2: what is requested here must be among what was granted.
    let is_granted =
        granted.is_empty() || granted.iter().any(|granted| is_within(app, granted, &target.audience));
    if !is_own {
        return Err(resources::unknown());
    }
    if !is_granted {
        return Err(Reason::OauthTargetInvalid.because("The resource is not among those that were granted."));
    }
    let is_new = target.tenant.is_none() && !granted.contains(&target.audience);
    if is_new && mounts::is_among(app, std::iter::once(&target.audience)) {
        let ctx = Ctx::new(tenant, Actor::Operator, app.now(), &app.entropy);
        mounts::demand_there(app, &mut app.store.read(&ctx), std::iter::once(&target.audience)).await?;
    }
    Ok(target)
}

/// The gateway as a resource.
pub(super) fn gateway(app: &App) -> String {
    format!("{}/v1/mcp", app.settings.public_url)
}

/// Whether what opens `granted` opens `audience`: the same, or a server's mount, which is part of the gateway.
pub(super) fn is_within(app: &App, granted: &str, audience: &str) -> bool {
    let gateway = gateway(app);
    let is_mount = || audience.strip_prefix(&gateway).is_some_and(|rest| rest.starts_with('/'));
    granted == audience || (granted == gateway && is_mount())
}

/// What of the granted scopes a token for this target has: what was asked, or everything.
///
/// # Errors
/// `OAUTH_SCOPE_INVALID` for what was not granted (RFC 6749 section 6).
pub(super) fn scope(target: &Target, granted: &ScopeList, asked: Option<&str>) -> Result<ScopeList> {
    let known = scopes_of(target);
    let Some(asked) = asked else { return Ok(granted.intersect(&known)) };
    let asked: ScopeList = asked.parse().map_err(scopes::malformed)?;
    if !granted.covers(&asked) {
        return Err(scopes::beyond(&asked, granted, &[target]));
    }
    Ok(asked.intersect(&known))
}

/// What a client may have of a target where no person is asked: all of it, within its registration.
pub(super) fn allowed(target: &Target, client: &Client) -> ScopeList {
    let known = scopes_of(target);
    client.metadata.scope.as_ref().map_or(known.clone(), |registered| known.intersect(registered))
}

fn scopes_of(target: &Target) -> ScopeList {
    ScopeList::of(target.scopes.iter().map(|scope| scope.name.as_str()))
}

/// What an access token is to say beside what its session says.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) scope: ScopeList,
    pub(super) act: ActorLink,
    /// It ends no later than this.
    pub(super) no_later_than: Option<Time>,
    pub(super) may_act: Option<String>,
}

impl Wanted {
    /// The session's agent acts, for nobody but the session's subject.
    pub(super) fn plain(session: &OauthSession, scope: ScopeList) -> Self {
        let act = ActorLink { sub: session.agent.to_string(), act: None };
        Self { scope, act, no_later_than: None, may_act: None }
    }
}

/// Makes access tokens for one target.
pub(super) struct Minter<'m> {
    app: &'m App,
    tenant: TenantId,
    now: Time,
    target: &'m Target,
    jkt: Option<String>,
    key: Option<Arc<OauthKey>>,
}

/// An access token that was made; an opaque one must be kept.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) token: ShownOnce,
    pub(super) claims: Claims,
    digest: Option<Digest>,
}

impl<'m> Minter<'m> {
    /// Gets ready. To be called before a change begins.
    ///
    /// # Errors
    /// `OAUTH_DPOP_PROOF_INVALID` where the target or the client wants bound tokens and no key was shown; a fault.
    pub(super) async fn ready(
        app: &'m App,
        (tenant, now): (TenantId, Time),
        target: &'m Target,
        asked: &Asked<'_>,
    ) -> Result<Self> {
        // RFC 9449 section 5.2, and what the resource says in its metadata.
        let must_bind = target.dpop_required || asked.client.metadata.dpop_bound_access_tokens;
        if must_bind && asked.jkt.is_none() {
            return Err(
                Reason::OauthProofInvalid.because("Tokens for this are bound to a key: send a DPoP proof.")
            );
        }
        let key = match target.form {
            TokenForm::Jwt => Some(keys::signer(app, now, target.algorithm).await?),
            TokenForm::Opaque => None,
        };
        Ok(Self { app, tenant, now, target, jkt: asked.jkt.clone(), key })
    }

    /// Makes a token of this session.
    pub(super) fn mint(&self, session: &OauthSession, wanted: Wanted) -> Result<Issued> {
        let iat = seconds(self.now);
        let life_ms = self.target.seconds.saturating_mul(SECOND_MS).min(LONGEST_TOKEN_MS);
        let ends = self.now.plus_ms(life_ms).min(session.expires_at);
        let ends = wanted.no_later_than.map_or(ends, |at| ends.min(at));
        let claims = Claims {
            jti: TokenId::new(self.now, &self.app.entropy),
            tenant: self.tenant,
            sub: session.subject.clone(),
            client_id: session.client.clone(),
            aud: self.target.audience.clone(),
            scope: wanted.scope,
            sid: session.id,
            act: wanted.act,
            iat,
            exp: seconds(ends),
            auth_time: session.auth_time.map(seconds),
            jkt: self.jkt.clone(),
            may_act: wanted.may_act,
        };
        let Some(key) = &self.key else {
            let minted = token::mint(TokenKind::AccessToken, &self.app.entropy);
            return Ok(Issued { token: minted.secret, claims, digest: Some(minted.digest) });
        };
        let signed =
            access_token::sign(key, &self.app.settings.public_url, &claims).doing("sign an access token")?;
        Ok(Issued { token: ShownOnce::new(signed), claims, digest: None })
    }
}

/// What the record says of a token.
#[derive(Serialize)]
struct IssuedFacts<'i> {
    act: &'i ActorLink,
    bound: bool,
    client: &'i ClientId,
    grant: GrantType,
    resource: &'i str,
    scope: &'i ScopeList,
    seconds: i64,
    subject: &'i str,
    token: TokenId,
}

impl Issued {
    /// Keeps what the store must know and records it, in the commit that many callers share.
    pub(super) async fn record(&self, app: &App, ctx: &Ctx, event: Event) -> Result<()> {
        match self.row() {
            Some(row) => oauth_access::keep(&app.store, ctx, row, &event).await,
            None => app.store.record(ctx, vec![event]).await,
        }
    }

    /// What the store must know, where it must know anything.
    pub(super) fn row(&self) -> Option<(&Digest, &Claims)> {
        self.digest.as_ref().map(|digest| (digest, &self.claims))
    }

    /// Keeps what the store must know.
    pub(super) async fn keep(&self, writer: &mut Writer<'_>) -> Result<()> {
        match &self.digest {
            Some(digest) => oauth_access::insert(writer, digest, &self.claims).await,
            None => Ok(()),
        }
    }

    /// The record of it: everything but the token.
    pub(super) fn event(&self, kind: EventKind, grant: GrantType) -> Event {
        let claims = &self.claims;
        let facts = IssuedFacts {
            act: &claims.act,
            bound: claims.jkt.is_some(),
            client: &claims.client_id,
            grant,
            resource: &claims.aud,
            scope: &claims.scope,
            seconds: claims.exp - claims.iat,
            subject: &claims.sub,
            token: claims.jti,
        };
        let event = Event::new(kind).about(claims.sid).with_facts(&facts);
        match claims.act.sub.parse() {
            Ok(agent) => event.of_agent(agent),
            Err(_) => event,
        }
    }

    /// The answer with it.
    pub(super) fn into_tokens(self, refresh_token: Option<ShownOnce>) -> Tokens {
        self.into_parts(refresh_token).0
    }

    /// The answer with it, and what the store must know, where it must know anything.
    pub(super) fn into_parts(self, refresh_token: Option<ShownOnce>) -> (Tokens, Option<(Digest, Claims)>) {
        let Self { token, claims, digest } = self;
        let tokens = Tokens {
            access_token: token,
            issued_token_type: None,
            token_type: if claims.jkt.is_some() { "DPoP" } else { "Bearer" },
            expires_in: claims.exp - claims.iat,
            refresh_token,
            scope: claims.scope.to_string(),
        };
        (tokens, digest.map(|digest| (digest, claims)))
    }
}

/// Whether the client stays connected: the person was told so when they allowed it, and it may still.
pub(super) fn may_refresh(client: &Client, session: &OauthSession) -> bool {
    session.scope.contains(OFFLINE) && client.may(GrantType::RefreshToken)
}

/// Makes the refresh token of this generation: it lasts until nobody has used it for long, and no longer than its
/// session.
pub(super) async fn refresh_token(
    app: &App,
    writer: &mut Writer<'_>,
    session: &OauthSession,
    (generation, now): (i64, Time),
) -> Result<ShownOnce> {
    let (minted, row) = drawn(app, session, (generation, now));
    oauth_refresh::insert(writer, &minted.digest, &row).await?;
    Ok(minted.secret)
}

/// A refresh token that is not kept yet.
pub(super) fn drawn(
    app: &App,
    session: &OauthSession,
    (generation, now): (i64, Time),
) -> (Minted, RefreshToken) {
    let row = RefreshToken {
        session: session.id,
        client: session.client.clone(),
        generation,
        created_at: now,
        expires_at: now.plus_ms(app.settings.oauth.refresh_idle_ms).min(session.expires_at),
        used_at: None,
    };
    (token::mint(TokenKind::RefreshToken, &app.entropy), row)
}

/// The record of a grant that somebody who is known could not use, with the cause that they are not told.
pub(super) fn refused(asked: &Asked<'_>, grant: GrantType, cause: Cause) -> Event {
    let facts = serde_json::json!({ "client": asked.client.id, "grant": grant, "cause": cause });
    let mut event = Event::new(EventKind::TokenRefused).with_facts(&facts);
    event.reason = Some(Reason::OauthGrantInvalid);
    event
}

fn seconds(time: Time) -> i64 {
    time.as_ms().div_euclid(SECOND_MS)
}
