//! Reading a URL, and refusing what two readers could read differently. Attackers live in the gap
//! between the parser that judges and the parser that connects (`http://a@b`, `http:/\b`,
//! `0x7f.1`, full-width digits), so a URL passes only if it is plainly written, and only if this
//! reader and the WHATWG one (crate `url`) name the same host and port.

use crate::guard::Refused;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};
use url::{Position, Url};

/// Longer URLs are refused before they are read.
const MAX_URL_BYTES: usize = 8 * 1024;

/// The two schemes that leave the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// The port when none is written.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    fn of(name: &str) -> Result<Self, Refused> {
        match name {
            n if n.eq_ignore_ascii_case("https") => Ok(Self::Https),
            n if n.eq_ignore_ascii_case("http") => Ok(Self::Http),
            _ => Err(Refused::Scheme),
        }
    }
}

/// A host in its one normal form: a lower-case ASCII name without trailing dot, or an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A DNS name.
    Name(String),
    /// A literal address.
    Address(IpAddr),
}

/// Names that hand out credentials of the machine; no rule opens them.
const METADATA_NAMES: &[&str] = &[
    "metadata",
    "instance-data",
    "instance-data.ec2.internal",
    "metadata.azure.internal",
    "metadata.goog",
    "metadata.google.internal",
];

/// Names of somebody's own network: RFC 6761, 6762, 7686, 8375, 9476, ICANN's `.internal`, and the
/// suffixes that routers and clusters hand out.
const OWN_SUFFIXES: &[&str] = &[
    "alt",
    "corp",
    "home",
    "home.arpa",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
    "svc",
];

impl Host {
    /// Reads a host as it stands in a URL, an IPv6 address with or without brackets.
    pub fn parse(raw: &str) -> Result<Self, Refused> {
        if let Some(inside) = raw.strip_prefix('[') {
            let text = inside.strip_suffix(']').ok_or(Refused::Host)?;
            return Self::v6(text);
        }
        if raw.contains(':') {
            return Self::v6(raw);
        }
        if raw.contains('%') {
            return Err(Refused::Host);
        }
        if let Ok(address) = raw.parse::<Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        Self::name(raw)
    }

    /// A zone (`fe80::1%eth0`) or a future form (`v1.x`) does not read as an address.
    fn v6(text: &str) -> Result<Self, Refused> {
        let address = text.parse::<Ipv6Addr>().map_err(|_| Refused::Host)?;
        Ok(Self::Address(address.into()))
    }

    fn name(raw: &str) -> Result<Self, Refused> {
        let mapped = idna::domain_to_ascii(raw).map_err(|_| Refused::Host)?;
        let name = mapped.strip_suffix('.').unwrap_or(&mapped).to_ascii_lowercase();
        if ends_in_a_number(&name) {
            return Err(Refused::OddAddress);
        }
        if name.is_empty() || name.len() > 253 || !name.split('.').all(is_label) {
            return Err(Refused::Host);
        }
        Ok(Self::Name(name))
    }

    /// The address, where the host is a literal.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::Address(address) => Some(*address),
        }
    }

    pub(crate) fn is_metadata_name(&self) -> bool {
        matches!(self, Self::Name(name) if METADATA_NAMES.contains(&name.as_str()))
    }

    pub(crate) fn is_localhost(&self) -> bool {
        matches!(self, Self::Name(name) if name == "localhost" || name.ends_with(".localhost"))
    }

    /// Whether the name belongs to a local network rather than to the public DNS. A name without a
    /// dot always does: a search list would complete it.
    pub(crate) fn is_own_name(&self) -> bool {
        let Self::Name(name) = self else { return false };
        !name.contains('.') || OWN_SUFFIXES.iter().any(|suffix| is_under(name, suffix))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

fn is_under(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.'))
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// WHATWG "ends in a number": such a host is an IPv4 address to some reader, in decimal, octal, hex
/// or short form. The one plain spelling was taken before; all others are refused.
fn ends_in_a_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let is_decimal = !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit());
    let is_hex = last.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    is_decimal || is_hex
}

/// Scheme, host and port: all that judging and connecting need to know of a URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    scheme: Scheme,
    host: Host,
    port: u16,
}

impl Target {
    /// The scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, written or default.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Reads a URI that the `http` crate has parsed, by the same rules as a raw URL.
    pub(crate) fn of_uri(uri: &http::Uri) -> Result<Self, Refused> {
        let scheme = Scheme::of(uri.scheme_str().ok_or(Refused::Url)?)?;
        let authority = uri.authority().ok_or(Refused::Url)?;
        Self::of_authority(scheme, authority.as_str())
    }

    fn of_authority(scheme: Scheme, authority: &str) -> Result<Self, Refused> {
        if authority.contains('@') {
            return Err(Refused::Userinfo);
        }
        let (host, port) = split_port(authority)?;
        let port = match port {
            None => scheme.default_port(),
            Some(text) => read_port(text)?,
        };
        let host = if host.contains(':') && !host.starts_with('[') {
            return Err(Refused::Host);
        } else {
            Host::parse(host)?
        };
        Ok(Self { scheme, host, port })
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), Refused> {
    let end_of_host = match authority.strip_prefix('[') {
        None => authority.find(':').unwrap_or(authority.len()),
        Some(inside) => inside.find(']').ok_or(Refused::Host)? + 2,
    };
    let (host, rest) = authority.split_at_checked(end_of_host).ok_or(Refused::Host)?;
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if rest.is_empty() => Ok((host, None)),
        None => Err(Refused::Host),
    }
}

fn read_port(text: &str) -> Result<u16, Refused> {
    if text.len() > 5 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refused::Port);
    }
    match text.parse::<u16>() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(Refused::Port),
    }
}

/// A URL that two readers agree on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebUrl {
    url: Url,
    target: Target,
}

impl WebUrl {
    /// Reads an absolute `http` or `https` URL. The fragment is dropped.
    pub fn parse(raw: &str) -> Result<Self, Refused> {
        let target = read_plainly(raw)?;
        let mut url = Url::parse(raw).map_err(|_| Refused::Url)?;
        url.set_fragment(None);
        if !agrees(&url, &target) {
            return Err(Refused::Url);
        }
        Ok(Self { url, target })
    }

    /// Where a redirect leads: judged like any URL, and never from TLS to plain text.
    pub fn follow(&self, location: &str) -> Result<Self, Refused> {
        let next = Self::parse(&self.absolute(location)?)?;
        match (self.target.scheme, next.target.scheme) {
            (Scheme::Https, Scheme::Http) => Err(Refused::Downgrade),
            (Scheme::Http, _) | (_, Scheme::Https) => Ok(next),
        }
    }

    /// A location that names a host is read as it was written, so that no normalisation of the
    /// joining hides an odd spelling; only a path or query is joined.
    fn absolute(&self, location: &str) -> Result<String, Refused> {
        require_plain(location)?;
        if location.starts_with("//") {
            return Ok(format!("{}:{location}", self.url.scheme()));
        }
        if has_scheme(location) {
            return Ok(location.to_owned());
        }
        let joined = self.url.join(location).map_err(|_| Refused::Url)?;
        Ok(joined.into())
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// Whether both have the same scheme, host and port.
    #[must_use]
    pub fn is_same_origin(&self, other: &Self) -> bool {
        self.target == other.target
    }

    /// Path and query, as the request line carries them.
    pub(crate) fn request_target(&self) -> &str {
        &self.url[Position::BeforePath..Position::AfterQuery]
    }

    /// The URL as the `http` crate reads it, for [`crate::Egress::send`].
    pub fn to_uri(&self) -> Result<http::Uri, Refused> {
        self.url.as_str().parse().map_err(|_| Refused::Url)
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str())
    }
}

/// Our own reading of the raw text, strict where RFC 3986 and WHATWG differ.
fn read_plainly(raw: &str) -> Result<Target, Refused> {
    require_plain(raw)?;
    let (scheme, rest) = raw.split_once(':').ok_or(Refused::Url)?;
    let scheme = Scheme::of(scheme)?;
    let rest = rest.strip_prefix("//").ok_or(Refused::Url)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default();
    if authority.is_empty() {
        return Err(Refused::Url);
    }
    Target::of_authority(scheme, authority)
}

fn require_plain(raw: &str) -> Result<(), Refused> {
    let is_hidden = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    if raw.len() > MAX_URL_BYTES || raw.chars().any(is_hidden) {
        return Err(Refused::Url);
    }
    Ok(())
}

fn has_scheme(location: &str) -> bool {
    let end = location.find([':', '/', '?', '#']).unwrap_or(location.len());
    location.get(end..).is_some_and(|rest| rest.starts_with(':'))
}

fn agrees(url: &Url, target: &Target) -> bool {
    let same_host = match (url.host(), &target.host) {
        (Some(url::Host::Domain(theirs)), Host::Name(ours)) => {
            theirs.strip_suffix('.').unwrap_or(theirs) == ours
        }
        (Some(url::Host::Ipv4(theirs)), Host::Address(ours)) => IpAddr::V4(theirs) == *ours,
        (Some(url::Host::Ipv6(theirs)), Host::Address(ours)) => IpAddr::V6(theirs) == *ours,
        _ => false,
    };
    same_host
        && url.port_or_known_default() == Some(target.port)
        && url.username().is_empty()
        && url.password().is_none()
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
