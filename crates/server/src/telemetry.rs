//! Logs: JSON lines on standard error, with ids and durations and never a name, an address of a
//! person, a token or a body.

use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging. A second start in one process changes nothing.
pub(crate) fn start(filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let _ = fmt().json().flatten_event(true).with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
