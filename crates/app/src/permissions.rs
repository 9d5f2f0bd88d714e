//! Permissions: what an agent may and may not do. Every change counts up the agent's policy version,
//! makes waiting and granted approvals of the old version stale, and is obeyed at the next request.

use crate::App;
use procura_model::{AgentId, Ctx, Event, EventKind, Permission, PermissionId, Reason, Result, Scope};
use procura_store::{Writer, agents, permissions as rows};

/// How many permissions one agent may have.
const MAX_PER_AGENT: usize = 500;

/// The permissions of an agent, oldest first.
///
/// # Errors
/// `NOT_FOUND` for an unknown agent.
pub async fn list(app: &App, ctx: &Ctx, agent: AgentId) -> Result<Vec<Permission>> {
    ctx.actor.require(Scope::ReadPermissions)?;
    let mut reader = app.store.read(ctx);
    agents::get(&mut reader, agent).await?;
    rows::list_of_agent(&mut reader, agent).await
}

/// One permission and its agent.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn get(app: &App, ctx: &Ctx, id: PermissionId) -> Result<(AgentId, Permission)> {
    ctx.actor.require(Scope::ReadPermissions)?;
    let mut reader = app.store.read(ctx);
    let granted = rows::get(&mut reader, id).await?;
    Ok((granted.agent, granted.permission))
}

/// Adds a permission.
///
/// # Errors
/// `NOT_FOUND` for an unknown agent, `FIELD_INVALID` naming the field.
pub async fn add(app: &App, ctx: &Ctx, agent: AgentId, permission: Permission) -> Result<Permission> {
    ctx.actor.require(Scope::WritePermissions)?;
    let mut writer = app.store.write(ctx).await?;
    let added = add_in(app, ctx, &mut writer, agent, permission).await?;
    writer.commit(added.event).await?;
    app.snapshots.forget_agent(ctx.tenant, agent);
    Ok(added.permission)
}

/// A permission that was added in a change which is not committed yet.
pub(crate) struct Added {
    pub(crate) permission: Permission,
    /// The agent's policy version with it.
    pub(crate) policy_version: i64,
    /// What tells of it; whoever commits it forgets the agent's snapshot.
    pub(crate) event: Event,
}

/// Adds a permission as part of a larger change.
pub(crate) async fn add_in(
    app: &App,
    ctx: &Ctx,
    writer: &mut Writer<'_>,
    agent: AgentId,
    mut permission: Permission,
) -> Result<Added> {
    ctx.actor.require(Scope::WritePermissions)?;
    procura_policy::validate(&permission)?;
    permission.id = Some(PermissionId::new(ctx.now, &app.entropy));
    if rows::list_of_agent(writer, agent).await?.len() >= MAX_PER_AGENT {
        return Err(
            Reason::FieldInvalid.because(format!("An agent has at most {MAX_PER_AGENT} permissions."))
        );
    }
    let policy_version = rows::insert(writer, agent, &permission).await?;
    let event = event(EventKind::PermissionCreated, agent, &permission, policy_version);
    Ok(Added { permission, policy_version, event })
}

/// Replaces a permission by another text; its id stays.
///
/// # Errors
/// `NOT_FOUND`, `FIELD_INVALID`.
pub async fn change(
    app: &App,
    ctx: &Ctx,
    id: PermissionId,
    mut permission: Permission,
) -> Result<Permission> {
    ctx.actor.require(Scope::WritePermissions)?;
    if permission.id.is_some_and(|named| named != id) {
        return Err(Reason::FieldInvalid.because("id must be left out, or be the id in the path."));
    }
    procura_policy::validate(&permission)?;
    permission.id = Some(id);
    let mut writer = app.store.write(ctx).await?;
    let agent = rows::get(&mut writer, id).await?.agent;
    let version = rows::update(&mut writer, &permission).await?;
    writer.commit(event(EventKind::PermissionChanged, agent, &permission, version)).await?;
    app.snapshots.forget_agent(ctx.tenant, agent);
    Ok(permission)
}

/// Removes a permission.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn remove(app: &App, ctx: &Ctx, id: PermissionId) -> Result<()> {
    ctx.actor.require(Scope::WritePermissions)?;
    let mut writer = app.store.write(ctx).await?;
    let gone = rows::get(&mut writer, id).await?;
    let version = rows::remove(&mut writer, id).await?;
    writer.commit(event(EventKind::PermissionRemoved, gone.agent, &gone.permission, version)).await?;
    app.snapshots.forget_agent(ctx.tenant, gone.agent);
    Ok(())
}

/// What every change records, with the permission's text so that history can be replayed.
fn event(kind: EventKind, agent: AgentId, permission: &Permission, version: i64) -> Event {
    let facts = serde_json::json!({ "permission": permission, "policyVersion": version });
    let event = Event::new(kind).of_agent(agent).with_facts(&facts);
    match permission.id {
        Some(id) => event.about(id),
        None => event,
    }
}

/// Every permission of the organization with its agent, for the page that shows them all.
///
/// # Errors
/// The scope is missing.
pub async fn all(app: &App, ctx: &Ctx) -> Result<Vec<(AgentId, Permission)>> {
    ctx.actor.require(Scope::ReadPermissions)?;
    let mut reader = app.store.read(ctx);
    let granted = rows::list_all(&mut reader).await?;
    Ok(granted.into_iter().map(|one| (one.agent, one.permission)).collect())
}
