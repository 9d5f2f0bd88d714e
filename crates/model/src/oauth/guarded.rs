//! The APIs that an organization guards with this authorization server, and the issuers whose assertions it believes.

use crate::{
    ids::{AgentId, IssuerId, ResourceId},
    oauth::{AgentAccess, ClientId, client::words},
    time::Time,
};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

words! {
    /// What form the access tokens for a resource have.
    TokenForm {
        /// A signed one that anybody verifies alone (RFC 9068).
        Jwt = "jwt",
        /// A secret of which only we know what it means (RFC 7662).
        Opaque = "opaque",
    }
}

/// A scope of a guarded API with a sentence for the person who is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardedScope {
    /// The word.
    pub name: String,
    /// What it allows, in a sentence.
    pub text: String,
}

/// What may be set of a guarded API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardedSettings {
    /// Its scopes.
    pub scopes: Vec<GuardedScope>,
    /// The form of its tokens.
    pub tokens: TokenForm,
    /// How long an access token lasts, in seconds.
    pub token_seconds: i64,
    /// Whether every token must be bound to a key (RFC 9449).
    #[serde(default)]
    pub dpop_required: bool,
    /// What agents may do by themselves; none register where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agents: Option<AgentAccess>,
}

/// An API that is guarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guarded {
    /// Its id.
    pub id: ResourceId,
    /// The URL that stands in `resource` and `aud`.
    pub identifier: String,
    /// Its name.
    pub name: String,
    /// What was set.
    pub settings: GuardedSettings,
    /// When it was added.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// What may be set of a trusted issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuerSettings {
    /// Where its keys are.
    pub jwks_uri: String,
    /// As which agent a client acts whose registration names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// Which of the issuer's own customers is the organization, where one issuer serves many: what must stand in
    /// `tenant`. Without it an assertion that names one is not for the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Clients besides the organization's own that may use the issuer's assertions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<ClientId>,
}

/// Somebody whose ID-JAGs an organization believes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedIssuer {
    /// Its id.
    pub id: IssuerId,
    /// What stands in `iss`, to the letter.
    pub issuer: String,
    /// What was set.
    pub settings: IssuerSettings,
    /// When it was added.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}
