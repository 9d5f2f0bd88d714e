//! Asking for the addresses of a name: once per connection, so that a name which answers
//! differently the second time (rebinding) is never asked a second time.

use crate::{error::EgressError, url::Host};
use std::{
    fmt, io,
    net::{IpAddr, ToSocketAddrs},
    sync::Arc,
};
use tokio::sync::Semaphore;

/// Lookups block a thread each; this many may do so at once, so that slow names of one
/// organization do not eat the pool of blocking threads.
static SYSTEM_LOOKUPS: Semaphore = Semaphore::const_new(64);

/// Gives the addresses of a name.
pub type Lookup = dyn Fn(&str) -> Vec<IpAddr> + Send + Sync;

/// Where addresses come from.
#[derive(Clone)]
pub enum Resolver {
    /// The machine's own resolver.
    System,
    /// A function, for tests and for records that bring their answers with them.
    Fixed(Arc<Lookup>),
}

impl Resolver {
    /// A resolver that answers from a function.
    pub fn fixed(answer: impl Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static) -> Self {
        Self::Fixed(Arc::new(answer))
    }

    /// Every address of the host. A literal is its own answer and asks nobody.
    pub(crate) async fn lookup(&self, host: &Host) -> Result<Vec<IpAddr>, EgressError> {
        let name = match host {
            Host::Address(address) => return Ok(vec![*address]),
            Host::Name(name) => name,
        };
        match self {
            Self::Fixed(answer) => Ok(answer(name)),
            Self::System => ask_system(name).await,
        }
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("System"),
            Self::Fixed(_) => f.write_str("Fixed"),
        }
    }
}

/// The turn is kept by the thread that blocks, so that a caller who gave up does not free it early.
async fn ask_system(name: &str) -> Result<Vec<IpAddr>, EgressError> {
    let turn = SYSTEM_LOOKUPS.acquire().await.map_err(|_| EgressError::Dns(None))?;
    let name = name.to_owned();
    let lookup = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let found = (name.as_str(), 0).to_socket_addrs()?;
        Ok(found.map(|socket| socket.ip()).collect())
    });
    lookup.await.unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into())).map_err(EgressError::dns)
}
