//! Key sets (RFC 7517) and what may be verified with each key. A key is bound by all that it says of
//! itself: its type and curve, `alg`, `use`, `key_ops`. A key that contradicts itself, that is symmetric,
//! published with its private half, too short, or of a kind known to be broken, stays in the set as
//! unusable, so that the token console can say why; it never verifies anything.

use crate::algorithm::Algorithm;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use procura_model::Json;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

/// How many keys a set may hold.
pub const MAX_KEYS: usize = 100;
const MIN_RSA_BITS: usize = 2_048;
const MAX_RSA_BITS: usize = 8_192;
const UNCOMPRESSED_POINT: u8 = 4;
/// Members that hold private parts (RFC 7518 sections 6.2.2, 6.3.2; RFC 8037 section 2).
const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/// Why a text is no key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkSetError {
    /// Not one JSON document without duplicate members.
    #[error("the key set is not one JSON document without duplicate members")]
    NotJson,
    /// No list of keys.
    #[error("the key set has no member `keys` that is a list")]
    NoKeys,
    /// Too many.
    #[error("the key set has more than {MAX_KEYS} keys")]
    TooMany,
}

/// Why a key of a set verifies nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// `oct`: whoever can read the set could sign.
    #[error("it is symmetric")]
    Symmetric,
    /// Its private half is published with it.
    #[error("its private part is published with it")]
    Private,
    /// A type or curve that none of our algorithms takes.
    #[error("its type or curve is none of RSA, P-256, P-384 and Ed25519")]
    Type,
    /// A member is missing, or not what it must be.
    #[error("a member is missing or malformed")]
    Malformed,
    /// `use` is not `sig`, or `key_ops` has no `verify`.
    #[error("its `use` or `key_ops` is not for verifying")]
    Use,
    /// `alg` is none of ours, or is not for this type.
    #[error("its `alg` is none of the supported ones, or not for its type")]
    Algorithm,
    /// RSA under 2,048 bits.
    #[error("it is RSA with less than 2,048 bits, or more than 8,192")]
    Size,
    /// RSA whose exponent is even or 1.
    #[error("its exponent is not one that RSA can have")]
    Exponent,
    /// Made by the broken generator of CVE-2017-15361.
    #[error("it was made by a generator that is broken (ROCA)")]
    Roca,
    /// An Ed25519 point of small order: signatures that hold for it can be made without its private key.
    #[error("it is a point of small order, or not in canonical form")]
    Point,
}

/// A set of keys, as its owner published it; by default there is none in it.
#[derive(Clone, Debug, Default)]
pub struct JwkSet {
    keys: Vec<Jwk>,
}

/// One key.
#[derive(Clone, Debug)]
pub(crate) struct Jwk {
    kid: Option<String>,
    usable: Result<Key, Unusable>,
}

/// What verifies.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// What the key itself says it is for; none where it does not say.
    algorithm: Option<Algorithm>,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// Uncompressed points.
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519([u8; 32]),
}

/// Why no key of the set is the one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// No key has this `kid`; a fresh set might.
    #[error("no key of the set has the header's `kid`")]
    Unknown,
    /// There is a key with this `kid`, and it cannot be used.
    #[error("the key that `kid` names cannot be used: {0}")]
    Unusable(Unusable),
    /// There is a key with this `kid`, for another algorithm.
    #[error("the key that `kid` names is for another algorithm")]
    Mismatch,
    /// No `kid`, and not exactly one usable key.
    #[error("the header has no `kid`, and the set has not exactly one usable key")]
    Ambiguous,
}

impl JwkSet {
    /// Reads a key set. Keys that cannot be used do not make the set unusable (RFC 7517 section 5).
    ///
    /// # Errors
    /// [`JwkSetError`] when it is none, or too large.
    pub fn parse(text: &str) -> Result<Self, JwkSetError> {
        let json = Json::parse(text).map_err(|_| JwkSetError::NotJson)?;
        let Some(Json::List(keys)) = json.member("keys") else { return Err(JwkSetError::NoKeys) };
        if keys.len() > MAX_KEYS {
            return Err(JwkSetError::TooMany);
        }
        Ok(Self { keys: keys.iter().map(Jwk::read).collect() })
    }

    /// Whether any of its keys can verify anything.
    #[must_use]
    pub fn has_usable_key(&self) -> bool {
        self.keys.iter().any(|jwk| jwk.usable.is_ok())
    }

    /// The keys that a signature of this algorithm may be verified with. Several only where a `kid` stands
    /// for several keys of one kind, which RFC 7517 section 4.5 discourages and does not forbid: the
    /// signature must then hold under one of them. Without a `kid` there must be no choice at all.
    pub(crate) fn choose(&self, algorithm: Algorithm, kid: Option<&str>) -> Result<Vec<&Key>, ChoiceError> {
        let Some(kid) = kid else {
            let mut keys = self.keys.iter().filter_map(|jwk| jwk.usable.as_ref().ok());
            return match (keys.next(), keys.next()) {
                (Some(key), None) if key.takes(algorithm) => Ok(vec![key]),
                (Some(_), None) => Err(ChoiceError::Mismatch),
                _ => Err(ChoiceError::Ambiguous),
            };
        };
        let named = || self.keys.iter().filter(|jwk| jwk.kid.as_deref() == Some(kid));
        let fitting: Vec<&Key> =
            named().filter_map(|jwk| jwk.usable.as_ref().ok()).filter(|key| key.takes(algorithm)).collect();
        if !fitting.is_empty() {
            return Ok(fitting);
        }
        match named().next() {
            None => Err(ChoiceError::Unknown),
            Some(Jwk { usable: Err(why), .. }) => Err(ChoiceError::Unusable(*why)),
            Some(Jwk { usable: Ok(_), .. }) => Err(ChoiceError::Mismatch),
        }
    }
}

impl Jwk {
    fn read(json: &Json) -> Self {
        let kid = json.member("kid").and_then(Json::as_text).map(str::to_owned);
        Self { kid, usable: Key::read(json) }
    }
}

impl Key {
    pub(crate) fn read(json: &Json) -> Result<Self, Unusable> {
        if json.member("kid").is_some_and(|kid| kid.as_text().is_none()) {
            return Err(Unusable::Malformed);
        }
        let kind = text(json, "kty")?;
        if kind == "oct" {
            return Err(Unusable::Symmetric);
        }
        if PRIVATE_MEMBERS.iter().any(|name| json.member(name).is_some()) {
            return Err(Unusable::Private);
        }
        check_use(json)?;
        let material = match kind {
            "RSA" => rsa(json)?,
            "EC" => point(json)?,
            "OKP" => edwards(json)?,
            _ => return Err(Unusable::Type),
        };
        let algorithm = match json.member("alg") {
            None => None,
            Some(name) => {
                let named = name.as_text().and_then(Algorithm::by_any_name);
                Some(named.filter(|named| material.suits(*named)).ok_or(Unusable::Algorithm)?)
            }
        };
        Ok(Self { algorithm, material })
    }

    fn takes(&self, algorithm: Algorithm) -> bool {
        self.algorithm.is_none_or(|bound| bound == algorithm) && self.material.suits(algorithm)
    }

    /// Whether the signature holds. An algorithm that is not for this key holds nothing.
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let single = |kind: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(kind, key).verify(message, signature).is_ok()
        };
        match (algorithm, &self.material) {
            _ if !self.takes(algorithm) => false,
            (Algorithm::Rs256, Material::Rsa { n, e }) => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
            (Algorithm::Ps256, Material::Rsa { n, e }) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PSS_2048_8192_SHA256, message, signature).is_ok()
            }
            (Algorithm::Es256, Material::P256(key)) => single(&ECDSA_P256_SHA256_FIXED, key),
            (Algorithm::Es384, Material::P384(key)) => single(&ECDSA_P384_SHA384_FIXED, key),
            (Algorithm::EdDsa, Material::Ed25519(key)) => single(&ED25519, key),
            (
                Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa,
                _,
            ) => false,
        }
    }
}

impl Material {
    const fn suits(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Rsa { .. } => matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256),
            Self::P256(_) => matches!(algorithm, Algorithm::Es256),
            Self::P384(_) => matches!(algorithm, Algorithm::Es384),
            Self::Ed25519(_) => matches!(algorithm, Algorithm::EdDsa),
        }
    }
}

fn text<'j>(json: &'j Json, name: &str) -> Result<&'j str, Unusable> {
    json.member(name).and_then(Json::as_text).ok_or(Unusable::Malformed)
}

fn bytes(json: &Json, name: &str) -> Result<Vec<u8>, Unusable> {
    URL_SAFE_NO_PAD.decode(text(json, name)?).map_err(|_| Unusable::Malformed)
}

/// RFC 7517 sections 4.2 and 4.3: where the key says what it is for, it must be verifying.
fn check_use(json: &Json) -> Result<(), Unusable> {
    if json.member("use").is_some_and(|given| given.as_text() != Some("sig")) {
        return Err(Unusable::Use);
    }
    match json.member("key_ops") {
        None => Ok(()),
        Some(Json::List(operations)) if operations.iter().any(|name| name.as_text() == Some("verify")) => {
            Ok(())
        }
        Some(_) => Err(Unusable::Use),
    }
}

fn rsa(json: &Json) -> Result<Material, Unusable> {
    let (n, e) = (bytes(json, "n")?, bytes(json, "e")?);
    let (Some(first), Some(last)) = (n.first(), e.last()) else { return Err(Unusable::Malformed) };
    // RFC 7518 section 6.3.1: the fewest bytes that hold the number, so no leading zero.
    if *first == 0 || e.first() == Some(&0) {
        return Err(Unusable::Malformed);
    }
    let unused = usize::try_from(first.leading_zeros()).unwrap_or(usize::MAX);
    let bits = (n.len() * 8).saturating_sub(unused);
    if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
        return Err(Unusable::Size);
    }
    if last % 2 == 0 || e == [1] {
        return Err(Unusable::Exponent);
    }
    if has_roca_fingerprint(&n) {
        return Err(Unusable::Roca);
    }
    Ok(Material::Rsa { n, e })
}

/// CVE-2017-15361 (Nemec et al., "The Return of Coppersmith's Attack", section 2.3): moduli of the broken
/// generator are powers of 65537 modulo every small prime; of other moduli one in 2^27 or fewer.
fn has_roca_fingerprint(n: &[u8]) -> bool {
    const PRIMES: [u32; 38] = [
        3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101,
        103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
    ];
    PRIMES.into_iter().all(|prime| {
        let residue = n.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
        let mut power = 1;
        (0..prime).any(|_| {
            power = power * 65_537 % prime;
            power == residue
        })
    })
}

/// RFC 7518 section 6.2.1: coordinates of the curve's full length. Whether the point lies on the curve,
/// the verification finds out.
fn point(json: &Json) -> Result<Material, Unusable> {
    let curve = text(json, "crv")?;
    let (length, make): (usize, fn(Vec<u8>) -> Material) = match curve {
        "P-256" => (32, Material::P256),
        "P-384" => (48, Material::P384),
        _ => return Err(Unusable::Type),
    };
    let (x, y) = (bytes(json, "x")?, bytes(json, "y")?);
    if x.len() != length || y.len() != length {
        return Err(Unusable::Malformed);
    }
    Ok(make([&[UNCOMPRESSED_POINT], x.as_slice(), y.as_slice()].concat()))
}

fn edwards(json: &Json) -> Result<Material, Unusable> {
    if text(json, "crv")? != "Ed25519" {
        return Err(Unusable::Type);
    }
    let key: [u8; 32] = bytes(json, "x")?.try_into().map_err(|_| Unusable::Malformed)?;
    if is_weak_point(&key) { Err(Unusable::Point) } else { Ok(Material::Ed25519(key)) }
}

/// RFC 8032 section 5.1.3 asks for y below the prime; the eight points of small order are the whole list
/// of keys for which anybody can sign.
fn is_weak_point(key: &[u8; 32]) -> bool {
    const PRIME: [u8; 32] = least_and_greatest(0xed, 0x7f);
    const MINUS_ONE: [u8; 32] = least_and_greatest(0xec, 0x7f);
    const ORDER_EIGHT: [[u8; 32]; 2] = [
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
            0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
            0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
        ],
    ];
    let mut y = *key;
    let [.., top] = &mut y;
    *top &= 0x7f;
    let is_canonical = y.iter().rev().lt(PRIME.iter().rev());
    let [low, rest @ ..] = y;
    let is_zero_or_one = low <= 1 && rest == [0; 31];
    !is_canonical || is_zero_or_one || y == MINUS_ONE || ORDER_EIGHT.contains(&y)
}

/// 32 bytes, little end first, all 255 but the ends.
const fn least_and_greatest(least: u8, greatest: u8) -> [u8; 32] {
    let mut bytes = [0xff; 32];
    let [first, .., last] = &mut bytes;
    *first = least;
    *last = greatest;
    bytes
}

#[cfg(test)]
#[path = "jwk_tests.rs"]
mod tests;
