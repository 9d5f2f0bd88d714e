//! What an exchange can never do (RFC 8693): reach further than what was granted, lose the key that a token is bound to,
//! outlive the tokens that it came of. And what ends with a client's change, and with the guarding of an API.

use super::{
    oauth_authorize::{allow, answer, ask, query, registered, typed},
    oauth_tokens::{
        ACCESS, EXCHANGE, ORDERS, Own, VERIFIER, code, exchange, is_live, orders, own, part, post, proof,
        proven, refused, told,
    },
};
use procura_app::oauth::clients;
use procura_model::{Client, Role};
use procura_testkit::{
    business::Issuer,
    world::{Mcp, Person, Reply, Shop, World},
};
use serde_json::json;

/// A second API, which has scopes of the same names.
const STOCK: &str = "https://api.shop.example/stock";

async fn exchanged(w: &World, who: &Own, subject: &str, rest: &[(&str, &str)]) -> Reply {
    who.token(w, &asking(subject, rest)).await
}

fn asking<'a>(subject: &'a str, rest: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![("grant_type", EXCHANGE), ("subject_token", subject), ("subject_token_type", ACCESS)];
    all.extend_from_slice(rest);
    all
}

/// The client as the house knows it.
async fn known(w: &World, shop: &Shop, own: &Own) -> Client {
    clients::find(&w.app, &shop.owner_ctx(), &own.id.parse().unwrap()).await.unwrap()
}

/// What an organization's own client gets of this person's consent.
async fn consented(
    w: &World,
    shop: &Shop,
    (own, person): (&Own, &Person),
    changes: &[(&str, &str)],
) -> String {
    let client = known(w, shop, own).await;
    let code = allow(person, &query(&client, changes)).await.remove("code").expect("a code");
    let fields = [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER)];
    own.token(w, &fields).await.ok().text_at("/access_token")
}

/// RFC 8707 section 2.2: what was granted, and no more; a scope's word is its API's.
#[tokio::test]
async fn a_token_is_exchanged_for_nothing_that_was_not_granted() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("worker").await;
    for api in [ORDERS, STOCK] {
        orders(&shop, "jwt", api).await;
    }
    let stub = w.upstream().await;
    for name in ["crm", "erp"] {
        shop.server(name, &stub.url()).await;
    }
    let grants = ["authorization_code", EXCHANGE];
    let app = own(&shop, &grants, Some(&agent), json!({})).await;
    let all = own(&shop, &grants, Some(&agent), json!({"scope": "orders:read tools"})).await;
    let (gateway, crm, erp) =
        (format!("{}/v1/mcp", w.url()), format!("{}/v1/mcp/crm", w.url()), format!("{}/v1/mcp/erp", w.url()));
    let read = ("scope", "orders:read");
    for who in [&app, &all] {
        let one = consented(&w, &shop, (who, &shop.owner), &[("resource", ORDERS), read]).await;
        let same = exchanged(&w, who, &one, &[("resource", ORDERS)]).await.ok().text_at("/access_token");
        // Neither with the token nor with what came of it.
        for subject in [&one, &same] {
            for target in [STOCK, &gateway, &crm] {
                refused(&exchanged(&w, who, subject, &[("resource", target)]).await, 400, "invalid_target");
            }
        }
        // One mount is not the gateway, nor another mount.
        let mount = consented(&w, &shop, (who, &shop.owner), &[("resource", &crm)]).await;
        assert_eq!(part(&mount, 1)["aud"], json!(crm));
        for target in [&gateway, &erp] {
            refused(&exchanged(&w, who, &mount, &[("resource", target)]).await, 400, "invalid_target");
        }
        exchanged(&w, who, &mount, &[("resource", &crm)]).await.ok();
        // The whole narrows to one, and one never widens to the whole.
        let whole = consented(&w, &shop, (who, &shop.owner), &[("resource", &gateway)]).await;
        let narrow = exchanged(&w, who, &whole, &[("resource", &crm)]).await.ok().text_at("/access_token");
        for target in [&gateway, &erp] {
            refused(&exchanged(&w, who, &narrow, &[("resource", target)]).await, 400, "invalid_target");
        }
    }
    // Where both were granted, a word counts at the other API for a client that is registered for it.
    let both = [("resource", ORDERS), ("resource", STOCK), read];
    let subject = consented(&w, &shop, (&app, &shop.owner), &both).await;
    refused(&exchanged(&w, &app, &subject, &[("resource", STOCK)]).await, 400, "invalid_scope");
    let subject = consented(&w, &shop, (&all, &shop.owner), &both).await;
    let reply = exchanged(&w, &all, &subject, &[("resource", STOCK)]).await.ok();
    assert_eq!(reply.text_at("/scope"), "orders:read");
    assert_eq!(part(&reply.text_at("/access_token"), 1)["aud"], json!(STOCK));
}

/// RFC 8693 section 1.1: an API that was called goes on to another API of its organization, and nowhere else.
#[tokio::test]
async fn an_api_goes_on_to_the_organizations_apis_and_never_to_the_gateway() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("worker").await;
    for api in [ORDERS, STOCK] {
        orders(&shop, "jwt", api).await;
    }
    let gateway = format!("{}/v1/mcp", w.url());
    let client = registered(&w, |_| {}).await;
    let id = client.id.to_string();
    let consent = [("resource", ORDERS), ("scope", "orders:read")];
    let subject = exchange(&w, &id, &code(&shop, &client, &consent).await, &[]).await.ok();
    let subject = subject.text_at("/access_token");
    let at_gateway = exchange(&w, &id, &code(&shop, &client, &[]).await, &[]).await.ok();
    for (scope, expected) in
        [(None, None), (Some("orders:write tools"), None), (Some("orders:read tools"), Some("orders:read"))]
    {
        let more = scope.map_or(json!({}), |scope| json!({ "scope": scope }));
        let api = own(&shop, &[EXCHANGE], Some(&agent), more).await;
        let reply = exchanged(&w, &api, &subject, &[("resource", STOCK)]).await;
        match expected {
            Some(scope) => assert_eq!(reply.ok().text_at("/scope"), scope),
            None => refused(&reply, 400, "invalid_scope"),
        }
        let reply = exchanged(&w, &api, &subject, &[("resource", &gateway)]).await;
        refused(&reply, 400, "invalid_target");
        // The gateway hands its tokens to nobody: whoever has another's took it.
        for target in [&gateway, ORDERS] {
            let stolen = at_gateway.text_at("/access_token");
            refused(&exchanged(&w, &api, &stolen, &[("resource", target)]).await, 400, "invalid_request");
        }
    }
    // Where nobody consented: what the client would get by itself.
    let own =
        own(&shop, &[EXCHANGE, "client_credentials"], Some(&agent), json!({"scope": "orders:read"})).await;
    let ask = [("grant_type", "client_credentials"), ("resource", ORDERS)];
    let subject = own.token(&w, &ask).await.ok().text_at("/access_token");
    exchanged(&w, &own, &subject, &[("resource", STOCK)]).await.ok();
}

/// RFC 9449: what is bound stays bound, and is exchanged by whoever has the key.
#[tokio::test]
async fn a_bound_token_becomes_no_token_that_anybody_can_use() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("worker").await;
    orders(&shop, "jwt", ORDERS).await;
    let (key, other) = (Issuer::new("key"), Issuer::new("other"));
    let client = registered(&w, |_| {}).await;
    let code = code(&shop, &client, &[("resource", ORDERS), ("scope", "orders:read")]).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client.id.as_str()),
        ("code", &*code),
        ("code_verifier", VERIFIER),
    ];
    let bound = proven(&w, &fields, &proof(&w, &key, "1", &json!({}))).await.ok().text_at("/access_token");
    let api = own(&shop, &[EXCHANGE, "client_credentials"], Some(&agent), json!({})).await;
    refused(&exchanged(&w, &api, &bound, &[]).await, 400, "invalid_dpop_proof");
    let fields = api.fields(&asking(&bound, &[]));
    let reply = proven(&w, &fields, &proof(&w, &other, "2", &json!({}))).await.ok();
    assert_eq!(reply.text_at("/token_type"), "DPoP");
    let (old, new) =
        (part(&bound, 1)["cnf"].clone(), part(&reply.text_at("/access_token"), 1)["cnf"].clone());
    assert!(new["jkt"].is_string() && new != old, "{new}");
    // An actor's token that is bound.
    let cc = api.fields(&[("grant_type", "client_credentials")]);
    let actor = proven(&w, &cc, &proof(&w, &key, "3", &json!({}))).await.ok().text_at("/access_token");
    let with_actor = [("actor_token", actor.as_str()), ("actor_token_type", ACCESS)];
    let plain =
        super::oauth_tokens::code(&shop, &client, &[("resource", ORDERS), ("scope", "orders:read")]).await;
    let plain = exchange(&w, client.id.as_str(), &plain, &[]).await.ok().text_at("/access_token");
    refused(&exchanged(&w, &api, &plain, &with_actor).await, 400, "invalid_request");
    let fields = api.fields(&asking(&plain, &with_actor));
    refused(&proven(&w, &fields, &proof(&w, &other, "4", &json!({}))).await, 400, "invalid_request");
    let reply = proven(&w, &fields, &proof(&w, &key, "5", &json!({}))).await.ok();
    assert_eq!(part(&reply.text_at("/access_token"), 1)["cnf"], old);
}

/// RFC 8693 section 4.1: actors that are nested are history, and "are not to be considered" for access.
#[tokio::test]
async fn the_outermost_actor_decides_what_a_token_may_and_those_within_do_not() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let stub = w.upstream().await;
    shop.server("stub", &stub.url()).await;
    let (outer, inner) = (shop.agent("outer").await, shop.agent("inner").await);
    let grants = ["authorization_code", "client_credentials", EXCHANGE];
    let app = own(&shop, &grants, Some(&outer), json!({})).await;
    let page = ask(&shop.owner, &query(&known(&w, &shop, &app).await, &[])).await.ok();
    let acting = format!("{}/{}", shop.id, inner.id);
    let done = answer(&shop.owner, &page, &[("answer", "allow"), ("acting", &acting)]).await;
    let code = super::oauth_authorize::told(done.header("location")).remove("code").expect("a code");
    let fields = [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER)];
    let subject = app.token(&w, &fields).await.ok().text_at("/access_token");
    let cc = app.token(&w, &[("grant_type", "client_credentials")]).await.ok().text_at("/access_token");
    let with_actor = [("actor_token", cc.as_str()), ("actor_token_type", ACCESS)];
    let chained = exchanged(&w, &app, &subject, &with_actor).await.ok().text_at("/access_token");
    assert_eq!(part(&chained, 1)["act"], json!({"sub": outer.id, "act": {"sub": inner.id}}));
    let calls = async |token: &str| {
        let gateway = Mcp::new(w.http.with_key(token), "/v1/mcp");
        gateway.call_tool("stub__benign", &json!({})).await.is_ok()
    };
    let permission = shop.permit_all_tools(&inner).await;
    assert!(
        calls(&subject).await && !calls(&chained).await,
        "an actor within opened what the outermost may not"
    );
    shop.permit_all_tools(&outer).await;
    shop.platform.delete(&format!("/v1/permissions/{permission}")).send().await.ok();
    assert!(!calls(&subject).await && calls(&chained).await, "an actor within closed what the outermost may");
}

/// SES-1: what came of two tokens dies with either's session.
#[tokio::test]
async fn what_was_exchanged_dies_with_the_actors_session_too() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let ada = shop.member(Role::Developer).await;
    let agent = shop.agent("worker").await;
    orders(&shop, "jwt", ORDERS).await;
    let consent = [("resource", ORDERS), ("scope", "orders:read")];
    let client = registered(&w, |_| {}).await;
    let subject = exchange(&w, client.id.as_str(), &code(&shop, &client, &consent).await, &[]).await.ok();
    let subject = subject.text_at("/access_token");
    let app = own(&shop, &["authorization_code", EXCHANGE], Some(&agent), json!({})).await;
    let actor = consented(&w, &shop, (&app, &ada), &consent).await;
    let with_actor = [("actor_token", actor.as_str()), ("actor_token_type", ACCESS)];
    let acted = exchanged(&w, &app, &subject, &with_actor).await.ok().text_at("/access_token");
    let again = exchanged(&w, &app, &subject, &with_actor).await.ok().text_at("/access_token");
    let alone = exchanged(&w, &app, &subject, &[]).await.ok().text_at("/access_token");
    assert_eq!(part(&acted, 1)["act"]["sub"], part(&actor, 1)["act"]["sub"]);
    assert_eq!(part(&acted, 1)["sid"], part(&again, 1)["sid"]);
    // Also what came of that.
    let further = exchanged(&w, &app, &acted, &[]).await.ok().text_at("/access_token");
    for token in [&acted, &again, &alone, &further] {
        assert!(is_live(&shop, token).await);
    }
    let session = part(&actor, 1)["sid"].as_str().unwrap().to_owned();
    shop.platform.delete(&format!("/v1/oauth-sessions/{session}")).send().await.ok();
    for token in [&acted, &again, &further] {
        assert!(!is_live(&shop, token).await);
    }
    for token in [&subject, &alone] {
        assert!(is_live(&shop, token).await);
    }
    refused(&exchanged(&w, &app, &subject, &with_actor).await, 400, "invalid_request");
}

/// What was granted before a client's change does not outlive what it may now.
#[tokio::test]
async fn a_clients_tokens_end_when_it_is_to_act_as_another_or_for_less() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let (agent, next) = (shop.agent("worker").await, shop.agent("next").await);
    orders(&shop, "jwt", ORDERS).await;
    let client = own(&shop, &["client_credentials"], Some(&agent), json!({})).await;
    let held = async || {
        let reply = client.token(&w, &[("grant_type", "client_credentials")]).await.ok();
        reply.text_at("/access_token")
    };
    let change = async |scope: Option<&str>, name: &str, agent: &str| {
        let mut metadata = json!({
            "client_name": name, "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "client_secret_post",
        });
        if let Some(scope) = scope {
            metadata["scope"] = json!(scope);
        }
        let body = json!({"metadata": metadata, "agentId": agent});
        shop.platform.put(&format!("/v1/clients/{}", client.id), &body).send().await.ok();
    };
    let (agent, next) = (agent.id.to_string(), next.id.to_string());
    let mut token = held().await;
    for (scope, name, agent, ends) in [
        (None, "Day job", &agent, false),
        (Some("tools orders:read"), "Day job", &agent, true),
        (Some("tools orders:read"), "Day job", &next, true),
        (Some("tools"), "Day job", &next, true),
        (Some("orders:read tools"), "Day job", &next, false),
        (None, "Day job", &next, false),
    ] {
        change(scope, name, agent).await;
        assert_eq!(is_live(&shop, &token).await, !ends, "{scope:?} {agent}");
        token = held().await;
        assert!(is_live(&shop, &token).await);
    }
}

/// RFC 7662 section 2.2: a token that nothing takes any longer is not active, whoever asks.
#[tokio::test]
async fn a_token_for_an_api_that_is_guarded_no_longer_is_not_active() {
    let w = World::start().await;
    let (shop, bakery) = (w.tenant("shop").await, w.tenant("bakery").await);
    let agent = shop.agent("worker").await;
    orders(&shop, "jwt", ORDERS).await;
    let client = own(&shop, &["client_credentials"], Some(&agent), json!({})).await;
    let ask = [("grant_type", "client_credentials"), ("resource", ORDERS)];
    let token = client.token(&w, &ask).await.ok().text_at("/access_token");
    assert!(is_live(&shop, &token).await);
    let listed = shop.platform.get("/v1/resources").send().await.ok();
    let path = format!("/v1/resources/{}", listed.text_at("/items/0/id"));
    shop.platform.delete(&path).send().await.ok();
    for is_taken in [false, true] {
        if is_taken {
            orders(&bakery, "jwt", ORDERS).await;
        }
        for shop in [&shop, &bakery] {
            assert_eq!(told(shop, &token).await, json!({"active": false}));
        }
        let reply = post(&w.http, "/oauth/introspect", &client.fields(&[("token", &token)])).await.ok();
        assert_eq!(reply.json(), json!({"active": false}));
    }
}

/// RFC 8628 section 3.4: a request that gets something else wrong costs the device a poll, and not its person's yes.
#[tokio::test]
async fn a_device_that_asks_wrongly_can_ask_again() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |metadata| metadata.dpop_bound_access_tokens = true).await;
    let id = client.id.to_string();
    let begun = post(&w.http, "/oauth/device", &[("client_id", &id), ("scope", "tools")]).await.ok();
    let page = typed(&shop.owner, &begun.text_at("/user_code")).await.ok();
    answer(&shop.owner, &page, &[("answer", "allow")]).await.ok();
    let kind = "urn:ietf:params:oauth:grant-type:device_code";
    let device = begun.text_at("/device_code");
    let fields = |rest: &[(&'static str, &'static str)]| {
        let mut all = vec![("grant_type", kind), ("client_id", &*id), ("device_code", &*device)];
        all.extend_from_slice(rest);
        all
    };
    let key = Issuer::new("key");
    let elsewhere = fields(&[("resource", "https://elsewhere.example")]);
    refused(&proven(&w, &elsewhere, &proof(&w, &key, "1", &json!({}))).await, 400, "invalid_target");
    refused(
        &proven(&w, &fields(&[("scope", "admin")]), &proof(&w, &key, "2", &json!({}))).await,
        400,
        "invalid_scope",
    );
    refused(&post(&w.http, "/oauth/token", &fields(&[])).await, 400, "invalid_dpop_proof");
    let reply = proven(&w, &fields(&[]), &proof(&w, &key, "3", &json!({}))).await.ok();
    assert_eq!(reply.text_at("/token_type"), "DPoP");
    // Once.
    let again = proven(&w, &fields(&[]), &proof(&w, &key, "4", &json!({}))).await;
    refused(&again, 400, "invalid_grant");
}
