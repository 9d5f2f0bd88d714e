//! A small, fast MCP upstream that writes down every request it sees under an id of its own, and that misbehaves on
//! demand: one tool per way in which an upstream can hang, flood, lie or break off.
//!
//! Where it answers at all, its id is in the header `x-request-id` and in the result's
//! `_meta["procura-stub/requestId"]`, so that a chain of evidence can be matched with what really arrived.

mod hostile;
mod record;
mod samples;
mod server;
mod tools;

pub use record::{Recording, Seen};
pub use samples::{BENIGN_BYTES, hidden_instruction, secrets};
pub use server::{Change, Options, Stub, serve};
pub use tools::Mode;
