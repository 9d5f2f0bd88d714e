//! One careful exchange: key sets, callbacks, webhooks, metadata documents. Every hop is a fresh
//! connection to an address judged for that hop, the whole is bounded in time and size, and a
//! redirect is followed only where the caller asked for it.

use crate::{
    body,
    connect::{self, Stream},
    error::{EgressError, Stage},
    exit::Egress,
    guard::Refused,
    headers,
    rules::{Lane, Rules},
    url::WebUrl,
};
use bytes::Bytes;
use futures_util::future::{Either, select};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::{net::SocketAddr, pin::pin, time::Duration};
use tokio::time::timeout;

/// The largest head of an answer.
pub(crate) const MAX_HEAD_BYTES: usize = 64 * 1024;

/// What to do with an answer that points elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// Hand it back as it is.
    None,
    /// Go there, if it passes the same judgement, at most so many times.
    Follow {
        /// How many redirects are followed; one more is refused.
        max: usize,
    },
}

impl Redirects {
    /// Where an answer leads, given how many redirects were followed before; none if it is final.
    pub(crate) fn next(
        self,
        from: &WebUrl,
        status: u16,
        location: Option<&[u8]>,
        followed: usize,
    ) -> Result<Option<WebUrl>, Refused> {
        let max = match self {
            Self::Follow { max } if is_redirect(status) => max,
            Self::Follow { .. } | Self::None => return Ok(None),
        };
        if followed >= max {
            return Err(Refused::TooManyRedirects);
        }
        let location = location.and_then(|raw| std::str::from_utf8(raw).ok());
        from.follow(location.ok_or(Refused::Location)?).map(Some)
    }
}

fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// What is asked, of whom, for whom, and within which bounds.
#[derive(Debug, Clone)]
pub struct FetchRequest {
    /// The method; CONNECT is refused.
    pub method: Method,
    /// The URL as somebody wrote it.
    pub url: String,
    /// Further headers. Host and framing are ours.
    pub headers: HeaderMap,
    /// The body; may be empty.
    pub body: Bytes,
    /// For whom and what for.
    pub lane: Lane,
    /// The time for everything, all hops together.
    pub deadline: Duration,
    /// The largest body that is read.
    pub max_bytes: usize,
    /// What to do with redirects.
    pub redirects: Redirects,
}

impl FetchRequest {
    /// A GET without redirects, within 10 seconds and 1 MiB.
    #[must_use]
    pub fn get(url: impl Into<String>, lane: Lane) -> Self {
        Self {
            method: Method::GET,
            url: url.into(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            lane,
            deadline: Duration::from_secs(10),
            max_bytes: 1024 * 1024,
            redirects: Redirects::None,
        }
    }

    /// A POST without redirects, within 10 seconds and 1 MiB.
    #[must_use]
    pub fn post(url: impl Into<String>, body: Bytes, lane: Lane) -> Self {
        Self { method: Method::POST, body, ..Self::get(url, lane) }
    }

    /// The request that a redirect makes of this one (RFC 9110 section 15.4).
    fn redirected(&mut self, status: u16, from: &WebUrl, to: &WebUrl) -> Result<(), Refused> {
        let becomes_get = match status {
            303 => self.method != Method::HEAD,
            301 | 302 => self.method == Method::POST,
            _ => false,
        };
        if becomes_get {
            self.method = Method::GET;
            self.body = Bytes::new();
            headers::without_body(&mut self.headers);
        }
        if from.is_same_origin(to) {
            return Ok(());
        }
        if !self.body.is_empty() {
            return Err(Refused::BodyAcrossOrigins);
        }
        self.headers = headers::across_origins(&self.headers);
        Ok(())
    }
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// The address of every hop, in order.
    pub connected: Vec<SocketAddr>,
    /// The URL that gave the answer.
    pub final_url: WebUrl,
}

struct Hop {
    address: SocketAddr,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Egress {
    /// Makes one exchange within the request's bounds.
    pub async fn fetch(&self, request: FetchRequest) -> Result<Fetched, EgressError> {
        let deadline = request.deadline;
        match timeout(deadline, Box::pin(self.walk(request))).await {
            Ok(fetched) => fetched,
            Err(_) => Err(EgressError::Timeout(Stage::Answer)),
        }
    }

    async fn walk(&self, mut ask: FetchRequest) -> Result<Fetched, EgressError> {
        if ask.method == Method::CONNECT {
            return Err(Refused::Method.into());
        }
        headers::strip_framing(&mut ask.headers);
        let mut url = WebUrl::parse(&ask.url)?;
        let rules = self.rules();
        let mut connected = Vec::new();
        loop {
            let hop = self.hop(&ask, &url, &rules).await?;
            let location = hop.headers.get(header::LOCATION).map(HeaderValue::as_bytes);
            let next = ask.redirects.next(&url, hop.status.as_u16(), location, connected.len())?;
            connected.push(hop.address);
            let Some(next) = next else {
                return Ok(finished(hop, connected, url));
            };
            ask.redirected(hop.status.as_u16(), &url, &next)?;
            url = next;
        }
    }

    async fn hop(&self, ask: &FetchRequest, url: &WebUrl, rules: &Rules) -> Result<Hop, EgressError> {
        let stream = connect::open(&self.outside, rules, url.target(), ask.lane).await?;
        exchange(stream, ask, message(ask, url)?).await
    }
}

fn finished(hop: Hop, connected: Vec<SocketAddr>, final_url: WebUrl) -> Fetched {
    Fetched { status: hop.status, headers: hop.headers, body: hop.body, connected, final_url }
}

fn message(ask: &FetchRequest, url: &WebUrl) -> Result<Request<Full<Bytes>>, Refused> {
    let mut message = Request::new(Full::new(ask.body.clone()));
    *message.method_mut() = ask.method.clone();
    *message.uri_mut() = url.request_target().parse().map_err(|_| Refused::Url)?;
    *message.headers_mut() = ask.headers.clone();
    let host = headers::host_value(url.target()).ok_or(Refused::Host)?;
    message.headers_mut().insert(header::HOST, host);
    message.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    Ok(message)
}

/// Drives the connection and the exchange on it together, so that no task is left behind.
async fn exchange(
    stream: Stream,
    ask: &FetchRequest,
    message: Request<Full<Bytes>>,
) -> Result<Hop, EgressError> {
    let address = stream.address();
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEAD_BYTES);
    let (mut sender, connection) =
        builder.handshake(TokioIo::new(stream)).await.map_err(EgressError::within)?;
    let talk = async move {
        let answer = sender.send_request(message).await.map_err(EgressError::within)?;
        let (head, body) = answer.into_parts();
        let is_final = ask.redirects == Redirects::None || !is_redirect(head.status.as_u16());
        let body = match is_final {
            true => body::collect(body, ask.max_bytes).await?,
            false => Bytes::new(),
        };
        Ok(Hop { address, status: head.status, headers: head.headers, body })
    };
    match select(pin!(talk), pin!(connection)).await {
        Either::Left((hop, _)) => hop,
        // The connection has ended; what it had read before is still handed out.
        Either::Right((_, talk)) => talk.await,
    }
}

#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;
