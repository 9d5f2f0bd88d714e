//! What an agent is told where it is refused (decision 16): `success:false`, the word of the wire, a sentence, the next
//! step, and the request's id. Never kept by anybody.

use crate::{exchange::Exchange, respond, state::WebState};
use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use procura_model::{Error, Reason, RequestId};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'t> {
    success: bool,
    code: &'static str,
    error: &'t str,
    fix: &'static str,
    request_id: RequestId,
}

/// The answer of an endpoint.
pub(super) fn answer(
    web: &WebState,
    exchange: &Exchange,
    answered: Result<impl Serialize, Error>,
) -> Response {
    let mut response = match answered {
        Ok(body) => Json(body).into_response(),
        Err(error) => refused(web, exchange, &error),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn refused(web: &WebState, exchange: &Exchange, error: &Error) -> Response {
    let reason = error.reason();
    respond::log(error, exchange.request);
    web.app.metrics.refused(reason);
    let body = Body {
        success: false,
        code: reason.agent_auth(),
        error: error.sentence(),
        fix: reason.fix(),
        request_id: exchange.request,
    };
    let mut response = (respond::status(reason), Json(body)).into_response();
    let headers = response.headers_mut();
    headers.extend(respond::advice(error));
    // RFC 9110 section 15.5.2: a 401 says what would be accepted. Here it is no credential, but the claim token.
    if reason == Reason::AgentClaimInvalid
        && let Ok(value) = HeaderValue::try_from(format!("AgentAuth error=\"{}\"", reason.agent_auth()))
    {
        headers.insert(header::WWW_AUTHENTICATE, value);
    }
    response
}
