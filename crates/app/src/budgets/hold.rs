//! Taking from windows and budgets what an allowed ask may cost, before it is known what it will.
//!
//! The ledgers that could be charged are taken first, in the order of their names; then what was spent is read, then
//! decided, then held, all in the transaction that records the decision. So of two asks that fit one by one and not
//! together, the second is refused, on every node.

use super::{Judged, Reading, Sums};
use crate::{
    AgentSnapshot, App,
    personal::Scrub,
    verify::{Plan, facts_of},
};
use procura_model::{
    AgentStatus, Ask, Ctx, Currency, Decision, Digest, PermissionId, Reason, Reservation, ReservationId,
    ReservationState, Result, Time, Unsettled, Verdict, Window, time::DAY_MS,
};
use procura_policy::{BudgetRule, BudgetSpent, Explained, Facts, Spending, Spent};
use procura_store::{Source, Writer, ledgers, reservations as rows};

/// How long a key with which something was reserved is remembered.
const KEY_LASTS_MS: i64 = DAY_MS;

/// Whether a person agreed already to what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consent {
    /// Nobody was asked.
    Missing,
    /// A person did.
    Given,
}

/// One ask that is decided where windows or budgets count.
pub(crate) struct Holding<'h> {
    pub(crate) app: &'h App,
    pub(crate) ctx: &'h Ctx,
    pub(crate) agent: &'h AgentSnapshot,
    pub(crate) plan: &'h Plan<'h>,
    pub(crate) consent: Consent,
}

/// A ledger that an ask could be charged to.
struct Charge<'c> {
    ledger: String,
    window: &'c Window,
    by: By<'c>,
    /// By when what is held there lapses: the latest time at which anybody counted on it.
    latest: Time,
}

enum By<'c> {
    Permission(PermissionId),
    Budget(&'c BudgetRule),
}

/// Whether a decision about this must look at what was spent: the cheap question, asked of every decision.
#[must_use]
pub fn counts(agent: &AgentSnapshot, ask: &Ask, now: Time) -> bool {
    agent.budgets.iter().any(|rule| rule.ledger(agent.agent.id, ask).is_some())
        || (agent.policy.has_windows() && !agent.policy.windows_for(ask, now).is_empty())
}

/// Decides without taking anything, and without a record: for previews, and for whoever asks in order to know. What the
/// request has added up already is not read again.
///
/// # Errors
/// A fault when what was spent cannot be read.
pub async fn consider(
    app: &App,
    ctx: &Ctx,
    sums: &mut Sums,
    agent: &AgentSnapshot,
    ask: &Ask,
) -> Result<Judged> {
    if agent.agent.status != AgentStatus::Enabled {
        return Ok(Judged::plain(Decision::deny(Reason::AgentDisabled)));
    }
    if !counts(agent, ask, ctx.now) {
        return Ok(Judged::plain(agent.decide(ask, &facts_of(agent), ctx.now)));
    }
    let charges = charges(agent, ask, ctx.now);
    let mut reader = app.store.read(ctx);
    let reading = read(&mut reader, sums, &charges, None).await?;
    Ok(judge(agent, ask, ctx.now, (&charges, reading)))
}

/// Says what [`consider`] would, and which permissions came near.
///
/// # Errors
/// As [`consider`].
pub async fn explain(app: &App, ctx: &Ctx, agent: &AgentSnapshot, ask: &Ask) -> Result<Explained> {
    if !counts(agent, ask, ctx.now) {
        return Ok(agent.explain(ask, &facts_of(agent), ctx.now));
    }
    let charges = charges(agent, ask, ctx.now);
    let mut reader = app.store.read(ctx);
    let reading = read(&mut reader, &mut Sums::default(), &charges, None).await?;
    let facts = Facts { spending: Spending::Read(&reading.spent), ..facts_of(agent) };
    let explained = agent.explain(ask, &facts, ctx.now);
    let decision = match refusal(agent, ask, &charges, &explained.decision, &reading) {
        Some((_, denial)) => *denial,
        None => explained.decision,
    };
    Ok(Explained { decision, ..explained })
}

impl Holding<'_> {
    /// Takes the ledgers, reads, decides, and holds what was allowed.
    ///
    /// # Errors
    /// `IDEMPOTENCY_MISMATCH` or `RESERVATION_CLOSED` for a key that was used otherwise; a fault.
    pub(crate) async fn judge_and_hold(&self, w: &mut Writer<'_>) -> Result<(Judged, Option<Reservation>)> {
        let (ask, now) = (self.plan.ask, self.ctx.now);
        if self.agent.agent.status != AgentStatus::Enabled {
            return Ok((Judged::plain(Decision::deny(Reason::AgentDisabled)), None));
        }
        let mut charges = charges(self.agent, ask, now);
        charges.sort_by(|one, other| one.ledger.cmp(&other.ledger));
        for charge in &mut charges {
            charge.latest = ledgers::lock(w, &charge.ledger, since(charge.window, now)).await?;
        }
        let digest = Digest::of(ask.canonical().as_bytes());
        let latest = charges.iter().map(|charge| charge.latest).max().unwrap_or(now);
        let earlier = self.earlier(w, &digest, latest).await?;
        let without = earlier.as_ref().map(|found| found.id);
        let reading = read(w, &mut Sums::default(), &charges, without).await?;
        let mut judged = judge(self.agent, ask, now, (&charges, reading));
        let goes_ahead = match judged.decision.verdict {
            Verdict::Allow => true,
            Verdict::NeedsApproval => self.consent == Consent::Given,
            Verdict::Deny => false,
        };
        if !goes_ahead {
            return Ok((judged, None));
        }
        let held = match earlier {
            // Another permission answers now, and its window has counted nothing for this key.
            Some(earlier) if earlier.permission != judged.decision.permission => {
                return Err(Reason::ReservationClosed.into());
            }
            Some(earlier) => Some(earlier),
            None => self.hold(w, &charges, &judged.decision, &digest).await?,
        };
        judged.reading.reservation = held.as_ref().map(|held| held.id);
        Ok((judged, held))
    }

    /// What was reserved when the same was asked with the same key: it is held once. The decision is made anew, for an
    /// old yes is never handed out again. What is no longer awaited is closed, though the job that writes so may be
    /// late: on a ledger it may have lapsed, and its room been given to somebody else.
    async fn earlier(
        &self,
        w: &mut Writer<'_>,
        digest: &Digest,
        latest: Time,
    ) -> Result<Option<Reservation>> {
        let Some(key) = self.plan.retry_key else { return Ok(None) };
        let since = self.ctx.now.plus_ms(-KEY_LASTS_MS);
        let Some((earlier, asked)) = rows::by_key(w, self.plan.agent, key, since).await? else {
            return Ok(None);
        };
        if asked != *digest {
            return Err(Reason::IdempotencyMismatch.into());
        }
        match earlier.state {
            ReservationState::Held if earlier.commit_by > latest => Ok(Some(earlier)),
            ReservationState::Held
            | ReservationState::Committed
            | ReservationState::Released
            | ReservationState::Expired => Err(Reason::ReservationClosed.into()),
        }
    }

    /// Adds the ask to the window of the permission that decided, and to every budget that covers it.
    async fn hold(
        &self,
        w: &mut Writer<'_>,
        charges: &[Charge<'_>],
        decision: &Decision,
        digest: &Digest,
    ) -> Result<Option<Reservation>> {
        let charged: Vec<&Charge<'_>> =
            charges.iter().filter(|charge| charge.is_charged(decision.permission)).collect();
        let Some(lasts) = charged.iter().map(|charge| charge.window.hold.lasts).min() else {
            return Ok(None);
        };
        let (ask, now) = (self.plan.ask, self.ctx.now);
        let amount = ask.amount.zip(currency(self.agent, ask, decision));
        let scrub = Scrub::of(self.app, &self.agent.redactor, ask.user.as_deref());
        let reservation = Reservation {
            id: ReservationId::new(now, &self.app.entropy),
            agent: self.plan.agent,
            user: ask.user.as_ref().map(|user| user.reference.clone()),
            request: self.ctx.request,
            permission: decision.permission,
            action: scrub.word(&ask.action, self.plan.declared).into_owned(),
            held: amount.map(|(amount, _)| amount),
            currency: amount.map(|(_, currency)| currency),
            actual: None,
            state: ReservationState::Held,
            is_late: false,
            is_over: false,
            created_at: now,
            commit_by: now.plus_ms(lasts.as_ms()),
            settled_at: None,
        };
        let new = rows::NewReservation { reservation: &reservation, digest, retry_key: self.plan.retry_key };
        rows::insert(w, &new).await?;
        for charge in charged {
            let until = match charge.window.hold.then {
                Unsettled::Spent => None,
                Unsettled::Released => Some(reservation.commit_by),
            };
            let entry = ledgers::Entry {
                ledger: &charge.ledger,
                at: now,
                reservation: reservation.id,
                amount,
                until,
            };
            ledgers::insert(w, &entry).await?;
        }
        Ok(Some(reservation))
    }
}

impl Charge<'_> {
    fn is_charged(&self, by: Option<PermissionId>) -> bool {
        match self.by {
            By::Permission(permission) => by == Some(permission),
            By::Budget(_) => true,
        }
    }
}

/// Every ledger that this ask could be charged to.
fn charges<'c>(agent: &'c AgentSnapshot, ask: &Ask, now: Time) -> Vec<Charge<'c>> {
    let windows = agent.policy.windows_for(ask, now).into_iter().map(|needed| Charge {
        ledger: needed.permission.to_string(),
        window: needed.window,
        by: By::Permission(needed.permission),
        latest: now,
    });
    let budgets = agent.budgets.iter().filter_map(|rule| {
        let ledger = rule.ledger(agent.agent.id, ask)?;
        Some(Charge { ledger, window: &rule.budget().window, by: By::Budget(rule), latest: now })
    });
    windows.chain(budgets).collect()
}

async fn read(
    source: &mut impl Source,
    sums: &mut Sums,
    charges: &[Charge<'_>],
    without: Option<ReservationId>,
) -> Result<Reading> {
    let now = source.now();
    let mut reading = Reading::default();
    for charge in charges {
        let look = ledgers::Look {
            ledger: &charge.ledger,
            since: since(charge.window, now),
            at: charge.latest,
            currency: charge.window.amount.map(|limit| limit.currency),
            without,
        };
        let ledgers::Used { amount, calls: count } = sums.used(source, &look).await?;
        match charge.by {
            By::Permission(permission) => reading.spent.push(Spent { permission, amount, count }),
            By::Budget(rule) => {
                reading.budgets.push(BudgetSpent { budget: rule.budget().id, amount, count });
            }
        }
    }
    Ok(reading)
}

/// The permissions first, then the budgets: these refuse what those allow.
fn judge(
    agent: &AgentSnapshot,
    ask: &Ask,
    now: Time,
    (charges, mut reading): (&[Charge<'_>], Reading),
) -> Judged {
    let facts = Facts { spending: Spending::Read(&reading.spent), ..facts_of(agent) };
    let decision = agent.decide(ask, &facts, now);
    match refusal(agent, ask, charges, &decision, &reading) {
        Some((rule, denial)) => {
            reading.refused_by = Some(rule.budget().id);
            Judged { decision: *denial, reading }
        }
        None => Judged { decision, reading },
    }
}

/// The first budget into which this does not fit, where the permissions do not deny it anyway.
fn refusal<'c>(
    agent: &AgentSnapshot,
    ask: &Ask,
    charges: &[Charge<'c>],
    decision: &Decision,
    reading: &Reading,
) -> Option<(&'c BudgetRule, Box<Decision>)> {
    if decision.verdict == Verdict::Deny {
        return None;
    }
    let currency = currency(agent, ask, decision);
    let budgets = charges.iter().filter_map(|charge| match charge.by {
        By::Budget(rule) => Some(rule),
        By::Permission(_) => None,
    });
    budgets
        .zip(&reading.budgets)
        .find_map(|(rule, spent)| rule.leaves_room(ask, currency, spent).err().map(|denial| (rule, denial)))
}

/// In which currency an ask is counted: its own, or the one of the permission that decided, or the organization's.
fn currency(agent: &AgentSnapshot, ask: &Ask, decision: &Decision) -> Option<Currency> {
    let of_permission = || decision.permission.and_then(|permission| agent.policy.currency_of(permission));
    ask.currency.or_else(of_permission).or(agent.settings.currency)
}

/// When a window that ends now began.
pub(super) const fn since(window: &Window, now: Time) -> Time {
    now.plus_ms(-window.per.as_ms())
}
