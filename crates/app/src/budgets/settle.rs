//! What became of what was reserved. Settling twice in the same way is answered twice in the same way; in another way
//! it is refused, for money was counted by the first.
//!
//! A commit that comes after the time is recorded all the same: the money moved. It is flagged as late, and as over
//! where its amount had been given to somebody else meanwhile and a limit is overrun now.

use super::hold::since;
use crate::App;
use procura_model::{
    Actor, Amount, Ctx, Error, Event, EventKind, Page, PageAsk, Reason, Reservation, ReservationId,
    ReservationState, Result, Scope, Time, Window,
};
use procura_store::{
    Source as _, Writer, budgets, evidence, ledgers, permissions, redemptions,
    reservations::{self as rows, Commitment},
};

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It happened, for this much; for what was held where that is not said.
    Committed(Option<Amount>),
    /// It did not happen.
    Released,
}

/// Whether this call settled it, or an earlier one did in the same way.
enum Settled {
    Now(Reservation),
    Before(Reservation),
}

/// Reservations, newest first; an agent sees its own alone.
///
/// # Errors
/// The scope is missing.
pub async fn list(
    app: &App,
    ctx: &Ctx,
    state: Option<ReservationState>,
    page: &PageAsk,
) -> Result<Page<Reservation>> {
    let own = ctx.actor.agent();
    ctx.actor.require(if own.is_some() { Scope::Verify } else { Scope::ReadBudgets })?;
    rows::list(&mut app.store.read(ctx), state, own, page).await
}

/// One reservation; an agent sees its own alone.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn get(app: &App, ctx: &Ctx, id: ReservationId) -> Result<Reservation> {
    ctx.actor.require(if ctx.actor.agent().is_some() { Scope::Verify } else { Scope::ReadBudgets })?;
    let reservation = rows::get(&mut app.store.read(ctx), id).await?;
    is_own(&ctx.actor, &reservation)?;
    Ok(reservation)
}

/// It happened: what it came to counts from now on, instead of what was held.
///
/// # Errors
/// `NOT_FOUND`, `AMOUNT_OVER_RESERVED`, `RESERVATION_CLOSED` where it was settled otherwise.
pub async fn commit(app: &App, ctx: &Ctx, id: ReservationId, amount: Option<Amount>) -> Result<Reservation> {
    settle_by(app, ctx, id, Outcome::Committed(amount)).await
}

/// It did not happen: what was held is given back.
///
/// # Errors
/// `NOT_FOUND`, `RESERVATION_CLOSED` where it was settled otherwise.
pub async fn release(app: &App, ctx: &Ctx, id: ReservationId) -> Result<Reservation> {
    settle_by(app, ctx, id, Outcome::Released).await
}

/// An agent settles what it reserved itself; anything else needs `write:budgets`.
async fn settle_by(app: &App, ctx: &Ctx, id: ReservationId, outcome: Outcome) -> Result<Reservation> {
    ctx.actor.require(if ctx.actor.agent().is_some() { Scope::Verify } else { Scope::WriteBudgets })?;
    let mut writer = app.store.write(ctx).await?;
    is_own(&ctx.actor, &rows::get(&mut writer, id).await?)?;
    if ctx.actor.agent().is_some() {
        demand_kept(&mut writer, id, outcome).await?;
    }
    match settle(&mut writer, id, outcome).await? {
        Settled::Now(reservation) => {
            writer.commit(event_of(&reservation)).await?;
            Ok(reservation)
        }
        Settled::Before(reservation) => Ok(reservation),
    }
}

/// Settles what we carried out ourselves, in the transaction that records how it ended. Where somebody settled it
/// before us, the end is recorded all the same.
///
/// # Errors
/// A fault when nothing can be recorded.
pub async fn settle_with(
    app: &App,
    ctx: &Ctx,
    (id, outcome): (ReservationId, Outcome),
    mut events: Vec<Event>,
) -> Result<()> {
    let mut writer = app.store.write(ctx).await?;
    match settle(&mut writer, id, outcome).await {
        Ok(Settled::Now(reservation)) => {
            events.push(event_of(&reservation));
            writer.commit_all(events).await
        }
        Ok(Settled::Before(_)) | Err(Error::Refused(_)) => {
            drop(writer);
            app.store.record(ctx, events).await
        }
        Err(fault) => Err(fault),
    }
}

fn is_own(actor: &Actor, reservation: &Reservation) -> Result<()> {
    match actor.agent() {
        Some(agent) if agent != reservation.agent => Err(Reason::NotFound.into()),
        Some(_) | None => Ok(()),
    }
}

/// Takes the ledgers on which a reservation is counted: until the end of the transaction nobody else settles it, and
/// nobody redeems a receipt for it.
async fn take(w: &mut Writer<'_>, id: ReservationId) -> Result<Vec<(ledgers::Place, Time)>> {
    let places = ledgers::of_reservation(w, id).await?;
    let mut taken = Vec::with_capacity(places.len());
    for place in places {
        let latest = ledgers::lock(w, &place.ledger, Time::default()).await?;
        taken.push((place, latest));
    }
    Ok(taken)
}

/// Takes the ledgers of what a receipt is redeemed for, where it lapses no more: it is carried out, whatever the agent
/// says afterwards.
///
/// # Errors
/// `RECEIPT_STALE` where it has lapsed; a fault.
pub(crate) async fn keep(w: &mut Writer<'_>, id: ReservationId) -> Result<()> {
    let taken = take(w, id).await?;
    let has_lapsed = |(place, latest): &(ledgers::Place, Time)| place.until.is_some_and(|end| end <= *latest);
    if taken.iter().any(has_lapsed) {
        return Err(Reason::ReceiptStale.into());
    }
    ledgers::keep(w, id).await
}

/// What somebody else carries out, we ourselves for a tool call or whoever redeemed a receipt, is not the agent's to
/// give back, whole or in part: it happens whatever the agent says. Whoever settles for any agent still may.
async fn demand_kept(w: &mut Writer<'_>, id: ReservationId, outcome: Outcome) -> Result<()> {
    if outcome == Outcome::Committed(None) {
        return Ok(());
    }
    take(w, id).await?;
    let found = rows::get(w, id).await?;
    let is_open = matches!(found.state, ReservationState::Held | ReservationState::Expired);
    let gives_back = match outcome {
        Outcome::Released => true,
        Outcome::Committed(amount) => amount < found.held,
    };
    if !(is_open && gives_back) {
        return Ok(());
    }
    let trace = evidence::trace(w, found.request).await?;
    let is_ours = trace.iter().any(|row| row.event.kind == EventKind::Intent);
    if is_ours || redemptions::is_redeemed(w, id).await? {
        let sentence =
            "It is a tool call through the gateway, or its receipt was redeemed: all of it counts.";
        return Err(Reason::ReservationClosed.because(sentence));
    }
    Ok(())
}

async fn settle(w: &mut Writer<'_>, id: ReservationId, outcome: Outcome) -> Result<Settled> {
    let held = take(w, id).await?;
    let found = rows::get(w, id).await?;
    match (found.state, outcome) {
        (ReservationState::Held | ReservationState::Expired, Outcome::Released) => {
            ledgers::release(w, id).await?;
            now_or_never(rows::release(w, id).await?)
        }
        (ReservationState::Held | ReservationState::Expired, Outcome::Committed(amount)) => {
            let commitment = commitment(w, &found, amount, &held).await?;
            ledgers::commit(w, id, commitment.actual).await?;
            now_or_never(rows::commit(w, id, commitment).await?)
        }
        (ReservationState::Released, Outcome::Released) => Ok(Settled::Before(found)),
        (ReservationState::Committed, Outcome::Committed(amount))
            if amount.or(found.held) == found.actual =>
        {
            Ok(Settled::Before(found))
        }
        (ReservationState::Released | ReservationState::Committed, _) => Err(Reason::ReservationClosed
            .because(format!("The reservation was {} already.", found.state.as_str()))),
    }
}

/// Its ledgers are ours and it was open a moment ago, so only somebody who counts on none of them can have settled it.
fn now_or_never(settled: Option<Reservation>) -> Result<Settled> {
    settled.map(Settled::Now).ok_or_else(|| Reason::ReservationClosed.into())
}

async fn commitment(
    w: &mut Writer<'_>,
    found: &Reservation,
    amount: Option<Amount>,
    held: &[(ledgers::Place, Time)],
) -> Result<Commitment> {
    let actual = amount.or(found.held);
    if amount > found.held.or(Some(Amount::ZERO)) {
        let (asked, held) = (amount.unwrap_or(Amount::ZERO), found.held.unwrap_or(Amount::ZERO));
        return Err(Reason::AmountOverReserved
            .because(format!("The amount {asked} exceeds {held}, which was reserved.")));
    }
    let lapsing = held.iter().filter(|(place, _)| place.until.is_some());
    let reached = lapsing.clone().map(|(_, latest)| *latest).max().unwrap_or_default().max(w.now());
    let is_late = found.state == ReservationState::Expired || reached >= found.commit_by;
    let mut is_over = false;
    for (place, latest) in lapsing.filter(|_| is_late) {
        is_over |= overruns(w, found, actual, (&place.ledger, *latest)).await?;
    }
    Ok(Commitment { actual, is_late, is_over })
}

/// Whether a limit is overrun when what had lapsed on a ledger counts again.
async fn overruns(
    w: &mut Writer<'_>,
    found: &Reservation,
    actual: Option<Amount>,
    (ledger, latest): (&str, Time),
) -> Result<bool> {
    let Some(window) = window_of(w, ledger).await? else { return Ok(false) };
    let since = since(&window, w.now());
    if found.created_at <= since {
        return Ok(false);
    }
    let currency = window.amount.map(|limit| limit.currency);
    let look = ledgers::Look { ledger, since, at: latest, currency, without: Some(found.id) };
    let used = ledgers::used(w, &look).await?;
    let asked = actual.filter(|_| currency == found.currency).unwrap_or(Amount::ZERO);
    let is_dear = window.amount.is_some_and(|limit| asked > limit.value.less(used.amount));
    Ok(is_dear || window.count.is_some_and(|limit| used.calls >= limit))
}

/// The limit of a ledger, as it is now; none where it was removed.
async fn window_of(w: &mut Writer<'_>, ledger: &str) -> Result<Option<Window>> {
    let name = ledger.split_once('/').map_or(ledger, |(budget, _)| budget);
    let window = match (name.parse(), name.parse()) {
        (Ok(permission), _) => permissions::get(w, permission).await.map(|granted| granted.permission.window),
        (_, Ok(budget)) => budgets::get(w, budget).await.map(|budget| Some(budget.window)),
        (Err(_), Err(_)) => return Ok(None),
    };
    match window {
        Err(error) if error.reason() == Reason::NotFound => Ok(None),
        window => window,
    }
}

/// What every settling records.
pub(super) fn event_of(reservation: &Reservation) -> Event {
    let kind = match reservation.state {
        ReservationState::Released => EventKind::ReservationReleased,
        ReservationState::Committed => EventKind::ReservationCommitted,
        ReservationState::Held | ReservationState::Expired => EventKind::ReservationExpired,
    };
    let facts = serde_json::json!({
        "request": reservation.request, "held": reservation.held, "amount": reservation.actual,
        "currency": reservation.currency, "late": reservation.is_late, "over": reservation.is_over,
    });
    let mut event = Event::new(kind).of_agent(reservation.agent).about(reservation.id).with_facts(&facts);
    event.user.clone_from(&reservation.user);
    event
}
