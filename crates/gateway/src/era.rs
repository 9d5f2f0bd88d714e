//! Which of the two protocol eras a request speaks, and whether its headers agree with its body.
//! 2026-07-28 is stateless and says everything in every request (`_meta` and the `Mcp-*` headers);
//! everything earlier begins with `initialize` and a session (`standards/mcp.md`, sections A and B).

use crate::{
    jsonrpc::{Failure, Request, code},
    raw::{Members, Object, array, quote},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderMap;
use std::borrow::Cow;

/// The stateless version.
pub(crate) const MODERN: &str = "2026-07-28";
/// The versions with sessions, newest first.
pub(crate) const LEGACY: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];

/// `_meta` of the version of a request.
pub(crate) const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// `_meta` of what the client can do.
pub(crate) const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// `_meta` of who the client says it is.
pub(crate) const META_CLIENT: &str = "io.modelcontextprotocol/clientInfo";
/// `_meta` of who a server says it is.
pub(crate) const META_SERVER: &str = "io.modelcontextprotocol/serverInfo";
/// `_meta` of the least level of log messages that the client wants.
pub(crate) const META_LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
/// `_meta` of the subscription that a notification belongs to.
pub(crate) const META_SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";
/// `_meta` of our own request id.
pub(crate) const META_REQUEST: &str = "io.procura/requestId";

/// How much of a version that nobody knows is repeated, in bytes: more than a date, less than what somebody may have
/// put into the wrong header.
const MAX_VERSION_BYTES: usize = 16;

/// Names of headers.
pub(crate) const VERSION_HEADER: &str = "mcp-protocol-version";
/// The method, again.
pub(crate) const METHOD_HEADER: &str = "mcp-method";
/// The tool, prompt or resource, again.
pub(crate) const NAME_HEADER: &str = "mcp-name";
/// The legacy session.
pub(crate) const SESSION_HEADER: &str = "mcp-session-id";

/// How grave a log message is, as RFC 5424 has it.
const LEVELS: [&str; 8] = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

/// The rank of a log level, if it is one.
pub(crate) fn log_rank(level: &str) -> Option<usize> {
    LEVELS.iter().position(|known| *known == level)
}

/// The log level of a rank.
pub(crate) fn log_level(rank: usize) -> Option<&'static str> {
    LEVELS.get(rank).copied()
}

/// The era of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// 2026-07-28.
    Modern,
    /// With sessions.
    Legacy,
}

/// The value of a header without blanks around it.
pub(crate) fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// Which era the request speaks.
pub(crate) fn of(headers: &HeaderMap, params: &str) -> Era {
    if header(headers, VERSION_HEADER) == Some(MODERN) || is_modern_body(params) {
        return Era::Modern;
    }
    Era::Legacy
}

fn is_modern_body(params: &str) -> bool {
    params.contains(META_VERSION)
        && Members::parse(params)
            .ok()
            .and_then(|p| p.object("_meta"))
            .is_some_and(|m| m.raw(META_VERSION).is_some())
}

/// Checks a modern request: version, method and name headers against the body, then `_meta`.
pub(crate) fn check_modern(headers: &HeaderMap, request: &Request<'_>) -> Result<(), Failure> {
    let params = Members::parse(request.params)
        .map_err(|_| Failure::new(code::INVALID_REQUEST, "`params` holds a member twice."))?;
    let meta = params.object("_meta").unwrap_or_default();
    let version = meta.text(META_VERSION);
    let announced =
        header(headers, VERSION_HEADER).ok_or_else(|| mismatch("MCP-Protocol-Version is missing."))?;
    if version.as_deref().is_some_and(|version| version != announced) {
        return Err(mismatch("MCP-Protocol-Version is not the version of the body."));
    }
    if announced != MODERN {
        return Err(unsupported(announced));
    }
    let method = header(headers, METHOD_HEADER).ok_or_else(|| mismatch("Mcp-Method is missing."))?;
    if method != request.method {
        return Err(mismatch("Mcp-Method is not the method of the body."));
    }
    check_name(headers, &request.method, &params)?;
    let has_capabilities = meta.raw(META_CAPABILITIES).is_some_and(|raw| raw.starts_with('{'));
    if version.is_none() || !has_capabilities {
        let text =
            "`params._meta` must hold protocolVersion and clientCapabilities of io.modelcontextprotocol.";
        return Err(Failure::new(code::INVALID_PARAMS, text).at(400));
    }
    Ok(())
}

fn check_name(headers: &HeaderMap, method: &str, params: &Members<'_>) -> Result<(), Failure> {
    let member = match method {
        "tools/call" | "prompts/get" => "name",
        "resources/read" => "uri",
        _ => return Ok(()),
    };
    let Some(wanted) = params.text(member) else { return Ok(()) };
    let sent = header(headers, NAME_HEADER).ok_or_else(|| mismatch("Mcp-Name is missing."))?;
    match decoded(sent) {
        Some(sent) if sent == wanted => Ok(()),
        _ => Err(mismatch("Mcp-Name is not the name of the body.")),
    }
}

/// A header value, or the text that it wraps as `=?base64?..?=`.
fn decoded(value: &str) -> Option<Cow<'_, str>> {
    let wrapped = value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?="));
    let Some(wrapped) = wrapped else { return Some(Cow::Borrowed(value)) };
    String::from_utf8(STANDARD.decode(wrapped).ok()?).ok().map(Cow::Owned)
}

/// A name as a header value, wrapped where it is not plain.
pub(crate) fn encoded(name: &str) -> String {
    let is_plain =
        name.bytes().all(|b| (0x20..0x7f).contains(&b)) && name.trim() == name && !name.starts_with("=?");
    if is_plain { name.to_owned() } else { format!("=?base64?{}?=", STANDARD.encode(name)) }
}

fn mismatch(text: &'static str) -> Failure {
    Failure::new(code::HEADER_MISMATCH, text)
}

/// The answer to a version that is not spoken here.
pub(crate) fn unsupported(requested: &str) -> Failure {
    let requested = requested.get(..requested.floor_char_boundary(MAX_VERSION_BYTES)).unwrap_or_default();
    let supported = array([quote(MODERN)].iter().map(String::as_str));
    let data = Object::new().raw("supported", &supported).text("requested", requested).finish();
    Failure::new(code::UNSUPPORTED_VERSION, "This protocol version is not supported.").with_data(data)
}

/// The version that a legacy client gets: its own if we speak it, else our latest.
pub(crate) fn negotiated(requested: Option<&str>) -> &'static str {
    let [latest, ..] = LEGACY;
    LEGACY.into_iter().find(|known| Some(*known) == requested).unwrap_or(latest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn check(pairs: &[(&'static str, &str)], method: &str, params: &str) -> Option<(i64, u16)> {
        let request = Request { id: "1", method: method.into(), params };
        check_modern(&headers(pairs), &request).err().map(|failure| (failure.code, failure.status))
    }

    #[test]
    fn headers_must_agree_with_the_body() {
        let call = format!(r#"{{"name":"écho",{META}}}"#);
        let version = (VERSION_HEADER, MODERN);
        let method = (METHOD_HEADER, "tools/call");
        let name = encoded("écho");
        assert_eq!(check(&[version, method, (NAME_HEADER, &name)], "tools/call", &call), None);
        for pairs in [
            &[method, (NAME_HEADER, name.as_str())][..],
            &[version, (NAME_HEADER, name.as_str())],
            &[version, method],
            &[version, method, (NAME_HEADER, "echo")],
            &[version, (METHOD_HEADER, "TOOLS/CALL"), (NAME_HEADER, name.as_str())],
            &[(VERSION_HEADER, "2025-11-25"), method, (NAME_HEADER, name.as_str())],
        ] {
            assert_eq!(check(pairs, "tools/call", &call), Some((code::HEADER_MISMATCH, 400)), "{pairs:?}");
        }
    }

    #[test]
    fn meta_is_required_and_the_version_must_be_known() {
        let list = [(VERSION_HEADER, MODERN), (METHOD_HEADER, " tools/list ")];
        assert_eq!(check(&list, "tools/list", &format!("{{{META}}}")), None);
        assert_eq!(check(&list, "tools/list", "{}"), Some((code::INVALID_PARAMS, 400)));
        let no_version = r#"{"_meta":{"io.modelcontextprotocol/clientCapabilities":{}}}"#;
        assert_eq!(check(&list, "tools/list", no_version), Some((code::INVALID_PARAMS, 400)));
        let future = format!("{{{}}}", META.replace(MODERN, "v999.0.0"));
        let headers = [(VERSION_HEADER, "v999.0.0"), (METHOD_HEADER, "tools/list")];
        assert_eq!(check(&headers, "tools/list", &future), Some((code::UNSUPPORTED_VERSION, 400)));
        assert!(unsupported("x").data.unwrap().contains(r#""requested":"x""#));
        let token = "é".repeat(100);
        assert!(unsupported(&token).data.unwrap().contains(&format!(r#""requested":"{}""#, "é".repeat(8))));
    }

    #[test]
    fn the_era_is_told_by_header_or_body() {
        assert_eq!(of(&headers(&[]), "{}"), Era::Legacy);
        assert_eq!(of(&headers(&[(VERSION_HEADER, "2025-11-25")]), "{}"), Era::Legacy);
        assert_eq!(of(&headers(&[(VERSION_HEADER, MODERN)]), "{}"), Era::Modern);
        assert_eq!(of(&headers(&[]), &format!("{{{META}}}")), Era::Modern);
        assert_eq!(negotiated(Some("2025-06-18")), "2025-06-18");
        assert_eq!(negotiated(Some(MODERN)), "2025-11-25");
    }
}
