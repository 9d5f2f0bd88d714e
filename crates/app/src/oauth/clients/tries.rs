//! How often somebody may fail to show that they are a client. Failures are counted for each address and client together:
//! whoever guesses is stopped soon, and neither the client's own requests from elsewhere nor those of other clients from
//! the same address are. What names no client is counted for the address alone.
//!
//! To weigh a secret costs a processor for long on purpose, so few are weighed at once, in places of their own: a flood of
//! them keeps nobody from signing in to the console. Who failed too often gets no place.

use super::register;
use crate::{
    App,
    limits::{self, Limit},
};
use procura_model::{ClientId, Ctx, Digest, Doing as _, Error, Reason, Result};
use tokio::sync::Semaphore;

/// How many secrets are weighed at once at the most.
const MOST_AT_ONCE: usize = 8;
/// How many wait for a place at the most.
const MAX_WAITING: usize = 256;

/// The places in which secrets are weighed.
#[derive(Debug)]
pub(super) struct Places {
    at_once: Semaphore,
    waiting: Semaphore,
}

impl Default for Places {
    fn default() -> Self {
        // Half the machine: the other half answers.
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let at_once = Semaphore::new((processors / 2).clamp(1, MOST_AT_ONCE));
        Self { at_once, waiting: Semaphore::new(MAX_WAITING) }
    }
}

/// The tries of somebody to be a client.
#[derive(Clone, Copy)]
pub(super) struct Tries<'t> {
    ctx: &'t Ctx,
    client: Option<&'t ClientId>,
}

impl<'t> Tries<'t> {
    /// To be this client.
    pub(super) const fn of(ctx: &'t Ctx, client: &'t ClientId) -> Self {
        Self { ctx, client: Some(client) }
    }

    /// To be a client that is none.
    pub(super) const fn of_nobody(ctx: &'t Ctx) -> Self {
        Self { ctx, client: None }
    }

    /// Of a bounded length, whatever the client's id is.
    fn key(&self) -> String {
        let (from, client) = (register::block(self.ctx.origin.ip), self.client.map(ClientId::as_str));
        Digest::of(format!("client\n{from}\n{}", client.unwrap_or_default()).as_bytes()).hex()
    }

    /// Demands that they did not fail too often.
    ///
    /// # Errors
    /// `RATE_LIMITED`.
    pub(super) fn demand(&self, app: &App) -> Result<()> {
        let allowance = limits::peek(app, Limit::Auth, &self.key());
        if allowance.allowed { Ok(()) } else { Err(limits::refusal(&allowance)) }
    }

    /// Counts a failure, and answers what they are told of it.
    pub(super) fn failed(&self, app: &App, error: Error) -> Error {
        if !matches!(error.reason(), Reason::OauthClientInvalid | Reason::OauthDocumentInvalid) {
            return error;
        }
        let allowance = limits::check(app, Limit::Auth, &self.key());
        if allowance.allowed { error } else { limits::refusal(&allowance) }
    }

    /// Does work that costs a processor for long, as soon as there is a place.
    ///
    /// # Errors
    /// `RATE_LIMITED` where they failed too often, also while they waited; `UNAVAILABLE` where too many wait.
    pub(super) async fn weigh<T: Send + 'static>(
        &self,
        app: &App,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        self.demand(app)?;
        weigh(app, || self.demand(app), work).await
    }
}

/// Does work of the house's own that costs as much: the hash of a new secret.
///
/// # Errors
/// `UNAVAILABLE` where too many wait.
pub(super) async fn weigh_own<T: Send + 'static>(
    app: &App,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    weigh(app, || Ok(()), work).await
}

async fn weigh<T: Send + 'static>(
    app: &App,
    demand: impl FnOnce() -> Result<()>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let places = &app.oauth_clients.places;
    let waiting = places.waiting.try_acquire();
    let waiting =
        waiting.map_err(|_| Reason::Unavailable.because("Too many clients show themselves at once."))?;
    let _place = places.at_once.acquire().await.doing("find a place to weigh a client's secret")?;
    drop(waiting);
    demand()?;
    tokio::task::spawn_blocking(work).await.doing("weigh a client's secret")
}
