//! Filling a data folder for a run: an organization, keys, permissions that allow the load, and the stub as upstream server.
//!
//! The only place that knows how Procura is administered without a person.

use std::net::SocketAddr;
use std::path::Path;

use crate::Outcome;

/// What the run needs to find.
pub(crate) struct Wish {
    /// The upstream that tools come from, as server `bench`.
    pub(crate) stub: Option<SocketAddr>,
    /// How many agent keys there are in all.
    pub(crate) keys: usize,
}

/// What the load needs to know.
pub(crate) struct Seeded {
    /// An agent key that may do what the load does.
    pub(crate) agent_key: String,
}

/// Writes `procura.toml` and the database into an empty folder. The limits are off: the load is not what they are for.
pub(crate) fn seed(procura: &Path, data: &Path, wish: &Wish) -> Outcome<Seeded> {
    Err(format!(
        "{} has no command yet to fill {} with {} keys and the upstream {:?}",
        procura.display(),
        data.display(),
        wish.keys,
        wish.stub
    ))
}
