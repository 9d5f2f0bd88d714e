//! Dynamic registration (RFC 7591): a client describes itself in JSON and is given an id.

use super::told::Told;
use crate::{body, exchange::Exchange, state::WebState};
use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use procura_app::{
    limits::Limit,
    oauth::{
        arriving,
        clients::{self, MAX_BODY_BYTES, Registered},
    },
};
use procura_model::{Client, GrantType, Reason, time::SECOND_MS};
use serde::Serialize;
use serde_json::{Map, Value};

/// Where it is.
pub(super) const PATH: &str = "/oauth/register";
/// Where clients of MCP's revision 2025-03-26 look that know no metadata.
pub(super) const ROOT: &str = "/register";

/// RFC 7591 section 3.2.1: the id, the secret with its end where there is one, and everything as it is kept.
#[derive(Serialize)]
struct Shown<'c> {
    client_id: &'c str,
    client_id_issued_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'c procura_model::ShownOnce>,
    /// 0 is never; it stands there where a secret does.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<i64>,
    client_name: &'c str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    response_types: &'static [&'static str],
    #[serde(flatten)]
    metadata: Map<String, Value>,
}

/// Registers a client. The redirect URIs are judged as the corpus of `procura check redirect-uri` is.
pub(super) async fn register(State(web): State<WebState>, request: Request) -> Result<Response, Told> {
    let (parts, unread) = request.into_parts();
    let exchange = Exchange::of(&parts)?;
    exchange.count(&web, Limit::Registration, &exchange.address_key())?;
    if body::demand_type(&parts.headers, "application/json").is_err() {
        return Err(Reason::OauthMetadataInvalid.because("The body must be application/json.").into());
    }
    let raw = body::read(unread, MAX_BODY_BYTES).await?;
    let ctx = arriving(&web.app, exchange.request, exchange.now, exchange.origin.clone()).await?;
    let registered = clients::register(&web.app, &ctx, &raw).await?;
    let mut response = (StatusCode::CREATED, Json(shown(&registered))).into_response();
    // RFC 7591 section 3.2.1, as RFC 6749 section 5.1.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn shown(registered: &Registered) -> Shown<'_> {
    let Registered { client, secret } = registered;
    let has_codes = client.may(GrantType::AuthorizationCode);
    Shown {
        client_id: client.id.as_str(),
        client_id_issued_at: client.created_at.as_ms().div_euclid(SECOND_MS),
        client_secret: secret.as_ref(),
        client_secret_expires_at: secret.as_ref().map(|_| 0),
        client_name: &client.name,
        response_types: if has_codes { &["code"] } else { &[] },
        metadata: metadata(client),
    }
}

/// The metadata in the forms of the RFC: the keys as a set again.
pub(crate) fn metadata(client: &Client) -> Map<String, Value> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(&client.metadata) else { return Map::new() };
    let set = client.metadata.jwks.as_deref().and_then(|set| serde_json::from_str(set).ok());
    if let Some(set) = set {
        members.insert("jwks".to_owned(), set);
    }
    members
}
