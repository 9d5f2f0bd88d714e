//! Asking the customer's own server whose token it is (USR-4): one signed POST, five seconds for everything, 64 KB, no
//! redirect. How it is signed and what it may answer is in `crypto`; here is what each way of failing means.

use super::{
    CallbackSettings,
    verify::{Question, Refused, Tried},
};
use crate::App;
use procura_crypto::{
    callback_answer, callback_signature,
    steps::{Planned, Step, Stopped, walked},
    user_token,
};
use procura_egress::{EgressError, FetchRequest, Lane, Purpose};
use procura_model::{Ctx, Reason, VerifiedUser, time::SECOND_MS};
use std::time::Duration;

/// The time for everything: name, connection, and the last byte of the answer.
const DEADLINE: Duration = Duration::from_secs(5);
/// The largest answer.
const MAX_BYTES: usize = 64 * 1024;

const TOKEN: &str = "token";
const REACHED: &str = "reached";
const ACCEPTED: &str = "accepted";
const CONTENT: &str = "content";

const PLAN: [Planned; 4] = [
    Planned { name: TOKEN, passed: "The token is not longer than a callback is asked about." },
    Planned { name: REACHED, passed: "The callback answered within five seconds." },
    Planned { name: ACCEPTED, passed: "The callback answered with status 200." },
    Planned { name: CONTENT, passed: "The answer names a user and holds nothing else than it may." },
];

/// Asks whose token it is.
pub(super) async fn ask(app: &App, ctx: &Ctx, settings: &CallbackSettings, question: Question<'_>) -> Tried {
    let verdict = answer(app, ctx, settings, question).await;
    let steps = steps(verdict.as_ref().err());
    Tried { verdict, steps }
}

async fn answer(
    app: &App,
    ctx: &Ctx,
    settings: &CallbackSettings,
    question: Question<'_>,
) -> Result<VerifiedUser, Refused> {
    if user_token::is_too_long(question.raw_token) {
        let sentence = format!("The token is longer than {} bytes.", user_token::MAX_BYTES);
        return Err(Refused::new(Reason::CallbackFailed, TOKEN, sentence).caused_by("too_long"));
    }
    let request = request(ctx, settings, question)
        .ok_or_else(|| Refused::new(Reason::CallbackFailed, REACHED, "The callback could not be asked."))?;
    let fetched = app.egress.fetch(request).await.map_err(not_had)?;
    let status = fetched.status.as_u16();
    if status != 200 {
        let sentence = format!("The callback answered with status {status}.");
        let refused = Refused::new(Reason::CallbackFailed, ACCEPTED, sentence).caused_by("status");
        return Err(Refused { status: Some(status), ..refused });
    }
    callback_answer::read(&fetched.body).map_err(|error| bad(&error.to_string()))
}

fn request(ctx: &Ctx, settings: &CallbackSettings, question: Question<'_>) -> Option<FetchRequest> {
    let body = user_token::callback_body(question.raw_token, question.agent, ctx.request);
    let timestamp = ctx.now.as_ms().div_euclid(SECOND_MS);
    let signature = callback_signature::sign(question.opened.secrets(ctx.now), timestamp, &body);
    let lane = Lane::of(ctx.tenant, Purpose::Callback);
    let mut request = FetchRequest {
        deadline: DEADLINE,
        max_bytes: MAX_BYTES,
        ..FetchRequest::post(&settings.url, body.into(), lane)
    };
    for (name, value) in [
        ("accept", "application/json"),
        ("content-type", "application/json"),
        ("x-procura-timestamp", &timestamp.to_string()),
        ("x-procura-signature", &signature),
    ] {
        request.headers.insert(name, value.parse().ok()?);
    }
    Some(request)
}

fn not_had(error: EgressError) -> Refused {
    let code = error.code();
    match error {
        EgressError::Timeout(_) => {
            let sentence = "The callback did not answer within five seconds.";
            Refused::new(Reason::CallbackTimeout, REACHED, sentence).caused_by(code)
        }
        EgressError::TooLarge { .. } => bad("it is larger than 64 KB"),
        EgressError::Protocol(_) => bad("it is not valid HTTP or ended early"),
        EgressError::Refused(_)
        | EgressError::Dns(_)
        | EgressError::Connect(_)
        | EgressError::Tls(_)
        | EgressError::Closed(_) => {
            let sentence = format!("The callback could not be reached: {error}");
            Refused::new(Reason::CallbackFailed, REACHED, sentence).caused_by(code)
        }
    }
}

fn bad(why: &str) -> Refused {
    let sentence = format!("The callback's answer cannot be used: {why}.");
    Refused::new(Reason::CallbackInvalid, CONTENT, sentence).caused_by("bad_answer")
}

fn steps(refused: Option<&Refused>) -> Vec<Step> {
    walked(&PLAN, refused.map(|refused| Stopped { name: refused.step, detail: refused.sentence.to_string() }))
}

#[cfg(test)]
#[path = "callback_tests.rs"]
mod tests;
