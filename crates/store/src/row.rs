//! Reads a row's columns into the types of the model. A value that cannot be read is a fault: the row was
//! written by something else than this house, and guessing would decide wrongly.

use procura_model::{Digest, Doing, Error, Result, Time};
use sqlx::{Decode, Row as _, Type, postgres::PgRow, sqlite::SqliteRow};
use std::str::FromStr;

/// What is being done while a column is read.
const READING: &str = "read a column";

/// One row of either database.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    fn column<T>(&self, name: &str) -> Result<Option<T>>
    where
        T: for<'r> Decode<'r, sqlx::Sqlite> + Type<sqlx::Sqlite>,
        T: for<'r> Decode<'r, sqlx::Postgres> + Type<sqlx::Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(name).doing(READING),
            Self::Postgres(row) => row.try_get(name).doing(READING),
        }
    }

    pub(crate) fn maybe_text(&self, name: &str) -> Result<Option<String>> {
        self.column(name)
    }

    pub(crate) fn text(&self, name: &'static str) -> Result<String> {
        self.maybe_text(name)?.ok_or_else(|| missing(name))
    }

    pub(crate) fn maybe_int(&self, name: &str) -> Result<Option<i64>> {
        self.column(name)
    }

    pub(crate) fn int(&self, name: &'static str) -> Result<i64> {
        self.maybe_int(name)?.ok_or_else(|| missing(name))
    }

    pub(crate) fn bool(&self, name: &'static str) -> Result<bool> {
        match self {
            // SQLite has no booleans of its own; its tables say INTEGER.
            Self::Sqlite(_) => Ok(self.int(name)? != 0),
            Self::Postgres(row) => row.try_get(name).doing(READING),
        }
    }

    pub(crate) fn maybe_bytes(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.column(name)
    }

    pub(crate) fn bytes(&self, name: &'static str) -> Result<Vec<u8>> {
        self.maybe_bytes(name)?.ok_or_else(|| missing(name))
    }

    pub(crate) fn digest(&self, name: &'static str) -> Result<Digest> {
        let bytes: [u8; 32] = self.bytes(name)?.try_into().map_err(|_| wrong(name))?;
        Ok(Digest::from_bytes(bytes))
    }

    pub(crate) fn maybe_time(&self, name: &str) -> Result<Option<Time>> {
        Ok(self.maybe_int(name)?.map(Time::from_ms))
    }

    pub(crate) fn time(&self, name: &'static str) -> Result<Time> {
        self.int(name).map(Time::from_ms)
    }

    /// An id, a role, a state: whatever is stored as the word that it parses from.
    pub(crate) fn parse<T: FromStr>(&self, name: &'static str) -> Result<T> {
        self.text(name)?.parse().map_err(|_| wrong(name))
    }

    pub(crate) fn maybe_parse<T: FromStr>(&self, name: &'static str) -> Result<Option<T>> {
        self.maybe_text(name)?.map(|text| text.parse().map_err(|_| wrong(name))).transpose()
    }

    /// A JSON document.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, name: &'static str) -> Result<T> {
        serde_json::from_str(&self.text(name)?).map_err(|_| wrong(name))
    }
}

fn missing(column: &'static str) -> Error {
    Error::fault(READING, format!("{column} is null"))
}

/// Names the column and never the value, which may be secret.
pub(crate) fn wrong(column: &'static str) -> Error {
    Error::fault(READING, format!("{column} has a value that cannot be read"))
}
