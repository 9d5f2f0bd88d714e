//! The organization's own redaction rules (RED-1). Every change tells every node, which compiles them anew.

use crate::{
    revocations::{self, Subject},
    row::Row,
    tx::{Source, Writer},
};
use procura_model::{Reason, RedactionEffect, RedactionRule, RedactionRuleId, Result};

statements! {
    INSERT = "
        INSERT INTO redaction_rules (tenant_id, rule_id, name, effect, pattern, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $6)";
    UPDATE = "
        UPDATE redaction_rules
           SET name = $3, effect = $4, pattern = $5, updated_at = $6
         WHERE tenant_id = $1
           AND rule_id = $2
     RETURNING *";
    REMOVE = "
        DELETE FROM redaction_rules
         WHERE tenant_id = $1
           AND rule_id = $2
     RETURNING *";
    GET = "
        SELECT *
          FROM redaction_rules
         WHERE tenant_id = $1
           AND rule_id = $2";
    LIST = "
        SELECT *
          FROM redaction_rules
         WHERE tenant_id = $1
         ORDER BY rule_id";
}

/// What a rule says, without when it said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording<'w> {
    /// What people call it.
    pub name: &'w str,
    /// What becomes of what it matches.
    pub effect: RedactionEffect,
    /// The regular expression.
    pub pattern: &'w str,
}

/// Adds a rule.
///
/// # Errors
/// `NAME_TAKEN`, or a fault.
pub async fn insert(w: &mut Writer<'_>, rule: &RedactionRule) -> Result<()> {
    let args = args![rule.id, &rule.name, rule.effect, &rule.pattern, rule.created_at];
    w.desk().run(&INSERT, args).await?;
    revocations::insert(w, Subject::Tenant).await
}

/// Replaces what a rule says.
///
/// # Errors
/// `NOT_FOUND`, `NAME_TAKEN`, or a fault.
pub async fn update(w: &mut Writer<'_>, id: RedactionRuleId, to: &Wording<'_>) -> Result<RedactionRule> {
    let args = args![id, to.name, to.effect, to.pattern, w.now()];
    let row = w.desk().maybe(&UPDATE, args).await?.ok_or(Reason::NotFound)?;
    revocations::insert(w, Subject::Tenant).await?;
    read(&row)
}

/// Removes a rule and says what it was.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn remove(w: &mut Writer<'_>, id: RedactionRuleId) -> Result<RedactionRule> {
    let row = w.desk().maybe(&REMOVE, args![id]).await?.ok_or(Reason::NotFound)?;
    revocations::insert(w, Subject::Tenant).await?;
    read(&row)
}

/// One rule.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn get(source: &mut impl Source, id: RedactionRuleId) -> Result<RedactionRule> {
    read(&source.desk().maybe(&GET, args![id]).await?.ok_or(Reason::NotFound)?)
}

/// Every rule of the organization, oldest first.
///
/// # Errors
/// A fault, also when a row cannot be read: a rule that is skipped takes nothing out.
pub async fn list(source: &mut impl Source) -> Result<Vec<RedactionRule>> {
    source.desk().all(&LIST, args![]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<RedactionRule> {
    Ok(RedactionRule {
        id: row.parse("rule_id")?,
        name: row.text("name")?,
        effect: row.parse("effect")?,
        pattern: row.text("pattern")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

#[cfg(test)]
#[path = "redaction_rules_tests.rs"]
mod tests;
