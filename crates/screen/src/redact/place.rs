//! Secrets that are known by the place they stand in: the password of a URL, a private-key block, the credential of an
//! `Authorization` header, the private half of a JWK, a digest response, a wallet's recovery phrase.

use base64::Engine;

use super::Hit;
use super::class::{B64TOKEN, BASE64, DIGIT, LOWER, Shape, UPPER, URL64, is_in, is_placeholder};
use super::token::run_length;

/// The longest authority of a URL that is looked at.
const LONGEST_AUTHORITY: usize = 1024;
/// How far a JWK's members may be from its `kty`.
const JWK_REACH: usize = 4096;

/// The password in `scheme://user:password@host`, or the token in `scheme://token@host`; `at` is after `://`.
pub(crate) fn url_password(text: &str, at: usize) -> Option<Hit> {
    let limit = crate::offsets::floor_boundary(text, at + LONGEST_AUTHORITY);
    let window = text.get(at..limit)?;
    let length =
        window.find(|c: char| c.is_whitespace() || "/?#\"'<>`\\|,;)".contains(c)).unwrap_or(window.len());
    let user_info = window.get(..length)?.rsplit_once('@')?.0;
    let (start, secret) = match user_info.split_once(':') {
        Some((user, password)) => (at + user.len() + 1, password),
        None => (at, user_info),
    };
    let bare_user = !user_info.contains(':');
    if is_placeholder(secret) && secret.len() < 24
        || bare_user && !(secret.len() >= 20 && Shape::of(secret.as_bytes()).is_random())
    {
        return None;
    }
    (!secret.is_empty() && !secret.contains(['[', ']', '{'])).then_some(Hit {
        start,
        end: start + secret.len(),
        kind: "url-password",
    })
}

/// A PEM block that begins at `start` with `-----BEGIN `.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    /// Where it begins.
    pub(crate) start: usize,
    /// Where it ends; a cut-off block ends with its base64.
    pub(crate) end: usize,
    /// Whether it holds a private key.
    pub(crate) private: bool,
}

/// Measures the PEM block whose `-----BEGIN ` is at `start`.
pub(crate) fn pem_block(text: &str, start: usize) -> Option<Block> {
    let label_start = start + "-----BEGIN ".len();
    let limit = crate::offsets::floor_boundary(text, label_start + 64);
    let label_length = text.get(label_start..limit)?.find("-----")?;
    let label = text.get(label_start..label_start + label_length)?;
    if !label.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ') {
        return None;
    }
    let body = label_start + label_length + 5;
    let end = pem_end(text, body, label);
    Some(Block { start, end, private: label.contains("PRIVATE KEY") })
}

/// After the matching END line if it comes before anything that is no PEM, else after the last byte of base64.
fn pem_end(text: &str, body: usize, label: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = body;
    let mut end = body;
    while let Some(&byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.starts_with(b"-----END ") {
            let tail = text.get(at..).and_then(|tail| tail.get(9..)).unwrap_or_default();
            let closing = if tail.starts_with(label) { 9 + label.len() } else { 9 };
            return at + closing + rest.get(closing..).map_or(0, |dashes| run_of(dashes, b'-'));
        }
        if is_in(byte, BASE64) {
            let run = run_length(bytes, at, BASE64, usize::MAX);
            let header = bytes.get(at + run).is_some_and(|next| *next == b':' || *next == b'-');
            at += run;
            end = if header { end } else { at };
        } else if b"\\\r\n \t\":-,.()".contains(&byte) {
            if is_foreign(rest) {
                return end;
            }
            at += 1;
        } else {
            return end;
        }
    }
    end
}

/// Whether a blank begins ordinary prose instead of the next line of base64.
fn is_foreign(rest: &[u8]) -> bool {
    rest.starts_with(b"\n\n\n")
        || rest.starts_with(b" \"")
        || rest.starts_with(b"\", \"")
        || rest.starts_with(b"-----BEGIN")
}

fn run_of(bytes: &[u8], wanted: u8) -> usize {
    bytes.iter().take_while(|byte| **byte == wanted).count()
}

/// The credential after the word `Bearer` or `Basic`, which ends at `at`.
pub(crate) fn credential(text: &str, at: usize, word: &str) -> Option<Hit> {
    let bytes = text.as_bytes();
    let blanks = bytes.get(at..)?.iter().take(4).take_while(|byte| b" \t+".contains(byte)).count();
    let escaped = bytes.get(at..)?.starts_with(b"%20");
    let start = at + if escaped { 3 } else { blanks };
    let length = run_length(bytes, start, B64TOKEN, 8192);
    let value = text.get(start..start + length)?.trim_end_matches(['.', ',']);
    if start == at {
        return None;
    }
    let sound = if word.eq_ignore_ascii_case("basic") { is_basic(value) } else { is_bearer(value) };
    let kind = if word.eq_ignore_ascii_case("basic") { "basic-auth" } else { "bearer-token" };
    (sound && !is_placeholder(value)).then_some(Hit { start, end: start + value.len(), kind })
}

fn is_bearer(value: &str) -> bool {
    let shape = Shape::of(value.as_bytes());
    value.len() >= 12
        && (shape.has(DIGIT) && shape.distinct >= 6
            || shape.has(UPPER) && shape.has(LOWER) && shape.changes >= 4)
}

fn is_basic(value: &str) -> bool {
    let Some(decoded) = decode64(value) else { return false };
    value.len() >= 8 && decoded.contains(&b':') && decoded.iter().all(|byte| *byte >= b' ')
}

/// Decodes either base64 alphabet, with or without padding.
pub(crate) fn decode64(value: &str) -> Option<Vec<u8>> {
    let trimmed = value.trim_end_matches('=');
    let trimmed = if trimmed.len() % 4 == 1 { trimmed.get(..trimmed.len() - 1)? } else { trimmed };
    base64::engine::general_purpose::STANDARD_NO_PAD
        .decode(trimmed)
        .or_else(|_| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(trimmed))
        .or_else(|_| LENIENT.decode(trimmed))
        .ok()
}

/// Accepts a last character whose unused bits are not zero, as sloppy writers produce.
const LENIENT: base64::engine::GeneralPurpose = base64::engine::GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    base64::engine::GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
);

/// The private members of the JWK around its `"kty"` at `at`; gives back up to where they were looked for.
pub(crate) fn jwk_private(text: &str, at: usize, hits: &mut Vec<Hit>) -> usize {
    let from = crate::offsets::floor_boundary(text, at.saturating_sub(JWK_REACH));
    let to = crate::offsets::floor_boundary(text, at + JWK_REACH);
    let open = text.get(from..at).and_then(|before| before.rfind('{')).map_or(from, |found| from + found);
    let close = text.get(at..to).and_then(|after| after.find('}')).map_or(to, |found| at + found);
    let Some(object) = text.get(open..close) else { return close };
    for member in ["d", "p", "q", "dp", "dq", "qi", "k"] {
        let quoted = format!("\"{member}");
        let mut rest = 0;
        while let Some(found) = object.get(rest..).and_then(|tail| tail.find(&quoted)) {
            let name_end = rest + found + quoted.len();
            let start = name_end + object.get(name_end..).map_or(0, punctuation_length);
            let length = run_length(object.as_bytes(), start, URL64, 4096);
            let closed = object.as_bytes().get(name_end).is_some_and(|byte| b"\"\\".contains(byte));
            if closed && length >= 32 {
                hits.push(Hit { start: open + start, end: open + start + length, kind: "jwk-private" });
            }
            rest = name_end;
        }
    }
    close
}

fn punctuation_length(tail: &str) -> usize {
    tail.bytes().take(16).take_while(|byte| b"\"\\: \t".contains(byte)).count()
}

/// The hexadecimal response of a digest authorization; `at` is after `response=`.
pub(crate) fn digest_response(text: &str, at: usize) -> Option<Hit> {
    let bytes = text.as_bytes();
    let start = at + punctuation_length(text.get(at..)?);
    let length = run_length(bytes, start, super::class::HEX, 129);
    [32, 64].contains(&length).then_some(Hit { start, end: start + length, kind: "digest-response" })
}

/// The words of a recovery phrase that follow the word `phrase` or `mnemonic` ending at `at`.
pub(crate) fn recovery_phrase(text: &str, at: usize) -> Option<Hit> {
    let limit = crate::offsets::floor_boundary(text, at + 400);
    let window = text.get(at..limit)?;
    let blanks = window.bytes().take(16).take_while(|byte| b"\"'\\:= \t\n".contains(byte)).count();
    let words = window.get(blanks..)?;
    let (mut end, mut count) = (0, 0);
    for word in words.split_inclusive(' ') {
        let bare = word.bytes().take_while(u8::is_ascii_lowercase).count();
        if !(3..=8).contains(&bare) || count == 24 {
            break;
        }
        end += bare;
        count += 1;
        if bare + 1 != word.len() || !word.ends_with(' ') {
            break;
        }
        end += 1;
    }
    let phrase = words.get(..end)?.trim_end();
    let start = at + blanks;
    (blanks > 0 && count >= 12).then_some(Hit { start, end: start + phrase.len(), kind: "recovery-phrase" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Option<&str> {
        let hit = url_password(text, text.find("://")? + 3)?;
        text.get(hit.start..hit.end)
    }

    #[test]
    fn the_password_of_a_url_is_found_and_placeholders_are_left() {
        assert_eq!(url("postgres://app:L8Uig7nP0q@db.example/x"), Some("L8Uig7nP0q"));
        assert_eq!(url("redis://:s3cr3tvalue@h:1/0"), Some("s3cr3tvalue"));
        assert_eq!(url("https://a:p@ss9word1@h/x"), Some("p@ss9word1"));
        for text in ["postgres://user:password@h/db", "https://h/a@b", "https://ada@h/x", "x://u:${PASS}@h"] {
            assert_eq!(url(text), None, "{text}");
        }
    }

    #[test]
    fn a_private_block_ends_at_its_end_line_or_with_its_base64() {
        let label = ["PRIVATE", "KEY"].join(" ");
        let whole = format!("-----BEGIN {label}-----\nAAAA\nBBBB\n-----END {label}-----\nrest");
        assert_eq!(pem_block(&whole, 0).unwrap().end, whole.len() - 5);
        let cut = format!("-----BEGIN {label}-----\nAAAABBBBCCCC\nDDDD");
        assert_eq!(pem_block(&cut, 0).unwrap(), Block { start: 0, end: cut.len(), private: true });
        assert!(
            !pem_block("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", 0).unwrap().private
        );
    }

    #[test]
    fn header_credentials_are_told_from_prose() {
        let header = "Authorization: Basic YWRhOmp2RGJ4Z1BUYW81UA==";
        assert_eq!(credential(header, 20, "Basic").unwrap().start, 21);
        assert_eq!(credential("Basic authentication credentials", 5, "Basic"), None);
        assert_eq!(credential("Bearer bonds were popular", 6, "Bearer"), None);
        assert!(credential("Bearer mCVGdTkfrp-hJSzUyJt_x", 6, "Bearer").is_some());
    }

    #[test]
    fn twelve_words_after_the_word_phrase_are_a_wallet() {
        let words = ["able"; 12].join(" ");
        let text = format!("recovery phrase: {words}\nwrite it down");
        let hit = recovery_phrase(&text, 15).unwrap();
        assert_eq!(text.get(hit.start..hit.end), Some(words.as_str()));
        assert_eq!(recovery_phrase("a phrase: one two three", 8), None);
    }
}
