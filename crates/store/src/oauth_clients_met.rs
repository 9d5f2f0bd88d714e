//! Every client that acts in an organization: those that its people made, and those of the deployment that somebody let
//! in, that hold a session, or that the organization keeps out. Of a client of the deployment an organization sees what happened with it here, and nothing
//! of what happened elsewhere.

use crate::{oauth_clients, row::Row, tx::Source};
use procura_model::{BlockId, Client, ClientId, ClientKind, Page, PageAsk, Reason, Result, Time};

statements! {
    LIST = "
        SELECT c.*, a.name AS agent_name, b.block_id,
               (SELECT COUNT(*)
                  FROM oauth_grants g
                 WHERE g.tenant_id = $1
                   AND g.client_id = c.client_id
                   AND g.revoked_at IS NULL) AS grants,
               (SELECT MAX(s.last_used_at)
                  FROM oauth_sessions s
                 WHERE s.tenant_id = $1
                   AND s.client_id = c.client_id) AS used_here
          FROM oauth_clients c
          LEFT JOIN agents a ON a.tenant_id = $1 AND a.agent_id = c.agent_id
          LEFT JOIN oauth_client_blocks b ON b.tenant_id = $1 AND b.client_id = c.client_id
         WHERE c.client_id IN (SELECT own.client_id
                                 FROM oauth_clients own
                                WHERE own.tenant_id = $1
                                UNION
                               SELECT g.client_id
                                 FROM oauth_grants g
                                WHERE g.tenant_id = $1
                                  AND g.revoked_at IS NULL
                                UNION
                               SELECT k.client_id
                                 FROM oauth_client_blocks k
                                WHERE k.tenant_id = $1
                                UNION
                               SELECT s.client_id
                                 FROM oauth_sessions s
                                WHERE s.tenant_id = $1
                                  AND s.revoked_at IS NULL
                                  AND s.expires_at > $2)
           AND c.removed_at IS NULL
           AND (c.tenant_id IS NULL OR c.tenant_id = $1)
           AND (CAST($3 AS TEXT) IS NULL OR c.kind = $3)
           AND (CAST($4 AS TEXT) IS NULL OR c.client_id < $4)
         ORDER BY c.client_id DESC
         LIMIT $5";
    GET = "
        SELECT c.*, a.name AS agent_name, b.block_id,
               (SELECT COUNT(*)
                  FROM oauth_grants g
                 WHERE g.tenant_id = $1
                   AND g.client_id = c.client_id
                   AND g.revoked_at IS NULL) AS grants,
               (SELECT MAX(s.last_used_at)
                  FROM oauth_sessions s
                 WHERE s.tenant_id = $1
                   AND s.client_id = c.client_id) AS used_here
          FROM oauth_clients c
          LEFT JOIN agents a ON a.tenant_id = $1 AND a.agent_id = c.agent_id
          LEFT JOIN oauth_client_blocks b ON b.tenant_id = $1 AND b.client_id = c.client_id
         WHERE c.client_id = $2
           AND c.removed_at IS NULL
           AND (c.tenant_id IS NULL OR c.tenant_id = $1)
           AND (c.tenant_id = $1
                OR b.block_id IS NOT NULL
                OR EXISTS (SELECT g.client_id
                             FROM oauth_grants g
                            WHERE g.tenant_id = $1
                              AND g.client_id = c.client_id)
                OR EXISTS (SELECT s.client_id
                             FROM oauth_sessions s
                            WHERE s.tenant_id = $1
                              AND s.client_id = c.client_id))";
}

/// A client as one organization knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetClient {
    /// The client.
    pub client: Client,
    /// The name of the agent as which it acts where no person is asked.
    pub agent_name: Option<String>,
    /// How many consents of people of the organization hold.
    pub grants: i64,
    /// When a session of it was last used here.
    pub used_here: Option<Time>,
    /// What keeps it out, where the organization does.
    pub block: Option<BlockId>,
}

/// Those that may act in the organization now, or are kept out; who has its own page by a URL stands first, then the newest. The cursor
/// is a client's id.
///
/// # Errors
/// A fault.
pub async fn list(
    source: &mut impl Source,
    kind: Option<ClientKind>,
    ask: &PageAsk,
) -> Result<Page<MetClient>> {
    let now = source.now();
    let kind = kind.map(ClientKind::as_str);
    let args = args![now, kind, ask.after.as_deref(), ask.limit.saturating_add(1)];
    let met = source.desk().all(&LIST, args).await?.iter().map(read).collect::<Result<Vec<_>>>()?;
    Ok(Page::of(met, ask, |met| met.client.id.to_string()))
}

/// One that acts in the organization, or did.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn get(source: &mut impl Source, client: &ClientId) -> Result<MetClient> {
    read(&source.desk().maybe(&GET, args![client]).await?.ok_or(Reason::NotFound)?)
}

fn read(row: &Row) -> Result<MetClient> {
    Ok(MetClient {
        client: oauth_clients::read(row)?,
        agent_name: row.maybe_text("agent_name")?,
        grants: row.int("grants")?,
        used_here: row.maybe_time("used_here")?,
        block: row.maybe_parse("block_id")?,
    })
}
