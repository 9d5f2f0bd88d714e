//! The token console (USR-10): paste a token, see each step, the code and the fix. It walks the very walk of the gate.
//! Nothing is kept: no session opens, and the record says that a token was tried, how far it went and the code. Of who
//! the user is only the names of members come out, never what they say.

use super::verify::{self, Refused};
use crate::App;
use procura_crypto::Step;
use procura_model::{
    AgentId, Ctx, Event, EventKind, Reason, Result, Scope, Secret, UserAuthMethod, VerifiedUser,
};
use procura_store::agents;
use std::borrow::Cow;

/// How many names of attributes are shown.
const MAX_NAMES: usize = 100;
/// How much of each is shown, in characters.
const NAME_CHARS: usize = 64;

/// What came of trying a token.
#[derive(Debug)]
pub struct Trial {
    /// By which method; none where none is set.
    pub method: Option<UserAuthMethod>,
    /// [`Reason::Allowed`], or why the token is refused.
    pub reason: Reason,
    /// That in a sentence.
    pub sentence: Cow<'static, str>,
    /// Each step.
    pub steps: Vec<Step>,
    /// What the token says of its user, where it holds.
    pub members: Option<Members>,
}

/// Which members an identity has, and nothing of what they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members {
    /// Whether there is an e-mail address.
    pub email: bool,
    /// Whether there is a role.
    pub role: bool,
    /// The names of the attributes, cut and without control characters; at most a hundred.
    pub attributes: Vec<String>,
}

impl Members {
    fn of(user: &VerifiedUser) -> Self {
        let shown = |name: &String| {
            name.chars().map(|c| if c.is_control() { '?' } else { c }).take(NAME_CHARS).collect()
        };
        let names = user.attributes.iter().map(|(name, _)| name);
        Self {
            email: user.email.is_some(),
            role: user.role.is_some(),
            attributes: names.take(MAX_NAMES).map(shown).collect(),
        }
    }
}

/// Tries a token.
///
/// # Errors
/// `NOT_FOUND`, `USER_TOKEN_MISSING`. A token that is refused is no error.
pub async fn check(app: &App, ctx: &Ctx, agent: AgentId, raw_token: &Secret<String>) -> Result<Trial> {
    ctx.actor.require(Scope::WriteAgents)?;
    agents::get(&mut app.store.read(ctx), agent).await?;
    let walk = verify::walk(app, ctx, agent, raw_token).await?;
    let method = walk.opened.map(|opened| opened.settings.method.method());
    let trial = match walk.tried.verdict {
        Ok(user) => Trial {
            method,
            reason: Reason::Allowed,
            sentence: "The token names a user.".into(),
            steps: walk.tried.steps,
            members: Some(Members::of(&user)),
        },
        Err(refused) => {
            record(app, ctx, refused.event(EventKind::UserTokenTried, agent, method)).await?;
            let Refused { reason, sentence, .. } = refused;
            return Ok(Trial { method, reason, sentence, steps: walk.tried.steps, members: None });
        }
    };
    let mut event = Event::new(EventKind::UserTokenTried)
        .of_agent(agent)
        .with_facts(&serde_json::json!({ "method": method }));
    event.reason = Some(Reason::Allowed);
    record(app, ctx, event).await?;
    Ok(trial)
}

async fn record(app: &App, ctx: &Ctx, event: Event) -> Result<()> {
    app.store.record(ctx, vec![event]).await
}
