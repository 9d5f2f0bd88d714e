//! The keys that access tokens are signed with: `GET /oauth/jwks` (RFC 7517 section 5). They are not among the keys of
//! `/.well-known/jwks.json`, with which the house signs other things.

use crate::{respond::Failure, state::WebState};
use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use procura_app::oauth::keys;
use procura_model::Json;

/// The path.
pub(super) const PATH: &str = "/oauth/jwks";
/// How long the set may be kept: half as long as a new key is in it before it signs.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=300");
/// An empty set says only that no organization stands yet: nobody keeps that.
const NOT_KEPT: HeaderValue = HeaderValue::from_static("no-store");

/// The key set.
pub(super) async fn keys(State(web): State<WebState>) -> Result<Response, Failure> {
    let keys = keys::published(&web.app, web.app.now()).await?;
    let kind = HeaderValue::from_static("application/jwk-set+json");
    let has_keys = matches!(keys.member("keys"), Some(Json::List(keys)) if !keys.is_empty());
    let kept = if has_keys { KEPT } else { NOT_KEPT };
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, kept)], keys.canonical()).into_response())
}
