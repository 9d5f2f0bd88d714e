//! Invitations into the organization (ORG-1). The link is a secret: it is in the answer that made
//! it and nowhere else.

use crate::{
    body::Body,
    extract::{Caller, Id},
    operation::{CreatedSecret, Done, List, Reading, Reply, Writing},
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::members;
use procura_model::{Invitation, InvitationId, Role, ShownOnce, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(list, invite)).routes(routes!(revoke))
}

/// An open invitation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Invitation)]
pub(crate) struct InvitationView {
    /// The invitation's id.
    #[schema(value_type = String)]
    id: InvitationId,
    /// Who is invited.
    email: String,
    /// In which role.
    #[schema(value_type = String, pattern = "^(owner|admin|developer|approver|auditor)$")]
    role: Role,
    /// Until when the link works.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
}

impl From<Invitation> for InvitationView {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id,
            email: invitation.email,
            role: invitation.role,
            expires_at: invitation.expires_at,
        }
    }
}

/// A new invitation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewInvitation, example = json!({ "email": "ada@example.com", "role": "approver" }))]
pub(crate) struct NewInvitationBody {
    /// Who is invited.
    email: String,
    /// In which role.
    #[schema(value_type = String, pattern = "^(owner|admin|developer|approver|auditor)$")]
    role: Role,
}

/// An invitation and its link.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InvitationCreated)]
pub(crate) struct InvitationShownView {
    /// The invitation.
    invitation: InvitationView,
    /// The link, shown this once; give it to the person who is invited.
    #[schema(value_type = String)]
    link: ShownOnce,
}

/// List open invitations
#[utoipa::path(
    get, path = "/v1/invitations", operation_id = "listInvitations", tag = "Members",
    responses((status = 200, description = "The invitations.", body = List<InvitationView>), Reading),
    security(("bearer" = ["read:members"]), ("apiKey" = ["read:members"])),
)]
pub(crate) async fn list(State(web): State<WebState>, caller: Caller) -> Reply<Json<List<InvitationView>>> {
    Ok(List::whole(members::open_invitations(&web.app, &caller.ctx).await?, InvitationView::from))
}

/// Invite a person
///
/// The link is in this answer and never again.
#[utoipa::path(
    post, path = "/v1/invitations", operation_id = "invite", tag = "Members",
    request_body = NewInvitationBody,
    responses((status = 201, description = "The invitation and its link.", body = InvitationShownView), Writing),
    security(("bearer" = ["write:members"]), ("apiKey" = ["write:members"])),
)]
pub(crate) async fn invite(
    State(web): State<WebState>,
    caller: Caller,
    Body(body): Body<NewInvitationBody>,
) -> Reply<CreatedSecret<InvitationShownView>> {
    let (invitation, link) = members::invite(&web.app, &caller.ctx, &body.email, body.role).await?;
    Ok(CreatedSecret(InvitationShownView { invitation: invitation.into(), link }))
}

/// Take an invitation back
#[utoipa::path(
    delete, path = "/v1/invitations/{invitationId}", operation_id = "revokeInvitation", tag = "Members",
    params(("invitationId" = String, Path, description = "The invitation's id.")),
    responses((status = 204, description = "The link no longer works."), Writing),
    security(("bearer" = ["write:members"]), ("apiKey" = ["write:members"])),
)]
pub(crate) async fn revoke(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<InvitationId>,
) -> Reply<Done> {
    members::revoke_invitation(&web.app, &caller.ctx, id).await?;
    Ok(Done)
}
