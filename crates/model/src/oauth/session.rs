//! The sessions of clients: every token hangs on one, and dies with it (SES-1).

use crate::{
    ids::{AccountId, AgentId, GrantId, SessionId},
    oauth::{ClientId, ScopeList, client::words},
    time::Time,
};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

words! {
    /// How a session came to be.
    SessionKind {
        /// A person consented in a browser.
        Code = "code",
        /// A person consented for a device.
        Device = "device",
        /// The client acts for itself; it has one such session for each agent.
        Client = "client",
        /// An issuer that the organization trusts said so (ID-JAG).
        Assertion = "assertion",
        /// A token was exchanged (RFC 8693).
        Exchange = "exchange",
    }
}

/// A session of a client: the family of its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthSession {
    /// Its id, the `sid` of its tokens.
    pub id: SessionId,
    /// How it came to be.
    pub kind: SessionKind,
    /// The consent it stands on.
    pub grant: Option<GrantId>,
    /// Whose tokens.
    pub client: ClientId,
    /// As which agent the client acts.
    pub agent: AgentId,
    /// For which person.
    pub account: Option<AccountId>,
    /// The `sub` of its tokens: the account, the client, or an issuer's name for somebody.
    pub subject: String,
    /// What was granted.
    pub scope: ScopeList,
    /// Where.
    pub resources: Vec<String>,
    /// The thumbprint of the key that its refresh tokens are bound to (RFC 9449 section 5).
    pub dpop_jkt: Option<String>,
    /// When the person last proved who they are.
    pub auth_time: Option<Time>,
    /// When it began.
    pub created_at: Time,
    /// When it ends by itself.
    pub expires_at: Time,
    /// When a token of it was last used or made.
    pub last_used_at: Option<Time>,
    /// When it was revoked.
    pub revoked_at: Option<Time>,
}

impl OauthSession {
    /// Whether its tokens may hold at `now`.
    #[must_use]
    pub fn is_live(&self, now: Time) -> bool {
        self.revoked_at.is_none() && self.expires_at > now
    }
}
