//! What of a request's body nobody read. A refusal is often known before the body has come: the first call of every OAuth
//! client is answered 401. HTTP/1.1 then has two honest ways to go on with the connection (RFC 9112 section 9.3): read
//! what is left, or say that it closes. Without either a client sends its next request into a connection that is gone.

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::{HeaderValue, header},
    response::Response,
};
use parking_lot::Mutex;
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

/// More is not read for nobody.
const MOST_BYTES: usize = 256 * 1024;
/// Nor is waited for longer.
const LONGEST: Duration = Duration::from_secs(1);

/// A body that the edge can finish reading when nobody else did.
struct Shared(Arc<Mutex<Body>>);

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut *self.0.lock()).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.0.lock().size_hint()
    }
}

/// The rest of a body.
pub(crate) struct Rest(Option<Shared>);

impl Rest {
    /// Keeps a hand on the body of a request that has one.
    pub(crate) fn of(request: &mut Request) -> Self {
        if request.body().is_end_stream() {
            return Self(None);
        }
        let shared = Arc::new(Mutex::new(std::mem::take(request.body_mut())));
        *request.body_mut() = Body::new(Shared(Arc::clone(&shared)));
        Self(Some(Shared(shared)))
    }

    /// Reads what a refusal left unread, or says that the connection ends with it.
    pub(crate) async fn settle(self, response: &mut Response) {
        let Self(Some(mut shared)) = self else { return };
        let status = response.status();
        if !(status.is_client_error() || status.is_server_error()) || shared.is_end_stream() {
            return;
        }
        if !tokio::time::timeout(LONGEST, read(&mut shared)).await.unwrap_or(false) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

/// Whether the body came to its end.
async fn read(shared: &mut Shared) -> bool {
    let mut bytes = 0_usize;
    loop {
        match std::future::poll_fn(|cx| Pin::new(&mut *shared).poll_frame(cx)).await {
            None => return true,
            Some(Ok(frame)) => bytes = bytes.saturating_add(frame.data_ref().map_or(0, Bytes::len)),
            Some(Err(_)) => return false,
        }
        if bytes > MOST_BYTES {
            return false;
        }
    }
}
