//! The bare programs that everything is measured against. They do what must be done and nothing more.
//!
//! `bare`: read a JSON ask, answer JSON. `durable`: the same, after its row is on disk. `stub`: an MCP server whose tool answers
//! 4 KB. `proxy`: an axum handler in front of it with a pooled hyper client. Each is started as a process by the bench itself,
//! prints where it listens, and ends when its standard input closes.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Outcome;
use crate::committer::{Committer, Row};
use crate::tokens;

const RESULT_BYTES: usize = 4096;
const FACTS_BYTES: usize = 400;

/// `procura-bench serve bare | durable FILE | tokens FILE | stub | proxy ADDRESS`.
pub(crate) fn serve(words: &[String]) -> Outcome<()> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| format!("no runtime: {error}"))?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    runtime.block_on(async {
        let router = match words.as_slice() {
            ["bare"] => Router::new().route("/v1/verify", post(bare)),
            ["durable", file] => durable_router(Path::new(file)).await?,
            ["tokens", file] => tokens::router(Path::new(file)).await?,
            ["stub"] => Router::new().route("/mcp", post(stub)).with_state(Arc::new(result_text())),
            ["proxy", upstream] => proxy_router(upstream)?,
            other => return Err(format!("there is no ceiling {other:?}")),
        };
        listen(router).await
    })
}

async fn listen(router: Router) -> Outcome<()> {
    let failed = |error: std::io::Error| format!("cannot listen: {error}");
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
    println!("listening {}", listener.local_addr().map_err(failed)?);
    std::io::stdout().flush().map_err(failed)?;
    std::thread::spawn(|| {
        // Ends of itself only when the bench is gone.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await.map_err(failed)
}

#[derive(Deserialize)]
struct Ask {
    action: String,
    resource: String,
    vendor: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Decision {
    success: bool,
    allowed: bool,
    decision: &'static str,
    reason: &'static str,
    code: &'static str,
    risk: &'static str,
    request_id: String,
}

impl Decision {
    fn allow(request_id: String) -> Self {
        Self {
            success: true,
            allowed: true,
            decision: "allow",
            reason: "A permission of this agent allows it.",
            code: "PERMITTED",
            risk: "low",
            request_id,
        }
    }
}

/// Ids as long as the real ones, counted up.
fn next_id() -> (i64, String) {
    static NEXT: AtomicI64 = AtomicI64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    (number, format!("req_{number:026}"))
}

async fn bare(Json(ask): Json<Ask>) -> Response {
    let (_, id) = next_id();
    if ask.action.is_empty() || ask.resource.is_empty() || ask.vendor.is_empty() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    Json(Decision::allow(id)).into_response()
}

async fn durable_router(file: &Path) -> Outcome<Router> {
    let committer = Committer::open(file).await?;
    Ok(Router::new().route("/v1/verify", post(durable)).with_state(committer))
}

async fn durable(State(committer): State<Committer>, Json(ask): Json<Ask>) -> Response {
    let (number, request_id) = next_id();
    let row = Row {
        request_id: request_id.clone(),
        created_at: number,
        facts: facts(&ask),
        action: ask.action,
        resource: ask.resource,
        vendor: ask.vendor,
        digest: vec![7; 32],
    };
    if committer.commit(row).await {
        Json(Decision::allow(request_id)).into_response()
    } else {
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    }
}

/// JSON of the size that a real record has.
fn facts(ask: &Ask) -> String {
    let mut text = format!(r#"{{"action":"{}","resource":"{}","padding":""#, ask.action, ask.resource);
    while text.len() < FACTS_BYTES - 2 {
        text.push('x');
    }
    text.push_str("\"}");
    text
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    method: &'a str,
}

/// An MCP server that speaks both eras and has one tool.
async fn stub(State(text): State<Arc<String>>, headers: HeaderMap, body: Bytes) -> Response {
    let Ok(call) = serde_json::from_slice::<Call<'_>>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let Some(id) = call.id else {
        return StatusCode::ACCEPTED.into_response();
    };
    let is_modern = headers.get("mcp-protocol-version").is_some_and(|version| version == "2026-07-28");
    let complete = if is_modern { r#""resultType":"complete","# } else { "" };
    let result = match call.method {
        "tools/call" => format!(r#"{{{complete}"content":[{{"type":"text","text":"{text}"}}]}}"#),
        "tools/list" => format!(
            r#"{{{complete}"ttlMs":60000,"cacheScope":"private","tools":[{{"name":"read","description":"Reads a note.","inputSchema":{{"type":"object","properties":{{"path":{{"type":"string"}}}}}}}}]}}"#
        ),
        "server/discover" => r#"{"resultType":"complete","supportedVersions":["2026-07-28","2025-11-25"],"capabilities":{"tools":{}},"ttlMs":60000,"cacheScope":"public","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"stub","version":"1"}}}"#.to_owned(),
        "initialize" => r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"stub","version":"1"}}"#.to_owned(),
        "ping" => "{}".to_owned(),
        _ => return json(format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32601,"message":"Method not found"}}}}"#)),
    };
    json(format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#))
}

fn json(text: String) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response()
}

/// 4 KB of ordinary prose, of our own, that needs no escape in JSON and gives no gate a reason to act.
fn result_text() -> String {
    const SENTENCES: [&str; 4] = [
        "The delivery of the printed programmes is planned for Thursday, between nine and eleven in the morning.",
        "Two boxes go to the main entrance and one to the office on the second floor, where somebody will sign for them.",
        "Last year the paper was a little too thin for the colour pages, so this order is for the heavier kind.",
        "The invoice follows at the end of the month and names the number of the order as its reference.",
    ];
    let mut text: String = SENTENCES
        .iter()
        .cycle()
        .enumerate()
        .take(60)
        .map(|(number, sentence)| format!("Note {number}. {sentence} "))
        .collect();
    text.truncate(RESULT_BYTES);
    text
}

/// What the proxy's handler needs.
#[derive(Clone)]
struct Proxy {
    client: Client<HttpConnector, Body>,
    upstream: SocketAddr,
}

fn proxy_router(upstream: &str) -> Outcome<Router> {
    let upstream = upstream.parse().map_err(|_| format!("{upstream} is no address"))?;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).build(connector);
    Ok(Router::new().fallback(proxy).with_state(Proxy { client, upstream }))
}

async fn proxy(State(proxy): State<Proxy>, mut request: Request) -> Response {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let Ok(uri) = format!("http://{}{path}", proxy.upstream).parse::<Uri>() else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    *request.uri_mut() = uri;
    request.headers_mut().remove(HOST);
    match proxy.client.request(request).await {
        Ok(response) => response.map(Body::new),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_is_four_kilobytes_of_plain_text() {
        let text = result_text();
        assert_eq!(text.len(), RESULT_BYTES);
        assert_eq!(serde_json::to_string(&text).unwrap().len(), RESULT_BYTES + 2);
    }

    #[test]
    fn the_facts_are_json_of_the_stated_size() {
        let ask = Ask { action: "a".to_owned(), resource: "r".to_owned(), vendor: "v".to_owned() };
        let facts = facts(&ask);
        assert_eq!(facts.len(), FACTS_BYTES);
        assert!(serde_json::from_str::<serde_json::Value>(&facts).is_ok());
    }

    #[tokio::test]
    async fn the_stub_echoes_the_id_and_answers_in_the_callers_era() {
        let body = Bytes::from_static(br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{}}"#);
        let mut headers = HeaderMap::new();
        let legacy = stub(State(Arc::new("text".to_owned())), headers.clone(), body.clone()).await;
        headers.insert("mcp-protocol-version", HeaderValue::from_static("2026-07-28"));
        let modern = stub(State(Arc::new("text".to_owned())), headers, body).await;
        let read = async |response: Response| axum::body::to_bytes(response.into_body(), 9999).await.unwrap();
        assert_eq!(
            read(legacy).await,
            r#"{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"text"}]}}"#
        );
        assert!(
            read(modern).await.starts_with(br#"{"jsonrpc":"2.0","id":7,"result":{"resultType":"complete","#)
        );
    }
}
