//! The pooled streaming client of the gateway's hot path: HTTP/1.1 with keep-alive, one pool per
//! lane. A connection is judged when it is opened and keeps that address for its life; the answer
//! says which address it came from, also when the connection was in the pool.

use crate::{
    connect::{self, ConnectedTo, Outside, Stream},
    error::{EgressError, Stage},
    exit::Egress,
    fetch::MAX_HEAD_BYTES,
    guard::Refused,
    headers,
    rules::{Lane, Rules},
    url::Target,
};
use bytes::Bytes;
use http::{Method, Request, Response, Uri, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use std::{
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::timeout;

/// How long a connection may wait for its next request.
const IDLE: Duration = Duration::from_secs(30);

/// How many connections to one host may wait at once.
const MAX_IDLE_PER_HOST: usize = 64;

pub(crate) type PooledClient = Client<Connector, Full<Bytes>>;

/// For whom and what for a request is sent, and how long its answer may take to begin.
#[derive(Debug, Clone, Copy)]
pub struct Outbound {
    /// For whom and what for.
    pub lane: Lane,
    /// The time until the head of the answer. The body is the caller's to bound:
    /// [`crate::read_to_end`], or its own deadline on a stream.
    pub deadline: Duration,
}

/// An answer whose body is still coming.
#[derive(Debug)]
pub struct Exchange {
    /// The answer.
    pub response: Response<Incoming>,
    /// The judged address that gives it.
    pub connected: SocketAddr,
}

impl Egress {
    /// Sends a request with an absolute URI, on a pooled connection of the lane if there is one.
    /// Redirects are handed back. A request is sent again only if it had not left at all.
    pub async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
        outbound: Outbound,
    ) -> Result<Exchange, EgressError> {
        if request.method() == Method::CONNECT {
            return Err(Refused::Method.into());
        }
        headers::strip_framing(request.headers_mut());
        *request.version_mut() = Version::HTTP_11;
        let client = self.client(outbound.lane);
        let answer = timeout(outbound.deadline, client.request(request)).await;
        let mut response = match answer {
            Ok(answer) => answer.map_err(EgressError::within)?,
            Err(_) => return Err(EgressError::Timeout(Stage::Answer)),
        };
        match response.extensions_mut().remove::<ConnectedTo>() {
            Some(ConnectedTo(connected)) => Ok(Exchange { response, connected }),
            // Cannot happen with our connector; an answer from nowhere is no answer.
            None => Err(Refused::OtherPeer.into()),
        }
    }
}

pub(crate) fn pooled_client(outside: Arc<Outside>, rules: Arc<Rules>, lane: Lane) -> PooledClient {
    let connector = Connector { outside, rules, lane };
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
        .http1_max_buf_size(MAX_HEAD_BYTES)
        .build(connector)
}

/// Opens connections for one lane under one set of rules.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    outside: Arc<Outside>,
    rules: Arc<Rules>,
    lane: Lane,
}

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = EgressError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let target = Target::of_uri(&uri)?;
            let stream = connect::open(&this.outside, &this.rules, &target, this.lane).await?;
            Ok(TokioIo::new(stream))
        })
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
