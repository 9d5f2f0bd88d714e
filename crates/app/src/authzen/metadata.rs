//! What is where: the metadata document of section 9, and of the access request profile.

use crate::App;
use serde_json::{Value, json};

/// The document at `/.well-known/authzen-configuration`.
#[must_use]
pub fn metadata(app: &App) -> Value {
    let at = |path: &str| format!("{}{path}", app.settings.public_url);
    json!({
        "policy_decision_point": app.settings.public_url,
        "access_evaluation_endpoint": at("/access/v1/evaluation"),
        "access_evaluations_endpoint": at("/access/v1/evaluations"),
        "search_subject_endpoint": at("/access/v1/search/subject"),
        "search_resource_endpoint": at("/access/v1/search/resource"),
        "search_action_endpoint": at("/access/v1/search/action"),
        "access_request_endpoint": at("/access/v1/requests"),
        "jwks_uri": at("/.well-known/jwks.json"),
        "capabilities": ["urn:openid:authzen:capability:access-request"],
    })
}
