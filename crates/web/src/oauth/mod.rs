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
pub(crate) use register::metadata as client_metadata;
pub(crate) use shown::{access_token, token_holder};

use crate::state::WebState;
use axum::{
    Router, middleware,
    routing::{get, post},
};

/// The endpoints. Token and registration endpoint are also where MCP's revision 2025-03-26 looks for them without
/// metadata; its `/authorize` is a page of the console's.
pub fn router() -> Router<WebState> {
    open().layer(middleware::from_fn(cors::open)).merge(pages())
}

/// What programs call, also from a browser: metadata, keys, registration, tokens. No cookie is read here.
fn open() -> Router<WebState> {
    Router::new()
        .merge(metadata::routes())
        .route(register::PATH, post(register::register).options(cors::preflight))
        .route(register::ROOT, post(register::register).options(cors::preflight))
        .route(jwks::PATH, get(jwks::keys).options(cors::preflight))
        .route(token::PATH, post(token::issue).options(cors::preflight))
        .route(token::ROOT, post(token::issue).options(cors::preflight))
        .route(introspect::PATH, post(introspect::introspect).options(cors::preflight))
        .route(revoke::PATH, post(revoke::revoke).options(cors::preflight))
        .route(par::PATH, post(par::push).options(cors::preflight))
        .route(device::PATH, post(device::begin).options(cors::preflight))
}

/// What people see; never open to scripts of other sites.
fn pages() -> Router<WebState> {
    Router::new()
}
