//! `Idempotency-Key`: a write that is sent again is done once (conventions of the API).

use procura_model::{Digest, Reason};
use procura_store::testing;
use procura_testkit::world::{Reply, Shop, World};
use serde_json::{Value, json};

async fn add(shop: &Shop, key: &str, body: &Value) -> Reply {
    shop.platform.post("/v1/servers", body).header("idempotency-key", key).send().await
}

#[tokio::test]
async fn the_same_write_twice_is_done_once_and_answered_alike() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let body = json!({"name": "books", "url": "https://books.example/mcp"});
    let first = add(&shop, "one", &body).await.ok();
    let again = add(&shop, "one", &body).await.ok();
    assert_eq!(first.json(), again.json());
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(shop.platform.get("/v1/servers").send().await.at("/items").as_array().unwrap().len(), 1);
    let other = json!({"name": "other", "url": "https://books.example/mcp"});
    add(&shop, "one", &other).await.refused(Reason::IdempotencyMismatch);
    add(&shop, "two", &body).await.refused(Reason::NameTaken);
}

#[tokio::test]
async fn a_refused_write_gives_its_turn_back() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    add(&shop, "k", &json!({"name": "NOT A NAME", "url": "https://a.example"}))
        .await
        .refused(Reason::FieldInvalid);
    add(&shop, "k", &json!({"name": "fine", "url": "https://a.example"})).await.ok();
}

#[tokio::test]
async fn a_secret_is_not_kept_for_a_replay() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let make =
        || shop.platform.post("/v1/agents", &json!({"name": "buyer"})).header("idempotency-key", "k").send();
    let first = make().await.ok();
    let secret = first.text_at("/key/secret");
    let again = make().await.refused(Reason::StateChanged);
    assert!(!again.text().contains(&secret) && again.text().contains("shown once"), "{}", again.text());
    assert_eq!(shop.platform.get("/v1/agents").send().await.at("/items").as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn of_many_at_once_one_is_done() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let body = json!({"name": "books", "url": "https://books.example/mcp"});
    let replies = futures_util::future::join_all((0..16).map(|_| add(&shop, "race", &body))).await;
    assert!(replies.iter().any(|reply| reply.status == 201));
    for reply in &replies {
        let is_fine = reply.status == 201 || reply.code() == Some(Reason::StateChanged);
        assert!(is_fine, "{} {}", reply.status, reply.text());
    }
    assert_eq!(shop.platform.get("/v1/servers").send().await.at("/items").as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_belongs_to_the_one_who_sent_it() {
    let w = World::start().await;
    let (shop, other) = (w.tenant("shop").await, w.tenant("other").await);
    let body = json!({"name": "books", "url": "https://books.example/mcp"});
    let first = add(&shop, "same", &body).await.ok();
    let theirs = add(&other, "same", &body).await.ok();
    assert_ne!(first.text_at("/id"), theirs.text_at("/id"));
    assert_eq!(theirs.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn nothing_is_kept_by_which_a_secret_that_was_sent_could_be_tried_out() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("assistant").await;
    shop.user_signed_token(&agent).await;
    let path = format!("/v1/agents/{}/user-auth/secrets", agent.id);
    let body = json!({"secret": "correct horse battery staple 1815"});
    let send = async || shop.platform.post(&path, &body).header("idempotency-key", "one").send().await;
    send().await.ok();
    send().await.refused(Reason::StateChanged);
    let guess = Digest::of(format!("POST {path}\n{body}").as_bytes());
    for (place, value) in testing::every_value(&w.app.store).await {
        let is_found = value.windows(32).any(|part| part == guess.as_bytes());
        assert!(!is_found, "a digest of the secret stands in {place}");
    }
}
