use super::*;
use procura_model::{Entropy, UserRef, VerifiedUser};
use std::thread;

const START: Time = Time::from_ms(1_790_000_000_000);

fn live(entropy: &Entropy, session: SessionId, expires_at: Time) -> Live {
    let user = VerifiedUser { id: "ada".to_owned(), ..VerifiedUser::default() };
    Live {
        personal: Some(Arc::new(Personal::of(&user))),
        weight: 100,
        acting: Arc::new(ActingUser {
            reference: UserRef("usr_ada".to_owned()),
            session,
            user: Arc::new(user),
        }),
        expires_at,
        ended: CancellationToken::new(),
        tenant: TenantId::new(START, entropy),
        agent: AgentId::new(START, entropy),
        digest: Digest::of(session.to_string().as_bytes()),
        noted_at: AtomicI64::new(i64::MIN),
    }
}

fn id(entropy: &Entropy) -> SessionId {
    SessionId::new(START, entropy)
}

#[test]
fn a_session_that_ended_while_it_was_read_is_not_taken_in() {
    let (entropy, sessions) = (Entropy::seeded(1), Sessions::default());
    let session = id(&entropy);
    let read = live(&entropy, session, START.plus_ms(1_000));
    sessions.end(&[session], Reason::SessionRevoked, START);
    assert_eq!(sessions.keep(read).unwrap_err().reason(), Reason::SessionRevoked);
    assert_eq!((sessions.count(), sessions.why_ended(session)), (0, Some(Reason::SessionRevoked)));
    sessions.tidy(START.plus_ms(REMEMBER_ENDED_MS - 1));
    assert!(sessions.why_ended(session).is_some());
    sessions.tidy(START.plus_ms(REMEMBER_ENDED_MS));
    assert!(sessions.why_ended(session).is_none());
}

#[test]
fn whoever_acts_in_a_session_hears_of_its_end_at_once_and_is_told_the_first_reason() {
    let (entropy, sessions) = (Entropy::seeded(2), Sessions::default());
    let session = id(&entropy);
    let kept = sessions.keep(live(&entropy, session, START.plus_ms(1_000))).unwrap();
    let again = sessions.keep(live(&entropy, session, START.plus_ms(1_000))).unwrap();
    assert!(Arc::ptr_eq(&kept, &again), "one session has one token");
    assert!(sessions.by_digest(&kept.digest).is_some() && !kept.ended.is_cancelled());
    sessions.end(&[session], Reason::SessionRevoked, START);
    sessions.end(&[session], Reason::SessionExpired, START);
    assert!(kept.ended.is_cancelled());
    assert_eq!(sessions.why_ended(session), Some(Reason::SessionRevoked));
    assert!(sessions.by_digest(&kept.digest).is_none() && sessions.by_id(session).is_none());
}

#[test]
fn sessions_expire_each_at_its_time() {
    let (entropy, sessions) = (Entropy::seeded(3), Sessions::default());
    let of = |ms: i64| sessions.keep(live(&entropy, id(&entropy), START.plus_ms(ms))).unwrap();
    let (late, early) = (of(20), of(10));
    sessions.expire(START.plus_ms(9));
    assert!(!early.ended.is_cancelled());
    sessions.expire(START.plus_ms(10));
    assert!(early.ended.is_cancelled() && !late.ended.is_cancelled());
    assert_eq!(sessions.why_ended(early.acting.session), Some(Reason::SessionExpired));
    sessions.expire(START.plus_ms(1_000));
    assert!(late.ended.is_cancelled() && sessions.count() == 0);
}

#[test]
fn room_is_made_of_sessions_in_which_nobody_acts() {
    let (entropy, sessions) = (Entropy::seeded(4), Sessions::default());
    let held = sessions.keep(live(&entropy, id(&entropy), START.plus_ms(10))).unwrap();
    let acting = {
        let live = sessions.keep(live(&entropy, id(&entropy), START.plus_ms(10))).unwrap();
        Arc::clone(&live.acting)
    };
    drop(sessions.keep(live(&entropy, id(&entropy), START.plus_ms(10))).unwrap());
    assert_eq!((sessions.count(), sessions.kept.read().weight), (3, 300));
    sessions.kept.write().make_room();
    assert_eq!((sessions.count(), sessions.kept.read().weight), (2, 200));
    assert!(sessions.by_id(held.acting.session).is_some() && sessions.by_id(acting.session).is_some());
    assert_eq!(sessions.kept.read().by_digest.len(), 2);
    assert_eq!(sessions.kept.read().due.len(), 2);
    sessions.end(&[held.acting.session], Reason::SessionRevoked, START);
    assert_eq!(sessions.kept.read().weight, 100);
}

#[test]
fn long_profiles_make_room_for_each_other() {
    let (entropy, sessions) = (Entropy::seeded(6), Sessions::default());
    for _ in 0..3 {
        let long = Live { weight: MAX_KEPT_BYTES / 2, ..live(&entropy, id(&entropy), START.plus_ms(10)) };
        drop(sessions.keep(long).unwrap());
    }
    assert_eq!(sessions.count(), 1);
    assert!(sessions.kept.read().weight <= MAX_KEPT_BYTES);
}

#[test]
fn a_use_is_noted_once_a_minute() {
    let (entropy, sessions) = (Entropy::seeded(5), Sessions::default());
    let live = sessions.keep(live(&entropy, id(&entropy), START.plus_ms(1_000_000))).unwrap();
    for (ms, noted) in [(0, 1), (1, 0), (59_999, 0), (60_000, 1), (60_001, 0)] {
        sessions.touch(&live, START.plus_ms(ms));
        assert_eq!(sessions.take_used().len(), noted, "{ms}");
    }
}

/// Readers take in what they read before it ended, enders end it meanwhile: whatever the order, nothing that ended
/// lives, and nobody waits on a token that is never cancelled.
#[test]
fn of_many_who_read_and_end_at_once_no_order_leaves_an_ended_session_alive() {
    for round in 0..200 {
        let (entropy, sessions) = (Entropy::seeded(round), Sessions::default());
        let all: Vec<SessionId> = (0..16).map(|_| id(&entropy)).collect();
        let taken = thread::scope(|scope| {
            let readers: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        let read = all.iter().map(|id| live(&entropy, *id, START.plus_ms(1_000)));
                        read.filter_map(|read| sessions.keep(read).ok()).collect::<Vec<_>>()
                    })
                })
                .collect();
            for ids in all.chunks(5) {
                sessions.end(ids, Reason::SessionRevoked, START);
            }
            readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(sessions.count(), 0, "round {round}");
        assert!(taken.iter().all(|live| live.ended.is_cancelled()), "round {round}");
    }
}
