//! Prompts (SCR-1): whoever is about to hand a person's words to a model has them screened here first. The answer is
//! recorded as a decision, with what was seen and without the words.

use super::look::{Look, Screened, Seen};
use super::scan::scan;
use crate::{App, verify};
use procura_model::{AgentId, Ctx, Event, EventKind, Reason, RequestId, Result, Scope, Verdict};
use procura_screen::inject::Channel;
use serde::Serialize;
use std::borrow::Cow;

/// The action that a screened prompt is recorded under.
pub(super) const ACTION: &str = "prompt.screen";

/// What is said of a prompt that passes for no other reason than that its channel only reports.
const REPORTED: &str = "It would have been blocked; this channel only reports.";

/// A prompt that somebody wants screened.
#[derive(Clone, Debug)]
pub struct PromptAsk {
    /// For which agent it is meant; an agent key may leave it out.
    pub agent: Option<AgentId>,
    /// The words.
    pub text: String,
}

/// What becomes of a prompt.
#[derive(Clone, Debug)]
pub struct PromptAnswer {
    /// Whether it may be handed on.
    pub allowed: bool,
    /// Why, or why not.
    pub reason: Reason,
    /// The same in a sentence.
    pub sentence: Cow<'static, str>,
    /// What was seen.
    pub seen: Seen,
    /// The trace.
    pub request: RequestId,
    /// For which agent.
    pub agent: AgentId,
}

/// Screens a prompt; answers once that is recorded.
///
/// # Errors
/// `AGENT_MISMATCH`, `AGENT_ID_MISSING`, `NOT_FOUND`; a fault when the answer cannot be recorded.
pub async fn prompt(app: &App, ctx: &Ctx, ask: PromptAsk) -> Result<PromptAnswer> {
    ctx.actor.require(Scope::Verify)?;
    let agent = verify::speaks_for(ctx, ask.agent)?;
    let snapshot = verify::snapshot(app, ctx, agent).await?;
    let scanned =
        scan(&app.scanner, &ask.text, Channel::Prompt).map_or_else(Screened::unscanned, Screened::of);
    let look = Look::of(app, ctx, Channel::Prompt, &snapshot.settings);
    let screened = look.conclude(scanned, || Some(Cow::Borrowed(ask.text.as_str()))).await;
    let (reason, seen) = match screened.passed() {
        Ok(seen) => (Reason::Allowed, seen),
        Err(refused) => refused,
    };
    let sentence = match reason {
        Reason::Allowed if seen.report_only => REPORTED.into(),
        Reason::Allowed => "The prompt may pass.".into(),
        refused => seen.sentence(refused),
    };
    let allowed = reason == Reason::Allowed;
    let answer = PromptAnswer { allowed, reason, sentence, seen, request: ctx.request, agent };
    app.store.record(ctx, vec![event(ctx, &answer)]).await?;
    Ok(answer)
}

fn event(ctx: &Ctx, answer: &PromptAnswer) -> Event {
    #[derive(Serialize)]
    struct Facts<'f> {
        sentence: &'f str,
        gates: Gates<'f>,
    }
    #[derive(Serialize)]
    struct Gates<'f> {
        screen: &'f Seen,
    }
    let facts = Facts { sentence: &answer.sentence, gates: Gates { screen: &answer.seen } };
    let mut event = Event::new(EventKind::Decision).of_agent(answer.agent).with_facts(&facts);
    event.user = ctx.actor.user().cloned();
    event.action = Some(ACTION.to_owned());
    event.verdict = Some(if answer.allowed { Verdict::Allow } else { Verdict::Deny });
    event.reason = Some(answer.reason);
    event.risk = Some(answer.seen.risk);
    event.duration_us = Some(ctx.elapsed_us());
    event
}
