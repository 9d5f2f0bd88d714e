use super::*;
use crate::house::{House, START};
use procura_model::EventKind;

fn secret(house: &House, of: SecretOf, after_ms: i64) -> StoredSecret {
    let created_at = START.plus_ms(after_ms);
    StoredSecret {
        id: SecretId::new(created_at, &house.entropy),
        of,
        sealed: vec![1, 2, 3],
        created_at,
        retires_at: None,
    }
}

async fn of_new_agent(house: &House) -> SecretOf {
    SecretOf { purpose: SecretPurpose::UserToken, agent: house.agent("buyer").await }
}

async fn add(house: &House, secret: &StoredSecret) {
    house.change(secret.created_at, EventKind::SecretReplaced, async |w| insert(w, secret).await).await;
}

async fn live(house: &House, of: SecretOf, after_ms: i64) -> Vec<SecretId> {
    let ctx = house.ctx_at(START.plus_ms(after_ms));
    list(&mut house.store.read(&ctx), of).await.unwrap().iter().map(|secret| secret.id).collect()
}

#[tokio::test]
async fn a_replaced_secret_lives_on_until_its_hour_and_every_node_hears_of_it() {
    let house = House::new().await;
    let of = of_new_agent(&house).await;
    let (old, new) = (secret(&house, of, 0), secret(&house, of, 10));
    add(&house, &old).await;
    let at = START.plus_ms(100);
    house.change(START, EventKind::SecretReplaced, async |w| retire(w, of, old.id, at).await).await;
    add(&house, &new).await;
    assert_eq!(live(&house, of, 99).await, [new.id, old.id]);
    assert_eq!(live(&house, of, 100).await, [new.id]);
    let later = START.plus_ms(500);
    house.change(START, EventKind::SecretReplaced, async |w| retire(w, of, old.id, later).await).await;
    assert_eq!(live(&house, of, 100).await, [new.id], "an end that was set is never put off");
    house.lobby().prune_secrets(at).await.unwrap();
    assert!(live(&house, of, 0).await == [new.id], "what retired is destroyed");
    assert_eq!(house.revoked().await, vec![Subject::Agent(of.agent); 4]);
}

#[tokio::test]
async fn a_secret_is_removed_by_its_own_purpose_agent_and_organization_alone() {
    let house = House::new().await;
    let of = of_new_agent(&house).await;
    let kept = secret(&house, of, 0);
    add(&house, &kept).await;
    let neighbour = house.neighbour().await;
    let other_purpose = SecretOf { purpose: SecretPurpose::Callback, ..of };
    let other_agent = SecretOf { agent: house.agent("seller").await, ..of };
    for (house, of) in [(&house, other_purpose), (&house, other_agent), (&neighbour, of)] {
        let ctx = house.ctx();
        let mut w = house.store.write(&ctx).await.unwrap();
        assert_eq!(remove(&mut w, of, kept.id).await.unwrap_err().reason(), Reason::NotFound);
        assert_eq!(remove_others(&mut w, of, None).await.unwrap(), []);
        retire(&mut w, of, kept.id, START).await.unwrap();
        w.commit(procura_model::Event::new(EventKind::SecretRemoved)).await.unwrap();
    }
    assert_eq!(live(&house, of, 0).await, [kept.id]);
    house.change(START, EventKind::SecretRemoved, async |w| remove(w, of, kept.id).await).await;
    assert_eq!(live(&house, of, 0).await, []);
}

#[tokio::test]
async fn all_but_one_are_removed_at_once() {
    let house = House::new().await;
    let of = of_new_agent(&house).await;
    let (first, second) = (secret(&house, of, 0), secret(&house, of, 1));
    add(&house, &first).await;
    add(&house, &second).await;
    let removed = house
        .change(START, EventKind::SecretRemoved, async |w| remove_others(w, of, Some(second.id)).await)
        .await;
    assert_eq!(removed, [first.id]);
    assert_eq!(live(&house, of, 0).await, [second.id]);
    let ctx = house.ctx();
    let stored = list(&mut house.store.read(&ctx), of).await.unwrap();
    assert_eq!(stored, [second]);
    assert!(!format!("{stored:?}").contains("sealed"));
}
