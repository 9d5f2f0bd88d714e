//! The console's pages of OAuth clients, guarded APIs and trusted issuers (OAU-1, OAU-2, OAU-4): what people make, change
//! and take back there, who may, that what was typed is not lost, and that the other organization's do not exist.

use crate::oauth_authorize::{allow, query, registered};
use http::{Method, header};
use procura_model::{Reason, Role};
use procura_testkit::{
    business::{Issuer, key_set},
    world::{Person, Reply, Shop, World},
};
use serde_json::{Value, json};

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A person who asks for JSON, so that a refusal can be read.
async fn send(person: &Person, path: &str, fields: &[(&str, &str)]) -> Reply {
    let mut all = vec![("form_token", person.form_token.as_str())];
    all.extend_from_slice(fields);
    let browser = person.browser.with(header::ACCEPT, "application/json");
    let origin = browser.base().to_owned();
    browser.call(Method::POST, path).form(&all).header("origin", &origin).send().await
}

/// Where a form led, without what it says there once.
#[track_caller]
fn led(reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{}", reply.text());
    let place = reply.header("location").to_owned();
    place.split("?done=").next().unwrap_or_default().split("&done=").next().unwrap_or_default().to_owned()
}

/// The secret of the page that shows it once, and the page to which that leads.
#[track_caller]
fn shown(reply: &Reply) -> (String, String) {
    assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"), "{}", reply.text());
    let text = reply.text();
    let between = |from: &str, to: &str| {
        text.split(from).nth(1).and_then(|rest| rest.split(to).next()).expect(from).to_owned()
    };
    (between("<code id=\"secret\">", "<"), between("method=\"get\" action=\"", "\""))
}

fn client<'f>(method: &'f str, more: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    let mut fields = vec![
        ("name", "Night job"),
        ("redirects", "https://app.example/cb\r\n http://127.0.0.1/cb"),
        ("method", method),
        ("grants", "authorization_code"),
        ("grants", "refresh_token"),
    ];
    fields.extend_from_slice(more);
    fields
}

async fn token(w: &World, id: &str, secret: &str, more: &[(&str, &str)]) -> Reply {
    let mut fields = vec![("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    fields.extend_from_slice(more);
    w.http.call(Method::POST, "/oauth/token").form(&fields).send().await
}

async fn one(shop: &Shop, id: &str) -> Value {
    shop.platform.get(&format!("/v1/clients/{id}")).send().await.ok().at("")
}

#[tokio::test]
async fn a_client_of_each_method_is_made_and_its_secret_shown_once() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let key = key_set(&[&Issuer::new("k")]).to_string();
    for (fields, has_secret) in [
        (client("none", &[]), false),
        (client("client_secret_basic", &[]), true),
        (client("client_secret_post", &[]), true),
        (client("private_key_jwt", &[("jwks", key.as_str())]), false),
        (client("private_key_jwt", &[("jwks_uri", "https://app.example/keys")]), false),
    ] {
        let made = shop.owner.submit("/settings/clients/new", &fields).await;
        let path = if has_secret { shown(&made).1 } else { led(&made) };
        let page = shop.owner.page(&path).await.ok().text();
        let id = path.rsplit('/').next().unwrap();
        let kept = one(&shop, id).await;
        assert_eq!(kept["metadata"]["token_endpoint_auth_method"], json!(fields[2].1));
        assert_eq!(
            kept["metadata"]["redirect_uris"],
            json!(["https://app.example/cb", "http://127.0.0.1/cb"])
        );
        for part in [id, "https://app.example/cb", "/.well-known/oauth-authorization-server"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        if has_secret {
            let (secret, _) = shown(&made);
            assert!(secret.starts_with("pcc_") && !page.contains(&secret), "it stands there again");
        }
    }
    let list = shop.owner.page("/settings/clients").await.ok().text();
    assert_eq!(list.matches("Night job").count(), 5, "{list}");
}

/// What was typed of method, grant, redirect URIs and more, and the field beside which something is said.
type Wrong = (&'static str, &'static str, &'static str, (&'static str, &'static str), &'static str);

const WRONG: [Wrong; 10] = [
    ("none", "authorization_code", "javascript:alert(1)", ("scope", ""), "redirects"),
    ("none", "authorization_code", "", ("scope", ""), "redirects"),
    ("none", "", "", ("scope", ""), "grants"),
    ("none", "client_credentials", "", ("scope", ""), "grants"),
    ("client_secret_basic", "client_credentials", "", ("scope", ""), "agent"),
    ("magic", "authorization_code", "https://a.example/cb", ("scope", ""), "method"),
    ("private_key_jwt", "authorization_code", "https://a.example/cb", ("jwks", ""), "jwks_uri"),
    ("private_key_jwt", "authorization_code", "https://a.example/cb", ("jwks", "{\"keys\":"), "jwks"),
    (
        "private_key_jwt",
        "authorization_code",
        "https://a.example/cb",
        ("jwks_uri", "http://a.example/k"),
        "jwks_uri",
    ),
    ("none", "authorization_code", "https://a.example/cb", ("scope", "a \"b\""), "scope"),
];

#[tokio::test]
async fn what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    for (method, grant, redirects, more, field) in WRONG {
        let mut fields =
            vec![("name", "Typed with care"), ("method", method), ("redirects", redirects), more];
        if !grant.is_empty() {
            fields.push(("grants", grant));
        }
        let refused = shop.owner.submit("/settings/clients/new", &fields).await;
        let text = refused.text();
        assert_eq!(refused.status, 422, "{fields:?}: {text}");
        for part in [
            format!("id=\"{field}-wrong\""),
            format!("href=\"#{field}\""),
            "value=\"Typed with care\"".to_owned(),
            redirects.to_owned(),
            more.1.replace('"', "&#34;"),
        ] {
            assert!(text.contains(&part), "{fields:?}: {part}: {text}");
        }
        let kept = format!("value=\"{grant}\" checked");
        assert!(grant.is_empty() || text.contains(&kept), "{fields:?}: the grant is lost: {text}");
    }
    let listed = shop.platform.get("/v1/clients").send().await.ok();
    assert_eq!(listed.at("/items"), json!([]));
}

#[tokio::test]
async fn a_secret_is_rotated_with_overlap_and_revoked() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("night worker").await;
    let id = agent.id.to_string();
    let fields = [
        ("name", "Night job"),
        ("method", "client_secret_post"),
        ("grants", "client_credentials"),
        ("agent", id.as_str()),
    ];
    let (first, path) = shown(&shop.owner.submit("/settings/clients/new", &fields).await);
    let client = path.rsplit('/').next().unwrap();
    token(&w, client, &first, &[]).await.ok();
    let page = shop.owner.page(&path).await.ok().text();
    assert!(page.contains("night worker") && page.contains("grant_type=client_credentials"), "{page}");
    let (second, _) = shown(&shop.owner.submit(&format!("{path}/secrets"), &[("overlap", "hour")]).await);
    for secret in [&first, &second] {
        token(&w, client, secret, &[]).await.ok();
    }
    w.clock.advance_ms(procura_model::time::HOUR_MS + 1);
    assert_eq!(token(&w, client, &first, &[]).await.status, 401, "the old secret outlives its hour");
    token(&w, client, &second, &[]).await.ok();
    let page = shop.owner.page(&path).await.ok().text();
    assert_eq!(page.matches("Revoke the secret").count(), 1, "{page}");
    let revoke = page.split("action=\"").find(|part| part.contains("/secrets/")).unwrap();
    led(&shop.owner.submit(revoke.split('"').next().unwrap(), &[]).await);
    assert_eq!(token(&w, client, &second, &[]).await.status, 401);
    assert!(shop.owner.page(&path).await.ok().text().contains("the client cannot show itself"));
    for turn in 0..6 {
        let made = shop.owner.submit(&format!("{path}/secrets"), &[("overlap", "")]).await;
        assert_eq!(made.status, if turn < 5 { 200 } else { 422 }, "{turn}: {}", made.text());
        assert!(turn < 5 || made.text().contains("id=\"overlap-wrong\""), "{}", made.text());
    }
}

#[tokio::test]
async fn a_client_is_changed_disabled_and_removed_by_name() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let metadata = json!({"client_name": "Night job", "redirect_uris": ["https://app.example/cb"],
        "token_endpoint_auth_method": "none", "contacts": ["ops@shop.example"], "software_id": "x-1"});
    let made = shop.platform.post("/v1/clients", &json!({ "metadata": metadata })).send().await.ok();
    let id = made.text_at("/client/id");
    let path = format!("/settings/clients/{id}");
    let changed = client("none", &[("scope", "tools"), ("bound", "on")]);
    assert_eq!(led(&shop.owner.submit(&path, &changed).await), path);
    let kept = one(&shop, &id).await;
    for (member, value) in [
        ("/metadata/redirect_uris", json!(["https://app.example/cb", "http://127.0.0.1/cb"])),
        ("/metadata/scope", json!("tools")),
        ("/metadata/dpop_bound_access_tokens", json!(true)),
        ("/metadata/contacts", json!(["ops@shop.example"])),
        ("/metadata/software_id", json!("x-1")),
    ] {
        assert_eq!(kept.pointer(member), Some(&value), "{member}: {kept}");
    }
    let wrong = shop
        .owner
        .submit(
            &path,
            &[
                ("name", "Other"),
                ("method", "none"),
                ("redirects", "ftp://x"),
                ("grants", "authorization_code"),
            ],
        )
        .await;
    assert!(
        wrong.status == 422
            && wrong.text().contains("ftp://x")
            && wrong.text().contains("id=\"redirects-wrong\""),
        "{}",
        wrong.text()
    );

    assert_eq!(led(&shop.owner.submit(&format!("{path}/disable"), &[]).await), path);
    assert!(shop.owner.page(&path).await.ok().text().contains("Disabled"));
    assert_eq!(led(&shop.owner.submit(&format!("{path}/enable"), &[]).await), path);
    let kept = shop.owner.submit(&format!("{path}/remove"), &[("confirm", "night job")]).await;
    assert!(kept.status == 422 && kept.text().contains("id=\"confirm-wrong\""), "{}", kept.text());
    one(&shop, &id).await;
    let removed = shop.owner.submit(&format!("{path}/remove"), &[("confirm", "Night job")]).await;
    assert_eq!(led(&removed), "/settings/clients");
    shop.owner.page(removed.header("location")).await.ok();
    assert_eq!(shop.owner.page(&path).await.status, 404);
}

#[tokio::test]
async fn a_client_that_came_by_itself_is_seen_by_whom_it_came_to_and_sent_away() {
    let w = World::start().await;
    let (shop, other) = (w.tenant("shop").await, w.tenant("other").await);
    let client = registered(&w, |_| {}).await;
    let met = format!("/settings/clients/met?id={}", client.id);
    for stranger in [&shop.owner, &other.owner] {
        assert_eq!(stranger.page(&met).await.status, 404, "nobody here has met it");
        assert!(!stranger.page("/settings/clients").await.ok().text().contains(client.id.as_str()));
    }
    let code = allow(&shop.owner, &query(&client, &[])).await.remove("code").unwrap();
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client.id.as_str()),
        ("code", &code),
        ("code_verifier", VERIFIER),
    ];
    let held = w.http.call(Method::POST, "/oauth/token").form(&fields).send().await.ok();
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", client.id.as_str()),
        ("refresh_token", &held.text_at("/refresh_token")),
    ]
    .map(|(name, value)| (name, value.to_owned()));
    for path in ["/settings/clients", "/settings/clients?kind=registered"] {
        let list = shop.owner.page(path).await.ok().text();
        assert!(list.contains(client.id.as_str()) && list.contains("registered itself"), "{path}: {list}");
        assert!(list.contains("let in once"), "{list}");
    }
    let page = shop.owner.page(&met).await.ok().text();
    for part in
        [shop.owner.email.as_str(), "1 open session", "https://app.example/cb?tenant=7", "nobody has checked"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("<b>Code"), "a name is no markup");
    assert_eq!(other.owner.page(&met).await.status, 404);
    for path in ["/settings/clients/met/end", "/settings/clients/met/keep-out"] {
        if path.ends_with("end") {
            send(&other.owner, path, &[("id", client.id.as_str())]).await.refused(Reason::NotFound);
        }
    }
    let ended = shop.owner.submit("/settings/clients/met/end", &[("id", client.id.as_str())]).await;
    assert_eq!(led(&ended), met);
    let again: Vec<(&str, &str)> = refresh.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let refused = w.http.call(Method::POST, "/oauth/token").form(&again).send().await;
    assert_eq!((refused.status, refused.text_at("/error").as_str()), (400, "invalid_grant"));
    let page = shop.owner.page(&met).await.ok().text();
    assert!(page.contains("Nobody of this organization has let it in"), "{page}");

    assert_eq!(
        led(&shop.owner.submit("/settings/clients/met/keep-out", &[("id", client.id.as_str())]).await),
        met
    );
    let page = shop.owner.page(&met).await.ok().text();
    let block = page.split("name=\"block\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(shop.owner.page("/settings/clients").await.ok().text().contains("Kept out"));
    send(&other.owner, "/settings/clients/met/let-in", &[("block", &block)]).await.refused(Reason::NotFound);
    led(&shop.owner.submit("/settings/clients/met/let-in", &[("block", &block)]).await);
    assert!(!shop.owner.page("/settings/clients").await.ok().text().contains("Kept out"));
}

const API: [(&str, &str); 8] = [
    ("name", "Orders"),
    ("identifier", "https://api.shop.example/orders"),
    ("scope", "orders:read"),
    ("says", "Read your orders."),
    ("scope", ""),
    ("says", ""),
    ("tokens", "jwt"),
    ("token_seconds", "300"),
];

fn with<'f>(base: &[(&'f str, &'f str)], name: &str, value: &'f str) -> Vec<(&'f str, &'f str)> {
    let change = |(own, old): &(&'f str, &'f str)| (*own, if *own == name { value } else { *old });
    base.iter().map(change).collect()
}

#[tokio::test]
async fn an_api_is_guarded_changed_and_let_go_and_its_page_says_how_to_protect_it() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    for (name, value, field) in [
        ("name", "", "name"),
        ("identifier", "orders", "identifier"),
        ("identifier", "https://api.shop.example/o?x", "identifier"),
        ("token_seconds", "an hour", "token_seconds"),
        ("token_seconds", "5", "token_seconds"),
        ("scope", "", "scopes"),
        ("scope", "two words", "scopes"),
        ("says", "", "scopes"),
    ] {
        let refused = shop.owner.submit("/settings/apis/new", &with(&API, name, value)).await;
        let text = refused.text();
        assert!(
            refused.status == 422 && text.contains(&format!("id=\"{field}-wrong\"")),
            "{name} {value}: {text}"
        );
        assert!(name == "says" || text.contains("Read your orders."), "what was typed is lost: {text}");
    }
    let path = led(&shop.owner.submit("/settings/apis/new", &API).await);
    let twice = shop.owner.submit("/settings/apis/new", &API).await;
    assert!(twice.status == 409 && twice.text().contains("id=\"identifier-wrong\""), "{}", twice.text());
    let page = shop.owner.page(&path).await.ok().text();
    for part in [
        "https://api.shop.example/.well-known/oauth-protected-resource/orders",
        &format!("{}/oauth/jwks", w.url()),
        &format!("{}/oauth/introspect", w.url()),
        "WWW-Authenticate: Bearer",
        "at+jwt",
        "orders:read",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    w.http.get("/oauth/jwks").send().await.ok();
    let mut changed = with(&API, "tokens", "opaque");
    changed.extend([("scope", "orders:write"), ("says", "Change your orders."), ("bound", "on")]);
    assert_eq!(led(&shop.owner.submit(&path, &changed).await), path);
    let id = path.rsplit('/').next().unwrap();
    let kept = shop.platform.get(&format!("/v1/resources/{id}")).send().await.ok();
    assert_eq!(kept.at("/tokens"), json!("opaque"));
    assert_eq!(kept.at("/scopes").as_array().unwrap().len(), 2);
    assert_eq!((kept.at("/tokenSeconds"), kept.at("/dpopRequired")), (json!(300), json!(true)));
    let page = shop.owner.page(&path).await.ok().text();
    assert!(page.contains("WWW-Authenticate: DPoP") && !page.contains("/oauth/jwks"), "{page}");
    let wrong = shop.owner.submit(&format!("{path}/remove"), &[("confirm", "orders")]).await;
    assert!(wrong.status == 422 && wrong.text().contains("id=\"confirm-wrong\""), "{}", wrong.text());
    assert_eq!(
        led(&shop.owner.submit(&format!("{path}/remove"), &[("confirm", "Orders")]).await),
        "/settings/apis"
    );
    assert_eq!(shop.owner.page(&path).await.status, 404);
}

const ISSUER: [(&str, &str); 5] = [
    ("issuer", "https://login.example"),
    ("jwks_uri", "https://login.example/keys"),
    ("tenant", ""),
    ("agent", ""),
    ("clients", "https://claude.example/client.json\r\n"),
];

#[tokio::test]
async fn an_issuer_is_trusted_changed_and_trusted_no_longer() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    for (name, value) in [
        ("issuer", "http://login.example"),
        ("issuer", w.url()),
        ("jwks_uri", "login.example/keys"),
        ("clients", "nobody"),
        ("agent", "agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C"),
    ] {
        let refused = shop.owner.submit("/settings/issuers/new", &with(&ISSUER, name, value)).await;
        let text = refused.text();
        assert!(
            refused.status == 422 && text.contains(&format!("id=\"{name}-wrong\"")),
            "{name} {value}: {text}"
        );
        assert!(
            text.contains("https://claude.example/client.json") || name == "clients",
            "what was typed is lost"
        );
    }
    let path = led(&shop.owner.submit("/settings/issuers/new", &ISSUER).await);
    let twice = shop.owner.submit("/settings/issuers/new", &ISSUER).await;
    assert!(twice.status == 422 && twice.text().contains("id=\"issuer-wrong\""), "{}", twice.text());
    let page = shop.owner.page(&path).await.ok().text();
    assert!(page.contains("What trusting means") && page.contains(w.url()), "{page}");
    let agent = shop.agent("desk").await.id.to_string();
    let mut changed = with(&ISSUER, "agent", &agent);
    changed.retain(|(name, _)| *name != "issuer");
    assert_eq!(led(&shop.owner.submit(&path, &with(&changed, "tenant", "acme")).await), path);
    let id = path.rsplit('/').next().unwrap();
    let kept = shop.platform.get(&format!("/v1/issuers/{id}")).send().await.ok();
    assert_eq!(
        (kept.text_at("/issuer"), kept.text_at("/tenant"), kept.text_at("/agentId")),
        ("https://login.example".to_owned(), "acme".to_owned(), agent)
    );
    assert!(shop.owner.page("/settings/issuers").await.ok().text().contains("https://login.example/keys"));
    assert_eq!(led(&shop.owner.submit(&format!("{path}/remove"), &[]).await), "/settings/issuers");
    assert_eq!(shop.owner.page(&path).await.status, 404);
}

/// A path and what is sent to it.
type Sent = (String, Vec<(&'static str, String)>);

/// One of everything, with the paths of its pages and of what can be sent to them.
async fn furnished(shop: &Shop) -> (Vec<String>, Vec<Sent>) {
    let (_, client) =
        shown(&shop.owner.submit("/settings/clients/new", &client("client_secret_basic", &[])).await);
    let page = shop.owner.page(&client).await.ok().text();
    let secret = page.split("action=\"").find(|part| part.contains("/secrets/")).unwrap();
    let secret = secret.split('"').next().unwrap().to_owned();
    let api = led(&shop.owner.submit("/settings/apis/new", &API).await);
    let issuer = led(&shop.owner.submit("/settings/issuers/new", &ISSUER).await);
    let own = |fields: &[(&'static str, &str)]| {
        fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect::<Vec<_>>()
    };
    let sent = vec![
        (
            client.clone(),
            own(&[
                ("name", "Taken over"),
                ("method", "none"),
                ("grants", "authorization_code"),
                ("redirects", "https://evil.example/cb"),
            ]),
        ),
        (format!("{client}/disable"), own(&[])),
        (format!("{client}/enable"), own(&[])),
        (format!("{client}/secrets"), own(&[("overlap", "0")])),
        (secret, own(&[])),
        (format!("{client}/remove"), own(&[("confirm", "Night job")])),
        (api.clone(), own(&API)),
        (format!("{api}/remove"), own(&[("confirm", "Orders")])),
        (issuer.clone(), own(&ISSUER)),
        (format!("{issuer}/remove"), own(&[])),
    ];
    (vec![client, api, issuer], sent)
}

const LISTS: [&str; 3] = ["/settings/clients", "/settings/apis", "/settings/issuers"];

#[tokio::test]
async fn the_other_organization_and_whoever_is_nobody_find_nothing() {
    let w = World::start().await;
    let shop = w.tenant("canary-shop").await;
    let stranger = w.tenant("stranger").await.owner;
    let (pages, sent) = furnished(&shop).await;
    for path in &pages {
        shop.owner.page(path).await.ok();
        stranger
            .browser
            .with(header::ACCEPT, "application/json")
            .get(path)
            .send()
            .await
            .refused(Reason::NotFound);
    }
    for path in pages.iter().map(String::as_str).chain(LISTS) {
        let nobody = w.http.get(path).header("accept", "text/html").send().await;
        assert_eq!(nobody.status, 303, "{path}: {}", nobody.text());
        assert!(nobody.header("location").starts_with("/sign-in"), "{path}");
        shop.platform.get(path).send().await.refused(Reason::SignInRequired);
    }
    for (path, fields) in &sent {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let reply = send(&stranger, path, &fields).await;
        assert_eq!(reply.code(), Some(Reason::NotFound), "{path}: {} {}", reply.status, reply.text());
        // The form of a page of somebody else's session is none.
        let mut stale = vec![("form_token", stranger.form_token.as_str())];
        stale.extend_from_slice(&fields);
        let browser = shop.owner.browser.with(header::ACCEPT, "application/json");
        let origin = browser.base().to_owned();
        let forged = browser.call(Method::POST, path).form(&stale).header("origin", &origin).send().await;
        assert_eq!(forged.code(), Some(Reason::FormStale), "{path}: {}", forged.text());
    }
    for path in LISTS {
        let text = stranger.page(path).await.ok().text();
        for theirs in ["Night job", "api.shop.example", "login.example"] {
            assert!(!text.contains(theirs), "{path}: {theirs}");
        }
    }
    for path in &pages {
        let text = shop.owner.page(path).await.ok().text();
        assert!(!text.contains("Taken over") && !text.contains("Disabled"), "{path}");
    }
}

#[tokio::test]
async fn a_role_sees_and_changes_what_it_may() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let (pages, sent) = furnished(&shop).await;
    for role in [Role::Admin, Role::Developer, Role::Approver, Role::Auditor] {
        let person = shop.member(role).await;
        let (name, scopes) = (role.as_str(), role.scopes());
        let (reads, writes) = (
            scopes.contains(procura_model::Scope::ReadClients),
            scopes.contains(procura_model::Scope::WriteClients),
        );
        for path in LISTS.into_iter().chain(pages.iter().map(String::as_str)) {
            let page = person.browser.with(header::ACCEPT, "application/json").get(path).send().await;
            if reads {
                assert_eq!(page.status, 200, "{name} {path}: {}", page.text());
                let has_forms =
                    page.text().contains("/new\"") || page.text().contains(&format!("action=\"{path}\""));
                assert_eq!(has_forms, writes, "{name} {path}: {}", page.text());
            } else {
                assert_eq!(page.code(), Some(Reason::RoleMissing), "{name} {path}: {}", page.text());
            }
        }
        for path in ["/settings/clients/new", "/settings/apis/new", "/settings/issuers/new"] {
            let page = person.browser.with(header::ACCEPT, "application/json").get(path).send().await;
            assert_eq!(page.code() == Some(Reason::RoleMissing), !writes, "{name} {path}: {}", page.text());
        }
        if writes {
            continue;
        }
        let new = [
            "/settings/clients/new",
            "/settings/apis/new",
            "/settings/issuers/new",
            "/settings/clients/met/keep-out",
        ];
        let new = new.map(|path| (path.to_owned(), Vec::new()));
        for (path, fields) in sent.iter().chain(&new) {
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let reply = send(&person, path, &fields).await;
            assert_eq!(
                reply.code(),
                Some(Reason::RoleMissing),
                "{name} {path}: {} {}",
                reply.status,
                reply.text()
            );
        }
    }
}
