//! Guardrails: Cedar policies of the organization above every permission (VER-2).

use crate::{
    body::Body,
    extract::{Caller, Id},
    operation::{Created, Done, List, Reading, Reply, Writing},
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::{
    guardrails::{self, Draft},
    permissions,
};
use procura_model::{AgentId, Guardrail, GuardrailId, Time};
use procura_policy::cedar;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(get, replace, remove))
        .routes(routes!(export_permissions))
}

/// A guardrail as somebody wants it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = GuardrailRequest, example = json!({
    "name": "no gift cards",
    "policy": "forbid(principal, action, resource) when { context.action like \"purchase.giftcard*\" };",
}))]
pub(crate) struct GuardrailBody {
    /// What people call it; unique in the organization.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Cedar text that holds `forbid` policies alone. `@obligation("approval")` asks for a person instead of refusing.
    #[schema(min_length = 1, max_length = 16_384)]
    policy: String,
}

impl GuardrailBody {
    fn draft(self) -> Draft {
        Draft { name: self.name, policy: self.policy }
    }
}

/// A Cedar policy that stands above every permission.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Guardrail)]
pub(crate) struct GuardrailView {
    /// The guardrail's id.
    #[schema(value_type = String)]
    id: GuardrailId,
    /// What people call it.
    name: String,
    /// Its Cedar text.
    policy: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl From<Guardrail> for GuardrailView {
    fn from(guardrail: Guardrail) -> Self {
        let Guardrail { id, name, policy, created_at, updated_at } = guardrail;
        Self { id, name, policy, created_at, updated_at }
    }
}

/// An agent's permissions as Cedar.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CedarExport)]
pub(crate) struct ExportView {
    /// The agent.
    #[schema(value_type = String)]
    agent_id: AgentId,
    /// The policies, with comments.
    policies: String,
    /// What Cedar cannot say. Such an allow is left out, such a block is written wider.
    unsaid: Vec<UnsaidView>,
}

/// Something of a permission that Cedar cannot say.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CedarUnsaid)]
pub(crate) struct UnsaidView {
    /// Which permission.
    permission: String,
    /// What of it.
    what: String,
}

/// List guardrails
///
/// Oldest first.
#[utoipa::path(
    get, path = "/v1/guardrails", operation_id = "listGuardrails", tag = "Permissions",
    responses((status = 200, description = "The guardrails.", body = List<GuardrailView>), Reading),
    security(("bearer" = ["read:permissions"]), ("apiKey" = ["read:permissions"])),
)]
pub(crate) async fn list(State(web): State<WebState>, caller: Caller) -> Reply<Json<List<GuardrailView>>> {
    let rows = guardrails::list(&web.app, &caller.ctx).await?;
    Ok(List::whole(rows, GuardrailView::from))
}

/// Add a guardrail
///
/// In force at the next request, for every agent of the organization.
#[utoipa::path(
    post, path = "/v1/guardrails", operation_id = "addGuardrail", tag = "Permissions",
    request_body = GuardrailBody,
    responses((status = 201, description = "The guardrail.", body = GuardrailView), Writing),
    security(("bearer" = ["write:permissions"]), ("apiKey" = ["write:permissions"])),
)]
pub(crate) async fn add(
    State(web): State<WebState>,
    caller: Caller,
    Body(body): Body<GuardrailBody>,
) -> Reply<Created<GuardrailView>> {
    Ok(Created(guardrails::add(&web.app, &caller.ctx, body.draft()).await?.into()))
}

/// Get a guardrail
#[utoipa::path(
    get, path = "/v1/guardrails/{guardrailId}", operation_id = "getGuardrail", tag = "Permissions",
    params(("guardrailId" = String, Path, description = "The guardrail's id.")),
    responses((status = 200, description = "The guardrail.", body = GuardrailView), Reading),
    security(("bearer" = ["read:permissions"]), ("apiKey" = ["read:permissions"])),
)]
pub(crate) async fn get(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<GuardrailId>,
) -> Reply<Json<GuardrailView>> {
    Ok(Json(guardrails::get(&web.app, &caller.ctx, id).await?.into()))
}

/// Replace a guardrail
#[utoipa::path(
    put, path = "/v1/guardrails/{guardrailId}", operation_id = "replaceGuardrail", tag = "Permissions",
    params(("guardrailId" = String, Path, description = "The guardrail's id.")),
    request_body = GuardrailBody,
    responses((status = 200, description = "The guardrail as it is now.", body = GuardrailView), Writing),
    security(("bearer" = ["write:permissions"]), ("apiKey" = ["write:permissions"])),
)]
pub(crate) async fn replace(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<GuardrailId>,
    Body(body): Body<GuardrailBody>,
) -> Reply<Json<GuardrailView>> {
    Ok(Json(guardrails::change(&web.app, &caller.ctx, id, body.draft()).await?.into()))
}

/// Remove a guardrail
#[utoipa::path(
    delete, path = "/v1/guardrails/{guardrailId}", operation_id = "removeGuardrail", tag = "Permissions",
    params(("guardrailId" = String, Path, description = "The guardrail's id.")),
    responses((status = 204, description = "The guardrail is gone."), Writing),
    security(("bearer" = ["write:permissions"]), ("apiKey" = ["write:permissions"])),
)]
pub(crate) async fn remove(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<GuardrailId>,
) -> Reply<Done> {
    guardrails::remove(&web.app, &caller.ctx, id).await?;
    Ok(Done)
}

/// Export an agent's permissions as Cedar
///
/// For reading and for other tools. Read an answer so: any error of a `forbid` is a deny; an allow is one if a policy
/// without `@obligation("approval")` is among its reasons, else a person must agree.
#[utoipa::path(
    get, path = "/v1/agents/{agentId}/permissions/cedar", operation_id = "exportPermissions", tag = "Permissions",
    params(("agentId" = String, Path, description = "The agent's id.")),
    responses((status = 200, description = "The permissions as Cedar.", body = ExportView), Reading),
    security(("bearer" = ["read:permissions"]), ("apiKey" = ["read:permissions"])),
)]
pub(crate) async fn export_permissions(
    State(web): State<WebState>,
    caller: Caller,
    Id(agent): Id<AgentId>,
) -> Reply<Json<ExportView>> {
    let permissions = permissions::list(&web.app, &caller.ctx, agent).await?;
    let export = cedar::to_cedar(&agent.to_string(), &permissions);
    let unsaid = export.unsaid.into_iter().map(|(permission, what)| UnsaidView { permission, what });
    Ok(Json(ExportView { agent_id: agent, policies: export.text, unsaid: unsaid.collect() }))
}
