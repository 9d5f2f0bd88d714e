//! The endpoints of the authorization server at `/oauth` and its metadata. Thin: each reads its parameters, calls its
//! journey in `app::oauth`, and answers as its RFC says.

mod ask;
mod challenge;
mod cors;
mod device;
mod metadata;
mod par;
mod shown;
mod told;

pub(crate) use challenge::Challenge;
pub(crate) use shown::{access_token, token_holder};

use crate::state::WebState;
use axum::{Router, middleware, routing::post};

/// The endpoints.
pub fn router() -> Router<WebState> {
    open().layer(middleware::from_fn(cors::open)).merge(pages())
}

/// What programs call, also from a browser: metadata, keys, registration, tokens. No cookie is read here.
fn open() -> Router<WebState> {
    Router::new()
        .merge(metadata::routes())
        .route(par::PATH, post(par::push))
        .route(device::PATH, post(device::begin))
}

/// What people see; never open to scripts of other sites.
fn pages() -> Router<WebState> {
    Router::new()
}
