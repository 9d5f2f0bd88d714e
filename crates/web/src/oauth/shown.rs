//! An access token that somebody shows at an API of ours: in the Authorization header and nowhere else (RFC 6750
//! section 2; OAuth 2.1 section 5.1.1: never in a query), as Bearer or as DPoP.

use super::challenge::Scheme;
use crate::{exchange::Exchange, extract, respond::Failure, state::WebState};
use axum::http::{HeaderMap, header, request::Parts};
use procura_app::{
    Identified,
    limits::Limit,
    oauth::at_resource::{self, Proof, ShownToken},
};
use procura_model::{Reason, Secret, server::is_server_name};

/// A token as it was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown<'h> {
    /// How.
    pub(crate) scheme: Scheme,
    /// Its text.
    pub(crate) token: &'h str,
}

/// The access token of a request; none where there is none, or a key of ours stands in its place.
///
/// # Errors
/// `OAUTH_REQUEST_INVALID` where a token came with a second credential (RFC 6750 section 3.1: more than one method is
/// `invalid_request`).
pub(crate) fn access_token(headers: &HeaderMap) -> Result<Option<Shown<'_>>, Failure> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(first) = values.next().and_then(|value| value.to_str().ok()).and_then(read) else {
        return Ok(None);
    };
    if values.next().is_some() || headers.contains_key("x-api-key") {
        return Err(Failure(Reason::OauthRequestInvalid.because(
            "An access token came with another credential; send one, in one Authorization header.",
        )));
    }
    Ok(Some(first))
}

/// Finds out as which agent an access token lets its holder call the gateway, and for which user, and counts the
/// request: against the token's session once it is known, against the address before.
///
/// # Errors
/// `ACCESS_TOKEN_*`, `SESSION_*`, `RATE_LIMITED`, or a fault.
pub(crate) async fn token_holder(
    web: &WebState,
    exchange: &Exchange,
    (parts, server): (&Parts, Option<&str>),
    shown: Shown<'_>,
) -> Result<Identified, Failure> {
    let base = &web.app.settings.public_url;
    // Both forms of the address of all servers are one resource; that of one server opens that server alone.
    // The last is the one that is called.
    let mut audiences = vec![format!("{base}/v1/mcp/"), format!("{base}/v1/mcp")];
    audiences.extend(server.filter(|name| is_server_name(name)).map(|name| format!("{base}/v1/mcp/{name}")));
    let audiences: Vec<&str> = audiences.iter().map(String::as_str).collect();
    let url = format!("{base}{}", parts.uri.path());
    let proof = (shown.scheme == Scheme::Dpop).then(|| Proof {
        text: one_proof(&parts.headers),
        method: parts.method.as_str(),
        url: &url,
    });
    let found =
        at_resource::identify(&web.app, ShownToken { token: shown.token, proof, audiences: &audiences });
    let found = found.await.map_err(Failure);
    let limited_as = match &found {
        Ok(identified) => identified.actor.id(),
        Err(_) => exchange.address_key(),
    };
    exchange.count(web, Limit::Global, &limited_as)?;
    extract::in_presented_session(web, exchange, &parts.headers, found?).await
}

/// RFC 9449 section 4.3, check 1: exactly one DPoP header.
fn one_proof(headers: &HeaderMap) -> Option<Secret<String>> {
    let mut values = headers.get_all("dpop").iter();
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then(|| Secret::new(first.to_owned()))
}

/// What goes by the scheme DPoP is a token whatever it looks like; what goes by Bearer is one where it has the form
/// of ours: three segments, or our prefix.
fn read(value: &str) -> Option<Shown<'_>> {
    let (scheme, token) = value.trim().split_once(' ')?;
    let token = token.trim();
    if scheme.eq_ignore_ascii_case("dpop") {
        return Some(Shown { scheme: Scheme::Dpop, token });
    }
    let is_token = token.starts_with("pat_") || token.split('.').count() == 3;
    (scheme.eq_ignore_ascii_case("bearer") && is_token).then_some(Shown { scheme: Scheme::Bearer, token })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &[(&'static str, &'static str)]) -> Result<Option<(Scheme, String)>, Reason> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let shown = access_token(&map).map_err(|failure| failure.0.reason())?;
        Ok(shown.map(|shown| (shown.scheme, shown.token.to_owned())))
    }

    #[test]
    fn a_token_is_told_from_a_key() {
        assert_eq!(of(&[("authorization", "Bearer a.b.c")]), Ok(Some((Scheme::Bearer, "a.b.c".to_owned()))));
        assert_eq!(of(&[("authorization", "bearer pat_x")]), Ok(Some((Scheme::Bearer, "pat_x".to_owned()))));
        assert_eq!(of(&[("authorization", "DPoP pca_x")]), Ok(Some((Scheme::Dpop, "pca_x".to_owned()))));
        for none in [
            &[][..],
            &[("authorization", "Bearer pca_x")],
            &[("authorization", "Basic a.b.c")],
            &[("x-api-key", "a.b.c")],
        ] {
            assert_eq!(of(none), Ok(None), "{none:?}");
        }
    }

    /// RFC 9449 section 4.3, check 1.
    #[test]
    fn two_proofs_are_none() {
        let mut map = HeaderMap::new();
        assert!(one_proof(&map).is_none());
        map.append("dpop", "a.b.c".parse().unwrap());
        assert_eq!(one_proof(&map).unwrap().expose(), "a.b.c");
        map.append("dpop", "a.b.c".parse().unwrap());
        assert!(one_proof(&map).is_none());
    }

    #[test]
    fn a_token_stands_alone() {
        for two in [
            &[("authorization", "Bearer a.b.c"), ("authorization", "Bearer a.b.c")][..],
            &[("authorization", "Bearer a.b.c"), ("x-api-key", "pca_x")],
            &[("authorization", "DPoP a.b.c"), ("authorization", "Bearer pca_x")],
        ] {
            assert_eq!(of(two), Err(Reason::OauthRequestInvalid), "{two:?}");
        }
    }
}
