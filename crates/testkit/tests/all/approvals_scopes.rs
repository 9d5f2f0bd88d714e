//! For how much a person grants (APR-1): once, so many times, until, for the task, and by a pattern that everybody can
//! see; and what no grant survives: another field, another currency, another policy, another time.

use futures_util::future::join_all;
use http::Method;
use procura_app::approvals::{Given, Grant};
use procura_model::{
    ApprovalState, Permission, Reason, Role,
    time::{DAY_MS, HOUR_MS, MINUTE_MS},
};
use procura_testkit::{
    business,
    world::{Buyer, NOON, Reply, Shop, World},
};
use serde_json::{Value, json};

/// A shop whose buyer needs a person for everything.
async fn counter(w: &World) -> (Shop, Buyer) {
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["*"], "approval": "always"})).await;
    (shop, buyer)
}

fn purchase() -> Value {
    json!({"action": "pay", "resource": "r/1", "vendor": "a.example", "amount": "742.00", "currency": "USD",
        "args": {"seats": 2}})
}

async fn send(buyer: &Buyer, body: &Value) -> Reply {
    buyer.http.post("/v1/verify", body).send().await.ok()
}

async fn ask(buyer: &Buyer, body: &Value) -> String {
    let reply = send(buyer, body).await;
    assert_eq!(reply.at("/decision"), json!("needs_approval"), "{}", reply.text());
    reply.text_at("/approvalId")
}

#[track_caller]
fn is_allowed(reply: &Reply) -> bool {
    reply.at("/allowed") == json!(true)
}

/// How many of so many of the same question are allowed, asked at once.
async fn allowed_of(buyer: &Buyer, body: &Value, many: usize) -> usize {
    let replies = join_all((0..many).map(|_| send(buyer, body))).await;
    replies.iter().filter(|reply| is_allowed(reply)).count()
}

async fn grant(shop: &Shop, id: &str, grant: Grant) -> Result<ApprovalState, Reason> {
    shop.answer(&shop.owner, id, Given::Grant(grant)).await.map(|approval| approval.state)
}

#[tokio::test]
async fn once_is_once_and_so_many_times_are_so_many() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let id = ask(&buyer, &purchase()).await;
    grant(&shop, &id, Grant::Once).await.unwrap();
    assert_eq!(allowed_of(&buyer, &purchase(), 64).await, 1);
    let id = ask(&buyer, &purchase()).await;
    grant(&shop, &id, Grant::Times(3)).await.unwrap();
    assert_eq!(allowed_of(&buyer, &purchase(), 64).await, 3);
    let used = shop.approval(&id).await;
    assert_eq!(
        (used.text_at("/state"), used.at("/uses"), used.at("/maxUses")),
        ("consumed".into(), json!(3), json!(3))
    );
    assert_eq!(used.text_at("/scope"), "times");
    assert_ne!(ask(&buyer, &purchase()).await, id, "a used approval is used");
}

#[tokio::test]
async fn until_is_good_until_then_and_no_longer() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let id = ask(&buyer, &purchase()).await;
    let until = NOON.plus_ms(2 * HOUR_MS);
    grant(&shop, &id, Grant::Until(until)).await.unwrap();
    for _ in 0..5 {
        assert!(is_allowed(&send(&buyer, &purchase()).await));
    }
    w.advance_ms(2 * HOUR_MS - 1);
    assert!(is_allowed(&send(&buyer, &purchase()).await), "a moment before its end it is good");
    w.advance_ms(1);
    assert_ne!(ask(&buyer, &purchase()).await, id, "at its end it is over");
    w.settle().await;
    let over = shop.approval(&id).await;
    assert_eq!((over.text_at("/state"), over.at("/uses")), ("expired".into(), json!(6)));
}

#[tokio::test]
async fn a_task_is_that_task_and_a_session_is_that_session() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let in_task = |task: &str| {
        let mut body = purchase();
        body["taskId"] = json!(task);
        body
    };
    let id = ask(&buyer, &in_task("trip-1")).await;
    assert_eq!(shop.approval(&id).await.text_at("/task"), "task:trip-1");
    grant(&shop, &id, Grant::Task).await.unwrap();
    for _ in 0..4 {
        assert!(is_allowed(&send(&buyer, &in_task("trip-1")).await));
    }
    for other in [in_task("trip-2"), in_task("task:trip-1"), purchase()] {
        assert_ne!(ask(&buyer, &other).await, id, "{other}");
    }
    w.advance_ms(DAY_MS);
    assert_ne!(ask(&buyer, &in_task("trip-1")).await, id, "a task has the approval's own end");

    let secret = shop.user_signed_token(&buyer).await;
    let now = w.app.now().as_ms() / 1_000;
    let token = |nonce: u32| signed_token(&secret, now, nonce);
    let first = buyer.acting_in(&buyer.open_session(&token(1)).await.ok());
    let second = buyer.acting_in(&buyer.open_session(&token(2)).await.ok());
    let id = ask(&first, &purchase()).await;
    assert!(shop.approval(&id).await.text_at("/task").starts_with("ses_"));
    grant(&shop, &id, Grant::Task).await.unwrap();
    assert!(is_allowed(&send(&first, &purchase()).await));
    assert!(is_allowed(&send(&first, &purchase()).await));
    assert_ne!(ask(&second, &purchase()).await, id, "the same user in another session");
    assert!(!is_allowed(&send(&buyer, &purchase()).await), "the agent for nobody");
}

/// A token of the same user each time.
fn signed_token(secret: &str, now: i64, nonce: u32) -> String {
    business::signed_token(&json!({"userId": "ada", "nonce": nonce, "exp": now + 600}), secret)
}

#[tokio::test]
async fn a_grant_that_makes_no_sense_is_refused_and_the_question_waits_on() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let id = ask(&buyer, &purchase()).await;
    let pattern = |text: Value| Grant::Pattern(Box::new(serde_json::from_value::<Permission>(text).unwrap()));
    let soon = NOON.plus_ms(HOUR_MS);
    for wrong in [
        Grant::Times(0),
        Grant::Times(1),
        Grant::Times(101),
        Grant::Times(-1),
        Grant::Until(NOON),
        Grant::Until(NOON.plus_ms(-1)),
        Grant::Until(NOON.plus_ms(30 * DAY_MS + 1)),
        Grant::Task,
        pattern(json!({"effect": "allow", "actions": ["pay"]})),
        pattern(json!({"effect": "block", "actions": ["pay"], "expiresAt": soon})),
        pattern(json!({"effect": "allow", "actions": ["pay"], "expiresAt": NOON})),
        pattern(json!({"effect": "allow", "actions": ["pay"], "expiresAt": NOON.plus_ms(31 * DAY_MS)})),
        pattern(json!({"effect": "allow", "actions": ["pay"], "expiresAt": soon, "shadow": true})),
        pattern(json!({"effect": "allow", "actions": [], "expiresAt": soon})),
    ] {
        assert_eq!(grant(&shop, &id, wrong.clone()).await, Err(Reason::FieldInvalid), "{wrong:?}");
    }
    let waits = shop.approval(&id).await;
    assert_eq!((waits.text_at("/state"), waits.at("/agreed")), ("waiting".into(), json!(0)));
    assert!(!is_allowed(&send(&buyer, &purchase()).await));
    assert_eq!(
        shop.platform.get(&format!("/v1/agents/{}/permissions", buyer.id)).send().await.ok().at("/items/1"),
        Value::Null
    );
}

#[tokio::test]
async fn a_pattern_is_a_permission_that_everybody_sees_and_ends() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    for amount in ["5.00", "60.00", "12.00"] {
        let mut body = purchase();
        body["amount"] = json!(amount);
        ask(&buyer, &body).await;
    }
    let other = ask(&buyer, &json!({"action": "refund"})).await;
    let id = ask(&buyer, &purchase()).await;
    let end = NOON.plus_ms(HOUR_MS);
    let text = json!({"effect": "allow", "actions": ["pay"], "vendors": ["a.example"],
        "maxAmount": {"value": "50.00", "currency": "USD"}, "expiresAt": end});
    let seen = shop
        .platform
        .post(&format!("/v1/approvals/{id}/preview"), &json!({"pattern": text}))
        .send()
        .await
        .ok();
    assert_eq!(
        (seen.at("/lookedAt"), seen.at("/matched"), seen.at("/unknown")),
        (json!(5), json!(2), json!(0))
    );
    assert_eq!((seen.at("/coversThis"), seen.at("/hasOlder")), (json!(false), json!(false)));
    assert_eq!(seen.text_at("/newest/0/amount"), "12.00", "the newest first");
    assert_eq!(seen.text_at("/newest/1/amount"), "5.00");
    assert_eq!(shop.approval(&id).await.text_at("/state"), "waiting", "looking changes nothing");

    let pattern = Grant::Pattern(Box::new(serde_json::from_value(text).unwrap()));
    let before = shop.approval(&id).await.at("/policyVersion").as_i64().unwrap();
    grant(&shop, &id, pattern).await.unwrap();
    let granted = shop.approval(&id).await;
    assert_eq!((granted.text_at("/state"), granted.text_at("/scope")), ("granted".into(), "pattern".into()));
    assert_eq!(
        granted.at("/policyVersion"),
        json!(before + 1),
        "the waiting ask goes on under the new policy"
    );
    assert_eq!(shop.approval(&other).await.text_at("/state"), "stale", "what else was asked is asked anew");
    let listed = shop.platform.get(&format!("/v1/agents/{}/permissions", buyer.id)).send().await.ok();
    assert_eq!(listed.at("/items/1/permission/vendors"), json!(["a.example"]), "{}", listed.text());
    assert_eq!(listed.at("/items/1/permission/expiresAt"), json!(end));

    assert_eq!(allowed_of(&buyer, &purchase(), 8).await, 1, "the ask itself, once");
    let mut small = purchase();
    small["amount"] = json!("49.99");
    assert_eq!(allowed_of(&buyer, &small, 8).await, 8, "what the pattern covers, without a person");
    small["vendor"] = json!("b.example");
    ask(&buyer, &small).await;
    small["vendor"] = json!("a.example");
    w.advance_ms(HOUR_MS);
    ask(&buyer, &small).await;
}

#[tokio::test]
async fn only_who_may_change_permissions_widens_or_blocks() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let approver = shop.member(Role::Approver).await;
    let id = ask(&buyer, &purchase()).await;
    let text = json!({"effect": "allow", "actions": ["pay"], "expiresAt": NOON.plus_ms(HOUR_MS)});
    let pattern = Grant::Pattern(Box::new(serde_json::from_value(text).unwrap()));
    for given in [Given::Grant(pattern), Given::DenyAndBlock] {
        assert_eq!(shop.answer(&approver, &id, given).await.unwrap_err(), Reason::RoleMissing);
    }
    assert_eq!(shop.approval(&id).await.text_at("/state"), "waiting", "half an answer is none");
    let denied = shop.answer(&shop.owner, &id, Given::DenyAndBlock).await.unwrap();
    assert_eq!(denied.state, ApprovalState::Denied);
    let refused = send(&buyer, &purchase()).await;
    assert_eq!(refused.text_at("/code"), Reason::ActionBlocked.code());
    let mut elsewhere = purchase();
    elsewhere["resource"] = json!("r/2");
    ask(&buyer, &elsewhere).await;
}

#[tokio::test]
async fn each_bound_field_is_bound_one_at_a_time() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let other = w.tenant("other").await;
    let stranger = other.agent("buyer").await;
    other.permit(&stranger, json!({"effect": "allow", "actions": ["*"], "approval": "always"})).await;
    let seller = shop.agent("seller").await;
    shop.permit(&seller, json!({"effect": "allow", "actions": ["*"], "approval": "always"})).await;
    let id = ask(&buyer, &purchase()).await;
    grant(&shop, &id, Grant::Until(NOON.plus_ms(DAY_MS))).await.unwrap();
    assert!(is_allowed(&send(&buyer, &purchase()).await));
    for (field, value) in [
        ("action", json!("Pay")),
        ("action", json!("pay.more")),
        ("resource", json!("r/2")),
        ("resource", Value::Null),
        ("vendor", json!("b.example")),
        ("vendor", Value::Null),
        ("amount", json!("742.01")),
        ("amount", Value::Null),
        ("currency", json!("EUR")),
        ("currency", Value::Null),
        ("args", json!({"seats": 3})),
        ("args", json!({"seats": "2"})),
        ("args", Value::Null),
    ] {
        let mut mutated = purchase();
        if value == Value::Null {
            mutated.as_object_mut().unwrap().remove(field);
        } else {
            mutated[field] = value.clone();
        }
        let reply = send(&buyer, &mutated).await;
        assert!(!is_allowed(&reply), "{field} {value}: {}", reply.text());
        assert_ne!(reply.at("/approvalId"), json!(id), "{field} {value}");
    }
    assert_ne!(ask(&seller, &purchase()).await, id, "another agent");
    assert_ne!(ask(&stranger, &purchase()).await, id, "another organization");
    let secret = shop.user_signed_token(&buyer).await;
    let session = buyer.open_session(&signed_token(&secret, NOON.as_ms() / 1_000, 1)).await.ok();
    assert_ne!(ask(&buyer.acting_in(&session), &purchase()).await, id, "for a user");
    assert!(is_allowed(&send(&buyer, &purchase()).await), "and the very same is good still");
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["unrelated"]})).await;
    assert_ne!(ask(&buyer, &purchase()).await, id, "another policy version");
}

#[tokio::test]
async fn an_amount_is_the_same_however_written_and_never_another() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let with = |amount: Value, currency: &str| {
        let mut body = purchase();
        body["amount"] = amount;
        body["currency"] = json!(currency);
        body
    };
    let id = ask(&buyer, &with(json!("742"), "USD")).await;
    grant(&shop, &id, Grant::Until(NOON.plus_ms(HOUR_MS))).await.unwrap();
    for same in [json!("742"), json!("742.00"), json!(742), json!(742.00), json!("742.0000")] {
        assert!(is_allowed(&send(&buyer, &with(same.clone(), "USD")).await), "{same}");
    }
    for (other, currency) in [
        (json!("742.01"), "USD"),
        (json!("742.0001"), "USD"),
        (json!("7420"), "USD"),
        (json!("74.2"), "USD"),
        (json!("742"), "JPY"),
        (json!("742.00"), "JPY"),
        (json!("742.00"), "EUR"),
    ] {
        let reply = send(&buyer, &with(other.clone(), currency)).await;
        assert!(!is_allowed(&reply), "{other} {currency}: {}", reply.text());
    }
}

#[tokio::test]
async fn what_an_amount_means_cannot_change_behind_a_grant() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    shop.platform.patch("/v1/organization", &json!({"currency": "USD"})).send().await.ok();
    let body = json!({"action": "pay", "amount": "742.00"});
    let id = ask(&buyer, &body).await;
    grant(&shop, &id, Grant::Until(NOON.plus_ms(HOUR_MS))).await.unwrap();
    assert!(is_allowed(&send(&buyer, &body).await));
    shop.platform.patch("/v1/organization", &json!({"name": "the same currency"})).send().await.ok();
    assert!(is_allowed(&send(&buyer, &body).await));
    shop.platform.patch("/v1/organization", &json!({"currency": "EUR"})).send().await.ok();
    assert_eq!(shop.approval(&id).await.text_at("/state"), "stale");
    assert_ne!(ask(&buyer, &body).await, id);
}

#[tokio::test]
async fn a_permission_that_is_taken_away_while_it_waits_takes_the_question_with_it() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let always = json!({"effect": "allow", "actions": ["pay"], "approval": "always"});
    let permission = shop.permit(&buyer, always.clone()).await;
    let (waiting, granted) = (purchase(), json!({"action": "pay", "resource": "r/2"}));
    let (first, second) = (ask(&buyer, &waiting).await, ask(&buyer, &granted).await);
    grant(&shop, &second, Grant::Until(NOON.plus_ms(DAY_MS))).await.unwrap();
    assert!(is_allowed(&send(&buyer, &granted).await));
    shop.platform.delete(&format!("/v1/permissions/{permission}")).send().await.ok();
    for body in [&waiting, &granted] {
        assert_eq!(send(&buyer, body).await.text_at("/code"), Reason::NoPermission.code());
    }
    assert_eq!(grant(&shop, &first, Grant::Once).await, Err(Reason::ApprovalClosed));
    shop.permit(&buyer, always).await;
    assert_ne!(ask(&buyer, &granted).await, second, "the same text again is another policy");
    let block = shop.permit(&buyer, json!({"effect": "block", "actions": ["pay"]})).await;
    let id = send(&buyer, &granted).await;
    assert_eq!(id.text_at("/code"), Reason::ActionBlocked.code());
    shop.platform.delete(&format!("/v1/permissions/{block}")).send().await.ok();
    ask(&buyer, &granted).await;
}

#[tokio::test]
async fn a_grant_that_is_taken_back_is_over() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let id = ask(&buyer, &purchase()).await;
    grant(&shop, &id, Grant::Until(NOON.plus_ms(DAY_MS))).await.unwrap();
    assert!(is_allowed(&send(&buyer, &purchase()).await));
    shop.platform.call(Method::POST, &format!("/v1/approvals/{id}/cancel")).send().await.ok();
    assert_ne!(ask(&buyer, &purchase()).await, id);
}

#[tokio::test]
async fn the_same_question_asked_often_waits_once_and_a_key_hands_out_no_old_yes() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let question = purchase();
    let replies = join_all((0..64).map(|_| send(&buyer, &question))).await;
    let mut ids: Vec<_> = replies.iter().map(|reply| reply.text_at("/approvalId")).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    let listed = shop.platform.get("/v1/approvals?state=waiting").send().await.ok();
    assert_eq!(listed.at("/items").as_array().unwrap().len(), 1);
    grant(&shop, &ids[0], Grant::Once).await.unwrap();
    let with_key = |body: Value| {
        let http = buyer.http.clone();
        async move { http.post("/v1/verify", &body).header("idempotency-key", "one").send().await }
    };
    let first = with_key(purchase()).await.ok();
    assert!(is_allowed(&first));
    let again = with_key(purchase()).await.ok();
    assert!(!is_allowed(&again), "the one use is used, with a key or without");
    assert!(!is_allowed(&send(&buyer, &purchase()).await), "the one use is used");
}

#[tokio::test]
async fn a_question_that_nobody_answers_ends_and_time_is_the_servers() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    shop.platform.patch("/v1/organization", &json!({"approvalTtlMs": 15 * MINUTE_MS})).send().await.ok();
    let id = ask(&buyer, &purchase()).await;
    w.advance_ms(15 * MINUTE_MS - 1);
    assert_eq!(ask(&buyer, &purchase()).await, id);
    w.advance_ms(1);
    assert_eq!(grant(&shop, &id, Grant::Once).await, Err(Reason::ApprovalClosed));
    assert_ne!(ask(&buyer, &purchase()).await, id);
    let id = ask(&buyer, &purchase()).await;
    grant(&shop, &id, Grant::Once).await.unwrap();
    let mut later = purchase();
    later["now"] = json!("2030-01-01T00:00:00Z");
    buyer.http.post("/v1/verify", &later).send().await.refused(Reason::FieldInvalid);
    w.advance_ms(15 * MINUTE_MS);
    assert_ne!(ask(&buyer, &purchase()).await, id);
}

#[tokio::test]
async fn a_held_question_answers_as_soon_as_somebody_does() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let id = ask(&buyer, &purchase()).await;
    let begun = std::time::Instant::now();
    let held = async {
        let reply = shop.platform.get(&format!("/v1/approvals/{id}?wait=30")).send().await.ok();
        assert!(begun.elapsed().as_secs() < 20, "it was held although somebody had answered");
        reply.text_at("/state")
    };
    let (state, granted) = tokio::join!(held, async {
        let nothing = std::future::pending::<()>();
        assert!(tokio::time::timeout(std::time::Duration::from_millis(300), nothing).await.is_err());
        grant(&shop, &id, Grant::Once).await
    });
    assert_eq!((state.as_str(), granted), ("granted", Ok(ApprovalState::Granted)));
    let other = ask(&buyer, &json!({"action": "else"})).await;
    let reply = shop.platform.get(&format!("/v1/approvals/{other}?wait=1")).send().await.ok();
    assert_eq!(reply.text_at("/state"), "waiting");
    shop.platform.get(&format!("/v1/approvals/{other}?wait=31")).send().await.refused(Reason::FieldInvalid);
    shop.platform.get(&format!("/v1/approvals/{other}?wait=-1")).send().await.refused(Reason::FieldInvalid);
}
