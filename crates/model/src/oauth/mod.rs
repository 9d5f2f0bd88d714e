//! The vocabulary of the authorization server (OAU): clients, what people allow them, the sessions that tokens hang
//! on, and the APIs that are guarded.

mod client;
mod grant;
mod guarded;
pub mod redirect_uri;
mod registration;
mod scope_list;
mod session;
mod token;

pub use client::{Client, ClientAuth, ClientId, ClientIdError, ClientKind, ClientMetadata, GrantType};
pub use grant::Grant;
pub use guarded::{Guarded, GuardedScope, GuardedSettings, IssuerSettings, TokenForm, TrustedIssuer};
pub use registration::{
    AgentAccess, AgentPages, ApiKey, AttemptState, ClaimAttempt, KeyForm, Profiles, Registration,
    RegistrationKind, RegistrationState,
};
pub use scope_list::{ScopeList, ScopeListError};
pub use session::{OauthSession, SessionKind};
pub use token::{AccessToken, ActorLink, Claims};
