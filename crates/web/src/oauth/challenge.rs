//! What a client without a good enough token is told at an API that this server guards: which scheme, what is wrong,
//! and where the API's metadata is (RFC 6750 section 3, RFC 9728 section 5.1, RFC 9449 section 7.1).

use axum::http::{HeaderMap, HeaderValue, header};

/// The algorithms in which a proof may be signed.
const PROOFS: &str = "ES256 EdDSA Ed25519 ES384 PS256 RS256";

/// How the client showed its token, or would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// RFC 6750.
    #[default]
    Bearer,
    /// RFC 9449.
    Dpop,
}

/// What a refusal at a guarded API says beside its reason.
#[derive(Clone, Debug)]
pub(crate) struct Challenge {
    /// Where the API's metadata is.
    pub(crate) metadata: String,
    /// The scopes that a client should ask for.
    pub(crate) scope: &'static str,
    /// How the token was shown.
    pub(crate) scheme: Scheme,
}

impl Challenge {
    /// Completes the challenge that the reason made; an answer without one stays as it is.
    pub(crate) fn complete(&self, headers: &mut HeaderMap) {
        let Some(made) = headers.get(header::WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()) else {
            return;
        };
        let Some(said) = made.strip_prefix("Bearer ") else { return };
        let mut text = match self.scheme {
            Scheme::Bearer => format!("Bearer {said}"),
            Scheme::Dpop => format!("DPoP {said}, algs=\"{PROOFS}\""),
        };
        if !said.contains("scope=") {
            text.push_str(&format!(", scope=\"{}\"", self.scope));
        }
        text.push_str(&format!(", resource_metadata=\"{}\"", self.metadata));
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(header::WWW_AUTHENTICATE, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(made: &'static str, scheme: Scheme) -> String {
        let mut headers: HeaderMap =
            [(header::WWW_AUTHENTICATE, HeaderValue::from_static(made))].into_iter().collect();
        let metadata = "https://p.example/.well-known/oauth-protected-resource/v1/mcp".to_owned();
        Challenge { metadata, scope: "tools", scheme }.complete(&mut headers);
        headers[header::WWW_AUTHENTICATE].to_str().unwrap().to_owned()
    }

    #[test]
    fn a_challenge_names_metadata_and_scope_once() {
        const AT: &str =
            "resource_metadata=\"https://p.example/.well-known/oauth-protected-resource/v1/mcp\"";
        assert_eq!(
            completed("Bearer realm=\"procura\"", Scheme::Bearer),
            format!("Bearer realm=\"procura\", scope=\"tools\", {AT}")
        );
        assert_eq!(
            completed(
                "Bearer realm=\"procura\", error=\"insufficient_scope\", scope=\"sessions\"",
                Scheme::Bearer
            ),
            format!("Bearer realm=\"procura\", error=\"insufficient_scope\", scope=\"sessions\", {AT}")
        );
        assert_eq!(
            completed("Bearer realm=\"procura\", error=\"invalid_token\"", Scheme::Dpop),
            format!(
                "DPoP realm=\"procura\", error=\"invalid_token\", algs=\"{PROOFS}\", scope=\"tools\", {AT}"
            )
        );
        let mut none = HeaderMap::new();
        Challenge { metadata: String::new(), scope: "tools", scheme: Scheme::Bearer }.complete(&mut none);
        assert!(none.is_empty());
    }
}
