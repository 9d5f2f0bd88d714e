//! Who may name this server in `Host`, and from which origins a browser may call it: the answer to
//! DNS rebinding (`standards/mcp.md`, A1). A deployment whose public URL is loopback is also called
//! by the other names of loopback, with any port; every other deployment only by what it was told.

use http::{HeaderMap, HeaderValue, Uri, header};
use procura_app::Settings;
use procura_model::Reason;

/// The names of this machine to itself.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Checks `Host` and `Origin`.
pub(crate) fn check(settings: &Settings, uri: &Uri, headers: &HeaderMap) -> Result<(), Reason> {
    let public = authority_of(&settings.public_url);
    let host = uri.authority().map(http::uri::Authority::as_str).or_else(|| text(headers, header::HOST));
    let host = host.ok_or(Reason::HostRefused)?;
    if !is_known(host, public, &settings.allowed_hosts) {
        return Err(Reason::HostRefused);
    }
    if !headers.contains_key(header::ORIGIN) {
        return Ok(());
    }
    let origin = text(headers, header::ORIGIN).ok_or(Reason::OriginRefused)?;
    let own = origin.trim_end_matches('/') == origin_of(&settings.public_url);
    let is_loopback =
        is_loopback(public) && origin.starts_with("http://") && is_loopback(authority_of(origin));
    if own
        || is_loopback
        || settings.allowed_origins.iter().any(|allowed| allowed.trim_end_matches('/') == origin)
    {
        return Ok(());
    }
    Err(Reason::OriginRefused)
}

fn text(headers: &HeaderMap, name: http::HeaderName) -> Option<&str> {
    headers.get(name).map(HeaderValue::as_bytes).and_then(|raw| std::str::from_utf8(raw).ok()).map(str::trim)
}

fn is_known(host: &str, public: &str, allowed: &[String]) -> bool {
    let is_public = public.eq_ignore_ascii_case(host)
        || without_port(public).eq_ignore_ascii_case(without_port(host)) && port_is_default(host);
    let is_allowed =
        |known: &String| known.eq_ignore_ascii_case(host) || known.eq_ignore_ascii_case(without_port(host));
    is_public || is_loopback(public) && is_loopback(host) || allowed.iter().any(is_allowed)
}

/// A Host header leaves out the port that its scheme implies.
fn port_is_default(host: &str) -> bool {
    let port = host.strip_prefix(without_port(host)).unwrap_or_default();
    matches!(port, "" | ":80" | ":443")
}

fn is_loopback(authority: &str) -> bool {
    let name = without_port(authority);
    LOOPBACK.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|b| b.is_ascii_digit()) && (!name.contains(':') || name.ends_with(']')) =>
        {
            name
        }
        _ => authority,
    }
}

fn authority_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

fn origin_of(url: &str) -> &str {
    let scheme = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(scheme..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| scheme + at);
    url.get(..end).unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(public: &str, host: &str, origin: Option<&str>) -> Result<(), Reason> {
        let mut settings = Settings::for_url(public);
        settings.allowed_hosts.push("inner.example".to_owned());
        settings.allowed_origins.push("https://app.example".to_owned());
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        check(&settings, &"/v1/mcp".parse().unwrap(), &headers)
    }

    #[test]
    fn a_local_server_is_called_by_local_names_alone() {
        let public = "http://127.0.0.1:8080";
        for host in ["127.0.0.1:8080", "localhost:8080", "[::1]:9", "localhost", "inner.example"] {
            assert_eq!(checked(public, host, None), Ok(()), "{host}");
        }
        for host in ["evil.example.com", "127.0.0.1.evil.example", "localhost.evil:8080", "[::2]:8080"] {
            assert_eq!(checked(public, host, None), Err(Reason::HostRefused), "{host}");
        }
    }

    #[test]
    fn a_public_server_is_not_called_as_loopback() {
        let public = "https://gate.example";
        assert_eq!(checked(public, "gate.example", None), Ok(()));
        assert_eq!(checked(public, "Gate.Example:443", None), Ok(()));
        assert_eq!(checked(public, "gate.example:8443", None), Err(Reason::HostRefused));
        assert_eq!(checked(public, "localhost", None), Err(Reason::HostRefused));
    }

    #[test]
    fn an_origin_must_be_known_where_there_is_one() {
        let public = "http://127.0.0.1:8080";
        for origin in ["http://127.0.0.1:8080", "http://localhost:3000", "https://app.example"] {
            assert_eq!(checked(public, "localhost:8080", Some(origin)), Ok(()), "{origin}");
        }
        for origin in ["http://evil.example", "null", "https://127.0.0.1.evil", "file://", ""] {
            assert_eq!(
                checked(public, "localhost:8080", Some(origin)),
                Err(Reason::OriginRefused),
                "{origin}"
            );
        }
        assert_eq!(
            checked("https://gate.example", "gate.example", Some("http://localhost:3000")),
            Err(Reason::OriginRefused)
        );
    }
}
