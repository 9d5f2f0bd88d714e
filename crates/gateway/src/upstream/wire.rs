//! What is written to an upstream. The caller's parameters are passed on as they are, but for
//! `_meta`: what speaks of the caller's own connection is replaced by what speaks of ours, and our
//! request id is added, so that the upstream's log and our record can be laid side by side.

use crate::{
    era::{self, Era, META_CAPABILITIES, META_CLIENT, META_LOG_LEVEL, META_REQUEST, META_VERSION, MODERN},
    jsonrpc,
    raw::{Members, Object},
};
use http::HeaderValue;
use std::borrow::Cow;

/// Who we say we are.
pub(crate) const IMPLEMENTATION: &str =
    concat!(r#"{"name":"procura","version":""#, env!("CARGO_PKG_VERSION"), "\"}");

/// What an upstream is and can do, learnt when it was first asked.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Its era.
    pub(crate) era: Era,
    /// The version that was agreed on.
    pub(crate) version: String,
    /// Its legacy session.
    pub(crate) session: Option<HeaderValue>,
    /// Its capabilities as it wrote them.
    pub(crate) capabilities: String,
}

impl Peer {
    /// Whether it says that it has this capability.
    pub(crate) fn has(&self, capability: &str) -> bool {
        Members::parse(&self.capabilities).is_ok_and(|members| members.raw(capability).is_some())
    }

    /// Whether it says that a list of its own changes.
    pub(crate) fn announces_changes(&self) -> bool {
        self.capabilities.contains("\"listChanged\"") || self.capabilities.contains("\"subscribe\"")
    }

    /// Reads the answer to `server/discover`; none if it is not of the modern era.
    pub(crate) fn of_discover(result: &str) -> Option<Self> {
        let members = Members::parse(result).ok()?;
        let versions: Vec<Cow<'_, str>> = serde_json::from_str(members.raw("supportedVersions")?).ok()?;
        versions.iter().any(|version| version == MODERN).then(|| Self {
            era: Era::Modern,
            version: MODERN.to_owned(),
            session: None,
            capabilities: members.raw("capabilities").unwrap_or("{}").to_owned(),
        })
    }

    /// Reads the answer to `initialize`.
    pub(crate) fn of_initialize(result: &str, session: Option<HeaderValue>) -> Option<Self> {
        let members = Members::parse(result).ok()?;
        Some(Self {
            era: Era::Legacy,
            version: members.text("protocolVersion")?.into_owned(),
            session,
            capabilities: members.raw("capabilities").unwrap_or("{}").to_owned(),
        })
    }
}

/// The parameters of a request to an upstream.
#[derive(Debug, Default)]
pub(crate) struct Params<'a> {
    /// All members but `_meta`, as JSON.
    pub(crate) members: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The caller's `_meta`, as JSON.
    pub(crate) meta: Option<&'a str>,
    /// Whether the caller wants to hear of progress.
    pub(crate) wants_progress: bool,
    /// The least level of log messages that a legacy caller wants, for a modern upstream.
    pub(crate) log_level: Option<&'static str>,
}

impl<'a> Params<'a> {
    /// The caller's parameters with some members replaced by ours.
    pub(crate) fn passing(members: &Members<'a>, replaced: &[(&'static str, String)]) -> Self {
        let ours = |key: &str| replaced.iter().find(|(name, _)| *name == key).map(|(_, value)| value.clone());
        let meta = members.raw("_meta");
        let others = members.0.iter().filter(|(key, _)| key != "_meta");
        Self {
            members: others
                .map(|(key, raw)| (key.clone(), ours(key).map_or(Cow::Borrowed(raw.get()), Cow::Owned)))
                .collect(),
            meta,
            wants_progress: meta.is_some_and(|meta| meta.contains("progressToken")),
            log_level: None,
        }
    }

    /// One string member.
    pub(crate) fn one(key: &'static str, value: &str) -> Self {
        let member = (Cow::Borrowed(key), Cow::Owned(crate::raw::quote(value)));
        Self { members: vec![member], ..Self::default() }
    }
}

/// The message of one request.
pub(super) fn message(era: Era, id: u64, method: &str, params: &Params<'_>, request: &str) -> String {
    let mut written = Object::with_capacity(512);
    for (key, value) in &params.members {
        written.raw(key, value);
    }
    written.raw("_meta", &meta(era, id, params, request));
    jsonrpc::request_body(&id.to_string(), method, &written.finish())
}

fn meta(era: Era, id: u64, params: &Params<'_>, request: &str) -> String {
    let theirs = params.meta.and_then(|meta| Members::parse(meta).ok()).unwrap_or_default();
    let mut written = Object::with_capacity(256);
    let is_ours = |key: &str| {
        key == "progressToken" || key == META_REQUEST || key.starts_with("io.modelcontextprotocol/")
    };
    for (key, value) in theirs.0.iter().filter(|(key, _)| !is_ours(key)) {
        written.raw(key, value.get());
    }
    if era == Era::Modern {
        written.text(META_VERSION, MODERN);
        written.raw(META_CLIENT, IMPLEMENTATION);
        written.raw(META_CAPABILITIES, theirs.raw(META_CAPABILITIES).unwrap_or("{}"));
        if let Some(level) = theirs.raw(META_LOG_LEVEL) {
            written.raw(META_LOG_LEVEL, level);
        } else if let Some(level) = params.log_level {
            written.text(META_LOG_LEVEL, level);
        }
    }
    if params.wants_progress {
        written.raw("progressToken", &id.to_string());
    }
    written.text(META_REQUEST, request).finish()
}

/// The first message to an upstream of the legacy era.
pub(super) fn initialize(id: u64) -> String {
    let [latest, ..] = era::LEGACY;
    let params = Object::new()
        .text("protocolVersion", latest)
        .raw("capabilities", "{}")
        .raw("clientInfo", IMPLEMENTATION)
        .finish();
    jsonrpc::request_body(&id.to_string(), "initialize", &params)
}

/// What is answered to a request of an upstream: we keep no capability that it could use, but we live.
pub(super) fn answer_to(request: &jsonrpc::Request<'_>) -> String {
    if request.method == "ping" {
        return jsonrpc::result_body(request.id, "{}");
    }
    jsonrpc::Failure::new(jsonrpc::code::METHOD_NOT_FOUND, "This client has no such capability.")
        .body(Some(request.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = r#"{"name":"shop__echo","arguments":{"b":1.0,"a":2},"later":[1, 2],"_meta":{"progressToken":"t","x.y/z":1,"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}}"#;

    #[test]
    fn what_we_do_not_understand_is_passed_on_and_meta_is_ours() {
        let members = Members::parse(SENT).unwrap();
        let params = Params::passing(&members, &[("name", "\"echo\"".to_owned())]);
        let text = message(Era::Legacy, 7, "tools/call", &params, "req_1");
        assert_eq!(
            text,
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"b":1.0,"a":2},"later":[1, 2],"_meta":{"x.y/z":1,"progressToken":7,"io.procura/requestId":"req_1"}}}"#
        );
        let text = message(Era::Modern, 7, "tools/call", &params, "req_1");
        assert!(text.contains(r#""io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}"#));
        assert!(text.contains(r#""io.modelcontextprotocol/protocolVersion":"2026-07-28""#));
    }

    #[test]
    fn a_peer_is_read_from_its_first_answer() {
        let modern = Peer::of_discover(
            r#"{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true}}}"#,
        );
        assert!(
            modern.is_some_and(|peer| peer.has("tools") && !peer.has("prompts") && peer.announces_changes())
        );
        assert!(Peer::of_discover(r#"{"supportedVersions":["2025-11-25"]}"#).is_none());
        let legacy =
            Peer::of_initialize(r#"{"protocolVersion":"2025-06-18","capabilities":{}}"#, None).unwrap();
        assert_eq!(legacy.version, "2025-06-18");
    }
}
