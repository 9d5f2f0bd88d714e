//! Agents: registered autonomous actors with an owner, a status and keys (AGT-5).

use crate::{
    App,
    keys::{self, KeyShown},
};
use procura_model::{
    Actor, Agent, AgentId, AgentStatus, Ctx, Event, EventKind, KeyHolder, Page, PageAsk, Reason, Result,
    Scope, Scopes,
};
use procura_store::agents as rows;

pub use rows::AgentDetails;

/// What kind of software a new agent is where nobody says.
pub const USUAL_KIND: &str = "assistant";

/// The details trimmed, with a name of 1 to 80 characters and the rest at most 80.
fn checked(mut details: AgentDetails) -> Result<AgentDetails> {
    for (field, text, least) in [
        ("name", &mut details.name, 1),
        ("kind", &mut details.kind, 0),
        ("provider", &mut details.provider, 0),
    ] {
        *text = text.trim().to_owned();
        let length = text.chars().count();
        if length < least || length > 80 || text.chars().any(char::is_control) {
            return Err(Reason::FieldInvalid.because(format!("{field} must have {least} to 80 characters.")));
        }
    }
    Ok(details)
}

/// Registers an agent and makes its first key, which is shown once.
///
/// # Errors
/// `NAME_TAKEN`, `FIELD_INVALID`, or the scope is missing.
pub async fn create(app: &App, ctx: &Ctx, details: AgentDetails) -> Result<(Agent, KeyShown)> {
    ctx.actor.require(Scope::WriteAgents)?;
    let mut details = checked(details)?;
    if details.kind.is_empty() {
        USUAL_KIND.clone_into(&mut details.kind);
    }
    let agent = Agent {
        id: AgentId::new(ctx.now, &app.entropy),
        name: details.name,
        kind: details.kind,
        provider: details.provider,
        owner: if let Actor::Account { account, .. } = &ctx.actor { Some(*account) } else { None },
        status: AgentStatus::Enabled,
        policy_version: 1,
        created_at: ctx.now,
        last_seen_at: None,
    };
    let (key, digest) = keys::mint(
        app,
        ctx,
        KeyHolder::Agent(agent.id),
        keys::NewKey { name: "first key".to_owned(), scopes: default_scopes(), expires_at: None },
    );
    let mut writer = app.store.write(ctx).await?;
    rows::insert(&mut writer, &agent).await?;
    procura_store::credentials::insert(&mut writer, &key.credential, &digest).await?;
    writer
        .commit_all(vec![
            Event::new(EventKind::AgentCreated).of_agent(agent.id).about(agent.id),
            Event::new(EventKind::KeyCreated).of_agent(agent.id).about(key.credential.id),
        ])
        .await?;
    Ok((agent, key))
}

/// What a new agent's key may do: ask, call tools, act for users, read its own traces, and wait for its own approvals.
#[must_use]
pub fn default_scopes() -> Scopes {
    Scopes::of(&Scope::OF_AGENTS)
}

/// The agents of the organization, newest first.
///
/// # Errors
/// The scope is missing.
pub async fn list(app: &App, ctx: &Ctx, page: &PageAsk) -> Result<Page<Agent>> {
    ctx.actor.require(Scope::ReadAgents)?;
    let mut reader = app.store.read(ctx);
    rows::list(&mut reader, page).await
}

/// One agent.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn get(app: &App, ctx: &Ctx, id: AgentId) -> Result<Agent> {
    ctx.actor.require(Scope::ReadAgents)?;
    let mut reader = app.store.read(ctx);
    rows::get(&mut reader, id).await
}

/// Changes what is said about an agent.
///
/// # Errors
/// `NOT_FOUND`, `NAME_TAKEN`, `FIELD_INVALID`.
pub async fn change(app: &App, ctx: &Ctx, id: AgentId, details: AgentDetails) -> Result<Agent> {
    ctx.actor.require(Scope::WriteAgents)?;
    let details = checked(details)?;
    let mut writer = app.store.write(ctx).await?;
    let agent = rows::update(&mut writer, id, &details).await?;
    writer.commit(Event::new(EventKind::AgentChanged).of_agent(id).about(id)).await?;
    app.snapshots.forget_agent(ctx.tenant, id);
    Ok(agent)
}

/// Stops an agent: its keys are refused and its asks denied from the next request on.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn disable(app: &App, ctx: &Ctx, id: AgentId) -> Result<Agent> {
    set_status(app, ctx, id, AgentStatus::Disabled).await
}

/// Lets an agent act again.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn enable(app: &App, ctx: &Ctx, id: AgentId) -> Result<Agent> {
    set_status(app, ctx, id, AgentStatus::Enabled).await
}

async fn set_status(app: &App, ctx: &Ctx, id: AgentId, status: AgentStatus) -> Result<Agent> {
    ctx.actor.require(Scope::WriteAgents)?;
    let mut writer = app.store.write(ctx).await?;
    if rows::set_status(&mut writer, id, status).await? == rows::Changed::No {
        return rows::get(&mut writer, id).await;
    }
    let agent = rows::get(&mut writer, id).await?;
    let kind = match status {
        AgentStatus::Enabled => EventKind::AgentEnabled,
        AgentStatus::Disabled => EventKind::AgentDisabled,
    };
    writer.commit(Event::new(kind).of_agent(id).about(id)).await?;
    app.snapshots.forget_agent(ctx.tenant, id);
    Ok(agent)
}
