//! A tool's result that was cut (RED-2), kept so that the agent can read on. It was screened and redacted before it
//! was cut; it lies sealed (VLT-2), and only the agent that got it reads it, in the session in which it got it, for a
//! while. Whoever else asks gets the answer that an unknown handle gets.
//!
//! It is read in pages, each fenced with a nonce of its own and recorded as the call that it is.

use crate::{App, sessions};
use procura_crypto::OpenError;
use procura_model::{
    Ctx, Digest, Error, Event, EventKind, Reason, Result, ResultId, Risk, Scope, Time, Verdict,
};
use procura_screen::{boundary, page::page as page_of, truncate::truncate_text};
use procura_store::results::{self as rows, Holder, Kept, Shares};

/// The resource under which reading on stands in the record, and what the fence names.
const RESOURCE: &str = "procura/read_more";
/// How much of one result is kept, in bytes.
const MAX_KEPT_BYTES: usize = 4 * 1024 * 1024;
/// Which part of the organization's space one agent may fill: whoever reads a large thing again and again pushes out its
/// own results alone.
const AGENT_PART: usize = 4;

/// The handle to a result that was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle {
    /// What the reader names.
    pub id: ResultId,
    /// How much of the result is kept, in bytes: all of it, but for a limit.
    pub kept_bytes: usize,
    /// Until when.
    pub expires_at: Time,
}

/// A page of a kept result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its text, fenced; of a JSON document a document itself.
    pub text: String,
    /// The page after it, by the place at which it begins; none at the end.
    pub next: Option<usize>,
    /// How large all that is kept of the result is, in bytes.
    pub size_bytes: usize,
    /// Until when it can be read.
    pub expires_at: Time,
}

/// Keeps a result, already screened and redacted.
///
/// # Errors
/// A fault when it cannot be kept; `NOT_FOUND` when nobody would be there to read it.
pub async fn keep(app: &App, ctx: &Ctx, text: &str) -> Result<Handle> {
    let holder = holder(ctx).ok_or(Reason::NotFound)?;
    let id = ResultId::new(ctx.now, &app.entropy);
    let whole = app.settings.sanitize_keep_bytes;
    let part = whole / AGENT_PART;
    let text = truncate_text(text, part.min(MAX_KEPT_BYTES)).text;
    let sealed = app.seals.seal_result((ctx.tenant, id), ctx.actor.user(), &text, &app.entropy)?;
    let expires_at = ctx.now.plus_ms(app.settings.sanitize_keep_ms);
    // What is stored is a little longer than what was sealed, and the newest must not be pushed out by itself.
    let at_least = |share: usize| i64::try_from(share.max(sealed.len())).unwrap_or(i64::MAX);
    let shares = Shares { agent: at_least(part), organization: at_least(whole) };
    let mut unaudited = app.store.unaudited(ctx);
    rows::insert(&mut unaudited, id, holder, &Kept { sealed, expires_at }).await?;
    rows::keep_newest(&mut unaudited, shares).await?;
    Ok(Handle { id, kept_bytes: text.len(), expires_at })
}

/// Reads the page of a kept result that begins at a place which an earlier answer named, or the first, and answers once
/// that is in the record.
///
/// # Errors
/// The scope is missing; `NOT_FOUND` when there is no such handle for this agent in this session, or no longer;
/// `FIELD_INVALID` for a page that no answer named; a fault when the record cannot be written.
pub async fn read(app: &App, ctx: &Ctx, id: ResultId, page: usize) -> Result<Page> {
    ctx.actor.require(Scope::Tools)?;
    let holder = holder(ctx).ok_or_else(gone)?;
    let kept =
        rows::read(&mut app.store.read(ctx), id, holder).await.map_err(|error| match error.reason() {
            Reason::NotFound => gone(),
            _ => error,
        })?;
    let whole = match app.seals.open_result((ctx.tenant, id), ctx.actor.user(), &kept.sealed) {
        Ok(whole) => whole,
        // The user is part of the place to which it is sealed.
        Err(OpenError::Forged) => return Err(gone()),
        Err(error) => return Err(Error::fault("open a kept result", error)),
    };
    let part = page_of(&whole, page, app.settings.sanitize_max_bytes)
        .ok_or_else(|| Reason::FieldInvalid.because("page must be one that an earlier answer named."))?;
    let nonce = Digest::from_bytes(app.entropy.bytes()).hex();
    let text = boundary::fence(&part.text, RESOURCE, nonce.get(..32).unwrap_or(&nonce));
    let read = Page { text, next: part.next, size_bytes: part.size, expires_at: kept.expires_at };
    ctx.actor.acting_for().map_or(Ok(()), |acting| sessions::demand(app, acting))?;
    app.store.record(ctx, events(ctx, holder, (id, page), &read)).await?;
    app.metrics.decided(Verdict::Allow, Reason::Allowed, ctx.elapsed_us());
    Ok(read)
}

/// The same for whoever may not know that there ever was one.
fn gone() -> Error {
    Reason::NotFound.because(
        "Nothing is kept under this handle for you: its time is over, the session ended, a redaction rule changed, or it never was. Call the tool again.",
    )
}

/// Whose a result is that is got under this context.
fn holder(ctx: &Ctx) -> Option<Holder> {
    let session = ctx.actor.acting_for().map(|acting| acting.session);
    Some(Holder { agent: ctx.actor.agent()?, session })
}

/// Reading on is a call with its outcome. It asks no permission: what is read was allowed, screened and redacted when
/// it was got.
fn events(ctx: &Ctx, holder: Holder, (id, page): (ResultId, usize), read: &Page) -> Vec<Event> {
    let about = |kind| {
        let mut event = Event::new(kind).of_agent(holder.agent);
        event.user = ctx.actor.user().cloned();
        event.action = Some("tool.call".to_owned());
        event.resource = Some(RESOURCE.to_owned());
        event.risk = Some(Risk::None);
        event.duration_us = Some(ctx.elapsed_us());
        event
    };
    let mut decision = about(EventKind::Decision).with_facts(&serde_json::json!({
        "ask": null,
        "isReplayable": false,
        "sentence": "Allowed: the agent reads on in a result that it got.",
        "session": holder.session,
    }));
    decision.verdict = Some(Verdict::Allow);
    decision.reason = Some(Reason::Allowed);
    let outcome = about(EventKind::Outcome).about("ok").with_facts(&serde_json::json!({
        "kept": id,
        "page": page,
        "bytes": read.text.len(),
        "of": read.size_bytes,
    }));
    vec![decision, outcome]
}
