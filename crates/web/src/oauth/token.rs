//! The token endpoint: `POST /oauth/token` (RFC 6749 section 3.2).

use super::{ask::Ask, told::Told};
use crate::{agent_auth::CLAIM_GRANT, state::WebState};
use axum::{
    Json,
    extract::{FromRequest as _, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::{IntoResponse as _, Response},
};
use procura_app::{
    agent_auth::identity,
    oauth::{
        ExchangeAsk,
        dpop::{self, ShownProof},
        parameters::Parameters,
        token::{self, Answer, GrantAsk, TokenAsk},
    },
};
use procura_model::{Reason, Result, Secret, ShownOnce, Time, oauth::GrantType, time::SECOND_MS};
use serde::Serialize;

/// The path, which an assertion may name as its audience, and a proof must.
pub(super) const PATH: &str = "/oauth/token";
/// RFC 6749 section 5.1: "The authorization server MUST include the HTTP Cache-Control response header field with a value of
/// no-store"; Pragma is its word for caches of HTTP/1.0.
const UNKEPT: [(HeaderName, HeaderValue); 2] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::PRAGMA, HeaderValue::from_static("no-cache")),
];
const DPOP: HeaderName = HeaderName::from_static("dpop");
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Answers a request for tokens.
pub(super) async fn issue(State(web): State<WebState>, request: Request) -> Response {
    let proofs = proofs(request.headers());
    let method = request.method().clone();
    let mut response = match answered(&web, request, proofs.as_slice(), &method).await {
        Ok(response) => response,
        Err(told) => told.into_response(),
    };
    // RFC 9449 section 8.2: a nonce for the next proof comes with every answer to one.
    if !proofs.is_empty() {
        offer_nonce(&web, &mut response);
    }
    response
}

/// The nonce that the next proof is to carry (RFC 9449 section 8.1).
pub(super) fn offer_nonce(web: &WebState, response: &mut Response) {
    if let Ok(nonce) = HeaderValue::try_from(dpop::nonce(&web.app, web.app.now())) {
        response.headers_mut().insert(DPOP_NONCE, nonce);
    }
}

async fn answered(
    web: &WebState,
    request: Request,
    proofs: &[String],
    method: &Method,
) -> Result<Response, Told> {
    let mut ask = Ask::from_request(request, web).await?;
    ask.parameters.demand_single()?;
    if let Some(exchanged) = of_agent(web, &ask).await? {
        return Ok(exchanged);
    }
    let presented = ask.presented(PATH)?;
    let parameters = &ask.parameters;
    let wanted = TokenAsk {
        client: presented,
        grant: grant(parameters)?,
        scope: parameters.one("scope")?,
        resources: parameters.all("resource").collect(),
        proof: ShownProof {
            proofs: proofs.iter().map(|proof| Secret::new(proof.clone())).collect(),
            method: method.as_str(),
            path: PATH,
        },
    };
    let answer = token::issue(&web.app, &ask.ctx, wanted).await?;
    Ok(match answer {
        Answer::Fresh(tokens) => (UNKEPT, Json(tokens)).into_response(),
        Answer::Again(text) => {
            let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
            (UNKEPT, json, text.show().to_owned()).into_response()
        }
    })
}

/// What a registered agent is given: RFC 6749 section 5.1, and after a claim its new assertion.
#[derive(Serialize)]
struct OfAgent {
    access_token: ShownOnce,
    token_type: &'static str,
    expires_in: i64,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_assertion: Option<ShownOnce>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assertion_expires: Option<Time>,
}

/// Registered agents have no client: they show an assertion of this server, or poll with their claim token. None where
/// the request is not one of theirs.
async fn of_agent(web: &WebState, ask: &Ask) -> Result<Option<Response>> {
    let parameters = &ask.parameters;
    let kind = parameters.one("grant_type")?;
    let exchanged = match kind {
        Some(CLAIM_GRANT) => identity::poll(&web.app, &ask.ctx, needed(parameters, "claim_token")?).await?,
        Some(kind) if kind == GrantType::JwtBearer.as_str() => {
            let Some(shown) = parameters.one("assertion")?.filter(|shown| identity::is_one(shown)) else {
                return Ok(None);
            };
            let resources: Vec<&str> = parameters.all("resource").collect();
            identity::exchange(&web.app, &ask.ctx, shown, (&resources, parameters.one("scope")?)).await?
        }
        _ => return Ok(None),
    };
    let identity::Exchanged { token, identity } = exchanged;
    let ends = token.key.expires_at.unwrap_or(token.key.created_at);
    let (identity_assertion, assertion_expires) =
        identity.map(|identity| (identity.assertion, identity.expires_at)).unzip();
    let body = OfAgent {
        access_token: token.secret,
        token_type: "Bearer",
        expires_in: ends.ms_since(token.key.created_at).div_euclid(SECOND_MS),
        scope: token.key.scope.to_string(),
        identity_assertion,
        assertion_expires,
    };
    Ok(Some((UNKEPT, Json(body)).into_response()))
}

fn proofs(headers: &HeaderMap) -> Vec<String> {
    // What is no text is no proof either; it is judged as one that cannot be read.
    headers.get_all(DPOP).iter().map(|value| value.to_str().unwrap_or_default().to_owned()).collect()
}

/// RFC 6749 section 3.2 and the grants' own sections: what each needs.
fn grant(parameters: &Parameters) -> Result<GrantAsk<'_>> {
    let kind = needed(parameters, "grant_type")?;
    let kind: GrantType = kind.parse().map_err(|_| Reason::OauthGrantUnsupported)?;
    Ok(match kind {
        GrantType::AuthorizationCode => GrantAsk::Code {
            code: needed(parameters, "code")?,
            redirect_uri: parameters.one("redirect_uri")?,
            verifier: parameters.one("code_verifier")?,
        },
        GrantType::RefreshToken => GrantAsk::Refresh { token: needed(parameters, "refresh_token")? },
        GrantType::ClientCredentials => GrantAsk::ClientCredentials,
        GrantType::TokenExchange => GrantAsk::Exchange(ExchangeAsk {
            subject_token: needed(parameters, "subject_token")?,
            subject_token_type: needed(parameters, "subject_token_type")?,
            actor_token: parameters.one("actor_token")?,
            actor_token_type: parameters.one("actor_token_type")?,
            requested_token_type: parameters.one("requested_token_type")?,
            audiences: parameters.all("audience").collect(),
        }),
        GrantType::JwtBearer => GrantAsk::JwtBearer { assertion: needed(parameters, "assertion")? },
        GrantType::DeviceCode => GrantAsk::Device { code: needed(parameters, "device_code")? },
    })
}

pub(super) fn needed<'p>(parameters: &'p Parameters, name: &'static str) -> Result<&'p str> {
    parameters
        .one(name)?
        .ok_or_else(|| Reason::OauthRequestInvalid.because(format!("The parameter {name} is missing.")))
}
