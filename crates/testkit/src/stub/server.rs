//! The HTTP side of the stub. It speaks as much of both eras as listing and calling need, keeps no sessions, and
//! answers from borrowed parts of the request, because the gateway's cost is measured against it.
//!
//! Beside `/mcp` it serves `GET /seen` (what arrived, as JSON), `DELETE /seen`, `GET /count` and
//! `POST /change/{tools|description|none}` for tests that run it as a process of its own.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::{any, get, post};
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::hostile::{self, Asked};
use super::record::{Record, Recording, Request, Seen};
use super::samples;
use super::tools::{self, Mode};
use crate::fixture::Eras;
use crate::fixture::message::{empty, with_body};
use crate::fixture::pace;

const MODERN: &str = "2026-07-28";

/// How a stub is started.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The eras it speaks.
    pub eras: Eras,
    /// Whether it keeps what it sees.
    pub recording: Recording,
}

/// What may happen to the list of tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// As it was at the start.
    None,
    /// A tool was added.
    Tools,
    /// The description of `benign` was changed.
    Description,
}

/// A running stub. Dropping it ends it: open connections break.
pub struct Stub {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<io::Result<()>>,
}

struct Shared {
    eras: Eras,
    record: Record,
    change: AtomicU8,
    benign_4k: String,
}

impl Stub {
    /// Starts a stub on a free port of the loopback address.
    pub async fn start() -> io::Result<Self> {
        Self::start_with(Options::default()).await
    }

    /// Starts a stub on a free port of the loopback address.
    pub async fn start_with(options: Options) -> io::Result<Self> {
        serve(TcpListener::bind("127.0.0.1:0").await?, options)
    }

    /// Where it listens for MCP.
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// Where every request, the handshake included, is answered in `mode`.
    pub fn hostile_url(&self, mode: Mode) -> String {
        format!("http://{}/hostile/{}", self.address, mode.tool())
    }

    /// What arrived so far, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.record.seen()
    }

    /// The tool calls that arrived so far, in order.
    pub fn calls(&self) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.method == "tools/call").collect()
    }

    /// Forgets what arrived; ids go on.
    pub fn forget(&self) {
        self.shared.record.forget();
    }

    /// Changes the list of tools.
    pub fn change(&self, change: Change) {
        self.shared.set(change);
    }

    /// Waits until the server ends, which it does by itself only if its socket breaks.
    pub async fn join(&mut self) -> io::Result<()> {
        (&mut self.task).await?
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves on `listener`.
pub fn serve(listener: TcpListener, options: Options) -> io::Result<Stub> {
    let address = listener.local_addr()?;
    let shared = Arc::new(Shared {
        eras: options.eras,
        record: Record::new(options.recording),
        change: AtomicU8::new(0),
        benign_4k: text_result(&samples::benign()),
    });
    let router = Router::new()
        .route("/mcp", any(honest))
        .route("/hostile/{mode}", any(dishonest))
        .route("/seen", get(show).delete(forget))
        .route("/count", get(count))
        .route("/change/{what}", post(change))
        .with_state(Arc::clone(&shared));
    // Without this small answers wait 40 ms for an acknowledgement. A socket that refuses it is only slow.
    let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
    let task = pace::start(async move { axum::serve(listener, router).await });
    Ok(Stub { address, shared, task })
}

impl Shared {
    fn set(&self, change: Change) {
        let change = match change {
            Change::None => 0,
            Change::Tools => 1,
            Change::Description => 2,
        };
        self.change.store(change, Ordering::Relaxed);
    }
}

async fn show(State(shared): State<Arc<Shared>>) -> Json<Vec<Seen>> {
    Json(shared.record.seen())
}

async fn forget(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.record.forget();
    StatusCode::NO_CONTENT
}

async fn count(State(shared): State<Arc<Shared>>) -> Json<u64> {
    Json(shared.record.count())
}

async fn change(State(shared): State<Arc<Shared>>, Path(what): Path<String>) -> StatusCode {
    let change = match what.as_str() {
        "none" => Change::None,
        "tools" => Change::Tools,
        "description" => Change::Description,
        _ => return StatusCode::NOT_FOUND,
    };
    shared.set(change);
    StatusCode::NO_CONTENT
}

/// A request, borrowed from its body.
#[derive(Deserialize)]
struct Incoming<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(default)]
    method: String,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Params {
    name: Option<String>,
    #[serde(default)]
    arguments: Arguments,
}

#[derive(Default, Deserialize)]
struct Arguments {
    milliseconds: Option<u64>,
    megabytes: Option<usize>,
    to: Option<String>,
}

async fn honest(
    State(shared): State<Arc<Shared>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    respond(&shared, &method, &headers, &body, None).await
}

async fn dishonest(
    State(shared): State<Arc<Shared>>,
    Path(mode): Path<String>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match Mode::of(&mode) {
        Some(mode) => respond(&shared, &method, &headers, &body, Some(mode)).await,
        None => empty(StatusCode::NOT_FOUND),
    }
}

async fn respond(
    shared: &Shared,
    method: &Method,
    headers: &HeaderMap,
    body: &Bytes,
    forced: Option<Mode>,
) -> Response {
    if *method != Method::POST {
        return with_body(StatusCode::METHOD_NOT_ALLOWED, header::ALLOW, "POST", Body::empty());
    }
    let Ok(incoming) = serde_json::from_slice::<Incoming<'_>>(body) else {
        return empty(StatusCode::BAD_REQUEST);
    };
    let own_id = shared.record.note(headers, || written_down(&incoming));
    let Some(rpc_id) = incoming.id.map(RawValue::get) else {
        return empty(StatusCode::ACCEPTED);
    };
    let params: Params = parsed(incoming.params);
    let mode =
        forced.or_else(|| Mode::of(params.name.as_deref()?).filter(|_| incoming.method == "tools/call"));
    let Arguments { milliseconds, megabytes, to } = params.arguments;
    let asked = Asked { rpc_id, milliseconds, megabytes, to: to.as_deref() };
    if let Some(mode) = mode
        && let Some(response) = hostile::answer(mode, &asked).await
    {
        return signed(response, &own_id);
    }
    if mode == Some(Mode::Slow) {
        pace::pause(milliseconds.unwrap_or(1_000).min(60_000)).await;
    }
    let is_modern = headers.get("mcp-protocol-version").is_some_and(|version| version == MODERN);
    let reply = Reply { rpc_id, own_id: &own_id, is_modern: is_modern && shared.eras != Eras::Legacy };
    let response = match (incoming.method.as_str(), mode) {
        ("tools/call", Some(mode)) => reply.called(shared, mode, incoming.params),
        ("tools/call", None) => reply.failed(StatusCode::OK, -32602, "Unknown tool"),
        (method, _) => reply.listed(shared, method),
    };
    signed(response, &own_id)
}

fn written_down(incoming: &Incoming<'_>) -> Request {
    Request { method: incoming.method.clone(), params: parsed(incoming.params), rpc_id: parsed(incoming.id) }
}

/// The default if there is nothing or it is of another shape: the stub is no judge of its callers.
fn parsed<'a, T: Default + Deserialize<'a>>(raw: Option<&'a RawValue>) -> T {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

fn signed(mut response: Response, own_id: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(own_id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

/// The members of a result with one text block, without braces.
fn text_result(text: &str) -> String {
    format!(r#""content":[{{"type":"text","text":{}}}]"#, Value::from(text))
}

struct Reply<'a> {
    rpc_id: &'a str,
    own_id: &'a str,
    is_modern: bool,
}

impl Reply<'_> {
    fn called(&self, shared: &Shared, mode: Mode, params: Option<&RawValue>) -> Response {
        let arguments = || {
            let params: Value = parsed(params);
            params.get("arguments").cloned().unwrap_or_default()
        };
        let members = match mode {
            Mode::Benign4k => return self.result(&shared.benign_4k),
            Mode::Echo => format!(
                r#"{},"structuredContent":{{"echo":{}}}"#,
                text_result(&arguments().to_string()),
                arguments()
            ),
            Mode::Error => format!(r#"{},"isError":true"#, text_result("The shelf is empty.")),
            Mode::Injection => text_result(&samples::hidden_instruction()),
            Mode::Secrets => text_result(&format!("The configuration:\n{}", samples::secrets().join("\n"))),
            Mode::StructuredSecrets => {
                format!(
                    r#"{},"structuredContent":{}"#,
                    text_result("As data."),
                    json!({"values": samples::secrets()})
                )
            }
            Mode::Events => return self.events(params),
            Mode::RpcError => return self.failed(StatusCode::OK, -32603, "The upstream gave up"),
            _ => text_result("Everything is in order."),
        };
        self.result(&members)
    }

    fn listed(&self, shared: &Shared, method: &str) -> Response {
        let capabilities = json!({"tools": {"listChanged": true}});
        let change = shared.change.load(Ordering::Relaxed);
        match method {
            "initialize" if shared.eras != Eras::Modern => self.result(&format!(
                r#""protocolVersion":"2025-11-25","capabilities":{capabilities},"serverInfo":{{"name":"procura-stub","version":"1.0.0"}}"#
            )),
            "server/discover" if self.is_modern => self.result(&format!(
                r#""supportedVersions":["{MODERN}"],"capabilities":{capabilities},"ttlMs":0,"cacheScope":"private""#
            )),
            "tools/list" => {
                self.result(&format!(r#""tools":{},"ttlMs":0,"cacheScope":"private""#, tools::list(change == 1, change == 2)))
            }
            "ping" => self.result(""),
            _ => self.failed(StatusCode::NOT_FOUND, -32601, "Method not found"),
        }
    }

    fn body(&self, members: &str) -> String {
        let Self { rpc_id, own_id, is_modern } = self;
        let result_type = if *is_modern { r#""resultType":"complete","# } else { "" };
        let comma = if members.is_empty() { "" } else { "," };
        format!(
            r#"{{"jsonrpc":"2.0","id":{rpc_id},"result":{{{result_type}{members}{comma}"_meta":{{"procura-stub/requestId":"{own_id}"}}}}}}"#
        )
    }

    fn result(&self, members: &str) -> Response {
        with_body(StatusCode::OK, header::CONTENT_TYPE, "application/json", Body::from(self.body(members)))
    }

    fn events(&self, params: Option<&RawValue>) -> Response {
        let params: Value = parsed(params);
        let mut text = String::from(": begins\n\n");
        if let Some(token) = params.pointer("/_meta/progressToken") {
            let progress = json!({"jsonrpc": "2.0", "method": "notifications/progress",
                "params": {"progressToken": token, "progress": 1, "total": 2,
                    "message": params.pointer("/arguments/say")}});
            text.push_str(&format!("event: message\ndata: {progress}\n\n"));
        }
        text.push_str(&format!(
            "event: message\ndata: {}\n\n",
            self.body(&text_result("After some progress."))
        ));
        with_body(StatusCode::OK, header::CONTENT_TYPE, "text/event-stream", Body::from(text))
    }

    fn failed(&self, status: StatusCode, code: i64, message: &str) -> Response {
        let rpc_id = self.rpc_id;
        let body =
            format!(r#"{{"jsonrpc":"2.0","id":{rpc_id},"error":{{"code":{code},"message":"{message}"}}}}"#);
        with_body(status, header::CONTENT_TYPE, "application/json", Body::from(body))
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
