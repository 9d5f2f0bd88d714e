//! The only place that knows two databases exist. One SQL text runs on both; what differs (how to open,
//! how to begin, who writes) is decided in the two files below, and nowhere else is there a branch.
//!
//! What PostgreSQL's side needs is boxed: its futures are 15 KB, and a future is as large as the largest of
//! its branches, so every request above would carry and copy that for a branch that it never takes.

mod postgres;
mod sqlite;

use crate::{
    many::{self, Many},
    record,
    row::Row,
    statement::Statement,
    store::StoreSettings,
    tokens::{self, Deposit, Kept},
    value::Value,
};
use procura_model::{Error, Reason, Result};
use std::{path::Path, sync::Arc, time::Duration};

pub use sqlite::InUse;

/// How long anybody waits for a connection or for the writer before the answer is `UNAVAILABLE`.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// A database with its connections; cheap to clone.
#[derive(Clone)]
pub(crate) enum Db {
    Sqlite(Arc<sqlite::Sqlite>),
    Postgres(Arc<postgres::Postgres>),
}

/// The file of a SQLite URL; `sqlite:///srv/a.db` and `sqlite:/srv/a.db` are the same one.
fn sqlite_path(url: &str) -> Option<&Path> {
    let path = url.strip_prefix("sqlite:")?;
    Some(path.strip_prefix("//").filter(|rest| rest.starts_with('/')).unwrap_or(path).as_ref())
}

/// How a generated text names its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `?`: SQLite finds a named parameter by walking the list of all names, for each of them.
    Sqlite,
    /// `$1`.
    Postgres,
}

/// A transaction; dropped without a commit, it is rolled back before anybody else can write.
pub(crate) enum Tx {
    Sqlite(sqlite::SqliteTx),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Db {
    pub(crate) async fn open(settings: &StoreSettings) -> Result<Self> {
        if let Some(path) = sqlite_path(&settings.url) {
            let db = sqlite::open(path, settings.max_connections).await?;
            return Ok(Self::Sqlite(Arc::new(db)));
        }
        Self::open_postgres(settings).await
    }

    /// Opens it beside whoever has it open, for reading alone.
    pub(crate) async fn open_to_read(settings: &StoreSettings) -> Result<Self> {
        if let Some(path) = sqlite_path(&settings.url) {
            let db = sqlite::open_to_read(path, settings.max_connections).await?;
            return Ok(Self::Sqlite(Arc::new(db)));
        }
        Self::open_postgres(settings).await
    }

    async fn open_postgres(settings: &StoreSettings) -> Result<Self> {
        if settings.url.starts_with("postgres://") || settings.url.starts_with("postgresql://") {
            return Ok(Self::Postgres(Arc::new(postgres::open(settings).await?)));
        }
        Err(Error::fault("open the database", "database_url must begin with sqlite: or postgres://"))
    }

    /// Runs a statement that only reads.
    pub(crate) async fn read(&self, statement: &Statement, args: Vec<Value>) -> Result<Vec<Row>> {
        let answer = match self {
            Self::Sqlite(db) => sqlite::rows(&db.readers, statement.sql, args).await,
            Self::Postgres(db) => Box::pin(postgres::rows(&db.pool, statement.sql, args)).await,
        };
        answer.map_err(|error| broken(statement.doing, error))
    }

    /// Runs one statement that writes, in a transaction of its own.
    pub(crate) async fn write(&self, statement: &Statement, args: Vec<Value>) -> Result<Vec<Row>> {
        let answer = match self {
            Self::Sqlite(db) => db.write(statement.sql, args).await?,
            Self::Postgres(db) => Box::pin(postgres::rows(&db.pool, statement.sql, args)).await,
        };
        answer.map_err(|error| broken(statement.doing, error))
    }

    pub(crate) async fn begin(&self) -> Result<Tx> {
        match self {
            Self::Sqlite(db) => db.begin().await.map(Tx::Sqlite),
            Self::Postgres(db) => Box::pin(db.begin()).await.map(Tx::Postgres),
        }
    }

    /// Runs a script of the migrations' own inside one transaction that no other node runs beside it.
    pub(crate) async fn begin_migration(&self) -> Result<Tx> {
        let mut tx = self.begin().await?;
        if let Tx::Postgres(_) = &tx {
            tx.script("SELECT pg_advisory_xact_lock(hashtext('procura migrations of ' || current_schema()))")
                .await?;
        }
        Ok(tx)
    }

    /// Whether no other process can change the rows: SQLite's file is locked for as long as it is open.
    pub(crate) const fn is_alone(&self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            Self::Postgres(_) => false,
        }
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Asks both the reading and the writing side for a sign of life.
    pub(crate) async fn ping(&self) -> Result<()> {
        match self {
            Self::Sqlite(db) => db.ping().await,
            Self::Postgres(db) => Box::pin(db.ping()).await,
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(db) => db.close().await,
            Self::Postgres(db) => db.pool.close().await,
        }
    }

    /// Prepares a text without running it, for the test that prepares them all, and answers the types of its
    /// parameters and columns where the database knows them beforehand.
    #[cfg(test)]
    pub(crate) async fn prepare(&self, sql: &'static str) -> sqlx::Result<Vec<String>> {
        use sqlx::{Column as _, Executor as _, SqlSafeStr as _, Statement as _};
        match self {
            Self::Sqlite(db) => db.readers.prepare(sql.into_sql_str()).await.map(|_| Vec::new()),
            Self::Postgres(db) => {
                let statement = db.pool.prepare(sql.into_sql_str()).await?;
                let parameters = statement.parameters().and_then(sqlx::Either::left).unwrap_or_default();
                let columns = statement.columns().iter().map(|column| column.type_info());
                Ok(parameters.iter().chain(columns).map(ToString::to_string).collect())
            }
        }
    }
}

impl Tx {
    pub(crate) async fn rows(&mut self, statement: &Statement, args: Vec<Value>) -> Result<Vec<Row>> {
        let answer = match self {
            Self::Sqlite(tx) => sqlite::rows(tx.connection(), statement.sql, args).await,
            Self::Postgres(tx) => Box::pin(postgres::rows(&mut **tx, statement.sql, args)).await,
        };
        answer.map_err(|error| broken(statement.doing, error))
    }

    /// Writes rows of the record, at most [`many::MAX_ROWS`] with one statement.
    pub(crate) async fn insert_evidence(&mut self, rows: &[record::Entry]) -> Result<()> {
        let answer = match self {
            Self::Sqlite(tx) => sqlite::insert_evidence(tx.connection(), rows).await,
            Self::Postgres(tx) => Box::pin(postgres::insert_evidence(tx, rows)).await,
        };
        answer.map_err(unrecorded)
    }

    /// Runs a statement over many rows, at most [`many::MAX_ROWS`] at once, and answers every row that comes back.
    pub(crate) async fn many(
        &mut self,
        statement: &'static Many,
        rows: &[impl AsRef<[Value]>],
    ) -> sqlx::Result<Vec<Row>> {
        let mut answers = Vec::new();
        for chunk in rows.chunks(many::MAX_ROWS) {
            let args = chunk.iter().flat_map(|row| row.as_ref()).cloned().collect();
            answers.append(&mut match self {
                Self::Sqlite(tx) => {
                    let text = statement.text(chunk.len(), Dialect::Sqlite);
                    sqlite::rows(tx.connection(), text, args).await?
                }
                Self::Postgres(tx) => {
                    let text = statement.text(chunk.len(), Dialect::Postgres);
                    Box::pin(postgres::rows(&mut **tx, text, args)).await?
                }
            });
        }
        Ok(answers)
    }

    /// Runs several statements without arguments.
    pub(crate) async fn script(&mut self, sql: &str) -> Result<()> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        let answer = match self {
            Self::Sqlite(tx) => sqlx::raw_sql(sql).execute(tx.connection()).await.map(drop),
            Self::Postgres(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(drop),
        };
        answer.map_err(|error| broken("run a migration", error))
    }

    pub(crate) async fn commit(self) -> Result<()> {
        let answer = match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => Box::pin(tx.commit()).await,
        };
        answer.map_err(|error| broken("commit", error))
    }
}

/// Where the queue of decision records commits: SQLite's one writer, or a connection of its own.
pub(crate) struct Recorder {
    db: Db,
    own: Option<sqlx::PgConnection>,
}

impl Recorder {
    pub(crate) const fn new(db: Db) -> Self {
        Self { db, own: None }
    }

    /// Writes the rows, all or none, and returns once they are durable. One statement needs no transaction
    /// around it, which saves two trips to the database.
    pub(crate) async fn commit(&mut self, rows: &[record::Entry]) -> Result<(), Unwritten> {
        match &self.db {
            Db::Sqlite(db) => db.record(rows).await,
            Db::Postgres(db) => Box::pin(db.record(&mut self.own, rows)).await,
        }
    }
}

impl Recorder {
    /// As [`Recorder::commit`], with tokens.
    pub(crate) async fn commit_tokens(&mut self, deposits: &[Deposit<'_>]) -> Result<Vec<Kept>, Unwritten> {
        match tokio::time::timeout(PATIENCE, Box::pin(tokens::commit(&self.db, deposits))).await {
            Ok(answer) => answer,
            Err(late) => Err(Unwritten::Outage(unrecorded(late))),
        }
    }
}

/// Why rows of the record were not written.
pub(crate) enum Unwritten {
    /// The database does not answer, so nobody else's rows would be written either.
    Outage(Error),
    /// It refused these rows.
    Rejected(Error),
}

impl From<sqlx::Error> for Unwritten {
    fn from(error: sqlx::Error) -> Self {
        if is_outage(&error) { Self::Outage(unrecorded(error)) } else { Self::Rejected(unrecorded(error)) }
    }
}

impl Unwritten {
    /// What the caller is told.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Outage(error) | Self::Rejected(error) => error,
        }
    }
}

/// A statement broke. The database's own words stay in the log. A name that must be unique and is not is a
/// refusal; the transaction in which it was tried is of no more use.
pub(crate) fn broken(doing: &'static str, error: sqlx::Error) -> Error {
    if error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation) {
        return Reason::NameTaken.into();
    }
    if is_outage(&error) { Error::unavailable(doing, error) } else { Error::fault(doing, error) }
}

/// The record could not be written, so the caller must not act (AUD-2).
pub(crate) fn unrecorded(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    match Error::unavailable("write the record", error) {
        Error::Fault(mut fault) => {
            fault.reason = Reason::RecordUnavailable;
            Error::Fault(fault)
        }
        refused @ Error::Refused(_) => refused,
    }
}

/// Whether the database as a whole does not answer, as against one statement that it refuses.
fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            sqlite::is_outage(&code) || postgres::is_outage(&code)
        }
        _ => false,
    }
}
