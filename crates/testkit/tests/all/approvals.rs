//! Approvals from end to end (APR-1): a call that needs a person never blocks, what was granted is carried out exactly
//! once, and nothing that a grant was bound to may change.

use procura_model::{Reason, time::DAY_MS};
use procura_testkit::{
    stub::Stub,
    world::{Buyer, Shop, World},
};
use serde_json::{Value, json};

async fn counter(w: &World) -> (Shop, Stub, Buyer) {
    let shop = w.tenant("shop").await;
    let stub = w.upstream().await;
    shop.server("stub", &stub.url()).await;
    let buyer = shop.agent("buyer").await;
    shop.permit(
        &buyer,
        json!({"effect": "allow", "actions": ["tool.call"], "resources": ["stub/*"], "approval": "always"}),
    )
    .await;
    (shop, stub, buyer)
}

async fn ask(buyer: &Buyer, arguments: &Value) -> String {
    let waits = buyer.call_tool("stub__echo", arguments.clone()).await.denied(Reason::ApprovalRequired);
    let denial = waits.denial();
    let id = denial["approvalId"].as_str().unwrap().to_owned();
    assert!(denial["approvalUrl"].as_str().unwrap().ends_with(&format!("/approvals/{id}")));
    assert!(denial["next"].as_str().unwrap().contains("exactly the same call"));
    id
}

async fn state(shop: &Shop, id: &str) -> String {
    shop.platform.get(&format!("/v1/approvals/{id}")).send().await.ok().text_at("/state")
}

#[tokio::test]
async fn a_granted_call_is_carried_out_once_when_it_is_sent_again() {
    let w = World::start().await;
    let (shop, stub, buyer) = counter(&w).await;
    let arguments = json!({"to": "ada", "n": 1.50});
    let id = ask(&buyer, &arguments).await;
    assert_eq!(ask(&buyer, &arguments).await, id, "the same call waits in the same place");
    assert!(stub.calls().is_empty());
    shop.approve(&id).await.unwrap();
    assert_eq!(state(&shop, &id).await, "granted");
    let done = buyer.call_tool("stub__echo", arguments.clone()).await.ok();
    assert_eq!(state(&shop, &id).await, "consumed");
    let next = ask(&buyer, &arguments).await;
    assert_ne!(next, id, "a used approval is used");
    assert_eq!(stub.calls().len(), 1);
    let trace = shop.ended_trace(done.request_id()).await;
    let named = trace["records"].as_array().unwrap().iter().any(|record| record["approvalId"] == json!(id));
    assert!(named, "{trace}");
    let approval = shop.platform.get(&format!("/v1/approvals/{id}")).send().await.ok();
    assert_eq!(approval.text_at("/consumedIn"), done.request_id().to_string());
    assert_eq!(approval.text_at("/decidedBy"), shop.owner.account.to_string());
    assert!(shop.trace(approval.text_at("/askedIn").parse().unwrap()).await.text().contains(&id));
}

#[tokio::test]
async fn of_64_same_calls_after_one_grant_exactly_one_is_carried_out() {
    let w = World::start().await;
    let (shop, stub, buyer) = counter(&w).await;
    for round in 0..3 {
        let arguments = json!({"round": round});
        let id = ask(&buyer, &arguments).await;
        shop.approve(&id).await.unwrap();
        stub.forget();
        let calls = (0..64).map(|_| buyer.call_tool("stub__echo", arguments.clone()));
        let called = futures_util::future::join_all(calls).await;
        assert_eq!(called.iter().filter(|called| called.is_ok()).count(), 1, "round {round}");
        for refused in called.iter().filter(|called| !called.is_ok()) {
            assert_eq!(refused.code(), Some(Reason::ApprovalRequired), "{}", refused.reply.text());
        }
        assert_eq!(stub.calls().len(), 1, "round {round}");
    }
}

#[tokio::test]
async fn of_64_same_questions_after_one_grant_exactly_one_is_allowed() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["pay"], "approval": "always"})).await;
    let id = buyer.verify("pay").amount("7").currency("USD").send().await.waits();
    shop.approve(&id).await.unwrap();
    let asked = (0..64).map(|_| buyer.verify("pay").amount("7").currency("USD").send());
    let answers = futures_util::future::join_all(asked).await;
    assert_eq!(answers.iter().filter(|answer| answer.0.at("/allowed") == json!(true)).count(), 1);
}

#[tokio::test]
async fn a_grant_is_for_nothing_but_the_very_call() {
    let w = World::start().await;
    let (shop, stub, buyer) = counter(&w).await;
    let arguments = json!({"to": "ada", "n": 1});
    let id = ask(&buyer, &arguments).await;
    shop.approve(&id).await.unwrap();
    for other in [
        json!({"to": "ada", "n": 2}),
        json!({"to": "ada"}),
        json!({"to": "ada", "n": 1, "cc": "eve"}),
        json!({"to": "Ada", "n": 1}),
        json!({"to": "ada", "n": "1"}),
        json!({}),
    ] {
        assert_ne!(ask(&buyer, &other).await, id, "{other}");
    }
    let other_tool =
        buyer.call_tool("stub__benign", arguments.clone()).await.denied(Reason::ApprovalRequired);
    assert_ne!(other_tool.denial()["approvalId"], json!(id));
    let seller = shop.agent("seller").await;
    shop.permit(&seller, json!({"effect": "allow", "actions": ["tool.call"], "approval": "always"})).await;
    assert_ne!(ask(&seller, &arguments).await, id, "another agent has its own");
    assert!(stub.calls().is_empty());
    let reordered = buyer.call_tool("stub__echo", json!({"n": 1, "to": "ada"})).await;
    reordered.ok();
    assert_eq!(stub.calls().len(), 1);
}

#[tokio::test]
async fn each_bound_field_of_a_question_is_bound() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["*"], "approval": "always"})).await;
    let base = json!({"action": "pay", "resource": "r/1", "vendor": "a.example", "amount": "7.00", "currency": "USD",
        "args": {"x": 1}});
    let send = async |body: Value| buyer.http.post("/v1/verify", &body).send().await.ok();
    let id = send(base.clone()).await.text_at("/approvalId");
    shop.approve(&id).await.unwrap();
    for (field, value) in [
        ("action", json!("pay.more")),
        ("resource", json!("r/2")),
        ("vendor", json!("b.example")),
        ("amount", json!("7.01")),
        ("currency", json!("EUR")),
        ("args", json!({"x": 2})),
    ] {
        let mut other = base.clone();
        other[field] = value;
        let answer = send(other).await;
        assert_eq!(answer.at("/allowed"), json!(false), "{field}: {}", answer.text());
        assert_ne!(answer.text_at("/approvalId"), id, "{field}");
    }
    let mut spelled = base;
    spelled["amount"] = json!(7);
    assert_eq!(send(spelled).await.at("/allowed"), json!(true), "7 and 7.00 are the same amount");
}

#[tokio::test]
async fn a_changed_policy_makes_grants_and_questions_stale() {
    let w = World::start().await;
    let (shop, stub, buyer) = counter(&w).await;
    let (granted, waiting) = (json!({"n": 1}), json!({"n": 2}));
    let first = ask(&buyer, &granted).await;
    shop.approve(&first).await.unwrap();
    let second = ask(&buyer, &waiting).await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["other"]})).await;
    assert_eq!((state(&shop, &first).await, state(&shop, &second).await), ("stale".into(), "stale".into()));
    assert_eq!(shop.approve(&second).await, Err(Reason::ApprovalClosed));
    assert_ne!(ask(&buyer, &granted).await, first);
    assert!(stub.calls().is_empty());
}

#[tokio::test]
async fn a_denied_call_stays_denied_and_an_old_grant_expires() {
    let w = World::start().await;
    let (shop, stub, buyer) = counter(&w).await;
    let arguments = json!({"n": 1});
    let id = ask(&buyer, &arguments).await;
    shop.deny(&id).await.unwrap();
    for _ in 0..3 {
        buyer.call_tool("stub__echo", arguments.clone()).await.denied(Reason::ApprovalDenied);
    }
    assert_eq!(shop.approve(&id).await, Err(Reason::ApprovalClosed));
    ask(&buyer, &json!({"n": 3})).await;
    let granted = ask(&buyer, &json!({"n": 2})).await;
    shop.approve(&granted).await.unwrap();
    w.advance_ms(DAY_MS + 1);
    assert_ne!(ask(&buyer, &json!({"n": 2})).await, granted);
    w.settle().await;
    assert_eq!(state(&shop, &granted).await, "expired");
    assert!(stub.calls().is_empty());
}

#[tokio::test]
async fn a_disabled_agent_cannot_use_what_was_granted() {
    let w = World::start().await;
    let (shop, stub, buyer) = counter(&w).await;
    let id = ask(&buyer, &json!({"n": 1})).await;
    shop.approve(&id).await.unwrap();
    shop.call(http::Method::POST, &format!("/v1/agents/{}/disable", buyer.id)).send().await.ok();
    let refused = buyer.call_tool("stub__echo", json!({"n": 1})).await;
    assert_eq!(refused.reply.status, 403, "{}", refused.reply.text());
    assert!(stub.calls().is_empty());
}

#[tokio::test]
async fn no_key_decides_whatever_its_scopes() {
    let w = World::start().await;
    let (shop, _stub, buyer) = counter(&w).await;
    let id = ask(&buyer, &json!({"n": 1})).await;
    for verb in ["grant", "deny"] {
        let path = format!("/v1/approvals/{id}/{verb}");
        shop.call(http::Method::POST, &path).send().await.refused(Reason::SelfApproval);
        buyer.http.call(http::Method::POST, &path).send().await.refused(Reason::SelfApproval);
    }
    assert_eq!(state(&shop, &id).await, "waiting");
}

#[tokio::test]
async fn the_inbox_of_an_agent_has_an_end() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["*"], "approval": "always"})).await;
    for n in 0..100 {
        buyer.verify(&format!("pay.{n}")).send().await.waits();
    }
    buyer.verify("pay.100").send().await.denied(Reason::TooManyWaiting);
    buyer.verify("pay.7").send().await.waits();
}
