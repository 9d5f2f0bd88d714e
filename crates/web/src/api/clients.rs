//! OAuth clients that an organization's people make: software of their own, or software that cannot register itself.

use crate::{
    body::{Body, OptionalBody},
    extract::{Caller, Id, Ids, Query},
    oauth,
    operation::{CreatedSecret, Done, List, PageQuery, Reading, Reply, Writing},
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::oauth::clients::{self, ClientSecret, Draft, SecretShown};
use procura_model::{AgentId, Client, ClientId, ClientSecretId, Json as Document, ShownOnce, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, replace, remove))
        .routes(routes!(disable))
        .routes(routes!(enable))
        .routes(routes!(list_secrets, make_secret))
        .routes(routes!(revoke_secret))
}

/// A client as somebody wants it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ClientRequest, example = json!({
    "metadata": {
        "client_name": "Night job",
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "client_secret_basic",
    },
    "agentId": "agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
}))]
pub(crate) struct ClientBody {
    /// What the client says of itself, in the words of RFC 7591 section 2: `client_name`, `redirect_uris`,
    /// `token_endpoint_auth_method`, `grant_types`, `scope`, `jwks`, `jwks_uri` and so on.
    #[schema(value_type = Object)]
    metadata: Document,
    /// As which agent it acts where no person is asked: `client_credentials` needs one.
    #[schema(value_type = Option<String>, nullable = false)]
    agent_id: Option<AgentId>,
}

impl ClientBody {
    fn draft(self) -> Draft {
        Draft { metadata: self.metadata, agent: self.agent_id }
    }
}

/// An OAuth client of the organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Client)]
pub(crate) struct ClientView {
    /// The client's id: its `client_id`.
    #[schema(value_type = String)]
    id: ClientId,
    /// What it is called.
    name: String,
    /// What it says of itself, as it is kept.
    #[schema(value_type = Object)]
    metadata: serde_json::Map<String, serde_json::Value>,
    /// As which agent it acts where no person is asked.
    #[schema(value_type = Option<String>)]
    agent_id: Option<AgentId>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
    /// When it last showed itself, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    used_at: Option<Time>,
    /// Since when it gets no tokens.
    #[schema(value_type = Option<String>, format = DateTime)]
    disabled_at: Option<Time>,
}

impl From<Client> for ClientView {
    fn from(client: Client) -> Self {
        let metadata = oauth::client_metadata(&client);
        let Client { id, name, agent, created_at, updated_at, used_at, disabled_at, .. } = client;
        Self { id, name, metadata, agent_id: agent, created_at, updated_at, used_at, disabled_at }
    }
}

/// A secret of a client without the secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClientSecret)]
pub(crate) struct ClientSecretView {
    /// The secret's id.
    #[schema(value_type = String)]
    id: ClientSecretId,
    /// Its first characters.
    preview: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Time>,
}

impl From<ClientSecret> for ClientSecretView {
    fn from(secret: ClientSecret) -> Self {
        let ClientSecret { id, preview, created_at, expires_at } = secret;
        Self { id, preview, created_at, expires_at }
    }
}

/// A fresh secret of a client.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClientSecretShown)]
pub(crate) struct ClientSecretShownView {
    /// What is told of it later.
    client_secret: ClientSecretView,
    /// The secret, shown this once.
    #[schema(value_type = String)]
    secret: ShownOnce,
}

impl From<SecretShown> for ClientSecretShownView {
    fn from(made: SecretShown) -> Self {
        Self { client_secret: made.secret.into(), secret: made.shown }
    }
}

/// A new client, with its first secret where it shows itself by one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClientMade)]
pub(crate) struct ClientMadeView {
    /// The client.
    client: ClientView,
    /// Its first secret; null where its method needs none.
    secret: Option<ClientSecretShownView>,
}

/// What becomes of the secrets before a new one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewClientSecret, example = json!({ "overlapSeconds": 3600 }))]
pub(crate) struct NewSecretBody {
    /// For how long the client's other secrets go on holding: 0 is a rotation at once. Without it they just go on.
    #[schema(nullable = false, minimum = 0, maximum = 2_592_000)]
    overlap_seconds: Option<i64>,
}

/// List OAuth clients
///
/// Those that the organization's people made, newest first. Clients that register themselves belong to the deployment;
/// what people allowed them is under grants.
#[utoipa::path(
    get, path = "/v1/clients", operation_id = "listClients", tag = "OAuth", params(PageQuery),
    responses((status = 200, description = "A page of clients.", body = List<ClientView>), Reading),
    security(("bearer" = ["read:clients"]), ("apiKey" = ["read:clients"])),
)]
pub(crate) async fn list(
    State(web): State<WebState>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Reply<Json<List<ClientView>>> {
    let clients = clients::list(&web.app, &caller.ctx, &page.ask()?).await?;
    Ok(List::page(clients, ClientView::from))
}

/// Make an OAuth client
///
/// With its first secret, shown this once, where its method is `client_secret_basic` or `client_secret_post`.
#[utoipa::path(
    post, path = "/v1/clients", operation_id = "createClient", tag = "OAuth", request_body = ClientBody,
    responses((status = 201, description = "The client.", body = ClientMadeView), Writing),
    security(("bearer" = ["write:clients"]), ("apiKey" = ["write:clients"])),
)]
pub(crate) async fn create(
    State(web): State<WebState>,
    caller: Caller,
    Body(body): Body<ClientBody>,
) -> Reply<CreatedSecret<ClientMadeView>> {
    let (client, secret) = clients::create(&web.app, &caller.ctx, body.draft()).await?;
    Ok(CreatedSecret(ClientMadeView { client: client.into(), secret: secret.map(Into::into) }))
}

/// Get an OAuth client
#[utoipa::path(
    get, path = "/v1/clients/{clientId}", operation_id = "getClient", tag = "OAuth",
    params(("clientId" = String, Path, description = "The client's id.")),
    responses((status = 200, description = "The client.", body = ClientView), Reading),
    security(("bearer" = ["read:clients"]), ("apiKey" = ["read:clients"])),
)]
pub(crate) async fn get(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ClientId>,
) -> Reply<Json<ClientView>> {
    Ok(Json(clients::get(&web.app, &caller.ctx, &id).await?.into()))
}

/// Replace an OAuth client
///
/// The whole metadata is replaced. Where it shows itself by a secret no longer, its secrets end.
#[utoipa::path(
    put, path = "/v1/clients/{clientId}", operation_id = "replaceClient", tag = "OAuth",
    params(("clientId" = String, Path, description = "The client's id.")),
    request_body = ClientBody,
    responses((status = 200, description = "The client as it is now.", body = ClientView), Writing),
    security(("bearer" = ["write:clients"]), ("apiKey" = ["write:clients"])),
)]
pub(crate) async fn replace(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ClientId>,
    Body(body): Body<ClientBody>,
) -> Reply<Json<ClientView>> {
    Ok(Json(clients::change(&web.app, &caller.ctx, &id, body.draft()).await?.into()))
}

/// Remove an OAuth client
///
/// For good: its secrets and all tokens of it end at once.
#[utoipa::path(
    delete, path = "/v1/clients/{clientId}", operation_id = "removeClient", tag = "OAuth",
    params(("clientId" = String, Path, description = "The client's id.")),
    responses((status = 204, description = "The client is gone."), Writing),
    security(("bearer" = ["write:clients"]), ("apiKey" = ["write:clients"])),
)]
pub(crate) async fn remove(State(web): State<WebState>, caller: Caller, Id(id): Id<ClientId>) -> Reply<Done> {
    clients::remove(&web.app, &caller.ctx, &id).await?;
    Ok(Done)
}

/// Disable an OAuth client
///
/// It gets no token from now on, and the tokens it has end with everything that people allowed it. Enabled again it begins anew.
#[utoipa::path(
    post, path = "/v1/clients/{clientId}/disable", operation_id = "disableClient", tag = "OAuth",
    params(("clientId" = String, Path, description = "The client's id.")),
    responses((status = 200, description = "The client as it is now.", body = ClientView), Writing),
    security(("bearer" = ["write:clients"]), ("apiKey" = ["write:clients"])),
)]
pub(crate) async fn disable(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ClientId>,
) -> Reply<Json<ClientView>> {
    Ok(Json(clients::disable(&web.app, &caller.ctx, &id).await?.into()))
}

/// Enable an OAuth client
#[utoipa::path(
    post, path = "/v1/clients/{clientId}/enable", operation_id = "enableClient", tag = "OAuth",
    params(("clientId" = String, Path, description = "The client's id.")),
    responses((status = 200, description = "The client as it is now.", body = ClientView), Writing),
    security(("bearer" = ["write:clients"]), ("apiKey" = ["write:clients"])),
)]
pub(crate) async fn enable(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ClientId>,
) -> Reply<Json<ClientView>> {
    Ok(Json(clients::enable(&web.app, &caller.ctx, &id).await?.into()))
}

/// List a client's secrets
///
/// Those that hold, oldest first; never the secrets themselves.
#[utoipa::path(
    get, path = "/v1/clients/{clientId}/secrets", operation_id = "listClientSecrets", tag = "OAuth",
    params(("clientId" = String, Path, description = "The client's id.")),
    responses((status = 200, description = "The secrets.", body = List<ClientSecretView>), Reading),
    security(("bearer" = ["read:clients"]), ("apiKey" = ["read:clients"])),
)]
pub(crate) async fn list_secrets(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ClientId>,
) -> Reply<Json<List<ClientSecretView>>> {
    let secrets = clients::secrets_of(&web.app, &caller.ctx, &id).await?;
    Ok(List::whole(secrets, ClientSecretView::from))
}

/// Make a secret of a client
///
/// Shown this once. At most five hold at a time.
#[utoipa::path(
    post, path = "/v1/clients/{clientId}/secrets", operation_id = "makeClientSecret", tag = "OAuth",
    params(("clientId" = String, Path, description = "The client's id.")),
    request_body = Option<NewSecretBody>,
    responses((status = 201, description = "The secret.", body = ClientSecretShownView), Writing),
    security(("bearer" = ["write:clients"]), ("apiKey" = ["write:clients"])),
)]
pub(crate) async fn make_secret(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ClientId>,
    OptionalBody(body): OptionalBody<NewSecretBody>,
) -> Reply<CreatedSecret<ClientSecretShownView>> {
    let made = clients::make_secret(&web.app, &caller.ctx, &id, body.overlap_seconds).await?;
    Ok(CreatedSecret(made.into()))
}

/// Revoke a secret of a client
///
/// It shows nobody any more, at once and on every node. Tokens that it got stay.
#[utoipa::path(
    delete, path = "/v1/clients/{clientId}/secrets/{clientSecretId}", operation_id = "revokeClientSecret",
    tag = "OAuth",
    params(
        ("clientId" = String, Path, description = "The client's id."),
        ("clientSecretId" = String, Path, description = "The secret's id."),
    ),
    responses((status = 204, description = "The secret is revoked."), Writing),
    security(("bearer" = ["write:clients"]), ("apiKey" = ["write:clients"])),
)]
pub(crate) async fn revoke_secret(
    State(web): State<WebState>,
    caller: Caller,
    Ids(id, secret): Ids<ClientId, ClientSecretId>,
) -> Reply<Done> {
    clients::revoke_secret(&web.app, &caller.ctx, &id, secret).await?;
    Ok(Done)
}
