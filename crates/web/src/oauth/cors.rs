//! Which endpoints a script of another site may call: those that need no cookie and read none, so that a client that
//! lives in a browser can discover us, register and get its tokens (OAuth 2.1 section 3.2: the token endpoint may, the
//! authorization endpoint must not; RFC 9700 section 2.6). Credentials mode is never allowed: what a site can do here
//! with a browser it can do without one.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

const ANYBODY: (HeaderName, HeaderValue) =
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));

/// What a script may read beside the body (RFC 9449 section 8).
const READABLE: (HeaderName, HeaderValue) = (
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    HeaderValue::from_static("WWW-Authenticate, DPoP-Nonce, Retry-After, x-request-id"),
);

/// What a script may send.
const SENDABLE: [(HeaderName, HeaderValue); 3] = [
    (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST")),
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("Authorization, Content-Type, DPoP, MCP-Protocol-Version, x-api-key"),
    ),
    (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600")),
];

/// Lets scripts of any site call these routes, without cookies.
pub(crate) async fn open(request: Request, next: Next) -> Response {
    let is_preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response =
        if is_preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.extend([ANYBODY, READABLE]);
    if is_preflight {
        headers.extend(SENDABLE);
    }
    response
}
