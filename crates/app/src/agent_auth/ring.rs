//! Credentials of guarded APIs that this node has read, so that asking about one again costs a digest and a look. Bounded:
//! each part has a young and an old half; what is asked for moves to the young one, and when that is full the old one is
//! dropped. Nothing is kept whose reading began before something was forgotten, so a revocation cannot be hidden.

use parking_lot::{Mutex, RwLock};
use procura_model::{CredentialId, Digest, Result, TenantId, Time, oauth::ApiKey};
use procura_store::{Revocation, Store, lobby_agent_auth::FoundApiKey, revocations::Subject};
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

/// Into how many parts it is divided.
const PARTS: usize = 64;
/// How many credentials half a part holds: with all parts and both halves, half a million.
const HALF: usize = 4_096;

/// A credential, whose it is, and how it was used.
#[derive(Debug)]
pub struct Held {
    /// The organization of the API.
    pub tenant: TenantId,
    /// The credential.
    pub key: ApiKey,
    /// What stands in `resource` and `aud` of the API.
    pub identifier: String,
    /// When it was last used, in milliseconds; 0 is not since it was read.
    used_ms: AtomicI64,
}

#[derive(Default)]
struct Part {
    young: HashMap<Digest, Arc<Held>>,
    old: HashMap<Digest, Arc<Held>>,
}

/// The credentials that this node has read.
pub struct Ring {
    parts: Vec<RwLock<Part>>,
    /// Counts every forgetting.
    forgotten: AtomicU64,
    digests: Mutex<HashMap<CredentialId, Digest>>,
    touched: Mutex<HashMap<CredentialId, Arc<Held>>>,
    obeyed: Mutex<HashSet<i64>>,
}

impl Default for Ring {
    fn default() -> Self {
        Self {
            parts: (0..PARTS).map(|_| RwLock::default()).collect(),
            forgotten: AtomicU64::new(0),
            digests: Mutex::default(),
            touched: Mutex::default(),
            obeyed: Mutex::default(),
        }
    }
}

impl Ring {
    fn part(&self, digest: &Digest) -> Option<&RwLock<Part>> {
        let [first, ..] = digest.as_bytes();
        self.parts.get(usize::from(*first) % PARTS)
    }

    /// The credential of this digest, from memory or from the store; also when it is revoked or expired.
    pub(crate) async fn find(&self, store: &Store, digest: &Digest) -> Result<Option<Arc<Held>>> {
        if let Some(held) = self.known(digest) {
            return Ok(Some(held));
        }
        let before = self.forgotten.load(Ordering::SeqCst);
        let Some(found) = store.lobby().api_key(digest).await? else { return Ok(None) };
        let FoundApiKey { tenant, key, identifier } = found;
        let held = Arc::new(Held { tenant, key, identifier, used_ms: AtomicI64::new(0) });
        self.keep(digest, &held, before);
        Ok(Some(held))
    }

    fn known(&self, digest: &Digest) -> Option<Arc<Held>> {
        let part = self.part(digest)?;
        let held = {
            let part = part.read();
            if let Some(held) = part.young.get(digest) {
                return Some(Arc::clone(held));
            }
            Arc::clone(part.old.get(digest)?)
        };
        let mut part = part.write();
        // It may have been forgotten since.
        part.old.remove(digest)?;
        self.put(&mut part, digest, &held);
        Some(held)
    }

    /// Keeps a credential if nothing was forgotten since `before`. Whoever forgets counts first and looks then, and here
    /// it is put first and counted then, under one lock: one of the two sees the other.
    fn keep(&self, digest: &Digest, held: &Arc<Held>, before: u64) {
        let Some(part) = self.part(digest) else { return };
        let mut part = part.write();
        self.digests.lock().insert(held.key.id, *digest);
        self.put(&mut part, digest, held);
        if self.forgotten.load(Ordering::SeqCst) != before {
            part.young.remove(digest);
            self.digests.lock().remove(&held.key.id);
        }
    }

    fn put(&self, part: &mut Part, digest: &Digest, held: &Arc<Held>) {
        if part.young.len() >= HALF {
            let dropped = std::mem::replace(&mut part.old, std::mem::take(&mut part.young));
            let mut digests = self.digests.lock();
            for gone in dropped.values() {
                digests.remove(&gone.key.id);
            }
        }
        part.young.insert(*digest, Arc::clone(held));
    }

    /// Forgets a credential: it was revoked.
    pub(crate) fn forget(&self, id: CredentialId) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        let Some(digest) = self.digests.lock().get(&id).copied() else { return };
        let Some(part) = self.part(&digest) else { return };
        let mut part = part.write();
        part.young.remove(&digest);
        part.old.remove(&digest);
        self.digests.lock().remove(&id);
    }

    /// Forgets every credential of an organization: one of its APIs was changed or removed.
    pub(crate) fn forget_tenant(&self, tenant: TenantId) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        for part in &self.parts {
            let mut part = part.write();
            let Part { young, old } = &mut *part;
            let mut digests = self.digests.lock();
            for half in [young, old] {
                for gone in half.extract_if(|_, held| held.tenant == tenant) {
                    digests.remove(&gone.1.key.id);
                }
            }
        }
    }

    /// Forgets what revocations name. They are read many times over, so each counts once.
    pub(crate) fn obey(&self, rows: &[Revocation]) {
        let mut obeyed = self.obeyed.lock();
        for row in rows.iter().filter(|row| !obeyed.contains(&row.seq)) {
            match &row.subject {
                Subject::Credential(id) => self.forget(*id),
                Subject::Tenant => self.forget_tenant(row.tenant),
                Subject::Agent(_)
                | Subject::Session(_)
                | Subject::Account(_)
                | Subject::Server(_)
                | Subject::OauthSession(_)
                | Subject::Client(_) => {}
            }
        }
        *obeyed = rows.iter().map(|row| row.seq).collect();
    }

    /// Notes that a credential was used; written down by upkeep, so that nobody waits for it.
    pub(crate) fn touch(&self, held: &Arc<Held>, at: Time) {
        if held.used_ms.swap(at.as_ms(), Ordering::Relaxed) == 0 {
            self.touched.lock().insert(held.key.id, Arc::clone(held));
        }
    }

    /// What was used since the last call, and when.
    pub(crate) fn uses(&self) -> Vec<(TenantId, CredentialId, Time)> {
        let touched: Vec<_> = self.touched.lock().drain().collect();
        touched
            .into_iter()
            .map(|(id, held)| (held.tenant, id, Time::from_ms(held.used_ms.swap(0, Ordering::Relaxed))))
            .collect()
    }
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ring").field("credentials", &self.digests.lock().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::{
        Entropy, ResourceId,
        oauth::{KeyForm, ScopeList},
    };

    fn held(entropy: &Entropy, tenant: TenantId) -> (Digest, Arc<Held>) {
        let now = Time::from_ms(1_000);
        let key = ApiKey {
            id: CredentialId::new(now, entropy),
            resource: ResourceId::new(now, entropy),
            registration: None,
            form: KeyForm::Key,
            name: String::new(),
            preview: String::new(),
            scope: ScopeList::default(),
            workspaces: Vec::new(),
            created_at: now,
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
        };
        let held = Held { tenant, key, identifier: String::new(), used_ms: AtomicI64::new(0) };
        (Digest::of(&entropy.bytes::<32>()), Arc::new(held))
    }

    #[test]
    fn what_was_forgotten_is_gone_and_a_reading_from_before_cannot_bring_it_back() {
        let (ring, entropy) = (Ring::default(), Entropy::seeded(1));
        let tenant = TenantId::new(Time::from_ms(1), &entropy);
        let (digest, one) = held(&entropy, tenant);
        ring.keep(&digest, &one, 0);
        assert!(ring.known(&digest).is_some());
        ring.forget(one.key.id);
        assert!(ring.known(&digest).is_none());
        ring.keep(&digest, &one, 0);
        assert!(ring.known(&digest).is_none(), "its reading began before it was forgotten");
        ring.keep(&digest, &one, 1);
        assert!(ring.known(&digest).is_some());
        ring.forget_tenant(TenantId::new(Time::from_ms(1), &entropy));
        assert!(ring.known(&digest).is_some(), "another organization's");
        ring.forget_tenant(tenant);
        assert!(ring.known(&digest).is_none());
        assert!(ring.digests.lock().is_empty());
    }

    #[test]
    fn a_part_is_bounded_and_keeps_what_is_asked_for() {
        let (ring, entropy) = (Ring::default(), Entropy::seeded(2));
        let tenant = TenantId::new(Time::from_ms(1), &entropy);
        let (wanted, one) = held(&entropy, tenant);
        ring.keep(&wanted, &one, 0);
        for _ in 0..PARTS * HALF * 3 {
            let (digest, other) = held(&entropy, tenant);
            ring.keep(&digest, &other, 0);
            assert!(ring.known(&wanted).is_some());
        }
        let kept: usize = ring.parts.iter().map(|part| part.read().young.len() + part.read().old.len()).sum();
        assert!(kept <= PARTS * HALF * 2, "{kept}");
        assert_eq!(ring.digests.lock().len(), kept);
    }

    #[test]
    fn a_use_is_told_once() {
        let (ring, entropy) = (Ring::default(), Entropy::seeded(3));
        let tenant = TenantId::new(Time::from_ms(1), &entropy);
        let (_, one) = held(&entropy, tenant);
        ring.touch(&one, Time::from_ms(5));
        ring.touch(&one, Time::from_ms(7));
        assert_eq!(ring.uses(), [(tenant, one.key.id, Time::from_ms(7))]);
        assert!(ring.uses().is_empty());
    }
}
