//! Following revocations (SES-1). The table is the truth; each node re-reads its tail every 250 ms
//! and forgets what it names. A node whose last reading is older than a second refuses, without
//! exception (decision 20). A process that holds its SQLite file alone is the only writer there is,
//! so what it revokes is forgotten by the revoking itself and no reading can be late.

use crate::App;
use parking_lot::Mutex;
use procura_model::{Reason, Result, error::Doing as _};
use procura_store::revocations::{Revocation, Subject};
use std::{
    collections::HashSet,
    time::{Duration, Instant},
};
use tokio::time::MissedTickBehavior;

/// How often the tail is read.
const EVERY: Duration = Duration::from_millis(250);
/// How old the last reading may be.
const STALE_AFTER: Duration = Duration::from_secs(1);

/// When the tail was last read, on a clock that cannot be set back.
#[derive(Debug, Default)]
pub struct Freshness(Mutex<Option<Instant>>);

impl Freshness {
    fn confirm(&self, began: Instant) {
        *self.0.lock() = Some(began);
    }

    fn is_fresh(&self) -> bool {
        self.0.lock().is_some_and(|at| at.elapsed() <= STALE_AFTER)
    }
}

/// Demands that this node knows the newest revocations.
///
/// # Errors
/// `REVOCATION_STATE_STALE` when the last reading is older than a second.
pub fn demand_fresh(app: &App) -> Result<()> {
    if app.store.is_alone() || app.revocations.is_fresh() {
        return Ok(());
    }
    Err(Reason::RevocationStale.into())
}

/// Reads the tail every 250 ms for as long as it is polled.
pub(crate) async fn follow(app: &App) {
    if app.store.is_alone() {
        return;
    }
    let mut last_seq = 0;
    let mut known_servers = HashSet::new();
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let began = Instant::now();
        let mut lobby = app.store.lobby();
        let read = tokio::time::timeout(STALE_AFTER, lobby.revocations_since(last_seq, app.now()));
        match read.await.doing("read revocations in time").flatten() {
            Ok(rows) => {
                for row in &rows {
                    last_seq = last_seq.max(row.seq);
                    app.snapshots.obey(row);
                    app.sessions.obey(row, app.now());
                    app.oauth.obey(row);
                }
                app.api_keys.obey(&rows);
                obey_clients(app, &rows);
                obey_servers(app, &rows, &mut known_servers);
                app.revocations.confirm(began);
                app.metrics.revocations_read(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
            }
            Err(error) => {
                tracing::warn!(error = ?error, "revocations cannot be read; this node refuses until they can")
            }
        }
    }
}

/// What was verified of a client's secrets is verified again.
fn obey_clients(app: &App, rows: &[Revocation]) {
    for row in rows {
        if let Subject::Client(client) = &row.subject {
            app.oauth_clients.forget(client);
        }
    }
}

/// The gateway keeps the servers of each organization; a server that another node changed or removed is
/// dropped at once. Rows are read many times over, so each counts once.
fn obey_servers(app: &App, rows: &[Revocation], known: &mut HashSet<i64>) {
    let of_servers =
        || rows.iter().filter(|row| matches!(row.subject, Subject::Server(_))).map(|row| row.seq);
    let is_new = of_servers().any(|seq| !known.contains(&seq));
    *known = of_servers().collect();
    if is_new {
        app.servers_changed.send_modify(|count| *count += 1);
    }
}
