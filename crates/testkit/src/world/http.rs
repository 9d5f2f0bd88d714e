//! A small HTTP client for tests: what is sent is what the test says, and a reply is held whole.

use super::Seen;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use procura_model::{Reason, RequestId};
use serde_json::Value;

/// A client of one server; it may carry a credential.
#[derive(Clone)]
pub struct Http {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
    headers: HeaderMap,
    seen: Seen,
}

impl Http {
    /// A client without credentials of the server at `base`.
    #[must_use]
    pub fn new(base: &str, seen: Seen) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Self { client, base: base.trim_end_matches('/').to_owned(), headers: HeaderMap::new(), seen }
    }

    /// The same client with a key in `Authorization`.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        self.with(header::AUTHORIZATION, &format!("Bearer {key}"))
    }

    /// The same client with one more header on every request.
    #[must_use]
    #[expect(clippy::expect_used, reason = "headers of a test are good headers")]
    pub fn with(&self, name: HeaderName, value: &str) -> Self {
        let mut changed = self.clone();
        changed.headers.insert(name, HeaderValue::from_str(value).expect("a header's value"));
        changed
    }

    /// Where it sends to.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Reads.
    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// Sends JSON.
    pub fn post(&self, path: &str, body: &Value) -> Call {
        self.call(Method::POST, path).json(body)
    }

    /// Changes by JSON.
    pub fn patch(&self, path: &str, body: &Value) -> Call {
        self.call(Method::PATCH, path).json(body)
    }

    /// Replaces by JSON.
    pub fn put(&self, path: &str, body: &Value) -> Call {
        self.call(Method::PUT, path).json(body)
    }

    /// Removes.
    pub fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }

    /// Begins a request.
    pub fn call(&self, method: Method, path: &str) -> Call {
        Call {
            http: self.clone(),
            method,
            path: path.to_owned(),
            headers: self.headers.clone(),
            body: Bytes::new(),
        }
    }
}

/// A request that was not sent yet.
#[must_use]
pub struct Call {
    http: Http,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Call {
    /// Sets a header.
    #[expect(clippy::expect_used, reason = "headers of a test are good headers")]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers
            .insert(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header's value"));
        self
    }

    /// Adds a header beside those of its name.
    #[expect(clippy::expect_used, reason = "headers of a test are good headers")]
    pub fn also(mut self, name: &'static str, value: &str) -> Self {
        self.headers
            .append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header's value"));
        self
    }

    /// Sends this document.
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").bytes(body.to_string())
    }

    /// Sends a form.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(fields);
        self.header("content-type", "application/x-www-form-urlencoded").bytes(text.finish())
    }

    /// Sends these bytes.
    pub fn bytes(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it and reads the whole answer.
    #[expect(clippy::panic, reason = "a test whose server does not answer has nothing to say")]
    pub async fn send(self) -> Reply {
        let what = format!("{} {}", self.method, self.path);
        match self.try_send().await {
            Ok(reply) => reply,
            Err(error) => panic!("{what} was not answered: {error}"),
        }
    }

    /// Sends it and reads the whole answer, if there is one.
    ///
    /// # Errors
    /// The connection broke, or could not be made.
    pub async fn try_send(self) -> Result<Reply, Box<dyn std::error::Error + Send + Sync>> {
        let uri = format!("{}{}", self.http.base, self.path);
        let mut request = Request::builder().method(self.method).uri(uri).body(Full::new(self.body))?;
        request.headers_mut().extend(self.headers);
        let (parts, body) = self.http.client.request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        let reply =
            Reply { status: parts.status.as_u16(), headers: parts.headers, body, seen: self.http.seen };
        reply.note();
        Ok(reply)
    }

    /// Sends it and gives the answer when its head has come; the body may never end.
    ///
    /// # Errors
    /// The connection broke, or could not be made.
    pub async fn begin(
        self,
    ) -> Result<http::Response<hyper::body::Incoming>, Box<dyn std::error::Error + Send + Sync>> {
        let uri = format!("{}{}", self.http.base, self.path);
        let mut request = Request::builder().method(self.method).uri(uri).body(Full::new(self.body))?;
        request.headers_mut().extend(self.headers);
        Ok(self.http.client.request(request).await?)
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    seen: Seen,
}

impl Reply {
    fn note(&self) {
        if let Ok(document) = serde_json::from_slice(&self.body) {
            self.seen.note(&document);
        }
    }

    pub(super) fn seen_in(&self, document: &Value) {
        self.seen.note(document);
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header; empty if it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The request's id.
    #[must_use]
    #[expect(clippy::expect_used, reason = "every answer carries it")]
    pub fn request_id(&self) -> RequestId {
        self.header("x-request-id").parse().expect("every answer carries the request's id")
    }

    /// The code of an error.
    #[must_use]
    pub fn code(&self) -> Option<Reason> {
        self.json().get("code").and_then(Value::as_str).and_then(Reason::from_code)
    }

    /// Demands success.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text());
        self
    }

    /// Demands this refusal, with its status and its whole form.
    #[track_caller]
    pub fn refused(self, reason: Reason) -> Self {
        assert_eq!(self.code(), Some(reason), "{} {}", self.status, self.text());
        assert_eq!(self.status, reason.http(), "{}", self.text());
        let document = self.json();
        let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        assert_eq!(document.get("success"), Some(&Value::Bool(false)), "{document}");
        assert!(!text("error").is_empty(), "{document}");
        assert_eq!(text("fix"), reason.fix(), "{document}");
        assert_eq!(text("requestId"), self.header("x-request-id"), "{document}");
        self
    }

    /// A member of the body by JSON pointer; null if it is not there.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Value {
        self.json().pointer(pointer).cloned().unwrap_or_default()
    }

    /// A text of the body by JSON pointer; panics if it is none.
    #[must_use]
    #[track_caller]
    #[expect(clippy::panic, reason = "a test that does not find its text has nothing to say")]
    pub fn text_at(&self, pointer: &str) -> String {
        match self.at(pointer) {
            Value::String(text) => text,
            other => panic!("{pointer} is {other} in {}", self.text()),
        }
    }
}
