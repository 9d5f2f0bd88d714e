//! SQLite: one file, one process, one connection that writes, many that read (decisions.md 21). The writer
//! stands behind a fair lock, so that whoever waits longest writes next. WAL with `synchronous=FULL`: a
//! commit is on the disk before anybody hears of it.
//!
//! A caller may go away at any await: between two statements, while BEGIN or COMMIT is on its way. So the
//! connection carries a mark that is set before BEGIN and wiped after COMMIT; whoever takes the connection
//! next and finds the mark rolls back first, and opens a new connection where that fails.

use super::{Dialect, PATIENCE, Unwritten, broken};
use crate::{many, record::Entry, row::Row, value::Value};
use procura_model::{Doing as _, Error, Result};
use sqlx::{
    Arguments as _, ConnectOptions as _, Connection as _, Executor, SqlitePool,
    sqlite::{
        SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions,
        SqliteSynchronous,
    },
};
use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::timeout,
};

/// One text for every count of rows of the statements over many, and the statements of the nouns.
const WRITER_STATEMENTS: usize = many::MAX_ROWS * 4 + 128;

/// The file is in use by another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InUse;

impl std::fmt::Display for InUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("another Procura process has the database open; stop it, or ask it instead")
    }
}

impl std::error::Error for InUse {}

/// The embedded database.
pub(crate) struct Sqlite {
    pub(super) readers: SqlitePool,
    writer: Arc<Mutex<WriterConnection>>,
    options: SqliteConnectOptions,
    _lock: Option<File>,
}

/// The one connection that writes.
struct WriterConnection {
    connection: SqliteConnection,
    /// A transaction may be open on it, or it may be broken.
    unclean: bool,
}

/// A transaction: nobody else writes while it lives.
pub(crate) struct SqliteTx(OwnedMutexGuard<WriterConnection>);

pub(super) async fn open(path: &Path, max_connections: u32) -> Result<Sqlite> {
    let lock = make_private(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .disable_statement_logging();
    let writing = options
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .statement_cache_capacity(WRITER_STATEMENTS)
        .thread_name(|_| "procura-writer".to_owned());
    let connection = writing.connect().await.map_err(|error| broken("open the database", error))?;
    let readers = SqlitePoolOptions::new()
        .max_connections(max_connections.max(1))
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .connect_lazy_with(options.pragma("query_only", "ON").thread_name(|_| "procura-reader".to_owned()));
    Ok(Sqlite {
        readers,
        writer: Arc::new(Mutex::new(WriterConnection { connection, unclean: false })),
        options: writing,
        _lock: Some(lock),
    })
}

/// Opens the file beside the process that writes to it. It takes no lock and may write nothing, not even through the
/// connection that is the writer's place.
pub(super) async fn open_to_read(path: &Path, max_connections: u32) -> Result<Sqlite> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(PATIENCE)
        .pragma("query_only", "ON")
        .disable_statement_logging();
    let connection = options.connect().await.map_err(|error| broken("open the database to read", error))?;
    let readers = SqlitePoolOptions::new()
        .max_connections(max_connections.max(1))
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .connect_lazy_with(options.clone());
    Ok(Sqlite {
        readers,
        writer: Arc::new(Mutex::new(WriterConnection { connection, unclean: false })),
        options,
        _lock: None,
    })
}

/// Makes the folder and the file for the owner alone (SQLite gives its side files the same mode), and takes
/// the lock that a second process would need. The kernel frees it with the process, however that ends.
fn make_private(path: &Path) -> Result<File> {
    const DOING: &str = "open the database file";
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).doing("make the data folder")?;
    }
    let private = |path: &Path| {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
    };
    private(path).doing(DOING)?;
    let mut lock_path = path.as_os_str().to_owned();
    lock_path.push(".lock");
    let lock = private(&PathBuf::from(lock_path)).doing(DOING)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Error::unavailable("lock the database", InUse)),
        Err(TryLockError::Error(error)) => Err(Error::fault("lock the database", error)),
    }
}

impl Sqlite {
    /// The writing connection, with no transaction open on it.
    async fn writer(&self) -> Result<OwnedMutexGuard<WriterConnection>> {
        let mut writer = timeout(PATIENCE, Arc::clone(&self.writer).lock_owned())
            .await
            .map_err(|late| Error::unavailable("wait for the database's writer", late))?;
        if writer.unclean {
            self.cleanse(&mut writer).await?;
        }
        Ok(writer)
    }

    async fn cleanse(&self, writer: &mut WriterConnection) -> Result<()> {
        let rolled_back = sqlx::query("ROLLBACK").execute(&mut writer.connection).await;
        if rolled_back.is_err() {
            // Either nothing was open (a commit whose caller went away), or the connection is broken: a new
            // one is right in both cases, and both are rare.
            writer.connection =
                self.options.connect().await.map_err(|error| broken("open the database again", error))?;
        }
        writer.unclean = false;
        Ok(())
    }

    pub(super) async fn begin(&self) -> Result<SqliteTx> {
        let mut writer = self.writer().await?;
        writer.unclean = true;
        sqlx::query("BEGIN IMMEDIATE")
            .execute(&mut writer.connection)
            .await
            .map_err(|error| broken("begin", error))?;
        Ok(SqliteTx(writer))
    }

    /// Runs one statement in a transaction of its own.
    pub(super) async fn write(&self, sql: &'static str, args: Vec<Value>) -> Result<sqlx::Result<Vec<Row>>> {
        let mut writer = self.writer().await?;
        let answer = rows(&mut writer.connection, sql, args).await;
        writer.unclean = answer.is_err();
        Ok(answer)
    }

    /// Commits rows of the record.
    pub(super) async fn record(&self, entries: &[Entry]) -> Result<(), Unwritten> {
        if entries.len() > many::MAX_ROWS {
            let mut tx = self.begin().await.map_err(Unwritten::Outage)?;
            insert_evidence(tx.connection(), entries).await?;
            return Ok(tx.commit().await?);
        }
        let mut writer = self.writer().await.map_err(Unwritten::Outage)?;
        let answer = insert_evidence(&mut writer.connection, entries).await;
        writer.unclean = answer.is_err();
        Ok(answer?)
    }

    pub(super) async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1")
            .execute(&self.readers)
            .await
            .map_err(|error| broken("ask the database for a sign of life", error))?;
        self.writer()
            .await?
            .connection
            .ping()
            .await
            .map_err(|error| broken("ask the database for a sign of life", error))
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
        // The last one out folds the WAL into the file; a transaction that is still open is rolled back.
        if let Ok(mut writer) = self.writer().await
            && let Err(error) =
                sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut writer.connection).await
        {
            tracing::warn!(%error, "could not fold the write-ahead log into the database");
        }
    }
}

impl SqliteTx {
    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.0.connection
    }

    pub(super) async fn commit(mut self) -> sqlx::Result<()> {
        sqlx::query("COMMIT").execute(&mut self.0.connection).await?;
        self.0.unclean = false;
        Ok(())
    }
}

/// Inserts rows of the record in as few statements as they need.
pub(super) async fn insert_evidence(
    connection: &mut SqliteConnection,
    entries: &[Entry],
) -> sqlx::Result<()> {
    for chunk in entries.chunks(many::MAX_ROWS) {
        let args = arguments(chunk.iter().flat_map(|entry| entry.values()).cloned())?;
        let sql = many::EVIDENCE.text(chunk.len(), Dialect::Sqlite);
        sqlx::query_with(sql, args).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Runs a statement to its end: only then is a statement outside of a transaction committed.
pub(super) async fn rows<'c>(
    on: impl Executor<'c, Database = sqlx::Sqlite>,
    sql: &'static str,
    args: Vec<Value>,
) -> sqlx::Result<Vec<Row>> {
    let args = arguments(args.into_iter())?;
    Ok(sqlx::query_with(sql, args).fetch_all(on).await?.into_iter().map(Row::Sqlite).collect())
}

fn arguments(values: impl Iterator<Item = Value>) -> sqlx::Result<SqliteArguments> {
    let mut args = SqliteArguments::default();
    args.reserve(values.size_hint().0, 0);
    for value in values {
        match value {
            Value::Text(text) => args.add(text),
            Value::Int(number) => args.add(number),
            Value::Bool(yes) => args.add(yes),
            Value::Bytes(bytes) => args.add(bytes),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(args)
}

/// BUSY, LOCKED, READONLY, IOERR, FULL and CANTOPEN, with their extended codes.
pub(super) fn is_outage(code: &str) -> bool {
    code.parse::<i32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 8 | 10 | 13 | 14))
}
