//! What people and programs read of approvals.

use crate::App;
use procura_model::{Approval, ApprovalId, ApprovalState, Ctx, Page, PageAsk, Result, Scope};
use procura_store::approvals as rows;

/// The page on which a person answers.
#[must_use]
pub fn url(app: &App, id: ApprovalId) -> String {
    format!("{}/approvals/{id}", app.settings.public_url)
}

/// The approvals of the organization, newest first; an agent sees its own alone.
///
/// # Errors
/// `AUTH_SCOPE_MISSING` or `AUTH_ROLE_MISSING`.
pub async fn list(
    app: &App,
    ctx: &Ctx,
    state: Option<ApprovalState>,
    page: &PageAsk,
) -> Result<Page<Approval>> {
    ctx.actor.require(Scope::ReadApprovals)?;
    let mut reader = app.store.read(ctx);
    rows::list(&mut reader, state, page).await
}

/// One approval.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn get(app: &App, ctx: &Ctx, id: ApprovalId) -> Result<Approval> {
    ctx.actor.require(Scope::ReadApprovals)?;
    let mut reader = app.store.read(ctx);
    rows::get(&mut reader, id).await
}

/// How many approvals wait for a person, for the badge in the console.
///
/// # Errors
/// The scope is missing.
pub async fn count_waiting(app: &App, ctx: &Ctx) -> Result<i64> {
    ctx.actor.require(Scope::ReadApprovals)?;
    let mut reader = app.store.read(ctx);
    rows::count_all_waiting(&mut reader).await
}
