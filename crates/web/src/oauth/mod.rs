//! The endpoints of the authorization server at `/oauth` and its metadata. Thin: each reads its parameters, calls its
//! journey in `app::oauth`, and answers as its RFC says.

mod ask;
mod challenge;
mod cors;
mod device;
mod introspect;
mod jwks;
mod metadata;
mod par;
mod register;
mod revoke;
mod shown;
mod token;
mod told;

pub(crate) use challenge::Challenge;
pub(crate) use cors::open as open_to_scripts;
pub(crate) use metadata::of_place as resource_metadata;
pub(crate) use register::metadata as client_metadata;
pub(crate) use shown::{access_token, token_holder};
pub(crate) use told::Told;

use crate::state::WebState;
use axum::{
    Router, middleware,
    routing::{get, post},
};

/// The endpoints.
pub fn router() -> Router<WebState> {
    open().layer(middleware::from_fn(cors::open)).merge(pages())
}

/// What programs call, also from a browser: metadata, keys, registration, tokens. No cookie is read here.
fn open() -> Router<WebState> {
    Router::new()
        .merge(metadata::routes())
        .route(register::PATH, post(register::register))
        .route(jwks::PATH, get(jwks::keys))
        .route(token::PATH, post(token::issue))
        .route(introspect::PATH, post(introspect::introspect))
        .route(revoke::PATH, post(revoke::revoke))
        .route(par::PATH, post(par::push))
        .route(device::PATH, post(device::begin))
}

/// What people see; never open to scripts of other sites.
fn pages() -> Router<WebState> {
    Router::new()
}
