//! The operations, one file per group. Each is a view of one journey: it reads what was sent into
//! types, calls the journey, and shows what came back.

pub mod activity;
mod agent_access;
pub mod agents;
pub mod approval_views;
mod approvals;
pub mod budgets;
pub mod business_api;
pub mod caller;
pub mod clients;
pub mod entities;
pub mod grants;
pub mod guardrails;
pub mod invitations;
pub mod key_verify;
pub mod keys;
pub mod members;
pub mod organization;
pub mod permissions;
pub mod receipts;
pub mod redaction_rules;
pub mod resources;
pub mod results;
pub mod screening;
pub mod servers;
pub mod sessions;
pub mod simulation;
pub mod tools;
pub mod user_auth;
pub mod user_token;
pub mod verify;

use crate::{idempotency, passport, state::WebState};
use axum::middleware;
use utoipa_axum::router::OpenApiRouter;

/// Every operation.
pub fn routes(state: Option<&WebState>) -> OpenApiRouter<WebState> {
    let writes = OpenApiRouter::new()
        .merge(agents::routes())
        .merge(keys::routes())
        .merge(permissions::routes())
        .merge(budgets::routes())
        .merge(guardrails::routes())
        .merge(clients::routes())
        .merge(resources::routes())
        .merge(approvals::routes())
        .merge(servers::routes())
        .merge(user_auth::routes())
        .merge(members::routes())
        .merge(invitations::routes())
        .merge(organization::routes())
        .merge(entities::routes())
        .merge(receipts::routes())
        .merge(redaction_rules::routes())
        .merge(screening::feedback_routes())
        .merge(passport::owner_routes());
    let writes = match state {
        Some(state) => writes.layer(middleware::from_fn_with_state(state.clone(), idempotency::pass)),
        None => writes,
    };
    OpenApiRouter::new()
        .merge(verify::routes())
        .merge(key_verify::routes())
        .merge(activity::routes())
        .merge(caller::routes())
        .merge(tools::routes())
        .merge(results::routes())
        .merge(redaction_rules::trying())
        .merge(business_api::routes())
        .merge(user_token::routes())
        .merge(sessions::routes())
        .merge(grants::routes())
        .merge(simulation::routes())
        .merge(screening::routes())
        .merge(passport::holder_routes())
        .merge(writes)
}
