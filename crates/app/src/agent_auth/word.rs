//! An issuer says that it vouches no longer for somebody: every registration that stands on its word ends.

use super::{Place, end};
use crate::{
    App,
    users::jwks::{self, Wanted},
};
use procura_crypto::provider_event::{ProviderWord, UnverifiedWord, WordError};
use procura_egress::{Lane, Purpose};
use procura_model::{Ctx, Error, Event, EventKind, Reason, Result, oauth::TrustedIssuer};
use procura_store::oauth_issuers;

pub use procura_crypto::provider_event::WordForm;

/// Takes the word of an issuer that the API's organization trusts, and says how many registrations ended by it. Events of
/// which we know nothing change nothing.
///
/// # Errors
/// The `AGENT_*` that names what is wrong with it, `AUTH_JWKS_UNREACHABLE`, a fault.
pub async fn take(
    app: &App,
    ctx: &Ctx,
    place: &Place,
    (form, shown): (WordForm, &str),
    revoked: &str,
) -> Result<usize> {
    let ctx = &ctx.in_tenant(place.tenant);
    if !place.access.assertions {
        return Err(Reason::AgentAssertionsOff.into());
    }
    let unverified = UnverifiedWord::read(form, shown).map_err(reason)?;
    let issuer = unverified.unverified_issuer().ok_or(Reason::AgentIssuerInvalid)?;
    let trusted = oauth_issuers::by_name(&mut app.store.read(ctx), &issuer).await?;
    let trusted = trusted.ok_or(Reason::AgentIssuerInvalid)?;
    let word = verified(app, ctx, &trusted, &unverified).await?;
    let mut writer = app.store.write(ctx).await?;
    if !writer.lobby().see_once(&word.code, word.expires_at).await? {
        let facts = serde_json::json!({ "issuer": issuer });
        let mut event = Event::new(EventKind::AssertionReplayed).with_facts(&facts);
        event.reason = Some(Reason::AgentAssertionReplayed);
        return Err(writer.refuse(event, Reason::AgentAssertionReplayed).await);
    }
    if !word.events.iter().any(|event| event == revoked) {
        return Ok(0);
    }
    end::by_issuer(app, writer, &trusted.issuer, &word.subject).await
}

async fn verified(
    app: &App,
    ctx: &Ctx,
    trusted: &TrustedIssuer,
    unverified: &UnverifiedWord<'_>,
) -> Result<ProviderWord> {
    let lane = Lane::of(ctx.tenant, Purpose::Jwks);
    let wanted = Wanted { lane, url: &trusted.settings.jwks_uri, now: ctx.now, newer_than: None };
    let unreachable = |error: jwks::KeySetError| Reason::JwksUnreachable.because(error.sentence);
    let keys = jwks::get(app, wanted).await.map_err(unreachable)?;
    let whose = (trusted.issuer.as_str(), trusted.settings.tenant.as_deref());
    let audience = &app.settings.public_url;
    let verdict = match unverified.verify(whose, audience, ctx.now, &keys) {
        Err(error) if error.is_key_unknown() => {
            let newer =
                jwks::get(app, Wanted { newer_than: Some(&keys), ..wanted }).await.map_err(unreachable)?;
            unverified.verify(whose, audience, ctx.now, &newer)
        }
        verdict => verdict,
    };
    verdict.map_err(reason)
}

fn reason(error: WordError) -> Error {
    let reason = match error {
        WordError::Jws(jws) if jws.is_about_the_signature() => Reason::AgentSignatureInvalid,
        WordError::Issuer => Reason::AgentIssuerInvalid,
        WordError::Audience => Reason::AgentAudienceInvalid,
        WordError::Time => Reason::AgentAssertionExpired,
        WordError::Jws(_) | WordError::Content => Reason::AgentRequestInvalid,
    };
    reason.because(format!("What the issuer says does not hold: {error}"))
}
