//! The endpoints of the authorization server at `/oauth` and its metadata. Thin: each reads its parameters, calls its
//! journey in `app::oauth`, and answers as its RFC says.

use crate::state::WebState;
use axum::Router;

/// The endpoints.
pub fn router() -> Router<WebState> {
    Router::new()
}
