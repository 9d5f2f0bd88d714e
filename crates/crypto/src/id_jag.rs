//! Identity assertions of another issuer, for an authorization grant (draft-ietf-oauth-identity-assertion-authz-grant):
//! the customer's identity provider says that a client may act for somebody. Read with the strictness of every token
//! here ([`crate::jws`]); its `typ` is its own, so no other token of that issuer passes as one.

use crate::{
    algorithm::Algorithm,
    claims::{self, Claims, MAX_DEPTH, Validity},
    jwk::{ChoiceError, JwkSet},
    jws::{JwsError, Kind, UnverifiedJws},
};
use procura_model::{Digest, Json, Time, oauth::ScopeList, time::SECOND_MS, user::MAX_USER_ID_BYTES};

/// What stands in the header's `typ`.
pub const TYPE: &str = "oauth-id-jag+jwt";
/// How long an assertion may be, in bytes.
const MAX_BYTES: usize = 16_384;
/// By how much clocks may differ, in seconds.
const LEEWAY_SECONDS: f64 = 30.0;
/// How far `exp` may lie ahead, in seconds: the assertion is to be short-lived.
const MAX_LIFE_SECONDS: f64 = 3_600.0;
/// For how much longer than it holds it is known again, in seconds.
pub(crate) const REMEMBERED_LONGER_SECONDS: i64 = 120;
/// How long a `jti` may be, in bytes.
const MAX_JTI_BYTES: usize = 512;
/// How many resources one assertion may name.
const MAX_RESOURCES: usize = 16;

/// Why an assertion is refused. Says nothing of what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdJagError {
    /// Form, header, key or signature.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// No object, or claims that are missing or of wrong types.
    #[error("A claim is missing or cannot be read.")]
    Content,
    /// Another's.
    #[error("Its iss is not the trusted issuer.")]
    Issuer,
    /// For somebody else, or for several.
    #[error("Its aud is not this server's issuer alone.")]
    Audience,
    /// Another client's.
    #[error("Its client_id is not the client that shows it.")]
    Client,
    /// Of another customer of the issuer, or for another organization here.
    #[error("Its tenant is not the one that is trusted, or its aud_tenant is another organization.")]
    Tenant,
    /// Too late.
    #[error("It has expired.")]
    Expired,
    /// Too early.
    #[error("Its iat or nbf lies in the future.")]
    NotYet,
    /// It would hold for too long.
    #[error("Its exp lies more than an hour ahead.")]
    TooLong,
}

impl IdJagError {
    /// Whether the set had no key of this name, so that a fresh set could change the verdict.
    #[must_use]
    pub const fn is_key_unknown(self) -> bool {
        matches!(self, Self::Jws(JwsError::Key(ChoiceError::Unknown)))
    }
}

/// By what an assertion is judged.
#[derive(Clone, Copy, Debug)]
pub struct IdJagRules<'r> {
    /// Who must have signed it.
    pub issuer: &'r str,
    /// What `aud` must be: this server.
    pub audience: &'r str,
    /// The client that shows it.
    pub client: &'r str,
    /// Which of the issuer's customers it must be of; none where the issuer serves one alone.
    pub tenant: Option<&'r str>,
    /// The organization here.
    pub organization: &'r str,
    /// The time.
    pub now: Time,
}

/// What an assertion says that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdJag {
    /// The issuer's name for somebody.
    pub subject: String,
    /// By what it is known again: a digest of issuer, subject and `jti`.
    pub code: Digest,
    /// Until when it must not be seen again.
    pub expires_at: Time,
    /// For what; none where it does not say.
    pub scope: Option<ScopeList>,
    /// Where; empty where it does not say.
    pub resources: Vec<String>,
    /// When the person last proved who they are.
    pub auth_time: Option<i64>,
    /// The key that must be shown with it.
    pub jkt: Option<String>,
    /// Who alone may act for the person in turn.
    pub may_act: Option<String>,
    /// The person's address, where the issuer has verified it.
    pub verified_email: Option<String>,
    /// Whether the issuer has verified a telephone number of the person.
    pub has_verified_phone: bool,
    /// In which workspaces of the API, by the API's own names (`workspace`, or `workspaces`).
    pub workspaces: Vec<String>,
}

/// An assertion whose form and header are right, and of which nothing is believed yet.
pub struct UnverifiedIdJag<'t>(UnverifiedJws<'t>);

impl<'t> UnverifiedIdJag<'t> {
    /// Reads form and header.
    ///
    /// # Errors
    /// [`IdJagError::Jws`].
    pub fn read(token: &'t str) -> Result<Self, IdJagError> {
        Ok(Self(UnverifiedJws::read_as(Kind::IdJag, token, &Algorithm::ALL, MAX_BYTES)?))
    }

    /// Whose it says it is, to find the keys by which that is judged.
    #[must_use]
    pub fn unverified_issuer(&self) -> Option<String> {
        let claims = Claims::read(self.0.unverified_payload(), MAX_DEPTH).ok()?;
        claims.member("iss").and_then(Json::as_text).map(str::to_owned)
    }

    /// For which organization here it says it is, to find whose trust it needs.
    #[must_use]
    pub fn unverified_organization(&self) -> Option<String> {
        let claims = Claims::read(self.0.unverified_payload(), MAX_DEPTH).ok()?;
        claims.member("aud_tenant").and_then(Json::as_text).map(str::to_owned)
    }

    /// Which client it says it was made for, to find out whether that client may use its issuer.
    #[must_use]
    pub fn unverified_client(&self) -> Option<String> {
        let claims = Claims::read(self.0.unverified_payload(), MAX_DEPTH).ok()?;
        claims.member("client_id").and_then(Json::as_text).map(str::to_owned)
    }

    /// Judges it.
    ///
    /// # Errors
    /// [`IdJagError`]: the first thing that is not so.
    pub fn verify(&self, rules: &IdJagRules<'_>, keys: &JwkSet) -> Result<IdJag, IdJagError> {
        let content = Claims::read(self.0.verify(keys)?, MAX_DEPTH).map_err(|_| IdJagError::Content)?;
        let text = |name| content.member(name).and_then(Json::as_text);
        if text("iss") != Some(rules.issuer) {
            return Err(IdJagError::Issuer);
        }
        // "aud ... the issuer identifier of the Resource Authorization Server", alone or in a list of one.
        let audience = match content.member("aud") {
            Some(Json::List(items)) if items.len() == 1 => items.first().and_then(Json::as_text),
            other => other.and_then(Json::as_text),
        };
        if audience != Some(rules.audience) {
            return Err(IdJagError::Audience);
        }
        // "client_id ... MUST be the client that authenticates".
        if text("client_id") != Some(rules.client) {
            return Err(IdJagError::Client);
        }
        // "tenant" tells the issuer's customers apart: one issuer's signature alone does not say whose assertion it is.
        // A member that is no text is none of ours.
        let is_of_tenant = content.member("tenant").map(Json::as_text) == rules.tenant.map(Some);
        let is_for_us =
            content.member("aud_tenant").is_none_or(|own| own.as_text() == Some(rules.organization));
        if !is_of_tenant || !is_for_us {
            return Err(IdJagError::Tenant);
        }
        check_times(&content, rules.now)?;
        read(&content, rules).ok_or(IdJagError::Content)
    }
}

impl std::fmt::Debug for UnverifiedIdJag<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UnverifiedIdJag")
    }
}

fn check_times(content: &Claims, now: Time) -> Result<(), IdJagError> {
    let validity = Validity::read(content).map_err(|_| IdJagError::Content)?;
    validity.issued.ok_or(IdJagError::Content)?;
    let now = claims::seconds(now);
    if validity.is_over(now, LEEWAY_SECONDS) {
        return Err(IdJagError::Expired);
    }
    if validity.is_ahead(now, LEEWAY_SECONDS) {
        return Err(IdJagError::NotYet);
    }
    if validity.expires > now + MAX_LIFE_SECONDS + LEEWAY_SECONDS {
        return Err(IdJagError::TooLong);
    }
    Ok(())
}

fn read(content: &Claims, rules: &IdJagRules<'_>) -> Option<IdJag> {
    let text = |name| content.member(name).and_then(Json::as_text);
    let subject = text("sub").filter(|sub| !sub.trim().is_empty() && sub.len() <= MAX_USER_ID_BYTES)?;
    let jti = text("jti").filter(|jti| (1..=MAX_JTI_BYTES).contains(&jti.len()))?;
    let resources = match content.member("resource") {
        None => Vec::new(),
        Some(Json::List(items)) if items.len() <= MAX_RESOURCES => {
            items.iter().map(|item| item.as_text().map(str::to_owned)).collect::<Option<_>>()?
        }
        Some(one) => vec![one.as_text()?.to_owned()],
    };
    let is_true = |name| content.member(name) == Some(&Json::Bool(true));
    let workspaces = match (content.member("workspace"), content.member("workspaces")) {
        (None, None) => Vec::new(),
        (Some(one), None) => vec![one.as_text()?.to_owned()],
        (None, Some(Json::List(items))) if items.len() <= MAX_RESOURCES => {
            items.iter().map(|item| item.as_text().map(str::to_owned)).collect::<Option<_>>()?
        }
        _ => return None,
    };
    let part = |name: &str, inner: &str| match content.member(name) {
        None => Some(None),
        Some(member) => member.member(inner)?.as_text().map(|text| Some(text.to_owned())),
    };
    let auth_time = match content.member("auth_time") {
        None => None,
        Some(Json::Number(digits)) => Some(digits.parse().ok()?),
        Some(_) => return None,
    };
    let scope = match content.member("scope") {
        None => None,
        Some(scope) => Some(scope.as_text()?.parse().ok()?),
    };
    let code = format!("id-jag\n{}\n{}\n{subject}\n{jti}", rules.issuer, rules.tenant.unwrap_or_default());
    Some(IdJag {
        subject: subject.to_owned(),
        code: Digest::of(code.as_bytes()),
        // It holds for an hour and the leeway at the longest, whatever its exp says to the fraction; a request whose body
        // came slowly judges it by an earlier time.
        expires_at: rules.now.plus_ms((3_600 + 60 + REMEMBERED_LONGER_SECONDS) * SECOND_MS),
        scope,
        resources,
        auth_time,
        jkt: part("cnf", "jkt")?,
        may_act: part("may_act", "sub")?,
        verified_email: text("email").filter(|_| is_true("email_verified")).map(str::to_owned),
        has_verified_phone: text("phone_number").is_some() && is_true("phone_number_verified"),
        workspaces: workspaces.iter().all(|name| is_workspace(name)).then_some(workspaces)?,
    })
}

/// A name of the API's own; `*` would be every one, which no issuer can say.
fn is_workspace(name: &str) -> bool {
    name != "*" && (1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
#[path = "id_jag_tests.rs"]
mod tests;
