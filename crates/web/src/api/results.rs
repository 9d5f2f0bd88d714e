//! Tools' results that were cut (RED-2), for agents that do not read it by the tool `procura__read_more`.

use crate::{
    extract::{Caller, Id, Query},
    operation::{Reading, Reply},
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::results::{self, Page};
use procura_model::{ResultId, Time};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(read))
}

/// Which page is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WantedPage {
    /// The number that the remark of the cut result or `nextPage` of the page before names; the beginning of the result
    /// when absent.
    #[param(nullable = false, minimum = 0)]
    page: Option<usize>,
}

/// A page of a tool's result that was cut.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ResultPage, example = json!({
    "resultId": "out_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "page": 0,
    "nextPage": 51188,
    "sizeBytes": 81234,
    "expiresAt": "2026-11-22T09:15:00.000Z",
    "text": "<<<untrusted-content ...>>>",
}))]
pub(crate) struct PageView {
    /// The handle.
    #[schema(value_type = String)]
    result_id: ResultId,
    /// Which page this is.
    page: usize,
    /// Send it as `page` to get the next page; null on the last one.
    next_page: Option<usize>,
    /// How large all that is kept of the result is, in bytes.
    size_bytes: usize,
    /// Until when it can be read.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
    /// The result from there on, screened and redacted, as a JSON document between boundary markers.
    text: String,
}

fn view(id: ResultId, page: usize, read: Page) -> PageView {
    PageView {
        result_id: id,
        page,
        next_page: read.next,
        size_bytes: read.size_bytes,
        expires_at: read.expires_at,
        text: read.text,
    }
}

/// Read on in a result that was cut
///
/// For the agent that got the result, in the session in which it got it, until the handle expires; for everybody
/// else there is no such result. Each page is recorded as a call.
#[utoipa::path(
    get, path = "/v1/results/{resultId}", operation_id = "readResult", tag = "Tools",
    params(("resultId" = String, Path, description = "The handle that the remark of the cut result names."), WantedPage),
    responses((status = 200, description = "The page.", body = PageView), Reading),
    security(("bearer" = ["tools"]), ("apiKey" = ["tools"])),
)]
pub(crate) async fn read(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ResultId>,
    Query(wanted): Query<WantedPage>,
) -> Reply<Json<PageView>> {
    let page = wanted.page.unwrap_or(0);
    Ok(Json(view(id, page, results::read(&web.app, &caller.ctx, id, page).await?)))
}
