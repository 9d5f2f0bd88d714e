//! Fresh stores for tests: a SQLite file in a temporary folder, or, with `TEST_DATABASE=postgres`, a schema of
//! its own on the server that `TEST_POSTGRES_URL` names. Everything panics: a test without its database has
//! nothing to say.

use crate::{Store, StoreSettings};
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
