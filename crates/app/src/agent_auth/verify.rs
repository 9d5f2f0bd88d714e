//! An API asks whether a key that it was shown holds, and for what (AGT-3, AGT-4). From memory first; a node that does
//! not know the newest revocations refuses. 401 is said of a key that is none, 403 of one that does not reach so far.

use super::ring::Held;
use crate::App;
use procura_crypto::{TokenKind, token};
use procura_model::{Error, Reason, Result, TenantId, Time, oauth::ScopeList};
use std::sync::Arc;

/// What an API wants of a key.
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs<'a> {
    /// Every scope that it must have.
    pub scope: Option<&'a ScopeList>,
    /// The workspace in which it must count.
    pub workspace: Option<&'a str>,
    /// The API, by its identifier, where the organization has several.
    pub resource: Option<&'a str>,
}

/// The live credential of this secret at one of the organization's APIs.
///
/// # Errors
/// `AUTH_CREDENTIAL_MALFORMED`, `_INVALID`, `_EXPIRED`, `REVOCATION_STATE_STALE`, or a fault.
pub async fn live(app: &App, tenant: TenantId, shown: &str, now: Time) -> Result<Arc<Held>> {
    let malformed = || {
        Reason::CredentialMalformed.because(
            "This is no key of a guarded API: its prefix or checksum is wrong. They start with pak_.",
        )
    };
    let parsed = token::parse(shown).map_err(|_| malformed())?;
    if parsed.kind != TokenKind::ApiKey {
        return Err(malformed());
    }
    crate::revocations::demand_fresh(app)?;
    let held = app.api_keys.find(&app.store, &parsed.digest).await?;
    let held = held.filter(|held| held.tenant == tenant).ok_or(Reason::CredentialInvalid)?;
    if held.key.revoked_at.is_some() {
        return Err(Reason::CredentialInvalid.into());
    }
    if !held.key.is_live(now) {
        return Err(Reason::CredentialExpired.into());
    }
    Ok(held)
}

/// The same, where it reaches as far as the API needs.
///
/// # Errors
/// As [`live`]; `AUTH_CREDENTIAL_INVALID` for another API's, `AUTH_SCOPE_MISSING`, `AUTH_WORKSPACE_MISSING`.
pub async fn verify(
    app: &App,
    tenant: TenantId,
    shown: &str,
    needs: Needs<'_>,
    now: Time,
) -> Result<Arc<Held>> {
    let held = live(app, tenant, shown, now).await?;
    if needs.resource.is_some_and(|wanted| wanted != held.identifier) {
        return Err(Reason::CredentialInvalid.because("The key is for another API."));
    }
    if let Some(missing) =
        needs.scope.and_then(|needed| needed.iter().find(|one| !held.key.scope.contains(one)))
    {
        return Err(lacks(missing));
    }
    if needs.workspace.is_some_and(|workspace| !held.key.is_for(workspace)) {
        return Err(Reason::WorkspaceMissing.into());
    }
    app.api_keys.touch(&held, now);
    Ok(held)
}

fn lacks(scope: &str) -> Error {
    Reason::ScopeMissing.because(format!("The key lacks the scope {scope}."))
}
