//! The organization's guardrails. Every change counts up the version of the organization's
//! rules and tells every node, which reads the organization's agents anew.

use crate::{
    row::Row,
    tenants,
    tx::{Source, Writer},
};
use procura_model::{Guardrail, GuardrailId, Reason, Result};

statements! {
    INSERT = "
        INSERT INTO guardrails (tenant_id, guardrail_id, name, policy, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $5)";
    UPDATE = "
        UPDATE guardrails
           SET name = $3, policy = $4, updated_at = $5
         WHERE tenant_id = $1
           AND guardrail_id = $2
     RETURNING *";
    REMOVE = "
        DELETE FROM guardrails
         WHERE tenant_id = $1
           AND guardrail_id = $2
     RETURNING *";
    GET = "
        SELECT *
          FROM guardrails
         WHERE tenant_id = $1
           AND guardrail_id = $2";
    LIST = "
        SELECT *
          FROM guardrails
         WHERE tenant_id = $1
         ORDER BY guardrail_id";
}

/// Adds a guardrail.
///
/// # Errors
/// `NAME_TAKEN`, or a fault.
pub async fn insert(w: &mut Writer<'_>, guardrail: &Guardrail) -> Result<()> {
    let args = args![guardrail.id, &guardrail.name, &guardrail.policy, guardrail.created_at];
    w.desk().run(&INSERT, args).await?;
    tenants::bump_rules(w).await
}

/// Replaces name and text of a guardrail.
///
/// # Errors
/// `NOT_FOUND`, `NAME_TAKEN`, or a fault.
pub async fn update(w: &mut Writer<'_>, id: GuardrailId, name: &str, policy: &str) -> Result<Guardrail> {
    let now = w.now();
    let row = w.desk().maybe(&UPDATE, args![id, name, policy, now]).await?.ok_or(Reason::NotFound)?;
    tenants::bump_rules(w).await?;
    read(&row)
}

/// Removes a guardrail and says what it was.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn remove(w: &mut Writer<'_>, id: GuardrailId) -> Result<Guardrail> {
    let row = w.desk().maybe(&REMOVE, args![id]).await?.ok_or(Reason::NotFound)?;
    tenants::bump_rules(w).await?;
    read(&row)
}

/// One guardrail.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn get(source: &mut impl Source, id: GuardrailId) -> Result<Guardrail> {
    read(&source.desk().maybe(&GET, args![id]).await?.ok_or(Reason::NotFound)?)
}

/// Every guardrail of the organization, oldest first.
///
/// # Errors
/// A fault, also when a row cannot be read: a guardrail that is skipped stops nothing.
pub async fn list(source: &mut impl Source) -> Result<Vec<Guardrail>> {
    source.desk().all(&LIST, args![]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Guardrail> {
    Ok(Guardrail {
        id: row.parse("guardrail_id")?,
        name: row.text("name")?,
        policy: row.text("policy")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
