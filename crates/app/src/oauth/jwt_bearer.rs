//! An assertion of an issuer that an organization trusts (RFC 7523 section 2.1 with ID-JAG): the customer's identity
//! provider says that this client may act for somebody. Each is taken once, and no refresh token comes of it. Assertions
//! that say the same have one session, which ends with the trust in their issuer.

use super::{
    client_credentials::demand_agent,
    clients::{self, blocks},
    issue::{self, Issued, Minter, Wanted},
    live::Changing,
    resources::{self, Target},
    token::{Asked, Tokens},
};
use crate::{
    App,
    users::jwks::{self, Wanted as WantedKeys},
};
use procura_crypto::id_jag::{IdJag, IdJagRules, UnverifiedIdJag};
use procura_egress::{Lane, Purpose};
use procura_model::{
    Ctx, Digest, Error, Event, EventKind, Reason, Result, SessionId, TenantId, Time,
    oauth::{GrantType, OauthSession, ScopeList, SessionKind, TrustedIssuer},
    time::SECOND_MS,
};
use procura_store::{oauth_issuers, oauth_sessions};

/// RFC 7523 section 3.1: whatever is wrong with the assertion, the error is `invalid_grant`.
fn no(why: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Reason::OauthGrantInvalid.because(why)
}

/// RFC 7523 section 2.1.
pub(super) async fn issue(app: &App, ctx: &Ctx, asked: Asked<'_>, shown: &str) -> Result<Tokens> {
    // ID-JAG section 6.1: only for clients that show that they are themselves.
    if !asked.client.is_confidential() {
        return Err(Reason::OauthClientUnauthorized.because("A public client cannot use assertions."));
    }
    let unverified = UnverifiedIdJag::read(shown).map_err(|error| no(error.to_string()))?;
    let issuer = unverified.unverified_issuer().ok_or_else(|| no("The assertion names no issuer."))?;
    let tenant = tenant(app, &asked, &unverified).await?;
    let ctx = ctx.in_tenant(tenant);
    let trusted = oauth_issuers::by_name(&mut app.store.read(&ctx), &issuer).await?;
    let trusted = trusted.ok_or_else(|| no("The assertion's issuer is not trusted."))?;
    demand_client(&asked, tenant, &trusted)?;
    blocks::demand_none(&mut app.store.read(&ctx), &asked.client.id)
        .await
        .map_err(|error| refused_as(error, "The organization keeps this client out."))?;
    let jag = verified(app, &ctx, &asked, &trusted, &unverified).await?;
    demand_key(&asked, &jag)?;
    let target = target(app, tenant, &asked, &jag).await?;
    // ID-JAG section 6.2: where the resource demands a bound token and there is no proof, too, it is `invalid_grant`.
    if target.dpop_required && asked.jkt.is_none() {
        return Err(no("Tokens for this are bound to a key: send a DPoP proof."));
    }
    let scope = scope(&asked, &target, &jag)?;
    let minter = Minter::ready(app, (tenant, ctx.now), &target, &asked).await?;
    let own = asked.client.agent.filter(|_| asked.client.tenant == Some(tenant));
    let agent =
        own.or(trusted.settings.agent).ok_or_else(|| no("No agent is named as which the client acts."))?;
    demand_agent(app, &ctx, agent).await?;
    let session = OauthSession {
        id: SessionId::new(ctx.now, &app.entropy),
        kind: SessionKind::Assertion,
        grant: None,
        client: asked.client.id.clone(),
        agent,
        account: None,
        // Issuer and name together are who it is; so it is never an account of ours, nor another issuer's.
        subject: subject(&trusted, &jag),
        scope: scope.clone(),
        resources: vec![target.audience.clone()],
        dpop_jkt: None,
        auth_time: jag.auth_time.map(|at| Time::from_ms(at.saturating_mul(SECOND_MS))),
        created_at: ctx.now,
        expires_at: ctx.now.plus_ms(target.seconds.saturating_mul(SECOND_MS)),
        last_used_at: None,
        revoked_at: None,
    };
    let issued = begun(app, &ctx, (&asked, &trusted, &jag), (&session, &minter, scope)).await?;
    Ok(issued.into_tokens(None))
}

/// ID-JAG section 3: `iss` and `sub` say who it is, with `tenant` between them where the issuer serves many.
fn subject(trusted: &TrustedIssuer, jag: &IdJag) -> String {
    match &trusted.settings.tenant {
        Some(tenant) => format!("{}#{tenant}#{}", trusted.issuer, jag.subject),
        None => format!("{}#{}", trusted.issuer, jag.subject),
    }
}

/// Anybody may register a client, and an issuer may serve others than this organization: only its own clients use its
/// trust, and those that it named.
fn demand_client(asked: &Asked<'_>, tenant: TenantId, trusted: &TrustedIssuer) -> Result<()> {
    if asked.client.tenant == Some(tenant) || trusted.settings.clients.contains(&asked.client.id) {
        return Ok(());
    }
    Err(no("The client is none of those that may use this issuer's assertions."))
}

/// The organization in which the assertion counts: the client's, or the resource's, or the one that it names itself.
async fn tenant(app: &App, asked: &Asked<'_>, unverified: &UnverifiedIdJag<'_>) -> Result<TenantId> {
    if let Some(tenant) = asked.client.tenant {
        return Ok(tenant);
    }
    if let [resource] = asked.resources.as_slice()
        && let Some(tenant) = resources::find(app, resource).await?.tenant
    {
        return Ok(tenant);
    }
    let named = unverified.unverified_organization().and_then(|named| named.parse().ok());
    named.ok_or_else(|| {
        no("The assertion says of no organization that it is for it: use its client or resource, or aud_tenant.")
    })
}

async fn verified(
    app: &App,
    ctx: &Ctx,
    asked: &Asked<'_>,
    trusted: &TrustedIssuer,
    unverified: &UnverifiedIdJag<'_>,
) -> Result<IdJag> {
    let organization = ctx.tenant.to_string();
    let rules = IdJagRules {
        issuer: &trusted.issuer,
        audience: &app.settings.public_url,
        client: asked.client.id.as_str(),
        tenant: trusted.settings.tenant.as_deref(),
        organization: &organization,
        now: ctx.now,
    };
    let lane = Lane::of(ctx.tenant, Purpose::Jwks);
    let wanted = WantedKeys { lane, url: &trusted.settings.jwks_uri, now: ctx.now, newer_than: None };
    let keys = jwks::get(app, wanted).await.map_err(|error| no(error.sentence))?;
    let verdict = match unverified.verify(&rules, &keys) {
        Err(error) if error.is_key_unknown() => {
            let newer = jwks::get(app, WantedKeys { newer_than: Some(&keys), ..wanted }).await;
            unverified.verify(&rules, &*newer.map_err(|error| no(error.sentence))?)
        }
        verdict => verdict,
    };
    verdict.map_err(|error| no(format!("The assertion does not hold: {error}")))
}

/// ID-JAG section 6.2: a bound assertion needs a proof of its key; without `cnf` a proof binds the token alone.
fn demand_key(asked: &Asked<'_>, jag: &IdJag) -> Result<()> {
    match &jag.jkt {
        Some(jkt) if asked.jkt.as_ref() != Some(jkt) => {
            Err(no("The assertion is bound to a key of which no proof was sent."))
        }
        Some(_) | None => Ok(()),
    }
}

/// The resource, which stands in the assertion: audience and resource are a pair. One that names none is for the
/// gateway alone.
async fn target(
    app: &App,
    tenant: TenantId,
    asked: &Asked<'_>,
    jag: &IdJag,
) -> Result<std::sync::Arc<Target>> {
    let mut granted = Vec::with_capacity(jag.resources.len());
    for resource in &jag.resources {
        let known = resources::find(app, resource).await;
        let known = known
            .map_err(|error| refused_as(error, "The assertion names a resource that is not guarded here."))?;
        granted.push(known.audience.clone());
    }
    if granted.is_empty() {
        granted.push(format!("{}/v1/mcp", app.settings.public_url));
    }
    issue::target(app, tenant, &asked.resources, &granted).await
}

/// The intersection of what the assertion and the request say, and of what is there.
fn scope(asked: &Asked<'_>, target: &Target, jag: &IdJag) -> Result<ScopeList> {
    let allowed = issue::allowed(target, &asked.client);
    let granted = match &jag.scope {
        // An unknown scope in it is refused rather than passed over.
        Some(scope) if !allowed.covers(scope) => {
            return Err(no("The assertion has a scope that cannot be granted."));
        }
        Some(scope) => scope.clone(),
        None => allowed,
    };
    issue::scope(target, &granted, asked.scope)
}

async fn begun(
    app: &App,
    ctx: &Ctx,
    (asked, trusted, jag): (&Asked<'_>, &TrustedIssuer, &IdJag),
    (session, minter, scope): (&OauthSession, &Minter<'_>, ScopeList),
) -> Result<Issued> {
    let mut writer = app.store.write(ctx).await?;
    // First of all, so that everybody takes the issuer before its sessions.
    oauth_issuers::hold(&mut writer, trusted)
        .await
        .map_err(|error| refused_as(error, "What is trusted of the issuer was just changed."))?;
    clients::hold(app, &mut writer, &asked.client).await?;
    // MCP's profile of it, 7.4.2: replay is found by jti and refused until the assertion is over.
    if !writer.lobby().see_once(&jag.code, jag.expires_at).await? {
        let facts = serde_json::json!({ "client": asked.client.id, "grant": GrantType::JwtBearer });
        let mut event = Event::new(EventKind::AssertionReplayed).with_facts(&facts);
        event.reason = Some(Reason::OauthGrantInvalid);
        return Err(writer.refuse(event, no("The assertion was used before.")).await);
    }
    let session =
        oauth_sessions::put_asserted(&mut writer, session, trusted.id, &alike(trusted, session)).await?;
    let _changing = Changing::new(app, vec![session.id]);
    let wanted = Wanted { may_act: jag.may_act.clone(), ..Wanted::plain(&session, scope) };
    let issued = minter.mint(&session, wanted)?;
    issued.keep(&mut writer).await?;
    writer.commit(issued.event(EventKind::TokenIssued, GrantType::JwtBearer)).await?;
    Ok(issued)
}

/// By what the session of the next assertion alike is found. The resource is among it: what a session was granted is the
/// audience of its tokens, and never grows by another assertion.
fn alike(trusted: &TrustedIssuer, session: &OauthSession) -> Digest {
    let OauthSession { client, agent, subject, resources, .. } = session;
    let parts = serde_json::json!([trusted.id, subject, client, agent, resources]);
    Digest::of(parts.to_string().as_bytes())
}

/// A refusal in the words of this grant; a fault stays one, and so does that nobody can tell.
fn refused_as(error: Error, why: &'static str) -> Error {
    match error {
        Error::Refused(refusal) if refusal.reason != Reason::RevocationStale => no(why),
        fault => fault,
    }
}
