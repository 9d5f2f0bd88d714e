//! The policy as agents meet it (VER-1, VER-2, GTW-3): what is listed and what can be called agree, a permission is in
//! force at the next request, and every no says what is missing.

use procura_model::{Reason, time::HOUR_MS};
use procura_testkit::world::{Shop, World};
use serde_json::{Value, json};

#[tokio::test]
async fn nothing_is_allowed_until_somebody_allows_it() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let denied =
        buyer.verify("purchase").amount("742.00").currency("USD").send().await.denied(Reason::NoPermission);
    assert_eq!(denied.0.text_at("/missing"), "permission");
    let stub = w.upstream().await;
    shop.server("stub", &stub.url()).await;
    assert_eq!(buyer.tools().await, ["procura__read_more"]);
    buyer.call_tool("stub__benign", json!({})).await.denied(Reason::NoPermission);
    assert!(stub.calls().is_empty());
}

#[tokio::test]
async fn each_limit_of_a_permission_is_told_with_both_values() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    shop.permit(
        &buyer,
        json!({"effect": "allow", "actions": ["purchase.*"], "resources": ["ticket/*"],
            "vendors": ["coachella.com", "*.x.com"], "maxAmount": {"value": "500", "currency": "USD"},
            "conditions": [{"path": "args.seats", "op": "le", "value": 4}]}),
    )
    .await;
    let ask = || {
        buyer
            .verify("purchase.ticket")
            .resource("ticket/1")
            .vendor("coachella.com")
            .currency("USD")
            .args(json!({"seats": 2}))
    };
    ask().amount("500.00").send().await.allowed();
    ask().amount("742").send().await.denied(Reason::AmountOverLimit);
    let over = ask().amount("500.01").send().await.denied(Reason::AmountOverLimit).0.text_at("/reason");
    assert!(over.contains("500.01") && over.contains("500.00"), "{over}");
    ask().send().await.denied(Reason::AmountMissing);
    ask().amount("1").currency("EUR").send().await.denied(Reason::CurrencyMismatch);
    ask().amount("1").vendor("evil.com").send().await.denied(Reason::VendorNotAllowed);
    ask().amount("1").vendor("coachella.com.evil.com").send().await.denied(Reason::VendorNotAllowed);
    ask().amount("1").vendor("a.x.com").send().await.allowed();
    ask().amount("1").vendor("x.com").send().await.denied(Reason::VendorNotAllowed);
    ask().amount("1").args(json!({"seats": 5})).send().await.denied(Reason::ArgumentRefused);
    ask().amount("1").args(json!({"seats": "2"})).send().await.denied(Reason::ArgumentRefused);
    ask().amount("1").resource("hotel/1").send().await.denied(Reason::NoPermission);
    shop.permit(
        &buyer,
        json!({"effect": "block", "actions": ["purchase.ticket"], "resources": ["ticket/1"]}),
    )
    .await;
    ask().amount("1").send().await.denied(Reason::ActionBlocked);
}

#[tokio::test]
async fn a_change_of_policy_holds_at_the_next_request() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let first = buyer.verify("pay").send().await.denied(Reason::NoPermission);
    let id = shop.permit(&buyer, json!({"effect": "allow", "actions": ["pay"]})).await;
    let second = buyer.verify("pay").send().await.allowed();
    assert!(second.0.at("/policyVersion").as_i64() > first.0.at("/policyVersion").as_i64());
    let path = format!("/v1/permissions/{id}");
    let until = procura_model::Time::from_ms(w.clock.now().as_ms() + HOUR_MS).to_string();
    shop.platform
        .put(&path, &json!({"effect": "allow", "actions": ["pay"], "expiresAt": until}))
        .send()
        .await
        .ok();
    buyer.verify("pay").send().await.allowed();
    w.advance_ms(HOUR_MS);
    buyer.verify("pay").send().await.denied(Reason::PermissionExpired);
    shop.platform.delete(&path).send().await.ok();
    buyer.verify("pay").send().await.denied(Reason::NoPermission);
}

/// Permissions from nothing to everything.
fn policies() -> Vec<Vec<Value>> {
    let tool = |resource: &str| json!({"effect": "allow", "actions": ["tool.call"], "resources": [resource]});
    let only_small = json!({"effect": "allow", "actions": ["tool.call"], "resources": ["stub/echo"],
        "conditions": [{"path": "args.n", "op": "le", "value": 1}]});
    let only_absent = json!({"effect": "allow", "actions": ["tool.call"],
        "conditions": [{"path": "args.n", "op": "exists", "value": false}]});
    let elsewhere = json!({"effect": "allow", "actions": ["tool.call"], "vendors": ["elsewhere.example"]});
    let here = json!({"effect": "allow", "actions": ["tool.call"], "vendors": ["127.0.0.1"]});
    let block =
        |resource: &str| json!({"effect": "block", "actions": ["tool.call"], "resources": [resource]});
    let block_big = json!({"effect": "block", "actions": ["tool.call"], "resources": ["stub/echo"],
        "conditions": [{"path": "args.n", "op": "gt", "value": 1}]});
    let expired = json!({"effect": "allow", "actions": ["*"], "expiresAt": "2020-01-01T00:00:00Z"});
    let asks = json!({"effect": "allow", "actions": ["tool.call"], "resources": ["stub/benign"], "approval": "always"});
    vec![
        vec![],
        vec![tool("stub/benign")],
        vec![tool("stub/*")],
        vec![tool("*"), block("stub/benign")],
        vec![tool("*"), block("*")],
        vec![only_small.clone()],
        vec![only_small, block_big],
        vec![only_absent],
        vec![elsewhere],
        vec![here],
        vec![expired],
        vec![asks],
        vec![json!({"effect": "allow", "actions": ["purchase"]})],
    ]
}

#[tokio::test]
async fn what_is_listed_can_be_called_and_what_is_not_cannot() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let stub = w.upstream().await;
    shop.server("stub", &stub.url()).await;
    let mut listed_ones = 0;
    for (n, policy) in policies().into_iter().enumerate() {
        let agent = shop.agent(&format!("agent {n}")).await;
        for permission in &policy {
            shop.permit(&agent, permission.clone()).await;
        }
        let listed = agent.tools().await;
        for tool in ["benign", "echo", "error"] {
            let name = format!("stub__{tool}");
            let mut passes = false;
            for arguments in [json!({}), json!({"n": 1}), json!({"n": 2}), json!({"n": "x"})] {
                stub.forget();
                let called = agent.call_tool(&name, arguments).await;
                let is_sent = !stub.calls().is_empty();
                passes |= is_sent || called.code() == Some(Reason::ApprovalRequired);
                assert_eq!(called.code().is_none(), is_sent, "{policy:?}: {}", called.reply.text());
            }
            let is_listed = listed.contains(&name);
            assert_eq!(is_listed, passes, "{name} under {policy:?}");
            listed_ones += usize::from(is_listed);
            let own = agent.mcp_of("stub").tools().await;
            assert_eq!(own.contains(&tool.to_owned()), is_listed, "{tool} at its own mount under {policy:?}");
        }
    }
    assert!(listed_ones >= 8, "{listed_ones}");
}

#[tokio::test]
async fn the_amount_of_a_tool_stands_where_its_settings_say() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let stub = w.upstream().await;
    let settings = json!({"tools": {"echo": {"amountPath": "total.value", "currency": "USD"}}});
    shop.server_with(json!({"name": "stub", "url": stub.url(), "settings": settings})).await;
    let buyer = shop.agent("buyer").await;
    shop.permit(
        &buyer,
        json!({"effect": "allow", "actions": ["tool.call"], "resources": ["stub/echo"],
            "maxAmount": {"value": "100", "currency": "USD"}}),
    )
    .await;
    let call = |amount: Value| buyer.call_tool("stub__echo", json!({"total": {"value": amount}}));
    call(json!("100.00")).await.ok();
    call(json!(100)).await.ok();
    call(json!("100.01")).await.denied(Reason::AmountOverLimit);
    call(json!(-1)).await.denied(Reason::AmountInvalid);
    call(Value::Null).await.denied(Reason::AmountMissing);
    assert_eq!(stub.calls().len(), 2);
}

#[tokio::test]
async fn an_explanation_decides_nothing() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["pay"], "approval": "always"})).await;
    let explained = buyer.http.post("/v1/verify/explain", &json!({"action": "pay"})).send().await.ok();
    assert_eq!(explained.text_at("/decision"), "needs_approval");
    assert_eq!(approvals(&shop).await, 0);
    let far = buyer.http.post("/v1/verify/explain", &json!({"action": "travel"})).send().await.ok();
    assert_eq!(far.text_at("/code"), "NO_PERMISSION");
    buyer.verify("pay").send().await.waits();
    assert_eq!(approvals(&shop).await, 1);
}

async fn approvals(shop: &Shop) -> usize {
    shop.platform.get("/v1/approvals").send().await.ok().at("/items").as_array().unwrap().len()
}
