//! Brings the tables to the form that this version knows. The migrations are written once, in PostgreSQL's
//! words; for SQLite a few words are swapped. A migration widens first and narrows in a later version, so
//! that the previous binary keeps running beside this one.

use crate::db::{Db, Dialect};
use crate::statement::Statement;
use procura_model::Result;

/// One step.
struct Migration {
    version: i64,
    text: &'static str,
    /// The whole text for SQLite, where swapping words is not enough (`NNNN_name.sqlite.sql`).
    sqlite: Option<&'static str>,
}

const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, text: include_str!("../migrations/0001_house.sql"), sqlite: None },
    Migration { version: 2, text: include_str!("../migrations/0002_users.sql"), sqlite: None },
    Migration { version: 3, text: include_str!("../migrations/0003_budgets.sql"), sqlite: None },
    Migration { version: 4, text: include_str!("../migrations/0004_approvals.sql"), sqlite: None },
    Migration { version: 5, text: include_str!("../migrations/0005_receipts.sql"), sqlite: None },
    Migration { version: 6, text: include_str!("../migrations/0006_entities.sql"), sqlite: None },
    Migration { version: 7, text: include_str!("../migrations/0007_passports.sql"), sqlite: None },
    Migration { version: 8, text: include_str!("../migrations/0008_guardrails.sql"), sqlite: None },
    Migration { version: 9, text: include_str!("../migrations/0009_history.sql"), sqlite: None },
    Migration { version: 10, text: include_str!("../migrations/0010_results.sql"), sqlite: None },
    Migration { version: 11, text: include_str!("../migrations/0011_results_by_age.sql"), sqlite: None },
    Migration { version: 12, text: include_str!("../migrations/0012_redaction_rules.sql"), sqlite: None },
    Migration { version: 13, text: include_str!("../migrations/0013_screen_feedback.sql"), sqlite: None },
    Migration { version: 14, text: include_str!("../migrations/0014_rules.sql"), sqlite: None },
    Migration { version: 15, text: include_str!("../migrations/0015_oauth.sql"), sqlite: None },
    Migration { version: 17, text: include_str!("../migrations/0017_agent_registrations.sql"), sqlite: None },
];

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT NOT NULL PRIMARY KEY);";

const DONE: Statement =
    Statement { doing: "read which migrations are done", sql: "SELECT version FROM schema_migrations" };

const MARK: Statement = Statement {
    doing: "mark a migration as done",
    sql: "INSERT INTO schema_migrations (version) VALUES ($1)",
};

pub(crate) async fn run(db: &Db) -> Result<()> {
    let mut tx = db.begin_migration().await?;
    tx.script(&in_words_of(db.dialect(), TABLE)).await?;
    let done: Vec<i64> =
        tx.rows(&DONE, args![]).await?.iter().map(|row| row.int("version")).collect::<Result<_>>()?;
    for migration in MIGRATIONS.iter().filter(|migration| !done.contains(&migration.version)) {
        let text = match (db.dialect(), migration.sqlite) {
            (Dialect::Sqlite, Some(own)) => own.to_owned(),
            (dialect, _) => in_words_of(dialect, migration.text),
        };
        tx.script(&text).await?;
        tx.rows(&MARK, args![migration.version]).await?;
        tracing::info!(version = migration.version, "migrated the database");
    }
    tx.commit().await
}

/// The text in the words of the database.
fn in_words_of(dialect: Dialect, text: &str) -> String {
    if dialect == Dialect::Postgres {
        return text.to_owned();
    }
    text.lines().map(|line| in_sqlite_words(line) + "\n").collect()
}

fn in_sqlite_words(line: &str) -> String {
    let line = line
        .replace("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT")
        .replace("BYTEA", "BLOB")
        .replace("BIGINT", "INTEGER")
        .replace("BOOLEAN", "INTEGER");
    match line.as_str() {
        ");" => ") STRICT;".to_owned(),
        "); -- rows in key order" => ") STRICT, WITHOUT ROWID;".to_owned(),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_sqlite_is_strict_and_has_none_of_the_other_words() {
        for migration in MIGRATIONS.iter().filter(|migration| migration.sqlite.is_none()) {
            let text = in_words_of(Dialect::Sqlite, migration.text);
            let tables = text.matches("CREATE TABLE").count();
            assert_eq!(text.matches(") STRICT").count(), tables, "a table does not end in a line `);`");
            let body: String = text.lines().filter(|line| !line.starts_with("--")).collect();
            for word in ["BYTEA", "BIGINT", "BOOLEAN", "IDENTITY"] {
                assert!(!body.contains(word), "{word} is left");
            }
        }
    }

    #[test]
    fn versions_count_up() {
        assert!(MIGRATIONS.iter().is_sorted_by(|one, next| one.version < next.version));
    }
}
