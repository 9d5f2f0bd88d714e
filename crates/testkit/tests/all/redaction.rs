//! An organization's own redaction rules (RED-1): they are tried before they are saved, hold from the next call on, for
//! that organization alone, and say where they would have hit without ever showing what.

use procura_model::{Reason, Scope};
use procura_testkit::{
    stub::Stub,
    world::{Buyer, Shop, World},
};
use serde_json::{Value, json};

const RULES: &str = "/v1/redaction-rules";
const BADGE: &str = r"\bBADGE-\d{6}\b";

async fn shop_with_stub(w: &World, name: &str) -> (Shop, Buyer, Stub) {
    let shop = w.tenant(name).await;
    let stub = w.upstream().await;
    let agent = shop.with_stub(&stub, json!({})).await;
    (shop, agent, stub)
}

fn rule(name: &str, effect: &str, pattern: &str) -> Value {
    json!({"name": name, "effect": effect, "pattern": pattern})
}

async fn echo(agent: &Buyer, text: &str) -> String {
    agent.call_tool("stub__echo", json!({"text": text})).await.ok().text()
}

#[tokio::test]
async fn a_rule_holds_from_the_next_call_on_until_it_is_removed_and_for_its_organization_alone() {
    let w = World::start().await;
    let (shop, agent, _stub) = shop_with_stub(&w, "shop").await;
    let (_other, stranger, _stub) = shop_with_stub(&w, "other").await;
    assert!(echo(&agent, "his BADGE-123456").await.contains("BADGE-123456"));
    let saved = shop.platform.post(RULES, &rule("badge-number", "redact", BADGE)).send().await.ok();
    assert_eq!(saved.status, 201);
    let called = agent.call_tool("stub__echo", json!({"text": "his BADGE-123456"})).await.ok();
    assert!(called.text().contains("his [redacted:badge-number]"), "{}", called.text());
    let trace = shop.ended_trace(called.request_id()).await.to_string();
    assert!(trace.contains("\"ownRules\":[\"badge-number\"]"), "{trace}");
    assert!(!trace.contains("BADGE-123456"), "what was asked is recorded without it: {trace}");
    assert!(echo(&stranger, "his BADGE-123456").await.contains("BADGE-123456"));
    let path = format!("{RULES}/{}", saved.text_at("/rule/id"));
    let changed = rule("badge-number", "redact", r"\bBADGE-\d{7}\b");
    shop.platform.put(&path, &changed).send().await.ok();
    assert!(echo(&agent, "his BADGE-123456").await.contains("BADGE-123456"));
    assert!(!echo(&agent, "his BADGE-1234567").await.contains("BADGE-1234567"));
    assert_eq!(shop.platform.delete(&path).send().await.status, 204);
    assert!(echo(&agent, "his BADGE-1234567").await.contains("BADGE-1234567"));
    shop.platform.get(&path).send().await.refused(Reason::NotFound);
}

#[tokio::test]
async fn an_allowed_value_stays() {
    let w = World::start().await;
    let (shop, agent, _stub) = shop_with_stub(&w, "shop").await;
    let token = ["sk_", "test_", "4eC39HqLyjWDarjtT1zdp7dc"].concat();
    assert!(!echo(&agent, &format!("the published example is {token}")).await.contains(&token));
    shop.platform.post(RULES, &rule("docs-example", "allow", &token)).send().await.ok();
    assert!(echo(&agent, &format!("the published example is {token}")).await.contains(&token));
    let other = token.replace('4', "5");
    assert!(!echo(&agent, &format!("another is {other}")).await.contains(&other));
}

#[tokio::test]
async fn a_rule_is_tried_on_what_was_recorded_and_says_where_but_never_what() {
    let w = World::start().await;
    let (shop, agent, _stub) = shop_with_stub(&w, "shop").await;
    let called = agent.call_tool("stub__echo", json!({"text": "BADGE-123456 and BADGE-654321"})).await.ok();
    echo(&agent, "nothing of the kind").await;
    let test = format!("{RULES}/test");
    let tried = shop.platform.post(&test, &rule("badge-number", "redact", BADGE)).send().await.ok();
    assert!(!tried.text().contains("BADGE-1") && !tried.text().contains("BADGE-6"), "{}", tried.text());
    assert!(tried.at("/slowestMbPerSecond").as_f64().unwrap() > 0.0, "{}", tried.text());
    assert_eq!((tried.at("/results"), tried.at("/calls")), (json!(2), json!(2)));
    let places = tried.at("/places").as_array().unwrap().clone();
    let parts: Vec<_> = places.iter().map(|place| place["part"].as_str().unwrap()).collect();
    assert!(parts.contains(&"result") && parts.contains(&"arguments"), "{places:?}");
    for place in &places {
        assert_eq!(place["requestId"], json!(called.request_id().to_string()));
        assert_eq!(place["resource"], json!("stub/echo"));
        assert!(place["pointer"].as_str().unwrap().starts_with('/'), "{place}");
    }
    let hits: u64 = places.iter().map(|place| place["hits"].as_u64().unwrap()).sum();
    assert_eq!(tried.at("/hits"), json!(hits));
    assert!(hits >= 4, "two in the arguments and two in the result at least: {places:?}");
    assert_eq!(shop.platform.get(RULES).send().await.ok().at("/items"), json!([]), "nothing was saved");
    let saved = shop.platform.post(RULES, &rule("badge-number", "redact", BADGE)).send().await.ok();
    assert_eq!(saved.at("/trial/hits"), json!(hits), "it is tried when it is saved, too");
    let again = shop.platform.post(&test, &rule("the-same", "redact", BADGE)).send().await.ok();
    assert_eq!(again.at("/hits"), json!(0), "what another rule takes out is not counted");
    let (neighbour, _, _stub) = shop_with_stub(&w, "neighbour").await;
    let theirs = neighbour.platform.post(&test, &rule("badge-number", "redact", BADGE)).send().await.ok();
    assert_eq!(
        (theirs.at("/results"), theirs.at("/calls"), theirs.at("/hits")),
        (json!(0), json!(0), json!(0))
    );
}

#[tokio::test]
async fn a_careless_rule_is_refused_with_what_to_do() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    for (name, effect, pattern, said) in [
        ("broken", "redact", "(", "pattern: "),
        ("empty", "redact", "a*", "empty"),
        ("everything", "redact", r"\w+", "pattern: "),
        ("everything", "allow", ".*", "any secret"),
        ("huge", "redact", r"(\w{1,500}){1,500}", "pattern: "),
        ("Not A Name", "redact", BADGE, "name must"),
        ("Not A Name", "allow", BADGE, "name must"),
        ("", "redact", BADGE, "name must"),
    ] {
        for path in [RULES.to_owned(), format!("{RULES}/test")] {
            let reply = shop.platform.post(&path, &rule(name, effect, pattern)).send().await;
            let sentence = reply.refused(Reason::FieldInvalid).text_at("/error");
            assert!(sentence.contains(said), "{name}: {sentence}");
        }
    }
    shop.platform.post(RULES, &rule("badge", "delete", BADGE)).send().await.refused(Reason::FieldInvalid);
    shop.platform.post(RULES, &rule("badge", "redact", BADGE)).send().await.ok();
    let twin = rule("badge", "redact", r"\bOTHER-\d{6}\b");
    shop.platform.post(RULES, &twin).send().await.refused(Reason::FieldInvalid);
    let reader = shop.platform_key(&[Scope::ReadOrganization]).await;
    reader.get(RULES).send().await.ok();
    reader.post(RULES, &twin).send().await.refused(Reason::ScopeMissing);
    reader.post(&format!("{RULES}/test"), &twin).send().await.refused(Reason::ScopeMissing);
}

#[tokio::test]
async fn a_person_tries_and_saves_a_rule_in_the_console() {
    let w = World::start().await;
    let (shop, agent, _stub) = shop_with_stub(&w, "shop").await;
    echo(&agent, "his BADGE-123456").await;
    let fields = [("name", "badge-number"), ("effect", "redact"), ("pattern", BADGE)];
    let tried = shop.owner.submit("/settings/redaction/try", &fields).await;
    let text = tried.text();
    assert!(
        tried.status == 200 && text.contains("How it does") && text.contains("It would have hit"),
        "{text}"
    );
    assert!(!text.contains("BADGE-123456") && text.contains("/activity/req_"), "{text}");
    assert!(text.contains("value=\"badge-number\""), "what was typed stays: {text}");
    assert_eq!(shop.owner.submit("/settings/redaction", &fields).await.status, 303);
    let listed = shop.owner.page("/settings/redaction").await.ok().text();
    assert!(listed.contains("badge-number") && listed.contains("BADGE-"), "{listed}");
    assert!(!echo(&agent, "his BADGE-123456").await.contains("BADGE-123456"));
    let id = shop.platform.get(RULES).send().await.ok().text_at("/items/0/id");
    let path = format!("/settings/redaction/{id}");
    let wrong = [("name", "badge-number"), ("effect", "redact"), ("pattern", "(")];
    let refused = shop.owner.submit(&path, &wrong).await;
    assert!(refused.status == 422 && refused.text().contains("cannot be read"), "{}", refused.text());
    assert_eq!(shop.owner.submit(&format!("{path}/try"), &fields).await.status, 200);
    assert_eq!(shop.owner.submit(&format!("{path}/remove"), &[]).await.status, 303);
    assert!(echo(&agent, "his BADGE-123456").await.contains("BADGE-123456"));
    let auditor = shop.member(procura_model::Role::Auditor).await;
    let seen = auditor.page("/settings/redaction").await;
    assert!(!seen.text().contains("Save the rule"), "{}", seen.text());
    assert!(auditor.submit("/settings/redaction", &fields).await.status >= 400);
}
