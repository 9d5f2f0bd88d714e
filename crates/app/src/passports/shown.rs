//! What a passport shows, and to whom (PAS-1). [`Shown`] is the whole list: what is no field of it cannot be shown.
//!
//! A permission that does not hold now (expired, not yet begun, a shadow) is not shown. Of one that does hold, only what
//! it is about is shown; with whom, for how much, for which user, under which conditions and at which hours is not: the
//! texts say that such limits may apply.

use super::texts;
use crate::App;
use procura_crypto::{TokenKind, token};
use procura_model::{
    Actor, AgentId, ApprovalRule, Ctx, Effect, PassportId, Permission, Reason, Result, Scope, Time,
};
use procura_store::{agents, lobby_passports::FoundPassport, passports as rows, permissions};

/// Everything that a passport shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The passport's own id; none before the first link was made.
    pub passport: Option<PassportId>,
    /// Its version, which counts up with every rotation; 0 before the first.
    pub version: i64,
    /// The agent's name.
    pub name: String,
    /// What kind of software the agent is.
    pub kind: String,
    /// Who makes or runs it.
    pub provider: String,
    /// What it may and may not do now.
    pub scopes: Vec<ScopeShown>,
    /// The same in words, to be pasted into an assistant's memory.
    pub memory_block: String,
    /// The same in words, to be pasted into the chat in which the assistant is about to act.
    pub task_prompt: String,
}

/// What a passport shows of one permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeShown {
    /// Whether it allows or blocks.
    pub effect: Effect,
    /// Patterns of the actions.
    pub actions: Vec<String>,
    /// Patterns of the resources.
    pub resources: Vec<String>,
    /// Whether a person must approve, always or above an amount.
    pub requires_approval: bool,
    /// Until when it holds.
    pub expires_at: Option<Time>,
}

impl ScopeShown {
    /// What may be shown of a permission; none where it does not hold now.
    fn of(permission: Permission, now: Time) -> Option<Self> {
        let has_begun = permission.not_before.is_none_or(|from| from <= now);
        let has_ended = permission.expires_at.is_some_and(|until| until <= now);
        if permission.shadow || !has_begun || has_ended {
            return None;
        }
        let requires_approval = match (permission.effect, permission.approval) {
            (Effect::Block, _) | (Effect::Allow, ApprovalRule::Never) => false,
            (Effect::Allow, ApprovalRule::Always | ApprovalRule::Above(_)) => true,
        };
        Some(Self {
            effect: permission.effect,
            actions: permission.actions,
            resources: permission.resources,
            requires_approval,
            expires_at: permission.expires_at,
        })
    }
}

/// A passport that was opened by its token: the right to look at one agent's scopes and to preview.
#[derive(Debug)]
pub struct Opened {
    id: PassportId,
    found: FoundPassport,
    pub(super) ctx: Ctx,
}

impl Opened {
    pub(super) const fn agent(&self) -> AgentId {
        self.found.agent
    }
}

/// Opens a passport. Nothing is remembered: the database is asked each time.
///
/// # Errors
/// `PASSPORT_INVALID`, whatever is wrong with the token or the passport.
pub async fn open(app: &App, id: PassportId, raw_token: &str) -> Result<Opened> {
    let parsed = token::parse(raw_token).map_err(|_| Reason::PassportInvalid)?;
    if parsed.kind != TokenKind::Passport {
        return Err(Reason::PassportInvalid.into());
    }
    let found =
        app.store.lobby().passport_by_token(&parsed.digest, id).await?.ok_or(Reason::PassportInvalid)?;
    // The token is the whole right of whoever holds it; what is read for them is read by the house itself, and no
    // request is recorded under this context.
    let ctx = Ctx::new(found.tenant, Actor::Operator, app.now(), &app.entropy);
    Ok(Opened { id, found, ctx })
}

/// What an opened passport shows now.
///
/// # Errors
/// A fault.
pub async fn show(app: &App, opened: &Opened) -> Result<Shown> {
    let mut reader = app.store.read(&opened.ctx);
    let permissions = permissions::list_of_agent(&mut reader, opened.agent()).await?;
    let FoundPassport { version, name, kind, provider, .. } = &opened.found;
    let said = Shown {
        passport: Some(opened.id),
        version: *version,
        name: name.clone(),
        kind: kind.clone(),
        provider: provider.clone(),
        ..nothing()
    };
    Ok(filled(said, permissions, opened.ctx.now))
}

/// What the passport of an agent shows, or would show once it is made, to somebody of the organization.
///
/// # Errors
/// `NOT_FOUND`, or a scope is missing.
pub async fn as_shown(app: &App, ctx: &Ctx, agent: AgentId) -> Result<Shown> {
    ctx.actor.require(Scope::ReadAgents)?;
    ctx.actor.require(Scope::ReadPermissions)?;
    let mut reader = app.store.read(ctx);
    let agent = agents::get(&mut reader, agent).await?;
    let passport = rows::get(&mut reader, agent.id).await?;
    let permissions = permissions::list_of_agent(&mut reader, agent.id).await?;
    let said = Shown {
        passport: passport.as_ref().map(|passport| passport.id),
        version: passport.map_or(0, |passport| passport.version),
        name: agent.name,
        kind: agent.kind,
        provider: agent.provider,
        ..nothing()
    };
    Ok(filled(said, permissions, ctx.now))
}

const fn nothing() -> Shown {
    Shown {
        passport: None,
        version: 0,
        name: String::new(),
        kind: String::new(),
        provider: String::new(),
        scopes: Vec::new(),
        memory_block: String::new(),
        task_prompt: String::new(),
    }
}

fn filled(mut said: Shown, permissions: Vec<Permission>, now: Time) -> Shown {
    said.scopes = permissions.into_iter().filter_map(|each| ScopeShown::of(each, now)).collect();
    said.memory_block = texts::memory_block(&said, now);
    said.task_prompt = texts::task_prompt(&said, now);
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_ms(1_790_000_000_000);

    fn shown(text: &str) -> Option<ScopeShown> {
        ScopeShown::of(serde_json::from_str(text).unwrap(), NOW)
    }

    #[test]
    fn only_what_holds_now_is_shown() {
        let from = |ms: i64| NOW.plus_ms(ms).to_string();
        let with = |more: &str| shown(&format!(r#"{{"effect":"allow","actions":["a"]{more}}}"#));
        assert!(with("").is_some());
        assert!(with(&format!(r#","expiresAt":"{}""#, from(1))).is_some());
        assert!(with(&format!(r#","notBefore":"{}""#, from(0))).is_some());
        assert!(with(&format!(r#","expiresAt":"{}""#, from(0))).is_none());
        assert!(with(&format!(r#","notBefore":"{}""#, from(1))).is_none());
        assert!(with(r#","shadow":true"#).is_none());
    }

    #[test]
    fn approval_is_a_flag_without_its_amount() {
        let flag = |approval: &str| {
            let text = format!(r#"{{"effect":"allow","actions":["a"],"approval":{approval}}}"#);
            shown(&text).unwrap().requires_approval
        };
        assert!(!flag(r#""never""#));
        assert!(flag(r#""always""#));
        assert!(flag(r#"{"above":{"value":"7.00","currency":"USD"}}"#));
        assert!(!shown(r#"{"effect":"block","actions":["a"]}"#).unwrap().requires_approval);
    }
}
