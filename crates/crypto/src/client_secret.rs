//! Secrets of OAuth clients (decision 10): bcrypt, in a form that other software reads too. The secret has 256 bits of
//! chance in it, so the cost is there for whoever reads the store, not for whoever guesses. The secrets have 53 bytes;
//! bcrypt would cut what has more than 71, so what is longer than that is none of ours and refused.

use crate::token::{self, TokenKind};
use procura_model::{Digest, Entropy, Error, Result, Secret};

/// bcrypt's cost: 2^10 rounds.
const COST: u32 = 10;
/// Beyond this bcrypt cuts.
const MAX_BYTES: usize = 71;

/// The text that the store keeps, sealed, of a new secret.
///
/// # Errors
/// A fault for what is longer than any secret of ours.
pub fn hash(secret: &Secret<String>, entropy: &Entropy) -> Result<Secret<String>> {
    let doing = "hash a client's secret";
    if secret.expose().len() > MAX_BYTES {
        return Err(Error::fault(doing, "it is too long"));
    }
    let parts = bcrypt::non_truncating_hash_with_salt(secret.expose(), COST, entropy.bytes())
        .map_err(|_| Error::fault(doing, "bcrypt refused it"))?;
    Ok(Secret::new(parts.to_string()))
}

/// By what a secret is known before it is verified: its digest, and the characters that a list shows of it. None for
/// what cannot be a client's secret.
#[must_use]
pub fn read(secret: &Secret<String>) -> Option<(Digest, String)> {
    let parsed =
        token::parse(secret.expose()).ok().filter(|parsed| parsed.kind == TokenKind::ClientSecret)?;
    Some((parsed.digest, token::preview(parsed.kind, secret.expose())))
}

/// Whether it is the secret behind this stored text. A stored text that cannot be read is a no.
#[must_use]
pub fn verify(secret: &Secret<String>, stored: &Secret<String>) -> bool {
    bcrypt::non_truncating_verify(secret.expose(), stored.expose()).unwrap_or(false)
}

/// Does the work of [`verify`] for a client that has no such secret.
pub fn pretend(secret: &Secret<String>) {
    let found = bcrypt::non_truncating_hash_with_salt(secret.expose(), COST, [0; 16]);
    std::hint::black_box(found.is_ok());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn a_secret_verifies_against_its_own_hash_and_no_other() {
        let stored = hash(&secret("one"), &Entropy::seeded(1)).unwrap();
        assert!(stored.expose().starts_with("$2b$10$"));
        assert!(verify(&secret("one"), &stored));
        assert!(!verify(&secret("two"), &stored));
        assert!(!verify(&secret("one"), &secret("no hash")));
        pretend(&secret("one"));
    }

    #[test]
    fn what_bcrypt_would_cut_is_refused() {
        let long = "x".repeat(72);
        assert!(hash(&secret(&long), &Entropy::seeded(1)).is_err());
        let stored = hash(&secret(&"x".repeat(71)), &Entropy::seeded(1)).unwrap();
        assert!(verify(&secret(&"x".repeat(71)), &stored));
        assert!(!verify(&secret(&long), &stored));
    }

    #[test]
    fn a_hash_of_other_software_verifies() {
        // Of the test set of OpenWall's crypt_blowfish.
        let stored = secret("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");
        assert!(verify(&secret("U*U"), &stored) && !verify(&secret("U*V"), &stored));
    }
}
