//! The organization's budgets. A change tells every node; here it is obeyed by the next request.

use crate::App;
use procura_model::{Budget, BudgetId, BudgetOf, Ctx, Event, EventKind, Reason, Result, Scope, Window};
use procura_policy::validate_budget;
use procura_store::{agents, budgets as rows};
use serde::Deserialize;

/// How many budgets an organization may have: each decision asks each whether it covers it.
const MAX_BUDGETS: usize = 100;
/// How long a user's pseudonym may be, in bytes.
const MAX_USER_BYTES: usize = 64;

/// A budget as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BudgetDraft {
    /// What people call it.
    pub name: String,
    /// Whose spending it limits.
    pub of: BudgetOf,
    /// Patterns of actions that count.
    pub actions: Vec<String>,
    /// The limit.
    pub window: Window,
}

/// Every budget, oldest first.
///
/// # Errors
/// The scope is missing.
pub async fn list(app: &App, ctx: &Ctx) -> Result<Vec<Budget>> {
    ctx.actor.require(Scope::ReadBudgets)?;
    rows::list(&mut app.store.read(ctx)).await
}

/// One budget.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn get(app: &App, ctx: &Ctx, id: BudgetId) -> Result<Budget> {
    ctx.actor.require(Scope::ReadBudgets)?;
    rows::get(&mut app.store.read(ctx), id).await
}

/// Adds a budget. It counts what is asked from now on.
///
/// # Errors
/// `FIELD_INVALID` naming the field, `NAME_TAKEN`.
pub async fn add(app: &App, ctx: &Ctx, draft: BudgetDraft) -> Result<Budget> {
    ctx.actor.require(Scope::WriteBudgets)?;
    let budget = made(draft, BudgetId::new(ctx.now, &app.entropy), ctx.now)?;
    let mut writer = app.store.write(ctx).await?;
    if let BudgetOf::Agent(agent) = &budget.of {
        agents::get(&mut writer, *agent).await.map_err(|error| match error.reason() {
            Reason::NotFound => Reason::FieldInvalid.because("of: there is no such agent."),
            _ => error,
        })?;
    }
    if rows::list(&mut writer).await?.len() >= MAX_BUDGETS {
        return Err(
            Reason::FieldInvalid.because(format!("An organization has at most {MAX_BUDGETS} budgets."))
        );
    }
    rows::insert(&mut writer, &budget).await?;
    writer.commit(event(EventKind::BudgetCreated, &budget)).await?;
    app.snapshots.forget_tenant(ctx.tenant);
    Ok(budget)
}

/// Changes a budget's name, actions or limit. Whose spending it counts, and in which currency, stays: what was counted
/// would mean something else.
///
/// # Errors
/// `NOT_FOUND`, `FIELD_INVALID`, `NAME_TAKEN`.
pub async fn change(app: &App, ctx: &Ctx, id: BudgetId, draft: BudgetDraft) -> Result<Budget> {
    ctx.actor.require(Scope::WriteBudgets)?;
    let mut writer = app.store.write(ctx).await?;
    let before = rows::get(&mut writer, id).await?;
    let budget = made(draft, id, before.created_at)?;
    if budget.of != before.of {
        return Err(Reason::FieldInvalid.because("of cannot be changed; add another budget instead."));
    }
    let currency = |budget: &Budget| budget.window.amount.map(|limit| limit.currency);
    if currency(&before).zip(currency(&budget)).is_some_and(|(before, after)| before != after) {
        return Err(Reason::FieldInvalid
            .because("window: the currency cannot be changed; add another budget instead."));
    }
    rows::update(&mut writer, &budget).await?;
    writer.commit(event(EventKind::BudgetChanged, &budget)).await?;
    app.snapshots.forget_tenant(ctx.tenant);
    Ok(budget)
}

/// Removes a budget. What was reserved while it stood is settled as before.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn remove(app: &App, ctx: &Ctx, id: BudgetId) -> Result<()> {
    ctx.actor.require(Scope::WriteBudgets)?;
    let mut writer = app.store.write(ctx).await?;
    let gone = rows::remove(&mut writer, id).await?;
    writer.commit(event(EventKind::BudgetRemoved, &gone)).await?;
    app.snapshots.forget_tenant(ctx.tenant);
    Ok(())
}

fn made(draft: BudgetDraft, id: BudgetId, created_at: procura_model::Time) -> Result<Budget> {
    if let BudgetOf::User(user) = &draft.of {
        let is_pseudonym = user.0.len() <= MAX_USER_BYTES && user.0.starts_with("usr_");
        if !is_pseudonym || !user.0.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(
                Reason::FieldInvalid.because("of: a user is named by pseudonym, usr_ and its letters.")
            );
        }
    }
    let BudgetDraft { name, of, actions, window } = draft;
    let budget = Budget { id, name, of, actions, window, created_at };
    validate_budget(&budget)?;
    Ok(budget)
}

fn event(kind: EventKind, budget: &Budget) -> Event {
    let facts = serde_json::json!({
        "name": budget.name, "of": budget.of, "actions": budget.actions, "window": budget.window,
    });
    let event = Event::new(kind).about(budget.id).with_facts(&facts);
    match budget.of {
        BudgetOf::Agent(agent) => event.of_agent(agent),
        BudgetOf::Organization | BudgetOf::EachAgent | BudgetOf::User(_) | BudgetOf::EachUser => event,
    }
}
