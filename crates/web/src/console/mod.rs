//! The console's pages.
//!
//! What the rest of the crate asks of this module:
//! * `router()`: every page, form and asset. It must not set a fallback; unknown paths come to
//!   `failed` like every other error.
//! * `failed(error, exchange)`: the page (or, for `AUTH_SIGN_IN_REQUIRED`, the redirect) for an
//!   error on a path that is not the API's, when the browser asked for HTML. The edge adds the
//!   request's id, the headers of `respond::advice`, and security headers where none are set yet.

use crate::{exchange::Exchange, respond, state::WebState};
use axum::{Router, http::HeaderMap, response::Response};
use procura_model::Error;

/// The pages.
pub fn router() -> Router<WebState> {
    Router::new()
}

/// The page that an error becomes.
#[must_use]
pub fn failed(error: &Error, exchange: &Exchange) -> Response {
    respond::render(error, exchange.request, HeaderMap::new())
}
