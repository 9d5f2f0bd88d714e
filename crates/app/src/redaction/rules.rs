//! The rules themselves: read, tried, saved, removed.

use super::{
    compiled::{compile, standing},
    trial::{self, Material, Tried},
};
use crate::{
    App,
    limits::{self, Limit},
    sessions,
};
use procura_model::{
    ActingUser, Actor, Ctx, Doing as _, Error, Event, EventKind, Reason, RedactionEffect, RedactionRule,
    RedactionRuleId, Result, Scope,
};
use procura_screen::redact::{LEAST_MB_PER_SECOND, MAX_NAME_BYTES, RuleError};
use procura_store::{
    history::{self, Stretch},
    redaction_rules::{self as rows, Wording},
    results,
};
use std::sync::Arc;

/// On how many of the last recorded calls a rule is tried; and on every result that is held.
const TRIED_ON: i64 = 200;

/// A rule as somebody wants it.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What people call it, and what the mark says.
    pub name: String,
    /// What becomes of what it matches.
    pub effect: RedactionEffect,
    /// A regular expression.
    pub pattern: String,
}

/// A rule that was saved, and how it did before.
#[derive(Clone, Debug)]
pub struct Saved {
    /// The rule.
    pub rule: RedactionRule,
    /// How it did.
    pub tried: Tried,
}

/// Every rule of the organization, oldest first.
///
/// # Errors
/// The scope is missing.
pub async fn list(app: &App, ctx: &Ctx) -> Result<Vec<RedactionRule>> {
    ctx.actor.require(Scope::ReadOrganization)?;
    rows::list(&mut app.store.read(ctx)).await
}

/// One rule.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn get(app: &App, ctx: &Ctx, id: RedactionRuleId) -> Result<RedactionRule> {
    ctx.actor.require(Scope::ReadOrganization)?;
    rows::get(&mut app.store.read(ctx), id).await
}

/// Tries a rule without saving it, in the place of the one with this id where there is one. Whoever tries many patterns
/// can guess at results that nobody may read, so each try is in the record before it is answered.
///
/// # Errors
/// `FIELD_INVALID` with what is wrong with it and what to do; `NOT_FOUND`; `RATE_LIMITED`; a fault when it cannot be
/// recorded.
pub async fn test(app: &App, ctx: &Ctx, draft: &Draft, instead: Option<RedactionRuleId>) -> Result<Tried> {
    ctx.actor.require(Scope::WriteOrganization)?;
    if let Some(id) = instead {
        rows::get(&mut app.store.read(ctx), id).await?;
    }
    let tried = tried(app, ctx, draft, instead).await?;
    let event = Event::new(EventKind::RedactionRuleTried).with_facts(&facts(app, ctx, draft));
    let event = instead.map_or(event.clone(), |id| event.about(id));
    app.store.record(ctx, vec![event]).await?;
    Ok(tried)
}

/// Saves a rule that was tried and is fast enough; it holds from the next call on.
///
/// # Errors
/// `FIELD_INVALID` with what is wrong with it and what to do, `NAME_TAKEN`, `RATE_LIMITED`.
pub async fn add(app: &App, ctx: &Ctx, draft: Draft) -> Result<Saved> {
    ctx.actor.require(Scope::WriteOrganization)?;
    let tried = fast(tried(app, ctx, &draft, None).await?)?;
    let rule = drafted(RedactionRuleId::new(ctx.now, &app.entropy), ctx, &draft);
    let mut writer = app.store.write(ctx).await?;
    rows::insert(&mut writer, &rule).await?;
    // Others may have added theirs since: all of them must stand together.
    compile(&standing(&rows::list(&mut writer).await?)).map_err(|error| refusal(&error))?;
    results::forget_all(&mut writer).await?;
    writer.commit(event(app, ctx, EventKind::RedactionRuleCreated, &rule)).await?;
    app.snapshots.forget_tenant(ctx.tenant);
    Ok(Saved { rule, tried })
}

/// Replaces what a rule says; its id stays.
///
/// # Errors
/// `NOT_FOUND`, and as [`add`].
pub async fn change(app: &App, ctx: &Ctx, id: RedactionRuleId, draft: Draft) -> Result<Saved> {
    ctx.actor.require(Scope::WriteOrganization)?;
    rows::get(&mut app.store.read(ctx), id).await?;
    let tried = fast(tried(app, ctx, &draft, Some(id)).await?)?;
    let to = Wording { name: &draft.name, effect: draft.effect, pattern: &draft.pattern };
    let mut writer = app.store.write(ctx).await?;
    let rule = rows::update(&mut writer, id, &to).await?;
    compile(&standing(&rows::list(&mut writer).await?)).map_err(|error| refusal(&error))?;
    results::forget_all(&mut writer).await?;
    writer.commit(event(app, ctx, EventKind::RedactionRuleChanged, &rule)).await?;
    app.snapshots.forget_tenant(ctx.tenant);
    Ok(Saved { rule, tried })
}

/// Removes a rule.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn remove(app: &App, ctx: &Ctx, id: RedactionRuleId) -> Result<()> {
    ctx.actor.require(Scope::WriteOrganization)?;
    let mut writer = app.store.write(ctx).await?;
    let rule = rows::remove(&mut writer, id).await?;
    results::forget_all(&mut writer).await?;
    writer.commit(event(app, ctx, EventKind::RedactionRuleRemoved, &rule)).await?;
    app.snapshots.forget_tenant(ctx.tenant);
    Ok(())
}

async fn tried(app: &App, ctx: &Ctx, draft: &Draft, instead: Option<RedactionRuleId>) -> Result<Tried> {
    // What a rule hits tells of recorded calls and of results.
    ctx.actor.require(Scope::ReadActivity)?;
    let allowance = limits::check(app, Limit::RuleTrial, &trier(ctx));
    if !allowance.allowed {
        return Err(limits::refusal(&allowance));
    }
    check_name(&draft.name)?;
    let id = instead.unwrap_or_else(|| RedactionRuleId::new(ctx.now, &app.entropy));
    let rule = drafted(id, ctx, draft);
    let mut reader = app.store.read(ctx);
    let mut rules = rows::list(&mut reader).await?;
    let calls = history::page(&mut reader, &Stretch::default(), None, TRIED_ON).await?;
    drop(reader);
    rules.retain(|known| Some(known.id) != instead);
    let others = app.redactors.with(ctx.tenant, rules.clone())?;
    let results = app.recent.of(ctx.tenant, ctx.now);
    let of_user = |acting: &Arc<ActingUser>| (acting.session, sessions::personal(app, acting));
    let personal = results.iter().filter_map(|passed| passed.acting.as_ref()).map(of_user).collect();
    let material = Material { results, personal, calls };
    let work = move || -> std::result::Result<Tried, RuleError> {
        let alone = compile(std::slice::from_ref(&rule))?;
        let mut rules = standing(&rules);
        rules.push(rule.clone());
        let speed = trial::time(&compile(&rules)?);
        let (in_calls, in_results) = match rule.effect {
            RedactionEffect::Redact => trial::count(&alone, &others, &material),
            // What it would have spared was taken out, and is kept nowhere.
            RedactionEffect::Allow => Default::default(),
        };
        let (results, calls) = (material.results.len(), material.calls.len());
        Ok(Tried { speed, results, calls, in_calls, in_results })
    };
    let done = tokio::task::spawn_blocking(work).await.doing("try a redaction rule")?;
    done.map_err(|error| refusal(&error))
}

fn fast(tried: Tried) -> Result<Tried> {
    if tried.speed.is_fast() {
        return Ok(tried);
    }
    Err(Reason::FieldInvalid.because(format!(
        "pattern: with it the rules read {:.1} MB a second on the text \"{}\", and must read {LEAST_MB_PER_SECOND:.0}. \
         Make it simpler: fewer counted repetitions and alternatives, and begin it with fixed letters.",
        tried.speed.slowest_mb_per_second, tried.speed.slowest_on
    )))
}

fn drafted(id: RedactionRuleId, ctx: &Ctx, draft: &Draft) -> RedactionRule {
    RedactionRule {
        id,
        name: draft.name.clone(),
        effect: draft.effect,
        pattern: draft.pattern.clone(),
        created_at: ctx.now,
        updated_at: ctx.now,
    }
}

fn check_name(name: &str) -> Result<()> {
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(is_name) {
        return Ok(());
    }
    Err(Reason::FieldInvalid.because("name must be 1 to 40 lower-case letters, digits and hyphens."))
}

fn refusal(error: &RuleError) -> Error {
    let field = if error.is_about_its_name() { "name" } else { "pattern" };
    Reason::FieldInvalid.because(format!("{field}: {} {}", error.problem, error.fix))
}

/// Who tries, for the limit: a person of the organization, or its keys, which count as one, because whoever makes one can
/// make another.
fn trier(ctx: &Ctx) -> String {
    let who = match &ctx.actor {
        Actor::Account { account, .. } => account.to_string(),
        Actor::Agent { .. } | Actor::Platform { .. } | Actor::Anonymous | Actor::Operator => {
            "keys".to_owned()
        }
    };
    format!("{}/{who}", ctx.tenant)
}

fn event(app: &App, ctx: &Ctx, kind: EventKind, rule: &RedactionRule) -> Event {
    let RedactionRule { name, effect, pattern, .. } = rule.clone();
    Event::new(kind).about(rule.id).with_facts(&facts(app, ctx, &Draft { name, effect, pattern }))
}

/// What is recorded of a rule. A pattern may be a value that nobody shall read, so a code stands for it that is the same
/// for the same pattern and gives nothing of it to whoever has no key.
fn facts(app: &App, ctx: &Ctx, draft: &Draft) -> serde_json::Value {
    serde_json::json!({
        "name": draft.name,
        "effect": draft.effect,
        "patternDigest": app.seals.pattern_code(ctx.tenant, &draft.pattern),
    })
}
