//! The mounts of the MCP gateway: all servers at `/v1/mcp` and `/v1/mcp/`, one server at
//! `/v1/mcp/{server}`; every method, never a redirect (decisions 4). Here it is found out who calls
//! and how often; everything else is the gateway's.

use crate::{
    body,
    exchange::Exchange,
    extract,
    oauth::{self, Challenge},
    respond::{self, Failure},
    state::WebState,
};
use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse as _, Response},
    routing::any,
};
use procura_app::limits::Limit;
use procura_gateway::http;
use procura_model::{Reason, Scope, server::is_server_name};

/// The mounts.
pub fn router() -> Router<WebState> {
    Router::new().route("/v1/mcp", any(all)).route("/v1/mcp/", any(all)).route("/v1/mcp/{server}", any(one))
}

/// The scope without which nothing can be used here.
const SCOPE: &str = Scope::Tools.as_str();

async fn all(State(web): State<WebState>, request: Request) -> Response {
    pass(&web, None, request).await
}

async fn one(State(web): State<WebState>, Path(server): Path<String>, request: Request) -> Response {
    pass(&web, Some(&server), request).await
}

/// Answers, and says to whom it refuses where a token is to be had (RFC 9728 section 5.1): the metadata of the very
/// form of the address that was asked (decision 4).
async fn pass(web: &WebState, server: Option<&str>, request: Request) -> Response {
    let base = &web.app.settings.public_url;
    let metadata =
        format!("{base}/.well-known/oauth-protected-resource{}", mount(server, request.uri().path()));
    let scheme = oauth::access_token(request.headers()).ok().flatten().map(|shown| shown.scheme);
    let challenge = Challenge { metadata, scope: SCOPE, scheme: scheme.unwrap_or_default() };
    let mut response = match answer(web, server, request).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(),
    };
    response.extensions_mut().insert(challenge);
    response
}

/// The address as the metadata has it. What stands in the place of a server and is no server's name may be anything, also
/// somebody's token in the wrong place (USR-5): it is not said again.
fn mount(server: Option<&str>, path: &str) -> String {
    match server {
        None => path.to_owned(),
        Some(name) if is_server_name(name) => format!("/v1/mcp/{name}"),
        Some(_) => "/v1/mcp".to_owned(),
    }
}

async fn answer(web: &WebState, server: Option<&str>, request: Request) -> Result<Response, Failure> {
    let (parts, unread) = request.into_parts();
    let exchange = Exchange::of(&parts)?;
    let identified = match oauth::access_token(&parts.headers)? {
        Some(shown) => oauth::token_holder(web, &exchange, (&parts, server), shown).await?,
        None => extract::key_holder(web, &exchange, &parts.headers).await?,
    };
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
