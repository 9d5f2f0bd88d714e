//! The issuers whose assertions (ID-JAG) an organization believes.

use crate::{
    row::Row,
    tx::{Source, Writer},
};
use procura_model::{Doing as _, IssuerId, Reason, Result, TrustedIssuer, oauth::IssuerSettings};

statements! {
    INSERT = "
        INSERT INTO oauth_issuers (tenant_id, issuer_id, issuer, settings, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $5)
        ON CONFLICT (tenant_id, issuer) DO NOTHING
     RETURNING issuer_id";
    /// updated_at goes on with every change, so that two are never at one time.
    UPDATE = "
        UPDATE oauth_issuers
           SET settings = $3, updated_at = CASE WHEN $4 > updated_at THEN $4 ELSE updated_at + 1 END
         WHERE tenant_id = $1
           AND issuer_id = $2
           AND updated_at = $5
     RETURNING *";
    /// Writes nothing new: whoever changes or removes the issuer waits until what was begun by it is written, and what
    /// comes after them finds nothing here.
    HOLD = "
        UPDATE oauth_issuers
           SET updated_at = updated_at
         WHERE tenant_id = $1
           AND issuer_id = $2
           AND updated_at = $3
     RETURNING issuer_id";
    REMOVE = "
        DELETE FROM oauth_issuers
         WHERE tenant_id = $1
           AND issuer_id = $2
     RETURNING *";
    GET = "
        SELECT *
          FROM oauth_issuers
         WHERE tenant_id = $1
           AND issuer_id = $2";
    BY_NAME = "
        SELECT *
          FROM oauth_issuers
         WHERE tenant_id = $1
           AND issuer = $2";
    LIST = "
        SELECT *
          FROM oauth_issuers
         WHERE tenant_id = $1
         ORDER BY issuer_id";
}

/// Trusts an issuer.
///
/// # Errors
/// `NAME_TAKEN` when the organization trusts it already, or a fault.
pub async fn insert(w: &mut Writer<'_>, issuer: &TrustedIssuer) -> Result<()> {
    let args = args![issuer.id, &issuer.issuer, as_text(&issuer.settings)?, issuer.created_at];
    w.desk().maybe(&INSERT, args).await?.ok_or(Reason::NameTaken)?;
    Ok(())
}

/// Replaces the settings of an issuer that is still as it was read.
///
/// # Errors
/// `STATE_CHANGED` where somebody else changed or removed it since, or a fault.
pub async fn update(
    w: &mut Writer<'_>,
    before: &TrustedIssuer,
    settings: &IssuerSettings,
) -> Result<TrustedIssuer> {
    let args = args![before.id, as_text(settings)?, w.now(), before.updated_at];
    read(&w.desk().maybe(&UPDATE, args).await?.ok_or(Reason::StateChanged)?)
}

/// Demands that an issuer is still trusted as it was read, until this change is written.
///
/// # Errors
/// `STATE_CHANGED` where it is not, or a fault.
pub async fn hold(w: &mut Writer<'_>, issuer: &TrustedIssuer) -> Result<()> {
    w.desk().maybe(&HOLD, args![issuer.id, issuer.updated_at]).await?.ok_or(Reason::StateChanged)?;
    Ok(())
}

/// Trusts an issuer no longer and says what it was.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn remove(w: &mut Writer<'_>, id: IssuerId) -> Result<TrustedIssuer> {
    read(&w.desk().maybe(&REMOVE, args![id]).await?.ok_or(Reason::NotFound)?)
}

/// One trusted issuer.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn get(source: &mut impl Source, id: IssuerId) -> Result<TrustedIssuer> {
    read(&source.desk().maybe(&GET, args![id]).await?.ok_or(Reason::NotFound)?)
}

/// The trusted issuer that calls itself so, to the letter.
///
/// # Errors
/// A fault.
pub async fn by_name(source: &mut impl Source, issuer: &str) -> Result<Option<TrustedIssuer>> {
    source.desk().maybe(&BY_NAME, args![issuer]).await?.as_ref().map(read).transpose()
}

/// Every trusted issuer of the organization, oldest first.
///
/// # Errors
/// A fault.
pub async fn list(source: &mut impl Source) -> Result<Vec<TrustedIssuer>> {
    source.desk().all(&LIST, args![]).await?.iter().map(read).collect()
}

fn as_text(settings: &IssuerSettings) -> Result<String> {
    serde_json::to_string(settings).doing("write down the settings of a trusted issuer")
}

fn read(row: &Row) -> Result<TrustedIssuer> {
    Ok(TrustedIssuer {
        id: row.parse("issuer_id")?,
        issuer: row.text("issuer")?,
        settings: row.json("settings")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
