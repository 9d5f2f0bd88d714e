//! Agents for which an issuer vouches: every way in which an assertion can be wrong, claims without a person, and the
//! issuer's word that it vouches no longer.

use super::*;

const REVOKED: &str = "https://schemas.workos.com/events/agent/auth/identity/assertion/revoked";

#[tokio::test]
async fn an_assertion_registers_once_for_what_it_says() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    guarded(&shop, json!({})).await;
    let idp = provider(&w, &shop, |_| {}).await;
    let changes = json!({"scope": "read:data", "resource": API, "workspace": "ws_1"});
    let shown = idp.assertion(&w, "1", "oauth-id-jag+jwt", &changes);
    let one = post(&w, REGISTER, asserted(&shown)).await.ok();
    assert_eq!(one.text_at("/registration_type"), "agent-provider");
    assert_eq!((one.at("/scopes"), one.at("/workspaces")), (json!(["read:data"]), json!(["ws_1"])));
    assert!(one.at("/claim_token").is_null() && one.at("/credential_expires").is_null());
    let key = one.text_at("/credential");
    assert_eq!(
        status(&shop.platform, &key, json!({"workspace": "ws_1", "scopes": ["read:data"]})).await,
        200
    );
    let elsewhere = verdict(&shop.platform, &key, json!({"workspace": "ws_2"})).await;
    assert_eq!((&elsewhere["status"], &elsewhere["code"]), (&json!(403), &json!("AUTH_WORKSPACE_MISSING")));
    refused(&post(&w, REGISTER, asserted(&shown)).await, 400, "replay_detected");
    let alias = idp.assertion(&w, "2", "oauth-id-jag+jwt", &json!({ "aud": API }));
    post(&w, REGISTER, asserted(&alias)).await.ok();
    let list = idp.assertion(&w, "3", "oauth-id-jag+jwt", &json!({"aud": [w.url()]}));
    post(&w, REGISTER, asserted(&list)).await.ok();
}

#[tokio::test]
async fn every_assertion_that_is_not_right_is_refused_by_its_name() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    guarded(&shop, json!({})).await;
    let idp = provider(&w, &shop, |_| {}).await;
    let now = w.clock.now().as_ms() / 1000;
    for (index, (kind, changes, code)) in [
        ("JWT", json!({}), "invalid_request"),
        ("agent-identity+jwt", json!({}), "invalid_request"),
        ("oauth-id-jag+jwt", json!({"iss": null}), "invalid_issuer"),
        ("oauth-id-jag+jwt", json!({"iss": "https://idp.example/"}), "invalid_issuer"),
        ("oauth-id-jag+jwt", json!({"tenant": "mallory"}), "invalid_issuer"),
        ("oauth-id-jag+jwt", json!({"aud_tenant": "org_01JD9Z3V5M8Q6T2W4X7Y9A1B3C"}), "invalid_issuer"),
        ("oauth-id-jag+jwt", json!({"aud": [w.url(), "https://other.example"]}), "invalid_audience"),
        ("oauth-id-jag+jwt", json!({"aud": format!("{}/oauth/token", w.url())}), "invalid_audience"),
        ("oauth-id-jag+jwt", json!({"resource": "https://other.example"}), "invalid_audience"),
        ("oauth-id-jag+jwt", json!({"client_id": null}), "invalid_client_id"),
        ("oauth-id-jag+jwt", json!({"client_id": "https://stranger.example/c"}), "invalid_client_id"),
        ("oauth-id-jag+jwt", json!({"exp": now - 60, "iat": now - 300}), "expired"),
        ("oauth-id-jag+jwt", json!({"iat": now + 3600}), "invalid_request"),
        ("oauth-id-jag+jwt", json!({"exp": now + 90_000}), "invalid_request"),
        ("oauth-id-jag+jwt", json!({"jti": null}), "invalid_request"),
        ("oauth-id-jag+jwt", json!({"sub": " "}), "invalid_request"),
        ("oauth-id-jag+jwt", json!({"scope": "admin"}), "invalid_request"),
        ("oauth-id-jag+jwt", json!({"workspace": "*"}), "invalid_request"),
        (
            "oauth-id-jag+jwt",
            json!({"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}),
            "invalid_request",
        ),
        ("oauth-id-jag+jwt", json!({"email": null}), "missing_verified_email"),
        ("oauth-id-jag+jwt", json!({"email_verified": "true"}), "missing_verified_email"),
    ]
    .into_iter()
    .enumerate()
    {
        let shown = idp.assertion(&w, &index.to_string(), kind, &changes);
        let reply = post(&w, REGISTER, asserted(&shown)).await;
        assert_eq!(reply.json()["code"], json!(code), "{kind} {changes}: {}", reply.text());
        refused(&reply, 400, code);
    }
    let now_claims = idp.good(&w, "alg");
    let payload = now_claims.split('.').nth(1).unwrap();
    let none = format!("eyJhbGciOiJub25lIiwidHlwIjoib2F1dGgtaWQtamFnK2p3dCJ9.{payload}.AA");
    refused(&post(&w, REGISTER, asserted(&none)).await, 400, "invalid_signature");
    let phone = json!({"email": null, "email_verified": null, "phone_number": "+15550100", "phone_number_verified": true});
    let shown = idp.assertion(&w, "phone", "oauth-id-jag+jwt", &phone);
    post(&w, REGISTER, asserted(&shown)).await.ok();
}

#[tokio::test]
async fn the_issuers_keys_are_never_fetched_from_a_private_place() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    guarded(&shop, json!({})).await;
    let secret = Host::start(Answer::Json(json!({"keys": []}))).await;
    let there = secret.url("/");
    let redirect = w.host(Purpose::Jwks, Answer::Redirect(there)).await;
    let idp = provider(&w, &shop, |settings| settings.jwks_uri = redirect.url("/jwks")).await;
    let reply = post(&w, REGISTER, asserted(&idp.good(&w, "1"))).await;
    refused(&reply, 503, "temporarily_unavailable");
    assert!(secret.visits().is_empty(), "nobody went there");
}

#[tokio::test]
async fn an_assertion_claims_what_waits_for_a_person() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    guarded(&shop, json!({})).await;
    let idp = provider(&w, &shop, |_| {}).await;
    let one = anonymous(&w).await;
    let (small, token) = (one.text_at("/credential"), one.text_at("/claim_token"));
    let begun = post(&w, CLAIM, json!({ "claim_token": token })).await.ok();
    let claim =
        |jti: &str| json!({"claim_token": token, "assertion_type": ID_JAG, "assertion": idp.good(&w, jti)});
    let taken = post(&w, CLAIM, claim("1")).await.ok();
    assert_eq!(taken.text_at("/status"), "claimed");
    assert_eq!(taken.at("/scopes"), json!(["read:data", "manage:config"]));
    assert_eq!(status(&shop.platform, &small, json!({})).await, 401);
    assert_eq!(status(&shop.platform, &taken.text_at("/credential"), json!({})).await, 200);
    refused(&post(&w, CLAIM, claim("2")).await, 409, "claimed_or_in_flight");
    let code = begun.text_at("/claim_attempt/user_code");
    let late = answers(&shop.owner, &code, &[("answer", "allow"), ("scope", "read:data")]).await;
    assert_eq!(late.status, 422, "what was claimed is not claimed again: {}", late.text());
    // Who never registered does it by the assertion itself.
    let body = json!({"assertion_type": ID_JAG, "assertion": idp.good(&w, "3")});
    let key = post(&w, CLAIM, body).await.ok().text_at("/credential");
    assert_eq!(status(&shop.platform, &key, json!({})).await, 200);
}

#[tokio::test]
async fn an_issuer_takes_its_word_back() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    guarded(&shop, json!({})).await;
    let idp = provider(&w, &shop, |_| {}).await;
    let key = async |jti: &str, changes: Value| {
        let shown = idp.assertion(&w, jti, "oauth-id-jag+jwt", &changes);
        post(&w, REGISTER, asserted(&shown)).await.ok().text_at("/credential")
    };
    let (first, second) = (key("1", json!({})).await, key("2", json!({})).await);
    let other = key("3", json!({"sub": "another"})).await;
    let word = async |kind: &str, jti: &str, changes: Value| {
        let mut claims = json!({"iss": IDP, "sub": "U019488227", "aud": w.url(), "jti": jti,
            "iat": w.clock.now().as_ms() / 1000, "events": { REVOKED: {} }});
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let token = idp.issuer.signed(&json!({"alg": "EdDSA", "kid": "idp", "typ": kind}), &claims);
        let call = w.http.call(http::Method::POST, REVOKE).header("content-type", "application/logout+jwt");
        call.bytes(token).send().await
    };
    for (kind, changes, code) in [
        ("oauth-id-jag+jwt", json!({}), "invalid_request"),
        ("logout+jwt", json!({"iss": "https://other.example"}), "invalid_issuer"),
        ("logout+jwt", json!({"aud": "https://other.example"}), "invalid_audience"),
        ("logout+jwt", json!({"iat": 1}), "expired"),
        ("logout+jwt", json!({"events": []}), "invalid_request"),
    ] {
        refused(&word(kind, "x", changes).await, 400, code);
    }
    word("logout+jwt", "0", json!({"events": {"https://other.example/event": {}}})).await.ok();
    assert_eq!(status(&shop.platform, &first, json!({})).await, 200, "another event ends nothing");
    word("logout+jwt", "1", json!({})).await.ok();
    for key in [&first, &second] {
        assert_eq!(status(&shop.platform, key, json!({})).await, 401);
    }
    assert_eq!(status(&shop.platform, &other, json!({})).await, 200, "another person's stays");
    refused(&word("logout+jwt", "1", json!({})).await, 400, "replay_detected");
}
