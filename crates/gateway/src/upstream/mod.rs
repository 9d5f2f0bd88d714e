//! The tool servers behind: one interface over Streamable HTTP and over a child's standard streams,
//! and over both protocol eras. Every call has a deadline and a size; what an upstream asks of us
//! (sampling, elicitation, roots) is answered with "method not found", because we declare none of it.

mod api;
mod exchange;
mod http;
mod listen;
mod stdio;
mod wire;

pub(crate) use self::api::{ApiUpstream, Objection, insert};
pub(crate) use self::http::HttpUpstream;
pub(crate) use self::stdio::{Program, StdioUpstream};
pub(crate) use self::wire::{Params, Peer};

use crate::{call::Caller, jsonrpc, notes::Notes};
use bytes::Bytes;
use procura_egress::EgressError;
use procura_model::{Actor, Json, Reason, Secret};
use std::{borrow::Cow, net::SocketAddr, ops::Range, sync::Arc};
use tokio::time::Instant;

/// One request to an upstream.
pub(crate) struct Outcall<'a> {
    /// Our number for it; also the progress token.
    pub(crate) id: u64,
    /// The method.
    pub(crate) method: &'a str,
    /// The tool, prompt or resource, for `Mcp-Name`.
    pub(crate) name: Option<&'a str>,
    /// The parameters.
    pub(crate) params: &'a Params<'a>,
    /// The id of the request in whose name this is sent; the upstream gets it too.
    pub(crate) request: &'a str,
    /// The server's credential, opened for this call.
    pub(crate) credential: Option<&'a Secret<String>>,
    /// When it must be over.
    pub(crate) deadline: Instant,
    /// How large the answer may be.
    pub(crate) max_bytes: usize,
    /// Where notifications about this request go.
    pub(crate) notes: Option<&'a Notes<'a>>,
    /// For whom it is sent; none where we ask for ourselves.
    pub(crate) caller: Option<&'a Caller>,
}

/// An answer of an upstream, its bytes as they came.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The message.
    message: Bytes,
    /// Where in it the result or the error stands.
    outcome: Result<Range<usize>, Range<usize>>,
    /// The judged address that gave it; none for a child.
    pub(crate) connected: Option<SocketAddr>,
    /// The HTTP status; none for a child.
    pub(crate) status: Option<u16>,
    /// How many bytes came.
    pub(crate) bytes: usize,
    /// The upstream's own id of the request, where it gave one.
    pub(crate) own_id: Option<String>,
}

/// What is known of an answer before its body: it goes into the record with it.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    /// The judged address that answered.
    pub(crate) connected: SocketAddr,
    /// The HTTP status.
    pub(crate) status: u16,
    /// The upstream's own id of the request, where it gave one.
    pub(crate) own_id: Option<String>,
}

impl Answer {
    /// Reads a message that must answer the request `id`; none if it answers another one.
    pub(crate) fn read(message: Bytes, id: u64) -> Option<Self> {
        let outcome = match jsonrpc::parse(&message).ok()? {
            jsonrpc::Message::Response(response) if response.id.is_some_and(|raw| is_our_id(raw, id)) => {
                let text = std::str::from_utf8(&message).ok()?;
                match response.outcome {
                    Ok(result) => Ok(crate::raw::span(text, result)?),
                    Err(error) => Err(crate::raw::span(text, error)?),
                }
            }
            _ => return None,
        };
        let bytes = message.len();
        Some(Self { message, outcome, connected: None, status: None, bytes, own_id: None })
    }

    /// An answer that we made of what an upstream said in another form.
    pub(crate) fn made(result: String, head: Head, bytes: usize) -> Self {
        let message = Bytes::from(result);
        let outcome = Ok(0..message.len());
        Self { message, outcome, connected: None, status: None, bytes, own_id: None }.from(head, bytes)
    }

    /// The same answer, come in this way.
    pub(crate) fn from(self, head: Head, bytes: usize) -> Self {
        Self {
            connected: Some(head.connected),
            status: Some(head.status),
            own_id: head.own_id,
            bytes,
            ..self
        }
    }

    /// The result or the error as it was written.
    pub(crate) fn outcome(&self) -> Result<&str, &str> {
        let slice = |range: &Range<usize>| {
            self.message.get(range.clone()).and_then(|raw| std::str::from_utf8(raw).ok()).unwrap_or("null")
        };
        match &self.outcome {
            Ok(range) => Ok(slice(range)),
            Err(range) => Err(slice(range)),
        }
    }
}

/// Some servers turn numbers into strings; nothing else counts as the same id.
fn is_our_id(raw: &str, id: u64) -> bool {
    raw.trim_matches('"').parse::<u64>() == Ok(id)
}

/// Why an upstream gave no answer.
#[derive(Debug, Clone)]
pub(crate) struct UpstreamError {
    /// The reason that the caller is told.
    pub(crate) reason: Reason,
    /// The exact code for the record.
    pub(crate) code: &'static str,
    /// A sentence without foreign input, where there is a better one than the reason's.
    pub(crate) sentence: Option<Cow<'static, str>>,
    /// Whether the request may have reached the upstream.
    pub(crate) may_have_arrived: bool,
    /// The address, where there was a connection.
    pub(crate) connected: Option<SocketAddr>,
    /// The HTTP status, where there was one.
    pub(crate) status: Option<u16>,
    /// The upstream's own id of the request, where it gave one.
    pub(crate) own_id: Option<String>,
}

impl UpstreamError {
    /// An error after the request was sent.
    pub(crate) fn after(reason: Reason, code: &'static str) -> Self {
        Self {
            reason,
            code,
            sentence: None,
            may_have_arrived: true,
            connected: None,
            status: None,
            own_id: None,
        }
    }

    /// An error before anything was sent.
    pub(crate) fn before(reason: Reason, code: &'static str) -> Self {
        Self { may_have_arrived: false, ..Self::after(reason, code) }
    }

    /// The same error with a sentence.
    pub(crate) fn saying(mut self, sentence: impl Into<Cow<'static, str>>) -> Self {
        self.sentence = Some(sentence.into());
        self
    }

    /// The same error, come in this way.
    pub(crate) fn from(mut self, head: Head) -> Self {
        self.connected = Some(head.connected);
        self.status = Some(head.status);
        self.own_id = head.own_id;
        self
    }

    /// The sentence for the caller.
    pub(crate) fn sentence(&self) -> Cow<'static, str> {
        self.sentence.clone().unwrap_or(Cow::Borrowed(self.reason.text()))
    }
}

impl From<EgressError> for UpstreamError {
    fn from(error: EgressError) -> Self {
        let reason = match &error {
            EgressError::Refused(_) => Reason::EgressRefused,
            EgressError::Dns(_) | EgressError::Connect(_) | EgressError::Tls(_) | EgressError::Closed(_) => {
                Reason::UpstreamUnreachable
            }
            EgressError::Timeout(_) => Reason::UpstreamTimeout,
            EgressError::TooLarge { .. } => Reason::UpstreamTooLarge,
            EgressError::Protocol(_) => Reason::UpstreamInvalid,
        };
        let never_left = error.is_retry_safe() || matches!(error, EgressError::Refused(_));
        let sentence = match &error {
            EgressError::Refused(refused) => Some(Cow::Borrowed(refused.text())),
            _ => None,
        };
        Self { sentence, may_have_arrived: !never_left, ..Self::after(reason, error.code()) }
    }
}

/// One upstream.
pub(crate) enum Upstream {
    /// MCP over Streamable HTTP.
    Http(Arc<HttpUpstream>),
    /// MCP over a child's standard streams.
    Stdio(Arc<StdioUpstream>),
    /// A business's own API.
    Api(Box<ApiUpstream>),
}

impl Upstream {
    /// A fresh number for a request.
    pub(crate) fn next_id(&self) -> u64 {
        match self {
            Self::Http(upstream) => upstream.next_id(),
            Self::Stdio(upstream) => upstream.next_id(),
            Self::Api(upstream) => upstream.next_id(),
        }
    }

    /// Sends one request and waits for its answer.
    pub(crate) async fn call(&self, outcall: &Outcall<'_>) -> Result<Answer, UpstreamError> {
        match self {
            Self::Http(upstream) => upstream.call(outcall).await,
            Self::Stdio(upstream) => upstream.call(outcall).await,
            Self::Api(upstream) => upstream.call(outcall).await,
        }
    }

    /// Tells the upstream that nobody waits for this request any more.
    pub(crate) async fn cancel(&self, outcall: &Outcall<'_>) {
        match self {
            Self::Http(upstream) => upstream.cancel(outcall).await,
            Self::Stdio(upstream) => upstream.cancel(outcall.id).await,
            // The connection was closed with the call.
            Self::Api(_) => {}
        }
    }

    /// Who the upstream is, connecting first if need be.
    pub(crate) async fn peer(&self, outcall: &Outcall<'_>) -> Result<Arc<Peer>, UpstreamError> {
        match self {
            Self::Http(upstream) => upstream.peer(outcall).await,
            Self::Stdio(upstream) => upstream.peer(outcall.deadline).await,
            Self::Api(_) => Err(UpstreamError::before(Reason::UpstreamInvalid, "not_mcp")),
        }
    }

    /// How it is reached, in the word of the record.
    pub(crate) const fn transport(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Stdio(_) => "stdio",
            Self::Api(_) => "api",
        }
    }

    /// Whether this tool is called for a verified user alone.
    pub(crate) fn needs_user(&self, tool: &str) -> bool {
        matches!(self, Self::Api(api) if api.needs_user(tool))
    }

    /// Why a call with these arguments could not even be written, where that is known before it is decided.
    pub(crate) fn objection(&self, tool: &str, arguments: Option<&Json>, actor: &Actor) -> Option<Objection> {
        match self {
            Self::Api(api) => api.objection(tool, arguments, actor),
            Self::Http(_) | Self::Stdio(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_answer_to_our_request_is_read() {
        let read = |body: &'static str| Answer::read(Bytes::from_static(body.as_bytes()), 7);
        let answer = read(r#"{"jsonrpc":"2.0","id":7,"result":{"b":1, "a":2}}"#).unwrap();
        assert_eq!(answer.outcome(), Ok(r#"{"b":1, "a":2}"#));
        assert_eq!(
            read(r#"{"jsonrpc":"2.0","id":"7","error":{"code":1}}"#).unwrap().outcome(),
            Err(r#"{"code":1}"#)
        );
        assert!(read(r#"{"jsonrpc":"2.0","id":8,"result":{}}"#).is_none());
        assert!(read(r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#).is_none());
        assert!(read("garbage").is_none());
    }
}
