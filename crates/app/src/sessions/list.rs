//! Looking at sessions: by pseudonym, never by who the user is (USR-7).

use crate::App;
use procura_model::{AgentSession, Ctx, Page, PageAsk, Reason, Result, Scope, SessionId};
use procura_store::agent_sessions as rows;

pub use rows::{SessionFilter, Standing};

/// The sessions of the organization, newest first; those that ended stay for a month.
///
/// # Errors
/// The scope is missing.
pub async fn list(
    app: &App,
    ctx: &Ctx,
    filter: &SessionFilter,
    page: &PageAsk,
) -> Result<Page<AgentSession>> {
    ctx.actor.require(Scope::ReadSessions)?;
    rows::list(&mut app.store.read(ctx), filter, page).await
}

/// One session. An agent may look at the one in which it acts.
///
/// # Errors
/// `NOT_FOUND`; the scope is missing.
pub async fn get(app: &App, ctx: &Ctx, session: SessionId) -> Result<AgentSession> {
    may_read(ctx, session, Scope::ReadSessions)?;
    let found = rows::find(&mut app.store.read(ctx), session).await?;
    Ok(found.ok_or(Reason::NotFound)?.session)
}

/// An agent that acts in the session may do to it what `scope` allows others.
pub(super) fn may_read(ctx: &Ctx, session: SessionId, scope: Scope) -> Result<()> {
    match ctx.actor.acting_for() {
        Some(acting) if acting.session == session => ctx.actor.require(Scope::Sessions),
        _ => ctx.actor.require(scope),
    }
}
