//! Approvals: human answers to exact asks (APR-1). A key can read and withdraw them; only a person
//! can decide, so granting and denying by key is always 403.

use crate::{
    body::NoBody,
    extract::{Caller, Id, Query},
    operation::{List, Reading, Reply, Writing, page_ask},
    schema::JsonValue,
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::approvals;
use procura_model::{
    AccountId, AgentId, Approval, ApprovalId, ApprovalState, Json as Value, PermissionId, RequestId, Time,
    UserRef,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(grant))
        .routes(routes!(deny))
        .routes(routes!(cancel))
}

/// One approval with everything that it is bound to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Approval)]
pub(crate) struct ApprovalView {
    /// The approval's id.
    #[schema(value_type = String)]
    id: ApprovalId,
    /// For which agent.
    #[schema(value_type = String)]
    agent_id: AgentId,
    /// On behalf of which user.
    #[schema(value_type = Option<String>)]
    user: Option<UserRef>,
    /// SHA-256 of the canonical ask, in hexadecimal.
    digest: String,
    /// The canonical ask.
    #[schema(value_type = JsonValue)]
    ask: Option<Value>,
    /// The agent's policy version when it was asked.
    policy_version: i64,
    /// Which permission wants a person.
    #[schema(value_type = Option<String>)]
    permission_id: Option<PermissionId>,
    /// Why a person is asked.
    reason: String,
    /// Where it stands.
    #[schema(value_type = String, pattern = "^(waiting|granted|denied|expired|cancelled|consumed|stale)$")]
    state: ApprovalState,
    /// The page where a person decides.
    url: String,
    /// The request that first asked.
    #[schema(value_type = String)]
    asked_in: RequestId,
    /// When it was asked.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// Until when it can be answered and used.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
    /// Who answered.
    #[schema(value_type = Option<String>)]
    decided_by: Option<AccountId>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    decided_at: Option<Time>,
    /// The request that used it.
    #[schema(value_type = Option<String>)]
    consumed_in: Option<RequestId>,
}

fn view(web: &WebState, approval: Approval) -> ApprovalView {
    ApprovalView {
        url: approvals::url(&web.app, approval.id),
        id: approval.id,
        agent_id: approval.agent,
        user: approval.user,
        digest: approval.digest.hex(),
        ask: Value::parse(&approval.canonical_ask).ok(),
        policy_version: approval.policy_version,
        permission_id: approval.permission,
        reason: approval.sentence,
        state: approval.state,
        asked_in: approval.asked_in,
        created_at: approval.created_at,
        expires_at: approval.expires_at,
        decided_by: approval.decided_by,
        decided_at: approval.decided_at,
        consumed_in: approval.consumed_in,
    }
}

/// Which approvals are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ApprovalsQuery {
    /// Only those in this state.
    #[param(value_type = Option<String>, nullable = false, pattern = "^(waiting|granted|denied|expired|cancelled|consumed|stale)$")]
    state: Option<ApprovalState>,
    /// The `nextCursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
    /// How many rows; 50 when absent.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// List approvals
///
/// Newest first.
#[utoipa::path(
    get, path = "/v1/approvals", operation_id = "listApprovals", tag = "Approvals", params(ApprovalsQuery),
    responses((status = 200, description = "One page of approvals.", body = List<ApprovalView>), Reading),
    security(("bearer" = ["read:approvals"]), ("apiKey" = ["read:approvals"])),
)]
pub(crate) async fn list(
    State(web): State<WebState>,
    caller: Caller,
    Query(query): Query<ApprovalsQuery>,
) -> Reply<Json<List<ApprovalView>>> {
    let page = page_ask(query.cursor, query.limit)?;
    let rows = approvals::list(&web.app, &caller.ctx, query.state, &page).await?;
    Ok(List::page(rows, |approval| view(&web, approval)))
}

/// Get an approval
#[utoipa::path(
    get, path = "/v1/approvals/{approvalId}", operation_id = "getApproval", tag = "Approvals",
    params(("approvalId" = String, Path, description = "The approval's id.")),
    responses((status = 200, description = "The approval.", body = ApprovalView), Reading),
    security(("bearer" = ["read:approvals"]), ("apiKey" = ["read:approvals"])),
)]
pub(crate) async fn get(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ApprovalId>,
) -> Reply<Json<ApprovalView>> {
    Ok(Json(view(&web, approvals::get(&web.app, &caller.ctx, id).await?)))
}

/// Grant an approval
///
/// Only a signed-in person can, on the approval's page; by key this is always 403.
#[utoipa::path(
    post, path = "/v1/approvals/{approvalId}/grant", operation_id = "grantApproval", tag = "Approvals",
    params(("approvalId" = String, Path, description = "The approval's id.")),
    responses((status = 200, description = "The approval as it is now.", body = ApprovalView), Writing),
    security(("bearer" = ["decide:approvals"]), ("apiKey" = ["decide:approvals"])),
)]
pub(crate) async fn grant(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ApprovalId>,
    _body: NoBody,
) -> Reply<Json<ApprovalView>> {
    Ok(Json(view(&web, approvals::grant(&web.app, &caller.ctx, id).await?)))
}

/// Deny an approval
///
/// Only a signed-in person can, on the approval's page; by key this is always 403.
#[utoipa::path(
    post, path = "/v1/approvals/{approvalId}/deny", operation_id = "denyApproval", tag = "Approvals",
    params(("approvalId" = String, Path, description = "The approval's id.")),
    responses((status = 200, description = "The approval as it is now.", body = ApprovalView), Writing),
    security(("bearer" = ["decide:approvals"]), ("apiKey" = ["decide:approvals"])),
)]
pub(crate) async fn deny(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ApprovalId>,
    _body: NoBody,
) -> Reply<Json<ApprovalView>> {
    Ok(Json(view(&web, approvals::deny(&web.app, &caller.ctx, id).await?)))
}

/// Withdraw an approval
///
/// Nobody can grant or use it any more.
#[utoipa::path(
    post, path = "/v1/approvals/{approvalId}/cancel", operation_id = "cancelApproval", tag = "Approvals",
    params(("approvalId" = String, Path, description = "The approval's id.")),
    responses((status = 200, description = "The approval as it is now.", body = ApprovalView), Writing),
    security(("bearer" = ["write:agents"]), ("apiKey" = ["write:agents"])),
)]
pub(crate) async fn cancel(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ApprovalId>,
    _body: NoBody,
) -> Reply<Json<ApprovalView>> {
    Ok(Json(view(&web, approvals::cancel(&web.app, &caller.ctx, id).await?)))
}
