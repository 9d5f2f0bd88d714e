//! The servers of each organization and what they offer. Lists are read when they are first wanted,
//! kept, and read anew when the server says that they changed or when they are old. A server that
//! does not answer is left alone for a while, and its last offer stays; no other server waits for it.

use crate::{
    Gateway,
    gates::{self, Seen},
    health::Health,
    offer::{self, Kind, Offer, Offered, Reading},
    signals::{Changes, Signals},
    upstream::{ApiUpstream, HttpUpstream, StdioUpstream, Upstream, UpstreamError},
};
use arc_swap::ArcSwapOption;
use parking_lot::{Mutex, RwLock};
use procura_app::{App, api_tools::CompiledApi};
use procura_egress::{Lane, Purpose, WebUrl};
use procura_model::{
    Ctx, Event, EventKind, Reason, Result, Secret, TenantId, TenantSettings, ToolServer, Transport, Verdict,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Mutex as AsyncMutex, time::Instant};
use tokio_util::sync::CancellationToken;

/// How long lists are believed without a word from the server.
const FRESH_FOR: Duration = Duration::from_secs(300);
/// How long a server that failed is left alone.
const LEAVE_ALONE: Duration = Duration::from_secs(5);
/// How long reading the lists may take.
const READ_WITHIN: Duration = Duration::from_secs(15);
/// How long the servers of an organization are believed without looking into the store.
const SERVERS_FRESH_FOR: Duration = Duration::from_secs(30);

/// One server of one organization.
pub(crate) struct Entry {
    /// The server.
    pub(crate) server: ToolServer,
    /// Whose it is.
    pub(crate) tenant: TenantId,
    /// Its host, the vendor of every call; none for a child of ours.
    pub(crate) vendor: Option<String>,
    /// The way to it.
    pub(crate) upstream: Upstream,
    /// How it is doing.
    pub(crate) health: Mutex<Health>,
    signals: Arc<Signals>,
    offer: ArcSwapOption<Offer>,
    reading: AsyncMutex<()>,
    left_alone_until: Mutex<Option<(Instant, UpstreamError)>>,
    is_listening: AtomicBool,
    closed: CancellationToken,
}

/// The servers of one organization.
pub(crate) struct Servers {
    /// By name.
    pub(crate) entries: BTreeMap<String, Arc<Entry>>,
    seen: u64,
    loaded_at: Instant,
}

/// Everybody's servers.
#[derive(Default)]
pub(crate) struct Catalogue {
    tenants: RwLock<HashMap<TenantId, Arc<Servers>>>,
    loading: AsyncMutex<()>,
    /// Where changes are told.
    pub(crate) changes: Changes,
}

impl Catalogue {
    /// The servers of the caller's organization.
    pub(crate) async fn servers(&self, app: &App, ctx: &Ctx) -> Result<Arc<Servers>> {
        let seen = *app.servers_changed.borrow();
        if let Some(servers) = self.kept(ctx.tenant, seen) {
            return Ok(servers);
        }
        let _one_at_a_time = self.loading.lock().await;
        if let Some(servers) = self.kept(ctx.tenant, seen) {
            return Ok(servers);
        }
        let rows = gates::servers(app, ctx).await?;
        let before = self.tenants.read().get(&ctx.tenant).map(Arc::clone);
        let in_use = |server: &ToolServer| server.enabled && app.declared.admits(ctx.tenant, server);
        let entries = rows.into_iter().filter(in_use).filter_map(|server| {
            let kept = before.as_ref().and_then(|before| before.entries.get(&server.name));
            let entry = match kept.filter(|entry| entry.server == server) {
                Some(entry) => Arc::clone(entry),
                None => Arc::new(Entry::new(app, ctx.tenant, server, self.changes.clone())?),
            };
            Some((entry.server.name.clone(), entry))
        });
        let servers = Arc::new(Servers { entries: entries.collect(), seen, loaded_at: Instant::now() });
        self.tenants.write().insert(ctx.tenant, Arc::clone(&servers));
        Ok(servers)
    }

    fn kept(&self, tenant: TenantId, seen: u64) -> Option<Arc<Servers>> {
        let tenants = self.tenants.read();
        let servers = tenants.get(&tenant)?;
        (servers.seen == seen && servers.loaded_at.elapsed() < SERVERS_FRESH_FOR).then(|| Arc::clone(servers))
    }

    /// Forgets all servers; their streams and processes end when the last call lets go of them.
    pub(crate) async fn forget_all(&self) {
        let _nobody_loads = self.loading.lock().await;
        self.tenants.write().clear();
    }

    /// The organizations whose servers are kept.
    pub(crate) fn known_tenants(&self) -> Vec<TenantId> {
        self.tenants.read().keys().copied().collect()
    }
}

impl Entry {
    fn new(app: &App, tenant: TenantId, server: ToolServer, changes: Changes) -> Option<Self> {
        let signals = Arc::new(Signals::new(tenant, &server.name, changes));
        let (upstream, vendor) = match &server.transport {
            Transport::Http { url } => {
                let parsed = WebUrl::parse(url).ok()?;
                let lane = Lane::of(tenant, Purpose::ToolServer);
                let uri: http::Uri = url.parse().ok()?;
                let upstream = HttpUpstream::new(Arc::clone(&app.egress), uri, lane, Arc::clone(&signals));
                (Upstream::Http(Arc::new(upstream)), Some(parsed.target().host().to_string()))
            }
            Transport::Stdio { command, args, env } => {
                let program = crate::upstream::Program {
                    command: command.clone(),
                    args: args.clone(),
                    env: env.clone(),
                };
                let upstream =
                    StdioUpstream::new(program, &server.name, app.jobs.clone(), Arc::clone(&signals));
                (Upstream::Stdio(Arc::new(upstream)), None)
            }
            Transport::Api { api } => {
                let api = CompiledApi::compile(api).inspect_err(|fault| {
                    tracing::error!(server.id = %server.id, fault, "a stored API can no longer be called");
                });
                let (api, lane) = (api.ok()?, Lane::of(tenant, Purpose::ToolServer));
                let vendor = api.host.clone();
                (Upstream::Api(Box::new(ApiUpstream::new(Arc::clone(&app.egress), lane, api))), Some(vendor))
            }
        };
        Some(Self {
            server,
            tenant,
            vendor,
            upstream,
            health: Mutex::default(),
            signals,
            offer: ArcSwapOption::empty(),
            reading: AsyncMutex::new(()),
            left_alone_until: Mutex::new(None),
            is_listening: AtomicBool::new(false),
            closed: app.jobs.stopping().child_token(),
        })
    }

    /// What is known of the offer, without asking the server.
    pub(crate) fn known_offer(&self) -> Option<Arc<Offer>> {
        self.offer.load_full()
    }

    /// The next who wants the offer asks the server, even one that is left alone for a while.
    pub(crate) fn forget_offer(&self) {
        self.signals.all_changed();
        *self.left_alone_until.lock() = None;
    }

    /// Whether the known offer is to be believed.
    pub(crate) fn is_fresh(&self) -> bool {
        let offer = self.offer.load();
        offer.as_ref().is_some_and(|offer| offer.read_at.elapsed() < FRESH_FOR) && !self.signals.is_stale()
    }

    /// The offer, read anew where it is not fresh; the last one where the server does not answer.
    pub(crate) async fn offer(
        self: &Arc<Self>,
        gateway: &Gateway,
    ) -> std::result::Result<Arc<Offer>, UpstreamError> {
        if self.is_fresh()
            && let Some(offer) = self.known_offer()
        {
            return Ok(offer);
        }
        let _one_at_a_time = self.reading.lock().await;
        if self.is_fresh()
            && let Some(offer) = self.known_offer()
        {
            return Ok(offer);
        }
        let left_alone = self.left_alone_until.lock().clone().filter(|(until, _)| *until > Instant::now());
        let read = match left_alone {
            Some((_, error)) => Err(error),
            None => Box::pin(self.read(gateway)).await,
        };
        match (read, self.known_offer()) {
            (Ok(offer), _) | (Err(_), Some(offer)) => Ok(offer),
            (Err(error), None) => Err(error),
        }
    }

    async fn read(self: &Arc<Self>, gateway: &Gateway) -> std::result::Result<Arc<Offer>, UpstreamError> {
        let app = &gateway.app;
        let ctx = gates::own_ctx(app, self.tenant);
        self.signals.begin_reading();
        let read = match gates::credential(app, &ctx, &self.server) {
            Err(_) => Err(UpstreamError::before(Reason::Unavailable, "credential")),
            Ok(credential) => {
                let reading = Reading {
                    app,
                    server: &self.server.name,
                    upstream: &self.upstream,
                    request: &ctx.request.to_string(),
                    credential: credential.as_ref(),
                    deadline: Instant::now() + READ_WITHIN,
                };
                let read = offer::read(&reading).await;
                if read.is_ok() {
                    self.begin_listening(gateway, credential);
                }
                read
            }
        };
        // Reading what is declared says nothing of how the API does.
        if !matches!(self.upstream, Upstream::Api(_)) || read.is_err() {
            self.health.lock().note(app.now(), read.as_ref().err());
        }
        match read {
            Ok(offer) => {
                record_suspicions(app, &ctx, &offer, self.known_offer().as_deref()).await;
                let offer = Arc::new(offer);
                self.offer.store(Some(Arc::clone(&offer)));
                *self.left_alone_until.lock() = None;
                Ok(offer)
            }
            Err(error) => {
                *self.left_alone_until.lock() = Some((Instant::now() + LEAVE_ALONE, error.clone()));
                Err(error)
            }
        }
    }

    /// Puts an ear to a server over HTTP; a child is heard anyway.
    fn begin_listening(self: &Arc<Self>, gateway: &Gateway, credential: Option<Secret<String>>) {
        let Upstream::Http(upstream) = &self.upstream else { return };
        if self.is_listening.swap(true, Ordering::SeqCst) {
            return;
        }
        let (upstream, entry, closed) = (Arc::clone(upstream), Arc::downgrade(self), self.closed.clone());
        gateway.app.jobs.spawn_until_stop(async move {
            Box::pin(upstream.listen(credential, closed)).await;
            if let Some(entry) = entry.upgrade() {
                // Only a server that was connected to anew is asked again.
                entry.is_listening.store(upstream.is_connected(), Ordering::SeqCst);
            }
        });
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.closed.cancel();
        if let Upstream::Stdio(upstream) = &self.upstream {
            upstream.close();
        }
    }
}

/// What the screen found in a definition is a decision of ours, so it stands in the record; once per definition.
async fn record_suspicions(app: &App, ctx: &Ctx, offer: &Offer, before: Option<&Offer>) {
    let is_new = |kind, key: &str, raw: &str| {
        before.and_then(|before| before.by_key(kind, key)).is_none_or(|known| known.raw != raw)
    };
    let suspected: Vec<_> =
        offer.suspected().filter(|(kind, each)| is_new(*kind, &each.key, &each.raw)).collect();
    if suspected.is_empty() {
        return;
    }
    let recorded = match gates::settings(app, ctx).await {
        Ok(settings) => {
            let events = suspected.iter().filter_map(|(kind, each)| suspicion_event(*kind, each, &settings));
            app.store.record(ctx, events.collect()).await
        }
        Err(error) => Err(error),
    };
    if let Err(error) = recorded {
        tracing::error!(request.id = %ctx.request, error = ?error, "a suspect definition could not be recorded");
    }
}

fn suspicion_event(kind: Kind, each: &Offered, settings: &TenantSettings) -> Option<Event> {
    let suspicion = each.suspicion.as_ref()?;
    let hidden = each.hidden(settings);
    let seen = Seen { report_only: hidden.is_none(), ..suspicion.seen.clone() };
    let facts = serde_json::json!({ "gates": { "screen": &seen } });
    let target = if hidden.is_some() { "definition_hidden" } else { "definition_reported" };
    let mut event = Event::new(EventKind::Decision).about(target).with_facts(&facts);
    event.action = Some(format!("{}.list", kind.member()));
    event.resource = Some(each.resource.clone());
    event.verdict = Some(if hidden.is_some() { Verdict::Deny } else { Verdict::Allow });
    event.reason = Some(hidden.unwrap_or(Reason::Allowed));
    event.risk = Some(seen.risk);
    Some(event)
}
