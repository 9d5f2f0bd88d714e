//! An API of the organization asks whether a key that it was shown holds (AGT-3, AGT-4). The answer is 200 also where the
//! key does not, with the status that the API should answer: a 401 of ours would be about the key of the API's own server.
//! A question leaves no record, as a reading of memory; who used a key, and when, does.

use crate::{
    body::Body,
    extract,
    operation::{Reading, Reply, Writing},
    sent::Sent,
    state::WebState,
};
use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use procura_app::{
    agent_auth::{
        Held,
        verify::{self, Needs},
    },
    limits::Limit,
};
use procura_model::{
    CredentialId, Error, Reason, RegistrationId, ResourceId, Scope, TenantId, Time, oauth::ScopeList,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(verify_key))
}

/// The organization's own server, which may ask about keys.
pub(crate) struct Asking {
    tenant: TenantId,
    now: Time,
}

impl FromRequestParts<WebState> for Asking {
    type Rejection = crate::respond::Failure;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Self::Rejection> {
        let exchange = crate::exchange::Exchange::of(parts)?;
        let found = extract::key_alone(state, &parts.headers).await;
        let (limit, limited_as) = match &found {
            Ok(identified) => (Limit::KeyVerify, identified.actor.id()),
            Err(_) => (Limit::Global, exchange.address_key()),
        };
        exchange.count(state, limit, &limited_as)?;
        let identified = found?;
        if let Err(error) = identified.actor.require(Scope::VerifyKeys) {
            // Whose key it is, is known: the refusal leaves a record.
            let _entered = exchange.enter(state, identified);
            return Err(error.into());
        }
        Ok(Self { tenant: identified.tenant, now: exchange.now })
    }
}

/// A key that was shown, and what is wanted of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = VerifyKey, example = json!({
    "key": "pak_4fGhC7yQ0aXk2mZ9sVt1bRw8uJn5oLe3dPi6KgTqNc7HxA",
    "scopes": ["orders:read"],
    "workspace": "ws_1",
}))]
pub(crate) struct VerifyBody {
    /// The key, as the API was shown it.
    #[schema(value_type = String, max_length = 256)]
    key: Sent,
    /// What the call needs; every one of them.
    #[serde(default)]
    #[schema(max_items = 64)]
    scopes: Vec<String>,
    /// In which workspace.
    #[schema(max_length = 128, nullable = false)]
    workspace: Option<String>,
    /// For which API, by its identifier, where the organization has several.
    #[schema(max_length = 1024, nullable = false)]
    resource: Option<String>,
}

/// Whether a key holds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyVerdict)]
pub(crate) struct VerdictView {
    /// Whether the call may go on.
    valid: bool,
    /// What the API should answer where it may not: 401 for a key that is none, 403 for one that does not reach so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    status: Option<u16>,
    /// The row of the table of refusals, where it may not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    code: Option<&'static str>,
    /// A sentence for the caller of the API.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<String>,
    /// The next step for the caller of the API.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    fix: Option<&'static str>,
    /// The key's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    key_id: Option<CredentialId>,
    /// The agent's registration; none for a key that a person made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    registration_id: Option<RegistrationId>,
    /// The API's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    resource_id: Option<ResourceId>,
    /// What the key may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scopes: Option<Vec<String>>,
    /// In which workspaces of the API; `*` is every one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    workspaces: Option<Vec<String>>,
    /// From when on it is no longer accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    expires_at: Option<Time>,
}

impl VerdictView {
    fn yes(held: &Held) -> Self {
        let key = &held.key;
        Self {
            valid: true,
            status: None,
            code: None,
            error: None,
            fix: None,
            key_id: Some(key.id),
            registration_id: key.registration,
            resource_id: Some(key.resource),
            scopes: Some(key.scope.iter().map(str::to_owned).collect()),
            workspaces: Some(key.workspaces.clone()),
            expires_at: key.expires_at,
        }
    }

    fn no(error: &Error) -> Self {
        let reason = error.reason();
        Self {
            valid: false,
            status: Some(reason.http()),
            code: Some(reason.code()),
            error: Some(error.sentence().to_owned()),
            fix: Some(reason.fix()),
            key_id: None,
            registration_id: None,
            resource_id: None,
            scopes: None,
            workspaces: None,
            expires_at: None,
        }
    }
}

/// Verify a key of a guarded API
///
/// Answers 200 whether or not the key holds; `valid` says it, and `status` what the API should answer. A key that was
/// revoked does not hold from the next question on.
#[utoipa::path(
    post, path = "/v1/keys/verify", operation_id = "verifyKey", tag = "OAuth", request_body = VerifyBody,
    responses((status = 200, description = "Whether the key holds.", body = VerdictView), Reading, Writing),
    security(("bearer" = ["verify:keys"]), ("apiKey" = ["verify:keys"])),
)]
pub(crate) async fn verify_key(
    State(web): State<WebState>,
    asking: Asking,
    Body(body): Body<VerifyBody>,
) -> Reply<Json<VerdictView>> {
    let scope = ScopeList::of(body.scopes.iter().map(String::as_str));
    if scope.iter().count() < body.scopes.len() {
        return Err(Reason::FieldInvalid.because("scopes must be scopes, each once.").into());
    }
    let needs = Needs {
        scope: Some(&scope),
        workspace: body.workspace.as_deref(),
        resource: body.resource.as_deref(),
    };
    match verify::verify(&web.app, asking.tenant, body.key.words(), needs, asking.now).await {
        Ok(held) => Ok(Json(VerdictView::yes(&held))),
        Err(Error::Refused(refusal)) if refusal.reason != Reason::RevocationStale => {
            Ok(Json(VerdictView::no(&Error::Refused(refusal))))
        }
        Err(error) => Err(error.into()),
    }
}
