//! Which headers a declaration may name. The framing of a message, its routing, and what says who calls
//! are never an argument's: a header that overrides the method, the path or the address would let an
//! argument choose what is called.

/// Set by the connection or by us, or read by servers as another method, path, host or origin.
const NEVER: [&str; 24] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];
/// The same, by how the name begins.
const NEVER_BEGINNING: [&str; 6] =
    ["x-forwarded-", "x-real-ip", "x-client-ip", "x-procura-request-id", "sec-", "access-control-"];
/// What says who calls: the server's declaration may name it, a parameter may not.
const WHO: [&str; 5] = ["authorization", "cookie", "x-api-key", "x-auth-token", "x-procura-user"];

/// For what a header is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// For the credential or the user.
    Server,
    /// For an argument.
    Argument,
}

/// The name in lower case, where it may be used so.
pub(super) fn name(text: &str, of: Use) -> Option<String> {
    let name = text.to_ascii_lowercase();
    let is_token = (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
    let is_ours =
        NEVER.contains(&name.as_str()) || NEVER_BEGINNING.iter().any(|start| name.starts_with(start));
    let is_who = of == Use::Argument && WHO.contains(&name.as_str());
    (is_token && !is_ours && !is_who).then_some(name)
}

/// Whether a text can be the value of a header as it is: visible ASCII and blanks within.
pub(super) fn is_value(text: &str) -> bool {
    text.len() <= 4_096 && text.trim() == text && text.bytes().all(|b| (0x20..=0x7e).contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_is_never_who_calls_nor_what_is_called() {
        for text in [
            "Host",
            "content-length",
            "X-HTTP-Method-Override",
            "x-original-url",
            "X-Forwarded-Host",
            "Cookie",
            "Authorization",
            "X-API-Key",
            "",
            "a b",
            "a:b",
            "a\r\nb",
            "é",
        ] {
            assert_eq!(name(text, Use::Argument), None, "{text}");
        }
        assert_eq!(name("X-Tenant", Use::Argument).as_deref(), Some("x-tenant"));
        assert_eq!(name("Authorization", Use::Server).as_deref(), Some("authorization"));
        assert_eq!(name("Host", Use::Server), None);
        for text in ["a\r\nb: c", "a\nb", "\u{7f}", "é", " a", "a\t"] {
            assert!(!is_value(text), "{text:?}");
        }
        assert!(is_value("") && is_value("Bearer a b"));
    }
}
