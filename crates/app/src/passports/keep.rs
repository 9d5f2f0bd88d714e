//! What the organization does with a passport: make or rotate it, look at its state, revoke it.

use crate::App;
use procura_crypto::{Minted, TokenKind, token};
use procura_model::{AgentId, Ctx, Event, EventKind, PassportId, Reason, Result, Scope, ShownOnce};
use procura_store::{agents, passports as rows};

pub use rows::Passport;

/// A passport with the link that opens it, which is shown once.
#[derive(Debug)]
pub struct Made {
    /// The passport.
    pub passport: Passport,
    /// The page with the token in the fragment, which no browser sends to any server.
    pub url: ShownOnce,
}

/// Makes an agent's passport, or gives it a new token: every link that was made before is dead from then on.
///
/// # Errors
/// `NOT_FOUND`, or the scope is missing.
pub async fn make(app: &App, ctx: &Ctx, agent: AgentId) -> Result<Made> {
    ctx.actor.require(Scope::WriteAgents)?;
    let Minted { secret, digest, .. } = token::mint(TokenKind::Passport, &app.entropy);
    let mut writer = app.store.write(ctx).await?;
    agents::get(&mut writer, agent).await?;
    let fresh = PassportId::new(ctx.now, &app.entropy);
    let passport = rows::put(&mut writer, agent, fresh, &digest).await?;
    writer.commit(event(EventKind::PassportRotated, &passport)).await?;
    let url = format!("{}/passport/{}#token={}", app.settings.public_url, passport.id, secret.show());
    Ok(Made { passport, url: ShownOnce::new(url) })
}

/// The state of an agent's passport; none where none was ever made.
///
/// # Errors
/// `NOT_FOUND` for an unknown agent, or the scope is missing.
pub async fn of_agent(app: &App, ctx: &Ctx, agent: AgentId) -> Result<Option<Passport>> {
    ctx.actor.require(Scope::ReadAgents)?;
    let mut reader = app.store.read(ctx);
    agents::get(&mut reader, agent).await?;
    rows::get(&mut reader, agent).await
}

/// Ends an agent's passport: its link opens nothing from then on.
///
/// # Errors
/// `NOT_FOUND` where there is none, or the scope is missing.
pub async fn revoke(app: &App, ctx: &Ctx, agent: AgentId) -> Result<()> {
    ctx.actor.require(Scope::WriteAgents)?;
    let mut writer = app.store.write(ctx).await?;
    if let Some(passport) = rows::revoke(&mut writer, agent).await? {
        return writer.commit(event(EventKind::PassportRevoked, &passport)).await;
    }
    // Revoked before: that is what was asked for.
    rows::get(&mut writer, agent).await?.map(drop).ok_or_else(|| Reason::NotFound.into())
}

fn event(kind: EventKind, passport: &Passport) -> Event {
    let facts = serde_json::json!({ "version": passport.version });
    Event::new(kind).of_agent(passport.agent).about(passport.id).with_facts(&facts)
}
