//! What a policy would have said of the past (VER-5): the policy that decided decides the same again, a draft shows what
//! it would change, what cannot be replayed is counted, and a permission in shadow changes nothing.

use procura_model::{
    Entropy, Reason, Scope,
    time::{DAY_MS, HOUR_MS, MINUTE_MS},
};
use procura_testkit::{
    business::signed_token,
    world::{Buyer, Reply, Shop, World},
};
use serde_json::{Value, json};

const PATH: &str = "/v1/policies/simulate";

/// Chance that repeats.
struct Dice(Entropy);

impl Dice {
    fn below(&self, sides: usize) -> usize {
        usize::try_from(self.0.u128() % u128::try_from(sides).unwrap()).unwrap()
    }

    fn pick<'t>(&self, words: &[&'t str]) -> &'t str {
        words[self.below(words.len())]
    }

    fn one_in(&self, sides: usize) -> bool {
        self.below(sides) == 0
    }
}

async fn simulate(shop: &Shop, body: Value) -> Reply {
    let found = shop.platform.post(PATH, &body).send().await.ok();
    let sum = |at: &str| -> u64 {
        found.at(at).as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
    };
    let count = |at: &str| found.at(at).as_u64().unwrap();
    assert_eq!(
        count("/rows"),
        count("/replayed") + sum("/notReplayable") + sum("/otherGates"),
        "{}",
        found.text()
    );
    assert_eq!(count("/replayed"), count("/same") + sum("/flips"), "{}", found.text());
    found
}

fn flips(found: &Reply) -> Value {
    found.at("/flips")
}

fn no_flips() -> Value {
    json!({"denyToAllow": 0, "allowToDeny": 0, "toApproval": 0, "fromApproval": 0})
}

/// Permissions of every kind that there is.
fn every_kind(now: procura_model::Time) -> Vec<Value> {
    let usd = |value: &str| json!({"value": value, "currency": "USD"});
    vec![
        json!({"effect": "allow", "actions": ["purchase.*"], "vendors": ["shop.example", "*.tickets.example"],
            "maxAmount": usd("500"), "window": {"amount": usd("3000"), "per": "P2D"}}),
        json!({"effect": "allow", "actions": ["read.*"]}),
        json!({"effect": "block", "actions": ["read.secret"], "resources": ["vault/*"],
            "conditions": [{"path": "args.level", "op": "gt", "value": 3}]}),
        json!({"effect": "allow", "actions": ["travel"], "approval": "always"}),
        json!({"effect": "allow", "actions": ["gift"], "approval": {"above": usd("100")},
            "window": {"count": 25, "per": "PT12H"}}),
        json!({"effect": "allow", "actions": ["night.*"],
            "schedule": {"days": ["mon", "wed", "thu", "sat"], "from": "20:00", "to": "06:30", "timeZone": "Europe/Rome"}}),
        json!({"effect": "allow", "actions": ["soon"], "notBefore": now.plus_ms(3 * DAY_MS).to_string()}),
        json!({"effect": "allow", "actions": ["long"], "expiresAt": now.plus_ms(4 * DAY_MS).to_string()}),
        json!({"effect": "allow", "actions": ["profile"], "user": "ada"}),
        json!({"effect": "allow", "actions": ["orders"],
            "conditions": [{"path": "args.customer", "op": "eq", "ref": "user.id"}]}),
        json!({"effect": "allow", "actions": ["move"], "conditions": [
            {"path": "args.to", "op": "ne", "ref": "args.from"}, {"path": "args.n", "op": "le", "value": 10}]}),
        json!({"effect": "block", "actions": ["read.*"], "shadow": true}),
        json!({"effect": "allow", "actions": ["spend"], "maxAmount": usd("50"), "shadow": true,
            "window": {"amount": usd("200"), "per": "P1D"}}),
    ]
}

/// A random question.
fn question(dice: &Dice) -> Value {
    let action = dice.pick(&[
        "purchase.seat",
        "purchase.seat",
        "purchase.bulk",
        "read.file",
        "read.secret",
        "travel",
        "gift",
        "gift",
        "night.run",
        "soon",
        "long",
        "profile",
        "orders",
        "move",
        "spend",
        "unknown",
    ]);
    let mut ask = json!({"action": action});
    if dice.one_in(2) || action.starts_with("purchase") {
        ask["vendor"] =
            json!(dice.pick(&["shop.example", "box.tickets.example", "evil.example", "SHOP.example."]));
    }
    if !dice.one_in(3) {
        ask["amount"] =
            json!(dice.pick(&["0", "7.50", "49.99", "99.9999", "100", "250", "499", "501", "742.00"]));
        if !dice.one_in(3) {
            ask["currency"] = json!(dice.pick(&["USD", "USD", "USD", "EUR"]));
        }
    }
    if !dice.one_in(3) {
        ask["resource"] = json!(dice.pick(&["vault/a", "shop/refund", "Vault/b", "x"]));
    }
    if !dice.one_in(3) {
        ask["args"] = json!({
            "level": dice.below(7), "customer": dice.pick(&["ada", "bob", "eve"]), "n": dice.below(14),
            "from": dice.pick(&["a", "b"]), "to": dice.pick(&["a", "b"]), "note": "x".repeat(dice.below(40)),
        });
    }
    ask
}

/// Ada and Bob, for whom the agent acts from now on.
async fn users(w: &World, agent: &Buyer, secret: &str) -> Vec<Buyer> {
    let mut acting = Vec::new();
    for name in ["ada", "bob"] {
        let user = json!({"userId": name, "role": "clerk", "exp": w.app.now().as_ms() / 1_000 + 3_000});
        acting.push(agent.acting_in(&agent.open_session(&signed_token(&user, secret)).await.ok()));
    }
    acting
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn the_policy_that_decided_decides_the_same_again() {
    const ASKS: usize = 2_000;
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    for permission in every_kind(w.app.now()) {
        shop.permit(&buyer, permission).await;
    }
    let dice = Dice(Entropy::seeded(4));
    let secret = shop.user_signed_token(&buyer).await;
    let mut acting = users(&w, &buyer, &secret).await;
    let (mut answers, mut waiting) = (std::collections::BTreeMap::<String, usize>::new(), Vec::new());
    for _ in 0..ASKS {
        w.advance_ms(i64::try_from(dice.below(usize::try_from(8 * MINUTE_MS).unwrap())).unwrap());
        let who = match dice.below(3) {
            0 => buyer.clone(),
            user => acting[user - 1].clone(),
        };
        let ask = match waiting.pop() {
            Some((ask, who_asked)) if dice.one_in(2) => {
                repeat(&who_asked, &ask, &mut answers).await;
                question(&dice)
            }
            _ => question(&dice),
        };
        let reply = who.http.post("/v1/verify", &ask).send().await;
        if reply.status == 401 {
            // The sessions have ended, and the users come again.
            acting = users(&w, &buyer, &secret).await;
            continue;
        }
        let reply = reply.ok();
        *answers.entry(format!("{} {}", reply.text_at("/decision"), reply.text_at("/code"))).or_default() +=
            1;
        if let Value::String(approval) = reply.at("/approvalId") {
            match dice.below(4) {
                0 => {}
                1 => drop(shop.deny(&approval).await),
                _ => drop(shop.approve(&approval).await),
            }
            waiting.push((ask, who));
        }
        if let Value::String(reservation) = reply.at("/reservationId") {
            let verb = dice.pick(&["commit", "release", "wait"]);
            if verb != "wait" {
                let path = format!("/v1/reservations/{reservation}/{verb}");
                buyer.http.post(&path, &json!({})).send().await.ok();
            }
        }
    }
    for wanted in [
        "allow ALLOWED",
        "deny BUDGET_EXCEEDED",
        "deny OUTSIDE_SCHEDULE",
        "deny APPROVAL_DENIED",
        "needs_approval APPROVAL_REQUIRED",
        "deny USER_MISMATCH",
        "deny PERMISSION_EXPIRED",
        "deny ACTION_BLOCKED",
        "deny PERMISSION_NOT_YET_VALID",
        "deny CURRENCY_MISMATCH",
        "deny ARGUMENT_REFUSED",
        "deny AMOUNT_MISSING",
        "deny VENDOR_NOT_ALLOWED",
        "deny AMOUNT_OVER_LIMIT",
        "deny NO_PERMISSION",
    ] {
        assert!(answers.contains_key(wanted), "{wanted} was never answered: {answers:?}");
    }
    for body in [json!({"agentId": buyer.id.to_string()}), json!({})] {
        let found = simulate(&shop, body).await;
        assert_eq!(flips(&found), no_flips(), "{}", found.text());
        assert_eq!(found.at("/isComplete"), json!(true));
        let told: Vec<String> = found.at("/notReplayable").as_object().unwrap().keys().cloned().collect();
        assert!(told.iter().all(|why| why == "userFacts" || why == "redacted"), "{}", found.text());
        let replayed = found.at("/replayed").as_u64().unwrap();
        // What names the user for whom it is asked is not recorded, so that part of the calls stays untold.
        assert!(replayed > u64::try_from(ASKS).unwrap() * 7 / 10, "{}", found.text());
        assert_eq!(found.at("/otherGates"), json!({}), "{}", found.text());
    }
    // The same permissions, sent as a draft: still nothing.
    let stand = shop.platform.get(&format!("/v1/agents/{}/permissions", buyer.id)).send().await.ok();
    let draft: Vec<Value> =
        stand.at("/items").as_array().unwrap().iter().map(|item| item["permission"].clone()).collect();
    let found = simulate(&shop, json!({"agentId": buyer.id.to_string(), "permissions": draft})).await;
    assert_eq!(flips(&found), no_flips(), "{}", found.text());
}

/// Asks again what a person has answered by now.
async fn repeat(who: &Buyer, ask: &Value, answers: &mut std::collections::BTreeMap<String, usize>) {
    let reply = who.http.post("/v1/verify", ask).send().await;
    if reply.status == 200 {
        *answers.entry(format!("{} {}", reply.text_at("/decision"), reply.text_at("/code"))).or_default() +=
            1;
    }
}

#[tokio::test]
async fn a_draft_shows_what_it_would_change_the_dangerous_first() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["pay"]})).await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["gift"], "approval": "always"})).await;
    let mut requests = std::collections::BTreeMap::new();
    for action in ["pay", "travel", "gift", "read", "pay", "travel"] {
        w.advance_ms(1_000);
        requests.insert(action, buyer.verify(action).send().await.request_id().to_string());
    }
    let draft = json!([
        {"effect": "allow", "actions": ["travel", "gift"]},
        {"effect": "allow", "actions": ["read"], "approval": "always"},
    ]);
    let body = json!({"agentId": buyer.id.to_string(), "permissions": draft});
    let found = simulate(&shop, body.clone()).await;
    assert_eq!(
        flips(&found),
        json!({"denyToAllow": 2, "allowToDeny": 2, "toApproval": 1, "fromApproval": 1})
    );
    let listed = found.at("/listed");
    let kinds: Vec<&str> =
        listed.as_array().unwrap().iter().map(|flip| flip["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["denyToAllow", "denyToAllow", "allowToDeny", "allowToDeny", "toApproval", "fromApproval"]
    );
    let newest = &listed[0];
    assert_eq!(newest["requestId"], json!(requests["travel"]), "the newest of a kind first");
    assert_eq!(newest["was"], json!({"decision": "deny", "code": "NO_PERMISSION", "permissionId": null}));
    assert_eq!(newest["would"]["decision"], json!("allow"));
    assert_eq!((&newest["action"], &newest["agentId"]), (&json!("travel"), &json!(buyer.id.to_string())));
    assert!(listed[2]["reason"].as_str().unwrap().contains("No permission"), "{}", listed[2]);
    assert_eq!(listed[2]["was"]["permissionId"].as_str().map(|id| id.starts_with("per_")), Some(true));

    // A stretch of the past, and the newest alone.
    let now = w.app.now();
    let mut stretch = body.clone();
    stretch["from"] = json!(now.plus_ms(-1_500).to_string());
    assert_eq!(simulate(&shop, stretch).await.at("/rows"), json!(2));
    let mut before = body.clone();
    before["to"] = json!(now.plus_ms(-1_500).to_string());
    assert_eq!(simulate(&shop, before).await.at("/rows"), json!(4));
    for (limit, is_complete) in [(2, false), (6, true), (7, true)] {
        let mut newest = body.clone();
        newest["limit"] = json!(limit);
        let found = simulate(&shop, newest).await;
        assert_eq!(found.at("/rows"), json!(limit.min(6)));
        assert_eq!(found.at("/isComplete"), json!(is_complete), "{limit}");
    }
    // Nothing came of asking.
    assert_eq!(flips(&simulate(&shop, json!({})).await), no_flips());
    assert_eq!(shop.platform.get("/v1/activity").send().await.ok().at("/items").as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn what_cannot_be_replayed_is_counted_with_its_reason() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["*"]})).await;
    let secret = procura_testkit::stub::secrets().remove(1);
    buyer.verify("login").args(json!({"token": secret})).send().await.allowed();
    buyer.verify("write").args(json!({"text": "long ".repeat(5_000)})).send().await.allowed();
    buyer.verify("pay").amount("5").currency("USD").send().await.allowed();
    let user_secret = shop.user_signed_token(&buyer).await;
    let acting = users(&w, &buyer, &user_secret).await;
    acting[0].verify("look").send().await.allowed();
    let stub = w.upstream().await;
    shop.server("stub", &stub.url()).await;
    buyer.call_tool("stub__nothing-like-it", json!({})).await;
    let agent = buyer.id.to_string();
    let found = simulate(&shop, json!({"agentId": agent})).await;
    assert_eq!(flips(&found), no_flips());
    assert_eq!(found.at("/notReplayable"), json!({"redacted": 1, "tooLong": 1}), "{}", found.text());
    assert_eq!(found.at("/otherGates"), json!({"TOOL_UNKNOWN": 1}));
    assert_eq!(found.at("/replayed"), json!(2));

    let draft = json!([
        {"effect": "allow", "actions": ["login", "write"]},
        {"effect": "allow", "actions": ["pay"], "window": {"count": 3, "per": "P1D"}},
        {"effect": "allow", "actions": ["look"], "conditions": [{"path": "args.id", "op": "eq", "ref": "user.id"}]},
    ]);
    let found = simulate(&shop, json!({"agentId": agent, "permissions": draft})).await;
    let unknown = json!({"redacted": 1, "tooLong": 1, "spending": 1, "userFacts": 1});
    assert_eq!(found.at("/notReplayable"), unknown, "{}", found.text());
    assert!(!found.text().contains(&secret));
}

#[tokio::test]
async fn a_window_is_replayed_by_what_was_spent_then() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let limited = |value: &str| {
        json!({"effect": "allow", "actions": ["pay"],
            "window": {"amount": {"value": value, "currency": "USD"}, "per": "P30D"}})
    };
    let id = shop.permit(&buyer, limited("1000")).await;
    for amount in ["400", "400", "400", "200"] {
        w.advance_ms(HOUR_MS);
        buyer.verify("pay").amount(amount).currency("USD").send().await;
    }
    let agent = buyer.id.to_string();
    let under = async |limit: &str| {
        let mut draft = limited(limit);
        draft["id"] = json!(id);
        let found = simulate(&shop, json!({"agentId": agent, "permissions": [draft]})).await;
        assert_eq!(found.at("/notReplayable"), json!({}), "{}", found.text());
        flips(&found)
    };
    assert_eq!(under("1000").await, no_flips());
    // The third asked for 400 with 800 spent; the fourth for 200 with 800 spent.
    assert_eq!(under("1200").await["denyToAllow"], json!(1));
    let narrow = under("900").await;
    assert_eq!((&narrow["allowToDeny"], &narrow["denyToAllow"]), (&json!(1), &json!(0)));
    let explained =
        buyer.http.post("/v1/verify/explain", &json!({"action": "pay", "amount": "1", "currency": "USD"}));
    let explained = explained.send().await.ok();
    assert_eq!(explained.text_at("/code"), "BUDGET_EXCEEDED", "{}", explained.text());
    assert!(
        explained.text_at("/reason").contains("what is left: 0.00 of 1000.00 USD within 30 days"),
        "{}",
        explained.text()
    );
}

#[tokio::test]
async fn an_explanation_reads_what_was_spent_and_names_what_came_near() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let usd = |value: &str| json!({"value": value, "currency": "USD"});
    let spent = shop
        .permit(
            &buyer,
            json!({"effect": "allow", "actions": ["pay"], "window": {"amount": usd("100"), "per": "P1D"}}),
        )
        .await;
    let small =
        shop.permit(&buyer, json!({"effect": "allow", "actions": ["pay"], "maxAmount": usd("10")})).await;
    buyer.verify("pay").amount("80").currency("USD").send().await.allowed();
    for _ in 0..2 {
        let explained = buyer
            .http
            .post("/v1/verify/explain", &json!({"action": "pay", "amount": "30", "currency": "USD"}));
        let explained = explained.send().await.ok();
        assert_eq!(explained.text_at("/code"), "BUDGET_EXCEEDED");
        assert_eq!(explained.text_at("/permissionId"), spent);
        assert_eq!(explained.at("/near/0/permissionId"), json!(small), "{}", explained.text());
        assert!(
            explained.text_at("/near/0/sentence").contains("30.00 USD exceeds 10.00 USD"),
            "{}",
            explained.text()
        );
    }
    let fits =
        buyer.http.post("/v1/verify/explain", &json!({"action": "pay", "amount": "20", "currency": "USD"}));
    let fits = fits.send().await.ok();
    assert_eq!(fits.at("/allowed"), json!(true), "asking took nothing: {}", fits.text());
}

#[tokio::test]
async fn what_a_guardrail_refused_is_counted_by_its_code_whatever_the_draft_says() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["purchase.*"]})).await;
    for (name, policy) in [
        (
            "cards",
            r#"forbid(principal, action, resource) when { context.action like "purchase.giftcard*" };"#,
        ),
        (
            "dear",
            r#"@obligation("approval") forbid(principal, action, resource) when { context has amount && context.amount > 500000 };"#,
        ),
    ] {
        shop.platform.post("/v1/guardrails", &json!({"name": name, "policy": policy})).send().await.ok();
    }
    let ask =
        async |action: &str, amount: &str| buyer.verify(action).amount(amount).currency("USD").send().await;
    ask("purchase.giftcard", "10").await.denied(Reason::GuardrailDenied);
    ask("purchase.ticket", "60").await.waits();
    ask("purchase.ticket", "10").await.allowed();
    let found = simulate(&shop, json!({"agentId": buyer.id.to_string(), "permissions": []})).await;
    assert_eq!(found.at("/otherGates"), json!({"GUARDRAIL_DENIED": 1}), "{}", found.text());
    let flipped = json!({"denyToAllow": 0, "allowToDeny": 1, "toApproval": 0, "fromApproval": 1});
    assert_eq!(flips(&found), flipped, "{}", found.text());
    let as_it_is = simulate(&shop, json!({"agentId": buyer.id.to_string()})).await;
    assert_eq!((flips(&as_it_is), as_it_is.at("/same")), (no_flips(), json!(2)), "{}", as_it_is.text());
}

#[tokio::test]
async fn a_permission_in_shadow_changes_nothing_and_is_counted() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let other = shop.agent("other").await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["read.*", "pay"]})).await;
    let block =
        shop.permit(&buyer, json!({"effect": "block", "actions": ["read.secret"], "shadow": true})).await;
    let allow = shop.permit(&other, json!({"effect": "allow", "actions": ["fly"], "shadow": true})).await;
    buyer.verify("read.file").send().await.allowed();
    let secret = buyer.verify("read.secret").send().await.allowed().request_id();
    buyer.verify("read.secret").send().await.allowed();
    buyer.verify("pay").send().await.allowed();
    other.verify("fly").send().await.denied(Reason::NoPermission);
    let trace = shop.trace(secret).await.ok();
    let decision = trace
        .at("/records")
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["event"] == "decision")
        .cloned()
        .unwrap();
    assert_eq!(decision["facts"]["shadow"]["decision"], json!("deny"), "{decision}");
    assert_eq!(decision["facts"]["shadow"]["code"], json!("ACTION_BLOCKED"));
    assert_eq!(decision["target"], json!(block));
    let all = shop.platform.get("/v1/policies/shadow").send().await.ok();
    assert_eq!(flips(&all), json!({"denyToAllow": 1, "allowToDeny": 2, "toApproval": 0, "fromApproval": 0}));
    assert_eq!(all.at("/isComplete"), json!(true));
    let of = |agent: &Buyer| format!("/v1/policies/shadow?agentId={}", agent.id);
    let own = shop.platform.get(&of(&buyer)).send().await.ok();
    assert_eq!(own.at("/permissions/0/permissionId"), json!(block));
    assert_eq!(own.at("/permissions/0/flips/allowToDeny"), json!(2));
    assert_eq!(own.at("/permissions").as_array().unwrap().len(), 1);
    assert_eq!(own.at("/listed/1/requestId"), json!(secret.to_string()));
    let theirs = shop.platform.get(&of(&other)).send().await.ok();
    assert_eq!(theirs.at("/listed/0/kind"), json!("denyToAllow"));
    assert_eq!(theirs.at("/permissions/0/permissionId"), json!(allow));
    let later = w.app.now().plus_ms(1).to_string();
    let none = shop.platform.get(&format!("{}&from={later}", of(&buyer))).send().await.ok();
    assert_eq!((flips(&none), none.at("/listed")), (no_flips(), json!([])));
    assert_eq!(flips(&simulate(&shop, json!({})).await), no_flips(), "a shadow is no part of the policy");
}

#[tokio::test]
async fn nobody_else_simulates() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let stranger = w.tenant("stranger").await;
    buyer.verify("pay").send().await.denied(Reason::NoPermission);
    let body = json!({"agentId": buyer.id.to_string()});
    let shadow = format!("/v1/policies/shadow?agentId={}", buyer.id);
    w.http.post(PATH, &body).send().await.refused(Reason::CredentialMissing);
    stranger.platform.post(PATH, &body).send().await.refused(Reason::NotFound);
    stranger.platform.get(&shadow).send().await.refused(Reason::NotFound);
    assert_eq!(stranger.platform.post(PATH, &json!({})).send().await.ok().at("/rows"), json!(0));
    buyer.http.post(PATH, &body).send().await.refused(Reason::ScopeMissing);
    for scope in [Scope::ReadActivity, Scope::ReadPermissions] {
        let key = shop.platform_key(&[scope]).await;
        key.post(PATH, &body).send().await.refused(Reason::ScopeMissing);
        key.get(&shadow).send().await.refused(Reason::ScopeMissing);
    }
    let key = shop.platform_key(&[Scope::ReadActivity, Scope::ReadPermissions]).await;
    assert_eq!(key.post(PATH, &body).send().await.ok().at("/rows"), json!(1));
    key.get(&shadow).send().await.ok();
}

#[tokio::test]
async fn a_draft_that_could_not_be_saved_is_refused_by_name() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let agent = buyer.id.to_string();
    for (body, named) in [
        (
            json!({"agentId": agent, "permissions": [{"effect": "allow", "actions": ["a"]}, {"effect": "allow", "actions": []}]}),
            "permissions[1]",
        ),
        (
            json!({"agentId": agent, "permissions": [{"effect": "allow", "actions": ["a"], "maxCalls": 3}]}),
            "maxCalls",
        ),
        (json!({"permissions": [{"effect": "allow", "actions": ["a"]}]}), "agentId"),
        (json!({"agentId": agent, "limit": 0}), "limit"),
        (json!({"agentId": agent, "limit": 10_000_001}), "limit"),
        (json!({"agentId": agent, "since": "2026-01-01T00:00:00Z"}), "since"),
        (
            json!({"agentId": agent, "permissions": vec![json!({"effect": "allow", "actions": ["a"]}); 501]}),
            "500",
        ),
    ] {
        let refused = shop.platform.post(PATH, &body).send().await.refused(Reason::FieldInvalid);
        assert!(refused.text_at("/error").contains(named), "{named}: {}", refused.text());
        let refused = shop.platform.post(PATH, &body).header("accept", "application/x-ndjson").send().await;
        refused.refused(Reason::FieldInvalid);
    }
}

#[tokio::test]
async fn progress_comes_in_lines_and_the_result_last() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["pay"]})).await;
    for action in ["pay", "read", "pay"] {
        buyer.verify(action).send().await;
    }
    procura_store::testing::multiply_history(&w.app.store).await;
    let body = json!({"agentId": buyer.id.to_string(), "permissions": []});
    let reply = shop.platform.post(PATH, &body).header("accept", "application/x-ndjson").send().await.ok();
    assert_eq!(reply.header("content-type"), "application/x-ndjson");
    let lines: Vec<Value> = reply.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (last, before) = lines.split_last().unwrap();
    assert!(!before.is_empty(), "{}", reply.text());
    let rows: Vec<u64> = before.iter().map(|line| line["progress"]["rows"].as_u64().unwrap()).collect();
    assert!(rows.windows(2).all(|pair| pair[0] < pair[1]), "{rows:?}");
    assert_eq!(last["result"]["rows"], json!(3 * 1_024));
    assert_eq!(last["result"]["flips"]["allowToDeny"], json!(2 * 1_024));
    assert_eq!(last["result"]["listed"].as_array().unwrap().len(), 200);
    let whole = simulate(&shop, body).await;
    assert_eq!(whole.json(), last["result"], "the same with and without progress");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_history_is_read_ahead_and_not_held() {
    const ASKS: u64 = 49;
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    for permission in every_kind(w.app.now()) {
        shop.permit(&buyer, permission).await;
    }
    let dice = Dice(Entropy::seeded(5));
    for _ in 0..ASKS {
        w.advance_ms(1_000);
        buyer.http.post("/v1/verify", &question(&dice)).send().await.ok();
    }
    procura_store::testing::multiply_history(&w.app.store).await;
    for body in [json!({}), json!({"agentId": buyer.id.to_string()})] {
        let began = std::time::Instant::now();
        let found = simulate(&shop, body).await;
        let took = began.elapsed();
        assert_eq!(found.at("/rows"), json!(ASKS * 1_024));
        assert_eq!(flips(&found), no_flips(), "{}", found.text());
        eprintln!(
            "{} decisions in {took:?}: {:?} each",
            ASKS * 1_024,
            took / u32::try_from(ASKS * 1_024).unwrap()
        );
        // Unoptimised, and beside other tests: a bound for mistakes of another order, such as a query for each row.
        assert!(took.as_secs() < 60, "{took:?}");
    }
}

#[tokio::test]
async fn the_page_simulates_with_and_without_its_script() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let shadow = shop.permit(&buyer, json!({"effect": "block", "actions": ["pay"], "shadow": true})).await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["pay"]})).await;
    buyer.verify("pay").send().await.allowed();
    let denied = buyer.verify("travel").send().await.denied(Reason::NoPermission).request_id();
    let agent = buyer.id.to_string();
    let page = shop.owner.page(&format!("/policies/simulation?agent={agent}")).await.ok().text();
    assert!(page.contains("&#34;actions&#34;: [&#34;pay&#34;]") && page.contains(&shadow), "{page}");
    let draft = r#"[{"effect":"allow","actions":["travel"]}]"#;
    let fields = [("agent", agent.as_str()), ("permissions", draft), ("from", ""), ("to", "")];
    let found = shop.owner.submit("/policies/simulation", &fields).await.ok().text();
    assert!(
        found.contains("2 answers would change") && found.contains(&format!("/activity/{denied}")),
        "{found}"
    );
    assert!(found.find("travel").unwrap() < found.len());
    let lines = shop.owner.submit("/policies/simulation/lines", &fields).await.ok();
    let last: Value = serde_json::from_str(lines.text().lines().last().unwrap()).unwrap();
    assert!(last["html"].as_str().unwrap().contains("2 answers would change"), "{}", lines.text());
    let wrong = [("agent", agent.as_str()), ("permissions", "[{}]"), ("from", "yesterday"), ("to", "")];
    let refused = shop.owner.submit("/policies/simulation", &wrong).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("This is not a time."), "{}", refused.text());
    assert_eq!(shop.owner.submit("/policies/simulation/lines", &wrong).await.status, 422);
    let policies = shop.owner.page("/policies").await.ok().text();
    assert!(policies.contains("Shadow: block") && policies.contains("/policies/simulation"), "{policies}");
    let trace = shop.owner.page(&format!("/activity/{denied}")).await.ok().text();
    assert!(trace.contains(&format!("/policies/simulation?agent={agent}")), "{trace}");
    let stranger = w.tenant("stranger").await;
    let foreign = stranger.owner.page(&format!("/policies/simulation?agent={agent}")).await;
    assert_eq!(foreign.status, 404, "{}", foreign.text());
    assert_eq!(stranger.owner.submit("/policies/simulation", &fields).await.status, 404);
}
