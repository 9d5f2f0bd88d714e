//! What the frame of one agent's widget may do, as the headers of its page say it: only the agent's allowed origins may
//! frame it, and it may send nothing to anybody but the agent's endpoint.
//!
//! The settings were judged when they were saved. They are judged again here, because here they become a header: what
//! is no exact origin gives no right, and without any there is no frame.

/// Who may frame the page and where it may send messages.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Framing {
    /// Exact origins, at least one.
    pub(super) origins: Vec<String>,
    /// The whole URL, as it is fetched.
    pub(super) endpoint: String,
}

impl Framing {
    /// What these settings allow; none where that is nothing.
    pub(super) fn of(allowed_origins: &[String], endpoint: &str) -> Option<Self> {
        let origins: Vec<String> =
            allowed_origins.iter().filter(|origin| is_exact_origin(origin)).cloned().collect();
        let (scheme, rest) = endpoint.split_once("://")?;
        let origin_length = rest.find(['/', '?']).unwrap_or(rest.len());
        let origin = format!("{scheme}://{}", rest.get(..origin_length)?);
        (!origins.is_empty() && is_exact_origin(&origin) && endpoint.bytes().all(is_plain))
            .then(|| Self { origins, endpoint: endpoint.to_owned() })
    }

    /// The `Content-Security-Policy` of the page.
    pub(super) fn policy(&self) -> String {
        // A source expression has no query (CSP Level 3, section 2.3.1), and a path that ends in no slash is exact.
        let target = self.endpoint.split('?').next().unwrap_or_default();
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src {target}; base-uri 'none'; \
             form-action 'none'; require-trusted-types-for 'script'; frame-ancestors {}",
            self.origins.join(" ")
        )
    }
}

/// Whether this is one origin as browsers write it (RFC 6454 section 6.2): no path, no wildcard, nothing that a header
/// could be ended with.
fn is_exact_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte))
    })
}

/// Whether a byte may stand in a URL that becomes part of a header: no space, quote, comma or semicolon.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b';' | b',' | b'\'' | b'"' | b'*' | b'#' | b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(origins: &[&str], endpoint: &str) -> Option<Framing> {
        let origins: Vec<String> = origins.iter().map(|&origin| origin.to_owned()).collect();
        Framing::of(&origins, endpoint)
    }

    #[test]
    fn the_policy_names_the_allowed_origins_and_the_endpoint_and_nothing_else() {
        let found =
            framing(&["https://shop.example", "http://127.0.0.1:7002"], "https://agent.example/chat?v=1");
        assert_eq!(
            found.unwrap().policy(),
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src https://agent.example/chat; \
             base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; \
             frame-ancestors https://shop.example http://127.0.0.1:7002"
        );
    }

    #[test]
    fn what_is_no_exact_origin_gives_no_right() {
        for wrong in [
            "*",
            "https://*",
            "https://*.shop.example",
            "https:",
            "https://",
            "'self'",
            "https://shop.example/",
            "https://shop.example https://evil.example",
            "https://shop.example; script-src *",
            "https://shop.example\r\nx: y",
            "https://user@shop.example",
            "https://Shop.example",
            "javascript://shop.example",
            "null",
            "",
        ] {
            assert_eq!(framing(&[wrong], "https://agent.example/chat"), None, "{wrong}");
            let beside = framing(&["https://shop.example", wrong], "https://agent.example/chat").unwrap();
            assert_eq!(beside.origins, ["https://shop.example"], "{wrong}");
        }
        assert_eq!(framing(&[], "https://agent.example/chat"), None);
    }

    #[test]
    fn an_endpoint_that_could_end_the_directive_gives_no_frame() {
        for wrong in [
            "",
            "*",
            "https://*.example/chat",
            "https://agent.example/a;script-src *",
            "https://agent.example/a b",
            "https://agent.example/a,b",
            "https://user@agent.example/a",
            "https://agent.example/a\nb",
            "//agent.example/a",
            "data:text/plain,a",
        ] {
            assert_eq!(framing(&["https://shop.example"], wrong), None, "{wrong}");
        }
    }
}
