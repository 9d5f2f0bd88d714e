//! The root key and what is made of it. Every key of the house is HKDF-SHA256 (RFC 5869) of the root
//! with a label of its own, listed in one enum, so two uses can never share a key.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hkdf::Hkdf;
use procura_model::{Entropy, Secret, ShownOnce};
use sha2::Sha256;
use zeroize::Zeroize;

/// For what a key is derived. The label is part of every stored ciphertext's meaning: it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Seals the credentials that are sent to tool servers.
    UpstreamCredential,
    /// Seals the secrets that webhooks are signed with.
    WebhookSecret,
    /// Seals the secrets that businesses sign their users' tokens with.
    UserTokenSecret,
    /// Seals the secrets that identity callbacks are signed with.
    CallbackSecret,
    /// Seals who the user of a session is: id, e-mail, role, attributes.
    UserProfile,
    /// Makes the pseudonym by which a user appears outside a session (USR-7).
    UserPseudonym,
    /// The Ed25519 seed that assertions about a user are signed with (USR-9).
    UserAssertion,
    /// The Ed25519 seed that receipts of decisions are signed with (VER-6).
    Receipt,
    /// The Ed25519 seed that tokens of the access-request profile of AuthZEN are signed with.
    AccessRequest,
    /// Seals results that are kept for later reading.
    StoredResult,
    /// Proves that a form came from our page in this session.
    FormToken,
    /// Proves that a list's cursor is ours.
    Cursor,
    /// Proves that the state which an MCP client hands back is ours.
    RequestState,
    /// Seals the private halves of the keys that access tokens are signed with.
    OauthKey,
    /// Seals the hashes of clients' secrets.
    ClientSecret,
    /// Seals what a refresh was answered, for a client whose answer was lost.
    RefreshReply,
    /// Makes DPoP nonces (RFC 9449 section 8).
    DpopNonce,
    /// Seals the addresses of people who claim agents.
    Claimant,
    /// The Ed25519 seed that the assertions of registered agents are signed with.
    AgentIdentity,
    /// Makes the fingerprint by which a wrong key file is noticed.
    CheckValue,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 20] = [
        Self::UpstreamCredential,
        Self::WebhookSecret,
        Self::UserTokenSecret,
        Self::CallbackSecret,
        Self::UserProfile,
        Self::UserPseudonym,
        Self::UserAssertion,
        Self::Receipt,
        Self::AccessRequest,
        Self::StoredResult,
        Self::FormToken,
        Self::Cursor,
        Self::RequestState,
        Self::OauthKey,
        Self::ClientSecret,
        Self::RefreshReply,
        Self::DpopNonce,
        Self::Claimant,
        Self::AgentIdentity,
        Self::CheckValue,
    ];

    /// The HKDF label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::UpstreamCredential => "procura/v1/upstream-credential",
            Self::WebhookSecret => "procura/v1/webhook-secret",
            Self::UserTokenSecret => "procura/v1/user-token-secret",
            Self::CallbackSecret => "procura/v1/callback-secret",
            Self::UserProfile => "procura/v1/user-profile",
            Self::UserPseudonym => "procura/v1/user-pseudonym",
            Self::UserAssertion => "procura/v1/user-assertion",
            Self::Receipt => "procura/v1/receipt",
            Self::AccessRequest => "procura/v1/access-request",
            Self::StoredResult => "procura/v1/stored-result",
            Self::FormToken => "procura/v1/form-token",
            Self::Cursor => "procura/v1/cursor",
            Self::RequestState => "procura/v1/request-state",
            Self::OauthKey => "procura/v1/oauth-key",
            Self::ClientSecret => "procura/v1/client-secret",
            Self::RefreshReply => "procura/v1/refresh-reply",
            Self::DpopNonce => "procura/v1/dpop-nonce",
            Self::Claimant => "procura/v1/claimant",
            Self::AgentIdentity => "procura/v1/agent-identity",
            Self::CheckValue => "procura/v1/check-value",
        }
    }
}

/// A text that is no root key. Says nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a root key is 32 bytes in base64 (44 characters)")]
pub struct KeyError;

/// The key from which all others come.
#[derive(Debug)]
pub struct RootKey(Secret<[u8; 32]>);

impl RootKey {
    /// A new root key.
    #[must_use]
    pub fn generate(entropy: &Entropy) -> Self {
        Self(Secret::new(entropy.bytes()))
    }

    /// A root key as it stands in its file or in the environment; blanks around it do not count.
    ///
    /// # Errors
    /// [`KeyError`] when it is anything but 32 bytes in standard base64, or 32 equal bytes.
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        let mut bytes = STANDARD.decode(text.trim()).map_err(|_| KeyError)?;
        let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| KeyError);
        bytes.zeroize();
        let key = key?;
        // A file of zeros is a disk's or a template's, not a key.
        if key.iter().all(|byte| Some(byte) == key.first()) {
            Err(KeyError)
        } else {
            Ok(Self(Secret::new(key)))
        }
    }

    /// The text for the key file.
    #[must_use]
    pub fn to_text(&self) -> ShownOnce {
        ShownOnce::new(STANDARD.encode(self.0.expose()))
    }

    /// The key for one purpose.
    #[must_use]
    pub fn derive(&self, purpose: Purpose) -> Secret<[u8; 32]> {
        expand(None, self.0.expose(), purpose.label().as_bytes())
    }

    /// A fingerprint that is no secret: kept beside the data, it tells a wrong key file at start.
    #[must_use]
    pub fn check_value(&self) -> String {
        let value = self.derive(Purpose::CheckValue);
        value.expose().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// HKDF-SHA256: extract, then expand to `N` bytes.
pub(crate) fn expand<const N: usize>(salt: Option<&[u8]>, key: &[u8], label: &[u8]) -> Secret<[u8; N]> {
    const { assert!(N <= 255 * 32, "HKDF gives at most 255 blocks") };
    let mut out = [0_u8; N];
    if Hkdf::<Sha256>::new(salt, key).expand(label, &mut out).is_err() {
        // Only a length over 255 blocks fails, and the line above rules that out at compile time;
        // a key of zeros must not come of it all the same.
        std::process::abort();
    }
    Secret::new(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn expand_is_rfc_5869() {
        let salt: Vec<u8> = (0x00..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let first = expand::<42>(Some(&salt), &[0x0b; 22], &info);
        let want = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
        assert_eq!(hex(first.expose()), want);
        let third = expand::<42>(None, &[0x0b; 22], b"");
        let want = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8";
        assert_eq!(hex(third.expose()), want);
    }

    #[test]
    fn every_purpose_has_its_own_label_and_key() {
        let root = RootKey::generate(&Entropy::seeded(3));
        let mut labels = HashSet::from([crate::envelope::COMMITMENT_LABEL]);
        let mut keys = HashSet::new();
        for purpose in Purpose::ALL {
            assert!(purpose.label().starts_with("procura/v1/"));
            assert!(labels.insert(purpose.label()), "{purpose:?}");
            assert!(keys.insert(hex(root.derive(purpose).expose())));
        }
    }

    #[test]
    fn the_text_of_a_root_key_reads_back() {
        let root = RootKey::generate(&Entropy::seeded(4));
        let again = RootKey::from_base64(&format!("{}\n", root.to_text().show())).unwrap();
        assert_eq!(root.check_value(), again.check_value());
        assert_eq!(root.check_value().len(), 16);
        assert_ne!(root.check_value(), RootKey::generate(&Entropy::seeded(5)).check_value());
        assert_eq!(format!("{root:?}"), "RootKey([secret])");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for bad in ["", "AAAA", "not base64 at all", &STANDARD.encode([1; 31]), &STANDARD.encode([0; 32])] {
            assert_eq!(RootKey::from_base64(bad).unwrap_err(), KeyError, "{bad}");
        }
    }
}
