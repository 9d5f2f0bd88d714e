//! Introspection: `POST /oauth/introspect` (RFC 7662). A resource shows that it is itself as a client does, or the
//! organization's server by its platform key.

use super::{ask::Ask, token::needed, told::Told};
use crate::{exchange::Exchange, extract, state::WebState};
use axum::{
    Json,
    extract::{FromRequest as _, Request, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use procura_app::oauth::introspect::{self, Asking};
use procura_model::{Actor, Reason};

/// The path, which an assertion may name as its audience.
pub(super) const PATH: &str = "/oauth/introspect";

/// Says what a token is, to whom it concerns.
pub(super) async fn introspect(State(web): State<WebState>, request: Request) -> Result<Response, Told> {
    let (mut parts, body) = request.into_parts();
    let asking = if has_key(&parts.headers) {
        let exchange = Exchange::of(&parts)?;
        let identified = extract::key_holder(&web, &exchange, &parts.headers).await;
        // RFC 7662 section 2.3: a key that does not hold is answered 401 as a client is; what else came in the way stays
        // what it is.
        let identified = identified.map_err(|failure| match failure.0.reason() {
            reason if reason.http() == 401 || reason.http() == 403 => Told::from(Reason::OauthClientInvalid),
            _ => Told::from(failure),
        })?;
        let ctx = exchange.enter(&web, identified);
        if !matches!(ctx.actor, Actor::Platform { .. }) {
            return Err(Reason::OauthClientInvalid.into());
        }
        parts.headers.remove(header::AUTHORIZATION);
        Some(Asking::Key(ctx.tenant, ctx.actor.clone()))
    } else {
        None
    };
    let mut ask = Ask::from_request(Request::from_parts(parts, body), &web).await?;
    ask.parameters.demand_single()?;
    let asking = match asking {
        Some(key) => key,
        None => Asking::Client(ask.presented(PATH)?),
    };
    let token = needed(&ask.parameters, "token")?;
    let told = introspect::introspect(&web.app, &ask.ctx, asking, token).await?;
    let kept = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((kept, Json(told)).into_response())
}

/// Whether a key of ours stands where clients have theirs.
fn has_key(headers: &HeaderMap) -> bool {
    let is_bearer = |value: &HeaderValue| {
        value
            .to_str()
            .is_ok_and(|text| text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer ")))
    };
    headers.contains_key("x-api-key") || headers.get_all(header::AUTHORIZATION).iter().any(is_bearer)
}
