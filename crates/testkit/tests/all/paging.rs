//! Lists of rows that were all made in one instant: page by page nothing is lost and nothing comes twice, and the order is
//! the same each time.

use procura_testkit::world::{Http, Shop, World};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How many rows of each kind.
const ROWS: usize = 5;

/// The rows in the order of their pages of one, by what names them.
async fn in_pages_of_one(http: &Http, list: &str, name: &str) -> Vec<Value> {
    let joint = if list.contains('?') { '&' } else { '?' };
    let mut rows = Vec::new();
    let mut path = format!("{list}{joint}limit=1");
    loop {
        let page = http.get(&path).send().await.ok();
        let items = page.at("/items");
        let items = items.as_array().unwrap();
        assert!(items.len() <= 1, "{path}");
        rows.extend(items.iter().map(|item| item.pointer(name).unwrap().clone()));
        assert!(rows.len() <= 10 * ROWS, "{list} has no end");
        let next = page.at("/nextCursor");
        let Some(next) = next.as_str() else { return rows };
        path = format!("{list}{joint}limit=1&cursor={next}");
    }
}

/// Agents, decisions, reservations, approvals, sessions and entities, all of one instant.
async fn of_one_instant(w: &World) -> Shop {
    let shop = w.tenant("shop").await;
    let began = w.app.now();
    let buyer = shop.agent("buyer").await;
    let window = json!({"count": 100, "per": "P1D"});
    for permission in [
        json!({"effect": "allow", "actions": ["buy"], "window": window}),
        json!({"effect": "allow", "actions": ["sell"], "approval": "always"}),
    ] {
        shop.permit(&buyer, permission).await;
    }
    for round in 0..ROWS {
        shop.agent(&format!("agent {round}")).await;
        let ask = |action: &str| json!({"action": action, "args": {"round": round}});
        for action in ["buy", "sell"] {
            buyer.http.post("/v1/verify", &ask(action)).send().await.ok();
        }
        let entity = format!("/v1/entities/subject/user/{round}");
        shop.platform.put(&entity, &json!({"properties": {}})).send().await.ok();
    }
    assert_eq!(w.app.now(), began, "the clock of the tests stands");
    shop
}

#[tokio::test]
async fn rows_of_one_instant_are_paged_without_loss_and_without_repetition() {
    let w = World::start().await;
    let shop = of_one_instant(&w).await;
    for (list, name, expected) in [
        ("/v1/agents", "/id", ROWS + 1),
        ("/v1/activity", "/record/requestId", 2 * ROWS),
        ("/v1/reservations", "/id", ROWS),
        ("/v1/reservations?state=held", "/id", ROWS),
        ("/v1/approvals", "/id", ROWS),
        ("/v1/approvals?state=waiting", "/id", ROWS),
        ("/v1/entities", "/id", ROWS),
    ] {
        let rows = in_pages_of_one(&shop.platform, list, name).await;
        let different: BTreeSet<String> = rows.iter().map(ToString::to_string).collect();
        assert_eq!((rows.len(), different.len()), (expected, expected), "{list}: {rows:?}");
        assert_eq!(in_pages_of_one(&shop.platform, list, name).await, rows, "{list}");
        let whole = shop.platform.get(list).send().await.ok().at("/items");
        let whole: Vec<Value> =
            whole.as_array().unwrap().iter().map(|item| item.pointer(name).unwrap().clone()).collect();
        assert_eq!(whole, rows, "{list}");
    }
}
