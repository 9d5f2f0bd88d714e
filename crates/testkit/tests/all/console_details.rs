//! What somebody finds on the pages of the console who uses them for the first time: what a form offers can be had, what is
//! shown is what is meant, and what went wrong has a way on.

use http::{Method, header};
use procura_app::{onboarding, recovery};
use procura_model::{Reason, Role, time::HOUR_MS};
use procura_testkit::world::{Http, Person, Reply, World};
use serde_json::{Value, json};

async fn send(http: &Http, path: &str, fields: &[(&str, &str)]) -> Reply {
    let origin = http.base().to_owned();
    http.call(Method::POST, path).form(fields).header("origin", &origin).send().await
}

async fn send_as(person: &Person, path: &str, fields: &[(&str, &str)]) -> Reply {
    let mut all = vec![("form_token", person.form_token.as_str())];
    all.extend_from_slice(fields);
    send(&person.browser.with(header::ACCEPT, "application/json"), path, &all).await
}

/// The text of a page as a person reads it.
fn read(reply: &Reply) -> String {
    reply.text().replace("&quot;", "\"").replace("&#34;", "\"").replace("&#39;", "'").replace("&#38;", "&")
}

#[tokio::test]
async fn every_scope_that_the_form_of_an_agent_s_key_offers_can_be_had() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("buyer").await;
    let page = shop.owner.page(&format!("/agents/{}", agent.id)).await.ok().text();
    let offered: Vec<&str> =
        page.split(r#"name="scope" value=""#).skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(offered.contains(&"verify") && !offered.contains(&"read:permissions"), "{offered:?}");
    for scope in offered {
        let wanted = [("key_name", scope), ("scope", scope), ("days", "")];
        let made = send_as(&shop.owner, &format!("/agents/{}/keys", agent.id), &wanted).await;
        assert_eq!(made.status, 200, "{scope}: {}", made.text());
    }
}

#[tokio::test]
async fn nothing_hides_in_a_trace_and_the_copied_command_asks_the_same() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("buyer").await;
    let note = "pay\u{202e}moc.live\u{200b}";
    let asked = agent.verify(note).resource(note).args(json!({"note": note, note: 1})).send().await;
    for path in [format!("/activity/{}", asked.request_id()), "/activity".to_owned()] {
        let page = shop.owner.page(&path).await.ok();
        let text = page.text();
        assert!(!text.contains(['\u{202e}', '\u{200b}']), "{path} shows what hides");
        assert!(text.contains("pay⟨U+202E⟩moc.live⟨U+200B⟩"), "{path}");
    }
    let page = read(&shop.owner.page(&format!("/activity/{}", asked.request_id())).await.ok());
    let body = page.split("-d '").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
    assert!(body.contains(r"\u202e"), "{body}");
    let again: Value = serde_json::from_str(body).unwrap();
    assert_eq!((&again["action"], &again["args"]["note"]), (&json!(note), &json!(note)));
}

#[tokio::test]
async fn a_new_budget_waits_fifteen_minutes_as_its_form_says() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let page = shop.owner.page("/budgets/new").await.ok().text();
    let unit =
        page.split(r#"name="hold_unit">"#).nth(1).and_then(|rest| rest.split("</select>").next()).unwrap();
    assert!(unit.contains("<option selected>minutes</option>"), "{unit}");
    assert!(page.contains(r#"name="hold_length" type="text" value="15""#), "{page}");
}

#[tokio::test]
async fn the_document_beside_a_form_says_what_the_form_says() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("buyer").await;
    let id = agent.id.to_string();
    let form = [
        ("by", "form"),
        ("effect", "allow"),
        ("actions", "purchase.*"),
        ("max_amount", "5"),
        ("currency", "usd"),
    ];
    let said = read(&send_as(&shop.owner, "/policies/check", &form).await.ok());
    assert!(said.contains("<template data-document>") && said.contains(r#""actions": ["#), "{said}");
    assert!(said.contains("purchase.*") && said.contains(r#""currency": "USD""#), "{said}");
    // What is refused comes back with both views alike, and the currency is complained of once.
    let wrong = [
        ("agent", id.as_str()),
        ("by", "form"),
        ("effect", "allow"),
        ("actions", "purchase.*"),
        ("quorum", "2"),
        ("max_amount", "5"),
        ("currency", "USD"),
    ];
    let page = send_as(&shop.owner, "/policies/new", &wrong).await;
    assert_eq!(page.status, 422);
    let page = read(&page);
    let document = page.split("<textarea id=\"document\"").nth(1).unwrap();
    assert!(document.contains(r#""quorum": 2"#), "{document}");
    let unread = [
        ("by", "form"),
        ("effect", "allow"),
        ("actions", "a"),
        ("max_amount", "5"),
        ("currency", "dollars"),
        ("approval", "above"),
        ("above", "2"),
        ("window_amount", "9"),
        ("window_length", "1"),
        ("window_unit", "days"),
    ];
    let said = read(&send_as(&shop.owner, "/policies/check", &unread).await.ok());
    assert_eq!(said.matches("three letters").count(), 1, "{said}");
    assert!(said.contains("<template data-document></template>"), "{said}");
}

#[tokio::test]
async fn an_agent_that_needs_a_user_for_a_tool_is_named_with_that() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let stub = w.upstream().await;
    shop.server("stub", &stub.url()).await;
    let (plain, bound, other) =
        (shop.agent("plain").await, shop.agent("bound").await, shop.agent("other").await);
    shop.permit_all_tools(&plain).await;
    let condition = json!([{"path": "args.text", "op": "eq", "ref": "user.id"}]);
    let own = json!({"effect": "allow", "actions": ["tool.call"], "conditions": condition});
    shop.permit(&bound, own.clone()).await;
    shop.permit(&other, own).await;
    shop.permit(&other, json!({"effect": "block", "actions": ["tool.call"]})).await;
    let page = shop.owner.page("/tools").await.ok().text();
    let for_user = r#"<bdi>bound</bdi></a> <span class="quiet">for a verified user</span>"#;
    assert!(page.contains(for_user), "{page}");
    assert!(page.contains("<bdi>plain</bdi></a>,") || page.contains("<bdi>plain</bdi></a></td>"), "{page}");
    assert!(!page.contains("<bdi>other</bdi>"), "what is blocked for everybody could be called by nobody");
}

#[tokio::test]
async fn a_server_that_may_not_be_reached_is_added_with_a_warning_and_counted_as_failing() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let stub = w.upstream().await;
    let closed = json!({"name": "closed", "url": "http://10.1.2.3:9/mcp"});
    let added = shop.platform.post("/v1/servers", &closed).send().await;
    assert_eq!(added.status, 201, "{}", added.text());
    assert_eq!(added.at("/warning/code"), "EGRESS_REFUSED", "{}", added.text());
    let open = json!({"name": "open", "url": stub.url()});
    let open = shop.platform.post("/v1/servers", &open).send().await;
    assert_eq!(open.status, 201, "{}", open.text());
    assert_eq!(open.at("/warning"), Value::Null, "{}", open.text());
    shop.owner.page("/tools").await.ok();
    let page = shop.owner.page("/").await.ok().text();
    assert!(page.contains("2 in use") && page.contains("1 of them failing"), "{page}");
}

#[tokio::test]
async fn what_a_search_does_not_find_is_said_within_the_console() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let page = shop.owner.page("/search?id=nonsense").await;
    assert_eq!(page.status, 404);
    assert!(
        page.text().contains("Nothing found") && page.text().contains(r#"aria-label="Pages""#),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn a_link_is_copied_and_a_key_is_stored_and_a_phone_is_not_sent_to_this_machine() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("buyer").await;
    shop.permit(&agent, json!({"effect": "allow", "actions": ["*"], "approval": "always"})).await;
    let approval = agent.verify("pay").send().await.waits();
    let page = send_as(&shop.owner, &format!("/approvals/{approval}/link"), &[]).await.ok().text();
    assert!(page.contains("copied it") && !page.contains("stored it"), "{page}");
    assert!(page.contains("set public_url") && !page.contains("Open it on your phone"), "{page}");
    let sheet = shop.owner.page(&format!("/approvals/{approval}")).await.ok().text();
    assert!(sheet.contains("resource, vendor, amount, user and arguments"), "{sheet}");
    let key = [("key_name", "k"), ("scope", "verify"), ("days", "")];
    let page = send_as(&shop.owner, "/settings/keys", &key).await.ok().text();
    assert!(page.contains("I have stored it"), "{page}");
}

#[tokio::test]
async fn an_owner_who_lost_the_password_comes_back_by_a_link_of_the_operator_that_works_once() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let auditor = shop.member(Role::Auditor).await;
    for email in [auditor.email.as_str(), "nobody@example.com"] {
        assert_eq!(
            recovery::owner_link(&w.app, email).await.unwrap_err().reason(),
            Reason::NotFound,
            "{email}"
        );
    }
    let link = recovery::owner_link(&w.app, &format!(" {} ", shop.owner.email.to_uppercase())).await.unwrap();
    let path = link.show().strip_prefix(w.url()).unwrap().to_owned();
    let look = w.http.get(&path).header("accept", "text/html").send().await.ok();
    assert!(look.text().contains(&shop.owner.email));
    let short = send(&w.http, &path, &[("password", "short")]).await;
    assert_eq!(short.status, 422, "{}", short.text());
    shop.owner.page("/agents").await.ok();
    let new = [("password", "an entirely new one")];
    let done = send(&w.http, &path, &new).await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert!(done.header("set-cookie").starts_with("procura=pcs_"));
    shop.owner
        .browser
        .with(header::ACCEPT, "application/json")
        .get("/agents")
        .send()
        .await
        .refused(Reason::SignInRequired);
    send(&w.http, &path, &new).await.refused(Reason::LinkInvalid);
    let sign_in = async |password: &str| {
        send(&w.http, "/sign-in", &[("email", &shop.owner.email), ("password", password)]).await.status
    };
    assert_eq!((sign_in(shop.owner.password()).await, sign_in("an entirely new one").await), (401, 303));
    assert_eq!(onboarding::setup_link(&w.app).await.unwrap_err().reason(), Reason::SetupDone);
    // Whoever finds an older link must not undo the change.
    let (earlier, used) = (
        recovery::owner_link(&w.app, &shop.owner.email).await.unwrap(),
        recovery::owner_link(&w.app, &shop.owner.email).await.unwrap(),
    );
    let of_another = w.tenant("other").await;
    let theirs = recovery::owner_link(&w.app, &of_another.owner.email).await.unwrap();
    let path_of = |link: &procura_model::ShownOnce| link.show().strip_prefix(w.url()).unwrap().to_owned();
    let paths = [&earlier, &used, &theirs].map(path_of);
    w.http.get(&paths[0]).header("accept", "text/html").send().await.ok();
    assert_eq!(send(&w.http, &paths[1], &[("password", "yet another new one")]).await.status, 303);
    send(&w.http, &paths[0], &new).await.refused(Reason::LinkInvalid);
    assert_eq!((sign_in("an entirely new one").await, sign_in("yet another new one").await), (401, 303));
    assert_eq!(send(&w.http, &paths[2], &new).await.status, 303, "another person's link is as it was");

    let late = recovery::owner_link(&w.app, &shop.owner.email).await.unwrap();
    w.advance_ms(HOUR_MS + 1);
    let path = late.show().strip_prefix(w.url()).unwrap().to_owned();
    send(&w.http, &path, &new).await.refused(Reason::LinkInvalid);
}
