//! The demo agent: a plain MCP client of protocol 2026-07-28 that knows nothing but a URL and a key.

use http_body_util::{BodyExt as _, Full};
use hyper::{Request, body::Bytes};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use procura_model::{Result, error::Doing as _};
use serde_json::{Value, json};

const PROTOCOL: &str = "2026-07-28";

/// A client of one MCP endpoint.
pub(super) struct DemoAgent {
    client: Client<HttpConnector, Full<Bytes>>,
    url: String,
    key: String,
    session: Option<String>,
    next_id: u64,
}

/// What came back.
pub(super) struct Answered {
    /// The tool's result, or null.
    pub(super) result: Value,
    /// The request that Procura made of it.
    pub(super) request: String,
}

impl DemoAgent {
    pub(super) fn new(base: &str, key: &str) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            url: format!("{base}/v1/mcp"),
            key: key.to_owned(),
            session: None,
            next_id: 0,
        }
    }

    /// The same agent, for the user of this session.
    pub(super) fn acting_in(self, session: &str) -> Self {
        Self { session: Some(session.to_owned()), ..self }
    }

    /// Calls a tool.
    pub(super) async fn call(&mut self, tool: &str, arguments: &Value) -> Result<Answered> {
        self.next_id += 1;
        let body = json!({
            "jsonrpc": "2.0", "id": self.next_id, "method": "tools/call",
            "params": {
                "name": tool, "arguments": arguments,
                "_meta": {
                    "io.modelcontextprotocol/protocolVersion": PROTOCOL,
                    "io.modelcontextprotocol/clientCapabilities": {},
                    "io.modelcontextprotocol/clientInfo": { "name": "demo-agent", "version": "1" },
                },
            },
        });
        let mut request = Request::post(&self.url);
        if let Some(session) = &self.session {
            request = request.header("x-procura-session", session);
        }
        let request = request
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("authorization", format!("Bearer {}", self.key))
            .header("mcp-protocol-version", PROTOCOL)
            .header("mcp-method", "tools/call")
            .header("mcp-name", tool)
            .body(Full::new(Bytes::from(body.to_string())))
            .doing("make the demo agent's request")?;
        let response = self.client.request(request).await.doing("call the gateway")?;
        let request =
            response.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
        let request = request.to_owned();
        let bytes = response.into_body().collect().await.doing("read the gateway's answer")?.to_bytes();
        let message = last_message(&String::from_utf8_lossy(&bytes));
        Ok(Answered { result: message.get("result").cloned().unwrap_or(message), request })
    }
}

/// The JSON of a plain answer, or of the last event of a stream.
fn last_message(text: &str) -> Value {
    let data = text.lines().rev().find_map(|line| line.strip_prefix("data:")).unwrap_or(text);
    serde_json::from_str(data.trim()).unwrap_or(Value::Null)
}
