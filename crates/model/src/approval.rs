//! A human answer to one exact ask (APR-1): bound to agent, user, digest of the canonical ask,
//! policy version and expiry; consumed once.

use crate::{
    agent::UserRef,
    ids::{AccountId, AgentId, ApprovalId, PermissionId, RequestId},
    secret::Digest,
    time::Time,
};
use serde::{Deserialize, Serialize};

/// Where an approval stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApprovalState {
    /// Nobody has answered yet.
    Waiting,
    /// Granted, and not used yet.
    Granted,
    /// Denied.
    Denied,
    /// Nobody answered or nobody used it in time.
    Expired,
    /// Withdrawn.
    Cancelled,
    /// Used, once.
    Consumed,
    /// Something that it was bound to has changed.
    Stale,
}

impl ApprovalState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Granted,
        Self::Denied,
        Self::Expired,
        Self::Cancelled,
        Self::Consumed,
        Self::Stale,
    ];

    /// The word in the store and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Granted => "granted",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Consumed => "consumed",
            Self::Stale => "stale",
        }
    }
}

impl std::str::FromStr for ApprovalState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownState)
    }
}

/// A word that names no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such approval state")]
pub struct UnknownState;

/// One approval with everything that it is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The approval's id.
    pub id: ApprovalId,
    /// For which agent.
    pub agent: AgentId,
    /// On behalf of which user.
    pub user: Option<UserRef>,
    /// SHA-256 of the canonical ask.
    pub digest: Digest,
    /// The canonical ask itself: the approver's page renders from this, never from the agent's words. Values that
    /// tell who the user is are replaced by marks in it (USR-7).
    pub canonical_ask: String,
    /// The agent's policy version when it was asked.
    pub policy_version: i64,
    /// Which permission wants a person.
    pub permission: Option<PermissionId>,
    /// The sentence that says why.
    pub sentence: String,
    /// Where it stands.
    pub state: ApprovalState,
    /// The request that first asked.
    pub asked_in: RequestId,
    /// When it was asked.
    pub created_at: Time,
    /// Until when it can be answered or used.
    pub expires_at: Time,
    /// Who answered.
    pub decided_by: Option<AccountId>,
    /// When.
    pub decided_at: Option<Time>,
    /// The request that used it.
    pub consumed_in: Option<RequestId>,
}
