//! What every user token says once its signature holds: one JSON object in which an expiry stands, and
//! perhaps more times, an e-mail address and a role. Types are strict: a time is a finite JSON number
//! (RFC 7519 section 2), a text a string, and nothing is converted. A member that stands twice is
//! refused, because the issuer's reader and ours could each see another one.

use procura_model::{Json, JsonError, Time, user::MAX_USER_ID_BYTES};
use std::time::Duration;

/// How deep the content of a token may nest, the object itself counted.
pub const MAX_DEPTH: usize = 32;

/// Why bytes are not one object that can be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// Not UTF-8.
    #[error("it is not UTF-8")]
    NotText,
    /// Not one JSON document.
    #[error("it is not one JSON document")]
    NotJson,
    /// A member stands twice.
    #[error("it has a member twice")]
    Duplicate,
    /// Nested too deep.
    #[error("it is nested too deep")]
    TooDeep,
    /// JSON, but no object.
    #[error("it is not a JSON object")]
    NotObject,
}

/// Why a claim cannot be used. The name is one of ours, never the token's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// There is no expiry.
    #[error("`exp` is missing")]
    NoExpiry,
    /// It must be a finite number.
    #[error("`{0}` is not a finite JSON number")]
    NotNumber(&'static str),
    /// It must be a string.
    #[error("{0} is not a string")]
    NotText(&'static str),
}

/// Why no user is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// It is not there.
    #[error("the user's id is missing")]
    Missing,
    /// It is no string.
    #[error("the user's id is not a string")]
    NotText,
    /// It is empty or blank.
    #[error("the user's id is empty or blank")]
    Blank,
    /// It is longer than any id that we keep.
    #[error("the user's id is longer than {MAX_USER_ID_BYTES} bytes")]
    TooLong,
}

/// The members of a token.
pub(crate) struct Claims(Vec<(String, Json)>);

impl Claims {
    /// Reads the one object that the bytes must be.
    pub(crate) fn read(bytes: &[u8], max_depth: usize) -> Result<Self, ObjectError> {
        let text = std::str::from_utf8(bytes).map_err(|_| ObjectError::NotText)?;
        let json = Json::parse(text).map_err(|error| match error {
            JsonError::DuplicateKey(_) => ObjectError::Duplicate,
            JsonError::TooDeep => ObjectError::TooDeep,
            JsonError::Syntax(_) | JsonError::TooMany => ObjectError::NotJson,
        })?;
        if depth(&json) > max_depth {
            return Err(ObjectError::TooDeep);
        }
        match json {
            Json::Map(members) => Ok(Self(members)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => {
                Err(ObjectError::NotObject)
            }
        }
    }

    /// A member, whatever it is.
    pub(crate) fn member(&self, name: &str) -> Option<&Json> {
        self.index(name).and_then(|index| self.0.get(index)).map(|(_, value)| value)
    }

    /// A member that must be a string where it stands; `what` says in an error what was meant.
    pub(crate) fn text(&self, name: &str, what: &'static str) -> Result<Option<String>, ClaimError> {
        match self.member(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text.clone())),
            Some(_) => Err(ClaimError::NotText(what)),
        }
    }

    /// A member that must be a number of seconds where it stands.
    pub(crate) fn seconds(&self, name: &'static str) -> Result<Option<f64>, ClaimError> {
        match self.member(name) {
            None => Ok(None),
            Some(Json::Number(text)) => {
                let seconds = text.parse().ok().filter(|seconds: &f64| seconds.is_finite());
                seconds.map(Some).ok_or(ClaimError::NotNumber(name))
            }
            Some(_) => Err(ClaimError::NotNumber(name)),
        }
    }

    /// Everything but the members of these names.
    pub(crate) fn into_attributes(mut self, without: &[&str]) -> Vec<(String, Json)> {
        self.0.retain(|(name, _)| !without.contains(&name.as_str()));
        self.0
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.0.binary_search_by(|(member, _)| member.as_str().cmp(name)).ok()
    }
}

fn depth(json: &Json) -> usize {
    match json {
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => 0,
        Json::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Json::Map(members) => 1 + members.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
    }
}

/// When a token is good, in seconds since 1970, perhaps with a fraction.
pub(crate) struct Validity {
    pub(crate) expires: f64,
    pub(crate) issued: Option<f64>,
    starts: Option<f64>,
}

impl Validity {
    /// `exp`, `iat` and `nbf`; the first must be there.
    pub(crate) fn read(claims: &Claims) -> Result<Self, ClaimError> {
        let expires = claims.seconds("exp")?.ok_or(ClaimError::NoExpiry)?;
        let issued = claims.seconds("iat")?;
        let starts = claims.seconds("nbf")?;
        Ok(Self { expires, issued, starts })
    }

    /// RFC 7519 section 4.1.4: "on or after" the expiry is too late.
    pub(crate) fn is_over(&self, now: f64, leeway: f64) -> bool {
        self.expires + leeway <= now
    }

    /// Whether it begins, or was issued, in the future.
    pub(crate) fn is_ahead(&self, now: f64, leeway: f64) -> bool {
        [self.issued, self.starts].into_iter().flatten().any(|time| time > now + leeway)
    }
}

/// A time as the tokens count it.
pub(crate) fn seconds(time: Time) -> f64 {
    Duration::from_millis(time.as_unsigned_ms()).as_secs_f64()
}

/// The user's id: a string that is not blank and not longer than any that we keep.
pub(crate) fn user_id(claim: Option<&Json>) -> Result<String, SubjectError> {
    match claim {
        None => Err(SubjectError::Missing),
        Some(Json::Text(id)) if id.trim().is_empty() => Err(SubjectError::Blank),
        Some(Json::Text(id)) if id.len() > MAX_USER_ID_BYTES => Err(SubjectError::TooLong),
        Some(Json::Text(id)) => Ok(id.clone()),
        Some(_) => Err(SubjectError::NotText),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Claims, ObjectError> {
        Claims::read(text.as_bytes(), MAX_DEPTH)
    }

    #[test]
    fn only_one_object_in_utf_8_is_taken() {
        assert_eq!(Claims::read(&[b'{', 0xff, b'}'], MAX_DEPTH).err(), Some(ObjectError::NotText));
        for (text, error) in [
            ("", ObjectError::NotJson),
            ("\u{feff}{}", ObjectError::NotJson),
            ("{} {}", ObjectError::NotJson),
            ("[]", ObjectError::NotObject),
            ("null", ObjectError::NotObject),
            (r#"{"a":1,"\u0061":1}"#, ObjectError::Duplicate),
        ] {
            assert_eq!(read(text).err(), Some(error), "{text}");
        }
    }

    #[test]
    fn depth_counts_the_object_itself() {
        let nested = |lists: usize| format!("{{\"a\":{}{}}}", "[".repeat(lists), "]".repeat(lists));
        assert!(read(&nested(31)).is_ok());
        assert_eq!(read(&nested(32)).err(), Some(ObjectError::TooDeep));
        assert_eq!(read(&nested(5_000)).err(), Some(ObjectError::TooDeep));
    }

    #[test]
    fn times_are_finite_numbers_and_nothing_else() {
        let take = |text: &str| Validity::read(&read(text).unwrap()).map(|validity| validity.expires);
        assert_eq!(take(r#"{"exp":1.7e9}"#), Ok(1.7e9));
        assert_eq!(take("{}"), Err(ClaimError::NoExpiry));
        for text in [r#"{"exp":"1"}"#, r#"{"exp":null}"#, r#"{"exp":true}"#, r#"{"exp":1e400}"#] {
            assert_eq!(take(text), Err(ClaimError::NotNumber("exp")), "{text}");
        }
        assert_eq!(take(r#"{"exp":1,"iat":"1"}"#), Err(ClaimError::NotNumber("iat")));
        assert_eq!(take(r#"{"exp":1,"nbf":[]}"#), Err(ClaimError::NotNumber("nbf")));
    }

    #[test]
    fn a_user_has_an_id_of_bounded_length_that_is_not_blank() {
        let id = |text: &str| user_id(Some(&Json::Text(text.to_owned())));
        assert_eq!(id(&"ü".repeat(128)), Ok("ü".repeat(128)));
        assert_eq!(id(&"u".repeat(257)), Err(SubjectError::TooLong));
        assert_eq!(id(" \u{a0}\n"), Err(SubjectError::Blank));
        assert_eq!(user_id(Some(&Json::Bool(true))), Err(SubjectError::NotText));
        assert_eq!(user_id(None), Err(SubjectError::Missing));
    }
}
