//! The second wire form: an agent holds an assertion of this server, exchanges it for tokens of an hour, and polls the
//! token endpoint to be claimed.

use super::*;

const IDENTITY: &str = "/agent-auth/identity";
const IDENTITY_CLAIM: &str = "/agent-auth/identity/claim";
const EVENTS: &str = "/agent-auth/events";
const BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const CLAIM_GRANT: &str = "urn:workos:agent-auth:grant-type:claim";
const REVOKED: &str = "https://schemas.workos.com/events/agent/auth/identity/assertion/revoked";

async fn token(w: &World, fields: &[(&str, &str)]) -> Reply {
    w.http.call(http::Method::POST, "/oauth/token").form(fields).send().await
}

async fn exchanged(w: &World, assertion: &str, rest: &[(&str, &str)]) -> Reply {
    let mut fields = vec![("grant_type", BEARER), ("assertion", assertion)];
    fields.extend_from_slice(rest);
    token(w, &fields).await
}

async fn polled(w: &World, claim_token: &str) -> Reply {
    token(w, &[("grant_type", CLAIM_GRANT), ("claim_token", claim_token)]).await
}

/// RFC 6749 section 5.2, which these endpoints borrow.
#[track_caller]
fn told(reply: &Reply, status: u16, error: &str) {
    let document = reply.json();
    assert_eq!((reply.status, document["error"].as_str()), (status, Some(error)), "{}", reply.text());
    assert!(document["error_description"].as_str().is_some_and(|text| !text.is_empty()), "{document}");
    assert_eq!(reply.header("cache-control"), "no-store");
}

async fn speaking(changes: Value) -> (World, Shop) {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let mut all = json!({"profiles": "both"});
    for (name, value) in changes.as_object().unwrap() {
        all[name] = value.clone();
    }
    guarded(&shop, all).await;
    (w, shop)
}

#[tokio::test]
async fn an_agent_holds_an_assertion_and_everything_from_before_its_claim_is_over_with_it() {
    let (w, shop) = speaking(json!({})).await;
    let one = post(&w, IDENTITY, json!({"type": "anonymous"})).await.ok();
    assert_eq!(one.text_at("/registration_type"), "anonymous");
    assert_eq!(one.at("/pre_claim_scopes"), json!(["read:data"]));
    assert!(one.at("/credential").is_null(), "no key in this form");
    let (before, claim_token) = (one.text_at("/identity_assertion"), one.text_at("/claim_token"));
    let small = exchanged(&w, &before, &[("resource", API)]).await.ok();
    assert_eq!(
        (small.text_at("/token_type"), small.text_at("/scope")),
        ("Bearer".to_owned(), "read:data".to_owned())
    );
    assert_eq!(small.at("/expires_in"), json!(3600));
    assert!(small.at("/refresh_token").is_null());
    assert_eq!((small.header("cache-control"), small.header("pragma")), ("no-store", "no-cache"));
    let small = small.text_at("/access_token");
    assert_eq!(status(&shop.platform, &small, json!({"scopes": ["read:data"]})).await, 200);
    exchanged(&w, &before, &[]).await.ok();
    told(&polled(&w, &claim_token).await, 400, "invalid_grant");
    let begun =
        post(&w, IDENTITY_CLAIM, json!({"type": "login_hint", "claim_token": claim_token})).await.ok();
    told(&polled(&w, &claim_token).await, 400, "authorization_pending");
    told(&polled(&w, &claim_token).await, 400, "slow_down");
    let code = begun.text_at("/claim_attempt/user_code");
    answers(&shop.owner, &code, &[("answer", "allow"), ("scope", "manage:config")]).await.ok();
    w.advance_ms(60_000);
    let taken = polled(&w, &claim_token).await.ok();
    assert_eq!(taken.text_at("/scope"), "manage:config");
    let after = taken.text_at("/identity_assertion");
    assert_eq!(status(&shop.platform, &small, json!({})).await, 401, "its tokens from before");
    told(&exchanged(&w, &before, &[]).await, 400, "invalid_grant");
    let big = exchanged(&w, &after, &[]).await.ok().text_at("/access_token");
    assert_eq!(status(&shop.platform, &big, json!({"scopes": ["manage:config"]})).await, 200);
    assert_eq!(status(&shop.platform, &taken.text_at("/access_token"), json!({})).await, 200);
    w.advance_ms(HOUR_MS);
    assert_eq!(status(&shop.platform, &big, json!({})).await, 401, "an hour");
    w.advance_ms(60_000);
    told(&polled(&w, &claim_token).await, 400, "invalid_grant");
    exchanged(&w, &after, &[]).await.ok();
}

#[tokio::test]
async fn what_is_not_our_assertion_is_exchanged_for_nothing() {
    let (w, shop) = speaking(json!({})).await;
    let idp = provider(&w, &shop, |_| {}).await;
    let one = post(&w, IDENTITY, asserted(&idp.good(&w, "1"))).await.ok();
    assert_eq!(one.text_at("/registration_type"), "identity_assertion");
    assert_eq!(one.at("/scopes"), json!(["read:data", "manage:config"]));
    let held = one.text_at("/identity_assertion");
    for (rest, error) in [
        (&[("resource", "https://other.example")][..], "invalid_target"),
        (&[("scope", "admin")][..], "invalid_scope"),
        (&[("scope", "read:data manage:config admin")][..], "invalid_scope"),
    ] {
        told(&exchanged(&w, &held, rest).await, 400, error);
    }
    let some = exchanged(&w, &held, &[("scope", "read:data"), ("resource", API)]).await.ok();
    assert_eq!(some.text_at("/scope"), "read:data");
    let (signed, _) = held.rsplit_once('.').unwrap();
    let forged =
        idp.assertion(&w, "x", "agent-identity+jwt", &json!({"sub": one.text_at("/registration_id")}));
    for bad in [&format!("{signed}.{}", "A".repeat(86)), &forged] {
        told(&exchanged(&w, bad, &[]).await, 400, "invalid_grant");
    }
    // An issuer's assertion is no assertion of ours: it needs a client, as ever.
    let theirs = exchanged(&w, &idp.good(&w, "2"), &[]).await;
    assert_eq!(theirs.json()["error"], json!("invalid_client"), "{}", theirs.text());
    // Nor is ours one of an issuer's.
    told(&post(&w, IDENTITY, asserted(&held)).await, 400, "invalid_request");
    refused(&post(&w, REGISTER, asserted(&held)).await, 400, "invalid_request");
    for wrong in ["clm_x", "nonsense"] {
        told(&polled(&w, wrong).await, 400, "invalid_grant");
    }
    told(&post(&w, IDENTITY_CLAIM, json!({"claim_token": "clm_x"})).await, 401, "invalid_claim_token");
    told(
        &post(&w, IDENTITY, json!({"type": "service_auth", "login_hint": "a@b.example"})).await,
        400,
        "service_auth_not_enabled",
    );
    told(&post(&w, IDENTITY, json!({"type": "robot"})).await, 400, "invalid_request");
}

#[tokio::test]
async fn a_provider_ends_what_it_vouched_for_by_an_event() {
    let (w, shop) = speaking(json!({"profiles": "second"})).await;
    let idp = provider(&w, &shop, |_| {}).await;
    let held = post(&w, IDENTITY, asserted(&idp.good(&w, "1"))).await.ok().text_at("/identity_assertion");
    let key = exchanged(&w, &held, &[]).await.ok().text_at("/access_token");
    let send = async |kind: &str, changes: Value| {
        let mut claims = json!({"iss": IDP, "sub": "U019488227", "aud": [w.url()], "jti": "e1",
            "iat": w.clock.now().as_ms() / 1000, "events": { REVOKED: {} }});
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let event = idp.issuer.signed(&json!({"alg": "EdDSA", "kid": "idp", "typ": kind}), &claims);
        let call = w.http.call(http::Method::POST, EVENTS).header("content-type", "application/secevent+jwt");
        call.bytes(event).send().await
    };
    for (kind, changes, err) in [
        ("logout+jwt", json!({}), "invalid_request"),
        ("secevent+jwt", json!({"iss": "https://other.example"}), "invalid_issuer"),
        ("secevent+jwt", json!({"aud": "https://other.example"}), "invalid_audience"),
    ] {
        let reply = send(kind, changes).await;
        assert_eq!((reply.status, &reply.json()["err"]), (400, &json!(err)), "{}", reply.text());
    }
    let unknown = send("secevent+jwt", json!({"jti": "e0", "events": {"https://other.example/e": {}}})).await;
    assert_eq!((unknown.status, unknown.body.is_empty()), (202, true), "{}", unknown.text());
    assert_eq!(status(&shop.platform, &key, json!({})).await, 200);
    assert_eq!(send("secevent+jwt", json!({})).await.status, 202);
    assert_eq!(status(&shop.platform, &key, json!({})).await, 401);
    told(&exchanged(&w, &held, &[]).await, 400, "invalid_grant");
    assert_eq!(send("secevent+jwt", json!({})).await.status, 202, "sent twice is taken once");
    assert_eq!(
        post(&w, REGISTER, json!({"type": "anonymous"})).await.status,
        404,
        "only the second form is served"
    );
}

#[tokio::test]
async fn both_vocabularies_stand_side_by_side_and_each_of_their_addresses_answers() {
    let (w, _) = speaking(json!({})).await;
    let document = w.http.get("/.well-known/oauth-protected-resource").send().await.ok().json();
    let block = &document["agent_auth"];
    let server = w.http.get("/.well-known/oauth-authorization-server").send().await.ok().json();
    assert_eq!(server["agent_auth"], *block);
    assert!(server["grant_types_supported"].as_array().unwrap().contains(&json!(CLAIM_GRANT)));
    assert_eq!(block["events_supported"], json!([REVOKED]));
    let named = [
        "register_uri",
        "claim_uri",
        "revocation_uri",
        "identity_endpoint",
        "claim_endpoint",
        "events_endpoint",
    ];
    for name in named {
        let path = block[name].as_str().and_then(|url| url.strip_prefix(w.url())).unwrap();
        let reply = post(&w, path, json!({})).await;
        assert!(!matches!(reply.status, 404 | 405 | 500..), "{name}: {} {}", reply.status, reply.text());
    }
    let text = w.http.get("/auth.md").send().await.ok().text();
    for name in ["register_uri", "claim_uri", "revocation_uri", "identity_endpoint", "claim_endpoint"] {
        assert!(text.contains(block[name].as_str().unwrap()), "{name}");
    }
}

#[tokio::test]
async fn a_sign_in_that_is_too_old_is_a_step_up() {
    let (w, shop) = speaking(json!({"maxLoginSeconds": 600})).await;
    let idp = provider(&w, &shop, |_| {}).await;
    let now = w.clock.now().as_ms() / 1000;
    for changes in [json!({}), json!({"auth_time": now - 601}), json!({"auth_time": now + 3600})] {
        let reply = post(&w, IDENTITY, asserted(&idp.assertion(&w, "1", "oauth-id-jag+jwt", &changes))).await;
        told(&reply, 401, "login_required");
        assert_eq!(reply.header("www-authenticate"), "AgentAuth error=\"login_required\"");
    }
    let fresh = idp.assertion(&w, "2", "oauth-id-jag+jwt", &json!({ "auth_time": now - 60 }));
    post(&w, IDENTITY, asserted(&fresh)).await.ok();
}
