//! How much of a window or a budget is spent, held and left, for people to look at.

use super::hold::since;
use crate::App;
use procura_model::{AgentId, Amount, Budget, BudgetOf, Ctx, Permission, Result, Scope, Window};
use procura_store::{Reader, Source as _, budgets, ledgers, permissions};

/// How many agents or users of a budget are shown.
const MAX_PARTS: i64 = 50;

/// What stands on one ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Whose, where a budget counts each agent or each user for itself.
    pub of: Option<String>,
    /// Settled, or counted as spent because nobody settled it in time.
    pub spent: Amount,
    /// Waiting for its outcome.
    pub held: Amount,
    /// How much is left; none where only calls are counted.
    pub left: Option<Amount>,
    /// Calls that are settled.
    pub calls: i64,
    /// Calls that wait for their outcome.
    pub calls_held: i64,
    /// How many calls are left; none where only amounts are counted.
    pub calls_left: Option<i64>,
}

/// What an agent may still spend, by one limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The permission whose window it is, or none for a budget.
    pub permission: Option<Permission>,
    /// The budget, or none for a permission's window.
    pub budget: Option<Budget>,
    /// What stands there.
    pub part: Part,
}

impl Standing {
    /// The limit.
    #[must_use]
    pub fn window(&self) -> Option<&Window> {
        let of_permission = self.permission.as_ref().and_then(|permission| permission.window.as_ref());
        self.budget.as_ref().map(|budget| &budget.window).or(of_permission)
    }
}

/// What stands of a budget: one part, or one for each agent or user on whom it was counted.
///
/// # Errors
/// The scope is missing.
pub async fn of_budget(app: &App, ctx: &Ctx, budget: &Budget) -> Result<Vec<Part>> {
    ctx.actor.require(Scope::ReadBudgets)?;
    let mut reader = app.store.read(ctx);
    let id = budget.id.to_string();
    match budget.of {
        BudgetOf::Organization | BudgetOf::Agent(_) | BudgetOf::User(_) => {
            Ok(vec![part(&mut reader, &id, &budget.window).await?])
        }
        BudgetOf::EachAgent | BudgetOf::EachUser => {
            let mut parts = Vec::new();
            for ledger in ledgers::named(&mut reader, &format!("{id}/"), MAX_PARTS).await? {
                let of = ledger.split_once('/').map(|(_, of)| of.to_owned());
                parts.push(Part { of, ..part(&mut reader, &ledger, &budget.window).await? });
            }
            Ok(parts)
        }
    }
}

/// What stands of every limit over time that holds for one agent, but for those of users.
///
/// # Errors
/// The scope is missing.
pub async fn of_agent(app: &App, ctx: &Ctx, agent: AgentId) -> Result<Vec<Standing>> {
    ctx.actor.require(Scope::ReadBudgets)?;
    let mut reader = app.store.read(ctx);
    let mut found = Vec::new();
    for permission in permissions::list_of_agent(&mut reader, agent).await? {
        if let (Some(id), Some(window)) = (permission.id, permission.window.filter(|_| !permission.shadow)) {
            let part = part(&mut reader, &id.to_string(), &window).await?;
            found.push(Standing { permission: Some(permission), budget: None, part });
        }
    }
    for budget in budgets::list(&mut reader).await? {
        let ledger = match budget.of {
            BudgetOf::Organization => budget.id.to_string(),
            BudgetOf::Agent(named) if named == agent => budget.id.to_string(),
            BudgetOf::EachAgent => format!("{}/{agent}", budget.id),
            BudgetOf::Agent(_) | BudgetOf::User(_) | BudgetOf::EachUser => continue,
        };
        let part = part(&mut reader, &ledger, &budget.window).await?;
        found.push(Standing { permission: None, budget: Some(budget), part });
    }
    Ok(found)
}

async fn part(reader: &mut Reader, ledger: &str, window: &Window) -> Result<Part> {
    let now = reader.now();
    let currency = window.amount.map(|limit| limit.currency);
    let look = ledgers::Look { ledger, since: since(window, now), at: now, currency, without: None };
    let used = ledgers::used(reader, &look).await?;
    let held = ledgers::held(reader, &look).await?;
    Ok(Part {
        of: None,
        spent: used.amount.less(held.amount),
        held: held.amount,
        left: window.amount.map(|limit| limit.value.less(used.amount)),
        calls: used.calls.saturating_sub(held.calls),
        calls_held: held.calls,
        calls_left: window.count.map(|limit| limit.saturating_sub(used.calls).max(0)),
    })
}
