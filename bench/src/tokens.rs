//! The bare programs beside which tokens are measured: check the client's secret by its digest, make a token, answer. A
//! signed one stores nothing; an opaque one, and a refresh, are answered after their row is on disk; introspection looks
//! a digest up in a map.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::extract::{Form, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use parking_lot::RwLock;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::Ed25519KeyPair;
use serde::Deserialize;
use serde_json::json;

use crate::Outcome;
use crate::committer::{Committer, Row};

const HEADER: &str = r#"{"alg":"EdDSA","kid":"0123456789012345678901234567890123456789012","typ":"at+jwt"}"#;
const CLIENT: &str = "bench:a-secret-of-the-bench-that-is-long-enough";

struct Giver {
    committer: Committer,
    key: Ed25519KeyPair,
    chance: SystemRandom,
    secret: Vec<u8>,
    known: RwLock<HashMap<Vec<u8>, String>>,
}

pub(crate) async fn router(file: &Path) -> Outcome<Router> {
    let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).map_err(|error| error.to_string())?;
    let giver = Giver {
        committer: Committer::open(file).await?,
        key,
        chance: SystemRandom::new(),
        secret: digest(&SHA256, CLIENT.as_bytes()).as_ref().to_vec(),
        known: RwLock::default(),
    };
    let routes = Router::new().route("/token", post(token)).route("/introspect", post(introspect));
    Ok(routes.with_state(Arc::new(giver)))
}

#[derive(Deserialize)]
struct Ask {
    grant_type: String,
    resource: Option<String>,
}

async fn token(State(giver): State<Arc<Giver>>, headers: HeaderMap, Form(ask): Form<Ask>) -> Response {
    if !giver.knows(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let is_signed = ask.resource.as_deref().is_some_and(|resource| resource.ends_with("/jwt"));
    let token = if is_signed { giver.signed() } else { giver.opaque() };
    let Some(token) = token else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    if !is_signed {
        let of = digest(&SHA256, token.as_bytes()).as_ref().to_vec();
        if !giver.committer.commit(row(&ask.grant_type, of.clone())).await {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        let mut known = giver.known.write();
        // The ceiling forgets where a server would prune.
        if known.len() > 100_000 {
            known.clear();
        }
        known.insert(of, content("opaque"));
    }
    let next = (ask.grant_type == "refresh_token").then_some("bare");
    let answer = json!({"access_token": token, "token_type": "Bearer", "expires_in": 600, "scope": "read",
        "refresh_token": next});
    ([(CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

#[derive(Deserialize)]
struct Shown {
    token: String,
}

async fn introspect(
    State(giver): State<Arc<Giver>>,
    headers: HeaderMap,
    Form(shown): Form<Shown>,
) -> Response {
    if !giver.knows(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let of = digest(&SHA256, shown.token.as_bytes());
    let known = giver.known.read().get(of.as_ref()).cloned();
    let answer = known.unwrap_or_else(|| r#"{"active":false}"#.to_owned());
    ([(CACHE_CONTROL, "no-store"), (axum::http::header::CONTENT_TYPE, "application/json")], answer)
        .into_response()
}

impl Giver {
    fn knows(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let shown =
            shown.and_then(|value| value.strip_prefix("Basic ")).and_then(|text| STANDARD.decode(text).ok());
        shown.is_some_and(|shown| digest(&SHA256, &shown).as_ref() == self.secret)
    }

    fn signed(&self) -> Option<String> {
        let mut token = URL_SAFE_NO_PAD.encode(HEADER);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(content(&self.opaque()?), &mut token);
        let signature = self.key.sign(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut token);
        Some(token)
    }

    fn opaque(&self) -> Option<String> {
        let mut bytes = [0; 32];
        self.chance.fill(&mut bytes).ok()?;
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// Claims of the size of the real ones.
fn content(id: &str) -> String {
    json!({
        "active": true, "iss": "http://127.0.0.1:8700", "sub": "cli_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
        "aud": "https://api.bench.example/jwt", "exp": 1_800_000_600, "iat": 1_800_000_000, "jti": id,
        "client_id": "cli_01JD9Z3V5M8Q6T2W4X7Y9A1B3C", "scope": "read", "sid": "ses_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
        "org": "org_01JD9Z3V5M8Q6T2W4X7Y9A1B3C", "act": {"sub": "agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C"},
    })
    .to_string()
}

fn row(grant: &str, digest: Vec<u8>) -> Row {
    static NEXT: AtomicI64 = AtomicI64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Row {
        request_id: format!("req_{number:026}"),
        created_at: number,
        action: grant.to_owned(),
        resource: "https://api.bench.example/opaque".to_owned(),
        vendor: "bench".to_owned(),
        facts: content("row"),
        digest,
    }
}
