//! One request and its answer, within one deadline.
//!
//! What is decided here: what counts as an answer. A redirect, another content type, a body that is too long, broken off or
//! no JSON is none. What may be sent again is sent again, on a broken connection or a 503, and after a 429 as long as its
//! Retry-After says (who was refused for being early has changed nothing), and never after the deadline.

use crate::{Error, Unavailable};
use serde::de::DeserializeOwned;
use std::time::{Duration, Instant};
use ureq::{
    Agent,
    http::{Request, header},
    tls::{Certificate, RootCerts, TlsConfig},
};

/// The longest answer, in bytes.
const LONGEST_ANSWER: u64 = 1024 * 1024;
/// What an answer is called, and a key set.
const JSON: [&str; 2] = ["application/json", "application/jwk-set+json"];
/// How often a request is sent at most.
const TRIES: u32 = 3;
/// How long is waited before the second try; twice as long before the third.
const PAUSE: Duration = Duration::from_millis(150);

/// A point in time after which nothing is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    began: Instant,
    lasts: Duration,
}

impl Deadline {
    pub(crate) fn after(lasts: Duration) -> Self {
        Self { began: Instant::now(), lasts }
    }

    /// What is left of it; an error where nothing is.
    pub(crate) fn left(self) -> Result<Duration, Unavailable> {
        let left = self.lasts.checked_sub(self.began.elapsed());
        left.filter(|left| !left.is_zero()).ok_or(Unavailable::Timeout)
    }
}

/// What is sent.
#[derive(Debug)]
pub(crate) struct Sent<'s> {
    pub(crate) url: String,
    /// The key and the body; without them it is read.
    pub(crate) post: Option<Post<'s>>,
}

#[derive(Debug)]
pub(crate) struct Post<'s> {
    pub(crate) authorization: &'s str,
    pub(crate) idempotency_key: String,
    pub(crate) body: String,
}

/// A client that follows nothing, asks no proxy and keeps the status. It trusts one authority, or those of the web.
pub(crate) fn agent(root: Option<&[u8]>) -> Result<Agent, Error> {
    let wrong = |_| Error::Setting("the root certificate is not PEM");
    let root = root.map(Certificate::from_pem).transpose().map_err(wrong)?;
    let roots = root.map_or(RootCerts::WebPki, |root| RootCerts::new_with_certs(&[root]));
    let config = Agent::config_builder()
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent(concat!("procura-sdk-rust/", env!("CARGO_PKG_VERSION")))
        .build();
    Ok(Agent::new_with_config(config))
}

/// The JSON of an answer with status 200.
pub(crate) fn send<T: DeserializeOwned>(
    agent: &Agent,
    sent: &Sent<'_>,
    deadline: Deadline,
) -> Result<T, Error> {
    let mut tries = 1;
    loop {
        let answer = once(agent, sent, deadline);
        let early = answer.as_ref().ok().and_then(Answered::wait);
        let outcome = answer.and_then(|answer| read(answer.status, &answer.body));
        if let Some(pause) = early.filter(|pause| deadline.left().is_ok_and(|left| left > *pause)) {
            std::thread::sleep(pause);
            continue;
        }
        let is_worth_again = match &outcome {
            Err(Error::Unavailable(Unavailable::Unreachable(_) | Unavailable::Malformed(503))) => true,
            Err(Error::Refused { status, .. }) => *status == 503,
            _ => false,
        };
        let pause = PAUSE * tries;
        if !is_worth_again || tries == TRIES || deadline.left()? <= pause {
            deadline.left()?;
            return outcome;
        }
        std::thread::sleep(pause);
        tries += 1;
    }
}

/// What came back.
struct Answered {
    status: u16,
    body: Vec<u8>,
    /// `Retry-After`, where it is a number of seconds.
    retry_after: Option<u64>,
}

impl Answered {
    /// How long the server asks to wait, where it refused because it was asked too often.
    fn wait(&self) -> Option<Duration> {
        self.retry_after.filter(|seconds| self.status == 429 && *seconds > 0).map(Duration::from_secs)
    }
}

fn once(agent: &Agent, sent: &Sent<'_>, deadline: Deadline) -> Result<Answered, Error> {
    let left = deadline.left()?;
    let failed = |error: ureq::Error| match (error, deadline.left()) {
        (ureq::Error::Timeout(_), _) | (_, Err(_)) => Unavailable::Timeout,
        (ureq::Error::BodyExceedsLimit(_), _) => Unavailable::Malformed(200),
        (other, Ok(_)) => Unavailable::Unreachable(other.to_string()),
    };
    let request = Request::builder().uri(&sent.url).header(header::ACCEPT, JSON.join(", "));
    let built = |_| Error::Setting("the url or the key cannot be sent");
    let mut response = match &sent.post {
        None => {
            let request = request.method("GET").body(()).map_err(built)?;
            let request = agent.configure_request(request).timeout_global(Some(left)).build();
            agent.run(request)
        }
        Some(post) => {
            let request = request
                .method("POST")
                .header(header::AUTHORIZATION, post.authorization)
                .header(header::CONTENT_TYPE, "application/json")
                .header("idempotency-key", &post.idempotency_key)
                .body(post.body.as_str())
                .map_err(built)?;
            let request = agent.configure_request(request).timeout_global(Some(left)).build();
            agent.run(request)
        }
    }
    .map_err(failed)?;
    let status = response.status().as_u16();
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    let retry_after =
        response.headers().get(header::RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
    let is_json = JSON.iter().any(|json| kind.eq_ignore_ascii_case(json));
    let body = response.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec().map_err(failed)?;
    if is_json {
        Ok(Answered { status, body, retry_after })
    } else {
        Err(Unavailable::Malformed(status).into())
    }
}

fn read<T: DeserializeOwned>(status: u16, body: &[u8]) -> Result<T, Error> {
    let malformed = |_| Error::from(Unavailable::Malformed(status));
    if status == 200 {
        return serde_json::from_slice(body).map_err(malformed);
    }
    let body = serde_json::from_slice(body).map_err(malformed)?;
    Err(Error::Refused { status, body: Box::new(body) })
}
