//! Opaque secrets: `prefix_`, 43 base62 characters for 32 random bytes, 6 base62 characters for the
//! CRC-32 of all that stands before them. The prefix says what leaked, the checksum turns a typo away
//! before the database is asked and lets a scanner be sure of its find; neither is a secret.
//! The store gets the SHA-256 of the whole text and nothing else.

use procura_model::{Digest, Entropy, Error, Reason, ShownOnce};
use zeroize::Zeroize;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62^43 is the first power of 62 over 2^256.
const BODY_CHARS: usize = 43;
/// 62^6 is the first power of 62 over 2^32.
const CHECK_CHARS: usize = 6;
/// How much of the body a preview shows: 24 of 256 bits.
const PREVIEW_CHARS: usize = 4;

/// What an opaque secret is for. Its prefix is part of the secret's text and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// An agent's key.
    AgentKey,
    /// The key of the customer's own server.
    PlatformKey,
    /// A session: of a person's browser, or of an agent for a user.
    Session,
    /// A one-time link.
    Link,
    /// An agent's passport.
    Passport,
    /// The secret of an OAuth client.
    ClientSecret,
    /// An opaque access token.
    AccessToken,
    /// A refresh token.
    RefreshToken,
    /// An authorization code.
    Code,
    /// What a device polls with (RFC 8628).
    DeviceCode,
    /// A pushed authorization request (RFC 9126).
    PushedRequest,
    /// A credential of a guarded API.
    ApiKey,
    /// What an agent asks to be claimed with.
    ClaimToken,
}

impl TokenKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::AgentKey,
        Self::PlatformKey,
        Self::Session,
        Self::Link,
        Self::Passport,
        Self::ClientSecret,
        Self::AccessToken,
        Self::RefreshToken,
        Self::Code,
        Self::DeviceCode,
        Self::PushedRequest,
        Self::ApiKey,
        Self::ClaimToken,
    ];

    /// What the secret's text starts with, with the underscore.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::AgentKey => "pca_",
            Self::PlatformKey => "pcp_",
            Self::Session => "pcs_",
            Self::Link => "pcl_",
            Self::Passport => "pct_",
            Self::ClientSecret => "pcc_",
            Self::AccessToken => "pat_",
            Self::RefreshToken => "prt_",
            Self::Code => "pac_",
            Self::DeviceCode => "pdc_",
            Self::PushedRequest => "par_",
            Self::ApiKey => "pak_",
            Self::ClaimToken => "clm_",
        }
    }
}

/// A fresh secret: its text for the one who asked, its digest for the store.
#[derive(Debug)]
pub struct Minted {
    /// The text, to be shown once.
    pub secret: ShownOnce,
    /// What the store keeps.
    pub digest: Digest,
    /// The first characters, to tell secrets apart in a list: `pca_Ab3x..`.
    pub preview: String,
}

/// A text that can be a secret: whether it is one, the store knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// What it is for.
    pub kind: TokenKind,
    /// What to look for in the store.
    pub digest: Digest,
}

/// Why a text cannot be a secret of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It starts with none of our prefixes.
    #[error("the prefix is none of ours")]
    Prefix,
    /// It is too short or too long.
    #[error("the length is not that of a secret")]
    Length,
    /// It holds a character that is neither letter nor digit.
    #[error("a character is neither a letter nor a digit")]
    Charset,
    /// The last six characters do not fit the rest: a typo.
    #[error("the checksum does not fit")]
    Checksum,
}

impl From<TokenError> for Error {
    fn from(_: TokenError) -> Self {
        Reason::CredentialMalformed.into()
    }
}

/// Makes a new secret.
#[must_use]
pub fn mint(kind: TokenKind, entropy: &Entropy) -> Minted {
    let mut bytes: [u8; 32] = entropy.bytes();
    let mut text = String::with_capacity(kind.prefix().len() + BODY_CHARS + CHECK_CHARS);
    text.push_str(kind.prefix());
    push_base62(&mut text, &bytes);
    bytes.zeroize();
    let check = crc32fast::hash(text.as_bytes());
    text.extend(checksum(check).map(char::from));
    let preview = preview(kind, &text);
    let digest = Digest::of(text.as_bytes());
    Minted { secret: ShownOnce::new(text), digest, preview }
}

/// The first characters of a secret, as a list shows them.
pub(crate) fn preview(kind: TokenKind, text: &str) -> String {
    let preview_end = kind.prefix().len() + PREVIEW_CHARS;
    format!("{}..", text.get(..preview_end).unwrap_or_default())
}

/// Reads a secret's text without touching a store. The text is not copied.
///
/// # Errors
/// [`TokenError`] when it cannot be a secret of ours.
pub fn parse(text: &str) -> Result<Parsed, TokenError> {
    let (kind, rest) = TokenKind::ALL
        .into_iter()
        .find_map(|kind| text.strip_prefix(kind.prefix()).map(|rest| (kind, rest)))
        .ok_or(TokenError::Prefix)?;
    if rest.len() != BODY_CHARS + CHECK_CHARS {
        return Err(TokenError::Length);
    }
    if !rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(TokenError::Charset);
    }
    let (signed, shown) = text.split_at_checked(text.len() - CHECK_CHARS).ok_or(TokenError::Length)?;
    if shown.bytes().ne(checksum(crc32fast::hash(signed.as_bytes()))) {
        return Err(TokenError::Checksum);
    }
    Ok(Parsed { kind, digest: Digest::of(text.as_bytes()) })
}

/// Base62 with fixed width, most significant digit first: long division of 256 bits by 62.
fn push_base62(text: &mut String, bytes: &[u8; 32]) {
    let mut number = *bytes;
    let mut digits = [b'0'; BODY_CHARS];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0_u16;
        for byte in &mut number {
            let value = (remainder << 8) | u16::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            remainder = value % 62;
        }
        *digit = letter(u32::from(remainder));
    }
    text.extend(digits.iter().copied().map(char::from));
    number.zeroize();
    digits.zeroize();
}

fn checksum(crc: u32) -> [u8; CHECK_CHARS] {
    let mut digits = [b'0'; CHECK_CHARS];
    let mut rest = crc;
    for digit in digits.iter_mut().rev() {
        *digit = letter(rest % 62);
        rest /= 62;
    }
    digits
}

fn letter(value: u32) -> u8 {
    usize::try_from(value).ok().and_then(|index| ALPHABET.get(index)).copied().unwrap_or(b'0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn base62(bytes: &[u8; 32]) -> String {
        let mut text = String::new();
        push_base62(&mut text, bytes);
        text
    }

    #[test]
    fn base62_is_fixed_width_and_big_end_first() {
        assert_eq!(base62(&[0; 32]), "0".repeat(43));
        let mut one = [0; 32];
        one[31] = 62;
        assert_eq!(base62(&one), format!("{}10", "0".repeat(41)));
        // Reckoned elsewhere, with whole numbers of any size.
        assert_eq!(base62(&[255; 32]), "yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1");
        let counting: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap());
        assert_eq!(base62(&counting), "003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf");
    }

    #[test]
    fn a_minted_secret_parses_to_its_own_digest() {
        let entropy = Entropy::seeded(1);
        for kind in TokenKind::ALL {
            let minted = mint(kind, &entropy);
            let text = minted.secret.show();
            assert_eq!(text.len(), 4 + 43 + 6);
            assert_eq!(parse(text), Ok(Parsed { kind, digest: minted.digest }));
            assert_eq!(minted.preview, format!("{}..", &text[..8]));
        }
    }

    #[test]
    fn prefixes_are_unique_and_none_begins_another() {
        for kind in TokenKind::ALL {
            let others = TokenKind::ALL.into_iter().filter(|other| *other != kind);
            assert!(others.into_iter().all(|other| !other.prefix().starts_with(kind.prefix())));
        }
    }

    #[test]
    fn what_cannot_be_a_secret_is_told_apart_without_a_store() {
        let minted = mint(TokenKind::AgentKey, &Entropy::seeded(2));
        let text = minted.secret.show();
        assert_eq!(parse(""), Err(TokenError::Prefix));
        assert_eq!(parse(&text.replacen("pca_", "pcx_", 1)), Err(TokenError::Prefix));
        assert_eq!(parse(&text.replacen("pca_", "PCA_", 1)), Err(TokenError::Prefix));
        assert_eq!(parse(&format!(" {text}")), Err(TokenError::Prefix));
        assert_eq!(parse(&format!("{text}0")), Err(TokenError::Length));
        assert_eq!(parse(&text[..text.len() - 1]), Err(TokenError::Length));
        assert_eq!(parse(&text.replacen("pca_", "pcp_", 1)), Err(TokenError::Checksum));
        assert_eq!(parse(&format!("{}é", &text[..text.len() - 2])), Err(TokenError::Charset));
        assert_eq!(parse(&format!("{}-", &text[..text.len() - 1])), Err(TokenError::Charset));
    }

    proptest! {
        #[test]
        fn a_changed_character_never_passes(seed: u64, at in 4_usize..53, to in 0_usize..62) {
            let minted = mint(TokenKind::Session, &Entropy::seeded(seed));
            let mut bytes = minted.secret.show().as_bytes().to_vec();
            prop_assume!(bytes[at] != ALPHABET[to]);
            bytes[at] = ALPHABET[to];
            prop_assert_eq!(parse(std::str::from_utf8(&bytes).unwrap()), Err(TokenError::Checksum));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            prop_assert!(parse(&text).is_err());
            let prefixed = format!("pca_{text}");
            prop_assert!(parse(&prefixed).is_err());
        }
    }
}
