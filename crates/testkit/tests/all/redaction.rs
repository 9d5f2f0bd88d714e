//! An organization's own redaction rules (RED-1): they are tried before they are saved, hold from the next call on, for
//! that organization alone, and say where they would have hit without ever showing what.

use procura_cluster::{LimitSettings, Rate};
use procura_model::{Reason, Role, Scope, time::MINUTE_MS};
use procura_testkit::{
    business::signed_token,
    stub::Stub,
    world::{Buyer, Options, Reply, Shop, World},
};
use serde_json::{Value, json};

const RULES: &str = "/v1/redaction-rules";
const TEST: &str = "/v1/redaction-rules/test";
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
async fn a_rule_is_tried_on_what_calls_asked_and_says_where_but_never_what() {
    let w = World::start().await;
    let (shop, agent, _stub) = shop_with_stub(&w, "shop").await;
    let called = agent.call_tool("stub__echo", json!({"text": "BADGE-123456 and BADGE-654321"})).await.ok();
    echo(&agent, "nothing of the kind").await;
    let tried = shop.platform.post(TEST, &rule("badge-number", "redact", BADGE)).send().await.ok();
    assert!(!tried.text().contains("BADGE-1") && !tried.text().contains("BADGE-6"), "{}", tried.text());
    assert!(tried.at("/slowestMbPerSecond").as_f64().unwrap() > 0.0, "{}", tried.text());
    assert_eq!((tried.at("/results"), tried.at("/calls")), (json!(2), json!(2)));
    let places = tried.at("/places").as_array().unwrap().clone();
    assert_eq!(places.len(), 1, "{places:?}");
    assert_eq!(places[0]["requestId"], json!(called.request_id().to_string()));
    assert_eq!(places[0]["resource"], json!("stub/echo"));
    assert_eq!(places[0]["pointer"], json!("/args/text"));
    assert_eq!((places[0]["hits"].clone(), tried.at("/hits")), (json!(2), json!(2)));
    assert_eq!(shop.platform.get(RULES).send().await.ok().at("/items"), json!([]), "nothing was saved");
    let saved = shop.platform.post(RULES, &rule("badge-number", "redact", BADGE)).send().await.ok();
    assert_eq!(saved.at("/trial/hits"), json!(2), "it is tried when it is saved, too");
    let again = shop.platform.post(TEST, &rule("the-same", "redact", BADGE)).send().await.ok();
    assert_eq!(again.at("/hits"), json!(0), "what another rule takes out is not counted");
    let (neighbour, _, _stub) = shop_with_stub(&w, "neighbour").await;
    let theirs = neighbour.platform.post(TEST, &rule("badge-number", "redact", BADGE)).send().await.ok();
    assert_eq!(
        (theirs.at("/results"), theirs.at("/calls"), theirs.at("/hits")),
        (json!(0), json!(0), json!(0))
    );
}

/// What is said of results, which nobody but the agent may read.
fn of_results(tried: &Reply) -> (Value, Value) {
    (tried.at("/resultsHitAtLeast"), tried.at("/resultPlaces"))
}

#[tokio::test]
async fn no_rule_asks_a_single_result_what_it_holds() {
    let w = World::start().await;
    let (shop, agent, _stub) = shop_with_stub(&w, "shop").await;
    let asked = async |pattern: &str| {
        let tried = shop.platform.post(TEST, &rule("guess", "redact", pattern)).send().await.ok();
        assert!(!tried.at("/places").to_string().contains("result"), "{}", tried.text());
        of_results(&tried)
    };
    let mut heard = Vec::new();
    for _ in 0..4 {
        agent.call_tool("stub__benign", json!({})).await.ok();
        heard.push((asked("hello").await, asked("no-such-word").await));
    }
    let nothing = (json!(0), json!([]));
    assert!(heard.iter().all(|(hit, missed)| hit == missed && *hit == nothing), "{heard:?}");
    let word = agent.call_tool("stub__benign", json!({})).await.ok().text();
    let word = word.lines().nth(2).unwrap().split(' ').next().unwrap().to_owned();
    let (count, places) = asked(&word).await;
    assert_eq!(count, json!(5), "{word}");
    let crowd = json!([{"resource": "stub/benign", "pointer": "/content/*/text", "resultsAtLeast": 5}]);
    assert_eq!(places, crowd, "five share a place, and none of them is named");
    for _ in 0..4 {
        agent.call_tool("stub__benign", json!({})).await.ok();
    }
    assert_eq!(asked(&word).await, (json!(5), crowd), "nine are five or more");
}

#[tokio::test]
async fn places_of_results_name_no_user() {
    let w = World::start().await;
    let (shop, agent, _stub) = shop_with_stub(&w, "shop").await;
    let secret = shop.user_signed_token(&agent).await;
    let now = w.app.now().as_ms() / 1_000;
    let payload = json!({"userId": "adalovelace1815", "email": "ada@lovelace.example", "exp": now + 600});
    let acting = agent.acting_in(&agent.open_session(&signed_token(&payload, &secret)).await.ok());
    for _ in 0..5 {
        let arguments = json!({"orders": {"adalovelace1815": "BADGE-123456"}});
        acting.call_tool("stub__echo", arguments).await.ok();
    }
    let tried = shop.platform.post(TEST, &rule("badge-number", "redact", BADGE)).send().await.ok();
    let (count, places) = of_results(&tried);
    assert_eq!(count, json!(5), "{}", tried.text());
    assert!(!places.as_array().unwrap().is_empty(), "{places}");
    assert!(tried.at("/hits") == json!(5), "{}", tried.text());
    assert!(!tried.text().contains("lovelace"), "{}", tried.text());
}

/// The name of a tool that there is not is the caller's own word. It is cut in the record, and a half of a value is not
/// known again: so the values go first.
#[tokio::test]
async fn the_name_of_an_unknown_tool_is_recorded_without_what_lies_across_its_cut() {
    let w = World::start().await;
    let (shop, agent, _stub) = shop_with_stub(&w, "shop").await;
    let secret = shop.user_signed_token(&agent).await;
    let now = w.app.now().as_ms() / 1_000;
    let payload = json!({"userId": "adalovelace1815", "email": "ada@lovelace.example", "exp": now + 600});
    let acting = agent.acting_in(&agent.open_session(&signed_token(&payload, &secret)).await.ok());
    shop.platform.post(RULES, &rule("badge-number", "redact", r"BADGE-\d{6}")).send().await.ok();
    let token = ["gh", "p_", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0xL3nR6"].concat();
    for (value, halves) in [
        (token.as_str(), ["ghp_", "aB3dE6"]),
        ("adalovelace1815", ["adalo", "lovel"]),
        ("ada@lovelace.example", ["ada@", "lovel"]),
        ("BADGE-123456", ["BADGE", "1234"]),
    ] {
        for before in [200 - value.len() / 2, 199, 10] {
            let name = format!("stub__{}.{value}.{}", "x".repeat(before - 7), "y".repeat(300));
            let called = acting.call_tool(&name, json!({})).await.denied(Reason::ToolUnknown);
            let trace = shop.trace(called.request_id()).await.ok().text();
            assert!(trace.contains("stub__") && !trace.contains(&"y".repeat(200)), "{trace}");
            for half in halves {
                assert!(!trace.contains(half), "{half} of {value} after {before}: {trace}");
            }
        }
    }
}

#[tokio::test]
async fn each_try_is_in_the_record_by_a_digest_that_tells_nobody_the_pattern() {
    let w = World::start().await;
    let (shop, other) = (w.tenant("shop").await, w.tenant("other").await);
    let digest_in = async |shop: &Shop, reply: &Reply, kind: &str| {
        let trace = shop.trace(reply.request_id()).await.ok().text();
        assert!(trace.contains(kind) && !trace.contains("BADGE"), "{trace}");
        let (_, rest) = trace.split_once("\"patternDigest\":\"").unwrap_or_else(|| panic!("{trace}"));
        rest.split('"').next().unwrap().to_owned()
    };
    let tried = shop.platform.post(TEST, &rule("badge", "redact", BADGE)).send().await.ok();
    let digest = digest_in(&shop, &tried, "redaction_rule.tried").await;
    assert_eq!(digest.len(), 64);
    assert_ne!(digest, procura_model::Digest::of(BADGE.as_bytes()).hex(), "whoever guesses could check it");
    let again = shop.platform.post(TEST, &rule("other-name", "redact", BADGE)).send().await.ok();
    assert_eq!(
        digest_in(&shop, &again, "redaction_rule.tried").await,
        digest,
        "the same pattern is known again"
    );
    let theirs = other.platform.post(TEST, &rule("badge", "redact", BADGE)).send().await.ok();
    assert_ne!(digest_in(&other, &theirs, "redaction_rule.tried").await, digest, "in its organization alone");
    let saved = shop.platform.post(RULES, &rule("badge", "redact", BADGE)).send().await.ok();
    assert_eq!(digest_in(&shop, &saved, "redaction_rule.created").await, digest);
}

#[tokio::test]
async fn rules_are_tried_ten_times_a_minute_by_each_person_and_by_all_keys_together() {
    let options = Options::default();
    let limits = LimitSettings { rule_trials: LimitSettings::default().rule_trials, ..options.limits };
    assert_eq!(limits.rule_trials, Rate::per_minute(10));
    let w = World::start_with(Options { limits, ..options }).await;
    let (shop, other) = (w.tenant("shop").await, w.tenant("other").await);
    let second = shop.platform_key(&[Scope::WriteOrganization, Scope::ReadActivity]).await;
    let body = rule("badge", "redact", BADGE);
    for number in 0..10 {
        let key = if number % 2 == 0 { &shop.platform } else { &second };
        key.post(TEST, &body).send().await.ok();
    }
    for key in [&shop.platform, &second] {
        let refused = key.post(TEST, &body).send().await.refused(Reason::RateLimited);
        assert!(!refused.header("retry-after").is_empty());
    }
    shop.platform.post(RULES, &body).send().await.refused(Reason::RateLimited);
    assert_eq!(shop.platform.get(RULES).send().await.ok().at("/items"), json!([]), "it was not saved");
    other.platform.post(TEST, &body).send().await.ok();
    let fields = [("name", "badge"), ("effect", "redact"), ("pattern", BADGE)];
    for _ in 0..10 {
        assert_eq!(shop.owner.submit("/settings/redaction/try", &fields).await.status, 200);
    }
    assert_eq!(shop.owner.submit("/settings/redaction/try", &fields).await.status, 429);
    let admin = shop.member(Role::Admin).await;
    assert_eq!(admin.submit("/settings/redaction/try", &fields).await.status, 200);
    w.advance_ms(MINUTE_MS);
    shop.platform.post(TEST, &body).send().await.ok();
}

/// What a rule would hit tells of what was recorded (SCR and RED ask the same of whoever reads it).
#[tokio::test]
async fn whoever_tries_a_rule_may_read_what_it_is_tried_on() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let writer = shop.platform_key(&[Scope::ReadOrganization, Scope::WriteOrganization]).await;
    let body = rule("badge", "redact", BADGE);
    for path in [TEST, RULES] {
        writer.post(path, &body).send().await.refused(Reason::ScopeMissing);
    }
    let saved = shop.platform.post(RULES, &body).send().await.ok();
    let path = format!("{RULES}/{}", saved.text_at("/rule/id"));
    writer.put(&path, &body).send().await.refused(Reason::ScopeMissing);
    let reader = shop.platform_key(&[Scope::WriteOrganization, Scope::ReadActivity]).await;
    reader.post(TEST, &rule("other", "redact", BADGE)).send().await.ok();
    assert_eq!(writer.delete(&path).send().await.status, 204, "removing one tells nothing");
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
        ("long-ones", "allow", "[A-Za-z0-9]{28,}", "any secret"),
        ("of-github", "allow", "gh[pousr]_[A-Za-z0-9]{36}", "like a github-token of 40 characters"),
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
    assert!(text.contains("fewer than 5"), "one result is not told from none: {text}");
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

/// The sentence of a decision quotes what was asked.
#[tokio::test]
async fn a_recorded_sentence_quotes_nothing_that_a_rule_takes_out() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("agent").await;
    let condition = json!({"path": "args.badge", "op": "eq", "value": "BADGE-000000"});
    shop.permit(&agent, json!({"effect": "allow", "actions": ["door.open"], "conditions": [condition]}))
        .await;
    let ask = || agent.verify("door.open").args(json!({"badge": "OTHER-123456"})).send();
    let before = shop.trace(ask().await.request_id()).await.ok().text();
    assert!(before.contains("OTHER-123456"), "{before}");
    shop.platform.post(RULES, &rule("badge", "redact", r"OTHER-\d{6}")).send().await.ok();
    let answered = ask().await;
    let trace = shop.trace(answered.request_id()).await.ok().text();
    assert!(!trace.contains("OTHER-123456"), "{trace}");
    assert!(trace.matches("[redacted:badge]").count() >= 2, "in the ask, and in the sentence: {trace}");
    assert!(answered.0.text_at("/reason").contains("OTHER-123456"), "the agent is told of its own ask");
}

/// Whoever agrees has to see to what: a part that is hidden could be any. What a rule takes out of records and results
/// stays in the ask that a person decides on, and on no other page.
#[tokio::test]
async fn whoever_decides_sees_the_ask_whole_and_the_record_of_it_does_not() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("agent").await;
    shop.permit(&agent, json!({"effect": "allow", "actions": ["*"], "approval": "always"})).await;
    shop.platform.post(RULES, &rule("badge", "redact", BADGE)).send().await.ok();
    let ask = async |badge: &str| {
        let body = json!({"action": "door.open", "args": {"badge": badge}});
        agent.http.post("/v1/verify", &body).send().await.ok()
    };
    let (one, other) = (ask("BADGE-123456").await, ask("BADGE-654321").await);
    for (asked, badge) in [(&one, "BADGE-123456"), (&other, "BADGE-654321")] {
        let page = shop.owner.page(&format!("/approvals/{}", asked.text_at("/approvalId"))).await.ok().text();
        assert!(page.contains(badge), "two asks that differ must not look alike: {page}");
        let trace = shop.trace(asked.request_id()).await.ok().text();
        assert!(trace.contains("approval.requested") && !trace.contains(badge), "{trace}");
    }
    let id = one.text_at("/approvalId");
    shop.approve(&id).await.unwrap();
    assert_eq!(ask("BADGE-123456").await.at("/decision"), json!("allow"), "the digest is of the true ask");
}
