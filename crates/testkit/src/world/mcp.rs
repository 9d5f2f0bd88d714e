//! A small MCP client of the stateless era (2026-07-28): one request, one answer, as JSON or as a stream of events.

use super::{Call, Http, Reply};
use procura_model::{Reason, RequestId};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

const MODERN: &str = "2026-07-28";
static NEXT: AtomicU64 = AtomicU64::new(1);

/// The gateway as one client sees it.
#[derive(Clone)]
pub struct Mcp {
    http: Http,
    path: String,
}

impl Mcp {
    /// A client of the gateway at this path.
    #[must_use]
    pub fn new(http: Http, path: &str) -> Self {
        Self { http, path: path.to_owned() }
    }

    /// A request that was not sent yet; what `params` has of `_meta` stays.
    pub fn request(&self, method: &str, params: Value) -> Call {
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut params = params;
        if let Some(members) = params.as_object_mut() {
            let meta = members.entry("_meta").or_insert_with(|| json!({}));
            for (key, value) in [
                ("protocolVersion", json!(MODERN)),
                ("clientCapabilities", json!({})),
                ("clientInfo", json!({"name": "world", "version": "1"})),
            ] {
                meta[format!("io.modelcontextprotocol/{key}")] = value;
            }
        }
        let name = ["name", "uri"].iter().find_map(|key| params.get(*key)).and_then(Value::as_str);
        let mut call = self
            .http
            .call(http::Method::POST, &self.path)
            .header("mcp-protocol-version", MODERN)
            .header("mcp-method", method)
            .header("accept", "application/json, text/event-stream");
        if let Some(name) = name.filter(|_| method != "completion/complete") {
            call = call.header("mcp-name", name);
        }
        call.json(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
    }

    /// Sends a request.
    pub async fn send(&self, method: &str, params: Value) -> Called {
        Called::of(self.request(method, params).send().await)
    }

    /// Calls a tool.
    pub async fn call_tool(&self, name: &str, arguments: &Value) -> Called {
        self.send("tools/call", json!({"name": name, "arguments": arguments})).await
    }

    /// The names of the tools.
    #[track_caller]
    pub fn tools(&self) -> impl Future<Output = Vec<String>> {
        let listed = self.clone();
        async move {
            let called = listed.send("tools/list", json!({})).await;
            let tools = called.message.pointer("/result/tools").and_then(Value::as_array).cloned();
            assert!(tools.is_some(), "{} {}", called.reply.status, called.reply.text());
            let name = |tool: &Value| tool.get("name").and_then(Value::as_str).map(str::to_owned);
            tools.unwrap_or_default().iter().filter_map(name).collect()
        }
    }
}

/// The answer to a request of the gateway.
#[derive(Clone, Debug)]
pub struct Called {
    /// The answer over HTTP.
    pub reply: Reply,
    /// The JSON-RPC message that answers.
    pub message: Value,
}

impl Called {
    /// Reads an answer: one document, or the last message of a stream.
    #[must_use]
    pub fn of(reply: Reply) -> Self {
        let message = if reply.header("content-type").starts_with("text/event-stream") {
            answer_in(&reply.text())
        } else {
            reply.json()
        };
        reply.seen_in(&message);
        Self { reply, message }
    }

    /// The result of a tool.
    #[must_use]
    pub fn result(&self) -> Value {
        self.message.get("result").cloned().unwrap_or_default()
    }

    /// Whether a result came that is no error.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        let result = self.result();
        result.is_object() && result.get("isError") != Some(&Value::Bool(true))
    }

    /// Demands a result that is no error.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!(self.is_ok(), "{} {}", self.reply.status, self.reply.text());
        self
    }

    /// All text blocks of the result.
    #[must_use]
    pub fn text(&self) -> String {
        let result = self.result();
        let blocks = result.get("content").and_then(Value::as_array).cloned().unwrap_or_default();
        let texts: Vec<String> =
            blocks.iter().filter_map(|block| Some(block.get("text")?.as_str()?.to_owned())).collect();
        texts.join("\n")
    }

    /// The fields of a denial, from a tool result or from a JSON-RPC error.
    #[must_use]
    pub fn denial(&self) -> Value {
        ["/result/_meta/io.procura~1denial", "/result/structuredContent", "/error/data"]
            .iter()
            .find_map(|place| self.message.pointer(place).filter(|found| found.get("code").is_some()))
            .cloned()
            .unwrap_or_default()
    }

    /// The code of a denial.
    #[must_use]
    pub fn code(&self) -> Option<Reason> {
        self.denial().get("code").and_then(Value::as_str).and_then(Reason::from_code)
    }

    /// Demands a denial for this reason, as a tool result that the client's session survives.
    #[track_caller]
    pub fn denied(self, reason: Reason) -> Self {
        assert_eq!(self.code(), Some(reason), "{} {}", self.reply.status, self.reply.text());
        assert_eq!(self.reply.status, 200, "{}", self.reply.text());
        assert_eq!(self.message.pointer("/result/isError"), Some(&Value::Bool(true)), "{}", self.message);
        self
    }

    /// The request's id.
    #[must_use]
    pub fn request_id(&self) -> RequestId {
        self.reply.request_id()
    }
}

/// The last message of a stream that answers a request.
fn answer_in(stream: &str) -> Value {
    let messages = stream.split("\n\n").filter_map(|event| {
        let data: Vec<&str> =
            event.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim_start).collect();
        serde_json::from_str::<Value>(&data.join("\n")).ok()
    });
    messages
        .filter(|message| message.get("result").is_some() || message.get("error").is_some())
        .last()
        .unwrap_or_default()
}
