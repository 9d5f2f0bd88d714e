//! A thing that happened. The audit row and the webhook are two views of it; a change can only be
//! committed together with its event (AUD-2).

use crate::{
    agent::UserRef,
    decision::{Risk, Verdict},
    ids::{AgentId, ApprovalId},
    reason::Reason,
};

macro_rules! kinds {
    ($($name:ident = $wire:literal, $published:literal, $text:literal;)*) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum EventKind { $(#[doc = $text] $name,)* }

        impl EventKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word in the store and on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str { match self { $(Self::$name => $wire,)* } }

            /// What happened, in a sentence.
            #[must_use]
            pub const fn text(self) -> &'static str { match self { $(Self::$name => $text,)* } }

            /// Whether webhooks may carry it: if so, an outbox row is written with it.
            #[must_use]
            pub const fn is_published(self) -> bool { match self { $(Self::$name => $published,)* } }
        }
    };
}

kinds! {
    RequestAnswered = "request.answered", false, "A request was answered.";
    Decision = "decision", false, "A decision was made.";
    Intent = "intent", false, "An allowed action is about to be carried out.";
    Egress = "egress", false, "The action left for the outside.";
    Outcome = "outcome", false, "The action came to its end.";
    OrganizationCreated = "organization.created", false, "The organization was made.";
    OrganizationChanged = "organization.changed", false, "The organization's settings were changed.";
    SignedIn = "account.signed_in", false, "A person signed in.";
    SignInFailed = "account.sign_in_failed", false, "Somebody failed to sign in.";
    SignedOut = "account.signed_out", false, "A person signed out.";
    MemberInvited = "member.invited", true, "A person was invited.";
    MemberJoined = "member.joined", true, "A person joined.";
    InvitationRevoked = "invitation.revoked", true, "An invitation was taken back.";
    MemberChanged = "member.changed", true, "A member's role was changed.";
    MemberRemoved = "member.removed", true, "A member was removed.";
    AgentCreated = "agent.created", true, "An agent was registered.";
    AgentChanged = "agent.changed", true, "An agent's details were changed.";
    AgentDisabled = "agent.disabled", true, "An agent was disabled.";
    AgentEnabled = "agent.enabled", true, "An agent was enabled.";
    KeyCreated = "key.created", true, "A key was made.";
    KeyRotated = "key.rotated", true, "A key was rotated.";
    KeyRevoked = "key.revoked", true, "A key was revoked.";
    PermissionCreated = "permission.created", true, "A permission was added.";
    PermissionChanged = "permission.changed", true, "A permission was changed.";
    PermissionRemoved = "permission.removed", true, "A permission was removed.";
    ApprovalRequested = "approval.requested", true, "A call waits for a person.";
    ApprovalGranted = "approval.granted", true, "A person granted a call.";
    ApprovalDenied = "approval.denied", true, "A person denied a call.";
    ApprovalCancelled = "approval.cancelled", true, "A waiting call was withdrawn.";
    ApprovalConsumed = "approval.consumed", true, "A granted call was used.";
    ServerAdded = "server.added", true, "A tool server was added.";
    ServerChanged = "server.changed", true, "A tool server was changed.";
    ServerRemoved = "server.removed", true, "A tool server was removed.";
    UserAuthChanged = "user_auth.changed", true, "The way in which an agent's users are verified was changed.";
    SecretReplaced = "secret.replaced", true, "A secret was set or replaced.";
    SecretRemoved = "secret.removed", true, "A secret was removed.";
    UserRefused = "user.refused", false, "A user's token was refused.";
    UserTokenTried = "user.token_tried", false, "A user's token was tried in the token console.";
    SessionOpened = "session.opened", true, "An agent began to act for a verified user.";
    SessionRevoked = "session.revoked", true, "A session of a verified user was revoked.";
    BudgetCreated = "budget.created", true, "A budget was added.";
    BudgetChanged = "budget.changed", true, "A budget was changed.";
    BudgetRemoved = "budget.removed", true, "A budget was removed.";
    ReservationCommitted = "reservation.committed", true, "A reserved action happened.";
    ReservationReleased = "reservation.released", true, "A reserved action did not happen.";
    ReservationExpired = "reservation.expired", true, "Nobody said in time what became of a reserved action.";
    ApprovalAnswered = "approval.answered", true, "One of several people answered.";
    ReceiptRedeemed = "receipt.redeemed", true, "A receipt was redeemed.";
    GuardrailCreated = "guardrail.created", true, "A guardrail was added.";
    GuardrailChanged = "guardrail.changed", true, "A guardrail was changed.";
    GuardrailRemoved = "guardrail.removed", true, "A guardrail was removed.";
    RedactionRuleCreated = "redaction_rule.created", true, "A redaction rule was added.";
    RedactionRuleChanged = "redaction_rule.changed", true, "A redaction rule was changed.";
    RedactionRuleRemoved = "redaction_rule.removed", true, "A redaction rule was removed.";
    RedactionRuleTried = "redaction_rule.tried", false, "A redaction rule was tried on what is recorded.";
    PassportRotated = "passport.rotated", true, "An agent's passport was made or rotated.";
    PassportRevoked = "passport.revoked", true, "An agent's passport was revoked.";
    EntityChanged = "entity.changed", false, "A subject or resource for AuthZEN was added or changed.";
    EntityRemoved = "entity.removed", false, "A subject or resource for AuthZEN was removed.";
    FeedbackGiven = "feedback.given", false, "A person said whether a screen was right.";
    FeedbackWithdrawn = "feedback.withdrawn", false, "A person took back what was said of a screen.";
    ClientRegistered = "client.registered", true, "An OAuth client was registered.";
    ClientChanged = "client.changed", true, "An OAuth client was changed.";
    ClientDisabled = "client.disabled", true, "An OAuth client was disabled.";
    ClientEnabled = "client.enabled", true, "An OAuth client was enabled.";
    ClientRemoved = "client.removed", true, "An OAuth client was removed.";
    ClientSecretMade = "client.secret_made", true, "A secret of an OAuth client was made.";
    ClientSecretRevoked = "client.secret_revoked", true, "A secret of an OAuth client was revoked.";
    ClientRefused = "client.refused", false, "An OAuth client failed to authenticate.";
    GrantGiven = "grant.given", true, "A person allowed a client to act as an agent.";
    GrantRefused = "grant.refused", true, "A person refused a client.";
    GrantRevoked = "grant.revoked", true, "What a person had allowed a client was taken back.";
    DeviceAsked = "device.asked", false, "A device asked for a person's consent.";
    RequestPushed = "authorization.pushed", false, "A client pushed an authorization request.";
    TokenIssued = "token.issued", false, "A client was given tokens.";
    TokenRefreshed = "token.refreshed", false, "A client refreshed its tokens.";
    TokenExchanged = "token.exchanged", false, "A client exchanged a token.";
    TokenRevoked = "token.revoked", true, "A token was revoked.";
    TokenRefused = "token.refused", false, "A client was refused tokens.";
    CodeReplayed = "code.replayed", true, "An authorization code was shown again.";
    RefreshReplayed = "refresh.replayed", true, "A used refresh token was shown again.";
    AssertionReplayed = "assertion.replayed", true, "An assertion was shown again.";
    OauthSessionRevoked = "oauth_session.revoked", true, "A client's session was revoked.";
    ResourceCreated = "resource.created", true, "A guarded API was added.";
    ResourceChanged = "resource.changed", true, "A guarded API was changed.";
    ResourceRemoved = "resource.removed", true, "A guarded API was removed.";
    IssuerTrusted = "issuer.trusted", true, "An issuer of assertions is trusted.";
    IssuerChanged = "issuer.changed", true, "A trusted issuer was changed.";
    IssuerRemoved = "issuer.removed", true, "An issuer is trusted no longer.";
    AgentRegistered = "registration.created", true, "An agent registered itself at a guarded API.";
    ClaimRequested = "claim.requested", true, "An agent asked to be claimed.";
    ClaimGranted = "claim.granted", true, "A person claimed an agent.";
    ClaimRefused = "claim.refused", true, "A person refused to claim an agent.";
    ClaimCodeWrong = "claim.code_wrong", false, "A wrong code was typed to claim an agent.";
    RegistrationClaimed = "registration.claimed", true, "An agent fetched the key with which it was claimed.";
    RegistrationRevoked = "registration.revoked", true, "A registered agent was ended.";
    ApiKeyCreated = "api_key.created", true, "A key of a guarded API was made.";
    ApiKeyRevoked = "api_key.revoked", true, "A key of a guarded API was revoked.";
    SigningKeyMade = "signing_key.made", true, "A key that access tokens are signed with was made.";
    LinkMade = "link.made", false, "A one-time link was made.";
    LinkUsed = "link.used", false, "A one-time link was used.";
}

impl std::str::FromStr for EventKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(UnknownKind)
    }
}

/// A word that names no kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such kind of event")]
pub struct UnknownKind;

/// One event. Who, when, from where and in which request come from the `Ctx` that commits it.
#[derive(Clone, Debug)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// To or by which agent.
    pub agent: Option<AgentId>,
    /// For which end user.
    pub user: Option<UserRef>,
    /// To which other thing: the id of a key, permission, server, member.
    pub target: Option<String>,
    /// The action, where the event is about one.
    pub action: Option<String>,
    /// The resource, where the event is about one.
    pub resource: Option<String>,
    /// The answer, where one was given.
    pub verdict: Option<Verdict>,
    /// Why.
    pub reason: Option<Reason>,
    /// How risky.
    pub risk: Option<Risk>,
    /// The HTTP status that was answered, or came back from the outside.
    pub status: Option<u16>,
    /// How long it took, in microseconds.
    pub duration_us: Option<i64>,
    /// The approval that plays a part.
    pub approval: Option<ApprovalId>,
    /// Everything else that the decision read or the outcome was, as one JSON object.
    pub facts: String,
}

impl Event {
    /// An event of this kind with nothing else in it.
    #[must_use]
    pub fn new(kind: EventKind) -> Self {
        Self {
            kind,
            agent: None,
            user: None,
            target: None,
            action: None,
            resource: None,
            verdict: None,
            reason: None,
            risk: None,
            status: None,
            duration_us: None,
            approval: None,
            facts: "{}".to_owned(),
        }
    }

    /// The same event, about this agent.
    #[must_use]
    pub const fn of_agent(mut self, agent: AgentId) -> Self {
        self.agent = Some(agent);
        self
    }

    /// The same event, about this thing.
    #[must_use]
    pub fn about(mut self, target: impl ToString) -> Self {
        self.target = Some(target.to_string());
        self
    }

    /// The same event with facts; a value that cannot be written as JSON leaves them empty.
    #[must_use]
    pub fn with_facts(mut self, facts: &impl serde::Serialize) -> Self {
        self.facts = serde_json::to_string(facts).unwrap_or_else(|_| "{}".to_owned());
        self
    }
}

/// One row of the record as it is read back.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The request to which it belongs.
    pub request: crate::ids::RequestId,
    /// Its place in the request's chain.
    pub position: i64,
    /// When it was recorded.
    pub at: crate::time::Time,
    /// Who did it: the id of a key or account, `anonymous` or `operator`.
    pub actor: String,
    /// What happened.
    pub event: Event,
}
