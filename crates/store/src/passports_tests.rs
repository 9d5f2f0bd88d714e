use super::*;
use crate::{
    Store, agents,
    house::{House, START},
};
use procura_model::{AgentStatus, EventKind};

const MADE: EventKind = EventKind::PassportRotated;

async fn put(house: &House, agent: AgentId, token: &str, at: Time) -> Passport {
    let fresh = PassportId::new(at, &house.entropy);
    house.change(at, MADE, async |w| super::put(w, agent, fresh, &Digest::of(token.as_bytes())).await).await
}

async fn opens(store: &Store, token: &str, passport: PassportId) -> bool {
    store.lobby().passport_by_token(&Digest::of(token.as_bytes()), passport).await.unwrap().is_some()
}

#[tokio::test]
async fn a_rotation_keeps_the_id_counts_the_version_and_ends_the_old_token() {
    let house = House::new().await;
    let agent = house.agent("shopping").await;
    assert_eq!(get(&mut house.store.read(&house.ctx()), agent).await.unwrap(), None);
    let first = put(&house, agent, "one", START).await;
    assert_eq!((first.version, first.created_at, first.revoked_at), (1, START, None));
    assert!(opens(&house.store, "one", first.id).await);

    let later = START.plus_ms(5);
    let second = put(&house, agent, "two", later).await;
    assert_eq!((second.id, second.version), (first.id, 2));
    assert_eq!((second.created_at, second.rotated_at), (START, later));
    assert!(!opens(&house.store, "one", first.id).await);
    assert!(opens(&house.store, "two", first.id).await);
    assert_eq!(get(&mut house.store.read(&house.ctx()), agent).await.unwrap(), Some(second));
}

#[tokio::test]
async fn a_token_opens_its_own_passport_alone_while_that_holds_and_the_agent_may_act() {
    let house = House::new().await;
    let agent = house.agent("shopping").await;
    let passport = put(&house, agent, "one", START).await;
    let other = put(&house, house.agent("other").await, "other", START).await;
    assert!(!opens(&house.store, "one", other.id).await, "it opens another agent's passport");

    let set = async |status| {
        house.change(START, MADE, async |w| agents::set_status(w, agent, status).await.map(drop)).await;
    };
    set(AgentStatus::Disabled).await;
    assert!(!opens(&house.store, "one", passport.id).await);
    set(AgentStatus::Enabled).await;
    assert!(opens(&house.store, "one", passport.id).await);

    let revoked = house.change(START, MADE, async |w| revoke(w, agent).await).await.unwrap();
    assert_eq!(revoked.revoked_at, Some(START));
    assert!(!opens(&house.store, "one", passport.id).await);
    assert_eq!(
        house.change(START, MADE, async |w| revoke(w, agent).await).await,
        None,
        "it is revoked twice"
    );

    let again = put(&house, agent, "three", START).await;
    assert_eq!((again.id, again.version, again.revoked_at), (passport.id, 2, None));
    assert!(
        opens(&house.store, "three", passport.id).await && !opens(&house.store, "one", passport.id).await
    );
}

#[tokio::test]
async fn a_neighbour_sees_no_passport_and_ends_none() {
    let house = House::new().await;
    let agent = house.agent("shopping").await;
    let passport = put(&house, agent, "one", START).await;
    let neighbour = house.neighbour().await;
    assert_eq!(get(&mut neighbour.store.read(&neighbour.ctx()), agent).await.unwrap(), None);
    assert_eq!(neighbour.change(START, MADE, async |w| revoke(w, agent).await).await, None);
    assert!(opens(&house.store, "one", passport.id).await);
    let found = house.lobby().passport_by_token(&Digest::of(b"one"), passport.id).await.unwrap().unwrap();
    assert_eq!((found.tenant, found.agent, found.name.as_str()), (house.tenant, agent, "shopping"));
}
