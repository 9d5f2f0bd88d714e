//! What the operator's machines ask: whether the process lives, whether it can answer, its
//! counters, and what it offers. None of these is recorded.

use crate::{exchange::Exchange, extract, openapi, respond::Failure, state::WebState};
use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
    routing::get,
};
use procura_app::revocations;
use procura_model::Scope;
use serde::Serialize;
use std::sync::LazyLock;

/// The form in which Prometheus reads counters.
const PROMETHEUS: [(HeaderName, HeaderValue); 1] =
    [(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"))];

static DOCUMENT: LazyLock<String> = LazyLock::new(openapi::document);

/// The routes on the public address.
pub fn router() -> Router<WebState> {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(document))
        .route("/llms.txt", get(llms))
}

/// The metrics without a key.
pub fn open_metrics() -> Router<WebState> {
    Router::new()
        .route("/metrics", get(async |State(web): State<WebState>| (PROMETHEUS, web.app.metrics.render())))
}

/// How well the process is.
#[derive(Debug, Serialize)]
struct Health {
    status: &'static str,
}

/// The process lives; it says nothing about what it needs.
async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The process can answer: the database does, and revocations are known.
async fn readyz(State(web): State<WebState>) -> Result<Json<Health>, Failure> {
    web.app.store.ping().await?;
    revocations::demand_fresh(&web.app)?;
    Ok(Json(Health { status: "ready" }))
}

/// The counters, for a platform key with `read:metrics` (decisions 9).
async fn metrics(State(web): State<WebState>, request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    let exchange = Exchange::of(&parts)?;
    let identified = extract::key_holder(&web, &exchange, &parts.headers).await?;
    identified.actor.require(Scope::ReadMetrics)?;
    Ok((PROMETHEUS, web.app.metrics.render()).into_response())
}

async fn document() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}

/// What a language model that looks at this host should know (llmstxt.org).
async fn llms(State(web): State<WebState>) -> String {
    let url = &web.app.settings.public_url;
    format!(
        "# Procura\n\n\
         > Decides, carries out and records what AI agents do. Ask before you act; a call that is not allowed \
         answers with a code, what is missing and what to do next.\n\n\
         - MCP endpoint (Streamable HTTP): {url}/v1/mcp\n\
         - Ask for a decision: POST {url}/v1/verify\n\
         - [OpenAPI 3.1 document]({url}/openapi.json)\n\n\
         Send your key as `Authorization: Bearer <key>`. Whose key it is: GET {url}/v1/whoami. \
         A call that needs approval answers at once with a link for a person; send the same call again afterwards.\n"
    )
}
