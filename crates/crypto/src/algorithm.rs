//! The five signature algorithms that a JWT may have (decision 17). None is symmetric: a key set is
//! public, so a symmetric key in it would let every reader sign.

/// What RFC 9864 section 2.2 calls `EdDSA` with the curve that we know.
pub const ED25519: &str = "Ed25519";

/// A signature algorithm by its JOSE name (RFC 7518 section 3.1, RFC 8037 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PSS with SHA-256 and a salt of 32 bytes.
    #[serde(rename = "PS256")]
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// ECDSA on P-384 with SHA-384.
    #[serde(rename = "ES384")]
    Es384,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 5] = [Self::Rs256, Self::Ps256, Self::Es256, Self::Es384, Self::EdDsa];

    /// The JOSE name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of exactly this name, or of its name in RFC 9864, which calls Ed25519 by the curve that is all that
    /// `EdDSA` ever was here.
    #[must_use]
    pub fn by_any_name(name: &str) -> Option<Self> {
        if name == ED25519 { Some(Self::EdDsa) } else { Self::by_name(name) }
    }

    /// The algorithm of exactly this name; capitals count.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_exact_and_the_same_in_settings() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::by_name(algorithm.name()), Some(algorithm));
            let setting = serde_json::to_string(&algorithm).unwrap();
            assert_eq!(setting, format!("\"{}\"", algorithm.name()));
            assert_eq!(serde_json::from_str::<Algorithm>(&setting).unwrap(), algorithm);
        }
        assert_eq!(Algorithm::by_any_name("Ed25519"), Some(Algorithm::EdDsa));
        assert_eq!(Algorithm::by_any_name("RS256"), Some(Algorithm::Rs256));
        assert_eq!((Algorithm::by_name("Ed25519"), Algorithm::by_any_name("Ed448")), (None, None));
        for name in ["none", "rs256", "RS256 ", "HS256", "RS512", "ES256K", ""] {
            assert_eq!(Algorithm::by_name(name), None, "{name}");
        }
    }
}
