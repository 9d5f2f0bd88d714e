//! Find by id: every id that has a page leads to it.

use super::{
    desk::{Answer, Desk, redirect, wrong},
    view::{entry::SearchPage, facts::page_of, frame::Section},
};
use crate::extract::Query;
use procura_model::Reason;
use serde::Deserialize;

/// What was typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    id: String,
}

/// Jumps to the page of the thing.
pub(super) async fn search(desk: Desk, Query(wanted): Query<Wanted>) -> Answer {
    let id = wanted.id.trim();
    match page_of(id) {
        Some(path) => redirect(&path),
        None if id.is_empty() => redirect("/activity"),
        None => wrong(
            Reason::NotFound.http(),
            &SearchPage {
                frame: desk.frame("Nothing found", Section::None).await?,
                said: "This is no id that has a page; pages have ids that start with agt_, req_, ses_, usr_, apr_, srv_ or per_.",
            },
        ),
    }
}
