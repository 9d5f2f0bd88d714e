//! What the tool servers offer and how they are doing, as the gateway last saw it. Names and
//! descriptions are text from outside.

use crate::{
    extract::{Caller, Id},
    operation::{Reading, Reply},
    schema::ReasonCode,
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::servers;
use procura_gateway::{ServerHealth, ServerState, ToolView};
use procura_model::{Reason, ServerId, Time};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(refresh))
}

/// How a tool server is doing, and its tools.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServerTools)]
pub(crate) struct ServerToolsView {
    /// The server.
    #[schema(value_type = String)]
    server_id: ServerId,
    /// Whether it answers: `unknown` (not in use, or nobody has asked it yet), `ok` or `failing`.
    #[schema(value_type = String, pattern = "^(unknown|ok|failing)$")]
    state: ServerState,
    /// Why not, in a sentence.
    last_error: Option<String>,
    /// Why not, for programs.
    #[schema(value_type = Option<ReasonCode>)]
    last_code: Option<Reason>,
    /// When that was seen.
    #[schema(value_type = Option<String>, format = DateTime)]
    checked_at: Option<Time>,
    /// Its tools.
    items: Vec<ToolRow>,
    /// Always null: the list is whole.
    next_cursor: Option<String>,
}

/// A tool.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Tool)]
pub(crate) struct ToolRow {
    /// The server's own name for it.
    name: String,
    /// Its name in the list of all servers.
    full_name: String,
    /// The resource under which permissions name it.
    resource: String,
    /// What the server says about it, cut; text from outside.
    description: String,
    /// Why it is hidden from agents, where it is.
    #[schema(value_type = Option<ReasonCode>)]
    hidden: Option<Reason>,
}

impl From<ToolView> for ToolRow {
    fn from(tool: ToolView) -> Self {
        Self {
            name: tool.name,
            full_name: tool.full_name,
            resource: tool.resource,
            description: tool.description,
            hidden: tool.hidden,
        }
    }
}

impl From<ServerHealth> for ServerToolsView {
    fn from(health: ServerHealth) -> Self {
        Self {
            server_id: health.server,
            state: health.state,
            last_error: health.last_error,
            last_code: health.last_code,
            checked_at: health.checked_at,
            items: health.tools.into_iter().map(ToolRow::from).collect(),
            next_cursor: None,
        }
    }
}

/// List a server's tools
///
/// What the gateway last saw of it. A server that nobody has asked yet is asked now, and may take a
/// few seconds.
#[utoipa::path(
    get, path = "/v1/servers/{serverId}/tools", operation_id = "listServerTools", tag = "Tools",
    params(("serverId" = String, Path, description = "The server's id.")),
    responses((status = 200, description = "Its tools and how it is doing.", body = ServerToolsView), Reading),
    security(("bearer" = ["read:servers"]), ("apiKey" = ["read:servers"])),
)]
pub(crate) async fn list(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ServerId>,
) -> Reply<Json<ServerToolsView>> {
    let server = servers::get(&web.app, &caller.ctx, id).await?;
    let seen = web.gateway.servers_health(&caller.ctx).await?.into_iter().find(|health| health.server == id);
    Ok(Json(seen.map_or_else(
        || ServerToolsView {
            server_id: server.id,
            state: ServerState::Unknown,
            last_error: None,
            last_code: None,
            checked_at: None,
            items: Vec::new(),
            next_cursor: None,
        },
        ServerToolsView::from,
    )))
}

/// Ask a server for its tools again
///
/// Takes at most a few seconds; a server that does not answer is told by its state.
#[utoipa::path(
    post, path = "/v1/servers/{serverId}/refresh", operation_id = "refreshServer", tag = "Tools",
    params(("serverId" = String, Path, description = "The server's id.")),
    responses((status = 200, description = "Its tools and how it is doing.", body = ServerToolsView), Reading),
    security(("bearer" = ["read:servers"]), ("apiKey" = ["read:servers"])),
)]
pub(crate) async fn refresh(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ServerId>,
) -> Reply<Json<ServerToolsView>> {
    Ok(Json(web.gateway.refresh(&caller.ctx, id).await?.into()))
}
