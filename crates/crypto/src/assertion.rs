//! What Procura itself asserts about a user to a business's own API (USR-9): a JWT of at most a minute,
//! signed with Ed25519 by a key that is derived from the root key and published as a JWK. Its `typ` is
//! its own, so that it can never pass as another kind of token (RFC 8725 section 3.11), and it is for
//! one audience, one agent, one session.

use crate::{
    keys::{Purpose, RootKey},
    signing::{SigningKey, SigningKeyError, map, number, text},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use procura_model::{AgentId, Entropy, Json, Secret, SessionId, Time, VerifiedUser, time::SECOND_MS};

/// The longest life of an assertion, in seconds.
pub const MAX_LIFETIME_SECONDS: u32 = 60;
/// What stands in the header's `typ`.
pub const TYPE: &str = "procura-user+jwt";

/// What is asserted.
#[derive(Clone, Copy, Debug)]
pub struct Assertion<'a> {
    /// Who asserts: the deployment's public URL.
    pub issuer: &'a str,
    /// For whom.
    pub audience: &'a str,
    /// About whom. The attributes are never part of it; e-mail and role where [`Disclosure`] says so.
    pub user: &'a VerifiedUser,
    /// What is told beside the id.
    pub disclosure: Disclosure,
    /// The agent that acts.
    pub agent: AgentId,
    /// The session in which it acts.
    pub session: SessionId,
    /// When; whole seconds count.
    pub now: Time,
    /// For how long, in seconds; more than [`MAX_LIFETIME_SECONDS`] becomes that.
    pub lifetime_seconds: u32,
}

/// What an assertion tells beside the user's id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Disclosure {
    /// Nothing.
    #[default]
    IdAlone,
    /// E-mail address and role, where the user has them.
    EmailAndRole,
    /// The e-mail address, where the user has one.
    Email,
    /// The role, where the user has one.
    Role,
}

impl Disclosure {
    const fn has_email(self) -> bool {
        matches!(self, Self::Email | Self::EmailAndRole)
    }

    const fn has_role(self) -> bool {
        matches!(self, Self::Role | Self::EmailAndRole)
    }
}

/// The key by which a deployment signs assertions.
pub struct AssertionKey(SigningKey);

impl AssertionKey {
    /// The key of this root key.
    ///
    /// # Errors
    /// [`SigningKeyError`], which means a broken build.
    pub fn new(root: &RootKey) -> Result<Self, SigningKeyError> {
        SigningKey::new(root, Purpose::UserAssertion).map(Self)
    }

    /// The key's name: its thumbprint (RFC 7638).
    #[must_use]
    pub fn kid(&self) -> &str {
        self.0.kid()
    }

    /// The public half, to publish (RFC 8037).
    #[must_use]
    pub fn jwk(&self) -> Json {
        self.0.jwk()
    }

    /// The signed assertion.
    #[must_use]
    pub fn sign(&self, assertion: &Assertion<'_>, entropy: &Entropy) -> Secret<String> {
        let content = Secret::new(claims(assertion, entropy).canonical());
        Secret::new(self.0.sign(TYPE, content.expose()))
    }
}

impl std::fmt::Debug for AssertionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AssertionKey({})", self.kid())
    }
}

fn claims(assertion: &Assertion<'_>, entropy: &Entropy) -> Json {
    let issued = assertion.now.as_ms().div_euclid(SECOND_MS);
    let lifetime = i64::from(assertion.lifetime_seconds.min(MAX_LIFETIME_SECONDS));
    let mut members = vec![
        ("iss", text(assertion.issuer)),
        ("aud", text(assertion.audience)),
        ("sub", text(assertion.user.id.clone())),
        ("iat", number(issued)),
        ("exp", number(issued.saturating_add(lifetime))),
        ("jti", text(URL_SAFE_NO_PAD.encode(entropy.bytes::<16>()))),
        ("agent_id", text(assertion.agent.to_string())),
        ("session_id", text(assertion.session.to_string())),
    ];
    let email = assertion.user.email.as_ref().filter(|_| assertion.disclosure.has_email());
    let role = assertion.user.role.as_ref().filter(|_| assertion.disclosure.has_role());
    members.extend(email.map(|email| ("email", text(email.clone()))));
    members.extend(role.map(|role| ("role", text(role.clone()))));
    map(members)
}

#[cfg(test)]
#[path = "assertion_tests.rs"]
mod tests;
