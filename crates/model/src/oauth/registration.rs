//! Agents that register themselves at a guarded API (AGT-2): what an API lets them do, who registered, the keys that they
//! hold, and how a person takes one for their own.

use crate::{
    ids::{AccountId, ClaimAttemptId, CredentialId, RegistrationId, ResourceId},
    oauth::{ScopeList, client::words},
    time::Time,
};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

words! {
    /// How an agent registered.
    RegistrationKind {
        /// It said nothing of itself.
        Anonymous = "anonymous",
        /// An issuer that the organization trusts vouched for it (ID-JAG).
        Assertion = "identity_assertion",
        /// It named the address of a person, who must agree before it gets anything.
        Email = "email",
    }
}

words! {
    /// Where a registration stands.
    RegistrationState {
        /// Nobody answers for it yet.
        Unclaimed = "unclaimed",
        /// A person or an issuer answers for it.
        Claimed = "claimed",
        /// Nobody claimed it in time.
        Expired = "expired",
        /// It was ended.
        Revoked = "revoked",
    }
}

words! {
    /// Which of the two wire forms of registration an API speaks.
    Profiles {
        /// Keys, as in the first version.
        First = "first",
        /// Assertions of ours that are exchanged for tokens, and the polled claim.
        Second = "second",
        /// Both, at addresses of their own.
        Both = "both",
    }
}

impl Profiles {
    /// Whether keys are handed out.
    #[must_use]
    pub const fn has_first(self) -> bool {
        matches!(self, Self::First | Self::Both)
    }

    /// Whether assertions are.
    #[must_use]
    pub const fn has_second(self) -> bool {
        matches!(self, Self::Second | Self::Both)
    }
}

words! {
    /// What a credential of a guarded API is to its holder.
    KeyForm {
        /// A key that lasts.
        Key = "api_key",
        /// An access token that an assertion was exchanged for.
        Token = "access_token",
    }
}

words! {
    /// Where a try to have an agent claimed stands.
    AttemptState {
        /// Nobody answered yet.
        Waiting = "waiting",
        /// A person agreed; the agent may fetch what it was given.
        Granted = "granted",
        /// The agent has fetched it.
        Taken = "taken",
        /// A person refused.
        Denied = "denied",
        /// A newer try took its place.
        Superseded = "superseded",
        /// Too many wrong codes were typed.
        Spent = "spent",
    }
}

/// What agents may do at an API by themselves (AGT-4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentAccess {
    /// Whether an agent may register that says nothing of itself.
    pub anonymous: bool,
    /// Whether assertions of trusted issuers are taken.
    pub assertions: bool,
    /// Whether an agent may register that names a person's address.
    pub email: bool,
    /// What an agent may do for which nobody answers yet.
    pub unclaimed: ScopeList,
    /// What a person or an issuer may give at the most.
    pub claimed: ScopeList,
    /// How long an agent may wait to be claimed, in hours.
    pub unclaimed_hours: i64,
    /// How long the key of a claimed agent lasts, in days; without end where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_days: Option<i64>,
    /// How long ago the person of an assertion may have signed in, in seconds; not asked where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_login_seconds: Option<i64>,
    /// Which wire forms are served.
    pub profiles: Profiles,
    /// Whether it is the API that this server describes at its own root.
    #[serde(default)]
    pub root: bool,
    /// What its `auth.md` points to.
    #[serde(default)]
    pub pages: AgentPages,
}

/// Addresses of the API's own that its `auth.md` names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentPages {
    /// Where its `auth.md` is, if not here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill: Option<String>,
    /// Where its people manage their keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub console: Option<String>,
    /// A path of it that can be read with a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// Where its MCP server is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcp: Option<String>,
}

/// An agent that registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Its id.
    pub id: RegistrationId,
    /// At which API.
    pub resource: ResourceId,
    /// How.
    pub kind: RegistrationKind,
    /// Where it stands in the store; see [`Registration::standing`].
    pub state: RegistrationState,
    /// What it calls itself; may be empty, and is nobody's word but its own.
    pub name: String,
    /// Who vouched for it.
    pub issuer: Option<String>,
    /// The issuer's name for the person for whom it acts.
    pub subject: Option<String>,
    /// The member of the organization who claimed it.
    pub account: Option<AccountId>,
    /// What it may do.
    pub scope: ScopeList,
    /// In which workspaces of the API; `*` is every one.
    pub workspaces: Vec<String>,
    /// From where it registered.
    pub address: String,
    /// Counts up with every claim: assertions of ours from before it are over.
    pub generation: i64,
    /// When it registered.
    pub created_at: Time,
    /// Until when it may be claimed.
    pub expires_at: Time,
    /// When it was claimed.
    pub claimed_at: Option<Time>,
    /// When it was ended.
    pub ended_at: Option<Time>,
}

impl Registration {
    /// Where it stands at `now`: nobody waits for upkeep to find out that a time is over.
    #[must_use]
    pub fn standing(&self, now: Time) -> RegistrationState {
        match self.state {
            RegistrationState::Unclaimed if self.expires_at <= now => RegistrationState::Expired,
            state => state,
        }
    }
}

/// A credential of a guarded API without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: CredentialId,
    /// At which API it counts.
    pub resource: ResourceId,
    /// Whose it is; none where a person of the organization made it.
    pub registration: Option<RegistrationId>,
    /// What it is to its holder.
    pub form: KeyForm,
    /// A name for people.
    pub name: String,
    /// The first characters of the secret.
    pub preview: String,
    /// What it may do.
    pub scope: ScopeList,
    /// In which workspaces of the API; `*` is every one.
    pub workspaces: Vec<String>,
    /// When it was made.
    pub created_at: Time,
    /// From when on it is no longer accepted.
    pub expires_at: Option<Time>,
    /// When it was revoked.
    pub revoked_at: Option<Time>,
    /// When it was last used.
    pub last_used_at: Option<Time>,
}

impl ApiKey {
    /// Whether it is accepted at `now`.
    #[must_use]
    pub fn is_live(&self, now: Time) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| at > now)
    }

    /// Whether it counts in this workspace.
    #[must_use]
    pub fn is_for(&self, workspace: &str) -> bool {
        self.workspaces.iter().any(|own| own == "*" || own == workspace)
    }
}

/// One try to have an agent claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimAttempt {
    /// Its id.
    pub id: ClaimAttemptId,
    /// The agent's registration.
    pub registration: RegistrationId,
    /// Where it stands in the store.
    pub state: AttemptState,
    /// How many wrong codes were typed.
    pub tries: i64,
    /// How long the agent waits between two asks, in seconds.
    pub interval_seconds: i64,
    /// What the person gave.
    pub scope: ScopeList,
    /// The member of the organization who gave it.
    pub account: Option<AccountId>,
    /// From where it was asked.
    pub address: String,
    /// When it was asked.
    pub created_at: Time,
    /// Until when a person can answer.
    pub expires_at: Time,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Entropy;

    #[test]
    fn a_registration_that_nobody_claimed_in_time_is_over_without_upkeep() {
        let (now, entropy) = (Time::from_ms(1_000), Entropy::seeded(1));
        let mut one = Registration {
            id: RegistrationId::new(now, &entropy),
            resource: ResourceId::new(now, &entropy),
            kind: RegistrationKind::Anonymous,
            state: RegistrationState::Unclaimed,
            name: String::new(),
            issuer: None,
            subject: None,
            account: None,
            scope: ScopeList::default(),
            workspaces: Vec::new(),
            address: String::new(),
            generation: 1,
            created_at: now,
            expires_at: now.plus_ms(10),
            claimed_at: None,
            ended_at: None,
        };
        assert_eq!(one.standing(now.plus_ms(9)), RegistrationState::Unclaimed);
        assert_eq!(one.standing(now.plus_ms(10)), RegistrationState::Expired);
        one.state = RegistrationState::Claimed;
        assert_eq!(one.standing(now.plus_ms(10)), RegistrationState::Claimed);
    }

    #[test]
    fn a_key_counts_in_its_own_workspaces_alone() {
        let (now, entropy) = (Time::from_ms(1_000), Entropy::seeded(1));
        let mut key = ApiKey {
            id: CredentialId::new(now, &entropy),
            resource: ResourceId::new(now, &entropy),
            registration: None,
            form: KeyForm::Key,
            name: String::new(),
            preview: String::new(),
            scope: ScopeList::default(),
            workspaces: vec!["ws_1".to_owned()],
            created_at: now,
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
        };
        assert!(key.is_for("ws_1") && !key.is_for("ws_2") && !key.is_for("*"));
        key.workspaces = Vec::new();
        assert!(!key.is_for("ws_1"), "a key without a workspace is for none");
        key.workspaces = vec!["*".to_owned()];
        assert!(key.is_for("ws_2"));
        assert!(key.is_live(now));
        key.expires_at = Some(now);
        assert!(!key.is_live(now));
    }
}
