//! The JSON-RPC envelope, read without looking inside: one message per body, never a batch; an id
//! is a string or an integer; `params` is an object whose bytes are kept. Errors carry the HTTP
//! status of the 2026-07-28 transport (`standards/mcp.md`, A1 and A5).

use crate::raw::{Members, Object};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The largest id that is taken.
const MAX_ID_BYTES: usize = 256;

/// JSON-RPC and MCP error codes.
pub(crate) mod code {
    /// Not JSON.
    pub(crate) const PARSE: i64 = -32700;
    /// Not a request.
    pub(crate) const INVALID_REQUEST: i64 = -32600;
    /// No such method.
    pub(crate) const METHOD_NOT_FOUND: i64 = -32601;
    /// The parameters are wrong.
    pub(crate) const INVALID_PARAMS: i64 = -32602;
    /// A header does not agree with the body.
    pub(crate) const HEADER_MISMATCH: i64 = -32020;
    /// The client lacks a capability.
    pub(crate) const MISSING_CAPABILITY: i64 = -32021;
    /// The protocol version is not spoken here.
    pub(crate) const UNSUPPORTED_VERSION: i64 = -32022;
}

/// One message of a client or of an upstream.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    /// Wants exactly one answer.
    Request(Request<'a>),
    /// Wants none.
    Notification(Request<'a>),
    /// Answers a request of ours.
    Response(Response<'a>),
}

/// A request, or a notification (whose id is empty).
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The id as it was written.
    pub(crate) id: &'a str,
    /// The method.
    pub(crate) method: Cow<'a, str>,
    /// The parameters as they were written; `{}` where there are none.
    pub(crate) params: &'a str,
}

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Response<'a> {
    /// The id as it was written, where there is one.
    pub(crate) id: Option<&'a str>,
    /// The result or the error as it was written.
    pub(crate) outcome: Result<&'a str, &'a str>,
}

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The HTTP status that carries it.
    pub(crate) status: u16,
    /// The JSON-RPC code.
    pub(crate) code: i64,
    /// The sentence.
    pub(crate) message: Cow<'static, str>,
    /// `data` as JSON, where there is some.
    pub(crate) data: Option<String>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
}

/// `null` is a value here, not an absence.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl Failure {
    /// An error with this code and its status.
    pub(crate) fn new(code: i64, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: status_of(code), code, message: message.into(), data: None }
    }

    /// The same error with `data`, which is JSON.
    pub(crate) fn with_data(mut self, data: String) -> Self {
        self.data = Some(data);
        self
    }

    /// An upstream's error, its code, message and data kept; none if it is no error.
    pub(crate) fn of_upstream(error: &str) -> Option<Self> {
        let members = Members::parse(error).ok()?;
        let code = members.raw("code")?.parse().ok()?;
        let message = members.text("message").unwrap_or_default().into_owned();
        Some(Self { data: members.raw("data").map(str::to_owned), ..Self::new(code, message) })
    }

    /// The same error in another HTTP status.
    pub(crate) fn at(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The answer to the request `id`, or to none.
    pub(crate) fn body(&self, id: Option<&str>) -> String {
        let mut error = Object::new();
        error.raw("code", &self.code.to_string()).text("message", &self.message);
        if let Some(data) = &self.data {
            error.raw("data", data);
        }
        error_body(id, &error.finish())
    }
}

/// The answer to the request `id` with an error that is JSON already.
pub(crate) fn error_body(id: Option<&str>, error: &str) -> String {
    let mut body = Object::with_capacity(error.len() + 64);
    body.raw("jsonrpc", "\"2.0\"");
    if let Some(id) = id {
        body.raw("id", id);
    }
    body.raw("error", error).finish()
}

/// The answer to the request `id` with a result that is JSON already.
pub(crate) fn result_body(id: &str, result: &str) -> String {
    Object::with_capacity(result.len() + id.len() + 48)
        .raw("jsonrpc", "\"2.0\"")
        .raw("id", id)
        .raw("result", result)
        .finish()
}

/// A request of ours.
pub(crate) fn request_body(id: &str, method: &str, params: &str) -> String {
    Object::with_capacity(params.len() + 96)
        .raw("jsonrpc", "\"2.0\"")
        .raw("id", id)
        .text("method", method)
        .raw("params", params)
        .finish()
}

/// A notification.
pub(crate) fn notification_body(method: &str, params: &str) -> String {
    Object::new().raw("jsonrpc", "\"2.0\"").text("method", method).raw("params", params).finish()
}

/// The HTTP status of a code in the 2026-07-28 transport.
pub(crate) const fn status_of(code: i64) -> u16 {
    match code {
        code::METHOD_NOT_FOUND => 404,
        code::PARSE
        | code::INVALID_REQUEST
        | code::HEADER_MISMATCH
        | code::MISSING_CAPABILITY
        | code::UNSUPPORTED_VERSION => 400,
        _ => 200,
    }
}

/// Reads one message.
pub(crate) fn parse(body: &[u8]) -> Result<Message<'_>, Failure> {
    let text = std::str::from_utf8(body).map_err(|_| Failure::new(code::PARSE, "The body is not UTF-8."))?;
    let envelope: Envelope<'_> = match serde_json::from_str(text) {
        Ok(envelope) => envelope,
        Err(error) => return Err(broken(text, &error)),
    };
    if envelope.jsonrpc.map(RawValue::get) != Some("\"2.0\"") {
        return Err(Failure::new(code::INVALID_REQUEST, "`jsonrpc` must be \"2.0\"."));
    }
    let Some(method) = envelope.method else { return response(&envelope) };
    let params = envelope.params.map_or("{}", RawValue::get);
    if !params.starts_with('{') {
        return Err(Failure::new(code::INVALID_REQUEST, "`params` must be an object."));
    }
    match envelope.id {
        None => Ok(Message::Notification(Request { id: "", method, params })),
        Some(id) if is_id(id.get()) => Ok(Message::Request(Request { id: id.get(), method, params })),
        Some(_) => Err(Failure::new(code::INVALID_REQUEST, "`id` must be a string or an integer.")),
    }
}

fn response<'a>(envelope: &Envelope<'a>) -> Result<Message<'a>, Failure> {
    let outcome = match (envelope.result, envelope.error) {
        (Some(result), None) => Ok(result.get()),
        (None, Some(error)) => Err(error.get()),
        _ => return Err(Failure::new(code::INVALID_REQUEST, "This is neither a request nor a response.")),
    };
    Ok(Message::Response(Response { id: envelope.id.map(RawValue::get), outcome }))
}

/// Tells what is not JSON from what is JSON of the wrong shape.
fn broken(text: &str, error: &serde_json::Error) -> Failure {
    if text.trim_start().starts_with('[') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        return Failure::new(
            code::INVALID_REQUEST,
            "Batches are not part of this protocol; send one message per request.",
        );
    }
    match error.classify() {
        serde_json::error::Category::Data => Failure::new(
            code::INVALID_REQUEST,
            "The body is not one JSON-RPC message, or a member stands twice.",
        ),
        _ => Failure::new(code::PARSE, "The body is not valid JSON."),
    }
}

/// A string or an integer, and not a long one.
fn is_id(raw: &str) -> bool {
    if raw.len() > MAX_ID_BYTES {
        return false;
    }
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    raw.starts_with('"') || (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> i64 {
        parse(body.as_bytes()).unwrap_err().code
    }

    #[test]
    fn a_request_keeps_the_bytes_of_its_id_and_params() {
        let body =
            r#"{"id" : "a\u0062","jsonrpc":"2.0","params": {"z":1.00,"a":2} ,"method":"tools/call","x":1}"#;
        let Ok(Message::Request(request)) = parse(body.as_bytes()) else { panic!("no request") };
        assert_eq!(request.id, r#""a\u0062""#);
        assert_eq!(request.params, r#"{"z":1.00,"a":2}"#);
        assert_eq!(request.method, "tools/call");
    }

    #[test]
    fn what_is_no_message_is_refused_with_its_code() {
        for (body, wanted) in [
            ("", code::PARSE),
            ("{", code::PARSE),
            ("nonsense", code::PARSE),
            (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, code::INVALID_REQUEST),
            ("[1,", code::PARSE),
            ("7", code::INVALID_REQUEST),
            (r#"{"id":1,"method":"ping"}"#, code::INVALID_REQUEST),
            (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, code::INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, code::INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, code::INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, code::INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, code::INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, code::INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, code::INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1}"#, code::INVALID_REQUEST),
            (r#"{"jsonrpc":"2.0","id":1,"result":1,"error":2}"#, code::INVALID_REQUEST),
        ] {
            assert_eq!(refused(body), wanted, "{body}");
        }
        assert_eq!(parse(b"\xff").unwrap_err().code, code::PARSE);
    }

    #[test]
    fn depth_alone_breaks_nothing() {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"x","params":{{"a":{}{}}}}}"#,
            "[".repeat(200_000),
            "]".repeat(200_000)
        );
        assert!(parse(body.as_bytes()).is_ok());
    }

    #[test]
    fn an_answer_is_told_from_a_request() {
        let Ok(Message::Response(response)) = parse(br#"{"jsonrpc":"2.0","id":3,"error":{"code":-32601}}"#)
        else {
            panic!("no response")
        };
        assert_eq!(response.id, Some("3"));
        assert_eq!(
            response.outcome.err().and_then(Failure::of_upstream).map(|failure| failure.code),
            Some(-32601)
        );
    }

    #[test]
    fn a_failure_carries_the_status_of_its_code() {
        let failure = Failure::new(code::METHOD_NOT_FOUND, "No \"such\" method.");
        assert_eq!(failure.status, 404);
        assert_eq!(
            failure.body(Some("1")),
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"No \"such\" method."}}"#
        );
        assert!(!failure.body(None).contains("\"id\""));
    }
}
