//! The record (AUD-1, AUD-2): every request and decision stands in it, agents read their own alone, and what cannot be
//! recorded does not happen.

use procura_model::{Reason, Verdict};
use procura_testkit::world::World;
use serde_json::{Value, json};

#[tokio::test]
async fn every_answer_names_a_trace_that_tells_what_happened() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let asked = buyer.verify("pay").args(json!({"card": "x"})).send().await.denied(Reason::NoPermission);
    let trace = buyer.http.get(&format!("/v1/traces/{}", asked.request_id())).send().await.ok();
    assert_eq!(trace.text_at("/records/0/event"), "decision");
    assert_eq!(trace.text_at("/records/0/decision"), Verdict::Deny.as_str());
    assert_eq!(trace.text_at("/records/0/code"), "NO_PERMISSION");
    assert_eq!(trace.text_at("/records/0/actor"), buyer.key_id);
    assert_eq!(trace.at("/records/0/facts/ask/args/card"), json!("x"));
    for reply in [
        shop.platform.get("/v1/agents").send().await,
        shop.platform.get("/v1/agents/agt_00000000000000000000000000").send().await,
        shop.platform.post("/v1/agents", &json!({"name": ""})).send().await,
    ] {
        let trace = shop.trace(reply.request_id()).await.ok();
        assert_eq!(trace.text_at("/records/0/event"), "request.answered");
        assert_eq!(trace.at("/records/0/status"), json!(reply.status));
        assert_eq!(trace.at("/records/0/code"), json!(reply.code().map(Reason::code)));
    }
}

#[tokio::test]
async fn an_agent_reads_its_own_record_alone() {
    let w = World::start().await;
    let (shop, other) = (w.tenant("shop").await, w.tenant("other").await);
    let (buyer, seller) = (shop.agent("buyer").await, shop.agent("seller").await);
    let request = buyer.verify("pay.secretly").send().await.request_id();
    let path = format!("/v1/traces/{request}");
    buyer.http.get(&path).send().await.ok();
    seller.http.get(&path).send().await.refused(Reason::NotFound);
    other.platform.get(&path).send().await.refused(Reason::NotFound);
    let list = seller.http.get("/v1/activity").send().await.ok();
    assert!(!list.text().contains("pay.secretly"), "{}", list.text());
    let named = seller.http.get(&format!("/v1/activity?agentId={}", buyer.id)).send().await;
    named.refused(Reason::NotFound);
    buyer.http.get("/v1/changes").send().await.refused(Reason::ScopeMissing);
    assert!(buyer.http.get("/v1/activity").send().await.ok().text().contains("pay.secretly"));
    assert!(!other.platform.get("/v1/activity").send().await.ok().text().contains("pay.secretly"));
}

#[tokio::test]
async fn the_list_of_decisions_pages_and_filters() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["good.*"]})).await;
    for n in 0..7 {
        w.advance_ms(1_000);
        let action = if n % 2 == 0 { format!("good.{n}") } else { format!("bad.{n}") };
        buyer.verify(&action).send().await;
    }
    let mut seen = Vec::new();
    let mut path = "/v1/activity?limit=3".to_owned();
    for _ in 0..5 {
        let page = shop.platform.get(&path).send().await.ok();
        for row in page.at("/items").as_array().unwrap() {
            seen.push(row["record"]["action"].as_str().unwrap().to_owned());
        }
        match page.at("/nextCursor") {
            Value::String(cursor) => path = format!("/v1/activity?limit=3&cursor={cursor}"),
            _ => break,
        }
    }
    assert_eq!(seen, ["good.6", "bad.5", "good.4", "bad.3", "good.2", "bad.1", "good.0"]);
    let allowed = shop.platform.get("/v1/activity?decision=allow").send().await.ok();
    assert_eq!(allowed.at("/items").as_array().unwrap().len(), 4);
    let denied = shop.platform.get("/v1/activity?code=NO_PERMISSION").send().await.ok();
    assert_eq!(denied.at("/items").as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_allowed() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["pay"]})).await;
    buyer.verify("pay").send().await.allowed();
    w.app.store.close().await;
    let reply = buyer.verify("pay").send().await.0;
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert!(
        matches!(reply.code(), Some(Reason::RecordUnavailable | Reason::Unavailable)),
        "{}",
        reply.text()
    );
    assert_ne!(reply.at("/allowed"), json!(true));
    assert!(!reply.header("retry-after").is_empty());
    let ready = w.http.get("/readyz").send().await;
    assert_eq!(ready.status, 503, "{}", ready.text());
    w.http.get("/healthz").send().await.ok();
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_sent() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let stub = w.upstream().await;
    let buyer = shop.with_stub(&stub, json!({})).await;
    buyer.call_tool("stub__benign", json!({})).await.ok();
    stub.forget();
    w.app.store.close().await;
    for _ in 0..3 {
        let called = buyer.call_tool("stub__benign", json!({})).await;
        assert!(!called.is_ok(), "{}", called.reply.text());
        let text = called.reply.text();
        assert!(text.contains("UNAVAILABLE") || text.contains("STALE"), "{text}");
    }
    assert!(stub.calls().is_empty(), "something was sent without its record");
}

#[tokio::test]
async fn a_change_stands_in_the_record_with_its_author() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let permission = shop.permit(&buyer, json!({"effect": "allow", "actions": ["pay"]})).await;
    let changes = shop.platform.get("/v1/changes").send().await.ok();
    let rows = changes.at("/items");
    let row = |kind: &str| rows.as_array().unwrap().iter().find(|row| row["event"] == kind).cloned().unwrap();
    assert_eq!(row("permission.created")["target"], json!(permission));
    assert_eq!(row("agent.created")["target"], json!(buyer.id.to_string()));
    assert!(row("permission.created")["actor"].as_str().unwrap().starts_with("key_"));
    assert_eq!(row("organization.created")["actor"], json!(shop.owner.account.to_string()));
}

#[tokio::test]
async fn metadata_is_kept_without_its_secrets_or_not_at_all() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let secret = procura_testkit::stub::secrets().remove(1);
    let ask = || {
        buyer.verify("pay").with("metadata", json!({"note": "canary-note", "token": secret.clone()})).send()
    };
    let kept = shop.trace(ask().await.request_id()).await.ok().text();
    assert!(kept.contains("canary-note") && !kept.contains(&secret), "{kept}");
    shop.platform.patch("/v1/organization", &json!({"storeMetadata": false})).send().await.ok();
    let dropped = shop.trace(ask().await.request_id()).await.ok().text();
    assert!(!dropped.contains("canary-note"), "{dropped}");
}
