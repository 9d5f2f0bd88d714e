//! Tokens (OAU-5, OAU-6): the token endpoint with its grants, introspection and revocation, and the attacks that each of
//! them must stand. A requirement's RFC stands in its test's words.

use super::oauth_authorize::{BACK, allow, query, registered};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use procura_crypto::{TokenKind, token};
use procura_egress::Purpose;
use procura_model::{Role, time};
use procura_testkit::{
    business::{Answer, Issuer, key_set},
    oauth_race,
    world::{Buyer, Http, Reply, Shop, World},
};
use serde_json::{Value, json};

/// RFC 7636 appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub(super) const BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
pub(super) const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
pub(super) const ORDERS: &str = "https://api.shop.example/orders";

/// A client that an organization's people made, and its secret.
pub(super) struct Own {
    pub(super) id: String,
    pub(super) secret: String,
}

impl Own {
    /// Its request, authenticated by its secret in the body.
    pub(super) fn fields<'a>(&'a self, rest: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut all = vec![("client_id", self.id.as_str())];
        if !self.secret.is_empty() {
            all.push(("client_secret", &self.secret));
        }
        all.extend_from_slice(rest);
        all
    }

    pub(super) async fn token(&self, w: &World, rest: &[(&str, &str)]) -> Reply {
        post(&w.http, "/oauth/token", &self.fields(rest)).await
    }
}

pub(super) async fn own(shop: &Shop, grants: &[&str], agent: Option<&Buyer>, more: Value) -> Own {
    let mut metadata = json!({
        "client_name": "Night job", "redirect_uris": [BACK], "grant_types": grants,
        "token_endpoint_auth_method": "client_secret_post",
    });
    if !grants.contains(&"authorization_code") {
        metadata.as_object_mut().unwrap().remove("redirect_uris");
    }
    for (name, value) in more.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    let agent = agent.map(|agent| agent.id.to_string());
    let made = shop.platform.post("/v1/clients", &json!({"metadata": metadata, "agentId": agent}));
    let made = made.send().await.ok();
    let secret = made.at("/secret/secret").as_str().unwrap_or_default().to_owned();
    Own { id: made.text_at("/client/id"), secret }
}

pub(super) async fn post(http: &Http, path: &str, fields: &[(&str, &str)]) -> Reply {
    http.call(http::Method::POST, path).form(fields).send().await
}

/// A guarded API of the organization.
pub(super) async fn orders(shop: &Shop, form: &str, identifier: &str) {
    let settings = json!({
        "name": "Orders", "tokens": form,
        "scopes": [{"name": "orders:read", "text": "Read orders."}, {"name": "orders:write", "text": "Write orders."}],
    });
    let body = json!({"identifier": identifier, "settings": settings});
    shop.platform.post("/v1/resources", &body).send().await.ok();
}

/// A code of a public client for whoever owns the organization.
pub(super) async fn code(shop: &Shop, client: &procura_model::Client, changes: &[(&str, &str)]) -> String {
    allow(&shop.owner, &query(client, changes)).await.remove("code").expect("a code")
}

pub(super) async fn exchange(w: &World, client: &str, code: &str, changes: &[(&str, &str)]) -> Reply {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("code_verifier", VERIFIER),
    ];
    fields.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    fields.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    post(&w.http, "/oauth/token", &fields).await
}

pub(super) async fn refresh(w: &World, client: &str, token: &str, changes: &[(&str, &str)]) -> Reply {
    let mut fields = vec![("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)];
    fields.extend_from_slice(changes);
    post(&w.http, "/oauth/token", &fields).await
}

/// What the organization's own server is told of a token.
pub(super) async fn told(shop: &Shop, token: &str) -> Value {
    post(&shop.platform, "/oauth/introspect", &[("token", token)]).await.ok().json()
}

pub(super) async fn is_live(shop: &Shop, token: &str) -> bool {
    told(shop, token).await["active"] == json!(true)
}

/// RFC 6749 section 5.2.
#[track_caller]
pub(super) fn refused(reply: &Reply, status: u16, error: &str) {
    let document = reply.json();
    assert_eq!((reply.status, document["error"].as_str()), (status, Some(error)), "{}", reply.text());
    assert_eq!(reply.header("cache-control"), "no-store");
    let description = document["error_description"].as_str().unwrap_or_default();
    assert!(!description.is_empty(), "{document}");
    assert!(description.chars().all(|c| matches!(c, ' ' | '!' | '#'..='[' | ']'..='~')), "{description}");
    assert!(document.get("access_token").is_none(), "{document}");
}

pub(super) fn part(token: &str, index: usize) -> Value {
    let segment = token.split('.').nth(index).unwrap_or_default();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(segment).unwrap_or_default()).unwrap_or_default()
}

async fn recorded(shop: &Shop, kind: &str) -> usize {
    let rows = shop.platform.get("/v1/changes?limit=200").send().await.ok();
    rows.at("/items").as_array().unwrap().iter().filter(|one| one["event"] == kind).count()
}

/// RFC 6749 section 5.1, RFC 9068 section 2.
#[tokio::test]
async fn a_code_becomes_tokens_and_a_second_showing_ends_them() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let id = client.id.to_string();
    let code = code(&shop, &client, &[]).await;
    let reply = exchange(&w, &id, &code, &[("redirect_uri", BACK)]).await.ok();
    assert_eq!((reply.header("cache-control"), reply.header("pragma")), ("no-store", "no-cache"));
    assert!(reply.header("content-type").starts_with("application/json"));
    assert_eq!((reply.text_at("/token_type").as_str(), reply.at("/expires_in")), ("Bearer", json!(600)));
    assert_eq!(reply.text_at("/scope"), "tools");
    let (access, first) = (reply.text_at("/access_token"), reply.text_at("/refresh_token"));
    let (header, claims) = (part(&access, 0), part(&access, 1));
    assert_eq!((header["typ"].as_str(), header["alg"].as_str()), (Some("at+jwt"), Some("EdDSA")));
    assert_eq!(claims["iss"], json!(w.url()));
    assert_eq!(claims["aud"], json!(format!("{}/v1/mcp", w.url())));
    assert_eq!(
        (claims["sub"].as_str(), claims["client_id"].as_str()),
        (Some(&*shop.owner.account.to_string()), Some(&*id))
    );
    assert!(claims["act"]["sub"].as_str().unwrap().starts_with("agt_"), "{claims}");
    assert!(
        claims["auth_time"].is_i64() && claims["jti"].is_string() && claims["sid"].is_string(),
        "{claims}"
    );
    // The key is published, and nothing private of it.
    let keys = w.http.get("/oauth/jwks").send().await.ok();
    assert_eq!(keys.at("/keys/0/kid"), header["kid"]);
    assert!(keys.at("/keys/0/d").is_null(), "{}", keys.text());
    assert!(
        !w.http
            .get("/.well-known/jwks.json")
            .send()
            .await
            .ok()
            .text()
            .contains(header["kid"].as_str().unwrap())
    );
    let known = told(&shop, &access).await;
    assert_eq!((known["active"].clone(), known["sub"].clone()), (json!(true), claims["sub"].clone()));
    assert_eq!(known["act"], claims["act"]);
    // RFC 6749 section 4.1.2: a second showing is refused, and ends what the first gave.
    refused(&exchange(&w, &id, &code, &[]).await, 400, "invalid_grant");
    assert_eq!(told(&shop, &access).await, json!({"active": false}));
    refused(&refresh(&w, &id, &first, &[]).await, 400, "invalid_grant");
    assert_eq!(recorded(&shop, "code.replayed").await, 1);
}

/// RFC 6749 section 4.1.3, RFC 7636 section 4.6, RFC 9700 section 2.1.1.
#[tokio::test]
async fn a_code_is_its_clients_with_its_verifier_in_its_time() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let other = registered(&w, |_| {}).await;
    let id = client.id.to_string();
    for changes in [
        &[("code_verifier", "")][..],
        &[("code_verifier", "wrong-but-long-enough-to-be-a-verifier-of-a-code")],
        // plain is no method: the challenge is not its own verifier.
        &[("code_verifier", super::oauth_authorize::CHALLENGE)],
        &[("redirect_uri", "https://app.example/cb")],
        &[("redirect_uri", "http://127.0.0.1:8000/cb")],
    ] {
        let code = code(&shop, &client, &[]).await;
        refused(&exchange(&w, &id, &code, changes).await, 400, "invalid_grant");
        // One try: whoever has a stolen code cannot look for its verifier.
        refused(&exchange(&w, &id, &code, &[]).await, 400, "invalid_grant");
    }
    // Decision 26: another client's try ends it.
    let code_of = code(&shop, &client, &[]).await;
    refused(&exchange(&w, &other.id.to_string(), &code_of, &[]).await, 400, "invalid_grant");
    refused(&exchange(&w, &id, &code_of, &[]).await, 400, "invalid_grant");
    // Also after it was used, whatever else is wrong with the request.
    let used = code(&shop, &client, &[]).await;
    let access = exchange(&w, &id, &used, &[]).await.ok().text_at("/access_token");
    assert!(is_live(&shop, &access).await);
    let wrong = [("code_verifier", ""), ("resource", "https://elsewhere.example")];
    refused(&exchange(&w, &other.id.to_string(), &used, &wrong).await, 400, "invalid_grant");
    assert!(!is_live(&shop, &access).await);
    // In its time.
    let late = code(&shop, &client, &[]).await;
    w.advance_ms(time::MINUTE_MS);
    refused(&exchange(&w, &id, &late, &[]).await, 400, "invalid_grant");
    for nonsense in ["x", "pac_0000000000000000000000000000000000000000000000000", &access] {
        refused(&exchange(&w, &id, nonsense, &[]).await, 400, "invalid_grant");
    }
    // RFC 8707 section 2.2: what was not granted. The code is as good as before.
    let code_of = code(&shop, &client, &[]).await;
    let elsewhere = [("resource", "https://elsewhere.example/mcp")];
    refused(&exchange(&w, &id, &code_of, &elsewhere).await, 400, "invalid_target");
    let mount = format!("{}/v1/mcp/crm", w.url());
    refused(&exchange(&w, &id, &code_of, &[("resource", &mount)]).await, 400, "invalid_target");
    shop.server("crm", &w.upstream().await.url()).await;
    let both = [("resource", mount.as_str()), ("resource", w.url())];
    refused(&exchange(&w, &id, &code_of, &both).await, 400, "invalid_target");
    let reply = exchange(&w, &id, &code_of, &[("resource", &mount)]).await.ok();
    assert_eq!(part(&reply.text_at("/access_token"), 1)["aud"], json!(mount));
}

/// RFC 6749 sections 2.3, 3.2 and 5.2.
#[tokio::test]
async fn a_request_that_is_none_is_told_so() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("worker").await;
    let own = own(&shop, &["client_credentials"], Some(&agent), json!({})).await;
    let token = async |fields: &[(&str, &str)]| post(&w.http, "/oauth/token", fields).await;
    let good = own.fields(&[("grant_type", "client_credentials")]);
    token(&good).await.ok();
    // Unknown parameters are not looked at, empty ones did not come.
    token(&own.fields(&[("grant_type", "client_credentials"), ("unknown", "x"), ("scope", "")])).await.ok();
    refused(&token(&own.fields(&[])).await, 400, "invalid_request");
    refused(&token(&own.fields(&[("grant_type", "")])).await, 400, "invalid_request");
    refused(&token(&own.fields(&[("grant_type", "password")])).await, 400, "unsupported_grant_type");
    refused(&token(&own.fields(&[("grant_type", "implicit")])).await, 400, "unsupported_grant_type");
    for twice in [("grant_type", "client_credentials"), ("client_id", own.id.as_str())] {
        let mut fields = good.clone();
        fields.push(twice);
        refused(&token(&fields).await, 400, "invalid_request");
    }
    refused(
        &token(&own.fields(&[("grant_type", "authorization_code"), ("code", "x")])).await,
        400,
        "unauthorized_client",
    );
    refused(&token(&own.fields(&[("grant_type", "refresh_token")])).await, 400, "invalid_request");
    for (fields, error) in [
        (vec![("grant_type", "client_credentials")], "invalid_client"),
        (vec![("grant_type", "client_credentials"), ("client_id", own.id.as_str())], "invalid_client"),
        (
            vec![("grant_type", "client_credentials"), ("client_id", "cli_01JD9Z3V5M8Q6T2W4X7Y9A1B3C")],
            "invalid_client",
        ),
    ] {
        refused(&token(&fields).await, 401, error);
    }
    let wrong = Own { id: own.id.clone(), secret: token_text(&w, TokenKind::ClientSecret) };
    refused(&wrong.token(&w, &[("grant_type", "client_credentials")]).await, 401, "invalid_client");
    // Nothing of it stands in the address, and nothing but a form is read.
    let path = format!("/oauth/token?client_id={}", own.id);
    refused(&post(&w.http, &path, &good).await, 400, "invalid_request");
    refused(
        &w.http.post("/oauth/token", &json!({"grant_type": "client_credentials"})).send().await,
        400,
        "invalid_request",
    );
    assert_eq!(w.http.get("/oauth/token").send().await.status, 405);
}

fn token_text(w: &World, kind: TokenKind) -> String {
    token::mint(kind, &w.app.entropy).secret.show().to_owned()
}

/// RFC 9700 section 4.14.2, OAuth 2.1 section 4.3.
#[tokio::test]
async fn a_refresh_token_turns_once_and_a_replay_ends_everything() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let id = client.id.to_string();
    let begun = exchange(&w, &id, &code(&shop, &client, &[]).await, &[]).await.ok();
    let first = begun.text_at("/refresh_token");
    w.advance_ms(60_000);
    let reply = refresh(&w, &id, &first, &[]).await.ok();
    let (second, access) = (reply.text_at("/refresh_token"), reply.text_at("/access_token"));
    assert_ne!(first, second);
    assert_eq!(part(&access, 1)["sid"], part(&begun.text_at("/access_token"), 1)["sid"]);
    // A client whose answer was lost sends the very same, and is told the very same: never another token.
    w.advance_ms(9_000);
    assert_eq!(refresh(&w, &id, &first, &[]).await.ok().json(), reply.json());
    assert!(is_live(&shop, &access).await);
    // Once somebody used what was in it, it is no lost answer.
    let third = refresh(&w, &id, &second, &[]).await.ok().text_at("/refresh_token");
    refused(&refresh(&w, &id, &first, &[]).await, 400, "invalid_grant");
    assert!(!is_live(&shop, &access).await);
    refused(&refresh(&w, &id, &third, &[]).await, 400, "invalid_grant");
    assert_eq!(recorded(&shop, "refresh.replayed").await, 1);
    // Another request, or a later one, is no lost answer either.
    for (changes, wait) in [(&[("scope", "tools")][..], 0), (&[][..], 10_001)] {
        let first =
            exchange(&w, &id, &code(&shop, &client, &[]).await, &[]).await.ok().text_at("/refresh_token");
        let second = refresh(&w, &id, &first, &[]).await.ok().text_at("/refresh_token");
        w.advance_ms(wait);
        w.settle().await;
        refused(&refresh(&w, &id, &first, changes).await, 400, "invalid_grant");
        refused(&refresh(&w, &id, &second, &[]).await, 400, "invalid_grant");
    }
    // Decision 26: another client's try ends it too.
    let other = registered(&w, |_| {}).await;
    let held = exchange(&w, &id, &code(&shop, &client, &[]).await, &[]).await.ok().text_at("/refresh_token");
    refused(&refresh(&w, &other.id.to_string(), &held, &[]).await, 400, "invalid_grant");
    refused(&refresh(&w, &id, &held, &[]).await, 400, "invalid_grant");
}

/// RFC 6749 section 6, and the lives of what is refreshed.
#[tokio::test]
async fn a_refresh_widens_nothing_and_does_not_last_for_ever() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let id = client.id.to_string();
    let begin = async || {
        exchange(&w, &id, &code(&shop, &client, &[]).await, &[]).await.ok().text_at("/refresh_token")
    };
    let held = begin().await;
    refused(&refresh(&w, &id, &held, &[("scope", "tools orders:read")]).await, 400, "invalid_scope");
    refused(&refresh(&w, &id, &held, &[("resource", ORDERS)]).await, 400, "invalid_target");
    // Neither used it up.
    let idle = refresh(&w, &id, &held, &[]).await.ok().text_at("/refresh_token");
    let mut held = begin().await;
    // A client that did not register the grant gets none.
    let once =
        registered(&w, |metadata| metadata.grant_types.retain(|grant| grant.as_str() != "refresh_token"))
            .await;
    let reply = exchange(&w, &once.id.to_string(), &code(&shop, &once, &[]).await, &[]).await.ok();
    assert!(reply.at("/refresh_token").is_null(), "{}", reply.text());
    for _ in 0..3 {
        w.advance_ms(9 * time::DAY_MS);
        held = refresh(&w, &id, &held, &[]).await.ok().text_at("/refresh_token");
    }
    refused(&refresh(&w, &id, &idle, &[]).await, 400, "invalid_grant");
    w.advance_ms(3 * time::DAY_MS);
    refused(&refresh(&w, &id, &held, &[]).await, 400, "invalid_grant");
    w.settle().await;
}

/// RFC 6749 section 4.4.
#[tokio::test]
async fn a_client_acts_for_itself_as_its_agent() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("worker").await;
    let cc = [("grant_type", "client_credentials")];
    let client = own(&shop, &["client_credentials"], Some(&agent), json!({})).await;
    let first = client.token(&w, &cc).await.ok();
    let claims = part(&first.text_at("/access_token"), 1);
    assert_eq!(
        (claims["sub"].as_str(), claims["act"]["sub"].as_str()),
        (Some(&*client.id), Some(&*agent.id.to_string()))
    );
    assert!(first.at("/refresh_token").is_null());
    let second = client.token(&w, &cc).await.ok();
    assert_eq!(part(&second.text_at("/access_token"), 1)["sid"], claims["sid"], "one standing session");
    assert_ne!(part(&second.text_at("/access_token"), 1)["jti"], claims["jti"]);
    refused(&client.token(&w, &[cc[0], ("scope", "admin")]).await, 400, "invalid_scope");
    refused(&client.token(&w, &[cc[0], ("resource", ORDERS)]).await, 400, "invalid_target");
    orders(&shop, "jwt", ORDERS).await;
    let narrow = own(&shop, &["client_credentials"], Some(&agent), json!({"scope": "orders:read"})).await;
    let reply = narrow.token(&w, &[cc[0], ("resource", ORDERS)]).await.ok();
    assert_eq!(reply.text_at("/scope"), "orders:read");
    refused(
        &narrow.token(&w, &[cc[0], ("resource", ORDERS), ("scope", "orders:write")]).await,
        400,
        "invalid_scope",
    );
    // Another organization's API is none.
    let bakery = w.tenant("bakery").await;
    let baker = bakery.agent("baker").await;
    let theirs = own(&bakery, &["client_credentials"], Some(&baker), json!({})).await;
    refused(&theirs.token(&w, &[cc[0], ("resource", ORDERS)]).await, 400, "invalid_target");
    // A client that cannot show that it is itself.
    let public =
        registered(&w, |metadata| metadata.grant_types = vec![procura_model::GrantType::ClientCredentials])
            .await;
    let public = Own { id: public.id.to_string(), secret: String::new() };
    refused(&public.token(&w, &cc).await, 400, "unauthorized_client");
    // Disabled: the agent, then the client.
    let (old, held) = (first.text_at("/access_token"), second.text_at("/access_token"));
    assert!(is_live(&shop, &old).await && is_live(&shop, &held).await);
    let path = format!("/v1/agents/{}", agent.id);
    shop.platform.call(http::Method::POST, &format!("{path}/disable")).send().await.ok();
    assert!(!is_live(&shop, &held).await);
    refused(&client.token(&w, &cc).await, 400, "unauthorized_client");
    shop.platform.call(http::Method::POST, &format!("{path}/enable")).send().await.ok();
    assert!(is_live(&shop, &held).await);
    let path = format!("/v1/clients/{}", client.id);
    shop.platform.call(http::Method::POST, &format!("{path}/disable")).send().await.ok();
    assert!(!is_live(&shop, &held).await);
    refused(&client.token(&w, &cc).await, 401, "invalid_client");
}

/// RFC 7662 sections 2.1, 2.2 and 4.
#[tokio::test]
async fn a_token_is_told_to_whom_it_concerns_and_to_nobody_else() {
    let w = World::start().await;
    let (shop, bakery) = (w.tenant("shop").await, w.tenant("bakery").await);
    let agent = shop.agent("worker").await;
    orders(&shop, "opaque", ORDERS).await;
    let client = own(&shop, &["client_credentials"], Some(&agent), json!({})).await;
    let api = own(&shop, &["client_credentials"], Some(&agent), json!({})).await;
    let other = own(&bakery, &["client_credentials"], Some(&bakery.agent("b").await), json!({})).await;
    let cc = ("grant_type", "client_credentials");
    let opaque = client.token(&w, &[cc, ("resource", ORDERS)]).await.ok().text_at("/access_token");
    let signed = client.token(&w, &[cc]).await.ok().text_at("/access_token");
    assert!(opaque.starts_with("pat_"), "{opaque}");
    let asks = async |who: &Own, token: &str| {
        post(&w.http, "/oauth/introspect", &who.fields(&[("token", token)])).await
    };
    let reply = asks(&api, &opaque).await.ok();
    assert_eq!((reply.at("/active"), reply.text_at("/aud")), (json!(true), ORDERS.to_owned()));
    assert_eq!(
        (reply.text_at("/scope"), reply.text_at("/token_type")),
        ("orders:read orders:write".to_owned(), "Bearer".to_owned())
    );
    assert_eq!(reply.header("cache-control"), "no-store");
    let none = json!({"active": false});
    // The gateway's tokens concern their client and the organization, no other API.
    assert_eq!(asks(&client, &signed).await.ok().at("/active"), json!(true));
    assert_eq!(asks(&api, &signed).await.ok().json(), none);
    for token in [&opaque, &signed] {
        assert_eq!(asks(&other, token).await.ok().json(), none);
        assert_eq!(told(&bakery, token).await, none);
        assert!(is_live(&shop, token).await);
    }
    for unknown in [
        "x",
        "a.b.c",
        &token_text(&w, TokenKind::AccessToken),
        &token_text(&w, TokenKind::RefreshToken),
        &client.secret,
        &shop.key,
    ] {
        assert_eq!(asks(&client, unknown).await.ok().json(), none, "{unknown}");
    }
    // Who does not show who they are hears nothing.
    let public = registered(&w, |_| {}).await;
    let anonymous = post(&w.http, "/oauth/introspect", &[("token", &opaque)]).await;
    refused(&anonymous, 401, "invalid_client");
    let public = Own { id: public.id.to_string(), secret: String::new() };
    refused(&asks(&public, &opaque).await, 401, "invalid_client");
    refused(
        &post(&w.http.with_key("pcp_wrong"), "/oauth/introspect", &[("token", &opaque)]).await,
        401,
        "invalid_client",
    );
    let agents = post(&w.http.with_key(&agent.key), "/oauth/introspect", &[("token", &opaque)]).await;
    refused(&agents, 401, "invalid_client");
    let narrow = shop.platform_key(&[procura_model::Scope::ReadAgents]).await;
    let narrow = post(&narrow, "/oauth/introspect", &[("token", &opaque)]).await;
    refused(&narrow, 403, "insufficient_scope");
    refused(&post(&shop.platform, "/oauth/introspect", &[]).await, 400, "invalid_request");
    // Both are over in their time.
    w.advance_ms(time::HOUR_MS);
    assert_eq!(told(&shop, &opaque).await, none);
    assert_eq!(told(&shop, &signed).await, none);
}

/// RFC 7009 sections 2.1 and 2.2.
#[tokio::test]
async fn a_client_ends_its_own_tokens_and_no_others() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let other = registered(&w, |_| {}).await;
    let (id, others) = (client.id.to_string(), other.id.to_string());
    let begun = exchange(&w, &id, &code(&shop, &client, &[]).await, &[]).await.ok();
    let held = begun.text_at("/refresh_token");
    let next = refresh(&w, &id, &held, &[]).await.ok();
    let (first, second) = (begun.text_at("/access_token"), next.text_at("/access_token"));
    let ends = async |client: &str, token: &str, hint: &str| {
        post(&w.http, "/oauth/revoke", &[("client_id", client), ("token", token), ("token_type_hint", hint)])
            .await
    };
    for token in [&first, &next.text_at("/refresh_token")] {
        refused(&ends(&others, token, "").await, 400, "invalid_request");
    }
    assert!(is_live(&shop, &first).await);
    for unknown in
        ["x", "a.b.c", &token_text(&w, TokenKind::RefreshToken), &token_text(&w, TokenKind::AccessToken)]
    {
        let reply = ends(&id, unknown, "refresh_token").await.ok();
        assert_eq!((reply.status, reply.text().as_str()), (200, ""));
    }
    // An access token ends alone, whatever the hint says, and twice is as good as once.
    for _ in 0..2 {
        ends(&id, &first, "refresh_token").await.ok();
    }
    assert!(!is_live(&shop, &first).await && is_live(&shop, &second).await);
    // A refresh token takes everything with it.
    ends(&id, &next.text_at("/refresh_token"), "access_token").await.ok();
    assert!(!is_live(&shop, &second).await);
    refused(&refresh(&w, &id, &next.text_at("/refresh_token"), &[]).await, 400, "invalid_grant");
    refused(&post(&w.http, "/oauth/revoke", &[("client_id", &id)]).await, 400, "invalid_request");
    refused(&post(&w.http, "/oauth/revoke", &[("token", &second)]).await, 401, "invalid_client");
    // An opaque token too.
    let agent = shop.agent("worker").await;
    orders(&shop, "opaque", ORDERS).await;
    let own = own(&shop, &["client_credentials"], Some(&agent), json!({})).await;
    let ask = [("grant_type", "client_credentials"), ("resource", ORDERS)];
    let opaque = own.token(&w, &ask).await.ok().text_at("/access_token");
    assert!(is_live(&shop, &opaque).await);
    post(&w.http, "/oauth/revoke", &own.fields(&[("token", &opaque)])).await.ok();
    assert!(!is_live(&shop, &opaque).await);
}

/// A proof of this key, changed as the test says.
pub(super) fn proof(w: &World, key: &Issuer, jti: &str, changes: &Value) -> String {
    let header = json!({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": key.jwk()});
    let mut claims = json!({
        "jti": jti, "htm": "POST", "htu": format!("{}/oauth/token", w.url()), "iat": w.clock.now().as_ms() / 1000,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    key.signed(&header, &claims)
}

pub(super) async fn proven(w: &World, fields: &[(&str, &str)], proof: &str) -> Reply {
    w.http.call(http::Method::POST, "/oauth/token").form(fields).header("dpop", proof).send().await
}

/// RFC 9449 sections 4.3, 5, 6, 8 and 10.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn a_proof_binds_what_is_given_and_serves_once() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let (key, other) = (Issuer::new("proof"), Issuer::new("other"));
    let client = registered(&w, |_| {}).await;
    let id = client.id.to_string();
    let code_of = code(&shop, &client, &[]).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", &*id),
        ("code", &*code_of),
        ("code_verifier", VERIFIER),
    ];
    for (changes, error) in [
        (json!({"htm": "GET"}), "invalid_dpop_proof"),
        (json!({"htu": format!("{}/oauth/par", w.url())}), "invalid_dpop_proof"),
        (json!({"iat": 1}), "invalid_dpop_proof"),
        (json!({"jti": ""}), "invalid_dpop_proof"),
        (json!({"nonce": "made up"}), "use_dpop_nonce"),
    ] {
        let reply = proven(&w, &fields, &proof(&w, &key, "a", &changes)).await;
        refused(&reply, 400, error);
        assert!(!reply.header("dpop-nonce").is_empty(), "a nonce comes with every answer");
    }
    refused(&proven(&w, &fields, "no proof").await, 400, "invalid_dpop_proof");
    // None of it used up the code.
    let nonce = proven(&w, &fields, "no proof").await.header("dpop-nonce").to_owned();
    let good = proof(&w, &key, "b", &json!({"nonce": nonce}));
    let reply = proven(&w, &fields, &good).await.ok();
    assert_eq!(reply.text_at("/token_type"), "DPoP");
    let access = reply.text_at("/access_token");
    let jkt = part(&access, 1)["cnf"]["jkt"].clone();
    assert!(jkt.is_string());
    assert_eq!(told(&shop, &access).await["cnf"]["jkt"], jkt);
    assert_eq!(told(&shop, &access).await["token_type"], json!("DPoP"));
    // Section 11.1: a proof serves once.
    let held = reply.text_at("/refresh_token");
    let turn = [("grant_type", "refresh_token"), ("client_id", &*id), ("refresh_token", &*held)];
    refused(&proven(&w, &turn, &good).await, 400, "invalid_dpop_proof");
    // Section 5: a public client's refresh token is bound to the key; whoever has it alone can do nothing with it.
    refused(&post(&w.http, "/oauth/token", &turn).await, 400, "invalid_grant");
    refused(&proven(&w, &turn, &proof(&w, &other, "c", &json!({}))).await, 400, "invalid_grant");
    let next = proven(&w, &turn, &proof(&w, &key, "d", &json!({}))).await.ok();
    assert_eq!(next.text_at("/token_type"), "DPoP");
    // A nonce is good for a while and no longer.
    w.advance_ms(11 * time::MINUTE_MS);
    let held = next.text_at("/refresh_token");
    let turn = [("grant_type", "refresh_token"), ("client_id", &*id), ("refresh_token", &*held)];
    refused(&proven(&w, &turn, &proof(&w, &key, "e", &json!({"nonce": nonce}))).await, 400, "use_dpop_nonce");
    // Section 10: a code that was bound when it was asked for.
    let print = jkt.as_str().unwrap();
    for (shown, is_right) in [(None, false), (Some(&other), false), (Some(&key), true)] {
        let code = code(&shop, &client, &[("dpop_jkt", print)]).await;
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", &*id),
            ("code", &*code),
            ("code_verifier", VERIFIER),
        ];
        let reply = match shown {
            Some(key) => proven(&w, &fields, &proof(&w, key, &code, &json!({}))).await,
            None => post(&w.http, "/oauth/token", &fields).await,
        };
        assert_eq!(reply.status, if is_right { 200 } else { 400 }, "{}", reply.text());
    }
    // Section 5.2: a client that wants bound tokens alone.
    let bound = registered(&w, |metadata| metadata.dpop_bound_access_tokens = true).await;
    let code = code(&shop, &bound, &[]).await;
    refused(&exchange(&w, &bound.id.to_string(), &code, &[]).await, 400, "invalid_dpop_proof");
}

/// RFC 8693 sections 2 and 4.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn a_token_is_exchanged_by_whoever_acts_for_it_and_dies_with_it() {
    let w = World::start().await;
    let (shop, bakery) = (w.tenant("shop").await, w.tenant("bakery").await);
    let (agent, next) = (shop.agent("worker").await, shop.agent("next").await);
    orders(&shop, "jwt", ORDERS).await;
    let client = registered(&w, |_| {}).await;
    let id = client.id.to_string();
    let begun = exchange(
        &w,
        &id,
        &code(&shop, &client, &[("resource", ORDERS), ("scope", "orders:read")]).await,
        &[],
    )
    .await
    .ok();
    let subject = begun.text_at("/access_token");
    let api = own(&shop, &[EXCHANGE, "client_credentials"], Some(&agent), json!({})).await;
    let ask = |subject: &str, rest: &[(&'static str, &str)]| {
        let mut all = vec![
            ("grant_type".to_owned(), EXCHANGE.to_owned()),
            ("subject_token".to_owned(), subject.to_owned()),
            ("subject_token_type".to_owned(), ACCESS.to_owned()),
            ("resource".to_owned(), ORDERS.to_owned()),
        ];
        all.retain(|(name, _)| !rest.iter().any(|(changed, _)| changed == name));
        all.extend(
            rest.iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        all
    };
    let sends = async |who: &Own, all: Vec<(String, String)>| {
        let fields: Vec<(&str, &str)> =
            all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        who.token(&w, &fields).await
    };
    let reply = sends(&api, ask(&subject, &[])).await.ok();
    assert_eq!(
        (reply.text_at("/issued_token_type").as_str(), reply.text_at("/token_type").as_str()),
        (ACCESS, "Bearer")
    );
    assert!(reply.at("/refresh_token").is_null());
    let (was, now) = (part(&subject, 1), part(&reply.text_at("/access_token"), 1));
    // Section 4.1: the subject stays, the actor stands outermost, whoever acted before inside.
    assert_eq!((now["sub"].clone(), now["scope"].as_str()), (was["sub"].clone(), Some("orders:read")));
    assert_eq!(now["act"], json!({"sub": agent.id, "act": {"sub": was["act"]["sub"]}}));
    assert!(now["exp"].as_i64() <= was["exp"].as_i64());
    assert_eq!(now["client_id"], json!(api.id));
    // It has no more than it came of, and is for nobody else.
    refused(&sends(&api, ask(&subject, &[("scope", "orders:write")])).await, 400, "invalid_scope");
    refused(
        &sends(&api, ask(&subject, &[("resource", "https://elsewhere.example")])).await,
        400,
        "invalid_target",
    );
    refused(
        &sends(&api, ask(&subject, &[("resource", ""), ("audience", "https://elsewhere.example")])).await,
        400,
        "invalid_target",
    );
    // Where nothing is named, it is for what the subject token was for.
    let same = sends(&api, ask(&subject, &[("resource", "")])).await.ok();
    assert_eq!(part(&same.text_at("/access_token"), 1)["aud"], was["aud"]);
    let foreign = own(&bakery, &[EXCHANGE], Some(&bakery.agent("b").await), json!({})).await;
    refused(&sends(&foreign, ask(&subject, &[("resource", "")])).await, 400, "invalid_request");
    // Section 2.1: types, and an actor's type with an actor alone.
    for rest in [
        &[("subject_token_type", "urn:ietf:params:oauth:token-type:id_token")][..],
        &[("subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token")],
        &[("requested_token_type", "urn:ietf:params:oauth:token-type:id-jag")],
        &[("actor_token_type", ACCESS)],
        &[("actor_token", "x")],
        &[("actor_token", "x"), ("actor_token_type", ACCESS)],
        &[("subject_token", "a.b.c")],
        &[("subject_token", "")],
        &[("subject_token_type", "")],
    ] {
        refused(&sends(&api, ask(&subject, rest)).await, 400, "invalid_request");
    }
    // An actor's token: its client's alone; and links add up until there are too many.
    let actor = own(&shop, &["client_credentials", EXCHANGE], Some(&next), json!({})).await;
    let cc = actor.token(&w, &[("grant_type", "client_credentials")]).await.ok().text_at("/access_token");
    let with_actor = [("actor_token", cc.as_str()), ("actor_token_type", ACCESS)];
    refused(&sends(&api, ask(&subject, &with_actor)).await, 400, "invalid_request");
    let second =
        sends(&actor, ask(&reply.text_at("/access_token"), &with_actor)).await.ok().text_at("/access_token");
    assert_eq!(part(&second, 1)["act"]["act"], now["act"]);
    let third = sends(&api, ask(&second, &[])).await.ok().text_at("/access_token");
    refused(&sends(&actor, ask(&third, &[])).await, 400, "invalid_request");
    // All of it hangs on the first session.
    for token in [&second, &third] {
        assert!(is_live(&shop, token).await);
    }
    post(&w.http, "/oauth/revoke", &[("client_id", &*id), ("token", &begun.text_at("/refresh_token"))])
        .await
        .ok();
    for token in [&subject, &second, &third, &reply.text_at("/access_token")] {
        assert!(!is_live(&shop, token).await);
        refused(&sends(&api, ask(token, &[])).await, 400, "invalid_request");
    }
}

/// RFC 7523 section 3 and ID-JAG.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn an_assertion_of_a_trusted_issuer_serves_once() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("worker").await;
    let issuer = Issuer::new("idp");
    let host = w.host(Purpose::Jwks, Answer::Json(key_set(&[&issuer]))).await;
    let ctx = shop.owner_ctx();
    let trusted = procura_model::oauth::TrustedIssuer {
        id: procura_model::IssuerId::new(ctx.now, &w.app.entropy),
        issuer: "https://idp.example".to_owned(),
        settings: procura_model::oauth::IssuerSettings {
            jwks_uri: host.url("/jwks.json"),
            agent: None,
            tenant: None,
            clients: Vec::new(),
        },
        created_at: ctx.now,
        updated_at: ctx.now,
    };
    let mut writer = w.app.store.write(&ctx).await.unwrap();
    procura_store::oauth_issuers::insert(&mut writer, &trusted).await.unwrap();
    writer.commit(procura_model::Event::new(procura_model::EventKind::IssuerTrusted)).await.unwrap();
    orders(&shop, "jwt", ORDERS).await;
    let client = own(&shop, &[BEARER], Some(&agent), json!({})).await;
    let now = w.clock.now().as_ms() / 1000;
    let signed = |jti: &str, kind: &str, changes: Value| {
        let mut claims = json!({
            "iss": "https://idp.example", "sub": "U019488227", "aud": w.url(), "client_id": client.id, "jti": jti,
            "iat": now, "exp": now + 300, "resource": ORDERS, "scope": "orders:read", "may_act": {"sub": agent.id},
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        issuer.signed(&json!({"alg": "EdDSA", "kid": "idp", "typ": kind}), &claims)
    };
    let shows = async |assertion: &str, rest: &[(&str, &str)]| {
        let mut fields = vec![("grant_type", BEARER), ("assertion", assertion)];
        fields.extend_from_slice(rest);
        client.token(&w, &fields).await
    };
    let good = signed("1", "oauth-id-jag+jwt", json!({}));
    let reply = shows(&good, &[]).await.ok();
    let claims = part(&reply.text_at("/access_token"), 1);
    assert_eq!((claims["aud"].as_str(), claims["scope"].as_str()), (Some(ORDERS), Some("orders:read")));
    assert_eq!(claims["sub"], json!("https://idp.example#U019488227"));
    assert_eq!(claims["may_act"], json!({"sub": agent.id}));
    assert!(reply.at("/refresh_token").is_null(), "{}", reply.text());
    assert!(is_live(&shop, &reply.text_at("/access_token")).await);
    refused(&shows(&good, &[]).await, 400, "invalid_grant");
    for (kind, changes) in [
        ("JWT", json!({})),
        ("oauth-id-jag+jwt", json!({"aud": [w.url(), "https://other.example"]})),
        ("oauth-id-jag+jwt", json!({"aud": format!("{}/oauth/token", w.url())})),
        ("oauth-id-jag+jwt", json!({"client_id": "another"})),
        ("oauth-id-jag+jwt", json!({"iss": "https://unknown.example"})),
        ("oauth-id-jag+jwt", json!({"exp": now - 60})),
        ("oauth-id-jag+jwt", json!({"iat": now + 3600})),
        ("oauth-id-jag+jwt", json!({"exp": now + 90_000})),
        ("oauth-id-jag+jwt", json!({"resource": "https://elsewhere.example"})),
        ("oauth-id-jag+jwt", json!({"scope": "orders:read admin"})),
        ("oauth-id-jag+jwt", json!({"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}})),
    ] {
        refused(&shows(&signed("2", kind, changes), &[]).await, 400, "invalid_grant");
    }
    // Of another customer of the issuer, or for another organization here.
    for changes in [json!({"tenant": "mallory"}), json!({"aud_tenant": "org_01JD9Z3V5M8Q6T2W4X7Y9A1B3C"})] {
        refused(&shows(&signed("2", "oauth-id-jag+jwt", changes), &[]).await, 400, "invalid_grant");
    }
    // A client that registered itself uses nobody's trust, though the issuer made it an assertion.
    let metadata = json!({"client_name": "stranger", "grant_types": [BEARER], "response_types": [],
        "token_endpoint_auth_method": "client_secret_post"});
    let stranger = w.http.post("/oauth/register", &metadata).send().await.ok();
    let theirs = stranger.text_at("/client_id");
    let assertion = signed("4", "oauth-id-jag+jwt", json!({"client_id": theirs}));
    let fields = [
        ("grant_type", BEARER),
        ("assertion", assertion.as_str()),
        ("client_id", theirs.as_str()),
        ("client_secret", &stranger.text_at("/client_secret")),
        ("resource", ORDERS),
    ];
    refused(&post(&w.http, "/oauth/token", &fields).await, 400, "invalid_grant");
    let fresh = signed("3", "oauth-id-jag+jwt", json!({}));
    refused(&shows(&fresh, &[("scope", "orders:write")]).await, 400, "invalid_scope");
    let gateway = format!("{}/v1/mcp", w.url());
    refused(&shows(&fresh, &[("resource", &gateway)]).await, 400, "invalid_target");
    shows(&fresh, &[("resource", ORDERS), ("scope", "orders:read")]).await.ok();
}

/// RFC 8628 section 3.5.
#[tokio::test]
async fn a_device_without_its_code_gets_nothing() {
    let w = World::start().await;
    w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let id = client.id.to_string();
    let kind = "urn:ietf:params:oauth:grant-type:device_code";
    let poll = async |code: &str| {
        post(&w.http, "/oauth/token", &[("grant_type", kind), ("client_id", &id), ("device_code", code)])
            .await
    };
    let asked = post(&w.http, "/oauth/device", &[("client_id", &id), ("scope", "tools")]).await.ok();
    let code = asked.text_at("/device_code");
    refused(&poll(&code).await, 400, "authorization_pending");
    refused(&poll(&code).await, 400, "slow_down");
    w.advance_ms(11_000);
    refused(&poll(&code).await, 400, "authorization_pending");
    for unknown in ["x", &token_text(&w, TokenKind::DeviceCode)] {
        refused(&poll(unknown).await, 400, "invalid_grant");
    }
    w.advance_ms(10 * time::MINUTE_MS);
    refused(&poll(&code).await, 400, "expired_token");
}

/// RFC 8628 section 3.5: `slow_down` adds five seconds "for this and all subsequent requests"; a no is told, and only to the
/// client that asked.
#[tokio::test]
async fn a_device_that_polls_too_soon_waits_longer_for_good_and_is_told_a_no() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let (client, other) = (registered(&w, |_| {}).await, registered(&w, |_| {}).await);
    let kind = "urn:ietf:params:oauth:grant-type:device_code";
    let poll = async |client: &procura_model::Client, code: &str| {
        let id = client.id.as_str();
        post(&w.http, "/oauth/token", &[("grant_type", kind), ("client_id", id), ("device_code", code)]).await
    };
    let asked = post(&w.http, "/oauth/device", &[("client_id", client.id.as_str())]).await.ok();
    let code = asked.text_at("/device_code");
    // The code is its client's alone, and another one's polls cost it nothing.
    refused(&poll(&other, &code).await, 400, "invalid_grant");
    refused(&poll(&client, &code).await, 400, "authorization_pending");
    w.advance_ms(4_900);
    refused(&poll(&client, &code).await, 400, "slow_down");
    for _ in 0..2 {
        w.advance_ms(10_100);
        refused(&poll(&client, &code).await, 400, "authorization_pending");
    }
    w.advance_ms(5_100);
    refused(&poll(&client, &code).await, 400, "slow_down");
    let page = super::oauth_authorize::typed(&shop.owner, &asked.text_at("/user_code")).await.ok();
    super::oauth_authorize::answer(&shop.owner, &page, &[("answer", "deny")]).await.ok();
    w.advance_ms(15_100);
    refused(&poll(&client, &code).await, 400, "access_denied");
}

/// SES-1: whatever a session stands on, it falls with it.
#[tokio::test]
async fn tokens_of_a_person_who_left_hold_no_longer() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let ada = shop.member(Role::Developer).await;
    let client = registered(&w, |_| {}).await;
    let code = allow(&ada, &query(&client, &[])).await.remove("code").unwrap();
    let begun = exchange(&w, &client.id.to_string(), &code, &[]).await.ok();
    let access = begun.text_at("/access_token");
    assert!(is_live(&shop, &access).await);
    shop.platform.delete(&format!("/v1/members/{}", ada.account)).send().await.ok();
    assert!(!is_live(&shop, &access).await);
    refused(
        &refresh(&w, &client.id.to_string(), &begun.text_at("/refresh_token"), &[]).await,
        400,
        "invalid_grant",
    );
}

/// RFC 9068 section 4, with rotation.
#[tokio::test]
async fn keys_are_replaced_and_what_they_signed_still_holds() {
    let w = World::start().await;
    assert_eq!(
        w.http.get("/oauth/jwks").send().await.ok().json(),
        json!({"keys": []}),
        "nothing is signed yet"
    );
    let shop = w.tenant("shop").await;
    let agent = shop.agent("worker").await;
    let client = own(&shop, &["client_credentials"], Some(&agent), json!({})).await;
    let mint = async || {
        client.token(&w, &[("grant_type", "client_credentials")]).await.ok().text_at("/access_token")
    };
    let kids = async || {
        let keys = w.http.get("/oauth/jwks").send().await.ok().at("/keys");
        keys.as_array().unwrap().iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()
    };
    let first = part(&mint().await, 0)["kid"].clone();
    w.advance_ms(90 * time::DAY_MS);
    w.settle().await;
    // The next one is published before it signs.
    let both = kids().await;
    assert_eq!(both.len(), 2, "{both:?}");
    let before = mint().await;
    assert_eq!(part(&before, 0)["kid"], first);
    w.advance_ms(9 * time::MINUTE_MS);
    assert!(is_live(&shop, &before).await);
    let last = mint().await;
    w.advance_ms(time::MINUTE_MS + 1);
    let after = mint().await;
    assert_ne!(part(&after, 0)["kid"], first);
    assert!(is_live(&shop, &last).await && is_live(&shop, &after).await);
    w.advance_ms(2 * time::DAY_MS);
    w.settle().await;
    assert_eq!(kids().await, [part(&after, 0)["kid"].clone()]);
}

/// RFC 9068 section 2.1: RS256 is there for whoever needs it.
#[tokio::test]
async fn tokens_are_signed_as_the_operator_says() {
    let w = World::start_set(|settings| settings.oauth.algorithm = procura_crypto::Algorithm::Rs256).await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("worker").await;
    let client = own(&shop, &["client_credentials"], Some(&agent), json!({})).await;
    let access =
        client.token(&w, &[("grant_type", "client_credentials")]).await.ok().text_at("/access_token");
    assert_eq!(part(&access, 0)["alg"], json!("RS256"));
    assert_eq!(w.http.get("/oauth/jwks").send().await.ok().text_at("/keys/0/kty"), "RSA");
    assert!(is_live(&shop, &access).await);
}

/// RFC 6749 sections 4.1.2 and 6: of 64 who use one code or one refresh token at once, exactly one wins.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_who_use_one_code_or_refresh_token_one_wins() {
    oauth_race::rounds(2).await;
}
