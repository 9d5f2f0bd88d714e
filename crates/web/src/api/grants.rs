//! What people allowed OAuth clients, and the sessions on which those clients' tokens hang (OAU-4, SES-1): looked at,
//! and taken back.

use crate::{
    body::NoBody,
    extract::{Caller, Id, Query},
    operation::{Done, List, Reading, Reply, Writing, page_ask},
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::oauth::grants::{self, GrantFilter, NamedGrant, OauthSessionFilter};
use procura_model::{AccountId, AgentId, ClientId, GrantId, OauthSession, SessionId, SessionKind, Time};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, revoke))
        .routes(routes!(list_sessions))
        .routes(routes!(get_session, end_session))
}

/// A person's consent: the client may act as this agent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Grant, example = json!({
    "id": "gra_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "accountId": "acc_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "email": "ada@example.com",
    "agentId": "agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "agentName": "Claude Code",
    "clientId": "cli_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "clientName": "Claude Code",
    "scope": "tools",
    "resources": ["https://procura.example/v1/mcp"],
    "createdAt": "2026-11-22T09:00:00.000Z",
    "updatedAt": "2026-11-22T09:00:00.000Z",
    "revokedAt": null,
}))]
pub(crate) struct GrantView {
    /// The grant's id.
    #[schema(value_type = String)]
    id: GrantId,
    /// Who allowed it.
    #[schema(value_type = String)]
    account_id: AccountId,
    /// Their address.
    email: String,
    /// As which agent the client acts.
    #[schema(value_type = String)]
    agent_id: AgentId,
    /// The agent's name.
    agent_name: String,
    /// The client: an id of ours, or the URL of its metadata document.
    #[schema(value_type = String)]
    client_id: ClientId,
    /// What the client calls itself.
    client_name: String,
    /// What was allowed, divided by blanks.
    scope: String,
    /// Where: resource indicators.
    resources: Vec<String>,
    /// When it was first allowed.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it was last allowed, or widened.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
    /// When it was taken back.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Time>,
}

fn view(found: NamedGrant) -> GrantView {
    let NamedGrant { grant, client_name, agent_name, email } = found;
    GrantView {
        id: grant.id,
        account_id: grant.account,
        email,
        agent_id: grant.agent,
        agent_name,
        client_id: grant.client,
        client_name,
        scope: grant.scope.to_string(),
        resources: grant.resources,
        created_at: grant.created_at,
        updated_at: grant.updated_at,
        revoked_at: grant.revoked_at,
    }
}

/// A session of an OAuth client: the family of its tokens.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OauthSession, example = json!({
    "id": "ses_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "kind": "code",
    "grantId": "gra_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "clientId": "cli_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "agentId": "agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "accountId": "acc_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "scope": "tools",
    "resources": ["https://procura.example/v1/mcp"],
    "keyBound": false,
    "createdAt": "2026-11-22T09:00:00.000Z",
    "expiresAt": "2026-12-22T09:00:00.000Z",
    "lastUsedAt": "2026-11-22T09:12:00.000Z",
    "revokedAt": null,
}))]
pub(crate) struct OauthSessionView {
    /// The session's id, the `sid` of its tokens.
    #[schema(value_type = String)]
    id: SessionId,
    /// How it came to be: `code`, `device`, `client`, `assertion` or `exchange`.
    #[schema(value_type = String, pattern = "^(code|device|client|assertion|exchange)$")]
    kind: SessionKind,
    /// The consent on which it stands; null where no person was asked.
    #[schema(value_type = Option<String>)]
    grant_id: Option<GrantId>,
    /// Whose tokens.
    #[schema(value_type = String)]
    client_id: ClientId,
    /// As which agent the client acts.
    #[schema(value_type = String)]
    agent_id: AgentId,
    /// For which person.
    #[schema(value_type = Option<String>)]
    account_id: Option<AccountId>,
    /// What was granted, divided by blanks.
    scope: String,
    /// Where: resource indicators.
    resources: Vec<String>,
    /// Whether its tokens are bound to a key (RFC 9449).
    key_bound: bool,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
    /// When a token of it was last used or made, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Time>,
    /// When it was ended before its time.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Time>,
}

fn session_view(session: OauthSession) -> OauthSessionView {
    OauthSessionView {
        id: session.id,
        kind: session.kind,
        grant_id: session.grant,
        client_id: session.client,
        agent_id: session.agent,
        account_id: session.account,
        scope: session.scope.to_string(),
        resources: session.resources,
        key_bound: session.dpop_jkt.is_some(),
        created_at: session.created_at,
        expires_at: session.expires_at,
        last_used_at: session.last_used_at,
        revoked_at: session.revoked_at,
    }
}

/// Which grants are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct GrantsQuery {
    /// Only this person's.
    #[param(value_type = Option<String>, nullable = false)]
    account_id: Option<AccountId>,
    /// Only this client's.
    #[param(value_type = Option<String>, nullable = false)]
    client_id: Option<ClientId>,
    /// The `nextCursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
    /// How many rows; 50 when absent.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Which sessions are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OauthSessionsQuery {
    /// Only this person's.
    #[param(value_type = Option<String>, nullable = false)]
    account_id: Option<AccountId>,
    /// Only this client's.
    #[param(value_type = Option<String>, nullable = false)]
    client_id: Option<ClientId>,
    /// Only those as this agent.
    #[param(value_type = Option<String>, nullable = false)]
    agent_id: Option<AgentId>,
    /// Only those on this grant.
    #[param(value_type = Option<String>, nullable = false)]
    grant_id: Option<GrantId>,
    /// The `nextCursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
    /// How many rows; 50 when absent.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// List grants
///
/// What people allow OAuth clients now, newest first; what was taken back is not among it.
#[utoipa::path(
    get, path = "/v1/grants", operation_id = "listGrants", tag = "OAuth", params(GrantsQuery),
    responses((status = 200, description = "One page of grants.", body = List<GrantView>), Reading),
    security(("bearer" = ["read:grants"]), ("apiKey" = ["read:grants"])),
)]
pub(crate) async fn list(
    State(web): State<WebState>,
    caller: Caller,
    Query(query): Query<GrantsQuery>,
) -> Reply<Json<List<GrantView>>> {
    let page = page_ask(query.cursor, query.limit)?;
    let filter = GrantFilter { account: query.account_id, client: query.client_id };
    Ok(List::page(grants::list(&web.app, &caller.ctx, filter, &page).await?, view))
}

/// Get a grant
///
/// Also when it was taken back.
#[utoipa::path(
    get, path = "/v1/grants/{grantId}", operation_id = "getGrant", tag = "OAuth",
    params(("grantId" = String, Path, description = "The grant's id.")),
    responses((status = 200, description = "The grant.", body = GrantView), Reading),
    security(("bearer" = ["read:grants"]), ("apiKey" = ["read:grants"])),
)]
pub(crate) async fn get(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<GrantId>,
) -> Reply<Json<GrantView>> {
    Ok(Json(view(grants::get(&web.app, &caller.ctx, id).await?)))
}

/// Revoke a grant
///
/// Its sessions end with it, and every token of theirs is refused from the next request on, within a second on every
/// node. The client has to ask the person again. Revoking one that was revoked changes nothing.
#[utoipa::path(
    delete, path = "/v1/grants/{grantId}", operation_id = "revokeGrant", tag = "OAuth",
    params(("grantId" = String, Path, description = "The grant's id.")),
    responses((status = 204, description = "It is revoked."), Writing),
    security(("bearer" = ["revoke:grants"]), ("apiKey" = ["revoke:grants"])),
)]
pub(crate) async fn revoke(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<GrantId>,
    _body: NoBody,
) -> Reply<Done> {
    grants::revoke(&web.app, &caller.ctx, id).await?;
    Ok(Done)
}

/// List sessions of OAuth clients
///
/// Those that live, newest first.
#[utoipa::path(
    get, path = "/v1/oauth-sessions", operation_id = "listOauthSessions", tag = "OAuth",
    params(OauthSessionsQuery),
    responses((status = 200, description = "One page of sessions.", body = List<OauthSessionView>), Reading),
    security(("bearer" = ["read:grants"]), ("apiKey" = ["read:grants"])),
)]
pub(crate) async fn list_sessions(
    State(web): State<WebState>,
    caller: Caller,
    Query(query): Query<OauthSessionsQuery>,
) -> Reply<Json<List<OauthSessionView>>> {
    let page = page_ask(query.cursor, query.limit)?;
    let filter = OauthSessionFilter {
        account: query.account_id,
        client: query.client_id,
        agent: query.agent_id,
        grant: query.grant_id,
    };
    Ok(List::page(grants::sessions(&web.app, &caller.ctx, filter, &page).await?, session_view))
}

/// Get a session of an OAuth client
///
/// Also when it has ended.
#[utoipa::path(
    get, path = "/v1/oauth-sessions/{oauthSessionId}", operation_id = "getOauthSession", tag = "OAuth",
    params(("oauthSessionId" = String, Path, description = "The session's id.")),
    responses((status = 200, description = "The session.", body = OauthSessionView), Reading),
    security(("bearer" = ["read:grants"]), ("apiKey" = ["read:grants"])),
)]
pub(crate) async fn get_session(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<SessionId>,
) -> Reply<Json<OauthSessionView>> {
    Ok(Json(session_view(grants::session(&web.app, &caller.ctx, id).await?)))
}

/// End a session of an OAuth client
///
/// Every token of it is refused from the next request on, within a second on every node; the grant stays. Ending one
/// that has ended changes nothing.
#[utoipa::path(
    delete, path = "/v1/oauth-sessions/{oauthSessionId}", operation_id = "endOauthSession", tag = "OAuth",
    params(("oauthSessionId" = String, Path, description = "The session's id.")),
    responses((status = 204, description = "It is ended."), Writing),
    security(("bearer" = ["revoke:grants"]), ("apiKey" = ["revoke:grants"])),
)]
pub(crate) async fn end_session(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<SessionId>,
    _body: NoBody,
) -> Reply<Done> {
    grants::revoke_session(&web.app, &caller.ctx, id).await?;
    Ok(Done)
}
