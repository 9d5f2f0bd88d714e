//! How a client shows that it is itself (RFC 6749 section 2.3, RFC 7523 section 2.2). Whatever is wrong, the answer is
//! `invalid_client`, and a secret that is shown for a client that does not exist costs the same work as a wrong one.

use super::{assertion, find, memory::Known, secrets, tries::Tries};
use crate::{App, oauth::cause::Cause, revocations};
use procura_model::{
    Actor, Client, ClientAuth, ClientId, ClientKind, Ctx, Error, Event, EventKind, Reason, Result, Secret,
};
use std::sync::Arc;

/// What a request showed of its client. Texts are as the client meant them: already decoded.
#[derive(Debug, Default)]
pub struct Presented {
    /// User and password of the Authorization header.
    pub basic: Option<(String, Secret<String>)>,
    /// `client_id` of the body.
    pub client_id: Option<String>,
    /// `client_secret` of the body.
    pub secret: Option<Secret<String>>,
    /// `client_assertion_type` of the body.
    pub assertion_type: Option<String>,
    /// `client_assertion` of the body.
    pub assertion: Option<Secret<String>>,
    /// The path of the endpoint that was asked.
    pub endpoint: &'static str,
}

/// The one method that a request used.
enum Shown {
    Nothing,
    Secret(ClientAuth, Secret<String>),
    Assertion(assertion::Shown),
}

impl Shown {
    /// What is wrong with it, if it does not hold.
    fn cause(&self, wanted: ClientAuth) -> Cause {
        match self {
            Self::Secret(method, _) if *method == wanted => Cause::Secret,
            Self::Assertion(_) if wanted == ClientAuth::PrivateKeyJwt => Cause::Assertion,
            Self::Nothing | Self::Secret(..) | Self::Assertion(_) => Cause::Method,
        }
    }
}

/// The client that showed itself. A public client shows its id alone.
///
/// # Errors
/// `OAUTH_REQUEST_INVALID` where a request shows itself in two ways, `OAUTH_CLIENT_INVALID` where it does not hold,
/// `RATE_LIMITED` where it did not hold too often, `UNAVAILABLE` where too many show themselves at once.
pub async fn authenticate(app: &App, ctx: &Ctx, presented: Presented) -> Result<Arc<Client>> {
    revocations::demand_fresh(app)?;
    let endpoint = presented.endpoint;
    let (id, shown) = taken_apart(presented)?;
    let known = match find::known(app, ctx, &id).await {
        Ok(known) => known,
        Err(error) => {
            let tries = Tries::of_nobody(ctx);
            if let Shown::Secret(_, secret) = shown {
                secrets::pretend(app, tries, secret).await?;
            }
            return Err(tries.failed(app, error));
        }
    };
    let tries = Tries::of(ctx, &id);
    let cause = shown.cause(known.client.metadata.token_endpoint_auth_method);
    if let Err(error) = check(app, (ctx, tries), &known, shown, endpoint).await {
        // One that comes too early is told so, and not recorded each time.
        let error = tries.failed(app, error);
        return Err(refused(app, ctx, (&known.client, cause), error).await);
    }
    if known.is_touch_due(ctx.now) {
        touch(app, ctx, &known).await?;
    }
    Ok(Arc::clone(&known.client))
}

/// Writes down that a client is used. One that came by itself and that nobody has let in yet is none that is used, and is
/// asked about again.
async fn touch(app: &App, ctx: &Ctx, known: &Known) -> Result<()> {
    let is_noted = app.store.lobby().touch_oauth_client(&known.client.id, ctx.now).await?;
    if is_noted || known.client.kind == ClientKind::Manual {
        known.touched(ctx.now);
    }
    Ok(())
}

/// RFC 6749 section 2.3: a client must not use more than one method in each request.
fn taken_apart(presented: Presented) -> Result<(ClientId, Shown)> {
    let Presented { basic, client_id, secret, assertion_type, assertion, endpoint: _ } = presented;
    let (named, shown) = match (basic, secret, assertion_type, assertion) {
        (None, None, None, None) => (None, Shown::Nothing),
        (Some((id, secret)), None, None, None) => (Some(id), Shown::Secret(ClientAuth::Basic, secret)),
        (None, Some(secret), None, None) => (None, Shown::Secret(ClientAuth::Post, secret)),
        (None, None, Some(kind), Some(text)) => {
            let shown = assertion::Shown::read(&kind, text)?;
            (Some(shown.subject.clone()), Shown::Assertion(shown))
        }
        (None, None, _, _) => {
            return Err(Reason::OauthRequestInvalid
                .because("client_assertion and client_assertion_type go together."));
        }
        _ => {
            return Err(Reason::OauthRequestInvalid.because("The client shows itself in more than one way."));
        }
    };
    if let (Some(one), Some(other)) = (&named, &client_id)
        && one != other
    {
        return Err(Reason::OauthRequestInvalid.because("Two different clients are named."));
    }
    let id = named.or(client_id).ok_or(Reason::OauthClientInvalid)?;
    Ok((id.parse().map_err(|_| Reason::OauthClientInvalid)?, shown))
}

async fn check(
    app: &App,
    (ctx, tries): (&Ctx, Tries<'_>),
    known: &Known,
    shown: Shown,
    endpoint: &'static str,
) -> Result<()> {
    let client = &known.client;
    let wanted = client.metadata.token_endpoint_auth_method;
    match shown {
        Shown::Nothing if wanted == ClientAuth::None => Ok(()),
        Shown::Secret(method, secret) if method == wanted => {
            secrets::check(app, (tries, ctx.now), known, secret).await
        }
        // As long as a wrong secret takes.
        Shown::Secret(_, secret) => {
            secrets::pretend(app, tries, secret).await?;
            Err(other_method(wanted))
        }
        Shown::Assertion(shown) if wanted == ClientAuth::PrivateKeyJwt => {
            tries.demand(app)?;
            assertion::check(app, ctx, client, &shown, endpoint).await
        }
        Shown::Nothing | Shown::Assertion(_) => Err(other_method(wanted)),
    }
}

/// How a client shows itself is no secret: whoever registered it said so.
fn other_method(wanted: ClientAuth) -> Error {
    Reason::OauthClientInvalid.because(format!("The client is registered for {}.", wanted.as_str()))
}

/// Records what was refused where those who made the client look, and hands the refusal back.
async fn refused(app: &App, ctx: &Ctx, (client, cause): (&Client, Cause), error: Error) -> Error {
    if error.reason() != Reason::OauthClientInvalid {
        return error;
    }
    let theirs = client
        .tenant
        .filter(|tenant| *tenant != ctx.tenant)
        .map(|tenant| Ctx::new(tenant, Actor::Anonymous, ctx.now, &app.entropy).from(ctx.origin.clone()));
    // What the client is told has nothing secret in it.
    let facts = serde_json::json!({ "cause": cause, "told": error.sentence() });
    let mut event = Event::new(EventKind::ClientRefused).about(&client.id).with_facts(&facts);
    event.reason = Some(error.reason());
    match app.store.record(theirs.as_ref().unwrap_or(ctx), vec![event]).await {
        Ok(()) => error,
        Err(fault) => fault,
    }
}
