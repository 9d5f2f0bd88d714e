//! The organization: the isolated customer.

use crate::{
    amount::Currency,
    ids::{AgentId, TenantId},
    time::Time,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an owner can set for the whole organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct TenantSettings {
    /// The currency of amounts that name none.
    pub currency: Option<Currency>,
    /// Whether `metadata` of verify requests is kept in the record (AUD-1).
    pub store_metadata: bool,
    /// How long an approval can be answered and used, in milliseconds.
    pub approval_ttl_ms: i64,
    /// How many people must agree where a permission does not say: 1 to 10.
    pub approval_quorum: u8,
    /// Whether the person who owns an agent may approve its calls.
    pub owners_may_approve: bool,
    /// Whether injections found in prompts only report and do not block.
    pub report_only_prompts: bool,
    /// Whether injections found in arguments only report and do not block.
    pub report_only_arguments: bool,
    /// Whether injections found in results only report and do not block.
    pub report_only_results: bool,
    /// Whether injections found in what tools say about themselves only report and do not hide the tool.
    pub report_only_descriptions: bool,
    /// Which agent's policy judges subjects of a type when AuthZEN asks about them: type to agent.
    pub authzen_subjects: BTreeMap<String, AgentId>,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            currency: None,
            store_metadata: true,
            approval_ttl_ms: crate::time::DAY_MS,
            approval_quorum: 1,
            owners_may_approve: true,
            report_only_prompts: false,
            report_only_arguments: false,
            report_only_results: false,
            report_only_descriptions: false,
            authzen_subjects: BTreeMap::new(),
        }
    }
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The organization's id.
    pub id: TenantId,
    /// Its name.
    pub name: String,
    /// Its settings.
    pub settings: TenantSettings,
    /// Counts up with every change of its guardrails and budgets.
    pub rules_version: i64,
    /// When it was made.
    pub created_at: Time,
}
