//! A person is asked (OAU-4): the authorization endpoint, pushed requests, devices, what stands in the metadata, and
//! taking it back; with the attacks that each of them must stand. A requirement's RFC stands in its test's words.

use http::Method;
use procura_app::oauth::clients;
use procura_cluster::{LimitSettings, Rate};
use procura_model::{
    Client, ClientAuth, ClientId, ClientKind, ClientMetadata, EventKind, GrantType, Json, Role, Scope,
};
use procura_store::lobby_oauth_clients::Registered;
use procura_testkit::world::{Options, Person, Reply, Shop, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// RFC 7636 appendix B.
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// Where answers go.
pub(crate) const BACK: &str = "https://app.example/cb?tenant=7";
/// A state that would break out of a URL or a page that does not encode it.
const STATE: &str = "x&code=forged&iss=https://evil.example#\"><script>\r\nLocation: https://evil.example";

/// A client that registered itself.
pub(crate) async fn registered(w: &World, change: impl FnOnce(&mut ClientMetadata)) -> Client {
    let mut metadata = ClientMetadata {
        redirect_uris: vec![BACK.to_owned(), "http://127.0.0.1:8000/cb".to_owned()],
        token_endpoint_auth_method: ClientAuth::None,
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::DeviceCode],
        client_uri: None,
        logo_uri: None,
        scope: None,
        contacts: Vec::new(),
        tos_uri: None,
        policy_uri: None,
        jwks_uri: None,
        jwks: None,
        software_id: None,
        software_version: None,
        application_type: None,
        dpop_bound_access_tokens: false,
        require_pushed_authorization_requests: false,
    };
    change(&mut metadata);
    let now = w.clock.now();
    let client = Client {
        id: ClientId::new(now, &w.app.entropy),
        tenant: None,
        kind: ClientKind::Registered,
        name: "Claude <b>Code</b>".to_owned(),
        metadata,
        agent: None,
        created_at: now,
        updated_at: now,
        used_at: None,
        disabled_at: None,
    };
    let by = Registered { from: "here", fingerprint: None };
    assert!(w.app.store.lobby().insert_oauth_client(&client, &by).await.unwrap());
    client
}

/// A request with some parameters changed; an empty one is left out.
pub(crate) fn query(client: &Client, changes: &[(&str, &str)]) -> String {
    let mut parameters = vec![
        ("response_type", "code"),
        ("client_id", client.id.as_str()),
        ("redirect_uri", BACK),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", STATE),
        ("scope", "tools"),
    ];
    parameters.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    parameters.extend(changes.iter().filter(|(_, value)| !value.is_empty()).copied());
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

pub(crate) async fn ask(person: &Person, query: &str) -> Reply {
    person.page(&format!("/oauth/authorize?{query}")).await
}

/// The parameters of a URL.
pub(crate) fn told(url: &str) -> BTreeMap<String, String> {
    let query = url.split_once('?').map(|(_, query)| query).unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// The hidden fields of the page's last form, and the values of its radios.
pub(crate) fn fields(page: &Reply) -> BTreeMap<String, String> {
    let text = page.text();
    let form = text.rsplit("<form method=\"post\"").next().unwrap_or_default().to_owned();
    let value = |tag: &str, name: &str| {
        let rest = tag.split_once(&format!("{name}=\""))?.1;
        Some(unescaped(rest.split('"').next()?))
    };
    let tags = form.split("<input ").skip(1).map(|tag| tag.split('>').next().unwrap_or_default());
    tags.filter(|tag| !tag.contains("type=\"radio\"") || tag.contains(" checked"))
        .filter_map(|tag| Some((value(tag, "name")?, value(tag, "value").unwrap_or_default())))
        .collect()
}

fn unescaped(text: &str) -> String {
    text.replace("&#38;", "&")
        .replace("&amp;", "&")
        .replace("&#34;", "\"")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
}

/// The value of the radio beside this word.
pub(crate) fn choice(page: &Reply, word: &str) -> String {
    let text = page.text();
    let at = text
        .split("name=\"acting\" value=\"")
        .skip(1)
        .find(|rest| rest.split("</label>").next().is_some_and(|label| label.contains(word)));
    at.unwrap_or_else(|| panic!("no choice says {word}: {text}")).split('"').next().unwrap().to_owned()
}

/// Sends the page's form with this answer.
pub(crate) async fn answer(person: &Person, page: &Reply, changes: &[(&str, &str)]) -> Reply {
    let mut all = fields(page);
    for (name, value) in changes {
        all.insert((*name).to_owned(), (*value).to_owned());
    }
    send(person, &all).await
}

/// A browser under `no-referrer` says that it does not tell where it stood.
async fn send(person: &Person, all: &BTreeMap<String, String>) -> Reply {
    let pairs: Vec<(&str, &str)> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let path = if all.contains_key("user_code") { "/device/answer" } else { "/oauth/consent" };
    let call = person.browser.call(Method::POST, path).form(&pairs);
    call.header("origin", "null").header("sec-fetch-site", "same-origin").send().await
}

/// Allows what is asked, as the choice that is ticked; gives the answer's parameters.
pub(crate) async fn allow(person: &Person, query: &str) -> BTreeMap<String, String> {
    let page = ask(person, query).await.ok();
    let done = answer(person, &page, &[("answer", "allow")]).await;
    assert_eq!(done.status, 303, "{}", done.text());
    told(done.header("location"))
}

/// A refusal at the client's own address: its word, the state to the letter, and the issuer.
#[track_caller]
pub(crate) fn refused_there(w: &World, reply: &Reply, error: &str) {
    let to = reply.header("location");
    assert_eq!(reply.status, 303, "{error}: {}", reply.text());
    assert!(to.starts_with("https://app.example/cb?tenant=7&"), "{to}");
    let told = told(to);
    assert_eq!(told.get("error").map(String::as_str), Some(error), "{to}");
    assert_eq!(told.get("state").map(String::as_str), Some(STATE), "{to}");
    assert_eq!(told.get("iss").map(String::as_str), Some(w.url()), "{to}");
    assert!(!told.contains_key("code"), "{to}");
    let description = told.get("error_description").unwrap();
    assert!(description.chars().all(|c| matches!(c, ' ' | '!' | '#'..='[' | ']'..='~')), "{description}");
}

/// A refusal on our own page: nothing leaves.
#[track_caller]
pub(crate) fn refused_here(reply: &Reply) {
    assert_eq!((reply.status, reply.header("location")), (400, ""), "{}", reply.text());
    assert!(reply.header("content-type").starts_with("text/html"), "{}", reply.text());
    assert!(!reply.text().contains("evil.example"), "the page leads away: {}", reply.text());
}

/// A refusal of a client that nobody here made: its address is named, and nobody goes there.
#[track_caller]
fn refused_unproven(reply: &Reply, error: &str) {
    refused_here(reply);
    assert!(reply.text().contains(error) && reply.text().contains("app.example"), "{}", reply.text());
}

/// A client that people of the organization made.
pub(crate) async fn made(w: &World, shop: &Shop) -> Client {
    let metadata = json!({"client_name": "ours", "redirect_uris": [BACK],
        "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"]});
    let draft = clients::Draft { metadata: Json::parse(&metadata.to_string()).unwrap(), agent: None };
    clients::create(&w.app, &shop.owner_ctx(), draft).await.unwrap().0
}

async fn recorded(shop: &Shop, kind: EventKind) -> Vec<Value> {
    let changes = shop.platform.get("/v1/changes?limit=200").send().await.ok();
    let items = changes.at("/items");
    let all = items.as_array().cloned().unwrap_or_default();
    all.into_iter().filter(|one| one["event"] == kind.as_str()).collect()
}

#[tokio::test]
async fn a_person_allows_and_the_answer_carries_code_state_and_issuer() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let page = ask(&shop.owner, &query(&client, &[])).await.ok();
    let text = page.text();
    // MCP: the host to which the answer goes is shown; nobody vouches for the name.
    assert!(text.contains("<strong class=\"mono\">app.example</strong>"), "{text}");
    assert!(text.contains("Nobody has checked it"), "{text}");
    assert!(text.contains(Scope::Tools.text()), "{text}");
    assert!(!text.contains("<b>Code</b>"), "the client's name is markup: {text}");
    let done = answer(&shop.owner, &page, &[("answer", "allow")]).await;
    // RFC 9700 section 4.12: after a form nothing but 303.
    assert_eq!(done.status, 303, "{}", done.text());
    let told = told(done.header("location"));
    assert!(done.header("location").starts_with("https://app.example/cb?tenant=7&code=pac_"), "{told:?}");
    assert_eq!((told["state"].as_str(), told["iss"].as_str()), (STATE, w.url()));
    assert_eq!(done.header("referrer-policy"), "no-referrer");
    assert_eq!(done.header("cache-control"), "no-store");
    // Agent, grant and session stand; the agent has no permission and no key.
    let agents = shop.platform.get("/v1/agents").send().await.ok();
    assert_eq!(agents.text_at("/items/0/kind"), "mcp_client");
    let agent = agents.text_at("/items/0/id");
    let keys = shop.platform.get(&format!("/v1/agents/{agent}/keys")).send().await.ok();
    assert_eq!(keys.at("/items"), json!([]));
    let grants = shop.platform.get("/v1/grants").send().await.ok();
    assert_eq!(grants.text_at("/items/0/agentId"), agent);
    assert_eq!(grants.text_at("/items/0/email"), shop.owner.email);
    let sessions = shop.platform.get("/v1/oauth-sessions").send().await.ok();
    assert_eq!(sessions.text_at("/items/0/grantId"), grants.text_at("/items/0/id"));
    assert_eq!(recorded(&shop, EventKind::GrantGiven).await.len(), 1);
    // The same again: the same agent is offered, and the grant stays one.
    allow(&shop.owner, &query(&client, &[])).await;
    assert_eq!(shop.platform.get("/v1/grants").send().await.ok().at("/items").as_array().unwrap().len(), 1);
    assert_eq!(shop.platform.get("/v1/agents").send().await.ok().at("/items").as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_person_denies_and_nothing_is_made() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let page = ask(&shop.owner, &query(&client, &[])).await.ok();
    refused_there(&w, &answer(&shop.owner, &page, &[("answer", "deny")]).await, "access_denied");
    assert_eq!(shop.platform.get("/v1/grants").send().await.ok().at("/items"), json!([]));
    assert_eq!(shop.platform.get("/v1/agents").send().await.ok().at("/items"), json!([]));
    assert_eq!(recorded(&shop, EventKind::GrantRefused).await.len(), 1);
    // What cannot be read allows nothing.
    let page = ask(&shop.owner, &query(&client, &[])).await.ok();
    for odd in ["", "look", "ALLOW", "yes"] {
        let again = answer(&shop.owner, &page, &[("answer", odd)]).await;
        assert_eq!(again.status, 303, "{}", again.text());
        assert!(again.header("location").starts_with("/oauth/authorize?"), "{}", again.header("location"));
    }
}

/// OAuth 2.1 section 4.1.2.1, RFC 9700 section 4.1: an address that nobody registered is never gone to.
#[tokio::test]
async fn a_bad_client_or_redirect_uri_is_told_to_the_person_alone() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let evil = "https://evil.example/cb";
    for changes in [
        &[("client_id", "")][..],
        &[("client_id", "cli_01JD9Z3V5M8Q6T2W4X7Y9A1B3C"), ("redirect_uri", evil)],
        &[("client_id", "nonsense"), ("redirect_uri", evil)],
        &[("redirect_uri", "")],
        &[("redirect_uri", evil)],
        &[("redirect_uri", "https://app.example/cb")],
        &[("redirect_uri", "https://app.example/cb?tenant=7&x=1")],
        &[("redirect_uri", "https://app.example@evil.example/cb?tenant=7")],
        &[("redirect_uri", "http://127.0.0.1:8000@evil.example/cb")],
        &[("redirect_uri", "http://localhost:8000/cb")],
        &[("redirect_uri", "javascript:alert(1)")],
        &[("redirect_uri", BACK), ("redirect_uri", evil)],
        &[("client_id", client.id.as_str()), ("client_id", client.id.as_str())],
        &[("redirect_uri", evil), ("response_type", "token")],
    ] {
        for person in [Some(&shop.owner), None] {
            let path = format!("/oauth/authorize?{}", query(&client, changes));
            let http = person.map_or_else(|| w.http.clone(), |person| person.browser.clone());
            refused_here(&http.get(&path).header("accept", "text/html").send().await);
        }
    }
    let long = query(&client, &[("state", &"x".repeat(20_000))]);
    refused_here(&ask(&shop.owner, &long).await);
    // A loopback's port may differ (RFC 8252 section 7.3).
    let page = ask(&shop.owner, &query(&client, &[("redirect_uri", "http://127.0.0.1:51004/cb")])).await.ok();
    assert!(page.text().contains("Did you start this program yourself"), "{}", page.text());
}

/// OAuth 2.1 section 4.1.2.1: everything else the client hears at its own address, before anybody signs in.
#[tokio::test]
async fn what_else_is_wrong_is_told_to_the_client() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = made(&w, &shop).await;
    let short = "a".repeat(42);
    for (changes, error) in [
        (&[("response_type", "")][..], "invalid_request"),
        // The implicit grant, and mixtures with it, are none (RFC 9700 section 2.1.2).
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "code token")], "unsupported_response_type"),
        (&[("response_type", "id_token")], "unsupported_response_type"),
        (&[("response_mode", "fragment")], "invalid_request"),
        (&[("response_mode", "form_post")], "invalid_request"),
        // PKCE cannot be left out or weakened (RFC 7636 section 4.4.1, RFC 9700 section 2.1.1).
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge", &short)], "invalid_request"),
        (&[("scope", "tools admin")], "invalid_scope"),
        (&[("scope", "\"tools\"")], "invalid_scope"),
        // RFC 8707 section 2.
        (&[("resource", "https://elsewhere.example/mcp")], "invalid_target"),
        (&[("resource", "not a url")], "invalid_target"),
        (&[("resource", "https://elsewhere.example/mcp#x")], "invalid_target"),
        // RFC 6749 section 3.1: nothing comes twice.
        (&[("scope", "tools"), ("scope", "tools")], "invalid_request"),
        (&[("code_challenge", CHALLENGE), ("code_challenge", CHALLENGE)], "invalid_request"),
        (&[("unknown", "1"), ("unknown", "2")], "invalid_request"),
        (&[("request", "e30.e30.")], "request_not_supported"),
        (&[("dpop_jkt", "short")], "invalid_request"),
        (&[("max_age", "soon")], "invalid_request"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("acr_values", "gold")], "unmet_authentication_requirements"),
    ] {
        refused_there(&w, &ask(&shop.owner, &query(&client, changes)).await, error);
        let path = format!("/oauth/authorize?{}", query(&client, changes));
        refused_there(&w, &w.http.get(&path).header("accept", "text/html").send().await, error);
    }
    // A state that came twice goes back in neither form.
    let twice = ask(&shop.owner, &query(&client, &[("state", "a"), ("state", "b")])).await;
    let told = told(twice.header("location"));
    assert_eq!((told["error"].as_str(), told.get("state")), ("invalid_request", None));
    let other = registered(&w, |metadata| metadata.grant_types = vec![GrantType::DeviceCode]).await;
    refused_unproven(&ask(&shop.owner, &query(&other, &[])).await, "unauthorized_client");
    let narrow = registered(&w, |metadata| metadata.scope = Some("other".parse().unwrap())).await;
    refused_unproven(&ask(&shop.owner, &query(&narrow, &[])).await, "invalid_scope");
    // Unknown parameters are not looked at, and what is empty did not come.
    ask(&shop.owner, &format!("{}&nonce=x&audience=&audience=", query(&client, &[]))).await.ok();
    // The gateway in each of its forms, one mount of it, and where nothing is named.
    let base = w.url();
    shop.server("crm", &w.upstream().await.url()).await;
    for resource in ["", "/v1/mcp", "/v1/mcp/", "/v1/mcp/crm"] {
        let url = if resource.is_empty() { String::new() } else { format!("{base}{resource}") };
        let page = ask(&shop.owner, &query(&client, &[("resource", &url)])).await.ok();
        assert!(page.text().contains(&format!("{base}/v1/mcp")), "{}", page.text());
    }
}

/// RFC 9700 sections 4.16 and 4.2.4, and the form may lead to the client alone.
#[tokio::test]
async fn the_page_is_framed_by_nobody_and_tells_nobody_where_it_stood() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let page = ask(&shop.owner, &query(&client, &[])).await.ok();
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{policy}");
    assert!(policy.contains("form-action 'self' https://app.example;"), "{policy}");
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("access-control-allow-origin"), "", "scripts of other sites may read it");
    let call = page_of(&w, &client).header("origin", "https://evil.example");
    assert_eq!(call.send().await.header("access-control-allow-origin"), "");
    // An error page that leads nowhere lets no form leave.
    let bad = ask(&shop.owner, &query(&client, &[("redirect_uri", "https://evil.example/")])).await;
    assert!(bad.header("content-security-policy").contains("form-action 'self';"));
    assert_eq!(bad.header("referrer-policy"), "no-referrer");
    let local =
        ask(&shop.owner, &query(&client, &[("redirect_uri", "http://127.0.0.1:51004/cb")])).await.ok();
    assert!(local.header("content-security-policy").contains("form-action 'self' http://127.0.0.1:51004;"));
}

fn page_of(w: &World, client: &Client) -> procura_testkit::world::Call {
    w.http.get(&format!("/oauth/authorize?{}", query(client, &[]))).header("accept", "text/html")
}

/// RFC 6749 section 10.12: nobody else's page sends this form.
#[tokio::test]
async fn the_form_holds_for_one_person_one_session_and_one_request() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let other = shop.member(Role::Admin).await;
    let client = registered(&w, |_| {}).await;
    let (good, theirs) = (query(&client, &[]), query(&client, &[("scope", "tools offline_access")]));
    let page = ask(&shop.owner, &good).await.ok();
    let mine = fields(&page);
    let refused = async |changes: &[(&str, &str)], person: &Person| {
        let mut all = mine.clone();
        all.insert("answer".to_owned(), "allow".to_owned());
        for (name, value) in changes {
            all.insert((*name).to_owned(), (*value).to_owned());
        }
        let reply = send(person, &all).await;
        assert!(reply.status == 403 || reply.status == 409, "{changes:?}: {} {}", reply.status, reply.text());
        assert_eq!(reply.header("location"), "", "{changes:?}");
    };
    refused(&[("form_token", "")], &shop.owner).await;
    refused(&[("form_token", &other.form_token)], &shop.owner).await;
    refused(&[("shown", "")], &shop.owner).await;
    refused(&[("shown", "1.x")], &shop.owner).await;
    // What was shown is what is allowed.
    refused(&[("request", &theirs)], &shop.owner).await;
    refused(&[("request", &good)], &other).await;
    refused(&[("form_token", &other.form_token)], &other).await;
    // From another site's page, with everything right.
    let mut all = mine.clone();
    all.insert("answer".to_owned(), "allow".to_owned());
    let pairs: Vec<(&str, &str)> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let call = shop.owner.browser.call(Method::POST, "/oauth/consent").form(&pairs).header(name, value);
        assert_eq!(call.send().await.status, 403, "{name}: {value}");
    }
    let nobody = w.http.call(Method::POST, "/oauth/consent").form(&pairs).header("accept", "text/html");
    assert_eq!(nobody.send().await.header("location"), "/sign-in");
    assert_eq!(shop.platform.get("/v1/grants").send().await.ok().at("/items"), json!([]));
    assert_eq!(send(&shop.owner, &all).await.status, 303, "the true form is refused too");
}

/// Decision 1: only where the person is a member, in a role that may register agents, and only as that organization's.
#[tokio::test]
async fn a_person_allows_nothing_where_they_are_not_or_may_not() {
    let w = World::start().await;
    let (shop, bank) = (w.tenant("shop").await, w.tenant("bank").await);
    let (ours, theirs) = (shop.agent("ours").await, bank.agent("theirs").await);
    let client = registered(&w, |_| {}).await;
    let page = ask(&shop.owner, &query(&client, &[])).await.ok();
    assert!(
        !page.text().contains(&bank.id.to_string()) && !page.text().contains("theirs"),
        "{}",
        page.text()
    );
    for acting in [
        format!("{}/new", bank.id),
        format!("{}/{}", bank.id, theirs.id),
        format!("{}/{}", shop.id, theirs.id),
        format!("{}/{}", bank.id, ours.id),
        format!("{}/agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C", shop.id),
        "new".to_owned(),
        String::new(),
    ] {
        let reply = answer(&shop.owner, &page, &[("answer", "allow"), ("acting", &acting)]).await;
        assert!(
            !told(reply.header("location")).contains_key("code"),
            "{acting}: {}",
            reply.header("location")
        );
    }
    for shop in [&shop, &bank] {
        assert_eq!(shop.platform.get("/v1/grants").send().await.ok().at("/items"), json!([]));
    }
    shop.call(Method::POST, &format!("/v1/agents/{}/disable", ours.id)).send().await.ok();
    let acting = format!("{}/{}", shop.id, ours.id);
    let reply = answer(&shop.owner, &page, &[("answer", "allow"), ("acting", &acting)]).await;
    assert!(!told(reply.header("location")).contains_key("code"), "as a disabled agent");
    for role in [Role::Approver, Role::Auditor] {
        let person = shop.member(role).await;
        let page = ask(&person, &query(&client, &[])).await.ok();
        assert!(page.text().contains("You cannot allow this") && !page.text().contains("value=\"allow\""));
        let acting = format!("{}/new", shop.id);
        let reply = answer(&person, &page, &[("answer", "allow"), ("acting", &acting)]).await;
        assert!(!told(reply.header("location")).contains_key("code"), "{role:?}");
        refused_there(&w, &answer(&person, &page, &[("answer", "deny")]).await, "access_denied");
    }
    let developer = shop.member(Role::Developer).await;
    assert!(allow(&developer, &query(&client, &[])).await.contains_key("code"));
}

#[tokio::test]
async fn a_person_chooses_an_agent_that_is_there() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("ticket buyer").await;
    let client = registered(&w, |_| {}).await;
    let page = ask(&shop.owner, &query(&client, &[])).await.ok();
    let acting = choice(&page, "ticket buyer");
    answer(&shop.owner, &page, &[("answer", "allow"), ("acting", &acting)]).await;
    let grants = shop.platform.get("/v1/grants").send().await.ok();
    assert_eq!(grants.text_at("/items/0/agentId"), buyer.id.to_string());
    assert_eq!(grants.text_at("/items/0/agentName"), "ticket buyer");
    // The next time it is the choice that is made.
    let page = ask(&shop.owner, &query(&client, &[("scope", "tools offline_access")])).await.ok();
    assert_eq!(fields(&page)["acting"], acting);
    allow(&shop.owner, &query(&client, &[("scope", "tools offline_access")])).await;
    let grants = shop.platform.get("/v1/grants").send().await.ok();
    assert_eq!(grants.text_at("/items/0/scope"), "tools offline_access", "the consent was not widened");
    // Two clients of one name make two agents.
    let second = registered(&w, |_| {}).await;
    let third = registered(&w, |_| {}).await;
    for client in [&second, &third] {
        let page = ask(&shop.owner, &query(client, &[])).await.ok();
        let acting = choice(&page, "A new agent");
        let done = answer(&shop.owner, &page, &[("answer", "allow"), ("acting", &acting)]).await;
        assert!(told(done.header("location")).contains_key("code"), "{}", done.text());
    }
    assert_eq!(shop.platform.get("/v1/agents").send().await.ok().at("/items").as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_client_of_an_organization_acts_there_alone() {
    let w = World::start().await;
    let (shop, bank) = (w.tenant("shop").await, w.tenant("bank").await);
    let client = made(&w, &shop).await;
    let page = ask(&shop.owner, &query(&client, &[])).await.ok();
    assert!(page.text().contains("Set up by people of"), "{}", page.text());
    let page = ask(&bank.owner, &query(&client, &[])).await.ok();
    assert!(page.text().contains("You cannot allow this"), "{}", page.text());
    assert!(!page.text().contains("Set up by people of"), "{}", page.text());
    let acting = format!("{}/new", bank.id);
    // Whoever belongs to the organization is told who made it, also where they may not allow it.
    let auditor = shop.member(Role::Auditor).await;
    let told_to = ask(&auditor, &query(&client, &[])).await.ok().text();
    assert!(told_to.contains("Set up by people of") && !told_to.contains("gave itself"), "{told_to}");
    assert!(told_to.contains("You cannot allow this"), "{told_to}");
    let reply = answer(&bank.owner, &page, &[("answer", "allow"), ("acting", &acting)]).await;
    assert!(!told(reply.header("location")).contains_key("code"));
}

/// Nobody who is not signed in is asked anything; after the sign-in the request stands as it came.
#[tokio::test]
async fn the_sign_in_comes_back_to_the_request() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let sent = page_of(&w, &client).send().await;
    assert_eq!(sent.status, 303);
    let to = sent.header("location").to_owned();
    assert!(to.starts_with("/sign-in?next=%2Foauth%2Fauthorize%3F"), "{to}");
    let page = w.http.get(&to).header("accept", "text/html").send().await.ok();
    let next = fields(&page)["next"].clone();
    let form =
        [("email", shop.owner.email.as_str()), ("password", shop.owner.password()), ("next", next.as_str())];
    let signed = w.http.call(Method::POST, "/sign-in").form(&form).header("accept", "text/html").send().await;
    assert_eq!((signed.status, signed.header("location")), (303, next.as_str()));
    let page = shop.owner.page(&next).await.ok();
    let done = answer(&shop.owner, &page, &[("answer", "allow")]).await;
    assert_eq!(told(done.header("location"))["state"], STATE);
    // And nowhere but to a page of ours.
    for next in ["https://evil.example", "//evil.example", "/\\evil.example"] {
        let form =
            [("email", shop.owner.email.as_str()), ("password", shop.owner.password()), ("next", next)];
        let signed =
            w.http.call(Method::POST, "/sign-in").form(&form).header("accept", "text/html").send().await;
        assert_eq!(signed.header("location"), "/", "{next}");
    }
}

/// OpenID Connect Core section 3.1.2.1 and RFC 9470 section 5: how fresh the proof must be is the client's to say.
#[tokio::test]
async fn prompt_and_max_age_send_the_person_to_prove_again() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = made(&w, &shop).await;
    let none = query(&client, &[("prompt", "none")]);
    refused_there(&w, &ask(&shop.owner, &none).await, "consent_required");
    let nobody = w.http.get(&format!("/oauth/authorize?{none}")).header("accept", "text/html").send().await;
    refused_there(&w, &nobody, "login_required");
    w.advance_ms(120_000);
    ask(&shop.owner, &query(&client, &[("max_age", "600")])).await.ok();
    for changes in [("prompt", "login"), ("prompt", "select_account"), ("max_age", "60"), ("max_age", "0")] {
        let sent = ask(&shop.owner, &query(&client, &[changes])).await;
        let to = sent.header("location").to_owned();
        assert!(sent.status == 303 && to.starts_with("/sign-in?next="), "{changes:?}: {} {to}", sent.status);
        // Whoever is signed in is asked nevertheless.
        let page = shop.owner.page(&to).await.ok();
        let next = fields(&page)["next"].clone();
        // Coming back without a proof changes nothing.
        let again = shop.owner.page(&next).await;
        assert!(again.header("location").starts_with("/sign-in?next="), "{changes:?}");
        // Nor does a moment that we did not write.
        let forged = next.replace("signed_in_since=", "signed_in_since=0");
        assert!(
            shop.owner.page(&forged).await.header("location").starts_with("/sign-in?next="),
            "{changes:?}"
        );
        w.advance_ms(1_000);
        let form = [
            ("email", shop.owner.email.as_str()),
            ("password", shop.owner.password()),
            ("next", next.as_str()),
        ];
        let signed =
            w.http.call(Method::POST, "/sign-in").form(&form).header("accept", "text/html").send().await;
        let cookie = signed.header("set-cookie").split(';').next().unwrap().to_owned();
        let page =
            w.http.get(&next).header("cookie", &cookie).header("accept", "text/html").send().await.ok();
        assert!(page.text().contains("value=\"allow\""), "{changes:?}: {}", page.text());
        w.advance_ms(120_000);
        let mut all = fields(&page);
        all.insert("answer".to_owned(), "allow".to_owned());
        let pairs: Vec<(&str, &str)> =
            all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let done =
            w.http.call(Method::POST, "/oauth/consent").form(&pairs).header("cookie", &cookie).send().await;
        assert!(
            told(done.header("location")).contains_key("code"),
            "{changes:?}: {}",
            done.header("location")
        );
        w.advance_ms(120_000);
    }
}

/// RFC 9126.
#[tokio::test]
async fn a_pushed_request_is_one_client_s_brief_and_answered_once() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let (client, other) = (registered(&w, |_| {}).await, registered(&w, |_| {}).await);
    let push = async |text: &str| {
        let call = w
            .http
            .call(Method::POST, "/oauth/par")
            .header("content-type", "application/x-www-form-urlencoded");
        call.bytes(text.to_owned()).send().await
    };
    let pushed = push(&query(&client, &[])).await;
    assert_eq!(pushed.status, 201, "{}", pushed.text());
    assert_eq!(pushed.header("cache-control"), "no-store");
    assert_eq!(pushed.at("/expires_in"), json!(60));
    let uri = pushed.text_at("/request_uri");
    assert!(uri.starts_with("urn:ietf:params:oauth:request_uri:"), "{uri}");
    let by = |client: &Client, uri: &str, more: &str| {
        let pairs = [("client_id", client.id.as_str()), ("request_uri", uri)];
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish() + more
    };
    // Another client's is as good as none; so is one that nobody made.
    refused_here(&ask(&shop.owner, &by(&other, &uri, "")).await);
    refused_here(&ask(&shop.owner, &by(&client, "urn:ietf:params:oauth:request_uri:par_x", "")).await);
    refused_here(&ask(&shop.owner, &by(&client, "https://evil.example/request.jwt", "")).await);
    // What stands beside it is not looked at (section 4): the redirect URI is the pushed one.
    let page = ask(&shop.owner, &by(&client, &uri, "&redirect_uri=https%3A%2F%2Fevil.example&state=forged"))
        .await
        .ok();
    assert!(page.text().contains("app.example") && !page.text().contains("evil.example"));
    // The person reads for longer than the name lives.
    w.advance_ms(300_000);
    let page = ask(&shop.owner, &by(&client, &uri, "")).await.ok();
    let done = answer(&shop.owner, &page, &[("answer", "allow")]).await;
    assert_eq!(told(done.header("location"))["state"], STATE, "{}", done.text());
    refused_here(&ask(&shop.owner, &by(&client, &uri, "")).await);
    let again = answer(&shop.owner, &page, &[("answer", "allow")]).await;
    assert!(!told(again.header("location")).contains_key("code"), "it was answered twice");
    // Never looked at, it is over after a minute.
    let late = push(&query(&client, &[])).await.ok().text_at("/request_uri");
    w.advance_ms(60_001);
    refused_here(&ask(&shop.owner, &by(&client, &late, "")).await);
    // It is judged when it is pushed, and no request leads on to another.
    for (text, error) in [
        (query(&client, &[("code_challenge", "")]), "invalid_request"),
        (query(&client, &[("scope", "admin")]), "invalid_scope"),
        (query(&client, &[("response_type", "token")]), "unsupported_response_type"),
        (query(&client, &[("request_uri", &uri)]), "invalid_request"),
        (query(&client, &[("state", "a"), ("state", "b")]), "invalid_request"),
        (query(&client, &[("redirect_uri", "https://evil.example")]), "invalid_redirect_uri"),
        (query(&client, &[("client_id", "cli_01JD9Z3V5M8Q6T2W4X7Y9A1B3C")]), "invalid_client"),
    ] {
        let reply = push(&text).await;
        assert_eq!(reply.text_at("/error"), error, "{text}: {}", reply.text());
        assert!(matches!(reply.status, 400 | 401), "{}", reply.status);
        assert_eq!(reply.header("cache-control"), "no-store");
    }
    assert_eq!(w.http.get("/oauth/par").send().await.status, 405);
    // Who must push, must.
    let strict = registered(&w, |metadata| metadata.require_pushed_authorization_requests = true).await;
    refused_unproven(&ask(&shop.owner, &query(&strict, &[])).await, "invalid_request");
    let uri = push(&query(&strict, &[])).await.ok().text_at("/request_uri");
    ask(&shop.owner, &by(&strict, &uri, "")).await.ok();
}

async fn device(w: &World, client: &Client, more: &[(&str, &str)]) -> Reply {
    let mut all = vec![("client_id", client.id.as_str())];
    all.extend_from_slice(more);
    w.http.call(Method::POST, "/oauth/device").form(&all).send().await
}

pub(crate) async fn typed(person: &Person, code: &str) -> Reply {
    let all = [("form_token", person.form_token.as_str()), ("user_code", code)];
    let call = person.browser.call(Method::POST, "/device").form(&all);
    call.header("origin", "null").header("sec-fetch-site", "same-origin").send().await
}

/// RFC 8628.
#[tokio::test]
async fn a_device_gets_what_a_person_allowed_who_typed_its_code() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let begun = device(&w, &client, &[("scope", "tools")]).await.ok();
    assert_eq!(begun.header("cache-control"), "no-store");
    assert_eq!((begun.at("/interval"), begun.at("/expires_in")), (json!(5), json!(600)));
    assert_eq!(begun.text_at("/verification_uri"), format!("{}/device", w.url()));
    assert!(begun.text_at("/device_code").starts_with("pdc_"));
    let code = begun.text_at("/user_code");
    let letters = |c: char| "BCDFGHJKLMNPQRSTVWXZ-".contains(c);
    assert!(code.len() == 9 && code.chars().all(letters), "{code}");
    // Section 5.4: no link that holds the code is made.
    assert_eq!(begun.at("/verification_uri_complete"), Value::Null);
    let nobody = w.http.get("/device").header("accept", "text/html").send().await;
    assert_eq!(nobody.header("location"), "/sign-in?next=%2Fdevice");
    let first = shop.owner.page("/device").await.ok();
    assert!(first.text().contains("Nobody who calls or writes to you needs such a code"));
    // However it is typed; looking uses nothing up.
    for way in [code.clone(), code.to_lowercase(), code.replace('-', " ")] {
        let page = typed(&shop.owner, &way).await.ok();
        assert!(
            page.text().contains(&code) && page.text().contains("Is this code on a device in front of you")
        );
        assert!(page.text().contains("that is how people are tricked"));
    }
    let page = typed(&shop.owner, &code).await.ok();
    let done = answer(&shop.owner, &page, &[("answer", "allow")]).await.ok();
    assert!(done.text().contains("Go back to your device"), "{}", done.text());
    let sessions = shop.platform.get("/v1/oauth-sessions").send().await.ok();
    assert_eq!(sessions.text_at("/items/0/kind"), "device");
    // One answer.
    assert_eq!(typed(&shop.owner, &code).await.status, 422);
    let again = answer(&shop.owner, &page, &[("answer", "deny")]).await;
    assert_eq!(again.status, 422, "{}", again.text());
    // No.
    let code = device(&w, &client, &[]).await.ok().text_at("/user_code");
    let page = typed(&shop.owner, &code).await.ok();
    let done = answer(&shop.owner, &page, &[("answer", "deny")]).await.ok();
    assert!(done.text().contains("The device gets nothing"));
    // Too late.
    let code = device(&w, &client, &[]).await.ok().text_at("/user_code");
    w.advance_ms(600_001);
    assert_eq!(typed(&shop.owner, &code).await.status, 422);
    for (client, more, error) in [
        (
            &registered(&w, |metadata| metadata.grant_types = vec![GrantType::AuthorizationCode]).await,
            &[][..],
            "unauthorized_client",
        ),
        (&client, &[("scope", "admin")], "invalid_scope"),
        (&client, &[("resource", "https://elsewhere.example")], "invalid_target"),
        (&client, &[("scope", "tools"), ("scope", "tools")], "invalid_request"),
    ] {
        assert_eq!(device(&w, client, more).await.text_at("/error"), error);
    }
}

/// RFC 8628 section 5.1: codes are short, so guessing is counted, by address and by person.
#[tokio::test]
async fn guessing_a_code_ends_soon() {
    let plenty = Rate::per_minute(10_000);
    let limits = LimitSettings { global: plenty, auth: Rate::per_minute(10), ..LimitSettings::default() };
    let w = World::start_with(Options { limits, ..Options::default() }).await;
    let shop = w.tenant("shop").await;
    let mut last = 0;
    for letter in "BCDFGHJKLMNPQ".chars() {
        last = typed(&shop.owner, &letter.to_string().repeat(8)).await.status;
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn a_device_s_form_holds_for_its_person_and_code() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let other = shop.member(Role::Developer).await;
    let client = registered(&w, |_| {}).await;
    let code = device(&w, &client, &[]).await.ok().text_at("/user_code");
    let second = device(&w, &client, &[]).await.ok().text_at("/user_code");
    let page = typed(&shop.owner, &code).await.ok();
    for changes in [
        [("answer", "allow"), ("form_token", "")],
        [("answer", "allow"), ("shown", "")],
        // The code of an attacker's device in the place of the one that was shown.
        [("answer", "allow"), ("user_code", second.as_str())],
    ] {
        let reply = answer(&shop.owner, &page, &changes).await;
        assert!(matches!(reply.status, 403 | 409), "{changes:?}: {} {}", reply.status, reply.text());
    }
    assert!(matches!(answer(&other, &page, &[("answer", "allow")]).await.status, 403 | 409));
    assert_eq!(shop.platform.get("/v1/grants").send().await.ok().at("/items"), json!([]));
}

/// RFC 8414 sections 2 and 3, RFC 9728 sections 2 and 3.
#[tokio::test]
async fn the_metadata_names_what_is_served_and_nothing_else() {
    let w = World::start().await;
    w.tenant("shop").await;
    let server = w.http.get("/.well-known/oauth-authorization-server").send().await.ok();
    assert_eq!(server.text_at("/issuer"), w.url());
    assert_eq!(server.header("content-type"), "application/json");
    assert_eq!(server.header("access-control-allow-origin"), "*");
    assert_eq!(server.at("/response_types_supported"), json!(["code"]));
    assert_eq!(server.at("/code_challenge_methods_supported"), json!(["S256"]));
    assert_eq!(server.at("/authorization_response_iss_parameter_supported"), json!(true));
    assert_eq!(server.at("/client_id_metadata_document_supported"), json!(true));
    for (name, value) in server.json().as_object().unwrap() {
        assert!(!value.as_array().is_some_and(Vec::is_empty), "{name} is empty");
        let is_url = name.ends_with("_endpoint") || name.ends_with("_uri");
        if let (true, Some(path)) = (is_url, value.as_str().and_then(|url| url.strip_prefix(w.url()))) {
            let reply = w.http.get(path).send().await;
            assert_ne!(reply.status, 404, "{name} names {path}, which is not served");
        }
    }
    for path in ["/v1/mcp", "/v1/mcp/", "/v1/mcp/crm"] {
        let api = w.http.get(&format!("/.well-known/oauth-protected-resource{path}")).send().await.ok();
        assert_eq!(api.text_at("/resource"), format!("{}{path}", w.url()));
        assert_eq!(api.at("/authorization_servers"), json!([w.url()]));
        assert_eq!(api.at("/scopes_supported"), json!(["tools"]), "offline_access is no API's");
        assert_eq!(api.at("/bearer_methods_supported"), json!(["header"]));
    }
    let root = w.http.get("/.well-known/oauth-protected-resource").send().await.ok();
    assert_eq!(root.text_at("/resource"), format!("{}/v1/mcp", w.url()));
    for path in ["/v1/agents", "/v1/mcp/a/b", "/elsewhere", "/v1/mcpx"] {
        let reply = w.http.get(&format!("/.well-known/oauth-protected-resource{path}")).send().await;
        assert_eq!(reply.status, 404, "{path}");
    }
    assert_eq!(w.http.get("/.well-known/openid-configuration").send().await.status, 404);
}

#[tokio::test]
async fn what_was_allowed_is_seen_and_taken_back() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let (developer, other) = (shop.member(Role::Developer).await, shop.member(Role::Auditor).await);
    let client = registered(&w, |_| {}).await;
    let second = registered(&w, |_| {}).await;
    allow(&developer, &query(&client, &[])).await;
    allow(&developer, &query(&second, &[])).await;
    allow(&shop.owner, &query(&client, &[])).await;
    let page = developer.page("/access").await.ok();
    assert_eq!(page.text().matches("/revoke\"").count(), 4, "{}", page.text());
    assert!(!developer.page("/access?of=everybody").await.ok().text().contains(&shop.owner.email));
    assert!(shop.owner.page("/access?of=everybody").await.ok().text().contains(&developer.email));
    let grants = shop.platform.get(&format!("/v1/grants?accountId={}", developer.account)).send().await.ok();
    assert_eq!(grants.at("/items").as_array().unwrap().len(), 2);
    let id = grants.text_at("/items/0/id");
    // Nobody else's, and not without the form's token.
    assert_eq!(other.submit(&format!("/access/{id}/revoke"), &[]).await.status, 404);
    let bare = developer.browser.call(Method::POST, &format!("/access/{id}/revoke")).form(&[]);
    assert_ne!(bare.send().await.status, 303);
    assert_eq!(
        shop.platform.get(&format!("/v1/grants/{id}")).send().await.ok().at("/revokedAt"),
        Value::Null
    );
    let done = developer.submit(&format!("/access/{id}/revoke"), &[]).await;
    assert_eq!(done.header("location"), "/access?done=access-revoked", "{}", done.text());
    let grant = shop.platform.get(&format!("/v1/grants/{id}")).send().await.ok();
    assert_ne!(grant.at("/revokedAt"), Value::Null);
    let open = shop.platform.get(&format!("/v1/oauth-sessions?grantId={id}")).send().await.ok();
    assert_eq!(open.at("/items"), json!([]), "a session outlived its grant");
    assert_eq!(recorded(&shop, EventKind::GrantRevoked).await.len(), 1);
    // One session, by the API; and again, which changes nothing.
    let sessions =
        shop.platform.get(&format!("/v1/oauth-sessions?accountId={}", developer.account)).send().await.ok();
    let session = sessions.text_at("/items/0/id");
    for _ in 0..2 {
        shop.call(Method::DELETE, &format!("/v1/oauth-sessions/{session}")).send().await.ok();
    }
    let ended = shop.platform.get(&format!("/v1/oauth-sessions/{session}")).send().await.ok();
    assert_ne!(ended.at("/revokedAt"), Value::Null);
    assert_eq!(recorded(&shop, EventKind::OauthSessionRevoked).await.len(), 1);
    // Everything of one's own; the owner's stays.
    developer.submit("/access/revoke-all", &[]).await;
    let left = shop.platform.get("/v1/grants").send().await.ok();
    assert_eq!(left.at("/items").as_array().unwrap().len(), 1);
    assert_eq!(left.text_at("/items/0/accountId"), shop.owner.account.to_string());
    let id = left.text_at("/items/0/id");
    shop.call(Method::DELETE, &format!("/v1/grants/{id}")).send().await.ok();
    assert_eq!(shop.platform.get("/v1/grants").send().await.ok().at("/items"), json!([]));
    let small = shop.platform_key(&[Scope::ReadGrants]).await;
    let refused = small.call(Method::DELETE, &format!("/v1/grants/{id}")).send().await;
    refused.refused(procura_model::Reason::ScopeMissing);
}

/// Two answers at once to one pushed request make one code.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_answers_to_one_request_one_is_taken() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let form = "application/x-www-form-urlencoded";
    let call =
        w.http.call(Method::POST, "/oauth/par").header("content-type", form).bytes(query(&client, &[]));
    let uri = call.send().await.ok().text_at("/request_uri");
    let pairs = [("client_id", client.id.as_str()), ("request_uri", uri.as_str())];
    let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let page = ask(&shop.owner, &text).await.ok();
    let answers =
        futures_util::future::join_all((0..8).map(|_| answer(&shop.owner, &page, &[("answer", "allow")])))
            .await;
    let codes = answers.iter().filter(|reply| told(reply.header("location")).contains_key("code")).count();
    assert_eq!(codes, 1, "{:?}", answers.iter().map(|reply| reply.status).collect::<Vec<_>>());
    let code = device(&w, &client, &[]).await.ok().text_at("/user_code");
    let page = typed(&shop.owner, &code).await.ok();
    let answers =
        futures_util::future::join_all((0..8).map(|_| answer(&shop.owner, &page, &[("answer", "allow")])))
            .await;
    assert_eq!(answers.iter().filter(|reply| reply.status == 200).count(), 1);
}
