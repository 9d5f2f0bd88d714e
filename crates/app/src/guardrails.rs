//! Guardrails: Cedar policies of the organization above every permission. They can only narrow: a deny if either denies, a
//! person if either asks. A change is obeyed at the next request on this node, and within a second on every other.

use crate::App;
use procura_model::{Ctx, Event, EventKind, Guardrail, GuardrailId, Reason, Result, Scope};
use procura_policy::cedar;
use procura_store::guardrails as rows;

/// How many guardrails an organization may have.
const MAX_GUARDRAILS: usize = 50;
const MAX_NAME_BYTES: usize = 100;

/// A guardrail as somebody wants it.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What people call it.
    pub name: String,
    /// Its Cedar text: `forbid` policies alone.
    pub policy: String,
}

impl Draft {
    fn judge(&self) -> Result<()> {
        if self.name.trim().is_empty() || self.name.len() > MAX_NAME_BYTES {
            return Err(Reason::FieldInvalid.because("name must have 1 to 100 bytes."));
        }
        cedar::validate_guardrail(&self.policy)
    }
}

/// Every guardrail of the organization, oldest first.
///
/// # Errors
/// The scope is missing.
pub async fn list(app: &App, ctx: &Ctx) -> Result<Vec<Guardrail>> {
    ctx.actor.require(Scope::ReadPermissions)?;
    rows::list(&mut app.store.read(ctx)).await
}

/// One guardrail.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn get(app: &App, ctx: &Ctx, id: GuardrailId) -> Result<Guardrail> {
    ctx.actor.require(Scope::ReadPermissions)?;
    rows::get(&mut app.store.read(ctx), id).await
}

/// Whether a text could be saved as a guardrail.
///
/// # Errors
/// `FIELD_INVALID` with what Cedar says of it.
pub fn check(ctx: &Ctx, policy: &str) -> Result<()> {
    ctx.actor.require(Scope::ReadPermissions)?;
    cedar::validate_guardrail(policy)
}

/// Adds a guardrail.
///
/// # Errors
/// `FIELD_INVALID` with what Cedar says of it, `NAME_TAKEN`.
pub async fn add(app: &App, ctx: &Ctx, draft: Draft) -> Result<Guardrail> {
    ctx.actor.require(Scope::WritePermissions)?;
    draft.judge()?;
    let Draft { name, policy } = draft;
    let id = GuardrailId::new(ctx.now, &app.entropy);
    let guardrail = Guardrail { id, name, policy, created_at: ctx.now, updated_at: ctx.now };
    let mut writer = app.store.write(ctx).await?;
    if rows::list(&mut writer).await?.len() >= MAX_GUARDRAILS {
        let text = format!("An organization has at most {MAX_GUARDRAILS} guardrails.");
        return Err(Reason::FieldInvalid.because(text));
    }
    rows::insert(&mut writer, &guardrail).await?;
    writer.commit(event(EventKind::GuardrailCreated, &guardrail)).await?;
    app.snapshots.forget_tenant(ctx.tenant);
    Ok(guardrail)
}

/// Replaces a guardrail; its id stays.
///
/// # Errors
/// `NOT_FOUND`, and as [`add`].
pub async fn change(app: &App, ctx: &Ctx, id: GuardrailId, draft: Draft) -> Result<Guardrail> {
    ctx.actor.require(Scope::WritePermissions)?;
    draft.judge()?;
    let mut writer = app.store.write(ctx).await?;
    let guardrail = rows::update(&mut writer, id, &draft.name, &draft.policy).await?;
    writer.commit(event(EventKind::GuardrailChanged, &guardrail)).await?;
    app.snapshots.forget_tenant(ctx.tenant);
    Ok(guardrail)
}

/// Removes a guardrail.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn remove(app: &App, ctx: &Ctx, id: GuardrailId) -> Result<()> {
    ctx.actor.require(Scope::WritePermissions)?;
    let mut writer = app.store.write(ctx).await?;
    let guardrail = rows::remove(&mut writer, id).await?;
    writer.commit(event(EventKind::GuardrailRemoved, &guardrail)).await?;
    app.snapshots.forget_tenant(ctx.tenant);
    Ok(())
}

/// What every change records, with the text so that history can be understood.
fn event(kind: EventKind, guardrail: &Guardrail) -> Event {
    let facts = serde_json::json!({ "name": guardrail.name, "policy": guardrail.policy });
    Event::new(kind).about(guardrail.id).with_facts(&facts)
}
