//! The signed session token: base64url(JSON) + "." + base64url(HMAC-SHA256(first segment, secret)).
//!
//! What is decided here: which payloads are not worth signing. The rules are those of the server with no leeway, in the
//! server's order, so that a mistake shows where it is made and not at the first user. They are applied to what the
//! server will read, the serialized payload, and not to the value that was passed.

use crate::strict;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::Sha256;
use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

/// The longest life of a token, in seconds.
const LONGEST_LIFE: f64 = 3600.0;
/// The longest token, in bytes.
const LONGEST_TOKEN: usize = 8192;
/// How deep a payload may nest, itself included.
const DEEPEST: usize = 32;
/// The longest `userId`, in bytes.
const LONGEST_USER_ID: usize = 256;
/// The shortest secret, in bytes: as long as what HMAC-SHA256 gives (RFC 2104 section 3).
const SHORTEST_SECRET: usize = 32;

/// The payload or the secret cannot make a token that the server accepts. The text holds nothing of either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionTokenError {
    /// The secret has fewer than 32 bytes.
    SecretTooShort,
    /// The payload is not an object of the expected shape; the text says what is wrong.
    Malformed(&'static str),
    /// The token would have ended already, or would live too long; the text says which.
    Expired(&'static str),
    /// `iat` or `nbf` lies in the future.
    NotYetValid,
    /// `userId` is missing, blank, not a string, or has more than 256 bytes.
    NoSubject,
}

impl SessionTokenError {
    /// What the server would answer; none where the secret is at fault, which the server never sees.
    #[must_use]
    pub const fn code(self) -> Option<&'static str> {
        match self {
            Self::SecretTooShort => None,
            Self::Malformed(_) => Some("AUTH_TOKEN_MALFORMED"),
            Self::Expired(_) => Some("AUTH_TOKEN_EXPIRED"),
            Self::NotYetValid => Some("AUTH_TOKEN_INVALID"),
            Self::NoSubject => Some("AUTH_TOKEN_NO_SUBJECT"),
        }
    }
}

impl fmt::Display for SessionTokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SecretTooShort => "the secret has fewer than 32 bytes",
            Self::Malformed(what) | Self::Expired(what) => what,
            Self::NotYetValid => "nbf or iat lies in the future: round the time down",
            Self::NoSubject => "userId is not a string of at most 256 bytes that names somebody",
        })
    }
}

impl std::error::Error for SessionTokenError {}

/// Signs the token that your page hands to your agent and your agent sends once, as `X-User-Auth-Token`.
///
/// `payload` serializes to an object with `userId` (your own id of the user) and `exp` (unix seconds, at most an hour
/// away), and may have `email`, `role`, `iat` and `nbf`; every other member becomes a custom attribute, which agents treat
/// as untrusted text. `secret` is the agent's shared secret, at least 32 bytes; it stays on your server.
///
/// # Errors
/// The server would refuse the token.
#[expect(clippy::disallowed_methods, reason = "this runs in a program that is not of the house")]
pub fn sign_session_token<P: Serialize + ?Sized>(
    payload: &P,
    secret: &str,
) -> Result<String, SessionTokenError> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    // Before 1970 every exp is too far away, so nothing is signed.
    sign_at(payload, secret, since.map_or(0.0, |since| since.as_secs_f64()))
}

/// `now` is in unix seconds.
fn sign_at<P: Serialize + ?Sized>(payload: &P, secret: &str, now: f64) -> Result<String, SessionTokenError> {
    if secret.len() < SHORTEST_SECRET {
        return Err(SessionTokenError::SecretTooShort);
    }
    let json = serde_json::to_string(payload)
        .map_err(|_| SessionTokenError::Malformed("the payload cannot be written as JSON"))?;
    let body = URL_SAFE_NO_PAD.encode(&json);
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_| SessionTokenError::SecretTooShort)?;
    mac.update(body.as_bytes());
    let token = format!("{body}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    if token.len() > LONGEST_TOKEN {
        return Err(SessionTokenError::Malformed(
            "the token has more than 8192 bytes: put less into the payload",
        ));
    }
    check(&read(&json)?, now)?;
    Ok(token)
}

fn check(payload: &Map<String, Value>, now: f64) -> Result<(), SessionTokenError> {
    let number = |name: &str| payload.get(name).map(Value::as_f64);
    let Some(Some(exp)) = number("exp") else {
        return Err(SessionTokenError::Malformed("exp is not a number of unix seconds"));
    };
    let (Some(iat), Some(nbf)) = (number("iat").unwrap_or(Some(now)), number("nbf").unwrap_or(Some(now)))
    else {
        return Err(SessionTokenError::Malformed("iat or nbf is not a number of unix seconds"));
    };
    if ["email", "role"].iter().any(|name| payload.get(*name).is_some_and(|value| !value.is_string())) {
        return Err(SessionTokenError::Malformed(
            "email or role is not a string: leave it out where there is none",
        ));
    }
    if exp <= now {
        return Err(SessionTokenError::Expired(
            "exp has passed: it is in unix seconds and lies in the future",
        ));
    }
    if exp - now > LONGEST_LIFE || exp - iat > LONGEST_LIFE {
        return Err(SessionTokenError::Expired(
            "exp is more than 3600 seconds away: a token lives for an hour at most",
        ));
    }
    if nbf > now || iat > now {
        return Err(SessionTokenError::NotYetValid);
    }
    let user_id = payload.get("userId").and_then(Value::as_str).unwrap_or_default();
    if user_id.trim().is_empty() || user_id.len() > LONGEST_USER_ID {
        return Err(SessionTokenError::NoSubject);
    }
    Ok(())
}

/// Reads it back as the server does: an object, nothing twice, not too deep. A flattened map can write a member twice.
fn read(json: &str) -> Result<Map<String, Value>, SessionTokenError> {
    match strict::read(json, DEEPEST) {
        Some(Value::Object(members)) => Ok(members),
        Some(_) => Err(SessionTokenError::Malformed("the payload is not an object")),
        None => Err(SessionTokenError::Malformed(
            "the payload has a member twice, or is more than 32 levels deep",
        )),
    }
}

#[cfg(test)]
#[path = "session_token_tests.rs"]
mod tests;
