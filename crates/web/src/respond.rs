//! THE mapping from an error to HTTP. A handler returns [`Failure`]; its response carries nothing
//! but the error as an extension, and the edge renders it once the request's id is at hand:
//! `{success:false, code, error, fix, requestId}` with the reason's status, `WWW-Authenticate` as
//! RFC 6750 section 3 has it, and `Retry-After` where waiting helps.
//!
//! The console's pages do the same one layer earlier: a layer of the console's router may take
//! [`Failed`] out of the response and render a page, or a redirect to the sign-in, from it.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use procura_model::{Error, Reason, RequestId, Scope};
use serde::Serialize;
use std::sync::Arc;

/// The body of every error.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Error, example = json!({
    "success": false,
    "code": "AUTH_CREDENTIAL_MISSING",
    "error": "No credential was sent.",
    "fix": "Send the key as `Authorization: Bearer <key>` or `x-api-key: <key>`.",
    "requestId": "req_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
}))]
pub struct ErrorBody<'a> {
    /// Always false.
    pub success: bool,
    /// The row of the table of refusals; its meaning never changes.
    #[schema(value_type = String)]
    pub code: &'static str,
    /// One sentence for a person.
    #[schema(value_type = String)]
    pub error: &'a str,
    /// What to do next.
    #[schema(value_type = String)]
    pub fix: &'static str,
    /// The request's id; give it to the operator when you ask about it.
    #[schema(value_type = String)]
    pub request_id: RequestId,
}

/// An error on its way out of a handler.
#[derive(Debug)]
pub struct Failure(pub Error);

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// The error that a response stands for; taken out and rendered by whoever answers last.
#[derive(Clone, Debug)]
pub struct Failed(pub Arc<Error>);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = status(self.0.reason()).into_response();
        response.extensions_mut().insert(Failed(Arc::new(self.0)));
        response
    }
}

/// The refusal of a path that leads nowhere.
#[must_use]
pub fn unknown_path() -> Failure {
    Failure(Reason::PathUnknown.into())
}

/// The status of a reason.
#[must_use]
pub fn status(reason: Reason) -> StatusCode {
    status_of(reason.http())
}

/// The status of this number; 500 for a number that is none.
#[must_use]
pub fn status_of(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Renders an error as JSON. Headers that the handler had set (such as `Allow`) stay.
#[must_use]
pub fn render(error: &Error, request: RequestId, headers: HeaderMap) -> Response {
    let reason = error.reason();
    let body = ErrorBody {
        success: false,
        code: reason.code(),
        error: error.sentence(),
        fix: error.reason().fix(),
        request_id: request,
    };
    let mut response = (status(reason), axum::Json(body)).into_response();
    let own = response.headers_mut();
    own.extend(
        headers
            .into_iter()
            .filter_map(|(name, value)| name.map(|name| (name, value)))
            .filter(|(name, _)| *name != header::CONTENT_LENGTH && *name != header::CONTENT_TYPE),
    );
    own.extend(advice(error));
    response
}

/// The headers that tell a program what to do about an error.
#[must_use]
pub fn advice(error: &Error) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(challenge) = challenge(error).and_then(|text| HeaderValue::try_from(text).ok()) {
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    let wait_seconds = match error {
        Error::Refused(refusal) => refusal.retry_after_seconds,
        Error::Fault(_) => (error.reason().http() == 503).then_some(1),
    };
    if let Some(seconds) = wait_seconds {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    headers
}

/// RFC 6750 section 3: no error code where no credential was sent, or where it was the user's token, which is no
/// credential of ours; `insufficient_scope` names the scope.
fn challenge(error: &Error) -> Option<String> {
    const REALM: &str = "Bearer realm=\"procura\"";
    match error.reason() {
        Reason::CredentialMissing
        | Reason::JwtInvalid
        | Reason::JwtExpired
        | Reason::JwtNoSubject
        | Reason::TokenMalformed
        | Reason::TokenInvalid
        | Reason::TokenExpired
        | Reason::TokenNoSubject
        | Reason::CallbackFailed => Some(REALM.to_owned()),
        Reason::CredentialMalformed
        | Reason::CredentialInvalid
        | Reason::CredentialExpired
        | Reason::SessionInvalid
        | Reason::SessionExpired
        | Reason::SessionRevoked
        | Reason::PassportInvalid => Some(format!("{REALM}, error=\"invalid_token\"")),
        Reason::ScopeMissing => {
            let scope =
                missing_scope(error.sentence()).map(|scope| format!(", scope=\"{}\"", scope.as_str()));
            Some(format!("{REALM}, error=\"insufficient_scope\"{}", scope.unwrap_or_default()))
        }
        _ => None,
    }
}

/// The scope that `Actor::require` names at the end of its sentence.
fn missing_scope(sentence: &str) -> Option<Scope> {
    sentence.trim_end_matches('.').rsplit(' ').next()?.parse().ok()
}

/// Writes a fault to the log: the chain of causes under the request's id, and nothing of the request.
pub fn log(error: &Error, request: RequestId) {
    if let Error::Fault(fault) = error {
        tracing::error!(request.id = %request, code = fault.reason.code(), cause = ?fault, "a request failed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::{Actor, CredentialId, Entropy, Refusal, Scopes, Time};

    fn header_of(error: impl Into<Error>, name: header::HeaderName) -> Option<String> {
        advice(&error.into()).get(name).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_challenge_says_what_kind_of_credential_is_wanted_and_what_is_wrong() {
        let challenge = |error: Error| header_of(error, header::WWW_AUTHENTICATE);
        assert_eq!(challenge(Reason::CredentialMissing.into()).unwrap(), "Bearer realm=\"procura\"");
        assert_eq!(
            challenge(Reason::CredentialExpired.into()).unwrap(),
            "Bearer realm=\"procura\", error=\"invalid_token\""
        );
        for reason in Reason::ALL.iter().filter(|reason| reason.http() == 401) {
            // An OAuth client that fails is told by its own endpoints (RFC 6749 section 5.2).
            let is_told_elsewhere = matches!(
                reason,
                Reason::SignInRequired
                    | Reason::SignInFailed
                    | Reason::OauthClientInvalid
                    | Reason::AgentClaimInvalid
            );
            assert_eq!(challenge((*reason).into()).is_none(), is_told_elsewhere, "{reason:?}");
        }
        assert_eq!(challenge(Reason::AgentDisabled.into()), None);
        let platform = Actor::Platform {
            credential: CredentialId::new(Time::default(), &Entropy::seeded(1)),
            scopes: Scopes::NONE,
        };
        assert_eq!(
            challenge(platform.require(Scope::WriteAgents).unwrap_err()).unwrap(),
            "Bearer realm=\"procura\", error=\"insufficient_scope\", scope=\"write:agents\""
        );
    }

    #[test]
    fn waiting_is_advised_where_it_helps() {
        let limited = Refusal { reason: Reason::RateLimited, detail: None, retry_after_seconds: Some(17) };
        assert_eq!(header_of(limited, header::RETRY_AFTER).unwrap(), "17");
        assert_eq!(header_of(Reason::NoPermission, header::RETRY_AFTER), None);
        let broken = Error::unavailable("read", "the database is away");
        assert_eq!(header_of(broken, header::RETRY_AFTER).unwrap(), "1");
    }

    #[tokio::test]
    async fn nothing_of_a_fault_reaches_the_wire() {
        let request = RequestId::new(Time::default(), &Entropy::seeded(2));
        let response = render(&Error::fault("open the vault", "password=hunter2"), request, HeaderMap::new());
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let text = std::str::from_utf8(&body).unwrap();
        assert!(text.contains("\"code\":\"INTERNAL\"") && text.contains(&request.to_string()), "{text}");
        assert!(!text.contains("hunter2") && !text.contains("vault"), "{text}");
    }
}
