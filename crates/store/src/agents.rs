//! Registered agents. Their policy version counts up with every change of what they may do; approvals and
//! decisions name it.

use crate::{
    revocations::{self, Subject},
    row::{Row, wrong},
    tx::{Source, Unaudited, Writer},
};
use procura_model::{Agent, AgentId, AgentStatus, Page, PageAsk, Reason, Result};

statements! {
    INSERT = "
        INSERT INTO agents
               (tenant_id, agent_id, name, kind, provider, owner_id, status, policy_version, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (tenant_id, name) DO NOTHING
     RETURNING agent_id";
    LIST = "
        SELECT agent_id, name, kind, provider, owner_id, status, policy_version, created_at, last_seen_at
          FROM agents
         WHERE tenant_id = $1
           AND (CAST($2 AS TEXT) IS NULL OR agent_id < $2)
         ORDER BY agent_id DESC
         LIMIT $3";
    GET = "
        SELECT agent_id, name, kind, provider, owner_id, status, policy_version, created_at, last_seen_at
          FROM agents
         WHERE tenant_id = $1
           AND agent_id = $2";
    BY_NAME = "
        SELECT agent_id
          FROM agents
         WHERE tenant_id = $1
           AND name = $2";
    UPDATE = "
        UPDATE agents
           SET name = $3, kind = $4, provider = $5
         WHERE tenant_id = $1
           AND agent_id = $2
     RETURNING agent_id, name, kind, provider, owner_id, status, policy_version, created_at, last_seen_at";
    SET_STATUS = "
        UPDATE agents
           SET status = $3
         WHERE tenant_id = $1
           AND agent_id = $2
           AND status <> $3
     RETURNING agent_id";
    BUMP_POLICY = "
        UPDATE agents
           SET policy_version = policy_version + 1
         WHERE tenant_id = $1
           AND agent_id = $2
     RETURNING policy_version";
    TOUCH_SEEN = "
        UPDATE agents
           SET last_seen_at = $3
         WHERE tenant_id = $1
           AND agent_id = $2
           AND (last_seen_at IS NULL OR last_seen_at < $3)";
}

/// What can be changed about an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentDetails {
    /// Its name, unique in the organization.
    pub name: String,
    /// What kind of software it is.
    pub kind: String,
    /// Who makes or runs the software.
    pub provider: String,
}

/// Registers an agent.
///
/// # Errors
/// `NAME_TAKEN`, or a fault.
pub async fn insert(w: &mut Writer<'_>, agent: &Agent) -> Result<()> {
    let args = args![
        agent.id,
        &agent.name,
        &agent.kind,
        &agent.provider,
        agent.owner,
        agent.status.as_str(),
        agent.policy_version,
        agent.created_at,
    ];
    w.desk().maybe(&INSERT, args).await?.ok_or(Reason::NameTaken)?;
    Ok(())
}

/// Agents, newest first; the cursor is an agent's id.
///
/// # Errors
/// A fault.
pub async fn list(source: &mut impl Source, ask: &PageAsk) -> Result<Page<Agent>> {
    let args = args![ask.after.as_deref(), ask.limit.saturating_add(1)];
    let agents = source.desk().all(&LIST, args).await?.iter().map(read).collect::<Result<Vec<_>>>()?;
    Ok(Page::of(agents, ask, |agent| agent.id.to_string()))
}

/// One agent.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn get(source: &mut impl Source, agent: AgentId) -> Result<Agent> {
    let row = source.desk().maybe(&GET, args![agent]).await?.ok_or(Reason::NotFound)?;
    read(&row)
}

/// The agent of this name, where there is one.
///
/// # Errors
/// A fault.
pub async fn find_by_name(source: &mut impl Source, name: &str) -> Result<Option<AgentId>> {
    if name.contains('\0') {
        return Ok(None);
    }
    source.desk().maybe(&BY_NAME, args![name]).await?.map(|row| row.parse("agent_id")).transpose()
}

/// Changes an agent's details.
///
/// # Errors
/// `NAME_TAKEN`, `NOT_FOUND`, or a fault.
pub async fn update(w: &mut Writer<'_>, agent: AgentId, details: &AgentDetails) -> Result<Agent> {
    let args = args![agent, &details.name, &details.kind, &details.provider];
    let row = w.desk().maybe(&UPDATE, args).await?.ok_or(Reason::NotFound)?;
    read(&row)
}

/// Enables or disables an agent; every node hears of it. Says whether that changed anything.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn set_status(w: &mut Writer<'_>, agent: AgentId, status: AgentStatus) -> Result<Changed> {
    if w.desk().maybe(&SET_STATUS, args![agent, status.as_str()]).await?.is_none() {
        get(w, agent).await?;
        return Ok(Changed::No);
    }
    revocations::insert(w, Subject::Agent(agent)).await?;
    Ok(Changed::Yes)
}

/// Whether a statement changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It did.
    Yes,
    /// It was so already.
    No,
}

/// Counts the policy version up and answers the new one; every node drops what it remembers of the agent.
/// The functions of `permissions` do this themselves.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn bump_policy(w: &mut Writer<'_>, agent: AgentId) -> Result<i64> {
    let row = w.desk().maybe(&BUMP_POLICY, args![agent]).await?.ok_or(Reason::NotFound)?;
    revocations::insert(w, Subject::Agent(agent)).await?;
    row.int("policy_version")
}

/// Notes that the agent has authenticated.
///
/// # Errors
/// A fault.
pub async fn touch_seen(u: &mut Unaudited, agent: AgentId) -> Result<()> {
    u.desk().run(&TOUCH_SEEN, args![agent, u.now()]).await
}

fn read(row: &Row) -> Result<Agent> {
    Ok(Agent {
        id: row.parse("agent_id")?,
        name: row.text("name")?,
        kind: row.text("kind")?,
        provider: row.text("provider")?,
        owner: row.maybe_parse("owner_id")?,
        status: read_status(&row.text("status")?)?,
        policy_version: row.int("policy_version")?,
        created_at: row.time("created_at")?,
        last_seen_at: row.maybe_time("last_seen_at")?,
    })
}

fn read_status(word: &str) -> Result<AgentStatus> {
    match word {
        "enabled" => Ok(AgentStatus::Enabled),
        "disabled" => Ok(AgentStatus::Disabled),
        _ => Err(wrong("status")),
    }
}
