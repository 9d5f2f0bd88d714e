use super::*;
use crate::{
    house::{House, START},
    lobby::Prune,
};
use procura_model::{EventKind, SessionState, Time, UserAuthMethod};

fn ada() -> UserRef {
    UserRef("usr_ada".to_owned())
}

async fn opened(house: &House, agent: AgentId, user: UserRef) -> NewAgentSession {
    let id = SessionId::new(START, &house.entropy);
    let new = NewAgentSession {
        session: AgentSession {
            id,
            agent,
            user,
            method: UserAuthMethod::SignedToken,
            created_at: START,
            expires_at: START.plus_ms(60_000),
            revoked_at: None,
            last_used_at: None,
        },
        digest: Digest::of(id.to_string().as_bytes()),
        sealed_user: b"sealed".to_vec(),
        token_code: [7; 32],
    };
    house.change(START, EventKind::SessionOpened, async |w| insert(w, &new).await).await;
    new
}

#[tokio::test]
async fn a_session_is_found_in_its_own_organization_alone_and_revoked_once() {
    let house = House::new().await;
    let new = opened(&house, house.agent("buyer").await, ada()).await;
    let ctx = house.ctx();
    let found = find_by_digest(&mut house.store.read(&ctx), &new.digest).await.unwrap().unwrap();
    assert_eq!((&found.session, found.sealed_user.as_deref()), (&new.session, Some(&b"sealed"[..])));
    let neighbour = house.neighbour().await.ctx();
    assert!(find_by_digest(&mut house.store.read(&neighbour), &new.digest).await.unwrap().is_none());
    assert!(find(&mut house.store.read(&neighbour), new.session.id).await.unwrap().is_none());

    let later = START.plus_ms(5);
    let id = new.session.id;
    let is_revoked = async |agent, code: [u8; 32]| {
        let mut w = house.store.write(&ctx).await.unwrap();
        is_token_revoked(&mut w, agent, &code).await.unwrap()
    };
    assert!(!is_revoked(new.session.agent, [7; 32]).await);
    let ended = house.change(later, EventKind::SessionRevoked, async |w| revoke(w, id).await).await;
    assert_eq!(ended.state(later), SessionState::Revoked);
    assert_eq!(house.revoked().await, [Subject::Session(id)]);
    assert!(is_revoked(new.session.agent, [7; 32]).await);
    assert!(
        !is_revoked(new.session.agent, [8; 32]).await
            && !is_revoked(house.agent("other").await, [7; 32]).await
    );
    let found = find(&mut house.store.read(&ctx), id).await.unwrap().unwrap();
    assert_eq!((found.session.revoked_at, found.sealed_user), (Some(later), None));
    let mut w = house.store.write(&ctx).await.unwrap();
    assert_eq!(revoke(&mut w, id).await.unwrap_err().reason(), Reason::NotFound);
}

#[tokio::test]
async fn revoking_a_user_ends_the_sessions_with_that_agent_and_no_others() {
    let house = House::new().await;
    let (agent, other) = (house.agent("buyer").await, house.agent("other").await);
    let bob = UserRef("usr_bob".to_owned());
    let mut own = Vec::new();
    for _ in 0..3 {
        own.push(opened(&house, agent, ada()).await.session.id);
    }
    let (elsewhere, others) = (opened(&house, other, ada()).await, opened(&house, agent, bob).await);
    let end = async |w: &mut Writer<'_>| revoke_all_of_user(w, agent, &ada()).await;
    let mut ended = house.change(START.plus_ms(1), EventKind::SessionRevoked, end).await;
    ended.sort();
    own.sort();
    assert_eq!(ended, own);
    let mut told = house.revoked().await;
    told.sort_by_key(|subject| format!("{subject:?}"));
    assert_eq!(told, own.iter().map(|id| Subject::Session(*id)).collect::<Vec<_>>());
    let ctx = house.ctx();
    for id in [elsewhere.session.id, others.session.id] {
        let found = find(&mut house.store.read(&ctx), id).await.unwrap().unwrap();
        assert_eq!(found.session.revoked_at, None);
    }
    let again = house.change(START.plus_ms(2), EventKind::SessionRevoked, end).await;
    assert!(again.is_empty());
    assert_eq!(house.revoked().await.len(), 3);
}

#[tokio::test]
async fn sessions_are_listed_by_agent_and_by_whether_they_live() {
    let house = House::new().await;
    let (agent, other) = (house.agent("buyer").await, house.agent("other").await);
    let (first, second) = (opened(&house, agent, ada()).await, opened(&house, agent, ada()).await);
    opened(&house, other, UserRef("usr_bob".to_owned())).await;
    let ended = first.session.id;
    house.change(START, EventKind::SessionRevoked, async |w| close(w, ended).await).await;
    let listed = async |standing, now| {
        let filter = SessionFilter { agent: Some(agent), user: Some(ada()), standing };
        let ctx = house.ctx_at(now);
        let page = list(&mut house.store.read(&ctx), &filter, &PageAsk::default()).await.unwrap();
        page.items.into_iter().map(|session| session.id).collect::<Vec<_>>()
    };
    let ctx = house.ctx();
    let mut w = house.store.write(&ctx).await.unwrap();
    assert!(!is_token_revoked(&mut w, agent, &[7; 32]).await.unwrap(), "the agent itself was done");
    drop(w);
    assert_eq!(listed(None, START).await.len(), 2);
    assert_eq!(listed(Some(Standing::Live), START).await, [second.session.id]);
    assert_eq!(listed(Some(Standing::Ended), START).await, [ended]);
    assert_eq!(listed(Some(Standing::Live), START.plus_ms(60_000)).await, []);
    let counted = async |now| {
        let ctx = house.ctx_at(now);
        let mut counts = count_live(&mut house.store.read(&ctx)).await.unwrap();
        counts.sort_unstable();
        counts
    };
    let mut wanted = [(agent, 1), (other, 1)];
    wanted.sort_unstable();
    assert_eq!(counted(START).await, wanted);
    assert_eq!(counted(START.plus_ms(60_000)).await, []);
    let of_ada = SessionFilter { user: Some(ada()), ..SessionFilter::default() };
    assert_eq!(list(&mut house.store.read(&ctx), &of_ada, &PageAsk::default()).await.unwrap().items.len(), 2);
    let everybody = SessionFilter::default();
    let first = list(&mut house.store.read(&ctx), &everybody, &PageAsk::new(None, Some(2))).await.unwrap();
    let ask = PageAsk::new(first.next_cursor, Some(2));
    let rest = list(&mut house.store.read(&ctx), &everybody, &ask).await.unwrap();
    assert_eq!((first.items.len(), rest.items.len(), rest.next_cursor), (2, 1, None));
}

#[tokio::test]
async fn who_the_user_was_is_forgotten_when_the_session_expires_and_the_session_itself_later() {
    let house = House::new().await;
    let new = opened(&house, house.agent("buyer").await, ada()).await;
    let ctx = house.ctx();
    let known = async || find(&mut house.store.read(&ctx), new.session.id).await.unwrap();
    let prune = |expired: Time, agent_sessions: Time| Prune {
        expired,
        agent_sessions,
        revocations: START,
        outbox: START,
    };
    house.lobby().prune(prune(START.plus_ms(59_999), START)).await.unwrap();
    assert!(known().await.unwrap().sealed_user.is_some());
    house.lobby().prune(prune(START.plus_ms(60_000), START)).await.unwrap();
    assert!(known().await.unwrap().sealed_user.is_none());
    house.lobby().prune(prune(START, START.plus_ms(60_000))).await.unwrap();
    assert!(known().await.is_none());
}

#[tokio::test]
async fn last_use_only_moves_forward() {
    let house = House::new().await;
    let new = opened(&house, house.agent("buyer").await, ada()).await;
    for (now, seen) in [(20, 20), (10, 20), (30, 30)] {
        let ctx = house.ctx_at(START.plus_ms(now));
        touch(&mut house.store.unaudited(&ctx), new.session.id).await.unwrap();
        let found = find(&mut house.store.read(&ctx), new.session.id).await.unwrap().unwrap();
        assert_eq!(found.session.last_used_at, Some(START.plus_ms(seen)));
    }
}
