//! HMAC-SHA256 (RFC 2104) over length-prefixed parts, for what leaves the house and must come back
//! unchanged (form tokens, cursors, request state) and for pseudonyms of users. The parts say what is meant (session, path,
//! expiry); the purpose's own key keeps a cursor from ever passing as a form token.

use crate::{
    keys::{Purpose, RootKey},
    parts,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac as _};
use procura_model::Secret;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// Signs and checks for one purpose.
#[derive(Clone)]
pub struct Mac(Hmac<Sha256>);

impl Mac {
    /// The signer of a purpose.
    #[must_use]
    pub fn new(root: &RootKey, purpose: Purpose) -> Self {
        Self::with_key(root.derive(purpose).expose())
    }

    /// HMAC pads a key that is shorter than its block with zeros.
    fn with_key(key: &[u8; 32]) -> Self {
        let mut block = [0_u8; 64];
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        let mac = Self(Hmac::new(&block.into()));
        block.zeroize();
        mac
    }

    /// The code of these parts: 43 characters of base64url.
    #[must_use]
    pub fn sign(&self, parts: &[&[u8]]) -> String {
        URL_SAFE_NO_PAD.encode(self.code(parts))
    }

    /// Whether `code` is the code of these parts; takes equally long wherever it differs.
    #[must_use]
    pub fn verify(&self, parts: &[&[u8]], code: &str) -> bool {
        let mut given = [0_u8; 32];
        let decoded = URL_SAFE_NO_PAD.decode_slice(code, &mut given);
        decoded == Ok(given.len()) && self.code(parts).ct_eq(&given).into()
    }

    /// The code of these parts and a secret at their end: to know the secret again without keeping it.
    #[must_use]
    pub fn code_of_secret(&self, parts: &[&[u8]], secret: &Secret<String>) -> [u8; 32] {
        let mut all = parts.to_vec();
        all.push(secret.expose().as_bytes());
        self.code(&all)
    }

    /// The code of these parts as bytes, for what is looked up by it and never shown to be checked: a user's pseudonym.
    #[must_use]
    pub fn code(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        parts::feed(parts, |bytes| mac.update(bytes));
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for Mac {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mac")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::Entropy;
    use proptest::prelude::*;

    fn mac(purpose: Purpose) -> Mac {
        Mac::new(&RootKey::generate(&Entropy::seeded(6)), purpose)
    }

    #[test]
    fn the_code_is_hmac_sha_256_over_prefixed_parts() {
        // Reckoned elsewhere with key 32 times 0x0b.
        let mac = Mac::with_key(&[0x0b; 32]);
        assert_eq!(mac.sign(&[b"session", b"/agents"]), "URkFZZmzQ1NX_7FzF_DPysVgQy8s2mXHqeppU8lerw0");
    }

    #[test]
    fn a_secret_is_one_more_part() {
        let mac = mac(Purpose::UserPseudonym);
        let code = mac.code_of_secret(&[b"org", b"token"], &Secret::new("t1".to_owned()));
        assert_eq!(code, mac.code(&[b"org", b"token", b"t1"]));
        assert_ne!(code, mac.code(&[b"org", b"tokent1"]));
    }

    #[test]
    fn a_code_holds_for_its_own_parts_and_purpose() {
        let form = mac(Purpose::FormToken);
        let code = form.sign(&[b"ses_1", b"/agents"]);
        assert_eq!(code.len(), 43);
        assert!(form.verify(&[b"ses_1", b"/agents"], &code));
        assert!(!form.verify(&[b"ses_1/", b"agents"], &code));
        assert!(!form.verify(&[b"ses_2", b"/agents"], &code));
        assert!(!mac(Purpose::Cursor).verify(&[b"ses_1", b"/agents"], &code));
        for bad in ["", "AA", &code[..42], &format!("{code}A"), &format!("{code}=")] {
            assert!(!form.verify(&[b"ses_1", b"/agents"], bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_changed_code_passes(parts in prop::collection::vec(".{0,9}", 0..4), at in 0_usize..43, to in "[A-Za-z0-9_-]") {
            let form = mac(Purpose::FormToken);
            let parts: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
            let code = form.sign(&parts);
            prop_assert!(form.verify(&parts, &code));
            let mut changed = code.clone();
            changed.replace_range(at..=at, &to);
            prop_assert_eq!(form.verify(&parts, &changed), changed == code);
        }
    }
}
