//! The Ed25519 keys by which Procura signs what others verify: one for each purpose, derived from the
//! root key, named by its thumbprint and published as a JWK (RFC 8037). What is signed says in its `typ`
//! what it is, so that one kind can never pass as another (RFC 8725 section 3.11).

use crate::keys::{Purpose, RootKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use procura_model::{Json, Secret};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use sha2::{Digest as _, Sha256};

/// The root key gave no Ed25519 key. Cannot happen with 32 bytes; a server without the key must not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no signing key can be derived from the root key")]
pub struct SigningKeyError;

/// A key for one purpose.
pub(crate) struct SigningKey {
    pair: Ed25519KeyPair,
    kid: String,
}

impl SigningKey {
    pub(crate) fn new(root: &RootKey, purpose: Purpose) -> Result<Self, SigningKeyError> {
        Self::from_seed(&root.derive(purpose))
    }

    pub(crate) fn from_seed(seed: &Secret<[u8; 32]>) -> Result<Self, SigningKeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose()).map_err(|_| SigningKeyError)?;
        // RFC 7638 section 3: the required members, in the order of their names.
        let canonical = map(vec![("crv", text("Ed25519")), ("kty", text("OKP")), ("x", text(public(&pair)))]);
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(canonical.canonical()));
        Ok(Self { pair, kid })
    }

    /// The key's name: its thumbprint (RFC 7638).
    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half, to publish.
    pub(crate) fn jwk(&self) -> Json {
        map(vec![
            ("alg", text("EdDSA")),
            ("crv", text("Ed25519")),
            ("kid", text(self.kid.clone())),
            ("kty", text("OKP")),
            ("use", text("sig")),
            ("x", text(public(&self.pair))),
        ])
    }

    /// A compact JWS of this kind.
    pub(crate) fn sign(&self, kind: &'static str, content: &str) -> String {
        let header = map(vec![("alg", text("EdDSA")), ("kid", text(self.kid.clone())), ("typ", text(kind))]);
        let mut token = URL_SAFE_NO_PAD.encode(header.canonical());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(content, &mut token);
        let signature = self.pair.sign(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut token);
        token
    }
}

/// The key set of these keys, to publish.
#[must_use]
pub fn key_set(keys: impl IntoIterator<Item = Json>) -> Json {
    map(vec![("keys", Json::List(keys.into_iter().collect()))])
}

fn public(pair: &Ed25519KeyPair) -> String {
    URL_SAFE_NO_PAD.encode(pair.public_key())
}

pub(crate) fn text(text: impl Into<String>) -> Json {
    Json::Text(text.into())
}

pub(crate) fn number(number: i64) -> Json {
    Json::Number(number.to_string().into())
}

/// [`Json::Map`] is sorted by name.
pub(crate) fn map(mut members: Vec<(&'static str, Json)>) -> Json {
    members.sort_by_key(|(name, _)| *name);
    Json::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seed and thumbprint of RFC 8037 appendices A.1 and A.3.
    #[test]
    fn a_key_is_named_by_its_thumbprint() {
        let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = SigningKey::from_seed(&Secret::new(seed.try_into().unwrap())).unwrap();
        assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let jwks = r#"{"keys":[{"alg":"EdDSA","crv":"Ed25519","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","kty":"OKP","use":"sig","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        assert_eq!(key_set([key.jwk()]).canonical(), jwks);
    }
}
