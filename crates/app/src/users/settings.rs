//! Setting and reading how the users of an agent are verified (USR-1). A change holds from the next token on, on every
//! node; sessions that are open stay, and whoever wants them ended revokes them. Secrets follow their method: those that
//! the new method has no use for are destroyed with the change.

use super::{
    UserAuthSettings, WidgetSettings, limits, method,
    secrets::{KeptSecret, secrets_of},
};
use crate::App;
use procura_model::{AgentId, Ctx, Doing, Event, EventKind, Reason, Result, Scope, Time, UserAuthMethod};
use procura_store::{
    Writer, agents,
    secrets::{self as secret_rows, SecretOf, SecretPurpose},
    user_auth as rows,
};

/// How the users of an agent are verified, as it may be shown: of the secrets only that they are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configured {
    /// The settings.
    pub settings: UserAuthSettings,
    /// The live secrets of the method, the newest first.
    pub secrets: Vec<KeptSecret>,
    /// When a method was first set.
    pub created_at: Time,
    /// When the settings were last changed.
    pub updated_at: Time,
}

/// How the users of an agent are verified; none where nobody has said.
///
/// # Errors
/// `NOT_FOUND` for an agent that is not there.
pub async fn get(app: &App, ctx: &Ctx, agent: AgentId) -> Result<Option<Configured>> {
    ctx.actor.require(Scope::ReadAgents)?;
    let mut reader = app.store.read(ctx);
    agents::get(&mut reader, agent).await?;
    let Some(row) = rows::get(&mut reader, agent).await? else { return Ok(None) };
    let secrets = secrets_of(&mut reader, agent, row.method).await?;
    shown(&row, secrets).map(Some)
}

/// Sets how the users of an agent are verified.
///
/// # Errors
/// `NOT_FOUND`, `FIELD_INVALID`, `EGRESS_REFUSED` for an address that is never reached.
pub async fn set(app: &App, ctx: &Ctx, agent: AgentId, settings: UserAuthSettings) -> Result<Configured> {
    ctx.actor.require(Scope::WriteAgents)?;
    limits::demand(&app.egress, ctx.tenant, &settings)?;
    let document = serde_json::to_string(&settings).doing("write the settings of user authentication")?;
    let wanted = settings.method.method();
    let mut writer = app.store.write(ctx).await?;
    agents::get(&mut writer, agent).await?;
    let before = rows::hold(&mut writer, agent).await?;
    let mut events = Vec::new();
    destroy_others(&mut writer, agent, method::purpose_of(wanted), &mut events).await?;
    let row = rows::put(&mut writer, agent, wanted, &document).await?;
    let kept = secrets_of(&mut writer, agent, wanted).await?;
    let shown = shown(&row, kept)?;
    events.insert(0, changed(agent, before.map(|row| row.method), Some(wanted)));
    writer.commit_all(events).await?;
    app.snapshots.forget_agent(ctx.tenant, agent);
    Ok(shown)
}

/// Takes the method of an agent away, with its secrets: tokens are refused from now on. Open sessions stay.
///
/// # Errors
/// `NOT_FOUND`, also where no method is set.
pub async fn remove(app: &App, ctx: &Ctx, agent: AgentId) -> Result<()> {
    ctx.actor.require(Scope::WriteAgents)?;
    let mut writer = app.store.write(ctx).await?;
    agents::get(&mut writer, agent).await?;
    let row = rows::remove(&mut writer, agent).await?.ok_or_else(none_set)?;
    let mut events = vec![changed(agent, Some(row.method), None)];
    destroy_others(&mut writer, agent, None, &mut events).await?;
    writer.commit_all(events).await?;
    app.snapshots.forget_agent(ctx.tenant, agent);
    Ok(())
}

/// The widget of an agent that may act, for the page in the frame, which knows nothing but the agent's id; none where
/// there is no such agent or it has no widget.
///
/// # Errors
/// A fault.
pub async fn widget(app: &App, agent: AgentId) -> Result<Option<WidgetSettings>> {
    let Some(found) = app.store.lobby().user_auth_of_agent(agent).await? else { return Ok(None) };
    Ok(read(&found.settings)?.widget)
}

/// The refusal of what is about a method where none is set.
pub fn none_set() -> procura_model::Error {
    Reason::NotFound.because("No method is set by which users of this agent are verified.")
}

pub(super) fn read(document: &str) -> Result<UserAuthSettings> {
    serde_json::from_str(document).doing("read the settings of user authentication")
}

fn shown(row: &rows::UserAuth, secrets: Vec<KeptSecret>) -> Result<Configured> {
    Ok(Configured {
        settings: read(&row.settings)?,
        secrets,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// Destroys the agent's secrets of every purpose but this one.
async fn destroy_others(
    writer: &mut Writer<'_>,
    agent: AgentId,
    kept: Option<SecretPurpose>,
    events: &mut Vec<Event>,
) -> Result<()> {
    for purpose in SecretPurpose::ALL.into_iter().filter(|purpose| Some(*purpose) != kept) {
        for secret in secret_rows::remove_others(writer, SecretOf { purpose, agent }, None).await? {
            events.push(Event::new(EventKind::SecretRemoved).of_agent(agent).about(secret));
        }
    }
    Ok(())
}

fn changed(agent: AgentId, before: Option<UserAuthMethod>, now: Option<UserAuthMethod>) -> Event {
    Event::new(EventKind::UserAuthChanged)
        .of_agent(agent)
        .about(agent)
        .with_facts(&serde_json::json!({ "before": before, "method": now }))
}
