//! The first wire form: keys. An agent registers, asks to be claimed, fetches its key, and ends it. Every answer is 200 or
//! the refusal that the protocol names.

use super::{
    block::{API_KEY, ID_JAG, REVOKED, VERIFIED_EMAIL},
    sent::{self, Answered, Claim, Register, Revoke},
    told,
};
use crate::{body, exchange::Exchange, extract, respond::Failure, sent::Sent, state::WebState};
use axum::{
    extract::{Path, Request, State},
    http::request::Parts,
    response::Response,
};
use procura_app::{
    agent_auth::{
        Place, Shown, claim, end,
        register::{self, Ask, Registered},
        word::{self, WordForm},
    },
    limits::Limit,
};
use procura_model::{
    Reason, Result, ShownOnce, Time,
    oauth::{KeyForm, RegistrationKind},
};
use serde::Serialize;

/// The content type of an issuer's logout token.
const LOGOUT: &str = "application/logout+jwt";
/// How long what an issuer sends may be, in bytes.
const MAX_EVENT_BYTES: usize = 16 * 1_024;

/// What is told of a registration.
#[derive(Debug, Serialize)]
struct Told {
    registration_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(flatten)]
    key: Option<Key>,
    #[serde(flatten)]
    claim: Option<ToClaim>,
    #[serde(flatten)]
    begun: Option<Begun>,
}

/// A credential; `credential_expires` is null where it lasts.
#[derive(Debug, Serialize)]
struct Key {
    credential_type: &'static str,
    credential: ShownOnce,
    credential_expires: Option<Time>,
    scopes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    workspaces: Vec<String>,
}

impl From<Shown> for Key {
    fn from(shown: Shown) -> Self {
        Self {
            credential_type: API_KEY,
            credential: shown.secret,
            credential_expires: shown.key.expires_at,
            scopes: shown.key.scope.iter().map(str::to_owned).collect(),
            workspaces: shown.key.workspaces,
        }
    }
}

#[derive(Debug, Serialize)]
struct ToClaim {
    claim_url: String,
    claim_token: ShownOnce,
    claim_token_expires: Time,
    post_claim_scopes: Vec<String>,
}

/// A try to be claimed: what the agent shows to its person, and how often it may ask what became of it.
#[derive(Debug, Serialize)]
struct Begun {
    claim_attempt_id: String,
    expires_at: Time,
    claim_attempt: Answered,
}

impl From<claim::Begun> for Begun {
    fn from(begun: claim::Begun) -> Self {
        Self {
            claim_attempt_id: begun.attempt.id.to_string(),
            expires_at: begun.attempt.expires_at,
            claim_attempt: begun.into(),
        }
    }
}

/// Registers an agent.
pub(super) async fn register(
    State(web): State<WebState>,
    resource: Option<Path<String>>,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, unread) = request.into_parts();
    let exchange = Exchange::of(&parts)?;
    let answered = async {
        exchange.count(&web, Limit::Registration, &exchange.address_key()).map_err(|failure| failure.0)?;
        let place = first_at(&web, resource).await?;
        let ctx = sent::ctx(&web, &exchange, &place).await?;
        let sent: Register = sent::json(&parts, unread).await?;
        demand_key(sent.requested_credential_type.as_deref())?;
        let assertion = sent.assertion.as_ref().map(Sent::words);
        let ask = ask(&sent.kind, &sent.assertion_type, assertion)?;
        let registered =
            register::register(&web.app, &ctx, &place, (ask, KeyForm::Key), &sent.agent_name).await?;
        Ok(told_of(&web, &place, registered))
    };
    Ok(told::answer(&web, &exchange, answered.await))
}

/// How an agent says that it registers.
fn ask<'a>(kind: &str, assertion_type: &str, assertion: Option<&'a str>) -> Result<Ask<'a>> {
    let no = |what: &'static str| Reason::AgentRequestInvalid.because(what);
    match (kind, assertion_type) {
        ("anonymous", _) => Ok(Ask::Anonymous),
        ("identity_assertion", ID_JAG) => {
            assertion.map(Ask::Assertion).ok_or_else(|| no("assertion is missing."))
        }
        ("identity_assertion", VERIFIED_EMAIL) => {
            assertion.map(Ask::Email).ok_or_else(|| no("assertion is missing."))
        }
        ("identity_assertion", _) => Err(no("assertion_type must be one of assertion_types_supported.")),
        _ => Err(no("type must be one of identity_types_supported.")),
    }
}

fn demand_key(wanted: Option<&str>) -> Result<()> {
    if wanted.is_none_or(|wanted| wanted == API_KEY) {
        return Ok(());
    }
    Err(Reason::AgentCredentialUnsupported.into())
}

/// The API, where it speaks this wire form.
async fn first_at(web: &WebState, resource: Option<Path<String>>) -> Result<Place> {
    let place = sent::place(web, resource.map(|Path(id)| id)).await?;
    if place.access.profiles.has_first() {
        return Ok(place);
    }
    Err(Reason::PathUnknown.into())
}

fn told_of(web: &WebState, place: &Place, registered: Registered) -> Told {
    let Registered { registration, key, claim_token, begun } = registered;
    let kind = match registration.kind {
        RegistrationKind::Anonymous => "anonymous",
        RegistrationKind::Assertion => "agent-provider",
        RegistrationKind::Email => "email-verification",
    };
    let claim = claim_token.map(|claim_token| ToClaim {
        claim_url: format!("{}/claim", web.app.settings.public_url),
        claim_token,
        claim_token_expires: registration.expires_at,
        post_claim_scopes: place.claimed().iter().map(str::to_owned).collect(),
    });
    Told {
        registration_id: registration.id.to_string(),
        registration_type: Some(kind),
        status: None,
        key: key.map(Key::from),
        claim,
        begun: begun.map(Begun::from),
    }
}

/// Begins a claim, or completes it where an issuer vouches. An assertion without a claim token registers by it: the agent
/// had nothing that could be claimed.
pub(super) async fn claim(
    State(web): State<WebState>,
    resource: Option<Path<String>>,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, unread) = request.into_parts();
    let exchange = Exchange::of(&parts)?;
    let answered = async {
        exchange.count(&web, Limit::Auth, &exchange.address_key()).map_err(|failure| failure.0)?;
        let place = first_at(&web, resource).await?;
        let ctx = sent::ctx(&web, &exchange, &place).await?;
        let sent: Claim = sent::json(&parts, unread).await?;
        let token = sent.claim_token.as_ref().map(Sent::words);
        let assertion = sent.assertion.as_ref().map(Sent::words);
        match (token, assertion) {
            (None, Some(_)) => {
                let ask = ask("identity_assertion", &sent.assertion_type, assertion)?;
                let registered =
                    register::register(&web.app, &ctx, &place, (ask, KeyForm::Key), &sent.agent_name).await?;
                Ok(told_of(&web, &place, registered))
            }
            (None, None) => Err(Reason::AgentRequestInvalid.because("claim_token is missing.")),
            (Some(token), Some(shown)) if sent.assertion_type == ID_JAG => {
                claim::by_assertion(&web.app, &ctx, &place, (token, KeyForm::Key), shown).await.map(claimed)
            }
            (Some(_), Some(_)) => Err(Reason::AgentRequestInvalid
                .because("assertion_type must be one of assertion_types_supported.")),
            (Some(token), None) => {
                let email = sent.email.as_ref().map(Sent::words);
                claim::begin(&web.app, &ctx, &place, token, email).await.map(initiated)
            }
        }
    };
    Ok(told::answer(&web, &exchange, answered.await))
}

fn initiated(begun: claim::Begun) -> Told {
    Told {
        registration_id: begun.attempt.registration.to_string(),
        registration_type: None,
        status: Some("initiated"),
        key: None,
        claim: None,
        begun: Some(begun.into()),
    }
}

fn claimed(taken: claim::Taken) -> Told {
    Told {
        registration_id: taken.registration.id.to_string(),
        registration_type: None,
        status: Some("claimed"),
        key: Some(taken.key.into()),
        claim: None,
        begun: None,
    }
}

/// The agent asks what became of its claim, and fetches its new key.
pub(super) async fn complete(
    State(web): State<WebState>,
    resource: Option<Path<String>>,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, unread) = request.into_parts();
    let exchange = Exchange::of(&parts)?;
    let answered = async {
        exchange.count(&web, Limit::Global, &exchange.address_key()).map_err(|failure| failure.0)?;
        let place = first_at(&web, resource).await?;
        let ctx = sent::ctx(&web, &exchange, &place).await?;
        let sent: Claim = sent::json(&parts, unread).await?;
        if sent.otp.is_some() {
            // Decision 27: a code that a person reads to an agent can be asked of them by anybody.
            return Err(Reason::AgentRequestInvalid.because(
                "No code goes back through the agent here: your person types user_code at verification_uri; leave otp out.",
            ));
        }
        let token = sent.claim_token.as_ref().map(Sent::words);
        let token = token.ok_or_else(|| Reason::AgentRequestInvalid.because("claim_token is missing."))?;
        claim::take(&web.app, &ctx, &place, (token, KeyForm::Key)).await.map(claimed)
    };
    Ok(told::answer(&web, &exchange, answered.await))
}

/// What was ended is not told: whoever asks knows it.
#[derive(Debug, Serialize)]
struct Revoked {
    success: bool,
    status: &'static str,
}

/// Ends a credential: its holder sends it, or the issuer that vouched for it says so.
pub(super) async fn revoke(
    State(web): State<WebState>,
    resource: Option<Path<String>>,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, unread) = request.into_parts();
    let exchange = Exchange::of(&parts)?;
    let answered = async {
        exchange.count(&web, Limit::Auth, &exchange.address_key()).map_err(|failure| failure.0)?;
        let place = first_at(&web, resource).await?;
        let ctx = sent::ctx(&web, &exchange, &place).await?;
        if body::demand_type(&parts.headers, LOGOUT).is_ok() {
            let bytes = body::read(unread, MAX_EVENT_BYTES).await.map_err(|failure| failure.0)?;
            let text = std::str::from_utf8(&bytes).unwrap_or_default();
            word::take(&web.app, &ctx, &place, (WordForm::Logout, text.trim()), REVOKED).await?;
        } else {
            let key = presented(&parts, unread).await?;
            end::by_key(&web.app, &ctx, &place, key.words()).await?;
        }
        Ok(Revoked { success: true, status: "revoked" })
    };
    Ok(told::answer(&web, &exchange, answered.await))
}

/// The key in a header, as on every call of the API, or in the body.
async fn presented(parts: &Parts, unread: axum::body::Body) -> Result<Sent> {
    if let Some(key) = extract::shown_key(&parts.headers).map_err(|failure| failure.0)? {
        return Ok(Sent::of(key));
    }
    let sent: Revoke = sent::json(parts, unread).await?;
    sent.credential.ok_or_else(|| {
        Reason::AgentRequestInvalid.because(
            "Send the credential as x-api-key, as Authorization: Bearer, or as the member credential.",
        )
    })
}
