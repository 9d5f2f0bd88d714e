//! Credentials of guarded APIs, as digests. Finding one by its digest is in the lobby.

use crate::{
    revocations::{self, Subject},
    row::Row,
    tx::{Source, Unaudited, Writer},
};
use procura_model::{
    CredentialId, Digest, Doing as _, Reason, RegistrationId, ResourceId, Result, Time,
    oauth::{ApiKey, KeyForm},
};

statements! {
    INSERT = "
        INSERT INTO api_keys
               (tenant_id, key_id, resource_id, registration_id, form, name, preview, digest, scope, workspaces,
                created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    GET = "
        SELECT *
          FROM api_keys
         WHERE tenant_id = $1
           AND key_id = $2";
    LIST_OF_RESOURCE = "
        SELECT *
          FROM api_keys
         WHERE tenant_id = $1
           AND resource_id = $2
           AND form = 'api_key'
           AND (CAST($3 AS TEXT) IS NULL OR key_id < $3)
         ORDER BY key_id DESC
         LIMIT $4";
    REVOKE = "
        UPDATE api_keys
           SET revoked_at = $3
         WHERE tenant_id = $1
           AND key_id = $2
           AND revoked_at IS NULL
     RETURNING *";
    REVOKE_OF_REGISTRATION = "
        UPDATE api_keys
           SET revoked_at = $3
         WHERE tenant_id = $1
           AND registration_id = $2
           AND revoked_at IS NULL
     RETURNING *";
    REVOKE_OF_RESOURCE = "
        UPDATE api_keys
           SET revoked_at = $3
         WHERE tenant_id = $1
           AND resource_id = $2
           AND revoked_at IS NULL
     RETURNING key_id";
    TOUCH_USED = "
        UPDATE api_keys
           SET last_used_at = $3
         WHERE tenant_id = $1
           AND key_id = $2
           AND (last_used_at IS NULL OR last_used_at < $3)";
}

/// Keeps a credential.
///
/// # Errors
/// A fault.
pub async fn insert(w: &mut Writer<'_>, key: &ApiKey, digest: &Digest) -> Result<()> {
    let workspaces = serde_json::to_string(&key.workspaces).doing("write down workspaces")?;
    let args = args![
        key.id,
        key.resource,
        key.registration,
        key.form.as_str(),
        &key.name,
        &key.preview,
        digest,
        key.scope.to_string(),
        workspaces,
        key.created_at,
        key.expires_at,
    ];
    w.desk().run(&INSERT, args).await
}

/// One credential.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn get(source: &mut impl Source, id: CredentialId) -> Result<ApiKey> {
    read(&source.desk().maybe(&GET, args![id]).await?.ok_or(Reason::NotFound)?)
}

/// The keys of an API, newest first, the dead ones too.
///
/// # Errors
/// A fault.
pub async fn list_of_resource(
    source: &mut impl Source,
    resource: ResourceId,
    page: &procura_model::PageAsk,
) -> Result<procura_model::Page<ApiKey>> {
    let args = args![resource, page.after.as_deref(), page.limit.saturating_add(1)];
    let rows = source.desk().all(&LIST_OF_RESOURCE, args).await?;
    let keys = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    Ok(procura_model::Page::of(keys, page, |key| key.id.to_string()))
}

/// Revokes a credential; none where it was revoked. Every node hears of it.
///
/// # Errors
/// A fault.
pub async fn revoke(w: &mut Writer<'_>, id: CredentialId) -> Result<Option<ApiKey>> {
    let now = w.now();
    let Some(row) = w.desk().maybe(&REVOKE, args![id, now]).await? else { return Ok(None) };
    revocations::insert(w, Subject::Credential(id)).await?;
    read(&row).map(Some)
}

/// Revokes every credential of a registration, and says which. Every node hears of it.
///
/// # Errors
/// A fault.
pub async fn revoke_of_registration(
    w: &mut Writer<'_>,
    registration: RegistrationId,
) -> Result<Vec<CredentialId>> {
    let now = w.now();
    let rows = w.desk().all(&REVOKE_OF_REGISTRATION, args![registration, now]).await?;
    let mut ids = Vec::with_capacity(rows.len());
    for row in &rows {
        let id = row.parse("key_id")?;
        revocations::insert(w, Subject::Credential(id)).await?;
        ids.push(id);
    }
    Ok(ids)
}

/// Revokes every credential of an API and says how many there were. Every node hears of it.
///
/// # Errors
/// A fault.
pub async fn revoke_of_resource(w: &mut Writer<'_>, resource: ResourceId) -> Result<usize> {
    let now = w.now();
    let count = w.desk().count(&REVOKE_OF_RESOURCE, args![resource, now]).await?;
    revocations::insert(w, Subject::Tenant).await?;
    Ok(count)
}

/// Notes that it was used.
///
/// # Errors
/// A fault.
pub async fn touch_used(u: &mut Unaudited, id: CredentialId, at: Time) -> Result<()> {
    u.desk().run(&TOUCH_USED, args![id, at]).await
}

pub(crate) fn read(row: &Row) -> Result<ApiKey> {
    let form: KeyForm = row.parse("form")?;
    Ok(ApiKey {
        id: row.parse("key_id")?,
        resource: row.parse("resource_id")?,
        registration: row.maybe_parse("registration_id")?,
        form,
        name: row.text("name")?,
        preview: row.text("preview")?,
        scope: row.parse("scope")?,
        workspaces: row.json("workspaces")?,
        created_at: row.time("created_at")?,
        expires_at: row.maybe_time("expires_at")?,
        revoked_at: row.maybe_time("revoked_at")?,
        last_used_at: row.maybe_time("last_used_at")?,
    })
}
