//! Tool servers. A credential goes in and never comes out (VLT-6); programs on this machine are
//! declared by the operator alone and shown without their arguments and environment (decision 24).

use crate::{
    api::business_api::ApiForm,
    body::Body,
    extract::{Caller, Id},
    operation::{Created, Done, List, Reading, Reply, Writing},
    respond::Failure,
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::servers::{self, NewCredential, ServerDetails, Speaks, Use};
use procura_egress::{Lane, Purpose};
use procura_model::{
    AgentId, ApiServer, Reason, Secret, ServerId, ServerSettings, Time, ToolServer, Transport,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(get, change, remove))
}

/// An upstream that offers tools.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Server, example = json!({
    "id": "srv_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "name": "shop",
    "kind": "http",
    "url": "https://shop.example.com/mcp",
    "api": null,
    "hasCredential": true,
    "settings": { "fence": true, "timeoutMs": 30000, "maxBytes": 4_194_304, "tools": {}, "agents": [] },
    "enabled": true,
    "fromFile": false,
    "createdAt": "2026-11-22T09:00:00.000Z",
}))]
pub(crate) struct ServerView {
    /// The server's id.
    #[schema(value_type = String)]
    id: ServerId,
    /// Its name: the first half of its tools' names.
    name: String,
    /// What it is: `http` (MCP over HTTP), `stdio` (a program of the operator's) or `api` (a business API).
    #[schema(value_type = String, pattern = "^(http|stdio|api)$")]
    kind: &'static str,
    /// Its endpoint, or the base URL of an API.
    url: Option<String>,
    /// The declared operations of an API, and how it is called.
    #[schema(value_type = Option<ApiForm>)]
    api: Option<Box<ApiServer>>,
    /// Whether a credential is sent to it; the credential itself is never shown.
    has_credential: bool,
    /// Its settings.
    #[schema(value_type = ServerSettingsForm)]
    settings: ServerSettings,
    /// Whether it is in use.
    enabled: bool,
    /// Whether it comes from `procura.toml` and can be changed only there.
    from_file: bool,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// Why it cannot be reached as it was described; only in the answer that adds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    warning: Option<ServerWarning>,
}

/// Something that does not stop a server from being added, and stops it from being used.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServerWarning {
    /// The code with which a call would fail.
    code: &'static str,
    /// What is wrong.
    error: String,
    /// What to do about it.
    fix: &'static str,
}

impl From<ToolServer> for ServerView {
    fn from(server: ToolServer) -> Self {
        let (kind, url, api) = match server.transport {
            Transport::Http { url } => ("http", Some(url), None),
            Transport::Stdio { .. } => ("stdio", None, None),
            Transport::Api { api } => ("api", Some(api.base_url.clone()), Some(api)),
        };
        Self {
            id: server.id,
            name: server.name,
            kind,
            url,
            api,
            has_credential: server.sealed_credential.is_some(),
            settings: server.settings,
            enabled: server.enabled,
            from_file: server.from_file,
            created_at: server.created_at,
            warning: None,
        }
    }
}

/// What can be set about a tool server.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServerSettings)]
pub(crate) struct ServerSettingsForm {
    /// Whether text from it is fenced as untrusted; true when absent.
    #[schema(value_type = Option<bool>, nullable = false)]
    fence: bool,
    /// How long one call may take, in milliseconds; 30,000 when absent.
    #[schema(value_type = Option<u64>, nullable = false)]
    timeout_ms: u64,
    /// How large an answer may be, in bytes; 4 MiB when absent.
    #[schema(value_type = Option<u64>, nullable = false)]
    max_bytes: u64,
    /// Settings of single tools by the server's own name for them.
    #[schema(value_type = Option<std::collections::BTreeMap<String, ToolSettingsForm>>, nullable = false)]
    tools: (),
    /// The agents that can see and use it; all when absent or empty.
    #[schema(value_type = Option<Vec<String>>, nullable = false, max_items = 100)]
    agents: Vec<AgentId>,
}

/// What can be set about one tool.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ToolSettings, example = json!({ "amountPath": "total.value", "currency": "USD" }))]
pub(crate) struct ToolSettingsForm {
    /// The path of the amount in the arguments, such as `total.value`.
    amount_path: Option<String>,
    /// The path of the currency in the arguments.
    currency_path: Option<String>,
    /// The currency, where the arguments name none (ISO 4217).
    currency: Option<String>,
}

/// A new tool server.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewServer, example = json!({ "name": "shop", "url": "https://shop.example.com/mcp" }))]
pub(crate) struct NewServerBody {
    /// Its name: 1 to 32 of `a-z`, `0-9` and `-`, beginning with a letter.
    #[schema(pattern = "^[a-z][a-z0-9-]{0,31}$")]
    name: String,
    /// The MCP endpoint; left out for an API.
    #[schema(nullable = false)]
    url: Option<String>,
    /// A business API with its declared operations, in place of `url`.
    #[schema(value_type = Option<ApiForm>, nullable = false)]
    api: Option<Box<ApiServer>>,
    /// What is sent to it: as `Authorization: Bearer`, or as `api.credential` says.
    #[schema(value_type = Option<String>, nullable = false, write_only)]
    credential: Option<Secret<String>>,
    /// Its settings.
    #[serde(default)]
    #[schema(value_type = Option<ServerSettingsForm>, nullable = false)]
    settings: ServerSettings,
}

/// What changes about a tool server; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ServerChange, example = json!({ "enabled": false }))]
pub(crate) struct ServerChangeBody {
    /// Its name.
    #[schema(nullable = false, pattern = "^[a-z][a-z0-9-]{0,31}$")]
    name: Option<String>,
    /// Its MCP endpoint, or the base URL of an API. A credential never follows to another address: send it again, or
    /// remove it.
    #[schema(nullable = false)]
    url: Option<String>,
    /// Replaces a business API as a whole; left out with `url`.
    #[schema(value_type = Option<ApiForm>, nullable = false)]
    api: Option<Box<ApiServer>>,
    /// Replaces its credential.
    #[schema(value_type = Option<String>, nullable = false, write_only)]
    credential: Option<Secret<String>>,
    /// True takes the credential away.
    #[serde(default)]
    remove_credential: bool,
    /// Replaces its settings as a whole.
    #[schema(value_type = Option<ServerSettingsForm>, nullable = false)]
    settings: Option<ServerSettings>,
    /// Whether it is in use.
    #[schema(nullable = false)]
    enabled: Option<bool>,
}

impl ServerChangeBody {
    /// What becomes of the server's own fields; none where only its use changes.
    fn details(self, server: ToolServer) -> Reply<Option<(ServerDetails, Speaks)>> {
        let is_untouched = self.name.is_none()
            && self.url.is_none()
            && self.api.is_none()
            && self.credential.is_none()
            && self.settings.is_none()
            && !self.remove_credential;
        if is_untouched {
            return Ok(None);
        }
        let credential = match (self.credential, self.remove_credential) {
            (Some(_), true) => {
                return Err(Failure(
                    Reason::FieldInvalid.because("Send credential or removeCredential, not both."),
                ));
            }
            (Some(credential), false) => NewCredential::Set(credential),
            (None, true) => NewCredential::Remove,
            (None, false) => NewCredential::Keep,
        };
        let (url, speaks) = match (self.url, self.api) {
            (None, None) => (address(&server.transport), Speaks::Mcp),
            either => reached(either)?,
        };
        let name = self.name.unwrap_or(server.name);
        let settings = self.settings.unwrap_or(server.settings);
        Ok(Some((ServerDetails { name, url, credential, settings }, speaks)))
    }
}

/// Where a server is and what it speaks: MCP at a URL, or a declared API.
fn reached(either: (Option<String>, Option<Box<ApiServer>>)) -> Reply<(String, Speaks)> {
    match either {
        (Some(url), None) => Ok((url, Speaks::Mcp)),
        (None, Some(api)) => Ok((api.base_url.clone(), Speaks::Api(api))),
        (Some(_), Some(_)) | (None, None) => {
            Err(Failure(Reason::FieldInvalid.because("Send either url or api: one of the two.")))
        }
    }
}

fn address(transport: &Transport) -> String {
    match transport {
        Transport::Http { url } => url.clone(),
        Transport::Api { api } => api.base_url.clone(),
        Transport::Stdio { .. } => String::new(),
    }
}

/// List tool servers
#[utoipa::path(
    get, path = "/v1/servers", operation_id = "listServers", tag = "Tools",
    responses((status = 200, description = "The tool servers, by name.", body = List<ServerView>), Reading),
    security(("bearer" = ["read:servers"]), ("apiKey" = ["read:servers"])),
)]
pub(crate) async fn list(State(web): State<WebState>, caller: Caller) -> Reply<Json<List<ServerView>>> {
    Ok(List::whole(servers::list(&web.app, &caller.ctx).await?, ServerView::from))
}

/// Add a tool server
///
/// An MCP endpoint over Streamable HTTP, or a business API whose operations become tools. Servers over
/// standard input and output are declared in `procura.toml` only. An address that may not be reached is kept, and the
/// answer has a `warning`.
#[utoipa::path(
    post, path = "/v1/servers", operation_id = "addServer", tag = "Tools",
    request_body = NewServerBody,
    responses((status = 201, description = "The tool server.", body = ServerView), Writing),
    security(("bearer" = ["write:servers"]), ("apiKey" = ["write:servers"])),
)]
pub(crate) async fn add(
    State(web): State<WebState>,
    caller: Caller,
    Body(body): Body<NewServerBody>,
) -> Reply<Created<ServerView>> {
    let (url, speaks) = reached((body.url, body.api))?;
    let details = ServerDetails {
        name: body.name,
        url,
        credential: body.credential.map_or(NewCredential::Keep, NewCredential::Set),
        settings: body.settings,
    };
    let mut added: ServerView = servers::add_speaking(&web.app, &caller.ctx, details, speaks).await?.into();
    added.warning = warning(&web, &caller, added.url.as_deref()).await;
    Ok(Created(added))
}

/// Whether the address may be reached at all: an operator can open it later, so that is no refusal.
async fn warning(web: &WebState, caller: &Caller, url: Option<&str>) -> Option<ServerWarning> {
    let lane = Lane::of(caller.ctx.tenant, Purpose::ToolServer);
    let checked = web.app.egress.check(url?, lane).await;
    let reason = Reason::EgressRefused;
    (!checked.allow).then(|| ServerWarning { code: reason.code(), error: checked.text, fix: reason.fix() })
}

/// Get a tool server
#[utoipa::path(
    get, path = "/v1/servers/{serverId}", operation_id = "getServer", tag = "Tools",
    params(("serverId" = String, Path, description = "The server's id.")),
    responses((status = 200, description = "The tool server.", body = ServerView), Reading),
    security(("bearer" = ["read:servers"]), ("apiKey" = ["read:servers"])),
)]
pub(crate) async fn get(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ServerId>,
) -> Reply<Json<ServerView>> {
    Ok(Json(servers::get(&web.app, &caller.ctx, id).await?.into()))
}

/// Change a tool server
///
/// What is absent stays as it is. Needs `read:servers` as well.
#[utoipa::path(
    patch, path = "/v1/servers/{serverId}", operation_id = "changeServer", tag = "Tools",
    params(("serverId" = String, Path, description = "The server's id.")),
    request_body = ServerChangeBody,
    responses((status = 200, description = "The tool server as it is now.", body = ServerView), Writing),
    security(("bearer" = ["write:servers", "read:servers"]), ("apiKey" = ["write:servers", "read:servers"])),
)]
pub(crate) async fn change(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ServerId>,
    Body(body): Body<ServerChangeBody>,
) -> Reply<Json<ServerView>> {
    let mut server = servers::get(&web.app, &caller.ctx, id).await?;
    let enabled = body.enabled;
    if let Some(details) = body.details(server.clone())? {
        server = servers::change_speaking(&web.app, &caller.ctx, id, details).await?;
    }
    if let Some(enabled) = enabled {
        let wanted = if enabled { Use::On } else { Use::Off };
        server = servers::set_enabled(&web.app, &caller.ctx, id, wanted).await?;
    }
    Ok(Json(server.into()))
}

/// Remove a tool server
#[utoipa::path(
    delete, path = "/v1/servers/{serverId}", operation_id = "removeServer", tag = "Tools",
    params(("serverId" = String, Path, description = "The server's id.")),
    responses((status = 204, description = "The tool server is gone."), Writing),
    security(("bearer" = ["write:servers"]), ("apiKey" = ["write:servers"])),
)]
pub(crate) async fn remove(State(web): State<WebState>, caller: Caller, Id(id): Id<ServerId>) -> Reply<Done> {
    servers::remove(&web.app, &caller.ctx, id).await?;
    Ok(Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use utoipa::PartialSchema;

    #[test]
    fn the_documented_settings_are_the_model_s() {
        let keys = |value: &serde_json::Value| {
            value.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>()
        };
        let documented =
            |schema| keys(&serde_json::to_value::<utoipa::openapi::RefOr<_>>(schema).unwrap()["properties"]);
        let settings = serde_json::to_value(ServerSettings::default()).unwrap();
        assert_eq!(keys(&settings), documented(ServerSettingsForm::schema()));
        let tool = serde_json::to_value(procura_model::ToolSettings::default()).unwrap();
        assert_eq!(keys(&tool), documented(ToolSettingsForm::schema()));
    }
}
