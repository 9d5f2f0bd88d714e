//! What an access token says (RFC 9068), whether it is signed or opaque.

use crate::{
    ids::{AccountId, AgentId, SessionId, TenantId, TokenId},
    oauth::{ClientId, ScopeList},
    time::Time,
};
use serde::{Deserialize, Serialize};

/// One link of a chain of actors (RFC 8693 section 4.1), the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorLink {
    /// Who acts.
    pub sub: String,
    /// For whom they act in turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Box<ActorLink>>,
}

impl ActorLink {
    /// How many links the chain has.
    #[must_use]
    pub fn depth(&self) -> usize {
        1 + self.act.as_deref().map_or(0, Self::depth)
    }
}

/// The claims of an access token. Times are whole seconds, as in the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Its id.
    pub jti: TokenId,
    /// The organization.
    pub tenant: TenantId,
    /// Who granted or owns what it opens.
    pub sub: String,
    /// Which client got it.
    pub client_id: ClientId,
    /// Where it holds.
    pub aud: String,
    /// For what.
    pub scope: ScopeList,
    /// The session on which it hangs.
    pub sid: SessionId,
    /// The agent that acts, and for whom before it.
    pub act: ActorLink,
    /// When it was made.
    pub iat: i64,
    /// When it ends.
    pub exp: i64,
    /// When the person last proved who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// The thumbprint of the key it is bound to (RFC 9449 section 6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jkt: Option<String>,
    /// Who alone may act for the subject in turn (RFC 8693 section 4.4); without it, whoever the organization lets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may_act: Option<String>,
}

/// An access token that holds, as the rest of the house sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccessToken {
    /// Its id.
    pub token: TokenId,
    /// The session on which it hangs.
    pub session: SessionId,
    /// Which client showed it.
    pub client: ClientId,
    /// As which agent it acts.
    pub agent: AgentId,
    /// For which person.
    pub account: Option<AccountId>,
    /// For what.
    pub scope: ScopeList,
    /// When the person last proved who they are.
    pub auth_time: Option<Time>,
    /// When it ends.
    pub expires_at: Time,
}
