//! MCP in, screened, MCP out. In front of many tool servers stands one endpoint; every use of what
//! they offer passes the gates of [`call`](self), whose order is one visible list. The transport is
//! ours, for both protocol eras, and passes on the bytes that it does not understand
//! (`standards/mcp.md`, "Decision for the gateway").

mod advice;
mod call;
mod catalogue;
mod deny;
mod dispatch;
mod era;
mod gates;
mod gateway;
mod health;
mod hosts;
pub mod http;
mod jsonrpc;
mod lists;
mod names;
mod notes;
mod offer;
mod outcome;
mod raw;
mod reply;
mod sanitize;
mod session;
mod shape;
mod signals;
mod spelling;
mod sse;
mod subscribe;
mod texts;
mod upstream;
mod uses;

pub use gateway::Gateway;
pub use health::{ServerHealth, ServerState, ToolView};
pub use reply::Body;
