//! Which headers a caller may set, and which go along to another origin. The framing of a message
//! is ours alone, so that nobody smuggles a second request; and a redirect to another origin takes
//! only headers that are known to carry no credential, whatever name a credential has.

use crate::url::Target;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use procura_model::Secret;

/// A credential as `Authorization: Bearer`, marked so that nothing prints it; none where it cannot
/// be a header.
#[must_use]
pub fn bearer(credential: &Secret<String>) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", credential.expose())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Set by the connection itself or not at all.
const OURS: &[HeaderName] = &[
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// What any origin may see.
const PLAIN: &[HeaderName] = &[
    header::ACCEPT,
    header::ACCEPT_LANGUAGE,
    header::CACHE_CONTROL,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::USER_AGENT,
];

/// Removes what the caller may not set.
pub(crate) fn strip_framing(headers: &mut HeaderMap) {
    for name in OURS {
        headers.remove(name);
    }
}

/// What remains for another origin.
pub(crate) fn across_origins(headers: &HeaderMap) -> HeaderMap {
    let plain = headers.iter().filter(|(name, _)| PLAIN.contains(name));
    plain.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What describes a body that is no longer sent.
pub(crate) fn without_body(headers: &mut HeaderMap) {
    let is_of_body = |name: &HeaderName| name.as_str().starts_with("content-");
    let gone: Vec<HeaderName> = headers.keys().filter(|name| is_of_body(name)).cloned().collect();
    for name in gone {
        headers.remove(name);
    }
}

/// The `Host` header of a target; none if it can not be written.
pub(crate) fn host_value(target: &Target) -> Option<HeaderValue> {
    let text = if target.port() == target.scheme().default_port() {
        target.host().to_string()
    } else {
        format!("{}:{}", target.host(), target.port())
    };
    HeaderValue::try_from(text).ok()
}
