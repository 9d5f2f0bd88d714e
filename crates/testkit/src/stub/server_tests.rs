use axum::http::Uri;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;

struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }
}

/// One request on a connection of its own; the body as it came, without its framing.
#[expect(clippy::disallowed_methods, reason = "the test stands outside the house, like the stub")]
async fn post(url: &str, body: &str) -> Answer {
    let url: Uri = url.parse().expect("an address");
    let authority = url.authority().expect("an authority").as_str();
    let mut socket = TcpStream::connect(authority).await.expect("connected");
    let request = format!(
        "POST {} HTTP/1.0\r\nHost: {authority}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        url.path(),
        body.len()
    );
    socket.write_all(request.as_bytes()).await.expect("sent");
    let mut raw = Vec::new();
    // A connection that breaks leaves what came before.
    drop(socket.read_to_end(&mut raw).await);
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    Answer { head: String::from_utf8_lossy(&raw[..end]).into_owned(), body: raw[end + 4..].to_vec() }
}

fn call(tool: &str, arguments: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})
        .to_string()
}

#[tokio::test]
async fn a_call_is_recorded_under_the_id_that_its_answer_carries() {
    let stub = Stub::start().await.expect("started");
    let answer = post(&stub.url(), &call("echo", &json!({"text": "hello"}))).await;
    let calls = stub.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(answer.json()["result"]["_meta"]["procura-stub/requestId"], calls[0].id.as_str());
    assert!(answer.head.contains(&calls[0].id));
    assert_eq!(calls[0].params["arguments"]["text"], "hello");
    assert_eq!(answer.json()["result"]["structuredContent"]["echo"]["text"], "hello");
}

#[tokio::test]
async fn a_flood_is_as_large_as_it_was_ordered() {
    let stub = Stub::start().await.expect("started");
    let answer = post(&stub.url(), &call("flood", &json!({"megabytes": 3}))).await;
    assert!(answer.body.len() > 3 * 1024 * 1024);
}

#[tokio::test]
async fn a_broken_connection_leaves_half_a_body() {
    let stub = Stub::start().await.expect("started");
    let answer = post(&stub.url(), &call("close", &json!({}))).await;
    assert!(!answer.body.is_empty());
    assert!(serde_json::from_slice::<Value>(&answer.body).is_err());
}

#[tokio::test]
async fn a_hostile_path_spoils_the_handshake_too() {
    let stub = Stub::start().await.expect("started");
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}).to_string();
    assert!(post(&stub.url(), &hello).await.json()["result"]["serverInfo"].is_object());
    let answer = post(&stub.hostile_url(Mode::WrongType), &hello).await;
    assert!(answer.head.contains("text/html"));
}

#[tokio::test]
async fn a_change_shows_in_the_list() {
    let stub = Stub::start().await.expect("started");
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).to_string();
    let before = post(&stub.url(), &list).await.json()["result"]["tools"].as_array().expect("tools").len();
    stub.change(Change::Tools);
    let after = post(&stub.url(), &list).await.json()["result"]["tools"].as_array().expect("tools").len();
    assert_eq!(after, before + 1);
}
