//! The page of an error: what it is, what to do, and the request's id. Somebody who is not signed in
//! is sent to the sign-in, and comes back to where they wanted to be.

use super::{
    desk::{frame_of_error, local, page, redirect},
    view::{
        entry::FailedPage,
        words::{Id, shown_fix},
    },
};
use crate::{exchange::Exchange, respond};
use axum::{http::HeaderMap, response::Response};
use procura_model::{Error, Reason};

/// The page that an error becomes.
#[must_use]
pub fn failed(error: &Error, exchange: &Exchange) -> Response {
    let answer = if error.reason() == Reason::SignInRequired {
        redirect(&sign_in(exchange))
    } else {
        page(&view(error, exchange))
    };
    match answer {
        Ok(mut response) => {
            if error.reason() != Reason::SignInRequired {
                *response.status_mut() = respond::status(error.reason());
            }
            response
        }
        Err(_) => respond::render(error, exchange.request, HeaderMap::new()),
    }
}

/// The sign-in; after it, the page that was wanted, if nothing but ids of ours is in its path. A form that was sent is
/// not sent again.
fn sign_in(exchange: &Exchange) -> String {
    let next = local(&exchange.origin.path);
    if exchange.origin.method != "GET" || next == "/" || next.contains('{') {
        return "/sign-in".to_owned();
    }
    let path = "/sign-in?".to_owned();
    let length = path.len();
    let mut query = form_urlencoded::Serializer::for_suffix(path, length);
    query.append_pair("next", next);
    query.finish()
}

fn view<'e>(error: &'e Error, exchange: &Exchange) -> FailedPage<'e> {
    let reason = error.reason();
    let is_path = reason == Reason::PathUnknown;
    let heading = match reason.http() {
        404 if is_path => "There is no such page",
        401 => "Sign in first",
        403 => "You may not do this",
        404 => "Not found",
        409 => "Not possible now",
        410 => "This link no longer works",
        429 => "Too many requests",
        400..=499 => "This cannot be done",
        _ => "Something broke on our side",
    };
    let (way_on, way_on_word) = match reason {
        Reason::LinkInvalid | Reason::SetupDone => ("/sign-in", "Sign in"),
        _ => ("/", "Go to the start"),
    };
    FailedPage {
        frame: frame_of_error(heading),
        code: reason.code(),
        heading,
        sentence: error.sentence(),
        fix: shown_fix(error),
        status: reason.http(),
        request: Id::of(exchange.request),
        way_on,
        way_on_word,
    }
}
