//! The store as the rest of the house sees it: open it, read, write, record.

use crate::{
    db::{Db, unrecorded},
    lobby::Lobby,
    migrate,
    record::Entry,
    tokens::{Kept, Tokens},
    tx::{Reader, Unaudited, Writer},
    writer::Queue,
};
use procura_model::{Ctx, Error, Event, Result};
use std::sync::Arc;

pub use crate::db::InUse;

/// Where the rows are.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// `sqlite:PATH` or `postgres://..`.
    pub url: String,
    /// The PostgreSQL schema to live in, made if missing; the server's default where absent.
    pub schema: Option<String>,
    /// How many connections may read (SQLite) or read and write (PostgreSQL) at once.
    pub max_connections: u32,
}

/// The rows of the house; cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    db: Db,
    queue: Queue,
    /// Kept as long as the store lives: the temporary folder of a test.
    _keep: Option<Box<dyn Send + Sync>>,
}

impl Store {
    /// Opens the database and takes it into use; `migrate` comes next.
    ///
    /// # Errors
    /// A fault; [`is_in_use`] tells whether another process has the SQLite file.
    pub async fn open(settings: &StoreSettings) -> Result<Self> {
        Self::open_keeping(settings, None).await
    }

    /// Opens a database that is there already to read from it, also while a server has it open. SQLite then refuses
    /// every write.
    ///
    /// # Errors
    /// A fault, also when there is no database.
    pub async fn open_to_read(settings: &StoreSettings) -> Result<Self> {
        let db = Db::open_to_read(settings).await?;
        let queue = Queue::start(&db);
        Ok(Self(Arc::new(Inner { db, queue, _keep: None })))
    }

    pub(crate) async fn open_keeping(
        settings: &StoreSettings,
        keep: Option<Box<dyn Send + Sync>>,
    ) -> Result<Self> {
        let db = Db::open(settings).await?;
        let queue = Queue::start(&db);
        Ok(Self(Arc::new(Inner { db, queue, _keep: keep })))
    }

    /// Brings the tables to the form that this version knows.
    ///
    /// # Errors
    /// A fault, and the tables are as they were.
    pub async fn migrate(&self) -> Result<()> {
        migrate::run(&self.0.db).await
    }

    /// Whether rows can be read and written.
    ///
    /// # Errors
    /// A fault if not.
    pub async fn ping(&self) -> Result<()> {
        self.0.db.ping().await
    }

    /// Whether this process alone has the database, so that nobody else can change a row.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.0.db.is_alone()
    }

    /// Commits what waits, then lets go of the database.
    pub async fn close(&self) {
        self.0.queue.close().await;
        self.0.db.close().await;
    }

    /// Reads rows of the context's tenant.
    #[must_use]
    pub fn read(&self, ctx: &Ctx) -> Reader {
        Reader::new(self.0.db.clone(), ctx)
    }

    /// Begins a change of the context's tenant. On SQLite nobody else writes while it lives: do not wait for
    /// anything but the store before the commit, and never call [`Store::record`] or [`Store::write`] in it.
    ///
    /// # Errors
    /// A fault when the database cannot begin within five seconds.
    pub async fn write<'a>(&self, ctx: &'a Ctx) -> Result<Writer<'a>> {
        Ok(Writer::new(self.0.db.begin().await?, ctx))
    }

    /// The writes that leave no record: last use, idempotency keys, stored results (decisions.md 21).
    #[must_use]
    pub fn unaudited(&self, ctx: &Ctx) -> Unaudited {
        Unaudited::new(self.0.db.clone(), ctx)
    }

    /// The few statements that cannot know the tenant yet.
    #[must_use]
    pub fn lobby(&self) -> Lobby<'static> {
        Lobby::new(self.0.db.clone())
    }

    /// Records events and returns once they are durable; many callers share one commit. Events of one call
    /// are committed together, in their order.
    ///
    /// # Errors
    /// `RECORD_UNAVAILABLE`: the record is not sure, so what it tells of must not happen (AUD-2).
    pub async fn record(&self, ctx: &Ctx, events: Vec<Event>) -> Result<()> {
        if events.iter().any(|event| event.kind.is_published()) {
            // The outbox row must be in the same transaction.
            return self.write(ctx).await?.commit_all(events).await;
        }
        let entries: Vec<Entry> =
            events.iter().map(|event| Entry::of(ctx, ctx.next_position(), event)).collect();
        self.0.queue.record(entries).await
    }

    /// Keeps tokens together with the event that tells of them, in the commit that many callers share, and returns once
    /// both are durable. Where nothing was kept, nothing was recorded either.
    pub(crate) async fn keep(&self, ctx: &Ctx, event: &Event, tokens: Tokens) -> Result<Kept> {
        if event.kind.is_published() {
            return Err(unrecorded("an event for webhooks needs a transaction of its own"));
        }
        // Its place in the request's chain is taken only if it gets there.
        let entry = Entry::of(ctx, ctx.records(), event);
        let kept = self.0.queue.keep(vec![entry], tokens).await;
        if !matches!(kept, Ok(Kept::Nothing)) {
            let _ = ctx.next_position();
        }
        kept
    }

    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }
}

/// Whether the database could not be opened because another process has it.
#[must_use]
pub fn is_in_use(error: &Error) -> bool {
    match error {
        Error::Fault(fault) => fault.source().is::<InUse>(),
        Error::Refused(_) => false,
    }
}
