//! Watching a session: for whoever holds a stream open until it ends (SES-1). It ends with the session, with the key
//! or agent of the one who watches, and with the server.

use super::{by_id, list::may_read, why_ended};
use crate::{App, identity::Standing};
use procura_model::{Ctx, Reason, Result, Scope, SessionId};
use procura_store::agent_sessions as rows;
use std::{sync::Arc, time::Duration};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How often it is looked whether the watcher may still watch.
const CHECK_EVERY: Duration = Duration::from_millis(500);
/// After how many checks the watcher is told that nothing happened.
const QUIET_CHECKS: u32 = 30;

/// Somebody who watches a session.
#[derive(Debug)]
pub struct Watch {
    app: Arc<App>,
    ctx: Arc<Ctx>,
    session: SessionId,
    ended: CancellationToken,
    standing: Standing,
    checks: Interval,
    quiet: u32,
}

/// What is heard of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It lives; nothing happened for a while.
    Nothing,
    /// It ended, or the watcher may no longer watch: why.
    Ended(Reason),
    /// The server stops.
    Closing,
}

/// Watches a live session: for the agent that acts in it, or whoever may read sessions.
///
/// # Errors
/// `NOT_FOUND`, `SESSION_EXPIRED`, `SESSION_REVOKED`; the scope is missing.
pub async fn watch(app: &Arc<App>, ctx: &Arc<Ctx>, session: SessionId) -> Result<Watch> {
    may_read(ctx, session, Scope::ReadSessions)?;
    let found = rows::find(&mut app.store.read(ctx), session).await?.ok_or(Reason::NotFound)?;
    let live = by_id(app, ctx.tenant, found.session.agent, session).await?;
    let mut checks = interval(CHECK_EVERY);
    checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Ok(Watch {
        app: Arc::clone(app),
        ctx: Arc::clone(ctx),
        session,
        ended: live.ended.clone(),
        standing: Standing::default(),
        checks,
        quiet: 0,
    })
}

impl Watch {
    /// Waits for the next thing to be heard.
    pub async fn next(&mut self) -> Heard {
        let stopping = self.app.jobs.stopping();
        loop {
            tokio::select! {
                biased;
                () = self.ended.cancelled() => return Heard::Ended(why_ended(&self.app, self.session)),
                () = stopping.cancelled() => return Heard::Closing,
                _ = self.checks.tick() => {}
            }
            if let Err(error) = self.standing.demand(&self.app, &self.ctx).await {
                return Heard::Ended(error.reason());
            }
            self.quiet += 1;
            if self.quiet >= QUIET_CHECKS {
                self.quiet = 0;
                return Heard::Nothing;
            }
        }
    }
}
