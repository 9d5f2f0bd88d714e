//! Proofs of possession (RFC 9449). Section 4.3 lists what a receiver checks; what stands here is all of it that needs
//! no store: the proof's form, its key, its signature, method, URL, time and, at a resource, the token. Whether its
//! `jti` was seen before, and whether its nonce is ours, the caller finds out.

use crate::{
    algorithm::Algorithm,
    claims::{Claims, MAX_DEPTH},
    jwk::Key,
    jws::media_type,
    oauth_key::thumbprint_of,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use procura_model::{Digest, Json, Secret, Time, time::SECOND_MS};

/// With what a proof may be signed, as metadata and challenges name it.
pub const ALGORITHMS: [Algorithm; 5] = Algorithm::ALL;
/// How old a proof may be, in seconds.
pub const MAX_AGE_SECONDS: i64 = 60;
/// How far ahead a client's clock may be, in seconds.
pub const MAX_AHEAD_SECONDS: i64 = 5;
/// For how much longer than it is taken it is known again, in seconds: a request whose body came slowly judges it by the
/// time at which its headers came.
const REMEMBERED_LONGER_SECONDS: i64 = 120;
/// How long a proof may be, in bytes.
const MAX_BYTES: usize = 8_192;
/// How long its `jti` may be, in bytes.
const MAX_JTI_BYTES: usize = 256;

/// Why a proof does not hold. Says nothing of what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DpopError {
    /// RFC 9449 section 4.3, check 2.
    #[error("The DPoP proof is not one JWT.")]
    Form,
    /// Check 3.
    #[error("The DPoP proof lacks jti, htm, htu or iat, or has one that cannot be read.")]
    Claims,
    /// Check 4.
    #[error("The DPoP proof's typ is not dpop+jwt.")]
    Kind,
    /// Check 5.
    #[error("The DPoP proof's alg is none of the supported asymmetric algorithms.")]
    Algorithm,
    /// Check 7, and a key that cannot be used.
    #[error("The DPoP proof's jwk is no public key that can be used, or has its private half in it.")]
    Key,
    /// Check 6.
    #[error("The DPoP proof's signature does not hold under its jwk.")]
    Signature,
    /// Check 8.
    #[error("The DPoP proof's htm is not the method of this request.")]
    Method,
    /// Check 9.
    #[error("The DPoP proof's htu is not the URL of this request.")]
    Url,
    /// Check 11.
    #[error("The DPoP proof's iat is not now.")]
    Time,
    /// Check 12.
    #[error("The DPoP proof's ath is not the hash of the access token.")]
    Token,
}

/// For which request a proof must be.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    /// The request's method.
    pub method: &'w str,
    /// The request's URL.
    pub url: &'w str,
    /// The time.
    pub now: Time,
    /// The access token, at a resource.
    pub token: Option<&'w str>,
}

/// A proof that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The thumbprint of its key (RFC 7638).
    pub jkt: String,
    /// By what it is known again: the digest of URL, key and `jti`.
    pub code: Digest,
    /// The nonce in it.
    pub nonce: Option<String>,
    /// From when on it cannot be taken any longer.
    pub expires_at: Time,
}

/// Checks a proof.
///
/// # Errors
/// [`DpopError`]: the first check that fails.
pub fn check(proof: &Secret<String>, wanted: &Wanted<'_>) -> Result<Proven, DpopError> {
    let proof = proof.expose();
    if proof.len() > MAX_BYTES {
        return Err(DpopError::Form);
    }
    let (signed, signature) = proof.rsplit_once('.').ok_or(DpopError::Form)?;
    let (header, payload) = signed.split_once('.').ok_or(DpopError::Form)?;
    let (header, payload, signature) = (decode(header)?, decode(payload)?, decode(signature)?);
    let header = Claims::read(&header, MAX_DEPTH).map_err(|_| DpopError::Form)?;
    let jwk = demand_key(&header, signed, &signature)?;
    let claims = Claims::read(&payload, MAX_DEPTH).map_err(|_| DpopError::Claims)?;
    let issued = demand_claims(&claims, wanted)?;
    let jkt = thumbprint_of(jwk).ok_or(DpopError::Key)?;
    let jti = word(&claims, "jti").ok_or(DpopError::Claims)?;
    let url = without_query(wanted.url);
    let code = Digest::of(format!("dpop\n{jkt}\n{}\n{url}\n{jti}", wanted.method).as_bytes());
    let expires =
        issued.saturating_add(MAX_AGE_SECONDS + REMEMBERED_LONGER_SECONDS).saturating_mul(SECOND_MS);
    let nonce = word(&claims, "nonce").map(str::to_owned);
    Ok(Proven { jkt, code, nonce, expires_at: Time::from_ms(expires) })
}

/// The header's key, if it is a public one that made the signature: checks 4 to 7.
fn demand_key<'h>(header: &'h Claims, signed: &str, signature: &[u8]) -> Result<&'h Json, DpopError> {
    let text = |name| header.member(name).and_then(Json::as_text);
    if text("typ").is_none_or(|kind| media_type(kind) != "dpop+jwt") {
        return Err(DpopError::Kind);
    }
    let algorithm = text("alg")
        .and_then(Algorithm::by_any_name)
        .filter(|algorithm| ALGORITHMS.contains(algorithm))
        .ok_or(DpopError::Algorithm)?;
    if ["crit", "b64", "zip", "enc"].into_iter().any(|name| header.member(name).is_some()) {
        return Err(DpopError::Form);
    }
    let jwk = header.member("jwk").ok_or(DpopError::Key)?;
    // Symmetric keys and keys with their private half are none: check 7.
    let key = Key::read(jwk).map_err(|_| DpopError::Key)?;
    if key.verifies(algorithm, signed.as_bytes(), signature) { Ok(jwk) } else { Err(DpopError::Signature) }
}

/// Method, URL, time and token: checks 3, 8, 9, 11 and 12. Answers when the proof was made, in seconds.
fn demand_claims(claims: &Claims, wanted: &Wanted<'_>) -> Result<i64, DpopError> {
    let jti = word(claims, "jti").ok_or(DpopError::Claims)?;
    if jti.is_empty() || jti.len() > MAX_JTI_BYTES {
        return Err(DpopError::Claims);
    }
    let method = word(claims, "htm").ok_or(DpopError::Claims)?;
    let url = word(claims, "htu").ok_or(DpopError::Claims)?;
    let issued = match claims.member("iat") {
        Some(Json::Number(digits)) => digits.parse::<i64>().map_err(|_| DpopError::Claims)?,
        _ => return Err(DpopError::Claims),
    };
    if claims.member("nonce").is_some_and(|nonce| nonce.as_text().is_none()) {
        return Err(DpopError::Claims);
    }
    if method != wanted.method {
        return Err(DpopError::Method);
    }
    if normal(url) != normal(wanted.url) {
        return Err(DpopError::Url);
    }
    let now = wanted.now.as_ms().div_euclid(SECOND_MS);
    if issued < now.saturating_sub(MAX_AGE_SECONDS) || issued > now.saturating_add(MAX_AHEAD_SECONDS) {
        return Err(DpopError::Time);
    }
    match wanted.token {
        Some(token) if word(claims, "ath") != Some(token_hash(token).as_str()) => Err(DpopError::Token),
        Some(_) | None => Ok(issued),
    }
}

/// RFC 9449 section 4.2: base64url of the SHA-256 of the access token.
#[must_use]
pub fn token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Digest::of(token.as_bytes()).as_bytes())
}

fn word<'c>(claims: &'c Claims, name: &str) -> Option<&'c str> {
    claims.member(name).and_then(Json::as_text)
}

fn decode(segment: &str) -> Result<Vec<u8>, DpopError> {
    URL_SAFE_NO_PAD.decode(segment).map_err(|_| DpopError::Form)
}

/// RFC 9449 section 4.3, check 9: "ignoring any query and fragment parts".
fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

/// RFC 3986 sections 6.2.2 and 6.2.3, as far as it makes no two places one: scheme and host have no case, the usual
/// port may be left out, and so may the path of the root.
fn normal(url: &str) -> String {
    let url = without_query(url);
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let scheme = scheme.to_ascii_lowercase();
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.to_ascii_lowercase();
    let usual = if scheme == "https" { ":443" } else { ":80" };
    let host = host.strip_suffix(usual).unwrap_or(&host);
    format!("{scheme}://{host}{}", if path.is_empty() { "/" } else { path })
}

#[cfg(test)]
#[path = "dpop_tests.rs"]
mod tests;
