//! The organization's budgets (VER-3). A budget is stored as the document that the API shows; its name and its id
//! stand in columns of their own. Every change counts up the version of the organization's
//! rules and tells every node, which reads the organization's agents anew.

use crate::{
    row::Row,
    tenants,
    tx::{Source, Writer},
};
use procura_model::{Budget, BudgetId, BudgetOf, Doing as _, Reason, Result, Window};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

statements! {
    INSERT = "
        INSERT INTO budgets (tenant_id, budget_id, name, document, created_at)
        VALUES ($1, $2, $3, $4, $5)";
    UPDATE = "
        UPDATE budgets
           SET name = $3, document = $4
         WHERE tenant_id = $1
           AND budget_id = $2
     RETURNING budget_id";
    REMOVE = "
        DELETE FROM budgets
         WHERE tenant_id = $1
           AND budget_id = $2
     RETURNING *";
    GET = "
        SELECT *
          FROM budgets
         WHERE tenant_id = $1
           AND budget_id = $2";
    LIST = "
        SELECT *
          FROM budgets
         WHERE tenant_id = $1
         ORDER BY budget_id";
}

/// What of a budget stands in its document.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'d> {
    of: Cow<'d, BudgetOf>,
    actions: Cow<'d, [String]>,
    window: Window,
}

/// Adds a budget.
///
/// # Errors
/// `NAME_TAKEN`, or a fault.
pub async fn insert(w: &mut Writer<'_>, budget: &Budget) -> Result<()> {
    let args = args![budget.id, &budget.name, document(budget)?, budget.created_at];
    w.desk().run(&INSERT, args).await?;
    tenants::bump_rules(w).await
}

/// Changes a budget; its id and when it was made stay.
///
/// # Errors
/// `NOT_FOUND`, `NAME_TAKEN`, or a fault.
pub async fn update(w: &mut Writer<'_>, budget: &Budget) -> Result<()> {
    let args = args![budget.id, &budget.name, document(budget)?];
    w.desk().maybe(&UPDATE, args).await?.ok_or(Reason::NotFound)?;
    tenants::bump_rules(w).await
}

/// Removes a budget and says what it was. What was counted on it stays, and counts for nobody.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn remove(w: &mut Writer<'_>, budget: BudgetId) -> Result<Budget> {
    let row = w.desk().maybe(&REMOVE, args![budget]).await?.ok_or(Reason::NotFound)?;
    tenants::bump_rules(w).await?;
    read(&row)
}

/// One budget.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn get(source: &mut impl Source, budget: BudgetId) -> Result<Budget> {
    read(&source.desk().maybe(&GET, args![budget]).await?.ok_or(Reason::NotFound)?)
}

/// Every budget of the organization, oldest first.
///
/// # Errors
/// A fault, also when a document cannot be read: a budget that is skipped limits nobody.
pub async fn list(source: &mut impl Source) -> Result<Vec<Budget>> {
    source.desk().all(&LIST, args![]).await?.iter().map(read).collect()
}

fn document(budget: &Budget) -> Result<String> {
    let document = Document {
        of: Cow::Borrowed(&budget.of),
        actions: Cow::Borrowed(&budget.actions),
        window: budget.window,
    };
    serde_json::to_string(&document).doing("write a budget")
}

fn read(row: &Row) -> Result<Budget> {
    let document: Document<'_> = row.json("document")?;
    Ok(Budget {
        id: row.parse("budget_id")?,
        name: row.text("name")?,
        of: document.of.into_owned(),
        actions: document.actions.into_owned(),
        window: document.window,
        created_at: row.time("created_at")?,
    })
}

#[cfg(test)]
#[path = "budgets_tests.rs"]
mod tests;
