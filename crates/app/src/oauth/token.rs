//! The token endpoint (RFC 6749 section 3.2): who asks, for which grant, and what is answered.

use super::{
    client_credentials,
    clients::{self, Presented},
    code, device_poll,
    dpop::{self, ShownProof},
    exchange::{self, ExchangeAsk},
    jwt_bearer, refresh,
};
use crate::App;
use procura_model::{Client, Ctx, Reason, Result, ShownOnce, oauth::GrantType};
use serde::Serialize;
use std::sync::Arc;

/// A request for tokens.
#[derive(Debug)]
pub struct TokenAsk<'a> {
    /// What it shows of its client.
    pub client: Presented,
    /// For what it asks.
    pub grant: GrantAsk<'a>,
    /// `scope`.
    pub scope: Option<&'a str>,
    /// `resource` (RFC 8707); may repeat.
    pub resources: Vec<&'a str>,
    /// The DPoP headers.
    pub proof: ShownProof<'a>,
}

/// What a grant needs.
#[derive(Debug)]
pub enum GrantAsk<'a> {
    /// RFC 6749 section 4.1.3.
    Code {
        /// The code.
        code: &'a str,
        /// Where the answer went, where the client still says it.
        redirect_uri: Option<&'a str>,
        /// The verifier (RFC 7636 section 4.5).
        verifier: Option<&'a str>,
    },
    /// RFC 6749 section 6.
    Refresh {
        /// The refresh token.
        token: &'a str,
    },
    /// RFC 6749 section 4.4.
    ClientCredentials,
    /// RFC 8693.
    Exchange(ExchangeAsk<'a>),
    /// RFC 7523 section 2.1.
    JwtBearer {
        /// The assertion.
        assertion: &'a str,
    },
    /// RFC 8628 section 3.4.
    Device {
        /// The device code.
        code: &'a str,
    },
}

impl GrantAsk<'_> {
    const fn kind(&self) -> GrantType {
        match self {
            Self::Code { .. } => GrantType::AuthorizationCode,
            Self::Refresh { .. } => GrantType::RefreshToken,
            Self::ClientCredentials => GrantType::ClientCredentials,
            Self::Exchange(_) => GrantType::TokenExchange,
            Self::JwtBearer { .. } => GrantType::JwtBearer,
            Self::Device { .. } => GrantType::DeviceCode,
        }
    }
}

/// A request whose client showed that it is itself.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) client: Arc<Client>,
    pub(super) scope: Option<&'a str>,
    pub(super) resources: Vec<&'a str>,
    /// The thumbprint of the key that a proof was made with.
    pub(super) jkt: Option<String>,
}

/// RFC 6749 section 5.1.
#[derive(Debug, Serialize)]
pub struct Tokens {
    /// The access token.
    pub access_token: ShownOnce,
    /// RFC 8693 section 2.2.1, where a token was exchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<&'static str>,
    /// `Bearer` or `DPoP`.
    pub token_type: &'static str,
    /// For how long, in seconds.
    pub expires_in: i64,
    /// The refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<ShownOnce>,
    /// For what: always told, also where it is what was asked for.
    pub scope: String,
}

/// What is answered.
#[derive(Debug)]
pub enum Answer {
    /// New tokens.
    Fresh(Box<Tokens>),
    /// What the same request was answered a moment ago, as JSON.
    Again(ShownOnce),
}

/// Gives a client tokens.
///
/// # Errors
/// What the client is told by RFC 6749 section 5.2 and the extensions, as `OAUTH_*`; a fault.
pub async fn issue(app: &App, ctx: &Ctx, ask: TokenAsk<'_>) -> Result<Answer> {
    let kind = ask.grant.kind();
    let client = clients::authenticate(app, ctx, ask.client).await?;
    // RFC 6749 section 5.2: "the authenticated client is not authorized to use this authorization grant type".
    if !client.may(kind) {
        return Err(Reason::OauthClientUnauthorized.into());
    }
    // Before anything is used up: a proof that must be made anew costs the client its round trip and nothing else.
    let jkt = dpop::prove(app, ctx.now, &ask.proof).await?;
    let asked = Asked { client, scope: ask.scope, resources: ask.resources, jkt };
    let fresh = |tokens| Answer::Fresh(Box::new(tokens));
    match ask.grant {
        GrantAsk::Code { code, redirect_uri, verifier } => {
            let shown = code::Shown { code, redirect_uri, verifier };
            Box::pin(code::exchange(app, ctx, asked, shown)).await.map(fresh)
        }
        GrantAsk::Refresh { token } => Box::pin(refresh::refresh(app, ctx, asked, token)).await,
        GrantAsk::ClientCredentials => Box::pin(client_credentials::issue(app, ctx, asked)).await.map(fresh),
        GrantAsk::Exchange(exchange) => {
            Box::pin(exchange::exchange(app, ctx, asked, exchange)).await.map(fresh)
        }
        GrantAsk::JwtBearer { assertion } => {
            Box::pin(jwt_bearer::issue(app, ctx, asked, assertion)).await.map(fresh)
        }
        GrantAsk::Device { code } => Box::pin(device_poll::poll(app, ctx, asked, code)).await.map(fresh),
    }
}
