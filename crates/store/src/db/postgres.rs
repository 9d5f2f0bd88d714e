//! PostgreSQL: a pool, READ COMMITTED, and one connection more that belongs to the queue of decision records
//! (decisions.md 21). That connection is opened when it is first needed and opened again when it breaks.

use super::{Dialect, PATIENCE, Unwritten, broken};
use crate::{many, record::Entry, row::Row, store::StoreSettings, value::Value};
use procura_model::{Error, Result};
use sqlx::{
    Arguments as _, ConnectOptions as _, Connection as _, Executor, PgConnection, PgPool, Transaction,
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions},
};
use tokio::time::timeout;

/// One text for every count of rows of the statements over many, and the statements of the nouns.
const STATEMENTS: usize = many::MAX_ROWS * 4 + 128;

/// The database server.
pub(crate) struct Postgres {
    pub(super) pool: PgPool,
    options: PgConnectOptions,
}

pub(super) async fn open(settings: &StoreSettings) -> Result<Postgres> {
    const DOING: &str = "open the database";
    let mut options: PgConnectOptions = settings.url.parse().map_err(|error| broken(DOING, error))?;
    if options.get_application_name().is_none() {
        options = options.application_name("procura");
    }
    options = options.statement_cache_capacity(STATEMENTS).disable_statement_logging();
    if let Some(schema) = &settings.schema {
        make_schema(&options, schema).await?;
        options = options.options([("search_path", schema)]);
    }
    let pool = PgPoolOptions::new()
        .max_connections(settings.max_connections.max(1))
        .acquire_timeout(PATIENCE)
        .connect_with(options.clone())
        .await
        .map_err(|error| broken(DOING, error))?;
    Ok(Postgres { pool, options })
}

async fn make_schema(options: &PgConnectOptions, schema: &str) -> Result<()> {
    const DOING: &str = "make the schema";
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if schema.is_empty() || !schema.bytes().all(plain) {
        return Err(Error::fault(DOING, "a schema's name is of lower-case letters, digits and _"));
    }
    let mut connection = options.connect().await.map_err(|error| broken(DOING, error))?;
    let text = sqlx::AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {schema}"));
    sqlx::raw_sql(text).execute(&mut connection).await.map_err(|error| broken(DOING, error))?;
    connection.close().await.map_err(|error| broken(DOING, error))
}

impl Postgres {
    pub(super) async fn begin(&self) -> Result<Transaction<'static, sqlx::Postgres>> {
        self.pool.begin().await.map_err(|error| broken("begin", error))
    }

    pub(super) async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1")
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(|error| broken("ask the database for a sign of life", error))
    }

    /// Commits rows of the record on the queue's own connection. A broken connection is replaced and the rows
    /// are offered once more: had they been committed before the line broke, their key refuses them, and the
    /// caller is told that the record is not sure, which is the safe answer.
    pub(super) async fn record(
        &self,
        own: &mut Option<PgConnection>,
        entries: &[Entry],
    ) -> Result<(), Unwritten> {
        match self.record_on(own, entries).await {
            Err(error) if super::is_outage(&error) => {
                tracing::warn!(%error, "the record's connection broke; opening another");
                Ok(self.record_on(own, entries).await?)
            }
            answer => Ok(answer?),
        }
    }

    /// Once, within the time that a caller waits anyway: a server that hangs must not hold the queue.
    async fn record_on(&self, own: &mut Option<PgConnection>, entries: &[Entry]) -> sqlx::Result<()> {
        // Taken out, so that a connection on which anything went wrong is not used again.
        let connection = own.take();
        let connection = timeout(PATIENCE, self.insert_on(connection, entries))
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)??;
        *own = Some(connection);
        Ok(())
    }

    async fn insert_on(
        &self,
        connection: Option<PgConnection>,
        entries: &[Entry],
    ) -> sqlx::Result<PgConnection> {
        let mut connection = match connection {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        if entries.len() > many::MAX_ROWS {
            let mut tx = connection.begin().await?;
            insert_evidence(&mut tx, entries).await?;
            tx.commit().await?;
        } else {
            insert_evidence(&mut connection, entries).await?;
        }
        Ok(connection)
    }
}

/// Inserts rows of the record in as few statements as they need.
pub(super) async fn insert_evidence(connection: &mut PgConnection, entries: &[Entry]) -> sqlx::Result<()> {
    for chunk in entries.chunks(many::MAX_ROWS) {
        let args = arguments(chunk.iter().flat_map(|entry| entry.values()).cloned())?;
        let sql = many::EVIDENCE.text(chunk.len(), Dialect::Postgres);
        sqlx::query_with(sql, args).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Runs a statement until the server is ready for the next: only then is it committed.
pub(super) async fn rows<'c>(
    on: impl Executor<'c, Database = sqlx::Postgres>,
    sql: &'static str,
    args: Vec<Value>,
) -> sqlx::Result<Vec<Row>> {
    let args = arguments(args.into_iter())?;
    Ok(sqlx::query_with(sql, args).fetch_all(on).await?.into_iter().map(Row::Postgres).collect())
}

fn arguments(values: impl Iterator<Item = Value>) -> sqlx::Result<PgArguments> {
    let mut args = PgArguments::default();
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

/// Connection exceptions, lack of resources, operator intervention (a shutdown), system errors.
pub(super) fn is_outage(code: &str) -> bool {
    code.len() == 5 && ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class))
}
