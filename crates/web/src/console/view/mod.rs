//! What the pages show, without knowing where it came from: plain structs that the templates
//! render. Nothing here asks the application, so every page can be rendered from a sample.

pub(crate) mod activity;
pub(crate) mod agents;
pub(crate) mod api_tools;
pub(crate) mod approvals;
pub(crate) mod budgets;
pub(crate) mod chain;
pub(crate) mod chart;
pub(crate) mod claim;
pub(crate) mod consent;
pub(crate) mod drawer;
pub(crate) mod ending;
pub(crate) mod entities;
pub(crate) mod entry;
pub(crate) mod facts;
pub(crate) mod frame;
pub(crate) mod guardrails;
pub(crate) mod oauth_clients;
pub(crate) mod passports;
pub(crate) mod policies;
pub(crate) mod receipts;
pub(crate) mod redaction;
pub(crate) mod sandbox;
pub(crate) mod screening;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod simulation;
pub(crate) mod start;
pub(crate) mod tester;
pub(crate) mod tools;
pub(crate) mod users;
pub(crate) mod visible;
pub(crate) mod words;

#[cfg(test)]
#[path = "api_samples_tests.rs"]
mod api_samples;
#[cfg(test)]
#[path = "budget_samples_tests.rs"]
mod budget_samples;
#[cfg(test)]
#[path = "claim_samples_tests.rs"]
mod claim_samples;
#[cfg(test)]
#[path = "consent_samples_tests.rs"]
mod consent_samples;
#[cfg(test)]
#[path = "pages_tests.rs"]
mod pages;
#[cfg(test)]
#[path = "passport_samples_tests.rs"]
mod passport_samples;
#[cfg(test)]
#[path = "policy_samples_tests.rs"]
mod policy_samples;
#[cfg(test)]
#[path = "redaction_samples_tests.rs"]
mod redaction_samples;
#[cfg(test)]
#[path = "samples_tests.rs"]
mod samples;
#[cfg(test)]
#[path = "screening_samples_tests.rs"]
mod screening_samples;
#[cfg(test)]
#[path = "simulation_samples_tests.rs"]
mod simulation_samples;
#[cfg(test)]
#[path = "users_samples_tests.rs"]
mod users_samples;
