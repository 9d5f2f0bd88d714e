//! Users' sessions over MCP (decision 6, SES-1): in the modern era by `X-Procura-Session`, in the legacy one also by the
//! user's token on `initialize`; a token anywhere else is refused, and what stands on a session ends with it.

use http_body_util::BodyExt as _;
use procura_egress::Purpose;
use procura_model::Reason;
use procura_testkit::{
    business::{Answer, Host, signed_token},
    world::{Buyer, Call, Http, Reply, Shop, World},
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

struct Desk {
    w: World,
    shop: Shop,
    agent: Buyer,
    secret: String,
    api: Host,
}

impl Desk {
    async fn new() -> Self {
        let w = World::start().await;
        let shop = w.tenant("shop").await;
        let agent = shop.agent("assistant").await;
        let secret = shop.user_signed_token(&agent).await;
        let api = w.host(Purpose::ToolServer, Answer::Json(json!({"orders": []}))).await;
        let tools = json!([{"name": "orders", "method": "GET", "path": "/orders"}]);
        let user = json!({"kind": "headers", "headers": {"X-Customer": "{{user.id}}"}});
        let declared = json!({"baseUrl": api.url(""), "user": user, "tools": tools});
        shop.server_with(json!({"name": "crm", "api": declared})).await;
        shop.permit_all_tools(&agent).await;
        Self { w, shop, agent, secret, api }
    }

    fn token(&self, user: &str) -> String {
        let now = self.w.app.now().as_ms() / 1_000;
        signed_token(&json!({"userId": user, "iat": now - 5, "exp": now + 600}), &self.secret)
    }

    async fn revoke(&self, user: &str) {
        let body = json!({"agentId": self.agent.id.to_string(), "userId": user});
        self.shop.platform.post("/api/public/sessions/revoke", &body).send().await.ok();
    }

    fn customer(&self) -> String {
        self.api.visits().last().map(|visit| visit.header("x-customer").to_owned()).unwrap_or_default()
    }
}

/// A legacy message.
fn legacy(http: &Http, session: Option<&str>, method: &str, params: Value) -> Call {
    let message = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
    let call = http.post("/v1/mcp", &message).header("accept", "application/json, text/event-stream");
    match session {
        Some(session) => call.header("mcp-session-id", session).header("mcp-protocol-version", "2025-11-25"),
        None => call,
    }
}

fn initialize(http: &Http) -> Call {
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    legacy(http, None, "initialize", params)
}

fn call_orders(http: &Http, session: &str) -> Call {
    legacy(http, Some(session), "tools/call", json!({"name": "crm__orders", "arguments": {}}))
}

#[track_caller]
fn refused(reply: &Reply, reason: Reason) {
    assert_eq!(reply.status, reason.http(), "{}", reply.text());
    assert_eq!(reply.at("/error/data/code"), json!(reason.code()), "{}", reply.text());
}

#[tokio::test]
async fn a_token_on_initialize_binds_the_session_of_the_protocol() {
    let desk = Desk::new().await;
    let token = desk.token("ada-1");
    let begun = initialize(&desk.agent.http).header("x-user-auth-token", &token).send().await.ok();
    let session = begun.header("mcp-session-id").to_owned();
    assert!(
        begun.text_at("/result/_meta/io.procura~1session/sessionId").starts_with("ses_"),
        "{}",
        begun.text()
    );
    assert!(!begun.text().contains(&token) && !begun.text().contains("ada-1"), "{}", begun.text());
    let called = call_orders(&desk.agent.http, &session).send().await.ok();
    assert_eq!(called.at("/result/isError"), json!(false), "{}", called.text());
    assert_eq!(desk.customer(), "ada-1");
    // Somebody else's key, or another user's session, finds no such session.
    let other = desk.shop.agent("other").await;
    let unknown = call_orders(&other.http, &session).send().await;
    assert!(
        unknown.status == 404 && unknown.text().contains("There is no such session"),
        "{}",
        unknown.text()
    );
    let bob = desk.agent.acting_in(&desk.agent.open_session(&desk.token("bob-2")).await.ok());
    let anothers = call_orders(&bob.http, &session).send().await;
    assert!(anothers.status == 404 && anothers.text().contains("X-Procura-Session"), "{}", anothers.text());
    desk.revoke("ada-1").await;
    refused(&call_orders(&desk.agent.http, &session).send().await, Reason::SessionRevoked);
    assert_eq!(desk.api.count(), 1);
    refused(
        &initialize(&desk.agent.http).header("x-user-auth-token", &token).send().await,
        Reason::SessionRevoked,
    );
}

#[tokio::test]
async fn a_token_anywhere_else_is_refused_unread() {
    let desk = Desk::new().await;
    let (http, token) = (&desk.agent.http, desk.token("ada-1"));
    let session = initialize(http).send().await.ok().header("mcp-session-id").to_owned();
    let acting = desk.agent.acting_in(&desk.agent.open_session(&desk.token("ada-1")).await.ok());
    let get = http.get("/v1/mcp").header("mcp-session-id", &session).header("accept", "text/event-stream");
    for call in [
        call_orders(http, &session),
        legacy(http, Some(&session), "ping", json!({})),
        desk.agent.mcp().request("tools/list", json!({})),
        desk.agent.mcp().request("tools/call", json!({"name": "crm__orders", "arguments": {}})),
        desk.agent.mcp().request("initialize", json!({})),
        initialize(&acting.http),
        get,
        http.delete("/v1/mcp").header("mcp-session-id", &session),
    ] {
        refused(&call.header("x-user-auth-token", &token).send().await, Reason::UserTokenUnexpected);
    }
    assert_eq!(desk.api.count(), 0);
    let wrong = initialize(http).header("x-user-auth-token", "nonsense").send().await;
    refused(&wrong, Reason::TokenMalformed);
    assert_eq!(wrong.header("mcp-session-id"), "");
    legacy(http, Some(&session), "ping", json!({})).send().await.ok();
}

#[tokio::test]
async fn a_session_in_a_header_holds_in_both_eras() {
    let desk = Desk::new().await;
    let acting = desk.agent.acting_in(&desk.agent.open_session(&desk.token("ada-1")).await.ok());
    acting.call_tool("crm__orders", json!({})).await.ok();
    assert_eq!(desk.customer(), "ada-1");
    let session = initialize(&acting.http).send().await.ok().header("mcp-session-id").to_owned();
    call_orders(&acting.http, &session).send().await.ok();
    // The session of the protocol belongs to that user: without the header there is none.
    assert_eq!(call_orders(&desk.agent.http, &session).send().await.status, 404);
    desk.agent.call_tool("crm__orders", json!({})).await.denied(Reason::UserRequired);
    let stranger = desk.shop.agent("stranger").await;
    let name = http::HeaderName::from_static("x-procura-session");
    let opened = desk.agent.open_session(&desk.token("eve-3")).await.ok();
    let theirs = stranger.http.with(name, &opened.text_at("/sessionToken"));
    let reply = theirs.post("/v1/mcp", &json!({"jsonrpc": "2.0", "id": 1, "method": "ping"})).send().await;
    assert_eq!(reply.code(), Some(Reason::SessionInvalid), "{}", reply.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_stand_on_a_session_end_with_it() {
    let desk = Desk::new().await;
    let token = desk.token("ada-1");
    let begun = initialize(&desk.agent.http).header("x-user-auth-token", &token).send().await.ok();
    let session = begun.header("mcp-session-id").to_owned();
    let get = desk
        .agent
        .http
        .get("/v1/mcp")
        .header("mcp-session-id", &session)
        .header("accept", "text/event-stream");
    let acting = desk.agent.acting_in(&desk.agent.open_session(&desk.token("ada-1")).await.ok());
    let listen =
        acting.mcp().request("subscriptions/listen", json!({"notifications": {"toolsListChanged": true}}));
    let mut standing = Vec::new();
    for call in [get, listen] {
        let stream = call.begin().await.unwrap();
        assert_eq!(stream.headers()["content-type"], "text/event-stream");
        standing.push(stream.into_body());
    }
    let nobody = desk
        .agent
        .mcp()
        .request("subscriptions/listen", json!({"notifications": {"toolsListChanged": true}}));
    let mut untouched = nobody.begin().await.unwrap().into_body();
    desk.revoke("ada-1").await;
    for stream in standing {
        timeout(Duration::from_secs(1), stream.collect()).await.expect("the stream ended").unwrap();
    }
    let first =
        timeout(Duration::from_secs(1), untouched.frame()).await.expect("the first event").unwrap().unwrap();
    assert!(!first.into_data().unwrap().is_empty());
    // It may hear of changed tools, which another node would tell it too; it must not end.
    while let Ok(frame) = timeout(Duration::from_millis(1_500), untouched.frame()).await {
        assert!(frame.is_some(), "another stream ended too");
    }
}
