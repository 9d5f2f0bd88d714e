//! The second wire form: an agent holds an assertion of ours instead of a key, and exchanges it for access tokens. An
//! access token is a credential of the API like a key, with an hour to live, so that the API asks about both alike. A
//! claim counts the registration's generation up and kills every token: what was signed before it opens nothing.

use super::{Place, Shown, at, claim, mint, register::claim_digest};
use crate::App;
use procura_crypto::agent_identity::{self, AgentIdentity};
use procura_model::{
    Ctx, Error, Event, EventKind, Reason, Result, ShownOnce, Time,
    oauth::{KeyForm, Registration, RegistrationState, ScopeList},
    time::DAY_MS,
};
use procura_store::agent_registrations;

/// How long the assertion of a claimed agent lasts where its API does not say how long keys do, in days.
const USUAL_DAYS: i64 = 30;

/// An assertion on its way to its agent.
#[derive(Debug)]
pub struct Identity {
    /// The assertion.
    pub assertion: ShownOnce,
    /// Until when it can be exchanged.
    pub expires_at: Time,
}

/// An access token, and after a claim the new assertion beside it.
#[derive(Debug)]
pub struct Exchanged {
    /// The token.
    pub token: Shown,
    /// The new assertion, where there is one.
    pub identity: Option<Identity>,
}

/// Whether an assertion at the token endpoint says of itself that it is one of these.
#[must_use]
pub fn is_one(shown: &str) -> bool {
    agent_identity::claims_to_be_one(shown)
}

/// The assertion of a registration as it stands.
///
/// # Errors
/// `UNAVAILABLE` without a key.
pub fn of(app: &App, ctx: &Ctx, place: &Place, one: &Registration) -> Result<Identity> {
    let expires_at = match one.state {
        RegistrationState::Claimed => {
            let days = place.access.key_days.unwrap_or(USUAL_DAYS);
            ctx.now.plus_ms(days.saturating_mul(DAY_MS))
        }
        RegistrationState::Unclaimed | RegistrationState::Expired | RegistrationState::Revoked => {
            one.expires_at
        }
    };
    let identity = AgentIdentity {
        issuer: app.settings.public_url.clone(),
        tenant: place.tenant,
        registration: one.id,
        generation: one.generation,
        issued_at: ctx.now,
        expires_at,
    };
    Ok(Identity { assertion: ShownOnce::new(app.seals.sign_agent(&identity)?), expires_at })
}

/// Exchanges an assertion for an access token (RFC 7523 section 2.1). It can be used again until it is over.
///
/// # Errors
/// `OAUTH_GRANT_INVALID`, `OAUTH_TARGET_INVALID`, `OAUTH_SCOPE_INVALID`, or a fault.
pub async fn exchange(
    app: &App,
    ctx: &Ctx,
    shown: &str,
    (resources, scope): (&[&str], Option<&str>),
) -> Result<Exchanged> {
    let no = || Reason::OauthGrantInvalid.because("The assertion is not one of this server, or is over.");
    let identity = app.seals.agent(shown, &app.settings.public_url, ctx.now).ok_or_else(no)?;
    let ctx = &ctx.in_tenant(identity.tenant);
    let mut writer = app.store.write(ctx).await?;
    // Read in the change that makes the token: a claim or an end that comes first is seen, one that comes later finds it.
    let found = agent_registrations::hold(&mut writer, identity.registration).await?;
    let one = found.filter(|one| one.generation == identity.generation).ok_or_else(no)?;
    if !matches!(one.standing(ctx.now), RegistrationState::Unclaimed | RegistrationState::Claimed) {
        return Err(no());
    }
    let place = at(app, one.resource).await.map_err(|_| no())?;
    if !place.access.profiles.has_second() {
        return Err(no());
    }
    if resources.iter().any(|resource| *resource != place.api.identifier) {
        return Err(Reason::OauthTargetInvalid.into());
    }
    let one = Registration { scope: narrowed(&one.scope, scope)?, ..one };
    let token = mint::key(app, ctx, &mut writer, (&place, &one, KeyForm::Token)).await?;
    let facts = serde_json::json!({ "registration": one.id, "scope": token.key.scope });
    writer.commit(Event::new(EventKind::TokenIssued).about(token.key.id).with_facts(&facts)).await?;
    Ok(Exchanged { token, identity: None })
}

/// RFC 6749 section 3.3: what is asked is some of what there is.
fn narrowed(has: &ScopeList, wanted: Option<&str>) -> Result<ScopeList> {
    let Some(wanted) = wanted else { return Ok(has.clone()) };
    let wanted: ScopeList = wanted.parse().map_err(|_| Reason::OauthScopeInvalid)?;
    if wanted.is_empty() || !has.covers(&wanted) {
        return Err(Reason::OauthScopeInvalid.into());
    }
    Ok(wanted)
}

/// The agent polls the token endpoint with its claim token; the first poll after the person's yes gets a token and a new
/// assertion.
///
/// # Errors
/// `OAUTH_AUTHORIZATION_PENDING`, `OAUTH_SLOW_DOWN`, `OAUTH_EXPIRED_TOKEN`, `OAUTH_ACCESS_DENIED`, `OAUTH_GRANT_INVALID`,
/// or a fault.
pub async fn poll(app: &App, ctx: &Ctx, claim_token: &str) -> Result<Exchanged> {
    let digest = claim_digest(claim_token).map_err(at_token_endpoint)?;
    let found = app.store.lobby().registration_by_claim_token(&digest).await?;
    let (tenant, one) = found.ok_or(Reason::OauthGrantInvalid)?;
    let place = at(app, one.resource).await.map_err(|_| Reason::OauthGrantInvalid)?;
    if !place.access.profiles.has_second() {
        return Err(Reason::OauthGrantInvalid.into());
    }
    let taken = claim::take(app, ctx, &place, (claim_token, KeyForm::Token)).await;
    let taken = taken.map_err(at_token_endpoint)?;
    let identity = of(app, &ctx.in_tenant(tenant), &place, &taken.registration)?;
    Ok(Exchanged { token: taken.key, identity: Some(identity) })
}

/// The words of RFC 8628 section 3.5 for what a claim says.
fn at_token_endpoint(error: Error) -> Error {
    let reason = match error.reason() {
        Reason::AgentClaimPending => Reason::OauthPending,
        Reason::AgentClaimSlow => Reason::OauthSlowDown,
        Reason::AgentClaimDenied => Reason::OauthAccessDenied,
        Reason::AgentCodeExpired | Reason::AgentClaimExpired => Reason::OauthExpired,
        Reason::AgentClaimInvalid
        | Reason::AgentClaimTaken
        | Reason::AgentClaimBusy
        | Reason::AgentRequestInvalid => Reason::OauthGrantInvalid,
        _ => return error,
    };
    reason.because(error.sentence().to_owned())
}
