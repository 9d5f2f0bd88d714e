//! What a pattern would have let pass: the newest decisions about the agent, judged by the pattern alone. Whoever widens
//! what an agent may do sees first what it has tried to do.

use super::{ask::shown_ask, read, terms::check_pattern};
use crate::App;
use procura_model::{
    Amount, ApprovalId, Ask, Ctx, Currency, Doing as _, Json, PageAsk, Permission, Recorded, RequestId,
    Result, Scope, Time, Verdict, page::MAX_LIMIT,
};
use procura_policy::{Facts, Policy};
use procura_store::evidence::{self, DecisionFilter};

/// How many past decisions are looked at, newest first.
const MAX_LOOKED_AT: u64 = 5_000;
/// How many of those that match are shown.
const MAX_SHOWN: usize = 20;

/// One past call that the pattern would have let pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastCall {
    /// The request.
    pub request: RequestId,
    /// When.
    pub at: Time,
    /// What was asked.
    pub action: String,
    /// On what.
    pub resource: Option<String>,
    /// For how much.
    pub amount: Option<Amount>,
    /// In which currency, where it named one.
    pub currency: Option<Currency>,
    /// What was answered then.
    pub verdict: Option<Verdict>,
}

/// What a pattern would have let pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatternPreview {
    /// Whether it covers the call that waits; unknown where that depends on the user.
    pub covers_this: Option<bool>,
    /// How many past decisions were looked at, newest first.
    pub looked_at: u64,
    /// Whether there are older ones that were not looked at.
    pub has_older: bool,
    /// How many of them the pattern would have let pass.
    pub matched: u64,
    /// How many of them cannot be judged: the record does not hold all that was asked.
    pub unknown: u64,
    /// The newest that match.
    pub newest: Vec<PastCall>,
}

/// Shows the past calls of the approval's agent that a pattern would have let pass. Limits over time are left out of
/// account.
///
/// # Errors
/// `NOT_FOUND`, `FIELD_INVALID`, or a scope is missing.
pub async fn preview(app: &App, ctx: &Ctx, id: ApprovalId, pattern: Permission) -> Result<PatternPreview> {
    ctx.actor.require(Scope::ReadActivity)?;
    let approval = read::get(app, ctx, id).await?;
    check_pattern(&pattern, ctx.now)?;
    let mut reader = app.store.read(ctx);
    let settings = procura_store::tenants::get(&mut reader).await?.settings;
    let judge = Judge::new(pattern, settings.currency, ctx.now);
    let mut seen = PatternPreview {
        covers_this: Json::parse(&approval.canonical_ask).ok().and_then(|ask| judge.lets_pass(&ask)),
        ..PatternPreview::default()
    };
    let filter = DecisionFilter { agent: Some(approval.agent), ..DecisionFilter::default() };
    let mut after = None;
    loop {
        let page =
            evidence::list_decisions(&mut reader, &filter, &PageAsk::new(after, Some(MAX_LIMIT))).await?;
        let rows: Vec<Recorded> = page.items.into_iter().map(|decided| decided.recorded).collect();
        let judge = judge.clone();
        seen = tokio::task::spawn_blocking(move || judge.count(seen, &rows))
            .await
            .doing("judge past calls by a pattern")?;
        after = page.next_cursor;
        seen.has_older = after.is_some();
        if after.is_none() || seen.looked_at >= MAX_LOOKED_AT {
            return Ok(seen);
        }
    }
}

/// The pattern as a policy of its own.
#[derive(Clone)]
struct Judge {
    policy: std::sync::Arc<Policy>,
    looks_at_users: bool,
    currency: Option<Currency>,
    now: Time,
}

impl Judge {
    fn new(mut pattern: Permission, currency: Option<Currency>, now: Time) -> Self {
        pattern.window = None;
        let is_of_user = |condition: &procura_model::Condition| {
            condition.reference.as_deref().is_some_and(|reference| reference.starts_with("user."))
        };
        let looks_at_users = pattern.user.is_some() || pattern.conditions.iter().any(is_of_user);
        Self { policy: std::sync::Arc::new(Policy::compile(0, [pattern])), looks_at_users, currency, now }
    }

    /// Whether the pattern lets a recorded ask pass; none where the record does not tell.
    fn lets_pass(&self, canonical: &Json) -> Option<bool> {
        let shown = shown_ask(canonical)?;
        if shown.has_user && self.looks_at_users {
            return None;
        }
        let facts = Facts { currency: self.currency, ..Facts::default() };
        Some(self.policy.decide(&shown.ask, &facts, self.now).verdict != Verdict::Deny)
    }

    fn count(&self, mut seen: PatternPreview, rows: &[Recorded]) -> PatternPreview {
        for row in rows {
            seen.looked_at += 1;
            let facts = Json::parse(&row.event.facts).ok();
            let ask = facts.as_ref().and_then(|facts| facts.member("ask"));
            match ask.and_then(|ask| Some((ask, self.lets_pass(ask)?))) {
                None => seen.unknown += 1,
                Some((_, false)) => {}
                Some((ask, true)) => {
                    seen.matched += 1;
                    if seen.newest.len() < MAX_SHOWN {
                        seen.newest.extend(past_call(row, ask));
                    }
                }
            }
        }
        seen
    }
}

fn past_call(row: &Recorded, ask: &Json) -> Option<PastCall> {
    let Ask { action, resource, amount, currency, .. } = shown_ask(ask)?.ask;
    let verdict = row.event.verdict;
    Some(PastCall { request: row.request, at: row.at, action, resource, amount, currency, verdict })
}
