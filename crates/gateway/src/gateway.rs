//! The gateway itself: what it keeps between requests, and the two tasks that look after it.

use crate::{
    catalogue::Catalogue,
    gates,
    session::Sessions,
    signals::{Change, What},
};
use procura_app::App;
use std::{
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::time::{MissedTickBehavior, interval};

/// How often idle sessions are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// The gateway.
pub struct Gateway {
    pub(crate) app: Arc<App>,
    pub(crate) catalogue: Catalogue,
    pub(crate) sessions: Sessions,
}

impl Gateway {
    /// Starts the gateway; upstreams are reached when they are first wanted.
    #[must_use]
    pub fn start(app: &Arc<App>) -> Arc<Self> {
        let gateway = Arc::new(Self {
            app: Arc::clone(app),
            catalogue: Catalogue::default(),
            sessions: Sessions::default(),
        });
        app.jobs.spawn_until_stop(sweep(Arc::downgrade(&gateway)));
        app.jobs.spawn_until_stop(follow_servers(Arc::downgrade(&gateway), app.servers_changed.subscribe()));
        gateway
    }

    /// Ends every session and stream, and the processes of tool servers. Calls on their way end by
    /// themselves; `app.jobs` waits for them.
    pub async fn shutdown(&self) {
        self.sessions.end_all();
        self.catalogue.forget_all().await;
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").finish_non_exhaustive()
    }
}

/// Ends sessions that are idle too long.
async fn sweep(gateway: Weak<Gateway>) {
    let mut ticks = interval(SWEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(gateway) = gateway.upgrade() else { return };
        gateway.sessions.sweep(gateway.app.now());
    }
}

/// Loads the servers anew when one was added, changed or removed, and tells the clients.
async fn follow_servers(gateway: Weak<Gateway>, mut changed: tokio::sync::watch::Receiver<u64>) {
    while changed.changed().await.is_ok() {
        let Some(gateway) = gateway.upgrade() else { return };
        for tenant in gateway.catalogue.known_tenants() {
            let ctx = gates::own_ctx(&gateway.app, tenant);
            if let Err(error) = gateway.catalogue.servers(&gateway.app, &ctx).await {
                tracing::warn!(tenant.id = %tenant, error = ?error, "the tool servers could not be loaded");
            }
            for what in [What::Tools, What::Prompts, What::Resources] {
                gateway.catalogue.changes.tell(Change { tenant, server: "".into(), what });
            }
        }
    }
}
