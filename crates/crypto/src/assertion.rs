//! What Procura itself asserts about a user to a business's own API (USR-9): a JWT of at most a minute,
//! signed with Ed25519 by a key that is derived from the root key and published as a JWK. Its `typ` is
//! its own, so that it can never pass as another kind of token (RFC 8725 section 3.11), and it is for
//! one audience, one agent, one session.

use crate::keys::{Purpose, RootKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use procura_model::{AgentId, Entropy, Json, Secret, SessionId, Time, VerifiedUser, time::SECOND_MS};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use sha2::{Digest as _, Sha256};

/// The longest life of an assertion, in seconds.
pub const MAX_LIFETIME_SECONDS: u32 = 60;
/// What stands in the header's `typ`.
pub const TYPE: &str = "procura-user+jwt";

/// The root key gave no Ed25519 key. Cannot happen with 32 bytes; a server without the key must not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no signing key can be derived from the root key")]
pub struct AssertionKeyError;

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
pub struct AssertionKey {
    pair: Ed25519KeyPair,
    kid: String,
}

impl AssertionKey {
    /// The key of this root key.
    ///
    /// # Errors
    /// [`AssertionKeyError`], which means a broken build.
    pub fn new(root: &RootKey) -> Result<Self, AssertionKeyError> {
        Self::from_seed(&root.derive(Purpose::UserAssertion))
    }

    fn from_seed(seed: &Secret<[u8; 32]>) -> Result<Self, AssertionKeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose()).map_err(|_| AssertionKeyError)?;
        // RFC 7638 section 3: the required members, in the order of their names.
        let canonical = map(vec![("crv", text("Ed25519")), ("kty", text("OKP")), ("x", text(public(&pair)))]);
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(canonical.canonical()));
        Ok(Self { pair, kid })
    }

    /// The key's name: its thumbprint (RFC 7638).
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The key set to publish: this one key, its public half (RFC 8037).
    #[must_use]
    pub fn jwks(&self) -> Json {
        let jwk = map(vec![
            ("alg", text("EdDSA")),
            ("crv", text("Ed25519")),
            ("kid", text(self.kid.clone())),
            ("kty", text("OKP")),
            ("use", text("sig")),
            ("x", text(public(&self.pair))),
        ]);
        map(vec![("keys", Json::List(vec![jwk]))])
    }

    /// The signed assertion.
    #[must_use]
    pub fn sign(&self, assertion: &Assertion<'_>, entropy: &Entropy) -> Secret<String> {
        let header = map(vec![("alg", text("EdDSA")), ("kid", text(self.kid.clone())), ("typ", text(TYPE))]);
        let content = Secret::new(claims(assertion, entropy).canonical());
        let mut token = URL_SAFE_NO_PAD.encode(header.canonical());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(content.expose(), &mut token);
        let signature = self.pair.sign(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut token);
        Secret::new(token)
    }
}

impl std::fmt::Debug for AssertionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AssertionKey({})", self.kid)
    }
}

fn claims(assertion: &Assertion<'_>, entropy: &Entropy) -> Json {
    let issued = assertion.now.as_ms().div_euclid(SECOND_MS);
    let lifetime = i64::from(assertion.lifetime_seconds.min(MAX_LIFETIME_SECONDS));
    let number = |seconds: i64| Json::Number(seconds.to_string().into());
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

fn public(pair: &Ed25519KeyPair) -> String {
    URL_SAFE_NO_PAD.encode(pair.public_key())
}

fn text(text: impl Into<String>) -> Json {
    Json::Text(text.into())
}

/// [`Json::Map`] is sorted by name.
fn map(mut members: Vec<(&'static str, Json)>) -> Json {
    members.sort_by_key(|(name, _)| *name);
    Json::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

#[cfg(test)]
#[path = "assertion_tests.rs"]
mod tests;
