//! Agents register themselves (AGT-1, AGT-2). What a stranger reads to find the way (the block in the metadata, `auth.md`)
//! and the endpoints that it names, in the two wire forms. Each endpoint is a view of one journey in
//! `app::agent_auth`, served for the API at the root of this server and, below `/r/{res_id}`, for every other.

mod block;
mod documents;
mod first;
mod guide;
mod second;
mod sent;
mod told;

pub(crate) use block::{Block, CLAIM_GRANT};

use crate::state::WebState;
use axum::{
    Router, middleware,
    routing::{get, post},
};

/// The endpoints. Programs call them, also from a browser; no cookie is read.
pub(crate) fn router() -> Router<WebState> {
    Router::new()
        .route("/auth.md", get(documents::guide_at_root))
        .route("/r/{resource}/auth.md", get(documents::guide))
        .route("/r/{resource}/.well-known/oauth-protected-resource", get(documents::metadata))
        .merge(endpoints(""))
        .merge(endpoints("/r/{resource}"))
        .layer(middleware::from_fn(crate::oauth::open_to_scripts))
}

fn endpoints(below: &str) -> Router<WebState> {
    let at = |path: &str| format!("{below}{path}");
    Router::new()
        .route(&at(block::REGISTER), post(first::register))
        .route(&at(block::CLAIM), post(first::claim))
        .route(&at(block::COMPLETE), post(first::complete))
        .route(&at(block::REVOKE), post(first::revoke))
        .route(&at(block::IDENTITY), post(second::identify))
        .route(&at(block::IDENTITY_CLAIM), post(second::claim))
        .route(&at(block::EVENTS), post(second::events))
}
