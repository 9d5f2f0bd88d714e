//! The page in the frame. It carries what the frame's script must know (who may be its parent, where messages go) and
//! nothing of anybody.

use super::{assets::FILES, framing::Framing};
use crate::{edge::Framed, exchange::Exchange, respond::Failure, state::WebState};
use askama::Template;
use axum::{
    Extension,
    extract::{Path, State},
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse, Response},
};
use procura_app::{limits::Limit, users};
use procura_model::{AgentId, Doing, Reason};
use std::sync::Arc;

#[derive(Template)]
#[template(path = "widget.html")]
struct Page<'p> {
    css: &'p str,
    script: &'p str,
    origins: String,
    endpoint: &'p str,
}

/// The frame of an agent's widget. An agent without one is as unknown as one that is none.
pub(super) async fn frame(
    State(web): State<WebState>,
    Extension(exchange): Extension<Arc<Exchange>>,
    Path(agent): Path<String>,
) -> Result<Response, Failure> {
    exchange.count(&web, Limit::Global, &exchange.address_key())?;
    let agent: AgentId = agent.parse().map_err(|_| Reason::NotFound)?;
    let settings = users::widget(&web.app, agent).await?;
    let framing = settings
        .and_then(|settings| Framing::of(&settings.allowed_origins, &settings.endpoint))
        .ok_or(Reason::NotFound)?;
    let page = Page {
        css: &FILES.css,
        script: &FILES.script,
        origins: framing.origins.join(" "),
        endpoint: &framing.endpoint,
    };
    let html = page.render().doing("render the widget's frame")?;
    let policy = HeaderValue::try_from(framing.policy()).doing("write the widget's policy")?;
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        // A page that isolates itself from other origins (COEP) may still show the frame.
        (HeaderName::from_static("cross-origin-embedder-policy"), HeaderValue::from_static("require-corp")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
    ];
    Ok((headers, Extension(Framed), Html(html)).into_response())
}
