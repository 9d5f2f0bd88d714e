//! Which names announce a secret. A name is judged by its end (`DB_PASSWORD`, `clientSecret`, `x-api-key`), because what
//! stands last says what the value is: a `tokenType` or `secretName` is none, nor is a `nextPageToken`.

use std::sync::LazyLock;

/// How sure a name makes us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// `key`, `code`, `session`: only a clearly random value counts.
    Weak,
    /// `token`, `api_key`, `secret`: the value must look random.
    Key,
    /// `password`: the value need not look random.
    Password,
    /// A name whose value is `user:password`.
    Login,
}

const PASSWORDS: &[&str] =
    &["password", "passwd", "passphrase", "passcode", "pwd", "passwort", "contrasena", "motdepasse"];

const KEYS: &[&str] = &[
    "secret",
    "token",
    "apikey",
    "appkey",
    "secretkey",
    "accesskey",
    "privatekey",
    "accountkey",
    "storagekey",
    "authkey",
    "signingkey",
    "encryptionkey",
    "masterkey",
    "sharedkey",
    "sharedaccesskey",
    "servicekey",
    "deploykey",
    "licensekey",
    "credential",
    "credentials",
    "authorization",
    "auth",
    "jwt",
    "bearer",
    "codeverifier",
    "clientassertion",
    "xamzsignature",
    "signingsecret",
    "accesskeysecret",
    "accessid",
    "accesscode",
    "recoverycode",
    "backupcode",
];

const WEAK: &[&str] = &["key", "session", "sessionid", "sid", "sig", "code", "cookie", "otp", "nonce"];

const HARMLESS: &[&str] = &[
    "pagetoken",
    "nexttoken",
    "continuationtoken",
    "synctoken",
    "cursortoken",
    "publickey",
    "publishablekey",
    "primarykey",
    "foreignkey",
    "sortkey",
    "partitionkey",
    "hostkey",
    "cachekey",
    "objectkey",
    "idempotencykey",
    "sitekey",
    "routingkey",
    "groupkey",
    "publictoken",
    "hotkey",
    "monkey",
    "turkey",
    "statuscode",
    "zipcode",
    "postcode",
    "errorcode",
    "countrycode",
    "languagecode",
    "sourcecode",
    "barcode",
    "qrcode",
    "exitcode",
    "hashkey",
    "storekey",
    "publicsigningkey",
    "unicode",
    "nonce",
];

/// The words that the prefilter looks for; each name above contains one.
pub(crate) const LANDMARKS: &[&str] = &[
    "pass",
    "pwd",
    "contrasena",
    "secret",
    "token",
    "key",
    "credential",
    "auth",
    "jwt",
    "bearer",
    "verifier",
    "assertion",
    "signature",
    "session",
    "sid",
    "sig",
    "code",
    "cookie",
    "otp",
    "accessid",
    "access_id",
    "access-id",
    "bundle_",
];

/// What the end of a name says; of two meanings the first counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Meaning {
    Harmless,
    Password,
    Key,
    Weak,
}

/// A word that may stand at the end of a name.
struct Ending {
    letters: &'static [u8],
    meaning: Meaning,
    /// Whether it says so only as a word of its own: `sid`, but not `inside`.
    is_alone: bool,
}

/// The words above by their last three letters: most names have an end that no word has.
struct Endings([Vec<Ending>; ENDINGS]);

/// How many lists there are.
const ENDINGS: usize = 128;

static KNOWN: LazyLock<Endings> = LazyLock::new(Endings::new);

impl Endings {
    fn new() -> Self {
        let lists: [(&[&str], Meaning, bool); 6] = [
            (HARMLESS, Meaning::Harmless, false),
            (PASSWORDS, Meaning::Password, false),
            (&["pass"], Meaning::Password, true),
            (KEYS, Meaning::Key, false),
            (&["key"], Meaning::Weak, false),
            (WEAK, Meaning::Weak, true),
        ];
        let mut endings = Self(std::array::from_fn(|_| Vec::new()));
        for (words, meaning, is_alone) in lists {
            for letters in words.iter().map(|word| word.as_bytes()) {
                if let Some(list) = place(letters).and_then(|place| endings.0.get_mut(place)) {
                    list.push(Ending { letters, meaning, is_alone });
                }
            }
        }
        endings
    }

    fn meaning(&self, name: &str, compact: &[u8]) -> Option<Meaning> {
        let list = self.0.get(place(compact)?)?;
        let says = |ending: &&Ending| {
            compact.ends_with(ending.letters)
                && (!ending.is_alone || last_word(name).as_bytes().eq_ignore_ascii_case(ending.letters))
        };
        list.iter().filter(says).map(|ending| ending.meaning).min()
    }
}

/// The list of what ends with the last three of `letters`.
fn place(letters: &[u8]) -> Option<usize> {
    let &[first, second, third] = letters.last_chunk::<3>()?;
    let mixed = usize::from(first) * 31 + usize::from(second) * 7 + usize::from(third);
    Some(mixed % ENDINGS)
}

/// How sure `name` makes us that its value is a secret.
pub(crate) fn strength(name: &str) -> Option<Strength> {
    let mut buffer = [0; LONGEST_WORD];
    let meaning = KNOWN.meaning(name, compact(name, &mut buffer));
    if meaning == Some(Meaning::Harmless) {
        None
    } else if name.starts_with("BUNDLE_") && name.contains("__") {
        Some(Strength::Login)
    } else {
        meaning.and_then(|meaning| match meaning {
            Meaning::Harmless => None,
            Meaning::Password => Some(Strength::Password),
            Meaning::Key => Some(Strength::Key),
            Meaning::Weak => Some(Strength::Weak),
        })
    }
}

/// The letters and digits of a name in lower case, without the digits at its end; the end of a name that is too long.
fn compact<'b>(name: &str, buffer: &'b mut [u8; LONGEST_WORD]) -> &'b [u8] {
    let mut start = LONGEST_WORD;
    for byte in name.bytes().rev() {
        let is_part = byte.is_ascii_alphabetic() || byte.is_ascii_digit() && start < LONGEST_WORD;
        if !is_part {
            continue;
        }
        let Some(slot) = start.checked_sub(1).and_then(|at| buffer.get_mut(at)) else { break };
        *slot = byte.to_ascii_lowercase();
        start -= 1;
    }
    buffer.get(start..).unwrap_or_default()
}

/// How much of a name's end is looked at, in letters: no word above is longer.
const LONGEST_WORD: usize = 24;

fn last_word(name: &str) -> &str {
    let mark = name.bytes().rposition(|byte| matches!(byte, b'_' | b'-' | b'.'));
    mark.and_then(|mark| name.get(mark + 1..)).unwrap_or(name)
}

/// Whether a JSON member of this name has a secret whatever its value looks like.
pub(crate) fn marks_any_value(name: &str) -> bool {
    let is_scheme = |word: &str| {
        ["auth", "authorization", "bearer"].iter().any(|scheme| word.eq_ignore_ascii_case(scheme))
    };
    matches!(strength(name), Some(Strength::Password | Strength::Key)) && !is_scheme(last_word(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_fits_into_what_is_looked_at() {
        for word in [PASSWORDS, KEYS, WEAK, HARMLESS].concat() {
            assert!((3..=LONGEST_WORD).contains(&word.len()), "{word}");
        }
    }

    #[test]
    fn a_name_is_judged_by_its_end() {
        for (name, expected) in [
            ("DB_PASSWORD", Some(Strength::Password)),
            ("userPassword", Some(Strength::Password)),
            ("clientSecret", Some(Strength::Key)),
            ("x-api-key", Some(Strength::Key)),
            ("OKTA_API_TOKEN", Some(Strength::Key)),
            ("mailchimp_key", Some(Strength::Weak)),
            ("BUNDLE_GEMS__SHOP__EXAMPLE", Some(Strength::Login)),
            ("tokenType", None),
            ("secretName", None),
            ("keyVersion", None),
            ("max_tokens", None),
            ("nextPageToken", None),
            ("publicKey", None),
            ("error.password.too_short", None),
        ] {
            assert_eq!(strength(name), expected, "{name}");
        }
    }
}
