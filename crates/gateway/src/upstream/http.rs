//! An upstream over Streamable HTTP. The era is found once (first `server/discover`, then
//! `initialize`) by one caller while the others wait, and kept until the upstream says otherwise: a
//! lost legacy session is begun anew and the call repeated, because the upstream refused it unread.

use super::{
    Answer, Outcall, UpstreamError,
    exchange::{self, Ended, Line, Shot},
    wire::{self, Params, Peer},
};
use crate::{era::Era, jsonrpc, raw::Object, signals::Signals};
use arc_swap::ArcSwapOption;
use http::Uri;
use procura_egress::{Egress, Lane};
use procura_model::Reason;
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Mutex, Notify},
    time::{Instant, timeout},
};

/// How long we wait for a word in the modern era before we try the other one.
const DISCOVER_WITHIN: Duration = Duration::from_secs(5);
/// How often a cut stream is taken up again.
const MAX_RESUMES: usize = 8;
/// The longest wait before a cut stream is taken up again.
const MAX_RETRY_MS: u64 = 5_000;
/// How long we take to say that a call is cancelled.
const CANCEL_WITHIN: Duration = Duration::from_secs(2);

/// An upstream over Streamable HTTP.
pub(crate) struct HttpUpstream {
    egress: Arc<Egress>,
    uri: Uri,
    lane: Lane,
    signals: Arc<Signals>,
    peer: ArcSwapOption<Peer>,
    connecting: Mutex<()>,
    numbers: AtomicU64,
    watched: parking_lot::Mutex<BTreeSet<String>>,
    pub(super) rewatch: Notify,
}

/// How many resources are watched at one upstream.
const MAX_WATCHED: usize = 10_000;

impl HttpUpstream {
    /// An upstream at this address; nothing is sent yet.
    pub(crate) fn new(egress: Arc<Egress>, uri: Uri, lane: Lane, signals: Arc<Signals>) -> Self {
        Self {
            egress,
            uri,
            lane,
            signals,
            peer: ArcSwapOption::empty(),
            connecting: Mutex::new(()),
            numbers: AtomicU64::new(1),
            watched: parking_lot::Mutex::default(),
            rewatch: Notify::new(),
        }
    }

    /// Watches a resource of a modern upstream: the standing ear is opened anew with it.
    pub(crate) fn watch(&self, uri: &str) {
        let mut watched = self.watched.lock();
        if watched.len() < MAX_WATCHED && watched.insert(uri.to_owned()) {
            self.rewatch.notify_one();
        }
    }

    /// The watched resources, as a JSON array.
    pub(super) fn watched(&self) -> String {
        let quoted: Vec<String> = self.watched.lock().iter().map(|uri| crate::raw::quote(uri)).collect();
        crate::raw::array(quoted.iter().map(String::as_str))
    }

    pub(super) fn next_id(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn line(&self) -> Line<'_> {
        Line { egress: &self.egress, uri: &self.uri, lane: self.lane, signals: &self.signals }
    }

    pub(super) async fn call(&self, outcall: &Outcall<'_>) -> Result<Answer, UpstreamError> {
        let peer = self.peer(outcall).await?;
        match self.attempt(&peer, outcall).await? {
            Some(answer) => Ok(answer),
            None => {
                self.forget(&peer);
                let peer = self.peer(outcall).await?;
                self.attempt(&peer, outcall).await?.ok_or_else(|| {
                    UpstreamError::after(Reason::UpstreamInvalid, "session_lost")
                        .saying("The tool server does not keep the session that it just began.")
                })
            }
        }
    }

    /// One try; none if the session is lost.
    async fn attempt(&self, peer: &Peer, outcall: &Outcall<'_>) -> Result<Option<Answer>, UpstreamError> {
        let shot = Shot {
            body: wire::message(peer.era, outcall.id, outcall.method, outcall.params, outcall.request),
            ..self.shot(outcall, Some(peer))
        };
        let line = self.line();
        let mut ended = exchange::shoot(&line, &shot).await?;
        for _ in 0..MAX_RESUMES {
            match ended {
                Ended::Answered(answer, _) => return Ok(Some(*answer)),
                Ended::SessionLost => return Ok(None),
                Ended::Cut { last_event, retry_ms } => {
                    wait(Duration::from_millis(retry_ms.min(MAX_RETRY_MS)), outcall.deadline).await;
                    ended = exchange::resume(&line, &shot, &last_event).await?;
                }
            }
        }
        Err(UpstreamError::after(Reason::UpstreamInvalid, "closed_early"))
    }

    pub(super) fn shot<'s>(&self, outcall: &Outcall<'s>, peer: Option<&'s Peer>) -> Shot<'s> {
        Shot {
            id: outcall.id,
            body: String::new(),
            method: outcall.method,
            name: outcall.name,
            peer,
            request: outcall.request,
            credential: outcall.credential,
            deadline: outcall.deadline,
            max_bytes: outcall.max_bytes,
            notes: outcall.notes,
        }
    }

    /// The peer, found out first if need be.
    pub(crate) async fn peer(&self, outcall: &Outcall<'_>) -> Result<Arc<Peer>, UpstreamError> {
        if let Some(peer) = self.peer.load_full() {
            return Ok(peer);
        }
        let _one_at_a_time = tokio::time::timeout_at(outcall.deadline, self.connecting.lock())
            .await
            .map_err(|_| UpstreamError::before(Reason::UpstreamTimeout, "timeout"))?;
        if let Some(peer) = self.peer.load_full() {
            return Ok(peer);
        }
        let peer = Arc::new(Box::pin(self.connect(outcall)).await.map_err(before_the_call)?);
        self.peer.store(Some(Arc::clone(&peer)));
        Ok(peer)
    }

    fn forget(&self, peer: &Arc<Peer>) {
        if self.peer.load().as_ref().is_some_and(|current| Arc::ptr_eq(current, peer)) {
            self.peer.store(None);
        }
    }

    /// The peer as it is known now.
    pub(super) fn known_peer(&self) -> Option<Arc<Peer>> {
        self.peer.load_full()
    }

    /// Whether the peer is known.
    pub(crate) fn is_connected(&self) -> bool {
        self.peer.load().is_some()
    }

    async fn connect(&self, outcall: &Outcall<'_>) -> Result<Peer, UpstreamError> {
        let line = self.line();
        let id = self.next_id();
        let discover = Shot {
            id,
            body: wire::message(Era::Modern, id, "server/discover", &Params::default(), outcall.request),
            method: "server/discover",
            name: None,
            notes: None,
            deadline: outcall.deadline.min(Instant::now() + DISCOVER_WITHIN),
            ..self.shot(outcall, None)
        };
        match exchange::shoot(&line, &discover).await {
            Ok(Ended::Answered(answer, _)) => {
                if let Some(peer) = answer.outcome().ok().and_then(Peer::of_discover) {
                    return Ok(peer);
                }
            }
            Ok(Ended::SessionLost | Ended::Cut { .. }) => {}
            Err(error) if !error.may_have_arrived => return Err(error),
            Err(_) => {}
        }
        self.initialize(outcall).await
    }

    async fn initialize(&self, outcall: &Outcall<'_>) -> Result<Peer, UpstreamError> {
        let line = self.line();
        let id = self.next_id();
        let shot = Shot {
            id,
            body: wire::initialize(id),
            method: "initialize",
            name: None,
            notes: None,
            ..self.shot(outcall, None)
        };
        let Ended::Answered(answer, session) = exchange::shoot(&line, &shot).await? else {
            return Err(not_mcp());
        };
        let peer = answer.outcome().ok().and_then(|result| Peer::of_initialize(result, session));
        let peer = peer.ok_or_else(not_mcp)?;
        let body = jsonrpc::notification_body("notifications/initialized", "{}");
        exchange::tell(&line, &Shot { body, peer: Some(&peer), method: "notifications/initialized", ..shot })
            .await?;
        Ok(peer)
    }

    /// In the legacy era a cut connection is no cancellation, so it is said; in the modern it is one.
    pub(super) async fn cancel(&self, outcall: &Outcall<'_>) {
        let Some(peer) = self.peer.load_full().filter(|peer| peer.era == Era::Legacy) else { return };
        let params = Object::new().raw("requestId", &outcall.id.to_string()).finish();
        let shot = Shot {
            body: jsonrpc::notification_body("notifications/cancelled", &params),
            method: "notifications/cancelled",
            name: None,
            notes: None,
            deadline: Instant::now() + CANCEL_WITHIN,
            ..self.shot(outcall, Some(&peer))
        };
        let _unreachable = exchange::tell(&self.line(), &shot).await;
    }
}

/// What fails while we connect did not carry the call.
fn before_the_call(error: UpstreamError) -> UpstreamError {
    UpstreamError { may_have_arrived: false, ..error }
}

fn not_mcp() -> UpstreamError {
    UpstreamError::after(Reason::UpstreamInvalid, "not_mcp")
        .saying("The tool server answered neither server/discover nor initialize as MCP says.")
}

/// Waits, but not beyond the deadline.
async fn wait(time: Duration, deadline: Instant) {
    let left = deadline.saturating_duration_since(Instant::now());
    let _elapsed = timeout(time.min(left), std::future::pending::<()>()).await;
}
