//! Work in the background. Every task has an owner: it is counted here, told to stop on shutdown,
//! and waited for.

use crate::App;
use procura_model::time::DAY_MS;
use procura_store::lobby::Prune;
use std::{future::Future, sync::Arc, time::Duration};
use tokio::time::MissedTickBehavior;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How often upkeep runs.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// How often it is looked which sessions of users are over.
const EXPIRE_EVERY: Duration = Duration::from_millis(250);
/// How long revocations are kept: every node reads them within seconds.
const KEEP_REVOCATIONS_MS: i64 = DAY_MS;
/// How long events are kept for webhooks that ask for what they missed.
const KEEP_OUTBOX_MS: i64 = 30 * DAY_MS;
/// How long ended sessions of users stay in the list.
const KEEP_SESSIONS_MS: i64 = 30 * DAY_MS;
/// How long shutdown waits for tasks before it leaves them.
const SHUTDOWN_AFTER: Duration = Duration::from_secs(10);

/// The owner of all tasks.
#[derive(Clone, Debug, Default)]
pub struct Jobs {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Jobs {
    /// Runs a task to its end; it is waited for at shutdown.
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tracker.spawn(task);
    }

    /// Runs a task that is dropped at shutdown.
    pub fn spawn_until_stop<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// Is cancelled when the server stops.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Tells every task to stop and waits for them, at most ten seconds.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.tracker.close();
        if tokio::time::timeout(SHUTDOWN_AFTER, self.tracker.wait()).await.is_err() {
            tracing::warn!(tasks = self.tracker.len(), "tasks did not stop in time and are left");
        }
    }

    /// How many tasks run.
    #[must_use]
    pub fn running(&self) -> usize {
        self.tracker.len()
    }
}

/// Starts what runs as long as the server: following revocations, ending sessions in time, and upkeep.
pub fn start(app: &Arc<App>) {
    let following = Arc::clone(app);
    app.jobs.spawn_until_stop(async move { crate::revocations::follow(&following).await });
    let ending = Arc::clone(app);
    app.jobs.spawn_until_stop(async move {
        let mut ticks = tokio::time::interval(EXPIRE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            ending.sessions.expire(ending.now());
        }
    });
    let keeping = Arc::clone(app);
    app.jobs.spawn_until_stop(async move {
        let mut ticks = tokio::time::interval(UPKEEP_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            upkeep(&keeping).await;
        }
    });
}

/// One round of upkeep: writes down when keys and sessions were last used, closes approvals that nobody
/// answered, and drops rows whose time is over. Tests call this instead of waiting.
pub async fn upkeep(app: &App) {
    let now = app.now();
    app.sessions.expire(now);
    app.sessions.tidy(now);
    app.recent.tidy(now);
    let prune = Prune {
        expired: now,
        agent_sessions: now.plus_ms(-KEEP_SESSIONS_MS),
        revocations: now.plus_ms(-KEEP_REVOCATIONS_MS),
        outbox: now.plus_ms(-KEEP_OUTBOX_MS),
    };
    for (what, done) in [
        ("write down last uses", app.snapshots.write_touches(&app.rows(now)).await),
        ("write down last uses of sessions", crate::sessions::write_uses(app).await),
        ("look after clients", crate::oauth::clients::keep(app).await),
        ("look after clients' tokens", crate::oauth::keep(app).await),
        ("look after registered agents", crate::agent_auth::keep(app).await),
        ("expire reservations", crate::budgets::expire(app).await),
        ("expire approvals", app.store.lobby().expire_approvals(now).await.map(drop)),
        ("prune rows", app.store.lobby().prune(prune).await),
        ("remove old links to approvals", app.store.lobby().prune_approval_links(now).await),
        ("destroy replaced secrets", app.store.lobby().prune_secrets(now).await),
    ] {
        if let Err(error) = done {
            tracing::warn!(doing = what, error = ?error, "upkeep failed and is tried again");
        }
    }
}
