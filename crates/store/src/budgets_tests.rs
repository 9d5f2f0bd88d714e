use super::*;
use crate::{
    house::{House, START},
    revocations::Subject,
};
use procura_model::{AgentId, EventKind};

fn budget(house: &House, name: &str, of: BudgetOf) -> Budget {
    let window = r#"{"amount":{"value":"1000","currency":"USD"},"per":"P30D","hold":{"lasts":"PT5M","then":"released"}}"#;
    Budget {
        id: BudgetId::new(START, &house.entropy),
        name: name.to_owned(),
        of,
        actions: vec!["purchase.*".to_owned()],
        window: serde_json::from_str(window).unwrap(),
        created_at: START,
    }
}

#[tokio::test]
async fn a_budget_is_kept_as_it_was_set_and_every_node_is_told() {
    let house = House::new().await;
    let agent = AgentId::new(START, &house.entropy);
    let one = budget(&house, "Tickets", BudgetOf::EachAgent);
    let other = budget(&house, "Hotels", BudgetOf::Agent(agent));
    house
        .change(START, EventKind::BudgetCreated, async |w| {
            insert(w, &one).await?;
            insert(w, &other).await
        })
        .await;
    let ctx = house.ctx();
    let mut all = list(&mut house.store.read(&ctx)).await.unwrap();
    all.sort_by_key(|budget| budget.name != "Tickets");
    assert_eq!(all, [one.clone(), other.clone()]);
    assert_eq!(house.revoked().await, [Subject::Tenant, Subject::Tenant]);
    let renamed = Budget { name: "Trips".to_owned(), ..one.clone() };
    house.change(START, EventKind::BudgetChanged, async |w| update(w, &renamed).await).await;
    assert_eq!(get(&mut house.store.read(&ctx), one.id).await.unwrap(), renamed);
    let gone = house.change(START, EventKind::BudgetRemoved, async |w| remove(w, one.id).await).await;
    assert_eq!(gone, renamed);
    assert_eq!(house.revoked().await.len(), 4);
    let missing = get(&mut house.store.read(&ctx), one.id).await.unwrap_err();
    assert_eq!(missing.reason(), Reason::NotFound);
}

#[tokio::test]
async fn a_name_is_given_once_and_a_neighbour_sees_nothing() {
    let house = House::new().await;
    let one = budget(&house, "Tickets", BudgetOf::Organization);
    house.change(START, EventKind::BudgetCreated, async |w| insert(w, &one).await).await;
    let ctx = house.ctx();
    let mut w = house.store.write(&ctx).await.unwrap();
    let twin = budget(&house, "Tickets", BudgetOf::Organization);
    assert_eq!(insert(&mut w, &twin).await.unwrap_err().reason(), Reason::NameTaken);
    drop(w);
    let neighbour = house.neighbour().await;
    let there = neighbour.ctx();
    assert!(list(&mut neighbour.store.read(&there)).await.unwrap().is_empty());
    let mut w = neighbour.store.write(&there).await.unwrap();
    for refused in [get(&mut w, one.id).await, remove(&mut w, one.id).await] {
        assert_eq!(refused.unwrap_err().reason(), Reason::NotFound);
    }
    assert_eq!(update(&mut w, &one).await.unwrap_err().reason(), Reason::NotFound);
}
