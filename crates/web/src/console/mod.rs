//! The console: server-rendered pages over the journeys of `procura-app`. A handler reads a form,
//! calls a journey, and answers with a page or a redirect; it decides nothing. `view` holds what the
//! pages show and knows nothing of the application.
//!
//! What the rest of the crate asks of this module:
//! * `router()`: every page, form and asset. It must not set a fallback; unknown paths come to
//!   `failed` like every other error.
//! * `failed(error, exchange)`: the page (or, for `AUTH_SIGN_IN_REQUIRED`, the redirect) for an
//!   error on a path that is not the API's, when the browser asked for HTML. The edge adds the
//!   request's id, the headers of `respond::advice`, and security headers where none are set yet.

mod access;
mod activity;
mod agents;
mod api_form;
mod api_import;
mod api_tools;
mod approval_sheet;
mod approvals;
mod approve;
mod assets;
mod budgets;
mod claim;
mod clients;
mod consent;
mod desk;
mod device;
mod entities;
mod entry;
mod failed;
mod guarded;
mod guardrails;
mod passports;
mod permission_form;
mod policies;
mod receipts;
mod redaction;
mod sandbox;
mod screening;
mod search;
mod sessions;
mod settings;
mod simulation;
pub mod snippets;
mod start;
mod tester;
mod tools;
mod trace;
mod user_form;
mod users;
mod view;

use crate::state::WebState;
use axum::{
    Router,
    routing::{get, post},
};

pub use failed::failed;

/// The pages.
pub fn router() -> Router<WebState> {
    Router::new()
        .merge(ways_in())
        .merge(watching())
        .merge(managing())
        .merge(limits_over_time())
        .merge(users_of_agents())
        .merge(administering())
        .route("/static/{file}", get(assets::serve))
}

fn ways_in() -> Router<WebState> {
    Router::new()
        .route("/setup/{link}", get(entry::set_up_page).post(entry::set_up))
        .route("/sign-in", get(entry::sign_in_page).post(entry::sign_in))
        .route("/sign-in/{link}", get(entry::link_page).post(entry::link))
        .route("/owner/{link}", get(entry::owner_page).post(entry::owner))
        .route("/invitations/{link}", get(entry::invitation_page).post(entry::invitation))
        .route("/approve/{link}", get(approve::look).post(approve::answer))
        .route("/oauth/authorize", get(consent::authorize))
        .route("/oauth/consent", post(consent::answer))
        .route("/device", get(device::code_page).post(device::look))
        .route("/device/answer", post(device::answer))
        .route("/claim", get(claim::member_page).post(claim::member))
        .route("/claim/{link}", get(claim::link_page).post(claim::link))
        .route("/access", get(access::list))
        .route("/access/revoke-all", post(access::revoke_all))
        .route("/access/{id}/revoke", post(access::revoke))
        .route("/access/sessions/{id}/revoke", post(access::end))
        .route("/sign-out", post(entry::sign_out))
        .route("/organizations", post(entry::switch))
}

fn watching() -> Router<WebState> {
    Router::new()
        .route("/", get(start::start))
        .route("/start/steps", get(start::steps))
        .route("/search", get(search::search))
        .route("/activity", get(activity::list))
        .route("/activity/tail", get(activity::tail))
        .route("/activity/export.csv", get(activity::export_csv))
        .route("/activity/export.json", get(activity::export_json))
        .route("/activity/{request}", get(trace::trace))
        .route("/activity/{request}/receipt", post(receipts::check))
        .route("/activity/{request}/feedback", post(screening::give))
        .route("/activity/{request}/feedback/withdraw", post(screening::withdraw))
        .route("/screening", get(screening::overview))
        .route("/approvals", get(approvals::inbox))
        .route("/approvals/waiting", get(approvals::refresh))
        .route("/approvals/{id}", get(approvals::one))
        .route("/approvals/{id}/grant", post(approvals::grant))
        .route("/approvals/{id}/deny", post(approvals::deny))
        .route("/approvals/{id}/answer", post(approvals::answer))
        .route("/approvals/{id}/cancel", post(approvals::cancel))
        .route("/approvals/{id}/link", post(approvals::make_link))
}

fn managing() -> Router<WebState> {
    Router::new()
        .route("/agents", get(agents::list))
        .route("/agents/new", get(agents::new_page).post(agents::create))
        .route("/agents/{id}", get(agents::one).post(agents::change))
        .route("/agents/{id}/disable", post(agents::disable))
        .route("/agents/{id}/enable", post(agents::enable))
        .route("/agents/{id}/keys", post(agents::create_key))
        .route("/agents/{id}/passport", post(passports::make))
        .route("/agents/{id}/passport/revoke", post(passports::revoke))
        .route("/keys/{id}/rotate", post(agents::rotate))
        .route("/keys/{id}/revoke", post(agents::revoke))
        .route("/policies", get(policies::list))
        .route("/sandbox", get(sandbox::page).post(sandbox::tried))
        .route("/policies/simulation", get(simulation::begin_page).post(simulation::simulate))
        .route("/policies/simulation/lines", post(simulation::lines))
        .route("/settings/redaction", get(redaction::list).post(redaction::add))
        .route("/settings/redaction/try", post(redaction::try_new))
        .route("/settings/redaction/{id}", get(redaction::one).post(redaction::change))
        .route("/settings/redaction/{id}/try", post(redaction::try_change))
        .route("/settings/redaction/{id}/remove", post(redaction::remove))
        .route("/policies/guardrails", get(guardrails::list).post(guardrails::add))
        .route("/policies/guardrails/{id}", get(guardrails::one).post(guardrails::change))
        .route("/policies/guardrails/{id}/remove", post(guardrails::remove))
        .route("/policies/entities", get(entities::list).post(entities::add))
        .route("/policies/entities/one", get(entities::one).post(entities::change))
        .route("/policies/entities/remove", post(entities::remove))
        .route("/policies/entities/judges", post(entities::judge))
        .route("/policies/new", get(policies::new_page).post(policies::add))
        .route("/policies/check", post(policies::check))
        .route("/agents/{id}/policy", get(tester::look).post(tester::test))
        .route("/policies/{id}", get(policies::one).post(policies::change))
        .route("/policies/{id}/remove", post(policies::remove))
        .route("/tools", get(tools::list))
        .route("/tools/new", get(tools::new_page).post(tools::add))
        .route("/tools/api/new", get(api_tools::new_page).post(api_tools::add))
        .route("/tools/import", get(api_import::new_page).post(api_import::import))
        .route("/tools/{id}/import", get(api_import::more_page).post(api_import::import_more))
        .route("/tools/{id}", get(tools::one).post(tools::change))
        .route("/tools/{id}/declare", get(api_tools::new_tool_page).post(api_tools::add_tool))
        .route("/tools/{id}/tools/{name}", get(api_tools::tool).post(api_tools::change_tool))
        .route("/tools/{id}/tools/{name}/remove", post(api_tools::remove_tool))
        .route("/tools/{id}/enable", post(tools::enable))
        .route("/tools/{id}/disable", post(tools::disable))
        .route("/tools/{id}/refresh", post(tools::refresh))
        .route("/tools/{id}/remove", post(tools::remove))
}

fn limits_over_time() -> Router<WebState> {
    Router::new()
        .route("/budgets", get(budgets::list))
        .route("/budgets/new", get(budgets::new_page).post(budgets::add))
        .route("/budgets/{id}", get(budgets::one).post(budgets::change))
        .route("/budgets/{id}/remove", post(budgets::remove))
        .route("/reservations", get(budgets::reservations))
        .route("/reservations/{id}/commit", post(budgets::commit))
        .route("/reservations/{id}/release", post(budgets::release))
}

fn users_of_agents() -> Router<WebState> {
    Router::new()
        .route("/connections", get(users::connections))
        .route("/agents/{id}/users", get(users::one).post(users::set))
        .route("/agents/{id}/users/secrets", post(users::replace_secret))
        .route("/agents/{id}/users/secrets/{secret}/remove", post(users::remove_secret))
        .route("/agents/{id}/users/widget", post(users::set_widget))
        .route("/agents/{id}/users/try", post(users::try_token))
        .route("/agents/{id}/users/remove", post(users::remove))
        .route("/sessions", get(sessions::list))
        .route("/sessions/revoke-user", post(sessions::revoke_user))
        .route("/sessions/{id}", get(sessions::one))
        .route("/sessions/{id}/revoke", post(sessions::revoke))
}

fn administering() -> Router<WebState> {
    Router::new()
        .route("/settings/clients", get(clients::list).post(clients::create))
        .route("/settings/clients/{id}", get(clients::one))
        .route("/settings/clients/{id}/disable", post(clients::disable))
        .route("/settings/clients/{id}/enable", post(clients::enable))
        .route("/settings/clients/{id}/remove", post(clients::remove))
        .route("/settings/clients/{id}/secrets", post(clients::make_secret))
        .route("/settings/clients/{id}/secrets/{secret}/revoke", post(clients::revoke_secret))
        .route("/settings/apis", get(guarded::list).post(guarded::add))
        .route("/settings/apis/{id}/remove", post(guarded::remove))
        .route("/settings/issuers", post(guarded::trust))
        .route("/settings/issuers/{id}/remove", post(guarded::distrust))
        .route("/settings", get(settings::settings))
        .route("/settings/organization", post(settings::change))
        .route("/settings/invitations", post(settings::invite))
        .route("/settings/invitations/{id}/revoke", post(settings::revoke_invitation))
        .route("/settings/members/{id}/role", post(settings::set_role))
        .route("/settings/members/{id}/remove", post(settings::remove))
        .route("/settings/keys", post(settings::create_key))
        .route("/settings/password", post(settings::password))
}
