//! Waiting for an answer without asking every second: a request may be held until somebody has answered. Answers on this
//! node are heard of at once, those of other nodes by looking again.

use super::read;
use crate::App;
use procura_model::{Approval, ApprovalId, ApprovalState, Ctx, Result};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long a request may be held, in seconds.
pub const MAX_WAIT_SECONDS: u64 = 30;
/// How often it is looked what other nodes have answered.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Counts up when an approval was answered or withdrawn on this node.
pub type Answered = watch::Sender<u64>;

/// One approval, as soon as it no longer waits, or as it is when the time is over.
///
/// # Errors
/// `NOT_FOUND`, or the scope is missing.
pub async fn wait(app: &App, ctx: &Ctx, id: ApprovalId, longest: Duration) -> Result<Approval> {
    let deadline = Instant::now() + longest.min(Duration::from_secs(MAX_WAIT_SECONDS));
    let mut answered = app.approvals_answered.subscribe();
    let stopping = app.jobs.stopping();
    loop {
        // Before the reading, so that an answer behind it is not missed.
        answered.borrow_and_update();
        let approval = read::get(app, ctx, id).await?;
        let left = deadline.saturating_duration_since(Instant::now());
        if approval.state != ApprovalState::Waiting || left.is_zero() || stopping.is_cancelled() {
            return Ok(approval);
        }
        tokio::select! {
            () = stopping.cancelled() => {}
            // Whatever ends it, the row says how it stands.
            _ = tokio::time::timeout(left.min(LOOK_EVERY), answered.changed()) => {}
        }
    }
}
