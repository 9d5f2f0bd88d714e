//! What people and programs read of approvals. An agent sees its own alone.

use super::eligible::{self, Eligible};
use crate::App;
use procura_model::{
    Approval, ApprovalAnswer, ApprovalId, ApprovalState, Ctx, Page, PageAsk, Reason, Result, Scope,
};
use procura_store::{approval_answers, approvals as rows};

/// The page on which a person answers.
#[must_use]
pub fn url(app: &App, id: ApprovalId) -> String {
    format!("{}/approvals/{id}", app.settings.public_url)
}

/// An approval with what was said of it, and who may answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// The approval.
    pub approval: Approval,
    /// What people said, in order.
    pub answers: Vec<ApprovalAnswer>,
    /// Everybody whose role decides approvals, and whether they may answer this one.
    pub people: Vec<Eligible>,
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
    rows::list(&mut reader, ctx.actor.agent(), state, page).await
}

/// One approval.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn get(app: &App, ctx: &Ctx, id: ApprovalId) -> Result<Approval> {
    ctx.actor.require(Scope::ReadApprovals)?;
    let mut reader = app.store.read(ctx);
    let approval = rows::get(&mut reader, id).await?;
    let is_foreign = ctx.actor.agent().is_some_and(|agent| agent != approval.agent);
    if is_foreign { Err(Reason::NotFound.into()) } else { Ok(approval) }
}

/// One approval with what was said of it, and who may answer.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn detail(app: &App, ctx: &Ctx, id: ApprovalId) -> Result<Detail> {
    let approval = get(app, ctx, id).await?;
    let mut reader = app.store.read(ctx);
    let answers = approval_answers::list(&mut reader, id).await?;
    let people = eligible::Rules::read(&mut reader, &approval).await?.people(&mut reader).await?;
    Ok(Detail { approval, answers, people })
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
