//! Guardrails (VER-2): Cedar policies of the organization above every permission. They only narrow, at once, for everybody;
//! and permissions can be read as Cedar.

use procura_model::Reason;
use procura_testkit::world::{Shop, World};
use serde_json::json;

const NO_GIFT_CARDS: &str =
    r#"forbid(principal, action, resource) when { context.action like "purchase.giftcard*" };"#;

async fn rail(shop: &Shop, name: &str, policy: &str) -> String {
    let made =
        shop.platform.post("/v1/guardrails", &json!({"name": name, "policy": policy})).send().await.ok();
    made.text_at("/id")
}

#[tokio::test]
async fn a_guardrail_holds_for_every_agent_from_the_next_request_until_it_is_removed() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let (one, other) = (shop.agent("one").await, shop.agent("other").await);
    for agent in [&one, &other] {
        shop.permit(agent, json!({"effect": "allow", "actions": ["purchase.*"]})).await;
        agent.verify("purchase.giftcard.100").send().await.allowed();
    }
    let id = rail(&shop, "no gift cards", NO_GIFT_CARDS).await;
    for agent in [&one, &other] {
        let no = agent.verify("purchase.giftcard.100").send().await.denied(Reason::GuardrailDenied);
        let reason = no.0.text_at("/reason");
        assert!(reason.contains("no gift cards") && reason.contains(&id), "{reason}");
        agent.verify("purchase.ticket").send().await.allowed();
    }
    let path = format!("/v1/guardrails/{id}");
    let other_text = json!({"name": "no tickets", "policy": NO_GIFT_CARDS.replace("giftcard", "ticket")});
    shop.platform.put(&path, &other_text).send().await.ok();
    one.verify("purchase.ticket").send().await.denied(Reason::GuardrailDenied);
    one.verify("purchase.giftcard.100").send().await.allowed();
    shop.platform.call(http::Method::DELETE, &path).send().await.ok();
    one.verify("purchase.ticket").send().await.allowed();
}

#[tokio::test]
async fn a_guardrail_can_ask_for_a_person_and_what_it_cannot_judge_is_denied() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["*"]})).await;
    let dear = r#"@obligation("approval") forbid(principal, action, resource) when { context has amount && context.amount > 5000000 };"#;
    let id = rail(&shop, "dear", dear).await;
    buyer.verify("pay").amount("500.00").currency("USD").send().await.allowed();
    buyer.verify("pay").amount("500.01").currency("USD").send().await.waits();
    shop.platform.call(http::Method::DELETE, &format!("/v1/guardrails/{id}")).send().await.ok();
    // A text is no number: Cedar alone would skip it.
    let seats = "forbid(principal, action, resource) when { context has args && context.args has n && context.args.n > 5 };";
    let id = rail(&shop, "seats", seats).await;
    let no = buyer.verify("pay").args(json!({"n": "six"})).send().await.denied(Reason::PolicyError);
    let reason = no.0.text_at("/reason");
    assert!(reason.contains("The guardrail seats") && !reason.contains("/0"), "{reason}");
    assert_eq!((no.0.text_at("/guardrailId"), no.0.at("/permissionId")), (id, serde_json::Value::Null));
    buyer.verify("pay").args(json!({"n": 5})).send().await.allowed();
}

#[tokio::test]
async fn a_guardrail_beats_an_approval_that_was_granted() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["*"], "approval": "always"})).await;
    let approval = buyer.verify("purchase.giftcard.1").send().await.waits();
    shop.approve(&approval).await.unwrap();
    rail(&shop, "no gift cards", NO_GIFT_CARDS).await;
    buyer.verify("purchase.giftcard.1").send().await.denied(Reason::GuardrailDenied);
}

#[tokio::test]
async fn what_is_no_guardrail_is_refused_with_what_cedar_says() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let post = async |name: &str, policy: &str| {
        let body = json!({"name": name, "policy": policy});
        shop.platform.post("/v1/guardrails", &body).send().await
    };
    for (policy, word) in [
        ("permit(principal, action, resource);", "forbid"),
        ("forbid(principal, action, resource) when { context. };", "Cedar"),
        ("nothing", "Cedar"),
        ("forbid(principal, action, resource) when { context.amuont > 50 };", "context.amuont"),
        ("forbid(principal, action, resource) when { context.vendor == \"x.com\" };", "context has vendor"),
        ("", "at least one"),
    ] {
        let refused = post("walked", policy).await.refused(Reason::FieldInvalid);
        assert!(refused.text_at("/error").contains(word), "{policy}: {}", refused.text_at("/error"));
    }
    post("", NO_GIFT_CARDS).await.refused(Reason::FieldInvalid);
    post("twice", NO_GIFT_CARDS).await.ok();
    post("twice", NO_GIFT_CARDS).await.refused(Reason::NameTaken);
}

#[tokio::test]
async fn permissions_are_read_as_cedar() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let id = shop
        .permit(
            &buyer,
            json!({"effect": "allow", "actions": ["purchase.*"], "vendors": ["*.x.com"],
                "maxAmount": {"value": "500", "currency": "USD"}}),
        )
        .await;
    shop.permit(
        &buyer,
        json!({"effect": "allow", "actions": ["rent"], "schedule": {"days": ["mon"], "from": "09:00", "to": "17:00"}}),
    )
    .await;
    let path = format!("/v1/agents/{}/permissions/cedar", buyer.id);
    let export = shop.platform.get(&path).send().await.ok();
    let text = export.text_at("/policies");
    assert!(text.contains(&id) && text.contains("context.amount <= 5000000"), "{text}");
    assert_eq!(export.at("/unsaid").as_array().map(Vec::len), Some(1), "{}", export.at("/unsaid"));
    let unsaid = export.text_at("/unsaid/0/what");
    assert!(unsaid.contains("schedule"), "{unsaid}");
}
