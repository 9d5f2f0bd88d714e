//! Keys from the outside (AGT-3): both headers, rotation, revocation, expiry, and nothing of a secret in any list.

use procura_crypto::{TokenKind, token};
use procura_model::{Entropy, Reason, Scope, time::HOUR_MS};
use procura_testkit::world::World;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_key_is_taken_from_either_header_and_names_its_holder() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let by_bearer = buyer.http.get("/v1/whoami").send().await.ok();
    let by_header = w.http.get("/v1/whoami").header("x-api-key", &buyer.key).send().await.ok();
    assert_eq!(by_bearer.json(), by_header.json());
    assert_eq!(by_bearer.text_at("/agentId"), buyer.id.to_string());
    assert_eq!(by_bearer.text_at("/organizationId"), shop.id.to_string());
    assert_eq!(
        by_bearer.at("/scopes"),
        json!(["verify", "tools", "read:activity", "read:approvals", "sessions"])
    );
    let two = buyer.http.get("/v1/whoami").header("x-api-key", &shop.key).send().await;
    two.refused(Reason::CredentialMalformed);
}

#[tokio::test]
async fn a_rotated_key_dies_at_once_or_after_its_overlap() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let path = format!("/v1/keys/{}/rotate", buyer.key_id);
    let second = shop.platform.post(&path, &json!({})).send().await.ok();
    buyer.http.get("/v1/whoami").send().await.refused(Reason::CredentialInvalid);
    let with_second = w.http.with_key(&second.text_at("/secret"));
    assert_eq!(with_second.get("/v1/whoami").send().await.ok().text_at("/agentId"), buyer.id.to_string());

    let path = format!("/v1/keys/{}/rotate", second.text_at("/key/id"));
    let third = shop.platform.post(&path, &json!({"overlapSeconds": 3600})).send().await.ok();
    let with_third = w.http.with_key(&third.text_at("/secret"));
    with_second.get("/v1/whoami").send().await.ok();
    with_third.get("/v1/whoami").send().await.ok();
    w.advance_ms(HOUR_MS + 1);
    with_second.get("/v1/whoami").send().await.refused(Reason::CredentialExpired);
    with_third.get("/v1/whoami").send().await.ok();
}

#[tokio::test]
async fn a_revoked_key_and_a_disabled_agent_stop_at_the_next_request() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let (buyer, seller) = (shop.agent("buyer").await, shop.agent("seller").await);
    for agent in [&buyer, &seller] {
        shop.permit(agent, json!({"effect": "allow", "actions": ["pay"]})).await;
        agent.verify("pay").send().await.allowed();
    }
    shop.platform.delete(&format!("/v1/keys/{}", buyer.key_id)).send().await.ok();
    buyer.http.get("/v1/whoami").send().await.refused(Reason::CredentialInvalid);
    buyer.verify("pay").send().await.0.refused(Reason::CredentialInvalid);
    let disable = format!("/v1/agents/{}/disable", seller.id);
    shop.call(http::Method::POST, &disable).send().await.ok();
    seller.verify("pay").send().await.0.refused(Reason::AgentDisabled);
    let asked = shop.platform.post("/v1/verify", &json!({"agentId": seller.id.to_string(), "action": "pay"}));
    let asked = asked.send().await.ok();
    assert_eq!((asked.at("/allowed"), asked.text_at("/code")), (json!(false), "AGENT_DISABLED".to_owned()));
    shop.call(http::Method::POST, &format!("/v1/agents/{}/enable", seller.id)).send().await.ok();
    seller.verify("pay").send().await.allowed();
}

#[tokio::test]
async fn a_mistyped_key_is_refused_before_the_database_is_asked() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let entropy = Entropy::seeded(99);
    let unknown = token::mint(TokenKind::AgentKey, &entropy);
    let other_kind = token::mint(TokenKind::Session, &entropy);
    // A store that cannot answer shows who asks it.
    w.app.store.close().await;
    let mut mistyped = shop.key.clone().into_bytes();
    let last = mistyped.last_mut().unwrap();
    *last = if *last == b'0' { b'1' } else { b'0' };
    let mistyped = String::from_utf8(mistyped).unwrap();
    for wrong in [mistyped.as_str(), "pca_", "pcp_short", other_kind.secret.show(), "nothing"] {
        let reply = w.http.with_key(wrong).get("/v1/whoami").send().await;
        reply.refused(Reason::CredentialMalformed);
    }
    let asked = w.http.with_key(unknown.secret.show()).get("/v1/whoami").send().await;
    assert_eq!(asked.status, 503, "a well-formed key asks the database: {}", asked.text());
}

#[tokio::test]
async fn a_secret_is_in_no_list_and_no_trace() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let made = shop
        .platform
        .post("/v1/keys", &json!({"name": "reader", "scopes": ["read:agents"]}))
        .send()
        .await
        .ok();
    let request = made.request_id();
    let stub_key = "whatever-the-upstream-wants";
    let server = json!({"name": "held", "url": "https://held.example/mcp", "credential": stub_key});
    let added = shop.platform.post("/v1/servers", &server).send().await.ok();
    assert_eq!(added.at("/hasCredential"), json!(true));
    let mut texts = vec![added.text()];
    for path in [
        "/v1/keys".to_owned(),
        format!("/v1/agents/{}/keys", buyer.id),
        "/v1/servers".to_owned(),
        "/v1/changes".to_owned(),
        format!("/v1/traces/{request}"),
    ] {
        texts.push(shop.platform.get(&path).send().await.ok().text());
    }
    for secret in [&buyer.key, &shop.key, &made.text_at("/secret"), &stub_key.to_owned()] {
        assert!(texts.iter().all(|text| !text.contains(secret.as_str())), "a secret is shown again");
    }
}

#[tokio::test]
async fn nobody_makes_a_key_that_may_do_more_than_they_may() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let small = shop.platform_key(&[Scope::WriteKeys, Scope::ReadKeys]).await;
    let wanted = json!({"name": "more", "scopes": ["write:members"]});
    small.post("/v1/keys", &wanted).send().await.refused(Reason::ScopeMissing);
    let first = shop.platform.get("/v1/keys").send().await.ok();
    let is_first = |key: &&serde_json::Value| key["name"] == "first platform key";
    let id = first.at("/items").as_array().unwrap().iter().find(is_first).unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    small.post(&format!("/v1/keys/{id}/rotate"), &json!({})).send().await.refused(Reason::ScopeMissing);
    let decider = json!({"name": "robot", "scopes": ["decide:approvals"]});
    shop.platform.post("/v1/keys", &decider).send().await.refused(Reason::FieldInvalid);
    let buyer = shop.agent("buyer").await;
    let path = format!("/v1/agents/{}/keys", buyer.id);
    let wanted = json!({"name": "more", "scopes": ["write:agents"]});
    shop.platform.post(&path, &wanted).send().await.refused(Reason::FieldInvalid);
}

#[tokio::test]
async fn last_use_is_written_down_without_a_request_waiting_for_it() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    buyer.http.get("/v1/whoami").send().await.ok();
    w.settle().await;
    let keys = shop.platform.get(&format!("/v1/agents/{}/keys", buyer.id)).send().await.ok();
    assert!(keys.at("/items/0/lastUsedAt").is_string(), "{}", keys.text());
}

#[tokio::test]
async fn a_standing_stream_ends_with_the_key_that_opened_it() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let wanted = json!({"notifications": {"toolsListChanged": true}});
    let mut stream = tokio::task::JoinSet::new();
    stream.spawn(buyer.mcp().request("subscriptions/listen", wanted).send());
    let early = tokio::time::timeout(Duration::from_millis(1_500), stream.join_next()).await;
    assert!(early.is_err(), "the stream stands as long as its key lives");
    shop.platform.delete(&format!("/v1/keys/{}", buyer.key_id)).send().await.ok();
    let ended = tokio::time::timeout(Duration::from_secs(5), stream.join_next()).await;
    let told = ended.expect("the stream outlived its key").unwrap().unwrap().text();
    assert!(told.contains("subscriptions/acknowledged"), "{told}");
}
