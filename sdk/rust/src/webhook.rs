//! Whether a webhook was sent by Procura: an HMAC over when it was sent and what, by a secret that only both sides have.
//!
//! What is decided here: which deliveries may be read at all. Two forms are known: Standard Webhooks (`webhook-id`,
//! `webhook-timestamp`, `webhook-signature`), which signs the id too, and `x-procura-signature`. Where a header of the first
//! form is there, the first form decides alone: nobody gets past it by adding the second.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

/// How old a delivery may be, or how far ahead its sender's clock, in seconds, unless the caller says otherwise.
pub const USUAL_TOLERANCE: u64 = 300;
/// The shortest key, in bytes (Standard Webhooks).
const SHORTEST_KEY: usize = 24;
const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";
const OWN: &str = "x-procura-signature";

/// What is known of a delivery that Procura sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// By which a second delivery of the same event is known; none in the form that does not sign it.
    pub id: Option<String>,
    /// When it was sent, in unix seconds.
    pub timestamp: i64,
}

/// Why a delivery may not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookError {
    /// Our own secret is none: not `whsec_` and base64 of at least 24 bytes.
    Secret,
    /// A header is missing, or is not what it must be.
    Header,
    /// It is too old, or from the future.
    Time,
    /// No signature holds.
    Signature,
}

impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret => "the secret is not whsec_ and base64: is its environment variable set?",
            Self::Header => "a header of the signature is missing, or is not what it must be",
            Self::Time => "the delivery is too old, or from the future",
            Self::Signature => "no signature holds",
        })
    }
}

impl std::error::Error for WebhookError {}

/// Gives what is known of a delivery that Procura sent not longer than five minutes ago.
///
/// `raw_body` is the body as it came; a parsed and written one has other bytes. `header` looks up a header by its name in
/// small letters, as `http::HeaderMap` does. `secrets` are the endpoint's; several while they are being changed.
///
/// # Errors
/// Any other delivery.
pub fn verify_webhook_signature<'h>(
    raw_body: &[u8],
    header: impl Fn(&str) -> Option<&'h str>,
    secrets: &[&str],
) -> Result<Delivery, WebhookError> {
    verify_webhook_signature_at(raw_body, header, secrets, (now(), USUAL_TOLERANCE))
}

/// The same at this time, in unix seconds, and with this tolerance to either side.
///
/// # Errors
/// As [`verify_webhook_signature`].
pub fn verify_webhook_signature_at<'h>(
    raw_body: &[u8],
    header: impl Fn(&str) -> Option<&'h str>,
    secrets: &[&str],
    (now, tolerance_seconds): (i64, u64),
) -> Result<Delivery, WebhookError> {
    let keys = secrets.iter().map(|secret| key(secret)).collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() {
        return Err(WebhookError::Secret);
    }
    let is_standard = [ID, TIMESTAMP, SIGNATURE].iter().any(|name| header(name).is_some());
    let signed = if is_standard { standard(&header)? } else { own(&header)? };
    if now.abs_diff(signed.timestamp) > tolerance_seconds {
        return Err(WebhookError::Time);
    }
    let mac = |key: &Vec<u8>| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
        mac.update(signed.before.as_bytes());
        mac.update(raw_body);
        Some(mac)
    };
    let holds = |key: &Vec<u8>| {
        let Some(mac) = mac(key) else { return false };
        signed.signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
    };
    if keys.iter().any(holds) {
        Ok(Delivery { id: signed.id, timestamp: signed.timestamp })
    } else {
        Err(WebhookError::Signature)
    }
}

#[expect(clippy::disallowed_methods, reason = "this runs in a program that is not of the house")]
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.ok().and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or_default()
}

fn key(secret: &str) -> Result<Vec<u8>, WebhookError> {
    let text = secret.strip_prefix("whsec_").unwrap_or(secret);
    let key = STANDARD.decode(text).map_err(|_| WebhookError::Secret)?;
    if key.len() < SHORTEST_KEY { Err(WebhookError::Secret) } else { Ok(key) }
}

/// What the headers say was signed.
struct Signed {
    id: Option<String>,
    timestamp: i64,
    /// What stands before the body.
    before: String,
    signatures: Vec<Vec<u8>>,
}

fn standard<'h>(header: &impl Fn(&str) -> Option<&'h str>) -> Result<Signed, WebhookError> {
    let find = |name| header(name).ok_or(WebhookError::Header);
    let (id, time, list) = (find(ID)?, find(TIMESTAMP)?, find(SIGNATURE)?);
    if id.is_empty() || id.contains('.') {
        return Err(WebhookError::Header);
    }
    let entries = list.split(' ').filter_map(|entry| entry.strip_prefix("v1,"));
    Ok(Signed {
        id: Some(id.to_owned()),
        timestamp: seconds(time)?,
        before: format!("{id}.{time}."),
        signatures: entries.filter_map(|entry| STANDARD.decode(entry).ok()).collect(),
    })
}

fn own<'h>(header: &impl Fn(&str) -> Option<&'h str>) -> Result<Signed, WebhookError> {
    let text = header(OWN).ok_or(WebhookError::Header)?;
    let named = |name: &'static str| {
        let pairs = text.split(',').filter_map(|part| part.split_once('='));
        pairs.filter(move |(key, _)| *key == name).map(|(_, value)| value)
    };
    let mut times = named("t");
    let (Some(time), None) = (times.next(), times.next()) else { return Err(WebhookError::Header) };
    Ok(Signed {
        id: None,
        timestamp: seconds(time)?,
        before: format!("{time}."),
        signatures: named("v1").filter_map(hex).collect(),
    })
}

fn seconds(text: &str) -> Result<i64, WebhookError> {
    let is_digits = (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_digits { text.parse().map_err(|_| WebhookError::Header) } else { Err(WebhookError::Header) }
}

/// Bytes in the one spelling that they have: in small letters.
fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
