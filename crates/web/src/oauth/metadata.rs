//! What the authorization server says of itself (RFC 8414), and what each API that it guards says (RFC 9728). Everything
//! in these documents is served; a test asks each endpoint that they name. There is no OpenID configuration: no ID token
//! is made here, and RFC 8414 is the one of the two that MCP clients need.

use crate::{
    agent_auth::{Block, CLAIM_GRANT},
    respond::{self, Failure},
    state::WebState,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use procura_app::{
    Settings,
    agent_auth::{self, Place},
    oauth::resources,
};
use procura_model::{
    Reason, Scope,
    oauth::{ClientAuth, GrantType},
};
use serde::Serialize;

/// Where the server's own document is: the issuer has no path (decision 3), so nothing stands behind it (RFC 8414
/// section 3.1).
const SERVER: &str = "/.well-known/oauth-authorization-server";
/// Where a guarded API's document is: its path stands behind this (RFC 9728 section 3.1).
const RESOURCE: &str = "/.well-known/oauth-protected-resource";
/// The gateway's path.
const GATEWAY: &str = "/v1/mcp";
/// How long a document may be kept.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=300");
/// The same where what it says may be ended.
const SHORTLY: HeaderValue = HeaderValue::from_static("public, max-age=60");
/// The algorithms of assertions and proofs, in the order of preference; `none` and HMAC never (RFC 8725).
pub(crate) const ALGORITHMS: [&str; 5] = ["ES256", "EdDSA", "ES384", "PS256", "RS256"];
/// Asks for a refresh token; no API is opened by it, so it stands in no document of an API.
const OFFLINE: &str = "offline_access";

/// The documents.
pub(super) fn routes() -> Router<WebState> {
    Router::new()
        .route(SERVER, get(server))
        .route(RESOURCE, get(gateway))
        .route("/.well-known/oauth-protected-resource/{*path}", get(resource))
}

/// RFC 8414 section 2. A list without an element is left out (section 3.2), so none is empty.
#[derive(Debug, Serialize)]
struct Server<'s> {
    issuer: &'s str,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_endpoint: Option<String>,
    scopes_supported: [&'static str; 2],
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    token_endpoint_auth_signing_alg_values_supported: [&'static str; 5],
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    revocation_endpoint_auth_signing_alg_values_supported: [&'static str; 5],
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    introspection_endpoint_auth_signing_alg_values_supported: [&'static str; 5],
    code_challenge_methods_supported: [&'static str; 1],
    authorization_response_iss_parameter_supported: bool,
    client_id_metadata_document_supported: bool,
    pushed_authorization_request_endpoint: String,
    require_pushed_authorization_requests: bool,
    device_authorization_endpoint: String,
    dpop_signing_alg_values_supported: [&'static str; 5],
    authorization_grant_profiles_supported: [&'static str; 1],
    protected_resources: [String; 1],
    ui_locales_supported: [&'static str; 1],
    /// As in the metadata of the API at the root, to the letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_auth: Option<Block>,
}

impl<'s> Server<'s> {
    fn of(settings: &'s Settings) -> Self {
        let issuer = settings.public_url.as_str();
        let at = |path: &str| format!("{issuer}{path}");
        let words = |methods: &[ClientAuth]| methods.iter().map(|method| method.as_str()).collect::<Vec<_>>();
        let proving: Vec<ClientAuth> =
            ClientAuth::ALL.iter().copied().filter(|method| *method != ClientAuth::None).collect();
        Self {
            issuer,
            authorization_endpoint: at("/oauth/authorize"),
            token_endpoint: at("/oauth/token"),
            jwks_uri: at("/oauth/jwks"),
            registration_endpoint: settings.oauth.registration.then(|| at("/oauth/register")),
            scopes_supported: [Scope::Tools.as_str(), OFFLINE],
            // OAuth 2.1: neither the implicit grant nor the password grant; and they are the defaults of what is left
            // out (RFC 8414 section 2), so both lists are always said.
            response_types_supported: ["code"],
            response_modes_supported: ["query"],
            grant_types_supported: GrantType::ALL.iter().map(|grant| grant.as_str()).collect(),
            token_endpoint_auth_methods_supported: words(ClientAuth::ALL),
            token_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
            revocation_endpoint: at("/oauth/revoke"),
            revocation_endpoint_auth_methods_supported: words(ClientAuth::ALL),
            revocation_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
            introspection_endpoint: at("/oauth/introspect"),
            introspection_endpoint_auth_methods_supported: words(&proving),
            introspection_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
            // MCP: a client refuses a server that does not say S256; `plain` is none here (RFC 9700 section 2.1.1).
            code_challenge_methods_supported: ["S256"],
            // RFC 9207 section 3.
            authorization_response_iss_parameter_supported: true,
            client_id_metadata_document_supported: true,
            pushed_authorization_request_endpoint: at("/oauth/par"),
            require_pushed_authorization_requests: false,
            device_authorization_endpoint: at("/oauth/device"),
            dpop_signing_alg_values_supported: ALGORITHMS,
            authorization_grant_profiles_supported: ["urn:ietf:params:oauth:grant-profile:id-jag"],
            protected_resources: [at(GATEWAY)],
            ui_locales_supported: ["en"],
            agent_auth: None,
        }
    }
}

/// RFC 9728 section 2.
#[derive(Debug, Serialize)]
struct Resource {
    resource: String,
    authorization_servers: [String; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes_supported: Vec<String>,
    bearer_methods_supported: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_documentation: Option<String>,
    dpop_signing_alg_values_supported: [&'static str; 5],
    #[serde(skip_serializing_if = "is_false")]
    dpop_bound_access_tokens_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_auth: Option<Block>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

async fn server(State(web): State<WebState>) -> Result<Response, Failure> {
    let mut document = Server::of(&web.app.settings);
    if let Some(place) = agent_auth::root(&web.app).await? {
        if place.access.profiles.has_second() {
            document.grant_types_supported.push(CLAIM_GRANT);
        }
        document.agent_auth = Some(Block::of(&web.app.settings, &place, place.takes_email(&web.app)));
        return Ok(shortly(&document));
    }
    Ok(told(&document))
}

/// The root form: the API that is described at the root, where there is one (decision 3), and otherwise, for clients that
/// know no path, the gateway's document. `resource` is the gateway itself, which is what a client that came from its 401
/// must find there (RFC 9728 section 3.3).
async fn gateway(State(web): State<WebState>) -> Result<Response, Failure> {
    match agent_auth::root(&web.app).await? {
        Some(place) => Ok(of_place(&web, &place)),
        None => Ok(told(&mount(&web.app.settings, GATEWAY))),
    }
}

/// The document of an API at which agents register.
pub(crate) fn of_place(web: &WebState, place: &Place) -> Response {
    let settings = &web.app.settings;
    let block = Block::of(settings, place, place.takes_email(&web.app));
    let document = Resource {
        resource: place.api.identifier.clone(),
        scopes_supported: place.scopes().iter().map(str::to_owned).collect(),
        dpop_bound_access_tokens_required: place.api.settings.dpop_required,
        resource_name: Some(place.api.name.clone()),
        resource_documentation: Some(block.skill().to_owned()),
        agent_auth: Some(block),
        ..mount(settings, GATEWAY)
    };
    shortly(&document)
}

/// What is ended must not be advertised for long.
fn shortly(document: &impl Serialize) -> Response {
    ([(header::CACHE_CONTROL, SHORTLY)], Json(document)).into_response()
}

/// The document of the API at this path: `resource` is to the letter the address in which the path was inserted
/// (RFC 9728 section 3.3; decision 4).
async fn resource(State(web): State<WebState>, Path(path): Path<String>) -> Result<Response, Failure> {
    let path = format!("/{path}");
    if is_mount(&path) {
        return Ok(told(&mount(&web.app.settings, &path)));
    }
    let settings = &web.app.settings;
    let identifier = format!("{}{path}", settings.public_url);
    let target = match resources::find(&web.app, &identifier).await {
        Ok(target) if target.audience == identifier => target,
        Ok(_) => return Err(respond::unknown_path()),
        Err(error) if error.reason() == Reason::OauthTargetInvalid => return Err(respond::unknown_path()),
        Err(error) => return Err(Failure(error)),
    };
    Ok(told(&Resource {
        scopes_supported: target.scopes.into_iter().map(|scope| scope.name).collect(),
        dpop_bound_access_tokens_required: target.dpop_required,
        resource_name: None,
        ..mount(settings, &path)
    }))
}

/// The gateway, with or without a slash at its end, or one server of it. Which servers there are is no business of
/// whoever asks without a token.
fn is_mount(path: &str) -> bool {
    let is_name =
        |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    path.strip_prefix(GATEWAY).is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix('/').is_some_and(|name| name.len() <= 64 && is_name(name))
    })
}

fn mount(settings: &Settings, path: &str) -> Resource {
    Resource {
        resource: format!("{}{path}", settings.public_url),
        authorization_servers: [settings.public_url.clone()],
        scopes_supported: vec![Scope::Tools.as_str().to_owned()],
        bearer_methods_supported: ["header"],
        resource_name: Some("Procura, the tools of your organization".to_owned()),
        resource_documentation: None,
        agent_auth: None,
        dpop_signing_alg_values_supported: ALGORITHMS,
        dpop_bound_access_tokens_required: false,
    }
}

fn told(document: &impl Serialize) -> Response {
    ([(header::CACHE_CONTROL, KEPT)], Json(document)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_say_what_their_rfcs_require_and_no_list_is_empty() {
        let settings = Settings::for_url("https://p.example");
        let document = serde_json::to_value(Server::of(&settings)).unwrap();
        assert_eq!(document["issuer"], "https://p.example");
        for (name, value) in document.as_object().unwrap() {
            assert!(!value.as_array().is_some_and(Vec::is_empty), "{name} is empty");
            let is_url = name.ends_with("_endpoint") || name.ends_with("_uri");
            assert!(!is_url || value.as_str().unwrap().starts_with("https://p.example/oauth/"), "{name}");
        }
        assert_eq!(document["introspection_endpoint_auth_methods_supported"].as_array().unwrap().len(), 3);
        assert!(!document.to_string().contains("password") && !document.to_string().contains("implicit"));
        let mut closed = settings;
        closed.oauth.registration = false;
        assert!(serde_json::to_value(Server::of(&closed)).unwrap().get("registration_endpoint").is_none());
    }

    #[test]
    fn a_document_names_the_form_that_was_asked() {
        let settings = Settings::for_url("https://p.example");
        for path in ["/v1/mcp", "/v1/mcp/", "/v1/mcp/shop-1"] {
            assert!(is_mount(path), "{path}");
            assert_eq!(mount(&settings, path).resource, format!("https://p.example{path}"));
        }
        for path in ["/v1/mcpx", "/v1", "/v1/mcp/a/b", "/v1/mcp/%2f", "/v1/mcp/a\"b"] {
            assert!(!is_mount(path), "{path}");
        }
    }
}
