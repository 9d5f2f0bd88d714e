//! Agents, the keys they show, and the users they act for.

use crate::{
    ids::{AccountId, AgentId, CredentialId},
    oauth::AccessToken,
    scope::Scopes,
    time::Time,
};
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// An end user by pseudonym: `usr_` and 32 hexadecimal digits, the same for the same user of an organization,
/// and worth nothing without the deployment's root key (USR-7).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserRef(pub String);

/// Whether an agent may act (AGT-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AgentStatus {
    /// It may.
    Enabled,
    /// It may not, until a person enables it again.
    Disabled,
}

impl AgentStatus {
    /// The word in the store and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}

/// A registered autonomous actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// The agent's id.
    pub id: AgentId,
    /// Its name, unique in the organization.
    pub name: String,
    /// What kind of software it is, for example `assistant` or `mcp_client`.
    pub kind: String,
    /// Who makes or runs the software, for example a model vendor; may be empty.
    pub provider: String,
    /// The person who answers for it, where one made it.
    pub owner: Option<AccountId>,
    /// Whether it may act.
    pub status: AgentStatus,
    /// Counts up with every change of its permissions; approvals and decisions name it.
    pub policy_version: i64,
    /// When it was made.
    pub created_at: Time,
    /// When it last authenticated.
    pub last_seen_at: Option<Time>,
}

/// For whom a key speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyHolder {
    /// An agent (`pca_`).
    Agent(AgentId),
    /// The customer's own server (`pcp_`).
    Platform,
}

/// What an agent showed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AgentCredential {
    /// One of its keys.
    Key(CredentialId),
    /// An access token that names it.
    Token(Arc<AccessToken>),
}

impl AgentCredential {
    /// The key, where it was one.
    #[must_use]
    pub const fn key(&self) -> Option<CredentialId> {
        match self {
            Self::Key(key) => Some(*key),
            Self::Token(_) => None,
        }
    }

    /// The access token, where it was one.
    #[must_use]
    pub const fn token(&self) -> Option<&Arc<AccessToken>> {
        match self {
            Self::Key(_) => None,
            Self::Token(token) => Some(token),
        }
    }
}

/// The id that stands in the record: the key's, or that of the session on which the token hangs.
impl fmt::Display for AgentCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => key.fmt(f),
            Self::Token(token) => token.session.fmt(f),
        }
    }
}

/// An API key without its secret (AGT-3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The key's id.
    pub id: CredentialId,
    /// For whom it speaks.
    pub holder: KeyHolder,
    /// A name for people.
    pub name: String,
    /// The first characters of the secret, to tell keys apart.
    pub preview: String,
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Time,
    /// From when on it is no longer accepted.
    pub expires_at: Option<Time>,
    /// When it was revoked.
    pub revoked_at: Option<Time>,
    /// When it was last used.
    pub last_used_at: Option<Time>,
}

impl Credential {
    /// Whether the key is accepted at `now`.
    #[must_use]
    pub fn is_live(&self, now: Time) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| at > now)
    }
}
