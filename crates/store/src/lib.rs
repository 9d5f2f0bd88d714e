//! Rows: SQLite and PostgreSQL with one SQL text (house.md section 4). Every change goes through a
//! [`Writer`], whose only commit takes the event that tells of it (AUD-2); every query is bound to
//! the tenant of its `Ctx`, but for the few in [`lobby`] that cannot know it yet.
//!
//! One file for each noun, one function for each statement.

#[macro_use]
mod statement;
#[macro_use]
mod value;

pub mod accounts;
pub mod agent_registrations;
pub mod agent_sessions;
pub mod agents;
pub mod api_keys;
pub mod approval_answers;
pub mod approval_links;
pub mod approvals;
pub mod budgets;
pub mod claim_attempts;
pub mod console_sessions;
pub mod credentials;
mod db;
pub mod entities;
pub mod evidence;
pub mod guardrails;
pub mod history;
#[cfg(test)]
mod house;
pub mod idempotency;
pub mod invitations;
pub mod ledgers;
pub mod lobby;
pub mod lobby_agent_auth;
pub mod lobby_approvals;
pub mod lobby_budgets;
pub mod lobby_meta;
pub mod lobby_oauth;
pub mod lobby_oauth_clients;
pub mod lobby_oauth_devices;
pub mod lobby_oauth_people;
pub mod lobby_oauth_pushed;
pub mod lobby_oauth_seen;
pub mod lobby_passports;
pub mod lobby_users;
pub mod members;
mod migrate;
pub mod oauth_access;
pub mod oauth_clients;
pub mod oauth_codes;
pub mod oauth_grants;
pub mod oauth_issuers;
pub mod oauth_refresh;
pub mod oauth_resources;
pub mod oauth_sessions;
pub mod outbox;
pub mod passports;
pub mod permissions;
mod record;
pub mod redaction_rules;
pub mod redemptions;
pub mod registration_counts;
pub mod reservations;
pub mod results;
pub mod revocations;
mod row;
pub mod screen_feedback;
pub mod secrets;
pub mod servers;
mod store;
pub mod tenants;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod tx;
pub mod user_auth;
mod writer;

pub use evidence::DecisionFilter;
pub use lobby::{LinkPurpose, Lobby, Membership, NewLink};
pub use revocations::Revocation;
pub use store::{InUse, Store, StoreSettings, is_in_use};
pub use tx::{Reader, Source, Unaudited, Writer};
