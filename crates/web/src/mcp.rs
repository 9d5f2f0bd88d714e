//! The mounts of the MCP gateway: all servers at `/v1/mcp` and `/v1/mcp/`, one server at
//! `/v1/mcp/{server}`; every method, never a redirect (decisions 4). Here it is found out who calls
//! and how often; everything else is the gateway's.

use crate::{
    body,
    exchange::Exchange,
    extract,
    respond::{self, Failure},
    state::WebState,
};
use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    response::Response,
    routing::any,
};
use procura_app::limits::Limit;
use procura_gateway::http;
use procura_model::{Reason, Scope};

/// The mounts.
pub fn router() -> Router<WebState> {
    Router::new().route("/v1/mcp", any(all)).route("/v1/mcp/", any(all)).route("/v1/mcp/{server}", any(one))
}

async fn all(State(web): State<WebState>, request: Request) -> Result<Response, Failure> {
    pass(&web, None, request).await
}

async fn one(
    State(web): State<WebState>,
    Path(server): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    pass(&web, Some(&server), request).await
}

async fn pass(web: &WebState, server: Option<&str>, request: Request) -> Result<Response, Failure> {
    let (parts, unread) = request.into_parts();
    let exchange = Exchange::of(&parts)?;
    let identified = extract::key_holder(web, &exchange, &parts.headers).await?;
    exchange.count(web, Limit::Mcp, &identified.actor.id())?;
    let bytes = body::read(unread, web.app.settings.max_body_bytes).await?;
    let request = axum::http::Request::from_parts(parts, bytes);
    let response = http::serve(&web.gateway, server, request, identified, exchange.origin.clone()).await;
    let mut response = response.map(Body::new);
    if let Some(reason) = response.extensions().get::<Reason>().copied() {
        web.app.metrics.refused(reason);
        let refusal = if reason == Reason::ScopeMissing {
            let scope = response.extensions().get::<Scope>().copied().unwrap_or(Scope::Tools);
            reason.because(format!("The credential lacks the scope {}.", scope.as_str()))
        } else {
            reason.into()
        };
        response.headers_mut().extend(respond::advice(&refusal));
    }
    Ok(response)
}
