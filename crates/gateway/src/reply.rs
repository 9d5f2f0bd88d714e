//! How an answer travels: as one JSON body if the final message comes first, as a stream of events
//! if a notification comes before it or if it takes long. The work is a task of `app.jobs`, so it
//! ends its records even if the caller is gone; the caller's going away is seen as the closed channel.

use crate::sse;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{Interval, MissedTickBehavior, interval_at, timeout},
};

/// What the gateway answers with.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;

/// How long a caller waits for a single JSON body before the answer becomes a stream.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a quiet stream says that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How many messages wait for a slow reader.
pub(crate) const WAITING: usize = 32;

/// A message on its way to the caller.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// Before the answer.
    Notification(String),
    /// The answer, with its HTTP status where it travels alone.
    Answer(u16, String),
}

/// Where the work puts its messages.
#[derive(Debug, Clone)]
pub(crate) struct Outlet(mpsc::Sender<Outgoing>);

impl Outlet {
    /// An outlet and the end at which its messages come out.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Outgoing>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self(sender), receiver)
    }

    /// Sends a notification; false if nobody listens any more.
    pub(crate) async fn notify(&self, message: String) -> bool {
        self.0.send(Outgoing::Notification(message)).await.is_ok()
    }

    /// Sends the answer; nobody may listen any more.
    pub(crate) async fn answer(self, status: u16, message: String) {
        let _gone = self.0.send(Outgoing::Answer(status, message)).await;
    }

    /// Resolves when the caller is gone.
    pub(crate) async fn gone(&self) {
        self.0.closed().await;
    }

    /// Whether the caller is gone.
    pub(crate) fn is_gone(&self) -> bool {
        self.0.is_closed()
    }
}

/// What the caller can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepts {
    /// JSON and event streams.
    Both,
    /// JSON alone: notifications are lost.
    Json,
    /// Event streams alone.
    Stream,
}

/// Turns the messages of one request into its HTTP answer.
pub(crate) async fn respond(mut messages: mpsc::Receiver<Outgoing>, accepts: Accepts) -> Response<Body> {
    if accepts == Accepts::Stream {
        return stream(None, messages);
    }
    loop {
        let next = match accepts {
            Accepts::Json => Ok(messages.recv().await),
            Accepts::Both | Accepts::Stream => timeout(PATIENCE, messages.recv()).await,
        };
        match next {
            Ok(Some(Outgoing::Answer(status, body))) => return json(status, body),
            Ok(Some(Outgoing::Notification(_))) if accepts == Accepts::Json => {}
            Ok(Some(Outgoing::Notification(message))) => return stream(Some(message), messages),
            Ok(None) => return empty(StatusCode::INTERNAL_SERVER_ERROR),
            Err(_) => return stream(None, messages),
        }
    }
}

/// An answer of one JSON document.
pub(crate) fn json(status: u16, body: String) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(body)).boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Full::default().boxed_unsync());
    *response.status_mut() = status;
    response
}

/// An answer that is a stream of events, beginning with `first`.
pub(crate) fn stream(first: Option<String>, messages: mpsc::Receiver<Outgoing>) -> Response<Body> {
    let start = tokio::time::Instant::now() + KEEP_ALIVE;
    let mut keep_alive = interval_at(start, KEEP_ALIVE);
    keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let body = EventStream {
        first: first.map(|message| sse::event(&message)),
        messages,
        keep_alive,
        is_done: false,
    };
    let mut response = Response::new(body.boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

struct EventStream {
    first: Option<String>,
    messages: mpsc::Receiver<Outgoing>,
    keep_alive: Interval,
    is_done: bool,
}

impl http_body::Body for EventStream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first.into()))));
        }
        if self.is_done {
            return Poll::Ready(None);
        }
        match self.messages.poll_recv(cx) {
            Poll::Ready(Some(Outgoing::Notification(message))) => frame(&message),
            Poll::Ready(Some(Outgoing::Answer(_, message))) => {
                self.is_done = true;
                frame(&message)
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => match self.keep_alive.poll_tick(cx) {
                Poll::Ready(_) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(sse::KEEP_ALIVE))))),
                Poll::Pending => Poll::Pending,
            },
        }
    }
}

fn frame(message: &str) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
    Poll::Ready(Some(Ok(Frame::data(sse::event(message).into()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(response: Response<Body>) -> String {
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn an_answer_alone_is_json_and_after_a_notification_a_stream() {
        let (outlet, messages) = Outlet::new();
        outlet.answer(400, "{\"a\":1}".to_owned()).await;
        let response = respond(messages, Accepts::Both).await;
        assert_eq!(response.status(), 400);
        assert_eq!(read(response).await, "{\"a\":1}");

        let (outlet, messages) = Outlet::new();
        assert!(outlet.notify("{\"n\":1}".to_owned()).await);
        outlet.answer(400, "{\"a\":1}".to_owned()).await;
        let response = respond(messages, Accepts::Both).await;
        assert_eq!(response.status(), 200);
        assert_eq!(
            read(response).await,
            "event: message\ndata: {\"n\":1}\n\nevent: message\ndata: {\"a\":1}\n\n"
        );
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_is_seen() {
        let (outlet, messages) = Outlet::new();
        drop(messages);
        assert!(outlet.is_gone());
        outlet.gone().await;
        assert!(!outlet.notify(String::new()).await);
    }
}
