//! What a client is told where its RFC has a form for errors (RFC 6749 section 5.2): `error` and `error_description`,
//! never kept by anybody.

use crate::respond::{self, Failure};
use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use procura_app::oauth::authorize::Refused;
use procura_model::{Error, Reason};
use serde::Serialize;

/// An error in the form of the OAuth endpoints.
#[derive(Debug)]
pub(crate) struct Told {
    wire: &'static str,
    error: Error,
}

impl<E: Into<Error>> From<E> for Told {
    fn from(error: E) -> Self {
        let error = error.into();
        Self { wire: error.reason().oauth(), error }
    }
}

impl Told {
    /// An error under a word of another protocol that has the same form.
    pub(crate) fn as_word(wire: &'static str, error: Error) -> Self {
        Self { wire, error }
    }

    /// What the authorization endpoint would have said.
    pub(super) fn of(refused: Refused) -> Self {
        Self { wire: refused.wire, error: refused.error }
    }
}

impl From<Failure> for Told {
    fn from(failure: Failure) -> Self {
        failure.0.into()
    }
}

#[derive(Serialize)]
struct Body<'t> {
    error: &'static str,
    error_description: &'t str,
}

impl IntoResponse for Told {
    fn into_response(self) -> Response {
        if let Error::Fault(fault) = &self.error {
            tracing::error!(code = fault.reason.code(), cause = ?fault, "a request of a client failed");
        }
        let reason = self.error.reason();
        let description = describable(self.error.sentence());
        let body = Body { error: self.wire, error_description: &description };
        // RFC 6749 section 5.2: 400 "unless specified otherwise"; what a person refused is no other (RFC 8628 section 3.5).
        let status = match reason {
            Reason::OauthAccessDenied => axum::http::StatusCode::BAD_REQUEST,
            reason => respond::status(reason),
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.extend(respond::advice(&self.error));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if reason == Reason::OauthClientInvalid {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"procura\""));
        }
        response
    }
}

/// `%x20-21 / %x23-5B / %x5D-7E`.
fn describable(text: &str) -> String {
    text.chars().map(|c| if matches!(c, ' ' | '!' | '#'..='[' | ']'..='~') { c } else { '\'' }).collect()
}
