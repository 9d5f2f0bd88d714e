//! Passwords: each guess costs 32 MB and 100 ms on purpose, so only a few are weighed at once. A
//! flood of sign-ins waits in line and cannot take the machine's memory.

use crate::App;
use procura_crypto::password;
use procura_model::{Error, Result, Secret, error::Doing as _};
use tokio::sync::Semaphore;

/// How many guesses are weighed at once.
const AT_ONCE: usize = 4;

/// The places in which guesses are weighed.
#[derive(Debug)]
pub struct Places(Semaphore);

impl Default for Places {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

/// Whether this is the password of the stored hash. Without one it takes as long, and is not.
pub(crate) async fn is_right(app: &App, given: Secret<String>, stored: Option<String>) -> Result<bool> {
    let cost = app.settings.scrypt;
    weigh(app, move || match stored {
        Some(stored) => password::verify(&given, &stored),
        None => password::pretend(&given, cost),
    })
    .await
}

/// The hash of a new password.
pub(crate) async fn hash(app: &App, given: Secret<String>) -> Result<String> {
    let (cost, entropy) = (app.settings.scrypt, app.entropy.clone());
    weigh(app, move || password::hash(&given, cost, &entropy)).await?
}

/// Does work that costs a processor for long, as soon as there is a place.
pub(crate) async fn weigh<T: Send + 'static>(
    app: &App,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let place = app.passwords.0.acquire().await;
    let _place = place.map_err(|closed| Error::unavailable("find a place to weigh a password", closed))?;
    tokio::task::spawn_blocking(work).await.doing("weigh a password")
}
