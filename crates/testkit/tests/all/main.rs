//! The tests that guard the whole house. Each speaks to a whole server as a caller would; one binary, so that it is
//! built once.

#[cfg(test)]
mod agent_auth;
#[cfg(test)]
mod approvals;
#[cfg(test)]
mod approvals_people;
#[cfg(test)]
mod approvals_scopes;
#[cfg(test)]
mod approvals_shown;
#[cfg(test)]
mod authzen;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod budgets;
#[cfg(test)]
mod business_api;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod chains;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod conformance_table;
#[cfg(test)]
mod console;
#[cfg(test)]
mod console_details;
#[cfg(test)]
mod console_policies;
#[cfg(test)]
mod console_users;
#[cfg(test)]
mod evidence;
#[cfg(test)]
mod guardrails;
#[cfg(test)]
mod idempotency;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod mcp_sessions;
#[cfg(test)]
mod oauth_authorize;
#[cfg(test)]
mod oauth_clients;
#[cfg(test)]
mod oauth_exchange;
#[cfg(test)]
mod oauth_people;
#[cfg(test)]
mod oauth_real;
#[cfg(test)]
mod oauth_resource;
#[cfg(test)]
mod oauth_tokens;
#[cfg(test)]
mod paging;
#[cfg(test)]
mod passports;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod reasons;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod redaction;
#[cfg(test)]
mod results;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod screening;
#[cfg(test)]
mod sdks;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tenancy;
#[cfg(test)]
mod upstreams;
#[cfg(test)]
mod user_auth;
#[cfg(test)]
mod users;
#[cfg(test)]
mod users_outside;
#[cfg(test)]
mod widget;
