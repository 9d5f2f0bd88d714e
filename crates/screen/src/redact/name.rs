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
];

/// How sure `name` makes us that its value is a secret.
pub(crate) fn strength(name: &str) -> Option<Strength> {
    let mut compact = String::with_capacity(name.len());
    compact
        .extend(name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()));
    let compact = compact.trim_end_matches(|c: char| c.is_ascii_digit());
    let ends = |list: &[&str]| list.iter().any(|word| compact.ends_with(word));
    if ends(HARMLESS) {
        None
    } else if ends(PASSWORDS) || last_word(name).eq_ignore_ascii_case("pass") {
        Some(Strength::Password)
    } else if ends(KEYS) {
        Some(Strength::Key)
    } else {
        let last = last_word(name).to_ascii_lowercase();
        (WEAK.contains(&last.as_str()) || compact.ends_with("key")).then_some(Strength::Weak)
    }
}

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
