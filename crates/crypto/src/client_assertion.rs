//! The assertion by which a client shows that it is itself (RFC 7523 sections 2.2 and 3). It is read with the strictness
//! of every token here ([`crate::jws`]): listed algorithms, keys of the client's registration alone, none of the
//! header's.

use crate::{
    algorithm::Algorithm,
    brief::{self, Untimely},
    claims::{Claims, MAX_DEPTH, Validity},
    jwk::{ChoiceError, JwkSet},
    jws::{JwsError, Kind, UnverifiedJws},
};
use procura_model::{Digest, Json, Secret, Time};

/// How long an assertion may be, in bytes.
const MAX_BYTES: usize = 8_192;
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
    /// Not now.
    #[error(transparent)]
    Time(#[from] Untimely),
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
        brief::demand_now(&validity, rules.now)?;
        // RFC 7523 section 3, 7: a jti lets us see that an assertion is used once; we demand it.
        let jti = text("jti").filter(|jti| (1..=MAX_JTI_BYTES).contains(&jti.len()));
        let jti = jti.ok_or(ClientAssertionError::NoId)?;
        let digest = Digest::of(format!("client assertion\n{}\n{jti}", rules.client).as_bytes());
        Ok(Asserted { digest, expires_at: brief::remembered_until(rules.now) })
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

#[cfg(test)]
#[path = "client_assertion_tests.rs"]
mod tests;
