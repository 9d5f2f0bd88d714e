//! What all operations of the API have in common: lists, the errors that each can answer, empty
//! answers, and the page that a list is asked for.

use crate::{
    idempotency::ShowsSecret,
    respond::{ErrorBody, Failure},
};
use axum::{
    Extension, Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use procura_model::{Page, PageAsk, Reason, page::MAX_LIMIT};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{
    IntoParams, IntoResponses, ToSchema,
    openapi::{ContentBuilder, Ref, RefOr, Response as Documented, ResponseBuilder},
};

/// What a handler returns.
pub type Reply<T> = Result<T, Failure>;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct List<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Send it as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
}

impl<T> List<T> {
    /// A page of views of these rows.
    pub fn page<R>(page: Page<R>, view: impl Fn(R) -> T) -> Json<Self> {
        Json(Self { items: page.items.into_iter().map(view).collect(), next_cursor: page.next_cursor })
    }

    /// A list that always fits on one page.
    pub fn whole<R>(rows: Vec<R>, view: impl Fn(R) -> T) -> Json<Self> {
        Json(Self { items: rows.into_iter().map(view).collect(), next_cursor: None })
    }
}

/// Which part of a list is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The `nextCursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<String>,
    /// How many rows; 50 when absent.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
}

impl PageQuery {
    /// The page that is asked for.
    ///
    /// # Errors
    /// `FIELD_INVALID` when the limit is out of bounds.
    pub fn ask(self) -> Reply<PageAsk> {
        page_ask(self.cursor, self.limit)
    }
}

/// The page after `cursor` with at most `limit` rows.
///
/// # Errors
/// `FIELD_INVALID` when the limit is out of bounds.
pub fn page_ask(cursor: Option<String>, limit: Option<i64>) -> Reply<PageAsk> {
    if limit.is_some_and(|limit| !(1..=MAX_LIMIT).contains(&limit)) {
        return Err(Failure(
            Reason::FieldInvalid.because(format!("limit must be between 1 and {MAX_LIMIT}.")),
        ));
    }
    Ok(PageAsk::new(cursor, limit))
}

/// Something new: 201.
#[derive(Debug)]
pub struct Created<T>(pub T);

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Json(self.0)).into_response()
    }
}

/// Something new that shows a secret this once: 201.
#[derive(Debug)]
pub struct CreatedSecret<T>(pub T);

impl<T: Serialize> IntoResponse for CreatedSecret<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Extension(ShowsSecret), Json(self.0)).into_response()
    }
}

/// Done, and there is nothing to say: 204.
#[derive(Clone, Copy, Debug)]
pub struct Done;

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// The errors that every operation which only reads can answer.
#[derive(Clone, Copy, Debug)]
pub struct Reading;

/// The errors that every operation which changes something can answer.
#[derive(Clone, Copy, Debug)]
pub struct Writing;

const READING: &[(&str, &str)] = &[
    ("401", "No credential, or one that is malformed, unknown, revoked or expired; see `WWW-Authenticate`."),
    ("403", "The credential lacks the scope, or may not do this; see `code`."),
    ("404", "There is no such thing in this organization."),
    ("422", "A parameter or field is missing, unknown, or has a value that cannot be used."),
    ("429", "Too many requests; see `Retry-After` and `RateLimit`."),
    ("500", "Something broke on our side; `requestId` names it."),
    ("503", "A part that must answer cannot, or the record cannot be written: nothing was done."),
];

const WRITING: &[(&str, &str)] = &[
    ("400", "The body is not one JSON document in UTF-8 without duplicate keys, at most 64 levels deep."),
    ("408", "The body did not arrive in time."),
    ("409", "The state of things does not allow this, or a name is taken."),
    ("413", "The body is too large."),
    ("415", "The body is not sent as `application/json`."),
];

fn documented(rows: &[&[(&str, &str)]]) -> BTreeMap<String, RefOr<Documented>> {
    let content = || {
        let schema = Ref::from_schema_name(<ErrorBody<'_> as ToSchema>::name());
        ContentBuilder::new().schema(Some(schema)).build()
    };
    let one = |(status, text): &(&str, &str)| {
        let response = ResponseBuilder::new().description(*text).content("application/json", content());
        ((*status).to_owned(), RefOr::T(response.build()))
    };
    rows.iter().flat_map(|rows| rows.iter()).map(one).collect()
}

impl IntoResponses for Reading {
    fn responses() -> BTreeMap<String, RefOr<Documented>> {
        documented(&[READING])
    }
}

impl IntoResponses for Writing {
    fn responses() -> BTreeMap<String, RefOr<Documented>> {
        documented(&[READING, WRITING])
    }
}
