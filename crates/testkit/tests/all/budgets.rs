//! Limits over time (VER-3): what was allowed counts at once, what became of it is settled once, and whatever races,
//! committed and held together never exceed a limit.

use futures_util::future::join_all;
use procura_app::{
    budgets::{self, Sums},
    verify,
};
use procura_model::{
    Actor, Ask, Ctx, Reason,
    time::{DAY_MS, MINUTE_MS},
};
use procura_testkit::{
    business::signed_token,
    world::{Buyer, Http, Reply, Shop, Verified, World},
};
use serde_json::{Value, json};

const USD: &str = "USD";

async fn shop() -> (World, Shop, Buyer) {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    (w, shop, buyer)
}

fn usd(value: &str) -> Value {
    json!({"value": value, "currency": USD})
}

/// A permission to pay within a window.
fn within(window: Value) -> Value {
    json!({"effect": "allow", "actions": ["pay", "look"], "window": window})
}

async fn may_pay(shop: &Shop, agents: &[&Buyer]) {
    for agent in agents {
        shop.permit(agent, json!({"effect": "allow", "actions": ["pay"]})).await;
    }
}

async fn budget(shop: &Shop, name: &str, of: Value, window: Value) -> String {
    let body = json!({"name": name, "of": of, "actions": ["pay"], "window": window});
    shop.platform.post("/v1/budgets", &body).send().await.ok().text_at("/id")
}

async fn pay(agent: &Buyer, amount: &str) -> Verified {
    agent.verify("pay").amount(amount).currency(USD).send().await
}

/// The reservation of an answer that allowed.
#[track_caller]
fn reserved(answer: Verified) -> String {
    let answer = answer.allowed();
    assert!(answer.0.text_at("/commitBy").ends_with('Z'));
    answer.0.text_at("/reservationId")
}

async fn settle(http: &Http, id: &str, how: &str, body: Value) -> Reply {
    let path = format!("/v1/reservations/{id}/{how}");
    http.post(&path, &body).send().await
}

async fn commit(http: &Http, id: &str, amount: &str) -> Reply {
    settle(http, id, "commit", json!({"amount": amount})).await
}

async fn release(http: &Http, id: &str) -> Reply {
    http.call(http::Method::POST, &format!("/v1/reservations/{id}/release")).send().await
}

/// The one part of a budget, as `(spent, held, left)`.
async fn standing(shop: &Shop, id: &str) -> (String, String, String) {
    let found = shop.platform.get(&format!("/v1/budgets/{id}")).send().await.ok();
    (found.text_at("/standing/0/spent"), found.text_at("/standing/0/held"), found.text_at("/standing/0/left"))
}

fn parts(spent: &str, held: &str, left: &str) -> (String, String, String) {
    (spent.to_owned(), held.to_owned(), left.to_owned())
}

#[tokio::test]
async fn a_window_of_a_permission_is_used_up_by_what_it_allowed_and_moves_on() {
    let (w, shop, buyer) = shop().await;
    let permission = shop.permit(&buyer, within(json!({"amount": usd("1000"), "per": "P30D"}))).await;
    reserved(pay(&buyer, "742").await);
    let refused = pay(&buyer, "742").await.denied(Reason::BudgetExceeded);
    let said = refused.0.text_at("/reason");
    for part in ["742.00 USD", "258.00 of 1000.00 USD", "30 days", permission.as_str()] {
        assert!(said.contains(part), "{said} does not say {part}");
    }
    assert_eq!(refused.0.at("/missing"), json!("budget"));
    assert_eq!(refused.0.at("/reservationId"), Value::Null);
    reserved(pay(&buyer, "258").await);
    pay(&buyer, "0.0001").await.denied(Reason::BudgetExceeded);
    buyer.verify("look").send().await.denied(Reason::AmountMissing);
    buyer.verify("pay").amount("1").currency("EUR").send().await.denied(Reason::CurrencyMismatch);
    w.clock.advance_ms(30 * DAY_MS - 1);
    pay(&buyer, "1").await.denied(Reason::BudgetExceeded);
    w.clock.advance_ms(1);
    reserved(pay(&buyer, "1000").await);
}

#[tokio::test]
async fn calls_are_counted_where_a_window_counts_them() {
    let (_w, shop, buyer) = shop().await;
    shop.permit(&buyer, within(json!({"count": 2, "per": "P1D"}))).await;
    let first = reserved(buyer.verify("look").send().await);
    reserved(buyer.verify("look").send().await);
    let refused = buyer.verify("look").send().await.denied(Reason::BudgetExceeded);
    assert!(
        refused.0.text_at("/reason").contains("already 2 of 2 calls within 1 day"),
        "{}",
        refused.0.text()
    );
    release(&buyer.http, &first).await.ok();
    reserved(buyer.verify("look").send().await);
    commit(&buyer.http, &first, "1").await.refused(Reason::ReservationClosed);
    buyer.verify("look").send().await.denied(Reason::BudgetExceeded);
}

#[tokio::test]
async fn a_budget_of_each_level_refuses_what_the_permissions_allow() {
    for of in ["organization", "agent", "eachAgent"] {
        let (_w, shop, buyer) = shop().await;
        let seller = shop.agent("seller").await;
        may_pay(&shop, &[&buyer, &seller]).await;
        let named = if of == "agent" { json!({"agent": buyer.id.to_string()}) } else { json!(of) };
        let id = budget(&shop, "Spending", named, json!({"amount": usd("10"), "per": "P1D"})).await;
        reserved(pay(&buyer, "6").await);
        let refused = pay(&buyer, "6").await.denied(Reason::BudgetExceeded);
        let said = refused.0.text_at("/reason");
        for part in ["6.00 USD", "4.00 of 10.00 USD", "1 day", "\"Spending\"", id.as_str()] {
            assert!(said.contains(part), "{of}: {said} does not say {part}");
        }
        match of {
            "organization" => pay(&seller, "6").await.denied(Reason::BudgetExceeded),
            _ => pay(&seller, "6").await.allowed(),
        };
        reserved(pay(&buyer, "4").await);
        let found = shop.platform.get(&format!("/v1/budgets/{id}")).send().await.ok().at("/standing");
        let left: Vec<_> = found.as_array().unwrap().iter().map(|part| part["left"].clone()).collect();
        assert!(left.contains(&json!("0.00")), "{of}: {found}");
    }
}

#[tokio::test]
async fn budgets_of_users_count_verified_users_over_all_agents() {
    let (w, shop, buyer) = shop().await;
    let seller = shop.agent("seller").await;
    may_pay(&shop, &[&buyer, &seller]).await;
    let now = w.app.now().as_ms() / 1_000;
    let secrets = [shop.user_signed_token(&buyer).await, shop.user_signed_token(&seller).await];
    let mut acting = Vec::new();
    for (agent, secret, user) in
        [(&buyer, &secrets[0], "ada"), (&seller, &secrets[1], "ada"), (&buyer, &secrets[0], "bob")]
    {
        let token = signed_token(&json!({"userId": user, "exp": now + 600}), secret);
        acting.push(agent.acting_in(&agent.open_session(&token).await.ok()));
    }
    let [ada, ada_elsewhere, bob] = acting.as_slice() else { panic!("three") };
    budget(&shop, "Each", json!("eachUser"), json!({"amount": usd("10"), "per": "P1D"})).await;
    reserved(pay(ada, "6").await);
    pay(ada_elsewhere, "6").await.denied(Reason::BudgetExceeded);
    reserved(pay(bob, "6").await);
    reserved(pay(ada_elsewhere, "4").await);
    let sessions = shop.platform.get("/v1/sessions").send().await.ok().json();
    let pseudonym = |of: &Buyer| {
        let rows = sessions["items"].as_array().unwrap();
        let own = rows.iter().find(|row| row["agentId"] == json!(of.id.to_string())).unwrap();
        own["user"]["reference"].as_str().unwrap().to_owned()
    };
    let one = pseudonym(&seller);
    budget(&shop, "One", json!({"user": one}), json!({"count": 1, "per": "P1D"})).await;
    pay(&buyer, "100").await.allowed();
    let nobody = pay(&buyer, "100").await.allowed();
    assert_eq!(nobody.0.at("/reservationId"), Value::Null, "no verified user, nothing that counts users");
    pay(ada, "0").await.allowed();
    pay(ada, "0").await.denied(Reason::BudgetExceeded);
    pay(bob, "1").await.allowed();
}

#[tokio::test]
async fn a_reservation_is_settled_once_and_answers_the_same_when_it_is_settled_so_again() {
    let (_w, shop, buyer) = shop().await;
    may_pay(&shop, &[&buyer]).await;
    let id = budget(&shop, "All", json!("organization"), json!({"amount": usd("100"), "per": "P1D"})).await;
    let one = reserved(pay(&buyer, "60").await);
    assert_eq!(standing(&shop, &id).await, parts("0.00", "60.00", "40.00"));
    let over = commit(&buyer.http, &one, "60.01").await.refused(Reason::AmountOverReserved);
    assert!(over.text().contains("60.01") && over.text().contains("60.00"), "{}", over.text());
    let first = commit(&buyer.http, &one, "52.50").await.ok();
    assert_eq!((first.text_at("/state"), first.text_at("/amount")), ("committed".into(), "52.50".into()));
    assert_eq!((first.at("/late"), first.at("/over")), (json!(false), json!(false)));
    let again = commit(&buyer.http, &one, "52.5").await.ok();
    assert_eq!(first.json(), again.json());
    commit(&buyer.http, &one, "52.49").await.refused(Reason::ReservationClosed);
    settle(&buyer.http, &one, "commit", json!({})).await.refused(Reason::ReservationClosed);
    release(&buyer.http, &one).await.refused(Reason::ReservationClosed);
    assert_eq!(standing(&shop, &id).await, parts("52.50", "0.00", "47.50"));
    let other = reserved(pay(&buyer, "40").await);
    let first = release(&buyer.http, &other).await.ok();
    assert_eq!(first.text_at("/state"), "released");
    assert_eq!(release(&buyer.http, &other).await.ok().json(), first.json());
    commit(&buyer.http, &other, "40").await.refused(Reason::ReservationClosed);
    assert_eq!(standing(&shop, &id).await, parts("52.50", "0.00", "47.50"));
    let whole = reserved(pay(&buyer, "47.50").await);
    let done =
        buyer.http.call(http::Method::POST, &format!("/v1/reservations/{whole}/commit")).send().await.ok();
    assert_eq!(done.text_at("/amount"), "47.50");
    assert_eq!(standing(&shop, &id).await, parts("100.00", "0.00", "0.00"));
}

#[tokio::test]
async fn an_agent_settles_its_own_and_whoever_writes_budgets_settles_all() {
    let (w, shop, buyer) = shop().await;
    let seller = shop.agent("seller").await;
    may_pay(&shop, &[&buyer, &seller]).await;
    budget(&shop, "All", json!("organization"), json!({"count": 9, "per": "P1D"})).await;
    let one = reserved(pay(&buyer, "1").await);
    release(&seller.http, &one).await.refused(Reason::NotFound);
    seller.http.get(&format!("/v1/reservations/{one}")).send().await.refused(Reason::NotFound);
    let stranger = w.tenant("stranger").await;
    release(&stranger.platform, &one).await.refused(Reason::NotFound);
    let reader = shop.platform_key(&[procura_model::Scope::ReadBudgets]).await;
    release(&reader, &one).await.refused(Reason::ScopeMissing);
    assert_eq!(reader.get(&format!("/v1/reservations/{one}")).send().await.ok().text_at("/state"), "held");
    // The newest is known by its time.
    w.clock.advance_ms(1);
    let other = reserved(pay(&seller, "1").await);
    let list = async |http: &Http, query: &str| {
        let rows = http.get(&format!("/v1/reservations{query}")).send().await.ok().json();
        let ids = rows["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(list(&buyer.http, "").await, std::slice::from_ref(&one), "an agent sees its own");
    assert_eq!(list(&reader, "?state=held").await, [other.clone(), one.clone()]);
    release(&shop.platform, &one).await.ok();
    assert_eq!(list(&reader, "?state=released").await, [one]);
    assert_eq!(list(&reader, "?state=held").await, [other]);
}

#[tokio::test]
async fn what_nobody_settles_counts_as_spent_until_somebody_does() {
    let (w, shop, buyer) = shop().await;
    may_pay(&shop, &[&buyer]).await;
    let id = budget(&shop, "All", json!("organization"), json!({"amount": usd("10"), "per": "P1D"})).await;
    let one = reserved(pay(&buyer, "6").await);
    let two = reserved(pay(&buyer, "4").await);
    w.clock.advance_ms(15 * MINUTE_MS);
    w.settle().await;
    let state = async |id: &str| {
        buyer.http.get(&format!("/v1/reservations/{id}")).send().await.ok().text_at("/state")
    };
    assert_eq!(state(&one).await, "expired");
    assert_eq!(standing(&shop, &id).await, parts("10.00", "0.00", "0.00"));
    pay(&buyer, "1").await.denied(Reason::BudgetExceeded);
    let late = commit(&buyer.http, &one, "5").await.ok();
    assert_eq!((late.at("/late"), late.at("/over")), (json!(true), json!(false)), "it counted all the time");
    release(&buyer.http, &two).await.ok();
    assert_eq!(standing(&shop, &id).await, parts("5.00", "0.00", "5.00"));
    let changes = shop.platform.get("/v1/changes").send().await.ok().text();
    for event in ["reservation.expired", "reservation.committed", "reservation.released"] {
        assert!(changes.contains(event), "{event} is not recorded");
    }
}

#[tokio::test]
async fn what_lapses_is_given_to_others_and_a_late_commit_is_flagged() {
    let (w, shop, buyer) = shop().await;
    may_pay(&shop, &[&buyer]).await;
    let window = json!({"amount": usd("10"), "per": "P1D", "hold": {"lasts": "PT1M", "then": "released"}});
    let id = budget(&shop, "All", json!("organization"), window).await;
    let one = reserved(pay(&buyer, "6").await);
    w.clock.advance_ms(MINUTE_MS - 1);
    pay(&buyer, "6").await.denied(Reason::BudgetExceeded);
    w.clock.advance_ms(1);
    let two = reserved(pay(&buyer, "3").await);
    let late = commit(&buyer.http, &one, "6").await.ok();
    assert_eq!(
        (late.at("/late"), late.at("/over")),
        (json!(true), json!(false)),
        "both fit: {}",
        late.text()
    );
    release(&buyer.http, &two).await.ok();
    let three = reserved(pay(&buyer, "4").await);
    w.clock.advance_ms(MINUTE_MS);
    w.settle().await;
    let four = reserved(pay(&buyer, "3").await);
    commit(&buyer.http, &four, "3").await.ok();
    let over = commit(&buyer.http, &three, "4").await.ok();
    assert_eq!((over.at("/late"), over.at("/over")), (json!(true), json!(true)), "{}", over.text());
    assert_eq!(standing(&shop, &id).await, parts("13.00", "0.00", "0.00"));
    pay(&buyer, "0.01").await.denied(Reason::BudgetExceeded);
}

#[tokio::test]
async fn of_64_who_ask_at_once_no_more_are_allowed_than_fit() {
    let (_w, shop, buyer) = shop().await;
    let seller = shop.agent("seller").await;
    may_pay(&shop, &[&seller]).await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["pay"], "window": {"count": 7, "per": "P1D"}}))
        .await;
    let id = budget(&shop, "All", json!("organization"), json!({"amount": usd("100"), "per": "P1D"})).await;
    let asked = (0..64).map(|n| pay(if n % 2 == 0 { &buyer } else { &seller }, "9"));
    let answers = join_all(asked).await;
    let allowed = |from: usize| {
        answers.iter().skip(from).step_by(2).filter(|one| one.0.at("/allowed") == json!(true)).count()
    };
    let (buyers, sellers) = (allowed(0), allowed(1));
    assert_eq!(buyers + sellers, 11, "11 times 9 fit into 100");
    assert!(buyers <= 7, "{buyers} of a window of 7");
    for refused in answers.iter().filter(|one| one.0.at("/allowed") == json!(false)) {
        assert_eq!(refused.0.at("/code"), json!("BUDGET_EXCEEDED"), "{}", refused.0.text());
    }
    assert_eq!(standing(&shop, &id).await, parts("0.00", "99.00", "1.00"));
    let held =
        answers.iter().filter_map(|one| Some((one.0.at("/reservationId").as_str()?.to_owned(), &one.0)));
    let held: Vec<_> =
        held.map(|(id, answer)| (id, answer.text_at("/agentId") == buyer.id.to_string())).collect();
    let tries = held.iter().flat_map(|one| [(one, true), (one, false), (one, true), (one, false)]);
    let settled = join_all(tries.map(|((id, is_buyers), is_commit)| {
        let http = if *is_buyers { &buyer.http } else { &seller.http };
        async move { if is_commit { commit(http, id, "9").await } else { release(http, id).await } }
    }))
    .await;
    for ways in settled.chunks(4) {
        let won: Vec<bool> = ways.iter().map(|reply| reply.status == 200).collect();
        assert!(won == [true, false, true, false] || won == [false, true, false, true], "{won:?}");
    }
}

#[tokio::test]
async fn an_approval_is_not_used_up_by_what_no_longer_fits() {
    let (_w, shop, buyer) = shop().await;
    let window = json!({"amount": usd("10"), "per": "P1D"});
    let approval = json!({"above": usd("5")});
    shop.permit(
        &buyer,
        json!({"effect": "allow", "actions": ["pay"], "approval": approval, "window": window}),
    )
    .await;
    let id = pay(&buyer, "8").await.waits();
    let small = reserved(pay(&buyer, "4").await);
    shop.approve(&id).await.unwrap();
    let refused = pay(&buyer, "8").await.denied(Reason::BudgetExceeded);
    assert!(refused.0.text_at("/reason").contains("6.00 of 10.00 USD"), "{}", refused.0.text());
    let state = async || shop.approval(&id).await.ok().text_at("/state");
    assert_eq!(state().await, "granted");
    release(&buyer.http, &small).await.ok();
    let allowed = pay(&buyer, "8").await.allowed();
    assert_eq!(allowed.0.text_at("/approvalId"), id);
    assert!(allowed.0.text_at("/reservationId").starts_with("rsv_"));
    assert_eq!(state().await, "consumed");
    pay(&buyer, "3").await.denied(Reason::BudgetExceeded);
}

#[tokio::test]
async fn the_same_key_reserves_once_and_is_decided_anew() {
    let (w, shop, buyer) = shop().await;
    let permission = shop.permit(&buyer, within(json!({"amount": usd("10"), "per": "P1D"}))).await;
    let ask = async |key: &str, amount: &str| {
        let body = json!({"action": "pay", "amount": amount, "currency": USD});
        buyer.http.post("/v1/verify", &body).header("idempotency-key", key).send().await
    };
    let first = ask("one", "6").await.ok();
    let again = ask("one", "6").await.ok();
    assert_eq!(again.at("/allowed"), json!(true));
    assert_eq!(again.text_at("/reservationId"), first.text_at("/reservationId"));
    assert_ne!(again.text_at("/requestId"), first.text_at("/requestId"), "it was decided and recorded anew");
    ask("one", "5").await.refused(Reason::IdempotencyMismatch);
    assert_eq!(ask("two", "6").await.ok().at("/code"), json!("BUDGET_EXCEEDED"));
    ask("a key with blanks", "6").await.refused(Reason::FieldInvalid);
    let many = join_all((0..16).map(|_| ask("three", "4"))).await;
    let ids: std::collections::BTreeSet<_> = many.iter().map(|one| one.text_at("/reservationId")).collect();
    assert_eq!(ids.len(), 1);
    shop.platform.delete(&format!("/v1/permissions/{permission}")).send().await.ok();
    assert_eq!(
        ask("one", "6").await.ok().at("/code"),
        json!("NO_PERMISSION"),
        "an old yes is not handed out"
    );
    shop.permit(&buyer, within(json!({"amount": usd("10"), "per": "P1D"}))).await;
    commit(&buyer.http, &first.text_at("/reservationId"), "6").await.ok();
    ask("one", "6").await.refused(Reason::ReservationClosed);
    w.clock.advance_ms(DAY_MS + 1);
    assert_ne!(ask("one", "6").await.ok().text_at("/reservationId"), first.text_at("/reservationId"));
}

#[tokio::test]
async fn a_tool_call_commits_what_it_reserved_and_gives_back_what_never_left() {
    let (w, shop, _) = shop().await;
    let stub = w.upstream().await;
    let buyer = shop.with_stub(&stub, json!({})).await;
    let body = json!({"name": "Calls", "of": "organization", "actions": ["tool.call"], "window": {"count": 2, "per": "P1D"}});
    shop.platform.post("/v1/budgets", &body).send().await.ok();
    let done = buyer.call_tool("stub__echo", json!({"n": 1})).await.ok();
    let chain = shop.ended_trace(done.request_id()).await.to_string();
    assert!(chain.contains("reservation.committed"), "{chain}");
    let states = async || {
        let rows = shop.platform.get("/v1/reservations").send().await.ok().json();
        let rows = rows["items"].as_array().unwrap().clone();
        // Sorted: the clock stands still, so the newest is not known.
        let mut states: Vec<_> = rows.iter().map(|row| row["state"].as_str().unwrap().to_owned()).collect();
        states.sort_unstable();
        states
    };
    assert_eq!(states().await, ["committed"]);
    drop(stub);
    let failed = buyer.call_tool("stub__echo", json!({"n": 2})).await;
    assert!(!failed.is_ok());
    assert_eq!(states().await, ["committed", "released"], "{}", failed.reply.text());
    buyer.call_tool("stub__echo", json!({"n": 3})).await;
    assert_eq!(states().await, ["committed", "released", "released"]);
}

#[tokio::test]
async fn looking_ahead_reads_what_is_left_and_takes_nothing() {
    let (_w, shop, buyer) = shop().await;
    let permission = shop.permit(&buyer, within(json!({"amount": usd("10"), "per": "P1D"}))).await;
    let explain = async |amount: &str| {
        let body = json!({"action": "pay", "amount": amount, "currency": USD});
        buyer.http.post("/v1/verify/explain", &body).send().await.ok()
    };
    for _ in 0..3 {
        assert_eq!(explain("6").await.at("/allowed"), json!(true));
    }
    reserved(pay(&buyer, "6").await);
    let refused = explain("6").await;
    assert_eq!(refused.at("/code"), json!("BUDGET_EXCEEDED"), "{}", refused.text());
    assert_eq!(refused.text_at("/permissionId"), permission);
    budget(&shop, "All", json!("organization"), json!({"amount": usd("3"), "per": "P1D"})).await;
    let refused = explain("4").await;
    assert_eq!(refused.at("/code"), json!("BUDGET_EXCEEDED"));
    assert!(refused.text_at("/reason").contains("\"All\""), "{}", refused.text());
    assert_eq!(explain("3").await.at("/allowed"), json!(true));
}

#[tokio::test]
async fn what_was_read_stands_in_the_record_and_nothing_where_nothing_counts() {
    let (_w, shop, buyer) = shop().await;
    let permission = shop.permit(&buyer, within(json!({"amount": usd("10"), "per": "P1D"}))).await;
    let body = json!({"name": "All", "of": "organization", "actions": ["pay"], "window": {"count": 2, "per": "P1D"}});
    let budget = shop.platform.post("/v1/budgets", &body).send().await.ok().text_at("/id");
    let facts = async |answer: Verified| {
        let trace = shop.trace(answer.request_id()).await.ok().json();
        trace["records"][0]["facts"].clone()
    };
    let first = pay(&buyer, "6").await.allowed();
    let id = first.0.text_at("/reservationId");
    let said = facts(first).await;
    assert_eq!(said["spent"], json!([{"permission": permission, "amount": "0.00", "count": 0}]), "{said}");
    assert_eq!(said["budgets"], json!([{"budget": budget, "amount": "0.00", "count": 0}]));
    assert_eq!(said["reservation"], json!(id));
    let said = facts(pay(&buyer, "6").await.denied(Reason::BudgetExceeded)).await;
    assert_eq!(said["spent"][0]["amount"], json!("6.00"));
    assert_eq!((said.get("reservation"), said.get("refusedBy")), (None, None));
    pay(&buyer, "1").await.allowed();
    let said = facts(pay(&buyer, "1").await.denied(Reason::BudgetExceeded)).await;
    assert_eq!(said["refusedBy"], json!(budget));
    let seller = shop.agent("seller").await;
    shop.permit(&seller, json!({"effect": "allow", "actions": ["look"]})).await;
    let plain = facts(seller.verify("look").send().await.allowed()).await;
    for name in ["spent", "budgets", "reservation", "refusedBy"] {
        assert_eq!(plain.get(name), None, "{plain}");
    }
}

#[tokio::test]
async fn a_budget_is_added_changed_and_removed_and_obeyed_at_the_next_request() {
    let (_w, shop, buyer) = shop().await;
    may_pay(&shop, &[&buyer]).await;
    pay(&buyer, "50").await.allowed();
    let window = |amount: &str| json!({"amount": usd(amount), "per": "P1D"});
    let id = budget(&shop, "All", json!("organization"), window("10")).await;
    let path = format!("/v1/budgets/{id}");
    pay(&buyer, "11").await.denied(Reason::BudgetExceeded);
    let draft = |name: &str, of: Value, window: Value| json!({"name": name, "of": of, "actions": ["pay"], "window": window});
    let changed = draft("More", json!("organization"), window("20"));
    assert_eq!(shop.platform.put(&path, &changed).send().await.ok().text_at("/name"), "More");
    reserved(pay(&buyer, "11").await);
    let euros = json!({"amount": {"value": "20", "currency": "EUR"}, "per": "P1D"});
    for wrong in
        [draft("More", json!("eachAgent"), window("20")), draft("More", json!("organization"), euros)]
    {
        shop.platform.put(&path, &wrong).send().await.refused(Reason::FieldInvalid);
    }
    for wrong in [
        draft("", json!("organization"), window("20")),
        draft("x", json!({"agent": "agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C"}), window("20")),
        draft("x", json!({"user": "ada@shop.example"}), window("20")),
        draft("x", json!("organization"), json!({"per": "P1D"})),
        draft("x", json!("organization"), json!({"count": 0, "per": "P1D"})),
    ] {
        shop.platform.post("/v1/budgets", &wrong).send().await.refused(Reason::FieldInvalid);
    }
    let twin = draft("More", json!("organization"), window("1"));
    shop.platform.post("/v1/budgets", &twin).send().await.refused(Reason::NameTaken);
    assert_eq!(shop.platform.get("/v1/budgets").send().await.ok().at("/items").as_array().unwrap().len(), 1);
    shop.platform.delete(&path).send().await.ok();
    shop.platform.get(&path).send().await.refused(Reason::NotFound);
    pay(&buyer, "1000").await.allowed();
    shop.platform.put(&path, &changed).send().await.refused(Reason::NotFound);
}

#[tokio::test]
async fn a_person_adds_a_budget_sees_what_is_left_and_settles_what_is_held() {
    let (w, shop, buyer) = shop().await;
    may_pay(&shop, &[&buyer]).await;
    let owner = &shop.owner;
    let fields = [
        ("name", "Tickets"),
        ("of", "organization"),
        ("agent", ""),
        ("user", ""),
        ("actions", "pay"),
        ("window_amount", "10"),
        ("currency", "USD"),
        ("window_count", ""),
        ("window_length", "1"),
        ("window_unit", "days"),
        ("hold_length", ""),
        ("hold_unit", "minutes"),
        ("hold_then", "spent"),
    ];
    let mut wrong = fields;
    wrong[5] = ("window_amount", "ten");
    let again = owner.submit("/budgets/new", &wrong).await;
    assert_eq!(again.status, 422, "{}", again.text());
    assert!(again.text().contains("Tickets") && again.text().contains("The amount must be a decimal"));
    let made = owner.submit("/budgets/new", &fields).await;
    assert_eq!((made.status, made.header("location")), (303, "/budgets?done=saved"), "{}", made.text());
    let held = reserved(pay(&buyer, "6").await);
    let page = owner.page("/budgets").await.ok().text();
    for part in
        ["Tickets", "0.00 spent, 6.00 held, 4.00 left of 10.00 USD", "<svg class=\"meter\"", held.as_str()]
    {
        assert!(page.contains(part), "{part} is not on the page");
    }
    let agent = owner.page(&format!("/agents/{}", buyer.id)).await.ok().text();
    assert!(agent.contains("What it may still spend") && agent.contains("4.00 left of 10.00 USD"));
    let done = owner.submit(&format!("/reservations/{held}/commit"), &[]).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let page = owner.page("/reservations?state=committed").await.ok().text();
    assert!(page.contains(held.as_str()) && page.contains("6.00 USD"));
    let auditor = shop.member(procura_model::Role::Auditor).await;
    let page = auditor.page("/budgets").await.ok().text();
    assert!(page.contains("Tickets") && !page.contains("/budgets/new"));
    let refused = auditor.submit("/budgets/new", &fields).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    drop(w);
}

#[tokio::test]
async fn an_agent_gives_nothing_back_while_its_tool_call_is_under_way() {
    let (w, shop, _) = shop().await;
    let stub = w.upstream().await;
    let buyer = shop.with_stub(&stub, json!({"timeoutMs": 3_000})).await;
    let body = json!({"name": "Calls", "of": "organization", "actions": ["tool.call"], "window": {"count": 1, "per": "P1D"}});
    shop.platform.post("/v1/budgets", &body).send().await.ok();
    let sneaky = async {
        let id = loop {
            let held = shop.platform.get("/v1/reservations?state=held").send().await.ok();
            if let Value::String(id) = held.at("/items/0/id") {
                break id;
            }
        };
        release(&buyer.http, &id).await.refused(Reason::ReservationClosed);
    };
    let (answer, ()) = futures_util::future::join(buyer.call_tool("stub__hang", json!({})), sneaky).await;
    assert!(!answer.is_ok());
    buyer.call_tool("stub__echo", json!({})).await.denied(Reason::BudgetExceeded);
}

#[tokio::test]
async fn a_key_finds_no_reservation_that_has_lapsed() {
    let (w, shop, buyer) = shop().await;
    let hold = json!({"lasts": "PT1M", "then": "released"});
    shop.permit(&buyer, within(json!({"amount": usd("10"), "per": "P1D", "hold": hold}))).await;
    let body = json!({"action": "pay", "amount": "10", "currency": USD});
    let ask = async || buyer.http.post("/v1/verify", &body).header("idempotency-key", "one").send().await;
    ask().await.ok();
    // The job that says so has not run yet.
    w.clock.advance_ms(MINUTE_MS + 1);
    ask().await.refused(Reason::ReservationClosed);
    reserved(pay(&buyer, "10").await);
}

#[tokio::test]
async fn what_one_permission_was_granted_is_not_used_under_another() {
    let (w, shop, buyer) = shop().await;
    let window = json!({"amount": usd("100"), "per": "P1D"});
    let narrow = json!({"effect": "allow", "actions": ["pay"], "approval": "always", "window": window});
    shop.permit(&buyer, narrow).await;
    w.advance_ms(1);
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["*"], "approval": "always", "quorum": 3}))
        .await;
    let id = pay(&buyer, "50").await.waits();
    let times = procura_app::approvals::Given::Grant(procura_app::approvals::Grant::Times(6));
    shop.answer(&shop.owner, &id, times).await.unwrap();
    for _ in 0..2 {
        reserved(pay(&buyer, "50").await);
    }
    let other = pay(&buyer, "50").await.waits();
    assert_ne!(other, id, "three people must agree to this one");
    assert_eq!(shop.approval(&other).await.at("/quorum"), json!(3));
}

#[tokio::test]
async fn looking_ahead_says_that_an_agent_is_disabled() {
    let (_w, shop, buyer) = shop().await;
    may_pay(&shop, &[&buyer]).await;
    shop.platform.call(http::Method::POST, &format!("/v1/agents/{}/disable", buyer.id)).send().await.ok();
    let body = json!({"agentId": buyer.id.to_string(), "action": "pay"});
    let explained = shop.platform.post("/v1/verify/explain", &body).send().await.ok();
    assert_eq!(explained.at("/code"), json!("AGENT_DISABLED"), "{}", explained.text());
}

#[tokio::test]
async fn a_request_adds_up_a_ledger_once_and_the_next_one_anew() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let window = json!({"amount": {"value": "100", "currency": "USD"}, "per": "P1D"});
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["pay"], "window": window})).await;
    let ctx = Ctx::new(shop.id, Actor::Operator, w.app.now(), &w.app.entropy);
    let snapshot = verify::snapshot(&w.app, &ctx, buyer.id).await.unwrap();
    let ask: Ask =
        serde_json::from_value(json!({"action": "pay", "amount": "60", "currency": "USD"})).unwrap();
    let mut sums = Sums::default();
    let mut reasons = Vec::new();
    for spend in [true, false] {
        reasons
            .push(budgets::consider(&w.app, &ctx, &mut sums, &snapshot, &ask).await.unwrap().decision.reason);
        if spend {
            pay(&buyer, "60").await.allowed();
        }
    }
    assert_eq!(reasons, [Reason::Allowed, Reason::Allowed], "read once for one request");
    let anew = budgets::consider(&w.app, &ctx, &mut Sums::default(), &snapshot, &ask).await.unwrap();
    assert_eq!(anew.decision.reason, Reason::BudgetExceeded, "the next request sees what was spent");

    // Of one batch the answers are those of its questions one by one.
    let question = |amount: &str| {
        json!({"subject": {"type": "agent", "id": buyer.id.to_string()},
        "action": {"name": "pay", "properties": {"amount": amount, "currency": "USD"}},
        "resource": {"type": "order", "id": "1"}})
    };
    let questions: Vec<Value> = ["30", "41", "40", "40.01", "30"].map(question).to_vec();
    let batch = json!({"evaluations": questions});
    let told = buyer.http.post("/access/v1/evaluations", &batch).send().await.ok().at("/evaluations");
    for (index, question) in questions.iter().enumerate() {
        let alone = buyer.http.post("/access/v1/evaluation", question).send().await.ok();
        assert_eq!(told[index]["decision"], alone.at("/decision"), "{question}: {told}");
    }
}
