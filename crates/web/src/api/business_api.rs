//! Business API servers (USR-9): their documented form, and tools made of an OpenAPI document. The
//! keys by which an API verifies what we assert about users are published for everybody.

use crate::{
    body::Body,
    extract::Caller,
    operation::{Reading, Reply},
    respond::Failure,
    schema::JsonValue,
    state::WebState,
};
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use procura_app::openapi_import::{self, ImportAsk, Imported};
use procura_model::{ApiTool, Scope, api_server::CredentialForm};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(import))
}

/// The published keys, for everybody.
pub(crate) fn open_routes() -> Router<WebState> {
    Router::new().route("/.well-known/jwks.json", get(keys))
}

/// An HTTP API whose operations are declared as tools.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Api, example = json!({
    "baseUrl": "https://api.shop.example.com/v1",
    "credential": { "header": "x-api-key", "prefix": "" },
    "user": { "kind": "assertion", "audience": "https://api.shop.example.com", "claims": ["role"] },
    "tools": [{
        "name": "list_orders",
        "description": "The orders of one customer.",
        "method": "GET",
        "path": "/customers/{customerId}/orders",
        "parameters": [
            { "name": "customerId", "in": "path", "required": true, "schema": { "type": "string" } },
            { "name": "status", "in": "query", "schema": { "type": "string", "enum": ["open", "shipped"] } },
        ],
    }],
}))]
pub(crate) struct ApiForm {
    /// Scheme, host, and a path that stands before every tool's own.
    base_url: String,
    /// How the server's credential is sent; as `Authorization: Bearer` when absent.
    #[schema(nullable = false)]
    credential: Option<ApiCredentialForm>,
    /// How the API learns for which user it is called; not at all when absent.
    #[schema(nullable = false)]
    user: Option<UserForwardForm>,
    /// Its operations.
    #[schema(min_items = 1, max_items = 200)]
    tools: Vec<ApiToolForm>,
}

/// In which header a credential is sent.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiCredential)]
pub(crate) struct ApiCredentialForm {
    /// The header's name.
    header: String,
    /// What stands before the credential, blanks included; nothing when absent.
    #[schema(nullable = false)]
    prefix: Option<String>,
}

/// How an API learns for which user it is called.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserForward)]
pub(crate) struct UserForwardForm {
    /// `none`, `assertion` (a JWT of at most a minute, signed by the keys at `/.well-known/jwks.json`) or `headers`.
    #[schema(pattern = "^(none|assertion|headers)$")]
    kind: String,
    /// Of an assertion: in which header; `x-procura-user` when absent.
    #[schema(nullable = false)]
    header: Option<String>,
    /// Of an assertion: its `aud`.
    #[schema(nullable = false)]
    audience: Option<String>,
    /// Of an assertion: what it says beside the user's id: `email`, `role`.
    #[schema(nullable = false)]
    claims: Option<Vec<String>>,
    /// Of headers: each by name, with places such as `{{user.id}}`.
    #[schema(nullable = false)]
    headers: Option<BTreeMap<String, String>>,
}

/// One operation, offered as a tool.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiTool)]
pub(crate) struct ApiToolForm {
    /// Its name.
    #[schema(pattern = "^[a-zA-Z0-9_-]{1,64}$")]
    name: String,
    /// What it does, for the model that chooses it.
    #[schema(nullable = false, max_length = 4096)]
    description: Option<String>,
    /// The HTTP method.
    #[schema(pattern = "^(GET|POST|PUT|PATCH|DELETE)$")]
    method: String,
    /// The path below the base URL, with places such as `{customerId}`.
    path: String,
    /// The arguments that go into path, query and headers.
    #[schema(nullable = false, max_items = 64)]
    parameters: Option<Vec<ApiParameterForm>>,
    /// The JSON body.
    #[schema(nullable = false)]
    body: Option<ApiBodyForm>,
    /// `required` or `none`: whether it acts for a verified user; when absent, it does if the API is told of users.
    #[schema(nullable = false, pattern = "^(required|none)$")]
    user: Option<String>,
}

/// An argument that goes into the path, the query or a header.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApiParameter)]
pub(crate) struct ApiParameterForm {
    /// The argument's name.
    #[schema(pattern = "^[a-zA-Z0-9_-]{1,64}$")]
    name: String,
    /// Where it goes: `path`, `query` or `header`.
    #[serde(rename = "in")]
    #[schema(pattern = "^(path|query|header)$")]
    place: String,
    /// Its name there, where it is another.
    #[schema(nullable = false)]
    sent_as: Option<String>,
    /// Whether a call must have it; in the path it must.
    #[schema(nullable = false)]
    required: Option<bool>,
    /// What it must look like: JSON Schema.
    #[schema(value_type = JsonValue)]
    schema: (),
}

/// The JSON body of an operation.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiBody)]
pub(crate) struct ApiBodyForm {
    /// What it must look like: JSON Schema.
    #[schema(value_type = JsonValue)]
    schema: (),
    /// `whole` (the argument `body`) or `members` (each an argument of its own); `whole` when absent.
    #[schema(nullable = false, pattern = "^(whole|members)$")]
    arguments: Option<String>,
    /// Whether a call must have it.
    #[schema(nullable = false)]
    required: Option<bool>,
}

/// An OpenAPI document to make tools of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ImportTools, example = json!({
    "document": "openapi: 3.1.0\ninfo: {title: Shop, version: '1'}\nservers: [{url: 'https://api.shop.example.com'}]\npaths:\n  /orders:\n    get: {operationId: listOrders}\n",
}))]
pub(crate) struct ImportBody {
    /// OpenAPI 3.0 or 3.1: JSON or YAML as a text, or the JSON itself. References stay within it.
    #[schema(value_type = JsonValue)]
    document: procura_model::Json,
    /// The base URL; that of the document's first server when absent.
    #[schema(nullable = false)]
    base_url: Option<String>,
    /// Which operations, by the name of the tool, by `operationId` or as `GET /path`; all when absent.
    #[schema(nullable = false)]
    include: Option<Vec<String>>,
}

/// The tools that a document makes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ImportedTools)]
pub(crate) struct ImportedView {
    /// What the API calls itself; text from outside.
    title: String,
    /// The base URL, where it is known.
    base_url: Option<String>,
    /// How a credential seems to be sent.
    #[schema(value_type = Option<ApiCredentialForm>)]
    credential: Option<CredentialForm>,
    /// The tools, as `api.tools` of a new server takes them.
    #[schema(value_type = Vec<ApiToolForm>)]
    tools: Vec<ApiTool>,
    /// What was left out or changed, a sentence each.
    warnings: Vec<String>,
}

impl From<Imported> for ImportedView {
    fn from(made: Imported) -> Self {
        let Imported { title, base_url, credential, tools, warnings } = made;
        Self { title, base_url, credential, tools, warnings }
    }
}

/// Make tools of an OpenAPI document
///
/// A preview: nothing is kept. Send what is wanted of it as `api.tools` with `POST /v1/servers`.
#[utoipa::path(
    post, path = "/v1/servers/import", operation_id = "importTools", tag = "Tools",
    request_body = ImportBody,
    responses((status = 200, description = "The tools, and what was left out.", body = ImportedView), Reading),
    security(("bearer" = ["write:servers"]), ("apiKey" = ["write:servers"])),
)]
pub(crate) async fn import(caller: Caller, Body(body): Body<ImportBody>) -> Reply<Json<ImportedView>> {
    caller.ctx.actor.require(Scope::WriteServers)?;
    let ask = ImportAsk { document: body.document, base_url: body.base_url, include: body.include };
    Ok(Json(openapi_import::import(&ask)?.into()))
}

/// The keys that verify what we assert about users (RFC 7517). They change with the root key alone.
async fn keys(State(web): State<WebState>) -> Result<Response, Failure> {
    let keys = web.app.seals.published_keys()?.to_string();
    let mut response = keys.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jwk-set+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::ApiServer;
    use std::collections::BTreeSet;
    use utoipa::PartialSchema;

    fn keys(value: &serde_json::Value) -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    }

    fn documented<S: PartialSchema>() -> BTreeSet<String> {
        let schema = serde_json::to_value::<utoipa::openapi::RefOr<_>>(S::schema()).unwrap();
        keys(&schema["properties"])
    }

    #[test]
    fn the_documented_api_is_the_model_s() {
        let text = r#"{"baseUrl":"https://a.example","user":{"kind":"assertion","audience":"a"},"tools":[{"name":"a",
            "method":"POST","path":"/","user":"none","parameters":[{"name":"x","in":"query","sentAs":"y","schema":{}}],
            "body":{"schema":{}}}]}"#;
        let api: ApiServer = serde_json::from_str(text).unwrap();
        let sent = serde_json::to_value(&api).unwrap();
        assert_eq!(keys(&sent), documented::<ApiForm>());
        assert_eq!(keys(&sent["credential"]), documented::<ApiCredentialForm>());
        let tool = &sent["tools"][0];
        assert_eq!(keys(tool), documented::<ApiToolForm>());
        assert_eq!(keys(&tool["parameters"][0]), documented::<ApiParameterForm>());
        assert_eq!(keys(&tool["body"]), documented::<ApiBodyForm>());
        let forward = documented::<UserForwardForm>();
        assert!(keys(&sent["user"]).iter().all(|key| forward.contains(key)));
    }
}
