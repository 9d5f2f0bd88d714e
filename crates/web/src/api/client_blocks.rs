//! The clients of the deployment that an organization keeps out.

use crate::{
    body::Body,
    extract::{Caller, Id, Query},
    operation::{Created, Done, List, PageQuery, Reading, Reply, Writing},
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::oauth::clients::blocks::{self, Block};
use procura_model::{BlockId, ClientId, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(get, remove))
}

/// A client to keep out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewClientBlock, example = json!({ "clientId": "https://tool.example/client.json" }))]
pub(crate) struct NewBlockBody {
    /// Its `client_id`: `cli_` and 26 characters, or the URL of its metadata document. It need not be known yet.
    #[schema(value_type = String, max_length = 2048)]
    client_id: ClientId,
}

/// A client that the organization keeps out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClientBlock)]
pub(crate) struct BlockView {
    /// The block's id.
    #[schema(value_type = String)]
    id: BlockId,
    /// The client.
    #[schema(value_type = String)]
    client_id: ClientId,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
}

impl From<Block> for BlockView {
    fn from(block: Block) -> Self {
        let Block { id, client, created_at } = block;
        Self { id, client_id: client, created_at }
    }
}

/// List blocked clients
///
/// The clients of the deployment that the organization keeps out, newest first.
#[utoipa::path(
    get, path = "/v1/client-blocks", operation_id = "listClientBlocks", tag = "OAuth", params(PageQuery),
    responses((status = 200, description = "A page of blocks.", body = List<BlockView>), Reading),
    security(("bearer" = ["read:clients"]), ("apiKey" = ["read:clients"])),
)]
pub(crate) async fn list(
    State(web): State<WebState>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Reply<Json<List<BlockView>>> {
    Ok(List::page(blocks::list(&web.app, &caller.ctx, &page.ask()?).await?, BlockView::from))
}

/// Block a client
///
/// Nobody in the organization can let it in any longer; what people allowed it before is taken back, and its sessions end
/// at once. A client of the organization's own is disabled instead.
#[utoipa::path(
    post, path = "/v1/client-blocks", operation_id = "addClientBlock", tag = "OAuth", request_body = NewBlockBody,
    responses((status = 201, description = "The block.", body = BlockView), Writing),
    security(("bearer" = ["write:clients"]), ("apiKey" = ["write:clients"])),
)]
pub(crate) async fn add(
    State(web): State<WebState>,
    caller: Caller,
    Body(body): Body<NewBlockBody>,
) -> Reply<Created<BlockView>> {
    Ok(Created(blocks::add(&web.app, &caller.ctx, &body.client_id).await?.into()))
}

/// Get a blocked client
#[utoipa::path(
    get, path = "/v1/client-blocks/{blockId}", operation_id = "getClientBlock", tag = "OAuth",
    params(("blockId" = String, Path, description = "The block's id.")),
    responses((status = 200, description = "The block.", body = BlockView), Reading),
    security(("bearer" = ["read:clients"]), ("apiKey" = ["read:clients"])),
)]
pub(crate) async fn get(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<BlockId>,
) -> Reply<Json<BlockView>> {
    Ok(Json(blocks::get(&web.app, &caller.ctx, id).await?.into()))
}

/// Unblock a client
///
/// People of the organization can let it in again. What it had before stays ended.
#[utoipa::path(
    delete, path = "/v1/client-blocks/{blockId}", operation_id = "removeClientBlock", tag = "OAuth",
    params(("blockId" = String, Path, description = "The block's id.")),
    responses((status = 204, description = "The client is blocked no longer."), Writing),
    security(("bearer" = ["write:clients"]), ("apiKey" = ["write:clients"])),
)]
pub(crate) async fn remove(State(web): State<WebState>, caller: Caller, Id(id): Id<BlockId>) -> Reply<Done> {
    blocks::remove(&web.app, &caller.ctx, id).await?;
    Ok(Done)
}
