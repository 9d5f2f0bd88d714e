//! Bodies, read once and strictly. The order of the refusals: content type (415), declared or
//! actual size (413), time (408), UTF-8 and syntax with duplicate keys and depth (400), and only
//! then the fields by name (422). Whoever is calling was found out before the first byte is read.

use crate::{respond::Failure, sentence, state::WebState};
use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use procura_model::{Json, JsonError, Reason};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// How long a whole body may take to arrive.
pub const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// A JSON body of this shape.
#[derive(Clone, Copy, Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<WebState> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &WebState) -> Result<Self, Failure> {
        demand_type(request.headers(), "application/json")?;
        let bytes = read(request.into_body(), state.app.settings.max_body_bytes).await?;
        parse(&bytes).map(Self)
    }
}

/// A JSON body of this shape that may be left out.
#[derive(Clone, Copy, Debug)]
pub struct OptionalBody<T>(pub T);

impl<T: DeserializeOwned + Default> FromRequest<WebState> for OptionalBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &WebState) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let bytes = read(body, state.app.settings.max_body_bytes).await?;
        if bytes.trim_ascii().is_empty() {
            return Ok(Self(T::default()));
        }
        demand_type(&parts.headers, "application/json")?;
        parse(&bytes).map(Self)
    }
}

/// A request that may have no body at all, or only `{}`.
#[derive(Clone, Copy, Debug)]
pub struct NoBody;

impl FromRequest<WebState> for NoBody {
    type Rejection = Failure;

    async fn from_request(request: Request, _state: &WebState) -> Result<Self, Failure> {
        let bytes = read(request.into_body(), 64).await?;
        match bytes.trim_ascii() {
            b"" | b"{}" => Ok(Self),
            _ => Err(Failure(
                Reason::FieldInvalid.because("This operation takes no fields; send no body or {}."),
            )),
        }
    }
}

/// Demands that the body is said to be of this type; a charset may only be UTF-8.
///
/// # Errors
/// `MEDIA_TYPE_UNSUPPORTED` when it is not.
pub fn demand_type(headers: &HeaderMap, wanted: &'static str) -> Result<(), Failure> {
    let refuse = || {
        Failure(
            Reason::MediaTypeUnsupported.because(format!("The body must be sent as Content-Type: {wanted}.")),
        )
    };
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).ok_or_else(refuse)?;
    let mut parts = value.split(';').map(str::trim);
    if !parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case(wanted)) {
        return Err(refuse());
    }
    let is_utf8 = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        !name.trim().eq_ignore_ascii_case("charset")
            || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    };
    if parts.all(is_utf8) { Ok(()) } else { Err(refuse()) }
}

/// Reads a whole body within its size and its time.
///
/// # Errors
/// `BODY_TOO_LARGE`, `BODY_TOO_SLOW`, or `BODY_MALFORMED` when the sender broke off.
pub async fn read<B>(body: B, max_bytes: usize) -> Result<Bytes, Failure>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let too_large =
        || Failure(Reason::BodyTooLarge.because(format!("The body is larger than {max_bytes} bytes.")));
    let declared = body.size_hint().lower();
    if declared > u64::try_from(max_bytes).unwrap_or(u64::MAX) {
        return Err(too_large());
    }
    let whole = Limited::new(body, max_bytes).collect();
    match tokio::time::timeout(BODY_DEADLINE, whole).await {
        Err(_) => Err(Failure(
            Reason::BodyTooSlow
                .because(format!("The body did not arrive within {} seconds.", BODY_DEADLINE.as_secs())),
        )),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Failure(Reason::BodyMalformed.because("The body broke off before its end."))),
    }
}

/// Reads one JSON document of this shape.
///
/// # Errors
/// `BODY_MALFORMED` or `FIELD_INVALID`.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| malformed(format!("not UTF-8 at byte {}", error.valid_up_to())))?;
    if text.trim().is_empty() {
        return Err(malformed("it is empty".to_owned()));
    }
    match Json::parse(text) {
        Ok(Json::Map(_)) => {}
        Ok(_) => return Err(Failure(Reason::FieldInvalid.because("The body must be a JSON object."))),
        Err(
            error @ (JsonError::Syntax(_)
            | JsonError::DuplicateKey(_)
            | JsonError::TooDeep
            | JsonError::TooMany),
        ) => {
            return Err(malformed(error.to_string()));
        }
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        Failure(sentence::field_invalid(&path, &error.into_inner().to_string()))
    })
}

fn malformed(why: String) -> Failure {
    Failure(Reason::BodyMalformed.because(format!("The body cannot be read as JSON: {why}.")))
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
