//! [`Egress`]: the rules in force, and what was built under them. New rules replace the whole at
//! once, and every idle connection that was opened under the old ones is dropped with them.

use crate::{
    connect::Outside,
    dns::Resolver,
    rules::{Lane, Rules},
    stream::{PooledClient, pooled_client},
    tls,
};
use arc_swap::ArcSwap;
use parking_lot::RwLock;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// Lanes beyond this number start afresh; it bounds what idle pools can hold.
const MAX_LANES: usize = 4096;

/// What an [`Egress`] is built from.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The operator's rules.
    pub rules: Rules,
    /// Where addresses come from.
    pub resolver: Resolver,
    /// Certificates (PEM) of an authority that is believed beside the web's.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// The time for name, socket and TLS together.
    pub connect_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            resolver: Resolver::System,
            extra_ca_pem: None,
            connect_timeout: Duration::from_secs(10),
        }
    }
}

/// Settings that can not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The extra authority does not read.
    #[error("the extra certificate authority is not a readable PEM file of certificates")]
    ExtraCa,
    /// TLS itself could not be set up.
    #[error("TLS could not be set up")]
    Tls,
}

/// The way out. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Egress {
    pub(crate) outside: Arc<Outside>,
    policy: Arc<ArcSwap<Policy>>,
}

/// The rules, and the pooled clients that were opened under them, one per lane.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) rules: Arc<Rules>,
    lanes: RwLock<HashMap<Lane, PooledClient>>,
}

impl Policy {
    fn new(rules: Rules) -> Self {
        Self { rules: Arc::new(rules), lanes: RwLock::new(HashMap::new()) }
    }

    /// The lane's own client: a connection that was allowed for one organization and purpose can
    /// not be picked up by another.
    pub(crate) fn client(&self, lane: Lane, outside: &Arc<Outside>) -> PooledClient {
        if let Some(client) = self.lanes.read().get(&lane) {
            return client.clone();
        }
        let mut lanes = self.lanes.write();
        if lanes.len() >= MAX_LANES {
            lanes.clear();
        }
        let fresh = || pooled_client(Arc::clone(outside), Arc::clone(&self.rules), lane);
        lanes.entry(lane).or_insert_with(fresh).clone()
    }
}

impl Egress {
    /// Builds the way out. Needs no running system; sockets are opened when something is sent.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let outside = Outside {
            resolver: settings.resolver,
            tls: tls::client_config(settings.extra_ca_pem.as_deref())?,
            connect_timeout: settings.connect_timeout,
        };
        Ok(Self {
            outside: Arc::new(outside),
            policy: Arc::new(ArcSwap::from_pointee(Policy::new(settings.rules))),
        })
    }

    /// Puts new rules in force. Requests on their way end under the rules they began with; no
    /// later one uses a connection that the old rules allowed.
    pub fn set_rules(&self, rules: Rules) {
        self.policy.store(Arc::new(Policy::new(rules)));
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.policy.load().rules)
    }

    pub(crate) fn client(&self, lane: Lane) -> PooledClient {
        self.policy.load().client(lane, &self.outside)
    }
}
