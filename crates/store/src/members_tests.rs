use super::*;
use crate::{
    console_sessions::NewSession,
    house::{House, START},
};
use procura_model::{Digest, Event, EventKind, SessionId};
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread")]
async fn two_owners_who_leave_at_once_leave_one_behind() {
    let house = House::new().await;
    for round in 0..10 {
        let house = house.neighbour().await;
        let mut owners = Vec::new();
        for number in 0..4 {
            owners.push(house.member(&format!("{number}.{round}@example.com"), Role::Owner).await);
        }
        let mut leaving = JoinSet::new();
        for (number, owner) in owners.into_iter().enumerate() {
            let house = house.clone();
            leaving.spawn(async move {
                let ctx = house.ctx();
                let mut w = house.store.write(&ctx).await.unwrap();
                let left = if number % 2 == 0 {
                    remove(&mut w, owner).await
                } else {
                    set_role(&mut w, owner, Role::Auditor).await
                };
                match left {
                    Ok(()) => w.commit(Event::new(EventKind::MemberRemoved)).await,
                    Err(error) => Err(error),
                }
            });
        }
        let refused: Vec<_> =
            leaving.join_all().await.into_iter().filter_map(|answer| answer.err()).collect();
        assert_eq!(refused.iter().map(procura_model::Error::reason).collect::<Vec<_>>(), [Reason::LastOwner]);
        let ctx = house.ctx();
        let members = list(&mut house.store.read(&ctx)).await.unwrap();
        assert_eq!(members.iter().filter(|member| member.role == Role::Owner).count(), 1);
    }
}

#[tokio::test]
async fn a_member_who_is_removed_has_no_session_left() {
    let house = House::new().await;
    house.member("owner@example.com", Role::Owner).await;
    let account = house.member("ada@example.com", Role::Developer).await;
    let session = NewSession {
        id: SessionId::new(START, &house.entropy),
        digest: Digest::of(b"cookie"),
        account,
        expires_at: START.plus_ms(60_000),
    };
    house.change(START, EventKind::SignedIn, async |w| console_sessions::insert(w, &session).await).await;
    let found = house.lobby().session_by_digest(&session.digest, START).await.unwrap().unwrap();
    assert_eq!((found.tenant, found.account, found.role), (house.tenant, account, Role::Developer));
    assert_eq!(found.email, "ada@example.com");
    let late = house.lobby().session_by_digest(&session.digest, session.expires_at).await.unwrap();
    assert_eq!(late, None);

    house.change(START, EventKind::MemberRemoved, async |w| remove(w, account).await).await;
    assert_eq!(house.lobby().session_by_digest(&session.digest, START).await.unwrap(), None);
    assert!(house.revoked().await.contains(&Subject::Account(account)));
    assert!(house.lobby().memberships(account).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_session_is_revoked_once_and_touched_without_a_record() {
    let house = House::new().await;
    let account = house.member("ada@example.com", Role::Owner).await;
    let session = NewSession {
        id: SessionId::new(START, &house.entropy),
        digest: Digest::of(b"cookie"),
        account,
        expires_at: START.plus_ms(60_000),
    };
    house.change(START, EventKind::SignedIn, async |w| console_sessions::insert(w, &session).await).await;
    let later = house.ctx_at(START.plus_ms(5));
    console_sessions::touch(&mut house.store.unaudited(&later), session.id).await.unwrap();
    let found = house.lobby().session_by_digest(&session.digest, START).await.unwrap().unwrap();
    assert_eq!(found.last_seen_at, later.now);
    assert!(house.chain(&later).await.is_empty());

    house.change(START, EventKind::SignedOut, async |w| console_sessions::revoke(w, session.id).await).await;
    assert_eq!(house.lobby().session_by_digest(&session.digest, START).await.unwrap(), None);
    assert_eq!(house.revoked().await, [Subject::Session(session.id)]);
    let ctx = house.ctx();
    let mut w = house.store.write(&ctx).await.unwrap();
    let error = console_sessions::revoke(&mut w, session.id).await.unwrap_err();
    assert_eq!(error.reason(), Reason::NotFound);
}

#[tokio::test]
async fn a_person_joins_an_organization_once() {
    let house = House::new().await;
    let account = house.member("ada@example.com", Role::Owner).await;
    let ctx = house.ctx();
    let mut w = house.store.write(&ctx).await.unwrap();
    let error = insert(&mut w, account, Role::Admin).await.unwrap_err();
    assert_eq!(error.reason(), Reason::NameTaken);
    set_role(&mut w, account, Role::Owner).await.unwrap();
    let error = set_role(&mut w, AccountId::new(START, &house.entropy), Role::Admin).await.unwrap_err();
    assert_eq!(error.reason(), Reason::NotFound);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_keeps_the_one_in_which_it_was_set() {
    let house = House::new().await;
    let account = house.member("ada@example.com", Role::Owner).await;
    let other = house.member("bob@example.com", Role::Owner).await;
    let mut sessions = Vec::new();
    for (number, account) in [account, account, account, other].into_iter().enumerate() {
        let session = NewSession {
            id: SessionId::new(START, &house.entropy),
            digest: Digest::of(number.to_string().as_bytes()),
            account,
            expires_at: START.plus_ms(60_000),
        };
        house.change(START, EventKind::SignedIn, async |w| console_sessions::insert(w, &session).await).await;
        sessions.push(session);
    }
    let kept = sessions[1].id;
    let ended = house
        .change(START, EventKind::MemberChanged, async |w| {
            w.lobby().revoke_other_sessions(account, kept, START).await
        })
        .await;
    assert_eq!(ended, 2);
    let mut live = Vec::new();
    for session in &sessions {
        live.push(house.lobby().session_by_digest(&session.digest, START).await.unwrap().is_some());
    }
    assert_eq!(live, [false, true, false, true]);
}
