//! A human answer to one exact ask (APR-1): bound to agent, user, digest of the canonical ask,
//! policy version and expiry; used as often as the answer says, which is once unless it says otherwise.

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
    /// Used up.
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

/// For how much a grant is good. Whatever it is, it is good for the very same ask of the same agent, user and policy
/// version alone; only a pattern widens, and it does so as a permission that everybody can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApprovalScope {
    /// One call.
    Once,
    /// So many calls.
    Times,
    /// Calls until a time.
    Until,
    /// Calls of the task, or of the user's session, in which it was asked.
    Task,
    /// One call; beside it a permission with an expiry was made.
    Pattern,
}

impl ApprovalScope {
    /// Every scope.
    pub const ALL: [Self; 5] = [Self::Once, Self::Times, Self::Until, Self::Task, Self::Pattern];

    /// The word in the store and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Times => "times",
            Self::Until => "until",
            Self::Task => "task",
            Self::Pattern => "pattern",
        }
    }
}

impl std::str::FromStr for ApprovalScope {
    type Err = UnknownScopeOfApproval;

    fn from_str(text: &str) -> Result<Self, UnknownScopeOfApproval> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(UnknownScopeOfApproval)
    }
}

/// A word that names no scope of an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such scope of an approval")]
pub struct UnknownScopeOfApproval;

/// By what somebody proved who they are when they answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnswerMethod {
    /// Their session in the console.
    Session,
    /// A one-time link that they made for themself.
    Link,
}

impl AnswerMethod {
    /// The word in the store and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Link => "link",
        }
    }
}

/// What somebody said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnswerWord {
    /// Yes.
    Grant,
    /// No.
    Deny,
}

impl AnswerWord {
    /// The word in the store and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Deny => "deny",
        }
    }
}

/// What one person answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalAnswer {
    /// Who.
    pub account: AccountId,
    /// What they said.
    pub word: AnswerWord,
    /// For how much, in the form of the API; none where they said no.
    pub terms: Option<String>,
    /// By what they proved who they are.
    pub method: AnswerMethod,
    /// When.
    pub at: Time,
}

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
    /// The request that used it last.
    pub consumed_in: Option<RequestId>,
    /// In which task it was asked: `task:` and the agent's own name for it, or the id of the user's session.
    pub task: Option<String>,
    /// For how much it was granted.
    pub scope: Option<ApprovalScope>,
    /// How often it was used.
    pub uses: i64,
    /// How often it may be used; none for as often as there is time.
    pub max_uses: Option<i64>,
    /// How many people must agree.
    pub quorum: i64,
    /// How many people have agreed.
    pub agreed: i64,
}
