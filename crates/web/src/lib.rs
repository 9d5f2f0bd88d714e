//! HTTP: the API, the MCP mounts, the console. A page or an operation is a view of a journey in
//! `procura-app` and decides nothing itself.
//!
//! A request passes `edge` (its id, its address, its record, its headers), `router` (which
//! operation), `extract` and `body` (who is calling, with what), one journey, and on the way out
//! `respond` (the one mapping from an error to HTTP).

mod agent_auth;
pub mod api;
mod assets;
pub mod authzen;
pub mod body;
pub mod console;
pub mod cookie;
pub mod edge;
pub mod exchange;
pub mod extract;
pub mod form;
pub mod idempotency;
pub mod limits;
pub mod mcp;
pub mod oauth;
pub mod openapi;
pub mod operation;
pub mod operator;
pub mod passport;
pub mod respond;
pub mod router;
mod sandbox;
pub mod schema;
mod sent;
pub mod sentence;
pub mod serve;
pub mod state;
mod streams;
mod unread;
pub mod widget;

pub use openapi::{document, errors_markdown};
pub use router::{metrics_router, router};
pub use serve::serve;
pub use state::WebState;

pub use console::snippets;
