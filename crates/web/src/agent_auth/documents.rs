//! What a stranger reads: the metadata of an API and its `auth.md`, from what is set at this very moment.

use super::{block::Block, guide, sent};
use crate::{oauth, respond::Failure, state::WebState};
use axum::{
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use procura_app::agent_auth::Place;

/// How long a document may be kept: what is ended must not be advertised for long.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=60");
const MARKDOWN: HeaderValue = HeaderValue::from_static("text/markdown; charset=utf-8");

/// The `auth.md` of the API at the root.
pub(super) async fn guide_at_root(State(web): State<WebState>) -> Result<Response, Failure> {
    written(&web, &sent::place(&web, None).await?)
}

/// The `auth.md` of any API.
pub(super) async fn guide(
    State(web): State<WebState>,
    Path(resource): Path<String>,
) -> Result<Response, Failure> {
    written(&web, &sent::place(&web, Some(resource)).await?)
}

fn written(web: &WebState, place: &Place) -> Result<Response, Failure> {
    let block = Block::of(&web.app.settings, place, place.takes_email(&web.app));
    let text = guide::write(&web.app.settings, place, &block);
    Ok(([(header::CACHE_CONTROL, KEPT), (header::CONTENT_TYPE, MARKDOWN)], text).into_response())
}

/// The metadata of any API (RFC 9728), for the challenges of its own host.
pub(super) async fn metadata(
    State(web): State<WebState>,
    Path(resource): Path<String>,
) -> Result<Response, Failure> {
    Ok(oauth::resource_metadata(&web, &sent::place(&web, Some(resource)).await?))
}
