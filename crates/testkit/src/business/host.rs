//! A web server of a business: it writes down who came, and answers as the test says, which may be as badly as a server
//! can. Everything is bounded, so that a forgotten test ends by itself.

use crate::fixture::pace;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::Response,
};
use futures_util::{Stream, StreamExt as _, stream};
use parking_lot::Mutex;
use serde_json::Value;
use std::{io, net::SocketAddr, sync::Arc};
use tokio::{net::TcpListener, task::JoinHandle};

/// Nothing here lasts longer.
const LONGEST_MS: u64 = 120_000;
const CHUNK_BYTES: usize = 64 * 1024;

/// One request that arrived whole.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The method.
    pub method: Method,
    /// The path and the query.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Visit {
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
}

/// How a host answers.
#[derive(Clone)]
pub enum Answer {
    /// 200 and this document.
    Json(Value),
    /// 200, this document, and for how long it may be kept.
    Cached(Value, &'static str),
    /// This status, media type and text.
    Text(u16, &'static str, String),
    /// As this function says of the visit.
    By(Arc<dyn Fn(&Visit) -> Self + Send + Sync>),
    /// This answer, after so many milliseconds.
    After(u64, Box<Self>),
    /// Takes the request and says nothing.
    Hang,
    /// A good head, the beginning of JSON, and nothing more.
    HangBody,
    /// This document, one byte each 200 ms.
    Drip(Value),
    /// A redirect to this place.
    Redirect(String),
    /// So many megabytes of a JSON string that never ends.
    Flood(usize),
    /// A good head, the beginning of JSON, and the end of the connection.
    Close,
}

struct Shared {
    answer: Mutex<Answer>,
    visits: Mutex<Vec<Visit>>,
}

/// A running host. Dropping it ends it: open connections break.
pub struct Host {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<io::Result<()>>,
}

impl Host {
    /// A host on a free port of the loopback address.
    ///
    /// # Panics
    /// When there is no free port.
    #[expect(clippy::expect_used, reason = "a test without its host has nothing to say")]
    pub async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a free port");
        let shared = Arc::new(Shared { answer: Mutex::new(answer), visits: Mutex::default() });
        let router = Router::new().fallback(visited).with_state(Arc::clone(&shared));
        let task = pace::start(async move { axum::serve(listener, router).await });
        Self { address, shared, task }
    }

    /// The address of a path on it.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on it answers like this.
    pub fn answer(&self, answer: Answer) {
        *self.shared.answer.lock() = answer;
    }

    /// Who came so far, in order.
    #[must_use]
    pub fn visits(&self) -> Vec<Visit> {
        self.shared.visits.lock().clone()
    }

    /// How many came so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shared.visits.lock().len()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn visited(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let visit = Visit { method, path, headers, body };
    shared.visits.lock().push(visit.clone());
    let mut answer = shared.answer.lock().clone();
    loop {
        answer = match answer {
            Answer::By(says) => says(&visit),
            Answer::After(milliseconds, then) => {
                pace::pause(milliseconds.min(LONGEST_MS)).await;
                *then
            }
            Answer::Hang => {
                pace::pause(LONGEST_MS).await;
                Answer::Close
            }
            other => return response(other),
        };
    }
}

fn response(answer: Answer) -> Response {
    match answer {
        Answer::Cached(document, control) => {
            with(json(Body::from(document.to_string())), header::CACHE_CONTROL, control)
        }
        Answer::Json(document) => json(Body::from(document.to_string())),
        Answer::Text(status, media, text) => {
            let mut response = with(Response::new(Body::from(text)), header::CONTENT_TYPE, media);
            *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
            response
        }
        Answer::Drip(document) => json(Body::from_stream(drip(document.to_string()))),
        Answer::HangBody => json(Body::from_stream(beginning().chain(broken_after(LONGEST_MS)))),
        Answer::Flood(megabytes) => json(Body::from_stream(flood(megabytes))),
        Answer::Redirect(to) => {
            let mut response = with(Response::new(Body::empty()), header::LOCATION, &to);
            *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            response
        }
        Answer::Close | Answer::By(_) | Answer::After(..) | Answer::Hang => {
            json(Body::from_stream(beginning().chain(broken_after(20))))
        }
    }
}

fn json(body: Body) -> Response {
    with(Response::new(body), header::CONTENT_TYPE, "application/json")
}

fn with(mut response: Response, name: header::HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

type Chunk = Result<Bytes, io::Error>;

fn beginning() -> impl Stream<Item = Chunk> {
    stream::iter([Ok(Bytes::from_static(b"{\"userId\":\"u\",\"keys\":[],\"x\":\""))])
}

fn broken_after(milliseconds: u64) -> impl Stream<Item = Chunk> {
    stream::once(async move {
        pace::pause(milliseconds).await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    })
}

fn drip(text: String) -> impl Stream<Item = Chunk> {
    stream::iter(text.into_bytes()).take(600).then(|byte| async move {
        pace::pause(200).await;
        Ok(Bytes::copy_from_slice(&[byte]))
    })
}

fn flood(megabytes: usize) -> impl Stream<Item = Chunk> {
    let chunk = Bytes::from(vec![b'a'; CHUNK_BYTES]);
    let chunks = megabytes.saturating_mul(1024 * 1024) / CHUNK_BYTES;
    beginning().chain(stream::iter(std::iter::repeat_n(chunk, chunks)).map(Ok))
}
