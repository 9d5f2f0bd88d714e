//! Which path is which operation. The API's routes come with their documentation (`openapi`): one
//! that is not documented cannot be mounted.

use crate::{
    agent_auth,
    api::business_api,
    authzen, console, edge, mcp, oauth, openapi, operator, passport,
    respond::{self, Failure},
    state::WebState,
    widget,
};
use axum::{Router, middleware};
use procura_model::Reason;

/// Everything that is served on the public address.
pub fn router(state: WebState) -> Router {
    let (api, _) = openapi::parts(Some(&state));
    Router::new()
        .merge(api)
        .merge(mcp::router())
        .merge(operator::router())
        .merge(console::router())
        .merge(widget::router())
        .merge(passport::router())
        .merge(oauth::router())
        .merge(agent_auth::router())
        .merge(business_api::open_routes())
        .merge(authzen::router(&state))
        .fallback(async || respond::unknown_path())
        .method_not_allowed_fallback(async || Failure::from(Reason::MethodNotAllowed))
        .layer(middleware::from_fn_with_state(state.clone(), edge::pass))
        .layer(middleware::from_fn_with_state(state.clone(), edge::undisturbed))
        .with_state(state)
}

/// The metrics alone, without a key: for a listener of their own on the loopback (decisions 9).
pub fn metrics_router(state: WebState) -> Router {
    operator::open_metrics().with_state(state)
}

#[cfg(test)]
#[path = "router_tests.rs"]
mod tests;
