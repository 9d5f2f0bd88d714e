//! AuthZEN (OpenID Authorization API 1.0) as its certification asks: the fixture of two people and two records, the
//! eight decisions, every property of the form that a server made of the usual parts gets wrong, batches, searches,
//! discovery. What the interop events ask is in `interop`, asking a person in `requests`.

mod entities;
mod interop;
mod requests;

use procura_model::{Reason, Scope};
use procura_testkit::world::{Buyer, Call, Http, Reply, Shop, World};
use serde_json::{Value, json};

pub(crate) const EVALUATION: &str = "/access/v1/evaluation";
pub(crate) const EVALUATIONS: &str = "/access/v1/evaluations";

/// The certification's world: alice owns two records, of which one is archived; bob is an admin.
struct Pdp {
    w: World,
    shop: Shop,
    agent: Buyer,
}

impl Pdp {
    async fn start() -> Self {
        let w = World::start().await;
        let shop = w.tenant("shop").await;
        let agent = shop.agent("pep").await;
        for (kind, of_type, id, properties) in [
            ("subject", "user", "alice", json!({"role": "user"})),
            ("subject", "user", "bob", json!({"role": "admin"})),
            ("resource", "record", "record-1", json!({"status": "active", "owner": "alice"})),
            ("resource", "record", "record-2", json!({"status": "archived", "owner": "alice"})),
        ] {
            tell(&shop, (kind, of_type, id), &properties).await;
        }
        let owns = json!({"path": "args.resource.owner", "op": "eq", "ref": "args.subject.id"});
        let is = |path: &str, value: Value| json!({"path": path, "op": "eq", "value": value});
        for (action, conditions) in [
            ("read", json!([])),
            ("write", json!([owns, is("args.resource.status", json!("active"))])),
            (
                "write",
                json!([
                    is("args.resource.status", json!("archived")),
                    is("args.subject.role", json!("admin"))
                ]),
            ),
            ("delete", json!([owns, is("args.action.soft", json!(true))])),
        ] {
            let permission = json!({"effect": "allow", "actions": [action], "resources": ["record/*"],
                "conditions": conditions});
            shop.permit(&agent, permission).await;
        }
        Self { w, shop, agent }
    }

    fn post(&self, path: &str, body: &Value) -> Call {
        self.agent.http.post(path, body)
    }

    async fn decides(&self, body: &Value) -> bool {
        decision(&self.post(EVALUATION, body).send().await)
    }
}

/// Tells of an entity.
pub(crate) async fn tell(shop: &Shop, (kind, of_type, id): (&str, &str, &str), properties: &Value) {
    let encoded: String =
        form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>().replace('+', "%20");
    let path = format!("/v1/entities/{kind}/{of_type}/{encoded}");
    shop.platform.put(&path, &json!({"properties": properties})).send().await.ok();
}

/// The decision of an answer, which must be one.
#[track_caller]
pub(crate) fn decision(reply: &Reply) -> bool {
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.at("/decision").as_bool().unwrap_or_else(|| panic!("no decision in {}", reply.text()))
}

/// Demands an error of AuthZEN's form: this status, and one string.
#[track_caller]
pub(crate) fn error(reply: &Reply, status: u16) {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert_eq!(reply.header("content-type"), "text/plain; charset=utf-8");
    assert!(!reply.text().is_empty() && !reply.text().starts_with('{'), "{}", reply.text());
}

fn ask(subject: &str, action: &str, resource: &str) -> Value {
    json!({"subject": {"type": "user", "id": subject}, "action": {"name": action},
        "resource": {"type": "record", "id": resource}})
}

fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (at, member) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(at).unwrap().as_object_mut().unwrap().insert(member.to_owned(), value);
    body
}

fn without(mut body: Value, pointer: &str) -> Value {
    let (at, member) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(at).unwrap().as_object_mut().unwrap().remove(member);
    body
}

/// The eight decisions that every conforming server gives.
fn eight() -> Vec<(Value, bool)> {
    let soft =
        |soft: bool| with(ask("alice", "delete", "record-1"), "/action/properties", json!({"soft": soft}));
    let archived = |subject: &str| {
        with(ask(subject, "write", "record-1"), "/resource/properties", json!({"status": "archived"}))
    };
    vec![
        (ask("alice", "read", "record-1"), true),
        (ask("alice", "write", "record-1"), true),
        (ask("bob", "read", "record-1"), true),
        (ask("bob", "write", "record-1"), false),
        (archived("alice"), false),
        (with(archived("alice"), "/subject/properties", json!({"role": "admin"})), true),
        (soft(true), true),
        (soft(false), false),
    ]
}

#[tokio::test]
async fn the_eight_decisions_are_given() {
    let pdp = Pdp::start().await;
    for (body, expected) in eight() {
        assert_eq!(pdp.decides(&body).await, expected, "{body}");
    }
    let told = with(ask("bob", "write", "record-2"), "/context", json!({"time": "2026-11-22T12:00:00Z"}));
    assert!(pdp.decides(&told).await, "what is told of bob and record-2 counts where nothing is sent");
    let plain = pdp.post(EVALUATION, &ask("alice", "read", "record-1")).send().await;
    assert_eq!(plain.json(), json!({"decision": true}), "a yes that needs nothing says no more");
    let denied = pdp.post(EVALUATION, &ask("bob", "write", "record-1")).send().await;
    assert_eq!(denied.header("content-type"), "application/json");
    assert_eq!(denied.at("/context/reason"), json!("policy_denied"));
    assert!(denied.text_at("/context/message").contains("args.resource"), "{}", denied.text());
    assert_eq!(denied.text_at("/context/evaluation_id"), denied.request_id().to_string());
}

#[tokio::test]
async fn what_the_standard_does_not_know_means_nothing_and_what_it_knows_is_strict() {
    let pdp = Pdp::start().await;
    let good = ask("alice", "read", "record-1");
    for (pointer, value) in [
        ("/extra", json!({"a": 1})),
        ("/subject/identity", json!(7)),
        ("/action/verb", json!([])),
        ("/resource/ownerID", json!(null)),
        ("/evaluations", json!("not looked at here")),
        ("/context", json!({})),
        ("/context", json!({"nested": {"deep": [1, 2.5, null, true, "é"]}})),
        ("/subject/properties", json!({})),
    ] {
        assert!(pdp.decides(&with(good.clone(), pointer, value)).await, "{pointer}");
    }
    for bad in [
        without(good.clone(), "/subject"),
        without(good.clone(), "/action"),
        without(good.clone(), "/resource"),
        without(good.clone(), "/subject/type"),
        without(good.clone(), "/subject/id"),
        without(good.clone(), "/action/name"),
        without(good.clone(), "/resource/type"),
        without(good.clone(), "/resource/id"),
        with(good.clone(), "/subject", json!("alice")),
        with(good.clone(), "/subject", json!([])),
        with(good.clone(), "/subject", json!(null)),
        with(good.clone(), "/subject/id", json!(7)),
        with(good.clone(), "/subject/type", json!({})),
        with(good.clone(), "/action/name", json!(7)),
        with(good.clone(), "/action/name", json!(true)),
        with(good.clone(), "/resource/id", json!(["record-1"])),
        with(good.clone(), "/context", json!([])),
        with(good.clone(), "/context", json!("now")),
        with(good.clone(), "/subject/properties", json!("role=admin")),
        with(good.clone(), "/resource/properties", json!(1)),
        json!([good.clone()]),
        json!("alice may read"),
        json!({}),
    ] {
        error(&pdp.post(EVALUATION, &bad).send().await, 400);
    }
}

#[tokio::test]
async fn bodies_that_are_none_are_400() {
    let pdp = Pdp::start().await;
    let good = ask("alice", "read", "record-1").to_string();
    let send = |content_type: &str, body: &str| {
        let call = pdp.agent.http.call(http::Method::POST, EVALUATION).bytes(body.to_owned());
        if content_type.is_empty() { call } else { call.header("content-type", content_type) }
    };
    for content_type in ["", "text/plain", "application/x-www-form-urlencoded", "application/xml", "json"] {
        error(&send(content_type, &good).send().await, 400);
    }
    for body in ["", " ", "{", "nonsense", "null", r#"{"subject":}"#, r#"{"subject":1,"subject":2}"#] {
        error(&send("application/json", body).send().await, 400);
    }
    for content_type in
        ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"]
    {
        assert!(decision(&send(content_type, &good).send().await), "{content_type}");
    }
}

#[tokio::test]
async fn the_caller_s_request_id_is_sent_back_as_it_came() {
    let pdp = Pdp::start().await;
    let id = "bfe9eb29-ab87-4ca3-be83-a1d5d8305716";
    let good = ask("alice", "read", "record-1");
    let reply = pdp.post(EVALUATION, &good).header("x-request-id", id).send().await;
    assert_eq!((decision(&reply), reply.header("x-request-id")), (true, id));
    let ours = reply.header("procura-request-id").parse().unwrap();
    let trace = pdp.shop.trace(ours).await.ok().text();
    assert!(trace.contains(id), "the record knows the caller's name for it: {trace}");
    for (call, status) in [
        (pdp.post(EVALUATION, &json!({})), 400),
        (pdp.w.http.post(EVALUATION, &good), 401),
        (pdp.agent.http.get(EVALUATION), 405),
        (pdp.agent.http.get("/access/v1/nothing"), 404),
    ] {
        let reply = call.header("x-request-id", id).send().await;
        error(&reply, status);
        assert_eq!(reply.header("x-request-id"), id, "{status}");
    }
    let without = pdp.post(EVALUATION, &good).send().await;
    assert!(without.header("x-request-id").starts_with("req_"));
    assert_eq!(without.header("procura-request-id"), "");
    let elsewhere = pdp.agent.http.post("/v1/verify", &json!({"action": "read"}));
    let elsewhere = elsewhere.header("x-request-id", id).send().await;
    assert!(elsewhere.header("x-request-id").starts_with("req_"), "our own API names its requests itself");
}

#[tokio::test]
async fn who_may_not_ask_gets_no_decision() {
    let pdp = Pdp::start().await;
    let good = ask("alice", "read", "record-1");
    let search = json!({"subject": {"type": "user"}, "action": {"name": "read"},
        "resource": {"type": "record", "id": "record-1"}});
    let without_scope = pdp.shop.platform_key(&[Scope::ReadAgents]).await;
    for (path, body) in [
        (EVALUATION, &good),
        (EVALUATIONS, &good),
        ("/access/v1/search/subject", &search),
        ("/access/v1/search/resource", &good),
        ("/access/v1/search/action", &good),
        ("/access/v1/requests", &good),
    ] {
        let nobody = pdp.w.http.post(path, body).send().await;
        error(&nobody, 401);
        assert_eq!(nobody.header("www-authenticate"), "Bearer realm=\"procura\"");
        error(&pdp.w.http.with_key("pca_nonsense").post(path, body).send().await, 401);
        error(&without_scope.post(path, body).send().await, 403);
        error(&pdp.shop.owner.browser.post(path, body).header("accept", "text/html").send().await, 401);
    }
    let task = "/access/v1/requests/apr_01JD9Z3V5M8Q6T2W4X7Y9A1B3C";
    error(&pdp.w.http.get(task).send().await, 401);
    error(&without_scope.get(task).send().await, 403);
    error(&pdp.agent.http.get(task).send().await, 404);
}

#[tokio::test]
async fn whom_nobody_judges_may_do_nothing() {
    let pdp = Pdp::start().await;
    let other = pdp.shop.agent("other").await;
    let about = |of_type: &str, id: &str| {
        with(ask("x", "read", "record-1"), "/subject", json!({"type": of_type, "id": id}))
    };
    let by = async |http: &Http, body: &Value| http.post(EVALUATION, body).send().await;
    let (own, own_id) = (&pdp.agent.http, pdp.agent.id.to_string());
    assert!(decision(&by(own, &about("agent", &own_id)).await));
    assert!(decision(&by(own, &about("agent", "pep")).await), "an agent is known by its name too");
    for id in [other.id.to_string().as_str(), "other", "nobody"] {
        let reply = by(own, &about("agent", id)).await;
        assert!(!decision(&reply));
        assert_eq!(reply.at("/context/code"), json!("AGENT_MISMATCH"), "{id}");
    }
    let platform = &pdp.shop.platform;
    assert!(decision(&by(platform, &about("agent", &own_id)).await));
    assert!(decision(&by(platform, &about("agent", "pep")).await));
    assert!(!decision(&by(platform, &about("agent", "other")).await), "it has no permission");
    for (of_type, id) in [("agent", "nobody"), ("user", "alice"), ("service", "x")] {
        let reply = by(platform, &about(of_type, id)).await;
        assert!(!decision(&reply));
        assert_eq!(reply.at("/context/code"), json!("NOT_FOUND"), "{of_type}");
    }
    let named = json!({"authzenSubjects": {"user": own_id}});
    let settings = platform.patch("/v1/organization", &named).send().await.ok();
    assert_eq!(settings.at("/settings/authzenSubjects"), named["authzenSubjects"]);
    assert!(decision(&by(platform, &about("user", "alice")).await), "in force at the next request");
    assert!(!decision(&by(platform, &about("service", "x")).await));
    pdp.shop.platform.post(&format!("/v1/agents/{own_id}/disable"), &json!({})).send().await.ok();
    let disabled = by(platform, &about("user", "alice")).await;
    assert_eq!((decision(&disabled), disabled.at("/context/code")), (false, json!("AGENT_DISABLED")));
}

#[tokio::test]
async fn another_organization_s_agents_and_entities_are_nobody_s() {
    let pdp = Pdp::start().await;
    let stranger = pdp.w.tenant("stranger").await;
    let theirs = stranger.agent("theirs").await;
    stranger
        .permit(
            &theirs,
            json!({"effect": "allow", "actions": ["write"],
        "conditions": [{"path": "args.subject.role", "op": "eq", "value": "admin"}]}),
        )
        .await;
    let about = with(
        ask("x", "read", "record-1"),
        "/subject",
        json!({"type": "agent", "id": pdp.agent.id.to_string()}),
    );
    for http in [&stranger.platform, &theirs.http] {
        assert!(!decision(&http.post(EVALUATION, &about).send().await));
        let bob = ask("bob", "write", "record-1");
        assert!(!decision(&http.post(EVALUATION, &bob).send().await), "bob is an admin elsewhere");
        let search = json!({"subject": {"type": "user"}, "action": {"name": "write"},
            "resource": {"type": "record", "id": "record-1"}});
        let found = http.post("/access/v1/search/subject", &search).send().await.ok();
        assert_eq!(found.at("/results"), json!([]));
    }
    let wrong = json!({"authzenSubjects": {"user": pdp.agent.id.to_string()}});
    stranger.platform.patch("/v1/organization", &wrong).send().await.refused(Reason::FieldInvalid);
}

#[tokio::test]
async fn a_batch_answers_in_order_and_stops_where_it_is_told() {
    let pdp = Pdp::start().await;
    let item = |action: &str| json!({"action": {"name": action}});
    let batch = |semantic: Option<&str>, items: Value| {
        let body = with(ask("bob", "read", "record-1"), "/evaluations", items);
        match semantic {
            None => body,
            Some(word) => with(body, "/options", json!({"evaluations_semantic": word, "other": 1})),
        }
    };
    let items = json!([{}, item("write"), item("read"), item("write")]);
    for (semantic, expected) in [
        (None, &[true, false, true, false][..]),
        (Some("execute_all"), &[true, false, true, false]),
        (Some("deny_on_first_deny"), &[true, false]),
        (Some("permit_on_first_permit"), &[true]),
    ] {
        let reply = pdp.post(EVALUATIONS, &batch(semantic, items.clone())).send().await.ok();
        let answers = reply.at("/evaluations");
        let decisions: Vec<bool> =
            answers.as_array().unwrap().iter().map(|one| one["decision"].as_bool().unwrap()).collect();
        assert_eq!(decisions, expected, "{semantic:?}");
        assert!(reply.json().get("decision").is_none());
    }
    for empty in [json!([])] {
        let single = pdp.post(EVALUATIONS, &batch(None, empty)).send().await;
        assert!(decision(&single) && single.json().get("evaluations").is_none());
    }
    assert!(decision(&pdp.post(EVALUATIONS, &ask("bob", "read", "record-1")).send().await));
    for bad in [
        batch(Some("maybe"), items.clone()),
        batch(None, json!({})),
        batch(None, json!("all")),
        with(batch(None, items.clone()), "/options", json!({"evaluations_semantic": 7})),
        with(batch(None, items.clone()), "/options", json!([])),
    ] {
        error(&pdp.post(EVALUATIONS, &bad).send().await, 400);
    }
}

#[tokio::test]
async fn an_item_overrides_wholly_and_fails_alone() {
    let pdp = Pdp::start().await;
    let archived = json!({"type": "record", "id": "record-1", "properties": {"status": "archived"}});
    let above = with(ask("alice", "write", "record-1"), "/resource", archived);
    let items = json!([
        {},
        {"resource": {"type": "record", "id": "record-1"}},
        {"subject": {"type": "user", "id": "bob"}},
        {"action": {"name": 7}},
        {"resource": {"type": "record"}},
        {"context": "now"},
        7,
    ]);
    let reply = pdp.post(EVALUATIONS, &with(above.clone(), "/evaluations", items)).send().await.ok();
    let answers = reply.at("/evaluations");
    let decisions: Vec<bool> =
        answers.as_array().unwrap().iter().map(|one| one["decision"].as_bool().unwrap()).collect();
    assert_eq!(decisions, [false, true, true, false, false, false, false], "{}", reply.text());
    for index in 3..7 {
        assert_eq!(answers[index]["context"]["error"]["status"], json!(400), "{answers}");
        assert!(!answers[index]["context"]["error"]["message"].as_str().unwrap().is_empty());
    }
    let named = answers[0]["context"]["evaluation_id"].as_str().unwrap();
    assert_eq!(named, format!("{}.1", reply.request_id()));
    let bare =
        json!({"evaluations": [ask("alice", "read", "record-1"), {"subject": {"type": "user", "id": "x"}}]});
    let reply = pdp.post(EVALUATIONS, &bare).send().await.ok();
    assert_eq!(reply.at("/evaluations/0/decision"), json!(true), "nothing need stand above");
    assert_eq!(reply.at("/evaluations/1/context/error/status"), json!(400));
    let records = pdp.shop.trace(reply.request_id()).await.ok();
    assert!(records.text().contains("record/record-1"), "{}", records.text());
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
async fn searches_find_what_evaluations_permit() {
    let pdp = Pdp::start().await;
    let search = async |what: &str, body: &Value| {
        pdp.post(&format!("/access/v1/search/{what}"), body).send().await.ok()
    };
    let user = |id: &str| json!({"type": "user", "id": id});
    let record = |id: &str| json!({"type": "record", "id": id});
    // Subjects.
    let who = |action: &str, of: &str| json!({"subject": {"type": "user"}, "action": {"name": action}, "resource": record(of)});
    assert_eq!(
        search("subject", &who("read", "record-1")).await.json(),
        json!({"results": [user("alice"), user("bob")]})
    );
    assert_eq!(search("subject", &who("write", "record-1")).await.at("/results"), json!([user("alice")]));
    assert_eq!(search("subject", &who("write", "record-2")).await.at("/results"), json!([user("bob")]));
    // Resources.
    let which = |of: &str, action: &str| json!({"subject": user(of), "action": {"name": action}, "resource": {"type": "record"}});
    assert_eq!(
        search("resource", &which("alice", "write")).await.at("/results"),
        json!([record("record-1")])
    );
    assert_eq!(search("resource", &which("bob", "write")).await.at("/results"), json!([record("record-2")]));
    // Actions; the property of an action cannot be said where the action is what is searched for.
    let what = |of: &str, on: &str| json!({"subject": user(of), "resource": record(on)});
    let name = |name: &str| json!({"name": name});
    let found = search("action", &what("alice", "record-1")).await.at("/results");
    // Permissions that were made at the same moment stand in no order.
    assert_eq!(found.as_array().unwrap().len(), 2, "{found}");
    for expected in [name("read"), name("write")] {
        assert!(found.as_array().unwrap().contains(&expected), "{found}");
    }
    assert_eq!(search("action", &what("bob", "record-1")).await.at("/results"), json!([name("read")]));
    // An id that is sent for what is searched for is not looked at, whatever it is.
    for id in [json!("bob"), json!("nobody"), json!(7), json!(null)] {
        let body = with(who("write", "record-1"), "/subject/id", id);
        assert_eq!(search("subject", &body).await.at("/results"), json!([user("alice")]));
    }
    assert_eq!(
        search("action", &with(what("bob", "record-1"), "/action", json!({"name": "write"})))
            .await
            .at("/results"),
        json!([name("read")])
    );
    // Unknown types and ids find nothing, and are no errors.
    for body in [
        with(who("read", "record-1"), "/subject/type", json!("robot")),
        with(who("dance", "record-1"), "/subject/type", json!("user")),
        with(who("write", "record-9"), "/subject/type", json!("user")),
    ] {
        assert_eq!(search("subject", &body).await.at("/results"), json!([]), "{body}");
    }
    let planet = with(which("alice", "read"), "/resource/type", json!("planet"));
    assert_eq!(search("resource", &planet).await.json(), json!({"results": []}));
    assert_eq!(search("resource", &which("carol", "write")).await.at("/results"), json!([]));
    let planet = with(what("alice", "x"), "/resource/type", json!("planet"));
    assert_eq!(search("action", &planet).await.at("/results"), json!([]));
    // What else is known is judged too.
    let admin = with(which("alice", "write"), "/subject/properties", json!({"role": "admin"}));
    assert_eq!(
        search("resource", &admin).await.at("/results"),
        json!([record("record-1"), record("record-2")])
    );
    for bad in [
        without(who("read", "record-1"), "/action"),
        without(who("read", "record-1"), "/subject"),
        without(who("read", "record-1"), "/resource/id"),
        with(who("read", "record-1"), "/page", json!([])),
        with(who("read", "record-1"), "/context", json!(1)),
    ] {
        error(&pdp.post("/access/v1/search/subject", &bad).send().await, 400);
    }
}

#[tokio::test]
async fn pages_of_a_search_hold_everything_once() {
    let pdp = Pdp::start().await;
    for n in 0..23 {
        tell(&pdp.shop, ("resource", "record", &format!("n{n:02}")), &json!({"owner": "alice"})).await;
    }
    let body = |page: Value| {
        json!({"subject": {"type": "user", "id": "alice"}, "action": {"name": "read"},
            "resource": {"type": "record"}, "page": page})
    };
    let (mut seen, mut token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = json!({"limit": 5, "token": token, "properties": {"sort": "any"}});
        let reply = pdp.post("/access/v1/search/resource", &body(page)).send().await.ok();
        let results = reply.at("/results").as_array().unwrap().clone();
        assert_eq!(reply.at("/page/count"), json!(results.len()));
        seen.extend(results.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        token = reply.text_at("/page/next_token");
        pages += 1;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!((seen.len(), pages), (25, 5), "{seen:?}");
    let mut once = seen.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), seen.len());
    let whole = pdp.post("/access/v1/search/resource", &without(body(json!({})), "/page")).send().await.ok();
    assert_eq!(whole.at("/results").as_array().unwrap().len(), 25, "without a page everything is there");
    let actions = json!({"subject": {"type": "user", "id": "alice"}, "resource": {"type": "record", "id": "record-1"},
        "page": {"limit": 1}});
    let first = pdp.post("/access/v1/search/action", &actions).send().await.ok();
    assert_eq!(first.at("/results").as_array().unwrap().len(), 1);
    let next = with(actions, "/page/token", first.at("/page/next_token"));
    let second = pdp.post("/access/v1/search/action", &next).send().await.ok();
    let mut both = vec![first.text_at("/results/0/name"), second.text_at("/results/0/name")];
    both.sort();
    assert_eq!(both, ["read", "write"]);
    for bad in [json!({"limit": 0}), json!({"limit": "5"}), json!({"token": "%"}), json!({"token": 7})] {
        error(&pdp.post("/access/v1/search/resource", &body(bad)).send().await, 400);
    }
}

#[tokio::test]
async fn discovery_says_what_is_where_and_leaves_out_what_is_not() {
    let pdp = Pdp::start().await;
    let reply = pdp.w.http.get("/.well-known/authzen-configuration").send().await.ok();
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.text_at("/policy_decision_point"), pdp.w.url());
    let document = reply.json();
    assert!(document.as_object().unwrap().values().all(|value| !value.is_null()));
    let good = ask("alice", "read", "record-1");
    for (key, path) in [
        ("access_evaluation_endpoint", EVALUATION),
        ("access_evaluations_endpoint", EVALUATIONS),
        ("search_subject_endpoint", "/access/v1/search/subject"),
        ("search_resource_endpoint", "/access/v1/search/resource"),
        ("search_action_endpoint", "/access/v1/search/action"),
    ] {
        assert_eq!(document[key], json!(format!("{}{path}", pdp.w.url())));
        assert_eq!(pdp.post(path, &good).send().await.status, 200, "{key}");
    }
    assert_eq!(document["access_request_endpoint"], json!(format!("{}/access/v1/requests", pdp.w.url())));
    let keys = pdp.w.http.get("/.well-known/jwks.json").send().await.ok();
    assert_eq!(document["jwks_uri"], json!(format!("{}/.well-known/jwks.json", pdp.w.url())));
    assert!(keys.at("/keys").as_array().unwrap().len() >= 2);
}

#[tokio::test]
async fn the_same_question_gets_the_same_answer_and_takes_nothing() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("pep").await;
    shop.permit(
        &agent,
        json!({"effect": "allow", "actions": ["pay"],
        "window": {"amount": {"value": "100", "currency": "USD"}, "count": 2, "per": "P1D"}}),
    )
    .await;
    shop.permit(&agent, json!({"effect": "allow", "actions": ["ask"], "approval": "always"})).await;
    shop.permit(&agent, json!({"effect": "allow", "actions": ["read"]})).await;
    let question = |action: &str, amount: &str| {
        json!({"subject": {"type": "user", "id": "ada"}, "resource": {"type": "vendor", "id": "shop.example"},
            "action": {"name": action, "properties": {"amount": amount, "currency": "USD"}}})
    };
    let reservations = async || {
        let reply = shop.platform.get("/v1/reservations").send().await.ok();
        reply.at("/items").as_array().unwrap().len()
    };
    for _ in 0..5 {
        let paid = agent.http.post(EVALUATION, &question("pay", "60.00")).send().await;
        assert!(decision(&paid));
        assert_eq!(paid.at("/context/obligations/0/id"), json!("reserve_spend"), "{}", paid.text());
        assert_eq!(
            paid.at("/context/obligations/0/properties/endpoint"),
            json!(format!("{}/v1/verify", w.url()))
        );
        assert!(!decision(&agent.http.post(EVALUATION, &question("pay", "100.01")).send().await));
        let asked = agent.http.post(EVALUATION, &question("ask", "1")).send().await;
        assert_eq!((decision(&asked), asked.at("/context/reason")), (false, json!("approval_required")));
        let plain = agent.http.post(EVALUATION, &question("read", "1")).send().await;
        assert_eq!(plain.json(), json!({"decision": true}));
    }
    assert_eq!(reservations().await, 0);
    let approvals = shop.platform.get("/v1/approvals").send().await.ok();
    assert_eq!(approvals.at("/items"), json!([]), "a question opens nothing");
    agent.verify("pay").amount("60.00").currency("USD").send().await.allowed();
    assert_eq!(reservations().await, 1);
    for _ in 0..2 {
        let over = agent.http.post(EVALUATION, &question("pay", "60.00")).send().await;
        assert_eq!(
            (decision(&over), over.at("/context/code")),
            (false, json!("BUDGET_EXCEEDED")),
            "{}",
            over.text()
        );
        assert!(decision(&agent.http.post(EVALUATION, &question("pay", "40.00")).send().await));
    }
    assert_eq!(reservations().await, 1);
    let decided = shop.platform.get("/v1/activity?limit=200").send().await.ok();
    assert!(decided.at("/items").as_array().unwrap().len() >= 20, "every decision is recorded");
}

#[tokio::test]
async fn what_is_read_and_cannot_be_used_is_a_no() {
    let pdp = Pdp::start().await;
    let good = ask("alice", "read", "record-1");
    for (context, code) in [
        (json!({"vendor": 7}), "VENDOR_INVALID"),
        (json!({"vendor": "not a host"}), "VENDOR_INVALID"),
        (json!({"amount": "-1"}), "AMOUNT_INVALID"),
        (json!({"amount": "1", "currency": "dollars"}), "CURRENCY_MISSING"),
        (json!({"sessionId": "ses_nonsense"}), "SESSION_INVALID"),
        (json!({"sessionId": "ses_01JD9Z3V5M8Q6T2W4X7Y9A1B3C"}), "SESSION_INVALID"),
        (json!({"taskId": "two words"}), "FIELD_INVALID"),
    ] {
        let reply = pdp.post(EVALUATION, &with(good.clone(), "/context", context.clone())).send().await;
        assert_eq!((decision(&reply), reply.at("/context/code")), (false, json!(code)), "{context}");
    }
    let vendor = json!({"vendor": "shop.example", "amount": "7.50", "currency": "USD", "taskId": "t-1"});
    assert!(pdp.decides(&with(good, "/context", vendor)).await);
}
