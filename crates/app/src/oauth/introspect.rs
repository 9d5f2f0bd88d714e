//! Introspection (RFC 7662): what a token says, for whom it concerns. Everybody else, and everything that does not hold,
//! gets the one answer `{"active":false}` (section 2.2), so that nobody can try tokens out.

use super::{
    clients::{self, Presented},
    code::holds,
    live, resources,
};
use crate::{
    App,
    agent_auth::verify::{self, Needs},
};
use procura_crypto::{TokenKind, token};
use procura_model::{
    Actor, Client, ClientAuth, Ctx, Error, Reason, Result, Scope, TenantId,
    oauth::{ActorLink, Claims, ClientId},
    time::SECOND_MS,
};
use procura_store::oauth_sessions;
use serde::Serialize;

/// Who asks.
#[derive(Debug)]
pub enum Asking {
    /// An OAuth client that shows that it is itself.
    Client(Presented),
    /// The organization's own server, by a key with the scope for it.
    Key(TenantId, Actor),
}

/// Who asks, once that is known.
enum Known {
    Client(Box<Client>),
    Organization(TenantId),
}

/// RFC 7662 section 2.2.
#[derive(Debug, Default, Serialize)]
pub struct Introspection {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<ClientId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<ActorLink>,
    #[serde(skip_serializing_if = "Option::is_none")]
    may_act: Option<Named>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<Bound>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    org: Option<String>,
    /// In which workspaces of the API a key counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    workspaces: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Named {
    sub: String,
}

#[derive(Debug, Serialize)]
struct Bound {
    jkt: String,
}

/// Says what a token is, to whom it concerns.
///
/// # Errors
/// `OAUTH_CLIENT_INVALID` for whoever does not show who they are (section 2.1: "MUST require some form of
/// authorization"); `AUTH_SCOPE_MISSING`; a fault. That a token does not hold is no error.
pub async fn introspect(app: &App, ctx: &Ctx, asking: Asking, shown: &str) -> Result<Introspection> {
    let asking = known(app, ctx, asking).await?;
    if token::parse(shown).is_ok_and(|parsed| parsed.kind == TokenKind::RefreshToken) {
        return of_refresh_token(app, ctx, &asking, shown).await;
    }
    if token::parse(shown).is_ok_and(|parsed| parsed.kind == TokenKind::ApiKey) {
        return of_api_key(app, ctx, &asking, shown).await;
    }
    let live = match live::read(app, shown).await {
        Ok(live) => live,
        Err(Error::Refused(refusal)) if refusal.reason != Reason::RevocationStale => {
            return Ok(Introspection::default());
        }
        Err(error) => return Err(error),
    };
    if !concerns(app, &asking, &live.claims).await? {
        return Ok(Introspection::default());
    }
    Ok(told(&app.settings.public_url, live.claims))
}

async fn known(app: &App, ctx: &Ctx, asking: Asking) -> Result<Known> {
    match asking {
        Asking::Client(presented) => {
            let client = clients::authenticate(app, ctx, presented).await?;
            if client.metadata.token_endpoint_auth_method == ClientAuth::None {
                return Err(Reason::OauthClientInvalid.because("A public client cannot ask about tokens."));
            }
            Ok(Known::Client(Box::new(client)))
        }
        Asking::Key(tenant, actor) => {
            actor.require(Scope::Introspect)?;
            Ok(Known::Organization(tenant))
        }
    }
}

/// RFC 7662 section 4: only who may use the token is told of it: the client whose it is, the clients of the organization
/// whose API it is for, and the organization's own key. Nobody may use one whose API is guarded no longer, or is another
/// organization's by now.
async fn concerns(app: &App, asking: &Known, claims: &Claims) -> Result<bool> {
    let owner = match resources::find(app, &claims.aud).await {
        Ok(target) => target.tenant,
        Err(Error::Refused(_)) => return Ok(false),
        Err(fault) => return Err(fault),
    };
    if owner.is_some_and(|owner| owner != claims.tenant) {
        return Ok(false);
    }
    Ok(match asking {
        Known::Organization(tenant) => claims.tenant == *tenant,
        Known::Client(client) => client.id == claims.client_id || (owner.is_some() && client.tenant == owner),
    })
}

fn told(issuer: &str, claims: Claims) -> Introspection {
    Introspection {
        active: true,
        scope: Some(claims.scope.to_string()),
        client_id: Some(claims.client_id),
        token_type: Some(if claims.jkt.is_some() { "DPoP" } else { "Bearer" }),
        exp: Some(claims.exp),
        iat: Some(claims.iat),
        sub: Some(claims.sub),
        aud: Some(claims.aud),
        iss: Some(issuer.to_owned()),
        jti: Some(claims.jti.to_string()),
        act: Some(claims.act),
        may_act: claims.may_act.map(|sub| Named { sub }),
        cnf: claims.jkt.map(|jkt| Bound { jkt }),
        auth_time: claims.auth_time,
        sid: Some(claims.sid.to_string()),
        org: Some(claims.tenant.to_string()),
        workspaces: Vec::new(),
    }
}

/// A key of a guarded API concerns the API's organization and its clients. `sub` is the agent's registration, or the key
/// where a person made it.
async fn of_api_key(app: &App, ctx: &Ctx, asking: &Known, shown: &str) -> Result<Introspection> {
    let tenant = match asking {
        Known::Organization(tenant) => Some(*tenant),
        Known::Client(client) => client.tenant,
    };
    let Some(tenant) = tenant else { return Ok(Introspection::default()) };
    let held = match verify::verify(app, tenant, shown, Needs::default(), ctx.now).await {
        Ok(held) => held,
        Err(Error::Refused(refusal)) if refusal.reason != Reason::RevocationStale => {
            return Ok(Introspection::default());
        }
        Err(error) => return Err(error),
    };
    let key = &held.key;
    let sub = key.registration.map_or_else(|| key.id.to_string(), |registration| registration.to_string());
    Ok(Introspection {
        active: true,
        scope: Some(key.scope.to_string()),
        token_type: Some("Bearer"),
        exp: key.expires_at.map(|at| at.as_ms().div_euclid(SECOND_MS)),
        iat: Some(key.created_at.as_ms().div_euclid(SECOND_MS)),
        sub: Some(sub),
        aud: Some(held.identifier.clone()),
        iss: Some(app.settings.public_url.clone()),
        jti: Some(key.id.to_string()),
        org: Some(tenant.to_string()),
        workspaces: key.workspaces.clone(),
        ..Introspection::default()
    })
}

/// A refresh token concerns its client and its organization alone.
async fn of_refresh_token(app: &App, ctx: &Ctx, asking: &Known, shown: &str) -> Result<Introspection> {
    crate::revocations::demand_fresh(app)?;
    let parsed = token::parse(shown).map_err(|_| Reason::OauthRequestInvalid)?;
    let Some(found) = app.store.lobby().oauth_refresh(&parsed.digest).await? else {
        return Ok(Introspection::default());
    };
    let concerns = match asking {
        Known::Client(client) => client.id == found.row.client,
        Known::Organization(tenant) => found.tenant == *tenant,
    };
    let ctx = ctx.in_tenant(found.tenant);
    let standing = oauth_sessions::find(&mut app.store.read(&ctx), found.row.session).await?;
    let is_unused = found.row.used_at.is_none() && found.row.expires_at > ctx.now;
    let Some(standing) = standing.filter(|standing| holds(Some(standing), ctx.now).is_ok()) else {
        return Ok(Introspection::default());
    };
    if !concerns || !is_unused {
        return Ok(Introspection::default());
    }
    let session = standing.session;
    Ok(Introspection {
        active: true,
        scope: Some(session.scope.to_string()),
        client_id: Some(session.client),
        exp: Some(found.row.expires_at.as_ms().div_euclid(SECOND_MS)),
        iat: Some(found.row.created_at.as_ms().div_euclid(SECOND_MS)),
        sub: Some(session.subject),
        iss: Some(app.settings.public_url.clone()),
        sid: Some(session.id.to_string()),
        org: Some(found.tenant.to_string()),
        ..Introspection::default()
    })
}
