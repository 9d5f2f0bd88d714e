//! Which names announce a secret. A name is judged by its end (`DB_PASSWORD`, `clientSecret`, `x-api-key`), because what
//! stands last says what the value is: a `tokenType` or `secretName` is none, nor is a `nextPageToken`.

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

/// How sure `name` makes us that its value is a secret.
pub(crate) fn strength(name: &str) -> Option<Strength> {
    let mut buffer = [0; LONGEST_NAME];
    let compact = compact(name, &mut buffer);
    let last = compact.last()?;
    let ends = |list: &[&str]| {
        list.iter().any(|word| word.as_bytes().last() == Some(last) && compact.ends_with(word.as_bytes()))
    };
    let last_word = last_word(name);
    if ends(HARMLESS) {
        None
    } else if name.starts_with("BUNDLE_") && name.contains("__") {
        Some(Strength::Login)
    } else if ends(PASSWORDS) || last_word.eq_ignore_ascii_case("pass") {
        Some(Strength::Password)
    } else if ends(KEYS) {
        Some(Strength::Key)
    } else {
        let is_weak = ends(&["key"]) || WEAK.iter().any(|word| word.eq_ignore_ascii_case(last_word));
        is_weak.then_some(Strength::Weak)
    }
}

/// The letters and digits of a name in lower case, without the digits at its end; the end of a name that is too long.
fn compact<'b>(name: &str, buffer: &'b mut [u8; LONGEST_NAME]) -> &'b [u8] {
    let mut start = LONGEST_NAME;
    let letters = name.bytes().rev().skip_while(|byte| !byte.is_ascii_alphabetic());
    for byte in letters.filter(u8::is_ascii_alphanumeric) {
        let Some(slot) = start.checked_sub(1).and_then(|at| buffer.get_mut(at)) else { break };
        *slot = byte.to_ascii_lowercase();
        start -= 1;
    }
    buffer.get(start..).unwrap_or_default()
}

/// How much of a name is looked at, in letters.
const LONGEST_NAME: usize = 64;

fn last_word(name: &str) -> &str {
    name.rsplit(['_', '-', '.']).next().unwrap_or(name)
}

/// Whether a JSON member of this name has a secret whatever its value looks like.
pub(crate) fn marks_any_value(name: &str) -> bool {
    matches!(strength(name), Some(Strength::Password | Strength::Key))
        && !["auth", "authorization", "bearer"].iter().any(|word| last_word(name).eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

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
