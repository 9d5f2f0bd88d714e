//! The token endpoint: `POST /oauth/token` (RFC 6749 section 3.2).

use super::{ask::Ask, told::Told};
use crate::state::WebState;
use axum::{
    Json,
    extract::{FromRequest as _, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::{IntoResponse as _, Response},
};
use procura_app::oauth::{
    ExchangeAsk,
    dpop::{self, ShownProof},
    parameters::Parameters,
    token::{self, Answer, GrantAsk, TokenAsk},
};
use procura_model::{Reason, Result, Secret, oauth::GrantType};

/// The path, which an assertion may name as its audience, and a proof must.
pub(super) const PATH: &str = "/oauth/token";
/// Where clients of MCP's revision 2025-03-26 look that know no metadata; its section 2.3.3.
pub(super) const ROOT: &str = "/token";
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
    // The path that was asked is the one that proofs and assertions are judged for.
    let path = if request.uri().path() == ROOT { ROOT } else { PATH };
    let mut ask = Ask::from_request(request, web).await?;
    ask.parameters.demand_single()?;
    let presented = ask.presented(path)?;
    let parameters = &ask.parameters;
    let wanted = TokenAsk {
        client: presented,
        grant: grant(parameters)?,
        scope: parameters.one("scope")?,
        resources: parameters.all("resource").collect(),
        proof: ShownProof {
            proofs: proofs.iter().map(|proof| Secret::new(proof.clone())).collect(),
            method: method.as_str(),
            path,
        },
    };
    let answer = token::issue(&web.app, &ask.ctx, wanted).await?;
    // RFC 6749 section 5.1: "The authorization server MUST include the HTTP Cache-Control response header field with
    // a value of no-store"; Pragma is its word for caches of HTTP/1.0.
    let kept = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::PRAGMA, HeaderValue::from_static("no-cache")),
    ];
    Ok(match answer {
        Answer::Fresh(tokens) => (kept, Json(tokens)).into_response(),
        Answer::Again(text) => {
            let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
            (kept, json, text.show().to_owned()).into_response()
        }
    })
}

fn proofs(headers: &HeaderMap) -> Vec<String> {
    // What is no text is no proof either; it is judged as one that cannot be read.
    headers.get_all(DPOP).iter().map(|value| value.to_str().unwrap_or_default().to_owned()).collect()
}

/// RFC 6749 section 3.2 and the grants' own sections: what each needs.
fn grant(parameters: &Parameters) -> Result<GrantAsk<'_>> {
    let kind = needed(parameters, "grant_type")?;
    let kind: GrantType = kind.parse().map_err(|_| Reason::OauthGrantUnsupported)?;
    if kind != GrantType::TokenExchange {
        parameters.demand_resource_for_audience()?;
    }
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
