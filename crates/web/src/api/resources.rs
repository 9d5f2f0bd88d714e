//! APIs that an organization guards with this authorization server, and the issuers whose assertions it believes.

use super::agent_access::AccessView;
use crate::{
    body::Body,
    extract::{Caller, Id},
    operation::{Created, Done, List, Reading, Reply, Writing},
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::oauth::{
    issuers,
    resources::{self, Draft},
};
use procura_model::{
    AgentId, Guarded, GuardedScope, IssuerId, ResourceId, Time, TokenForm, TrustedIssuer,
    oauth::{ClientId, GuardedSettings, IssuerSettings},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(get, replace, remove))
        .routes(routes!(list_issuers, add_issuer))
        .routes(routes!(get_issuer, replace_issuer, remove_issuer))
}

/// How long an access token lasts where nobody says, in seconds.
const USUAL_SECONDS: i64 = 600;

/// A scope of a guarded API.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = GuardedScope)]
pub(crate) struct ScopeView {
    /// The word: printable ASCII without blank, quote and backslash.
    #[schema(min_length = 1, max_length = 128)]
    name: String,
    /// What it allows, in a sentence for the person who is asked.
    #[schema(min_length = 1, max_length = 200)]
    text: String,
}

/// The form of access tokens.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = TokenForm)]
pub(crate) enum FormView {
    /// Signed; anybody verifies it alone (RFC 9068).
    #[default]
    Jwt,
    /// A secret that only Procura can read (RFC 7662).
    Opaque,
}

const fn usual_seconds() -> i64 {
    USUAL_SECONDS
}

/// A guarded API as somebody wants it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ResourceSettings, example = json!({
    "name": "Orders",
    "scopes": [{ "name": "orders:read", "text": "Read your orders." }],
    "tokens": "jwt",
    "tokenSeconds": 600,
    "dpopRequired": false,
}))]
pub(crate) struct SettingsBody {
    /// What people call it.
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// Its scopes.
    #[schema(min_items = 1, max_items = 64)]
    scopes: Vec<ScopeView>,
    /// The form of its tokens.
    #[serde(default)]
    tokens: FormView,
    /// How long an access token lasts, in seconds.
    #[serde(default = "usual_seconds")]
    #[schema(minimum = 60, maximum = 3600)]
    token_seconds: i64,
    /// Whether every token must be bound to a key of the client (RFC 9449).
    #[serde(default)]
    dpop_required: bool,
    /// What agents may do by themselves; none register where absent.
    #[serde(default)]
    #[schema(nullable = false)]
    agents: Option<AccessView>,
}

impl SettingsBody {
    fn draft(self) -> Draft {
        let scopes = self.scopes.into_iter().map(|scope| GuardedScope { name: scope.name, text: scope.text });
        let tokens = match self.tokens {
            FormView::Jwt => TokenForm::Jwt,
            FormView::Opaque => TokenForm::Opaque,
        };
        let settings = GuardedSettings {
            scopes: scopes.collect(),
            tokens,
            token_seconds: self.token_seconds,
            dpop_required: self.dpop_required,
            agents: self.agents.map(AccessView::settings),
        };
        Draft { name: self.name, settings }
    }
}

/// A new guarded API.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewResource, example = json!({
    "identifier": "https://api.shop.example/orders",
    "settings": { "name": "Orders", "scopes": [{ "name": "orders:read", "text": "Read your orders." }] },
}))]
pub(crate) struct NewBody {
    /// The URL that clients send as `resource` and that stands in `aud` (RFC 8707). It is one API's in the whole
    /// deployment, and never changes.
    #[schema(max_length = 1024)]
    identifier: String,
    /// Everything else.
    settings: SettingsBody,
}

/// A guarded API.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Resource)]
pub(crate) struct ResourceView {
    /// The API's id.
    #[schema(value_type = String)]
    id: ResourceId,
    /// What stands in `resource` and `aud`.
    identifier: String,
    /// What people call it.
    name: String,
    /// Its scopes.
    scopes: Vec<ScopeView>,
    /// The form of its tokens.
    tokens: FormView,
    /// How long an access token lasts, in seconds.
    token_seconds: i64,
    /// Whether every token must be bound to a key.
    dpop_required: bool,
    /// What agents may do by themselves; none register where it is null.
    agents: Option<AccessView>,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl From<Guarded> for ResourceView {
    fn from(api: Guarded) -> Self {
        let Guarded { id, identifier, name, settings, created_at, updated_at } = api;
        let GuardedSettings { scopes, tokens, token_seconds, dpop_required, agents } = settings;
        let scopes =
            scopes.into_iter().map(|scope| ScopeView { name: scope.name, text: scope.text }).collect();
        let tokens = match tokens {
            TokenForm::Jwt => FormView::Jwt,
            TokenForm::Opaque => FormView::Opaque,
        };
        let agents = agents.map(AccessView::from);
        Self {
            id,
            identifier,
            name,
            scopes,
            tokens,
            token_seconds,
            dpop_required,
            agents,
            created_at,
            updated_at,
        }
    }
}

/// How an issuer is trusted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = IssuerSettings, example = json!({ "jwksUri": "https://id.shop.example/keys" }))]
pub(crate) struct IssuerBody {
    /// Where its keys are.
    #[schema(max_length = 1024)]
    jwks_uri: String,
    /// As which agent a client acts whose registration names none.
    #[schema(value_type = Option<String>, nullable = false)]
    agent_id: Option<AgentId>,
    /// Which of the issuer's customers the organization is, where it serves many: what must stand in `tenant`. Without
    /// it an assertion that has a `tenant` is refused.
    #[schema(max_length = 256, nullable = false)]
    tenant: Option<String>,
    /// Clients besides the organization's own that may use the issuer's assertions, such as the URLs of their metadata
    /// documents.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 64)]
    clients: Vec<ClientId>,
}

impl IssuerBody {
    fn settings(self) -> IssuerSettings {
        let Self { jwks_uri, agent_id, tenant, clients } = self;
        IssuerSettings { jwks_uri, agent: agent_id, tenant, clients }
    }
}

/// An issuer to trust.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewIssuer, example = json!({
    "issuer": "https://id.shop.example",
    "settings": { "jwksUri": "https://id.shop.example/keys" },
}))]
pub(crate) struct NewIssuerBody {
    /// What stands in `iss`, to the letter.
    #[schema(max_length = 1024)]
    issuer: String,
    /// How it is trusted.
    settings: IssuerBody,
}

/// An issuer whose assertions (ID-JAG) the organization believes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Issuer)]
pub(crate) struct IssuerView {
    /// The issuer's id here.
    #[schema(value_type = String)]
    id: IssuerId,
    /// What stands in `iss`.
    issuer: String,
    /// Where its keys are.
    jwks_uri: String,
    /// As which agent a client acts whose registration names none.
    #[schema(value_type = Option<String>)]
    agent_id: Option<AgentId>,
    /// Which of the issuer's customers the organization is.
    tenant: Option<String>,
    /// Clients besides the organization's own that may use its assertions.
    #[schema(value_type = Vec<String>)]
    clients: Vec<ClientId>,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl From<TrustedIssuer> for IssuerView {
    fn from(trusted: TrustedIssuer) -> Self {
        let TrustedIssuer { id, issuer, settings, created_at, updated_at } = trusted;
        let IssuerSettings { jwks_uri, agent, tenant, clients } = settings;
        Self { id, issuer, jwks_uri, agent_id: agent, tenant, clients, created_at, updated_at }
    }
}

/// List guarded APIs
///
/// Oldest first.
#[utoipa::path(
    get, path = "/v1/resources", operation_id = "listResources", tag = "OAuth",
    responses((status = 200, description = "The APIs.", body = List<ResourceView>), Reading),
    security(("bearer" = ["read:clients"]), ("apiKey" = ["read:clients"])),
)]
pub(crate) async fn list(State(web): State<WebState>, caller: Caller) -> Reply<Json<List<ResourceView>>> {
    Ok(List::whole(resources::list(&web.app, &caller.ctx).await?, ResourceView::from))
}

/// Guard an API
///
/// Clients can then ask for tokens of it by its identifier.
#[utoipa::path(
    post, path = "/v1/resources", operation_id = "addResource", tag = "OAuth", request_body = NewBody,
    responses((status = 201, description = "The API.", body = ResourceView), Writing),
    security(("bearer" = ["write:clients"]), ("apiKey" = ["write:clients"])),
)]
pub(crate) async fn add(
    State(web): State<WebState>,
    caller: Caller,
    Body(body): Body<NewBody>,
) -> Reply<Created<ResourceView>> {
    let NewBody { identifier, settings } = body;
    Ok(Created(resources::add(&web.app, &caller.ctx, &identifier, settings.draft()).await?.into()))
}

/// Get a guarded API
#[utoipa::path(
    get, path = "/v1/resources/{resourceId}", operation_id = "getResource", tag = "OAuth",
    params(("resourceId" = String, Path, description = "The API's id.")),
    responses((status = 200, description = "The API.", body = ResourceView), Reading),
    security(("bearer" = ["read:clients"]), ("apiKey" = ["read:clients"])),
)]
pub(crate) async fn get(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ResourceId>,
) -> Reply<Json<ResourceView>> {
    Ok(Json(resources::get(&web.app, &caller.ctx, id).await?.into()))
}

/// Replace a guarded API's settings
///
/// Tokens that were issued before keep what they had until they expire.
#[utoipa::path(
    put, path = "/v1/resources/{resourceId}", operation_id = "replaceResource", tag = "OAuth",
    params(("resourceId" = String, Path, description = "The API's id.")),
    request_body = SettingsBody,
    responses((status = 200, description = "The API as it is now.", body = ResourceView), Writing),
    security(("bearer" = ["write:clients"]), ("apiKey" = ["write:clients"])),
)]
pub(crate) async fn replace(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ResourceId>,
    Body(body): Body<SettingsBody>,
) -> Reply<Json<ResourceView>> {
    Ok(Json(resources::change(&web.app, &caller.ctx, id, body.draft()).await?.into()))
}

/// Guard an API no longer
///
/// No token is issued for it from now on.
#[utoipa::path(
    delete, path = "/v1/resources/{resourceId}", operation_id = "removeResource", tag = "OAuth",
    params(("resourceId" = String, Path, description = "The API's id.")),
    responses((status = 204, description = "The API is guarded no longer."), Writing),
    security(("bearer" = ["write:clients"]), ("apiKey" = ["write:clients"])),
)]
pub(crate) async fn remove(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ResourceId>,
) -> Reply<Done> {
    resources::remove(&web.app, &caller.ctx, id).await?;
    Ok(Done)
}

/// List trusted issuers
///
/// Oldest first.
#[utoipa::path(
    get, path = "/v1/issuers", operation_id = "listIssuers", tag = "OAuth",
    responses((status = 200, description = "The issuers.", body = List<IssuerView>), Reading),
    security(("bearer" = ["read:clients"]), ("apiKey" = ["read:clients"])),
)]
pub(crate) async fn list_issuers(
    State(web): State<WebState>,
    caller: Caller,
) -> Reply<Json<List<IssuerView>>> {
    Ok(List::whole(issuers::list(&web.app, &caller.ctx).await?, IssuerView::from))
}

/// Trust an issuer
///
/// What it asserts about people (ID-JAG) is believed, for this organization alone.
#[utoipa::path(
    post, path = "/v1/issuers", operation_id = "trustIssuer", tag = "OAuth", request_body = NewIssuerBody,
    responses((status = 201, description = "The issuer.", body = IssuerView), Writing),
    security(("bearer" = ["write:clients"]), ("apiKey" = ["write:clients"])),
)]
pub(crate) async fn add_issuer(
    State(web): State<WebState>,
    caller: Caller,
    Body(body): Body<NewIssuerBody>,
) -> Reply<Created<IssuerView>> {
    let NewIssuerBody { issuer, settings } = body;
    Ok(Created(issuers::add(&web.app, &caller.ctx, &issuer, settings.settings()).await?.into()))
}

/// Get a trusted issuer
#[utoipa::path(
    get, path = "/v1/issuers/{issuerId}", operation_id = "getIssuer", tag = "OAuth",
    params(("issuerId" = String, Path, description = "The issuer's id.")),
    responses((status = 200, description = "The issuer.", body = IssuerView), Reading),
    security(("bearer" = ["read:clients"]), ("apiKey" = ["read:clients"])),
)]
pub(crate) async fn get_issuer(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<IssuerId>,
) -> Reply<Json<IssuerView>> {
    Ok(Json(issuers::get(&web.app, &caller.ctx, id).await?.into()))
}

/// Replace a trusted issuer's settings
#[utoipa::path(
    put, path = "/v1/issuers/{issuerId}", operation_id = "replaceIssuer", tag = "OAuth",
    params(("issuerId" = String, Path, description = "The issuer's id.")),
    request_body = IssuerBody,
    responses((status = 200, description = "The issuer as it is now.", body = IssuerView), Writing),
    security(("bearer" = ["write:clients"]), ("apiKey" = ["write:clients"])),
)]
pub(crate) async fn replace_issuer(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<IssuerId>,
    Body(body): Body<IssuerBody>,
) -> Reply<Json<IssuerView>> {
    Ok(Json(issuers::change(&web.app, &caller.ctx, id, body.settings()).await?.into()))
}

/// Trust an issuer no longer
#[utoipa::path(
    delete, path = "/v1/issuers/{issuerId}", operation_id = "removeIssuer", tag = "OAuth",
    params(("issuerId" = String, Path, description = "The issuer's id.")),
    responses((status = 204, description = "The issuer is trusted no longer."), Writing),
    security(("bearer" = ["write:clients"]), ("apiKey" = ["write:clients"])),
)]
pub(crate) async fn remove_issuer(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<IssuerId>,
) -> Reply<Done> {
    issuers::remove(&web.app, &caller.ctx, id).await?;
    Ok(Done)
}
