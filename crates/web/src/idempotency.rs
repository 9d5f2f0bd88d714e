//! `Idempotency-Key` on the operations that change something: a write that is sent again gets the
//! first answer and changes nothing. Decisions (`verify`) do not take part: an old "allowed" must
//! never be handed out again after the policy changed. They are made anew; by the key they find what
//! they reserved the first time ([`RetryKey`]).
//!
//! An answer that showed a secret is not kept. Its replay is 409: the write was done, the secret is
//! gone, and rotating the key gives a new one.

use crate::{
    body,
    extract::Caller,
    respond::{Failed, Failure},
    state::WebState,
};
use axum::{
    body::Body,
    extract::{FromRequestParts, Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use procura_app::idempotency::{self, Turn};
use procura_model::{Ctx, Reason, Result};
use std::sync::Arc;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer is the first one again.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// No answer of a write is larger than this.
const ANSWER_BYTES: usize = 1024 * 1024;

/// Marks an answer that shows a secret.
#[derive(Clone, Copy, Debug)]
pub struct ShowsSecret;

/// Passes a request on, or gives its first answer again.
pub async fn pass(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let is_write = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !is_write || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    match keyed(&state, request, next).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(),
    }
}

async fn keyed(state: &WebState, request: Request, next: Next) -> std::result::Result<Response, Failure> {
    let (mut parts, unread) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, state).await?;
    let key = one_key(&parts.headers)?;
    let bytes = body::read(unread, state.app.settings.max_body_bytes).await?;
    match idempotency::begin(&state.app, &caller.ctx, &key, &bytes).await? {
        Turn::Again { status, body } => again(status, body),
        Turn::First => {
            let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
            Ok(keep(state, &caller.ctx, &key, response).await?)
        }
    }
}

/// The key of a decision, by which what it reserves is reserved once.
#[derive(Clone, Debug)]
pub struct RetryKey(pub Option<String>);

impl<S: Sync> FromRequestParts<S> for RetryKey {
    type Rejection = Failure;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        _: &S,
    ) -> std::result::Result<Self, Failure> {
        let has_key = parts.headers.contains_key(KEY);
        has_key.then(|| one_key(&parts.headers)).transpose().map(Self)
    }
}

fn one_key(headers: &axum::http::HeaderMap) -> std::result::Result<String, Failure> {
    let mut keys = headers.get_all(KEY).iter();
    match (keys.next().and_then(|key| key.to_str().ok()), keys.next()) {
        (Some(key), None) => Ok(key.to_owned()),
        _ => Err(Failure(
            Reason::FieldInvalid.because("Send one Idempotency-Key of visible ASCII characters."),
        )),
    }
}

fn again(status: u16, body: Vec<u8>) -> std::result::Result<Response, Failure> {
    let has_content = status != 204;
    if has_content && body.is_empty() {
        return Err(Failure(Reason::StateChanged.because(
            "This Idempotency-Key was used already: it is done, and the secret in its answer was shown once. \
             Rotate the key to get a new one.",
        )));
    }
    let mut response = crate::respond::status_of(status).into_response();
    if has_content {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *response.body_mut() = Body::from(body);
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// Keeps a good answer; a refused or broken write gives its turn back, for it changed nothing.
async fn keep(state: &WebState, ctx: &Arc<Ctx>, key: &str, response: Response) -> Result<Response> {
    if response.extensions().get::<Failed>().is_some() || !response.status().is_success() {
        idempotency::release(&state.app, ctx, key).await?;
        return Ok(response);
    }
    let is_secret = response.extensions().get::<ShowsSecret>().is_some();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, ANSWER_BYTES)
        .await
        .map_err(|error| procura_model::Error::fault("read an answer to keep it", error))?;
    let shown = if is_secret { Vec::new() } else { bytes.to_vec() };
    let kept = idempotency::finish(&state.app, ctx, key, parts.status.as_u16(), shown).await;
    if let Err(error) = kept {
        // The change is committed; an error now would invite a second one.
        crate::respond::log(&error, ctx.request);
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_secret_is_never_shown_again() {
        let failure = again(201, Vec::new()).unwrap_err();
        assert_eq!(failure.0.reason(), Reason::StateChanged);
        assert!(failure.0.sentence().contains("shown once"));
        let replay = again(201, b"{\"id\":1}".to_vec()).unwrap();
        assert_eq!(
            (replay.status().as_u16(), &replay.headers()[REPLAYED]),
            (201, &HeaderValue::from_static("true"))
        );
        assert_eq!(again(204, Vec::new()).unwrap().status().as_u16(), 204);
    }
}
