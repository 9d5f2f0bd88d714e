//! Asking a person by the access request profile: what is refused for want of a person says where one is asked, what
//! is asked there waits in the inbox like any other call, and what was granted is judged anew with every question that
//! names it. Nothing here uses an approval up.

use super::{EVALUATION, decision, error};
use procura_model::{
    Reason,
    time::{DAY_MS, HOUR_MS},
};
use procura_testkit::world::{Buyer, Reply, Shop, World};
use serde_json::{Value, json};

const REQUESTS: &str = "/access/v1/requests";

struct Desk {
    w: World,
    shop: Shop,
    agent: Buyer,
    permission: String,
}

impl Desk {
    async fn start() -> Self {
        let w = World::start().await;
        let shop = w.tenant("shop").await;
        let agent = shop.agent("pep").await;
        let permission = shop
            .permit(
                &agent,
                json!({"effect": "allow", "actions": ["wire"], "approval": "always",
                "maxAmount": {"value": "1000", "currency": "USD"}}),
            )
            .await;
        shop.permit(&agent, json!({"effect": "allow", "actions": ["read"]})).await;
        Self { w, shop, agent, permission }
    }

    async fn evaluate(&self, question: &Value) -> Reply {
        self.agent.http.post(EVALUATION, question).send().await
    }

    /// Evaluates a question that a person must agree to, and asks for one: the task.
    async fn ask(&self, question: &Value) -> Reply {
        let refused = self.evaluate(question).await;
        assert!(!decision(&refused), "{}", refused.text());
        let token = refused.text_at("/context/access_request/binding_token");
        self.agent.http.post(REQUESTS, &denied(question, &token)).send().await
    }

    async fn state(&self, id: &str) -> String {
        self.shop.platform.get(&format!("/v1/approvals/{id}")).send().await.ok().text_at("/state")
    }
}

fn question(amount: &str) -> Value {
    json!({"subject": {"type": "user", "id": "ada"}, "resource": {"type": "account", "id": "1"},
        "action": {"name": "wire", "properties": {"amount": amount, "currency": "USD"}}, "context": {"ip": "::1"}})
}

fn denied(question: &Value, token: &str) -> Value {
    let mut body = question.clone();
    body["denial"] = json!({"evaluation_id": "x", "binding_token": token});
    body
}

fn naming(question: &Value, approval: &Value) -> Value {
    let mut body = question.clone();
    body["context"]["approval"] = approval.clone();
    body
}

#[tokio::test]
async fn a_person_is_asked_answers_and_is_heard_without_the_grant_being_used() {
    let desk = Desk::start().await;
    let asked = question("12.50");
    let refused = desk.evaluate(&asked).await;
    assert_eq!(refused.at("/context/reason"), json!("approval_required"));
    assert_eq!(refused.at("/context/next_action"), json!("request"));
    assert_eq!(refused.text_at("/context/access_request/endpoint"), format!("{}{REQUESTS}", desk.w.url()));
    assert!(refused.at("/context/access_request/expires_at").is_string());
    let token = refused.text_at("/context/access_request/binding_token");
    assert_eq!(token.split('.').count(), 3, "a signed token");
    let task = desk.agent.http.post(REQUESTS, &denied(&asked, &token)).send().await;
    assert_eq!(task.status, 201, "{}", task.text());
    let id = task.text_at("/task/id");
    assert_eq!((task.text_at("/task/status"), task.at("/task/result")), ("pending".to_owned(), Value::Null));
    assert_eq!(task.header("location"), task.text_at("/task/status_endpoint"));
    assert_eq!(desk.ask(&asked).await.text_at("/task/id"), id, "the same question waits in one place");
    let pending = desk.evaluate(&naming(&asked, &json!({"id": id}))).await;
    assert_eq!((decision(&pending), pending.at("/context/reason")), (false, json!("grant_pending")));
    assert_eq!(pending.at("/context/next_action"), json!("retry"));
    desk.shop.approve(&id).await.unwrap();
    let poll = async || desk.agent.http.get(&format!("{REQUESTS}/{id}")).send().await.ok();
    let done = poll().await;
    assert_eq!(done.text_at("/task/status"), "approved");
    assert_eq!(done.text_at("/task/result/mode"), "reevaluate");
    let approval = done.at("/task/result/approval");
    assert_eq!(approval["id"], json!(id));
    for _ in 0..3 {
        let granted = desk.evaluate(&naming(&asked, &approval)).await;
        assert!(decision(&granted), "{}", granted.text());
        assert_eq!(granted.at("/context/approval/id"), json!(id));
        assert!(
            decision(&desk.evaluate(&naming(&asked, &json!({"id": id}))).await),
            "the id alone is judged too"
        );
        assert!(!decision(&desk.evaluate(&asked).await), "who does not name it has nothing");
    }
    assert_eq!(desk.state(&id).await, "granted", "no evaluation uses it up");
    let again = desk.agent.http.post(REQUESTS, &asked).send().await;
    assert_eq!(
        (again.text_at("/task/id"), again.text_at("/task/status")),
        (id.clone(), "approved".to_owned())
    );
    assert_eq!(desk.state(&id).await, "granted", "asking again does not use it up");
    // The call itself does: the same ask, in the words of verify.
    let args = json!({"action": {"amount": "12.50", "currency": "USD"}, "context": {"ip": "::1"},
        "resource": {"type": "account", "id": "1"}, "subject": {"type": "user", "id": "ada"}});
    let call = || {
        desk.agent
            .verify("wire")
            .resource("account/1")
            .amount("12.50")
            .currency("USD")
            .args(args.clone())
            .send()
    };
    assert_eq!(call().await.allowed().0.text_at("/approvalId"), id);
    assert_eq!(desk.state(&id).await, "consumed");
    let used = desk.evaluate(&naming(&asked, &approval)).await;
    assert_eq!((decision(&used), used.at("/context/reason")), (false, json!("approval_expired")));
    assert_eq!(poll().await.text_at("/task/status"), "approved", "a task changes its status once");
    assert_ne!(desk.ask(&asked).await.text_at("/task/id"), id);
}

#[tokio::test]
async fn a_grant_is_for_nothing_but_the_very_question() {
    let desk = Desk::start().await;
    let asked = question("12.50");
    let id = desk.ask(&asked).await.text_at("/task/id");
    desk.shop.approve(&id).await.unwrap();
    let approval = json!({"id": id});
    let mut others = vec![question("12.51")];
    for (pointer, value) in [
        ("/subject/id", json!("eve")),
        ("/subject/type", json!("robot")),
        ("/resource/id", json!("2")),
        ("/resource/type", json!("account2")),
        ("/context/ip", json!("::2")),
        ("/action/properties", json!({"amount": "12.50", "currency": "USD", "fast": true})),
    ] {
        let mut other = asked.clone();
        *other.pointer_mut(pointer).unwrap() = value;
        others.push(other);
    }
    for other in others {
        let reply = desk.evaluate(&naming(&other, &approval)).await;
        assert_eq!(
            (decision(&reply), reply.at("/context/reason")),
            (false, json!("out_of_scope")),
            "{other}"
        );
    }
    let too_much = desk.evaluate(&naming(&question("1000.01"), &approval)).await;
    assert_eq!((decision(&too_much), too_much.at("/context/code")), (false, json!("AMOUNT_OVER_LIMIT")));
    let poll = desk.agent.http.get(&format!("{REQUESTS}/{id}")).send().await.ok();
    let state = poll.text_at("/task/result/approval/state");
    let refused = desk.evaluate(&asked).await.text_at("/context/access_request/binding_token");
    for bad in [
        json!({"id": id, "state": "x.y.z"}),
        json!({"id": id, "state": refused}),
        json!({"id": id, "state": 7}),
        json!({"id": "apr_01JD9Z3V5M8Q6T2W4X7Y9A1B3C"}),
        json!({"id": "apr_01JD9Z3V5M8Q6T2W4X7Y9A1B3C", "state": state}),
        json!({"id": 7}),
        json!("yes"),
        json!({}),
    ] {
        let reply = desk.evaluate(&naming(&asked, &bad)).await;
        let said = (decision(&reply), reply.at("/context/reason"));
        assert_eq!(said, (false, json!("approval_unverifiable")), "{bad}");
    }
    assert!(decision(&desk.evaluate(&naming(&asked, &json!({"id": id, "state": state}))).await));
    let other = desk.shop.agent("other").await;
    desk.shop.permit(&other, json!({"effect": "allow", "actions": ["wire"], "approval": "always"})).await;
    let theirs = other.http.post(EVALUATION, &naming(&asked, &approval)).send().await;
    assert_eq!((decision(&theirs), theirs.at("/context/reason")), (false, json!("approval_unverifiable")));
    error(&other.http.get(&format!("{REQUESTS}/{id}")).send().await, 404);
    let stranger = desk.w.tenant("stranger").await;
    error(&stranger.platform.get(&format!("{REQUESTS}/{id}")).send().await, 404);
    desk.shop.platform.get(&format!("{REQUESTS}/{id}")).send().await.ok();
}

#[tokio::test]
async fn what_was_granted_ends_with_its_hour_its_policy_and_its_withdrawal() {
    let desk = Desk::start().await;
    let reason = async |question: &Value, id: &str| {
        let reply = desk.evaluate(&naming(question, &json!({"id": id}))).await;
        assert!(!decision(&reply), "{}", reply.text());
        reply.text_at("/context/reason")
    };
    let granted = async |amount: &str| {
        let asked = question(amount);
        let id = desk.ask(&asked).await.text_at("/task/id");
        desk.shop.approve(&id).await.unwrap();
        assert!(decision(&desk.evaluate(&naming(&asked, &json!({"id": id}))).await));
        (asked, id)
    };
    let status = async |id: &str| {
        desk.agent.http.get(&format!("{REQUESTS}/{id}")).send().await.ok().text_at("/task/status")
    };
    let (asked, id) = granted("1").await;
    desk.shop.platform.post(&format!("/v1/approvals/{id}/cancel"), &json!({})).send().await.ok();
    assert_eq!(reason(&asked, &id).await, "approval_expired");
    let (asked, id) = granted("2").await;
    desk.w.advance_ms(2 * DAY_MS);
    assert_eq!(reason(&asked, &id).await, "approval_expired");
    let asked = question("3");
    let id = desk.ask(&asked).await.text_at("/task/id");
    desk.shop.deny(&id).await.unwrap();
    assert_eq!(
        (reason(&asked, &id).await, status(&id).await),
        ("policy_denied".to_owned(), "denied".to_owned())
    );
    let no = desk.evaluate(&naming(&asked, &json!({"id": id}))).await;
    assert_eq!(
        (no.at("/context/next_action"), no.at("/context/access_request")),
        (json!("none"), Value::Null)
    );
    assert_eq!(
        desk.ask(&asked).await.text_at("/task/status"),
        "denied",
        "a standing no is told, not asked again"
    );
    let asked = question("4");
    let id = desk.ask(&asked).await.text_at("/task/id");
    desk.w.advance_ms(2 * DAY_MS);
    assert_eq!(
        (reason(&asked, &id).await, status(&id).await),
        ("approval_expired".to_owned(), "expired".to_owned())
    );
    let (asked, id) = granted("5").await;
    let path = format!("/v1/permissions/{}", desk.permission);
    let narrower = json!({"effect": "allow", "actions": ["wire"], "approval": "always",
        "maxAmount": {"value": "900", "currency": "USD"}});
    desk.shop.platform.put(&path, &narrower).send().await.ok();
    assert_eq!(reason(&asked, &id).await, "approval_expired", "approve, then change the policy: stale");
    let (asked, id) = granted("6").await;
    desk.shop.platform.delete(&path).send().await.ok();
    let gone = desk.evaluate(&naming(&asked, &json!({"id": id}))).await;
    assert_eq!((decision(&gone), gone.at("/context/code")), (false, json!("NO_PERMISSION")));
}

#[tokio::test]
async fn only_what_a_person_could_lift_reaches_the_inbox() {
    let desk = Desk::start().await;
    let waiting = async || {
        let list = desk.shop.platform.get("/v1/approvals?state=waiting").send().await.ok();
        list.at("/items").as_array().unwrap().len()
    };
    let asked = question("12.50");
    let token = desk.evaluate(&asked).await.text_at("/context/access_request/binding_token");
    let ask = |body: Value| desk.agent.http.post(REQUESTS, &body).send();
    error(&ask(denied(&question("12.51"), &token)).await, 409);
    error(&ask(denied(&asked, "a.b.c")).await, 409);
    error(&ask(denied(&question("5000"), &token)).await, 409);
    let mut bad = question("5000");
    error(&ask(bad.clone()).await, 403);
    bad["action"]["name"] = json!("read");
    error(&ask(bad.clone()).await, 409);
    bad["action"]["name"] = json!(7);
    error(&ask(bad).await, 400);
    error(&ask(json!({"denial": {}})).await, 400);
    let mut typed = denied(&asked, &token);
    typed["denial"]["binding_token"] = json!(7);
    error(&ask(typed).await, 400);
    typed_subject(&desk, &asked).await;
    assert_eq!(waiting().await, 0);
    desk.w.advance_ms(HOUR_MS);
    error(&ask(denied(&asked, &token)).await, 409);
    let again = desk.ask(&asked).await;
    assert_eq!(again.status, 201, "{}", again.text());
    assert_eq!(waiting().await, 1);
    let key = "access-request-1";
    let sent = || desk.agent.http.post(REQUESTS, &question("7")).header("idempotency-key", key).send();
    let (first, second) = (sent().await.ok(), sent().await.ok());
    assert_eq!(first.text_at("/task/id"), second.text_at("/task/id"));
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(waiting().await, 2);
}

async fn typed_subject(desk: &Desk, asked: &Value) {
    let mut foreign = asked.clone();
    foreign["subject"] = json!({"type": "agent", "id": "somebody"});
    error(&desk.agent.http.post(REQUESTS, &foreign).send().await, Reason::AgentMismatch.http());
}

#[tokio::test]
async fn a_window_that_is_exhausted_since_is_not_lifted_by_a_grant() {
    let desk = Desk::start().await;
    desk.shop.platform.put(
        &format!("/v1/permissions/{}", desk.permission),
        &json!({"effect": "allow", "actions": ["wire"], "approval": {"above": {"value": "50", "currency": "USD"}},
            "window": {"amount": {"value": "100", "currency": "USD"}, "per": "P30D"}}),
    ).send().await.ok();
    let asked = question("60");
    let id = desk.ask(&asked).await.text_at("/task/id");
    desk.shop.approve(&id).await.unwrap();
    let named = naming(&asked, &json!({"id": id}));
    let granted = desk.evaluate(&named).await;
    assert!(decision(&granted));
    assert_eq!(granted.at("/context/obligations/0/id"), json!("reserve_spend"));
    desk.agent.verify("wire").amount("50").currency("USD").send().await.allowed();
    let over = desk.evaluate(&named).await;
    assert_eq!(
        (decision(&over), over.at("/context/code")),
        (false, json!("BUDGET_EXCEEDED")),
        "{}",
        over.text()
    );
}
