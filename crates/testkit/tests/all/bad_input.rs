//! Bad input: a clear error with code and fix, and the next caller is served as if nothing had been.

use procura_model::Reason;
use procura_testkit::world::{Buyer, Http, Reply, World};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpSocket,
};

async fn raw(http: &Http, path: &str, body: impl Into<bytes::Bytes>) -> Reply {
    http.call(http::Method::POST, path).header("content-type", "application/json").bytes(body).send().await
}

fn deep(levels: usize) -> String {
    format!("{{\"action\":\"pay\",\"args\":{}1{}}}", "[".repeat(levels), "]".repeat(levels))
}

/// What each one is, and what it is called.
fn bad_bodies() -> Vec<(&'static str, Vec<u8>, Reason)> {
    let utf8 = [b"{\"action\":\"".as_slice(), &[0xff, 0xfe, 0xc3, 0x28], b"\"}"].concat();
    let huge = format!("{{\"action\":\"{}\"}}", "a".repeat(2 * 1024 * 1024));
    vec![
        ("nothing", b"".to_vec(), Reason::BodyMalformed),
        ("half", b"{\"action\":".to_vec(), Reason::BodyMalformed),
        ("two documents", b"{\"action\":\"a\"}{\"action\":\"b\"}".to_vec(), Reason::BodyMalformed),
        ("a key twice", b"{\"action\":\"a\",\"action\":\"b\"}".to_vec(), Reason::BodyMalformed),
        (
            "a nested key twice",
            b"{\"action\":\"a\",\"args\":{\"x\":1,\"x\":2}}".to_vec(),
            Reason::BodyMalformed,
        ),
        (
            "a key twice, once escaped",
            b"{\"action\":\"a\",\"args\":{\"x\":1,\"\\u0078\":2}}".to_vec(),
            Reason::BodyMalformed,
        ),
        ("not UTF-8", utf8, Reason::BodyMalformed),
        ("too deep", deep(65).into_bytes(), Reason::BodyMalformed),
        ("far too deep", deep(100_000).into_bytes(), Reason::BodyMalformed),
        ("a lone surrogate", b"{\"action\":\"\\ud800\"}".to_vec(), Reason::BodyMalformed),
        ("NaN", b"{\"action\":\"a\",\"amount\":NaN}".to_vec(), Reason::BodyMalformed),
        ("a comment", b"{\"action\":\"a\"} // yes".to_vec(), Reason::BodyMalformed),
        ("a list", b"[]".to_vec(), Reason::FieldInvalid),
        ("a text", b"\"pay\"".to_vec(), Reason::FieldInvalid),
        ("null", b"null".to_vec(), Reason::FieldInvalid),
        ("no action", b"{}".to_vec(), Reason::FieldInvalid),
        ("action is a number", b"{\"action\":7}".to_vec(), Reason::FieldInvalid),
        ("an unknown field", b"{\"action\":\"a\",\"sudo\":true}".to_vec(), Reason::FieldInvalid),
        ("somebody else's field", b"{\"action\":\"a\",\"userId\":\"ada\"}".to_vec(), Reason::FieldInvalid),
        ("a bad id", b"{\"action\":\"a\",\"agentId\":\"agt_1\"}".to_vec(), Reason::FieldInvalid),
        (
            "another kind of id",
            b"{\"action\":\"a\",\"agentId\":\"per_00000000000000000000000000\"}".to_vec(),
            Reason::FieldInvalid,
        ),
        ("a bad amount", b"{\"action\":\"a\",\"amount\":\"7,00\"}".to_vec(), Reason::AmountInvalid),
        ("a negative amount", b"{\"action\":\"a\",\"amount\":-7}".to_vec(), Reason::AmountInvalid),
        ("an absurd amount", b"{\"action\":\"a\",\"amount\":1e400}".to_vec(), Reason::AmountInvalid),
        (
            "a bad currency",
            b"{\"action\":\"a\",\"amount\":\"7\",\"currency\":\"dollars\"}".to_vec(),
            Reason::FieldInvalid,
        ),
        ("a huge body", huge.into_bytes(), Reason::BodyTooLarge),
    ]
}

#[tokio::test]
async fn every_kind_of_bad_body_is_told_apart() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    for (what, body, reason) in bad_bodies() {
        let reply = raw(&buyer.http, "/v1/verify", body).await;
        assert_eq!(reply.code(), Some(reason), "{what}: {} {}", reply.status, reply.text());
        reply.refused(reason);
        raw(&buyer.http, "/v1/verify", "{\"action\":\"pay\"}").await.ok();
    }
    let untyped =
        buyer.http.call(http::Method::POST, "/v1/verify").bytes("{\"action\":\"pay\"}").send().await;
    untyped.refused(Reason::MediaTypeUnsupported);
    let latin = buyer
        .http
        .call(http::Method::POST, "/v1/verify")
        .header("content-type", "application/json; charset=latin1");
    latin.bytes("{\"action\":\"pay\"}").send().await.refused(Reason::MediaTypeUnsupported);
    raw(&buyer.http, "/v1/verify", deep(60)).await.ok();
}

#[tokio::test]
async fn paths_methods_and_queries_are_read_strictly() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let http = &shop.platform;
    http.get("/v1/nothing").send().await.refused(Reason::PathUnknown);
    http.get("/v1/agents/nonsense").send().await.refused(Reason::NotFound);
    http.get("/v1/agents/per_00000000000000000000000000").send().await.refused(Reason::NotFound);
    http.get("/v1/agents/%ff%fe").send().await.refused(Reason::NotFound);
    http.get("/v1/agents/..%2f..%2fetc").send().await.refused(Reason::NotFound);
    let wrong = http.delete("/v1/verify").send().await.refused(Reason::MethodNotAllowed);
    assert!(wrong.header("allow").contains("POST"), "{:?}", wrong.headers);
    for query in ["limit=0", "limit=201", "limit=x", "limit=1&limit=2", "sort=name", "cursor=%00", "limit=-1"]
    {
        let reply = http.get(&format!("/v1/agents?{query}")).send().await;
        assert!(
            reply.status == 422 || query.starts_with("cursor"),
            "{query}: {} {}",
            reply.status,
            reply.text()
        );
        assert!(reply.status < 500, "{query}: {}", reply.text());
    }
    for query in ["decision=maybe", "code=NOPE", "since=yesterday", "agentId=x", "until=2026-13-01T00:00:00Z"]
    {
        let reply = http.get(&format!("/v1/activity?{query}")).send().await;
        reply.refused(Reason::FieldInvalid);
    }
}

#[tokio::test]
async fn a_permission_that_cannot_be_enforced_cannot_be_saved() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let path = format!("/v1/agents/{}/permissions", buyer.id);
    for permission in [
        json!({"effect": "allow"}),
        json!({"effect": "allow", "actions": []}),
        json!({"effect": "maybe", "actions": ["*"]}),
        json!({"effect": "allow", "actions": ["*"], "maxAmmount": {"value": "1", "currency": "USD"}}),
        json!({"effect": "allow", "actions": ["*"], "maxAmount": {"value": "1"}}),
        json!({"effect": "allow", "actions": ["*"], "maxAmount": {"value": "-1", "currency": "USD"}}),
        json!({"effect": "allow", "actions": ["*"], "window": {"per": "P1D"}}),
        json!({"effect": "allow", "actions": ["*"], "vendors": ["http://x.com/"]}),
        json!({"effect": "allow", "actions": ["*"], "conditions": [{"path": "args.x", "op": "eq"}]}),
        json!({"effect": "allow", "actions": ["*"], "conditions": [{"path": "x", "op": "eq", "value": 1}]}),
        json!({"effect": "allow", "actions": ["*"], "conditions": [{"path": "args.x", "op": "regex", "value": "a"}]}),
        json!({"effect": "allow", "actions": ["*"], "conditions": [{"path": "args.x", "op": "lt", "value": "a"}]}),
        json!({"effect": "allow", "actions": ["*"], "schedule": {"days": ["mon"], "from": "25:00", "to": "26:00"}}),
        json!({"effect": "allow", "actions": ["*"], "schedule": {"days": ["mon"], "from": "09:00", "to": "17:00", "timeZone": "Mars/Base"}}),
        json!({"effect": "allow", "actions": ["*"], "approval": {"above": {"value": "x", "currency": "USD"}}}),
        json!({"effect": "allow", "actions": ["*"], "expiresAt": "soon"}),
    ] {
        let reply = shop.platform.post(&path, &permission).send().await;
        assert_eq!(reply.status, 422, "{permission} {}", reply.text());
    }
    let listed = shop.platform.get(&path).send().await.ok();
    assert_eq!(listed.at("/items"), json!([]));
}

async fn mcp(buyer: &Buyer, body: impl Into<bytes::Bytes>) -> Reply {
    let call = buyer.http.call(http::Method::POST, "/v1/mcp").header("content-type", "application/json");
    call.header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", "stub__echo")
        .bytes(body)
        .send()
        .await
}

#[tokio::test]
async fn the_gateway_survives_every_kind_of_bad_message() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let stub = w.upstream().await;
    let buyer = shop.with_stub(&stub, json!({})).await;
    let meta = "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{}}";
    let call = |arguments: &str| {
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"name\":\"stub__echo\",\"arguments\":{arguments},{meta}}}}}"
        )
    };
    mcp(&buyer, call("{}")).await.ok();
    stub.forget();
    let nested = format!("{{\"x\":{}1{}}}", "[".repeat(70), "]".repeat(70));
    let very_nested = format!("{{\"x\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let invalid = [b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"".as_slice(), &[0xff, 0xfe], b"\"}"].concat();
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("half", b"{\"jsonrpc\":\"2.0\"".to_vec()),
        ("a batch", format!("[{}]", call("{}")).into_bytes()),
        ("not UTF-8", invalid),
        ("no method", b"{\"jsonrpc\":\"2.0\",\"id\":1}".to_vec()),
        ("an id that is none", call("{}").replace("\"id\":1", "\"id\":{\"a\":1}").into_bytes()),
        ("another version", call("{}").replace("\"2.0\"", "\"1.0\"").into_bytes()),
        ("arguments twice", call("{\"a\":1},\"arguments\":{\"a\":2}").into_bytes()),
        ("an argument twice", call("{\"a\":1,\"a\":2}").into_bytes()),
        ("an argument twice, once escaped", call("{\"a\":1,\"\\u0061\":2}").into_bytes()),
        ("a name twice", call("{},\"name\":\"stub__secrets\"").into_bytes()),
        ("arguments are a list", call("[]").into_bytes()),
        ("arguments are a text", call("\"x\"").into_bytes()),
        ("too deep", call(&nested).into_bytes()),
        ("far too deep", call(&very_nested).into_bytes()),
    ];
    for (what, body) in bodies {
        let reply = mcp(&buyer, body).await;
        assert!(reply.status < 500, "{what}: {} {}", reply.status, reply.text());
        let message = reply.json();
        let is_no = message.get("error").is_some()
            || message.get("code").is_some()
            || message.pointer("/result/isError") == Some(&Value::Bool(true));
        assert!(is_no, "{what}: {} {}", reply.status, reply.text());
        assert!(stub.calls().is_empty(), "{what} was sent on");
    }
    let huge = call(&format!("{{\"x\":\"{}\"}}", "a".repeat(2 * 1024 * 1024)));
    let reply = mcp(&buyer, huge).await;
    assert_eq!(reply.status, 413, "{}", reply.text());
    buyer.call_tool("stub__no_such_tool", json!({})).await.denied(Reason::ToolUnknown);
    buyer.call_tool("nowhere__echo", json!({})).await.denied(Reason::ToolUnknown);
    assert!(stub.calls().is_empty());
    mcp(&buyer, call("{}")).await.ok();
    assert_eq!(stub.calls().len(), 1);
}

#[tokio::test]
async fn numbers_and_spellings_arrive_as_they_were_sent() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let stub = w.upstream().await;
    let buyer = shop.with_stub(&stub, json!({})).await;
    let meta = "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{}}";
    let arguments = "{\"big\":12345678901234567890123,\"exact\":1.10,\"z\":1,\"a\":\"\\u00e9\"}";
    let body = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"tools/call\",\"params\":{{\"name\":\"stub__echo\",\"arguments\":{arguments},{meta}}}}}"
    );
    let reply = mcp(&buyer, body).await.ok();
    let seen = stub.calls();
    assert_eq!(seen[0].params["arguments"]["a"], "é");
    assert!(reply.text().contains("\"id\":\"x\""), "{}", reply.text());
}

#[tokio::test]
async fn foreign_hosts_and_origins_are_refused_at_the_gateway() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    let list = || buyer.mcp().request("tools/list", json!({}));
    let foreign = list().header("origin", "https://evil.example").send().await;
    assert_eq!(
        (foreign.status, foreign.at("/error/data/code")),
        (403, json!("ORIGIN_REFUSED")),
        "{}",
        foreign.text()
    );
    let rebound = list().header("host", "evil.example").send().await;
    assert_eq!(
        (rebound.status, rebound.at("/error/data/code")),
        (403, json!("HOST_REFUSED")),
        "{}",
        rebound.text()
    );
    let own = w.url().to_owned();
    list().header("origin", &own).send().await.ok();
}

/// Raw bytes on a connection of their own; what comes back within the time.
async fn on_the_wire(w: &World, parts: &[&[u8]], within: Duration) -> Vec<u8> {
    let address = w.url().trim_start_matches("http://").parse().unwrap();
    let mut stream = TcpSocket::new_v4().unwrap().connect(address).await.unwrap();
    for part in parts {
        if stream.write_all(part).await.is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    let _cut = tokio::time::timeout(within, stream.read_to_end(&mut answer)).await;
    answer
}

#[tokio::test]
async fn broken_http_ends_its_own_connection_alone() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let long_head = format!("GET /v1/whoami HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "a".repeat(200_000));
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(5_000));
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(),
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
        b"POST /v1/verify HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/verify HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/verify HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nZZZ\r\n",
        long_head.as_bytes(),
        many.as_bytes(),
    ] {
        let answer = on_the_wire(&w, &[bytes], Duration::from_millis(300)).await;
        let head = String::from_utf8_lossy(&answer[..answer.len().min(12)]).into_owned();
        assert!(answer.is_empty() || head.starts_with("HTTP/1.1 4"), "{head}");
        shop.platform.get("/v1/whoami").send().await.ok();
    }
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_off() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let head = format!(
        "POST /v1/verify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{",
        shop.key
    );
    let parts = [head.as_bytes()];
    let waiting = on_the_wire(&w, &parts, Duration::from_secs(15));
    let served = async {
        for _ in 0..20 {
            shop.platform.get("/v1/whoami").send().await.ok();
        }
    };
    let (answer, ()) = tokio::join!(waiting, served);
    let text = String::from_utf8_lossy(&answer).into_owned();
    assert!(text.starts_with("HTTP/1.1 408") && text.contains("BODY_TOO_SLOW"), "{text}");
}
