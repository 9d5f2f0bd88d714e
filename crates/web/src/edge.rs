//! The edge: the first to see a request and the last to see its answer. It gives the request its
//! id, renders the error if there is one, makes sure that a request by somebody known left a
//! record (AUD-1; without it the answer is 503), and sets the headers that every answer has.

use crate::{
    authzen, console,
    exchange::Exchange,
    limits,
    oauth::Challenge,
    respond::{self, Failed, Failure},
    state::WebState,
    unread::Rest,
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use procura_app::activity;
use procura_model::{Error, Reason, RequestId};
use std::{panic::AssertUnwindSafe, sync::Arc};
use tokio::sync::oneshot;

/// The header that carries the request's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The same where the caller's own id stands in that header.
const OUR_ID: HeaderName = HeaderName::from_static("procura-request-id");

/// Headers of every answer that does not set its own.
const SAFE: [(HeaderName, HeaderValue); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// An answer that other sites may frame: its own policy says which, so it is not refused to all of them.
#[derive(Clone, Copy, Debug)]
pub struct Framed;

/// Lets a request that changes something run to its end though its caller goes away: what was committed must be heard of
/// on this node, or what was revoked would go on being served from memory. Tool calls end with their caller; and a decision
/// narrows nothing: it is recorded whole or not at all, so it needs no task of its own.
pub async fn undisturbed(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if is_reading || is_tool_call(request.uri().path()) || is_bare_decision(&request) {
        return next.run(request).await;
    }
    let (answer, answered) = oneshot::channel();
    state.app.jobs.spawn(async move {
        // A caller that is gone needs no answer.
        let _ = answer.send(next.run(request).await);
    });
    answered.await.unwrap_or_else(|_| Failure::from(Reason::Internal).into_response())
}

fn is_tool_call(path: &str) -> bool {
    path.strip_prefix("/v1/mcp").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// With an idempotency key it is none: whoever asks again must find its end.
fn is_bare_decision(request: &Request) -> bool {
    const DECISIONS: [&str; 5] =
        ["/v1/verify", "/api/verify", "/access/v1/evaluation", "/access/v1/evaluations", "/v1/keys/verify"];
    DECISIONS.contains(&request.uri().path()) && !request.headers().contains_key("idempotency-key")
}

/// Passes one request on and finishes its answer. A handler that panics answers `INTERNAL`, and
/// only that one request.
pub async fn pass(State(state): State<WebState>, mut request: Request, next: Next) -> Response {
    let exchange = Arc::new(Exchange::begin(&state, &request));
    let shape = Shape::of(&request);
    let echo = authzen::echo(&request);
    request.extensions_mut().insert(Arc::clone(&exchange));
    let rest = Rest::of(&mut request);
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = answer.unwrap_or_else(|_| Failure::from(Reason::Internal).into_response());
    let reason = response.extensions().get::<Failed>().map(|failed| failed.0.reason());
    let challenge = response.extensions_mut().remove::<Challenge>();
    if let Err(error) = record(&state, &exchange, response.status().as_u16(), reason).await {
        response = Failure(error).into_response();
    }
    if let Some(Failed(error)) = response.extensions_mut().remove::<Failed>() {
        response = answer_to(&state, &exchange, &error, shape, response);
    }
    let mut response = dress(&exchange, response);
    if let Some(challenge) = challenge {
        challenge.complete(response.headers_mut());
    }
    if let Some(own) = echo
        && let Some(id) = response.headers_mut().insert(REQUEST_ID, own)
    {
        response.headers_mut().insert(OUR_ID, id);
    }
    rest.settle(&mut response).await;
    response
}

/// Writes the record of a request that wrote none of its own.
async fn record(
    state: &WebState,
    exchange: &Exchange,
    status: u16,
    reason: Option<Reason>,
) -> Result<(), Error> {
    let Some(ctx) = exchange.ctx().filter(|ctx| ctx.records() == 0) else { return Ok(()) };
    activity::answered(&state.app, ctx, status, reason).await.map_err(|error| {
        respond::log(&error, exchange.request);
        Reason::RecordUnavailable.into()
    })
}

fn answer_to(
    state: &WebState,
    exchange: &Exchange,
    error: &Error,
    shape: Shape,
    response: Response,
) -> Response {
    respond::log(error, exchange.request);
    state.app.metrics.refused(error.reason());
    let headers = response.into_parts().0.headers;
    match shape {
        Shape::Page => {}
        Shape::Json => return respond::render(error, exchange.request, headers),
        Shape::Text => return authzen::render(error, headers),
    }
    let mut page = console::failed(error, exchange);
    page.headers_mut().extend(respond::advice(error));
    page
}

fn dress(exchange: &Exchange, mut response: Response) -> Response {
    // The gateway gives its requests their id itself and says it here.
    let request = response.extensions().get::<RequestId>().copied().unwrap_or(exchange.request);
    let is_framed = response.extensions().get::<Framed>().is_some();
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::try_from(request.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    limits::describe(&exchange.counted(), headers);
    for (name, value) in SAFE {
        if is_framed && name == header::X_FRAME_OPTIONS {
            continue;
        }
        headers.entry(name).or_insert(value);
    }
    response
}

/// How an error of a request is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// As a page.
    Page,
    /// As our own JSON.
    Json,
    /// As one string, as AuthZEN has it.
    Text,
}

impl Shape {
    fn of(request: &Request) -> Self {
        if authzen::is_ours(request.uri().path()) {
            Self::Text
        } else if wants_page(request) {
            Self::Page
        } else {
            Self::Json
        }
    }
}

/// Whether an error of this request is shown as a page: a browser asks, and not for the API.
fn wants_page(request: &Request) -> bool {
    let path = request.uri().path();
    let is_api = ["/v1", "/api"]
        .iter()
        .any(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    !is_api && accepts_html(request.headers())
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/html")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[test]
    fn only_tool_calls_end_with_their_caller() {
        assert!(is_tool_call("/v1/mcp") && is_tool_call("/v1/mcp/") && is_tool_call("/v1/mcp/shop"));
        assert!(!is_tool_call("/v1/mcpx") && !is_tool_call("/v1/agents"));
    }

    #[test]
    fn a_browser_gets_a_page_and_a_program_gets_json() {
        let judge = |path: &str, accept: &'static str| {
            let request = Request::builder().uri(path).header("accept", accept).body(Body::empty());
            wants_page(&request.unwrap())
        };
        assert!(judge("/nowhere", "text/html,application/xhtml+xml;q=0.9"));
        assert!(judge("/v1x", "text/html"));
        assert!(!judge("/nowhere", "*/*"));
        assert!(!judge("/v1/agents", "text/html"));
        assert!(!judge("/v1", "text/html"));
    }
}
