//! The issuers whose assertions about people (ID-JAG) an organization believes, and where their keys are.

use super::live::Changing;
use crate::App;
use procura_egress::WebUrl;
use procura_model::{
    Ctx, Event, EventKind, IssuerId, OauthSession, Reason, Result, Scope, TrustedIssuer,
    oauth::IssuerSettings,
};
use procura_store::{Writer, agents, oauth_issuers as rows, oauth_sessions};

/// How long a URL may be, in bytes.
const MAX_URL_BYTES: usize = 1_024;
/// How long the issuer's name for the organization may be, in bytes.
const MAX_TENANT_BYTES: usize = 256;
/// How many clients besides the organization's own may use an issuer.
const MAX_CLIENTS: usize = 64;

async fn checked(app: &App, ctx: &Ctx, settings: &IssuerSettings) -> Result<()> {
    check_url("jwksUri", &settings.jwks_uri)?;
    let is_tenant = |tenant: &String| (1..=MAX_TENANT_BYTES).contains(&tenant.len());
    if !settings.tenant.as_ref().is_none_or(is_tenant) {
        return Err(Reason::FieldInvalid.because("tenant must have 1 to 256 bytes."));
    }
    if settings.clients.len() > MAX_CLIENTS {
        return Err(Reason::FieldInvalid.because("clients can have 64 entries at the most."));
    }
    if let Some(agent) = settings.agent {
        agents::get(&mut app.store.read(ctx), agent).await?;
    }
    Ok(())
}

/// https alone: whoever stands between could say who somebody is.
fn check_url(field: &'static str, url: &str) -> Result<()> {
    if url.len() > MAX_URL_BYTES || !url.starts_with("https://") || WebUrl::parse(url).is_err() {
        return Err(Reason::FieldInvalid.because(format!("{field} must be a plainly written https URL.")));
    }
    Ok(())
}

/// The issuers that the organization trusts, oldest first.
///
/// # Errors
/// The scope is missing.
pub async fn list(app: &App, ctx: &Ctx) -> Result<Vec<TrustedIssuer>> {
    ctx.actor.require(Scope::ReadClients)?;
    rows::list(&mut app.store.read(ctx)).await
}

/// One trusted issuer.
///
/// # Errors
/// `NOT_FOUND`, or the scope is missing.
pub async fn get(app: &App, ctx: &Ctx, id: IssuerId) -> Result<TrustedIssuer> {
    ctx.actor.require(Scope::ReadClients)?;
    rows::get(&mut app.store.read(ctx), id).await
}

/// Trusts an issuer.
///
/// # Errors
/// `FIELD_INVALID`, `NAME_TAKEN` where it is trusted already, `NOT_FOUND` for the agent, or the scope is missing.
pub async fn add(app: &App, ctx: &Ctx, issuer: &str, settings: IssuerSettings) -> Result<TrustedIssuer> {
    ctx.actor.require(Scope::WriteClients)?;
    check_url("issuer", issuer)?;
    if issuer == app.settings.public_url {
        return Err(Reason::FieldInvalid.because("issuer must be somebody else than Procura itself."));
    }
    checked(app, ctx, &settings).await?;
    let trusted = TrustedIssuer {
        id: IssuerId::new(ctx.now, &app.entropy),
        issuer: issuer.to_owned(),
        settings,
        created_at: ctx.now,
        updated_at: ctx.now,
    };
    let mut writer = app.store.write(ctx).await?;
    rows::insert(&mut writer, &trusted).await?;
    writer.commit(Event::new(EventKind::IssuerTrusted).about(trusted.id)).await?;
    Ok(trusted)
}

/// Replaces the settings of a trusted issuer. What its assertions began goes on only where nothing but further clients
/// came: whatever was changed beside, it was begun by a trust that is no more.
///
/// # Errors
/// `NOT_FOUND`, `FIELD_INVALID`, `STATE_CHANGED` where somebody else changed it meanwhile, or the scope is missing.
pub async fn change(app: &App, ctx: &Ctx, id: IssuerId, settings: IssuerSettings) -> Result<TrustedIssuer> {
    ctx.actor.require(Scope::WriteClients)?;
    checked(app, ctx, &settings).await?;
    let mut writer = app.store.write(ctx).await?;
    let before = rows::get(&mut writer, id).await?;
    let trusted = rows::update(&mut writer, &before, &settings).await?;
    let ended = match is_no_less(&before.settings, &settings) {
        true => Vec::new(),
        false => oauth_sessions::revoke_of_issuer(&mut writer, id).await?,
    };
    commit(app, writer, (EventKind::IssuerChanged, id), &ended).await?;
    Ok(trusted)
}

/// Whether everything that was believed still is.
fn is_no_less(before: &IssuerSettings, now: &IssuerSettings) -> bool {
    let IssuerSettings { jwks_uri, agent, tenant, clients } = before;
    *jwks_uri == now.jwks_uri
        && *agent == now.agent
        && *tenant == now.tenant
        && clients.iter().all(|client| now.clients.contains(client))
}

/// Trusts an issuer no longer: what its assertions began ends with it.
///
/// # Errors
/// `NOT_FOUND`, or the scope is missing.
pub async fn remove(app: &App, ctx: &Ctx, id: IssuerId) -> Result<()> {
    ctx.actor.require(Scope::WriteClients)?;
    let mut writer = app.store.write(ctx).await?;
    rows::remove(&mut writer, id).await?;
    let ended = oauth_sessions::revoke_of_issuer(&mut writer, id).await?;
    commit(app, writer, (EventKind::IssuerRemoved, id), &ended).await
}

async fn commit(
    app: &App,
    writer: Writer<'_>,
    (kind, id): (EventKind, IssuerId),
    ended: &[OauthSession],
) -> Result<()> {
    let _changing = Changing::new(app, ended.iter().map(|session| session.id).collect());
    let facts = serde_json::json!({ "sessionsEnded": ended.len() });
    writer.commit(Event::new(kind).about(id).with_facts(&facts)).await
}
