//! The whole server in one process, on a real socket: what tests that guard the house are written against.
//!
//! A [`World`] is wired as the binary is, but for what a test must hold in its hand: the clock, chance, names, the
//! cost of passwords. [`Shop`], [`Buyer`] and [`Person`] are its actors; they speak HTTP, so what a test sees is what
//! a caller sees. Everything here panics: a test whose world does not stand has nothing to say.

mod buyer;
mod http;
mod mcp;
mod names;
mod person;
mod seen;
mod shop;
mod user;

pub use buyer::{Buyer, Verified, VerifyAsk};
pub use http::{Call, Http, Reply};
pub use mcp::{Called, Mcp};
pub use names::Names;
pub use person::Person;
pub use seen::Seen;
pub use shop::Shop;

use crate::{fixture::pace, stub::Stub};
use parking_lot::Mutex;
use procura_app::{
    App, Seals, jobs, revocations,
    settings::{PerHour, RegistrationLimits},
};
use procura_cluster::{LimitSettings, Rate};
use procura_crypto::{Cost, RootKey};
use procura_egress::{AllowedHost, Egress, Purpose, Rules, Whom};
use procura_gateway::Gateway;
use procura_model::{Clock, Entropy, Time};
use procura_store::{Store, testing};
use procura_web::WebState;
use std::{sync::Arc, time::Duration};
use tokio::net::TcpListener;

/// Where the manual clock stands at the start: a Wednesday, 12:00 UTC.
pub const NOON: Time = Time::from_ms(1_795_608_000_000);

/// Which clock a world has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hands {
    /// It stands still until the test moves it.
    #[default]
    Manual,
    /// The machine's.
    System,
}

/// How a world is started.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Its clock.
    pub hands: Hands,
    /// Its limits.
    pub limits: LimitSettings,
    /// Where its chance begins.
    pub seed: u64,
    /// What tool results are cut to.
    pub sanitize_max_bytes: usize,
    /// How much of what is cut off is kept for an organization.
    pub sanitize_keep_bytes: usize,
    /// Whether the sandbox is open without sign-in, as in the demo.
    pub open_sandbox: bool,
}

impl Default for Options {
    fn default() -> Self {
        let plenty = Rate::per_minute(10_000_000);
        Self {
            hands: Hands::Manual,
            limits: LimitSettings {
                global: plenty,
                mcp: plenty,
                auth: plenty,
                registration: plenty,
                rule_trials: plenty,
                key_verify: plenty,
            },
            seed: 7,
            sanitize_max_bytes: 50 * 1024,
            sanitize_keep_bytes: 64 * 1024 * 1024,
            open_sandbox: false,
        }
    }
}

/// The whole server in one process.
pub struct World {
    /// The journeys and what they need.
    pub app: Arc<App>,
    /// The gateway.
    pub gateway: Arc<Gateway>,
    /// The clock; [`Hands::Manual`] ones can be moved.
    pub clock: Clock,
    /// The names that the way out can resolve.
    pub resolver: Names,
    /// A client without credentials.
    pub http: Http,
    seen: Seen,
    allowed: Mutex<Vec<AllowedHost>>,
}

impl World {
    /// Starts a world as most tests want it.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// Starts a world.
    pub async fn start_with(options: Options) -> Self {
        Self::start_on(testing::fresh().await, options).await
    }

    /// Starts a world on a store that was made before.
    pub async fn start_on(store: Store, options: Options) -> Self {
        Self::start_adjusted(store, options, None, |_| {}).await
    }

    /// Starts a world whose way out believes this authority (PEM) beside the web's.
    pub async fn start_trusting(authority: Option<Vec<u8>>, options: Options) -> Self {
        Self::start_adjusted(testing::fresh().await, options, authority, |_| {}).await
    }

    /// Starts a world whose operator set something that few tests want.
    pub async fn start_set(adjust: impl FnOnce(&mut procura_app::Settings)) -> Self {
        Self::start_adjusted(testing::fresh().await, Options::default(), None, adjust).await
    }

    #[expect(clippy::expect_used, reason = "a test without its world has nothing to say")]
    async fn start_adjusted(
        store: Store,
        options: Options,
        authority: Option<Vec<u8>>,
        adjust: impl FnOnce(&mut procura_app::Settings),
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen on the loopback");
        let url = format!("http://{}", listener.local_addr().expect("the listener has an address"));
        let entropy = Entropy::seeded(options.seed);
        let clock = match options.hands {
            Hands::Manual => Clock::manual(NOON),
            Hands::System => Clock::System,
        };
        let resolver = Names::default();
        let egress = Egress::new(procura_egress::Settings {
            rules: Rules::default(),
            resolver: resolver.resolver(),
            extra_ca_pem: authority,
            connect_timeout: Duration::from_secs(5),
        })
        .expect("set up the way out");
        let mut settings = procura_app::Settings {
            scrypt: Cost::least(),
            limits: options.limits,
            sanitize_max_bytes: options.sanitize_max_bytes,
            sanitize_keep_bytes: options.sanitize_keep_bytes,
            open_sandbox: options.open_sandbox,
            registrations: plenty_of_registrations(),
            ..procura_app::Settings::for_url(&url)
        };
        adjust(&mut settings);
        let seals = Seals::new(&RootKey::generate(&entropy));
        let parts = procura_app::World { store, egress, seals, clock: clock.clone(), entropy, settings };
        let app = App::new(parts).expect("put the parts together");
        jobs::start(&app);
        let gateway = Gateway::start(&app);
        let state = WebState::new(Arc::clone(&app), Arc::clone(&gateway));
        let stop = app.jobs.stopping().cancelled_owned();
        pace::start(async move { procura_web::serve(listener, state, stop).await });
        for _ in 0..500 {
            if revocations::demand_fresh(&app).is_ok() {
                break;
            }
            pace::pause(10).await;
        }
        let seen = Seen::default();
        let http = Http::new(&url, seen.clone());
        Self { app, gateway, clock, resolver, http, seen, allowed: Mutex::default() }
    }

    /// Where it is reached.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.app.settings.public_url
    }

    /// The codes that its callers have seen.
    #[must_use]
    pub const fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Moves the manual clock.
    pub fn advance_ms(&self, by: i64) {
        self.clock.advance_ms(by);
    }

    /// Does the work that waits for its hour: last uses, expiry, pruning.
    pub async fn settle(&self) {
        jobs::upkeep(&self.app).await;
    }

    /// Opens a host of this machine to tool servers, as the operator's file would.
    pub fn allow(&self, host: &str, port: u16) {
        self.allow_for(Whom::Everyone, host, port);
    }

    /// Opens a host of this machine to tool servers of these organizations.
    #[expect(clippy::expect_used, reason = "a test without its rules has nothing to say")]
    pub fn allow_for(&self, tenant: Whom, host: &str, port: u16) {
        let mut allowed = self.allowed.lock();
        allowed.push(AllowedHost { tenant, host: host.to_owned(), port, purpose: Purpose::ToolServer });
        self.app.egress.set_rules(Rules::new(&allowed, Vec::new()).expect("rules of a test"));
    }

    /// Opens the host of this URL to tool servers.
    #[expect(clippy::expect_used, reason = "a test without its rules has nothing to say")]
    pub fn allow_url(&self, url: &str) {
        let url = url::Url::parse(url).expect("a URL");
        let port = url.port_or_known_default().expect("a port");
        self.allow(url.host_str().expect("a host"), port);
    }

    /// A recording upstream on the loopback, opened to tool servers.
    #[expect(clippy::expect_used, reason = "a test without its upstream has nothing to say")]
    pub async fn upstream(&self) -> Stub {
        let stub = Stub::start().await.expect("start the stub");
        self.allow_url(&stub.url());
        stub
    }

    /// An organization with its owner: the first by set-up, every further one as the operator makes it.
    pub async fn tenant(&self, name: &str) -> Shop {
        Shop::found(self, name).await
    }

    /// Ends the server as a signal would.
    pub async fn stop(&self) {
        self.gateway.shutdown().await;
        self.app.jobs.shutdown().await;
        self.app.store.close().await;
    }
}

/// As many agents as a test likes.
fn plenty_of_registrations() -> RegistrationLimits {
    let plenty = PerHour { address: 1_000_000, network: 1_000_000, organization: 1_000_000 };
    RegistrationLimits { unclaimed: plenty, asserted: plenty, mails: 1_000_000 }
}

impl Drop for World {
    fn drop(&mut self) {
        self.app.jobs.stopping().cancel();
    }
}
