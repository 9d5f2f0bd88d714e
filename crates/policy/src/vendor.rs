//! Vendors are host names. Both sides are brought to one form once (lower case, IDN as ASCII by
//! UTS 46, no trailing dot) and then compared byte by byte. Whatever is more than a host (a user, a
//! port, a path, an unknown character) is refused, never trimmed: the part that we would throw away
//! could be the part that the other side acts on.
//!
//! `x.com` is that host alone; `*.x.com` is every host below it, not `x.com`, never `evilx.com`.

use std::{borrow::Cow, net::Ipv6Addr};

const MAX_HOST_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;

/// The one form of a host name; none when it cannot be compared.
pub(crate) fn normal(host: &str) -> Option<Cow<'_, str>> {
    if let Some(inside) = host.strip_prefix('[') {
        let address: Ipv6Addr = inside.strip_suffix(']')?.parse().ok()?;
        return Some(Cow::Owned(format!("[{address}]")));
    }
    if host.len() > 4 * MAX_HOST_BYTES {
        return None;
    }
    let ascii = if is_plain(host) {
        Cow::Borrowed(host)
    } else {
        idna::domain_to_ascii_cow(host.as_bytes(), idna::AsciiDenyList::EMPTY).ok()?
    };
    let ascii = match ascii {
        Cow::Borrowed(text) => Cow::Borrowed(text.strip_suffix('.').unwrap_or(text)),
        Cow::Owned(mut text) => {
            if text.ends_with('.') {
                text.pop();
            }
            Cow::Owned(text)
        }
    };
    is_host(&ascii).then_some(ascii)
}

/// Whether UTS 46 would leave it as it is: lower-case ASCII and no label in punycode.
fn is_plain(host: &str) -> bool {
    host.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
        && !host.split('.').any(|label| label.starts_with("xn--"))
}

fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=MAX_LABEL_BYTES).contains(&label.len())
            && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
    };
    host.len() <= MAX_HOST_BYTES && host.split('.').all(is_label)
}

/// One entry of a permission's list of vendors.
#[derive(Clone, Debug)]
pub(crate) enum VendorPattern {
    Host(Box<str>),
    Below(Box<str>),
}

impl VendorPattern {
    /// Compiles an entry; the error says what it must be.
    pub(crate) fn compile(text: &str) -> Result<Self, &'static str> {
        const MUST: &str = "must be a host name such as x.com, or *.x.com for the hosts below it; \
                            leave vendors out to allow any";
        let (is_below, host) = text.strip_prefix("*.").map_or((false, text), |host| (true, host));
        let host = normal(host).ok_or(MUST)?;
        let is_address = host.starts_with('[')
            || host.rsplit('.').next().is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()));
        match (is_below, is_address) {
            (true, true) => Err(MUST),
            (true, false) => Ok(Self::Below(format!(".{host}").into())),
            (false, _) => Ok(Self::Host(host.into())),
        }
    }

    /// Whether a host in its one form is meant.
    pub(crate) fn matches(&self, host: &str) -> bool {
        match self {
            Self::Host(exact) => **exact == *host,
            Self::Below(suffix) => host.len() > suffix.len() && host.ends_with(&**suffix),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_spelling_of_a_host_has_one_form() {
        for (host, form) in [
            ("coachella.com", "coachella.com"),
            ("Coachella.COM", "coachella.com"),
            ("coachella.com.", "coachella.com"),
            ("COACHELLA.com.", "coachella.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.example", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
            ("shop。example", "shop.example"),
            ("ｓｈｏｐ.example", "shop.example"),
            ("my_host", "my_host"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("[0:0:0:0:0:0:0:1]", "[::1]"),
        ] {
            assert_eq!(normal(host).as_deref(), Some(form), "{host}");
        }
    }

    #[test]
    fn what_is_more_or_less_than_a_host_is_refused() {
        let (long_label, long_host) = ("a".repeat(64), "a.".repeat(127) + "com");
        for bad in [
            "",
            ".",
            "..",
            "a..b",
            ".a",
            "a.com..",
            "a.com:443",
            "user@a.com",
            "a.com/path",
            "https://a.com",
            "a.com?x",
            "a.com#x",
            " a.com",
            "a.com ",
            "a b.com",
            "a.com\n",
            "a%2ecom",
            "*.a.com",
            "a\\b.com",
            "a,b.com",
            "[::1",
            "::1",
            "[::1]:80",
            "xn--\u{0}",
            "xn--zzzzzzzz9999",
            "a\u{ff0f}b.com",
            "a\u{ff20}b.com",
            &long_label,
            &long_host,
        ] {
            assert_eq!(normal(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_star_covers_the_hosts_below_and_nothing_else() {
        for (pattern, host, expected) in [
            ("x.com", "x.com", true),
            ("x.com", "a.x.com", false),
            ("X.COM.", "x.com", true),
            ("*.x.com", "a.x.com", true),
            ("*.x.com", "b.a.x.com", true),
            ("*.x.com", "x.com", false),
            ("*.x.com", "evilx.com", false),
            ("*.x.com", "x.com.evil.com", false),
            ("x.com", "x.com.evil.com", false),
            ("*.bücher.example", "a.xn--bcher-kva.example", true),
        ] {
            let pattern = VendorPattern::compile(pattern).unwrap();
            assert_eq!(pattern.matches(&normal(host).unwrap()), expected, "{pattern:?} {host}");
        }
        for bad in ["*", "*.", "a.*", "*x.com", "*.*.com", "x.com/", "*.0.0.1", "*.[::1]", ""] {
            assert!(VendorPattern::compile(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn the_form_is_its_own_form(host in "\\PC{0,30}") {
            if let Some(form) = normal(&host) {
                let again = normal(&form);
                prop_assert_eq!(again.as_deref(), Some(&*form));
            }
        }

        #[test]
        fn the_short_way_agrees_with_uts_46(host in "[a-z0-9.-]{1,20}") {
            let theirs = idna::domain_to_ascii_cow(host.as_bytes(), idna::AsciiDenyList::EMPTY).ok();
            if let (Some(form), Some(theirs)) = (normal(&host), theirs) {
                prop_assert_eq!(&*form, theirs.trim_end_matches('.'));
            }
        }
    }
}
