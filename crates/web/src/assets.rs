//! Files that are embedded in the binary. Their names carry a digest of their content, so a browser may keep them for
//! ever and never sees an old one.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use procura_model::Digest;

/// The digest of a file's content, as long as a name needs it.
pub(crate) fn digest(content: &str) -> String {
    let mut digest = Digest::of(content.as_bytes()).hex();
    digest.truncate(16);
    digest
}

/// A file that never changes under its name.
pub(crate) fn forever(content: &'static str, kind: &'static str) -> Response {
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    response
}
