//! What Procura signs for an agent that registered (the second wire form): who it is here, to be exchanged for access
//! tokens. Its `typ` and its key are its own, so that no verifier of ID-JAGs can take it for one (RFC 8725 section 3.11;
//! an identity provider must not issue access tokens for its own ID-JAGs). Only this server verifies it.

use crate::{
    algorithm::Algorithm,
    claims::Claims,
    jwk::JwkSet,
    jws::{Kind, UnverifiedJws},
    keys::{Purpose, RootKey},
    signing::{SigningKey, SigningKeyError, key_set, map, number, text},
};
use procura_model::{Json, RegistrationId, TenantId, Time, time::SECOND_MS};
use std::str::FromStr;

/// What stands in the header's `typ`.
pub const TYPE: &str = "agent-identity+jwt";
/// How long one may be, in bytes.
const MAX_BYTES: usize = 4_096;
/// How deep the content may nest: one object.
const MAX_DEPTH: usize = 1;

/// What it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentIdentity {
    /// `iss` and `aud`: the deployment's public URL.
    pub issuer: String,
    /// `org`: the organization of the API.
    pub tenant: TenantId,
    /// `sub`: the registration.
    pub registration: RegistrationId,
    /// `gen`: how often it was claimed by then.
    pub generation: i64,
    /// `iat`: when, in whole seconds.
    pub issued_at: Time,
    /// `exp`: until when, in whole seconds.
    pub expires_at: Time,
}

/// A text that is no such assertion, or no longer is one. Says nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the assertion is not one that this server signed, or it has expired")]
pub struct AgentIdentityError;

/// The key by which a deployment signs them.
pub struct AgentIdentityKey {
    key: SigningKey,
    own: JwkSet,
}

impl AgentIdentityKey {
    /// The key of this root key.
    ///
    /// # Errors
    /// [`SigningKeyError`], which means a broken build.
    pub fn new(root: &RootKey) -> Result<Self, SigningKeyError> {
        let key = SigningKey::new(root, Purpose::AgentIdentity)?;
        let own = JwkSet::parse(&key_set([key.jwk()]).canonical()).map_err(|_| SigningKeyError)?;
        Ok(Self { key, own })
    }

    /// The signed assertion.
    #[must_use]
    pub fn sign(&self, identity: &AgentIdentity) -> String {
        let seconds = |time: Time| number(time.as_ms().div_euclid(SECOND_MS));
        let members = vec![
            ("aud", text(&identity.issuer)),
            ("exp", seconds(identity.expires_at)),
            ("gen", number(identity.generation)),
            ("iat", seconds(identity.issued_at)),
            ("iss", text(&identity.issuer)),
            ("org", text(identity.tenant.to_string())),
            ("sub", text(identity.registration.to_string())),
        ];
        self.key.sign(TYPE, &map(members).canonical())
    }

    /// What an assertion says, if we signed it for ourselves and it still holds.
    ///
    /// # Errors
    /// [`AgentIdentityError`].
    pub fn open(&self, token: &str, issuer: &str, now: Time) -> Result<AgentIdentity, AgentIdentityError> {
        let identity = self.read(token, issuer).ok_or(AgentIdentityError)?;
        if identity.expires_at > now { Ok(identity) } else { Err(AgentIdentityError) }
    }

    fn read(&self, token: &str, issuer: &str) -> Option<AgentIdentity> {
        let jws = UnverifiedJws::read_as(Kind::Own(TYPE), token, &[Algorithm::EdDsa], MAX_BYTES).ok()?;
        let claims = Claims::read(jws.verify(&self.own).ok()?, MAX_DEPTH).ok()?;
        let whole = |name| match claims.member(name) {
            Some(Json::Number(digits)) => digits.parse::<i64>().ok(),
            _ => None,
        };
        let time = |name| whole(name)?.checked_mul(SECOND_MS).map(Time::from_ms);
        if word::<String>(&claims, "iss")? != issuer || word::<String>(&claims, "aud")? != issuer {
            return None;
        }
        Some(AgentIdentity {
            issuer: issuer.to_owned(),
            tenant: word(&claims, "org")?,
            registration: word(&claims, "sub")?,
            generation: whole("gen")?,
            issued_at: time("iat")?,
            expires_at: time("exp")?,
        })
    }
}

/// Whether a text says of itself that it is such an assertion, and no other kind of JWT. Nothing of it is believed by that.
#[must_use]
pub fn claims_to_be_one(token: &str) -> bool {
    UnverifiedJws::read_as(Kind::Own(TYPE), token, &[Algorithm::EdDsa], MAX_BYTES).is_ok()
}

impl std::fmt::Debug for AgentIdentityKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AgentIdentityKey({})", self.key.kid())
    }
}

fn word<T: FromStr>(claims: &Claims, name: &'static str) -> Option<T> {
    claims.text(name, name).ok().flatten()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{id_jag::UnverifiedIdJag, signing::text};
    use procura_model::Entropy;

    const ISSUER: &str = "https://p.example";

    #[test]
    fn an_assertion_is_ours_for_us_and_until_its_hour() {
        let (entropy, now) = (Entropy::seeded(3), Time::from_ms(1_790_000_000_000));
        let key = AgentIdentityKey::new(&RootKey::generate(&Entropy::seeded(1))).unwrap();
        let other = AgentIdentityKey::new(&RootKey::generate(&Entropy::seeded(2))).unwrap();
        let said = AgentIdentity {
            issuer: ISSUER.to_owned(),
            tenant: TenantId::new(now, &entropy),
            registration: RegistrationId::new(now, &entropy),
            generation: 2,
            issued_at: now,
            expires_at: now.plus_ms(60_000),
        };
        let token = key.sign(&said);
        assert!(claims_to_be_one(&token));
        assert_eq!(key.open(&token, ISSUER, now), Ok(said.clone()));
        assert_eq!(key.open(&token, ISSUER, said.expires_at), Err(AgentIdentityError));
        assert_eq!(key.open(&token, "https://q.example", now), Err(AgentIdentityError));
        assert_eq!(other.open(&token, ISSUER, now), Err(AgentIdentityError));
        assert!(UnverifiedIdJag::read(&token).is_err(), "nobody takes it for an ID-JAG");
        let members = vec![
            ("aud", text(ISSUER)),
            ("iss", text(ISSUER)),
            ("exp", number(1_800_000_000)),
            ("gen", number(2)),
            ("iat", number(1_790_000_000)),
            ("org", text(said.tenant.to_string())),
            ("sub", text(said.registration.to_string())),
        ];
        let as_jag = key.key.sign(crate::id_jag::TYPE, &map(members).canonical());
        assert!(!claims_to_be_one(&as_jag));
        assert_eq!(key.open(&as_jag, ISSUER, now), Err(AgentIdentityError), "nor an ID-JAG for it");
    }
}
