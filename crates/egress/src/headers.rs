//! Which headers a caller may set, and which go along to another origin. The framing of a message
//! is ours alone, so that nobody smuggles a second request; and a redirect to another origin takes
//! only headers that are known to carry no credential, whatever name a credential has.

use crate::url::Target;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use procura_model::{Json, Secret};

/// A credential as `Authorization: Bearer`, marked so that nothing prints it; none where it cannot
/// be a header.
#[must_use]
pub fn bearer(credential: &Secret<String>) -> Option<HeaderValue> {
    secret_value("Bearer ", credential)
}

/// A secret as the value of a header, after a prefix; marked so that nothing prints it.
#[must_use]
pub fn secret_value(prefix: &str, secret: &Secret<String>) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("{prefix}{}", secret.expose())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A shorter secret is looked for nowhere: it would be found by chance.
const LEAST_HIDDEN_BYTES: usize = 8;

/// A JSON document that the other side sent, without the secret that was sent to it, for servers that say back what
/// they hear; none where it is not in there.
#[must_use]
pub fn without_secret(document: &str, secret: &Secret<String>, mark: &str) -> Option<String> {
    let plain = secret.expose().as_str();
    let once = escaped(plain);
    let twice = escaped(&once);
    let is_there = [plain, &once, &twice].iter().any(|text| document.contains(text));
    // What is escaped most is the longest.
    (plain.len() >= LEAST_HIDDEN_BYTES && is_there)
        .then(|| document.replace(&twice, mark).replace(&once, mark).replace(plain, mark))
}

/// As it stands in a text of JSON.
fn escaped(text: &str) -> String {
    let quoted = Json::Text(text.to_owned()).canonical();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_comes_back_is_taken_out_however_often_it_is_escaped() {
        let secret = Secret::new(r#"pass "word" \ 1"#.to_owned());
        let once = serde_json::to_string(secret.expose()).unwrap();
        for text in [secret.expose().clone(), once.clone(), serde_json::to_string(&once).unwrap()] {
            let hidden = without_secret(&format!("{{x {text} y}}"), &secret, "[gone]").unwrap();
            assert!(hidden.contains("[gone]") && !hidden.contains("word"), "{hidden}");
        }
        assert_eq!(without_secret("nothing of the kind", &secret, "[gone]"), None);
        assert_eq!(without_secret("abc", &Secret::new("abc".to_owned()), "[gone]"), None);
    }
}
