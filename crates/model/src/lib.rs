//! The vocabulary of the house: one word for each thing, one type for each word. Pure; knows no
//! HTTP, no SQL, no file.
//!
//! | word | means | id |
//! |---|---|---|
//! | tenant | the isolated customer; pages say "organization" | `org_` |
//! | account | a person who signs in to the console | `acc_` |
//! | user | an end user of the customer's product; shown by a pseudonym only | `usr_` |
//! | agent | a registered autonomous actor | `agt_` |
//! | credential | something that authenticates; stored as a digest | `key_` |
//! | session | a live authenticated span: of a person in the console, or of an agent for a user | `ses_` |
//! | secret | a value of the customer's that must be used again; sealed, write-only | `sec_` |
//! | permission | an allowed or blocked action with limits | `per_` |
//! | approval | a human answer to one ask | `apr_` |
//! | budget | a limit over time on what may be spent or done | `bud_` |
//! | reservation | what one allowed ask has taken from budgets, until its outcome is known | `rsv_` |
//! | receipt | a signed decision, for whoever carries the action out | `rcp_` |
//! | feedback | what a person says of a screen afterwards: not an attack, missed attack | |
//! | guardrail | a Cedar policy of the organization, above all permissions | `grd_` |
//! | redaction rule | an organization's own pattern of what is secret, or is not although it looks so | `rdr_` |
//! | passport | the public view of an agent's permissions | `psp_` |
//! | ask, decision | what the agent wants, what we answered | `req_` |
//! | tool server, tool | an upstream that offers tools, one of them | `srv_` |
//! | event | a thing that happened: audit row and webhook | `evt_` |
//! | refusal, fault | we said no, something broke | |

pub mod account;
pub mod agent;
pub mod amount;
pub mod api_server;
pub mod approval;
pub mod budget;
pub mod ctx;
pub mod decision;
pub mod entity;
pub mod entropy;
pub mod error;
pub mod event;
pub mod feedback;
pub mod guardrail;
pub mod ids;
pub mod json;
pub mod oauth;
pub mod page;
pub mod period;
pub mod permission;
pub mod reason;
pub mod redaction_rule;
pub mod scope;
pub mod secret;
pub mod server;
pub mod session;
pub mod tenant;
pub mod time;
pub mod user;
pub mod user_auth;

pub use account::{Account, Invitation, Member, Role};
pub use agent::{Agent, AgentCredential, AgentStatus, Credential, KeyHolder, UserRef};
pub use amount::{Amount, Currency, Money};
pub use api_server::{ApiServer, ApiTool};
pub use approval::{AnswerMethod, AnswerWord, Approval, ApprovalAnswer, ApprovalScope, ApprovalState};
pub use budget::{Budget, BudgetOf, Hold, Reservation, ReservationState, Unsettled, Window};
pub use ctx::{Actor, Ctx, Origin};
pub use decision::{Ask, Decision, Risk, Verdict};
pub use entity::{Entity, EntityKind, EntityName};
pub use entropy::Entropy;
pub use error::{Doing, Error, Fault, Refusal, Result, Side};
pub use event::{Event, EventKind, Recorded};
pub use feedback::{Feedback, Judgement};
pub use guardrail::Guardrail;
pub use ids::{
    AccountId, AgentId, ApprovalId, BudgetId, ClaimAttemptId, ClientSecretId, CredentialId, EventId, GrantId,
    GuardrailId, InvitationId, IssuerId, PassportId, PermissionId, ReceiptId, RedactionRuleId,
    RegistrationId, RequestId, ReservationId, ResourceId, ResultId, SecretId, ServerId, SessionId, TenantId,
    TokenId,
};
pub use json::{Json, JsonError};
pub use oauth::{
    AccessToken, Client, ClientAuth, ClientId, ClientKind, ClientMetadata, Grant, GrantType, Guarded,
    GuardedScope, OauthSession, SessionKind, TokenForm, TrustedIssuer,
};
pub use page::{Page, PageAsk};
pub use period::Period;
pub use permission::{ApprovalRule, Condition, Day, Effect, Operator, Permission, Schedule};
pub use reason::Reason;
pub use redaction_rule::{RedactionEffect, RedactionRule};
pub use scope::{Scope, Scopes};
pub use secret::{Digest, Secret, ShownOnce};
pub use server::{ServerSettings, ToolServer, ToolSettings, Transport};
pub use session::{AgentSession, SessionState};
pub use tenant::{Tenant, TenantSettings};
pub use time::{Clock, Time};
pub use user::{ActingUser, VerifiedUser};
pub use user_auth::UserAuthMethod;
