//! The console over plain HTTP (ORG-1): coming in, cookies, forms that only our own pages can send, roles, invitations,
//! and the last owner. What a browser adds is tested in a browser.

use futures_util::future::join_all;
use http::{Method, header};
use procura_app::onboarding;
use procura_cluster::{LimitSettings, Rate};
use procura_model::{
    Reason, Role,
    time::{DAY_MS, HOUR_MS},
};
use procura_testkit::world::{Http, Options, Person, Reply, Shop, World};
use serde_json::json;

/// A browser that asks for JSON, so that a refusal can be read.
fn program(person: &Person) -> Http {
    person.browser.with(header::ACCEPT, "application/json")
}

async fn send(http: &Http, path: &str, fields: &[(&str, &str)]) -> Reply {
    let origin = http.base().to_owned();
    http.call(Method::POST, path).form(fields).header("origin", &origin).send().await
}

async fn send_as(person: &Person, path: &str, fields: &[(&str, &str)]) -> Reply {
    let mut all = vec![("form_token", person.form_token.as_str())];
    all.extend_from_slice(fields);
    send(&program(person), path, &all).await
}

fn set_cookie(reply: &Reply) -> String {
    reply.header("set-cookie").to_owned()
}

#[tokio::test]
async fn the_first_owner_comes_in_by_a_link_that_works_once() {
    let w = World::start().await;
    let link = onboarding::setup_link(&w.app).await.unwrap();
    let path = link.show().strip_prefix(w.url()).unwrap().to_owned();
    let fields = [("organization", "first"), ("email", "a@first.example"), ("password", "long enough it is")];
    for _ in 0..2 {
        w.http.get(&path).header("accept", "text/html").send().await.ok();
    }
    let short = [("organization", "first"), ("email", "a@first.example"), ("password", "short")];
    let refused = send(&w.http, &path, &short).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    let two = join_all([send(&w.http, &path, &fields), send(&w.http, &path, &fields)]).await;
    assert_eq!(two.iter().filter(|reply| reply.status == 200).count(), 1, "one link makes one owner");
    let made = two.iter().find(|reply| reply.status == 200).unwrap();
    assert!(made.text().contains("pcp_"));
    let cookie = set_cookie(made);
    assert!(cookie.starts_with("procura=pcs_") && cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
    let again = send(&w.http, &path, &fields).await;
    assert!(matches!(again.code(), Some(Reason::LinkInvalid | Reason::SetupDone)), "{}", again.text());
    assert_eq!(onboarding::setup_link(&w.app).await.unwrap_err().reason(), Reason::SetupDone);
}

#[tokio::test]
async fn signing_in_gives_a_cookie_and_signing_out_ends_it() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let (email, password) = (shop.owner.email.clone(), shop.owner.password());
    let wrong = send(&w.http, "/sign-in", &[("email", &email), ("password", "not the password")]).await;
    let unknown =
        send(&w.http, "/sign-in", &[("email", "nobody@shop.example"), ("password", "not the password")])
            .await;
    assert_eq!((wrong.status, unknown.status), (401, 401));
    let plain = |reply: &Reply| reply.text().replace("nobody@shop.example", "X").replace(&email, "X");
    assert_eq!(plain(&wrong), plain(&unknown), "whether an address is known can be told");
    assert!(set_cookie(&wrong).is_empty());

    let shouted = format!("  {} ", email.to_uppercase());
    let come =
        send(&w.http, "/sign-in", &[("email", &shouted), ("password", password), ("next", "/agents")]).await;
    assert_eq!((come.status, come.header("location")), (303, "/agents"));
    let cookie = set_cookie(&come);
    assert!(cookie.contains("; HttpOnly; SameSite=Lax") && cookie.contains("Max-Age=43200"), "{cookie}");
    let evil =
        send(&w.http, "/sign-in", &[("email", &email), ("password", password), ("next", "//evil.example")])
            .await;
    assert_eq!(evil.header("location"), "/");

    shop.owner.page("/agents").await.ok();
    let out = send_as(&shop.owner, "/sign-out", &[]).await;
    assert_eq!(out.status, 303, "{}", out.text());
    assert!(set_cookie(&out).contains("Max-Age=0"));
    let after = shop.owner.page("/agents").await;
    assert_eq!(
        (after.status, after.header("location").replace("?&", "?").as_str()),
        (303, "/sign-in?next=%2Fagents")
    );
    program(&shop.owner).get("/agents").send().await.refused(Reason::SignInRequired);
}

#[tokio::test]
async fn a_sign_in_ends_after_its_time() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    w.advance_ms(12 * HOUR_MS - 1_000);
    shop.owner.page("/agents").await.ok();
    w.advance_ms(2_000);
    program(&shop.owner).get("/agents").send().await.refused(Reason::SignInRequired);
}

#[tokio::test]
async fn only_our_own_pages_can_send_a_form() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let other = shop.member(Role::Admin).await;
    let owner = program(&shop.owner);
    let fields = [("name", "made by a foreign page"), ("kind", "assistant")];
    send(&owner, "/agents/new", &fields).await.refused(Reason::FormStale);
    for token in ["", "guess", other.form_token.as_str()] {
        let mut all = vec![("form_token", token)];
        all.extend_from_slice(&fields);
        send(&owner, "/agents/new", &all).await.refused(Reason::FormStale);
    }
    let mut good = vec![("form_token", shop.owner.form_token.as_str())];
    good.extend_from_slice(&fields);
    for (name, value) in
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
    {
        let call = owner.call(Method::POST, "/agents/new").form(&good).header(name, value);
        call.send().await.refused(Reason::OriginRefused);
    }
    let rebound = owner.call(Method::POST, "/agents/new").form(&good).header("host", "evil.example");
    rebound.send().await.refused(Reason::HostRefused);
    let as_json = owner.call(Method::POST, "/agents/new").json(&json!({"name": "x"}));
    as_json.send().await.refused(Reason::MediaTypeUnsupported);
    assert_eq!(shop.platform.get("/v1/agents").send().await.ok().at("/items"), json!([]));
    send(&owner, "/agents/new", &good).await.ok();
    assert_eq!(shop.platform.get("/v1/agents").send().await.ok().at("/items").as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn every_page_has_its_headers_and_no_key_opens_one() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    for path in ["/", "/activity", "/approvals", "/agents", "/policies", "/tools", "/settings"] {
        let page = shop.owner.page(path).await.ok();
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(page.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        let key = shop.platform.get(path).send().await;
        key.refused(Reason::SignInRequired);
        let nobody = w.http.get(path).header("accept", "text/html").send().await;
        assert_eq!(nobody.status, 303, "{path}: {}", nobody.text());
        assert!(nobody.header("location").starts_with("/sign-in"), "{path}");
    }
}

#[tokio::test]
async fn a_role_does_what_it_may_and_no_more() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["pay.*"], "approval": "always"})).await;
    let permission =
        shop.permit(&shop.agent("spare").await, json!({"effect": "allow", "actions": ["x"]})).await;
    for role in [Role::Admin, Role::Developer, Role::Approver, Role::Auditor] {
        let person = shop.member(role).await;
        let name = role.as_str();
        let may = |roles: &[Role]| roles.contains(&role);
        let managers = [Role::Admin, Role::Developer];
        let register =
            send_as(&person, "/agents/new", &[("name", &format!("of {name}")), ("kind", "assistant")]).await;
        check(&register, may(&managers), name, "register an agent");
        let approval = buyer.verify(&format!("pay.{name}")).send().await.waits();
        let grant = send_as(&person, &format!("/approvals/{approval}/grant"), &[]).await;
        check(&grant, may(&[Role::Admin, Role::Approver]), name, "grant");
        let invite = [("email", format!("new-{name}@shop.example")), ("role", "auditor".to_owned())];
        let invite: Vec<(&str, &str)> = invite.iter().map(|(key, value)| (*key, value.as_str())).collect();
        check(&send_as(&person, "/settings/invitations", &invite).await, may(&[Role::Admin]), name, "invite");
        let key = [("key_name", "k"), ("scope", "verify"), ("days", "")];
        check(
            &send_as(&person, "/settings/keys", &key).await,
            may(&[Role::Admin]),
            name,
            "make a platform key",
        );
        let tool = [
            ("name", name),
            ("url", "https://tools.example/mcp"),
            ("fence", "on"),
            ("timeout_ms", "30000"),
            ("max_bytes", "1000000"),
            ("tools", ""),
        ];
        check(&send_as(&person, "/tools/new", &tool).await, may(&managers), name, "add a tool server");
        let make_owner = format!("/settings/members/{}/role", person.account);
        let promoted = send_as(&person, &make_owner, &[("role", "owner")]).await;
        check(&promoted, false, name, "make an owner");
        for path in ["/", "/activity", "/approvals", "/agents", "/policies", "/tools", "/settings"] {
            person.page(path).await.ok();
        }
        let removed = send_as(&person, &format!("/policies/{permission}/remove"), &[("confirm", "")]).await;
        if !may(&managers) {
            assert_eq!(removed.code(), Some(Reason::RoleMissing), "{name}: {}", removed.text());
        }
    }
}

#[track_caller]
fn check(reply: &Reply, may: bool, role: &str, what: &str) {
    if may {
        assert!(matches!(reply.status, 200 | 303), "{role} may {what}: {} {}", reply.status, reply.text());
    } else {
        assert_eq!(
            reply.code(),
            Some(Reason::RoleMissing),
            "{role} may not {what}: {} {}",
            reply.status,
            reply.text()
        );
    }
}

async fn invitation(shop: &Shop, email: &str, role: &str) -> String {
    let body = json!({"email": email, "role": role});
    let made = shop.platform.post("/v1/invitations", &body).send().await.ok();
    made.text_at("/link").strip_prefix(shop.platform.base()).unwrap().to_owned()
}

#[tokio::test]
async fn an_invitation_works_once_for_a_week_and_gives_its_role() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let path = invitation(&shop, "Ada@Shop.example", "auditor").await;
    let password = [("password", "long enough it is")];
    for _ in 0..3 {
        let page = w.http.get(&path).header("accept", "text/html").send().await.ok();
        assert!(page.text().contains("ada@shop.example"));
    }
    assert_eq!(send(&w.http, &path, &[("password", "short")]).await.status, 422);
    assert_eq!(send(&w.http, &path, &[("password", &"x".repeat(1_025))]).await.status, 422);
    let two = join_all([send(&w.http, &path, &password), send(&w.http, &path, &password)]).await;
    assert_eq!(two.iter().filter(|reply| reply.status == 303).count(), 1, "one link lets one person in");
    send(&w.http, &path, &password).await.refused(Reason::LinkInvalid);
    let members = shop.platform.get("/v1/members").send().await.ok().text();
    assert!(members.contains("ada@shop.example") && members.contains("auditor"), "{members}");

    let late = invitation(&shop, "late@shop.example", "auditor").await;
    w.advance_ms(7 * DAY_MS + 1);
    send(&w.http, &late, &password).await.refused(Reason::LinkInvalid);

    let back = invitation(&shop, "back@shop.example", "auditor").await;
    let open = shop.platform.get("/v1/invitations").send().await.ok();
    shop.platform.delete(&format!("/v1/invitations/{}", open.text_at("/items/0/id"))).send().await.ok();
    send(&w.http, &back, &password).await.refused(Reason::LinkInvalid);
    for role in ["owner", "admin", "approver"] {
        let more = json!({"email": "more@shop.example", "role": role});
        shop.platform.post("/v1/invitations", &more).send().await.refused(Reason::RoleMissing);
    }
}

#[tokio::test]
async fn somebody_with_an_account_joins_by_its_password_and_changes_organization() {
    let w = World::start().await;
    let (shop, other) = (w.tenant("shop").await, w.tenant("other").await);
    let path = invitation(&other, &shop.owner.email, "developer").await;
    let wrong = send(&w.http, &path, &[("password", "not the password")]).await;
    assert_eq!(wrong.status, 401, "{}", wrong.text());
    assert_eq!(send(&w.http, &path, &[("password", shop.owner.password())]).await.status, 303);
    let switch = send_as(&shop.owner, "/organizations", &[("organization", &other.id.to_string())]).await;
    assert_eq!(switch.status, 303, "{}", switch.text());
    program(&shop.owner).get("/agents").send().await.refused(Reason::SignInRequired);
    let cookie = set_cookie(&switch);
    let cookie = cookie.split(';').next().unwrap();
    let page =
        w.http.get("/settings").header("cookie", cookie).header("accept", "text/html").send().await.ok();
    assert!(page.text().contains("other"));
    let stranger = shop.member(Role::Admin).await;
    send_as(&stranger, "/organizations", &[("organization", &other.id.to_string())])
        .await
        .refused(Reason::NotFound);
}

#[tokio::test]
async fn an_organization_keeps_an_owner() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let role = format!("/settings/members/{}/role", shop.owner.account);
    assert_eq!(send_as(&shop.owner, &role, &[("role", "auditor")]).await.status, 409);
    let remove = format!("/settings/members/{}/remove", shop.owner.account);
    assert_eq!(send_as(&shop.owner, &remove, &[("confirm", &shop.owner.email)]).await.status, 409);
    let second = shop.member(Role::Owner).await;
    let both = join_all([
        send_as(&shop.owner, &format!("/settings/members/{}/role", second.account), &[("role", "auditor")]),
        send_as(&second, &role, &[("role", "auditor")]),
    ])
    .await;
    let members = shop.platform.get("/v1/members").send().await.ok();
    let owners =
        members.at("/items").as_array().unwrap().iter().filter(|member| member["role"] == "owner").count();
    assert_eq!(owners, 1, "{} {}: {}", both[0].status, both[1].status, members.text());
}

#[tokio::test]
async fn a_new_role_or_a_removal_holds_at_the_next_request() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let person = shop.member(Role::Admin).await;
    let fields = [("name", "one"), ("kind", "")];
    send_as(&person, "/agents/new", &fields).await.ok();
    shop.platform.patch(&format!("/v1/members/{}", person.account), &json!({"role": "auditor"})).send().await;
    let lowered =
        send_as(&shop.owner, &format!("/settings/members/{}/role", person.account), &[("role", "auditor")])
            .await;
    assert_eq!(lowered.status, 303, "{}", lowered.text());
    send_as(&person, "/agents/new", &[("name", "two")]).await.refused(Reason::RoleMissing);
    let remove = format!("/settings/members/{}/remove", person.account);
    assert_eq!(send_as(&shop.owner, &remove, &[("confirm", &person.email)]).await.status, 303);
    program(&person).get("/agents").send().await.refused(Reason::SignInRequired);
}

#[tokio::test]
async fn a_new_password_ends_every_other_sign_in() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let come =
        send(&w.http, "/sign-in", &[("email", &shop.owner.email), ("password", shop.owner.password())]).await;
    let cookie = set_cookie(&come).split(';').next().unwrap().to_owned();
    let elsewhere = || w.http.get("/agents").header("cookie", &cookie).send();
    elsewhere().await.ok();
    let wrong = send_as(
        &shop.owner,
        "/settings/password",
        &[("old", "not the password"), ("new", "a better password")],
    )
    .await;
    assert_eq!(wrong.status, 401, "{}", wrong.text());
    let done = send_as(
        &shop.owner,
        "/settings/password",
        &[("old", shop.owner.password()), ("new", "a better password")],
    )
    .await;
    assert_eq!(done.status, 303, "{}", done.text());
    elsewhere().await.refused(Reason::SignInRequired);
    shop.owner.page("/agents").await.ok();
    let old =
        send(&w.http, "/sign-in", &[("email", &shop.owner.email), ("password", shop.owner.password())]).await;
    assert_eq!(old.status, 401);
    let new =
        send(&w.http, "/sign-in", &[("email", &shop.owner.email), ("password", "a better password")]).await;
    assert_eq!(new.status, 303);
}

#[tokio::test]
async fn the_other_organization_s_pages_do_not_exist() {
    let w = World::start().await;
    let shop = w.tenant("canary-shop").await;
    let agent = shop.agent("canary-agent").await;
    let permission =
        shop.permit(&agent, json!({"effect": "allow", "actions": ["canary.x"], "approval": "always"})).await;
    let asked = agent.verify("canary.x").send().await;
    let (request, approval) = (asked.request_id(), asked.waits());
    let server = shop.server("canary-tools", "https://tools.example/mcp").await;
    let member = shop.member(Role::Auditor).await;
    let stranger = w.tenant("stranger").await.owner;
    for path in [
        format!("/agents/{}", agent.id),
        format!("/policies/{permission}"),
        format!("/approvals/{approval}"),
        format!("/activity/{request}"),
        format!("/tools/{server}"),
    ] {
        shop.owner.page(&path).await.ok();
        let reply = program(&stranger).get(&path).send().await;
        assert!(!reply.text().contains("canary"), "{path}: {}", reply.text());
        reply.refused(Reason::NotFound);
    }
    pages_of_a_stranger(&stranger).await;
    for (path, fields) in [
        (format!("/agents/{}", agent.id), vec![("name", "taken over")]),
        (format!("/agents/{}/disable", agent.id), vec![]),
        (format!("/agents/{}/enable", agent.id), vec![]),
        (format!("/agents/{}/keys", agent.id), vec![("key_name", "x"), ("scope", "verify")]),
        (format!("/keys/{}/rotate", agent.key_id), vec![("overlap", "0")]),
        (format!("/keys/{}/revoke", agent.key_id), vec![]),
        (format!("/policies/{permission}/remove"), vec![]),
        (format!("/approvals/{approval}/grant"), vec![]),
        (format!("/approvals/{approval}/deny"), vec![]),
        (format!("/approvals/{approval}/cancel"), vec![]),
        (format!("/tools/{server}/disable"), vec![]),
        (format!("/tools/{server}/remove"), vec![("confirm", "canary-tools")]),
        (format!("/settings/members/{}/role", member.account), vec![("role", "admin")]),
        (format!("/settings/members/{}/remove", member.account), vec![("confirm", member.email.as_str())]),
    ] {
        let reply = send_as(&stranger, &path, &fields).await;
        assert!(
            reply.status >= 400 && !reply.text().contains("canary"),
            "{path}: {} {}",
            reply.status,
            reply.text()
        );
        assert_eq!(reply.code(), Some(Reason::NotFound), "{path}: {} {}", reply.status, reply.text());
    }
    agent.http.get("/v1/whoami").send().await.ok();
    let state = shop.platform.get(&format!("/v1/approvals/{approval}")).send().await.ok().text_at("/state");
    assert_eq!(state, "waiting");
}

/// Every page without an id: nothing of the other organization stands on one.
async fn pages_of_a_stranger(stranger: &Person) {
    for path in [
        "/",
        "/activity",
        "/activity/tail",
        "/activity/export.csv",
        "/activity/export.json",
        "/approvals",
        "/approvals/waiting",
        "/agents",
        "/policies",
        "/policies/new",
        "/tools",
        "/settings",
        "/search?q=canary",
    ] {
        let page = stranger.page(path).await;
        let text = page.text().replace("q=canary", "").replace("value=\"canary\"", "");
        assert!(page.status < 400 && !text.contains("canary"), "{path}: {} {text}", page.status);
    }
}

#[tokio::test]
async fn what_comes_from_outside_is_shown_as_text() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let words = "<img src=x onerror=alert(1)>\"'{{7*7}}";
    let agent = shop.agent(words).await;
    shop.permit(&agent, json!({"effect": "allow", "actions": ["*"], "approval": "always"})).await;
    let asked = agent.verify(words).resource(words).args(json!({"a": words, words: 1})).send().await;
    let (request, approval) = (asked.request_id(), asked.waits());
    for path in [
        "/".to_owned(),
        "/agents".to_owned(),
        format!("/agents/{}", agent.id),
        "/activity".to_owned(),
        format!("/activity/{request}"),
        "/approvals".to_owned(),
        format!("/approvals/{approval}"),
        "/policies".to_owned(),
    ] {
        let text = shop.owner.page(&path).await.ok().text();
        assert!(!text.contains("<img src=x"), "{path} shows markup from outside");
    }
    let csv = shop.owner.page("/activity/export.csv").await.ok().text();
    assert!(!csv.contains("\n=") && !csv.contains(",="), "{csv}");
}

#[tokio::test]
async fn a_key_whose_end_cannot_be_read_does_not_live_for_ever() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    for (days, status) in [("soon", 422), ("0", 422), ("-3", 422), ("4000", 422), ("30", 200), ("", 200)] {
        let wanted = [("key_name", "k"), ("scope", "verify"), ("days", days)];
        let made = send_as(&shop.owner, "/settings/keys", &wanted).await;
        assert_eq!(made.status, status, "{days:?}: {}", made.text());
    }
}

#[tokio::test]
async fn a_stolen_session_cannot_guess_the_password_on_and_on() {
    let options = Options::default();
    let limits = LimitSettings { auth: Rate::per_minute(3), ..options.limits };
    let w = World::start_with(Options { limits, ..options }).await;
    let shop = w.tenant("shop").await;
    let guess = [("old", "not the password"), ("new", "long enough it is")];
    let mut last = 0;
    for _ in 0..8 {
        last = send_as(&shop.owner, "/settings/password", &guess).await.status;
        if last == 429 {
            break;
        }
    }
    assert_eq!(last, 429);
}
