//! Whose key this is: the first thing to ask when an answer is 401 or 403.

use crate::{
    extract::Caller,
    operation::{Reading, Reply},
    schema::ScopeName,
    state::WebState,
};
use axum::Json;
use procura_model::{Actor, AgentCredential, AgentId, CredentialId, Reason, Scopes, SessionId, TenantId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(whoami))
}

/// Whose key this is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Caller, example = json!({
    "kind": "agent",
    "organizationId": "org_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "keyId": "key_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "agentId": "agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "sessionId": null,
    "scopes": ["verify", "tools", "read:activity", "sessions", "read:approvals"],
}))]
pub(crate) struct CallerView {
    /// For whom the key speaks: `agent` or `platform`.
    #[schema(value_type = String, pattern = "^(agent|platform)$")]
    kind: &'static str,
    /// The organization.
    #[schema(value_type = String)]
    organization_id: TenantId,
    /// The key.
    #[schema(value_type = String)]
    key_id: CredentialId,
    /// The agent, where it speaks for one.
    #[schema(value_type = Option<String>)]
    agent_id: Option<AgentId>,
    /// The session in which the agent acts, where `X-Procura-Session` was sent.
    #[schema(value_type = Option<String>)]
    session_id: Option<SessionId>,
    /// What it may do.
    #[schema(value_type = Vec<ScopeName>)]
    scopes: Scopes,
}

/// Whose key is this?
///
/// Needs a valid key and no scope.
#[utoipa::path(
    get, path = "/v1/whoami", operation_id = "whoami", tag = "Keys",
    responses((status = 200, description = "The key's holder and scopes.", body = CallerView), Reading),
    security(("bearer" = []), ("apiKey" = [])),
)]
pub(crate) async fn whoami(caller: Caller) -> Reply<Json<CallerView>> {
    let (kind, key_id, agent_id, scopes) = match &caller.ctx.actor {
        Actor::Agent { agent, credential: AgentCredential::Key(key), scopes, .. } => {
            ("agent", *key, Some(*agent), *scopes)
        }
        Actor::Platform { credential, scopes } => ("platform", *credential, None, *scopes),
        Actor::Agent { credential: AgentCredential::Token(_), .. }
        | Actor::Account { .. }
        | Actor::Anonymous
        | Actor::Operator => {
            return Err(Reason::CredentialInvalid.into());
        }
    };
    let session_id = caller.ctx.actor.acting_for().map(|acting| acting.session);
    Ok(Json(CallerView { kind, organization_id: caller.ctx.tenant, key_id, agent_id, session_id, scopes }))
}
