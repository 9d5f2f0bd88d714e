//! "Not an attack" and "missed attack": what people say of a trace, one word per person, changeable (SCR-3). Agents say
//! nothing: whoever took one over would vouch for what took it over.

use super::flagged::{self, Flag, Handled};
use crate::{App, activity};
use procura_model::{Ctx, Event, EventKind, Reason, Recorded, RequestId, Result, Scope};
use procura_screen::inject::Channel;
use procura_store::screen_feedback as rows;

pub use procura_model::{Feedback, Judgement};

/// What somebody wants to say of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewFeedback {
    /// What.
    pub judgement: Judgement,
    /// Of which text; where absent, of the gravest finding, or of the last text that was screened.
    pub channel: Option<Channel>,
}

/// Writes down what the caller says of a trace, in place of what the same caller said before.
///
/// # Errors
/// `NOT_FOUND` for another's trace; `FIELD_INVALID` where nothing was found that could be no attack, or what was missed
/// was not screened or was blocked.
pub async fn give(app: &App, ctx: &Ctx, request: RequestId, new: NewFeedback) -> Result<Feedback> {
    demand_a_person(ctx)?;
    let trace = activity::trace(app, ctx, request).await?;
    let (channel, source, rules) = match new.judgement {
        Judgement::NotAnAttack => {
            let flag = found(&trace.records, new.channel).ok_or_else(|| {
                Reason::FieldInvalid.because("Nothing was found there that could be called no attack.")
            })?;
            (flag.channel, flag.source, flag.rules)
        }
        Judgement::MissedAttack => missed(&trace.records, new.channel)?,
    };
    let feedback = Feedback {
        request,
        person: ctx.actor.id(),
        judgement: new.judgement,
        channel: flagged::word(channel).to_owned(),
        source,
        rules,
        given_at: ctx.now,
    };
    let mut writer = app.store.write(ctx).await?;
    rows::put(&mut writer, &feedback).await?;
    let facts = serde_json::json!({ "judgement": feedback.judgement, "channel": feedback.channel,
        "source": feedback.source, "rules": feedback.rules });
    writer.commit(Event::new(EventKind::FeedbackGiven).about(request).with_facts(&facts)).await?;
    Ok(feedback)
}

/// Takes back what the caller said of a trace.
///
/// # Errors
/// `NOT_FOUND` where the caller said nothing.
pub async fn withdraw(app: &App, ctx: &Ctx, request: RequestId) -> Result<()> {
    demand_a_person(ctx)?;
    let mut writer = app.store.write(ctx).await?;
    if !rows::remove(&mut writer, request, &ctx.actor.id()).await? {
        return Err(Reason::NotFound.into());
    }
    writer.commit(Event::new(EventKind::FeedbackWithdrawn).about(request)).await
}

/// What was said of a trace, oldest first.
///
/// # Errors
/// `NOT_FOUND` for another's trace.
pub async fn of_trace(app: &App, ctx: &Ctx, request: RequestId) -> Result<Vec<Feedback>> {
    let trace = activity::trace(app, ctx, request).await?;
    rows::of_trace(&mut app.store.read(ctx), trace.request).await
}

fn demand_a_person(ctx: &Ctx) -> Result<()> {
    ctx.actor.require(Scope::WriteFeedback)?;
    if ctx.actor.agent().is_some() {
        return Err(Reason::ScopeMissing.because("An agent does not judge how it was screened."));
    }
    Ok(())
}

/// The gravest finding, or that of a channel.
fn found(records: &[Recorded], channel: Option<Channel>) -> Option<Flag> {
    let flags = flagged::flags(records).into_iter();
    flags.filter(|flag| channel.is_none_or(|channel| flag.channel == channel)).max_by_key(|flag| flag.risk)
}

/// The text in which an attack was missed: the named one, or the last that was screened.
fn missed(records: &[Recorded], named: Option<Channel>) -> Result<(Channel, String, Vec<String>)> {
    let is_meant = |record: &&Recorded| {
        let channel = flagged::channel(record);
        channel.is_some_and(|channel| named.is_none_or(|named| named == channel))
    };
    let screened = records.iter().rfind(is_meant);
    let (record, channel) = screened
        .and_then(|record| Some((record, flagged::channel(record)?)))
        .ok_or_else(|| Reason::FieldInvalid.because("No such text was screened in this trace."))?;
    let flag = flagged::flag(record);
    if flag.as_ref().is_some_and(|flag| matches!(flag.handled, Handled::Blocked | Handled::CouldNotScan)) {
        return Err(Reason::FieldInvalid.because("It was blocked, so nothing was missed there."));
    }
    let rules = flag.map(|flag| flag.rules).unwrap_or_default();
    Ok((channel, flagged::source_of(record), rules))
}
