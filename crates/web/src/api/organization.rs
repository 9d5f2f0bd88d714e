//! The organization's own name and settings.

use crate::{
    body::Body,
    extract::Caller,
    operation::{Reading, Reply, Writing},
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::organization;
use procura_model::{AgentId, Currency, Tenant, TenantId, TenantSettings, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(get, change))
}

/// An organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Organization)]
pub(crate) struct OrganizationView {
    /// The organization's id.
    #[schema(value_type = String)]
    id: TenantId,
    /// Its name.
    name: String,
    /// Its settings.
    #[schema(value_type = SettingsForm)]
    settings: TenantSettings,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
}

impl From<Tenant> for OrganizationView {
    fn from(tenant: Tenant) -> Self {
        Self { id: tenant.id, name: tenant.name, settings: tenant.settings, created_at: tenant.created_at }
    }
}

/// What an owner can set for the whole organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrganizationSettings)]
pub(crate) struct SettingsForm {
    /// The currency of amounts that name none (ISO 4217).
    currency: Option<String>,
    /// Whether `metadata` of verify requests is kept in the record.
    store_metadata: bool,
    /// How long an approval can be answered and used, in milliseconds.
    approval_ttl_ms: i64,
    /// How many people must agree to an approval where the permission does not say.
    #[schema(minimum = 1, maximum = 10)]
    approval_quorum: u8,
    /// Whether the person who owns an agent may approve its calls.
    owners_may_approve: bool,
    /// Whether injections found in prompts only report and do not block.
    report_only_prompts: bool,
    /// Whether injections found in arguments only report and do not block.
    report_only_arguments: bool,
    /// Whether injections found in results only report and do not block.
    report_only_results: bool,
    /// Whether injections found in what tools say about themselves only report and do not hide the tool.
    report_only_descriptions: bool,
    /// Which agent's policy judges subjects of a type when AuthZEN asks about them: type to agent.
    #[schema(value_type = BTreeMap<String, String>)]
    authzen_subjects: BTreeMap<String, AgentId>,
}

/// What changes about the organization; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = OrganizationChange, example = json!({ "currency": "EUR", "storeMetadata": false }))]
pub(crate) struct OrganizationChangeBody {
    /// Its name.
    #[schema(nullable = false, min_length = 1, max_length = 80)]
    name: Option<String>,
    /// The currency of amounts that name none (ISO 4217).
    #[schema(value_type = Option<String>, nullable = false)]
    currency: Option<Currency>,
    /// Whether `metadata` of verify requests is kept in the record.
    #[schema(nullable = false)]
    store_metadata: Option<bool>,
    /// How long an approval can be answered and used, in milliseconds.
    #[schema(nullable = false)]
    approval_ttl_ms: Option<i64>,
    /// How many people must agree to an approval where the permission does not say.
    #[schema(nullable = false, minimum = 1, maximum = 10)]
    approval_quorum: Option<u8>,
    /// Whether the person who owns an agent may approve its calls.
    #[schema(nullable = false)]
    owners_may_approve: Option<bool>,
    /// Whether injections found in prompts only report and do not block.
    #[schema(nullable = false)]
    report_only_prompts: Option<bool>,
    /// Whether injections found in arguments only report and do not block.
    #[schema(nullable = false)]
    report_only_arguments: Option<bool>,
    /// Whether injections found in results only report and do not block.
    #[schema(nullable = false)]
    report_only_results: Option<bool>,
    /// Whether injections found in what tools say about themselves only report and do not hide the tool.
    #[schema(nullable = false)]
    report_only_descriptions: Option<bool>,
    /// Which agent's policy judges subjects of a type when AuthZEN asks about them: type to agent. Replaced as a whole.
    #[schema(value_type = Option<BTreeMap<String, String>>, nullable = false)]
    authzen_subjects: Option<BTreeMap<String, AgentId>>,
}

/// Get the organization
#[utoipa::path(
    get, path = "/v1/organization", operation_id = "getOrganization", tag = "Organization",
    responses((status = 200, description = "The organization.", body = OrganizationView), Reading),
    security(("bearer" = ["read:organization"]), ("apiKey" = ["read:organization"])),
)]
pub(crate) async fn get(State(web): State<WebState>, caller: Caller) -> Reply<Json<OrganizationView>> {
    Ok(Json(organization::get(&web.app, &caller.ctx).await?.into()))
}

/// Change the organization
///
/// What is absent stays as it is. Needs `read:organization` as well.
#[utoipa::path(
    patch, path = "/v1/organization", operation_id = "changeOrganization", tag = "Organization",
    request_body = OrganizationChangeBody,
    responses((status = 200, description = "The organization as it is now.", body = OrganizationView), Writing),
    security(
        ("bearer" = ["write:organization", "read:organization"]),
        ("apiKey" = ["write:organization", "read:organization"]),
    ),
)]
pub(crate) async fn change(
    State(web): State<WebState>,
    caller: Caller,
    Body(body): Body<OrganizationChangeBody>,
) -> Reply<Json<OrganizationView>> {
    let tenant = organization::get(&web.app, &caller.ctx).await?;
    let before = tenant.settings;
    let settings = TenantSettings {
        currency: body.currency.or(before.currency),
        store_metadata: body.store_metadata.unwrap_or(before.store_metadata),
        approval_ttl_ms: body.approval_ttl_ms.unwrap_or(before.approval_ttl_ms),
        approval_quorum: body.approval_quorum.unwrap_or(before.approval_quorum),
        owners_may_approve: body.owners_may_approve.unwrap_or(before.owners_may_approve),
        report_only_prompts: body.report_only_prompts.unwrap_or(before.report_only_prompts),
        report_only_arguments: body.report_only_arguments.unwrap_or(before.report_only_arguments),
        report_only_results: body.report_only_results.unwrap_or(before.report_only_results),
        report_only_descriptions: body.report_only_descriptions.unwrap_or(before.report_only_descriptions),
        authzen_subjects: body.authzen_subjects.unwrap_or(before.authzen_subjects),
    };
    let name = body.name.unwrap_or(tenant.name);
    Ok(Json(organization::change(&web.app, &caller.ctx, &name, settings).await?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use utoipa::PartialSchema;

    #[test]
    fn the_documented_settings_are_the_model_s() {
        let sent = serde_json::to_value(TenantSettings::default()).unwrap();
        let documented = serde_json::to_value(SettingsForm::schema()).unwrap();
        let keys = |value: &serde_json::Value| {
            value.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(keys(&sent), keys(&documented["properties"]));
    }
}
