//! What agents may do. A permission is stored as the document that the API shows. Every change counts the
//! agent's policy version up, makes its open approvals stale and tells every node, in one transaction: a
//! block that is added narrows as much as an allowance that is taken away.

use crate::{
    agents, approvals,
    row::Row,
    tx::{Source, Writer},
};
use procura_model::{AgentId, Doing as _, Error, Permission, PermissionId, Reason, Result};

statements! {
    INSERT = "
        INSERT INTO permissions (tenant_id, permission_id, agent_id, document, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $5)";
    UPDATE = "
        UPDATE permissions
           SET document = $3, updated_at = $4
         WHERE tenant_id = $1
           AND permission_id = $2
     RETURNING agent_id";
    REMOVE = "
        DELETE FROM permissions
         WHERE tenant_id = $1
           AND permission_id = $2
     RETURNING agent_id";
    LIST_OF_AGENT = "
        SELECT permission_id, agent_id, document
          FROM permissions
         WHERE tenant_id = $1
           AND agent_id = $2
         ORDER BY permission_id";
    LIST_ALL = "
        SELECT permission_id, agent_id, document
          FROM permissions
         WHERE tenant_id = $1
         ORDER BY agent_id, permission_id";
    GET = "
        SELECT permission_id, agent_id, document
          FROM permissions
         WHERE tenant_id = $1
           AND permission_id = $2";
}

/// A permission with the agent that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The agent.
    pub agent: AgentId,
    /// What it may do, or may not.
    pub permission: Permission,
}

/// Adds a permission, which must have its id, and answers the agent's new policy version.
///
/// # Errors
/// `NOT_FOUND` when there is no such agent, or a fault.
pub async fn insert(w: &mut Writer<'_>, agent: AgentId, permission: &Permission) -> Result<i64> {
    let id = id_of(permission)?;
    let document = serde_json::to_string(permission).doing("write a permission")?;
    let now = w.now();
    // First, because it answers NOT_FOUND where the foreign key would break.
    let version = narrow(w, agent).await?;
    w.desk().run(&INSERT, args![id, agent, document, now]).await?;
    Ok(version)
}

/// Changes a permission, and answers the agent's new policy version.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn update(w: &mut Writer<'_>, permission: &Permission) -> Result<i64> {
    let id = id_of(permission)?;
    let document = serde_json::to_string(permission).doing("write a permission")?;
    let now = w.now();
    let row = w.desk().maybe(&UPDATE, args![id, document, now]).await?.ok_or(Reason::NotFound)?;
    narrow(w, row.parse("agent_id")?).await
}

/// Removes a permission, and answers the agent's new policy version.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn remove(w: &mut Writer<'_>, permission: PermissionId) -> Result<i64> {
    let row = w.desk().maybe(&REMOVE, args![permission]).await?.ok_or(Reason::NotFound)?;
    narrow(w, row.parse("agent_id")?).await
}

/// The permissions of an agent, oldest first.
///
/// # Errors
/// A fault, also when a document cannot be read: a rule that is skipped might have been a block.
pub async fn list_of_agent(source: &mut impl Source, agent: AgentId) -> Result<Vec<Permission>> {
    let rows = source.desk().all(&LIST_OF_AGENT, args![agent]).await?;
    rows.iter().map(|row| read(row).map(|granted| granted.permission)).collect()
}

/// Every permission of the organization, by agent.
///
/// # Errors
/// A fault.
pub async fn list_all(source: &mut impl Source) -> Result<Vec<Granted>> {
    source.desk().all(&LIST_ALL, args![]).await?.iter().map(read).collect()
}

/// One permission.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn get(source: &mut impl Source, permission: PermissionId) -> Result<Granted> {
    let row = source.desk().maybe(&GET, args![permission]).await?.ok_or(Reason::NotFound)?;
    read(&row)
}

async fn narrow(w: &mut Writer<'_>, agent: AgentId) -> Result<i64> {
    let version = agents::bump_policy(w, agent).await?;
    approvals::mark_stale_of_agent(w, agent, version).await?;
    Ok(version)
}

fn id_of(permission: &Permission) -> Result<PermissionId> {
    permission.id.ok_or_else(|| Error::fault("store a permission", "it has no id"))
}

fn read(row: &Row) -> Result<Granted> {
    let mut permission: Permission = row.json("document")?;
    permission.id = Some(row.parse("permission_id")?);
    Ok(Granted { agent: row.parse("agent_id")?, permission })
}
