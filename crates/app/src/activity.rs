//! What happened: traces, the activity list, and the record of requests that changed nothing (AUD-1).

use crate::{App, screening};
use procura_model::{
    Actor, AgentId, Ctx, Event, EventKind, Origin, Page, PageAsk, Reason, Recorded, RequestId, Result, Scope,
    Time,
};
use procura_store::evidence as rows;

pub use procura_store::evidence::{Decided, DecisionFilter, Ending, HourCount, ScreenFilter};

/// Everything that was recorded of one request, in order.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The request.
    pub request: RequestId,
    /// Where it came from.
    pub origin: Option<Origin>,
    /// The rows, in the order in which they were written.
    pub records: Vec<Recorded>,
}

impl Trace {
    /// The row of this kind, where there is one.
    #[must_use]
    pub fn find(&self, kind: EventKind) -> Option<&Recorded> {
        self.records.iter().find(|record| record.event.kind == kind)
    }

    /// How the action ended: `ok`, `tool_error`, an error code, or `unknown` when an intent has no
    /// outcome; none where nothing was carried out.
    #[must_use]
    pub fn outcome(&self) -> Option<String> {
        let intent = self.find(EventKind::Intent);
        let outcome = self.find(EventKind::Outcome);
        match (intent, outcome) {
            (_, Some(outcome)) => Some(outcome.event.target.clone().unwrap_or_else(|| "ok".to_owned())),
            (Some(_), None) => Some("unknown".to_owned()),
            (None, None) => None,
        }
    }
}

/// The trace of one request. An agent sees its own requests alone; another's is not found.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn trace(app: &App, ctx: &Ctx, request: RequestId) -> Result<Trace> {
    ctx.actor.require(Scope::ReadActivity)?;
    let mut reader = app.store.read(ctx);
    let records = rows::trace(&mut reader, request).await?;
    let is_own = |agent: AgentId| records.iter().any(|record| record.event.agent == Some(agent));
    if records.is_empty() || ctx.actor.agent().is_some_and(|agent| !is_own(agent)) {
        return Err(Reason::NotFound.into());
    }
    let origin = rows::origin(&mut reader, request).await?;
    Ok(Trace { request, origin, records })
}

/// The decisions of the organization, newest first. An agent sees its own alone.
///
/// # Errors
/// The scope is missing; `NOT_FOUND` when an agent asks for another's.
pub async fn list(app: &App, ctx: &Ctx, mut filter: DecisionFilter, page: &PageAsk) -> Result<Page<Decided>> {
    ctx.actor.require(Scope::ReadActivity)?;
    filter.agent = match (ctx.actor.agent(), filter.agent) {
        (Some(own), Some(named)) if own != named => return Err(Reason::NotFound.into()),
        (Some(own), _) => Some(own),
        (None, named) => named,
    };
    let mut reader = app.store.read(ctx);
    let mut found = rows::list_decisions(&mut reader, &filter, page).await?;
    found.items.retain(|decided| screening::is_wanted(decided, &filter));
    Ok(found)
}

/// The changes that people, keys and the operator made, newest first. Agents make none.
///
/// # Errors
/// The scope is missing.
pub async fn changes(app: &App, ctx: &Ctx, page: &PageAsk) -> Result<Page<Recorded>> {
    ctx.actor.require(Scope::ReadActivity)?;
    if ctx.actor.agent().is_some() {
        return Err(Reason::ScopeMissing.because("An agent's key reads its own decisions only."));
    }
    let mut reader = app.store.read(ctx);
    rows::list_changes(&mut reader, None, page).await
}

/// Decisions by hour since `since`, for the chart.
///
/// # Errors
/// The scope is missing.
pub async fn hourly(app: &App, ctx: &Ctx, since: Time) -> Result<Vec<HourCount>> {
    ctx.actor.require(Scope::ReadActivity)?;
    let mut reader = app.store.read(ctx);
    rows::count_by_hour(&mut reader, since).await
}

/// Records a request that has written no record of its own (AUD-1).
///
/// # Errors
/// A fault when it cannot be recorded.
pub async fn answered(app: &App, ctx: &Ctx, status: u16, reason: Option<Reason>) -> Result<()> {
    if ctx.records() > 0 {
        return Ok(());
    }
    let mut event = Event::new(EventKind::RequestAnswered);
    if let Actor::Agent { agent, .. } = ctx.actor {
        event = event.of_agent(agent);
    }
    event.user = ctx.actor.user().cloned();
    event.status = Some(status);
    event.reason = reason;
    event.duration_us = Some(ctx.elapsed_us());
    app.store.record(ctx, vec![event]).await
}
