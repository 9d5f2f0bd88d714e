//! Agents (AGT-5).

use crate::{
    api::keys::{KeyShownView, KeyView},
    body::{Body, NoBody},
    extract::{Caller, Id, Query},
    operation::{CreatedSecret, List, PageQuery, Reading, Reply, Writing},
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::agents::{self, AgentDetails};
use procura_model::{AccountId, Agent, AgentId, AgentStatus, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change))
        .routes(routes!(disable))
        .routes(routes!(enable))
}

/// A registered autonomous actor.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Agent, example = json!({
    "id": "agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "name": "shopping",
    "kind": "assistant",
    "provider": "example.com",
    "owner": null,
    "status": "enabled",
    "policyVersion": 7,
    "createdAt": "2026-11-22T09:00:00.000Z",
    "lastSeenAt": null,
}))]
pub(crate) struct AgentView {
    /// The agent's id.
    #[schema(value_type = String)]
    id: AgentId,
    /// Its name, unique in the organization.
    name: String,
    /// What kind of software it is.
    kind: String,
    /// Who makes or runs it.
    provider: String,
    /// The person who answers for it.
    #[schema(value_type = Option<String>)]
    owner: Option<AccountId>,
    /// Whether it may act: `enabled` or `disabled`.
    #[schema(value_type = String, pattern = "^(enabled|disabled)$")]
    status: AgentStatus,
    /// Counts up with every change of its permissions.
    policy_version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it last authenticated.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_seen_at: Option<Time>,
}

impl From<Agent> for AgentView {
    fn from(agent: Agent) -> Self {
        Self {
            id: agent.id,
            name: agent.name,
            kind: agent.kind,
            provider: agent.provider,
            owner: agent.owner,
            status: agent.status,
            policy_version: agent.policy_version,
            created_at: agent.created_at,
            last_seen_at: agent.last_seen_at,
        }
    }
}

/// A new agent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewAgent, example = json!({ "name": "shopping", "kind": "assistant", "provider": "example.com" }))]
pub(crate) struct NewAgentBody {
    /// Its name, unique in the organization.
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// What kind of software it is; `assistant` where nothing is said.
    #[serde(default)]
    #[schema(max_length = 80)]
    kind: String,
    /// Who makes or runs it.
    #[serde(default)]
    #[schema(max_length = 80)]
    provider: String,
}

/// What changes about an agent; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = AgentChange, example = json!({ "name": "festival tickets" }))]
pub(crate) struct AgentChangeBody {
    /// Its name, unique in the organization.
    #[schema(nullable = false, min_length = 1, max_length = 80)]
    name: Option<String>,
    /// What kind of software it is.
    #[schema(nullable = false, max_length = 80)]
    kind: Option<String>,
    /// Who makes or runs it.
    #[schema(nullable = false, max_length = 80)]
    provider: Option<String>,
}

/// A new agent and its first key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AgentCreated)]
pub(crate) struct AgentCreatedView {
    /// The agent.
    agent: AgentView,
    /// Its first key; the secret is shown this once.
    key: KeyShownView,
}

/// List agents
///
/// Newest first.
#[utoipa::path(
    get, path = "/v1/agents", operation_id = "listAgents", tag = "Agents", params(PageQuery),
    responses((status = 200, description = "One page of agents.", body = List<AgentView>), Reading),
    security(("bearer" = ["read:agents"]), ("apiKey" = ["read:agents"])),
)]
pub(crate) async fn list(
    State(web): State<WebState>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Reply<Json<List<AgentView>>> {
    Ok(List::page(agents::list(&web.app, &caller.ctx, &page.ask()?).await?, AgentView::from))
}

/// Register an agent
///
/// Makes the agent and its first key with the scopes `verify`, `tools`, `read:activity`, `sessions` and
/// `read:approvals`. The key's secret is in this answer and never again.
#[utoipa::path(
    post, path = "/v1/agents", operation_id = "createAgent", tag = "Agents",
    request_body = NewAgentBody,
    responses((status = 201, description = "The agent and its key.", body = AgentCreatedView), Writing),
    security(("bearer" = ["write:agents"]), ("apiKey" = ["write:agents"])),
)]
pub(crate) async fn create(
    State(web): State<WebState>,
    caller: Caller,
    Body(body): Body<NewAgentBody>,
) -> Reply<CreatedSecret<AgentCreatedView>> {
    let details = AgentDetails { name: body.name, kind: body.kind, provider: body.provider };
    let (agent, key) = agents::create(&web.app, &caller.ctx, details).await?;
    let key = KeyShownView { key: KeyView::from(key.credential), secret: key.secret };
    Ok(CreatedSecret(AgentCreatedView { agent: agent.into(), key }))
}

/// Get an agent
#[utoipa::path(
    get, path = "/v1/agents/{agentId}", operation_id = "getAgent", tag = "Agents",
    params(("agentId" = String, Path, description = "The agent's id.")),
    responses((status = 200, description = "The agent.", body = AgentView), Reading),
    security(("bearer" = ["read:agents"]), ("apiKey" = ["read:agents"])),
)]
pub(crate) async fn get(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<AgentId>,
) -> Reply<Json<AgentView>> {
    Ok(Json(agents::get(&web.app, &caller.ctx, id).await?.into()))
}

/// Change an agent
///
/// What is absent stays as it is. Needs `read:agents` as well.
#[utoipa::path(
    patch, path = "/v1/agents/{agentId}", operation_id = "changeAgent", tag = "Agents",
    params(("agentId" = String, Path, description = "The agent's id.")),
    request_body = AgentChangeBody,
    responses((status = 200, description = "The agent as it is now.", body = AgentView), Writing),
    security(("bearer" = ["write:agents", "read:agents"]), ("apiKey" = ["write:agents", "read:agents"])),
)]
pub(crate) async fn change(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<AgentId>,
    Body(body): Body<AgentChangeBody>,
) -> Reply<Json<AgentView>> {
    let agent = agents::get(&web.app, &caller.ctx, id).await?;
    let details = AgentDetails {
        name: body.name.unwrap_or(agent.name),
        kind: body.kind.unwrap_or(agent.kind),
        provider: body.provider.unwrap_or(agent.provider),
    };
    Ok(Json(agents::change(&web.app, &caller.ctx, id, details).await?.into()))
}

/// Disable an agent
///
/// Every key of the agent is refused from the next request on.
#[utoipa::path(
    post, path = "/v1/agents/{agentId}/disable", operation_id = "disableAgent", tag = "Agents",
    params(("agentId" = String, Path, description = "The agent's id.")),
    responses((status = 200, description = "The agent as it is now.", body = AgentView), Writing),
    security(("bearer" = ["write:agents"]), ("apiKey" = ["write:agents"])),
)]
pub(crate) async fn disable(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<AgentId>,
    _body: NoBody,
) -> Reply<Json<AgentView>> {
    Ok(Json(agents::disable(&web.app, &caller.ctx, id).await?.into()))
}

/// Enable an agent
#[utoipa::path(
    post, path = "/v1/agents/{agentId}/enable", operation_id = "enableAgent", tag = "Agents",
    params(("agentId" = String, Path, description = "The agent's id.")),
    responses((status = 200, description = "The agent as it is now.", body = AgentView), Writing),
    security(("bearer" = ["write:agents"]), ("apiKey" = ["write:agents"])),
)]
pub(crate) async fn enable(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<AgentId>,
    _body: NoBody,
) -> Reply<Json<AgentView>> {
    Ok(Json(agents::enable(&web.app, &caller.ctx, id).await?.into()))
}
