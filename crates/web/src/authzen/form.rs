//! The form of AuthZEN's answers that is not ours: an error is one string; a body that cannot be used is 400, also
//! where the content type is wrong or a field is; and `X-Request-ID` is the caller's own, sent back as it came.

use crate::respond;
use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use procura_model::{Error, Reason};

/// The caller's own name for its request.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Whether an error on this path has AuthZEN's form.
pub(crate) fn is_ours(path: &str) -> bool {
    let is_under = |rest: &str| rest.is_empty() || rest.starts_with('/');
    path.strip_prefix("/access/v1").is_some_and(is_under) || path == "/.well-known/authzen-configuration"
}

/// What the caller calls its request, where it is AuthZEN's and the caller calls it something.
pub(crate) fn echo(request: &Request) -> Option<HeaderValue> {
    let is_asked = is_ours(request.uri().path());
    request.headers().get(&REQUEST_ID).filter(|_| is_asked).cloned()
}

/// An error as one string. Headers that the handler had set (such as `Allow`) stay.
pub(crate) fn render(error: &Error, headers: HeaderMap) -> Response {
    let reason = error.reason();
    let text = format!("{} ({})", error.sentence(), reason.code());
    let mut response = (status(reason), text).into_response();
    let own = response.headers_mut();
    own.extend(
        headers
            .into_iter()
            .filter_map(|(name, value)| name.map(|name| (name, value)))
            .filter(|(name, _)| *name != header::CONTENT_LENGTH && *name != header::CONTENT_TYPE),
    );
    own.extend(respond::advice(error));
    response
}

fn status(reason: Reason) -> StatusCode {
    match respond::status(reason) {
        StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[test]
    fn whatever_is_wrong_with_a_body_is_400() {
        for reason in [Reason::MediaTypeUnsupported, Reason::FieldInvalid, Reason::BodyMalformed] {
            assert_eq!(status(reason), StatusCode::BAD_REQUEST);
        }
        assert_eq!(status(Reason::CredentialMissing), StatusCode::UNAUTHORIZED);
        assert_eq!(status(Reason::ScopeMissing), StatusCode::FORBIDDEN);
        assert_eq!(status(Reason::Internal), StatusCode::INTERNAL_SERVER_ERROR);
        let rendered = render(&Reason::CredentialMissing.into(), HeaderMap::new());
        assert!(rendered.headers().contains_key(header::WWW_AUTHENTICATE));
        assert_eq!(rendered.headers()[header::CONTENT_TYPE], "text/plain; charset=utf-8");
    }

    #[test]
    fn only_authzen_s_own_paths_answer_so() {
        for path in
            ["/access/v1/evaluation", "/access/v1", "/access/v1/x", "/.well-known/authzen-configuration"]
        {
            assert!(is_ours(path), "{path}");
        }
        for path in ["/v1/verify", "/access/v10", "/access", "/.well-known/jwks.json"] {
            assert!(!is_ours(path), "{path}");
        }
        let asked =
            |path: &str| Request::builder().uri(path).header("x-request-id", "a b").body(Body::empty());
        assert_eq!(echo(&asked("/access/v1/evaluation").unwrap()).unwrap(), "a b");
        assert_eq!(echo(&asked("/v1/verify").unwrap()), None);
    }
}
