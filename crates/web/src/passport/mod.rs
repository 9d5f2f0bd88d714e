//! Passports on the web (PAS-1): the page that a link opens, and the operations behind it.
//!
//! The token stands in the link's fragment, which a browser sends to no server. The page itself is the same for every
//! passport and holds nothing of anybody; its script takes the token out of the address, forgets the address, and asks
//! the API with the token in a header. No cookie is read or set on these paths, and nothing that is asked here is
//! recorded.

mod api;
mod holder;
mod page;

use crate::state::WebState;
use axum::{Router, routing::get};

pub(crate) use api::{holder_routes, owner_routes};

/// The page and its two files.
pub fn router() -> Router<WebState> {
    Router::new()
        .route("/passport/{passport}", get(page::page))
        .route(&page::FILES.script, get(page::script))
        .route(&page::FILES.css, get(page::css))
}
