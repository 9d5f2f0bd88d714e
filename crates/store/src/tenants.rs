//! Organizations. The row of a tenant is the one that `tenant_id = $1` names, so a writer can make and change
//! its own alone.

use crate::{
    revocations::{self, Subject},
    row::Row,
    tx::{Source, Writer},
};
use procura_model::{Doing as _, Reason, Result, Tenant, TenantSettings};

statements! {
    INSERT = "
        INSERT INTO tenants (tenant_id, name, settings, created_at)
        VALUES ($1, $2, $3, $4)";
    GET = "
        SELECT tenant_id, name, settings, rules_version, created_at
          FROM tenants
         WHERE tenant_id = $1";
    UPDATE_SETTINGS = "
        UPDATE tenants
           SET settings = $2
         WHERE tenant_id = $1
     RETURNING tenant_id";
    RENAME = "
        UPDATE tenants
           SET name = $2
         WHERE tenant_id = $1
     RETURNING tenant_id";
    BUMP_RULES = "
        UPDATE tenants
           SET rules_version = rules_version + 1
         WHERE tenant_id = $1
     RETURNING rules_version";
}

/// Makes the writer's own organization: the one whose id its context carries.
///
/// # Errors
/// A fault.
pub async fn insert(w: &mut Writer<'_>, name: &str, settings: &TenantSettings) -> Result<()> {
    let settings = serde_json::to_string(settings).doing("write the settings")?;
    let now = w.now();
    w.desk().run(&INSERT, args![name, settings, now]).await
}

/// The organization.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn get(source: &mut impl Source) -> Result<Tenant> {
    let row = source.desk().maybe(&GET, args![]).await?.ok_or(Reason::NotFound)?;
    read(&row)
}

/// Changes the settings; every node hears of it, and receipts of before are stale: an amount without a currency is in the
/// organization's.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn update_settings(w: &mut Writer<'_>, settings: &TenantSettings) -> Result<()> {
    let text = serde_json::to_string(settings).doing("write the settings")?;
    w.desk().maybe(&UPDATE_SETTINGS, args![text]).await?.ok_or(Reason::NotFound)?;
    bump_rules(w).await
}

/// Changes the name.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn rename(w: &mut Writer<'_>, name: &str) -> Result<()> {
    w.desk().maybe(&RENAME, args![name]).await?.ok_or(Reason::NotFound)?;
    Ok(())
}

/// Counts up the version of what the organization rules above every permission, its guardrails and budgets; every node
/// hears of it, and receipts of the old version are stale.
///
/// # Errors
/// A fault.
pub(crate) async fn bump_rules(w: &mut Writer<'_>) -> Result<()> {
    w.desk().one(&BUMP_RULES, args![]).await?;
    revocations::insert(w, Subject::Tenant).await
}

pub(crate) fn read(row: &Row) -> Result<Tenant> {
    Ok(Tenant {
        id: row.parse("tenant_id")?,
        name: row.text("name")?,
        settings: row.json("settings")?,
        rules_version: row.int("rules_version")?,
        created_at: row.time("created_at")?,
    })
}
