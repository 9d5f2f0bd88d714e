//! API keys as digests. Finding one by its digest is in the lobby, because the key says which organization
//! calls.

use crate::{
    revocations::{self, Subject},
    row::Row,
    tx::{Source, Unaudited, Writer},
};
use procura_model::{AgentId, Credential, CredentialId, Digest, KeyHolder, Reason, Result, Scopes, Time};

statements! {
    INSERT = "
        INSERT INTO credentials
               (tenant_id, credential_id, agent_id, name, preview, scopes, digest, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    LIST_OF_AGENT = "
        SELECT credential_id, agent_id, name, preview, scopes, created_at, expires_at, revoked_at, last_used_at
          FROM credentials
         WHERE tenant_id = $1
           AND agent_id = $2
         ORDER BY credential_id DESC";
    LIST_OF_PLATFORM = "
        SELECT credential_id, agent_id, name, preview, scopes, created_at, expires_at, revoked_at, last_used_at
          FROM credentials
         WHERE tenant_id = $1
           AND agent_id IS NULL
         ORDER BY credential_id DESC";
    GET = "
        SELECT credential_id, agent_id, name, preview, scopes, created_at, expires_at, revoked_at, last_used_at
          FROM credentials
         WHERE tenant_id = $1
           AND credential_id = $2";
    REVOKE = "
        UPDATE credentials
           SET revoked_at = $3
         WHERE tenant_id = $1
           AND credential_id = $2
           AND revoked_at IS NULL
     RETURNING credential_id, agent_id, name, preview, scopes, created_at, expires_at, revoked_at, last_used_at";
    EXPIRE_AT = "
        UPDATE credentials
           SET expires_at = $3
         WHERE tenant_id = $1
           AND credential_id = $2
           AND revoked_at IS NULL
           AND (expires_at IS NULL OR expires_at > $3)
     RETURNING credential_id, agent_id, name, preview, scopes, created_at, expires_at, revoked_at, last_used_at";
    TOUCH_USED = "
        UPDATE credentials
           SET last_used_at = $3
         WHERE tenant_id = $1
           AND credential_id = $2
           AND (last_used_at IS NULL OR last_used_at < $3)";
}

/// Stores a key.
///
/// # Errors
/// A fault.
pub async fn insert(w: &mut Writer<'_>, credential: &Credential, digest: &Digest) -> Result<()> {
    let agent = match credential.holder {
        KeyHolder::Agent(agent) => Some(agent),
        KeyHolder::Platform => None,
    };
    let args = args![
        credential.id,
        agent,
        &credential.name,
        &credential.preview,
        credential.scopes,
        digest,
        credential.created_at,
        credential.expires_at,
    ];
    w.desk().run(&INSERT, args).await
}

/// Keys of an agent, newest first, the dead ones too.
///
/// # Errors
/// A fault.
pub async fn list_of_agent(source: &mut impl Source, agent: AgentId) -> Result<Vec<Credential>> {
    source.desk().all(&LIST_OF_AGENT, args![agent]).await?.iter().map(read).collect()
}

/// Keys of the organization's own servers, newest first, the dead ones too.
///
/// # Errors
/// A fault.
pub async fn list_of_platform(source: &mut impl Source) -> Result<Vec<Credential>> {
    source.desk().all(&LIST_OF_PLATFORM, args![]).await?.iter().map(read).collect()
}

/// One key.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn get(source: &mut impl Source, credential: CredentialId) -> Result<Credential> {
    let row = source.desk().maybe(&GET, args![credential]).await?.ok_or(Reason::NotFound)?;
    read(&row)
}

/// Revokes a key; every node hears of it.
///
/// # Errors
/// `NOT_FOUND` when there is none that is not revoked, or a fault.
pub async fn revoke(w: &mut Writer<'_>, credential: CredentialId) -> Result<Credential> {
    let now = w.now();
    let row = w.desk().maybe(&REVOKE, args![credential, now]).await?.ok_or(Reason::NotFound)?;
    revocations::insert(w, Subject::Credential(credential)).await?;
    read(&row)
}

/// Lets a key end at a time, never later than it would have: the old key of a rotation with overlap. Every
/// node hears of it.
///
/// # Errors
/// `NOT_FOUND` when there is none that would live longer, or a fault.
pub async fn expire_at(w: &mut Writer<'_>, credential: CredentialId, at: Time) -> Result<Credential> {
    let row = w.desk().maybe(&EXPIRE_AT, args![credential, at]).await?.ok_or(Reason::NotFound)?;
    revocations::insert(w, Subject::Credential(credential)).await?;
    read(&row)
}

/// Notes that the key was used.
///
/// # Errors
/// A fault.
pub async fn touch_used(u: &mut Unaudited, credential: CredentialId) -> Result<()> {
    u.desk().run(&TOUCH_USED, args![credential, u.now()]).await
}

pub(crate) fn read(row: &Row) -> Result<Credential> {
    Ok(Credential {
        id: row.parse("credential_id")?,
        holder: row.maybe_parse("agent_id")?.map_or(KeyHolder::Platform, KeyHolder::Agent),
        name: row.text("name")?,
        preview: row.text("preview")?,
        scopes: read_scopes(row)?,
        created_at: row.time("created_at")?,
        expires_at: row.maybe_time("expires_at")?,
        revoked_at: row.maybe_time("revoked_at")?,
        last_used_at: row.maybe_time("last_used_at")?,
    })
}

fn read_scopes(row: &Row) -> Result<Scopes> {
    Scopes::parse(&row.text("scopes")?).map_err(|_| crate::row::wrong("scopes"))
}
