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
    let mut known = HashSet::new();
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let began = Instant::now();
        let mut lobby = app.store.lobby();
        let read = tokio::time::timeout(STALE_AFTER, lobby.revocations_since(last_seq, app.now()));
        match read.await.doing("read revocations in time").flatten() {
            Ok(rows) => {
                last_seq = rows.iter().map(|row| row.seq).fold(last_seq, i64::max);
                obey(app, &rows, &mut known);
                app.revocations.confirm(began);
                app.metrics.revocations_read(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
            }
            Err(error) => {
                tracing::warn!(error = ?error, "revocations cannot be read; this node refuses until they can")
            }
        }
    }
}

/// Forgets what is named. A row is read many times over, because one with a lower number may be committed later, and
/// counts once: what was read after it was first seen has it in it, and is not to be forgotten four times a second.
fn obey(app: &App, rows: &[Revocation], known: &mut HashSet<i64>) {
    let mut is_server_changed = false;
    for row in rows.iter().filter(|row| !known.contains(&row.seq)) {
        app.snapshots.obey(row);
        app.sessions.obey(row, app.now());
        app.oauth.obey(row);
        match &row.subject {
            Subject::Client(client) => app.oauth_clients.forget(client),
            // The gateway keeps the servers of each organization: one that another node changed or removed is dropped.
            Subject::Server(_) => is_server_changed = true,
            Subject::Tenant
            | Subject::Agent(_)
            | Subject::Credential(_)
            | Subject::Session(_)
            | Subject::Account(_)
            | Subject::OauthSession(_) => {}
        }
    }
    *known = rows.iter().map(|row| row.seq).collect();
    if is_server_changed {
        app.servers_changed.send_modify(|count| *count += 1);
    }
}
