//! Lists page by cursor: a page says where the next one starts, and never counts.

use serde::Serialize;

/// How many rows one page holds when nobody says.
pub const DEFAULT_LIMIT: i64 = 50;
/// How many rows one page holds at the most.
pub const MAX_LIMIT: i64 = 200;

/// What part of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageAsk {
    /// The id after which to start (newest first); none for the first page.
    pub after: Option<String>,
    /// How many rows, 1 to [`MAX_LIMIT`].
    pub limit: i64,
}

impl Default for PageAsk {
    fn default() -> Self {
        Self { after: None, limit: DEFAULT_LIMIT }
    }
}

impl PageAsk {
    /// A page ask within the bounds.
    #[must_use]
    pub fn new(after: Option<String>, limit: Option<i64>) -> Self {
        Self { after, limit: limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT) }
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The cursor of the next page, where there is one.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of up to `limit + 1` rows: the extra one only proves that there is more.
    #[must_use]
    pub fn of(mut rows: Vec<T>, ask: &PageAsk, cursor: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(ask.limit).unwrap_or(1);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = if more { rows.last().map(cursor) } else { None };
        Self { items: rows, next_cursor }
    }
}
