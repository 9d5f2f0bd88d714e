//! Whom a user's token names (USR-1). One walk serves the gate and the token console, so the console cannot say anything
//! else than what happens. A refusal leaves a record that names the agent, the method, the step and the code, and nothing
//! of the token (USR-7).

use super::{
    JwtSettings, MethodSettings, Opened, SignedTokenSettings, callback,
    jwks::{self, KeySetError, Wanted},
    opened,
};
use crate::App;
use procura_crypto::{
    JwtError, Step, StepOutcome,
    jwt::{self, UnverifiedJwt},
    signed_token, user_token,
};
use procura_egress::{Lane, Purpose};
use procura_model::{
    AgentId, Ctx, Error, Event, EventKind, Reason, Refusal, Result, Secret, UserAuthMethod, VerifiedUser,
};
use std::{borrow::Cow, sync::Arc};

/// A user whose token held.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Who it is.
    pub user: VerifiedUser,
    /// By which method that was proven.
    pub method: UserAuthMethod,
    /// How long a session lasts by the agent's settings, in seconds.
    pub session_seconds: i64,
}

/// Whom a user's token names. No scope is demanded here: the journey that asks has demanded its own.
///
/// # Errors
/// `USER_TOKEN_MISSING`, `AUTH_NOT_CONFIGURED`, the `AUTH_*` code of the method, or `STATE_CHANGED` when the settings
/// are changed again and again while the token is verified.
pub async fn verify(app: &App, ctx: &Ctx, agent: AgentId, raw_token: &Secret<String>) -> Result<Verified> {
    let walk = walk(app, ctx, agent, raw_token).await?;
    match (walk.tried.verdict, walk.opened) {
        (Ok(user), Some(opened)) => Ok(Verified {
            user,
            method: opened.settings.method.method(),
            session_seconds: i64::from(opened.settings.session_seconds),
        }),
        (Ok(_), None) => Err(Reason::UserAuthMissing.into()),
        (Err(refused), opened) => {
            let method = opened.map(|opened| opened.settings.method.method());
            let event = refused.event(EventKind::UserRefused, agent, method);
            app.store.record(ctx, vec![event]).await?;
            Err(refused.into())
        }
    }
}

/// Whose users, by which settings, and the token in question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'q> {
    pub(super) opened: &'q Opened,
    pub(super) agent: AgentId,
    pub(super) raw_token: &'q Secret<String>,
}

/// What came of a token, and how far it went.
#[derive(Debug)]
pub(super) struct Tried {
    pub(super) verdict: Result<VerifiedUser, Refused>,
    pub(super) steps: Vec<Step>,
}

/// A token walked through everything.
#[derive(Debug)]
pub(super) struct Walk {
    /// How the agent's users are verified; none where nobody has said.
    pub(super) opened: Option<Arc<Opened>>,
    pub(super) tried: Tried,
}

/// Why a token is refused. Nothing in it comes from the token.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    pub(super) reason: Reason,
    /// The step that failed.
    pub(super) step: &'static str,
    /// A sentence.
    pub(super) sentence: Cow<'static, str>,
    /// What happened underneath, in a word, where something did.
    pub(super) cause: Option<&'static str>,
    /// The status that the outside answered, where it did.
    pub(super) status: Option<u16>,
    /// After how many seconds another try may help.
    pub(super) retry_after_seconds: Option<u64>,
}

impl Refused {
    pub(super) fn new(reason: Reason, step: &'static str, sentence: impl Into<Cow<'static, str>>) -> Self {
        let sentence = sentence.into();
        Self { reason, step, sentence, cause: None, status: None, retry_after_seconds: None }
    }

    /// The same, and what happened underneath.
    pub(super) fn caused_by(mut self, cause: &'static str) -> Self {
        self.cause = Some(cause);
        self
    }

    /// The record of it.
    pub(super) fn event(&self, kind: EventKind, agent: AgentId, method: Option<UserAuthMethod>) -> Event {
        let facts = serde_json::json!({ "method": method, "step": self.step, "cause": self.cause });
        let mut event = Event::new(kind).of_agent(agent).with_facts(&facts);
        event.reason = Some(self.reason);
        event.status = self.status;
        event
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        let Refused { reason, sentence, retry_after_seconds, .. } = refused;
        Refusal { reason, detail: Some(sentence), retry_after_seconds }.into()
    }
}

/// The step before all others.
const SETTINGS: &str = "settings";

/// How often a token is walked while the settings are changed under it.
const MAX_WALKS: usize = 3;

/// Walks a token through everything. An error is a breakage of ours; a token that does not hold is a verdict. What was
/// narrowed while a key set was fetched or a callback asked must not let the token pass, and what was merely added, as a
/// secret that replaces another, must not refuse it: so the token is walked again by what holds now.
pub(super) async fn walk(app: &App, ctx: &Ctx, agent: AgentId, raw_token: &Secret<String>) -> Result<Walk> {
    if user_token::is_missing(raw_token) {
        return Err(Reason::UserTokenMissing.into());
    }
    for _ in 0..MAX_WALKS {
        let opened = opened::of_agent(app, ctx, agent).await?;
        let tried = match &opened {
            None => unset(Reason::UserAuthMissing.text()),
            Some(opened) => with_method(app, ctx, Question { opened, agent, raw_token }).await,
        };
        let is_upheld = match (&opened, &opened::of_agent(app, ctx, agent).await?) {
            (Some(before), Some(now)) => now.upholds(before, ctx.now),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if is_upheld {
            return Ok(Walk { opened, tried });
        }
    }
    Err(Reason::StateChanged
        .because("The settings of user authentication are being changed; send the token again."))
}

async fn with_method(app: &App, ctx: &Ctx, question: Question<'_>) -> Tried {
    let settings = &question.opened.settings;
    let secrets = question.opened.secrets(ctx.now);
    let mut tried = match &settings.method {
        MethodSettings::Jwt(jwt) => by_jwt(app, ctx, jwt, question.raw_token).await,
        MethodSettings::SignedToken(_) | MethodSettings::Callback(_) if secrets.is_empty() => {
            return unset("The method has no live secret; set one.");
        }
        MethodSettings::SignedToken(signed) => by_signed_token(ctx, signed, secrets, question.raw_token),
        MethodSettings::Callback(callback) => callback::ask(app, ctx, callback, question).await,
    };
    let detail = format!("Users are verified by {}.", settings.method.method().as_str());
    tried.steps.insert(0, Step { name: SETTINGS, outcome: StepOutcome::Passed, detail });
    tried
}

fn unset(sentence: &'static str) -> Tried {
    let step = Step { name: SETTINGS, outcome: StepOutcome::Failed, detail: sentence.to_owned() };
    Tried { verdict: Err(Refused::new(Reason::UserAuthMissing, SETTINGS, sentence)), steps: vec![step] }
}

fn by_signed_token(
    ctx: &Ctx,
    settings: &SignedTokenSettings,
    secrets: &[Secret<String>],
    raw_token: &Secret<String>,
) -> Tried {
    let rules = signed_token::Rules {
        leeway_seconds: settings.leeway_seconds,
        max_lifetime_seconds: settings.max_lifetime_seconds,
        ..signed_token::Rules::new(secrets, ctx.now)
    };
    let verdict = user_token::verify_signed(&rules, raw_token);
    let steps = signed_token::steps(&verdict);
    let refused = |error: signed_token::SignedTokenError| {
        Refused::new(error.reason(), failed(&steps), error.to_string())
    };
    Tried { verdict: verdict.map_err(refused), steps }
}

async fn by_jwt(app: &App, ctx: &Ctx, settings: &JwtSettings, raw_token: &Secret<String>) -> Tried {
    let rules = jwt::Rules {
        algorithms: &settings.algorithms,
        leeway_seconds: settings.leeway_seconds,
        subject_claim: &settings.subject_claim,
        email_claim: settings.email_claim.as_deref(),
        role_claim: settings.role_claim.as_deref(),
        ..jwt::Rules::new(&settings.issuer, &settings.audience, ctx.now)
    };
    let lane = Lane::of(ctx.tenant, Purpose::Jwks);
    let wanted = Wanted { lane, url: &settings.jwks_url, now: ctx.now, newer_than: None };
    let verdict = match user_token::read_jwt(&rules, raw_token) {
        Err(error) => Ok(Err(error)),
        Ok(token) => with_keys(app, wanted, &token, &rules).await,
    };
    match verdict {
        Ok(verdict) => {
            let steps = jwt::steps(&verdict);
            let refused = |error: JwtError| Refused::new(error.reason(), failed(&steps), error.to_string());
            Tried { verdict: verdict.map_err(refused), steps }
        }
        Err(why) => {
            let steps = jwt::steps_without_keys(&why.sentence);
            let refused = Refused {
                status: why.status,
                retry_after_seconds: Some(KeySetError::retry_after_seconds()),
                ..Refused::new(Reason::JwksUnreachable, failed(&steps), why.sentence).caused_by(why.cause)
            };
            Tried { verdict: Err(refused), steps }
        }
    }
}

/// Verifies with the key set that is there, and once more with a newer one if the key is in none.
async fn with_keys(
    app: &App,
    wanted: Wanted<'_>,
    token: &UnverifiedJwt<'_>,
    rules: &jwt::Rules<'_>,
) -> Result<Result<VerifiedUser, JwtError>, KeySetError> {
    let keys = jwks::get(app, wanted).await?;
    let verdict = token.verify(rules, &keys);
    if !verdict.as_ref().is_err_and(|error| error.is_key_unknown()) {
        return Ok(verdict);
    }
    let newer = jwks::get(app, Wanted { newer_than: Some(&keys), ..wanted }).await?;
    Ok(token.verify(rules, &newer))
}

fn failed(steps: &[Step]) -> &'static str {
    steps.iter().find(|step| step.outcome == StepOutcome::Failed).map_or(SETTINGS, |step| step.name)
}
