//! What agents send: a JSON object. Members that are not known are passed over, as in every protocol that grows.

use crate::{body, exchange::Exchange, respond::Failure, sent::Sent, state::WebState};
use axum::{body::Body, http::request::Parts};
use procura_app::{
    agent_auth::{self, Place, claim::Begun},
    oauth,
};
use procura_model::{Ctx, Error, Reason, ResourceId, Result};
use serde::{Deserialize, Serialize};

/// How long a body may be, in bytes.
const MAX_BYTES: usize = 32 * 1_024;

/// What is registered with.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Register {
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) assertion_type: String,
    pub(super) assertion: Option<Sent>,
    pub(super) requested_credential_type: Option<String>,
    #[serde(default)]
    pub(super) agent_name: String,
}

/// What is claimed with.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Claim {
    pub(super) claim_token: Option<Sent>,
    pub(super) email: Option<Sent>,
    #[serde(default)]
    pub(super) assertion_type: String,
    pub(super) assertion: Option<Sent>,
    #[serde(default)]
    pub(super) agent_name: String,
    pub(super) otp: Option<Sent>,
}

/// What is registered with, in the second form.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Identify {
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) assertion_type: String,
    pub(super) assertion: Option<Sent>,
    pub(super) login_hint: Option<Sent>,
    #[serde(default)]
    pub(super) agent_name: String,
}

/// What is claimed with, in the second form.
#[derive(Debug, Default, Deserialize)]
pub(super) struct IdentityClaim {
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    pub(super) claim_token: Option<Sent>,
    pub(super) login_hint: Option<Sent>,
    pub(super) email: Option<Sent>,
    pub(super) assertion: Option<Sent>,
}

/// What an agent shows to its person, and how often it may ask what became of it.
#[derive(Debug, Serialize)]
pub(super) struct Answered {
    user_code: String,
    expires_in: i64,
    verification_uri: String,
    interval: i64,
}

impl From<Begun> for Answered {
    fn from(begun: Begun) -> Self {
        Self {
            user_code: begun.user_code,
            expires_in: begun.expires_in,
            verification_uri: begun.verification_uri,
            interval: begun.attempt.interval_seconds,
        }
    }
}

/// What is revoked; a key that stands in a header stands there.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Revoke {
    pub(super) credential: Option<Sent>,
}

/// The API of the request: that of the path, or the one at the root.
pub(super) async fn place(web: &WebState, resource: Option<String>) -> Result<Place> {
    let Some(resource) = resource else {
        return agent_auth::root(&web.app).await?.ok_or_else(|| Reason::PathUnknown.into());
    };
    let id: ResourceId = resource.parse().map_err(|_| Reason::NotFound)?;
    agent_auth::at(&web.app, id).await
}

/// The context of a request by nobody, in the API's organization.
pub(super) async fn ctx(web: &WebState, exchange: &Exchange, place: &Place) -> Result<Ctx> {
    let arriving = oauth::arriving(&web.app, exchange.request, exchange.now, exchange.origin.clone()).await?;
    Ok(arriving.in_tenant(place.tenant))
}

/// Reads a body of this shape; whatever is wrong with it is `invalid_request`.
pub(super) async fn json<T: serde::de::DeserializeOwned>(parts: &Parts, unread: Body) -> Result<T> {
    let wrong = |Failure(error): Failure| match error {
        Error::Refused(refusal) if refusal.reason != Reason::BodyTooLarge => {
            Reason::AgentRequestInvalid.because(Error::Refused(refusal).sentence().to_owned())
        }
        error => error,
    };
    body::demand_type(&parts.headers, "application/json").map_err(wrong)?;
    let bytes = body::read(unread, MAX_BYTES).await.map_err(wrong)?;
    body::parse(&bytes).map_err(wrong)
}
