//! What this node remembers of clients: each as it was read, with the secrets that it showed and that were verified. A
//! client that asks often costs a reading and a hash a minute.
//!
//! Whatever changes a client, its secrets or whether it may ask at all makes this node forget it before the change is
//! answered, and writes a revocation, which every other node follows (decisions.md 20, 26). As in [`crate::snapshots`],
//! what was read is kept only if nothing was forgotten since the reading began; and what is verified is noted on what was
//! read before, so that it dies with it.

use super::{document::Documents, tries::Places};
use parking_lot::{Mutex, RwLock};
use procura_model::{Client, ClientId, Digest, Time, time::MINUTE_MS};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

/// How many clients are kept at the most; then all are dropped and read anew.
const MAX_KEPT: usize = 10_000;
/// How many verified secrets of one client are kept at the most.
const MAX_VERIFIED: usize = 8;
/// How long a client and its verified secrets are kept, and how often its last use is written down.
const KEPT_MS: i64 = MINUTE_MS;

/// What this node remembers of clients.
#[derive(Debug, Default)]
pub struct Memory {
    pub(super) documents: Documents,
    pub(super) places: Places,
    held: RwLock<Held>,
}

#[derive(Default)]
struct Held {
    generation: u64,
    clients: HashMap<ClientId, Arc<Known>>,
}

/// A client that may ask for tokens, as it was read.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) client: Arc<Client>,
    until: Time,
    used_at: AtomicI64,
    verified: Mutex<Vec<Verified>>,
}

#[derive(Debug)]
struct Verified {
    secret: Digest,
    until: Time,
}

impl Known {
    pub(super) fn new(client: Client, now: Time) -> Arc<Self> {
        let used_at = client.used_at.map_or(i64::MIN, Time::as_ms);
        Arc::new(Self {
            client: Arc::new(client),
            until: now.plus_ms(KEPT_MS),
            used_at: AtomicI64::new(used_at),
            verified: Mutex::new(Vec::new()),
        })
    }

    /// Whether this secret was verified within the last minute.
    pub(super) fn has_verified(&self, secret: &Digest, now: Time) -> bool {
        self.verified.lock().iter().any(|one| one.secret == *secret && one.until > now)
    }

    /// Notes that a secret was verified, which ends by itself at `ends_at`.
    pub(super) fn verified(&self, secret: Digest, ends_at: Option<Time>, now: Time) {
        let until = now.plus_ms(KEPT_MS);
        let until = ends_at.map_or(until, |ends_at| until.min(ends_at));
        let mut verified = self.verified.lock();
        verified.retain(|one| one.until > now && one.secret != secret);
        if verified.len() >= MAX_VERIFIED {
            verified.clear();
        }
        verified.push(Verified { secret, until });
    }

    /// Whether it is time to write down that the client is used.
    pub(super) fn is_touch_due(&self, now: Time) -> bool {
        now.as_ms().saturating_sub(self.used_at.load(Relaxed)) >= KEPT_MS
    }

    pub(super) fn touched(&self, now: Time) {
        self.used_at.store(now.as_ms(), Relaxed);
    }
}

impl Memory {
    /// The client of this id, or the generation in which a reading begins.
    pub(super) fn known(&self, id: &ClientId, now: Time) -> Result<Arc<Known>, u64> {
        let held = self.held.read();
        held.clients.get(id).filter(|known| known.until > now).cloned().ok_or(held.generation)
    }

    /// Keeps what was read in this generation.
    pub(super) fn keep(&self, generation: u64, known: &Arc<Known>) {
        let mut held = self.held.write();
        if held.generation != generation {
            return;
        }
        if held.clients.len() >= MAX_KEPT {
            held.clients.clear();
        }
        held.clients.insert(known.client.id.clone(), Arc::clone(known));
    }

    /// Forgets a client: its secrets were rotated or revoked, or it was changed, disabled or removed. Whoever changes one
    /// calls this after the commit, however that went.
    pub(crate) fn forget(&self, client: &ClientId) {
        let mut held = self.held.write();
        held.generation += 1;
        held.clients.remove(client);
    }

    pub(super) fn tidy(&self, now: Time) {
        self.held.write().clients.retain(|_, known| known.until > now);
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held").field("clients", &self.clients.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::{ClientKind, Entropy};

    fn client(now: Time) -> Client {
        Client {
            id: ClientId::new(now, &Entropy::seeded(7)),
            tenant: None,
            kind: ClientKind::Registered,
            name: "n".to_owned(),
            metadata: serde_json::from_value(serde_json::json!({
                "redirect_uris": [], "token_endpoint_auth_method": "none", "grant_types": [],
            }))
            .unwrap(),
            agent: None,
            created_at: now,
            updated_at: now,
            used_at: None,
            disabled_at: None,
        }
    }

    #[test]
    fn what_was_read_before_something_was_forgotten_is_not_kept() {
        let (memory, now) = (Memory::default(), Time::from_ms(1_000_000));
        let known = Known::new(client(now), now);
        let id = known.client.id.clone();
        let before = memory.known(&id, now).unwrap_err();
        memory.forget(&id);
        memory.keep(before, &known);
        let after = memory.known(&id, now).unwrap_err();
        assert_ne!(before, after);
        memory.keep(after, &known);
        assert!(memory.known(&id, now.plus_ms(KEPT_MS - 1)).is_ok());
        assert!(memory.known(&id, now.plus_ms(KEPT_MS)).is_err(), "it is read again each minute");
    }

    #[test]
    fn a_verified_secret_ends_after_a_minute_by_itself_and_with_what_was_read() {
        let now = Time::from_ms(1_000_000);
        let known = Known::new(client(now), now);
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        assert!(!known.has_verified(&one, now));
        known.verified(one, None, now);
        known.verified(other, Some(now.plus_ms(10)), now);
        assert!(
            known.has_verified(&one, now.plus_ms(KEPT_MS - 1))
                && !known.has_verified(&one, now.plus_ms(KEPT_MS))
        );
        assert!(known.has_verified(&other, now.plus_ms(9)) && !known.has_verified(&other, now.plus_ms(10)));
        assert!(!known.has_verified(&Digest::of(b"third"), now));
        for number in 0..100 {
            known.verified(Digest::of(format!("{number}").as_bytes()), None, now);
        }
        assert!(known.verified.lock().len() <= MAX_VERIFIED);
    }
}
