//! How a business knows that an identity callback comes from Procura (USR-4): the header
//! `X-Procura-Signature: v1=<hex HMAC-SHA256(secret, timestamp + "." + body)>`, the timestamp being the one
//! of `X-Procura-Timestamp`. While a secret is being replaced there are two signatures, divided by a
//! comma, and the business accepts either. It should refuse a timestamp that is minutes old: the
//! signature alone does not stop a replay.

use hmac::{Hmac, KeyInit, Mac as _};
use procura_model::Secret;
use sha2::Sha256;
use std::fmt::Write as _;

/// The name of the only scheme there is.
const SCHEME: &str = "v1";

/// The header's value for a body that is sent at `timestamp`, in seconds since 1970. Without a secret it is
/// empty, which no business accepts.
#[must_use]
pub fn sign(secrets: &[Secret<String>], timestamp: i64, body: &[u8]) -> String {
    let mut header = String::with_capacity(secrets.len() * 68);
    for secret in secrets {
        if !header.is_empty() {
            header.push(',');
        }
        header.push_str(SCHEME);
        header.push('=');
        for byte in code(secret, timestamp, body) {
            // Writing to a `String` cannot fail.
            let _ = write!(header, "{byte:02x}");
        }
    }
    header
}

fn code(secret: &Secret<String>, timestamp: i64, body: &[u8]) -> [u8; 32] {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else {
        // HMAC takes a key of any length (RFC 2104 section 2); a code without one must not come of it.
        std::process::abort();
    };
    mac.update(timestamp.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    /// Reckoned elsewhere: `printf '1717000000.{"token":"t"}' | openssl dgst -sha256 -hmac whsec_test`.
    #[test]
    fn the_signature_is_hmac_sha_256_of_timestamp_dot_body() {
        let header = sign(&[secret("whsec_test")], 1_717_000_000, br#"{"token":"t"}"#);
        assert_eq!(header, "v1=7d79b5a3adb2c467fcfa601e0137df4a859d184e5e9337d391ca7eceea55ba83");
    }

    #[test]
    fn two_live_secrets_give_two_signatures() {
        let both = sign(&[secret("new"), secret("old")], 7, b"body");
        let one = |name: &str| sign(&[secret(name)], 7, b"body");
        assert_eq!(both, format!("{},{}", one("new"), one("old")));
        assert_ne!(one("new"), one("old"));
        assert_eq!(sign(&[], 7, b"body"), "");
    }

    #[test]
    fn time_and_body_are_both_signed() {
        let at = |timestamp, body: &[u8]| sign(&[secret("s")], timestamp, body);
        assert_ne!(at(7, b"body"), at(8, b"body"));
        assert_ne!(at(7, b"body"), at(7, b"bodY"));
    }
}
