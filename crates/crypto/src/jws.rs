//! JWS in compact form (RFC 7515), read as strictly as it can be: three base64url segments without
//! padding, a header that is one object without duplicate members, an algorithm that the settings allow,
//! and a key that comes from the configured set and from nowhere else. What a header says about keys
//! (`jwk`, `jku`, `x5u`, `x5c`) is never read (RFC 8725 section 3.10), and an extension that the header
//! calls critical is never understood.

use crate::{
    algorithm::Algorithm,
    claims::{Claims, MAX_DEPTH, ObjectError},
    jwk::{ChoiceError, JwkSet},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Why a text is not a signature that holds. Says nothing of what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Longer than allowed.
    #[error("The token is too long.")]
    TooLong,
    /// Not three segments.
    #[error("The token is not three segments divided by dots.")]
    NotThreeSegments,
    /// Not strict base64url.
    #[error("A segment is not base64url without padding.")]
    NotBase64url,
    /// No header.
    #[error("The header cannot be read: {0}.")]
    Header(ObjectError),
    /// A member of the header of the wrong type.
    #[error("The header has no string `alg`, or a `kid` or `typ` that is not a string.")]
    HeaderType,
    /// `alg` is not allowed.
    #[error("The header's `alg` is none of the allowed algorithms.")]
    Algorithm,
    /// `crit`, or what only an extension could mean.
    #[error("The header asks for an extension (`crit`, `b64`, `zip` or `enc`).")]
    Extension,
    /// Another kind of token (RFC 8725 section 3.11).
    #[error("The header's `typ` is that of another kind of token.")]
    Kind,
    /// No key.
    #[error("There is no key for it: {0}.")]
    Key(ChoiceError),
    /// The key does not verify it.
    #[error("The signature does not hold under the key.")]
    Signature,
}

impl JwsError {
    /// Whether it is the algorithm, the key or the signature itself, and not the form of the text.
    #[must_use]
    pub const fn is_about_the_signature(self) -> bool {
        matches!(self, Self::Algorithm | Self::Key(_) | Self::Signature)
    }
}

/// Which kind of token is wanted: what its `typ` must say.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// One that says who a user is: `JWT`, `at+jwt`, or nothing.
    UserToken,
    /// One by which a client shows that it is itself: `JWT`, `client-authentication+jwt`, or nothing.
    ClientAssertion,
    /// An access token of ours (RFC 9068 section 4).
    AccessToken,
    /// An identity assertion for an authorization grant.
    IdJag,
    /// One of this media type.
    Media(&'static str),
    /// One of our own kinds, to the letter.
    Own(&'static str),
}

impl Kind {
    fn is(self, said: Option<&str>) -> bool {
        match self {
            Self::UserToken => said.is_none_or(is_user_token),
            Self::ClientAssertion => said.is_none_or(is_client_assertion),
            Self::AccessToken => said.is_some_and(|kind| media_type(kind) == "at+jwt"),
            Self::IdJag => said.is_some_and(|kind| media_type(kind) == crate::id_jag::TYPE),
            Self::Media(kind) => said.is_some_and(|said| media_type(said) == kind),
            Self::Own(kind) => said == Some(kind),
        }
    }
}

/// A compact JWS, nothing of it verified. Its payload comes out of [`UnverifiedJws::verify`] alone.
pub(crate) struct UnverifiedJws<'t> {
    signed: &'t str,
    payload: Vec<u8>,
    signature: Vec<u8>,
    algorithm: Algorithm,
    kid: Option<String>,
}

impl<'t> UnverifiedJws<'t> {
    /// Reads form and header of a user's token.
    pub(crate) fn read(token: &'t str, allowed: &[Algorithm], max_bytes: usize) -> Result<Self, JwsError> {
        Self::read_as(Kind::UserToken, token, allowed, max_bytes)
    }

    /// Reads form and header of a token of this kind.
    pub(crate) fn read_as(
        kind: Kind,
        token: &'t str,
        allowed: &[Algorithm],
        max_bytes: usize,
    ) -> Result<Self, JwsError> {
        if token.len() > max_bytes {
            return Err(JwsError::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(JwsError::NotThreeSegments)?;
        let (header, payload) = signed.split_once('.').ok_or(JwsError::NotThreeSegments)?;
        if header.is_empty() || signature.is_empty() || payload.contains('.') {
            return Err(JwsError::NotThreeSegments);
        }
        let (header, payload, signature) = (decode(header)?, decode(payload)?, decode(signature)?);
        let (algorithm, kid) = read_header(&header, kind, allowed)?;
        Ok(Self { signed, payload, signature, algorithm, kid })
    }

    /// The payload, of which nothing may be believed.
    pub(crate) fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload, if a key of the set verifies the signature.
    pub(crate) fn verify(&self, keys: &JwkSet) -> Result<&[u8], JwsError> {
        let candidates = keys.choose(self.algorithm, self.kid.as_deref()).map_err(JwsError::Key)?;
        let message = self.signed.as_bytes();
        if candidates.iter().any(|key| key.verifies(self.algorithm, message, &self.signature)) {
            Ok(&self.payload)
        } else {
            Err(JwsError::Signature)
        }
    }
}

fn decode(segment: &str) -> Result<Vec<u8>, JwsError> {
    URL_SAFE_NO_PAD.decode(segment).map_err(|_| JwsError::NotBase64url)
}

/// Algorithm and key id; every other member is either refused or means nothing to us.
fn read_header(
    bytes: &[u8],
    wanted: Kind,
    allowed: &[Algorithm],
) -> Result<(Algorithm, Option<String>), JwsError> {
    let header = Claims::read(bytes, MAX_DEPTH).map_err(JwsError::Header)?;
    let text = |name| header.text(name, name).map_err(|_| JwsError::HeaderType);
    let name = text("alg")?.ok_or(JwsError::HeaderType)?;
    let kid = text("kid")?;
    let kind = text("typ")?;
    let algorithm = Algorithm::by_name(&name)
        .filter(|algorithm| allowed.contains(algorithm))
        .ok_or(JwsError::Algorithm)?;
    // `enc` makes it a JWE (RFC 7516 section 9), whatever else it looks like; `zip` is of JWE too, and
    // `b64` must be critical where it stands (RFC 7797 section 6).
    if ["crit", "b64", "zip", "enc"].into_iter().any(|name| header.member(name).is_some()) {
        return Err(JwsError::Extension);
    }
    if !wanted.is(kind.as_deref()) {
        return Err(JwsError::Kind);
    }
    Ok((algorithm, kid))
}

/// RFC 8725 section 3.11: a token that says it is a logout token, a proof of possession or a security
/// event is none that says who a user is, whoever signed it.
fn is_user_token(kind: &str) -> bool {
    matches!(media_type(kind).as_str(), "jwt" | "at+jwt")
}

/// RFC 7515 section 4.1.9: a media type, which has no case, and whose `application/` may be left out.
pub(crate) fn media_type(kind: &str) -> String {
    let kind = kind.to_ascii_lowercase();
    kind.strip_prefix("application/").map_or(kind.clone(), str::to_owned)
}

/// As the revision of RFC 7523 has it: a type of its own, or the general one.
fn is_client_assertion(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    matches!(kind.strip_prefix("application/").unwrap_or(&kind), "jwt" | "client-authentication+jwt")
}

#[cfg(test)]
#[path = "jws_tests.rs"]
mod tests;
