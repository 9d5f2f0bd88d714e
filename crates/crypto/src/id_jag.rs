//! Identity assertions of another issuer, for an authorization grant (draft-ietf-oauth-identity-assertion-authz-grant):
//! the customer's identity provider says that a client may act for somebody. Read with the strictness of every token
//! here ([`crate::jws`]); its `typ` is its own, so no other token of that issuer passes as one.

use crate::{
    algorithm::Algorithm,
    brief::{self, Untimely},
    claims::{Claims, MAX_DEPTH, Validity},
    jwk::{ChoiceError, JwkSet},
    jws::{JwsError, Kind, UnverifiedJws},
};
use procura_model::{Digest, Json, Time, oauth::ScopeList, user::MAX_USER_ID_BYTES};

/// What stands in the header's `typ`.
pub const TYPE: &str = "oauth-id-jag+jwt";
/// How long an assertion may be, in bytes.
const MAX_BYTES: usize = 16_384;
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
    /// Not now.
    #[error(transparent)]
    Time(#[from] Untimely),
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
        let validity = Validity::read(&content).map_err(|_| IdJagError::Content)?;
        validity.issued.ok_or(IdJagError::Content)?;
        brief::demand_now(&validity, rules.now)?;
        read(&content, rules).ok_or(IdJagError::Content)
    }
}

impl std::fmt::Debug for UnverifiedIdJag<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UnverifiedIdJag")
    }
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
        expires_at: brief::remembered_until(rules.now),
        scope,
        resources,
        auth_time,
        jkt: part("cnf", "jkt")?,
        may_act: part("may_act", "sub")?,
    })
}

#[cfg(test)]
#[path = "id_jag_tests.rs"]
mod tests;
