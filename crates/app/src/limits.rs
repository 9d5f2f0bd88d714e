//! Counting a request against a limit (LIM-1).

use crate::App;
pub use procura_cluster::{Allowance, Limit};
use procura_model::{Error, Reason, Refusal};

/// Counts one request of `key`: a credential's id once it is known, an address before.
#[must_use]
pub fn check(app: &App, limit: Limit, key: &str) -> Allowance {
    app.limits.check(limit, key, app.now())
}

/// What one request of `key` would be told, without counting it.
#[must_use]
pub fn peek(app: &App, limit: Limit, key: &str) -> Allowance {
    app.limits.peek(limit, key, app.now())
}

/// The refusal of a request that came too early.
#[must_use]
pub fn refusal(allowance: &Allowance) -> Error {
    Error::Refused(Refusal {
        reason: Reason::RateLimited,
        detail: Some(
            format!(
                "More than {} requests in {} seconds; try again in {}.",
                allowance.limit,
                allowance.window_seconds,
                match allowance.retry_after_seconds {
                    1 => "1 second".to_owned(),
                    seconds => format!("{seconds} seconds"),
                }
            )
            .into(),
        ),
        retry_after_seconds: Some(allowance.retry_after_seconds),
    })
}
