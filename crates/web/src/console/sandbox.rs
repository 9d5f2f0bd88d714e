//! The page of the sandbox. Somebody who is signed in may always look; without sign-in it is open in the demo alone.
//! Nothing that is typed leaves the request: it is judged, shown as text, and forgotten.

use super::{
    desk::{Answer, Desk, Look, page as shown, wrong},
    view::{
        frame::{Frame, Section},
        sandbox::{Outcome, SandboxPage, SandboxRule},
        words::{Mark, Problems, risk_word},
    },
};
use crate::{
    body,
    extract::{Query, Visitor},
    limits,
    respond::Failure,
    sandbox::{self, Example, Judged, Rule, Typed},
    state::WebState,
};
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use procura_model::{Doing as _, Effect, Reason, Result, Time};
use serde::Deserialize;

/// Who looks: nobody in particular, where the sandbox is open.
pub(super) struct Seat {
    visitor: Visitor,
    look: Look,
    now: Time,
}

impl FromRequestParts<WebState> for Seat {
    type Rejection = Failure;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &WebState,
    ) -> std::result::Result<Self, Failure> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        if visitor.0.is_none() && !state.app.settings.open_sandbox {
            return Err(Reason::SignInRequired.into());
        }
        let look = Look::from_request_parts(parts, state).await?;
        Ok(Self { visitor, look, now: state.app.now() })
    }
}

impl Seat {
    async fn frame(self, web: &WebState) -> Result<Frame> {
        const TITLE: &str = "Sandbox";
        match self.visitor.0 {
            Some(person) => {
                let desk = Desk { web: web.clone(), person, look: self.look };
                desk.frame(TITLE, Section::Policies).await
            }
            None => Ok(self.look.bare(&web.app, TITLE)),
        }
    }
}

/// Which example is wanted.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    example: String,
}

/// What was typed, read within its bounds from a form of our own page.
pub(super) struct Sent {
    seat: Seat,
    typed: Typed,
}

impl FromRequest<WebState> for Sent {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &WebState) -> std::result::Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let seat = Seat::from_request_parts(&mut parts, state).await?;
        limits::origin_is_ours(&parts)?;
        body::demand_type(&parts.headers, "application/x-www-form-urlencoded")?;
        let bytes = body::read(body, sandbox::MAX_BYTES).await?;
        let mut typed = Typed::default();
        for (name, value) in form_urlencoded::parse(&bytes) {
            match &*name {
                "permissions" => typed.permissions = value.into_owned(),
                "ask" => typed.ask = value.into_owned(),
                "facts" => typed.facts = value.into_owned(),
                "now" => typed.now = value.into_owned(),
                _ => {}
            }
        }
        Ok(Self { seat, typed })
    }
}

/// The page with an example, already judged.
pub(super) async fn page(State(web): State<WebState>, seat: Seat, Query(wanted): Query<Wanted>) -> Answer {
    let example = sandbox::example(&wanted.example);
    answer(&web, seat, example.typed(), Some(example.word)).await
}

/// The page with what was typed and what the policy says of it.
pub(super) async fn tried(State(web): State<WebState>, Sent { seat, typed }: Sent) -> Answer {
    answer(&web, seat, typed, None).await
}

async fn answer(web: &WebState, seat: Seat, typed: Typed, example: Option<&'static str>) -> Answer {
    let now = seat.now;
    // Patterns and texts are both typed, so their product may take a while.
    let work = move || (sandbox::judge(&typed, now), typed);
    let (judged, typed) = tokio::task::spawn_blocking(work).await.doing("judge what was typed")?;
    let mut frame = seat.frame(web).await?;
    let examples = Example::ALL.iter().map(|each| (each.word, each.title)).collect();
    match judged {
        Ok(judged) => shown(&SandboxPage { frame, typed, examples, example, outcome: Some(outcome(judged)) }),
        Err((field, words)) => {
            let refused = Reason::FieldInvalid.because(words);
            frame.problems = Problems::of(&refused, field);
            wrong(
                Reason::FieldInvalid.http(),
                &SandboxPage { frame, typed, examples, example, outcome: None },
            )
        }
    }
}

fn outcome(judged: Judged) -> Outcome {
    Outcome {
        mark: judged.verdict.into(),
        code: judged.code.code(),
        sentence: judged.sentence,
        fix: judged.code.fix(),
        risk: risk_word(judged.risk),
        rules: judged.rules.into_iter().map(rule).collect(),
        near: judged.near,
    }
}

fn rule(rule: Rule) -> SandboxRule {
    SandboxRule {
        mark: match rule.effect {
            Some(Effect::Allow) => Mark::allowed("Allow"),
            Some(Effect::Block) => Mark::denied("Block"),
            None => Mark::unknown("Not usable"),
        },
        sentence: rule.sentence,
        decided: rule.decided,
    }
}
