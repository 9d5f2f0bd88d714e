//! The journeys: each use case from who asks to what is recorded.
//!
//! Every journey is an `async fn (app, ctx, ask)`. It first demands its scope of `ctx.actor`, then
//! does what it does in the order in which it reads, and commits its change together with the event
//! that records it. Web and gateway are views of these functions and decide nothing themselves.

pub mod activity;
pub mod agent_auth;
pub mod agents;
pub mod api_tools;
pub mod approvals;
pub mod authzen;
pub mod budgets;
mod codes;
pub mod entities;
pub mod guardrails;
pub mod idempotency;
pub mod identity;
pub mod jobs;
pub mod keys;
pub mod limits;
pub mod mail;
pub mod members;
pub mod metrics;
pub mod oauth;
pub mod onboarding;
pub mod openapi_import;
pub mod organization;
pub mod passports;
pub mod passwords;
pub mod permissions;
pub mod personal;
pub mod receipts;
pub mod recovery;
pub mod redaction;
pub mod results;
pub mod revocations;
pub mod screening;
pub mod seals;
pub mod servers;
pub mod sessions;
pub mod settings;
pub mod simulation;
pub mod snapshots;
pub mod users;
pub mod verify;

use procura_cluster::Limits;
use procura_egress::Egress;
use procura_model::{Clock, Ctx, Doing as _, Entropy, Origin, Result, Time};
use procura_screen::{inject::Scanner, redact::Redactor};
use procura_store::Store;
use std::sync::Arc;
use tokio::sync::watch;

pub use identity::{Identified, SignedIn};
pub use jobs::Jobs;
pub use metrics::Metrics;
pub use seals::Seals;
pub use sessions::Sessions;
pub use settings::Settings;
pub use snapshots::{AgentSnapshot, Snapshots};

/// Everything that a journey needs of the world.
pub struct App {
    /// Rows.
    pub store: Store,
    /// The only way out.
    pub egress: Arc<Egress>,
    /// Rate limits.
    pub limits: Limits,
    /// Keys derived from the root key.
    pub seals: Seals,
    /// Time.
    pub clock: Clock,
    /// Chance.
    pub entropy: Entropy,
    /// What the operator set.
    pub settings: Settings,
    /// Agents with compiled policies, and keys, as long as nothing revoked them.
    pub snapshots: Snapshots,
    /// Sessions of agents for users, as long as they live.
    pub sessions: Sessions,
    /// Key sets that users' tokens are verified with.
    pub key_sets: users::KeySets,
    /// The injection detector.
    pub scanner: Scanner,
    /// The redactors: what we know is secret, and what each organization says.
    pub redactors: redaction::Redactors,
    /// The last results, for trying redaction rules.
    pub recent: redaction::Recent,
    /// Work in the background.
    pub jobs: Jobs,
    /// Counters for `/metrics`.
    pub metrics: Metrics,
    /// Counts up when a tool server was added, changed or removed.
    pub servers_changed: watch::Sender<u64>,
    /// Which tool servers the operator's file declares.
    pub declared: servers::Declared,
    /// Where passwords are weighed, a few at once.
    pub passwords: passwords::Places,
    /// Counts up when an organization was made.
    pub founded: watch::Sender<u64>,
    /// When this node last read the revocations.
    pub revocations: revocations::Freshness,
    /// Where recorded decisions are replayed, a few at once.
    pub simulations: simulation::Places,
    /// The authorization server's keys, and the tokens that it has seen to hold.
    pub oauth: oauth::OauthState,
    /// How mail is sent.
    pub mailer: mail::Mailer,
    /// Credentials of guarded APIs that were verified.
    pub api_keys: agent_auth::Ring,
    /// What this node remembers of OAuth clients.
    pub oauth_clients: oauth::clients::Memory,
    /// Counts up when an approval was answered or withdrawn.
    pub approvals_answered: approvals::Answered,
}

/// What [`App::new`] cannot make itself.
pub struct World {
    /// Rows, migrated.
    pub store: Store,
    /// The only way out.
    pub egress: Egress,
    /// Keys derived from the root key.
    pub seals: Seals,
    /// Time.
    pub clock: Clock,
    /// Chance.
    pub entropy: Entropy,
    /// What the operator set.
    pub settings: Settings,
}

impl App {
    /// Puts the parts together; nothing runs yet.
    ///
    /// # Errors
    /// A fault when a screen cannot be built.
    pub fn new(world: World) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            limits: Limits::new(world.settings.limits),
            mailer: world.settings.mailer.clone(),
            store: world.store,
            egress: Arc::new(world.egress),
            seals: world.seals,
            clock: world.clock,
            entropy: world.entropy,
            settings: world.settings,
            snapshots: Snapshots::default(),
            key_sets: users::KeySets::default(),
            sessions: Sessions::default(),
            scanner: Scanner::new().doing("build the injection detector")?,
            redactors: redaction::Redactors::new(Redactor::new()),
            recent: redaction::Recent::default(),
            jobs: Jobs::default(),
            metrics: Metrics::default(),
            servers_changed: watch::channel(0).0,
            declared: servers::Declared::default(),
            passwords: passwords::Places::default(),
            founded: watch::channel(0).0,
            revocations: revocations::Freshness::default(),
            simulations: simulation::Places::default(),
            oauth: oauth::OauthState::default(),
            api_keys: agent_auth::Ring::default(),
            oauth_clients: oauth::clients::Memory::default(),
            approvals_answered: watch::channel(0).0,
        }))
    }

    pub(crate) fn rows(&self, now: Time) -> snapshots::Rows<'_> {
        snapshots::Rows { store: &self.store, entropy: &self.entropy, redactors: &self.redactors, now }
    }

    /// The time now; only the edges ask.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// The context of a request by somebody who was identified. What a client says of itself is recorded without the
    /// values of the user for whom it calls (USR-7).
    #[must_use]
    pub fn ctx(&self, identified: Identified, mut origin: Origin) -> Ctx {
        if let (Some(acting), Some(agent)) = (identified.actor.acting_for(), &origin.user_agent) {
            origin.user_agent = Some(sessions::personal(self, acting).scrub_text(agent).into_owned());
        }
        Ctx::new(identified.tenant, identified.actor, self.now(), &self.entropy).from(origin)
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("settings", &self.settings).finish_non_exhaustive()
    }
}
