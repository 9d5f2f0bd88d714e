//! An ID-JAG by which an issuer vouches for an agent that has no account and no client secret: what holds of it, in the
//! order in which it is judged. The trust is the organization's: its issuers, and the clients that it named for each.
//! An address in it never finds an account of ours: whoever it is, is issuer and subject and nothing else.

use super::Place;
use crate::{
    App,
    users::jwks::{self, Wanted},
};
use procura_crypto::id_jag::{IdJag, IdJagError, IdJagRules, UnverifiedIdJag};
use procura_egress::{Lane, Purpose};
use procura_model::{
    Ctx, Error, Reason, Result,
    oauth::{ClientId, ScopeList, TrustedIssuer},
    time::SECOND_MS,
};
use procura_store::oauth_issuers;

/// How long an assertion may be, in bytes.
const MAX_BYTES: usize = 16_384;
/// By how much the provider's clock may be ahead, in seconds.
const LEEWAY_SECONDS: i64 = 120;

/// What an issuer vouches for.
#[derive(Debug)]
pub(super) struct Vouched {
    /// The issuer, to the letter.
    pub(super) issuer: String,
    /// For whom the agent acts, by the issuer's name; with its customer before it where it serves many.
    pub(super) subject: String,
    /// What the agent may do.
    pub(super) scope: ScopeList,
    /// In which workspaces.
    pub(super) workspaces: Vec<String>,
    /// The assertion, to be used up.
    pub(super) jag: IdJag,
}

/// Judges an assertion. It is not used up yet.
///
/// # Errors
/// The `AGENT_*` that names what is wrong with it, `AUTH_JWKS_UNREACHABLE`, a fault.
pub(super) async fn judge(app: &App, ctx: &Ctx, place: &Place, shown: &str) -> Result<Vouched> {
    if !place.access.assertions {
        return Err(Reason::AgentAssertionsOff.into());
    }
    if shown.len() > MAX_BYTES {
        return Err(Reason::AgentRequestInvalid.because("assertion has at most 16 KiB."));
    }
    let unverified = UnverifiedIdJag::read(shown).map_err(reason)?;
    let issuer = unverified.unverified_issuer().ok_or(Reason::AgentIssuerInvalid)?;
    let trusted = oauth_issuers::by_name(&mut app.store.read(ctx), &issuer).await?;
    let trusted = trusted.ok_or(Reason::AgentIssuerInvalid)?;
    let client = client(app, ctx, &trusted, &unverified).await?;
    let jag = verified(app, ctx, (place, &trusted), (&unverified, &client)).await?;
    if jag.jkt.is_some() {
        return Err(Reason::AgentRequestInvalid
            .because("assertion is bound to a key, and this endpoint takes no proofs of keys."));
    }
    if jag.verified_email.is_none() && !jag.has_verified_phone {
        return Err(Reason::AgentEmailMissing.into());
    }
    demand_login(ctx, place, &jag)?;
    let subject = match &trusted.settings.tenant {
        Some(tenant) => format!("{tenant}#{}", jag.subject),
        None => jag.subject.clone(),
    };
    let scope = scope(place, &jag)?;
    Ok(Vouched { issuer: trusted.issuer, subject, scope, workspaces: jag.workspaces.clone(), jag })
}

/// The client for which the issuer made it: one of those that the organization named for the issuer, or its own.
async fn client(
    app: &App,
    ctx: &Ctx,
    trusted: &TrustedIssuer,
    unverified: &UnverifiedIdJag<'_>,
) -> Result<ClientId> {
    let named = unverified.unverified_client().ok_or(Reason::AgentClientInvalid)?;
    let client: ClientId = named.parse().map_err(|_| Reason::AgentClientInvalid)?;
    if trusted.settings.clients.contains(&client) {
        return Ok(client);
    }
    let own = app.store.lobby().oauth_client(&client).await?;
    let is_own = own.is_some_and(|own| own.tenant == Some(ctx.tenant) && own.disabled_at.is_none());
    if is_own { Ok(client) } else { Err(Reason::AgentClientInvalid.into()) }
}

/// Audience: this server's issuer, as the draft has it, or the API itself, as some agents read it.
async fn verified(
    app: &App,
    ctx: &Ctx,
    (place, trusted): (&Place, &TrustedIssuer),
    (unverified, client): (&UnverifiedIdJag<'_>, &ClientId),
) -> Result<IdJag> {
    let organization = ctx.tenant.to_string();
    let rules = IdJagRules {
        issuer: &trusted.issuer,
        audience: &app.settings.public_url,
        client: client.as_str(),
        tenant: trusted.settings.tenant.as_deref(),
        organization: &organization,
        now: ctx.now,
    };
    let lane = Lane::of(ctx.tenant, Purpose::Jwks);
    let wanted = Wanted { lane, url: &trusted.settings.jwks_uri, now: ctx.now, newer_than: None };
    let unreachable = |error: jwks::KeySetError| Reason::JwksUnreachable.because(error.sentence);
    let mut keys = jwks::get(app, wanted).await.map_err(unreachable)?;
    let mut verdict = unverified.verify(&rules, &keys);
    if verdict.as_ref().is_err_and(|error| error.is_key_unknown()) {
        let newer = Wanted { newer_than: Some(&keys), ..wanted };
        keys = jwks::get(app, newer).await.map_err(unreachable)?;
        verdict = unverified.verify(&rules, &keys);
    }
    if verdict == Err(IdJagError::Audience) {
        verdict = unverified.verify(&IdJagRules { audience: &place.api.identifier, ..rules }, &keys);
    }
    verdict.map_err(reason)
}

fn reason(error: IdJagError) -> Error {
    let reason = match error {
        IdJagError::Jws(jws) if jws.is_about_the_signature() => Reason::AgentSignatureInvalid,
        IdJagError::Issuer | IdJagError::Tenant => Reason::AgentIssuerInvalid,
        IdJagError::Audience => Reason::AgentAudienceInvalid,
        IdJagError::Client => Reason::AgentClientInvalid,
        IdJagError::Expired => Reason::AgentAssertionExpired,
        IdJagError::Jws(_) | IdJagError::Content | IdJagError::NotYet | IdJagError::TooLong => {
            Reason::AgentRequestInvalid
        }
    };
    reason.because(format!("The assertion does not hold: {error}"))
}

fn demand_login(ctx: &Ctx, place: &Place, jag: &IdJag) -> Result<()> {
    let Some(most) = place.access.max_login_seconds else { return Ok(()) };
    let now = ctx.now.as_ms().div_euclid(SECOND_MS);
    let oldest = now.saturating_sub(most);
    let newest = now.saturating_add(LEEWAY_SECONDS);
    if jag.auth_time.is_some_and(|at| (oldest..=newest).contains(&at)) {
        return Ok(());
    }
    Err(Reason::AgentLoginOld.into())
}

/// What the API gives to claimed agents, and of that what the assertion says. Audience and resource are a pair: one that
/// is for another API is not for this one.
fn scope(place: &Place, jag: &IdJag) -> Result<ScopeList> {
    if !jag.resources.is_empty() && !jag.resources.contains(&place.api.identifier) {
        return Err(Reason::AgentAudienceInvalid.because("The assertion's resource is another API."));
    }
    let most = place.claimed();
    match &jag.scope {
        Some(scope) if scope.is_empty() || !most.covers(scope) => {
            Err(Reason::AgentRequestInvalid.because("The assertion has a scope that cannot be granted."))
        }
        Some(scope) => Ok(most.intersect(scope)),
        None => Ok(most),
    }
}
