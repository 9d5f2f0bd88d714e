//! People who sign in to the console, and what their role allows.

use crate::{
    ids::{AccountId, InvitationId, TenantId},
    scope::{Scope, Scopes},
    time::Time,
};
use serde::{Deserialize, Serialize};

/// What a person may do in an organization (ORG-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything, and the only one who makes owners.
    Owner,
    /// Everything but making or removing owners.
    Admin,
    /// Agents, permissions and tool servers.
    Developer,
    /// Reads, and decides approvals.
    Approver,
    /// Reads everything, changes nothing.
    Auditor,
}

impl Role {
    /// Every role, strongest first.
    pub const ALL: [Self; 5] = [Self::Owner, Self::Admin, Self::Developer, Self::Approver, Self::Auditor];

    /// The word in the store and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Developer => "developer",
            Self::Approver => "approver",
            Self::Auditor => "auditor",
        }
    }

    /// What the role is for, in a sentence.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Owner => "May do everything, and makes other owners.",
            Self::Admin => "May do everything but make or remove owners.",
            Self::Developer => "Manages agents, permissions and tool servers.",
            Self::Approver => "Sees what happens and decides approvals.",
            Self::Auditor => "Sees everything and changes nothing.",
        }
    }

    /// The scopes that the role has in the console.
    #[must_use]
    pub fn scopes(self) -> Scopes {
        use Scope as S;
        let reading = [
            S::ReadActivity,
            S::ReadAgents,
            S::ReadPermissions,
            S::ReadApprovals,
            S::ReadServers,
            S::ReadMembers,
            S::ReadKeys,
            S::ReadOrganization,
            S::ReadSessions,
            S::ReadBudgets,
            S::ReadEntities,
        ];
        let more: &[S] = match self {
            Self::Owner | Self::Admin => S::ALL,
            Self::Developer => &[
                S::WriteAgents,
                S::WritePermissions,
                S::WriteServers,
                S::Verify,
                S::Tools,
                S::ReadMetrics,
                S::RevokeSessions,
                S::WriteBudgets,
                S::WriteEntities,
                S::WriteFeedback,
            ],
            Self::Approver => &[S::DecideApprovals, S::WriteFeedback],
            Self::Auditor => &[],
        };
        reading.iter().chain(more).copied().collect()
    }

    /// Whether somebody in this role may let software act as an agent: who may register one may.
    #[must_use]
    pub fn may_let_software_act(self) -> bool {
        self.scopes().contains(Scope::WriteAgents)
    }

    /// Whether somebody in this role may give or take the role `other`.
    #[must_use]
    pub const fn may_grant(self, other: Self) -> bool {
        match self {
            Self::Owner => true,
            Self::Admin => !matches!(other, Self::Owner),
            Self::Developer | Self::Approver | Self::Auditor => false,
        }
    }
}

impl std::str::FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

/// A word that names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role is owner, admin, developer, approver or auditor")]
pub struct UnknownRole;

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The person's id.
    pub id: AccountId,
    /// The address, lower-cased and trimmed: the name at sign-in.
    pub email: String,
    /// The scrypt hash in PHC form.
    pub password_hash: String,
    /// When the account was made.
    pub created_at: Time,
}

/// A person's place in an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub account: AccountId,
    /// Their address.
    pub email: String,
    /// Their role.
    pub role: Role,
    /// Since when.
    pub joined_at: Time,
}

/// An open invitation; its link's digest is in the store, its secret nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The invitation's id.
    pub id: InvitationId,
    /// Into which organization.
    pub tenant: TenantId,
    /// Who is invited.
    pub email: String,
    /// In which role.
    pub role: Role,
    /// Until when the link works.
    pub expires_at: Time,
}
