//! People of the organization and their roles (ORG-1).

use crate::{
    body::Body,
    extract::{Caller, Id},
    operation::{Done, List, Reading, Reply, Writing},
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::members;
use procura_model::{AccountId, Member, Role, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(change, remove))
}

/// A person's place in the organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Member)]
pub(crate) struct MemberView {
    /// The person's id.
    #[schema(value_type = String)]
    account_id: AccountId,
    /// Their address.
    email: String,
    /// Their role.
    #[schema(value_type = String, pattern = "^(owner|admin|developer|approver|auditor)$")]
    role: Role,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    joined_at: Time,
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        Self {
            account_id: member.account,
            email: member.email,
            role: member.role,
            joined_at: member.joined_at,
        }
    }
}

/// A new role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = MemberChange, example = json!({ "role": "approver" }))]
pub(crate) struct MemberChangeBody {
    /// The role.
    #[schema(value_type = String, pattern = "^(owner|admin|developer|approver|auditor)$")]
    role: Role,
}

/// List members
#[utoipa::path(
    get, path = "/v1/members", operation_id = "listMembers", tag = "Members",
    responses((status = 200, description = "The members.", body = List<MemberView>), Reading),
    security(("bearer" = ["read:members"]), ("apiKey" = ["read:members"])),
)]
pub(crate) async fn list(State(web): State<WebState>, caller: Caller) -> Reply<Json<List<MemberView>>> {
    Ok(List::whole(members::list(&web.app, &caller.ctx).await?, MemberView::from))
}

/// Change a member's role
///
/// Only an owner makes or removes owners, and an organization keeps at least one.
#[utoipa::path(
    patch, path = "/v1/members/{accountId}", operation_id = "changeMember", tag = "Members",
    params(("accountId" = String, Path, description = "The person's id.")),
    request_body = MemberChangeBody,
    responses((status = 204, description = "The role is changed."), Writing),
    security(("bearer" = ["write:members"]), ("apiKey" = ["write:members"])),
)]
pub(crate) async fn change(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<AccountId>,
    Body(body): Body<MemberChangeBody>,
) -> Reply<Done> {
    members::set_role(&web.app, &caller.ctx, id, body.role).await?;
    Ok(Done)
}

/// Remove a member
#[utoipa::path(
    delete, path = "/v1/members/{accountId}", operation_id = "removeMember", tag = "Members",
    params(("accountId" = String, Path, description = "The person's id.")),
    responses((status = 204, description = "The person is no longer a member."), Writing),
    security(("bearer" = ["write:members"]), ("apiKey" = ["write:members"])),
)]
pub(crate) async fn remove(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<AccountId>,
) -> Reply<Done> {
    members::remove(&web.app, &caller.ctx, id).await?;
    Ok(Done)
}
