//! People's passwords: scrypt (RFC 7914), kept as `$scrypt$ln=15,r=8,p=1$salt$hash` (PHC form, base64
//! without padding). One hash takes about 100 ms and 32 MiB, on purpose: callers run it in
//! `spawn_blocking` under a cap, and never on a path that every request takes.
//!
//! An unknown e-mail costs as much as a wrong password ([`pretend`]), so sign-in does not tell who
//! has an account.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use procura_model::{Entropy, Error, Reason, Result, Secret};
use subtle::ConstantTimeEq;

const MIN_CHARS: usize = 10;
const MAX_CHARS: usize = 1_024;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// No stored hash may make us spend more than this, whoever wrote it into the database.
const MAX_MEMORY_BYTES: u64 = 256 * 1024 * 1024;
const MAX_PARALLEL: u32 = 4;

/// How hard a guess is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    log_n: u8,
    r: u32,
    p: u32,
}

impl Default for Cost {
    fn default() -> Self {
        Self { log_n: 15, r: 8, p: 1 }
    }
}

impl Cost {
    /// A cost that is neither absurdly high nor nothing: N = 2^`log_n`, at most 256 MiB, `p` at most 4.
    #[must_use]
    pub fn new(log_n: u8, r: u32, p: u32) -> Option<Self> {
        let memory_bytes =
            1_u64.checked_shl(u32::from(log_n))?.checked_mul(128)?.checked_mul(u64::from(r))?;
        let is_sane = (4..=20).contains(&log_n)
            && (1..=32).contains(&r)
            && (1..=MAX_PARALLEL).contains(&p)
            && memory_bytes <= MAX_MEMORY_BYTES;
        is_sane.then_some(Self { log_n, r, p })
    }

    /// The least cost there is: for tests, never for people.
    #[must_use]
    pub const fn least() -> Self {
        Self { log_n: 4, r: 1, p: 1 }
    }

    /// How many block mixings one guess takes.
    fn work(self) -> u64 {
        (1 << self.log_n) * u64::from(self.r) * u64::from(self.p)
    }

    fn stretch<const N: usize>(self, password: &str, salt: &[u8]) -> Result<Secret<[u8; N]>> {
        let doing = "hash the password";
        let params = scrypt::Params::new(self.log_n, self.r, self.p)
            .map_err(|e| Error::fault(doing, e.to_string()))?;
        let mut out = [0_u8; N];
        scrypt::scrypt(password.as_bytes(), salt, &params, &mut out)
            .map_err(|e| Error::fault(doing, e.to_string()))?;
        Ok(Secret::new(out))
    }
}

/// Whether a new password keeps the rules (ORG-1): 10 to 1,024 characters, whatever they are.
///
/// # Errors
/// `PASSWORD_TOO_SHORT` or `PASSWORD_TOO_LONG`.
pub fn check(password: &Secret<String>) -> Result<()> {
    let chars = password.expose().chars().take(MAX_CHARS + 1).count();
    if chars < MIN_CHARS {
        return Err(Reason::PasswordTooShort.into());
    }
    if chars > MAX_CHARS {
        return Err(Reason::PasswordTooLong.into());
    }
    Ok(())
}

/// The text that the store keeps of a new password.
///
/// # Errors
/// When it breaks the rules of [`check`].
pub fn hash(password: &Secret<String>, cost: Cost, entropy: &Entropy) -> Result<String> {
    check(password)?;
    let salt: [u8; SALT_BYTES] = entropy.bytes();
    let hash = cost.stretch::<HASH_BYTES>(password.expose(), &salt)?;
    let Cost { log_n, r, p } = cost;
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash.expose()));
    Ok(format!("$scrypt$ln={log_n},r={r},p={p}${salt}${hash}"))
}

/// Whether the password is the one behind this stored text. A stored text that cannot be read, or
/// that asks for absurd work, is a no.
#[must_use]
pub fn verify(password: &Secret<String>, stored: &str) -> bool {
    if password.expose().chars().nth(MAX_CHARS).is_some() {
        return false;
    }
    let Some((cost, salt, wanted)) = read(stored) else { return false };
    cost.stretch::<HASH_BYTES>(password.expose(), &salt)
        .is_ok_and(|found| found.expose().ct_eq(&wanted).into())
}

/// Does the work of [`verify`] for an account that does not exist, and says no.
#[must_use]
pub fn pretend(password: &Secret<String>, cost: Cost) -> bool {
    if password.expose().chars().nth(MAX_CHARS).is_some() {
        return false;
    }
    let found = cost.stretch::<HASH_BYTES>(password.expose(), &[0; SALT_BYTES]);
    std::hint::black_box(found.is_ok());
    false
}

/// Whether a stored text was made with less than this cost, so that a fresh one should replace it.
#[must_use]
pub fn is_weaker(stored: &str, than: Cost) -> bool {
    read(stored).is_none_or(|(cost, _, _)| cost.work() < than.work())
}

fn read(stored: &str) -> Option<(Cost, Vec<u8>, [u8; HASH_BYTES])> {
    let mut fields = stored.strip_prefix("$scrypt$")?.split('$');
    let (cost, salt, hash) = (fields.next()?, fields.next()?, fields.next()?);
    if fields.next().is_some() {
        return None;
    }
    let mut numbers = cost.split(',');
    let log_n = numbers.next()?.strip_prefix("ln=")?.parse().ok()?;
    let r = numbers.next()?.strip_prefix("r=")?.parse().ok()?;
    let p = numbers.next()?.strip_prefix("p=")?.parse().ok()?;
    if numbers.next().is_some() {
        return None;
    }
    let salt = STANDARD_NO_PAD.decode(salt).ok().filter(|salt| (8..=64).contains(&salt.len()))?;
    let hash = STANDARD_NO_PAD.decode(hash).ok()?.try_into().ok()?;
    Some((Cost::new(log_n, r, p)?, salt, hash))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn stretched(log_n: u8, r: u32, p: u32, password: &str, salt: &str) -> String {
        hex(Cost { log_n, r, p }.stretch::<64>(password, salt.as_bytes()).unwrap().expose())
    }

    #[test]
    fn the_stretching_is_rfc_7914() {
        let want = "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442\
                    fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906";
        assert_eq!(stretched(4, 1, 1, "", ""), want);
        let want = "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162\
                    2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640";
        assert_eq!(stretched(10, 8, 16, "password", "NaCl"), want);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test finds the corpora by PROCURA_CORPORA")]
    fn the_stretching_agrees_with_the_corpus() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
        let corpora = std::env::var("PROCURA_CORPORA").unwrap_or_else(|_| "../shared/data".to_owned());
        let path = std::path::Path::new(root).join(corpora).join("crypto/scrypt.jsonl");
        let Ok(text) = std::fs::read_to_string(&path) else {
            println!("SKIPPED: no corpus at {}; set PROCURA_CORPORA", path.display());
            return;
        };
        let mut seen = 0;
        for line in text.lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| case[name].as_str().unwrap().to_owned();
            let number = |name: &str| u32::try_from(case[name].as_u64().unwrap()).unwrap();
            let log_n = u8::try_from(number("N").trailing_zeros()).unwrap();
            let found = stretched(log_n, number("r"), number("p"), &text("password"), &text("salt"));
            // Shorter keys are the beginning of longer ones (PBKDF2 makes them block by block).
            assert!(found.starts_with(&text("dk")), "{line}");
            seen += 1;
        }
        assert!(seen > 0);
    }

    #[test]
    fn a_password_verifies_against_its_own_text_alone() {
        let entropy = Entropy::seeded(1);
        let stored = hash(&secret("correct horse"), Cost::least(), &entropy).unwrap();
        assert!(stored.starts_with("$scrypt$ln=4,r=1,p=1$"));
        assert!(verify(&secret("correct horse"), &stored));
        assert!(!verify(&secret("correct horsf"), &stored));
        assert!(!verify(&secret(""), &stored));
        assert!(!pretend(&secret("correct horse"), Cost::least()));
        let other = hash(&secret("correct horse"), Cost::least(), &entropy).unwrap();
        assert_ne!(stored, other, "a salt of its own each time");
    }

    /// Reckoned elsewhere: password "correct horse battery", salt 0 to 15, default cost.
    #[test]
    fn a_text_made_elsewhere_verifies() {
        let stored =
            "$scrypt$ln=15,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$xy6UCICz8Vv/P6JqOkkUD4DOmhxN0tXSe6sQAUBxupQ";
        assert!(verify(&secret("correct horse battery"), stored));
        assert!(!verify(&secret("correct horse batterz"), stored));
        assert!(!is_weaker(stored, Cost::default()));
        assert!(is_weaker(
            &hash(&secret("correct horse"), Cost::least(), &Entropy::seeded(1)).unwrap(),
            Cost::default()
        ));
    }

    #[test]
    fn the_rules_count_characters_not_bytes() {
        for (text, reason) in [
            ("ninechars".to_owned(), Some(Reason::PasswordTooShort)),
            ("äöüßéèêàâ".to_owned(), Some(Reason::PasswordTooShort)),
            ("ten chars!".to_owned(), None),
            ("é".repeat(MAX_CHARS), None),
            ("e".repeat(MAX_CHARS + 1), Some(Reason::PasswordTooLong)),
        ] {
            let outcome = hash(&secret(&text), Cost::least(), &Entropy::seeded(1));
            assert_eq!(outcome.err().map(|error| error.reason()), reason, "{}", text.len());
        }
    }

    #[test]
    fn absurd_or_broken_texts_are_a_no_and_cost_nothing() {
        let good = hash(&secret("correct horse"), Cost::least(), &Entropy::seeded(1)).unwrap();
        let tail = good.strip_prefix("$scrypt$ln=4,r=1,p=1").unwrap();
        for cost in [
            "ln=63,r=8,p=1",
            "ln=21,r=1,p=1",
            "ln=20,r=8,p=1",
            "ln=15,r=4294967295,p=1",
            "ln=4,r=1,p=1000",
            "ln=0,r=1,p=1",
            "ln=4,r=0,p=1",
            "ln=4,r=1",
            "ln=4,r=1,p=1,x=1",
            "ln=-4,r=1,p=1",
            "",
        ] {
            assert!(!verify(&secret("correct horse"), &format!("$scrypt${cost}{tail}")), "{cost}");
        }
        for text in ["", "$scrypt$", "$argon2id$x", &good[..good.len() - 4], &format!("{good}$x"), &good[1..]]
        {
            assert!(!verify(&secret("correct horse"), text), "{text}");
        }
        assert!(!verify(&secret(&"e".repeat(MAX_CHARS + 1)), &good));
    }

    proptest! {
        #[test]
        fn every_allowed_password_round_trips(text in "\\PC{10,40}", other in "\\PC{0,40}", seed: u64) {
            let stored = hash(&secret(&text), Cost::least(), &Entropy::seeded(seed)).unwrap();
            prop_assert!(verify(&secret(&text), &stored));
            prop_assert_eq!(verify(&secret(&other), &stored), text == other);
        }

        #[test]
        fn no_stored_text_makes_it_panic(text in "[$a-z0-9=,+/]{0,60}") {
            let _ = verify(&secret("correct horse"), &format!("$scrypt$ln=4,r=1,p=1${text}"));
            prop_assert!(!verify(&secret("correct horse"), &text));
        }
    }
}
