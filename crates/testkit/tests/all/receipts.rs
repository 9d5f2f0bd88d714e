//! Receipts from end to end (VER-6): what was decided comes back signed, anybody verifies it with libraries of their own,
//! and it is redeemed once, while everything that it stands on is as it was.

use crate::clients::{Tools, tools};
use procura_crypto::{
    JwkSet,
    receipt::{self, Rules, action_digest},
};
use procura_model::{Ask, Reason, Scope, Time};
use procura_testkit::{
    business::signed_token,
    world::{Buyer, Hands, Http, Options, Reply, Shop, World},
};
use serde_json::{Value, json};
use std::{path::Path, process::Stdio, time::Duration};
use tokio::{io::AsyncWriteExt as _, process::Command, time::timeout};

const VENDOR: &str = "shop.example.com";
const NONCE: &str = "0123456789abcdef0123456789abcdef";

/// An organization whose agent may buy for up to 500 dollars, alone below 100.
async fn counter(w: &World) -> (Shop, Buyer) {
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let permission = json!({"effect": "allow", "actions": ["purchase"], "vendors": [VENDOR],
        "maxAmount": {"value": "500", "currency": "USD"}, "approval": {"above": {"value": "100", "currency": "USD"}}});
    shop.permit(&buyer, permission).await;
    (shop, buyer)
}

fn purchase(amount: &str) -> Value {
    json!({"action": "purchase", "vendor": VENDOR, "amount": amount, "currency": "USD", "args": {"seats": 2}})
}

/// Asks for a receipt of this; what is given beside goes into the question too.
async fn ask(buyer: &Buyer, amount: &str, beside: Value) -> Reply {
    let mut body = purchase(amount);
    body["receipt"] = json!(true);
    for (name, value) in beside.as_object().unwrap() {
        body[name] = value.clone();
    }
    buyer.http.post("/v1/verify", &body).send().await.ok()
}

async fn receipt_of(buyer: &Buyer) -> String {
    ask(buyer, "42", json!({})).await.text_at("/receipt")
}

async fn redeem(http: &Http, receipt: &str, beside: Value) -> Reply {
    let mut body = beside;
    body["receipt"] = json!(receipt);
    http.post("/v1/receipts/redeem", &body).send().await
}

async fn published(w: &World) -> Value {
    w.http.get("/.well-known/jwks.json").send().await.ok().json()
}

/// What the receipt says, by our own verifier and the published keys.
async fn read(w: &World, receipt: &str) -> Result<receipt::Receipt, Reason> {
    let keys = JwkSet::parse(&published(w).await.to_string()).unwrap();
    let now = w.app.now();
    let rules = Rules { issuer: w.url(), audience: None, agent: None, digest: None, nonce: None, now };
    receipt::verify(&rules, &keys, receipt).map_err(|error| error.reason())
}

fn digest(body: &Value) -> String {
    action_digest(&serde_json::from_value::<Ask>(body.clone()).unwrap().canonical())
}

#[tokio::test]
async fn every_decision_can_be_had_signed_and_says_what_was_answered() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    for (amount, decision) in [("42", "allow"), ("742.00", "deny"), ("142", "needs_approval")] {
        let answer = ask(&buyer, amount, json!({"nonce": NONCE})).await;
        let said = read(&w, &answer.text_at("/receipt")).await.unwrap();
        assert_eq!((said.verdict.as_str(), answer.text_at("/decision").as_str()), (decision, decision));
        assert_eq!(said.code.code(), answer.text_at("/code"));
        assert_eq!(said.request, answer.request_id());
        assert_eq!((said.agent, said.tenant), (buyer.id, shop.id));
        assert_eq!((said.audience.as_str(), said.nonce.as_deref()), (VENDOR, Some(NONCE)));
        assert_eq!(said.digest, digest(&purchase(amount)), "{amount}");
        assert_eq!(json!(said.policy_version), answer.at("/policyVersion"));
        assert_eq!(said.credential.map(|key| key.to_string()), Some(buyer.key_id.clone()));
        assert_eq!(said.expires_at - said.issued_at, 60);
        assert_eq!(
            said.approval.map(|id| json!(id.to_string())).unwrap_or_default(),
            answer.at("/approvalId")
        );
        assert_eq!(said.user, None);
    }
    let plain = buyer.http.post("/v1/verify", &purchase("42")).send().await.ok();
    assert_eq!(plain.at("/receipt"), Value::Null, "nobody asked for one");
    let named = ask(&buyer, "42", json!({"receipt": {"audience": "urn:bank:7"}})).await;
    assert_eq!(read(&w, &named.text_at("/receipt")).await.unwrap().audience, "urn:bank:7");
    let bare = buyer.verify("look").with("receipt", true).send().await.denied(Reason::NoPermission);
    assert_eq!(read(&w, &bare.0.text_at("/receipt")).await.unwrap().audience, w.url());
}

#[tokio::test]
async fn a_receipt_for_a_user_names_the_pseudonym_and_nothing_else_of_the_user() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let secret = shop.user_signed_token(&buyer).await;
    let now = w.app.now().as_ms() / 1_000;
    let token = json!({"userId": "ada-lovelace", "email": "ada@lovelace.example", "exp": now + 600});
    let opened = buyer.open_session(&signed_token(&token, &secret)).await.ok();
    let acting = buyer.acting_in(&opened);
    let receipt = receipt_of(&acting).await;
    let said = read(&w, &receipt).await.unwrap();
    assert!(said.user.as_ref().unwrap().0.starts_with("usr_"), "{said:?}");
    assert_eq!(said.session.unwrap().to_string(), opened.text_at("/sessionId"));
    assert!(!format!("{said:?}").to_lowercase().contains("lovelace"), "{said:?}");
    assert_ne!(said.digest, digest(&purchase("42")), "the user is a part of what was asked");
    let redeemed = redeem(&shop.platform, &receipt, json!({"ask": purchase("42")})).await.ok();
    assert_eq!(redeemed.text_at("/user"), said.user.unwrap().0);
    let late = receipt_of(&acting).await;
    let revoke = json!({"agentId": buyer.id.to_string(), "userId": "ada-lovelace"});
    shop.platform.post("/api/public/sessions/revoke", &revoke).send().await.ok();
    redeem(&shop.platform, &late, json!({})).await.refused(Reason::ReceiptStale);
}

#[tokio::test]
async fn a_receipt_is_redeemed_once_for_its_audience_and_its_action() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let answer = ask(&buyer, "42", json!({"nonce": NONCE})).await;
    let receipt = answer.text_at("/receipt");
    let shop_key = shop.platform_key(&[Scope::RedeemReceipts]).await;
    for wrong in [
        json!({"audience": "evil.example.com"}),
        json!({"audience": VENDOR, "digest": digest(&purchase("43"))}),
        json!({"ask": purchase("42.01")}),
        json!({"ask": {"action": "purchase"}}),
        json!({"digest": digest(&purchase("42")), "ask": purchase("41")}),
    ] {
        redeem(&shop_key, &receipt, wrong).await.refused(Reason::ReceiptMismatch);
    }
    let right = json!({"audience": VENDOR, "digest": digest(&purchase("42")), "ask": purchase("42.00")});
    let redeemed = redeem(&shop_key, &receipt, right.clone()).await.ok();
    assert_eq!((redeemed.at("/success"), redeemed.at("/redeemed")), (json!(true), json!(true)));
    assert_eq!(redeemed.text_at("/requestId"), answer.request_id().to_string());
    assert_eq!(redeemed.text_at("/agentId"), buyer.id.to_string());
    assert_eq!(
        (redeemed.text_at("/decision"), redeemed.text_at("/nonce")),
        ("allow".to_owned(), NONCE.to_owned())
    );
    redeem(&shop_key, &receipt, right).await.refused(Reason::ReceiptRedeemed);
    let trace = shop.trace(redeemed.request_id()).await;
    assert!(trace.text().contains("receipt.redeemed"), "{}", trace.text());
    assert!(trace.text().contains(&redeemed.text_at("/receiptId")), "{}", trace.text());
    let next = receipt_of(&buyer).await;
    assert_ne!(next, receipt, "the same question has a new receipt");
    redeem(&shop_key, &next, json!({})).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_who_redeem_one_receipt_exactly_one_does() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    for round in 0..3 {
        let receipt = receipt_of(&buyer).await;
        let racers = (0..64).map(|_| redeem(&shop.platform, &receipt, json!({"audience": VENDOR})));
        let answers = futures_util::future::join_all(racers).await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(won, 1, "round {round}");
        for lost in answers.into_iter().filter(|answer| answer.status != 200) {
            lost.refused(Reason::ReceiptRedeemed);
        }
    }
}

#[tokio::test]
async fn a_repeated_redemption_with_its_key_gets_the_first_answer() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let body = json!({"receipt": receipt_of(&buyer).await});
    let send = async || {
        let call = shop.platform.post("/v1/receipts/redeem", &body).header("idempotency-key", "order-7");
        call.send().await.ok().text_at("/receiptId")
    };
    assert_eq!(send().await, send().await);
    redeem(&shop.platform, body["receipt"].as_str().unwrap(), json!({}))
        .await
        .refused(Reason::ReceiptRedeemed);
}

#[tokio::test]
async fn what_is_no_allow_or_no_longer_good_is_not_redeemed() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    for amount in ["742", "142"] {
        let receipt = ask(&buyer, amount, json!({})).await.text_at("/receipt");
        redeem(&shop.platform, &receipt, json!({})).await.refused(Reason::ReceiptDenied);
    }
    let receipt = receipt_of(&buyer).await;
    let (at, mut altered) = (receipt.len() - 20, receipt.clone());
    let other = if receipt[at..].starts_with('A') { "B" } else { "A" };
    altered.replace_range(at..=at, other);
    for no_receipt in ["", "a.b.c", receipt.rsplit_once('.').unwrap().0, altered.as_str()] {
        let reply = redeem(&shop.platform, no_receipt, json!({})).await;
        let expected = if no_receipt.is_empty() { Reason::FieldInvalid } else { Reason::ReceiptInvalid };
        reply.refused(expected);
    }
    w.advance_ms(60_000);
    redeem(&shop.platform, &receipt, json!({})).await.refused(Reason::ReceiptExpired);
    assert_eq!(read(&w, &receipt).await, Err(Reason::ReceiptExpired));
}

#[tokio::test]
async fn an_allow_is_stale_once_what_it_stood_on_has_changed() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let receipt = receipt_of(&buyer).await;
    shop.permit(&buyer, json!({"effect": "block", "actions": ["refund"]})).await;
    redeem(&shop.platform, &receipt, json!({})).await.refused(Reason::ReceiptStale);
    assert!(read(&w, &receipt).await.is_ok(), "offline nobody can know");

    let receipt = receipt_of(&buyer).await;
    shop.platform.delete(&format!("/v1/keys/{}", buyer.key_id)).send().await.ok();
    redeem(&shop.platform, &receipt, json!({})).await.refused(Reason::ReceiptStale);

    let seller = shop.agent("seller").await;
    shop.permit(&seller, json!({"effect": "allow", "actions": ["purchase"]})).await;
    let (first, second) = (receipt_of(&seller).await, receipt_of(&seller).await);
    redeem(&shop.platform, &first, json!({})).await.ok();
    let set = |word: &str| shop.call(http::Method::POST, &format!("/v1/agents/{}/{word}", seller.id)).send();
    set("disable").await.ok();
    redeem(&shop.platform, &second, json!({})).await.refused(Reason::ReceiptStale);
    set("enable").await.ok();
    redeem(&shop.platform, &second, json!({})).await.ok();
}

/// An amount without a currency is in the organization's, so its settings are a part of what was decided.
#[tokio::test]
async fn an_allow_is_stale_once_the_organization_s_settings_have_changed() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let other = w.tenant("other").await;
    let settings = json!({"currency": "EUR"});
    let (first, second) = (receipt_of(&buyer).await, receipt_of(&buyer).await);
    other.platform.patch("/v1/organization", &settings).send().await.ok();
    redeem(&shop.platform, &first, json!({})).await.ok();
    shop.platform.patch("/v1/organization", &settings).send().await.ok();
    redeem(&shop.platform, &second, json!({})).await.refused(Reason::ReceiptStale);
    assert!(read(&w, &second).await.is_ok(), "offline nobody can know");
    redeem(&shop.platform, &receipt_of(&buyer).await, json!({})).await.ok();
}

#[tokio::test]
async fn an_allow_is_stale_once_a_guardrail_or_a_budget_came_after_it() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let other = w.tenant("other").await;
    let rail = json!({"name": "no refunds", "policy": r#"forbid(principal, action, resource) when { context.action == "refund" };"#});
    let budget = json!({"name": "all", "of": "organization", "actions": ["purchase"],
        "window": {"count": 100, "per": "P1D"}});
    let mut added = Vec::new();
    for (path, body) in [("/v1/guardrails", &rail), ("/v1/budgets", &budget)] {
        let receipt = receipt_of(&buyer).await;
        other.platform.post(path, body).send().await.ok();
        redeem(&shop.platform, &receipt, json!({})).await.ok();
        let receipt = receipt_of(&buyer).await;
        added.push(format!("{path}/{}", shop.platform.post(path, body).send().await.ok().text_at("/id")));
        redeem(&shop.platform, &receipt, json!({})).await.refused(Reason::ReceiptStale);
        assert!(read(&w, &receipt).await.is_ok(), "offline nobody can know");
        redeem(&shop.platform, &receipt_of(&buyer).await, json!({})).await.ok();
    }
    for path in added {
        let receipt = receipt_of(&buyer).await;
        shop.platform.delete(&path).send().await.ok();
        redeem(&shop.platform, &receipt, json!({})).await.refused(Reason::ReceiptStale);
        redeem(&shop.platform, &receipt_of(&buyer).await, json!({})).await.ok();
    }
}

#[tokio::test]
async fn a_trace_tells_of_its_receipt_and_what_one_that_is_brought_is_worth() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let answer = ask(&buyer, "42", json!({"nonce": NONCE, "metadata": {"order": 7}})).await;
    let (receipt, path) = (answer.text_at("/receipt"), format!("/activity/{}", answer.request_id()));
    let plain = buyer.http.post("/v1/verify", &purchase("42")).send().await.ok();
    let bare = shop.owner.page(&format!("/activity/{}", plain.request_id())).await.ok().text();
    assert!(!bare.contains("Verify receipt"), "nobody asked for one");
    let page = shop.owner.page(&path).await.ok().text();
    let id = read(&w, &receipt).await.unwrap().id.to_string();
    assert!(page.contains(&id) && page.contains("Verify receipt") && page.contains("jwks.json"), "{page}");
    assert!(!page.contains(&receipt), "a receipt is its bearer's");
    let check = async |token: &str| {
        let fields = [("form_token", shop.owner.form_token.as_str()), ("receipt", token)];
        let http = shop.owner.browser.with(http::header::ACCEPT, "text/html");
        let origin = http.base().to_owned();
        let call = http.call(http::Method::POST, &format!("{path}/receipt")).form(&fields);
        let reply = call.header("origin", &origin).send().await;
        (reply.status, reply.text())
    };
    let (status, good) = check(&receipt).await;
    assert!(status == 200 && good.contains("Good") && good.contains("Nobody has redeemed it"), "{good}");
    assert!(good.contains(NONCE) && good.contains(VENDOR) && good.contains(&buyer.key_id), "{good}");
    let (_, of_another) = check(&receipt_of(&buyer).await).await;
    assert!(
        of_another.contains("Not to be acted on") && of_another.contains("It is of req_"),
        "{of_another}"
    );
    let (status, forged) = check(&with_part(&receipt, 2, "")).await;
    assert!(status == Reason::ReceiptInvalid.http() && forged.contains("Signature invalid"), "{forged}");
    redeem(&shop.platform, &receipt, json!({})).await.ok();
    let (_, used) = check(&receipt).await;
    assert!(used.contains("Not to be acted on") && used.contains("cannot be redeemed again"), "{used}");
    w.advance_ms(60_000);
    let (status, late) = check(&receipt).await;
    assert!(status == 200 && late.contains("Expired"), "{late}");
    let stranger = w.tenant("stranger").await;
    let (_, foreign) = {
        let reply = stranger.owner.page(&path).await;
        (reply.status, reply.text())
    };
    assert!(!foreign.contains(&id), "{foreign}");
}

#[tokio::test]
async fn of_the_receipts_for_one_reservation_one_is_redeemed_and_none_once_it_is_released() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let window = json!({"amount": {"value": "1000", "currency": "USD"}, "per": "P30D"});
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["purchase"], "window": window})).await;
    let mut body = purchase("42");
    body["receipt"] = json!(true);
    let asked = async |key: &str| {
        buyer.http.post("/v1/verify", &body).header("idempotency-key", key).send().await.ok()
    };
    let (first, again) = (asked("order-7").await, asked("order-7").await);
    let reservation = first.text_at("/reservationId");
    assert_eq!(again.text_at("/reservationId"), reservation);
    let (first, again) = (first.text_at("/receipt"), again.text_at("/receipt"));
    assert_ne!(first, again);
    assert_eq!(read(&w, &first).await.unwrap().reservation.unwrap().to_string(), reservation);
    let racers = [&first, &again].map(|receipt| redeem(&shop.platform, receipt, json!({})));
    let answers = futures_util::future::join_all(racers).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for lost in answers.into_iter().filter(|answer| answer.status != 200) {
        lost.refused(Reason::ReceiptRedeemed);
    }
    let other = asked("order-8").await;
    let release = format!("/v1/reservations/{}/release", other.text_at("/reservationId"));
    buyer.http.post(&release, &json!({})).send().await.ok();
    redeem(&shop.platform, &other.text_at("/receipt"), json!({})).await.refused(Reason::ReceiptStale);
}

#[tokio::test]
async fn an_agent_gives_nothing_back_of_what_a_redeemed_receipt_stands_on() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let window = json!({"amount": {"value": "100", "currency": "USD"}, "per": "P30D"});
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["purchase"], "window": window})).await;
    let settle = async |http: &Http, answer: &Reply, verb: &str, body: Value| {
        let path = format!("/v1/reservations/{}/{verb}", answer.text_at("/reservationId"));
        http.post(&path, &body).send().await
    };
    let done = ask(&buyer, "42", json!({})).await;
    redeem(&shop.platform, &done.text_at("/receipt"), json!({})).await.ok();
    settle(&buyer.http, &done, "release", json!({})).await.refused(Reason::ReservationClosed);
    settle(&buyer.http, &done, "commit", json!({"amount": "0"})).await.refused(Reason::ReservationClosed);
    settle(&buyer.http, &done, "commit", json!({"amount": "42"})).await.ok();
    let less = ask(&buyer, "42", json!({})).await;
    settle(&buyer.http, &less, "commit", json!({"amount": "1"})).await.ok();
    redeem(&shop.platform, &less.text_at("/receipt"), json!({})).await.refused(Reason::ReceiptStale);
    let undone = ask(&buyer, "42", json!({})).await;
    redeem(&shop.platform, &undone.text_at("/receipt"), json!({})).await.ok();
    settle(&shop.platform, &undone, "release", json!({})).await.ok();
}

#[tokio::test]
async fn what_a_redeemed_receipt_stands_on_lapses_no_more() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let window = json!({"amount": {"value": "50", "currency": "USD"}, "per": "P30D",
        "hold": {"lasts": "PT30S", "then": "released"}});
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["purchase"], "window": window})).await;
    let lapsed = ask(&buyer, "42", json!({})).await;
    w.clock.advance_ms(30_000);
    redeem(&shop.platform, &lapsed.text_at("/receipt"), json!({})).await.refused(Reason::ReceiptStale);
    let done = ask(&buyer, "42", json!({})).await;
    assert_eq!(done.at("/allowed"), json!(true), "what lapsed counts no longer");
    redeem(&shop.platform, &done.text_at("/receipt"), json!({})).await.ok();
    w.clock.advance_ms(60_000);
    assert_eq!(ask(&buyer, "42", json!({})).await.at("/code"), json!("BUDGET_EXCEEDED"));
}

#[tokio::test]
async fn nobody_redeems_without_the_scope_or_in_another_organization() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let receipt = receipt_of(&buyer).await;
    redeem(&w.http, &receipt, json!({})).await.refused(Reason::CredentialMissing);
    redeem(&buyer.http, &receipt, json!({})).await.refused(Reason::ScopeMissing);
    let small = shop.platform_key(&[Scope::Verify]).await;
    redeem(&small, &receipt, json!({})).await.refused(Reason::ScopeMissing);
    let other = w.tenant("stranger").await;
    let told =
        redeem(&other.platform, &receipt, json!({"audience": "wrong"})).await.refused(Reason::ReceiptInvalid);
    assert!(!told.text().contains("`aud`"), "a stranger learns nothing: {}", told.text());
    redeem(&shop.platform, &receipt, json!({})).await.ok();
}

#[tokio::test]
async fn a_question_for_a_receipt_must_be_one() {
    let w = World::start().await;
    let (_, buyer) = counter(&w).await;
    for (name, value) in [
        ("receipt", json!("yes")),
        ("receipt", json!({"audience": ""})),
        ("receipt", json!({"audience": "a b"})),
        ("nonce", json!("short")),
        ("nonce", json!("n".repeat(65))),
        ("nonce", json!("0123456789 abcdef")),
    ] {
        let asked = buyer.verify("purchase").with("receipt", true).with(name, value.clone());
        asked.send().await.0.refused(Reason::FieldInvalid);
    }
    buyer.verify("purchase").with("nonce", NONCE).send().await.0.refused(Reason::FieldInvalid);
}

/// What these programs make of the receipts.
async fn judged(tools: &Tools, program: &Path, script: &str, question: &Value) -> Value {
    let mut child = Command::new(program)
        .arg(tools.clients.join(script))
        .current_dir(&tools.clients)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(question.to_string().as_bytes()).await.unwrap();
    drop(input);
    let output = timeout(Duration::from_secs(120), child.wait_with_output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{script}: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The receipt with this in the place of one of its three parts.
fn with_part(receipt: &str, index: usize, part: &str) -> String {
    let mut parts: Vec<&str> = receipt.split('.').collect();
    parts[index] = part;
    parts.join(".")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jose_and_pyjwt_verify_receipts_offline_with_the_published_keys() {
    let Some(tools) = tools("receipts in jose and PyJWT") else { return };
    let w = World::start_with(Options { hands: Hands::System, ..Options::default() }).await;
    let (_, buyer) = counter(&w).await;
    let allow = ask(&buyer, "42", json!({"nonce": NONCE})).await;
    let (receipt, deny) =
        (allow.text_at("/receipt"), ask(&buyer, "742", json!({})).await.text_at("/receipt"));
    let part = |index: usize| deny.split('.').nth(index).unwrap().to_owned();
    let now = Time::as_ms(w.app.now()) / 1_000;
    let job = |name: &str, receipt: &str, audience: &str| json!({"name": name, "receipt": receipt, "audience": audience, "now": now});
    let question = json!({"keys": published(&w).await, "issuer": w.url(), "jobs": [
        job("allow", &receipt, VENDOR),
        job("deny", &deny, VENDOR),
        job("for somebody else", &receipt, "evil.example.com"),
        job("claims of another", &with_part(&receipt, 1, &part(1)), VENDOR),
        job("signature of another", &with_part(&receipt, 2, &part(2)), VENDOR),
        job("no signature", &with_part(&receipt, 2, ""), VENDOR),
        job("alg none", &with_part(&with_part(&receipt, 2, ""), 0, "eyJhbGciOiJub25lIiwidHlwIjoicHJvY3VyYS1yZWNlaXB0K2p3dCJ9"), VENDOR),
    ]});
    for (program, script) in [(&tools.node, "receipt.mjs"), (&tools.python, "receipt.py")] {
        let said = judged(&tools, program, script, &question).await;
        let allowed = &said["allow"]["claims"];
        assert_eq!(allowed["dec"], json!("allow"), "{script}: {said}");
        assert_eq!((&allowed["nonce"], &allowed["dig"]), (&json!(NONCE), &json!(digest(&purchase("42")))));
        assert_eq!(allowed["req"], json!(allow.request_id().to_string()));
        assert_eq!(said["deny"]["claims"]["dec"], json!("deny"), "{script}: {said}");
        for name in
            ["for somebody else", "claims of another", "signature of another", "no signature", "alg none"]
        {
            assert!(said[name]["refused"].is_string(), "{script}, {name}: {said}");
        }
    }
}
