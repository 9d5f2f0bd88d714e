//! What Procura signs for the access-request profile of AuthZEN: a token that binds a refusal to the very question
//! that was refused, so that what is asked of a person is what was evaluated; and one that says of which approval the
//! answer to a question may speak. Both are compact JWS of kinds of their own under a key of their own. Neither grants
//! anything: whoever shows one is judged anew.

use crate::{
    algorithm::Algorithm,
    claims::Claims,
    jwk::JwkSet,
    jws::{Kind, UnverifiedJws},
    keys::{Purpose, RootKey},
    signing::{SigningKey, SigningKeyError, key_set, map, number, text},
};
use procura_model::{AgentId, ApprovalId, Json, TenantId, Time, time::SECOND_MS};
use std::str::FromStr;

/// How long such a token may be, in bytes.
const MAX_BYTES: usize = 4_096;
/// How deep the content may nest: one object.
const MAX_DEPTH: usize = 1;

/// Which of the two it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A refusal that a person could lift.
    Denial,
    /// A person's answer.
    Approval,
}

impl Bound {
    /// What stands in the header's `typ`.
    const fn kind(self) -> &'static str {
        match self {
            Self::Denial => "procura-denial+jwt",
            Self::Approval => "procura-approval+jwt",
        }
    }
}

/// What such a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// `iss`: the deployment's public URL.
    pub issuer: String,
    /// `org`: the organization.
    pub tenant: TenantId,
    /// `sub`: whose policy was asked.
    pub agent: AgentId,
    /// `hash`: of which question.
    pub hash: String,
    /// `apr`: which approval.
    pub approval: Option<ApprovalId>,
    /// `exp`: until when, in whole seconds.
    pub expires_at: Time,
}

/// A text that is no such token, or no longer is one. Says nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is not one that this server signed for this use, or it has expired")]
pub struct BindingError;

/// The key by which a deployment signs them.
pub struct BindingKey {
    key: SigningKey,
    own: JwkSet,
}

impl BindingKey {
    /// The key of this root key.
    ///
    /// # Errors
    /// [`SigningKeyError`], which means a broken build.
    pub fn new(root: &RootKey) -> Result<Self, SigningKeyError> {
        let key = SigningKey::new(root, Purpose::AccessRequest)?;
        let own = JwkSet::parse(&key_set([key.jwk()]).canonical()).map_err(|_| SigningKeyError)?;
        Ok(Self { key, own })
    }

    /// The public half, to publish (RFC 8037).
    #[must_use]
    pub fn jwk(&self) -> Json {
        self.key.jwk()
    }

    /// The signed token.
    #[must_use]
    pub fn sign(&self, bound: Bound, binding: &Binding) -> String {
        let mut members = vec![
            ("exp", number(binding.expires_at.as_ms().div_euclid(SECOND_MS))),
            ("hash", text(&binding.hash)),
            ("iss", text(&binding.issuer)),
            ("org", text(binding.tenant.to_string())),
            ("sub", text(binding.agent.to_string())),
        ];
        members.extend(binding.approval.map(|id| ("apr", text(id.to_string()))));
        self.key.sign(bound.kind(), &map(members).canonical())
    }

    /// What a token says, if we signed it for this and it still holds.
    ///
    /// # Errors
    /// [`BindingError`].
    pub fn open(&self, bound: Bound, token: &str, now: Time) -> Result<Binding, BindingError> {
        let binding = self.read(bound, token).ok_or(BindingError)?;
        if binding.expires_at > now { Ok(binding) } else { Err(BindingError) }
    }

    fn read(&self, bound: Bound, token: &str) -> Option<Binding> {
        let kind = Kind::Own(bound.kind());
        let jws = UnverifiedJws::read_as(kind, token, &[Algorithm::EdDsa], MAX_BYTES).ok()?;
        let claims = Claims::read(jws.verify(&self.own).ok()?, MAX_DEPTH).ok()?;
        let Json::Number(seconds) = claims.member("exp")? else { return None };
        let approval = match claims.member("apr") {
            None => None,
            Some(_) => Some(word(&claims, "apr")?),
        };
        Some(Binding {
            issuer: word(&claims, "iss")?,
            tenant: word(&claims, "org")?,
            agent: word(&claims, "sub")?,
            hash: word(&claims, "hash")?,
            approval,
            expires_at: Time::from_ms(seconds.parse::<i64>().ok()?.checked_mul(SECOND_MS)?),
        })
    }
}

impl std::fmt::Debug for BindingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BindingKey({})", self.key.kid())
    }
}

fn word<T: FromStr>(claims: &Claims, name: &'static str) -> Option<T> {
    claims.text(name, name).ok().flatten()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::Entropy;

    fn binding(approval: bool) -> Binding {
        let (entropy, now) = (Entropy::seeded(3), Time::from_ms(1_790_000_000_000));
        Binding {
            issuer: "https://p.example".to_owned(),
            tenant: TenantId::new(now, &entropy),
            agent: AgentId::new(now, &entropy),
            hash: "abc".to_owned(),
            approval: approval.then(|| ApprovalId::new(now, &entropy)),
            expires_at: now.plus_ms(60_000),
        }
    }

    #[test]
    fn a_token_opens_for_its_own_use_and_until_its_hour() {
        let key = BindingKey::new(&RootKey::generate(&Entropy::seeded(1))).unwrap();
        let other = BindingKey::new(&RootKey::generate(&Entropy::seeded(2))).unwrap();
        for (bound, wrong, said) in [
            (Bound::Denial, Bound::Approval, binding(false)),
            (Bound::Approval, Bound::Denial, binding(true)),
        ] {
            let token = key.sign(bound, &said);
            let at = |ms: i64| said.expires_at.plus_ms(ms);
            assert_eq!(key.open(bound, &token, at(-1)), Ok(said.clone()));
            assert_eq!(key.open(bound, &token, at(0)), Err(BindingError));
            assert_eq!(key.open(wrong, &token, at(-1)), Err(BindingError));
            assert_eq!(other.open(bound, &token, at(-1)), Err(BindingError));
            let (signed, _) = token.rsplit_once('.').unwrap();
            for bad in [signed, "", "a.b.c", &format!("{signed}."), &format!("{token}A")] {
                assert_eq!(key.open(bound, bad, at(-1)), Err(BindingError), "{bad}");
            }
        }
    }
}
