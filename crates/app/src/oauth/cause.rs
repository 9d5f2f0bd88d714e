//! Why a client was refused, for the record of the organization alone. On the wire an unknown, an expired, a used and a
//! foreign code are one answer, so that nobody can try them out; whoever operates the client must tell them apart.

use procura_model::{AgentStatus, Time};
use procura_store::oauth_sessions::FoundOauthSession;
use serde::Serialize;

/// One cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Cause {
    /// Its time was over before anybody used it.
    Expired,
    /// `redirect_uri` is not the one of the authorization request.
    RedirectUri,
    /// `code_verifier` is missing or does not fit.
    Verifier,
    /// The DPoP proof is missing, or of another key.
    Key,
    /// The session has ended, or was taken back.
    SessionEnded,
    /// The client is disabled, or kept out.
    ClientDisabled,
    /// The person took their consent back.
    ConsentEnded,
    /// The person is no member any more, or may not let software act.
    NotMember,
    /// The agent is disabled.
    AgentDisabled,
    /// The client does not stay connected.
    NotRefreshable,
    /// The client showed itself in another way than it is registered for.
    Method,
    /// The secret is none of the client's.
    Secret,
    /// The assertion does not hold.
    Assertion,
}

impl Cause {
    /// Why a session does not hold, of everything on which it stands; none where it does.
    pub(super) fn against(found: Option<&FoundOauthSession>, now: Time) -> Option<Self> {
        let Some(found) = found else { return Some(Self::SessionEnded) };
        let causes = [
            (!found.is_client_enabled, Self::ClientDisabled),
            (!found.is_member, Self::NotMember),
            (!found.is_consented, Self::ConsentEnded),
            (found.agent != AgentStatus::Enabled, Self::AgentDisabled),
            (!found.session.is_live(now), Self::SessionEnded),
        ];
        causes.into_iter().find_map(|(is_so, cause)| is_so.then_some(cause))
    }
}
