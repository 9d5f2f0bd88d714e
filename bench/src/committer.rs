//! The bare durable insert: many requests, one transaction, one flush; each is answered after its row is on disk.
//!
//! One task alone owns the connection, takes what waits (at most 256 rows), writes it in statements of up to 64 rows, and only
//! then answers. If one statement holds the batch it is its own transaction, which saves two hops to the database's thread.

use std::path::Path;

use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous,
};
use sqlx::{Arguments, ConnectOptions, Connection};
use tokio::sync::{mpsc, oneshot};

use crate::Outcome;

const BATCH: usize = 256;
const ROWS: usize = 64;
const COLUMNS: usize = 12;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS decisions (
    request_id TEXT NOT NULL, tenant_id TEXT NOT NULL, created_at INTEGER NOT NULL, agent_id TEXT NOT NULL,
    action TEXT NOT NULL, resource TEXT NOT NULL, vendor TEXT NOT NULL, decision TEXT NOT NULL,
    reason TEXT NOT NULL, risk TEXT NOT NULL, facts TEXT NOT NULL, digest BLOB NOT NULL
) STRICT";

/// One decision to be remembered.
pub(crate) struct Row {
    pub(crate) request_id: String,
    pub(crate) created_at: i64,
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) vendor: String,
    /// 400 bytes of JSON.
    pub(crate) facts: String,
    pub(crate) digest: Vec<u8>,
}

struct Job {
    row: Row,
    done: oneshot::Sender<()>,
}

/// The way to the task that commits.
#[derive(Clone)]
pub(crate) struct Committer {
    jobs: mpsc::Sender<Job>,
}

impl Committer {
    /// Opens the file and starts the task.
    pub(crate) async fn open(file: &Path) -> Outcome<Self> {
        let failed = |error: sqlx::Error| format!("{}: {error}", file.display());
        let mut connection = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .statement_cache_capacity(ROWS + 16)
            .connect()
            .await
            .map_err(failed)?;
        sqlx::query(TABLE).execute(&mut connection).await.map_err(failed)?;
        let (jobs, waiting) = mpsc::channel(4 * BATCH);
        tokio::spawn(commit_all(connection, waiting, texts()));
        Ok(Self { jobs })
    }

    /// Returns when the row is durable; false if it never will be.
    pub(crate) async fn commit(&self, row: Row) -> bool {
        let (done, is_done) = oneshot::channel();
        self.jobs.send(Job { row, done }).await.is_ok() && is_done.await.is_ok()
    }
}

/// A batch that cannot be written drops its callers' answers, which they see as a failure.
async fn commit_all(
    mut connection: SqliteConnection,
    mut waiting: mpsc::Receiver<Job>,
    texts: Vec<&'static str>,
) {
    let mut jobs = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut jobs, BATCH).await > 0 {
        let (rows, done): (Vec<Row>, Vec<oneshot::Sender<()>>) =
            jobs.drain(..).map(|job| (job.row, job.done)).unzip();
        match write(&mut connection, rows, &texts).await {
            Ok(()) => done.into_iter().for_each(|done| {
                let _ = done.send(());
            }),
            Err(error) => eprintln!("a batch was lost: {error}"),
        }
    }
}

async fn write(
    connection: &mut SqliteConnection,
    rows: Vec<Row>,
    texts: &[&'static str],
) -> Result<(), sqlx::Error> {
    if rows.len() <= ROWS {
        return insert(connection, rows, texts).await;
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let part = rows.by_ref().take(ROWS).collect();
        insert(&mut transaction, part, texts).await?;
    }
    transaction.commit().await
}

async fn insert(
    connection: &mut SqliteConnection,
    rows: Vec<Row>,
    texts: &[&'static str],
) -> Result<(), sqlx::Error> {
    let Some(text) = texts.get(rows.len() - 1) else {
        return Err(sqlx::Error::Protocol("too many rows for one statement".to_owned()));
    };
    let mut arguments = SqliteArguments::default();
    for row in rows {
        bind(&mut arguments, row).map_err(sqlx::Error::Encode)?;
    }
    sqlx::query_with(*text, arguments).execute(connection).await.map(drop)
}

/// By value: a borrowed text would be copied once more.
fn bind(arguments: &mut SqliteArguments, row: Row) -> Result<(), sqlx::error::BoxDynError> {
    arguments.add(row.request_id)?;
    arguments.add("org_01JD0000000000000000000000".to_owned())?;
    arguments.add(row.created_at)?;
    arguments.add("agt_01JD0000000000000000000000".to_owned())?;
    arguments.add(row.action)?;
    arguments.add(row.resource)?;
    arguments.add(row.vendor)?;
    arguments.add("allow".to_owned())?;
    arguments.add("PERMITTED".to_owned())?;
    arguments.add("low".to_owned())?;
    arguments.add(row.facts)?;
    arguments.add(row.digest)
}

/// One statement for each number of rows, made once; the driver wants them to live as long as the program.
fn texts() -> Vec<&'static str> {
    (1..=ROWS)
        .map(|rows| {
            let row = format!("({})", ["?"; COLUMNS].join(", "));
            let text = format!("INSERT INTO decisions VALUES {}", vec![row; rows].join(", "));
            &*Box::leak(text.into_boxed_str())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: i64) -> Row {
        Row {
            request_id: format!("req_{number}"),
            created_at: number,
            action: "a".to_owned(),
            resource: "r".to_owned(),
            vendor: "v".to_owned(),
            facts: "{}".to_owned(),
            digest: vec![7; 32],
        }
    }

    #[tokio::test]
    async fn what_was_answered_is_in_the_file() {
        let file = std::env::temp_dir().join(format!("procura-bench-committer-{}.db", std::process::id()));
        let committer = Committer::open(&file).await.unwrap();
        let tasks: Vec<_> = (0..600)
            .map(|number| {
                let committer = committer.clone();
                tokio::spawn(async move { committer.commit(row(number)).await })
            })
            .collect();
        for task in tasks {
            assert!(task.await.unwrap());
        }
        let mut reader = SqliteConnectOptions::new().filename(&file).connect().await.unwrap();
        let (rows, distinct): (i64, i64) =
            sqlx::query_as("SELECT COUNT(*), COUNT(DISTINCT request_id) FROM decisions")
                .fetch_one(&mut reader)
                .await
                .unwrap();
        assert_eq!((rows, distinct), (600, 600));
        drop(committer);
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", file.display()));
        }
    }
}
