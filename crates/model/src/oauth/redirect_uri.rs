//! Where an authorization server may send a browser. What can be registered is written so plainly that every reader sees
//! the same host in it; what is asked for must be what was registered, letter by letter (RFC 9700 section 2.1), but for
//! the port of a loopback address, which a native program learns only when it starts (RFC 8252 section 7.3).

use std::net::{Ipv4Addr, Ipv6Addr};

/// How long a redirect URI may be.
pub const MAX_BYTES: usize = 2_048;
/// The hosts that plain http may name; the browser and the program are on one machine.
const LOOPBACKS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Why a URI cannot be a redirect URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectError {
    /// Longer than any browser is sure to take.
    #[error("It is longer than {MAX_BYTES} bytes.")]
    TooLong,
    /// Blanks, control characters, backslashes, other alphabets, or an escape that is none.
    #[error(
        "It holds a character that a URI cannot hold; a host of another alphabet is written in punycode."
    )]
    Character,
    /// RFC 6749 section 3.1.2: it must not have one.
    #[error("It has a fragment.")]
    Fragment,
    /// A star.
    #[error("It has a wildcard; every redirect URI is registered whole.")]
    Wildcard,
    /// Not `https://` or `http://`.
    #[error("It is neither https nor http; private schemes can be taken by any program of the device.")]
    Scheme,
    /// `user@`.
    #[error("It names a user before the host.")]
    Userinfo,
    /// No host, or none that is plainly written.
    #[error("It has no host, or one that is not plainly written.")]
    Host,
    /// http beyond this machine.
    #[error("Plain http is for localhost, 127.0.0.1 and [::1] alone.")]
    PlainHttp,
    /// Not 1 to 65535.
    #[error("Its port is not a number from 1 to 65535.")]
    Port,
    /// Another one than those that the client registered.
    #[error("It is none of those that the client registered, to the letter.")]
    NotRegistered,
    /// `.` or `..`, also when escaped.
    #[error("Its path has a dot segment.")]
    DotSegment,
}

/// A redirect URI taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts<'u> {
    is_https: bool,
    host: &'u str,
    /// Path and query.
    rest: &'u str,
}

/// Whether a client may register the URI.
///
/// # Errors
/// [`RedirectError`]: the first thing that is wrong.
pub fn register(uri: &str) -> Result<(), RedirectError> {
    read(uri).map(drop)
}

/// Whether a client that registered these may be answered there.
///
/// # Errors
/// [`RedirectError`]: the first thing that is wrong.
pub fn authorize(registered: &[String], uri: &str) -> Result<(), RedirectError> {
    let asked = read(uri)?;
    let is_known = registered.iter().any(|own| own == uri || is_loopback_alike(own, asked));
    if is_known { Ok(()) } else { Err(RedirectError::NotRegistered) }
}

/// Whether the URI is one of those registered.
#[must_use]
pub fn matches(registered: &[String], uri: &str) -> bool {
    authorize(registered, uri).is_ok()
}

/// The host, for a page that says where the answer goes.
#[must_use]
pub fn host(uri: &str) -> Option<&str> {
    read(uri).ok().map(|parts| parts.host)
}

/// Whether the answer goes to a program on the person's own machine.
#[must_use]
pub fn is_loopback(uri: &str) -> bool {
    read(uri).is_ok_and(|parts| !parts.is_https)
}

fn is_loopback_alike(registered: &str, asked: Parts<'_>) -> bool {
    !asked.is_https && read(registered) == Ok(asked)
}

fn read(uri: &str) -> Result<Parts<'_>, RedirectError> {
    if uri.len() > MAX_BYTES {
        return Err(RedirectError::TooLong);
    }
    if !uri.bytes().all(is_uri_byte) {
        return Err(RedirectError::Character);
    }
    if uri.contains('#') {
        return Err(RedirectError::Fragment);
    }
    let (is_https, after) = match (uri.strip_prefix("https://"), uri.strip_prefix("http://")) {
        (Some(after), _) => (true, after),
        (None, Some(after)) => (false, after),
        (None, None) => return Err(RedirectError::Scheme),
    };
    if uri.contains('*') {
        return Err(RedirectError::Wildcard);
    }
    let end = after.find(['/', '?']).unwrap_or(after.len());
    let (authority, rest) = after.split_at_checked(end).ok_or(RedirectError::Host)?;
    let host = read_authority(authority)?;
    if !is_https && !LOOPBACKS.contains(&host) {
        return Err(RedirectError::PlainHttp);
    }
    check_path(rest)?;
    Ok(Parts { is_https, host, rest })
}

/// The characters of RFC 3986, and no others.
fn is_uri_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

fn read_authority(authority: &str) -> Result<&str, RedirectError> {
    if authority.contains('@') {
        return Err(RedirectError::Userinfo);
    }
    let end = match authority.strip_prefix('[') {
        None => authority.find(':').unwrap_or(authority.len()),
        Some(inside) => inside.find(']').ok_or(RedirectError::Host)? + 2,
    };
    let (host, port) = authority.split_at_checked(end).ok_or(RedirectError::Host)?;
    if !is_host(host) {
        return Err(RedirectError::Host);
    }
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok(host),
        Some(digits) if is_port(digits) => Ok(host),
        Some(_) => Err(RedirectError::Port),
        None => Err(RedirectError::Host),
    }
}

fn is_port(digits: &str) -> bool {
    !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.parse::<u16>().is_ok()
}

/// A name, or an address in its plain spelling: `127.1`, `0x7f000001` and `2130706433` are addresses to some readers.
fn is_host(host: &str) -> bool {
    if let Some(inside) = host.strip_prefix('[') {
        let address = inside.strip_suffix(']').and_then(|text| text.parse::<Ipv6Addr>().ok());
        return address.is_some_and(|address| address.to_ipv4_mapped().is_none());
    }
    let last = host.rsplit('.').next().unwrap_or(host);
    if last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x") || last.starts_with("0X") {
        return host.parse::<Ipv4Addr>().is_ok();
    }
    host.len() <= 253 && host.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// No dot segment however it is escaped, and nothing that is escaped is a control character.
fn check_path(rest: &str) -> Result<(), RedirectError> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if rest.contains(['[', ']']) {
        return Err(RedirectError::Character);
    }
    unescaped(query)?;
    let path = unescaped(path)?;
    let mut segments = path.split(|byte| matches!(byte, b'/' | b'\\'));
    if segments.any(|segment| segment == b"." || segment == b"..") {
        return Err(RedirectError::DotSegment);
    }
    Ok(())
}

fn unescaped(text: &str) -> Result<Vec<u8>, RedirectError> {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            plain.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else { return Err(RedirectError::Character) };
        match u8::try_from(high * 16 + low) {
            Ok(byte) if !byte.is_ascii_control() => plain.push(byte),
            Ok(_) | Err(_) => return Err(RedirectError::Character),
        }
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plainly_written_can_be_registered() {
        for uri in [
            "https://app.example.com/cb?tenant=7&x=%2Fa",
            "https://app.example.com",
            "https://xn--bcher-kva.example:8443/cb",
            "https://203.0.113.7/cb",
            "http://localhost:3000/cb",
            "http://127.0.0.1:49152/",
            "http://[::1]/cb",
        ] {
            assert_eq!(register(uri), Ok(()), "{uri}");
        }
    }

    #[test]
    fn what_two_readers_could_read_differently_cannot() {
        use RedirectError as E;
        for (uri, error) in [
            ("", E::Scheme),
            ("com.example.app:/cb", E::Scheme),
            ("HTTPS://app.example/cb", E::Scheme),
            ("javascript:alert(1)", E::Scheme),
            ("https://app.example/cb#", E::Fragment),
            ("https://app.example/cb ", E::Character),
            ("https://app.example\\@evil.example/", E::Character),
            ("https://\u{430}pp.example/", E::Character),
            ("https://app.example/%zz", E::Character),
            ("https://app.example/cb?%0d%0aX", E::Character),
            ("https://app.example/[x]", E::Character),
            ("https://*.app.example/cb", E::Wildcard),
            ("https://user@app.example/cb", E::Userinfo),
            ("https://@app.example/cb", E::Userinfo),
            ("https:///cb", E::Host),
            ("https://?x", E::Host),
            ("https://app.example./cb", E::Host),
            ("https://app.example%2eevil.example/", E::Host),
            ("https://[::1/cb", E::Host),
            ("https://[::1]x/cb", E::Host),
            ("http://127.1/cb", E::Host),
            ("http://0x7f000001/cb", E::Host),
            ("http://[::ffff:127.0.0.1]/cb", E::Host),
            ("http://127.0.0.2/cb", E::PlainHttp),
            ("http://sub.localhost/cb", E::PlainHttp),
            ("http://LOCALHOST/cb", E::PlainHttp),
            ("https://app.example:0/cb", E::Port),
            ("https://app.example:/cb", E::Port),
            ("https://app.example:99999/cb", E::Port),
            ("https://app.example/a/%2e%2E/cb", E::DotSegment),
            ("https://app.example/%2e%2e%2fcb", E::DotSegment),
            ("https://app.example/..%5ccb", E::DotSegment),
        ] {
            assert_eq!(register(uri), Err(error), "{uri}");
        }
        assert_eq!(register(&format!("https://a.example/{}", "x".repeat(2_048))), Err(E::TooLong));
    }

    #[test]
    fn only_the_port_of_a_loopback_may_differ() {
        let registered = ["https://app.example/cb".to_owned(), "http://127.0.0.1:8000/cb".to_owned()];
        for uri in ["https://app.example/cb", "http://127.0.0.1:51004/cb", "http://127.0.0.1/cb"] {
            assert!(matches(&registered, uri), "{uri}");
        }
        for uri in [
            "https://app.example:443/cb",
            "https://app.example/cb/",
            "https://APP.example/cb",
            "http://localhost:8000/cb",
            "http://127.0.0.1:51004/other",
            "http://127.0.0.1:51004/cb?x=1",
            "http://127.0.0.1:51004@evil.example/cb",
            "https://127.0.0.1:8000/cb",
        ] {
            assert!(!matches(&registered, uri), "{uri}");
        }
        let wild = ["https://*.app.example/cb".to_owned()];
        assert!(!matches(&wild, "https://x.app.example/cb") && !matches(&wild, &wild[0]));
        assert!(!matches(&[], "https://app.example/cb"));
    }

    #[test]
    fn a_page_can_say_where_the_answer_goes() {
        assert_eq!(host("https://app.example:8443/cb"), Some("app.example"));
        assert_eq!(host("nonsense"), None);
        assert!(is_loopback("http://[::1]:80/") && !is_loopback("https://localhost/"));
    }
}
