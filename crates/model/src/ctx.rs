//! Who asks, for whom, when and from where: the first argument of every journey.

use crate::{
    account::Role,
    agent::{AgentCredential, UserRef},
    entropy::Entropy,
    error::Result,
    ids::{AccountId, AgentId, CredentialId, RequestId, SessionId, TenantId},
    reason::Reason,
    scope::{Scope, Scopes},
    time::Time,
    user::ActingUser,
};
use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

/// Who is calling. Every credential resolves to exactly one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// An agent, by its key.
    Agent {
        /// The agent whose policy holds.
        agent: AgentId,
        /// What was shown.
        credential: AgentCredential,
        /// What it may do.
        scopes: Scopes,
        /// The end user for whom the agent acts, where one was verified.
        user: Option<Arc<ActingUser>>,
    },
    /// The customer's own server, by a platform key.
    Platform {
        /// The key that was shown.
        credential: CredentialId,
        /// What the key may do.
        scopes: Scopes,
    },
    /// A person in the console.
    Account {
        /// Who.
        account: AccountId,
        /// In which role of the organization.
        role: Role,
        /// In which session.
        session: SessionId,
    },
    /// Somebody who holds a one-time link, or has not signed in yet.
    Anonymous,
    /// The machine's operator: configuration file, command line, or a job of the server's own.
    Operator,
}

impl Actor {
    /// The id that stands in the record.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Agent { credential, .. } => credential.to_string(),
            Self::Platform { credential, .. } => credential.to_string(),
            Self::Account { account, .. } => account.to_string(),
            Self::Anonymous => "anonymous".to_owned(),
            Self::Operator => "operator".to_owned(),
        }
    }

    /// The agent, where the caller is one.
    #[must_use]
    pub const fn agent(&self) -> Option<AgentId> {
        match self {
            Self::Agent { agent, .. } => Some(*agent),
            Self::Platform { .. } | Self::Account { .. } | Self::Anonymous | Self::Operator => None,
        }
    }

    /// The pseudonym of the verified end user, where there is one.
    #[must_use]
    pub fn user(&self) -> Option<&UserRef> {
        self.acting_for().map(|acting| &acting.reference)
    }

    /// The verified end user for whom the agent acts, where there is one.
    #[must_use]
    pub const fn acting_for(&self) -> Option<&Arc<ActingUser>> {
        match self {
            Self::Agent { user, .. } => user.as_ref(),
            Self::Platform { .. } | Self::Account { .. } | Self::Anonymous | Self::Operator => None,
        }
    }

    /// Whether this caller has the scope, by its key or by its role.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        match self {
            Self::Agent { scopes, .. } | Self::Platform { scopes, .. } => scopes.contains(scope),
            Self::Account { role, .. } => role.scopes().contains(scope),
            Self::Anonymous => false,
            Self::Operator => true,
        }
    }

    /// Demands the scope.
    ///
    /// # Errors
    /// `AUTH_SCOPE_MISSING` for a key, `APPROVAL_NOT_ELIGIBLE` for one that would answer an approval, `AUTH_ROLE_MISSING` for a person, `AUTH_SIGN_IN_REQUIRED` for nobody.
    pub fn require(&self, scope: Scope) -> Result<()> {
        if self.has(scope) {
            return Ok(());
        }
        Err(match self {
            Self::Agent { .. } | Self::Platform { .. } if scope == Scope::DecideApprovals => {
                Reason::SelfApproval.because("Only a person who is signed in answers approvals: no key can.")
            }
            // The challenge names the scope that stands at the end.
            Self::Agent { .. } if !Scope::OF_AGENTS.contains(&scope) => {
                Reason::ScopeMissing.because(format!(
                    "An agent's key cannot do this, a platform key can: the credential lacks the scope {}.",
                    scope.as_str()
                ))
            }
            Self::Agent { .. } | Self::Platform { .. } => {
                Reason::ScopeMissing.because(format!("The credential lacks the scope {}.", scope.as_str()))
            }
            Self::Account { role, .. } => Reason::RoleMissing.because(format!(
                "The role {} may not do this: {}",
                role.as_str(),
                scope.text()
            )),
            Self::Anonymous => Reason::SignInRequired.into(),
            Self::Operator => Reason::Internal.into(),
        })
    }
}

/// Where a request came from and what it looked like: the audit's view of it (AUD-1).
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The caller's address, after trusted proxies.
    pub ip: Option<IpAddr>,
    /// The User-Agent header, cut at 256 bytes.
    pub user_agent: Option<String>,
    /// The HTTP method, or "CLI".
    pub method: String,
    /// The path without its query.
    pub path: String,
}

/// One request: made once, at the edge.
#[derive(Debug)]
pub struct Ctx {
    /// The request's id; it names the decision and the trace.
    pub request: RequestId,
    /// The organization in which all of this happens.
    pub tenant: TenantId,
    /// Who asks.
    pub actor: Actor,
    /// The time of the request; read once.
    pub now: Time,
    /// Where it came from.
    pub origin: Origin,
    /// When work on it began, for durations only.
    pub started: Instant,
    position: AtomicI64,
}

impl Ctx {
    /// The context of a request that begins now.
    #[must_use]
    pub fn new(tenant: TenantId, actor: Actor, now: Time, entropy: &Entropy) -> Self {
        Self {
            request: RequestId::new(now, entropy),
            tenant,
            actor,
            now,
            origin: Origin::default(),
            started: Instant::now(),
            position: AtomicI64::new(0),
        }
    }

    /// The same context with its origin.
    #[must_use]
    pub fn from(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// The same request in the organization that it turned out to be of; its records go on counting.
    #[must_use]
    pub fn in_tenant(&self, tenant: TenantId) -> Self {
        Self {
            request: self.request,
            tenant,
            actor: self.actor.clone(),
            now: self.now,
            origin: self.origin.clone(),
            started: self.started,
            position: AtomicI64::new(self.records()),
        }
    }

    /// The place of the next record in this request's chain: 0, 1, 2, ...
    #[must_use]
    pub fn next_position(&self) -> i64 {
        self.position.fetch_add(1, Ordering::Relaxed)
    }

    /// How many records this request has written or is writing.
    #[must_use]
    pub fn records(&self) -> i64 {
        self.position.load(Ordering::Relaxed)
    }

    /// Microseconds since work on the request began.
    #[must_use]
    pub fn elapsed_us(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX)
    }
}
