//! A replay takes what a machine has, so only a few run at once, one for each organization, and nobody waits for long.

use parking_lot::Mutex;
use procura_model::{Error, Reason, Result, TenantId};
use std::{collections::HashSet, time::Duration};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How many replays run at once.
const AT_ONCE: usize = 2;
/// How long one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// The places in which replays run.
#[derive(Debug)]
pub struct Places {
    free: Semaphore,
    busy: Mutex<HashSet<TenantId>>,
}

impl Default for Places {
    fn default() -> Self {
        Self { free: Semaphore::new(AT_ONCE), busy: Mutex::default() }
    }
}

/// A place; it is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place<'p> {
    places: &'p Places,
    tenant: TenantId,
    _permit: SemaphorePermit<'p>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.places.busy.lock().remove(&self.tenant);
    }
}

impl Places {
    /// A place for this organization, which has one at the most: nobody keeps the others from theirs.
    ///
    /// # Errors
    /// `RATE_LIMITED` when the organization has one already, or none becomes free.
    pub(crate) async fn take(&self, tenant: TenantId) -> Result<Place<'_>> {
        let permit = match tokio::time::timeout(PATIENCE, self.free.acquire()).await {
            Ok(permit) => permit.map_err(|closed| Error::unavailable("find a place to simulate", closed))?,
            Err(_) => {
                return Err(Reason::RateLimited.because("Other simulations are running; try again soon."));
            }
        };
        if !self.busy.lock().insert(tenant) {
            let text = "A simulation of your organization is running; try again when it has ended.";
            return Err(Reason::RateLimited.because(text));
        }
        Ok(Place { places: self, tenant, _permit: permit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::{Entropy, Time};

    #[tokio::test]
    async fn an_organization_has_one_place_and_gives_it_back() {
        let places = Places::default();
        let entropy = Entropy::seeded(3);
        let [one, other] = [1, 2].map(|ms| TenantId::new(Time::from_ms(ms), &entropy));
        let first = places.take(one).await.unwrap();
        assert_eq!(places.take(one).await.unwrap_err().reason(), Reason::RateLimited);
        let second = places.take(other).await.unwrap();
        drop((first, second));
        places.take(one).await.unwrap();
    }
}
