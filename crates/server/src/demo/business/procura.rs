//! What the shop asks of Procura: a session for a token, who the customer of a session is, whether the session still
//! lives, a tool on the customer's behalf, and the end of all sessions of somebody.

use crate::demo::{agent::DemoAgent, story::sentence};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Method, Request, Response,
    body::{Bytes, Incoming},
    http::request::Builder,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use procura_model::{AgentId, Error, Result, error::Doing as _};
use serde_json::{Value, json};

/// Procura's answers are smaller.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// A session of a customer.
#[derive(Clone)]
pub(super) struct Session {
    id: String,
    token: String,
}

/// What Procura answered: what was asked for, or a refusal that is passed on as it is.
pub(super) enum Said<T> {
    Yes(T),
    No { status: u16, code: String },
}

impl<T> Said<T> {
    fn map<U>(self, read: impl FnOnce(T) -> U) -> Said<U> {
        match self {
            Self::Yes(answer) => Said::Yes(read(answer)),
            Self::No { status, code } => Said::No { status, code },
        }
    }
}

/// A client with the shop's two keys.
pub(super) struct Procura {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
    agent_key: String,
    platform_key: String,
}

impl Procura {
    pub(super) fn new(base: &str, agent_key: String, platform_key: String) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, base: base.to_owned(), agent_key, platform_key }
    }

    /// Where Procura is reached.
    pub(super) fn url(&self) -> &str {
        &self.base
    }

    /// Shows a customer's token, once; nobody else ever sees it.
    pub(super) async fn open(&self, token: &str) -> Result<Said<Session>> {
        let request = self.request(Method::POST, "/v1/sessions", &self.agent_key);
        let said = self.ask(request.header("x-user-auth-token", token), &json!({})).await?;
        Ok(said
            .map(|answer| Session { id: text(&answer, "sessionId"), token: text(&answer, "sessionToken") }))
    }

    /// What the assistant may believe about the customer: Procura's own words, made of the verified token.
    pub(super) async fn facts(&self, session: &Session) -> Result<Said<String>> {
        let request = self.in_session(session, "context");
        Ok(self.ask(request, &Value::Null).await?.map(|answer| text(&answer, "factsBlock")))
    }

    /// The answer that says when the session ends; it stays open as long as the session lives.
    pub(super) async fn events(&self, session: &Session) -> Result<Incoming> {
        let request = self.in_session(session, "events").header("accept", "text/event-stream");
        Ok(self.send(request, &Value::Null).await?.into_body())
    }

    /// Calls a tool on the customer's behalf: what it gave, or the sentence of the refusal.
    pub(super) async fn call(&self, session: &Session, tool: &str, arguments: &Value) -> Result<String> {
        let mut agent = DemoAgent::new(&self.base, &self.agent_key).acting_in(&session.token);
        Ok(sentence(&agent.call(tool, arguments).await?.result))
    }

    /// Ends all sessions of a customer; how many there were.
    pub(super) async fn revoke(&self, agent: AgentId, customer: &str) -> Result<Said<Value>> {
        let request = self.request(Method::POST, "/api/public/sessions/revoke", &self.platform_key);
        self.ask(request, &json!({ "agentId": agent, "userId": customer })).await
    }

    fn request(&self, method: Method, path: &str, key: &str) -> Builder {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        request.header("content-type", "application/json").header("authorization", format!("Bearer {key}"))
    }

    fn in_session(&self, session: &Session, what: &str) -> Builder {
        let path = format!("/v1/sessions/{}/{what}", session.id);
        self.request(Method::GET, &path, &self.agent_key).header("x-procura-session", &session.token)
    }

    async fn send(&self, request: Builder, body: &Value) -> Result<Response<Incoming>> {
        let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = request.body(Full::new(bytes)).doing("make the shop's request")?;
        self.client.request(request).await.doing("ask Procura")
    }

    async fn ask(&self, request: Builder, body: &Value) -> Result<Said<Value>> {
        let response = self.send(request, body).await?;
        let status = response.status();
        let read = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
        let bytes =
            read.map_err(|error| Error::fault("read Procura's answer", error.to_string()))?.to_bytes();
        let answer: Value = serde_json::from_slice(&bytes).doing("read Procura's answer")?;
        if status.is_success() {
            return Ok(Said::Yes(answer));
        }
        Ok(Said::No { status: status.as_u16(), code: text(&answer, "code") })
    }
}

fn text(answer: &Value, name: &str) -> String {
    answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
