//! JWTs of the customer's identity provider (USR-2), verified against the key set that the agent's
//! settings name. RFC 7519 and 8725.
//!
//! What comes first decides: size and form, header, key, signature, content and the types of its claims,
//! issuer, audience (all INVALID); expiry (EXPIRED); start (INVALID); subject (NO_SUBJECT). Where the
//! standards leave it open we chose: `exp` is required and any finite number will do, however far; an
//! array of audiences holds strings alone; `null` is a wrong type, not absence; a member that stands twice
//! is refused at any depth; an id of blanks names nobody.

use crate::{
    algorithm::Algorithm,
    claims::{self, ClaimError, Claims, ObjectError, SubjectError, Validity},
    jwk::{ChoiceError, JwkSet},
    jws::{JwsError, UnverifiedJws},
    steps::{Planned, Step, Stopped, walked},
};
use procura_model::{Error, Json, Reason, Time, VerifiedUser};

/// How long a token may be, in bytes.
pub const MAX_BYTES: usize = 16_384;
/// By how much clocks may differ where the settings say nothing, in seconds.
pub const DEFAULT_LEEWAY_SECONDS: u32 = 30;
/// The claim that names the user where the settings say nothing.
pub const DEFAULT_SUBJECT_CLAIM: &str = "sub";
/// Registered claims (RFC 7519 section 4.1): about the token, not about the user.
const REGISTERED: [&str; 7] = ["aud", "exp", "iat", "iss", "jti", "nbf", "sub"];

const FORM: &str = "form";
const HEADER: &str = "header";
const KEY: &str = "key";
const SIGNATURE: &str = "signature";
const CONTENT: &str = "content";
const ISSUER: &str = "issuer";
const AUDIENCE: &str = "audience";
const EXPIRY: &str = "expiry";
const START: &str = "start";
const SUBJECT: &str = "subject";

const PLAN: [Planned; 10] = [
    Planned { name: FORM, passed: "Three base64url segments without padding." },
    Planned { name: HEADER, passed: "An allowed algorithm, and no critical extension." },
    Planned { name: KEY, passed: "The key set has a key for it." },
    Planned { name: SIGNATURE, passed: "The signature holds under the key." },
    Planned { name: CONTENT, passed: "One JSON object whose claims have the right types." },
    Planned { name: ISSUER, passed: "`iss` is the configured issuer." },
    Planned { name: AUDIENCE, passed: "`aud` has the configured audience." },
    Planned { name: EXPIRY, passed: "Not expired." },
    Planned { name: START, passed: "Neither issued nor starting in the future." },
    Planned { name: SUBJECT, passed: "A user is named." },
];

/// By what a token is judged.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'r> {
    /// What `iss` must be, to the letter.
    pub issuer: &'r str,
    /// What `aud` must be or hold, to the letter.
    pub audience: &'r str,
    /// The allowed algorithms.
    pub algorithms: &'r [Algorithm],
    /// The time.
    pub now: Time,
    /// By how much clocks may differ, in seconds.
    pub leeway_seconds: u32,
    /// The claim that holds the user's id.
    pub subject_claim: &'r str,
    /// The claim that holds the e-mail address; none where it is only an attribute.
    pub email_claim: Option<&'r str>,
    /// The claim that holds the role; none where it is only an attribute.
    pub role_claim: Option<&'r str>,
    /// The longest token, in bytes.
    pub max_bytes: usize,
}

impl<'r> Rules<'r> {
    /// The usual rules for an issuer and an audience.
    #[must_use]
    pub const fn new(issuer: &'r str, audience: &'r str, now: Time) -> Self {
        Self {
            issuer,
            audience,
            algorithms: &Algorithm::ALL,
            now,
            leeway_seconds: DEFAULT_LEEWAY_SECONDS,
            subject_claim: DEFAULT_SUBJECT_CLAIM,
            email_claim: None,
            role_claim: None,
            max_bytes: MAX_BYTES,
        }
    }
}

/// Why a token is refused. Says nothing of what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// Form, header, key or signature.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// No object.
    #[error("The content cannot be read: {0}.")]
    Content(#[from] ObjectError),
    /// A claim of the wrong type.
    #[error("The content cannot be used: {0}.")]
    Claim(#[from] ClaimError),
    /// Neither a string nor a list of strings.
    #[error("The content cannot be used: `aud` is neither a string nor a list of strings.")]
    AudienceType,
    /// Another issuer.
    #[error("`iss` is not the configured issuer.")]
    Issuer,
    /// Another audience.
    #[error("`aud` is not, and does not hold, the configured audience.")]
    Audience,
    /// Too late.
    #[error("`exp` has passed.")]
    Expired,
    /// Too early.
    #[error("`iat` or `nbf` lies in the future.")]
    NotYet,
    /// Nobody.
    #[error("The subject claim names nobody: {0}.")]
    Subject(SubjectError),
}

impl JwtError {
    /// The code that the caller sees.
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Jws(_)
            | Self::Content(_)
            | Self::Claim(_)
            | Self::AudienceType
            | Self::Issuer
            | Self::Audience
            | Self::NotYet => Reason::JwtInvalid,
            Self::Expired => Reason::JwtExpired,
            Self::Subject(_) => Reason::JwtNoSubject,
        }
    }

    /// Whether the set had no key of this name, so that a fresh set could change the verdict.
    #[must_use]
    pub const fn is_key_unknown(self) -> bool {
        matches!(self, Self::Jws(JwsError::Key(ChoiceError::Unknown)))
    }

    const fn step(self) -> &'static str {
        match self {
            Self::Jws(JwsError::TooLong | JwsError::NotThreeSegments | JwsError::NotBase64url) => FORM,
            Self::Jws(
                JwsError::Header(_)
                | JwsError::HeaderType
                | JwsError::Algorithm
                | JwsError::Extension
                | JwsError::Kind,
            ) => HEADER,
            Self::Jws(JwsError::Key(_)) => KEY,
            Self::Jws(JwsError::Signature) => SIGNATURE,
            Self::Content(_) | Self::Claim(_) | Self::AudienceType => CONTENT,
            Self::Issuer => ISSUER,
            Self::Audience => AUDIENCE,
            Self::Expired => EXPIRY,
            Self::NotYet => START,
            Self::Subject(_) => SUBJECT,
        }
    }
}

impl From<JwtError> for Error {
    fn from(error: JwtError) -> Self {
        error.reason().into()
    }
}

/// A token whose form and header are right, and of which nothing is believed yet: no key set was needed
/// so far, so none is fetched for what can be turned away without.
pub struct UnverifiedJwt<'t>(UnverifiedJws<'t>);

impl<'t> UnverifiedJwt<'t> {
    /// Reads form and header.
    ///
    /// # Errors
    /// [`JwtError::Jws`] when they are not right.
    pub fn read(rules: &Rules<'_>, token: &'t str) -> Result<Self, JwtError> {
        Ok(Self(UnverifiedJws::read(token, rules.algorithms, rules.max_bytes)?))
    }

    /// Whom the token names, if it holds under a key of the set.
    ///
    /// # Errors
    /// [`JwtError`]: the first thing that is not so, in the order of this module's first paragraph.
    pub fn verify(&self, rules: &Rules<'_>, keys: &JwkSet) -> Result<VerifiedUser, JwtError> {
        let claims = Claims::read(self.0.verify(keys)?, claims::MAX_DEPTH)?;
        let validity = Validity::read(&claims)?;
        let audience = Audience::read(&claims)?;
        let email = claim(&claims, rules.email_claim, "the e-mail claim")?;
        let role = claim(&claims, rules.role_claim, "the role claim")?;
        if claims.member("iss").and_then(Json::as_text) != Some(rules.issuer) {
            return Err(JwtError::Issuer);
        }
        if !audience.is_for(rules.audience) {
            return Err(JwtError::Audience);
        }
        check_times(rules, &validity)?;
        let id = claims::user_id(claims.member(rules.subject_claim)).map_err(JwtError::Subject)?;
        let named = [Some(rules.subject_claim), rules.email_claim, rules.role_claim];
        let without: Vec<&str> = REGISTERED.into_iter().chain(named.into_iter().flatten()).collect();
        Ok(VerifiedUser { id, email, role, attributes: claims.into_attributes(&without) })
    }
}

impl std::fmt::Debug for UnverifiedJwt<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UnverifiedJwt")
    }
}

/// Whom a token names, if it holds under a key of this set.
///
/// # Errors
/// As [`UnverifiedJwt::read`] and [`UnverifiedJwt::verify`].
pub fn verify(rules: &Rules<'_>, keys: &JwkSet, token: &str) -> Result<VerifiedUser, JwtError> {
    UnverifiedJwt::read(rules, token)?.verify(rules, keys)
}

/// The steps of [`verify`], as they went.
#[must_use]
pub fn steps(verdict: &Result<VerifiedUser, JwtError>) -> Vec<Step> {
    let stopped =
        verdict.as_ref().err().map(|error| Stopped { name: error.step(), detail: error.to_string() });
    walked(&PLAN, stopped)
}

/// The steps of a token whose form and header are right, and whose key set cannot be had.
#[must_use]
pub fn steps_without_keys(why: &str) -> Vec<Step> {
    walked(&PLAN, Some(Stopped { name: KEY, detail: why.to_owned() }))
}

fn claim(claims: &Claims, name: Option<&str>, what: &'static str) -> Result<Option<String>, ClaimError> {
    name.map_or(Ok(None), |name| claims.text(name, what))
}

fn check_times(rules: &Rules<'_>, validity: &Validity) -> Result<(), JwtError> {
    let now = claims::seconds(rules.now);
    let leeway = f64::from(rules.leeway_seconds);
    if validity.is_over(now, leeway) {
        return Err(JwtError::Expired);
    }
    if validity.is_ahead(now, leeway) {
        return Err(JwtError::NotYet);
    }
    Ok(())
}

/// RFC 7519 section 4.1.3.
struct Audience<'c>(Vec<&'c str>);

impl<'c> Audience<'c> {
    fn read(claims: &'c Claims) -> Result<Self, JwtError> {
        let text = |json: &'c Json| json.as_text().ok_or(JwtError::AudienceType);
        match claims.member("aud") {
            None => Ok(Self(Vec::new())),
            Some(Json::List(items)) => items.iter().map(text).collect::<Result<_, _>>().map(Self),
            Some(one) => text(one).map(|one| Self(vec![one])),
        }
    }

    fn is_for(&self, audience: &str) -> bool {
        self.0.contains(&audience)
    }
}

#[cfg(test)]
#[path = "jwt_tests.rs"]
mod tests;
