//! Devices without a browser ask here (RFC 8628 section 3.1): `POST /oauth/device`. What their person sees is in
//! `console::device`.

use super::{ask::Ask, told::Told};
use crate::state::WebState;
use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use procura_app::oauth::{clients, device};
use procura_model::ShownOnce;
use serde::Serialize;

/// The path, which an assertion may name as its audience.
pub(super) const PATH: &str = "/oauth/device";

/// RFC 8628 section 3.2. There is no `verification_uri_complete`: a link that holds the code is what people are tricked
/// with (section 5.4).
#[derive(Serialize)]
struct Begun {
    device_code: ShownOnce,
    user_code: String,
    verification_uri: String,
    expires_in: i64,
    interval: i64,
}

/// Takes a device's question.
pub(super) async fn begin(State(web): State<WebState>, mut ask: Ask) -> Result<Response, Told> {
    let presented = ask.presented(PATH)?;
    let client = clients::authenticate(&web.app, &ask.ctx, presented).await?;
    let there = ask.ctx_of(&web, &client);
    let ctx = there.as_ref().unwrap_or(&ask.ctx);
    let begun = device::begin(&web.app, ctx, &client, &ask.parameters).await?;
    let told = Begun {
        device_code: begun.device_code,
        user_code: begun.user_code,
        verification_uri: begun.verification_uri,
        expires_in: begun.expires_in,
        interval: begun.interval,
    };
    let kept = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((kept, Json(told)).into_response())
}
