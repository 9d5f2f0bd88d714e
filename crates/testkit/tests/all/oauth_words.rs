//! What clients, people and operators are told when something is refused (OAU-1, OAU-2, OAU-4): the word and the place at
//! fault, never what a stranger must not learn.

use super::{
    oauth_authorize::{answer, ask, choice, query, refused_here, registered, told, typed},
    oauth_tokens::{ORDERS, Own, code, exchange, orders, own, post, proof, proven, refresh, refused},
};
use http::header;
use procura_model::{EventKind, Reason, Role, time};
use procura_testkit::{
    business::Issuer,
    world::{Mcp, Reply, Shop, World},
};
use serde_json::{Value, json};

const CC: (&str, &str) = ("grant_type", "client_credentials");

/// Demands the error, and that its sentence has all of this.
#[track_caller]
fn says(reply: &Reply, error: &str, words: &[&str]) {
    refused(reply, 400, error);
    let sentence = reply.text_at("/error_description");
    for word in words {
        assert!(sentence.contains(word), "{word}: {sentence}");
    }
}

async fn job(shop: &Shop, more: Value) -> Own {
    let agent = shop.agent("worker").await;
    own(shop, &["client_credentials"], Some(&agent), more).await
}

async fn records(shop: &Shop, kind: EventKind) -> Vec<Value> {
    let all = shop.platform.get("/v1/changes?limit=200").send().await.ok().at("/items");
    let all = all.as_array().cloned().unwrap_or_default();
    all.into_iter().filter(|one| one["event"] == kind.as_str()).collect()
}

async fn list(w: &World, token: &str, path: &str) -> Reply {
    Mcp::new(w.http.with_key(token), path).request("tools/list", json!({})).send().await
}

/// A client whose scopes are all of a guarded API gets no token for the gateway that opens nothing; and `audience`, which
/// other servers take, is not passed over (RFC 8707).
#[tokio::test]
async fn a_client_that_forgets_the_resource_is_told_to_name_it() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    orders(&shop, "jwt", ORDERS).await;
    let gateway = format!("{}/v1/mcp", w.url());
    let client = job(&shop, json!({"scope": "orders:read"})).await;
    says(&client.token(&w, &[CC]).await, "invalid_scope", &[&gateway, "`resource`"]);
    says(
        &client.token(&w, &[CC, ("audience", ORDERS)]).await,
        "invalid_request",
        &["audience", "`resource`"],
    );
    let reply = client.token(&w, &[CC, ("audience", ORDERS), ("resource", ORDERS)]).await.ok();
    assert_eq!(reply.text_at("/scope"), "orders:read");
    // The same word of the same API, where nobody named the API.
    let said = ["`orders:read`", &gateway, "`resource`"];
    says(&client.token(&w, &[CC, ("scope", "orders:read")]).await, "invalid_scope", &said);
    says(
        &client.token(&w, &[CC, ("resource", ORDERS), ("scope", "orders:write")]).await,
        "invalid_scope",
        &["`orders:write`", ORDERS, "registered"],
    );
    says(
        &client.token(&w, &[CC, ("resource", ORDERS), ("scope", "orders:reed")]).await,
        "invalid_scope",
        &["`orders:reed` is not a scope of", ORDERS],
    );
    // Compared to the letter; what another organization guards is told as what nobody does.
    let slash = format!("{ORDERS}/");
    let unknown = client.token(&w, &[CC, ("resource", &slash)]).await;
    says(&unknown, "invalid_target", &["to the letter", "slash"]);
    let bakery = w.tenant("bakery").await;
    let theirs = job(&bakery, json!({})).await;
    let foreign = theirs.token(&w, &[CC, ("resource", ORDERS)]).await;
    assert_eq!(foreign.text(), unknown.text());
    // The authorization endpoint and the device's say the same.
    let public = registered(&w, |_| {}).await;
    let page = ask(&shop.owner, &query(&public, &[("audience", ORDERS)])).await;
    assert!(page.status == 400 && page.text().contains("name the API in `resource`"), "{}", page.text());
    let page = ask(&shop.owner, &query(&public, &[("scope", "orders:read")])).await;
    assert!(page.status == 400 && page.text().contains("`orders:read` is not a scope of"), "{}", page.text());
    let id = public.id.to_string();
    let device = [("client_id", id.as_str()), ("scope", "orders:read")];
    says(&post(&w.http, "/oauth/device", &device).await, "invalid_scope", &said);
    let device = [("client_id", id.as_str()), ("audience", ORDERS)];
    says(&post(&w.http, "/oauth/device", &device).await, "invalid_request", &["`resource`"]);
}

/// RFC 6750 section 3.1: what is wrong with a token, and what to do about it, is not what is wrong with a key.
#[tokio::test]
async fn whoever_shows_a_token_is_told_what_is_wrong_with_a_token() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    for (form, api) in [("jwt", ORDERS), ("opaque", "https://stock.shop.example")] {
        orders(&shop, form, api).await;
    }
    let gateway = format!("{}/v1/mcp", w.url());
    let client = job(&shop, json!({})).await;
    let elsewhere = client.token(&w, &[CC, ("resource", ORDERS)]).await.ok().text_at("/access_token");
    let reply = list(&w, &elsewhere, "/v1/mcp").await.refused(Reason::AccessTokenElsewhere);
    let said = reply.text_at("/error");
    assert!(said.contains(ORDERS) && said.contains(&format!("resource={gateway}`")), "{said}");
    // What an opaque token is for, it does not say itself.
    let opaque = [CC, ("resource", "https://stock.shop.example")];
    let opaque = client.token(&w, &opaque).await.ok().text_at("/access_token");
    let reply = list(&w, &opaque, "/v1/mcp").await.refused(Reason::AccessTokenElsewhere);
    assert!(!reply.text().contains("stock.shop.example"), "{}", reply.text());
    // What stands in the place of a server is said again only if it can be a server's name.
    let odd = list(&w, &elsewhere, "/v1/mcp/NO_server").await.refused(Reason::AccessTokenElsewhere);
    assert!(!odd.text().contains("NO_server"), "{}", odd.text());
    // Taken back and never known is one answer.
    let live = client.token(&w, &[CC]).await.ok().text_at("/access_token");
    list(&w, &live, "/v1/mcp").await.ok();
    post(&w.http, "/oauth/revoke", &client.fields(&[("token", &live)])).await.ok();
    let revoked = list(&w, &live, "/v1/mcp").await.refused(Reason::AccessTokenInvalid);
    let unknown = list(&w, "a.b.c", "/v1/mcp").await.refused(Reason::AccessTokenInvalid);
    assert_eq!(revoked.text_at("/error"), unknown.text_at("/error"));
    assert_eq!(revoked.text_at("/fix"), unknown.text_at("/fix"));
    let late = client.token(&w, &[CC]).await.ok().text_at("/access_token");
    w.advance_ms(2 * time::HOUR_MS);
    list(&w, &late, "/v1/mcp").await.refused(Reason::AccessTokenExpired);
    let key = Issuer::new("k1");
    let bound = proven(&w, &client.fields(&[CC]), &proof(&w, &key, "1", &json!({}))).await.ok();
    let reply =
        list(&w, &bound.text_at("/access_token"), "/v1/mcp").await.refused(Reason::AccessTokenUnproven);
    assert!(reply.text_at("/error").contains("DPoP"), "{}", reply.text());
    for reply in [&odd, &revoked, &reply] {
        let challenge = reply.header("www-authenticate");
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        assert!(!reply.text().contains("console"), "{}", reply.text());
    }
    let none = Mcp::new(w.http.clone(), "/v1/mcp").request("tools/list", json!({})).send().await;
    assert!(none.text_at("/fix").contains("resource_metadata"), "{}", none.text());
}

/// On the wire all of these are one answer, so that nobody can try codes out; whoever operates the client tells them apart.
#[tokio::test]
async fn the_operator_finds_the_cause_that_a_client_is_not_told() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let id = client.id.to_string();
    let wrong = code(&shop, &client, &[]).await;
    refused(&exchange(&w, &id, &wrong, &[("code_verifier", &"x".repeat(43))]).await, 400, "invalid_grant");
    let wrong = code(&shop, &client, &[]).await;
    let elsewhere = [("redirect_uri", "https://app.example/other")];
    refused(&exchange(&w, &id, &wrong, &elsewhere).await, 400, "invalid_grant");
    let late = code(&shop, &client, &[]).await;
    w.advance_ms(time::MINUTE_MS);
    refused(&exchange(&w, &id, &late, &[]).await, 400, "invalid_grant");
    let ended = code(&shop, &client, &[]).await;
    let tokens = exchange(&w, &id, &ended, &[]).await.ok().text_at("/refresh_token");
    let grants = shop.platform.get("/v1/grants").send().await.ok();
    let grant = format!("/v1/grants/{}", grants.text_at("/items/0/id"));
    shop.platform.delete(&grant).send().await.ok();
    refused(&refresh(&w, &id, &tokens, &[]).await, 400, "invalid_grant");
    let told = records(&shop, EventKind::TokenRefused).await;
    let mut causes: Vec<&str> = told.iter().filter_map(|one| one["facts"]["cause"].as_str()).collect();
    causes.sort_unstable();
    assert_eq!(causes, ["consentEnded", "expired", "redirectUri", "verifier"], "{told:?}");
    // A client that does not show that it is itself: by the wrong secret, or in the wrong way.
    let own = job(&shop, json!({})).await;
    let secret = format!("{}x", own.secret);
    let by_body = [("client_id", own.id.as_str()), ("client_secret", &secret), CC];
    assert_eq!(post(&w.http, "/oauth/token", &by_body).await.status, 401);
    assert_eq!(post(&w.http, "/oauth/token", &[("client_id", &own.id), CC]).await.status, 401);
    let told = records(&shop, EventKind::ClientRefused).await;
    let mut causes: Vec<&str> = told.iter().filter_map(|one| one["facts"]["cause"].as_str()).collect();
    causes.sort_unstable();
    assert_eq!(causes, ["method", "secret"], "{told:?}");
    assert!(!format!("{told:?}").contains(&own.secret));
    // A person's no says to what.
    let page = ask(&shop.owner, &query(&client, &[])).await.ok();
    answer(&shop.owner, &page, &[("answer", "deny")]).await;
    let begun = post(&w.http, "/oauth/device", &[("client_id", &id)]).await.ok();
    let page = typed(&shop.owner, &begun.text_at("/user_code")).await.ok();
    answer(&shop.owner, &page, &[("answer", "deny")]).await.ok();
    let told = records(&shop, EventKind::GrantRefused).await;
    let mut kinds: Vec<&str> = told.iter().filter_map(|one| one["facts"]["kind"].as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["code", "device"], "{told:?}");
    assert!(told.iter().all(|one| one["facts"]["scope"] == json!("tools")), "{told:?}");
}

/// A slip of the pen is found where it is made.
#[tokio::test]
async fn whoever_makes_a_client_or_an_api_is_told_which_word_is_wrong() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    orders(&shop, "jwt", ORDERS).await;
    let agent = shop.agent("worker").await.id.to_string();
    let make = async |metadata: Value, agent: Option<&str>| {
        let mut all = json!({"client_name": "Job", "token_endpoint_auth_method": "client_secret_basic"});
        for (name, value) in metadata.as_object().unwrap() {
            all[name] = value.clone();
        }
        shop.platform.post("/v1/clients", &json!({"metadata": all, "agentId": agent})).send().await
    };
    let cc = json!(["client_credentials"]);
    let reply = make(json!({"grant_types": cc, "scope": "orders:read nix:da"}), Some(&agent)).await;
    let reply = reply.refused(Reason::OauthMetadataInvalid);
    assert!(reply.text_at("/error").contains("nix:da is no scope of"), "{}", reply.text());
    assert!(reply.text_at("/fix").contains("`error`"), "{}", reply.text());
    let fits = json!({"grant_types": cc, "scope": "orders:read tools offline_access"});
    let made = make(fits, Some(&agent)).await.ok().text_at("/client/id");
    let change = async |scope: &str| {
        let metadata = json!({"client_name": "Job", "grant_types": cc, "scope": scope});
        let body = json!({"metadata": metadata, "agentId": agent});
        shop.platform.put(&format!("/v1/clients/{made}"), &body).send().await
    };
    change("orders:reed").await.refused(Reason::OauthMetadataInvalid);
    // What it has already does not stand in the way when its API is gone.
    let apis = shop.platform.get("/v1/resources").send().await.ok();
    let api = format!("/v1/resources/{}", apis.text_at("/items/0/id"));
    shop.platform.delete(&api).send().await.ok();
    change("orders:read tools").await.ok();
    change("orders:write").await.refused(Reason::OauthMetadataInvalid);

    let reply = make(json!({"grant_types": cc}), None).await.refused(Reason::FieldInvalid);
    assert!(reply.text_at("/error").starts_with("agentId is missing"), "{}", reply.text());
    let reply = make(json!({"grant_types": ["implicit"]}), None).await.refused(Reason::OauthMetadataInvalid);
    for word in ["authorization_code", "client_credentials", "device_code"] {
        assert!(reply.text_at("/error").contains(word), "{}", reply.text());
    }
    let settings = json!({"name": "Orders", "scopes": [{"name": "a:b", "text": "A."}]});
    let body = json!({"identifier": ORDERS, "settings": settings});
    shop.platform.post("/v1/resources", &body).send().await.ok();
    let reply = shop.platform.post("/v1/resources", &body).send().await.refused(Reason::NameTaken);
    assert!(reply.text_at("/error").contains("identifier is taken"), "{}", reply.text());
}

/// Who acts for whom in which organization decides whether a mount is there; nobody else learns the names of its servers.
#[tokio::test]
async fn a_mount_that_is_not_there_gets_no_consent_and_no_token() {
    let w = World::start().await;
    let (shop, bank) = (w.tenant("shop").await, w.tenant("bank").await);
    shop.server("crm", &w.upstream().await.url()).await;
    let client = registered(&w, |_| {}).await;
    let (crm, none) = (format!("{}/v1/mcp/crm", w.url()), format!("{}/v1/mcp/nope", w.url()));
    // The documents of both are there, and say the same.
    let document = async |name: &str| {
        let path = format!("/.well-known/oauth-protected-resource/v1/mcp/{name}");
        w.http.get(&path).send().await.ok().text().replace(name, "")
    };
    assert_eq!(document("crm").await, document("nope").await);
    for (person, resource) in [(&shop.owner, &none), (&bank.owner, &crm), (&bank.owner, &none)] {
        let page = ask(person, &query(&client, &[("resource", resource)])).await;
        assert!(page.status == 400 && page.text().contains("invalid_target"), "{}", page.text());
    }
    // Somebody who is not signed in learns nothing: they are sent to sign in for both.
    let nobody = w.http.with(header::ACCEPT, "text/html");
    for resource in [&crm, &none] {
        let path = format!("/oauth/authorize?{}", query(&client, &[("resource", resource)]));
        assert!(nobody.get(&path).send().await.header("location").starts_with("/sign-in"), "{resource}");
    }
    let page = ask(&shop.owner, &query(&client, &[("resource", &crm)])).await.ok();
    let acting = choice(&page, "A new agent");
    let done = answer(&shop.owner, &page, &[("answer", "allow"), ("acting", &acting)]).await;
    assert!(told(done.header("location")).contains_key("code"), "{}", done.text());
    // A device asks before anybody is known; nobody can say yes to it.
    let id = client.id.to_string();
    let device = async |resource: &str| {
        let begun = post(&w.http, "/oauth/device", &[("client_id", &id), ("resource", resource)]).await.ok();
        typed(&shop.owner, &begun.text_at("/user_code")).await.ok().text()
    };
    assert!(device(&none).await.contains("You cannot allow this"));
    assert!(!device(&crm).await.contains("You cannot allow this"));
    let (own, theirs) = (job(&shop, json!({})).await, job(&bank, json!({})).await);
    for (client, resource, is_there) in [(&own, &crm, true), (&own, &none, false), (&theirs, &crm, false)] {
        let reply = client.token(&w, &[CC, ("resource", resource)]).await;
        if is_there {
            reply.ok();
        } else {
            says(&reply, "invalid_target", &["to the letter"]);
        }
    }
}

/// The page of a request that goes back to nobody has what its makers need, and a wrong code is said once.
#[tokio::test]
async fn the_pages_of_what_went_wrong_say_what_it_was() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let near = ask(&shop.owner, &query(&client, &[("redirect_uri", "https://app.example/near")])).await;
    refused_here(&near);
    let text = near.text();
    assert!(text.contains("https://app.example/near") && text.contains(client.id.as_str()), "{text}");
    assert!(text.contains(&format!(">{}<", near.header("x-request-id"))), "{text}");
    // A stranger's address stands on no page of ours.
    refused_here(&ask(&shop.owner, &query(&client, &[("redirect_uri", "https://evil.example/cb")])).await);
    let unknown = "client_id=cli_01JD9Z3V5M8Q6T2W4X7Y9A1B3C&response_type=code";
    let text = ask(&shop.owner, unknown).await.text();
    assert!(text.contains("is not known here") && !text.contains("show that it is itself"), "{text}");

    let wrong = typed(&shop.owner, "WDJB-MJHT").await;
    let text = wrong.text();
    assert_eq!((wrong.status, text.matches("No device waits").count()), (422, 1), "{text}");
    assert!(text.contains("That did not work.") && !text.contains("cannot be done yet"), "{text}");
    let auditor = shop.member(Role::Auditor).await;
    assert_eq!(typed(&auditor, "WDJB-MJHT").await.status, 422);
}

/// RFC 8414 section 2: whoever fetches the keys before there are any must come again.
#[tokio::test]
async fn an_empty_key_set_is_kept_by_nobody() {
    let w = World::start().await;
    let empty = w.http.get("/oauth/jwks").send().await.ok();
    assert_eq!((empty.at("/keys"), empty.header("cache-control")), (json!([]), "no-store"));
    w.tenant("shop").await;
    let keys = w.http.get("/oauth/jwks").send().await.ok();
    assert_eq!(keys.at("/keys").as_array().map(Vec::len), Some(1));
    assert!(keys.header("cache-control").contains("max-age"), "{}", keys.header("cache-control"));
}
