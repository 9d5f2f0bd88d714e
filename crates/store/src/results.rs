//! The rest of a tool result that was truncated (RED-2), already sanitized, for a while. Offsets are bytes; a
//! slice never cuts a character.

use crate::tx::{Source, Unaudited};
use procura_model::{AgentId, Reason, Result, ResultId, Time};

statements! {
    INSERT = "
        INSERT INTO results (tenant_id, result_id, agent_id, body, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    READ = "
        SELECT substr(body, CAST(CAST($4 AS BIGINT) AS INTEGER), CAST(CAST($5 AS BIGINT) AS INTEGER)) AS slice,
               CAST(length(body) AS BIGINT) AS size_bytes
          FROM results
         WHERE tenant_id = $1
           AND result_id = $2
           AND agent_id = $3
           AND expires_at > $6";
}

/// A part of a stored result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The text.
    pub text: String,
    /// Where the next slice begins; none at the end.
    pub next_offset: Option<i64>,
    /// How large the whole is, in bytes.
    pub size_bytes: i64,
}

/// Stores a result for an agent.
///
/// # Errors
/// A fault.
pub async fn insert(
    u: &mut Unaudited,
    result: ResultId,
    agent: AgentId,
    body: &str,
    expires_at: Time,
) -> Result<()> {
    u.desk().run(&INSERT, args![result, agent, body.as_bytes(), u.now(), expires_at]).await
}

/// Reads up to `max_bytes` (at least 4) of a stored result from a byte offset on; an agent reads its own alone.
///
/// # Errors
/// `NOT_FOUND`, `FIELD_INVALID` for an offset inside a character or beyond the end, or a fault.
pub async fn read(
    source: &mut impl Source,
    result: ResultId,
    agent: AgentId,
    offset: i64,
    max_bytes: i64,
) -> Result<Slice> {
    let invalid = || Reason::FieldInvalid.because("offset must be one that an earlier answer named.");
    let now = source.now();
    let first = i64::from(i32::try_from(offset).map_err(|_| invalid())?).saturating_add(1);
    let length = max_bytes.clamp(4, i64::from(i32::MAX));
    if first < 1 {
        return Err(invalid());
    }
    let args = args![result, agent, first, length, now];
    let row = source.desk().maybe(&READ, args).await?.ok_or(Reason::NotFound)?;
    // A part of nothing is NULL in SQLite.
    let bytes = row.maybe_bytes("slice")?.unwrap_or_default();
    let size_bytes = row.int("size_bytes")?;
    let text = whole_characters(bytes).ok_or_else(invalid)?;
    if text.is_empty() && offset > 0 {
        return Err(invalid());
    }
    let end = offset.saturating_add(i64::try_from(text.len()).unwrap_or(i64::MAX));
    Ok(Slice { text, next_offset: (end < size_bytes).then_some(end), size_bytes })
}

/// The bytes as text without the part of a character at their end; none when they do not begin with one.
fn whole_characters(mut bytes: Vec<u8>) -> Option<String> {
    if let Err(error) = std::str::from_utf8(&bytes) {
        if error.error_len().is_some() {
            return None;
        }
        bytes.truncate(error.valid_up_to());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[path = "results_tests.rs"]
mod tests;
