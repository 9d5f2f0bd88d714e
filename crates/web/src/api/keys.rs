//! API keys of agents and of the customer's own servers (AGT-3). A secret is in the answer that
//! made it and nowhere else.

use crate::{
    body::{Body, OptionalBody},
    extract::{Caller, Id},
    operation::{CreatedSecret, Done, List, Reading, Reply, Writing},
    respond::Failure,
    schema::ScopeName,
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::{
    agents,
    keys::{self, KeyShown, NewKey},
};
use procura_model::{AgentId, Credential, CredentialId, KeyHolder, Reason, Scope, Scopes, ShownOnce, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_of_agent, create_for_agent))
        .routes(routes!(list_platform, create_platform))
        .routes(routes!(rotate))
        .routes(routes!(revoke))
}

/// An API key without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Key, example = json!({
    "id": "key_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "holder": "agent",
    "agentId": "agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "name": "laptop",
    "preview": "pca_4fGh",
    "scopes": ["verify", "tools"],
    "createdAt": "2026-11-22T09:00:00.000Z",
    "expiresAt": null,
    "revokedAt": null,
    "lastUsedAt": "2026-11-22T09:05:00.000Z",
}))]
pub(crate) struct KeyView {
    /// The key's id.
    #[schema(value_type = String)]
    id: CredentialId,
    /// For whom it speaks: `agent` or `platform`.
    #[schema(value_type = String, pattern = "^(agent|platform)$")]
    holder: &'static str,
    /// The agent, where it speaks for one.
    #[schema(value_type = Option<String>)]
    agent_id: Option<AgentId>,
    /// A name for people.
    name: String,
    /// The first characters of the secret, to tell keys apart.
    preview: String,
    /// What it may do.
    #[schema(value_type = Vec<ScopeName>)]
    scopes: Scopes,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// From when on it is no longer accepted.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Time>,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Time>,
    /// When it was last used.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Time>,
}

impl From<Credential> for KeyView {
    fn from(key: Credential) -> Self {
        let (holder, agent_id) = match key.holder {
            KeyHolder::Agent(agent) => ("agent", Some(agent)),
            KeyHolder::Platform => ("platform", None),
        };
        Self {
            id: key.id,
            holder,
            agent_id,
            name: key.name,
            preview: key.preview,
            scopes: key.scopes,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
        }
    }
}

/// A fresh key with its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyShown)]
pub(crate) struct KeyShownView {
    /// The key.
    pub(crate) key: KeyView,
    /// The secret, shown this once; keep it where programs keep secrets.
    #[schema(value_type = String)]
    pub(crate) secret: ShownOnce,
}

impl From<KeyShown> for KeyShownView {
    fn from(shown: KeyShown) -> Self {
        Self { key: shown.credential.into(), secret: shown.secret }
    }
}

/// A new key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewKey, example = json!({ "name": "laptop", "scopes": ["verify"], "expiresAt": "2027-01-01T00:00:00Z" }))]
pub(crate) struct NewKeyBody {
    /// A name for people.
    #[serde(default)]
    #[schema(max_length = 80)]
    name: String,
    /// What it may do; an agent's key gets `verify`, `tools`, `read:activity`, `sessions` and `read:approvals` when absent.
    #[schema(value_type = Option<Vec<ScopeName>>, nullable = false)]
    scopes: Option<Vec<Scope>>,
    /// Until when; without end when absent.
    #[schema(value_type = Option<String>, nullable = false, format = DateTime)]
    expires_at: Option<Time>,
}

impl NewKeyBody {
    fn wanted(self, default: Option<Scopes>) -> Reply<NewKey> {
        let scopes = self.scopes.map(|scopes| scopes.into_iter().collect()).or(default);
        let missing = || Failure(Reason::FieldInvalid.because("scopes is missing."));
        Ok(NewKey { name: self.name, scopes: scopes.ok_or_else(missing)?, expires_at: self.expires_at })
    }
}

/// How a key is rotated.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Rotation, example = json!({ "overlapSeconds": 3600 }))]
pub(crate) struct RotateBody {
    /// For how many seconds the old key lives on; 0, which ends it now, when absent.
    #[serde(default)]
    #[schema(maximum = 2_592_000)]
    overlap_seconds: u32,
}

/// List an agent's keys
#[utoipa::path(
    get, path = "/v1/agents/{agentId}/keys", operation_id = "listAgentKeys", tag = "Keys",
    params(("agentId" = String, Path, description = "The agent's id.")),
    responses((status = 200, description = "The keys.", body = List<KeyView>), Reading),
    security(("bearer" = ["read:agents"]), ("apiKey" = ["read:agents"])),
)]
pub(crate) async fn list_of_agent(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<AgentId>,
) -> Reply<Json<List<KeyView>>> {
    Ok(List::whole(keys::of_agent(&web.app, &caller.ctx, id).await?, KeyView::from))
}

/// Make a key for an agent
///
/// The secret is in this answer and never again. A key cannot be given scopes that its maker lacks.
#[utoipa::path(
    post, path = "/v1/agents/{agentId}/keys", operation_id = "createAgentKey", tag = "Keys",
    params(("agentId" = String, Path, description = "The agent's id.")),
    request_body = NewKeyBody,
    responses((status = 201, description = "The key and its secret.", body = KeyShownView), Writing),
    security(("bearer" = ["write:agents"]), ("apiKey" = ["write:agents"])),
)]
pub(crate) async fn create_for_agent(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<AgentId>,
    Body(body): Body<NewKeyBody>,
) -> Reply<CreatedSecret<KeyShownView>> {
    let wanted = body.wanted(Some(agents::default_scopes()))?;
    Ok(CreatedSecret(keys::create_for_agent(&web.app, &caller.ctx, id, wanted).await?.into()))
}

/// List platform keys
#[utoipa::path(
    get, path = "/v1/keys", operation_id = "listPlatformKeys", tag = "Keys",
    responses((status = 200, description = "The keys.", body = List<KeyView>), Reading),
    security(("bearer" = ["read:keys"]), ("apiKey" = ["read:keys"])),
)]
pub(crate) async fn list_platform(State(web): State<WebState>, caller: Caller) -> Reply<Json<List<KeyView>>> {
    Ok(List::whole(keys::platform(&web.app, &caller.ctx).await?, KeyView::from))
}

/// Make a platform key
///
/// For the customer's own servers. The secret is in this answer and never again.
#[utoipa::path(
    post, path = "/v1/keys", operation_id = "createPlatformKey", tag = "Keys",
    request_body = NewKeyBody,
    responses((status = 201, description = "The key and its secret.", body = KeyShownView), Writing),
    security(("bearer" = ["write:keys"]), ("apiKey" = ["write:keys"])),
)]
pub(crate) async fn create_platform(
    State(web): State<WebState>,
    caller: Caller,
    Body(body): Body<NewKeyBody>,
) -> Reply<CreatedSecret<KeyShownView>> {
    let wanted = body.wanted(None)?;
    Ok(CreatedSecret(keys::create_platform(&web.app, &caller.ctx, wanted).await?.into()))
}

/// Rotate a key
///
/// Makes a new key with the same scopes; the old one ends now or after the overlap. Needs
/// `write:agents` for an agent's key, `write:keys` for a platform key.
#[utoipa::path(
    post, path = "/v1/keys/{keyId}/rotate", operation_id = "rotateKey", tag = "Keys",
    params(("keyId" = String, Path, description = "The id of the key to replace.")),
    request_body(content = Option<RotateBody>, description = "May be left out."),
    responses((status = 201, description = "The new key and its secret.", body = KeyShownView), Writing),
    security(("bearer" = ["write:keys"]), ("apiKey" = ["write:keys"])),
)]
pub(crate) async fn rotate(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<CredentialId>,
    OptionalBody(body): OptionalBody<RotateBody>,
) -> Reply<CreatedSecret<KeyShownView>> {
    let overlap_ms = i64::from(body.overlap_seconds) * 1_000;
    Ok(CreatedSecret(keys::rotate(&web.app, &caller.ctx, id, overlap_ms).await?.into()))
}

/// Revoke a key
///
/// Ends it at the next request. Needs `write:agents` for an agent's key, `write:keys` for a
/// platform key.
#[utoipa::path(
    delete, path = "/v1/keys/{keyId}", operation_id = "revokeKey", tag = "Keys",
    params(("keyId" = String, Path, description = "The key's id.")),
    responses((status = 204, description = "The key is revoked."), Writing),
    security(("bearer" = ["write:keys"]), ("apiKey" = ["write:keys"])),
)]
pub(crate) async fn revoke(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<CredentialId>,
) -> Reply<Done> {
    keys::revoke(&web.app, &caller.ctx, id).await?;
    Ok(Done)
}
