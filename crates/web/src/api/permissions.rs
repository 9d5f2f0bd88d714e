//! Permissions: what an agent may and may not do (VER-2).

use crate::{
    body::Body,
    extract::{Caller, Id},
    operation::{Created, Done, List, Reading, Reply, Writing},
    schema::PermissionForm,
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::permissions;
use procura_model::{AgentId, Permission, PermissionId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(get, replace, remove))
}

/// A permission and the agent that has it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PermissionOfAgent)]
pub(crate) struct PermissionView {
    /// The agent that has it.
    #[schema(value_type = String)]
    agent_id: AgentId,
    /// The permission.
    #[schema(value_type = PermissionForm)]
    permission: Permission,
    /// The permission in a sentence.
    sentence: String,
}

fn view(agent_id: AgentId, permission: Permission) -> PermissionView {
    PermissionView { agent_id, sentence: procura_policy::sentence(&permission), permission }
}

/// List an agent's permissions
///
/// Oldest first.
#[utoipa::path(
    get, path = "/v1/agents/{agentId}/permissions", operation_id = "listPermissions", tag = "Permissions",
    params(("agentId" = String, Path, description = "The agent's id.")),
    responses((status = 200, description = "The permissions.", body = List<PermissionView>), Reading),
    security(("bearer" = ["read:permissions"]), ("apiKey" = ["read:permissions"])),
)]
pub(crate) async fn list(
    State(web): State<WebState>,
    caller: Caller,
    Id(agent): Id<AgentId>,
) -> Reply<Json<List<PermissionView>>> {
    let rows = permissions::list(&web.app, &caller.ctx, agent).await?;
    Ok(List::whole(rows, |permission| view(agent, permission)))
}

/// Add a permission
///
/// In force at the next request. Waiting and granted approvals of the agent become stale.
#[utoipa::path(
    post, path = "/v1/agents/{agentId}/permissions", operation_id = "addPermission", tag = "Permissions",
    params(("agentId" = String, Path, description = "The agent's id.")),
    request_body = PermissionForm,
    responses((status = 201, description = "The permission.", body = PermissionView), Writing),
    security(("bearer" = ["write:permissions"]), ("apiKey" = ["write:permissions"])),
)]
pub(crate) async fn add(
    State(web): State<WebState>,
    caller: Caller,
    Id(agent): Id<AgentId>,
    Body(permission): Body<Permission>,
) -> Reply<Created<PermissionView>> {
    let added = permissions::add(&web.app, &caller.ctx, agent, permission).await?;
    Ok(Created(view(agent, added)))
}

/// Get a permission
#[utoipa::path(
    get, path = "/v1/permissions/{permissionId}", operation_id = "getPermission", tag = "Permissions",
    params(("permissionId" = String, Path, description = "The permission's id.")),
    responses((status = 200, description = "The permission.", body = PermissionView), Reading),
    security(("bearer" = ["read:permissions"]), ("apiKey" = ["read:permissions"])),
)]
pub(crate) async fn get(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<PermissionId>,
) -> Reply<Json<PermissionView>> {
    let (agent, permission) = permissions::get(&web.app, &caller.ctx, id).await?;
    Ok(Json(view(agent, permission)))
}

/// Replace a permission
///
/// The whole permission is replaced; its id stays. Needs `read:permissions` as well.
#[utoipa::path(
    put, path = "/v1/permissions/{permissionId}", operation_id = "replacePermission", tag = "Permissions",
    params(("permissionId" = String, Path, description = "The permission's id.")),
    request_body = PermissionForm,
    responses((status = 200, description = "The permission as it is now.", body = PermissionView), Writing),
    security(
        ("bearer" = ["write:permissions", "read:permissions"]),
        ("apiKey" = ["write:permissions", "read:permissions"]),
    ),
)]
pub(crate) async fn replace(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<PermissionId>,
    Body(permission): Body<Permission>,
) -> Reply<Json<PermissionView>> {
    let (agent, _) = permissions::get(&web.app, &caller.ctx, id).await?;
    let changed = permissions::change(&web.app, &caller.ctx, id, permission).await?;
    Ok(Json(view(agent, changed)))
}

/// Remove a permission
#[utoipa::path(
    delete, path = "/v1/permissions/{permissionId}", operation_id = "removePermission", tag = "Permissions",
    params(("permissionId" = String, Path, description = "The permission's id.")),
    responses((status = 204, description = "The permission is gone."), Writing),
    security(("bearer" = ["write:permissions"]), ("apiKey" = ["write:permissions"])),
)]
pub(crate) async fn remove(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<PermissionId>,
) -> Reply<Done> {
    permissions::remove(&web.app, &caller.ctx, id).await?;
    Ok(Done)
}
