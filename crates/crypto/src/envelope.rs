//! Sealed columns: secrets that must be used again (webhook secrets, credentials of tool servers) lie
//! in the store as AES-256-GCM envelopes.
//!
//! `version(1) algorithm(1) key version(4) key commitment(16) nonce(12) ciphertext tag(16)`
//!
//! * The associated data are the first six bytes and the place: tenant, kind of record, its id, its
//!   column, each length-prefixed. An envelope that was moved to another place does not open.
//! * GCM does not commit to its key: a ciphertext can be made that opens under two. The commitment
//!   (HKDF of the key) settles which key it is before anything is opened.
//! * Nonces are random, so one key seals at most 2^32 envelopes: far beyond the secrets of a deployment.

use crate::{
    keys::{Purpose, RootKey, expand},
    parts,
};
use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit, Nonce, Tag};
use procura_model::{Entropy, Secret, TenantId};
use subtle::ConstantTimeEq;

const VERSION: u8 = 1;
const AES_256_GCM: u8 = 1;
const FIXED_BYTES: usize = 6;
const COMMITMENT_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
const HEADER_BYTES: usize = FIXED_BYTES + COMMITMENT_BYTES + NONCE_BYTES;

/// Not a [`Purpose`]: it is derived from a purpose's key, not from the root.
pub(crate) const COMMITMENT_LABEL: &str = "procura/v1/key-commitment";

/// The place to which a secret is bound.
#[derive(Clone, Copy, Debug)]
pub struct Context<'c> {
    /// Whose it is.
    pub tenant: TenantId,
    /// The kind of record, for example `server`.
    pub record: &'c str,
    /// The record's id.
    pub id: &'c str,
    /// The column.
    pub column: &'c str,
}

/// Why an envelope does not open. None of these says anything about the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It is no envelope, or one of a later version.
    #[error("this is no envelope that this version can open")]
    Malformed,
    /// It was sealed with another key.
    #[error("the envelope was sealed with another key")]
    WrongKey,
    /// It was changed, or belongs to another place.
    #[error("the envelope was changed or belongs to another record")]
    Forged,
}

/// A secret that is too long to seal (over 64 GiB).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret is too long to be sealed")]
pub struct SealError;

/// Seals and opens for one purpose with one version of the key.
pub struct Sealer {
    cipher: Aes256Gcm,
    commitment: [u8; COMMITMENT_BYTES],
    key_version: u32,
}

impl Sealer {
    /// The sealer of a purpose; `key_version` counts the root keys of this deployment from 1.
    #[must_use]
    pub fn new(root: &RootKey, purpose: Purpose, key_version: u32) -> Self {
        Self::with_key(&root.derive(purpose), key_version)
    }

    fn with_key(key: &Secret<[u8; 32]>, key_version: u32) -> Self {
        let commitment = *expand(None, key.expose(), COMMITMENT_LABEL.as_bytes()).expose();
        Self { cipher: Aes256Gcm::new(key.expose().into()), commitment, key_version }
    }

    /// Seals a secret for its place.
    ///
    /// # Errors
    /// [`SealError`] when it is longer than GCM allows.
    pub fn seal(&self, place: &Context<'_>, secret: &[u8], entropy: &Entropy) -> Result<Vec<u8>, SealError> {
        let fixed = self.fixed();
        let nonce: [u8; NONCE_BYTES] = entropy.bytes();
        let mut out = Vec::with_capacity(HEADER_BYTES + secret.len() + TAG_BYTES);
        out.extend_from_slice(&fixed);
        out.extend_from_slice(&self.commitment);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(secret);
        let body = out.get_mut(HEADER_BYTES..).unwrap_or_default();
        let tag = self
            .cipher
            .encrypt_inout_detached(&Nonce::from(nonce), &associated(fixed, place), body.into())
            .map_err(|_| SealError)?;
        out.extend_from_slice(&tag);
        Ok(out)
    }

    /// Seals a text for its place.
    ///
    /// # Errors
    /// As [`Sealer::seal`].
    pub fn seal_text(
        &self,
        place: &Context<'_>,
        secret: &Secret<String>,
        entropy: &Entropy,
    ) -> Result<Vec<u8>, SealError> {
        self.seal(place, secret.expose().as_bytes(), entropy)
    }

    /// Seals a secret that is no text.
    ///
    /// # Errors
    /// As [`Sealer::seal`].
    pub fn seal_bytes(
        &self,
        place: &Context<'_>,
        secret: &Secret<Vec<u8>>,
        entropy: &Entropy,
    ) -> Result<Vec<u8>, SealError> {
        self.seal(place, secret.expose(), entropy)
    }

    /// Opens an envelope that holds a text.
    ///
    /// # Errors
    /// As [`Sealer::open`]; [`OpenError::Malformed`] when it holds no text.
    pub fn open_text(&self, place: &Context<'_>, envelope: &[u8]) -> Result<Secret<String>, OpenError> {
        let opened = self.open(place, envelope)?;
        let text = std::str::from_utf8(opened.expose()).map_err(|_| OpenError::Malformed)?;
        Ok(Secret::new(text.to_owned()))
    }

    /// Opens an envelope that holds words which are no credential: who a user is, or a kept result. They are
    /// handed out as they are, for what reads and shows them.
    ///
    /// # Errors
    /// As [`Sealer::open_text`].
    pub fn open_words(&self, place: &Context<'_>, envelope: &[u8]) -> Result<String, OpenError> {
        Ok(self.open_text(place, envelope)?.expose().clone())
    }

    /// Opens an envelope at its place.
    ///
    /// # Errors
    /// [`OpenError`] when it is none, of another key, changed, or moved.
    pub fn open(&self, place: &Context<'_>, envelope: &[u8]) -> Result<Secret<Vec<u8>>, OpenError> {
        let (fixed, rest) = envelope.split_first_chunk::<FIXED_BYTES>().ok_or(OpenError::Malformed)?;
        let (commitment, rest) = rest.split_first_chunk::<COMMITMENT_BYTES>().ok_or(OpenError::Malformed)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(OpenError::Malformed)?;
        let (body, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(OpenError::Malformed)?;
        let version = key_version(envelope).ok_or(OpenError::Malformed)?;
        if version != self.key_version || !bool::from(commitment.ct_eq(&self.commitment)) {
            return Err(OpenError::WrongKey);
        }
        let mut opened = body.to_vec();
        let outcome = self.cipher.decrypt_inout_detached(
            &Nonce::from(*nonce),
            &associated(*fixed, place),
            opened.as_mut_slice().into(),
            &Tag::from(*tag),
        );
        let opened = Secret::new(opened);
        outcome.map(|()| opened).map_err(|_| OpenError::Forged)
    }

    fn fixed(&self) -> [u8; FIXED_BYTES] {
        let [a, b, c, d] = self.key_version.to_be_bytes();
        [VERSION, AES_256_GCM, a, b, c, d]
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealer(key version {})", self.key_version)
    }
}

/// Which version of the key an envelope needs; none when it is no envelope of ours.
#[must_use]
pub fn key_version(envelope: &[u8]) -> Option<u32> {
    match envelope.first_chunk::<FIXED_BYTES>()? {
        [VERSION, AES_256_GCM, a, b, c, d] => Some(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => None,
    }
}

fn associated(fixed: [u8; FIXED_BYTES], place: &Context<'_>) -> Vec<u8> {
    let tenant = place.tenant.to_string();
    parts::joined(&[
        &fixed,
        tenant.as_bytes(),
        place.record.as_bytes(),
        place.id.as_bytes(),
        place.column.as_bytes(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::Time;
    use proptest::prelude::*;

    fn tenant(seed: u64) -> TenantId {
        TenantId::new(Time::from_ms(1), &Entropy::seeded(seed))
    }

    fn sealer(seed: u64, purpose: Purpose, version: u32) -> Sealer {
        Sealer::new(&RootKey::generate(&Entropy::seeded(seed)), purpose, version)
    }

    fn place(tenant: TenantId) -> Context<'static> {
        Context { tenant, record: "server", id: "srv_1", column: "credential" }
    }

    /// Reckoned elsewhere with another implementation of AES-GCM and HKDF.
    #[test]
    fn the_format_is_the_documented_one() {
        let key = Secret::new(std::array::from_fn(|index| u8::try_from(index).unwrap()));
        let tenant: TenantId = "org_00000000000000000000000000".parse().unwrap();
        let envelope = "010100000007cf60e2497575bcb96664b4addf8799c56465666768696a6b6c6d6e6f3c73bb461a9b33fa\
            5b0c2b81bb092a5e79de817c9ff5f03d095868594251";
        let envelope = envelope.as_bytes().as_chunks::<2>().0.iter();
        let envelope: Vec<u8> = envelope
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        let opened = Sealer::with_key(&key, 7).open(&place(tenant), &envelope).unwrap();
        assert_eq!(opened.expose().as_slice(), b"the credential");
        assert_eq!(key_version(&envelope), Some(7));
    }

    #[test]
    fn an_envelope_opens_at_its_own_place_alone() {
        let (sealer, entropy) = (sealer(7, Purpose::UpstreamCredential, 1), Entropy::seeded(8));
        let here = place(tenant(1));
        let envelope = sealer.seal(&here, b"hunter2", &entropy).unwrap();
        assert_eq!(sealer.open(&here, &envelope).unwrap().expose().as_slice(), b"hunter2");
        for elsewhere in [
            Context { tenant: tenant(2), ..here },
            Context { record: "endpoint", ..here },
            Context { id: "srv_2", ..here },
            Context { column: "header", ..here },
            Context { record: "serve", id: "rsrv_1", ..here },
        ] {
            assert_eq!(sealer.open(&elsewhere, &envelope).unwrap_err(), OpenError::Forged);
        }
        assert_ne!(sealer.seal(&here, b"hunter2", &entropy).unwrap(), envelope, "a fresh nonce each time");
    }

    #[test]
    fn another_key_purpose_or_version_is_named_as_such() {
        let envelope = sealer(7, Purpose::WebhookSecret, 1)
            .seal(&place(tenant(1)), b"secret", &Entropy::seeded(8))
            .unwrap();
        for other in [
            sealer(9, Purpose::WebhookSecret, 1),
            sealer(7, Purpose::UpstreamCredential, 1),
            sealer(7, Purpose::WebhookSecret, 2),
        ] {
            assert_eq!(other.open(&place(tenant(1)), &envelope).unwrap_err(), OpenError::WrongKey);
        }
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_and_no_changed_byte_does(
            secret in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), flip in 1_u8..,
        ) {
            let sealer = sealer(7, Purpose::UpstreamCredential, 1);
            let here = place(tenant(1));
            let mut envelope = sealer.seal(&here, &secret, &Entropy::seeded(1)).unwrap();
            let opened = sealer.open(&here, &envelope).unwrap();
            prop_assert_eq!(opened.expose(), &secret);
            let at = at.index(envelope.len());
            envelope[at] ^= flip;
            prop_assert!(sealer.open(&here, &envelope).is_err());
        }

        #[test]
        fn a_cut_or_foreign_text_never_opens(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            prop_assert!(sealer(7, Purpose::UpstreamCredential, 1).open(&place(tenant(1)), &bytes).is_err());
        }
    }
}
