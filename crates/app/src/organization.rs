//! The organization's own name and settings.

use crate::{App, authzen};
use procura_model::{
    Ctx, Event, EventKind, Reason, Result, Scope, Tenant, TenantSettings,
    time::{DAY_MS, MINUTE_MS},
};
use procura_store::{approvals, tenants as rows};

/// The organization.
///
/// # Errors
/// The scope is missing.
pub async fn get(app: &App, ctx: &Ctx) -> Result<Tenant> {
    ctx.actor.require(Scope::ReadOrganization)?;
    let mut reader = app.store.read(ctx);
    rows::get(&mut reader).await
}

/// The settings by which the gates of a request go; nobody is shown them.
///
/// # Errors
/// A fault.
pub async fn settings(app: &App, ctx: &Ctx) -> Result<TenantSettings> {
    Ok(rows::get(&mut app.store.read(ctx)).await?.settings)
}

/// Changes the organization's name and settings; in force from the next request on.
///
/// # Errors
/// `FIELD_INVALID`.
pub async fn change(app: &App, ctx: &Ctx, name: &str, settings: TenantSettings) -> Result<Tenant> {
    ctx.actor.require(Scope::WriteOrganization)?;
    let name = checked_name(name)?;
    if !(MINUTE_MS..=30 * DAY_MS).contains(&settings.approval_ttl_ms) {
        return Err(Reason::FieldInvalid.because("approvalTtlMs must be between one minute and 30 days."));
    }
    if !(1..=10).contains(&settings.approval_quorum) {
        return Err(Reason::FieldInvalid.because("approvalQuorum must be between 1 and 10."));
    }
    let mut writer = app.store.write(ctx).await?;
    authzen::check_subjects(&mut writer, &settings.authzen_subjects).await?;
    if rows::get(&mut writer).await?.settings.currency != settings.currency {
        // What was asked without a currency would come to mean another amount.
        approvals::mark_all_stale(&mut writer).await?;
    }
    rows::rename(&mut writer, &name).await?;
    rows::update_settings(&mut writer, &settings).await?;
    let tenant = rows::get(&mut writer).await?;
    writer.commit(Event::new(EventKind::OrganizationChanged).about(ctx.tenant).with_facts(&settings)).await?;
    app.snapshots.forget_tenant(ctx.tenant);
    Ok(tenant)
}

/// A name of 1 to 80 characters without control characters.
pub(crate) fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    if !(1..=80).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(Reason::FieldInvalid.because("The organization's name must have 1 to 80 characters."));
    }
    Ok(name.to_owned())
}
