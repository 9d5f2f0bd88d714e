//! How the users of an agent are verified (USR-1): one row for each agent that has a method, so an agent can never
//! have two. The settings are a document of the journey's; no secret stands in it.

use crate::{
    revocations::{self, Subject},
    row::Row,
    tx::{Source, Writer},
};
use procura_model::{AgentId, Result, Time, UserAuthMethod};

statements! {
    PUT = "
        INSERT INTO user_auth (tenant_id, agent_id, method, settings, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $5)
        ON CONFLICT (tenant_id, agent_id)
        DO UPDATE SET method = excluded.method,
                      settings = excluded.settings,
                      updated_at = excluded.updated_at
     RETURNING *";
    GET = "
        SELECT *
          FROM user_auth
         WHERE tenant_id = $1
           AND agent_id = $2";
    LIST = "
        SELECT u.*,
               EXISTS (SELECT 1
                         FROM secrets s
                        WHERE s.tenant_id = u.tenant_id
                          AND s.subject = u.agent_id
                          AND (s.retires_at IS NULL OR s.retires_at > $2)) AS has_secret
          FROM user_auth u
         WHERE u.tenant_id = $1";
    HOLD = "
        UPDATE user_auth
           SET updated_at = updated_at
         WHERE tenant_id = $1
           AND agent_id = $2
     RETURNING *";
    REMOVE = "
        DELETE FROM user_auth
         WHERE tenant_id = $1
           AND agent_id = $2
     RETURNING *";
}

/// How the users of one agent are verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserAuth {
    /// The agent.
    pub agent: AgentId,
    /// By which method.
    pub method: UserAuthMethod,
    /// The method's settings and the widget's, as one JSON document.
    pub settings: String,
    /// When the first method was set.
    pub created_at: Time,
    /// When the settings were changed.
    pub updated_at: Time,
}

/// Sets how the users of an agent are verified, and answers it as it is stored; every node drops what it
/// remembers of the agent. The agent must exist.
///
/// # Errors
/// A fault.
pub async fn put(
    w: &mut Writer<'_>,
    agent: AgentId,
    method: UserAuthMethod,
    settings: &str,
) -> Result<UserAuth> {
    let now = w.now();
    let row = w.desk().one(&PUT, args![agent, method.as_str(), settings, now]).await?;
    changed(w, agent).await?;
    read(&row)
}

/// How the users of an agent are verified, where that was set.
///
/// # Errors
/// A fault.
pub async fn get(source: &mut impl Source, agent: AgentId) -> Result<Option<UserAuth>> {
    source.desk().maybe(&GET, args![agent]).await?.as_ref().map(read).transpose()
}

/// How the users of every agent that has a method are verified, and whether a secret of it lives.
///
/// # Errors
/// A fault.
pub async fn list(source: &mut impl Source) -> Result<Vec<(UserAuth, bool)>> {
    let now = source.now();
    let rows = source.desk().all(&LIST, args![now]).await?;
    rows.iter().map(|row| Ok((read(row)?, row.bool("has_secret")?))).collect()
}

/// The same of one agent, and nobody else changes the method or its secrets before this writer is done: of two who
/// replace a secret at once, one comes after the other.
///
/// # Errors
/// A fault.
pub async fn hold(w: &mut Writer<'_>, agent: AgentId) -> Result<Option<UserAuth>> {
    w.desk().maybe(&HOLD, args![agent]).await?.as_ref().map(read).transpose()
}

/// Removes the method of an agent, and answers what it was; every node drops what it remembers of the agent.
///
/// # Errors
/// A fault.
pub async fn remove(w: &mut Writer<'_>, agent: AgentId) -> Result<Option<UserAuth>> {
    let Some(row) = w.desk().maybe(&REMOVE, args![agent]).await? else { return Ok(None) };
    changed(w, agent).await?;
    read(&row).map(Some)
}

async fn changed(w: &mut Writer<'_>, agent: AgentId) -> Result<()> {
    revocations::insert(w, Subject::Agent(agent)).await
}

fn read(row: &Row) -> Result<UserAuth> {
    Ok(UserAuth {
        agent: row.parse("agent_id")?,
        method: row.parse("method")?,
        settings: row.text("settings")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

#[cfg(test)]
#[path = "user_auth_tests.rs"]
mod tests;
