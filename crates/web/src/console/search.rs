//! Find by id: every id that has a page leads to it.

use super::{
    desk::{Answer, Desk, redirect, wrong},
    view::{entry::SearchPage, facts::page_of, frame::Section},
};
use crate::extract::Query;
use procura_app::{budgets, keys};
use procura_model::{CredentialId, KeyHolder, Reason, ReservationId, Result};
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
    match place_of(&desk, id).await? {
        Some(path) => redirect(&path),
        None if id.is_empty() => redirect("/activity"),
        None => wrong(
            Reason::NotFound.http(),
            &SearchPage {
                frame: desk.frame("Nothing found", Section::None).await?,
                said: "This is no id that has a page; pages have ids that start with agt_, req_, ses_, usr_, apr_, srv_, per_, bud_, grd_, rsv_ or key_.",
            },
        ),
    }
}

/// Where a thing is shown: on its own page, a reservation with the decision that made it, a key with whose it is.
async fn place_of(desk: &Desk, id: &str) -> Result<Option<String>> {
    let place = if let Ok(id) = id.parse::<ReservationId>() {
        budgets::reservation(desk.app(), desk.ctx(), id)
            .await
            .map(|reservation| page_of(&reservation.request.to_string()))
    } else if let Ok(id) = id.parse::<CredentialId>() {
        keys::get(desk.app(), desk.ctx(), id).await.map(|key| match key.holder {
            KeyHolder::Agent(agent) => page_of(&agent.to_string()),
            KeyHolder::Platform => Some("/settings".to_owned()),
        })
    } else {
        Ok(page_of(id))
    };
    match place {
        Err(error) if error.reason() == Reason::NotFound => Ok(None),
        place => place,
    }
}
