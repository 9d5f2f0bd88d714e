//! AuthZEN (OpenID Authorization API 1.0) at the paths that it names by default, with the answers that it names: an
//! error is a string, and whatever is wrong with a request is 400, where our own API tells more apart. So these routes
//! stand beside the document of our API and not in it; `docs/AUTHZEN.md` describes them.

mod form;
mod questions;
mod requests;

pub(crate) use form::{echo, is_ours, render};

use crate::{idempotency, state::WebState};
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderValue, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use procura_app::authzen;

/// The routes.
pub fn router(state: &WebState) -> Router<WebState> {
    let asking = Router::new()
        .route("/access/v1/requests", post(requests::request))
        .layer(middleware::from_fn_with_state(state.clone(), idempotency::pass));
    Router::new()
        .route("/.well-known/authzen-configuration", get(metadata))
        .route("/access/v1/evaluation", post(questions::evaluation))
        .route("/access/v1/evaluations", post(questions::evaluations))
        .route("/access/v1/search/subject", post(questions::search_subject))
        .route("/access/v1/search/resource", post(questions::search_resource))
        .route("/access/v1/search/action", post(questions::search_action))
        .route("/access/v1/requests/{approvalId}", get(requests::task))
        .merge(asking)
}

/// What is where. It names this deployment alone, so anybody may read it, and keep it for a while.
async fn metadata(State(web): State<WebState>) -> Response {
    let mut response = Json(authzen::metadata(&web.app)).into_response();
    let kept = HeaderValue::from_static("public, max-age=300");
    response.headers_mut().insert(header::CACHE_CONTROL, kept);
    response
}
