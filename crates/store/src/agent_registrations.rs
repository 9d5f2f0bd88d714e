//! Agents that registered themselves at a guarded API. A step that happens once is one conditional UPDATE.

use crate::{
    row::Row,
    tx::{Source, Writer},
};
use procura_model::{
    AccountId, Digest, Doing as _, Page, PageAsk, Reason, RegistrationId, ResourceId, Result,
    oauth::{Registration, RegistrationState, ScopeList},
};

statements! {
    INSERT = "
        INSERT INTO agent_registrations
               (tenant_id, registration_id, resource_id, kind, state, name, claim_digest, issuer, subject, scope,
                workspaces, address, generation, created_at, expires_at, claimed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, $14, $15)";
    GET = "
        SELECT *
          FROM agent_registrations
         WHERE tenant_id = $1
           AND registration_id = $2";
    /// Whoever ends or claims it waits, so that a credential that is made meanwhile is found by them.
    HOLD = "
        UPDATE agent_registrations
           SET generation = generation
         WHERE tenant_id = $1
           AND registration_id = $2
     RETURNING *";
    BY_CLAIM_TOKEN = "
        SELECT *
          FROM agent_registrations
         WHERE tenant_id = $1
           AND claim_digest = $2";
    LIST = "
        SELECT *
          FROM agent_registrations
         WHERE tenant_id = $1
           AND (CAST($2 AS TEXT) IS NULL OR registration_id < $2)
         ORDER BY registration_id DESC
         LIMIT $3";
    /// One claim: of two at once, one gets it.
    CLAIM = "
        UPDATE agent_registrations
           SET state = 'claimed', scope = $3, workspaces = $4, account_id = $5, sealed_claimant = $6,
               generation = generation + 1, claimed_at = $7
         WHERE tenant_id = $1
           AND registration_id = $2
           AND state = 'unclaimed'
     RETURNING *";
    /// Binds a registration to whom an issuer vouched for.
    BIND = "
        UPDATE agent_registrations
           SET issuer = $3, subject = $4
         WHERE tenant_id = $1
           AND registration_id = $2
     RETURNING *";
    REVOKE = "
        UPDATE agent_registrations
           SET state = 'revoked', ended_at = $3
         WHERE tenant_id = $1
           AND registration_id = $2
           AND state IN ('unclaimed', 'claimed')
     RETURNING *";
    REVOKE_OF_SUBJECT = "
        UPDATE agent_registrations
           SET state = 'revoked', ended_at = $4
         WHERE tenant_id = $1
           AND issuer = $2
           AND subject = $3
           AND state IN ('unclaimed', 'claimed')
     RETURNING *";
    REVOKE_OF_RESOURCE = "
        UPDATE agent_registrations
           SET state = 'revoked', ended_at = $3
         WHERE tenant_id = $1
           AND resource_id = $2
           AND state IN ('unclaimed', 'claimed')
     RETURNING *";
    CLAIMANT = "
        SELECT sealed_claimant
          FROM agent_registrations
         WHERE tenant_id = $1
           AND registration_id = $2";
}

/// Keeps a registration.
///
/// # Errors
/// A fault.
pub async fn insert(w: &mut Writer<'_>, one: &Registration, claim: Option<&Digest>) -> Result<()> {
    let args = args![
        one.id,
        one.resource,
        one.kind.as_str(),
        one.state.as_str(),
        &one.name,
        claim.map(|digest| digest.as_bytes().as_slice()),
        one.issuer.as_deref(),
        one.subject.as_deref(),
        one.scope.to_string(),
        as_text(&one.workspaces)?,
        &one.address,
        one.created_at,
        one.expires_at,
        one.claimed_at,
    ];
    w.desk().run(&INSERT, args).await
}

/// One registration.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn get(source: &mut impl Source, id: RegistrationId) -> Result<Registration> {
    read(&source.desk().maybe(&GET, args![id]).await?.ok_or(Reason::NotFound)?)
}

/// One registration, held still until the change that is under way ends.
///
/// # Errors
/// A fault.
pub async fn hold(w: &mut Writer<'_>, id: RegistrationId) -> Result<Option<Registration>> {
    w.desk().maybe(&HOLD, args![id]).await?.as_ref().map(read).transpose()
}

/// The registration whose claim token this is.
///
/// # Errors
/// A fault.
pub async fn by_claim_token(source: &mut impl Source, digest: &Digest) -> Result<Option<Registration>> {
    source.desk().maybe(&BY_CLAIM_TOKEN, args![digest]).await?.as_ref().map(read).transpose()
}

/// Registrations, newest first.
///
/// # Errors
/// A fault.
pub async fn list(source: &mut impl Source, page: &PageAsk) -> Result<Page<Registration>> {
    let rows = source.desk().all(&LIST, args![page.after.as_deref(), page.limit.saturating_add(1)]).await?;
    let items = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    Ok(Page::of(items, page, |one| one.id.to_string()))
}

/// What a claim makes of a registration.
#[derive(Clone, Debug)]
pub struct Claim {
    /// What the agent may do from now on.
    pub scope: ScopeList,
    /// In which workspaces.
    pub workspaces: Vec<String>,
    /// The member who claimed it.
    pub account: Option<AccountId>,
    /// The address of whoever claimed it, sealed.
    pub sealed_claimant: Option<Vec<u8>>,
}

/// Claims a registration; none where it is no longer unclaimed.
///
/// # Errors
/// A fault.
pub async fn claim(w: &mut Writer<'_>, id: RegistrationId, claim: &Claim) -> Result<Option<Registration>> {
    let args = args![
        id,
        claim.scope.to_string(),
        as_text(&claim.workspaces)?,
        claim.account,
        claim.sealed_claimant.as_deref(),
        w.now(),
    ];
    w.desk().maybe(&CLAIM, args).await?.as_ref().map(read).transpose()
}

/// Binds a registration to an issuer's name for somebody.
///
/// # Errors
/// A fault.
pub async fn bind(
    w: &mut Writer<'_>,
    id: RegistrationId,
    issuer: &str,
    subject: &str,
) -> Result<Registration> {
    read(&w.desk().one(&BIND, args![id, issuer, subject]).await?)
}

/// Ends a registration; none where it had ended. Its keys are ended by [`crate::api_keys::revoke_of_registration`].
///
/// # Errors
/// A fault.
pub async fn revoke(w: &mut Writer<'_>, id: RegistrationId) -> Result<Option<Registration>> {
    let now = w.now();
    w.desk().maybe(&REVOKE, args![id, now]).await?.as_ref().map(read).transpose()
}

/// Ends every registration for which an issuer vouched under this name, and says which.
///
/// # Errors
/// A fault.
pub async fn revoke_of_subject(w: &mut Writer<'_>, issuer: &str, subject: &str) -> Result<Vec<Registration>> {
    let now = w.now();
    w.desk().all(&REVOKE_OF_SUBJECT, args![issuer, subject, now]).await?.iter().map(read).collect()
}

/// Ends every registration at an API, and says which.
///
/// # Errors
/// A fault.
pub async fn revoke_of_resource(w: &mut Writer<'_>, resource: ResourceId) -> Result<Vec<Registration>> {
    let now = w.now();
    w.desk().all(&REVOKE_OF_RESOURCE, args![resource, now]).await?.iter().map(read).collect()
}

/// The sealed address of whoever claimed it.
///
/// # Errors
/// A fault.
pub async fn claimant(source: &mut impl Source, id: RegistrationId) -> Result<Option<Vec<u8>>> {
    let row = source.desk().maybe(&CLAIMANT, args![id]).await?;
    row.map_or(Ok(None), |row| row.maybe_bytes("sealed_claimant"))
}

fn as_text(workspaces: &[String]) -> Result<String> {
    serde_json::to_string(workspaces).doing("write down workspaces")
}

pub(crate) fn read(row: &Row) -> Result<Registration> {
    let state: RegistrationState = row.parse("state")?;
    Ok(Registration {
        id: row.parse("registration_id")?,
        resource: row.parse("resource_id")?,
        kind: row.parse("kind")?,
        state,
        name: row.text("name")?,
        issuer: row.maybe_text("issuer")?,
        subject: row.maybe_text("subject")?,
        account: row.maybe_parse("account_id")?,
        scope: row.parse("scope")?,
        workspaces: row.json("workspaces")?,
        address: row.text("address")?,
        generation: row.int("generation")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        claimed_at: row.maybe_time("claimed_at")?,
        ended_at: row.maybe_time("ended_at")?,
    })
}

#[cfg(test)]
#[path = "agent_registrations_tests.rs"]
mod tests;
