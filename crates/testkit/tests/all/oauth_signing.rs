//! What access tokens are signed with (RFC 9068 section 2.1), and the places where clients of MCP's revision 2025-03-26
//! look that know no metadata (its section 2.3.3).

use super::{
    oauth_authorize::{ask, query, registered},
    oauth_tokens::{ORDERS, VERIFIER, code, exchange, is_live, own, part, post, refused},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use procura_crypto::{Algorithm, NewOauthKey, OauthKey};
use procura_model::{Entropy, Reason, time};
use procura_testkit::{
    business::{Issuer, key_set},
    world::{Reply, Shop, World},
};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

const STOCK: &str = "https://api.shop.example/stock";

async fn guard(shop: &Shop, identifier: &str, more: Value) -> Reply {
    let mut settings = json!({"name": "API", "scopes": [{"name": "orders:read", "text": "Read orders."}]});
    for (name, value) in more.as_object().unwrap() {
        settings[name] = value.clone();
    }
    shop.platform.post("/v1/resources", &json!({"identifier": identifier, "settings": settings})).send().await
}

async fn kinds(w: &World) -> Vec<String> {
    let keys = w.http.get("/oauth/jwks").send().await.ok().at("/keys");
    let mut kinds: Vec<String> =
        keys.as_array().unwrap().iter().map(|key| key["alg"].as_str().unwrap().to_owned()).collect();
    kinds.sort();
    kinds
}

#[tokio::test]
async fn an_api_has_its_tokens_signed_as_it_wants_and_both_kinds_of_key_are_replaced() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("worker").await;
    let client = own(&shop, &["client_credentials"], Some(&agent), json!({})).await;
    let mint = async |resource: &str| {
        let fields = [("grant_type", "client_credentials"), ("resource", resource)];
        client.token(&w, &fields).await.ok().text_at("/access_token")
    };
    guard(&shop, STOCK, json!({})).await.ok();
    assert_eq!(part(&mint(STOCK).await, 0)["alg"], json!("EdDSA"), "as the operator set it");
    assert_eq!(kinds(&w).await, ["EdDSA"], "an RSA key is made when somebody wants it");
    let api = guard(&shop, ORDERS, json!({"signingAlg": "RS256"})).await.ok();
    assert_eq!(api.text_at("/signingAlg"), "RS256");
    assert_eq!(kinds(&w).await, ["EdDSA", "RS256"], "it is there before the first token");
    let before = mint(ORDERS).await;
    assert_eq!(part(&before, 0)["alg"], json!("RS256"));
    let gateway = mint(&format!("{}/v1/mcp", w.url())).await;
    assert_eq!(part(&gateway, 0)["alg"], json!("EdDSA"));
    assert!(is_live(&shop, &before).await && is_live(&shop, &gateway).await);
    // Both are replaced in their time, and each overlaps with what comes after it.
    w.advance_ms(90 * time::DAY_MS);
    w.settle().await;
    assert_eq!(kinds(&w).await, ["EdDSA", "EdDSA", "RS256", "RS256"]);
    let last = mint(ORDERS).await;
    assert_eq!(part(&last, 0)["kid"], part(&before, 0)["kid"], "published before it signs");
    w.advance_ms(10 * time::MINUTE_MS - 1);
    let last = (mint(ORDERS).await, mint(STOCK).await);
    w.advance_ms(1);
    let next = (mint(ORDERS).await, mint(STOCK).await);
    assert_ne!(part(&last.0, 0)["kid"], part(&next.0, 0)["kid"]);
    assert_ne!(part(&last.1, 0)["kid"], part(&next.1, 0)["kid"]);
    for token in [&last.0, &last.1, &next.0, &next.1] {
        assert!(is_live(&shop, token).await, "what the key before signed holds");
    }
    // Wanted by nobody, an algorithm's key is let go when it would have been replaced, and comes back when it is wanted.
    let path = format!("/v1/resources/{}", api.text_at("/id"));
    shop.platform.delete(&path).send().await.ok();
    w.advance_ms(91 * time::DAY_MS);
    w.settle().await;
    w.advance_ms(2 * time::DAY_MS);
    w.settle().await;
    w.advance_ms(2 * time::MINUTE_MS);
    w.settle().await;
    assert_eq!(kinds(&w).await, ["EdDSA"]);
    guard(&shop, ORDERS, json!({"signingAlg": "RS256"})).await.ok();
    assert!(is_live(&shop, &mint(ORDERS).await).await);
}

#[tokio::test]
async fn an_algorithm_is_one_of_two_and_of_signed_tokens_alone() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let opaque = json!({"signingAlg": "RS256", "tokens": "opaque"});
    guard(&shop, ORDERS, opaque).await.refused(Reason::FieldInvalid);
    for alg in ["none", "HS256", "ES256", "rs256"] {
        assert!(guard(&shop, ORDERS, json!({"signingAlg": alg})).await.status >= 400, "{alg}");
    }
}

/// Verification takes what we published, under the algorithm that it was published for, and nothing else.
#[tokio::test]
async fn a_token_of_another_key_or_algorithm_is_none() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("worker").await;
    let client = own(&shop, &["client_credentials"], Some(&agent), json!({})).await;
    guard(&shop, ORDERS, json!({"signingAlg": "RS256"})).await.ok();
    let fields = [("grant_type", "client_credentials"), ("resource", ORDERS)];
    let token = client.token(&w, &fields).await.ok().text_at("/access_token");
    assert!(is_live(&shop, &token).await);
    let claims = part(&token, 1);
    let kid = part(&token, 0)["kid"].clone();
    let stranger = Issuer::new("stranger");
    for header in [
        json!({"alg": "EdDSA", "kid": kid, "typ": "at+jwt"}),
        json!({"alg": "Ed25519", "kid": kid, "typ": "at+jwt"}),
        json!({"alg": "RS256", "kid": kid, "typ": "at+jwt"}),
        json!({"alg": "EdDSA", "kid": "stranger", "typ": "at+jwt"}),
    ] {
        assert!(!is_live(&shop, &stranger.signed(&header, &claims)).await, "{header}");
    }
    let mut parts: Vec<&str> = token.split('.').collect();
    let none = URL_SAFE_NO_PAD.encode(json!({"alg": "none", "kid": kid, "typ": "at+jwt"}).to_string());
    parts[0] = &none;
    assert!(
        !is_live(&shop, &parts.join(".")).await && !is_live(&shop, &format!("{none}.{}.", parts[1])).await
    );
}

/// A proof by a fresh Ed25519 key, its algorithm under RFC 9864's name.
fn proof(w: &World, seed: u8, (jti, path): (&str, &str)) -> String {
    let seed = [seed; 32];
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    let x = URL_SAFE_NO_PAD.encode(pair.public_key());
    let header =
        json!({"typ": "dpop+jwt", "alg": "Ed25519", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": x}});
    let claims = json!({"jti": jti, "htm": "POST", "htu": format!("{}{path}", w.url()),
        "iat": w.clock.now().as_ms() / 1_000});
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

#[tokio::test]
async fn clients_without_metadata_find_us_at_the_root() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let body = json!({"client_name": "Old tool", "redirect_uris": ["http://127.0.0.1/cb"],
        "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"]});
    let made = w.http.post("/register", &body).send().await;
    assert_eq!((made.status, made.header("access-control-allow-origin")), (201, "*"), "{}", made.text());
    assert_eq!(
        w.http.post("/oauth/register", &body).send().await.text_at("/client_id"),
        made.text_at("/client_id")
    );
    let client = registered(&w, |_| {}).await;
    // The page at /authorize is the page at /oauth/authorize.
    let page = shop.owner.page(&format!("/authorize?{}", query(&client, &[]))).await;
    let usual = ask(&shop.owner, &query(&client, &[])).await;
    assert_eq!((page.status, usual.status), (200, 200), "{}", page.text());
    assert_eq!(
        page.header("content-security-policy").is_empty(),
        usual.header("content-security-policy").is_empty()
    );
    assert!(page.header("access-control-allow-origin").is_empty(), "a page is open to no script");
    let nobody = w.http.get(&format!("/authorize?{}", query(&client, &[]))).send().await;
    assert!(nobody.header("location").contains("sign-in"), "{}", nobody.text());
    // Codes and refresh tokens serve at /token.
    let id = client.id.to_string();
    let got = exchange(&w, &id, &code(&shop, &client, &[]).await, &[]).await.ok();
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", &id),
        ("refresh_token", &got.text_at("/refresh_token")),
    ];
    let again = post(&w.http, "/token", &refresh).await.ok();
    assert_eq!(
        (again.header("cache-control"), again.header("access-control-allow-origin")),
        ("no-store", "*")
    );
    assert!(is_live(&shop, &again.text_at("/access_token")).await);
    refused(
        &post(&w.http, "/token", &[("grant_type", "password"), ("client_id", &id)]).await,
        400,
        "unsupported_grant_type",
    );
    // The document names the endpoints, and the root is none of them.
    let server = w.http.get("/.well-known/oauth-authorization-server").send().await.ok();
    assert_eq!(server.at("/token_endpoint"), json!(format!("{}/oauth/token", w.url())));
}

/// RFC 9449 section 4.3, check 9, and RFC 7523 section 3, 3: what was made for one place does not serve at another.
#[tokio::test]
async fn proofs_and_assertions_are_for_the_place_that_was_asked() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let id = client.id.to_string();
    let send = async |path: &str, proof: &str| {
        let code = code(&shop, &client, &[]).await;
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", id.as_str()),
            ("code", code.as_str()),
            ("code_verifier", VERIFIER),
        ];
        w.http.call(http::Method::POST, path).form(&fields).header("dpop", proof).send().await
    };
    let bound = send("/token", &proof(&w, 1, ("a", "/token"))).await.ok();
    assert_eq!(bound.text_at("/token_type"), "DPoP");
    send("/oauth/token", &proof(&w, 1, ("b", "/oauth/token"))).await.ok();
    refused(&send("/token", &proof(&w, 1, ("c", "/oauth/token"))).await, 400, "invalid_dpop_proof");
    refused(&send("/oauth/token", &proof(&w, 1, ("d", "/token"))).await, 400, "invalid_dpop_proof");
    let key = Issuer::new("key");
    let agent = shop.agent("signs").await;
    let metadata = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": key_set(&[&key])});
    let signs = own(&shop, &["client_credentials"], Some(&agent), metadata).await;
    let show = async |path: &str, aud: &str, (jti, alg): (&str, &str)| {
        let now = w.clock.now().as_ms() / 1_000;
        let claims = json!({"iss": signs.id, "sub": signs.id, "aud": format!("{}{aud}", w.url()), "jti": jti,
            "iat": now, "exp": now + 60});
        let assertion = key.signed(&json!({"alg": alg, "kid": "key"}), &claims);
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", kind),
            ("client_assertion", assertion.as_str()),
        ];
        post(&w.http, path, &fields).await
    };
    show("/token", "/token", ("1", "EdDSA")).await.ok();
    show("/token", "", ("2", "Ed25519")).await.ok();
    show("/oauth/token", "/oauth/token", ("3", "Ed25519")).await.ok();
    refused(&show("/oauth/token", "/token", ("4", "EdDSA")).await, 401, "invalid_client");
    let server = w.http.get("/.well-known/oauth-authorization-server").send().await.ok();
    for list in ["dpop_signing_alg_values_supported", "token_endpoint_auth_signing_alg_values_supported"] {
        let algorithms = server.at(&format!("/{list}"));
        for name in ["EdDSA", "Ed25519", "RS256"] {
            assert!(algorithms.as_array().unwrap().contains(&json!(name)), "{list} has no {name}");
        }
    }
}

/// A key of an algorithm that nobody published is drawn by nobody.
#[test]
fn access_tokens_are_signed_with_two_algorithms() {
    let entropy = Entropy::seeded(5);
    for algorithm in Algorithm::ALL {
        let drawn = OauthKey::generate(algorithm, &entropy);
        let is_ours = matches!(algorithm, Algorithm::EdDsa | Algorithm::Rs256);
        assert_eq!(matches!(drawn, Ok(NewOauthKey { .. })), is_ours, "{algorithm:?}");
    }
}
