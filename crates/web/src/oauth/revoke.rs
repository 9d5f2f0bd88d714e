//! Revocation: `POST /oauth/revoke` (RFC 7009).

use super::{ask::Ask, token::needed, told::Told};
use crate::state::WebState;
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use procura_app::oauth::revoke;

/// The path, which an assertion may name as its audience.
pub(super) const PATH: &str = "/oauth/revoke";

/// Ends a token. `token_type_hint` is not needed: the token says what it is (section 2.1 lets us ignore it).
pub(super) async fn revoke(State(web): State<WebState>, mut ask: Ask) -> Result<Response, Told> {
    ask.parameters.demand_single()?;
    let presented = ask.presented(PATH)?;
    let token = needed(&ask.parameters, "token")?;
    revoke::revoke(&web.app, &ask.ctx, presented, token).await?;
    let kept = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::OK, kept).into_response())
}
