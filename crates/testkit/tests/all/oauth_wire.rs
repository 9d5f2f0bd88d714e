//! What every endpoint of the authorization server owes its callers, whatever they ask (OAuth 2.1 sections 1.5, 3.2 and 5;
//! RFC 6749 sections 3 and 5; RFC 9700 section 2.6): the channel, the words of a refusal, who may call from a browser, where
//! a token may stand, and that an answer says what was given.

use super::{
    oauth_authorize::{BACK, CHALLENGE, ask, made, query, registered, told},
    oauth_tokens::{
        ACCESS, BEARER, EXCHANGE, ORDERS, VERIFIER, code, exchange, orders, own, part, post, proof, proven,
        refresh, refused,
    },
};
use http::Method;
use procura_testkit::{
    business::Issuer,
    world::{Mcp, Reply, World},
};
use serde_json::{Value, json};

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// What a client may be told (RFC 6749 sections 4.1.2.1 and 5.2, and the extensions).
const ERRORS: [&str; 22] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
    "unsupported_token_type",
    "invalid_scope",
    "invalid_target",
    "invalid_redirect_uri",
    "invalid_client_metadata",
    "invalid_dpop_proof",
    "use_dpop_nonce",
    "access_denied",
    "authorization_pending",
    "slow_down",
    "expired_token",
    "login_required",
    "consent_required",
    "request_not_supported",
    "unmet_authentication_requirements",
    "server_error",
];
/// What would break out of a header, a page, a JSON text or a quoted string.
const HOSTILE: &str = "\"x\\ <script>é\u{7f}\u{202e}\r\nset-cookie: a=b\u{1F608}";

/// RFC 6749 section 5.2: `%x20-21 / %x23-5B / %x5D-7E`.
#[track_caller]
fn is_describable(description: &str, what: &str) {
    assert!(!description.is_empty(), "{what}");
    let is_allowed = |c: char| matches!(c, ' ' | '!' | '#'..='[' | ']'..='~');
    assert!(description.chars().all(is_allowed), "{what}: {description:?}");
}

/// Whether it was refused, as a client must be.
#[track_caller]
fn is_refused_well(reply: &Reply, what: &str) -> bool {
    if reply.status < 300 {
        return false;
    }
    assert!(matches!(reply.status, 400 | 401), "{what}: {} {}", reply.status, reply.text());
    assert!(reply.header("content-type").starts_with("application/json"), "{what}");
    assert_eq!(reply.header("cache-control"), "no-store", "{what}");
    assert_eq!(reply.header("set-cookie"), "", "{what}");
    let document = reply.json();
    let error = document["error"].as_str().unwrap_or_default();
    assert!(ERRORS.contains(&error), "{what}: {document}");
    is_describable(document["error_description"].as_str().unwrap_or_default(), what);
    true
}

/// RFC 6749 sections 4.1.2.1 and 5.2.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn a_refusal_has_the_words_and_letters_of_its_rfc_whatever_was_sent() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("worker").await;
    let grants = ["authorization_code", "refresh_token", "client_credentials", EXCHANGE, BEARER, DEVICE];
    let own = own(&shop, &grants, Some(&agent), json!({})).await;
    let mut refusals = 0;
    for (grant, needed) in [
        ("authorization_code", &["code", "code_verifier", "redirect_uri"][..]),
        ("refresh_token", &["refresh_token"]),
        ("client_credentials", &["scope", "resource", "grant_type", "client_id"]),
        (
            EXCHANGE,
            &[
                "subject_token",
                "subject_token_type",
                "actor_token",
                "actor_token_type",
                "requested_token_type",
                "audience",
            ],
        ),
        (BEARER, &["assertion", "client_assertion", "client_assertion_type"]),
        (DEVICE, &["device_code"]),
    ] {
        for hostile in needed {
            let mut fields = own.fields(&[("grant_type", grant)]);
            fields.extend(needed.iter().map(|name| (*name, "x")));
            fields
                .retain(|(name, value)| name != hostile && (*value != "x" || grant != "client_credentials"));
            fields.push((hostile, HOSTILE));
            let reply = post(&w.http, "/oauth/token", &fields).await;
            assert!(is_refused_well(&reply, &format!("{grant} {hostile}")), "{grant} {hostile}");
            refusals += 1;
        }
    }
    for (path, names) in [
        ("/oauth/revoke", &["client_id", "client_secret"][..]),
        ("/oauth/introspect", &["client_id", "client_secret"]),
        ("/oauth/device", &["client_id", "scope", "resource"]),
        ("/oauth/par", &["redirect_uri", "scope", "resource", "code_challenge", "state"]),
    ] {
        for hostile in names {
            let mut fields = own.fields(&[("token", "x")]);
            fields.retain(|(name, _)| name != hostile);
            fields.push((hostile, HOSTILE));
            let reply = post(&w.http, path, &fields).await;
            assert!(is_refused_well(&reply, &format!("{path} {hostile}")), "{path} {hostile}");
            refusals += 1;
        }
    }
    for member in
        ["client_name", "redirect_uris", "client_uri", "jwks", "token_endpoint_auth_method", "scope"]
    {
        let mut metadata = json!({"redirect_uris": ["https://a.example/cb"]});
        metadata[member] = if member == "redirect_uris" { json!([HOSTILE]) } else { json!(HOSTILE) };
        let reply = w.http.post("/oauth/register", &metadata).send().await;
        assert!(is_refused_well(&reply, member), "{member}: {}", reply.text());
    }
    let key = Issuer::new("key");
    let fields = own.fields(&[("grant_type", "client_credentials")]);
    for changes in [json!({"htm": HOSTILE}), json!({"htu": HOSTILE}), json!({"nonce": HOSTILE})] {
        let reply = proven(&w, &fields, &proof(&w, &key, "1", &changes)).await;
        assert!(is_refused_well(&reply, "proof"), "{changes}");
    }
    // And in the answer that goes through a browser.
    let client = made(&w, &shop).await;
    for name in ["scope", "resource", "response_type", "response_mode", "code_challenge", "prompt", "max_age"]
    {
        let to = ask(&shop.owner, &query(&client, &[(name, HOSTILE)])).await;
        let to = to.header("location").to_owned();
        let answer = told(&to);
        let error = answer.get("error").map(String::as_str).unwrap_or_default();
        if name == "prompt" {
            continue;
        }
        assert!(ERRORS.contains(&error), "{name}: {to}");
        is_describable(&answer["error_description"], name);
        refusals += 1;
    }
    assert!(refusals > 30, "{refusals}");
}

/// OAuth 2.1 section 3.2 and RFC 9700 section 2.6: the authorization endpoint "MUST NOT support CORS".
#[tokio::test]
async fn scripts_of_other_sites_reach_what_reads_no_cookie_and_nothing_else() {
    const EVIL: &str = "https://evil.example";
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let authorize = format!("/oauth/authorize?{}", query(&client, &[]));
    let opened = |reply: &Reply| {
        let names = ["allow-origin", "allow-credentials", "allow-methods", "allow-headers", "expose-headers"];
        names
            .map(|name| format!("access-control-{name}"))
            .into_iter()
            .any(|name| reply.headers.contains_key(name))
    };
    for (method, path) in [
        (Method::GET, authorize.as_str()),
        (Method::GET, "/oauth/authorize"),
        (Method::POST, "/oauth/consent"),
        (Method::GET, "/device"),
        (Method::POST, "/device"),
        (Method::POST, "/device/answer"),
        (Method::GET, "/sign-in"),
        (Method::GET, "/access"),
    ] {
        for origin in [EVIL, "null"] {
            let call = shop.owner.browser.call(method.clone(), path).header("origin", origin);
            let reply = call.send().await;
            assert!(!opened(&reply), "{method} {path}: {:?}", reply.headers);
            let preflight = shop.owner.browser.call(Method::OPTIONS, path).header("origin", origin);
            let preflight = preflight.header("access-control-request-method", method.as_str()).send().await;
            assert!(!opened(&preflight), "{method} {path}: {:?}", preflight.headers);
        }
    }
    for (method, path) in [
        (Method::GET, "/.well-known/oauth-authorization-server"),
        (Method::GET, "/.well-known/oauth-protected-resource/v1/mcp"),
        (Method::GET, "/oauth/jwks"),
        (Method::POST, "/oauth/token"),
        (Method::POST, "/oauth/register"),
        (Method::POST, "/oauth/par"),
        (Method::POST, "/oauth/device"),
        (Method::POST, "/oauth/revoke"),
        (Method::POST, "/oauth/introspect"),
    ] {
        // Also where it is refused: a script must be able to read why.
        let reply = w.http.call(method.clone(), path).header("origin", EVIL).send().await;
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{path}");
        assert!(reply.header("access-control-expose-headers").contains("DPoP-Nonce"), "{path}");
        assert!(reply.header("access-control-expose-headers").contains("WWW-Authenticate"), "{path}");
        let preflight = w.http.call(Method::OPTIONS, path).header("origin", EVIL);
        let preflight = preflight.header("access-control-request-method", method.as_str()).send().await;
        assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (204, "*"), "{path}");
        assert!(preflight.header("access-control-allow-headers").contains("DPoP"), "{path}");
        // With cookies never: what a site can do here with a browser it can do without one.
        for reply in [&reply, &preflight] {
            assert!(!reply.headers.contains_key("access-control-allow-credentials"), "{path}");
        }
        let with_cookie = shop.owner.browser.call(method, path).header("origin", EVIL).send().await;
        assert_eq!(with_cookie.status, reply.status, "{path}: a cookie makes a difference");
    }
}

/// RFC 6749 sections 3.3 and 5.1: the scope is told, and is what the token has.
#[tokio::test]
async fn an_answer_says_for_which_scope_it_is_also_where_that_is_less_than_was_asked() {
    #[track_caller]
    fn says(reply: &Reply, scope: &str) -> String {
        assert_eq!((reply.status, reply.text_at("/scope")), (200, scope.to_owned()), "{}", reply.text());
        let token = reply.text_at("/access_token");
        assert_eq!(part(&token, 1)["scope"], json!(scope));
        token
    }
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("worker").await;
    orders(&shop, "jwt", ORDERS).await;
    let client = registered(&w, |_| {}).await;
    let id = client.id.to_string();
    // Nothing was asked: everything that there is.
    let at_orders = [("resource", ORDERS), ("scope", "")];
    let all = exchange(&w, &id, &code(&shop, &client, &at_orders).await, &[]).await;
    says(&all, "orders:read orders:write");
    // What asks for a refresh token opens no API, so no token has it.
    let asked = [("scope", "tools offline_access")];
    let held = exchange(&w, &id, &code(&shop, &client, &asked).await, &[]).await;
    says(&held, "tools");
    // Less at a refresh, and the whole again at the next (RFC 6749 section 6).
    let both = [("resource", ORDERS), ("scope", "orders:read orders:write offline_access")];
    let held = exchange(&w, &id, &code(&shop, &client, &both).await, &[]).await;
    let less = refresh(&w, &id, &held.text_at("/refresh_token"), &[("scope", "orders:read")]).await;
    says(&less, "orders:read");
    let again = refresh(&w, &id, &less.text_at("/refresh_token"), &[]).await;
    let subject = says(&again, "orders:read orders:write");
    // A client that is registered for less than the API has, and an exchange.
    let more = json!({"scope": "orders:read"});
    let machine = own(&shop, &["client_credentials", EXCHANGE], Some(&agent), more).await;
    let ask = [("grant_type", "client_credentials"), ("resource", ORDERS)];
    says(&machine.token(&w, &ask).await, "orders:read");
    let ask = [("grant_type", EXCHANGE), ("subject_token", &*subject), ("subject_token_type", ACCESS)];
    says(&machine.token(&w, &ask).await, "orders:read");
}

/// OAuth 2.1 section 5.1.1 and RFC 9700 section 4.3.2: a good token that stands where logs and histories keep it is none.
#[tokio::test]
async fn a_good_token_counts_in_the_header_and_nowhere_else() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let code = code(&shop, &client, &[]).await;
    let token = exchange(&w, client.id.as_str(), &code, &[]).await.ok().text_at("/access_token");
    let list = |path: &str| Mcp::new(w.http.clone(), path).request("tools/list", json!({}));
    let bearer = format!("Bearer {token}");
    assert_eq!(list("/v1/mcp").header("authorization", &bearer).send().await.status, 200);
    for name in ["access_token", "token", "authorization", "bearer", "key", "api_key"] {
        let path = format!("/v1/mcp?{name}={token}");
        assert_eq!(list(&path).send().await.status, 401, "{name}");
        let form = w.http.call(Method::POST, "/v1/mcp").form(&[(name, &token)]).send().await;
        assert!(matches!(form.status, 400 | 401 | 415), "{name}: {}", form.status);
    }
    for (name, value) in [("cookie", format!("procura={token}")), ("x-api-key", token.clone())] {
        assert_eq!(list("/v1/mcp").header(name, &value).send().await.status, 401, "{name}");
    }
    // RFC 6750 section 3.1: two tokens are one too many, though both hold.
    let twice = list("/v1/mcp").header("authorization", &bearer).also("authorization", &bearer);
    assert_eq!(twice.send().await.status, 400);
}

/// RFC 9449 section 4.3, check 1, and section 10.1.
#[tokio::test]
async fn two_proofs_are_none_and_a_pushed_proof_is_of_the_key_that_is_named() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let (key, other) = (Issuer::new("key"), Issuer::new("other"));
    let client = registered(&w, |_| {}).await;
    let at_par = json!({"htu": format!("{}/oauth/par", w.url())});
    let jkt = {
        let code = code(&shop, &client, &[]).await;
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", client.id.as_str()),
            ("code", &*code),
            ("code_verifier", VERIFIER),
        ];
        let call = || w.http.call(Method::POST, "/oauth/token").form(&fields);
        let (one, two) = (proof(&w, &key, "1", &json!({})), proof(&w, &key, "2", &json!({})));
        refused(&call().header("dpop", &one).also("dpop", &two).send().await, 400, "invalid_dpop_proof");
        refused(&call().header("dpop", &one).also("dpop", &one).send().await, 400, "invalid_dpop_proof");
        // Neither was used up.
        let reply = call().header("dpop", &one).send().await.ok();
        part(&reply.text_at("/access_token"), 1)["cnf"]["jkt"].as_str().unwrap().to_owned()
    };
    let push = async |proof: &str, named: &str| {
        let call = w.http.call(Method::POST, "/oauth/par").header("dpop", proof);
        let call = call.header("content-type", "application/x-www-form-urlencoded");
        call.bytes(query(&client, &[("dpop_jkt", named)])).send().await
    };
    refused(&push(&proof(&w, &other, "3", &at_par), &jkt).await, 400, "invalid_dpop_proof");
    // A proof for another endpoint is none for this one.
    refused(&push(&proof(&w, &key, "4", &json!({})), &jkt).await, 400, "invalid_dpop_proof");
    assert_eq!(push(&proof(&w, &key, "5", &at_par), &jkt).await.status, 201);
    // What was pushed with a proof is exchanged with one, though the key is named nowhere.
    let pushed = push(&proof(&w, &key, "6", &at_par), "").await.ok().text_at("/request_uri");
    let pairs = [("client_id", client.id.as_str()), ("request_uri", pushed.as_str())];
    let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let code = super::oauth_authorize::allow(&shop.owner, &text).await.remove("code").unwrap();
    refused(&exchange(&w, client.id.as_str(), &code, &[]).await, 400, "invalid_grant");
}

/// OAuth 2.1 section 1.5.
#[tokio::test]
async fn over_plain_http_nobody_is_given_anything_but_on_the_loopback() {
    for (url, is_served) in [
        ("http://procura.example", false),
        ("http://10.0.0.7:8700", false),
        ("https://procura.example", true),
    ] {
        let w = World::start_set(|settings| url.clone_into(&mut settings.public_url)).await;
        let shop = w.tenant("shop").await;
        let client = registered(&w, |_| {}).await;
        let agent = shop.agent("worker").await;
        let own = own(&shop, &["client_credentials"], Some(&agent), json!({})).await;
        let seen = |reply: &Reply, what: &str| {
            let words = "public_url to https";
            assert_eq!(reply.text().contains(words), !is_served, "{url} {what}: {}", reply.text());
            assert!(is_served == (reply.status < 400), "{url} {what}: {}", reply.status);
        };
        seen(&own.token(&w, &[("grant_type", "client_credentials")]).await, "token");
        let metadata = json!({"redirect_uris": [BACK], "token_endpoint_auth_method": "none"});
        seen(&w.http.post("/oauth/register", &metadata).send().await, "register");
        seen(&post(&w.http, "/oauth/device", &[("client_id", client.id.as_str())]).await, "device");
        let pushed = [
            ("client_id", client.id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", BACK),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        seen(&post(&w.http, "/oauth/par", &pushed).await, "par");
        let page = shop.owner.browser.get(&format!("/oauth/authorize?{}", query(&client, &[])));
        seen(&page.send().await, "authorize");
    }
}

/// RFC 9728 section 3.3 and RFC 8414 section 3.3: what a document names is the address that it was asked at, or a client
/// must not believe it; and what nobody guards has none.
#[tokio::test]
async fn every_resource_has_a_document_of_its_own_without_an_empty_list() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    // An API of an organization serves its own, at its own host.
    orders(&shop, "jwt", ORDERS).await;
    for path in ["", "/v1/mcp", "/v1/mcp/", "/v1/mcp/crm"] {
        let at = format!("/.well-known/oauth-protected-resource{path}");
        let document = w.http.get(&at).send().await.ok().json();
        // The root is the gateway's, for clients that know no path.
        let named = if path.is_empty() { "/v1/mcp" } else { path };
        assert_eq!(document["resource"], json!(format!("{}{named}", w.url())), "{path}");
        assert_eq!(document["authorization_servers"], json!([w.url()]), "{path}");
        for (name, value) in document.as_object().unwrap() {
            assert!(!value.as_array().is_some_and(Vec::is_empty), "{path}: {name} is empty");
            assert!(!value.is_null(), "{path}: {name}");
        }
    }
    for path in ["/orders", "/r/orders", "/v1", "/v1/mcp/crm/", "/v1/mcp/%2e%2e", "/V1/mcp"] {
        let reply = w.http.get(&format!("/.well-known/oauth-protected-resource{path}")).send().await;
        assert_eq!(reply.status, 404, "{path}: {}", reply.text());
    }
    let issuer = w.http.get("/.well-known/oauth-authorization-server").send().await.ok();
    assert_eq!(issuer.text_at("/issuer"), w.url());
    let none: Value = w.http.get("/.well-known/oauth-authorization-server/v1/mcp").send().await.json();
    assert!(none.get("issuer").is_none(), "a second issuer: {none}");
}
