//! What becomes of a result before the agent sees it: screen, redact, truncate, fence, in this order
//! (decisions 15 and 19). The result is changed by cutting and splicing its bytes: members that we
//! do not know, their order and their spelling stay as the upstream wrote them.

use crate::{
    era::Era,
    gates::{self, Channel, Look, Seen},
    names::READ_MORE,
    raw::{self, Elements, Members, Object},
    shape::{Block, Shape},
};
use procura_app::{
    App,
    personal::Scrub,
    results::{self, Handle},
    screening::Stance,
};
use procura_model::{Ctx, Digest, Reason, Secret};
use procura_screen::{boundary, redact::Redactor, truncate};
use std::{borrow::Cow, ops::Range};

/// What is kept free for fences and remarks when a result is cut.
const ROOM_BYTES: usize = 1_024;
/// The kind of what is redacted because it was sent to the upstream.
const CREDENTIAL: &str = "credential";
/// How much of an error's text is passed on.
const MAX_ERROR_BYTES: usize = 8 * 1024;

/// How a result is to be treated.
pub(crate) struct Treatment<'t> {
    pub(crate) app: &'t App,
    pub(crate) ctx: &'t Ctx,
    /// `{server}/{tool}`: what the fence names.
    pub(crate) source: &'t str,
    /// What of that the organization itself has named.
    pub(crate) declared: Option<&'t str>,
    /// Whether text blocks are fenced.
    pub(crate) fence: Fence,
    /// What of it is secret.
    pub(crate) redactor: &'t Redactor,
    /// As what it is screened.
    pub(crate) channel: Channel,
    /// What is done about injections.
    pub(crate) stance: Stance,
    /// The era of the caller.
    pub(crate) era: Era,
    /// What was sent along to the upstream, and is never the agent's to read.
    pub(crate) credential: Option<&'t Secret<String>>,
}

/// Whether text from outside is fenced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fence {
    /// The text of `content` blocks.
    Content,
    /// Nothing: the server is trusted, or the result has no `content`.
    Off,
}

/// What was done to a result; the outcome's facts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sanitized {
    /// What the screen saw.
    pub(crate) seen: Seen,
    /// How many secrets were taken out.
    pub(crate) redactions: usize,
    /// Of which kinds.
    pub(crate) kinds: Vec<&'static str>,
    /// By which of the organization's own rules, among them.
    pub(crate) own_rules: Vec<String>,
    /// How many bytes were cut off.
    pub(crate) dropped_bytes: usize,
    /// Where it is kept, if it was cut.
    pub(crate) kept: Option<Kept>,
    /// Whether the tool itself says that it failed.
    pub(crate) is_error: bool,
}

/// A result that was cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) handle: Handle,
    /// How large the whole is.
    size_bytes: usize,
    /// Where the first of what was left out stands.
    next: usize,
}

/// Why a result is withheld.
#[derive(Debug)]
pub(crate) enum Withheld {
    /// A screen said no.
    Screened(Reason, Seen),
    /// The result is no object, or could not be kept.
    Failed(Reason),
}

/// Sanitizes a result.
pub(crate) async fn result(how: &Treatment<'_>, raw_result: &str) -> Result<(String, Sanitized), Withheld> {
    if !raw_result.starts_with('{') {
        return Err(Withheld::Failed(Reason::UpstreamInvalid));
    }
    let seen = screen_result(how, raw_result).await?;
    let redacted =
        gates::redact(how.redactor, raw_result).ok_or(Withheld::Failed(Reason::UpstreamInvalid))?;
    let mut done = Sanitized {
        seen,
        redactions: redacted.count,
        kinds: redacted.kinds,
        own_rules: redacted.rules,
        ..Sanitized::default()
    };
    let text = match without_credential(how.credential, &redacted.text) {
        Some(text) => {
            done.redactions += 1;
            done.kinds.push(CREDENTIAL);
            Cow::Owned(text)
        }
        None => redacted.text,
    };
    let short = truncate_result(how, &text, &mut done).await?;
    how.app.recent.note(how.ctx, &recorded_source(how), &short);
    let nonce = Digest::from_bytes(how.app.entropy.bytes()).hex();
    let marks = Marks { source: how.source, nonce: nonce.get(..32).unwrap_or(&nonce) };
    let whole = match how.fence {
        Fence::Content => fence_content(&marks, how.era, &short, &mut done),
        Fence::Off => unfenced(how.era, &short, &mut done),
    };
    Ok((whole.ok_or(Withheld::Failed(Reason::UpstreamInvalid))?, done))
}

/// What was used, as it is recorded: a URI may name the user, or hold a secret.
fn recorded_source<'t>(how: &Treatment<'t>) -> Cow<'t, str> {
    if how.declared == Some(how.source) {
        return Cow::Borrowed(how.source);
    }
    Scrub::in_ctx(how.app, how.redactor, how.ctx).resource(how.source, how.declared)
}

/// Gate 9a: nothing passes in which a screen sees an instruction that nobody gave.
async fn screen_result(how: &Treatment<'_>, document: &str) -> Result<Seen, Withheld> {
    let look = Look { app: how.app, ctx: how.ctx, channel: how.channel, stance: how.stance };
    let screened = gates::screen(&look, document).await;
    screened.passed().map_err(|(reason, seen)| Withheld::Screened(reason, seen))
}

/// Gate 9b, for what no format tells: the credential of the upstream itself, which some say back.
pub(crate) fn without_credential(credential: Option<&Secret<String>>, document: &str) -> Option<String> {
    procura_egress::without_secret(document, credential?, &format!("[redacted:{CREDENTIAL}]"))
}

/// Gate 9c: what is too long is kept whole, and cut.
async fn truncate_result<'a>(
    how: &Treatment<'_>,
    redacted: &'a str,
    done: &mut Sanitized,
) -> Result<Cow<'a, str>, Withheld> {
    let max = how.app.settings.sanitize_max_bytes;
    if redacted.len() <= max {
        return Ok(Cow::Borrowed(redacted));
    }
    let room = max.saturating_sub(ROOM_BYTES).max(ROOM_BYTES);
    let cut =
        truncate::truncate_json(redacted, room).map_err(|_| Withheld::Failed(Reason::UpstreamInvalid))?;
    let handle = results::keep(how.app, how.ctx, redacted).await;
    let handle = handle.map_err(|error| Withheld::Failed(error.reason()))?;
    done.kept = Some(Kept { handle, size_bytes: redacted.len(), next: cut.next.unwrap_or(0) });
    done.dropped_bytes = cut.dropped_bytes;
    Ok(cut.text)
}

/// What a fence is made of.
struct Marks<'m> {
    source: &'m str,
    nonce: &'m str,
}

/// Gate 9d: fences the text of `content` blocks, says that something was cut off, and gives the
/// result the type that its era wants; one reading, one writing. None if there is a `content` that
/// cannot be taken apart: what cannot be fenced is not passed on.
fn fence_content(marks: &Marks<'_>, era: Era, text: &str, done: &mut Sanitized) -> Option<String> {
    let shape = Shape::parse(text).ok()?;
    let mut changes: Vec<(Range<usize>, String)> = Vec::with_capacity(shape.content.len() + 2);
    if era == Era::Modern && shape.result_type.is_none() {
        let comma = if shape.is_empty { "" } else { "," };
        changes.push((1..1, format!("\"resultType\":\"complete\"{comma}")));
    }
    for written in shape.content.iter().filter_map(Block::written) {
        let fenced = boundary::fence(&raw::as_words(written)?, marks.source, marks.nonce);
        changes.push((raw::span(text, written)?, raw::quote(&fenced)));
    }
    say_what_was_cut(text, done, &mut changes)?;
    done.is_error = shape.is_error;
    let whole = raw::splice(text, &changes)?;
    if era == Era::Legacy && shape.result_type.is_some() {
        with_result_type(era, &whole)
    } else {
        Some(whole)
    }
}

/// The same for a server that is trusted, and for what has no `content`: nothing is fenced.
fn unfenced(era: Era, text: &str, done: &mut Sanitized) -> Option<String> {
    let mut changes = Vec::new();
    say_what_was_cut(text, done, &mut changes)?;
    let whole = raw::splice(text, &changes)?;
    done.is_error = Members::parse(&whole).ok()?.raw("isError") == Some("true");
    with_result_type(era, &whole)
}

/// Adds at the end of `content` the block that says what was cut off, if anything was. None where a
/// `content` is not a list.
fn say_what_was_cut(text: &str, done: &Sanitized, changes: &mut Vec<(Range<usize>, String)>) -> Option<()> {
    let Some(kept) = done.kept else { return Some(()) };
    let Some(content) = Members::parse(text).ok()?.raw("content") else { return Some(()) };
    let comma = if Elements::parse(content).ok()?.0.is_empty() { "" } else { "," };
    let end = raw::span(text, content)?.end.checked_sub(1)?;
    changes.push((end..end, format!("{comma}{}", remark(done.dropped_bytes, kept))));
    Some(())
}

/// The block that says what was cut off and how to read it.
fn remark(dropped_bytes: usize, kept: Kept) -> String {
    let Kept { handle: Handle { id, kept_bytes, expires_at }, size_bytes, next } = kept;
    let what = if kept_bytes < size_bytes {
        format!("Its first {kept_bytes} bytes are")
    } else {
        "All of it is".to_owned()
    };
    let text = format!(
        "Procura cut this result: {dropped_bytes} of {size_bytes} bytes are left out. {what} kept until {expires_at}; \
         read on with the tool {READ_MORE} and the arguments {{\"handle\":\"{id}\",\"page\":{next}}}."
    );
    Object::new().raw("type", "\"text\"").text("text", &text).finish()
}

/// `resultType` is required of modern results and unknown to legacy clients.
pub(crate) fn with_result_type(era: Era, result: &str) -> Option<String> {
    let members = Members::parse(result).ok()?;
    let kind = members.raw("resultType");
    match (era, kind) {
        (Era::Modern, Some(_)) | (Era::Legacy, None) => Some(result.to_owned()),
        (Era::Modern, None) => {
            let rest = result.get(1..)?;
            let comma = if members.0.is_empty() { "" } else { "," };
            Some(format!("{{\"resultType\":\"complete\"{comma}{rest}"))
        }
        (Era::Legacy, Some("\"complete\"")) => {
            let mut object = Object::with_capacity(result.len());
            for (key, value) in members.0.iter().filter(|(key, _)| key != "resultType") {
                object.raw(key, value.get());
            }
            Some(object.finish())
        }
        // A client with sessions could not answer what the upstream wants to know.
        (Era::Legacy, Some(_)) => None,
    }
}

/// An upstream's JSON-RPC error, fit to be passed on: screened, redacted, short. No trace shows what a screen saw in
/// it, so it blocks whatever the channel's stance.
pub(crate) async fn error(
    app: &App,
    ctx: &Ctx,
    redactor: &Redactor,
    raw_error: &str,
    credential: Option<&Secret<String>>,
) -> Option<String> {
    if raw_error.len() > MAX_ERROR_BYTES || !raw_error.starts_with('{') {
        return None;
    }
    let look = Look { app, ctx, channel: Channel::ToolResult, stance: Stance::Block };
    gates::screen(&look, raw_error).await.passed().ok()?;
    let redacted = gates::redact(redactor, raw_error)?.text;
    Some(without_credential(credential, &redacted).unwrap_or_else(|| redacted.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fenced(text: &str) -> Option<String> {
        let marks = Marks { source: "shop/echo", nonce: "0123456789abcdef" };
        fence_content(&marks, Era::Legacy, text, &mut Sanitized::default())
    }

    #[test]
    fn text_that_cannot_be_fenced_does_not_pass() {
        for text in [
            r#"{"content":[{"type":"text","text":"words","x":1,"x":2}]}"#,
            r#"{"content":[{"type":"text","text":"words","text":"others"}]}"#,
            r#"{"content":{"type":"text","text":"words"}}"#,
            r#"{"content":[["words"]]}"#,
            r#"{"content":[{"type":"text","text":["words"]}]}"#,
            r#"{"content":[],"content":[{"type":"text","text":"words"}]}"#,
        ] {
            assert_eq!(fenced(text), None, "{text}");
        }
    }

    #[test]
    fn text_is_fenced_in_every_spelling_that_a_client_reads() {
        for text in [
            r#"{"content":[{"type":"text","text":"words"}]}"#,
            r#"{"content":[{"text":"words","ty\u0070e":"\u0074ext"}]}"#,
            r#"{"content":[{"type":"Text","text":"words"}]}"#,
            r#"{"content":[{"type":"text","text":"words \ud83d"}]}"#,
        ] {
            let fenced = fenced(text).unwrap_or_default();
            assert!(fenced.contains("<<<untrusted-content 0123456789abcdef from shop/echo>>>"), "{fenced}");
        }
        let others = r#"{"content":[{"type":"image","data":"AA=="}],"structuredContent":{"a":1}}"#;
        assert_eq!(fenced(others).as_deref(), Some(others));
        assert_eq!(fenced("{}").as_deref(), Some("{}"));
    }

    #[test]
    fn a_fenced_result_gets_its_type_in_the_same_writing() {
        let marks = Marks { source: "shop/echo", nonce: "0123456789abcdef" };
        let mut done = Sanitized::default();
        let text = r#"{"isError":true,"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#;
        let modern = fence_content(&marks, Era::Modern, text, &mut done).unwrap();
        assert!(
            modern.starts_with(r#"{"resultType":"complete","isError":true,"content":["#) && done.is_error
        );
        assert_eq!(modern.matches("<<<untrusted-content").count(), 2);
        assert!(Members::parse(&modern).is_ok());
        let empty = fence_content(&marks, Era::Modern, "{}", &mut done);
        assert_eq!(empty.as_deref(), Some(r#"{"resultType":"complete"}"#));
        let typed = r#"{"resultType":"input_required"}"#;
        assert_eq!(fence_content(&marks, Era::Legacy, typed, &mut done), None);
    }

    #[test]
    fn the_result_type_is_added_and_taken_away() {
        let add = |text| with_result_type(Era::Modern, text);
        assert_eq!(add("{}").as_deref(), Some(r#"{"resultType":"complete"}"#));
        assert_eq!(add(r#"{ "a":1}"#).as_deref(), Some(r#"{"resultType":"complete", "a":1}"#));
        assert_eq!(add(r#"{"resultType":"task"}"#).as_deref(), Some(r#"{"resultType":"task"}"#));
        let strip = |text| with_result_type(Era::Legacy, text);
        assert_eq!(
            strip(r#"{"z":1.0,"resultType":"complete","a":2}"#).as_deref(),
            Some(r#"{"z":1.0,"a":2}"#)
        );
        assert_eq!(strip(r#"{"resultType":"input_required"}"#), None);
        assert_eq!(add("[]"), None);
    }
}
