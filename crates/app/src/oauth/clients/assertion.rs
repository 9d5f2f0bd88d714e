//! Clients that sign (RFC 7523 section 2.2). Their keys come from their registration: a set in it, or a URL in it that is
//! fetched through the one way out, in a lane that opens nothing that was opened for somebody else.

use crate::{
    App,
    users::jwks::{self, Wanted},
};
use procura_crypto::{
    AssertionRules, ClientAssertionError, JwkSet, UnverifiedClientAssertion, client_assertion::Asserted,
};
use procura_egress::{Lane, Purpose};
use procura_model::{Client, Ctx, Error, Event, EventKind, Reason, Result, Secret};
use std::sync::Arc;

/// RFC 7523 section 2.2: the one type of assertion that is taken.
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An assertion as it was shown, with the client that it names.
pub(super) struct Shown {
    pub(super) subject: String,
    text: Secret<String>,
}

impl Shown {
    pub(super) fn read(kind: &str, text: Secret<String>) -> Result<Self> {
        if kind != TYPE {
            return Err(Reason::OauthClientInvalid.because("This type of assertion is not taken here."));
        }
        let subject = UnverifiedClientAssertion::read(&text).map_err(why)?.unverified_subject();
        let subject = subject.ok_or_else(|| why(ClientAssertionError::Subject))?;
        Ok(Self { subject, text })
    }
}

fn why(error: ClientAssertionError) -> Error {
    Reason::OauthClientInvalid.because(format!("The assertion does not hold: {error}"))
}

/// Demands that the assertion is the client's, for us, now, and for the first time.
pub(super) async fn check(
    app: &App,
    ctx: &Ctx,
    client: &Client,
    shown: &Shown,
    endpoint: &'static str,
) -> Result<()> {
    let unverified = UnverifiedClientAssertion::read(&shown.text).map_err(why)?;
    // The issuer is what should stand in aud; many clients name the token endpoint, or the one that they ask.
    let issuer = &app.settings.public_url;
    let audiences = [issuer.clone(), format!("{issuer}/oauth/token"), format!("{issuer}{endpoint}")];
    let rules = AssertionRules { client: client.id.as_str(), audiences: &audiences, now: ctx.now };
    let asserted = match (&client.metadata.jwks, &client.metadata.jwks_uri) {
        (Some(keys), _) => {
            let keys = JwkSet::parse(keys).map_err(|_| Reason::OauthClientInvalid)?;
            unverified.verify(&rules, &keys).map_err(why)?
        }
        (None, Some(url)) => by_url(app, client, url, &unverified, &rules).await?,
        (None, None) => return Err(Reason::OauthClientInvalid.into()),
    };
    // RFC 7523 section 3, 7: what was used is refused as long as it would hold. Only now: nobody but the holder of the
    // key can use up a jti.
    if app.store.lobby().see_once(&asserted.digest, asserted.expires_at).await? {
        return Ok(());
    }
    let mut event = Event::new(EventKind::AssertionReplayed).about(&client.id);
    event.reason = Some(Reason::OauthClientInvalid);
    app.store.record(ctx, vec![event]).await?;
    Err(Reason::OauthClientInvalid.because("The assertion was used before."))
}

async fn by_url(
    app: &App,
    client: &Client,
    url: &str,
    unverified: &UnverifiedClientAssertion<'_>,
    rules: &AssertionRules<'_>,
) -> Result<Asserted> {
    let wanted = Wanted { lane: lane(client), url, now: rules.now, newer_than: None };
    let keys = fetch(app, wanted).await?;
    match unverified.verify(rules, &keys) {
        Err(error) if error.is_key_unknown() => {
            let newer = fetch(app, Wanted { newer_than: Some(&keys), ..wanted }).await?;
            unverified.verify(rules, &newer).map_err(why)
        }
        verdict => verdict.map_err(why),
    }
}

/// What an organization's people set is fetched as the organization's other key sets are. What a stranger wrote is
/// fetched as documents of strangers are: never from this machine, whatever the operator opened for organizations.
fn lane(client: &Client) -> Lane {
    client.tenant.map_or_else(|| Lane::own(Purpose::ClientMetadata), |tenant| Lane::of(tenant, Purpose::Jwks))
}

async fn fetch(app: &App, wanted: Wanted<'_>) -> Result<Arc<JwkSet>> {
    jwks::get(app, wanted).await.map_err(|error| Reason::OauthClientInvalid.because(error.sentence))
}
