//! The browser widget (USR-8): a loader that a page of the business includes, and the frame that it opens, on this
//! server's origin. What the two may do is decided here: who may frame it and where it may send anything is in
//! [`framing`], as the agent's settings have it; everything else is in `static/widget.js` and `static/widget_frame.js`.
//!
//! Nobody is signed in on these paths: no cookie is read or set, and nothing of the request but its address is looked at.

mod assets;
mod framing;
mod page;

use crate::state::WebState;
use axum::{Router, routing::get};

/// The loader, its types, the frame and the frame's files.
pub fn router() -> Router<WebState> {
    Router::new()
        .route("/widget.js", get(assets::loader))
        .route("/widget.d.ts", get(assets::types))
        .route(&assets::FILES.script, get(assets::script))
        .route(&assets::FILES.css, get(assets::css))
        .route("/widget/{agent}", get(page::frame))
}
