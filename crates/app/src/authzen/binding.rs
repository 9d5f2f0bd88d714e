//! What binds a refusal, and an approval, to the very question. The hash is over subject, resource, action and context
//! in canonical form, without what of the context is ours to read.

use super::{
    ask::context_of,
    question::{Members, Party, Question, map},
};
use crate::{AgentSnapshot, App};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use procura_crypto::{Binding, Bound};
use procura_model::{Approval, Ctx, Digest, Json, Result, Time, time::MINUTE_MS};

/// For how long a refusal can be taken to a person.
const DENIAL_LASTS_MS: i64 = 15 * MINUTE_MS;

/// A token that binds a refusal to its question, and until when it does.
///
/// # Errors
/// `UNAVAILABLE` without a key, which means a broken build.
pub(crate) fn of_denial(
    app: &App,
    ctx: &Ctx,
    agent: &AgentSnapshot,
    question: &Question,
) -> Result<(String, Time)> {
    let until = ctx.now.plus_ms(DENIAL_LASTS_MS);
    Ok((app.seals.bind(Bound::Denial, &denied(app, ctx, agent, (question, until)))?, until))
}

/// A token that binds an approval to the ask that it is for.
///
/// # Errors
/// As [`of_denial`].
pub(crate) fn of_approval(app: &App, ctx: &Ctx, approval: &Approval) -> Result<String> {
    app.seals.bind(Bound::Approval, &approved(app, ctx, approval))
}

/// Whether a token is one of ours for a refusal of this very question by this agent's policy.
pub(crate) fn is_denial_of(
    app: &App,
    ctx: &Ctx,
    agent: &AgentSnapshot,
    question: &Question,
    token: &str,
) -> bool {
    let said = app.seals.bound(Bound::Denial, token, ctx.now);
    said.is_some_and(|said| said == denied(app, ctx, agent, (question, said.expires_at)))
}

/// Whether a token is one of ours for this approval.
pub(crate) fn is_approval(app: &App, ctx: &Ctx, approval: &Approval, token: &str) -> bool {
    let said = app.seals.bound(Bound::Approval, token, ctx.now);
    let wanted = approved(app, ctx, approval);
    said.is_some_and(|said| said == Binding { expires_at: said.expires_at, ..wanted })
}

fn denied(app: &App, ctx: &Ctx, agent: &AgentSnapshot, (question, expires_at): (&Question, Time)) -> Binding {
    Binding {
        issuer: app.settings.public_url.clone(),
        tenant: ctx.tenant,
        agent: agent.agent.id,
        hash: hash(question),
        approval: None,
        expires_at,
    }
}

fn approved(app: &App, ctx: &Ctx, approval: &Approval) -> Binding {
    Binding {
        issuer: app.settings.public_url.clone(),
        tenant: ctx.tenant,
        agent: approval.agent,
        hash: URL_SAFE_NO_PAD.encode(approval.digest.as_bytes()),
        approval: Some(approval.id),
        expires_at: approval.expires_at,
    }
}

fn hash(question: &Question) -> String {
    let text = |text: &str| Json::Text(text.to_owned());
    let party = |party: &Party| {
        object([
            ("id", text(&party.name.id)),
            ("properties", map(party.properties.clone())),
            ("type", text(&party.name.of_type)),
        ])
    };
    let action = object([
        ("name", text(&question.action.name)),
        ("properties", map(question.action.properties.clone())),
    ]);
    let whole = object([
        ("action", action),
        ("context", map(context_of(question))),
        ("resource", party(&question.resource)),
        ("subject", party(&question.subject)),
    ]);
    URL_SAFE_NO_PAD.encode(Digest::of(whole.canonical().as_bytes()).as_bytes())
}

fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Members>())
}
