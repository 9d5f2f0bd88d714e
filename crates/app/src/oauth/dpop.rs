//! Proofs of possession at this server's own endpoints (RFC 9449 sections 5 and 8). What needs no store is in
//! [`procura_crypto::dpop`]; at a resource, [`super::at_resource`] looks.

use crate::App;
use procura_crypto::dpop::{self, Wanted};
use procura_model::{Reason, Result, Secret, Time, time::MINUTE_MS};

/// How long a nonce is the newest one; the one before it is taken too.
const NONCE_MS: i64 = 5 * MINUTE_MS;

/// The proofs of a request, and the request that they must be for.
#[derive(Debug, Default)]
pub struct ShownProof<'a> {
    /// Every DPoP header.
    pub proofs: Vec<Secret<String>>,
    /// The request's method.
    pub method: &'a str,
    /// The path of the endpoint.
    pub path: &'a str,
}

/// The nonce that proofs are to carry now, for the DPoP-Nonce header.
#[must_use]
pub fn nonce(app: &App, now: Time) -> String {
    app.seals.dpop_nonce(stretch(now))
}

/// The thumbprint of the key of which a request has a proof; none where it has none.
///
/// # Errors
/// `OAUTH_DPOP_PROOF_INVALID`; `OAUTH_DPOP_NONCE_WANTED` where the nonce in it is not ours, or too old.
pub async fn prove(app: &App, now: Time, shown: &ShownProof<'_>) -> Result<Option<String>> {
    let proof = match shown.proofs.as_slice() {
        [] => return Ok(None),
        [proof] => proof,
        // RFC 9449 section 4.3, check 1.
        _ => return Err(Reason::OauthProofInvalid.because("More than one DPoP header was sent.")),
    };
    let url = format!("{}{}", app.settings.public_url, shown.path);
    let wanted = Wanted { method: shown.method, url: &url, now, token: None };
    let proven =
        dpop::check(proof, &wanted).map_err(|error| Reason::OauthProofInvalid.because(error.to_string()))?;
    // Section 8: a nonce that is sent must be one of ours. One is offered with every answer to a proof.
    let is_ours = |nonce: &String| {
        let now = stretch(now);
        app.seals.is_dpop_nonce(now, nonce) || app.seals.is_dpop_nonce(now.saturating_sub(1), nonce)
    };
    if !proven.nonce.as_ref().is_none_or(is_ours) {
        return Err(Reason::OauthNonceWanted.into());
    }
    // Section 11.1: a proof is taken once.
    if app.store.lobby().see_once(&proven.code, proven.expires_at).await? {
        return Ok(Some(proven.jkt));
    }
    Err(Reason::OauthProofInvalid.because("The DPoP proof was used before; make a new one for each request."))
}

const fn stretch(now: Time) -> i64 {
    now.as_ms().div_euclid(NONCE_MS)
}
