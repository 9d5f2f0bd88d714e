//! The sessions that live, as this node knows them (SES-1). One place says of a session that it lives and one
//! that it ended, and both are under one lock, so that no order of events can leave an ended session among the
//! living:
//!
//! * what was ended is remembered by id for ten minutes, and nothing that was read before its end is taken in;
//! * a session for which somebody acts is never pushed out for room: its token must reach whoever waits on it;
//! * whoever revokes ends it here before the answer, on other nodes the poll of `revocations` does.

use parking_lot::{Mutex, RwLock};
use procura_model::{
    ActingUser, AgentId, Digest, Reason, Result, SessionId, TenantId, Time, time::MINUTE_MS,
};
use procura_screen::personal::Personal;
use procura_store::revocations::{Revocation, Subject};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};
use tokio_util::sync::CancellationToken;

/// How many sessions are kept before those in which nobody acts just now are dropped.
const MAX_KEPT: usize = 50_000;
/// How much their users' profiles may weigh together before that, in bytes: one organization's long profiles must
/// not take the memory of all.
const MAX_KEPT_BYTES: usize = 32 * 1024 * 1024;
/// For how long it is remembered that a session ended: no reading takes longer.
const REMEMBER_ENDED_MS: i64 = 10 * MINUTE_MS;
/// How often the last use of a session is written down.
const USED_EVERY_MS: i64 = MINUTE_MS;

/// A session that lives.
#[derive(Debug)]
pub struct Live {
    /// The user for whom the agent acts.
    pub acting: Arc<ActingUser>,
    /// When it ends by itself.
    pub expires_at: Time,
    /// Cancelled when it ends, whatever ends it.
    pub ended: CancellationToken,
    pub(super) tenant: TenantId,
    pub(super) agent: AgentId,
    pub(super) digest: Digest,
    /// What tells who the user is; kept where it is small, else made anew for each call.
    pub(super) personal: Option<Arc<Personal>>,
    /// How long the user's profile is, in bytes.
    pub(super) weight: usize,
    pub(super) noted_at: AtomicI64,
}

#[derive(Default)]
struct Kept {
    live: HashMap<SessionId, Arc<Live>>,
    by_digest: HashMap<Digest, SessionId>,
    due: BTreeSet<(Time, SessionId)>,
    ended: HashMap<SessionId, (Reason, Time)>,
    weight: usize,
}

/// The sessions that live and those that just ended.
#[derive(Default)]
pub struct Sessions {
    kept: RwLock<Kept>,
    used: Mutex<HashMap<(TenantId, SessionId), Time>>,
}

impl Sessions {
    /// The living session of this secret, where this node knows it.
    pub(super) fn by_digest(&self, digest: &Digest) -> Option<Arc<Live>> {
        let kept = self.kept.read();
        kept.live.get(kept.by_digest.get(digest)?).cloned()
    }

    /// The living session of this id, where this node knows it.
    pub(super) fn by_id(&self, session: SessionId) -> Option<Arc<Live>> {
        self.kept.read().live.get(&session).cloned()
    }

    /// Why a session ended, where that was of late.
    pub(super) fn why_ended(&self, session: SessionId) -> Option<Reason> {
        self.kept.read().ended.get(&session).map(|(reason, _)| *reason)
    }

    /// Takes in a session that was just read; the one that is there already stays.
    ///
    /// # Errors
    /// Why it ended, when it did while it was being read.
    pub(super) fn keep(&self, read: Live) -> Result<Arc<Live>> {
        let id = read.acting.session;
        let mut kept = self.kept.write();
        if let Some((reason, _)) = kept.ended.get(&id) {
            return Err((*reason).into());
        }
        if let Some(live) = kept.live.get(&id) {
            return Ok(Arc::clone(live));
        }
        if kept.live.len() >= MAX_KEPT || kept.weight.saturating_add(read.weight) > MAX_KEPT_BYTES {
            kept.make_room();
        }
        let live = Arc::new(read);
        kept.weight = kept.weight.saturating_add(live.weight);
        kept.by_digest.insert(live.digest, id);
        kept.due.insert((live.expires_at, id));
        kept.live.insert(id, Arc::clone(&live));
        Ok(live)
    }

    /// Ends sessions: whoever acts in one is told at once, and none of them is taken in again.
    pub(super) fn end(&self, sessions: &[SessionId], reason: Reason, now: Time) {
        let mut kept = self.kept.write();
        for session in sessions {
            kept.ended.entry(*session).or_insert((reason, now));
            kept.remove(*session);
        }
    }

    /// Ends the sessions whose time is over.
    pub(crate) fn expire(&self, now: Time) {
        let is_due = |kept: &Kept| kept.due.first().is_some_and(|(at, _)| *at <= now);
        if !is_due(&self.kept.read()) {
            return;
        }
        let mut kept = self.kept.write();
        while let Some((_, session)) = kept.due.first().copied().filter(|(at, _)| *at <= now) {
            kept.ended.entry(session).or_insert((Reason::SessionExpired, now));
            kept.remove(session);
        }
    }

    /// Forgets which sessions ended long ago.
    pub(crate) fn tidy(&self, now: Time) {
        self.kept.write().ended.retain(|_, (_, at)| now.ms_since(*at) < REMEMBER_ENDED_MS);
    }

    /// Ends what a revocation names. Obeying one twice does no harm.
    pub(crate) fn obey(&self, row: &Revocation, now: Time) {
        if let Subject::Session(session) = row.subject {
            self.end(&[session], Reason::SessionRevoked, now);
        }
    }

    /// Notes that a session is used, at most once a minute; upkeep writes it down.
    pub(super) fn touch(&self, live: &Live, now: Time) {
        let noted = live.noted_at.load(Relaxed);
        let is_due = now.as_ms().saturating_sub(noted) >= USED_EVERY_MS;
        if is_due && live.noted_at.compare_exchange(noted, now.as_ms(), Relaxed, Relaxed).is_ok() {
            self.used.lock().insert((live.tenant, live.acting.session), now);
        }
    }

    /// The uses that were not written down yet.
    pub(super) fn take_used(&self) -> Vec<((TenantId, SessionId), Time)> {
        self.used.lock().drain().collect()
    }

    /// How many sessions are known to live.
    #[must_use]
    pub fn count(&self) -> usize {
        self.kept.read().live.len()
    }
}

impl Kept {
    fn remove(&mut self, session: SessionId) {
        if let Some(live) = self.live.remove(&session) {
            self.by_digest.remove(&live.digest);
            self.due.remove(&(live.expires_at, session));
            self.weight = self.weight.saturating_sub(live.weight);
            live.ended.cancel();
        }
    }

    /// Whoever acts in a session holds its user: such a session stays.
    fn make_room(&mut self) {
        let Self { live, by_digest, due, weight, .. } = self;
        live.retain(|id, session| {
            let is_held = Arc::strong_count(session) > 1 || Arc::strong_count(&session.acting) > 1;
            if !is_held {
                by_digest.remove(&session.digest);
                due.remove(&(session.expires_at, *id));
                *weight = weight.saturating_sub(session.weight);
            }
            is_held
        });
    }
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kept = self.kept.read();
        f.debug_struct("Sessions")
            .field("live", &kept.live.len())
            .field("ended", &kept.ended.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
