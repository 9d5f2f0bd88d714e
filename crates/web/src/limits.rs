//! What a client is told about its limits (`RateLimit-Policy` and `RateLimit` as in
//! draft-ietf-httpapi-ratelimit-headers), and which hosts and origins are ours.

use crate::{respond::Failure, state::WebState};
use axum::http::{HeaderMap, HeaderValue, header, request::Parts};
use procura_app::{
    Settings,
    limits::{Allowance, Limit},
};
use procura_model::Reason;
use std::net::IpAddr;

/// Adds the two headers for every limit that a request was counted against.
pub fn describe(counted: &[(Limit, Allowance)], headers: &mut HeaderMap) {
    if counted.is_empty() {
        return;
    }
    let policies = counted
        .iter()
        .map(|(limit, each)| format!("\"{}\";q={};w={}", limit.as_str(), each.limit, each.window_seconds));
    let rests = counted
        .iter()
        .map(|(limit, each)| format!("\"{}\";r={};t={}", limit.as_str(), each.remaining, each.reset_seconds));
    for (name, list) in [
        ("ratelimit-policy", policies.collect::<Vec<_>>().join(", ")),
        ("ratelimit", rests.collect::<Vec<_>>().join(", ")),
    ] {
        if let Ok(value) = HeaderValue::try_from(list) {
            headers.insert(name, value);
        }
    }
}

/// Demands that the Host header names this server: otherwise a foreign name that was made to point
/// at us (DNS rebinding) could read pages with the owner's browser.
///
/// # Errors
/// `HOST_REFUSED` when it names another, or none.
pub fn host_is_ours(state: &WebState, parts: &Parts) -> Result<(), Failure> {
    let host = host_of(parts).ok_or(Reason::HostRefused)?;
    if is_our_host(&state.app.settings, host) { Ok(()) } else { Err(Reason::HostRefused.into()) }
}

/// Demands that a browser which sends a form stands on one of our own pages.
///
/// # Errors
/// `ORIGIN_REFUSED` when it stands on another site's.
pub fn origin_is_ours(parts: &Parts) -> Result<(), Failure> {
    let word = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    if word("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return Err(Reason::OriginRefused.into());
    }
    let Some(origin) = word("origin") else { return Ok(()) };
    let stands_at = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    if stands_at.is_some() && stands_at == host_of(parts) {
        Ok(())
    } else {
        Err(Reason::OriginRefused.into())
    }
}

fn host_of(parts: &Parts) -> Option<&str> {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok(),
        (None, None) => parts.uri.authority().map(axum::http::uri::Authority::as_str),
        _ => None,
    }
}

/// The public URL's host, a name that the operator allows, or an address of the loopback.
fn is_our_host(settings: &Settings, host: &str) -> bool {
    let public = settings.public_url.split_once("://").map_or("", |(_, rest)| rest);
    let bare = without_port(host);
    let is_loopback = bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    host.eq_ignore_ascii_case(public)
        || is_loopback
        || bare.eq_ignore_ascii_case("localhost")
        || settings
            .allowed_hosts
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(host) || allowed.eq_ignore_ascii_case(bare))
}

fn without_port(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split(']').next().unwrap_or_default();
    }
    host.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[test]
    fn every_limit_is_told_in_the_draft_s_form() {
        let allowance = Allowance {
            allowed: true,
            limit: 100,
            window_seconds: 60,
            remaining: 97,
            reset_seconds: 2,
            retry_after_seconds: 0,
        };
        let mut headers = HeaderMap::new();
        describe(
            &[(Limit::Global, allowance), (Limit::Mcp, Allowance { limit: 30, ..allowance })],
            &mut headers,
        );
        assert_eq!(headers["ratelimit-policy"], "\"global\";q=100;w=60, \"mcp\";q=30;w=60");
        assert_eq!(headers["ratelimit"], "\"global\";r=97;t=2, \"mcp\";r=97;t=2");
    }

    #[test]
    fn a_foreign_host_is_refused() {
        let mut settings = Settings::for_url("https://p.example:8443");
        settings.allowed_hosts = vec!["inside.example".to_owned()];
        for ours in
            ["p.example:8443", "P.EXAMPLE:8443", "localhost:1", "127.0.0.1:9", "[::1]:9", "inside.example:4"]
        {
            assert!(is_our_host(&settings, ours), "{ours}");
        }
        for foreign in
            ["evil.example", "p.example.evil.example:8443", "127.0.0.1.evil.example", "10.0.0.1", ""]
        {
            assert!(!is_our_host(&settings, foreign), "{foreign}");
        }
    }

    #[test]
    fn a_form_comes_from_our_own_page() {
        let judge = |headers: &[(&'static str, &'static str)]| {
            let mut request = Request::new(());
            request.headers_mut().insert("host", "p.example".parse().unwrap());
            for (name, value) in headers {
                request.headers_mut().insert(*name, value.parse().unwrap());
            }
            origin_is_ours(&request.into_parts().0).is_ok()
        };
        assert!(judge(&[("origin", "https://p.example"), ("sec-fetch-site", "same-origin")]));
        assert!(judge(&[]), "a program without an origin has no owner's cookie to abuse");
        assert!(!judge(&[("origin", "https://evil.example")]));
        assert!(!judge(&[("origin", "null")]));
        assert!(!judge(&[("origin", "https://p.example"), ("sec-fetch-site", "cross-site")]));
    }
}
