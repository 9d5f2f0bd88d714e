//! What an assertion of a trusted issuer (ID-JAG) begins stands as long as the trust that began it, and no longer
//! (OAU-2, SES-1).

use super::oauth_tokens::{ORDERS, Own, is_live, orders, own, part, refused};
use procura_egress::Purpose;
use procura_model::{Reason, time::MINUTE_MS};
use procura_testkit::{
    business::{Issuer, key_set},
    secure::SecureHost,
    world::{Options, Reply, Shop, World},
};
use serde_json::{Value, json};
use std::net::IpAddr;

const BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const IDP: &str = "https://idp.example";

/// An organization that trusts an issuer, and its client.
struct Scene {
    w: World,
    shop: Shop,
    host: SecureHost,
    issuer: Issuer,
    trusted: String,
    client: Own,
}

impl Scene {
    async fn set() -> Self {
        let host = SecureHost::start_local("idp.example").await;
        let issuer = Issuer::new("idp");
        host.put("/jwks.json", key_set(&[&issuer]));
        host.put("/other.json", key_set(&[&issuer]));
        let w = World::start_trusting(Some(host.authority()), Options::default()).await;
        w.resolver.point("idp.example", IpAddr::from([127, 0, 0, 1]));
        w.allow_url_for(Purpose::Jwks, &host.url("/"));
        let shop = w.tenant("shop").await;
        let agent = shop.agent("worker").await;
        orders(&shop, "jwt", ORDERS).await;
        let body = json!({"issuer": IDP, "settings": {"jwksUri": host.url("/jwks.json")}});
        let trusted = shop.platform.post("/v1/issuers", &body).send().await.ok().text_at("/id");
        let client = own(&shop, &[BEARER], Some(&agent), json!({})).await;
        Self { w, shop, host, issuer, trusted, client }
    }

    async fn show(&self, jti: &str, changes: Value) -> Reply {
        let now = self.w.clock.now().as_ms() / 1_000;
        let mut claims = json!({
            "iss": IDP, "sub": "U1", "aud": self.w.url(), "client_id": self.client.id, "jti": jti, "iat": now,
            "exp": now + 300, "resource": ORDERS, "scope": "orders:read",
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let header = json!({"alg": "EdDSA", "kid": "idp", "typ": "oauth-id-jag+jwt"});
        let assertion = self.issuer.signed(&header, &claims);
        self.client.token(&self.w, &[("grant_type", BEARER), ("assertion", &assertion)]).await
    }

    async fn token(&self, jti: &str) -> String {
        self.show(jti, json!({})).await.ok().text_at("/access_token")
    }

    async fn change(&self, settings: Value) -> Reply {
        self.shop.platform.put(&format!("/v1/issuers/{}", self.trusted), &settings).send().await
    }
}

#[tokio::test]
async fn what_an_issuer_s_word_began_ends_when_the_issuer_is_trusted_no_longer() {
    let scene = Scene::set().await;
    let token = scene.token("1").await;
    assert!(is_live(&scene.shop, &token).await);
    let path = format!("/v1/issuers/{}", scene.trusted);
    scene.shop.platform.delete(&path).send().await.ok();
    assert!(!is_live(&scene.shop, &token).await, "the token outlived the trust");
    refused(&scene.show("2", json!({})).await, 400, "invalid_grant");
    // Trusted again, the issuer begins anew.
    let body = json!({"issuer": IDP, "settings": {"jwksUri": scene.host.url("/jwks.json")}});
    scene.shop.platform.post("/v1/issuers", &body).send().await.ok();
    assert!(is_live(&scene.shop, &scene.token("3").await).await);
    assert!(!is_live(&scene.shop, &token).await, "what ended came back");
}

#[tokio::test]
async fn a_narrower_trust_ends_what_the_wider_one_began_and_further_clients_end_nothing() {
    let scene = Scene::set().await;
    let (keys, other) = (scene.host.url("/jwks.json"), scene.host.url("/other.json"));
    let (one, two) = ("https://one.example/c.json", "https://two.example/c.json");
    let agent = scene.shop.agent("another").await.id;
    let mut settings = json!({"jwksUri": keys});
    for (number, (changed, is_kept)) in [
        (json!({"jwksUri": keys, "clients": [one]}), true),
        (json!({"jwksUri": keys, "clients": [one, two]}), true),
        (json!({"jwksUri": keys, "clients": [two]}), false),
        (json!({"jwksUri": other, "clients": [two]}), false),
        (json!({"jwksUri": other, "clients": [two], "agentId": agent}), false),
        (json!({"jwksUri": other, "clients": [two], "agentId": agent}), true),
    ]
    .into_iter()
    .enumerate()
    {
        let token = scene.token(&format!("kept {number}")).await;
        assert!(is_live(&scene.shop, &token).await);
        settings = changed;
        scene.change(settings.clone()).await.ok();
        assert_eq!(is_live(&scene.shop, &token).await, is_kept, "{settings}");
    }
    settings["tenant"] = json!("acme");
    let before = scene.token("before").await;
    scene.change(settings.clone()).await.ok();
    assert!(!is_live(&scene.shop, &before).await, "the issuer's other customer");
    refused(&scene.show("of none", json!({})).await, 400, "invalid_grant");
    scene.show("of acme", json!({"tenant": "acme"})).await.ok();
    scene.change(json!({"jwksUri": "http://idp.example/plain"})).await.refused(Reason::FieldInvalid);
}

/// Limits and lists count sessions: one person at one client has one, however often the client asks.
#[tokio::test]
async fn assertions_that_say_the_same_have_one_session_which_lasts_as_long_as_the_last_of_them() {
    let scene = Scene::set().await;
    let first = scene.token("1").await;
    scene.w.advance_ms(8 * MINUTE_MS);
    let second = scene.token("2").await;
    let sid = |token: &str| part(token, 1)["sid"].clone();
    assert_eq!(sid(&first), sid(&second));
    let sessions = scene
        .shop
        .platform
        .get(&format!("/v1/oauth-sessions?clientId={}", scene.client.id))
        .send()
        .await
        .ok();
    assert_eq!(sessions.at("/items").as_array().unwrap().len(), 1, "{}", sessions.text());
    scene.w.advance_ms(3 * MINUTE_MS);
    assert!(!is_live(&scene.shop, &first).await, "a token lasts no longer than it says");
    assert!(is_live(&scene.shop, &second).await);
    // Somebody else, and another API, have their own.
    let somebody = scene.show("3", json!({"sub": "U2"})).await.ok().text_at("/access_token");
    assert_ne!(sid(&somebody), sid(&second));
    orders(&scene.shop, "jwt", "https://api.shop.example/stock").await;
    let stock = json!({"resource": "https://api.shop.example/stock"});
    let stock = scene.show("4", stock).await.ok().text_at("/access_token");
    assert_ne!(sid(&stock), sid(&second));
    // Each assertion is still taken once.
    refused(&scene.show("2", json!({})).await, 400, "invalid_grant");
    // Ended, it does not come back: the next assertion begins another.
    let path = format!("/v1/oauth-sessions/{}", sid(&second).as_str().unwrap());
    scene.shop.platform.delete(&path).send().await.ok();
    assert!(!is_live(&scene.shop, &second).await && is_live(&scene.shop, &somebody).await);
    let next = scene.token("5").await;
    assert_ne!(sid(&next), sid(&second));
    assert!(is_live(&scene.shop, &next).await && !is_live(&scene.shop, &second).await);
}
