//! A replay takes what a machine has, so only a few run at once, and nobody waits for long.

use procura_model::{Error, Reason, Result};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How many replays run at once.
const AT_ONCE: usize = 2;
/// How long one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// The places in which replays run.
#[derive(Debug)]
pub struct Places(Semaphore);

impl Default for Places {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl Places {
    /// A place; it is free again when this is dropped.
    ///
    /// # Errors
    /// `RATE_LIMITED` when none becomes free.
    pub(crate) async fn take(&self) -> Result<SemaphorePermit<'_>> {
        match tokio::time::timeout(PATIENCE, self.0.acquire()).await {
            Ok(place) => place.map_err(|closed| Error::unavailable("find a place to simulate", closed)),
            Err(_) => Err(Reason::RateLimited.because("Other simulations are running; try again soon.")),
        }
    }
}
