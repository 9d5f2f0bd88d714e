//! The shop's assistant behind its one endpoint (docs/WIDGET.md): a token opens a conversation, a conversation goes on as
//! long as its session lives, and an answer under way stops when the session ends.
//!
//! A language model would stand where [`reply`] stands. It is told by Procura who the customer is, and what it asks for is
//! decided there as well, so it can be talked into nothing.

use super::{
    Shop,
    procura::{Said, Session},
};
use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use http_body_util::{
    BodyExt as _,
    channel::{Channel, Sender},
};
use hyper::body::Incoming;
use procura_crypto::{TokenKind, token};
use procura_model::Result;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How fast it speaks.
const BETWEEN_WORDS: Duration = Duration::from_millis(60);
/// How many conversations it remembers; beyond that it forgets all and asks for tokens anew.
const MAX_CONVERSATIONS: usize = 1_000;

/// The sessions of the conversations that go on, by the conversation's name.
#[derive(Default)]
pub(super) struct Conversations(Mutex<HashMap<String, Session>>);

impl Conversations {
    fn find(&self, name: &str) -> Option<Session> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn keep(&self, name: String, session: Session) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_CONVERSATIONS {
            kept.clear();
        }
        kept.insert(name, session);
    }
}

/// What the widget sends.
#[derive(Deserialize)]
pub(super) struct Message {
    message: String,
    conversation: Option<String>,
}

type Spoken = Sender<Bytes, std::convert::Infallible>;

/// Says to the browser that the widget's frame may call.
pub(super) async fn preflight(State(shop): State<Arc<Shop>>) -> Response {
    let allowed = [(header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type, x-user-auth-token")];
    (StatusCode::NO_CONTENT, for_the_frame(&shop), allowed).into_response()
}

fn for_the_frame(shop: &Shop) -> [(HeaderName, HeaderValue); 1] {
    // An address that is no header allows nobody.
    let origin = HeaderValue::try_from(shop.procura.url()).unwrap_or(HeaderValue::from_static("null"));
    [(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin)]
}

/// Answers one message.
pub(super) async fn answer(
    State(shop): State<Arc<Shop>>,
    headers: HeaderMap,
    Json(message): Json<Message>,
) -> Response {
    let cors = for_the_frame(&shop);
    match begin(&shop, &headers, &message).await {
        Ok(Said::Yes(body)) => {
            (cors, [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")], body)
                .into_response()
        }
        Ok(Said::No { status, code }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            (status, cors, Json(json!({ "code": code }))).into_response()
        }
        Err(error) => {
            tracing::warn!(%error, "the demo's assistant could not ask Procura");
            (StatusCode::BAD_GATEWAY, cors).into_response()
        }
    }
}

/// Finds the session, hears from Procura who the customer is, and begins to speak.
async fn begin(shop: &Arc<Shop>, headers: &HeaderMap, message: &Message) -> Result<Said<Body>> {
    let token = headers.get("x-user-auth-token").and_then(|value| value.to_str().ok());
    let (name, session) = match (token, &message.conversation) {
        (Some(token), _) => match shop.procura.open(token).await? {
            Said::Yes(session) => {
                (token::mint(TokenKind::Session, &shop.app.entropy).secret.show().to_owned(), session)
            }
            Said::No { status, code } => return Ok(Said::No { status, code }),
        },
        (None, Some(name)) => match shop.conversations.find(name) {
            Some(session) => (name.clone(), session),
            None => return Ok(unknown()),
        },
        (None, None) => return Ok(unknown()),
    };
    let facts = match shop.procura.facts(&session).await? {
        Said::Yes(facts) => facts,
        Said::No { status, code } => return Ok(Said::No { status, code }),
    };
    shop.conversations.keep(name.clone(), session.clone());
    let (spoken, body) = Channel::new(8);
    let (shop, asked) = (Arc::clone(shop), message.message.to_lowercase());
    let job = Arc::clone(&shop);
    job.app.jobs.spawn(async move {
        if let Err(error) = speak(&shop, (&name, &session), (&facts, &asked), spoken).await {
            tracing::warn!(%error, "the demo's assistant broke off");
        }
    });
    Ok(Said::Yes(Body::new(body)))
}

/// A conversation that this process does not know: the widget brings a token.
fn unknown() -> Said<Body> {
    Said::No { status: 401, code: "SESSION_INVALID".to_owned() }
}

/// Speaks until everything is said, the session ends, or nobody listens any more.
async fn speak(
    shop: &Shop,
    (name, session): (&str, &Session),
    (facts, asked): (&str, &str),
    mut spoken: Spoken,
) -> Result<()> {
    let mut events = shop.procura.events(session).await?;
    let mut heard = say(&mut spoken, "conversation", &json!({ "conversation": name })).await;
    let reply = reply(shop, session, facts, asked).await?;
    for word in reply.split_inclusive(' ') {
        if !heard {
            return Ok(());
        }
        tokio::select! {
            ended = ended(&mut events) => {
                if let Some(bytes) = ended {
                    // As Procura said it: the widget knows the form.
                    let _ = spoken.send_data(bytes).await;
                }
                return Ok(());
            }
            _pace = tokio::time::timeout(BETWEEN_WORDS, std::future::pending::<()>()) => {}
        }
        heard = say(&mut spoken, "text", &json!({ "text": word })).await;
    }
    if heard {
        say(&mut spoken, "done", &json!({})).await;
    }
    Ok(())
}

/// One event; whether somebody still listens.
async fn say(spoken: &mut Spoken, event: &str, data: &Value) -> bool {
    spoken.send_data(Bytes::from(format!("event: {event}\ndata: {data}\n\n"))).await.is_ok()
}

/// Waits until Procura says that the session ended, or falls silent; what it said.
async fn ended(events: &mut Incoming) -> Option<Bytes> {
    loop {
        let frame = events.frame().await?.ok()?;
        match frame.into_data() {
            Ok(bytes) if bytes.starts_with(b"event: ended") => return Some(bytes),
            Ok(_) | Err(_) => {}
        }
    }
}

/// What the assistant says. Whose orders it looks up it takes from the message if that names somebody, as a model would;
/// the permission lets it see nobody's but the customer's own.
async fn reply(shop: &Shop, session: &Session, facts: &str, asked: &str) -> Result<String> {
    if asked.contains("story") {
        return Ok("Once there was a chair that nobody had ordered. ".repeat(80));
    }
    let named = ["ada", "grace"].into_iter().find(|name| asked.contains(name));
    let own = ["ada", "grace"].into_iter().find(|name| facts.contains(&format!("\"{name}\"")));
    let Some(customer) = named.or(own) else {
        return Ok("I do not know who you are.".to_owned());
    };
    shop.procura.call(session, "shop__find_orders", &json!({ "customer": customer })).await
}
