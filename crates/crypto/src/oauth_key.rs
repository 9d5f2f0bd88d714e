//! The keys that access tokens are signed with (RFC 9068). Unlike the house's other signing keys they are drawn by
//! chance and not derived from the root key, so that they can be replaced on schedule; their private halves lie sealed
//! in the store. Ed25519, or RSA with 2,048 bits, which RFC 9068 section 2.1 says everybody must understand. The `rsa`
//! crate draws RSA keys, which ring cannot; signing and verifying are ring's alone.

use crate::{
    algorithm::Algorithm,
    signing::{map, text},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use procura_model::{Entropy, Json, Secret};
use ring::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use rsa::{
    pkcs8::EncodePrivateKey as _,
    rand_core::{Infallible, TryCryptoRng, TryRng},
};
use sha2::{Digest as _, Sha256};

/// How many bits a new RSA key has.
const RSA_BITS: usize = 2_048;

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OauthKeyError {
    /// Access tokens are signed with EdDSA or RS256.
    #[error("access tokens are not signed with this algorithm")]
    Algorithm,
    /// None could be made.
    #[error("no key could be made")]
    Generate,
    /// What was kept is none.
    #[error("what was kept is no private key")]
    Malformed,
    /// It does not sign.
    #[error("the key does not sign")]
    Sign,
}

/// A key that signs access tokens.
pub struct OauthKey {
    pair: Pair,
    algorithm: Algorithm,
    jwk: Json,
    kid: String,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

/// A new key and what of it is to be sealed.
#[derive(Debug)]
pub struct NewOauthKey {
    /// The key.
    pub key: OauthKey,
    /// Its private half, as [`OauthKey::open`] takes it.
    pub private: Secret<Vec<u8>>,
}

impl OauthKey {
    /// Draws a new key. For RSA this takes a good part of a second.
    ///
    /// # Errors
    /// [`OauthKeyError`]
    pub fn generate(algorithm: Algorithm, entropy: &Entropy) -> Result<NewOauthKey, OauthKeyError> {
        let private = match algorithm {
            Algorithm::EdDsa => Secret::new(entropy.bytes::<32>().to_vec()),
            Algorithm::Rs256 => rsa_key(entropy)?,
            Algorithm::Ps256 | Algorithm::Es256 | Algorithm::Es384 => return Err(OauthKeyError::Algorithm),
        };
        Ok(NewOauthKey { key: Self::open(algorithm, &private)?, private })
    }

    /// The key of this private half.
    ///
    /// # Errors
    /// [`OauthKeyError`] when it is none.
    pub fn open(algorithm: Algorithm, private: &Secret<Vec<u8>>) -> Result<Self, OauthKeyError> {
        let bytes = private.expose();
        let (pair, required) = match algorithm {
            Algorithm::EdDsa => {
                let pair =
                    Ed25519KeyPair::from_seed_unchecked(bytes).map_err(|_| OauthKeyError::Malformed)?;
                let x = URL_SAFE_NO_PAD.encode(pair.public_key());
                (Pair::Ed25519(pair), vec![("crv", text("Ed25519")), ("kty", text("OKP")), ("x", text(x))])
            }
            Algorithm::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(bytes).map_err(|_| OauthKeyError::Malformed)?;
                let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public());
                let (n, e) = (URL_SAFE_NO_PAD.encode(n), URL_SAFE_NO_PAD.encode(e));
                (Pair::Rsa(Box::new(pair)), vec![("e", text(e)), ("kty", text("RSA")), ("n", text(n))])
            }
            Algorithm::Ps256 | Algorithm::Es256 | Algorithm::Es384 => return Err(OauthKeyError::Algorithm),
        };
        let kid = thumbprint(&map(required.clone()));
        let mut members = required;
        members.extend([("alg", text(algorithm.name())), ("kid", text(&kid)), ("use", text("sig"))]);
        Ok(Self { pair, algorithm, jwk: map(members), kid })
    }

    /// The key's name: its thumbprint (RFC 7638).
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// With what it signs.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public half, to publish.
    #[must_use]
    pub const fn jwk(&self) -> &Json {
        &self.jwk
    }

    /// A compact JWS of this kind.
    pub(crate) fn sign(&self, kind: &'static str, content: &str) -> Result<String, OauthKeyError> {
        let header =
            map(vec![("alg", text(self.algorithm.name())), ("kid", text(&self.kid)), ("typ", text(kind))]);
        let mut token = URL_SAFE_NO_PAD.encode(header.canonical());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(content, &mut token);
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    pub(crate) fn signature(&self, message: &[u8]) -> Result<Vec<u8>, OauthKeyError> {
        match &self.pair {
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                // RSASSA-PKCS1-v1_5 has no chance in it; ring blinds with its own.
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| OauthKeyError::Sign)?;
                Ok(signature)
            }
        }
    }
}

impl std::fmt::Debug for OauthKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OauthKey({} {})", self.algorithm.name(), self.kid)
    }
}

/// RFC 7638 section 3: the digest of the required members alone, in the order of their names. None for a key of a kind
/// that has no such members.
#[must_use]
pub fn thumbprint_of(jwk: &Json) -> Option<String> {
    let required: &[&'static str] = match jwk.member("kty")?.as_text()? {
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        "RSA" => &["e", "kty", "n"],
        _ => return None,
    };
    let members: Option<Vec<_>> =
        required.iter().map(|name| Some((*name, text(jwk.member(name)?.as_text()?)))).collect();
    Some(thumbprint(&map(members?)))
}

fn thumbprint(required: &Json) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(required.canonical()))
}

fn rsa_key(entropy: &Entropy) -> Result<Secret<Vec<u8>>, OauthKeyError> {
    let key = rsa::RsaPrivateKey::new(&mut Chance(entropy), RSA_BITS).map_err(|_| OauthKeyError::Generate)?;
    let document = key.to_pkcs8_der().map_err(|_| OauthKeyError::Generate)?;
    Ok(Secret::new(document.as_bytes().to_vec()))
}

/// The house's chance as the `rsa` crate wants it.
struct Chance<'e>(&'e Entropy);

impl TryRng for Chance<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.0.bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.0.bytes()))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Chance<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7638 section 3.1, and the key of RFC 9449 section 4.1 with the thumbprint of its section 6.1.
    #[test]
    fn a_thumbprint_is_that_of_the_rfcs() {
        let rsa = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
        let ec = r#"{"kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","crv":"P-256"}"#;
        for (jwk, print) in [
            (rsa, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
            (ec, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"),
        ] {
            assert_eq!(thumbprint_of(&Json::parse(jwk).unwrap()).as_deref(), Some(print));
        }
        for none in [r#"{"kty":"oct","k":"AQAB"}"#, r#"{"kty":"EC","crv":"P-256","x":"AQAB"}"#, "{}"] {
            assert_eq!(thumbprint_of(&Json::parse(none).unwrap()), None);
        }
    }

    #[test]
    fn a_key_is_the_same_after_it_was_kept() {
        let entropy = Entropy::seeded(3);
        for algorithm in [Algorithm::EdDsa, Algorithm::Rs256] {
            let NewOauthKey { key, private } = OauthKey::generate(algorithm, &entropy).unwrap();
            let again = OauthKey::open(algorithm, &private).unwrap();
            assert_eq!(key.kid(), again.kid());
            assert_eq!(thumbprint_of(key.jwk()).as_deref(), Some(key.kid()));
            assert!(key.jwk().member("d").is_none());
            assert_ne!(key.kid(), OauthKey::generate(algorithm, &entropy).unwrap().key.kid());
        }
        assert!(matches!(OauthKey::generate(Algorithm::Es256, &entropy), Err(OauthKeyError::Algorithm)));
        let short = Secret::new(vec![1; 31]);
        assert!(matches!(OauthKey::open(Algorithm::EdDsa, &short), Err(OauthKeyError::Malformed)));
    }
}
