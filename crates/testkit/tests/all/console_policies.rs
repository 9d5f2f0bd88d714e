//! Permissions in the console (VER-2): the form and the text say the same, a check saves nothing, and the tester tells what
//! would be decided without leaving a trace.

use http::{Method, header};
use procura_model::{Reason, Role};
use procura_testkit::world::{Http, Person, Reply, Shop, World};
use serde_json::{Value, json};

/// A browser that asks for JSON, so that a refusal can be read.
fn program(person: &Person) -> Http {
    person.browser.with(header::ACCEPT, "application/json")
}

async fn send_as(person: &Person, path: &str, fields: &[(&str, &str)]) -> Reply {
    let mut all = vec![("form_token", person.form_token.as_str())];
    all.extend_from_slice(fields);
    let http = program(person);
    let origin = http.base().to_owned();
    http.call(Method::POST, path).form(&all).header("origin", &origin).send().await
}

async fn permissions(shop: &Shop, agent: &str) -> Vec<Value> {
    let path = format!("/v1/agents/{agent}/permissions");
    shop.platform.get(&path).send().await.ok().at("/items").as_array().cloned().unwrap_or_default()
}

/// How many requests the organization has on record.
async fn recorded(shop: &Shop) -> usize {
    let activity = shop.platform.get("/v1/activity?limit=100").send().await.ok();
    activity.at("/items").as_array().map_or(0, Vec::len)
}

/// The text of a page as a person reads it.
fn read(reply: &Reply) -> String {
    reply.text().replace("&quot;", "\"").replace("&#34;", "\"").replace("&#39;", "'")
}

const WHOLE: [(&str, &str); 16] = [
    ("by", "form"),
    ("effect", "allow"),
    ("actions", "purchase.*"),
    ("resources", ""),
    ("conditions", "args.to eq ref args.owner"),
    ("max_amount", "500.00"),
    ("currency", "USD"),
    ("window_amount", "2000"),
    ("window_count", "30"),
    ("window_length", "30"),
    ("window_unit", "days"),
    ("hold_length", "1"),
    ("hold_unit", "hours"),
    ("hold_then", "released"),
    ("approval", "always"),
    ("quorum", "2"),
];

#[tokio::test]
async fn windows_quorum_and_shadow_go_through_the_form_and_come_back() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("buyer").await;
    let id = agent.id.to_string();
    let mut fields = vec![("agent", id.as_str()), ("shadow", "on")];
    fields.extend_from_slice(&WHOLE);
    let added = send_as(&shop.owner, "/policies/new", &fields).await;
    assert_eq!(added.status, 303, "{}", added.text());
    let saved = permissions(&shop, &id).await;
    let permission = &saved[0]["permission"];
    assert_eq!(
        permission["window"],
        json!({"amount": {"value": "2000.00", "currency": "USD"}, "count": 30, "per": "P30D",
               "hold": {"lasts": "PT1H", "then": "released"}})
    );
    assert_eq!((&permission["quorum"], &permission["shadow"]), (&json!(2), &json!(true)));
    assert_eq!(permission["conditions"][0]["ref"], "args.owner");
    let page = shop.owner.page(&format!("/policies/{}", permission["id"].as_str().unwrap())).await.ok();
    let text = read(&page);
    for shown in
        ["at most 2000.00 USD and 30 calls within 30 days", "2 people must approve every call", "P30D"]
    {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    let policies = shop.owner.page("/policies").await.ok().text();
    assert!(
        policies.contains("Shadow: allow") && policies.contains(&format!("/agents/{id}/policy")),
        "{policies}"
    );
}

#[tokio::test]
async fn a_check_says_the_sentence_or_the_field_and_saves_nothing() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("buyer").await;
    let id = agent.id.to_string();
    let checked =
        async |fields: &[(&str, &str)]| read(&send_as(&shop.owner, "/policies/check", fields).await.ok());
    let said = checked(&WHOLE).await;
    assert!(said.contains("May do purchase.*") && !said.contains("<html"), "{said}");
    for (document, told) in [
        (
            r#"{"effect":"allow","actions":["a"],"window":{"count":3,"per":"P1D"}}"#,
            "at most 3 calls within 1 day",
        ),
        (r#"{"effect":"allow","actions":["a"],"window":{"per":"P1D"}}"#, "window must have an amount"),
        (r#"{"effect":"allow","actions":["a"],"window":{"count":3,"per":"P1M"}}"#, "window.per"),
        (r#"{"effect":"allow","actions":["a"],"maxCalls":3}"#, "maxCalls is not a known field"),
        (r#"{"effect":"allow","actions":["a"],"quorum":2}"#, "quorum must be left out"),
        (r#"{"effect":"allow","actions":["<b>x</b>"],"user":""}"#, "user must be"),
        ("{", "cannot be read as JSON"),
    ] {
        let said = checked(&[("by", "document"), ("document", document)]).await;
        assert!(said.contains(told) && !said.contains("<b>x"), "{document}: {said}");
    }
    let unfinished =
        checked(&[("by", "form"), ("effect", "allow"), ("actions", "a"), ("window_length", "3")]).await;
    assert!(unfinished.contains("needs an amount, a number of calls, or both"), "{unfinished}");

    // Without a script the button gives the page again: both views show what was sent, and nothing is saved.
    let document = r#"{"effect":"allow","actions":["a"],"window":{"count":3,"per":"P1D"}}"#;
    let by_text = [("agent", id.as_str()), ("by", "document"), ("document", document), ("check", "1")];
    let page = send_as(&shop.owner, "/policies/new", &by_text).await.ok();
    assert!(page.text().contains("at most 3 calls within 1 day"), "{}", page.text());
    assert!(page.text().contains(r#"name="window_count" type="text" value="3""#), "{}", page.text());
    let mut by_form = vec![("agent", id.as_str()), ("check", "1")];
    by_form.extend_from_slice(&WHOLE);
    let page = send_as(&shop.owner, "/policies/new", &by_form).await.ok();
    assert!(read(&page).contains(r#""per": "P30D""#), "{}", page.text());
    let wrong = [("agent", id.as_str()), ("by", "document"), ("document", "{}"), ("check", "1")];
    assert_eq!(send_as(&shop.owner, "/policies/new", &wrong).await.status, 422);
    assert!(permissions(&shop, &id).await.is_empty());

    let auditor = shop.member(Role::Auditor).await;
    send_as(&auditor, "/policies/check", &WHOLE).await.refused(Reason::RoleMissing);
    let mut stale = shop.owner.clone();
    "guess".clone_into(&mut stale.form_token);
    send_as(&stale, "/policies/check", &WHOLE).await.refused(Reason::FormStale);
    let stranger = w.tenant("stranger").await.owner;
    send_as(&stranger, "/policies/new", &by_text).await.refused(Reason::NotFound);
}

#[tokio::test]
async fn the_tester_tells_what_would_be_decided_and_leaves_no_trace() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("buyer").await;
    let window = json!({"effect": "allow", "actions": ["buy"], "vendors": ["x.com"],
        "window": {"amount": {"value": "1000", "currency": "USD"}, "per": "P30D"}});
    let permission = shop.permit(&agent, window).await;
    let shadow = json!({"effect": "block", "actions": ["buy"], "shadow": true});
    shop.permit(&agent, shadow).await;
    let path = format!("/agents/{}/policy", agent.id);
    let page = shop.owner.page(&path).await.ok().text();
    assert!(page.contains("at most 1000.00 USD within 30 days"), "{page}");
    let before = recorded(&shop).await;
    let buy = [("action", "buy"), ("vendor", "x.com"), ("amount", "742"), ("args", r#"{"n": 1}"#)];
    for _ in 0..2 {
        let text = read(&send_as(&shop.owner, &path, &buy).await.ok());
        assert!(text.contains("ALLOWED") && text.contains(&permission), "{text}");
        assert!(text.contains("(shadow) A permission blocks the action"), "{text}");
    }
    assert_eq!(recorded(&shop).await, before, "a test left a trace");
    // Twice tested and nothing held: the whole amount is still there.
    agent.verify("buy").vendor("x.com").amount("742").send().await.allowed();
    let text = read(&send_as(&shop.owner, &path, &buy).await.ok());
    let left = "The amount 742.00 USD exceeds what is left: 258.00 of 1000.00 USD within 30 days";
    assert!(text.contains("BUDGET_EXCEEDED") && text.contains(left), "{text}");
    let text = read(&send_as(&shop.owner, &path, &[("action", "sell")]).await.ok());
    assert!(text.contains("NO_PERMISSION"), "{text}");
}

#[tokio::test]
async fn what_cannot_be_tested_is_said_beside_its_field_and_not_everybody_may() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("buyer").await;
    let path = format!("/agents/{}/policy", agent.id);
    let long = "a".repeat(257);
    for (field, value, told) in [
        ("action", "", "Name an action"),
        ("action", long.as_str(), "action must have 1 to 256 bytes"),
        ("amount", "12,50", "The amount must be a decimal"),
        ("currency", "usd", "three capital letters"),
        ("args", "[1]", "must be a JSON object"),
        ("args", r#"{"a":1,"a":2}"#, "cannot be read as JSON"),
        ("session", "ada", "A session is named by its id"),
    ] {
        let fields = [("action", "buy"), (field, value)];
        let fields = if field == "action" { &fields[1..] } else { &fields };
        let reply = shop.owner.submit(&path, fields).await;
        assert_eq!(reply.status, 422, "{field} {value}: {}", reply.text());
        assert!(read(&reply).contains(told), "{field} {value}: {}", reply.text());
    }
    let unknown = [("action", "buy"), ("session", "ses_01JD9Z3V5M8Q6T2W4X7Y9A1B3C")];
    let reply = shop.owner.submit(&path, &unknown).await;
    assert!(
        reply.status == 401 && reply.text().contains("SESSION_INVALID") || reply.text().contains("session")
    );
    let auditor = shop.member(Role::Auditor).await;
    let page = auditor.page(&path).await.ok().text();
    assert!(!page.contains("name=\"action\""), "{page}");
    send_as(&auditor, &path, &[("action", "buy")]).await.refused(Reason::RoleMissing);
    let stranger = w.tenant("stranger").await.owner;
    program(&stranger).get(&path).send().await.refused(Reason::NotFound);
    send_as(&stranger, &path, &[("action", "buy")]).await.refused(Reason::NotFound);
}

#[tokio::test]
async fn entities_are_added_found_edited_and_removed() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let known = async || shop.platform.get("/v1/entities").send().await.ok().at("/items");
    let add = async |id: &str, properties: &str| {
        let fields = [("kind", "subject"), ("type", "user"), ("id", id), ("properties", properties)];
        send_as(&shop.owner, "/policies/entities", &fields).await
    };
    for (id, properties, told) in [
        ("ada", "{", "properties cannot be read as JSON"),
        ("ada", "[]", "properties must be an object"),
        ("", "{}", "id must have 1 to"),
    ] {
        let refused = add(id, properties).await;
        assert!(refused.status == 422 && refused.text().contains(told), "{}", refused.text());
    }
    assert_eq!(known().await, json!([]));
    let odd = "a/<b>&x=1";
    for id in ["ada", odd] {
        assert_eq!(add(id, r#"{"role": "admin", "level": 1.50}"#).await.status, 303);
    }
    let list = shop.owner.page("/policies/entities?kind=subject&type=user").await.ok().text();
    let href = "/policies/entities/one?kind=subject&#38;type=user&#38;id=a%2F%3Cb%3E%26x%3D1";
    assert!(list.contains(href) && !list.contains("<b>"), "{list}");
    let none = shop.owner.page("/policies/entities?kind=resource").await.ok().text();
    assert!(none.contains("Nothing matches"), "{none}");
    let one = "/policies/entities/one?kind=subject&type=user&id=a%2F%3Cb%3E%26x%3D1";
    let page = read(&shop.owner.page(one).await.ok());
    assert!(page.contains("\"level\": 1.50"), "numbers keep their digits: {page}");
    let fields =
        |properties| [("kind", "subject"), ("type", "user"), ("id", odd), ("properties", properties)];
    let wrong = send_as(&shop.owner, "/policies/entities/one", &fields("7")).await;
    assert!(wrong.status == 422 && wrong.text().contains("must be an object"), "{}", wrong.text());
    let saved = send_as(&shop.owner, "/policies/entities/one", &fields(r#"{"role":"user"}"#)).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    assert_eq!(known().await[0]["properties"], json!({"role": "user"}));
    assert_eq!(send_as(&shop.owner, "/policies/entities/remove", &fields("")).await.status, 303);
    send_as(&shop.owner, "/policies/entities/remove", &fields("")).await.refused(Reason::NotFound);
    assert_eq!(shop.owner.page(one).await.status, 404);
    assert_eq!(known().await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn who_judges_a_type_of_subjects_is_named_on_the_page_of_the_entities() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("judge").await.id.to_string();
    let named = async || {
        let organization = shop.platform.get("/v1/organization").send().await.ok();
        organization.at("/settings/authzenSubjects")
    };
    let name =
        async |fields: &[(&str, &str)]| send_as(&shop.owner, "/policies/entities/judges", fields).await;
    assert_eq!(name(&[("subject_type", "user"), ("agent", &agent)]).await.status, 303);
    assert_eq!(named().await, json!({"user": agent}));
    let page = shop.owner.page("/policies/entities").await.ok().text();
    assert!(page.contains(&format!("/agents/{agent}")), "{page}");
    let refused = name(&[("subject_type", "agent"), ("agent", &agent)]).await;
    assert!(
        refused.status == 422 && refused.text().contains("judged by their own policy"),
        "{}",
        refused.text()
    );
    assert_eq!(name(&[("subject_type", "user")]).await.status, 303);
    assert_eq!(named().await, json!({}));
    let approver = shop.member(Role::Approver).await;
    let refused = send_as(&approver, "/policies/entities/judges", &[("subject_type", "user")]).await;
    refused.refused(Reason::RoleMissing);
}
