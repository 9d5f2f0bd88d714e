//! Approvals: human answers to exact asks (APR-1). A key can read and withdraw them; only a person
//! can decide, so granting, denying and making a link by key is always 403.

use super::approval_views::{
    ApprovalView, DenyBody, GrantBody, LinkView, PreviewBody, PreviewView, detailed, view,
};
use crate::{
    body::{Body, NoBody, OptionalBody},
    extract::{Caller, Id, Query},
    operation::{CreatedSecret, List, Reading, Reply, Writing, page_ask},
    respond::Failure,
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::approvals::{self, Given, MAX_WAIT_SECONDS};
use procura_model::{ApprovalId, ApprovalState, Reason};
use serde::Deserialize;
use std::time::Duration;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(grant))
        .routes(routes!(deny))
        .routes(routes!(cancel))
        .routes(routes!(make_link))
        .routes(routes!(preview))
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

/// How long to wait for an answer.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WaitQuery {
    /// For how many seconds the answer is held while nobody has decided; at most 30, none when absent.
    #[param(nullable = false, minimum = 0, maximum = 30)]
    wait: Option<u64>,
}

/// Get an approval
///
/// With `wait`, the answer is held until somebody has decided or the time is over. An agent's key sees the approvals of
/// its own agent alone.
#[utoipa::path(
    get, path = "/v1/approvals/{approvalId}", operation_id = "getApproval", tag = "Approvals",
    params(("approvalId" = String, Path, description = "The approval's id."), WaitQuery),
    responses((status = 200, description = "The approval.", body = ApprovalView), Reading),
    security(("bearer" = ["read:approvals"]), ("apiKey" = ["read:approvals"])),
)]
pub(crate) async fn get(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ApprovalId>,
    Query(query): Query<WaitQuery>,
) -> Reply<Json<ApprovalView>> {
    let seconds = query.wait.unwrap_or(0);
    if seconds > MAX_WAIT_SECONDS {
        return Err(Failure(Reason::FieldInvalid.because("wait must be at most 30 seconds.")));
    }
    if seconds > 0 {
        approvals::wait(&web.app, &caller.ctx, id, Duration::from_secs(seconds)).await?;
    }
    Ok(Json(detailed(&web, approvals::detail(&web.app, &caller.ctx, id).await?)))
}

/// Grant an approval
///
/// For one call, or for as much as the body says. Only a signed-in person can, on the approval's page; by key this is
/// always 403.
#[utoipa::path(
    post, path = "/v1/approvals/{approvalId}/grant", operation_id = "grantApproval", tag = "Approvals",
    params(("approvalId" = String, Path, description = "The approval's id.")),
    request_body = Option<GrantBody>,
    responses((status = 200, description = "The approval as it is now.", body = ApprovalView), Writing),
    security(("bearer" = ["decide:approvals"]), ("apiKey" = ["decide:approvals"])),
)]
pub(crate) async fn grant(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ApprovalId>,
    OptionalBody(body): OptionalBody<GrantBody>,
) -> Reply<Json<ApprovalView>> {
    let given = Given::Grant(body.grant()?);
    Ok(Json(view(&web, approvals::answer(&web.app, &caller.ctx, id, given).await?)))
}

/// Deny an approval
///
/// Only a signed-in person can, on the approval's page; by key this is always 403.
#[utoipa::path(
    post, path = "/v1/approvals/{approvalId}/deny", operation_id = "denyApproval", tag = "Approvals",
    params(("approvalId" = String, Path, description = "The approval's id.")),
    request_body = Option<DenyBody>,
    responses((status = 200, description = "The approval as it is now.", body = ApprovalView), Writing),
    security(("bearer" = ["decide:approvals"]), ("apiKey" = ["decide:approvals"])),
)]
pub(crate) async fn deny(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ApprovalId>,
    OptionalBody(body): OptionalBody<DenyBody>,
) -> Reply<Json<ApprovalView>> {
    Ok(Json(view(&web, approvals::answer(&web.app, &caller.ctx, id, body.given()).await?)))
}

/// Make a link to an approval
///
/// By which the signed-in person answers on another device, once, within 15 minutes. By key this is always 403.
#[utoipa::path(
    post, path = "/v1/approvals/{approvalId}/links", operation_id = "makeApprovalLink", tag = "Approvals",
    params(("approvalId" = String, Path, description = "The approval's id.")),
    responses((status = 201, description = "The link, shown this once.", body = LinkView), Writing),
    security(("bearer" = ["decide:approvals"]), ("apiKey" = ["decide:approvals"])),
)]
pub(crate) async fn make_link(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ApprovalId>,
    _body: NoBody,
) -> Reply<CreatedSecret<LinkView>> {
    Ok(CreatedSecret(approvals::make_link(&web.app, &caller.ctx, id).await?.into()))
}

/// Preview a pattern
///
/// Which past calls of the approval's agent a permission would have let pass, had it stood then. Limits over time are
/// left out of account. Nothing is changed.
#[utoipa::path(
    post, path = "/v1/approvals/{approvalId}/preview", operation_id = "previewApprovalPattern", tag = "Approvals",
    params(("approvalId" = String, Path, description = "The approval's id.")),
    request_body = PreviewBody,
    responses((status = 200, description = "What it would have let pass.", body = PreviewView), Writing),
    security(
        ("bearer" = ["read:approvals", "read:activity"]),
        ("apiKey" = ["read:approvals", "read:activity"]),
    ),
)]
pub(crate) async fn preview(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ApprovalId>,
    Body(body): Body<PreviewBody>,
) -> Reply<Json<PreviewView>> {
    Ok(Json(approvals::preview(&web.app, &caller.ctx, id, body.pattern).await?.into()))
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
