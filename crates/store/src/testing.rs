//! Fresh stores for tests: a SQLite file in a temporary folder, or, with `TEST_DATABASE=postgres`, a schema of
//! its own on the server that `TEST_POSTGRES_URL` names. Everything panics: a test without its database has
//! nothing to say.

use crate::{Store, StoreSettings, db::Db, row::Row, statement::Statement};
use procura_model::Entropy;
use std::path::{Path, PathBuf};

/// A fresh, migrated store of the kind that `TEST_DATABASE` asks for.
///
/// # Panics
/// When it cannot be made.
pub async fn fresh() -> Store {
    match variable("TEST_DATABASE").as_deref() {
        Some("postgres") => fresh_postgres().await,
        _ => fresh_sqlite().await,
    }
}

/// A fresh, migrated SQLite store; its folder goes when the store goes.
///
/// # Panics
/// When it cannot be made.
#[expect(clippy::expect_used, reason = "a test without its database has nothing to say")]
pub async fn fresh_sqlite() -> Store {
    let folder = Folder::new();
    let settings = StoreSettings {
        url: format!("sqlite:{}", folder.path().join("procura.db").display()),
        schema: None,
        max_connections: 4,
    };
    let store =
        Store::open_keeping(&settings, Some(Box::new(folder))).await.expect("open a fresh SQLite store");
    store.migrate().await.expect("migrate a fresh SQLite store");
    store
}

/// A fresh, migrated schema of the PostgreSQL server that `TEST_POSTGRES_URL` names.
///
/// # Panics
/// When it cannot be made.
#[expect(clippy::expect_used, reason = "a test without its database has nothing to say")]
pub async fn fresh_postgres() -> Store {
    let store = Store::open(&postgres_settings()).await.expect("open a fresh PostgreSQL schema");
    store.migrate().await.expect("migrate a fresh PostgreSQL schema");
    store
}

/// The settings of a schema that does not exist yet; opening them makes it.
///
/// # Panics
/// When `TEST_POSTGRES_URL` is not set.
#[must_use]
#[expect(clippy::expect_used, reason = "a test without its database has nothing to say")]
pub fn postgres_settings() -> StoreSettings {
    let url = variable("TEST_POSTGRES_URL").expect("TEST_POSTGRES_URL names a PostgreSQL server for tests");
    StoreSettings { url, schema: Some(unique("test_")), max_connections: 4 }
}

/// The URL by which another process opens the same schema of the PostgreSQL server for tests.
///
/// # Panics
/// When it cannot be told.
#[expect(clippy::expect_used, reason = "a test without its database has nothing to say")]
pub async fn url_of(store: &Store) -> String {
    let url = variable("TEST_POSTGRES_URL").expect("TEST_POSTGRES_URL names a PostgreSQL server for tests");
    let found = rows(store.db(), "SELECT current_schema()::text AS schema".to_owned()).await;
    let schema = found.first().expect("a schema").text("schema").expect("a schema");
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}options=-c%20search_path%3D{schema}")
}

/// Every value of every table, by table and column, as the database keeps it: texts and bytes as they are, numbers by
/// their digits. For tests that look for what must not be there.
///
/// # Panics
/// When it cannot be read.
#[expect(clippy::expect_used, reason = "a test without its database has nothing to say")]
pub async fn every_value(store: &Store) -> Vec<(String, Vec<u8>)> {
    let db = store.db();
    let columns = match db {
        Db::Sqlite(_) => {
            "SELECT m.name AS place, c.name AS field, c.type AS kind
               FROM sqlite_schema AS m, pragma_table_info(m.name) AS c
              WHERE m.type = 'table'"
        }
        Db::Postgres(_) => {
            "SELECT table_name::text AS place, column_name::text AS field, data_type::text AS kind
               FROM information_schema.columns
              WHERE table_schema = current_schema()"
        }
    };
    let mut all = Vec::new();
    for column in rows(db, columns.to_owned()).await {
        let [place, field, kind] =
            ["place", "field", "kind"].map(|name| column.text(name).expect("a column of the catalogue"));
        let value = match (db, kind.as_str()) {
            (Db::Sqlite(_), _) => format!("CAST(\"{field}\" AS BLOB)"),
            (Db::Postgres(_), "bytea") => format!("\"{field}\""),
            (Db::Postgres(_), _) => format!("convert_to(\"{field}\"::text, 'UTF8')"),
        };
        let sql = format!("SELECT {value} AS value FROM \"{place}\" WHERE \"{field}\" IS NOT NULL");
        for row in rows(db, sql).await {
            all.push((format!("{place}.{field}"), row.bytes("value").expect("a value")));
        }
    }
    all
}

/// Runs statements of the test's own, as an operator could who breaks something.
///
/// # Panics
/// When they cannot be run.
#[expect(clippy::expect_used, reason = "a test without its database has nothing to say")]
pub async fn run(store: &Store, sql: &str) {
    let mut tx = store.db().begin().await.expect("begin");
    tx.script(sql).await.expect("run a test's own statements");
    tx.commit().await.expect("commit");
}

/// Makes much history out of little, for measuring what reads it: every recorded decision is copied `32 * 32` times,
/// under request ids that differ in two letters of their chance, so each copy stands at the same time as its original.
/// A thousand real decisions become a million rows in one statement; the facts are those that were really written.
///
/// # Panics
/// When the rows cannot be written.
pub async fn multiply_history(store: &Store) {
    const LETTERS: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const COLUMNS: &str =
        "position, at, actor, method, path, ip, user_agent, kind, agent_id, user_ref, target, action,
         resource, verdict, reason, risk, status, duration_us, approval_id, facts";
    let letters: Vec<String> = LETTERS.chars().map(|letter| format!("('{letter}')")).collect();
    let sql = format!(
        "INSERT INTO evidence (tenant_id, request_id, {COLUMNS})
         WITH letters (letter) AS (VALUES {})
         SELECT tenant_id,
                SUBSTR(request_id, 1, 14) || a.letter || b.letter || SUBSTR(request_id, 17),
                {COLUMNS}
           FROM evidence
          CROSS JOIN letters AS a
          CROSS JOIN letters AS b
          WHERE kind = 'decision'
             ON CONFLICT DO NOTHING",
        letters.join(", ")
    );
    run(store, &sql).await;
    if let Db::Postgres(_) = store.db() {
        // As its own upkeep would after so many rows: without statistics every page is sorted anew.
        run(store, "ANALYZE evidence").await;
    }
}

/// The rows that a text made by a test gives; it lives as long as the test.
#[expect(clippy::expect_used, reason = "a test without its database has nothing to say")]
async fn rows(db: &Db, sql: String) -> Vec<Row> {
    let statement = Statement { doing: "run a test's own statement", sql: sql.leak() };
    db.read(&statement, Vec::new()).await.expect("run a test's own statement")
}

/// Whether a PostgreSQL server for tests is there.
#[must_use]
pub fn has_postgres() -> bool {
    variable("TEST_POSTGRES_URL").is_some()
}

/// A temporary folder that goes with this value.
pub struct Folder(PathBuf);

impl Folder {
    /// A new folder.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test without its folder has nothing to say")]
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(unique("procura_test_"));
        std::fs::create_dir(&path).expect("make a temporary folder");
        Self(path)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's own cleaning.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn unique(prefix: &str) -> String {
    format!("{prefix}{:032x}", Entropy::system().u128())
}

#[expect(clippy::disallowed_methods, reason = "tests are told by the environment which database to use")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
