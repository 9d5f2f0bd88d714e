//! The rest of a tool result that was truncated (RED-2), already sanitized and sealed, for a while. It belongs to an agent
//! and, where it was got in one, to a session of a user; an organization keeps a bounded share of them.

use crate::{
    row::Row,
    tx::{Source, Unaudited, Writer},
};
use procura_model::{AgentId, Reason, Result, ResultId, SessionId, Time};

statements! {
    INSERT = "
        INSERT INTO results (tenant_id, result_id, agent_id, session_id, body, size_bytes, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    READ = "
        SELECT body, expires_at
          FROM results
         WHERE tenant_id = $1
           AND result_id = $2
           AND agent_id = $3
           AND COALESCE(session_id, '') = COALESCE(CAST($4 AS TEXT), '')
           AND expires_at > $5";
    FORGET_ALL = "
        DELETE FROM results
         WHERE tenant_id = $1";
    /// Ids sort by time, so the newest are counted first, and what lies beyond a share is the oldest. What an agent has
    /// beyond its own share goes before anything is counted for the organization: it pushes out nobody else's.
    KEEP_NEWEST = "
        DELETE FROM results
         WHERE tenant_id = $1
           AND result_id NOT IN (
               SELECT fits.result_id
                 FROM (SELECT own.result_id,
                              CAST(COALESCE(SUM(own.size_bytes) OVER (ORDER BY own.result_id DESC), 0)
                                   AS BIGINT) AS total
                         FROM (SELECT result_id,
                                      size_bytes,
                                      CAST(COALESCE(SUM(size_bytes) OVER (PARTITION BY agent_id
                                                                              ORDER BY result_id DESC), 0)
                                           AS BIGINT) AS total
                                 FROM results
                                WHERE tenant_id = $1) AS own
                        WHERE own.total <= $2) AS fits
                WHERE fits.total <= $3)";
}

/// How much of results is kept, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// Of one agent's.
    pub agent: i64,
    /// Of all of the organization's.
    pub organization: i64,
}

/// Whose a kept result is: an agent's, acting in a session or for nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The agent that got it.
    pub agent: AgentId,
    /// The session in which it got it.
    pub session: Option<SessionId>,
}

/// A sealed result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What was sealed.
    pub sealed: Vec<u8>,
    /// Until when it can be read.
    pub expires_at: Time,
}

/// Stores a sealed result for its holder.
///
/// # Errors
/// A fault.
pub async fn insert(u: &mut Unaudited, result: ResultId, holder: Holder, kept: &Kept) -> Result<()> {
    let (body, now) = (kept.sealed.as_slice(), u.now());
    let size = i64::try_from(body.len()).unwrap_or(i64::MAX);
    let args = args![result, holder.agent, holder.session, body, size, now, kept.expires_at];
    u.desk().run(&INSERT, args).await
}

/// Drops the oldest results of each agent, and then of the organization, until what is left is within its share.
///
/// # Errors
/// A fault.
pub async fn keep_newest(u: &mut Unaudited, shares: Shares) -> Result<()> {
    u.desk().run(&KEEP_NEWEST, args![shares.agent, shares.organization]).await
}

/// Forgets every kept result of the organization: what is redacted has changed, and they were redacted by the rules of before.
///
/// # Errors
/// A fault.
pub async fn forget_all(w: &mut Writer<'_>) -> Result<()> {
    w.desk().run(&FORGET_ALL, args![]).await
}

/// Reads a sealed result; its holder alone does.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn read(source: &mut impl Source, result: ResultId, holder: Holder) -> Result<Kept> {
    let now = source.now();
    let args = args![result, holder.agent, holder.session, now];
    let row = source.desk().maybe(&READ, args).await?.ok_or(Reason::NotFound)?;
    kept(&row)
}

fn kept(row: &Row) -> Result<Kept> {
    Ok(Kept { sealed: row.bytes("body")?, expires_at: row.time("expires_at")? })
}

#[cfg(test)]
#[path = "results_tests.rs"]
mod tests;
