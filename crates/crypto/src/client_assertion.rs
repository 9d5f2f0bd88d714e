//! The assertion by which a client shows that it is itself (RFC 7523 sections 2.2 and 3). It is read with the strictness
//! of every token here ([`crate::jws`]): listed algorithms, keys of the client's registration alone, none of the
//! header's.

use crate::{
    algorithm::Algorithm,
    claims::{self, Claims, MAX_DEPTH, Validity},
    jwk::{ChoiceError, JwkSet},
    jws::{JwsError, Kind, UnverifiedJws},
};
use procura_model::{Digest, Json, Secret, Time, time::SECOND_MS};

/// How long an assertion may be, in bytes.
const MAX_BYTES: usize = 8_192;
/// By how much clocks may differ, in seconds.
const LEEWAY_SECONDS: f64 = 30.0;
/// How far ahead `exp` may lie, in seconds.
const MAX_LIFE_SECONDS: f64 = 3_600.0;
/// How long a `jti` may be, in bytes.
const MAX_JTI_BYTES: usize = 512;

/// Why an assertion is refused. Says nothing of what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientAssertionError {
    /// Form, header, key or signature.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// No object, or claims of wrong types.
    #[error("Its content is not one object of claims with the right types.")]
    Content,
    /// Not of the client.
    #[error("Its iss and sub are not both the client_id.")]
    Subject,
    /// For somebody else, or for several.
    #[error("Its aud is not this server's issuer or token endpoint alone.")]
    Audience,
    /// Too late.
    #[error("It has expired.")]
    Expired,
    /// Too early.
    #[error("Its iat or nbf lies in the future.")]
    NotYet,
    /// It would hold for too long.
    #[error("Its exp lies more than an hour ahead.")]
    TooLong,
    /// No `jti`.
    #[error("It has no jti.")]
    NoId,
}

impl ClientAssertionError {
    /// Whether the set had no key of this name, so that a fresh set could change the verdict.
    #[must_use]
    pub const fn is_key_unknown(self) -> bool {
        matches!(self, Self::Jws(JwsError::Key(ChoiceError::Unknown)))
    }
}

/// By what an assertion is judged.
#[derive(Clone, Copy, Debug)]
pub struct AssertionRules<'r> {
    /// Whose it must be.
    pub client: &'r str,
    /// What `aud` may be.
    pub audiences: &'r [String],
    /// The time.
    pub now: Time,
}

/// What is left of an assertion that holds: what must be seen once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asserted {
    /// Of client and `jti`.
    pub digest: Digest,
    /// Until when it must not be seen again.
    pub expires_at: Time,
}

/// An assertion whose form and header are right, and of which nothing is believed yet.
pub struct UnverifiedClientAssertion<'t>(UnverifiedJws<'t>);

impl<'t> UnverifiedClientAssertion<'t> {
    /// Reads form and header.
    ///
    /// # Errors
    /// [`ClientAssertionError::Jws`].
    pub fn read(token: &'t Secret<String>) -> Result<Self, ClientAssertionError> {
        let token = token.expose().as_str();
        Ok(Self(UnverifiedJws::read_as(Kind::ClientAssertion, token, &Algorithm::ALL, MAX_BYTES)?))
    }

    /// Whose it says it is, to find the keys by which that is judged.
    #[must_use]
    pub fn unverified_subject(&self) -> Option<String> {
        let claims = Claims::read(self.0.unverified_payload(), MAX_DEPTH).ok()?;
        claims.member("sub").and_then(Json::as_text).map(str::to_owned)
    }

    /// Judges it.
    ///
    /// # Errors
    /// [`ClientAssertionError`]: the first thing that is not so.
    pub fn verify(
        &self,
        rules: &AssertionRules<'_>,
        keys: &JwkSet,
    ) -> Result<Asserted, ClientAssertionError> {
        let content = Claims::read(self.0.verify(keys)?, MAX_DEPTH);
        let content = content.map_err(|_| ClientAssertionError::Content)?;
        let validity = Validity::read(&content).map_err(|_| ClientAssertionError::Content)?;
        let text = |name| content.member(name).and_then(Json::as_text);
        // RFC 7523 section 3, 1 and 2B: iss and sub are there, and for a client's authentication sub is its client_id.
        if text("iss") != Some(rules.client) || text("sub") != Some(rules.client) {
            return Err(ClientAssertionError::Subject);
        }
        // RFC 7523 section 3, 3, as its revision narrows it: aud is this server and nobody else, so that an assertion
        // made for another server cannot be replayed here.
        if !is_for_one_of(content.member("aud"), rules.audiences) {
            return Err(ClientAssertionError::Audience);
        }
        check_times(&validity, rules.now)?;
        // RFC 7523 section 3, 7: a jti lets us see that an assertion is used once; we demand it.
        let jti = text("jti").filter(|jti| (1..=MAX_JTI_BYTES).contains(&jti.len()));
        let jti = jti.ok_or(ClientAssertionError::NoId)?;
        let digest = Digest::of(format!("client assertion\n{}\n{jti}", rules.client).as_bytes());
        // It holds for an hour and the leeway at the longest, whatever its exp says to the fraction.
        let expires_at =
            rules.now.plus_ms((3_600 + 60 + crate::id_jag::REMEMBERED_LONGER_SECONDS) * SECOND_MS);
        Ok(Asserted { digest, expires_at })
    }
}

impl std::fmt::Debug for UnverifiedClientAssertion<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UnverifiedClientAssertion")
    }
}

/// One audience, alone or in a list of one.
fn is_for_one_of(audience: Option<&Json>, ours: &[String]) -> bool {
    let one = match audience {
        Some(Json::List(items)) => match items.as_slice() {
            [one] => one.as_text(),
            _ => None,
        },
        Some(one) => one.as_text(),
        None => None,
    };
    one.is_some_and(|one| ours.iter().any(|own| own == one))
}

/// RFC 7523 section 3, 4 to 6: exp is there and not passed nor unreasonably far, nbf has come, iat is not ahead.
fn check_times(validity: &Validity, now: Time) -> Result<(), ClientAssertionError> {
    let now = claims::seconds(now);
    if validity.is_over(now, LEEWAY_SECONDS) {
        return Err(ClientAssertionError::Expired);
    }
    if validity.is_ahead(now, LEEWAY_SECONDS) {
        return Err(ClientAssertionError::NotYet);
    }
    if validity.expires > now + MAX_LIFE_SECONDS + LEEWAY_SECONDS {
        return Err(ClientAssertionError::TooLong);
    }
    Ok(())
}

#[cfg(test)]
#[path = "client_assertion_tests.rs"]
mod tests;
