//! How the users of all agents are verified and how many act just now, in one look: for a list, which shows
//! neither settings nor users.

use crate::App;
use procura_model::{AgentId, Ctx, Result, Scope, Time, UserAuthMethod};
use procura_store::{agent_sessions, user_auth};
use std::collections::BTreeMap;

/// The users of one agent, as a list tells of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// The method, whether a secret of it lives, and when that was last changed; none where no method is set.
    pub method: Option<(UserAuthMethod, Secrets, Time)>,
    /// How many sessions are live.
    pub live_sessions: i64,
}

/// Whether a method that shares a secret has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// At least one is live.
    Live,
    /// None is.
    None,
}

/// The agents that have a method or a live session.
///
/// # Errors
/// A scope is missing.
pub async fn overview(app: &App, ctx: &Ctx) -> Result<BTreeMap<AgentId, Overview>> {
    ctx.actor.require(Scope::ReadAgents)?;
    ctx.actor.require(Scope::ReadSessions)?;
    let mut reader = app.store.read(ctx);
    let mut out: BTreeMap<AgentId, Overview> = BTreeMap::new();
    for (row, has_secret) in user_auth::list(&mut reader).await? {
        let secrets = if has_secret { Secrets::Live } else { Secrets::None };
        out.entry(row.agent).or_default().method = Some((row.method, secrets, row.updated_at));
    }
    for (agent, live) in agent_sessions::count_live(&mut reader).await? {
        out.entry(agent).or_default().live_sessions = live;
    }
    Ok(out)
}
