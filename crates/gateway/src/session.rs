//! Sessions of the legacy era. The id is unguessable but never proof: a session belongs to one
//! credential, agent, mount and user, and everybody else is told that there is none. Sessions end when
//! they are deleted, idle too long, pushed out by newer ones of the same agent, or with the session of
//! the user for whom they stand (SES-1).

use crate::era::SESSION_HEADER;
use http::HeaderMap;
use parking_lot::Mutex;
use procura_app::Identified;
use procura_model::{Actor, AgentId, Digest, Entropy, SessionId, TenantId, Time};
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};
use tokio_util::sync::CancellationToken;

/// How long a session may be idle, in milliseconds.
const IDLE_MS: i64 = 30 * procura_model::time::MINUTE_MS;
/// How many sessions one agent may have; the idlest gives way.
const MAX_PER_AGENT: usize = 64;
/// How many sessions there may be in all.
const MAX_SESSIONS: usize = 20_000;
/// How many calls of one session may run at once.
const MAX_RUNNING: usize = 256;
/// How many resources one session may watch.
const MAX_WATCHED: usize = 1_000;

/// To whom a session belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    tenant: TenantId,
    agent: AgentId,
    /// The key's id, or that of the session on which its access token hangs: a fresh token is the same owner.
    credential: String,
    server: Option<String>,
    user: Option<SessionId>,
}

/// The user's session on which a session of the protocol stands.
#[derive(Debug, Clone, Default)]
pub(crate) enum Ground {
    /// None: it is nobody's.
    #[default]
    Own,
    /// That which every request names in `X-Procura-Session`.
    Named(CancellationToken),
    /// That which `initialize` opened: the id of the protocol's session names it.
    Opened(CancellationToken),
}

impl Owner {
    /// The owner that this caller is at this mount; none if it is no agent.
    pub(crate) fn of(identified: &Identified, server: Option<&str>) -> Option<Self> {
        match &identified.actor {
            Actor::Agent { agent, credential, user, .. } => Some(Self {
                tenant: identified.tenant,
                agent: *agent,
                credential: credential.to_string(),
                server: server.map(str::to_owned),
                user: user.as_ref().map(|acting| acting.session),
            }),
            Actor::Platform { .. } | Actor::Account { .. } | Actor::Anonymous | Actor::Operator => None,
        }
    }
}

impl Owner {
    /// The agent.
    pub(crate) const fn agent(&self) -> AgentId {
        self.agent
    }
}

/// One session.
#[derive(Debug)]
pub(crate) struct Session {
    owner: Owner,
    is_opened_here: bool,
    used_at: AtomicI64,
    least_log_rank: AtomicUsize,
    running: Mutex<HashMap<String, CancellationToken>>,
    watched: Mutex<HashSet<String>>,
    stream: Mutex<CancellationToken>,
    ended: CancellationToken,
}

impl Session {
    fn new(owner: Owner, ground: &Ground, now: Time) -> Self {
        let ended = match ground {
            Ground::Own => CancellationToken::new(),
            Ground::Named(ended) | Ground::Opened(ended) => ended.child_token(),
        };
        Self {
            owner,
            is_opened_here: matches!(ground, Ground::Opened(_)),
            used_at: AtomicI64::new(now.as_ms()),
            least_log_rank: AtomicUsize::new(0),
            running: Mutex::default(),
            watched: Mutex::default(),
            stream: Mutex::default(),
            ended,
        }
    }

    /// Log messages below this rank are no longer wanted.
    pub(crate) fn set_least_log_rank(&self, rank: usize) {
        self.least_log_rank.store(rank, Ordering::Relaxed);
    }

    /// The least rank of log messages that are wanted.
    pub(crate) fn least_log_rank(&self) -> usize {
        self.least_log_rank.load(Ordering::Relaxed)
    }

    /// A call begins; its token is cancelled by `notifications/cancelled` or with the session.
    pub(crate) fn begin(&self, id: &str) -> CancellationToken {
        let token = self.ended.child_token();
        let mut running = self.running.lock();
        if running.len() < MAX_RUNNING {
            running.insert(id.to_owned(), token.clone());
        }
        token
    }

    /// A call is over.
    pub(crate) fn end_call(&self, id: &str) {
        self.running.lock().remove(id);
    }

    /// The client no longer wants the answer to this request.
    pub(crate) fn cancel(&self, id: &str) {
        if let Some(token) = self.running.lock().remove(id) {
            token.cancel();
        }
    }

    /// Watches a resource; false if too many are watched.
    pub(crate) fn watch(&self, uri: &str) -> bool {
        let mut watched = self.watched.lock();
        watched.len() < MAX_WATCHED && (watched.insert(uri.to_owned()) || watched.contains(uri))
    }

    /// Watches a resource no longer.
    pub(crate) fn unwatch(&self, uri: &str) {
        self.watched.lock().remove(uri);
    }

    /// Whether this resource is watched.
    pub(crate) fn watches(&self, uri: &str) -> bool {
        self.watched.lock().contains(uri)
    }

    /// Begins the one stream of the session; an older one ends, so that no message goes twice.
    pub(crate) fn take_stream(&self) -> CancellationToken {
        let token = self.ended.child_token();
        std::mem::replace(&mut *self.stream.lock(), token.clone()).cancel();
        token
    }
}

/// The living sessions by their id.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, Arc<Session>>>);

impl Sessions {
    /// Begins a session; gives its id.
    pub(crate) fn begin(&self, owner: Owner, ground: &Ground, now: Time, entropy: &Entropy) -> String {
        let id = Digest::from_bytes(entropy.bytes()).hex();
        let mut sessions = self.0.lock();
        make_room(&mut sessions, &owner);
        sessions.insert(id.clone(), Arc::new(Session::new(owner, ground, now)));
        id
    }

    /// The user's session that the named session was begun with, for a request of its owner that names none.
    pub(crate) fn opened(&self, headers: &HeaderMap, owner: &Owner) -> Option<SessionId> {
        let id = crate::era::header(headers, SESSION_HEADER).filter(|_| owner.user.is_none())?;
        let sessions = self.0.lock();
        let session = sessions.get(id).filter(|session| session.is_opened_here)?;
        let is_owner = Owner { user: session.owner.user, ..owner.clone() } == session.owner;
        session.owner.user.filter(|_| is_owner)
    }

    /// The session that the headers name, if it lives and belongs to this owner.
    pub(crate) fn find(&self, headers: &HeaderMap, owner: &Owner, now: Time) -> Option<Arc<Session>> {
        let id = crate::era::header(headers, SESSION_HEADER)?;
        let sessions = self.0.lock();
        let lives = |session: &&Arc<Session>| session.owner == *owner && !session.ended.is_cancelled();
        let session = sessions.get(id).filter(lives)?;
        let used_at = session.used_at.swap(now.as_ms(), Ordering::Relaxed);
        (now.as_ms() - used_at <= IDLE_MS).then(|| Arc::clone(session))
    }

    /// Whether the session that the headers name lives and is this very key's, begun for another user or for none: the
    /// key that began it is told so, and nobody else.
    pub(crate) fn is_for_another_user(&self, headers: &HeaderMap, owner: &Owner) -> bool {
        let sessions = self.0.lock();
        let named = crate::era::header(headers, SESSION_HEADER).and_then(|id| sessions.get(id));
        named.is_some_and(|session| {
            session.owner != *owner
                && Owner { user: owner.user, ..session.owner.clone() } == *owner
                && !session.ended.is_cancelled()
        })
    }

    /// Ends a session.
    pub(crate) fn end(&self, headers: &HeaderMap, owner: &Owner, now: Time) -> bool {
        let Some(session) = self.find(headers, owner, now) else { return false };
        session.ended.cancel();
        self.0.lock().retain(|_, other| !Arc::ptr_eq(other, &session));
        true
    }

    /// Ends every session.
    pub(crate) fn end_all(&self) {
        for (_, session) in self.0.lock().drain() {
            session.ended.cancel();
        }
    }

    /// Ends the sessions that were idle too long.
    pub(crate) fn sweep(&self, now: Time) {
        self.0.lock().retain(|_, session| {
            let is_idle = now.as_ms() - session.used_at.load(Ordering::Relaxed) > IDLE_MS;
            let lives = !is_idle && !session.ended.is_cancelled();
            if !lives {
                session.ended.cancel();
            }
            lives
        });
    }
}

/// The idlest session of the same agent gives way, or of all where there are too many.
fn make_room(sessions: &mut HashMap<String, Arc<Session>>, owner: &Owner) {
    let is_same =
        |session: &Session| session.owner.agent == owner.agent && session.owner.tenant == owner.tenant;
    let idlest = |of: &dyn Fn(&Session) -> bool| {
        let chosen = sessions.iter().filter(|(_, session)| of(session));
        chosen.min_by_key(|(_, session)| session.used_at.load(Ordering::Relaxed)).map(|(id, _)| id.clone())
    };
    let goes = if sessions.values().filter(|session| is_same(session)).count() >= MAX_PER_AGENT {
        idlest(&is_same)
    } else if sessions.len() >= MAX_SESSIONS {
        idlest(&|_| true)
    } else {
        None
    };
    if let Some(session) = goes.and_then(|id| sessions.remove(&id)) {
        session.ended.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::{AgentCredential, CredentialId, Scopes};

    fn identified(entropy: &Entropy) -> Identified {
        let now = Time::from_ms(1);
        Identified {
            tenant: TenantId::new(now, entropy),
            actor: Actor::Agent {
                agent: AgentId::new(now, entropy),
                credential: AgentCredential::Key(CredentialId::new(now, entropy)),
                scopes: Scopes::NONE,
                user: None,
            },
        }
    }

    fn headers(id: &str) -> HeaderMap {
        [(SESSION_HEADER.parse().unwrap(), id.parse().unwrap())].into_iter().collect()
    }

    #[test]
    fn a_session_is_its_owners_alone_and_ends_once() {
        let (entropy, sessions, now) = (Entropy::seeded(1), Sessions::default(), Time::from_ms(0));
        let caller = identified(&entropy);
        let owner = Owner::of(&caller, None).unwrap();
        let id = sessions.begin(owner.clone(), &Ground::Own, now, &entropy);
        assert!(id.len() >= 32 && id.bytes().all(|b| (0x21..=0x7e).contains(&b)));
        assert!(sessions.find(&headers(&id), &owner, now).is_some());
        for other in
            [Owner::of(&identified(&entropy), None).unwrap(), Owner::of(&caller, Some("shop")).unwrap()]
        {
            assert!(sessions.find(&headers(&id), &other, now).is_none());
        }
        let call = sessions.find(&headers(&id), &owner, now).unwrap().begin("7");
        assert!(sessions.end(&headers(&id), &owner, now) && call.is_cancelled());
        assert!(!sessions.end(&headers(&id), &owner, now));
    }

    #[test]
    fn an_idle_session_ends_and_an_agent_has_only_so_many() {
        let (entropy, sessions) = (Entropy::seeded(2), Sessions::default());
        let owner = Owner::of(&identified(&entropy), None).unwrap();
        let first = sessions.begin(owner.clone(), &Ground::Own, Time::from_ms(0), &entropy);
        for n in 1..=MAX_PER_AGENT {
            sessions.begin(owner.clone(), &Ground::Own, Time::from_ms(i64::try_from(n).unwrap()), &entropy);
        }
        assert!(sessions.find(&headers(&first), &owner, Time::from_ms(100)).is_none());
        assert_eq!(sessions.0.lock().len(), MAX_PER_AGENT);
        sessions.sweep(Time::from_ms(IDLE_MS + 1_000));
        assert!(sessions.0.lock().is_empty());
    }

    #[test]
    fn a_newer_stream_takes_the_place_of_the_older() {
        let owner = Owner::of(&identified(&Entropy::seeded(3)), None).unwrap();
        let session = Session::new(owner, &Ground::Own, Time::from_ms(0));
        let (first, second) = (session.take_stream(), session.take_stream());
        assert!(first.is_cancelled() && !second.is_cancelled());
        assert!(session.watch("a://b") && session.watches("a://b"));
        session.unwatch("a://b");
        assert!(!session.watches("a://b"));
    }
    #[test]
    fn a_session_of_a_user_is_found_with_that_user_alone_and_ends_with_the_user_s_session() {
        let (entropy, sessions, now) = (Entropy::seeded(4), Sessions::default(), Time::from_ms(0));
        let nobody = Owner::of(&identified(&entropy), None).unwrap();
        let of = |user: Option<SessionId>| Owner { user, ..nobody.clone() };
        let (ada, bob) = (SessionId::new(now, &entropy), SessionId::new(now, &entropy));
        let ended = CancellationToken::new();
        let named = sessions.begin(of(Some(ada)), &Ground::Named(ended.clone()), now, &entropy);
        let opened = sessions.begin(of(Some(ada)), &Ground::Opened(ended.clone()), now, &entropy);
        let found = |id: &str, user| sessions.find(&headers(id), &of(user), now).is_some();
        assert!(found(&named, Some(ada)) && !found(&named, None) && !found(&named, Some(bob)));
        assert!(found(&opened, Some(ada)) && !found(&opened, Some(bob)));
        assert_eq!(sessions.opened(&headers(&opened), &of(None)), Some(ada));
        assert_eq!(sessions.opened(&headers(&named), &of(None)), None);
        assert_eq!(sessions.opened(&headers(&opened), &of(Some(bob))), None);
        let other = Owner::of(&identified(&entropy), None).unwrap();
        assert_eq!(sessions.opened(&headers(&opened), &other), None);
        let call = sessions.find(&headers(&opened), &of(Some(ada)), now).unwrap().begin("1");
        ended.cancel();
        assert!(call.is_cancelled() && !found(&opened, Some(ada)) && !found(&named, Some(ada)));
        sessions.sweep(now);
        assert!(sessions.0.lock().is_empty());
    }
}
