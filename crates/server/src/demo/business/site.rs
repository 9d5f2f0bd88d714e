//! The shop's page and what the page asks its own server for. A real shop takes the customer from its own sign-in; here
//! the page says who it is, so that a visitor can try two.

use super::{Shop, assistant, procura::Said};
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use procura_crypto::signed_token;
use procura_model::{Json as Exact, time::SECOND_MS};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

const PAGE: &str = include_str!("page.html");
const CSS: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// For how long a customer's token can be shown to Procura.
const TOKEN_SECONDS: i64 = 120;

/// The customers of this shop: an id and an address.
const CUSTOMERS: [(&str, &str); 2] = [("ada", "ada@chairs.example"), ("grace", "grace@chairs.example")];

pub(super) fn router(shop: Arc<Shop>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/page.css", get(async || file(CSS, "text/css; charset=utf-8")))
        .route("/page.js", get(async || file(SCRIPT, "text/javascript; charset=utf-8")))
        .route("/user-token", post(token))
        .route("/sign-out", post(sign_out))
        .route("/assistant", post(assistant::answer).options(assistant::preflight))
        .with_state(shop)
}

fn file(content: &'static str, kind: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], content).into_response()
}

/// The page, under a policy that allows it Procura's script and frame and otherwise only its own files.
async fn page(State(shop): State<Arc<Shop>>) -> Response {
    let procura = shop.procura.url();
    let html = PAGE.replace("{procura}", procura).replace("{agent}", &shop.agent.to_string());
    let policy = format!(
        "default-src 'none'; script-src 'self' {procura}; frame-src {procura}; style-src 'self'; \
         connect-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
    );
    let Ok(policy) = HeaderValue::try_from(policy) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
    ];
    (headers, html).into_response()
}

#[derive(Deserialize)]
struct Who {
    customer: String,
}

/// The token of the customer who is signed in, as seed 003 has it.
async fn token(State(shop): State<Arc<Shop>>, Json(who): Json<Who>) -> Response {
    let Some((id, email)) = CUSTOMERS.iter().find(|(id, _)| *id == who.customer) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let now = shop.app.now().ms_since(procura_model::Time::from_ms(0)) / SECOND_MS;
    let payload = json!({
        "userId": id, "email": email, "role": "customer", "iat": now, "exp": now + TOKEN_SECONDS,
    });
    let Ok(payload) = Exact::parse(&payload.to_string()) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let token = signed_token::sign(&shop.secret, &payload);
    ([(header::CACHE_CONTROL, "no-store")], token.show().to_owned()).into_response()
}

/// Ends everything that agents may do for the customer.
async fn sign_out(State(shop): State<Arc<Shop>>, Json(who): Json<Who>) -> Response {
    match shop.procura.revoke(shop.agent, &who.customer).await {
        Ok(Said::Yes(answer)) => Json(answer).into_response(),
        Ok(Said::No { .. }) | Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}
