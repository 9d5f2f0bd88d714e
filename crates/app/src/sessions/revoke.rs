//! Ending sessions before their time (SES-1, SES-2). The row, the news for other nodes and the record are one
//! commit; this node ends what stands on the session before the answer goes out.

use super::list::may_read;
use crate::App;
use procura_model::{
    AgentId, Ctx, Event, EventKind, Reason, Result, Scope, SessionId, SessionState, UserRef,
    user::MAX_USER_ID_BYTES,
};
use procura_store::{agent_sessions as rows, agents, user_auth};

/// Sessions that are being ended. However the commit goes, also if its caller goes away in the middle, they end
/// on this node: what may have been revoked is not served.
struct Ending<'e> {
    app: &'e App,
    sessions: Vec<SessionId>,
    reason: Reason,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.app.sessions.end(&self.sessions, self.reason, self.app.now());
    }
}

/// Ends one session. Ending one that has ended changes nothing. An agent may end the session in which it acts: it is
/// done, the session's time is over, and the user's token may open another; whoever else ends it revokes it and the
/// token.
///
/// # Errors
/// `NOT_FOUND`; the scope is missing.
pub async fn revoke(app: &App, ctx: &Ctx, session: SessionId) -> Result<()> {
    may_read(ctx, session, Scope::RevokeSessions)?;
    let is_own = ctx.actor.acting_for().is_some_and(|acting| acting.session == session);
    let reason = if is_own { Reason::SessionExpired } else { Reason::SessionRevoked };
    let mut writer = app.store.write(ctx).await?;
    let found = rows::find(&mut writer, session).await?.ok_or(Reason::NotFound)?;
    user_auth::hold(&mut writer, found.session.agent).await?;
    if found.session.state(ctx.now) != SessionState::Live {
        return Ok(());
    }
    let ending = Ending { app, sessions: vec![session], reason };
    let ended = if is_own {
        rows::close(&mut writer, session).await?
    } else {
        rows::revoke(&mut writer, session).await?
    };
    writer.commit(event(ended.agent, &ended.user, session)).await?;
    drop(ending);
    Ok(())
}

/// Ends every session of a user with an agent, and says how many those were. The tokens of sessions that are over by
/// themselves open no others either: they may outlast them.
///
/// # Errors
/// `NOT_FOUND` when the organization has no such agent, `FIELD_INVALID`; the scope is missing.
pub async fn revoke_user(app: &App, ctx: &Ctx, agent: AgentId, user_id: &str) -> Result<usize> {
    ctx.actor.require(Scope::RevokeSessions)?;
    if user_id.trim().is_empty() || user_id.len() > MAX_USER_ID_BYTES {
        let text = format!("userId must have 1 to {MAX_USER_ID_BYTES} bytes and not be blank.");
        return Err(Reason::FieldInvalid.because(text));
    }
    let user = app.seals.pseudonym(ctx.tenant, user_id);
    let mut writer = app.store.write(ctx).await?;
    agents::get(&mut writer, agent).await?;
    // Whoever opens a session meanwhile comes before or after this, not in between.
    user_auth::hold(&mut writer, agent).await?;
    let sessions = rows::revoke_all_of_user(&mut writer, agent, &user).await?;
    let refused = rows::refuse_tokens_of_user(&mut writer, agent, &user).await?;
    let mut events: Vec<Event> = sessions.iter().map(|session| event(agent, &user, *session)).collect();
    if refused > 0 {
        let mut event = Event::new(EventKind::UserRefused)
            .of_agent(agent)
            .with_facts(&serde_json::json!({ "tokens": refused }));
        event.user = Some(user);
        event.reason = Some(Reason::SessionRevoked);
        events.push(event);
    }
    if events.is_empty() {
        return Ok(0);
    }
    let ending = Ending { app, sessions, reason: Reason::SessionRevoked };
    writer.commit_all(events).await?;
    Ok(ending.sessions.len())
}

fn event(agent: AgentId, user: &UserRef, session: SessionId) -> Event {
    let mut event = Event::new(EventKind::SessionRevoked).of_agent(agent).about(session);
    event.user = Some(user.clone());
    event
}
