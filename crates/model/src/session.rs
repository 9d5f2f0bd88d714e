//! Sessions in which an agent acts for a verified user (SES-1): what may be said of one without saying who
//! the user is.

use crate::{
    agent::UserRef,
    ids::{AgentId, SessionId},
    time::Time,
    user_auth::UserAuthMethod,
};
use serde::{Deserialize, Serialize};

/// A session of an agent for a user, without its secret and without the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentSession {
    /// The session's id.
    pub id: SessionId,
    /// The agent that acts; no other can use the session.
    pub agent: AgentId,
    /// The user, by pseudonym.
    pub user: UserRef,
    /// How the user was verified.
    pub method: UserAuthMethod,
    /// When it began.
    pub created_at: Time,
    /// When it ends by itself.
    pub expires_at: Time,
    /// When it was revoked.
    pub revoked_at: Option<Time>,
    /// When it was last used; written down at most once a minute.
    pub last_used_at: Option<Time>,
}

impl AgentSession {
    /// Where it stands at `now`.
    #[must_use]
    pub fn state(&self, now: Time) -> SessionState {
        if self.revoked_at.is_some() {
            SessionState::Revoked
        } else if self.expires_at <= now {
            SessionState::Expired
        } else {
            SessionState::Live
        }
    }
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionState {
    /// The agent may act in it.
    Live,
    /// Its time is over.
    Expired,
    /// It was ended before its time.
    Revoked,
}

impl SessionState {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Entropy;

    #[test]
    fn a_session_is_live_until_its_last_millisecond_and_revoked_for_ever() {
        let (entropy, start) = (Entropy::seeded(1), Time::from_ms(1_000));
        let session = AgentSession {
            id: SessionId::new(start, &entropy),
            agent: AgentId::new(start, &entropy),
            user: UserRef("usr_1".to_owned()),
            method: UserAuthMethod::Jwt,
            created_at: start,
            expires_at: start.plus_ms(10),
            revoked_at: None,
            last_used_at: None,
        };
        assert_eq!(session.state(start.plus_ms(9)), SessionState::Live);
        assert_eq!(session.state(start.plus_ms(10)), SessionState::Expired);
        let revoked = AgentSession { revoked_at: Some(start), ..session };
        assert_eq!(revoked.state(start.plus_ms(10)), SessionState::Revoked);
    }
}
