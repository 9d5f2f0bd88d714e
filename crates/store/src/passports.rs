//! Passports: one row for each agent that ever had one (PAS-3). The row holds the digest of the newest token alone, so
//! a rotation is the end of the token before it, on every node: nobody remembers a token, it is looked up each time.

use crate::{
    row::Row,
    tx::{Source, Writer},
};
use procura_model::{AgentId, Digest, PassportId, Result, Time};

statements! {
    PUT = "
        INSERT INTO passports (tenant_id, agent_id, passport_id, digest, version, created_at, rotated_at)
        VALUES ($1, $2, $3, $4, 1, $5, $5)
        ON CONFLICT (tenant_id, agent_id)
        DO UPDATE SET digest = excluded.digest,
                      version = passports.version + 1,
                      rotated_at = excluded.rotated_at,
                      revoked_at = NULL
     RETURNING *";
    GET = "
        SELECT *
          FROM passports
         WHERE tenant_id = $1
           AND agent_id = $2";
    REVOKE = "
        UPDATE passports
           SET revoked_at = $3
         WHERE tenant_id = $1
           AND agent_id = $2
           AND revoked_at IS NULL
     RETURNING *";
}

/// A passport without its token, of which only the digest is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passport {
    /// Its id, which stays when it is rotated.
    pub id: PassportId,
    /// Whose it is.
    pub agent: AgentId,
    /// Counts up with every rotation.
    pub version: i64,
    /// When the first one was made.
    pub created_at: Time,
    /// When the token that holds was made.
    pub rotated_at: Time,
    /// When it was revoked; rotating it makes it hold again, with another token.
    pub revoked_at: Option<Time>,
}

/// Gives an agent's passport this token, and answers it: a new one, or the agent's own with the next version. The
/// agent must exist.
///
/// # Errors
/// A fault.
pub async fn put(w: &mut Writer<'_>, agent: AgentId, fresh: PassportId, token: &Digest) -> Result<Passport> {
    let now = w.now();
    read(&w.desk().one(&PUT, args![agent, fresh, token, now]).await?)
}

/// The passport of an agent, where it ever had one.
///
/// # Errors
/// A fault.
pub async fn get(source: &mut impl Source, agent: AgentId) -> Result<Option<Passport>> {
    source.desk().maybe(&GET, args![agent]).await?.as_ref().map(read).transpose()
}

/// Ends the passport of an agent; none where there is nothing to end.
///
/// # Errors
/// A fault.
pub async fn revoke(w: &mut Writer<'_>, agent: AgentId) -> Result<Option<Passport>> {
    let now = w.now();
    w.desk().maybe(&REVOKE, args![agent, now]).await?.as_ref().map(read).transpose()
}

fn read(row: &Row) -> Result<Passport> {
    Ok(Passport {
        id: row.parse("passport_id")?,
        agent: row.parse("agent_id")?,
        version: row.int("version")?,
        created_at: row.time("created_at")?,
        rotated_at: row.time("rotated_at")?,
        revoked_at: row.maybe_time("revoked_at")?,
    })
}

#[cfg(test)]
#[path = "passports_tests.rs"]
mod tests;
