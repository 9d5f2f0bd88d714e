//! The rules themselves: read, tried, saved, removed.

use super::{
    compiled::compile,
    trial::{self, Material, Tried},
};
use crate::App;
use procura_model::{
    Ctx, Digest, Doing as _, Error, Event, EventKind, Reason, RedactionEffect, RedactionRule,
    RedactionRuleId, Result, Scope,
};
use procura_screen::redact::{LEAST_MB_PER_SECOND, MAX_NAME_BYTES, RuleError};
use procura_store::{
    history::{self, Stretch},
    redaction_rules::{self as rows, Wording},
    results,
};

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

/// Tries a rule without saving it, in the place of the one with this id where there is one.
///
/// # Errors
/// `FIELD_INVALID` with what is wrong with it and what to do; `NOT_FOUND`.
pub async fn test(app: &App, ctx: &Ctx, draft: &Draft, instead: Option<RedactionRuleId>) -> Result<Tried> {
    ctx.actor.require(Scope::WriteOrganization)?;
    if let Some(id) = instead {
        rows::get(&mut app.store.read(ctx), id).await?;
    }
    tried(app, ctx, draft, instead).await
}

/// Saves a rule that was tried and is fast enough; it holds from the next call on.
///
/// # Errors
/// `FIELD_INVALID` with what is wrong with it and what to do, `NAME_TAKEN`.
pub async fn add(app: &App, ctx: &Ctx, draft: Draft) -> Result<Saved> {
    ctx.actor.require(Scope::WriteOrganization)?;
    let tried = fast(tried(app, ctx, &draft, None).await?)?;
    let rule = drafted(RedactionRuleId::new(ctx.now, &app.entropy), ctx, &draft);
    let mut writer = app.store.write(ctx).await?;
    rows::insert(&mut writer, &rule).await?;
    // Others may have added theirs since: all of them must stand together.
    compile(&rows::list(&mut writer).await?).map_err(|error| refusal(&error))?;
    results::forget_all(&mut writer).await?;
    writer.commit(event(EventKind::RedactionRuleCreated, &rule)).await?;
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
    compile(&rows::list(&mut writer).await?).map_err(|error| refusal(&error))?;
    results::forget_all(&mut writer).await?;
    writer.commit(event(EventKind::RedactionRuleChanged, &rule)).await?;
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
    writer.commit(event(EventKind::RedactionRuleRemoved, &rule)).await?;
    app.snapshots.forget_tenant(ctx.tenant);
    Ok(())
}

async fn tried(app: &App, ctx: &Ctx, draft: &Draft, instead: Option<RedactionRuleId>) -> Result<Tried> {
    // What a rule hits tells of recorded calls and of results.
    ctx.actor.require(Scope::ReadActivity)?;
    check_name(&draft.name)?;
    let id = instead.unwrap_or_else(|| RedactionRuleId::new(ctx.now, &app.entropy));
    let rule = drafted(id, ctx, draft);
    let mut reader = app.store.read(ctx);
    let mut rules = rows::list(&mut reader).await?;
    let calls = history::page(&mut reader, &Stretch::default(), None, TRIED_ON).await?;
    drop(reader);
    rules.retain(|known| Some(known.id) != instead);
    let others = app.redactors.with(ctx.tenant, rules.clone())?;
    rules.push(rule.clone());
    let results = app.recent.of(ctx.tenant, ctx.now);
    let work = move || -> std::result::Result<Tried, RuleError> {
        let speed = trial::time(&compile(&rules)?);
        let alone = compile(std::slice::from_ref(&rule))?;
        let material = Material { results, calls };
        let (hits, found) = match rule.effect {
            RedactionEffect::Redact => trial::count(&alone, &others, &material),
            // What it would have spared was taken out, and is kept nowhere.
            RedactionEffect::Allow => (0, Vec::new()),
        };
        Ok(Tried { speed, results: material.results.len(), arguments: material.calls.len(), hits, found })
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
    Reason::FieldInvalid.because(format!("pattern: {} {}", error.problem, error.fix))
}

/// What every change records. A pattern may be a value that nobody shall read, so its digest stands for it.
fn event(kind: EventKind, rule: &RedactionRule) -> Event {
    let facts = serde_json::json!({
        "name": rule.name,
        "effect": rule.effect,
        "patternDigest": Digest::of(rule.pattern.as_bytes()).hex(),
    });
    Event::new(kind).about(rule.id).with_facts(&facts)
}
