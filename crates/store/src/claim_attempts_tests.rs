use super::*;
use crate::{
    agent_registrations,
    house::{House, START},
};
use procura_model::{
    EventKind, ResourceId,
    oauth::{Registration, RegistrationKind, RegistrationState},
    time::{HOUR_MS, MINUTE_MS, SECOND_MS},
};

async fn registered(house: &House) -> RegistrationId {
    let one = Registration {
        id: RegistrationId::new(START, &house.entropy),
        resource: ResourceId::new(START, &house.entropy),
        kind: RegistrationKind::Anonymous,
        state: RegistrationState::Unclaimed,
        name: String::new(),
        issuer: None,
        subject: None,
        account: None,
        scope: ScopeList::of(["read"]),
        workspaces: Vec::new(),
        address: String::new(),
        generation: 1,
        created_at: START,
        expires_at: START.plus_ms(HOUR_MS),
        claimed_at: None,
        ended_at: None,
    };
    house
        .change(START, EventKind::AgentRegistered, async |w| agent_registrations::insert(w, &one, None).await)
        .await;
    one.id
}

fn attempt(house: &House, registration: RegistrationId) -> ClaimAttempt {
    ClaimAttempt {
        id: ClaimAttemptId::new(START, &house.entropy),
        registration,
        state: AttemptState::Waiting,
        tries: 0,
        interval_seconds: 5,
        scope: ScopeList::default(),
        account: None,
        address: "192.0.2.7".to_owned(),
        created_at: START,
        expires_at: START.plus_ms(10 * MINUTE_MS),
    }
}

fn asked(code: &[u8], link: Option<&[u8]>) -> Asked {
    let claimant = link.map(|_| Claimant { sealed: b"sealed".to_vec(), code: Digest::of(b"ada") });
    Asked { code: Digest::of(code), link: link.map(Digest::of), claimant }
}

async fn kept(house: &House, one: &ClaimAttempt, asked: &Asked) -> bool {
    house.change(START, EventKind::ClaimRequested, async |w| insert(w, one, asked).await).await
}

#[tokio::test]
async fn one_attempt_is_open_and_a_code_is_one_attempts() {
    let house = House::new().await;
    let (first, second) = (registered(&house).await, registered(&house).await);
    let one = attempt(&house, first);
    assert!(kept(&house, &one, &asked(b"1", None)).await);
    assert!(!kept(&house, &attempt(&house, first), &asked(b"2", None)).await, "one is open");
    assert!(!kept(&house, &attempt(&house, second), &asked(b"1", None)).await, "the code is taken");
    let superseded = house.change(START, EventKind::ClaimRequested, async |w| supersede(w, one.id).await);
    assert!(superseded.await);
    assert!(kept(&house, &attempt(&house, first), &asked(b"2", None)).await);
    let mut reader = house.store.read(&house.ctx());
    assert_eq!(count(&mut reader, first).await.unwrap(), 2);
    assert!(open(&mut reader, first).await.unwrap().is_some_and(|open| open.id != one.id));
}

#[tokio::test]
async fn a_person_answers_once_and_in_time_and_the_agent_takes_it_once() {
    let house = House::new().await;
    let one = attempt(&house, registered(&house).await);
    kept(&house, &one, &asked(b"1", None)).await;
    let scope = ScopeList::of(["write"]);
    let granting = async |at| {
        house.change(at, EventKind::ClaimGranted, async |w| grant(w, one.id, &scope, None).await).await
    };
    assert_eq!(granting(one.expires_at).await, None, "too late");
    let taking = async || house.change(START, EventKind::ClaimGranted, async |w| take(w, one.id).await).await;
    assert_eq!(taking().await, None, "nothing was granted");
    assert_eq!(granting(START).await.unwrap().scope, scope);
    assert_eq!(granting(START).await, None);
    let denied = house.change(START, EventKind::ClaimRefused, async |w| deny(w, one.id).await);
    assert_eq!(denied.await, None);
    let superseded = house.change(START, EventKind::ClaimRequested, async |w| supersede(w, one.id).await);
    assert!(!superseded.await, "what was granted is not taken away by asking anew");
    assert_eq!(taking().await.unwrap().state, AttemptState::Taken);
    assert_eq!(taking().await, None);
}

#[tokio::test]
async fn the_fifth_wrong_code_is_the_last() {
    let house = House::new().await;
    let one = attempt(&house, registered(&house).await);
    kept(&house, &one, &asked(b"1", Some(b"link"))).await;
    let missing =
        async || house.change(START, EventKind::ClaimCodeWrong, async |w| miss(w, one.id).await).await;
    for tries in 1..MOST_TRIES {
        let missed = missing().await.unwrap();
        assert_eq!((missed.tries, missed.state), (tries, AttemptState::Waiting));
    }
    assert!(house.store.lobby().attempt_by_link(&Digest::of(b"link"), START).await.unwrap().is_some());
    assert_eq!(missing().await.unwrap().state, AttemptState::Spent);
    assert_eq!(missing().await, None);
    assert!(house.store.lobby().attempt_by_link(&Digest::of(b"link"), START).await.unwrap().is_none());
    let scope = ScopeList::of(["write"]);
    let granted =
        house.change(START, EventKind::ClaimGranted, async |w| grant(w, one.id, &scope, None).await).await;
    assert_eq!(granted, None);
}

#[tokio::test]
async fn what_was_mailed_is_not_found_by_its_code_alone() {
    let house = House::new().await;
    let (mailed, shown) =
        (attempt(&house, registered(&house).await), attempt(&house, registered(&house).await));
    kept(&house, &mailed, &asked(b"1", Some(b"link"))).await;
    kept(&house, &shown, &asked(b"2", None)).await;
    let mut lobby = house.store.lobby();
    assert_eq!(lobby.attempt_by_code(&Digest::of(b"1"), START).await.unwrap(), None);
    let found = lobby.attempt_by_code(&Digest::of(b"2"), START).await.unwrap();
    assert_eq!(found, Some((house.tenant, shown.clone())));
    assert_eq!(lobby.attempt_by_code(&Digest::of(b"2"), shown.expires_at).await.unwrap(), None);
    let (tenant, found, code) = lobby.attempt_by_link(&Digest::of(b"link"), START).await.unwrap().unwrap();
    assert_eq!((tenant, found.id, code), (house.tenant, mailed.id, Digest::of(b"1")));
    let to = claimant(&mut house.store.read(&house.ctx()), mailed.id).await.unwrap().unwrap();
    assert_eq!((to.sealed.as_slice(), to.code), (b"sealed".as_slice(), Digest::of(b"ada")));
    assert_eq!(claimant(&mut house.store.read(&house.ctx()), shown.id).await.unwrap(), None);
    lobby.prune_agent_auth(shown.expires_at, 0).await.unwrap();
    assert_eq!(latest(&mut house.store.read(&house.ctx()), shown.registration).await.unwrap(), None);
}

#[tokio::test]
async fn whoever_asks_too_often_waits_longer() {
    let house = House::new().await;
    let one = attempt(&house, registered(&house).await);
    kept(&house, &one, &asked(b"1", None)).await;
    let asking = async |at| poll(&house.store.unaudited(&house.ctx_at(at)), one.id).await.unwrap();
    assert!(matches!(asking(START).await, Polled::InTime(_)));
    let Polled::TooSoon(slowed) = asking(START.plus_ms(4 * SECOND_MS)).await else { panic!("in time") };
    assert_eq!(slowed.interval_seconds, 10);
    assert!(matches!(asking(START.plus_ms(14 * SECOND_MS)).await, Polled::InTime(_)));
    let nobody = ClaimAttemptId::new(START, &house.entropy);
    assert_eq!(poll(&house.store.unaudited(&house.ctx()), nobody).await.unwrap(), Polled::Unknown);
}
