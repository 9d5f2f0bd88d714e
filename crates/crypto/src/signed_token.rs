//! The signed session token of seed 003 (USR-3): `base64url(JSON) + "." + base64url(HMAC-SHA256)`, where
//! the code is reckoned over the characters of the first segment and the secret is its UTF-8 bytes.
//!
//! What comes first decides, so that nothing inside is judged, or told, before the signature holds:
//! form (MALFORMED), signature (INVALID), content (MALFORMED), expiry and lifetime (EXPIRED), start
//! (INVALID), subject (NO_SUBJECT). Where the seed is silent we chose: `exp` is required; `iat` or `nbf`
//! in the future is INVALID; a lifetime counts from `iat` and from now; `null` is a wrong type, not
//! absence; a member that stands twice is MALFORMED at any depth, and so is half of a surrogate pair; an
//! id of blanks names nobody, one with control characters is kept as it is.

use crate::{
    claims::{self, ClaimError, Claims, ObjectError, SubjectError, Validity},
    steps::{Planned, Step, Stopped, walked},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac as _};
use procura_model::{Error, Json, Reason, Secret, ShownOnce, Time, VerifiedUser};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// How long a token may be, in bytes.
pub const MAX_BYTES: usize = 8_192;
/// How long a token may live, in seconds.
pub const MAX_LIFETIME_SECONDS: u32 = 3_600;

/// Members that are no attributes.
const RESERVED: [&str; 6] = ["userId", "email", "role", "exp", "iat", "nbf"];

const FORM: &str = "form";
const SIGNATURE: &str = "signature";
const CONTENT: &str = "content";
const EXPIRY: &str = "expiry";
const START: &str = "start";
const SUBJECT: &str = "subject";

const PLAN: [Planned; 6] = [
    Planned { name: FORM, passed: "Two base64url segments without padding." },
    Planned { name: SIGNATURE, passed: "The HMAC-SHA256 of the first segment is that of a live secret." },
    Planned { name: CONTENT, passed: "One JSON object whose members have the right types." },
    Planned { name: EXPIRY, passed: "Not expired, and not longer-lived than allowed." },
    Planned { name: START, passed: "Neither issued nor starting in the future." },
    Planned { name: SUBJECT, passed: "A user is named." },
];

/// By what a token is judged.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'r> {
    /// The live secrets: one, or two while one is being replaced.
    pub secrets: &'r [Secret<String>],
    /// The time.
    pub now: Time,
    /// By how much clocks may differ, in seconds.
    pub leeway_seconds: u32,
    /// The longest life, whatever `exp` says.
    pub max_lifetime_seconds: u32,
    /// The longest token, in bytes.
    pub max_bytes: usize,
    /// How deep the content may nest.
    pub max_depth: usize,
}

impl<'r> Rules<'r> {
    /// The usual rules.
    #[must_use]
    pub const fn new(secrets: &'r [Secret<String>], now: Time) -> Self {
        Self {
            secrets,
            now,
            leeway_seconds: 0,
            max_lifetime_seconds: MAX_LIFETIME_SECONDS,
            max_bytes: MAX_BYTES,
            max_depth: claims::MAX_DEPTH,
        }
    }
}

/// Why a token is refused. Says nothing of what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignedTokenError {
    /// Longer than allowed.
    #[error("The token is too long.")]
    TooLong,
    /// Not two segments.
    #[error("The token is not two segments divided by one dot.")]
    NotTwoSegments,
    /// Not strict base64url.
    #[error("A segment is not base64url without padding.")]
    NotBase64url,
    /// No live secret made this signature.
    #[error("No live secret makes this signature over the first segment.")]
    SignatureMismatch,
    /// No object.
    #[error("The content cannot be read: {0}.")]
    Content(ObjectError),
    /// A member of the wrong type.
    #[error("The content cannot be used: {0}.")]
    Claim(ClaimError),
    /// Too late.
    #[error("`exp` has passed.")]
    Expired,
    /// Too long a life.
    #[error("`exp` lies further from `iat`, or from now, than a token may live.")]
    LivesTooLong,
    /// Too early.
    #[error("`iat` or `nbf` lies in the future.")]
    NotYet,
    /// Nobody.
    #[error("`userId` names nobody: {0}.")]
    Subject(SubjectError),
}

impl SignedTokenError {
    /// The code that the caller sees.
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::TooLong | Self::NotTwoSegments | Self::NotBase64url | Self::Content(_) | Self::Claim(_) => {
                Reason::TokenMalformed
            }
            Self::SignatureMismatch | Self::NotYet => Reason::TokenInvalid,
            Self::Expired | Self::LivesTooLong => Reason::TokenExpired,
            Self::Subject(_) => Reason::TokenNoSubject,
        }
    }

    const fn step(self) -> &'static str {
        match self {
            Self::TooLong | Self::NotTwoSegments | Self::NotBase64url => FORM,
            Self::SignatureMismatch => SIGNATURE,
            Self::Content(_) | Self::Claim(_) => CONTENT,
            Self::Expired | Self::LivesTooLong => EXPIRY,
            Self::NotYet => START,
            Self::Subject(_) => SUBJECT,
        }
    }
}

impl From<SignedTokenError> for Error {
    fn from(error: SignedTokenError) -> Self {
        error.reason().into()
    }
}

impl From<ObjectError> for SignedTokenError {
    fn from(error: ObjectError) -> Self {
        Self::Content(error)
    }
}

impl From<ClaimError> for SignedTokenError {
    fn from(error: ClaimError) -> Self {
        Self::Claim(error)
    }
}

/// Whom a token names, if it holds.
///
/// # Errors
/// [`SignedTokenError`]: the first thing that is not so, in the order of this module's first paragraph.
pub fn verify(rules: &Rules<'_>, token: &str) -> Result<VerifiedUser, SignedTokenError> {
    let parts = Parts::read(rules, token)?;
    if !signature_holds(rules.secrets, parts.signed, &parts.signature) {
        return Err(SignedTokenError::SignatureMismatch);
    }
    let claims = Claims::read(&parts.content, rules.max_depth)?;
    let validity = Validity::read(&claims)?;
    let email = claims.text("email", "`email`")?;
    let role = claims.text("role", "`role`")?;
    check_times(rules, &validity)?;
    let id = claims::user_id(claims.member("userId")).map_err(SignedTokenError::Subject)?;
    Ok(VerifiedUser { id, email, role, attributes: claims.into_attributes(&RESERVED) })
}

/// The steps of [`verify`], as they went.
#[must_use]
pub fn steps(verdict: &Result<VerifiedUser, SignedTokenError>) -> Vec<Step> {
    let stopped =
        verdict.as_ref().err().map(|error| Stopped { name: error.step(), detail: error.to_string() });
    walked(&PLAN, stopped)
}

/// The token of this content under this secret.
#[must_use]
pub fn sign(secret: &Secret<String>, content: &Json) -> ShownOnce {
    let signed = URL_SAFE_NO_PAD.encode(content.canonical());
    let code = URL_SAFE_NO_PAD.encode(code(secret, &signed));
    ShownOnce::new(format!("{signed}.{code}"))
}

/// Whether one of the secrets made this signature. Every secret is tried and every byte compared
/// whatever the outcome, so that the time tells neither where a guess went wrong nor which secret was
/// nearer. No secret, and an empty one, never match.
#[must_use]
pub fn signature_holds(secrets: &[Secret<String>], signed: &str, signature: &[u8]) -> bool {
    let holds = secrets
        .iter()
        .filter(|secret| !secret.expose().is_empty())
        .fold(Choice::from(0), |any, secret| any | code(secret, signed).as_slice().ct_eq(signature));
    holds.into()
}

fn code(secret: &Secret<String>, signed: &str) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else {
        // HMAC takes a key of any length (RFC 2104 section 2); a code without one must not come of it.
        std::process::abort();
    };
    mac.update(signed.as_bytes());
    mac.finalize().into_bytes().into()
}

fn check_times(rules: &Rules<'_>, validity: &Validity) -> Result<(), SignedTokenError> {
    let now = claims::seconds(rules.now);
    let leeway = f64::from(rules.leeway_seconds);
    if validity.is_over(now, leeway) {
        return Err(SignedTokenError::Expired);
    }
    let issued = validity.issued.map_or(now, |issued| issued.min(now));
    if validity.expires - issued > f64::from(rules.max_lifetime_seconds) {
        return Err(SignedTokenError::LivesTooLong);
    }
    if validity.is_ahead(now, leeway) {
        return Err(SignedTokenError::NotYet);
    }
    Ok(())
}

/// A token taken apart, nothing in it believed yet.
struct Parts<'t> {
    signed: &'t str,
    content: Vec<u8>,
    signature: Vec<u8>,
}

impl<'t> Parts<'t> {
    fn read(rules: &Rules<'_>, token: &'t str) -> Result<Self, SignedTokenError> {
        if token.len() > rules.max_bytes {
            return Err(SignedTokenError::TooLong);
        }
        let (signed, signature) = token
            .split_once('.')
            .filter(|(signed, signature)| {
                !signed.is_empty() && !signature.is_empty() && !signature.contains('.')
            })
            .ok_or(SignedTokenError::NotTwoSegments)?;
        Ok(Self { signed, content: decode(signed)?, signature: decode(signature)? })
    }
}

/// Strict: no padding, no foreign character, no bits left over. One text for one content.
fn decode(segment: &str) -> Result<Vec<u8>, SignedTokenError> {
    URL_SAFE_NO_PAD.decode(segment).map_err(|_| SignedTokenError::NotBase64url)
}

#[cfg(test)]
#[path = "signed_token_tests.rs"]
mod tests;
