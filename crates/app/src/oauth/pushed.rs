//! Pushed authorization requests (RFC 9126): the client hands its request in directly, authenticated as at the token
//! endpoint, and sends the browser with a name for it.

use super::{
    authorize::{self, Refused},
    dpop::{self, ShownProof},
    parameters::Parameters,
};
use crate::App;
use procura_crypto::{TokenKind, token};
use procura_model::{
    Client, Ctx, Digest, Event, EventKind, Reason, Result, Time,
    time::{MINUTE_MS, SECOND_MS},
};
use procura_store::lobby_oauth_pushed::NewPushed;

/// RFC 9126 section 2.2.
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
/// How long a person has who opened the page: to sign in and to read.
const READING_MS: i64 = 15 * MINUTE_MS;
/// What authenticates the client, and is no part of the request.
const OF_AUTHENTICATION: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

/// A request that was taken.
#[derive(Debug)]
pub struct Pushed {
    /// What the browser brings to the authorization endpoint.
    pub request_uri: String,
    /// For how long, in seconds.
    pub expires_in: i64,
}

/// Takes the request of a client that showed that it is itself. It is judged now, as the authorization endpoint would
/// (section 2.1), and again when a person is asked.
///
/// # Errors
/// Whatever the authorization endpoint would say; `OAUTH_REQUEST_INVALID` for one that names another request;
/// `OAUTH_DPOP_PROOF_INVALID`.
pub async fn push(
    app: &App,
    ctx: &Ctx,
    client: Client,
    parameters: &Parameters,
    proof: &ShownProof<'_>,
) -> Result<Pushed, Refused> {
    parameters.demand_single()?;
    let parameters = &bound(app, ctx, parameters, proof).await?;
    if parameters.one("request_uri")?.is_some() {
        return Err(Reason::OauthRequestInvalid
            .because("A pushed request cannot name another by request_uri.")
            .into());
    }
    if parameters.one("client_id")?.is_some_and(|id| id != client.id.as_str()) {
        return Err(Reason::OauthRequestInvalid
            .because("client_id is not the client that authenticated.")
            .into());
    }
    let asked = authorize::judge(app, client, parameters).await?;
    let minted = token::mint(TokenKind::PushedRequest, &app.entropy);
    let life_ms = app.settings.oauth.pushed_ms;
    let pushed = NewPushed {
        digest: minted.digest,
        client: asked.client.id.clone(),
        parameters: parameters.query_without(&OF_AUTHENTICATION),
        created_at: ctx.now,
        expires_at: ctx.now.plus_ms(life_ms),
    };
    let mut writer = app.store.write(ctx).await?;
    writer.lobby().insert_pushed(&pushed).await?;
    writer.commit(Event::new(EventKind::RequestPushed).about(&asked.client.id)).await?;
    let request_uri = format!("{PREFIX}{}", minted.secret.show());
    Ok(Pushed { request_uri, expires_in: life_ms / SECOND_MS })
}

/// RFC 9449 section 10.1: a proof that comes with the request stands for `dpop_jkt`; with both, they must agree.
async fn bound(app: &App, ctx: &Ctx, parameters: &Parameters, proof: &ShownProof<'_>) -> Result<Parameters> {
    let Some(jkt) = dpop::prove(app, ctx.now, proof).await? else { return Ok(parameters.clone()) };
    match parameters.one("dpop_jkt")? {
        None => Ok(parameters.with("dpop_jkt", &jkt)),
        Some(named) if named == jkt => Ok(parameters.clone()),
        Some(_) => Err(Reason::OauthProofInvalid.because("dpop_jkt is not the key of the proof.")),
    }
}

/// The request behind a name, for the client that pushed it and no other (section 4).
///
/// # Errors
/// `OAUTH_REQUEST_INVALID`.
pub(super) async fn open(
    app: &App,
    now: Time,
    client: &Client,
    request_uri: &str,
) -> Result<(Parameters, Digest)> {
    let digest = digest(request_uri)?;
    let until = now.plus_ms(READING_MS);
    let text = app.store.lobby().open_pushed(&digest, &client.id, now, until).await?.ok_or_else(unknown)?;
    Ok((Parameters::parse(text.as_bytes()), digest))
}

fn digest(request_uri: &str) -> Result<Digest> {
    let secret = request_uri.strip_prefix(PREFIX).ok_or_else(unknown)?;
    let parsed = token::parse(secret).map_err(|_| unknown())?;
    if parsed.kind == TokenKind::PushedRequest { Ok(parsed.digest) } else { Err(unknown()) }
}

fn unknown() -> procura_model::Error {
    Reason::OauthRequestInvalid
        .because("The request_uri is unknown, over, answered already, or another client's: begin again.")
}
