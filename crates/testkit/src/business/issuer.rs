//! An issuer of users' tokens, without a library for it: JOSE is put together here by hand, so that it can be put together
//! wrongly.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// A key of a business, by its name.
pub struct Issuer {
    kid: String,
    key: Ed25519KeyPair,
}

impl Issuer {
    /// The key of this name: always the same.
    ///
    /// # Panics
    /// Never: every 32 bytes are a seed.
    #[must_use]
    #[expect(clippy::expect_used, reason = "every 32 bytes are a seed")]
    pub fn new(kid: &str) -> Self {
        let mut seed = [7_u8; 32];
        seed.iter_mut().zip(kid.bytes()).for_each(|(to, from)| *to = from);
        Self { kid: kid.to_owned(), key: Ed25519KeyPair::from_seed_unchecked(&seed).expect("a seed") }
    }

    /// The public key (RFC 8037).
    #[must_use]
    pub fn jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.key.public_key());
        json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.kid, "x": x})
    }

    /// A JWT of these claims, signed (RFC 7519, RFC 8037).
    #[must_use]
    pub fn token(&self, claims: &Value) -> String {
        self.signed(&json!({"alg": "EdDSA", "kid": self.kid, "typ": "JWT"}), claims)
    }

    /// The same with a header that the test makes.
    #[must_use]
    pub fn signed(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// A key set of these keys.
#[must_use]
pub fn key_set(issuers: &[&Issuer]) -> Value {
    json!({"keys": issuers.iter().map(|issuer| issuer.jwk()).collect::<Vec<_>>()})
}

/// A signed session token (seed 003).
///
/// # Panics
/// Never: HMAC takes every key.
#[must_use]
#[expect(clippy::expect_used, reason = "HMAC takes every key")]
pub fn signed_token(payload: &Value, secret: &str) -> String {
    let body = encoded(payload);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(body.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("{body}.{signature}")
}

/// The HMAC-SHA256 of a text in hexadecimal digits, as callbacks are signed.
///
/// # Panics
/// Never: HMAC takes every key.
#[must_use]
#[expect(clippy::expect_used, reason = "HMAC takes every key")]
pub fn hex_code(text: &[u8], secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(text);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn encoded(document: &Value) -> String {
    URL_SAFE_NO_PAD.encode(document.to_string())
}
