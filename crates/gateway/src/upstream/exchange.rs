//! One HTTP exchange with an upstream: a message out, and the answer back as one JSON document or
//! as events, read as they come. The whole is bounded by the call's deadline and size; what comes
//! before the answer is passed on or noted.

use super::{
    Answer, Head, UpstreamError,
    wire::{self, Peer},
};
use crate::{
    era::{self, Era},
    jsonrpc,
    notes::Notes,
    signals::Signals,
    sse::{SseEvent, SseReader},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full};
use procura_egress::{Egress, EgressError, Exchange, Lane, Outbound, Stage, read_to_end};
use procura_model::{Reason, Secret};
use tokio::time::{Instant, timeout_at};

/// The longest id of its own that an upstream may give a request.
const MAX_OWN_ID_BYTES: usize = 128;

/// The body of an answer as egress hands it out.
type Incoming = hyper::body::Incoming;

/// How an upstream is reached.
pub(super) struct Line<'l> {
    pub(super) egress: &'l Egress,
    pub(super) uri: &'l Uri,
    pub(super) lane: Lane,
    pub(super) signals: &'l Signals,
}

/// One message on its way.
pub(super) struct Shot<'s> {
    pub(super) id: u64,
    pub(super) body: String,
    pub(super) method: &'s str,
    pub(super) name: Option<&'s str>,
    pub(super) peer: Option<&'s Peer>,
    pub(super) request: &'s str,
    pub(super) credential: Option<&'s Secret<String>>,
    pub(super) deadline: Instant,
    pub(super) max_bytes: usize,
    pub(super) notes: Option<&'s Notes<'s>>,
}

/// How an exchange ended.
pub(super) enum Ended {
    /// With the answer.
    Answered(Box<Answer>, Option<HeaderValue>),
    /// The upstream does not know our session: nothing was done, and we may begin a new one.
    SessionLost,
    /// The stream ended before the answer, and can be taken up again after this event.
    Cut { last_event: String, retry_ms: u64 },
}

/// Sends the message and reads until its answer.
pub(super) async fn shoot(line: &Line<'_>, shot: &Shot<'_>) -> Result<Ended, UpstreamError> {
    let request = message(line, shot, Method::POST, Full::new(Bytes::from(shot.body.clone())))?;
    let exchange = send(line, request, shot.deadline).await?;
    read(line, shot, exchange).await
}

/// Takes up a stream that was cut.
pub(super) async fn resume(
    line: &Line<'_>,
    shot: &Shot<'_>,
    last_event: &str,
) -> Result<Ended, UpstreamError> {
    let mut request = message(line, shot, Method::GET, Full::default())?;
    let value = HeaderValue::from_str(last_event)
        .map_err(|_| UpstreamError::after(Reason::UpstreamInvalid, "bad_event_id"))?;
    request.headers_mut().insert("last-event-id", value);
    let exchange = send(line, request, shot.deadline).await?;
    read(line, shot, exchange).await
}

/// Sends a message that has no answer; what comes back is not looked at.
pub(super) async fn tell(line: &Line<'_>, shot: &Shot<'_>) -> Result<(), UpstreamError> {
    let request = message(line, shot, Method::POST, Full::new(Bytes::from(shot.body.clone())))?;
    send(line, request, shot.deadline).await.map(drop)
}

async fn send(
    line: &Line<'_>,
    request: Request<Full<Bytes>>,
    deadline: Instant,
) -> Result<Exchange, UpstreamError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(UpstreamError::before(Reason::UpstreamTimeout, "timeout"));
    }
    let outbound = Outbound { lane: line.lane, deadline: left };
    Ok(Box::pin(line.egress.send(request, outbound)).await?)
}

/// The HTTP request of a shot. The caller's own credential is never in it.
pub(super) fn message(
    line: &Line<'_>,
    shot: &Shot<'_>,
    method: Method,
    body: Full<Bytes>,
) -> Result<Request<Full<Bytes>>, UpstreamError> {
    let mut request = Request::new(body);
    let accept =
        if method == Method::GET { "text/event-stream" } else { "application/json, text/event-stream" };
    *request.method_mut() = method;
    *request.uri_mut() = line.uri.clone();
    let unsendable = |_| UpstreamError::before(Reason::UpstreamInvalid, "bad_header");
    let headers = request.headers_mut();
    headers.reserve(10);
    headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers
        .insert(header::USER_AGENT, HeaderValue::from_static(concat!("procura/", env!("CARGO_PKG_VERSION"))));
    headers.insert("x-procura-request-id", HeaderValue::from_str(shot.request).map_err(unsendable)?);
    if let Some(credential) = shot.credential {
        let value = procura_egress::bearer(credential).ok_or_else(|| {
            UpstreamError::before(Reason::UpstreamUnreachable, "bad_credential")
                .saying("The tool server's credential cannot be sent as a header.")
        })?;
        headers.insert(header::AUTHORIZATION, value);
    }
    era_headers(headers, shot).map_err(unsendable)?;
    Ok(request)
}

fn era_headers(headers: &mut HeaderMap, shot: &Shot<'_>) -> Result<(), http::header::InvalidHeaderValue> {
    match shot.peer {
        Some(peer) if peer.era == Era::Legacy => {
            headers.insert(era::VERSION_HEADER, HeaderValue::from_str(&peer.version)?);
            if let Some(session) = &peer.session {
                headers.insert(era::SESSION_HEADER, session.clone());
            }
        }
        None if shot.method == "initialize" => {}
        _ => {
            headers.insert(era::VERSION_HEADER, HeaderValue::from_static(era::MODERN));
            headers.insert(era::METHOD_HEADER, HeaderValue::from_str(shot.method)?);
            if let Some(name) = shot.name {
                headers.insert(era::NAME_HEADER, HeaderValue::from_str(&era::encoded(name))?);
            }
        }
    }
    Ok(())
}

/// Whether the answer is a stream of events.
pub(super) fn is_event_stream(response: &Response<Incoming>) -> bool {
    let value = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    value.is_some_and(|value| value.to_ascii_lowercase().starts_with(b"text/event-stream"))
}

async fn read(line: &Line<'_>, shot: &Shot<'_>, exchange: Exchange) -> Result<Ended, UpstreamError> {
    let Exchange { response, connected } = exchange;
    let status = response.status().as_u16();
    let head = Head { connected, status, own_id: own_id(response.headers()) };
    let has_session = shot.peer.is_some_and(|peer| peer.session.is_some());
    if status == 404 && has_session {
        return Ok(Ended::SessionLost);
    }
    if is_event_stream(&response) && status == 200 {
        return read_events(line, shot, response, &head).await.map_err(|error| error.from(head));
    }
    let session = response.headers().get(era::SESSION_HEADER).cloned();
    let left = shot.deadline.saturating_duration_since(Instant::now());
    let body = read_to_end(response.into_body(), shot.max_bytes, left).await;
    let body = body.map_err(|error| after_sending(error).from(head.clone()))?;
    let bytes = body.len();
    match Answer::read(body, shot.id) {
        Some(answer) => Ok(Ended::Answered(Box::new(answer.from(head, bytes)), session)),
        None if status == 400 && has_session => Ok(Ended::SessionLost),
        None => Err(no_answer(status).from(head)),
    }
}

/// The id under which the upstream itself knows the request, so that its log and our record can be
/// laid side by side (decision 34). Text from outside: short and visible, or not kept.
pub(super) fn own_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("x-request-id")?.to_str().ok()?.trim();
    let is_good =
        (1..=MAX_OWN_ID_BYTES).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    is_good.then(|| id.to_owned())
}

pub(super) fn after_sending(error: EgressError) -> UpstreamError {
    UpstreamError { may_have_arrived: true, ..error.into() }
}

fn no_answer(status: u16) -> UpstreamError {
    let error = UpstreamError::after(Reason::UpstreamInvalid, "no_answer");
    match status {
        401 | 403 => error.saying(format!(
            "The tool server refused our credential (HTTP {status}); its owner must give Procura a valid one."
        )),
        200..=299 => error,
        _ => error.saying(format!("The tool server answered with HTTP {status} and no JSON-RPC message.")),
    }
}

async fn read_events(
    line: &Line<'_>,
    shot: &Shot<'_>,
    response: Response<Incoming>,
    head: &Head,
) -> Result<Ended, UpstreamError> {
    let session = response.headers().get(era::SESSION_HEADER).cloned();
    let mut body = response.into_body();
    let mut reader = SseReader::new(shot.max_bytes);
    let mut events = Vec::new();
    let (mut bytes, mut last_event, mut retry_ms) = (0_usize, None, 1_000);
    loop {
        let frame = match timeout_at(shot.deadline, body.frame()).await {
            Err(_) => return Err(after_sending(EgressError::Timeout(Stage::Body))),
            Ok(Some(Ok(frame))) => frame,
            Ok(None | Some(Err(_))) => break,
        };
        let Ok(piece) = frame.into_data() else { continue };
        bytes = bytes.saturating_add(piece.len());
        let too_large = || UpstreamError::after(Reason::UpstreamTooLarge, "too_large");
        if bytes > shot.max_bytes.saturating_mul(2) {
            return Err(too_large());
        }
        reader.push(&piece, &mut events).map_err(|_| too_large())?;
        for event in events.drain(..) {
            retry_ms = event.retry_ms.unwrap_or(retry_ms);
            last_event = event.id.clone().or(last_event);
            if let Some(answer) = take(line, shot, event).await {
                return Ok(Ended::Answered(Box::new(answer.from(head.clone(), bytes)), session));
            }
        }
    }
    match last_event {
        Some(last_event) if shot.peer.is_some_and(|peer| peer.era == Era::Legacy) => {
            Ok(Ended::Cut { last_event, retry_ms })
        }
        _ => Err(UpstreamError::after(Reason::UpstreamInvalid, "closed_early")
            .saying("The tool server closed its answer before the result.")),
    }
}

/// Takes one event; gives the answer if it was that.
async fn take(line: &Line<'_>, shot: &Shot<'_>, event: SseEvent) -> Option<Answer> {
    if event.data.is_empty() {
        return None;
    }
    let data = Bytes::from(event.data);
    match jsonrpc::parse(&data) {
        Ok(jsonrpc::Message::Notification(note)) => {
            if !line.signals.take(&note)
                && let Some(notes) = shot.notes
            {
                notes.pass(&note).await;
            }
            None
        }
        Ok(jsonrpc::Message::Request(request)) => {
            let body = wire::answer_to(&request);
            let reply = Shot { body, method: "", name: None, notes: None, ..*shot };
            let _refused = Box::pin(tell(line, &reply)).await;
            None
        }
        Ok(jsonrpc::Message::Response(_)) => Answer::read(data, shot.id),
        Err(_) => None,
    }
}
