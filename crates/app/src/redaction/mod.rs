//! What an organization adds to the redactor (RED-1): its own patterns of what is secret, and of what is not although it
//! looks so. A rule is tried before it is saved, is compiled once for each revision, and holds from the next call on.

mod compiled;
mod recent;
mod rules;
mod trial;

pub use compiled::{Redactors, redacted_json, redactor};
pub use procura_screen::redact::{LEAST_MB_PER_SECOND, MOST_MB_PER_SECOND};
pub use recent::Recent;
pub use rules::{Draft, Saved, add, change, get, list, remove, test};
pub use trial::{CROWD, Found, InCalls, InResults, Shared, Tried};
