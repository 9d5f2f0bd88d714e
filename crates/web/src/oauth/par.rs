//! Pushed authorization requests (RFC 9126): `POST /oauth/par`.

use super::{ask::Ask, token, told::Told};
use crate::state::WebState;
use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use procura_app::oauth::{clients, dpop::ShownProof, pushed};
use procura_model::Secret;
use serde::Serialize;

/// The path, which an assertion may name as its audience.
pub(super) const PATH: &str = "/oauth/par";

/// RFC 9126 section 2.2.
#[derive(Serialize)]
struct Taken {
    request_uri: String,
    expires_in: i64,
}

/// Takes a request.
pub(super) async fn push(State(web): State<WebState>, ask: Ask) -> Response {
    let has_proof = !ask.proofs.is_empty();
    let mut response = match taken(&web, ask).await {
        Ok(response) => response,
        Err(told) => told.into_response(),
    };
    // RFC 9449 section 8, where a nonce is demanded: the right one must come with the refusal.
    if has_proof {
        token::offer_nonce(&web, &mut response);
    }
    response
}

async fn taken(web: &WebState, mut ask: Ask) -> Result<Response, Told> {
    // Section 2: the client authenticates as at the token endpoint.
    let proof = proof(&ask);
    let presented = ask.presented(PATH)?;
    let client = clients::authenticate(&web.app, &ask.ctx, presented).await?;
    let there = ask.ctx_of(web, &client);
    let ctx = there.as_ref().unwrap_or(&ask.ctx);
    let pushed =
        pushed::push(&web.app, ctx, (*client).clone(), &ask.parameters, &proof).await.map_err(Told::of)?;
    let taken = Taken { request_uri: pushed.request_uri, expires_in: pushed.expires_in };
    let kept = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::CREATED, kept, Json(taken)).into_response())
}

/// RFC 9449 section 10.1. What is no text is no proof either.
fn proof(ask: &Ask) -> ShownProof<'static> {
    let proofs = ask.proofs.iter().map(|proof| Secret::new(proof.clone())).collect();
    ShownProof { proofs, method: "POST", path: PATH }
}
