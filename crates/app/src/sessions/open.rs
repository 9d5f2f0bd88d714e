//! An agent begins to act for a user: the user's token is verified once, forgotten, and a secret of our own takes
//! its place (USR-5). Who the user is lies sealed in the session's row and nowhere else. A token whose session was
//! revoked opens no other: otherwise whoever still holds it would undo the revocation.

use super::profile;
use crate::{App, users};
use procura_crypto::{TokenKind, token};
use procura_model::{
    Actor, AgentSession, Ctx, Event, EventKind, Reason, Result, Scope, Secret, SessionId, ShownOnce,
    time::SECOND_MS,
};
use procura_store::{
    agent_sessions::{self as rows, NewAgentSession},
    user_auth,
};
use std::ops::RangeInclusive;

/// How long a session may be asked to last, in seconds.
pub const EXPIRES_IN_SECONDS: RangeInclusive<i64> = 60..=86_400;

/// A session that somebody wants.
#[derive(Debug)]
pub struct OpenAsk {
    /// The user's token, on its one way.
    pub token: Secret<String>,
    /// How long it shall last, in seconds; never longer than the agent's settings allow.
    pub expires_in_seconds: Option<i64>,
}

/// A session that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The session.
    pub session: AgentSession,
    /// What the agent sends in `X-Procura-Session`, shown this once.
    pub secret: ShownOnce,
}

/// Opens a session of the calling agent for the user whom a token names.
///
/// # Errors
/// `AGENT_ID_MISSING` when the caller is no agent, `FIELD_INVALID`, `SESSION_REVOKED` for the token of a session that
/// was revoked, and as [`users::verify`].
pub async fn open(app: &App, ctx: &Ctx, ask: OpenAsk) -> Result<Opened> {
    ctx.actor.require(Scope::Sessions)?;
    let Actor::Agent { agent, .. } = ctx.actor else {
        let text = "A session is opened by the agent that acts in it: use that agent's key (pca_..).";
        return Err(Reason::AgentIdMissing.because(text));
    };
    if ask.expires_in_seconds.is_some_and(|seconds| !EXPIRES_IN_SECONDS.contains(&seconds)) {
        return Err(Reason::FieldInvalid.because("expiresInSeconds must be between 60 and 86400."));
    }
    let verified = users::verify(app, ctx, agent, &ask.token).await?;
    let token_code = app.seals.token_code(ctx.tenant, agent, &ask.token);
    // Verifying may have taken seconds: the session begins now.
    let now = app.now();
    let lasts = ask
        .expires_in_seconds
        .map_or(verified.session_seconds, |wanted| wanted.min(verified.session_seconds));
    let minted = token::mint(TokenKind::Session, &app.entropy);
    let id = SessionId::new(now, &app.entropy);
    let session = AgentSession {
        id,
        agent,
        user: app.seals.pseudonym(ctx.tenant, &verified.user.id),
        method: verified.method,
        created_at: now,
        expires_at: now.plus_ms(lasts.saturating_mul(SECOND_MS)),
        revoked_at: None,
        last_used_at: None,
    };
    let sealed_user =
        app.seals.seal_profile((ctx.tenant, id), &profile::write(&verified.user), &app.entropy)?;
    let new = NewAgentSession { session, digest: minted.digest, sealed_user, token_code };
    store(app, ctx, &new).await?;
    Ok(Opened { session: new.session, secret: minted.secret })
}

async fn store(app: &App, ctx: &Ctx, new: &NewAgentSession) -> Result<()> {
    let session = &new.session;
    let mut event = Event::new(EventKind::SessionOpened).of_agent(session.agent).about(session.id);
    event.user = Some(session.user.clone());
    let mut writer = app.store.write(ctx).await?;
    user_auth::hold(&mut writer, session.agent).await?.ok_or(Reason::UserAuthMissing)?;
    if rows::is_token_revoked(&mut writer, session.agent, &new.token_code).await? {
        event.kind = EventKind::UserRefused;
        event.target = None;
        event.reason = Some(Reason::SessionRevoked);
        let text = "The session of this token was revoked; a new session needs a new token of the user.";
        return Err(writer.refuse(event, Reason::SessionRevoked.because(text)).await);
    }
    rows::insert(&mut writer, new).await?;
    writer.commit(event.with_facts(&serde_json::json!({ "method": session.method }))).await
}
