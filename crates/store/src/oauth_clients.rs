//! The OAuth clients that people of an organization made. Clients of the deployment, which registered themselves or are
//! named by a document, are in [`crate::lobby_oauth_clients`]. Whatever narrows tells every node.

use crate::{
    revocations::{self, Subject},
    row::Row,
    tx::{Source, Writer},
};
use procura_model::{
    AgentId, Client, ClientId, ClientMetadata, ClientSecretId, Page, PageAsk, Reason, Result, Time,
};

statements! {
    INSERT = "
        INSERT INTO oauth_clients (tenant_id, client_id, kind, name, metadata, agent_id, created_at, updated_at)
        VALUES ($1, $2, 'manual', $3, $4, $5, $6, $6)";
    LIST = "
        SELECT *
          FROM oauth_clients
         WHERE tenant_id = $1
           AND (CAST($2 AS TEXT) IS NULL OR client_id < $2)
           AND removed_at IS NULL
         ORDER BY client_id DESC
         LIMIT $3";
    GET = "
        SELECT *
          FROM oauth_clients
         WHERE tenant_id = $1
           AND client_id = $2
           AND removed_at IS NULL";
    /// updated_at goes on with every change, so that two are never at one time.
    UPDATE = "
        UPDATE oauth_clients
           SET name = $3, metadata = $4, agent_id = $5,
               updated_at = CASE WHEN $6 > updated_at THEN $6 ELSE updated_at + 1 END
         WHERE tenant_id = $1
           AND client_id = $2
           AND updated_at = $7
           AND removed_at IS NULL
     RETURNING *";
    DISABLE = "
        UPDATE oauth_clients
           SET disabled_at = $3, updated_at = CASE WHEN $3 > updated_at THEN $3 ELSE updated_at + 1 END
         WHERE tenant_id = $1
           AND client_id = $2
           AND disabled_at IS NULL
           AND removed_at IS NULL
     RETURNING *";
    ENABLE = "
        UPDATE oauth_clients
           SET disabled_at = NULL, updated_at = CASE WHEN $3 > updated_at THEN $3 ELSE updated_at + 1 END
         WHERE tenant_id = $1
           AND client_id = $2
           AND disabled_at IS NOT NULL
           AND removed_at IS NULL
     RETURNING *";
    REMOVE = "
        UPDATE oauth_clients
           SET removed_at = $3, disabled_at = COALESCE(disabled_at, $3), updated_at = $3
         WHERE tenant_id = $1
           AND client_id = $2
           AND removed_at IS NULL
     RETURNING *";
    INSERT_SECRET = "
        INSERT INTO oauth_client_secrets (client_id, secret_id, sealed_hash, preview, created_at, expires_at)
        SELECT c.client_id, $3, $4, $5, $6, $7
          FROM oauth_clients c
         WHERE c.tenant_id = $1
           AND c.client_id = $2
           AND c.removed_at IS NULL
     RETURNING secret_id";
    SECRETS = "
        SELECT s.secret_id, s.preview, s.created_at, s.expires_at
          FROM oauth_client_secrets s
          JOIN oauth_clients c ON c.client_id = s.client_id
         WHERE c.tenant_id = $1
           AND c.client_id = $2
           AND s.revoked_at IS NULL
           AND (s.expires_at IS NULL OR s.expires_at > $3)
         ORDER BY s.secret_id";
    REVOKE_SECRET = "
        UPDATE oauth_client_secrets
           SET revoked_at = $4
         WHERE client_id = $2
           AND secret_id = $3
           AND revoked_at IS NULL
           AND EXISTS (SELECT c.client_id
                         FROM oauth_clients c
                        WHERE c.tenant_id = $1
                          AND c.client_id = oauth_client_secrets.client_id)
     RETURNING secret_id";
    SHORTEN_SECRETS = "
        UPDATE oauth_client_secrets
           SET expires_at = $4
         WHERE client_id = $2
           AND secret_id <> $3
           AND revoked_at IS NULL
           AND (expires_at IS NULL OR expires_at > $4)
           AND EXISTS (SELECT c.client_id
                         FROM oauth_clients c
                        WHERE c.tenant_id = $1
                          AND c.client_id = oauth_client_secrets.client_id)
     RETURNING secret_id";
}

/// A secret of a client without the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret {
    /// Its id.
    pub id: ClientSecretId,
    /// Its first characters.
    pub preview: String,
    /// When it was made.
    pub created_at: Time,
    /// When it ends by itself.
    pub expires_at: Option<Time>,
}

/// A secret on its way into the store.
#[derive(Clone, Debug)]
pub struct NewClientSecret {
    /// What is told of it.
    pub secret: ClientSecret,
    /// Its bcrypt hash, sealed.
    pub sealed_hash: Vec<u8>,
}

/// Adds a client that a person made.
///
/// # Errors
/// A fault.
pub async fn insert(w: &mut Writer<'_>, client: &Client) -> Result<()> {
    let metadata = as_text(&client.metadata)?;
    let args = args![&client.id, &client.name, metadata, client.agent, client.created_at];
    w.desk().run(&INSERT, args).await
}

/// Clients, newest first; the cursor is a client's id.
///
/// # Errors
/// A fault.
pub async fn list(source: &mut impl Source, ask: &PageAsk) -> Result<Page<Client>> {
    let args = args![ask.after.as_deref(), ask.limit.saturating_add(1)];
    let clients = source.desk().all(&LIST, args).await?.iter().map(read).collect::<Result<Vec<_>>>()?;
    Ok(Page::of(clients, ask, |client| client.id.to_string()))
}

/// One client of the organization.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn get(source: &mut impl Source, client: &ClientId) -> Result<Client> {
    read(&source.desk().maybe(&GET, args![client]).await?.ok_or(Reason::NotFound)?)
}

/// Replaces what is said of a client that is still as it was read: what else must change with it was found out from that.
///
/// # Errors
/// `STATE_CHANGED` where somebody else changed or removed it since, or a fault.
pub async fn update(
    w: &mut Writer<'_>,
    before: &Client,
    name: &str,
    metadata: &ClientMetadata,
    agent: Option<AgentId>,
) -> Result<Client> {
    let args = args![&before.id, name, as_text(metadata)?, agent, w.now(), before.updated_at];
    let row = w.desk().maybe(&UPDATE, args).await?.ok_or(Reason::StateChanged)?;
    revocations::insert(w, Subject::Client(before.id.clone())).await?;
    read(&row)
}

/// Disables a client; none where it is disabled or there is no such client.
///
/// # Errors
/// A fault.
pub async fn disable(w: &mut Writer<'_>, client: &ClientId) -> Result<Option<Client>> {
    narrow(w, &DISABLE, client).await
}

/// Lets a client act again; none where it is not disabled or there is no such client.
///
/// # Errors
/// A fault.
pub async fn enable(w: &mut Writer<'_>, client: &ClientId) -> Result<Option<Client>> {
    narrow(w, &ENABLE, client).await
}

/// Removes a client for good: nobody finds it any more.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn remove(w: &mut Writer<'_>, client: &ClientId) -> Result<Client> {
    Ok(narrow(w, &REMOVE, client).await?.ok_or(Reason::NotFound)?)
}

async fn narrow(
    w: &mut Writer<'_>,
    statement: &crate::statement::Statement,
    client: &ClientId,
) -> Result<Option<Client>> {
    let now = w.now();
    let Some(row) = w.desk().maybe(statement, args![client, now]).await? else { return Ok(None) };
    revocations::insert(w, Subject::Client(client.clone())).await?;
    read(&row).map(Some)
}

/// Adds a secret of a client.
///
/// # Errors
/// `NOT_FOUND` where the organization has no such client, or a fault.
pub async fn insert_secret(w: &mut Writer<'_>, client: &ClientId, new: &NewClientSecret) -> Result<()> {
    let NewClientSecret { secret, sealed_hash } = new;
    let args = args![
        client,
        secret.id,
        sealed_hash.as_slice(),
        &secret.preview,
        secret.created_at,
        secret.expires_at
    ];
    w.desk().maybe(&INSERT_SECRET, args).await?.ok_or(Reason::NotFound)?;
    Ok(())
}

/// The secrets of a client that hold, oldest first.
///
/// # Errors
/// A fault.
pub async fn secrets(source: &mut impl Source, client: &ClientId) -> Result<Vec<ClientSecret>> {
    let now = source.now();
    let rows = source.desk().all(&SECRETS, args![client, now]).await?;
    rows.iter()
        .map(|row| {
            Ok(ClientSecret {
                id: row.parse("secret_id")?,
                preview: row.text("preview")?,
                created_at: row.time("created_at")?,
                expires_at: row.maybe_time("expires_at")?,
            })
        })
        .collect()
}

/// Revokes a secret.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn revoke_secret(w: &mut Writer<'_>, client: &ClientId, secret: ClientSecretId) -> Result<()> {
    let now = w.now();
    w.desk().maybe(&REVOKE_SECRET, args![client, secret, now]).await?.ok_or(Reason::NotFound)?;
    revocations::insert(w, Subject::Client(client.clone())).await
}

/// Lets every secret but this one end at a time.
///
/// # Errors
/// A fault.
pub async fn shorten_secrets(
    w: &mut Writer<'_>,
    client: &ClientId,
    kept: ClientSecretId,
    at: Time,
) -> Result<()> {
    w.desk().run(&SHORTEN_SECRETS, args![client, kept, at]).await?;
    revocations::insert(w, Subject::Client(client.clone())).await
}

/// A client's metadata as it is stored.
pub(crate) fn as_text(metadata: &ClientMetadata) -> Result<String> {
    use procura_model::Doing as _;
    serde_json::to_string(metadata).doing("write down what a client says of itself")
}

pub(crate) fn read(row: &Row) -> Result<Client> {
    Ok(Client {
        id: row.parse("client_id")?,
        tenant: row.maybe_parse("tenant_id")?,
        kind: row.parse("kind")?,
        name: row.text("name")?,
        metadata: row.json("metadata")?,
        agent: row.maybe_parse("agent_id")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        used_at: row.maybe_time("used_at")?,
        disabled_at: row.maybe_time("disabled_at")?,
    })
}

#[cfg(test)]
#[path = "oauth_clients_tests.rs"]
mod tests;
