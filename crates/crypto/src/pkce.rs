//! Proof Key for Code Exchange (RFC 7636), S256 alone.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

/// RFC 7636 section 4.1: 43 to 128 unreserved characters.
const VERIFIER_BYTES: std::ops::RangeInclusive<usize> = 43..=128;

/// Whether this is the verifier of the challenge (section 4.6). Takes equally long wherever it differs.
#[must_use]
pub fn is_right(challenge: &str, verifier: &str) -> bool {
    let is_verifier = VERIFIER_BYTES.contains(&verifier.len())
        && verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    let reckoned = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    is_verifier && bool::from(reckoned.as_bytes().ct_eq(challenge.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    #[test]
    fn the_verifier_of_the_rfc_is_right_and_nothing_near_it() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(is_right(challenge, verifier));
        assert!(!is_right(verifier, verifier), "plain is no method here");
        assert!(!is_right(challenge, challenge));
        assert!(!is_right(challenge, ""));
        assert!(!is_right(challenge, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"));
        let short = "a".repeat(42);
        assert!(!is_right(&URL_SAFE_NO_PAD.encode(Sha256::digest(&short)), &short));
        let long = "a".repeat(129);
        assert!(!is_right(&URL_SAFE_NO_PAD.encode(Sha256::digest(&long)), &long));
        let blank = "a".repeat(42) + " ";
        assert!(!is_right(&URL_SAFE_NO_PAD.encode(Sha256::digest(&blank)), &blank));
    }
}
