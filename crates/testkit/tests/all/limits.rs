//! Limits as callers meet them (LIM-1).

use procura_cluster::{LimitSettings, Rate};
use procura_model::Reason;
use procura_testkit::world::{Options, World};
use serde_json::json;

fn small() -> Options {
    let options = Options::default();
    let limits = LimitSettings { global: Rate::per_minute(12), mcp: Rate::per_minute(3), ..options.limits };
    Options { limits, ..options }
}

#[tokio::test]
async fn a_caller_is_told_its_limits_and_when_to_come_again() {
    let w = World::start_with(small()).await;
    let shop = w.tenant("shop").await;
    let mut last = None;
    for n in 1..=12 {
        let reply = shop.platform.get("/v1/whoami").send().await.ok();
        assert_eq!(reply.header("ratelimit-policy"), "\"global\";q=12;w=60");
        assert!(
            reply.header("ratelimit").starts_with(&format!("\"global\";r={};t=", 12 - n)),
            "{:?}",
            reply.headers
        );
        last = Some(reply);
    }
    assert!(last.is_some());
    let refused = shop.platform.get("/v1/whoami").send().await.refused(Reason::RateLimited);
    let wait: i64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert!(refused.header("ratelimit").starts_with("\"global\";r=0;"), "{:?}", refused.headers);
    w.advance_ms(wait * 1_000);
    shop.platform.get("/v1/whoami").send().await.ok();
    shop.platform.get("/v1/whoami").send().await.refused(Reason::RateLimited);
}

#[tokio::test]
async fn one_caller_s_haste_does_not_slow_another() {
    let w = World::start_with(small()).await;
    let shop = w.tenant("shop").await;
    let (fast, slow) = (shop.agent("fast").await, shop.agent("slow").await);
    for _ in 0..12 {
        fast.http.get("/v1/whoami").send().await.ok();
    }
    fast.http.get("/v1/whoami").send().await.refused(Reason::RateLimited);
    slow.http.get("/v1/whoami").send().await.ok();
}

#[tokio::test]
async fn guessing_keys_is_bounded_by_address() {
    let w = World::start_with(small()).await;
    let shop = w.tenant("shop").await;
    for _ in 0..12 {
        w.http.with_key("pca_guess").get("/v1/whoami").send().await.refused(Reason::CredentialMalformed);
    }
    w.http.with_key("pca_guess").get("/v1/whoami").send().await.refused(Reason::RateLimited);
    shop.platform.get("/v1/whoami").send().await.ok();
}

#[tokio::test]
async fn the_gateway_has_a_limit_of_its_own() {
    let w = World::start_with(small()).await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    for _ in 0..3 {
        buyer.mcp().send("tools/list", json!({})).await.reply.ok();
    }
    let refused = buyer.mcp().request("tools/list", json!({})).send().await;
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert!(refused.header("ratelimit-policy").contains("\"mcp\";q=3;w=60"), "{:?}", refused.headers);
    assert!(!refused.header("retry-after").is_empty());
    buyer.http.get("/v1/whoami").send().await.ok();
}
