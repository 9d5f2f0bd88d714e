//! Secrets that the customer's software shares with us: its users' tokens, or our callbacks, are signed with one
//! (seeds 000 and 003). One that is given must be long enough and must not look like a word or a slip of the
//! clipboard; one that we make has 256 bits of chance. Both are used as the bytes of their text.

use procura_model::{Entropy, Secret, ShownOnce};
use zeroize::Zeroize;

/// How long a given secret is at the least, in bytes: as long as the digest that is made with it (RFC 2104
/// section 3).
pub const MIN_BYTES: usize = 32;
/// How long a given secret is at the most, in bytes.
pub const MAX_BYTES: usize = 512;
/// How many different bytes a secret has at the least: 32 random ones in hexadecimal have more, a word that is
/// repeated has fewer.
const MIN_DISTINCT: usize = 8;

/// Why a given secret is not taken. Says nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakSecret {
    /// Too short.
    #[error("secret must have at least {MIN_BYTES} bytes; make one with `openssl rand -hex 32`.")]
    Short,
    /// Too long.
    #[error("secret must have at most {MAX_BYTES} bytes.")]
    Long,
    /// It begins or ends with a blank, or holds a line break or another control character.
    #[error("secret must not begin or end with a blank, nor hold a line break or another control character.")]
    Blank,
    /// Hardly any different bytes.
    #[error(
        "secret must be random: it has fewer than {MIN_DISTINCT} different bytes; make one with `openssl rand -hex 32`."
    )]
    Repetitive,
}

/// Whether a secret that somebody gave can be relied on.
///
/// # Errors
/// [`WeakSecret`]: why not.
pub fn check(secret: &Secret<String>) -> Result<(), WeakSecret> {
    let text = secret.expose();
    if text.len() < MIN_BYTES {
        return Err(WeakSecret::Short);
    }
    if text.len() > MAX_BYTES {
        return Err(WeakSecret::Long);
    }
    if text.trim().len() != text.len() || text.chars().any(char::is_control) {
        return Err(WeakSecret::Blank);
    }
    let mut is_there = [false; 256];
    for byte in text.bytes() {
        if let Some(seen) = is_there.get_mut(usize::from(byte)) {
            *seen = true;
        }
    }
    let distinct = is_there.into_iter().filter(|seen| *seen).count();
    is_there.zeroize();
    if distinct < MIN_DISTINCT { Err(WeakSecret::Repetitive) } else { Ok(()) }
}

/// A new secret: to seal, and to show once. 64 hexadecimal digits.
#[must_use]
pub fn make(entropy: &Entropy) -> (Secret<String>, ShownOnce) {
    let mut bytes: [u8; 32] = entropy.bytes();
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    bytes.zeroize();
    (Secret::new(text.clone()), ShownOnce::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> Result<(), WeakSecret> {
        check(&Secret::new(text.to_owned()))
    }

    #[test]
    fn a_secret_that_we_make_is_one_that_we_would_take() {
        let entropy = Entropy::seeded(11);
        let (first, shown) = make(&entropy);
        assert_eq!(check(&first), Ok(()));
        assert_eq!((first.expose().as_str(), shown.show().len()), (shown.show(), 64));
        assert_ne!(first.expose(), make(&entropy).0.expose());
    }

    #[test]
    fn a_weak_secret_is_refused_with_the_reason() {
        let good = "0123456789abcdefghijklmnopqrstuv";
        assert_eq!(judged(good), Ok(()));
        assert_eq!(judged(&good[..31]), Err(WeakSecret::Short));
        assert_eq!(judged(&good.repeat(16)), Ok(()));
        assert_eq!(judged(&format!("{}x", good.repeat(16))), Err(WeakSecret::Long));
        assert_eq!(judged(&"passwor".repeat(5)), Err(WeakSecret::Repetitive));
        for blank in
            [format!("{good}\n"), format!(" {good}"), format!("{good}\u{a0}"), good.replace('5', "\t")]
        {
            assert_eq!(judged(&blank), Err(WeakSecret::Blank), "{blank:?}");
        }
        assert_eq!(judged("schlüssel mit umlauten und blanks, lang genug"), Ok(()));
    }
}
