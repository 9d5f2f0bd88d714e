//! The APIs that an organization guards with this authorization server. An identifier is one API's in the whole
//! deployment, because it stands alone in `resource` and `aud`. Whatever changes one tells every node.

use crate::{
    revocations::{self, Subject},
    row::Row,
    tx::{Source, Writer},
};
use procura_model::{
    Doing as _, Guarded, Reason, ResourceId, Result,
    oauth::{GuardedSettings, SigningAlg},
};

statements! {
    INSERT = "
        INSERT INTO oauth_resources
               (tenant_id, resource_id, identifier, name, settings, signing_alg, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
        ON CONFLICT (identifier) DO NOTHING
     RETURNING resource_id";
    UPDATE = "
        UPDATE oauth_resources
           SET name = $3, settings = $4, signing_alg = $5, updated_at = $6
         WHERE tenant_id = $1
           AND resource_id = $2
     RETURNING *";
    REMOVE = "
        DELETE FROM oauth_resources
         WHERE tenant_id = $1
           AND resource_id = $2
     RETURNING *";
    GET = "
        SELECT *
          FROM oauth_resources
         WHERE tenant_id = $1
           AND resource_id = $2";
    LIST = "
        SELECT *
          FROM oauth_resources
         WHERE tenant_id = $1
         ORDER BY resource_id";
}

/// Adds a guarded API.
///
/// # Errors
/// `NAME_TAKEN` when somebody guards it already, or a fault.
pub async fn insert(w: &mut Writer<'_>, api: &Guarded) -> Result<()> {
    let settings = as_text(&api.settings)?;
    let signing_alg = api.settings.signing_alg.map(SigningAlg::as_str);
    let args = args![api.id, &api.identifier, &api.name, settings, signing_alg, api.created_at];
    w.desk().maybe(&INSERT, args).await?.ok_or(Reason::NameTaken)?;
    Ok(())
}

/// Replaces name and settings.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn update(
    w: &mut Writer<'_>,
    id: ResourceId,
    name: &str,
    settings: &GuardedSettings,
) -> Result<Guarded> {
    let signing_alg = settings.signing_alg.map(SigningAlg::as_str);
    let args = args![id, name, as_text(settings)?, signing_alg, w.now()];
    let row = w.desk().maybe(&UPDATE, args).await?.ok_or(Reason::NotFound)?;
    revocations::insert(w, Subject::Tenant).await?;
    read(&row)
}

/// Removes a guarded API and says what it was.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn remove(w: &mut Writer<'_>, id: ResourceId) -> Result<Guarded> {
    let row = w.desk().maybe(&REMOVE, args![id]).await?.ok_or(Reason::NotFound)?;
    revocations::insert(w, Subject::Tenant).await?;
    read(&row)
}

/// One guarded API.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn get(source: &mut impl Source, id: ResourceId) -> Result<Guarded> {
    read(&source.desk().maybe(&GET, args![id]).await?.ok_or(Reason::NotFound)?)
}

/// Every guarded API of the organization, oldest first.
///
/// # Errors
/// A fault.
pub async fn list(source: &mut impl Source) -> Result<Vec<Guarded>> {
    source.desk().all(&LIST, args![]).await?.iter().map(read).collect()
}

fn as_text(settings: &GuardedSettings) -> Result<String> {
    serde_json::to_string(settings).doing("write down the settings of a guarded API")
}

pub(crate) fn read(row: &Row) -> Result<Guarded> {
    Ok(Guarded {
        id: row.parse("resource_id")?,
        identifier: row.text("identifier")?,
        name: row.text("name")?,
        settings: GuardedSettings { signing_alg: row.maybe_parse("signing_alg")?, ..row.json("settings")? },
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
