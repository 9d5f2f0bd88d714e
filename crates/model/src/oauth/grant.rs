//! What a person allowed a client (OAU-4).

use crate::{
    ids::{AccountId, AgentId, GrantId},
    oauth::{ClientId, ScopeList},
    time::Time,
};

/// A person's consent: the client may act as this agent, within these scopes, at these resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Who allowed it.
    pub account: AccountId,
    /// As which agent the client acts.
    pub agent: AgentId,
    /// Whom it was allowed.
    pub client: ClientId,
    /// For what.
    pub scope: ScopeList,
    /// Where: resource indicators (RFC 8707).
    pub resources: Vec<String>,
    /// When it was first given.
    pub created_at: Time,
    /// When it was last given or widened.
    pub updated_at: Time,
    /// When it was taken back.
    pub revoked_at: Option<Time>,
}
