//! Budgets (VER-3): limits of the organization that stand beside the permissions. They allow nothing; whatever the
//! permissions allow must fit into every budget that covers it.
//!
//! A budget narrows, so it reads its patterns as a block does: the case of ASCII letters does not count. What cannot
//! be measured does not fit: a budget of money refuses an ask without an amount, or in another currency.

use crate::{
    decide::Policy,
    facts::Usage,
    miss::{Miss, missing},
    pattern::{Case, Pattern},
    risk,
    sentence::period,
    shown,
};
use procura_model::{
    AgentId, Amount, Ask, Budget, BudgetId, BudgetOf, Currency, Decision, Money, PermissionId, Reason,
    Result, Window,
};
use std::borrow::Cow;

const MAX_NAME_BYTES: usize = 100;
const MAX_ACTIONS: usize = 50;
const MAX_COUNT: i64 = 1_000_000;

/// A budget whose patterns were read once.
#[derive(Clone, Debug)]
pub struct BudgetRule {
    budget: Budget,
    /// None where they cannot be read: such a budget covers every action.
    actions: Option<Vec<Pattern>>,
}

/// What was spent of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetSpent {
    /// Of which.
    pub budget: BudgetId,
    /// Committed and held, in the budget's currency.
    pub amount: Amount,
    /// How many calls were allowed and not released.
    pub count: i64,
}

/// Whether a budget can be saved.
///
/// # Errors
/// `FIELD_INVALID` naming the field.
pub fn validate_budget(budget: &Budget) -> Result<()> {
    let wrong = |text: String| -> Result<()> { Err(Reason::FieldInvalid.because(text)) };
    let name = budget.name.as_str();
    if name.is_empty()
        || name.len() > MAX_NAME_BYTES
        || name.trim() != name
        || name.contains(char::is_control)
    {
        return wrong(format!("name must have 1 to {MAX_NAME_BYTES} bytes, without blanks around it."));
    }
    if budget.actions.is_empty() || budget.actions.len() > MAX_ACTIONS {
        return wrong(format!("actions must have 1 to {MAX_ACTIONS} patterns; * covers every action."));
    }
    for action in &budget.actions {
        if let Err(fault) = Pattern::compile(action, Case::Ignored) {
            return wrong(format!("actions: {} {fault}.", shown::text(action)));
        }
    }
    let Window { amount, count, .. } = budget.window;
    if amount.is_none() && count.is_none() {
        return wrong("window must limit an amount or a count.".to_owned());
    }
    if count.is_some_and(|count| !(1..=MAX_COUNT).contains(&count)) {
        return wrong(format!("window: count must be 1 to {MAX_COUNT}."));
    }
    Ok(())
}

impl Policy {
    /// In which currency a permission counts where the ask names none.
    #[must_use]
    pub fn currency_of(&self, permission: PermissionId) -> Option<Currency> {
        self.rules.iter().find(|rule| rule.name.id == Some(permission)).and_then(|rule| rule.currency())
    }
}

impl BudgetRule {
    /// Reads a budget's patterns.
    #[must_use]
    pub fn compile(budget: Budget) -> Self {
        let read = |action: &String| Pattern::compile(action, Case::Ignored).ok();
        Self { actions: budget.actions.iter().map(read).collect(), budget }
    }

    /// The budget.
    #[must_use]
    pub const fn budget(&self) -> &Budget {
        &self.budget
    }

    /// On which ledger an ask of this agent counts; none where the budget does not cover it.
    #[must_use]
    pub fn ledger(&self, agent: AgentId, ask: &Ask) -> Option<String> {
        let user = ask.user.as_ref().map(|acting| &acting.reference);
        let ledger = match (&self.budget.of, user) {
            (BudgetOf::Organization, _) => self.budget.id.to_string(),
            (BudgetOf::Agent(named), _) => (*named == agent).then(|| self.budget.id.to_string())?,
            (BudgetOf::EachAgent, _) => format!("{}/{agent}", self.budget.id),
            (BudgetOf::User(named), user) => (user == Some(named)).then(|| self.budget.id.to_string())?,
            (BudgetOf::EachUser, user) => format!("{}/{}", self.budget.id, user?.0),
        };
        self.covers_action(&ask.action).then_some(ledger)
    }

    fn covers_action(&self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        self.actions.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.matches(&action)))
    }

    /// Whether an allowed ask fits; else the denial.
    ///
    /// # Errors
    /// The denial: `BUDGET_EXCEEDED`, or that the amount cannot be measured.
    pub fn leaves_room(
        &self,
        ask: &Ask,
        currency: Option<Currency>,
        spent: &BudgetSpent,
    ) -> std::result::Result<(), Box<Decision>> {
        let window = &self.budget.window;
        let asked = match (window.amount, ask.amount, currency) {
            (None, _, _) => None,
            (Some(limit), None, _) => return Err(self.denial(Miss::AmountMissing(limit))),
            (Some(_), Some(_), None) => return Err(self.denial(Miss::CurrencyMissing)),
            (Some(limit), Some(_), Some(asked)) if asked != limit.currency => {
                return Err(self.denial(Miss::CurrencyOther { asked, limit: limit.currency }));
            }
            (Some(_), Some(value), Some(currency)) => Some(Money { value, currency }),
        };
        let usage = Usage { amount: spent.amount, count: spent.count };
        usage.leaves_room(window, asked).map_err(|miss| self.denial(miss))
    }

    fn denial(&self, miss: Miss) -> Box<Decision> {
        let name = format!("budget {} {}", shown::text(&self.budget.name), self.budget.id);
        let words = match miss {
            Miss::AmountMissing(limit) => {
                format!("The request names no amount, and the budget has a limit of {limit}")
            }
            Miss::CurrencyOther { asked, limit } => {
                format!("The amount is in {asked}, and the budget is in {limit}")
            }
            Miss::Spent { asked, left, limit, per } => {
                format!("The amount {asked} exceeds what is left: {left} of {limit} within {}", period(per))
            }
            Miss::Called { count, limit, per } => {
                format!("There were already {count} of {limit} calls within {}", period(per))
            }
            _ => "The amount has no currency, and there is no default".to_owned(),
        };
        Box::new(Decision {
            sentence: Cow::Owned(format!("{words} ({name}).")),
            risk: risk::of_denied(miss.reason()),
            missing: missing(miss.reason()),
            ..Decision::deny(miss.reason())
        })
    }
}

#[cfg(test)]
#[path = "budget_tests.rs"]
mod tests;
