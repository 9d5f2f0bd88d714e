//! Declared tools of a business's own API (USR-9), read once: by the same reader when they are saved and
//! when they are called, so that what cannot be called cannot be saved.
//!
//! An argument only ever becomes a value: one whole place within a path segment, one value of the query, one
//! value of a header, or JSON in the body. Host, path structure, query structure and framing are the
//! declaration's alone, whatever the argument says ([`fill`]).

mod compile;
mod fill;
mod headers;
mod path;
mod user;

pub(crate) use compile::MAX_PATTERNS;
pub use compile::{CompiledApi, CompiledTool};
pub use fill::{Filled, Unfillable};
pub use user::Forward;
