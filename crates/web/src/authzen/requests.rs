//! Asking a person, and what became of it.

use crate::{
    body::Body,
    extract::{Caller, Id},
    operation::Created,
    respond::Failure,
    state::WebState,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use procura_app::authzen::{self, AccessAsk, Task};
use procura_model::{ApprovalId, Json as Value};
use serde::Serialize;

/// A task, as the profile wraps it.
#[derive(Serialize)]
pub(super) struct Wrapped {
    task: Task,
}

/// Asks a person.
pub(super) async fn request(
    State(web): State<WebState>,
    caller: Caller,
    Body(body): Body<Value>,
) -> Result<Response, Failure> {
    let asked = AccessAsk::read(&body)?;
    let task = authzen::request(&web.app, &caller.ctx, &asked).await?;
    let location = HeaderValue::try_from(task.status_endpoint.as_str()).ok();
    let mut response = Created(Wrapped { task }).into_response();
    if let Some(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// What became of it.
pub(super) async fn task(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ApprovalId>,
) -> Result<Json<Wrapped>, Failure> {
    Ok(Json(Wrapped { task: authzen::task(&web.app, &caller.ctx, id).await? }))
}
