//! Tokens that were signed once, elsewhere, with keys that nobody has any more: the time of the measurement is theirs.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use procura_crypto::Algorithm;

/// The content of a signed token.
pub(crate) const SIGNED_CONTENT: &str = r#"{"userId":"user_123","email":"ada@example.com","role":"customer","iat":1717000000,"exp":1717000300,"plan":"pro","company":{"name":"Example","seats":25}}"#;

/// The claims of every JWT.
const CLAIMS: &str = r#"{"iss":"https://id.example","aud":"agents","sub":"user_123","iat":1717000000,"exp":1717000300,"email":"ada@example.com","role":"customer","plan":"pro","company":{"name":"Example","seats":25}}"#;

/// The issuer of the tokens.
pub(crate) const ISSUER: &str = "https://id.example";
/// Their audience.
pub(crate) const AUDIENCE: &str = "agents";
/// Seconds since 1970 at which they are good.
pub(crate) const NOW_SECONDS: i64 = 1_717_000_100;

/// The key set of an identity provider with a key of each kind.
pub(crate) const KEY_SET: &str = r#"{"keys":[{"kty":"RSA","kid":"r","use":"sig","n":"kYijZb6gmVL491ZfzEPhI29bsaV8PkaPG3OyWOJx7gz0ERpej5fE-LyCgn4YkCYQizf05TABH2gE1f1BO8j0cG4ruKyBlgS-g0-Z7tkrHpUTjy80F2XwrROKNFkPFEqKRUHZMNYB_Zdkz7DrSfYCxqQ9hmV8jPy_Dw1c14yEUqC3Z0CY7wCbDxPkgPCW5qSUrTt-aasP_S-sHUJ1ou1nekN7cbH9SpXCCesCNZ7GNdD3HNkrTZYTlcgOs_4XjALI9lt_dY541-FAKzzu57XCHaBeXEgEKvizxgz0neg6USugUB1zBBfD5qC19aVafRyPZ0HqXoESIUrM53IB2LLsWQ","e":"AQAB"},{"kty":"EC","kid":"p2","crv":"P-256","use":"sig","x":"5ylZPYe7Iyn6lcWX1Ut0saZqLswh79VNQ1R8LZ-BIRY","y":"kXJJ26CqjfGt1kEnKIwf4rIgbwS7MIFRCENxMLdGxIM"},{"kty":"EC","kid":"p3","crv":"P-384","use":"sig","x":"7E-B457brqj3pWhXankxSz4qdDM0eDOPZoNQgtSAf0l9Q_nyUDdRYEwliRSA2QI7","y":"0XqaH5PVkeomZR6SfRNy_PADlhR9xl9116OuNJ6pvlHU7SS2JG4wu5sNkX8YBDSY"},{"kty":"OKP","kid":"e","crv":"Ed25519","use":"sig","x":"aD4podEd4gEr7UhFOt70bjawAv4lC30CRbFdJiZ3ZMQ"}]}"#;

/// A token in parts; its payload is [`CLAIMS`].
pub(crate) struct Specimen {
    pub(crate) algorithm: Algorithm,
    pub(crate) header: &'static str,
    pub(crate) signature: &'static str,
}

impl Specimen {
    /// What is signed.
    pub(crate) fn signed(&self) -> String {
        format!("{}.{}", self.header, URL_SAFE_NO_PAD.encode(CLAIMS))
    }

    /// The whole token.
    pub(crate) fn token(&self) -> String {
        format!("{}.{}", self.signed(), self.signature)
    }
}

/// One token for each algorithm.
pub(crate) const SPECIMENS: [Specimen; 5] = [
    Specimen {
        algorithm: Algorithm::Rs256,
        header: "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InIifQ",
        signature: "doFxDLtXXITVSQYMhcnkFvBvNMXq9Qbo0yWEvCkdluT5J9Yx1tdU9OabGXoYl7BQ4BK2JCBL3ugREB02n1NZiXMsqj89XVsbCDfe379GMkXhnEu3ebSvrqTUse9hwMqbk0ifWIyHagzvk8m8fwwe4ga84s0hzIcGaIf4kRleUHyepxH4wra2m9ensaF0tnmnn3MDNo24LdL00FhZz1uDh3FjII-CF8W3cjE6yxM8M7QxLej2MiHRTzS0DoUckQCqcpuGmp8UYrK3VrvLWsZGShdy2u3Tm9CSDQNlNiTTAqRriMsfR0kB-rR-YASl1STfSBlrieN2HGqf5Offt8YCnw",
    },
    Specimen {
        algorithm: Algorithm::Ps256,
        header: "eyJhbGciOiJQUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InIifQ",
        signature: "evas2I6vEkuhkJt6VxZBFZ2dvHsizqJly5EEbBbQs43LzFgURB2OeAaau1KRw3n-rMI-jmUv6Gx55c9_8QbBLonR7O5_jmZzO1BejJOxZYuUrEhHO5C9X1U-YzL0bRGUe4FV7UTPJTkokqiBN5ksnJQOAVQGPXjmzH5ulQs_ZblsSEX1yJq8WJBo8ypwcafDMPuKQuzk_aepjnav36OZCm5q1U2FraZEb8t-MDFJgIWY_z4YJuZwm-jy78fMZipCDWaRPNoCgrTvwZU2ZKv7O-j4qWiTUZCQB7cJYDYaCuAQj82qlR1qlrVRZ6BY3NsAh9pAU9KFyWiQyuc-FNSgzw",
    },
    Specimen {
        algorithm: Algorithm::Es256,
        header: "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InAyIn0",
        signature: "jwSoygg4DYZr28wKqvXA7Eu-TVXuCqR3ERqFkYWS4Vy4L8M6LhXza453wNgkktzQQkH3ieTnclZ1vz-wdhWDxw",
    },
    Specimen {
        algorithm: Algorithm::Es384,
        header: "eyJhbGciOiJFUzM4NCIsInR5cCI6IkpXVCIsImtpZCI6InAzIn0",
        signature: "ImO2elotkDAzk3NQsQN4x4LP7PBhv8ra-fMXH5GG4RwYswvcowOaur7TglPnoY013NFCKR-uByb5os2_tpUgMjUtVGUiTpz365qizT1j7cJnfcAU9UgAWhapyvrRtBGk",
    },
    Specimen {
        algorithm: Algorithm::EdDsa,
        header: "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImUifQ",
        signature: "-938axpDHDvmb3RSz2yzqACqfRA32xwyldwEgorB9ic-KKWcEgMcBa6SYy6hYkHR_eAa2o2HAvmKI65NmZU8AA",
    },
];
