//! How the users of an agent are verified (USR-1 to USR-4), and the secrets of the method, which go in and never come
//! out (VLT-6).

use crate::{
    body::{Body, OptionalBody},
    extract::{Caller, Id, Ids},
    operation::{CreatedSecret, Done, Reading, Reply, Writing},
    respond::Failure,
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::users::{
    CallbackSettings, JwtSettings, MethodSettings, SignedTokenSettings, UserAuthSettings, WidgetSettings,
    secrets::{self, DEFAULT_OVERLAP_MS, KeptSecret, NewSecret, SecretSet},
    settings::{self, Configured},
};
use procura_model::{AgentId, Reason, Secret, SecretId, ShownOnce, Time, time::SECOND_MS};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(get, set, remove))
        .routes(routes!(add_secret))
        .routes(routes!(remove_secret))
}

/// How a JWT is judged.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = JwtSettings, example = json!({
    "jwksUrl": "https://id.example.com/.well-known/jwks.json",
    "issuer": "https://id.example.com",
    "audience": "shop",
}))]
pub(crate) struct JwtForm {
    /// Where the key set is published; https, unless the operator opened the host.
    #[schema(max_length = 2048)]
    jwks_url: String,
    /// What `iss` must be, to the letter.
    #[schema(min_length = 1, max_length = 512)]
    issuer: String,
    /// What `aud` must be or hold, to the letter.
    #[schema(min_length = 1, max_length = 512)]
    audience: String,
    /// The allowed algorithms, of RS256, PS256, ES256, ES384 and EdDSA; all five when absent.
    #[schema(nullable = false)]
    algorithms: Option<Vec<String>>,
    /// By how much clocks may differ, in seconds; 30 when absent.
    #[schema(nullable = false, maximum = 300)]
    leeway_seconds: Option<u32>,
    /// The claim that holds the user's id; `sub` when absent.
    #[schema(nullable = false)]
    subject_claim: Option<String>,
    /// The claim that holds the e-mail address; `email` when absent, only an attribute when null.
    email_claim: Option<String>,
    /// The claim that holds the role; `role` when absent, only an attribute when null.
    role_claim: Option<String>,
}

/// How a signed session token is judged.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SignedTokenSettings)]
pub(crate) struct SignedTokenForm {
    /// The longest life of a token, whatever its `exp` says, in seconds; 3,600 when absent.
    #[schema(nullable = false, minimum = 60, maximum = 3600)]
    max_lifetime_seconds: Option<u32>,
    /// By how much clocks may differ, in seconds; 0 when absent.
    #[schema(nullable = false, maximum = 300)]
    leeway_seconds: Option<u32>,
}

/// Whom to ask.
#[derive(Serialize, ToSchema)]
#[schema(as = CallbackSettings, example = json!({ "url": "https://shop.example.com/procura/whois" }))]
pub(crate) struct CallbackForm {
    /// Where the callback listens; https, unless the operator opened the host.
    #[schema(max_length = 2048)]
    url: String,
}

/// The browser widget of an agent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WidgetSettings, example = json!({
    "allowedOrigins": ["https://shop.example.com"],
    "endpoint": "https://shop.example.com/agent",
}))]
pub(crate) struct WidgetForm {
    /// The origins of the pages that may embed it, as browsers write them; 1 to 20.
    allowed_origins: Vec<String>,
    /// Where your agent listens; the only place to which the widget sends a user's token.
    #[schema(max_length = 2048)]
    endpoint: String,
}

/// One method with its settings: exactly one of the three.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = UserAuthMethod, example = json!({ "signedToken": {} }))]
pub(crate) struct MethodForm {
    /// A JWT against a published key set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<JwtForm>, nullable = false)]
    jwt: Option<JwtSettings>,
    /// A signed session token under a shared secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<SignedTokenForm>, nullable = false)]
    signed_token: Option<SignedTokenSettings>,
    /// Your own server is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<CallbackForm>, nullable = false)]
    callback: Option<CallbackSettings>,
}

impl MethodForm {
    fn settings(self) -> Reply<MethodSettings> {
        match (self.jwt, self.signed_token, self.callback) {
            (Some(jwt), None, None) => Ok(MethodSettings::Jwt(jwt)),
            (None, Some(signed), None) => Ok(MethodSettings::SignedToken(signed)),
            (None, None, Some(callback)) => Ok(MethodSettings::Callback(callback)),
            _ => Err(Failure(
                Reason::FieldInvalid
                    .because("method must have exactly one of jwt, signedToken and callback."),
            )),
        }
    }
}

impl From<MethodSettings> for MethodForm {
    fn from(settings: MethodSettings) -> Self {
        match settings {
            MethodSettings::Jwt(jwt) => Self { jwt: Some(jwt), ..Self::default() },
            MethodSettings::SignedToken(signed) => Self { signed_token: Some(signed), ..Self::default() },
            MethodSettings::Callback(callback) => Self { callback: Some(callback), ..Self::default() },
        }
    }
}

/// How users are to be verified.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewUserAuth, example = json!({
    "method": {
        "jwt": {
            "jwksUrl": "https://id.example.com/.well-known/jwks.json",
            "issuer": "https://id.example.com",
            "audience": "shop",
        },
    },
    "sessionSeconds": 3600,
}))]
pub(crate) struct UserAuthBody {
    /// The one method.
    method: MethodForm,
    /// How long a session lasts where nobody asks for less, in seconds; 3,600 when absent.
    #[serde(default = "usual_session_seconds")]
    #[schema(value_type = Option<u32>, nullable = false, minimum = 60, maximum = 86400)]
    session_seconds: u32,
    /// The browser widget; none when absent or null.
    #[schema(value_type = Option<WidgetForm>)]
    widget: Option<WidgetSettings>,
}

const fn usual_session_seconds() -> u32 {
    UserAuthSettings::USUAL_SESSION_SECONDS
}

/// A secret without its value, which is never shown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeptSecret, example = json!({
    "id": "sec_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "createdAt": "2026-11-22T09:00:00.000Z",
    "retiresAt": null,
}))]
pub(crate) struct KeptSecretView {
    /// The secret's id.
    #[schema(value_type = String)]
    id: SecretId,
    /// When it was set.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// From when on it is no longer used, where a newer one has taken its place.
    #[schema(value_type = Option<String>, format = DateTime)]
    retires_at: Option<Time>,
}

impl From<KeptSecret> for KeptSecretView {
    fn from(secret: KeptSecret) -> Self {
        Self { id: secret.id, created_at: secret.created_at, retires_at: secret.retires_at }
    }
}

/// How the users of an agent are verified.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserAuth)]
pub(crate) struct UserAuthView {
    /// The one method.
    method: MethodForm,
    /// How long a session lasts where nobody asks for less, in seconds.
    session_seconds: u32,
    /// The browser widget, where there is one.
    #[schema(value_type = Option<WidgetForm>)]
    widget: Option<WidgetSettings>,
    /// The live secrets of the method, the one that lives longest first; never their values.
    secrets: Vec<KeptSecretView>,
    /// When a method was first set.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When the settings were last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl From<Configured> for UserAuthView {
    fn from(configured: Configured) -> Self {
        let UserAuthSettings { method, session_seconds, widget } = configured.settings;
        Self {
            method: method.into(),
            session_seconds,
            widget,
            secrets: configured.secrets.into_iter().map(Into::into).collect(),
            created_at: configured.created_at,
            updated_at: configured.updated_at,
        }
    }
}

/// A secret to set.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewSecret, example = json!({ "overlapSeconds": 86_400 }))]
pub(crate) struct NewSecretBody {
    /// The secret, 32 to 512 bytes; made by Procura and shown once when absent.
    #[schema(value_type = Option<String>, nullable = false, write_only, min_length = 32, max_length = 512)]
    secret: Option<Secret<String>>,
    /// For how long the secret before lives on, in seconds; 86,400 when absent, 0 destroys it at once.
    #[schema(nullable = false, minimum = 0, maximum = 2_592_000)]
    overlap_seconds: Option<u32>,
}

/// A secret that was set.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SecretSet)]
pub(crate) struct SecretSetView {
    /// What is kept of it.
    #[serde(flatten)]
    kept: KeptSecretView,
    /// The secret, where Procura made it; shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    secret: Option<ShownOnce>,
}

impl From<SecretSet> for SecretSetView {
    fn from(set: SecretSet) -> Self {
        Self { kept: set.secret.into(), secret: set.shown }
    }
}

/// Get how an agent's users are verified
///
/// Settings and, of secrets, only that they are there. 404 where no method is set.
#[utoipa::path(
    get, path = "/v1/agents/{agentId}/user-auth", operation_id = "getUserAuth", tag = "Users",
    params(("agentId" = String, Path, description = "The agent's id.")),
    responses((status = 200, description = "The method and its settings.", body = UserAuthView), Reading),
    security(("bearer" = ["read:agents"]), ("apiKey" = ["read:agents"])),
)]
pub(crate) async fn get(
    State(web): State<WebState>,
    caller: Caller,
    Id(agent): Id<AgentId>,
) -> Reply<Json<UserAuthView>> {
    let configured = settings::get(&web.app, &caller.ctx, agent).await?;
    Ok(Json(configured.ok_or_else(settings::none_set)?.into()))
}

/// Set how an agent's users are verified
///
/// Replaces method and settings as a whole; an agent has exactly one method. It holds from the next token on. Secrets
/// of another method are destroyed. Open sessions stay; revoke them if they should end.
#[utoipa::path(
    put, path = "/v1/agents/{agentId}/user-auth", operation_id = "setUserAuth", tag = "Users",
    params(("agentId" = String, Path, description = "The agent's id.")),
    request_body = UserAuthBody,
    responses((status = 200, description = "The method and its settings.", body = UserAuthView), Writing),
    security(("bearer" = ["write:agents"]), ("apiKey" = ["write:agents"])),
)]
pub(crate) async fn set(
    State(web): State<WebState>,
    caller: Caller,
    Id(agent): Id<AgentId>,
    Body(body): Body<UserAuthBody>,
) -> Reply<Json<UserAuthView>> {
    let UserAuthBody { method, session_seconds, widget } = body;
    let wanted = UserAuthSettings { method: method.settings()?, session_seconds, widget };
    Ok(Json(settings::set(&web.app, &caller.ctx, agent, wanted).await?.into()))
}

/// Stop verifying an agent's users
///
/// The method, its settings and its secrets are destroyed; tokens are refused with `AUTH_NOT_CONFIGURED`. Open sessions
/// stay; revoke them if they should end.
#[utoipa::path(
    delete, path = "/v1/agents/{agentId}/user-auth", operation_id = "removeUserAuth", tag = "Users",
    params(("agentId" = String, Path, description = "The agent's id.")),
    responses((status = 204, description = "No method is set."), Writing),
    security(("bearer" = ["write:agents"]), ("apiKey" = ["write:agents"])),
)]
pub(crate) async fn remove(
    State(web): State<WebState>,
    caller: Caller,
    Id(agent): Id<AgentId>,
) -> Reply<Done> {
    settings::remove(&web.app, &caller.ctx, agent).await?;
    Ok(Done)
}

/// Set or replace the secret of a method
///
/// For `signedToken` your tokens are signed with it, for `callback` our requests are. Give one, or let Procura make one,
/// which is in this answer and never again. The secret before lives on for `overlapSeconds`; at most two are live.
#[utoipa::path(
    post, path = "/v1/agents/{agentId}/user-auth/secrets", operation_id = "addUserAuthSecret", tag = "Users",
    params(("agentId" = String, Path, description = "The agent's id.")),
    request_body = Option<NewSecretBody>,
    responses((status = 201, description = "The secret was set.", body = SecretSetView), Writing),
    security(("bearer" = ["write:agents"]), ("apiKey" = ["write:agents"])),
)]
pub(crate) async fn add_secret(
    State(web): State<WebState>,
    caller: Caller,
    Id(agent): Id<AgentId>,
    OptionalBody(body): OptionalBody<NewSecretBody>,
) -> Reply<CreatedSecret<SecretSetView>> {
    let overlap_ms =
        body.overlap_seconds.map_or(DEFAULT_OVERLAP_MS, |seconds| i64::from(seconds) * SECOND_MS);
    let ask = NewSecret { given: body.secret, overlap_ms };
    Ok(CreatedSecret(secrets::add(&web.app, &caller.ctx, agent, ask).await?.into()))
}

/// Destroy a secret of a method
///
/// At once: what is signed with it is refused from the next token on.
#[utoipa::path(
    delete, path = "/v1/agents/{agentId}/user-auth/secrets/{secretId}", operation_id = "removeUserAuthSecret",
    tag = "Users",
    params(
        ("agentId" = String, Path, description = "The agent's id."),
        ("secretId" = String, Path, description = "The secret's id."),
    ),
    responses((status = 204, description = "The secret is gone."), Writing),
    security(("bearer" = ["write:agents"]), ("apiKey" = ["write:agents"])),
)]
pub(crate) async fn remove_secret(
    State(web): State<WebState>,
    caller: Caller,
    Ids(agent, secret): Ids<AgentId, SecretId>,
) -> Reply<Done> {
    secrets::remove(&web.app, &caller.ctx, agent, secret).await?;
    Ok(Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use utoipa::PartialSchema;

    #[test]
    fn the_documented_settings_are_the_journey_s() {
        let keys = |value: &serde_json::Value| {
            let mut keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
            keys.sort();
            keys
        };
        let documented =
            |schema| keys(&serde_json::to_value::<utoipa::openapi::RefOr<_>>(schema).unwrap()["properties"]);
        let jwt: JwtSettings =
            serde_json::from_str(r#"{"jwksUrl":"u","issuer":"i","audience":"a"}"#).unwrap();
        assert_eq!(keys(&serde_json::to_value(jwt).unwrap()), documented(JwtForm::schema()));
        let signed = serde_json::to_value(SignedTokenSettings::default()).unwrap();
        assert_eq!(keys(&signed), documented(SignedTokenForm::schema()));
        let callback = CallbackSettings { url: String::new() };
        assert_eq!(keys(&serde_json::to_value(callback).unwrap()), documented(CallbackForm::schema()));
        let widget = WidgetSettings { allowed_origins: Vec::new(), endpoint: String::new() };
        assert_eq!(keys(&serde_json::to_value(widget).unwrap()), documented(WidgetForm::schema()));
    }

    #[test]
    fn exactly_one_method_is_taken() {
        let read = |text: &str| serde_json::from_str::<MethodForm>(text).unwrap().settings();
        for good in
            [r#"{"signedToken":{}}"#, r#"{"signedToken":{"leewaySeconds":3}}"#, r#"{"callback":{"url":"u"}}"#]
        {
            let settings = read(good).unwrap_or_else(|_| panic!("{good}"));
            let shown = serde_json::to_value(MethodForm::from(settings)).unwrap();
            assert_eq!(shown.as_object().unwrap().len(), 1, "{shown}");
        }
        for bad in ["{}", r#"{"jwt":null}"#, r#"{"callback":{"url":"u"},"signedToken":{}}"#] {
            assert_eq!(read(bad).unwrap_err().0.reason(), Reason::FieldInvalid, "{bad}");
        }
    }
}
