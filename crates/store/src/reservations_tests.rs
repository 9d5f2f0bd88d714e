use super::*;
use crate::house::{House, START};
use procura_model::{EventKind, RequestId};

fn reservation(house: &House, agent: AgentId, at: Time) -> Reservation {
    Reservation {
        id: ReservationId::new(at, &house.entropy),
        agent,
        user: Some(UserRef("usr_1".to_owned())),
        request: RequestId::new(at, &house.entropy),
        permission: None,
        action: "pay".to_owned(),
        held: Some("10".parse().unwrap()),
        currency: Some("USD".parse().unwrap()),
        actual: None,
        state: ReservationState::Held,
        is_late: false,
        is_over: false,
        created_at: at,
        commit_by: at.plus_ms(1_000),
        settled_at: None,
    }
}

async fn held(house: &House, agent: AgentId, at: Time, key: Option<&str>) -> Reservation {
    let made = reservation(house, agent, at);
    let digest = Digest::of(b"ask");
    let new = NewReservation { reservation: &made, digest: &digest, retry_key: key };
    house.change(at, EventKind::Decision, async |w| insert(w, &new).await).await;
    made
}

#[tokio::test]
async fn a_reservation_is_settled_once_whatever_it_is_settled_as() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let made = held(&house, agent, START, None).await;
    let ctx = house.ctx();
    assert_eq!(get(&mut house.store.read(&ctx), made.id).await.unwrap(), made);
    let as_it_was = Commitment { actual: Some("7.5".parse().unwrap()), is_late: true, is_over: false };
    let done = house
        .change(START.plus_ms(9), EventKind::ReservationCommitted, async |w| {
            commit(w, made.id, as_it_was).await
        })
        .await
        .unwrap();
    let settled_at = Some(START.plus_ms(9));
    let wanted = Reservation {
        state: ReservationState::Committed,
        actual: as_it_was.actual,
        is_late: true,
        settled_at,
        ..made.clone()
    };
    assert_eq!(done, wanted);
    let mut w = house.store.write(&ctx).await.unwrap();
    assert_eq!(commit(&mut w, made.id, as_it_was).await.unwrap(), None);
    assert_eq!(release(&mut w, made.id).await.unwrap(), None);
    drop(w);
    let neighbour = house.neighbour().await;
    let there = neighbour.ctx();
    let mut w = neighbour.store.write(&there).await.unwrap();
    assert_eq!(get(&mut w, made.id).await.unwrap_err().reason(), Reason::NotFound);
    assert_eq!(release(&mut w, made.id).await.unwrap(), None);
}

#[tokio::test]
async fn what_nobody_settles_expires_once_and_can_still_be_settled() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let early = held(&house, agent, START, None).await;
    let late = held(&house, agent, START.plus_ms(500), None).await;
    assert!(house.lobby().reservations_due(START.plus_ms(999)).await.unwrap().is_empty());
    let due = START.plus_ms(1_000);
    assert_eq!(house.lobby().reservations_due(due).await.unwrap(), [house.tenant]);
    let ended = house.change(due, EventKind::ReservationExpired, async |w| expire(w, 10).await).await;
    assert_eq!(
        ended.iter().map(|one| (one.id, one.state)).collect::<Vec<_>>(),
        [(early.id, ReservationState::Expired)]
    );
    let again = house.change(due, EventKind::ReservationExpired, async |w| expire(w, 10).await).await;
    assert!(again.is_empty());
    let back = house.change(due, EventKind::ReservationReleased, async |w| release(w, early.id).await).await;
    assert_eq!(back.unwrap().state, ReservationState::Released);
    let both =
        house.change(due.plus_ms(9_000), EventKind::ReservationExpired, async |w| expire(w, 10).await).await;
    assert_eq!(both.iter().map(|one| one.id).collect::<Vec<_>>(), [late.id]);
}

#[tokio::test]
async fn reservations_are_listed_by_state_and_by_agent_and_found_by_key() {
    let house = House::new().await;
    let (buyer, seller) = (house.agent("buyer").await, house.agent("seller").await);
    let one = held(&house, buyer, START, Some("key-1")).await;
    let two = held(&house, buyer, START.plus_ms(1), None).await;
    let three = held(&house, seller, START.plus_ms(2), Some("key-1")).await;
    house.change(START, EventKind::ReservationReleased, async |w| release(w, two.id).await).await;
    let ctx = house.ctx();
    let mut reader = house.store.read(&ctx);
    let mut ids = async |state: Option<ReservationState>, agent: Option<AgentId>| {
        let page = list(&mut reader, state, agent, &PageAsk::new(None, None)).await.unwrap();
        page.items.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(None, None).await, [three.id, two.id, one.id]);
    assert_eq!(ids(Some(ReservationState::Held), None).await, [three.id, one.id]);
    assert_eq!(ids(None, Some(buyer)).await, [two.id, one.id]);
    assert_eq!(ids(Some(ReservationState::Released), Some(buyer)).await, [two.id]);
    assert!(ids(Some(ReservationState::Expired), None).await.is_empty());
    let mut reader = house.store.read(&ctx);
    let found = by_key(&mut reader, buyer, "key-1", START.plus_ms(-1)).await.unwrap().unwrap();
    assert_eq!((found.0.id, found.1), (one.id, Digest::of(b"ask")));
    assert!(by_key(&mut reader, buyer, "key-1", START).await.unwrap().is_none(), "it is too old");
    assert!(by_key(&mut reader, buyer, "key-2", START.plus_ms(-1)).await.unwrap().is_none());
}
