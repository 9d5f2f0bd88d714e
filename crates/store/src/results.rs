//! The rest of a tool result that was truncated (RED-2), already sanitized and sealed, for a while.

use crate::tx::{Source, Unaudited};
use procura_model::{AgentId, Reason, Result, ResultId, Time};

statements! {
    INSERT = "
        INSERT INTO results (tenant_id, result_id, agent_id, body, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    READ = "
        SELECT body
          FROM results
         WHERE tenant_id = $1
           AND result_id = $2
           AND agent_id = $3
           AND expires_at > $4";
}

/// Stores a sealed result for an agent.
///
/// # Errors
/// A fault.
pub async fn insert(
    u: &mut Unaudited,
    result: ResultId,
    agent: AgentId,
    sealed: &[u8],
    expires_at: Time,
) -> Result<()> {
    u.desk().run(&INSERT, args![result, agent, sealed, u.now(), expires_at]).await
}

/// Reads a sealed result; an agent reads its own alone.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn read(source: &mut impl Source, result: ResultId, agent: AgentId) -> Result<Vec<u8>> {
    let now = source.now();
    let row = source.desk().maybe(&READ, args![result, agent, now]).await?.ok_or(Reason::NotFound)?;
    row.bytes("body")
}

#[cfg(test)]
#[path = "results_tests.rs"]
mod tests;
