//! The second wire form: an agent holds an assertion of this server, exchanges it at the token endpoint, and polls there
//! to be claimed. Errors are `error` and `error_description`; a provider is answered as RFC 8935 has it.

use super::{
    block::{ID_JAG, REVOKED},
    sent::{self, Answered, Identify, IdentityClaim},
};
use crate::{body, exchange::Exchange, oauth::Told, respond::Failure, sent::Sent, state::WebState};
use axum::{
    Json,
    extract::{Path, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use procura_app::{
    agent_auth::{
        Place,
        claim::{self, Begun},
        identity::{self, Identity},
        register::{self, Ask, Registered},
        word::{self, WordForm},
    },
    limits::Limit,
};
use procura_model::{
    Ctx, Error, Reason, Result, ShownOnce, Time,
    oauth::{KeyForm, Registration, RegistrationKind},
};
use serde::Serialize;

/// The content type of a security event token (RFC 8935).
const EVENT: &str = "application/secevent+jwt";
/// How long what an issuer sends may be, in bytes.
const MAX_EVENT_BYTES: usize = 16 * 1_024;

/// What is told of a registration.
#[derive(Debug, Default, Serialize)]
struct Identified {
    registration_id: String,
    registration_type: &'static str,
    #[serde(flatten)]
    held: Option<Held>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pre_claim_scopes: Option<Vec<String>>,
    #[serde(flatten)]
    to_claim: Option<ToClaim>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<Answered>,
}

/// The assertion that the agent holds.
#[derive(Debug, Serialize)]
struct Held {
    identity_assertion: ShownOnce,
    assertion_expires: Time,
}

impl From<Identity> for Held {
    fn from(identity: Identity) -> Self {
        Self { identity_assertion: identity.assertion, assertion_expires: identity.expires_at }
    }
}

#[derive(Debug, Serialize)]
struct ToClaim {
    claim_url: String,
    claim_token: ShownOnce,
    claim_token_expires: Time,
    post_claim_scopes: Vec<String>,
}

/// What is told of a claim.
#[derive(Debug, Serialize)]
struct Claimed {
    registration_id: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_type: Option<&'static str>,
    #[serde(flatten)]
    held: Option<Held>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim_attempt_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim_attempt: Option<Answered>,
}

/// Registers an agent.
pub(super) async fn identify(
    State(web): State<WebState>,
    resource: Option<Path<String>>,
    request: Request,
) -> std::result::Result<Response, Failure> {
    let (parts, unread) = request.into_parts();
    let exchange = Exchange::of(&parts)?;
    let answered = async {
        exchange.count(&web, Limit::Registration, &exchange.address_key()).map_err(|failure| failure.0)?;
        let place = second_at(&web, resource).await?;
        let ctx = sent::ctx(&web, &exchange, &place).await?;
        let sent: Identify = sent::json(&parts, unread).await?;
        let ask = ask(&sent)?;
        let form = KeyForm::Token;
        let registered = register::register(&web.app, &ctx, &place, (ask, form), &sent.agent_name).await?;
        told_of(&web, &ctx, &place, registered)
    };
    Ok(answer(answered.await))
}

fn ask(sent: &Identify) -> Result<Ask<'_>> {
    let no = |what: &'static str| Reason::AgentRequestInvalid.because(what);
    match sent.kind.as_str() {
        "anonymous" => Ok(Ask::Anonymous),
        "identity_assertion" if sent.assertion_type == ID_JAG => {
            let shown = sent.assertion.as_ref().ok_or_else(|| no("assertion is missing."))?;
            Ok(Ask::Assertion(shown.words()))
        }
        "identity_assertion" => Err(no("assertion_type must be one of assertion_types_supported.")),
        "service_auth" => {
            let hint = sent.login_hint.as_ref().ok_or_else(|| no("login_hint is missing."))?;
            Ok(Ask::Email(hint.words()))
        }
        _ => Err(no("type must be one of identity_types_supported.")),
    }
}

/// The API, where it speaks this wire form.
async fn second_at(web: &WebState, resource: Option<Path<String>>) -> Result<Place> {
    let place = sent::place(web, resource.map(|Path(id)| id)).await?;
    if place.access.profiles.has_second() { Ok(place) } else { Err(Reason::PathUnknown.into()) }
}

fn told_of(web: &WebState, ctx: &Ctx, place: &Place, registered: Registered) -> Result<Identified> {
    let Registered { registration, key: _, claim_token, begun } = registered;
    let words = |scope: &procura_model::oauth::ScopeList| Some(scope.iter().map(str::to_owned).collect());
    let identity = |one: &Registration| identity::of(&web.app, ctx, place, one).map(Held::from).map(Some);
    let to_claim = claim_token.map(|claim_token| ToClaim {
        claim_url: format!("{}/claim", web.app.settings.public_url),
        claim_token,
        claim_token_expires: registration.expires_at,
        post_claim_scopes: place.claimed().iter().map(str::to_owned).collect(),
    });
    let told = Identified { registration_id: registration.id.to_string(), to_claim, ..Identified::default() };
    Ok(match registration.kind {
        RegistrationKind::Anonymous => Identified {
            registration_type: "anonymous",
            held: identity(&registration)?,
            pre_claim_scopes: words(&registration.scope),
            ..told
        },
        RegistrationKind::Assertion => Identified {
            registration_type: "identity_assertion",
            held: identity(&registration)?,
            scopes: words(&registration.scope),
            ..told
        },
        RegistrationKind::Email => {
            Identified { registration_type: "service_auth", claim: begun.map(Answered::from), ..told }
        }
    })
}

/// Begins a claim, or completes it where an issuer vouches.
pub(super) async fn claim(
    State(web): State<WebState>,
    resource: Option<Path<String>>,
    request: Request,
) -> std::result::Result<Response, Failure> {
    let (parts, unread) = request.into_parts();
    let exchange = Exchange::of(&parts)?;
    let answered = async {
        exchange.count(&web, Limit::Auth, &exchange.address_key()).map_err(|failure| failure.0)?;
        let place = second_at(&web, resource).await?;
        let ctx = sent::ctx(&web, &exchange, &place).await?;
        let sent: IdentityClaim = sent::json(&parts, unread).await?;
        let no = |what: &'static str| Reason::AgentRequestInvalid.because(what);
        let token =
            sent.claim_token.as_ref().map(Sent::words).ok_or_else(|| no("claim_token is missing."))?;
        match sent.kind.as_str() {
            "identity_assertion" => {
                let shown = sent.assertion.as_ref().ok_or_else(|| no("assertion is missing."))?;
                let form = (token, KeyForm::Token);
                let taken = claim::by_assertion(&web.app, &ctx, &place, form, shown.words()).await?;
                let held = identity::of(&web.app, &ctx, &place, &taken.registration)?;
                Ok(claimed(&taken.registration, held))
            }
            // The older form says no type and calls the hint email.
            "login_hint" | "" => {
                let hint = sent.login_hint.as_ref().or(sent.email.as_ref());
                let hint = hint.map(Sent::words);
                claim::begin(&web.app, &ctx, &place, token, hint).await.map(initiated)
            }
            _ => Err(no("type must be login_hint or identity_assertion.")),
        }
    };
    Ok(answer(answered.await))
}

fn claimed(one: &Registration, identity: Identity) -> Claimed {
    Claimed {
        registration_id: one.id.to_string(),
        status: "claimed",
        registration_type: Some("identity_assertion"),
        held: Some(identity.into()),
        claim_attempt_id: None,
        expires_at: None,
        claim_attempt: None,
    }
}

fn initiated(begun: Begun) -> Claimed {
    Claimed {
        registration_id: begun.attempt.registration.to_string(),
        status: "initiated",
        registration_type: None,
        held: None,
        claim_attempt_id: Some(begun.attempt.id.to_string()),
        expires_at: Some(begun.attempt.expires_at),
        claim_attempt: Some(begun.into()),
    }
}

/// `error` and `error_description`; a sign-in that is too old is a step-up here.
fn answer(answered: Result<impl Serialize>) -> Response {
    let mut response = match answered {
        Ok(body) => Json(body).into_response(),
        Err(error) if error.reason() == Reason::AgentLoginOld => {
            let mut response = Told::as_word("login_required", error).into_response();
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            challenged(response, "login_required")
        }
        Err(error) => {
            let (word, is_challenge) = (word_of(&error), error.reason() == Reason::AgentClaimInvalid);
            let response = Told::as_word(word, error).into_response();
            if is_challenge { challenged(response, word) } else { response }
        }
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn word_of(error: &Error) -> &'static str {
    match error.reason() {
        Reason::AgentEmailOff => "service_auth_not_enabled",
        reason => reason.agent_auth(),
    }
}

fn challenged(mut response: Response, word: &'static str) -> Response {
    if let Ok(value) = HeaderValue::try_from(format!("AgentAuth error=\"{word}\"")) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}

/// RFC 8935 section 2.4.
#[derive(Debug, Serialize)]
struct NotTaken {
    err: &'static str,
    description: String,
}

/// A provider says what became of somebody for whom it vouched: 202 and nothing else (RFC 8935 section 2.2).
pub(super) async fn events(
    State(web): State<WebState>,
    resource: Option<Path<String>>,
    request: Request,
) -> std::result::Result<Response, Failure> {
    let (parts, unread) = request.into_parts();
    let exchange = Exchange::of(&parts)?;
    let answered = async {
        exchange.count(&web, Limit::Auth, &exchange.address_key()).map_err(|failure| failure.0)?;
        let place = second_at(&web, resource).await?;
        let ctx = sent::ctx(&web, &exchange, &place).await?;
        body::demand_type(&parts.headers, EVENT).map_err(|failure| failure.0)?;
        let bytes = body::read(unread, MAX_EVENT_BYTES).await.map_err(|failure| failure.0)?;
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        word::take(&web.app, &ctx, &place, (WordForm::SecurityEvent, text.trim()), REVOKED).await
    };
    let error = match answered.await {
        // One that was sent twice was taken once (section 2.3): its sender need not know.
        Ok(_) => return Ok(StatusCode::ACCEPTED.into_response()),
        Err(error) if error.reason() == Reason::AgentAssertionReplayed => {
            return Ok(StatusCode::ACCEPTED.into_response());
        }
        Err(error) => error,
    };
    let err = match error.reason() {
        Reason::AgentSignatureInvalid => "invalid_key",
        Reason::AgentIssuerInvalid | Reason::AgentAssertionsOff => "invalid_issuer",
        Reason::AgentAudienceInvalid => "invalid_audience",
        Reason::AgentRequestInvalid | Reason::AgentAssertionExpired | Reason::MediaTypeUnsupported => {
            "invalid_request"
        }
        _ => return Err(Failure(error)),
    };
    let body = NotTaken { err, description: error.sentence().to_owned() };
    Ok((StatusCode::BAD_REQUEST, Json(body)).into_response())
}
