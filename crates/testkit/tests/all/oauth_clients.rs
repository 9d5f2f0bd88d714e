//! OAuth clients (OAU-2): how they come to us, how they show themselves, and the attacks that each way must stand. A
//! requirement's RFC stands in its test's words.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use procura_app::oauth::{arriving, clients, resources};
use procura_egress::Purpose;
use procura_model::{Client, Ctx, Origin, Reason, RequestId, Scope, TokenForm};
use procura_testkit::{
    business::{Issuer, key_set},
    secure::SecureHost,
    world::{Options, Reply, Shop, World},
};
use serde_json::{Value, json};

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

async fn register(w: &World, body: &Value) -> Reply {
    w.http.post("/oauth/register", body).send().await
}

fn public() -> Value {
    json!({"client_name": "Tool", "redirect_uris": ["http://127.0.0.1/cb"], "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
        "application_type": "native"})
}

#[track_caller]
fn error_of(reply: &Reply) -> String {
    assert!(reply.status >= 400, "{} {}", reply.status, reply.text());
    reply.text_at("/error")
}

async fn ctx(w: &World) -> Ctx {
    let now = w.clock.now();
    arriving(&w.app, RequestId::new(now, &w.app.entropy), now, Origin::default()).await.unwrap()
}

async fn find(w: &World, id: &str) -> Result<Client, Reason> {
    let ctx = ctx(w).await;
    clients::find(&w.app, &ctx, &id.parse().unwrap()).await.map_err(|error| error.reason())
}

/// A client of the organization that acts as an agent of its own.
struct Own {
    id: String,
    secret: Option<String>,
}

async fn own(shop: &Shop, method: &str, more: Value) -> Own {
    let agent = shop.agent(&format!("of {method}")).await;
    let mut metadata = json!({"client_name": "Night job", "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": method});
    for (name, value) in more.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    let body = json!({"metadata": metadata, "agentId": agent.id});
    let made = shop.platform.post("/v1/clients", &body).send().await.ok();
    let secret = made.at("/secret/secret").as_str().map(str::to_owned);
    Own { id: made.text_at("/client/id"), secret }
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

async fn by_basic(w: &World, id: &str, secret: &str) -> Reply {
    let call = w.http.call(http::Method::POST, "/oauth/token").form(&[("grant_type", "client_credentials")]);
    call.header("authorization", &basic(id, secret)).send().await
}

async fn token(w: &World, fields: &[(&str, &str)]) -> Reply {
    let fields: Vec<_> =
        [("grant_type", "client_credentials")].into_iter().chain(fields.iter().copied()).collect();
    w.http.call(http::Method::POST, "/oauth/token").form(&fields).send().await
}

#[tokio::test]
async fn a_client_registers_itself_and_is_told_what_was_kept() {
    let w = World::start().await;
    w.tenant("shop").await;
    let reply = register(&w, &public()).await;
    assert_eq!((reply.status, reply.header("cache-control")), (201, "no-store"), "{}", reply.text());
    let id = reply.text_at("/client_id");
    assert!(id.starts_with("cli_") && !id.starts_with("https://"));
    assert_eq!(reply.at("/client_id_issued_at"), json!(w.clock.now().as_ms() / 1_000));
    for (member, value) in public().as_object().unwrap() {
        assert_eq!(reply.at(&format!("/{member}")), *value, "{member}");
    }
    assert_eq!(reply.at("/client_secret"), Value::Null);
    assert_eq!(reply.at("/client_secret_expires_at"), Value::Null);
    // RFC 7591 section 2: without a word it is a client with a secret, and section 3.2.1 demands its end beside it.
    let secret = register(&w, &json!({"redirect_uris": ["https://a.example/cb"]})).await;
    assert!(secret.text_at("/client_secret").starts_with("pcc_"));
    assert_eq!(secret.at("/client_secret_expires_at"), json!(0));
    assert_eq!(secret.text_at("/token_endpoint_auth_method"), "client_secret_basic");
    let key = Issuer::new("k");
    let signs = register(
        &w,
        &json!({"redirect_uris": ["https://a.example/cb"], "token_endpoint_auth_method": "private_key_jwt",
            "jwks": key_set(&[&key])}),
    )
    .await;
    assert_eq!(signs.text_at("/jwks/keys/0/kid"), "k");
    assert_eq!(signs.at("/client_secret"), Value::Null);
}

#[tokio::test]
async fn only_public_clients_are_the_same_when_they_come_again() {
    let w = World::start().await;
    w.tenant("shop").await;
    let first = register(&w, &public()).await.text_at("/client_id");
    assert_eq!(register(&w, &public()).await.text_at("/client_id"), first);
    let mut other = public();
    other["client_name"] = json!("Another tool");
    assert_ne!(register(&w, &other).await.text_at("/client_id"), first);
    let secret = json!({"redirect_uris": ["https://a.example/cb"]});
    let (one, two) = (register(&w, &secret).await, register(&w, &secret).await);
    assert_ne!(one.text_at("/client_id"), two.text_at("/client_id"));
    assert_ne!(one.text_at("/client_secret"), two.text_at("/client_secret"));
}

#[tokio::test]
async fn what_cannot_be_registered_is_refused_in_the_words_of_rfc_7591() {
    let w = World::start().await;
    w.tenant("shop").await;
    for (body, error) in [
        (json!({"redirect_uris": ["http://a.example/cb"]}), "invalid_redirect_uri"),
        (json!({"redirect_uris": ["https://*.a.example/cb"]}), "invalid_redirect_uri"),
        (json!({"redirect_uris": []}), "invalid_redirect_uri"),
        (
            json!({"redirect_uris": ["https://a.example/cb"], "client_uri": "javascript:x"}),
            "invalid_client_metadata",
        ),
        (json!([]), "invalid_client_metadata"),
    ] {
        let reply = register(&w, &body).await;
        assert_eq!((reply.status, error_of(&reply)), (400, error.to_owned()), "{body}");
        assert_eq!(reply.header("cache-control"), "no-store");
    }
    let post =
        || w.http.call(http::Method::POST, "/oauth/register").header("content-type", "application/json");
    let twice = r#"{"redirect_uris":["https://a.example/cb"],"redirect_uris":["https://b.example/cb"]}"#;
    assert_eq!(error_of(&post().bytes(twice).send().await), "invalid_client_metadata");
    let long = format!("{{\"x\":\"{}\"}}", "x".repeat(clients::MAX_BODY_BYTES));
    assert!(post().bytes(long).send().await.status >= 400);
    let form =
        w.http.call(http::Method::POST, "/oauth/register").form(&[("redirect_uris", "https://a.example/")]);
    assert_eq!(error_of(&form.send().await), "invalid_client_metadata");
    let w = World::start_set(|settings| settings.oauth.registration = false).await;
    w.tenant("shop").await;
    assert!(register(&w, &public()).await.status >= 400);
}

#[tokio::test]
async fn a_flood_of_registrations_ends_and_what_nobody_let_in_is_removed() {
    let w = World::start().await;
    w.tenant("shop").await;
    let mut first = String::new();
    for n in 0..50 {
        let mut one = public();
        one["client_name"] = json!(format!("Tool {n}"));
        let reply = register(&w, &one).await.ok();
        if n == 0 {
            first = reply.text_at("/client_id");
        }
    }
    let mut more = public();
    more["client_name"] = json!("One more");
    let refused = register(&w, &more).await;
    assert_eq!(refused.status, 429, "{}", refused.text());
    // One that is there already is found all the same.
    more["client_name"] = json!("Tool 0");
    assert_eq!(register(&w, &more).await.text_at("/client_id"), first);
    assert!(find(&w, &first).await.is_ok());
    w.advance_ms(31 * procura_model::time::DAY_MS);
    w.settle().await;
    assert_eq!(find(&w, &first).await, Err(Reason::OauthClientInvalid));
}

#[tokio::test]
async fn registrations_are_counted_by_address() {
    let limits = procura_cluster::LimitSettings {
        registration: procura_cluster::Rate::per_minute(5),
        ..Options::default().limits
    };
    let w = World::start_with(Options { limits, ..Options::default() }).await;
    w.tenant("shop").await;
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(register(&w, &public()).await.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 5, "{statuses:?}");
    assert_eq!(statuses.last(), Some(&429));
}

#[tokio::test]
async fn a_client_shows_itself_in_the_one_way_it_is_registered_for() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let header = own(&shop, "client_secret_basic", json!({})).await;
    let body = own(&shop, "client_secret_post", json!({})).await;
    let (header_secret, body_secret) = (header.secret.unwrap(), body.secret.unwrap());
    by_basic(&w, &header.id, &header_secret).await.ok();
    token(&w, &[("client_id", &body.id), ("client_secret", &body_secret)]).await.ok();
    // RFC 6749 section 5.2: 401, with a challenge for whoever used the header.
    let wrong = by_basic(&w, &header.id, &body_secret).await;
    assert_eq!((wrong.status, error_of(&wrong)), (401, "invalid_client".to_owned()));
    assert!(wrong.header("www-authenticate").starts_with("Basic"), "{:?}", wrong.headers);
    for refused in [
        by_basic(&w, &body.id, &body_secret).await,
        token(&w, &[("client_id", &header.id), ("client_secret", &header_secret)]).await,
        token(&w, &[("client_id", &header.id)]).await,
        by_basic(&w, "cli_01JD9Z3V5M8Q6T2W4X7Y9A1B3C", &header_secret).await,
        by_basic(&w, "nobody", &header_secret).await,
        by_basic(&w, &header.id, "").await,
        by_basic(&w, &header.id, "pcc_short").await,
        token(&w, &[]).await,
    ] {
        assert_eq!(error_of(&refused), "invalid_client", "{}", refused.text());
    }
    // RFC 6749 section 2.3: not more than one method in a request.
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", header.id.as_str()),
        ("client_secret", header_secret.as_str()),
    ];
    let both = w.http.call(http::Method::POST, "/oauth/token").form(&form);
    let both = both.header("authorization", &basic(&header.id, &header_secret)).send().await;
    assert_eq!((both.status, error_of(&both)), (400, "invalid_request".to_owned()));
    let form = [("grant_type", "client_credentials"), ("client_id", body.id.as_str())];
    let other = w.http.call(http::Method::POST, "/oauth/token").form(&form);
    let other = other.header("authorization", &basic(&header.id, &header_secret)).send().await;
    assert_eq!(error_of(&other), "invalid_request", "two clients are named");
    let half = token(&w, &[("client_id", &header.id), ("client_assertion", "a.b.c")]).await;
    assert_eq!(error_of(&half), "invalid_request");
}

#[tokio::test]
async fn what_was_verified_ends_with_rotation_revocation_disabling_and_removal() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = own(&shop, "client_secret_basic", json!({})).await;
    let first = client.secret.unwrap();
    let path = format!("/v1/clients/{}", client.id);
    let holds = async |secret: &str| by_basic(&w, &client.id, secret).await.status == 200;
    assert!(holds(&first).await && holds(&first).await, "the second time from memory");
    let rotated =
        shop.platform.post(&format!("{path}/secrets"), &json!({"overlapSeconds": 60})).send().await.ok();
    let second = rotated.text_at("/secret");
    assert!(holds(&first).await && holds(&second).await);
    w.advance_ms(60_000);
    assert!(!holds(&first).await, "the overlap is over");
    assert!(holds(&second).await);
    let id = rotated.text_at("/clientSecret/id");
    shop.platform.delete(&format!("{path}/secrets/{id}")).send().await.ok();
    assert!(!holds(&second).await, "revoked");
    let third =
        shop.platform.post(&format!("{path}/secrets"), &json!({})).send().await.ok().text_at("/secret");
    assert!(holds(&third).await);
    shop.platform.call(http::Method::POST, &format!("{path}/disable")).send().await.ok();
    assert!(!holds(&third).await, "disabled");
    shop.platform.call(http::Method::POST, &format!("{path}/enable")).send().await.ok();
    assert!(holds(&third).await);
    let listed = shop.platform.get(&format!("{path}/secrets")).send().await.ok();
    assert_eq!(listed.at("/items").as_array().map(Vec::len), Some(1));
    assert!(!listed.text().contains(&third));
    shop.platform.delete(&path).send().await.ok();
    assert!(!holds(&third).await, "removed");
    shop.platform.get(&path).send().await.refused(Reason::NotFound);
}

#[tokio::test]
async fn secrets_end_when_a_client_shows_itself_otherwise_and_do_not_come_back() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = own(&shop, "client_secret_basic", json!({})).await;
    let secret = client.secret.unwrap();
    let path = format!("/v1/clients/{}", client.id);
    let agent = shop.platform.get(&path).send().await.ok().text_at("/agentId");
    let key = key_set(&[&Issuer::new("k")]);
    let put = async |method: &str, keys: Option<&Value>| {
        let mut metadata = json!({"client_name": "Night job", "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": method});
        if let Some(keys) = keys {
            metadata["jwks"] = keys.clone();
        }
        shop.platform.put(&path, &json!({"metadata": metadata, "agentId": agent})).send().await.ok();
    };
    put("private_key_jwt", Some(&key)).await;
    assert_eq!(error_of(&by_basic(&w, &client.id, &secret).await), "invalid_client");
    put("client_secret_basic", None).await;
    assert_eq!(error_of(&by_basic(&w, &client.id, &secret).await), "invalid_client");
}

fn claims(w: &World, client: &str, jti: &str) -> Value {
    let now = w.clock.now().as_ms() / 1_000;
    json!({"iss": client, "sub": client, "aud": w.url(), "jti": jti, "iat": now, "exp": now + 60})
}

#[tokio::test]
async fn an_assertion_holds_once_for_us_alone_and_not_for_long() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let key = Issuer::new("client-key");
    let client = own(&shop, "private_key_jwt", json!({"jwks": key_set(&[&key])})).await;
    assert_eq!(client.secret, None);
    let show = async |assertion: &str| {
        token(&w, &[("client_assertion_type", ASSERTION), ("client_assertion", assertion)]).await
    };
    let good = key.token(&claims(&w, &client.id, "one"));
    show(&good).await.ok();
    let again = show(&good).await;
    assert_eq!((again.status, error_of(&again)), (401, "invalid_client".to_owned()), "RFC 7523 section 3, 7");
    let mut endpoint = claims(&w, &client.id, "two");
    endpoint["aud"] = json!(format!("{}/oauth/token", w.url()));
    show(&key.token(&endpoint)).await.ok();
    let now = w.clock.now().as_ms() / 1_000;
    for (member, value) in [
        ("aud", json!([w.url(), "https://other.example"])),
        ("aud", json!("https://other.example")),
        ("exp", json!(now - 60)),
        ("exp", json!(now + 7_200)),
        ("iat", json!(now + 600)),
        ("iss", json!("somebody")),
        ("jti", Value::Null),
    ] {
        let mut bad = claims(&w, &client.id, "three");
        bad[member] = value.clone();
        assert_eq!(error_of(&show(&key.token(&bad)).await), "invalid_client", "{member} {value}");
    }
    // What was refused did not use up its jti.
    show(&key.token(&claims(&w, &client.id, "three"))).await.ok();
    let stranger = Issuer::new("stranger").token(&claims(&w, &client.id, "four"));
    assert_eq!(error_of(&show(&stranger).await), "invalid_client");
    let other = own(&shop, "client_secret_basic", json!({})).await;
    assert_eq!(error_of(&show(&key.token(&claims(&w, &other.id, "five"))).await), "invalid_client");
    let named = token(
        &w,
        &[
            ("client_id", &other.id),
            ("client_assertion_type", ASSERTION),
            ("client_assertion", &key.token(&claims(&w, &client.id, "six"))),
        ],
    )
    .await;
    assert_eq!(error_of(&named), "invalid_request");
    let kind = token(&w, &[("client_assertion_type", "saml"), ("client_assertion", &good)]).await;
    assert_eq!(error_of(&kind), "invalid_client");
    let twice = key.token(&claims(&w, &client.id, "race"));
    let shown = [("client_assertion_type", ASSERTION), ("client_assertion", twice.as_str())];
    let (a, b) = tokio::join!(token(&w, &shown), token(&w, &shown));
    assert_ne!(a.status == 200, b.status == 200, "of two at once one wins");
}

#[tokio::test]
async fn keys_and_documents_of_strangers_are_never_read_from_this_machine() {
    let w = World::start().await;
    w.tenant("shop").await;
    // What the operator opened on the loopback for tools and key sets is not open to documents of strangers; to open it
    // to them is refused when the rules are read.
    let inside = w.host(Purpose::Jwks, procura_testkit::business::Answer::Json(json!({}))).await;
    let port = url::Url::parse(&inside.url("/")).unwrap().port().unwrap();
    w.resolver.point("rebound.example", "127.0.0.1".parse::<std::net::IpAddr>().unwrap());
    w.resolver.point("metadata.example", "169.254.169.254".parse::<std::net::IpAddr>().unwrap());
    w.resolver.point("private.example", "10.0.0.7".parse::<std::net::IpAddr>().unwrap());
    for id in [
        format!("https://127.0.0.1:{port}/meta"),
        format!("https://localhost:{port}/meta"),
        format!("https://rebound.example:{port}/meta"),
        format!("https://[::1]:{port}/meta"),
        "https://metadata.example/meta".to_owned(),
        "https://private.example/meta".to_owned(),
        "https://10.0.0.7/meta".to_owned(),
        "https://nowhere.example/meta".to_owned(),
        "https://client.example".to_owned(),
        "https://client.example/meta?x".to_owned(),
    ] {
        assert_eq!(find(&w, &id).await, Err(Reason::OauthDocumentInvalid), "{id}");
        let keys = json!({"redirect_uris": ["https://a.example/cb"], "token_endpoint_auth_method": "private_key_jwt",
            "jwks_uri": id});
        let reply = register(&w, &keys).await;
        let Some(client) = reply.at("/client_id").as_str().map(str::to_owned) else { continue };
        let assertion = Issuer::new("k").token(&claims(&w, &client, "one"));
        let shown = [("client_assertion_type", ASSERTION), ("client_assertion", assertion.as_str())];
        assert_eq!(error_of(&token(&w, &shown).await), "invalid_client", "{id}");
    }
    assert_eq!(inside.count(), 0, "somebody came");
}

#[tokio::test]
async fn a_client_is_what_its_document_says() {
    let Some(host) = SecureHost::start("client.example").await else {
        eprintln!("NOT TESTED: this machine has no private address beside the loopback");
        return;
    };
    let w = World::start_trusting(Some(host.authority()), Options::default()).await;
    w.tenant("shop").await;
    w.resolver.point("client.example", host.address());
    w.allow_url_for(Purpose::ClientMetadata, &host.url("/"));
    let id = host.url("/meta.json");
    let document = |name: &str| {
        json!({"client_id": id, "client_name": name, "redirect_uris": ["https://client.example/cb"],
            "token_endpoint_auth_method": "none"})
    };
    assert_eq!(find(&w, &id).await, Err(Reason::OauthDocumentInvalid), "404 is no document");
    host.put("/meta.json", document("One"));
    let found = find(&w, &id).await.unwrap();
    assert_eq!((found.name.as_str(), found.tenant), ("One", None), "the failure before was not kept");
    host.put("/meta.json", document("Two"));
    assert_eq!(find(&w, &id).await.unwrap().name, "One", "kept for its time");
    w.advance_ms(5 * procura_model::time::MINUTE_MS);
    assert_eq!(find(&w, &id).await.unwrap().name, "Two");
    let mut other = document("Three");
    other["client_id"] = json!(host.url("/other.json"));
    host.put("/meta.json", other);
    w.advance_ms(5 * procura_model::time::MINUTE_MS);
    assert_eq!(find(&w, &id).await, Err(Reason::OauthDocumentInvalid), "another client's document");
    let mut long = document("Four");
    long["software_id"] = json!("x".repeat(6_000));
    host.put("/meta.json", long);
    assert_eq!(find(&w, &id).await, Err(Reason::OauthDocumentInvalid), "longer than five kibibytes");
}

#[tokio::test]
async fn a_resource_is_the_gateway_or_an_api_that_somebody_guards() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let rival = w.tenant("rival").await;
    let find =
        async |identifier: &str| resources::find(&w.app, identifier).await.map_err(|error| error.reason());
    let mcp = format!("{}/v1/mcp", w.url());
    for same in [mcp.clone(), format!("{mcp}/")] {
        let target = find(&same).await.unwrap();
        assert_eq!((target.audience.as_str(), target.tenant), (mcp.as_str(), None));
        assert_eq!(target.scopes.iter().map(|scope| scope.name.as_str()).collect::<Vec<_>>(), ["tools"]);
    }
    assert_eq!(find(&format!("{mcp}/crm")).await.unwrap().audience, format!("{mcp}/crm"));
    let identifier = "https://api.shop.example/orders";
    assert_eq!(find(identifier).await, Err(Reason::OauthTargetInvalid));
    let scopes = json!([{"name": "orders:read", "text": "Read your orders."}]);
    let settings = json!({"name": "Orders", "scopes": scopes, "tokens": "opaque", "tokenSeconds": 300});
    let body = json!({"identifier": identifier, "settings": settings});
    let made = shop.platform.post("/v1/resources", &body).send().await.ok();
    let target = find("https://API.shop.example/orders").await.unwrap();
    assert_eq!((target.tenant, target.form, target.seconds), (Some(shop.id), TokenForm::Opaque, 300));
    rival.platform.post("/v1/resources", &body).send().await.refused(Reason::NameTaken);
    let path = format!("/v1/resources/{}", made.text_at("/id"));
    rival.platform.delete(&path).send().await.refused(Reason::NotFound);
    for identifier in
        [mcp.as_str(), "http://api.example/", "https://a.example/#x", "https://a.example/?x", "urn:x"]
    {
        let body = json!({"identifier": identifier, "settings": settings});
        shop.platform.post("/v1/resources", &body).send().await.refused(Reason::FieldInvalid);
    }
    for (member, value) in [
        ("scopes", json!([])),
        ("scopes", json!([{"name": "a b", "text": "x"}])),
        ("scopes", json!([{"name": "a", "text": "x"}, {"name": "a", "text": "y"}])),
        ("scopes", json!([{"name": "offline_access", "text": "x"}])),
        ("tokenSeconds", json!(59)),
        ("tokenSeconds", json!(3_601)),
    ] {
        let mut bad = settings.clone();
        bad[member] = value;
        shop.platform.put(&path, &bad).send().await.refused(Reason::FieldInvalid);
    }
    shop.platform.delete(&path).send().await.ok();
    assert_eq!(find(identifier).await, Err(Reason::OauthTargetInvalid));
}

#[tokio::test]
async fn clients_and_issuers_stay_in_their_organization_and_name_their_own_agents() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let rival = w.tenant("rival").await;
    let client = own(&shop, "client_secret_basic", json!({})).await;
    let path = format!("/v1/clients/{}", client.id);
    rival.platform.get(&path).send().await.refused(Reason::NotFound);
    rival.platform.post(&format!("{path}/secrets"), &json!({})).send().await.refused(Reason::NotFound);
    rival
        .platform
        .call(http::Method::POST, &format!("{path}/disable"))
        .send()
        .await
        .refused(Reason::NotFound);
    let theirs = shop.agent("theirs").await;
    let metadata = json!({"client_name": "Thief", "grant_types": ["client_credentials"]});
    let body = json!({"metadata": metadata, "agentId": theirs.id});
    rival.platform.post("/v1/clients", &body).send().await.refused(Reason::NotFound);
    let none = json!({"metadata": metadata});
    rival.platform.post("/v1/clients", &none).send().await.refused(Reason::FieldInvalid);
    let issuer = json!({"issuer": "https://id.example", "settings": {"jwksUri": "https://id.example/keys"}});
    let made = shop.platform.post("/v1/issuers", &issuer).send().await.ok();
    shop.platform.post("/v1/issuers", &issuer).send().await.refused(Reason::NameTaken);
    rival.platform.post("/v1/issuers", &issuer).send().await.ok();
    rival
        .platform
        .get(&format!("/v1/issuers/{}", made.text_at("/id")))
        .send()
        .await
        .refused(Reason::NotFound);
    let plain = json!({"issuer": "https://x.example", "settings": {"jwksUri": "http://x.example/keys"}});
    shop.platform.post("/v1/issuers", &plain).send().await.refused(Reason::FieldInvalid);
    let stolen = json!({"jwksUri": "https://id.example/keys", "agentId": rival.agent("r").await.id});
    let path = format!("/v1/issuers/{}", made.text_at("/id"));
    shop.platform.put(&path, &stolen).send().await.refused(Reason::NotFound);
    let reader = shop.platform_key(&[Scope::ReadClients]).await;
    reader.get("/v1/clients").send().await.ok();
    reader.post("/v1/clients", &none).send().await.refused(Reason::ScopeMissing);
}
