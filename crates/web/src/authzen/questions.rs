//! Evaluation and search.

use super::form::REQUEST_ID;
use crate::{body::Body, extract::Caller, respond::Failure, state::WebState};
use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use procura_app::authzen::{self, Batch, Found, Incoming, Question, SearchAsk, Sought};
use procura_model::Json as Value;
use serde::Serialize;

/// The answers to several questions.
#[derive(Serialize)]
struct Evaluations<T> {
    evaluations: T,
}

fn incoming(headers: &HeaderMap) -> Incoming<'_> {
    Incoming { request_id: headers.get(&REQUEST_ID).and_then(|value| value.to_str().ok()) }
}

/// One question.
pub(super) async fn evaluation(
    State(web): State<WebState>,
    caller: Caller,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Result<Response, Failure> {
    let question = Question::read(&body)?;
    let answer = authzen::evaluate(&web.app, &caller.ctx, incoming(&headers), &question).await?;
    Ok(Json(answer).into_response())
}

/// Many questions; a request that holds none is one itself.
pub(super) async fn evaluations(
    State(web): State<WebState>,
    caller: Caller,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Result<Response, Failure> {
    let Some(batch) = Batch::read(&body)? else {
        let question = Question::read(&body)?;
        let answer = authzen::evaluate(&web.app, &caller.ctx, incoming(&headers), &question).await?;
        return Ok(Json(answer).into_response());
    };
    let evaluations = authzen::evaluate_all(&web.app, &caller.ctx, incoming(&headers), batch).await?;
    Ok(Json(Evaluations { evaluations }).into_response())
}

/// Which subjects may do it.
pub(super) async fn search_subject(
    State(web): State<WebState>,
    caller: Caller,
    Body(body): Body<Value>,
) -> Result<Json<Found>, Failure> {
    search(&web, &caller, Sought::Subjects, &body).await
}

/// With which resources it may be done.
pub(super) async fn search_resource(
    State(web): State<WebState>,
    caller: Caller,
    Body(body): Body<Value>,
) -> Result<Json<Found>, Failure> {
    search(&web, &caller, Sought::Resources, &body).await
}

/// What may be done.
pub(super) async fn search_action(
    State(web): State<WebState>,
    caller: Caller,
    Body(body): Body<Value>,
) -> Result<Json<Found>, Failure> {
    search(&web, &caller, Sought::Actions, &body).await
}

async fn search(
    web: &WebState,
    caller: &Caller,
    sought: Sought,
    body: &Value,
) -> Result<Json<Found>, Failure> {
    let ask = SearchAsk::read(sought, body)?;
    Ok(Json(authzen::search(&web.app, &caller.ctx, &ask).await?))
}
