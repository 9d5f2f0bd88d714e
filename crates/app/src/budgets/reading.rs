//! What was read for a decision, as the record keeps it, so that history can be replayed.

use procura_model::{Amount, BudgetId, Decision, PermissionId, ReservationId};
use procura_policy::{BudgetSpent, Spent};
use serde::{Serialize, Serializer};

/// A decision with what was read for it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The decision.
    pub decision: Decision,
    /// What was read.
    pub reading: Reading,
}

impl Judged {
    /// A decision for which nothing of windows or budgets was read.
    #[must_use]
    pub fn plain(decision: Decision) -> Self {
        Self { decision, reading: Reading::default() }
    }
}

/// What was read of windows and budgets, and what was taken from them: facts of a decision.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reading {
    /// What was spent within the permissions' windows.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "windows")]
    pub spent: Vec<Spent>,
    /// What was spent of the organization's budgets.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "budgets")]
    pub budgets: Vec<BudgetSpent>,
    /// The budget that refused what the permissions allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused_by: Option<BudgetId>,
    /// What was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation: Option<ReservationId>,
}

#[derive(Serialize)]
struct Row<I> {
    #[serde(skip_serializing_if = "Option::is_none")]
    permission: Option<PermissionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<I>,
    amount: Amount,
    count: i64,
}

fn windows<S: Serializer>(rows: &[Spent], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(rows.iter().map(|row| Row::<BudgetId> {
        permission: Some(row.permission),
        budget: None,
        amount: row.amount,
        count: row.count,
    }))
}

fn budgets<S: Serializer>(rows: &[BudgetSpent], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(rows.iter().map(|row| Row {
        permission: None,
        budget: Some(row.budget),
        amount: row.amount,
        count: row.count,
    }))
}
