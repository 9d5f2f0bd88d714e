//! Who may touch rows. A [`Reader`] and a [`Writer`] are bound to one tenant: the desk puts its id in `$1` of
//! every statement, so no caller can ask for another's. A [`Writer`] has one way to commit, and that takes
//! the events which tell of the change (AUD-2).

use crate::{
    db::{Db, Tx, unrecorded},
    record::{self, Entry},
    row::Row,
    statement::Statement,
    value::Value,
};
use procura_model::{Ctx, Error, Event, Result, TenantId, Time};

statements! {
    /// An event on its way to webhooks.
    INSERT_OUTBOX = "
        INSERT INTO outbox (tenant_id, event_id, kind, payload, created_at, state, attempt, due_at)
        VALUES ($1, $2, $3, $4, $5, 'due', 0, $5)";
}

/// What can be read from: a [`Reader`], or a [`Writer`] in the middle of its change.
pub trait Source: Send {
    /// Where statements are handed in.
    #[doc(hidden)]
    fn desk(&mut self) -> Desk<'_>;

    /// The tenant whose rows are seen.
    fn tenant(&self) -> TenantId;

    /// The time of the request.
    fn now(&self) -> Time;
}

/// Where statements are handed in; the tenant is on it.
pub struct Desk<'a> {
    place: Place<'a>,
    tenant: Option<TenantId>,
}

enum Place<'a> {
    Reading(&'a Db),
    Writing(&'a Db),
    Inside(&'a mut Tx),
}

impl<'a> Desk<'a> {
    pub(crate) const fn reading(db: &'a Db, tenant: Option<TenantId>) -> Self {
        Self { place: Place::Reading(db), tenant }
    }

    pub(crate) const fn writing(db: &'a Db, tenant: Option<TenantId>) -> Self {
        Self { place: Place::Writing(db), tenant }
    }

    pub(crate) const fn inside(tx: &'a mut Tx, tenant: Option<TenantId>) -> Self {
        Self { place: Place::Inside(tx), tenant }
    }

    /// Every row.
    pub(crate) async fn all(self, statement: &Statement, mut args: Vec<Value>) -> Result<Vec<Row>> {
        if let Some(tenant) = self.tenant {
            args.insert(0, tenant.into());
        }
        match self.place {
            Place::Reading(db) => db.read(statement, args).await,
            Place::Writing(db) => db.write(statement, args).await,
            Place::Inside(tx) => tx.rows(statement, args).await,
        }
    }

    /// The first row, where there is one.
    pub(crate) async fn maybe(self, statement: &Statement, args: Vec<Value>) -> Result<Option<Row>> {
        Ok(self.all(statement, args).await?.into_iter().next())
    }

    /// The row that must be there.
    pub(crate) async fn one(self, statement: &Statement, args: Vec<Value>) -> Result<Row> {
        self.maybe(statement, args).await?.ok_or_else(|| Error::fault(statement.doing, "no row came back"))
    }

    /// How many rows came back: with `RETURNING`, how many were changed.
    pub(crate) async fn count(self, statement: &Statement, args: Vec<Value>) -> Result<usize> {
        Ok(self.all(statement, args).await?.len())
    }

    /// Runs a statement that answers nothing.
    pub(crate) async fn run(self, statement: &Statement, args: Vec<Value>) -> Result<()> {
        self.all(statement, args).await.map(drop)
    }
}

/// Reads rows of one tenant.
pub struct Reader {
    db: Db,
    tenant: TenantId,
    now: Time,
}

impl Reader {
    pub(crate) const fn new(db: Db, ctx: &Ctx) -> Self {
        Self { db, tenant: ctx.tenant, now: ctx.now }
    }
}

impl Source for Reader {
    fn desk(&mut self) -> Desk<'_> {
        Desk::reading(&self.db, Some(self.tenant))
    }

    fn tenant(&self) -> TenantId {
        self.tenant
    }

    fn now(&self) -> Time {
        self.now
    }
}

/// Changes rows of one tenant in one transaction; dropped, it changes nothing.
#[must_use = "a writer that is dropped changes nothing"]
pub struct Writer<'a> {
    tx: Tx,
    ctx: &'a Ctx,
}

impl<'a> Writer<'a> {
    pub(crate) const fn new(tx: Tx, ctx: &'a Ctx) -> Self {
        Self { tx, ctx }
    }

    /// The statements that cannot know the tenant yet, in this transaction.
    pub fn lobby(&mut self) -> crate::Lobby<'_> {
        crate::Lobby::inside(&mut self.tx)
    }

    /// Commits the change together with the event that tells of it.
    ///
    /// # Errors
    /// A fault, and nothing is changed.
    pub async fn commit(self, event: Event) -> Result<()> {
        self.commit_all(vec![event]).await
    }

    /// Commits the change together with the events that tell of it, and their outbox rows.
    ///
    /// # Errors
    /// A fault, and nothing is changed.
    pub async fn commit_all(mut self, events: Vec<Event>) -> Result<()> {
        if events.is_empty() {
            return Err(unrecorded("a change was to be committed without an event"));
        }
        let mut entries = Vec::with_capacity(events.len());
        let mut published = Vec::new();
        for event in &events {
            let position = self.ctx.next_position();
            entries.push(Entry::of(self.ctx, position, event));
            if event.kind.is_published() {
                published.push(outbox_args(self.ctx, position, event)?);
            }
        }
        self.tx.insert_evidence(&entries).await?;
        for args in published {
            self.desk().run(&INSERT_OUTBOX, args).await?;
        }
        self.tx.commit().await
    }

    /// A refusal that must be remembered: commits what led to it, and hands the refusal back.
    pub async fn refuse(self, event: Event, refusal: impl Into<Error>) -> Error {
        match self.commit(event).await {
            Ok(()) => refusal.into(),
            Err(fault) => fault,
        }
    }

    /// The request that makes the change.
    pub(crate) const fn ctx(&self) -> &Ctx {
        self.ctx
    }
}

fn outbox_args(ctx: &Ctx, position: i64, event: &Event) -> Result<Vec<Value>> {
    let id = record::event_id(ctx.request, position)
        .ok_or_else(|| unrecorded("an event's id could not be made"))?;
    let payload = record::notice(ctx, id, event).map_err(unrecorded)?;
    Ok(args![id, event.kind.as_str(), payload, ctx.now])
}

impl Source for Writer<'_> {
    fn desk(&mut self) -> Desk<'_> {
        Desk::inside(&mut self.tx, Some(self.ctx.tenant))
    }

    fn tenant(&self) -> TenantId {
        self.ctx.tenant
    }

    fn now(&self) -> Time {
        self.ctx.now
    }
}

/// Writes rows that need no record, each in a transaction of its own.
pub struct Unaudited {
    db: Db,
    tenant: TenantId,
    request: procura_model::RequestId,
    now: Time,
}

impl Unaudited {
    pub(crate) const fn new(db: Db, ctx: &Ctx) -> Self {
        Self { db, tenant: ctx.tenant, request: ctx.request, now: ctx.now }
    }

    pub(crate) const fn desk(&self) -> Desk<'_> {
        Desk::writing(&self.db, Some(self.tenant))
    }

    /// The request that writes.
    pub(crate) const fn request(&self) -> procura_model::RequestId {
        self.request
    }

    /// The time of the request.
    pub(crate) const fn now(&self) -> Time {
        self.now
    }
}

#[cfg(test)]
#[path = "tx_tests.rs"]
mod tests;
