//! Answers that no honest upstream gives: each is cut to one weakness of a caller, and all are bounded, so that a
//! forgotten test ends by itself.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::{Stream, StreamExt as _, stream};

use super::tools::Mode;
use crate::fixture::message::with_body;
use crate::fixture::pace::pause;

/// Nothing here lasts longer.
const LONGEST_MS: u64 = 120_000;
const CHUNK_BYTES: usize = 64 * 1024;
/// Where cloud machines find their own credentials: an upstream must never lead a caller there.
const METADATA: &str = "http://169.254.169.254/latest/meta-data/";

/// The request as far as a hostile answer needs it.
pub(super) struct Asked<'a> {
    /// The JSON-RPC id as it was sent.
    pub(super) rpc_id: &'a str,
    /// The argument `milliseconds`.
    pub(super) milliseconds: Option<u64>,
    /// The argument `megabytes`.
    pub(super) megabytes: Option<usize>,
    /// The argument `to`.
    pub(super) to: Option<&'a str>,
}

/// The hostile answer, or nothing if the mode is an honest one.
pub(super) async fn answer(mode: Mode, asked: &Asked<'_>) -> Option<Response> {
    let id = asked.rpc_id;
    let response = match mode {
        Mode::Hang => {
            pause(LONGEST_MS).await;
            html(StatusCode::GATEWAY_TIMEOUT, "late")
        }
        Mode::HangBody => json(Body::from_stream(beginning(id).chain(silence()))),
        Mode::Drip => json(Body::from_stream(drip(id, asked.milliseconds.unwrap_or(200)))),
        Mode::EndlessEvents => events(Body::from_stream(comments())),
        Mode::Garbage => json(Body::from(
            (0..4096_u32).flat_map(|n| (n.wrapping_mul(2_654_435_761)).to_be_bytes()).collect::<Vec<u8>>(),
        )),
        Mode::InvalidJson => {
            json(Body::from(format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[{{"type":"#)))
        }
        Mode::InvalidUtf8 => json(Body::from(
            [
                format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[{{"type":"text","text":""#)
                    .as_bytes(),
                b"\xff\xfe\xc3\x28",
                br#""}]}}"#,
            ]
            .concat(),
        )),
        Mode::Flood => json(Body::from_stream(flood(id, asked.megabytes.unwrap_or(100)))),
        Mode::FloodEvents => events(Body::from_stream(flood_of_events(asked.megabytes.unwrap_or(100)))),
        Mode::Close => json(Body::from_stream(beginning(id).chain(stream::once(async {
            pause(20).await;
            Err(io::Error::from(io::ErrorKind::ConnectionReset))
        })))),
        Mode::WrongType => html(StatusCode::OK, "<!doctype html><title>Log in</title><h1>Log in</h1>"),
        Mode::Empty => json(Body::empty()),
        Mode::Deep => json(Body::from(deep(id, 100_000))),
        Mode::WrongId => {
            json(Body::from(r#"{"jsonrpc":"2.0","id":"somebody-else","result":{"content":[]}}"#))
        }
        Mode::NoResult => json(Body::from(format!(r#"{{"jsonrpc":"2.0","id":{id}}}"#))),
        Mode::WrongShape => json(Body::from(format!(r#"{{"jsonrpc":"2.0","id":{id},"result":7}}"#))),
        Mode::ServerError => {
            html(StatusCode::INTERNAL_SERVER_ERROR, "Traceback: File /srv/app/secret_path.py, line 7")
        }
        Mode::TooMany => with_body(StatusCode::TOO_MANY_REQUESTS, header::RETRY_AFTER, "7", Body::empty()),
        Mode::Unauthorized => {
            with_body(StatusCode::UNAUTHORIZED, header::WWW_AUTHENTICATE, "Bearer", Body::empty())
        }
        Mode::Redirect => redirect(asked.to.unwrap_or(METADATA)),
        _ => return None,
    };
    Some(response)
}

fn json(body: Body) -> Response {
    with_body(StatusCode::OK, header::CONTENT_TYPE, "application/json", body)
}

fn events(body: Body) -> Response {
    with_body(StatusCode::OK, header::CONTENT_TYPE, "text/event-stream", body)
}

fn html(status: StatusCode, text: &'static str) -> Response {
    with_body(status, header::CONTENT_TYPE, "text/html", Body::from(text))
}

fn redirect(to: &str) -> Response {
    let mut response = html(StatusCode::TEMPORARY_REDIRECT, "elsewhere");
    if let Ok(location) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

type Chunk = Result<Bytes, io::Error>;

fn opening(id: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[{{"type":"text","text":""#)
}

const ENDING: &str = r#""}]}}"#;

fn beginning(id: &str) -> impl Stream<Item = Chunk> + use<> {
    stream::iter([Ok(Bytes::from(opening(id)))])
}

fn silence() -> impl Stream<Item = Chunk> {
    stream::once(async {
        pause(LONGEST_MS).await;
        Err(io::Error::from(io::ErrorKind::TimedOut))
    })
}

/// A whole, harmless answer, one byte at a time.
fn drip(id: &str, every_ms: u64) -> impl Stream<Item = Chunk> + use<> {
    let body = format!("{}Slow and steady.{ENDING}", opening(id)).into_bytes();
    let pauses = Duration::from_millis(LONGEST_MS).as_millis() / u128::from(every_ms.max(1));
    let bytes = usize::try_from(pauses).unwrap_or(usize::MAX);
    stream::iter(body).take(bytes).then(move |byte| async move {
        pause(every_ms).await;
        Ok(Bytes::copy_from_slice(&[byte]))
    })
}

fn comments() -> impl Stream<Item = Chunk> {
    stream::repeat(()).take(1_200).then(|()| async {
        pause(100).await;
        Ok(Bytes::from_static(b": still here\n\n"))
    })
}

fn flood(id: &str, megabytes: usize) -> impl Stream<Item = Chunk> + use<> {
    let chunk = Bytes::from(vec![b'a'; CHUNK_BYTES]);
    let chunks = megabytes.saturating_mul(1024 * 1024) / CHUNK_BYTES;
    beginning(id)
        .chain(stream::iter(std::iter::repeat_n(chunk, chunks)).map(Ok))
        .chain(stream::iter([Ok(Bytes::from_static(ENDING.as_bytes()))]))
}

fn flood_of_events(megabytes: usize) -> impl Stream<Item = Chunk> {
    let message =
        r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"again"}}"#;
    let event = format!("event: message\ndata: {message}\n\n");
    let chunk = Bytes::from(event.repeat(CHUNK_BYTES / event.len()));
    let chunks = megabytes.saturating_mul(1024 * 1024) / chunk.len().max(1);
    stream::iter(std::iter::repeat_n(chunk, chunks)).map(Ok)
}

fn deep(id: &str, levels: usize) -> String {
    let (open, close) = ("[".repeat(levels), "]".repeat(levels));
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[],"structuredContent":{open}{close}}}}}"#)
}
