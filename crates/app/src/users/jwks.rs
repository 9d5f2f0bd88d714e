//! Key sets of the customers' identity providers (USR-2). One fetch serves everybody who waits for it, whatever becomes
//! of the request that began it:
//!
//! * a set is fresh for as long as its `max-age` says, within a minute and an hour, ten minutes where it says nothing;
//! * a token whose key the set does not have makes us look again, at most every 30 seconds for each URL;
//! * while the URL cannot be had, the last good set may be used for an hour after it was fetched, and no longer;
//! * a failure is remembered for ten seconds, so a thousand tokens at once cost one fetch and not a thousand.
//!
//! Sets belong to a lane of the way out, which is an organization's for one purpose: what one has fetched is never used
//! for another. OAuth clients' keys are here too; those that registered themselves are in a lane of the deployment.

use crate::App;
use parking_lot::Mutex;
use procura_crypto::JwkSet;
use procura_egress::{Egress, EgressError, FetchRequest, Fetched, Lane, Redirects};
use procura_model::{
    Time,
    time::{HOUR_MS, MINUTE_MS, SECOND_MS},
};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::watch;

/// The time for everything: name, connection, redirects, and the last byte of the body.
const DEADLINE: Duration = Duration::from_secs(5);
/// The largest document.
const MAX_BYTES: usize = 512 * 1024;
/// How many redirects are followed, each judged anew.
const MAX_REDIRECTS: usize = 3;
const USUAL_FRESH_MS: i64 = 10 * MINUTE_MS;
const LEAST_FRESH_MS: i64 = MINUTE_MS;
const MOST_FRESH_MS: i64 = HOUR_MS;
/// How long a set may be used after it was fetched while no newer one can be had.
const STALE_MS: i64 = HOUR_MS;
/// How often a key that the set does not have makes us look again.
const REFETCH_MS: i64 = 30 * SECOND_MS;
/// How long a failure is remembered.
const RETRY_MS: i64 = 10 * SECOND_MS;
/// How many sets are kept, and how large their documents may be together, before those unused for longest are dropped.
const MAX_SETS: usize = 4_096;
const MAX_KEPT_BYTES: usize = 64 * 1024 * 1024;

/// Why a key set cannot be had. Nothing in it comes from the other side but a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeySetError {
    /// A sentence.
    pub(crate) sentence: String,
    /// A word for the record.
    pub(crate) cause: &'static str,
    /// The status that was answered, where one was.
    pub(crate) status: Option<u16>,
}

/// Which key set is wanted, by whom and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'w> {
    pub(crate) lane: Lane,
    pub(crate) url: &'w str,
    pub(crate) now: Time,
    /// A set that does not have the key: one that was fetched after it is wanted.
    pub(crate) newer_than: Option<&'w Arc<JwkSet>>,
}

/// By lane and URL.
type Sets = HashMap<(Lane, String), Arc<Entry>>;

/// The key sets that this node keeps.
#[derive(Clone, Debug, Default)]
pub struct KeySets(Arc<Mutex<Sets>>);

#[derive(Debug, Default)]
struct Entry(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    good: Option<Good>,
    /// Why the last try failed, where it did.
    failed: Option<KeySetError>,
    tried_at: Option<Time>,
    used_at: Time,
    /// Closes when the fetch that is under way has ended.
    flight: Option<watch::Receiver<()>>,
}

#[derive(Debug)]
struct Good {
    keys: Arc<JwkSet>,
    size_bytes: usize,
    fetched_at: Time,
    fresh_ms: i64,
}

/// What to do for somebody who wants a set.
enum Next {
    Done(Result<Arc<JwkSet>, KeySetError>),
    Wait(watch::Receiver<()>),
    Fetch(watch::Sender<()>, watch::Receiver<()>),
}

/// The key set of this URL, from memory or fetched.
pub(crate) async fn get(app: &App, wanted: Wanted<'_>) -> Result<Arc<JwkSet>, KeySetError> {
    let entry = app.key_sets.entry(&wanted);
    let next = entry.0.lock().next(&wanted);
    let mut flight = match next {
        Next::Done(done) => return done,
        Next::Wait(flight) => flight,
        Next::Fetch(done, flight) => {
            let (egress, sets, entry) = (Arc::clone(&app.egress), app.key_sets.clone(), Arc::clone(&entry));
            let (lane, url, now) = (wanted.lane, wanted.url.to_owned(), wanted.now);
            app.jobs.spawn_until_stop(async move {
                let fetched = fetch(&egress, lane, url).await;
                entry.0.lock().land(fetched, now);
                drop((entry, done));
                sets.make_room();
            });
            flight
        }
    };
    // Ends with an error when the other end is gone, which is what is waited for.
    while flight.changed().await.is_ok() {}
    entry.0.lock().landed(&wanted)
}

impl KeySets {
    fn entry(&self, wanted: &Wanted<'_>) -> Arc<Entry> {
        let mut sets = self.0.lock();
        let entry = sets.entry((wanted.lane, wanted.url.to_owned())).or_default();
        entry.0.lock().used_at = wanted.now;
        Arc::clone(entry)
    }

    /// Drops sets that nobody holds, those unused for longest first, until the rest is within bounds.
    fn make_room(&self) {
        let mut sets = self.0.lock();
        let mut kept: Vec<_> =
            sets.iter().map(|(of, entry)| (entry.used_at(), entry.size(), of.clone())).collect();
        let mut bytes: usize = kept.iter().map(|(_, size, _)| size).sum();
        kept.sort_unstable_by_key(|(used_at, ..)| *used_at);
        for (_, size, of) in kept {
            if sets.len() <= MAX_SETS && bytes <= MAX_KEPT_BYTES {
                return;
            }
            if sets.get(&of).is_some_and(|entry| Arc::strong_count(entry) == 1) {
                sets.remove(&of);
                bytes -= size;
            }
        }
    }
}

impl Entry {
    fn used_at(&self) -> Time {
        self.0.lock().used_at
    }

    fn size(&self) -> usize {
        self.0.lock().good.as_ref().map_or(0, |good| good.size_bytes)
    }
}

impl State {
    fn next(&mut self, wanted: &Wanted<'_>) -> Next {
        let is_fresh = self.good.as_ref().is_some_and(|good| good.is_younger(wanted.now, good.fresh_ms));
        if is_fresh && let Some(keys) = self.newer(wanted) {
            return Next::Done(Ok(keys));
        }
        // A flight whose task was dropped has ended too.
        if let Some(flight) = self.flight.as_ref().filter(|flight| flight.has_changed().is_ok()) {
            return Next::Wait(flight.clone());
        }
        let pause_ms = match (is_fresh, &self.failed) {
            (true, _) => REFETCH_MS,
            (false, Some(_)) => RETRY_MS,
            (false, None) => 0,
        };
        if self.tried_at.is_some_and(|at| is_within(wanted.now, at, pause_ms)) {
            return Next::Done(self.landed(wanted));
        }
        self.tried_at = Some(wanted.now);
        let (done, flight) = watch::channel(());
        self.flight = Some(flight.clone());
        Next::Fetch(done, flight)
    }

    /// The good set, if it is another than the one that does not have the key.
    fn newer(&self, wanted: &Wanted<'_>) -> Option<Arc<JwkSet>> {
        let keys = &self.good.as_ref()?.keys;
        let is_known = wanted.newer_than.is_some_and(|known| Arc::ptr_eq(known, keys));
        (!is_known).then(|| Arc::clone(keys))
    }

    /// What came of the last try: a good set, an old one while no other can be had, or why there is none. Whoever
    /// wants a newer set is not helped by an old one: that the key is in none is then not known.
    fn landed(&self, wanted: &Wanted<'_>) -> Result<Arc<JwkSet>, KeySetError> {
        let usable = self.good.as_ref().filter(|good| good.is_younger(wanted.now, STALE_MS));
        match (&self.failed, usable) {
            (None, Some(good)) => Ok(Arc::clone(&good.keys)),
            (Some(_), Some(good)) if wanted.newer_than.is_none() => Ok(Arc::clone(&good.keys)),
            (Some(why), _) => Err(why.clone()),
            (None, None) => Err(KeySetError::new("stopped", "The fetch of the key set was broken off.")),
        }
    }

    fn land(&mut self, fetched: Result<Good, KeySetError>, at: Time) {
        self.flight = None;
        match fetched {
            Ok(good) => {
                self.failed = None;
                self.good = Some(Good { fetched_at: at, ..good });
            }
            Err(why) => self.failed = Some(why),
        }
    }
}

impl Good {
    fn is_younger(&self, now: Time, than_ms: i64) -> bool {
        is_within(now, self.fetched_at, than_ms)
    }
}

/// Requests do not come in the order of their times, and a clock may be set back: both directions count.
fn is_within(now: Time, at: Time, ms: i64) -> bool {
    now.ms_since(at).saturating_abs() < ms
}

async fn fetch(egress: &Egress, lane: Lane, url: String) -> Result<Good, KeySetError> {
    let mut request = FetchRequest {
        deadline: DEADLINE,
        max_bytes: MAX_BYTES,
        redirects: Redirects::Follow { max: MAX_REDIRECTS },
        ..FetchRequest::get(url, lane)
    };
    if let Ok(accept) = "application/jwk-set+json, application/json;q=0.9, */*;q=0.1".parse() {
        request.headers.insert("accept", accept);
    }
    let fetched = egress.fetch(request).await.map_err(KeySetError::from)?;
    read(&fetched)
}

fn read(fetched: &Fetched) -> Result<Good, KeySetError> {
    let status = fetched.status.as_u16();
    if status != 200 {
        let why = KeySetError::new("status", format!("The JWKS URL answered with status {status}."));
        return Err(KeySetError { status: Some(status), ..why });
    }
    let text = std::str::from_utf8(&fetched.body)
        .map_err(|_| KeySetError::new("not_text", "The key set is not UTF-8."))?;
    let keys = JwkSet::parse(text).map_err(|error| {
        KeySetError::new("not_a_key_set", format!("The key set cannot be read: {error}."))
    })?;
    let directives = fetched.headers.get_all("cache-control").iter().filter_map(|value| value.to_str().ok());
    let fresh_ms = fresh_ms(directives.flat_map(|value| value.split(',')));
    Ok(Good { keys: Arc::new(keys), size_bytes: fetched.body.len(), fetched_at: Time::default(), fresh_ms })
}

/// How long a set is fresh by its `Cache-Control` (RFC 9111 section 5.2.2), within our bounds.
fn fresh_ms<'d>(directives: impl Iterator<Item = &'d str>) -> i64 {
    let mut fresh_ms = USUAL_FRESH_MS;
    for directive in directives.map(str::trim) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
            return LEAST_FRESH_MS;
        }
        if name.eq_ignore_ascii_case("max-age")
            && let Ok(seconds) = value.trim_matches('"').parse::<u32>()
        {
            fresh_ms = i64::from(seconds) * SECOND_MS;
        }
    }
    fresh_ms.clamp(LEAST_FRESH_MS, MOST_FRESH_MS)
}

impl KeySetError {
    fn new(cause: &'static str, sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), cause, status: None }
    }

    /// After how many seconds another try is made.
    pub(crate) const fn retry_after_seconds() -> u64 {
        (RETRY_MS / SECOND_MS).unsigned_abs()
    }
}

impl From<EgressError> for KeySetError {
    fn from(error: EgressError) -> Self {
        Self::new(error.code(), format!("The JWKS URL cannot be fetched: {error}"))
    }
}

#[cfg(test)]
#[path = "jwks_tests.rs"]
mod tests;
