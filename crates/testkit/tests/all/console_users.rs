//! The console's pages about users, their sessions and business APIs (USR-1, USR-7, USR-9, USR-10, SES-1): what goes in
//! by a form and never comes out again, who may change what, and that the other organization's pages do not exist.

use http::{Method, header};
use procura_model::{Reason, Role};
use procura_testkit::{
    business::signed_token,
    world::{Buyer, Person, Reply, Shop, World},
};
use serde_json::json;

/// A user of whom nothing may stand on any page.
const USER: [(&str, &str); 4] = [
    ("userId", "canary-user-4417"),
    ("email", "canary.4417@example.com"),
    ("role", "canary-role-4417"),
    ("plan", "canary-plan-4417"),
];

/// A person who asks for JSON, so that a refusal can be read.
async fn send(person: &Person, path: &str, fields: &[(&str, &str)]) -> Reply {
    let mut all = vec![("form_token", person.form_token.as_str())];
    all.extend_from_slice(fields);
    let browser = person.browser.with(header::ACCEPT, "application/json");
    let origin = browser.base().to_owned();
    browser.call(Method::POST, path).form(&all).header("origin", &origin).send().await
}

fn token(w: &World, secret: &str) -> String {
    let now = w.app.now().as_ms() / 1_000;
    let mut payload = json!({"iat": now - 5, "exp": now + 600});
    let user = USER.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
    payload.as_object_mut().unwrap().extend(user);
    signed_token(&payload, secret)
}

#[track_caller]
fn names_nobody(page: &Reply, more: &[&str]) {
    let text = page.text();
    let place =
        page.headers.get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
    for value in USER.iter().map(|(_, value)| *value).chain(more.iter().copied()) {
        assert!(
            !text.contains(value) && !place.contains(value),
            "{value} stands on a page or in its address"
        );
    }
}

fn users_page(agent: &Buyer) -> String {
    format!("/agents/{}/users", agent.id)
}

#[tokio::test]
async fn a_secret_is_shown_once_and_a_token_is_tried_and_forgotten() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("assistant").await;
    let path = users_page(&agent);
    let method = [
        ("method", "signedToken"),
        ("max_lifetime", "3600"),
        ("leeway", "0"),
        ("session_seconds", "600"),
        ("secret_choice", "make"),
    ];
    let shown = shop.owner.submit(&path, &method).await.ok();
    assert_eq!(shown.header("cache-control"), "no-store");
    let secret =
        shown.text().split("<code id=\"secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let good = token(&w, &secret);
    let bad = token(&w, "another secret that nobody has ever set");
    for (pasted, words) in [(&good, ["Accepted", "There"]), (&bad, ["AUTH_TOKEN_INVALID", "Not reached"])] {
        let tried =
            shop.owner.submit(&format!("{path}/try"), &[("token", &format!(" {pasted}\n"))]).await.ok();
        assert_eq!(tried.header("cache-control"), "no-store");
        for word in words {
            assert!(tried.text().contains(word), "{word}: {}", tried.text());
        }
        names_nobody(&tried, &[&secret, pasted, pasted.split('.').next().unwrap()]);
    }
    assert_eq!(shop.owner.submit(&format!("{path}/try"), &[("token", " ")]).await.status, 422);
    let listed = shop.platform.get("/v1/sessions").send().await.ok();
    assert_eq!(listed.at("/items"), json!([]), "trying a token opens no session");
    let page = shop.owner.page(&path).await.ok();
    assert!(page.text().contains("set on 2026-") && page.text().contains("Configured"));
    names_nobody(&page, &[&secret]);
    let changes = shop.platform.get("/v1/changes").send().await.ok();
    assert!(changes.text().contains("user.token_tried"));
    names_nobody(&changes, &[&secret, &good]);
}

#[tokio::test]
async fn a_secret_of_ones_own_is_judged_replaced_and_removed_and_never_shown() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("assistant").await;
    let first = shop.user_signed_token(&agent).await;
    let path = format!("{}/secrets", users_page(&agent));
    let own = |secret| {
        [("method", "signedToken"), ("secret_choice", "own"), ("secret", secret), ("overlap", "day")]
    };
    for weak in ["", "short", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let refused = shop.owner.submit(&path, &own(weak)).await;
        assert_eq!(refused.status, 422, "{weak:?}: {}", refused.text());
        assert!(weak.is_empty() || !refused.text().contains(weak));
    }
    let fresh = shop.agent("fresh").await;
    let settings = [("max_lifetime", "3600"), ("leeway", "0"), ("session_seconds", "600")];
    let half = shop.owner.submit(&users_page(&fresh), &[&own("short")[..], &settings].concat()).await;
    assert!(half.status == 422 && half.text().contains("Incomplete"), "{}", half.text());
    assert_eq!(half.text().matches("id=\"secret-wrong\"").count(), 1, "{}", half.text());

    let second = "Zk3vQ9xT1mB7nC5pL2wR8yH4sD6fG0jA";
    let replaced = shop.owner.submit(&path, &own(second)).await;
    assert_eq!(replaced.status, 303, "{}", replaced.text());
    let page = shop.owner.page(&users_page(&agent)).await.ok();
    names_nobody(&page, &[&first, second]);
    assert!(page.text().contains("Older"), "{}", page.text());
    for secret in [&first, second] {
        agent.open_session(&token(&w, secret)).await.ok();
    }
    let older = page.text().split("/users/secrets/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let removed = shop.owner.submit(&format!("{path}/{older}/remove"), &[]).await;
    assert_eq!(removed.status, 303, "{}", removed.text());
    agent.open_session(&token(&w, &first)).await.refused(Reason::TokenInvalid);
}

#[tokio::test]
async fn what_is_wrong_with_the_settings_is_said_beside_the_field() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("assistant").await;
    let path = users_page(&agent);
    let jwt = |url: &'static str, seconds: &'static str| {
        vec![
            ("method", "jwt"),
            ("jwks_url", url),
            ("issuer", "https://id.example"),
            ("audience", "a"),
            ("algorithm", "ES256"),
            ("leeway", "30"),
            ("subject_claim", "sub"),
            ("session_seconds", seconds),
        ]
    };
    for (fields, field) in [
        (jwt("ftp://id.example/jwks", "600"), "jwks_url"),
        (jwt("https://169.254.169.254/jwks", "600"), "jwks_url"),
        (jwt("https://id.example/jwks", "an hour"), "session_seconds"),
        (jwt("https://id.example/jwks", "5"), "session_seconds"),
    ] {
        let refused = shop.owner.submit(&path, &fields).await;
        let wrong = format!("id=\"{field}-wrong\"");
        assert!(refused.status >= 400 && refused.text().contains(&wrong), "{field}: {}", refused.text());
        assert!(refused.text().contains("https://id.example"), "what was typed is still there");
    }
    assert_eq!(shop.owner.submit(&path, &jwt("https://id.example/jwks", "600")).await.status, 303);
    let widget = |origin| [("origins", origin), ("endpoint", "https://agent.example/chat")];
    let wild = shop.owner.submit(&format!("{path}/widget"), &widget("https://*.example")).await;
    assert!(wild.status == 422 && wild.text().contains("id=\"origins-wrong\""), "{}", wild.text());
    assert_eq!(
        shop.owner.submit(&format!("{path}/widget"), &widget("https://www.example")).await.status,
        303
    );
    let page = shop.owner.page(&path).await.ok().text();
    assert!(page.contains("/widget.js") && page.contains("https://id.example/jwks"), "{page}");
    assert_eq!(shop.owner.submit(&path, &jwt("https://id.example/other", "600")).await.status, 303);
    let set = shop.platform.get(&format!("/v1/agents/{}/user-auth", agent.id)).send().await.ok();
    assert!(
        set.text().contains("https://www.example"),
        "the widget outlives a change of the method: {}",
        set.text()
    );
    let wrong = shop.owner.submit(&format!("{path}/remove"), &[("confirm", "another")]).await;
    assert_eq!(wrong.status, 422);
    assert_eq!(shop.owner.submit(&format!("{path}/remove"), &[("confirm", "assistant")]).await.status, 303);
    shop.platform.get(&format!("/v1/agents/{}/user-auth", agent.id)).send().await.refused(Reason::NotFound);
}

#[tokio::test]
async fn a_session_is_seen_by_pseudonym_and_ends_with_its_user_s_id_in_no_address() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("assistant").await;
    let secret = shop.user_signed_token(&agent).await;
    shop.permit(&agent, json!({"effect": "allow", "actions": ["read.*"]})).await;
    let opened = agent.open_session(&token(&w, &secret)).await.ok();
    let (id, pseudonym) = (opened.text_at("/sessionId"), opened.text_at("/user/reference"));
    let acting = agent.acting_in(&opened);
    let asked = acting.verify("read.orders").send().await.request_id();
    let one = format!("/sessions/{id}");
    for (path, wanted) in [
        ("/connections".to_owned(), "Configured"),
        (users_page(&agent), "Live sessions"),
        ("/sessions?state=live".to_owned(), one.as_str()),
        (format!("/sessions?user={pseudonym}"), one.as_str()),
        (one.clone(), "read.orders"),
        (format!("/activity/{asked}"), one.as_str()),
        ("/activity".to_owned(), pseudonym.as_str()),
    ] {
        let page = shop.owner.page(&path).await.ok();
        assert!(page.text().contains(wanted), "{path}: {}", page.text());
        names_nobody(&page, &[&secret, &opened.text_at("/sessionToken")]);
    }
    for wanted in [&id, &pseudonym] {
        let found = shop.owner.page(&format!("/search?id={wanted}")).await;
        assert!(found.status == 303 && found.header("location").contains(wanted), "{wanted}");
    }
    let foreign = shop.owner.page("/sessions?user=canary-user-4417").await.ok();
    names_nobody(&foreign, &[]);
    let nobody = [("agent", agent.id.to_string()), ("user_id", "somebody-else".to_owned())];
    let none = shop.owner.submit("/sessions/revoke-user", &pairs(&nobody)).await;
    assert!(none.status == 303 && none.header("location").ends_with("done=user-revoked-none"));
    acting.http.get("/v1/whoami").send().await.ok();
    let user = [("agent", agent.id.to_string()), ("user_id", USER[0].1.to_owned())];
    let revoked = shop.owner.submit("/sessions/revoke-user", &pairs(&user)).await;
    assert_eq!(revoked.status, 303, "{}", revoked.text());
    names_nobody(&revoked, &[]);
    acting.http.get("/v1/whoami").send().await.refused(Reason::SessionRevoked);
    assert!(shop.owner.page(&one).await.ok().text().contains("Revoked"));
    let blank = [("agent", agent.id.to_string()), ("user_id", " ".to_owned())];
    let refused = shop.owner.submit("/sessions/revoke-user", &pairs(&blank)).await;
    assert!(refused.status == 422 && refused.text().contains("user_id-wrong"), "{}", refused.text());
}

fn pairs<'p>(fields: &'p [(&'p str, String)]) -> Vec<(&'p str, &'p str)> {
    fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// The form of a business API with one tool.
fn api_form<'f>(name: &'f str, place: &'f str) -> Vec<(&'f str, &'f str)> {
    vec![
        ("name", name),
        ("base_url", "https://api.example/v2"),
        ("credential", "canary-credential-4417"),
        ("header", "authorization"),
        ("prefix", "Bearer"),
        ("user", "assertion"),
        ("assertion_header", "x-procura-user"),
        ("audience", "https://api.example"),
        ("fence", "on"),
        ("timeout_ms", "30000"),
        ("max_bytes", "1000000"),
        ("tools", ""),
        ("tool_name", "find_orders"),
        ("description", "Finds orders."),
        ("method", "GET"),
        ("path", "/customers/{customerId}/orders"),
        ("need", "default"),
        ("p_name", "customerId"),
        ("p_in", place),
        ("p_type", "string"),
        ("p_required", "yes"),
        ("p_description", ""),
        ("p_sent_as", ""),
        ("body", ""),
        ("body_as", "members"),
    ]
}

#[tokio::test]
async fn a_business_api_is_declared_changed_and_imported_and_keeps_its_credential_to_itself() {
    const CREDENTIAL: &str = "canary-credential-4417";
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("assistant").await;
    let refused = shop.owner.submit("/tools/api/new", &api_form("shop", "query")).await;
    assert!(refused.status == 422 && refused.text().contains("path-wrong"), "{}", refused.text());
    assert!(!refused.text().contains(CREDENTIAL));
    let more = [api_form("shop", "path"), vec![("more", "on")]].concat();
    let rows = shop.owner.submit("/tools/api/new", &more).await.ok().text();
    assert_eq!(rows.matches("name=\"p_name\"").count(), 5, "more rows are offered and nothing is made");
    let made = shop.owner.submit("/tools/api/new", &api_form("shop", "path")).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let path = made.header("location").split('?').next().unwrap().to_owned();
    let page = shop.owner.page(&path).await.ok();
    assert!(page.text().contains("find_orders") && page.text().contains("verified user"), "{}", page.text());
    names_nobody(&page, &[CREDENTIAL]);

    let restricted = [api_form("shop", "path"), vec![("credential_choice", "keep"), ("agent", "")]].concat();
    let mut restricted: Vec<_> = restricted.into_iter().filter(|(name, _)| *name != "credential").collect();
    let id = agent.id.to_string();
    restricted.last_mut().unwrap().1 = &id;
    assert_eq!(shop.owner.submit(&path, &restricted).await.status, 303);
    let server = format!("/v1/servers{}", path.strip_prefix("/tools").unwrap());
    let kept = shop.platform.get(&server).send().await.ok();
    assert!(kept.text().contains(&id) && kept.at("/hasCredential") == json!(true), "{}", kept.text());
    let moved: Vec<_> = restricted
        .iter()
        .map(|(name, value)| (*name, if *name == "base_url" { "https://elsewhere.example" } else { value }))
        .collect();
    let refused = shop.owner.submit(&path, &moved).await;
    assert!(refused.status == 422 && refused.text().contains("credential-wrong"), "{}", refused.text());

    let document = json!({"openapi": "3.1.0", "info": {"title": "Shop", "version": "1"}, "paths": {
        "/orders/{id}": {"get": {"operationId": "getOrder", "parameters": [
            {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}]}},
        "/files": {"post": {"operationId": "upload", "requestBody": {"content": {"image/png": {}}}}}}})
    .to_string();
    let import = format!("{path}/import");
    let preview = shop.owner.submit(&import, &[("document", &document)]).await.ok().text();
    assert!(preview.contains("getOrder") && preview.contains("What is left out"), "{preview}");
    let none = shop.owner.submit(&import, &[("document", &document), ("make", "on")]).await;
    assert!(none.status == 422 && none.text().contains("Tick at least one"));
    let chosen = [("document", document.as_str()), ("make", "on"), ("tool", "getOrder")];
    assert_eq!(shop.owner.submit(&import, &chosen).await.status, 303);
    let broken = shop.owner.submit("/tools/import", &[("document", "<html>{{")]).await;
    assert!(broken.status == 422 && broken.text().contains("document-wrong"), "{}", broken.text());

    for tool in ["find_orders", "getOrder"] {
        shop.owner.page(&format!("{path}/tools/{tool}")).await.ok();
    }
    assert_eq!(shop.owner.submit(&format!("{path}/tools/getOrder/remove"), &[]).await.status, 303);
    let last = shop.owner.submit(&format!("{path}/tools/find_orders/remove"), &[]).await;
    assert_eq!(last.status, 422, "an API keeps one tool: {}", last.text());
    names_nobody(&shop.owner.page("/tools").await.ok(), &[CREDENTIAL]);
}

#[tokio::test]
async fn a_role_sees_how_users_are_verified_and_only_some_may_change_it() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("assistant").await;
    let secret = shop.user_signed_token(&agent).await;
    let id = agent.id.to_string();
    let path = users_page(&agent);
    let roles = [Role::Admin, Role::Developer, Role::Approver, Role::Auditor];
    let mut sessions = Vec::new();
    for role in roles {
        sessions.push(agent.open_session(&token_of(&w, &secret, role)).await.ok());
    }
    for (role, opened) in roles.into_iter().zip(&sessions) {
        let person = shop.member(role).await;
        let may = matches!(role, Role::Admin | Role::Developer);
        for page in
            ["/connections", "/sessions", &path, &format!("/sessions/{}", opened.text_at("/sessionId"))]
        {
            person.page(page).await.ok();
        }
        let page = person.page(&path).await.ok().text();
        assert_eq!(page.contains("Save the settings") && page.contains("Check the token"), may, "{role:?}");
        assert_eq!(page.contains("owner of shop can change this"), !may, "{role:?}");
        let settings = [
            ("method", "signedToken"),
            ("max_lifetime", "3600"),
            ("leeway", "0"),
            ("session_seconds", "600"),
        ];
        let widget = [("origins", "https://www.example"), ("endpoint", "https://agent.example/chat")];
        let name = format!("api-{}", role.as_str());
        for (path, fields) in [
            (path.clone(), settings.to_vec()),
            (format!("{path}/widget"), widget.to_vec()),
            (format!("{path}/try"), vec![("token", "x")]),
            (
                format!("{path}/secrets"),
                vec![("method", "signedToken"), ("secret_choice", "make"), ("overlap", "day")],
            ),
            (format!("/sessions/{}/revoke", opened.text_at("/sessionId")), vec![]),
            ("/sessions/revoke-user".to_owned(), vec![("agent", id.as_str()), ("user_id", "nobody")]),
            ("/tools/api/new".to_owned(), api_form(&name, "path")),
        ] {
            let reply = send(&person, &path, &fields).await;
            if may {
                assert!(
                    matches!(reply.status, 200 | 303),
                    "{role:?} {path}: {} {}",
                    reply.status,
                    reply.text()
                );
            } else {
                assert_eq!(reply.code(), Some(Reason::RoleMissing), "{role:?} {path}: {}", reply.text());
            }
        }
    }
}

fn token_of(w: &World, secret: &str, role: Role) -> String {
    let now = w.app.now().as_ms() / 1_000;
    signed_token(&json!({"userId": role.as_str(), "iat": now - 5, "exp": now + 600}), secret)
}

#[tokio::test]
async fn the_other_organization_s_users_sessions_and_apis_do_not_exist() {
    let w = World::start().await;
    let shop: Shop = w.tenant("canary-shop").await;
    let agent = shop.agent("canary-agent").await;
    let secret = shop.user_signed_token(&agent).await;
    let opened = agent.open_session(&token(&w, &secret)).await.ok();
    let made = shop.owner.submit("/tools/api/new", &api_form("canary-api", "path")).await;
    let api = made.header("location").split('?').next().unwrap().to_owned();
    let users = users_page(&agent);
    let session = format!("/sessions/{}", opened.text_at("/sessionId"));
    let stranger = w.tenant("stranger").await.owner;
    let program = stranger.browser.with(header::ACCEPT, "application/json");
    for path in [
        users.clone(),
        session.clone(),
        api.clone(),
        format!("{api}/declare"),
        format!("{api}/import"),
        format!("{api}/tools/find_orders"),
    ] {
        shop.owner.page(&path).await.ok();
        program.get(&path).send().await.refused(Reason::NotFound);
    }
    for path in ["/connections", "/sessions", &format!("/sessions?agent={}", agent.id)] {
        assert!(!stranger.page(path).await.ok().text().contains("canary"), "{path}");
    }
    let id = agent.id.to_string();
    for (path, fields) in [
        (
            users.clone(),
            vec![
                ("method", "callback"),
                ("callback_url", "https://evil.example"),
                ("session_seconds", "600"),
            ],
        ),
        (
            format!("{users}/widget"),
            vec![("origins", "https://evil.example"), ("endpoint", "https://evil.example/")],
        ),
        (format!("{users}/try"), vec![("token", "x")]),
        (format!("{users}/secrets"), vec![("method", "signedToken"), ("secret_choice", "make")]),
        (format!("{users}/remove"), vec![("confirm", "canary-agent")]),
        (format!("{session}/revoke"), vec![]),
        ("/sessions/revoke-user".to_owned(), vec![("agent", id.as_str()), ("user_id", USER[0].1)]),
        (api.clone(), api_form("taken", "path")),
        (format!("{api}/declare"), api_form("taken", "path")),
        (format!("{api}/tools/find_orders"), api_form("taken", "path")),
        (format!("{api}/tools/find_orders/remove"), vec![]),
    ] {
        let reply = send(&stranger, &path, &fields).await;
        assert!(!reply.text().contains("canary"), "{path}: {}", reply.text());
        assert_eq!(reply.code(), Some(Reason::NotFound), "{path}: {} {}", reply.status, reply.text());
    }
    agent.acting_in(&opened).http.get("/v1/whoami").send().await.ok();
}
