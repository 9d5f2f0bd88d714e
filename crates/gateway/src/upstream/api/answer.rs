//! The answer of an API as the result of a tool: JSON or text, within size and time, as one text block,
//! which is screened, redacted, cut and fenced like any other. A status of 400 and above is an error of
//! the tool that the model can read; a redirect is never followed, least of all with a credential.

use crate::{
    raw::{Object, array},
    upstream::{Answer, Head, Outcall, UpstreamError, exchange},
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use procura_egress::{Exchange, read_to_end};
use procura_model::{Json, Reason};
use tokio::time::Instant;

/// Reads an answer to its end.
pub(super) async fn read(exchange: Exchange, outcall: &Outcall<'_>) -> Result<Answer, UpstreamError> {
    let Exchange { response, connected } = exchange;
    let status = response.status();
    let own_id = exchange::own_id(response.headers());
    let head = Head { connected, status: status.as_u16(), own_id };
    if status.is_redirection() {
        let sentence =
            format!("The API answered with a redirect (HTTP {}), which is never followed.", head.status);
        return Err(invalid("redirect", sentence).from(head));
    }
    let (parts, body) = response.into_parts();
    let left = outcall.deadline.saturating_duration_since(Instant::now());
    let body = read_to_end(body, outcall.max_bytes, left).await;
    let body = body.map_err(|error| exchange::after_sending(error).from(head.clone()))?;
    let bytes = body.len();
    match words(&parts.headers, &body) {
        Ok(words) => Ok(Answer::made(result(status, &words), head, bytes)),
        // What a refusal says beside its status is left out where it cannot be read.
        Err(_) if status.as_u16() >= 400 => Ok(Answer::made(result(status, ""), head, bytes)),
        Err((code, sentence)) => Err(invalid(code, sentence.to_owned()).from(head)),
    }
}

fn invalid(code: &'static str, sentence: String) -> UpstreamError {
    UpstreamError::after(Reason::UpstreamInvalid, code).saying(sentence)
}

/// What the body says. JSON is written anew: what stood there in escapes is read by the screens and by the
/// model alike.
fn words(headers: &HeaderMap, body: &Bytes) -> Result<String, (&'static str, &'static str)> {
    if body.is_empty() {
        return Ok(String::new());
    }
    let encoding = headers.get(header::CONTENT_ENCODING).map(|value| value.as_bytes());
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
        return Err(("encoded", "The API's answer is compressed, which was not asked for."));
    }
    let text = std::str::from_utf8(body).map_err(|_| ("not_text", "The API's answer is not UTF-8."))?;
    let kind =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("text/plain");
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/json" || kind.ends_with("+json") {
        let json = Json::parse(text);
        return json.map(|json| json.to_string()).map_err(|_| {
            ("bad_json", "The API's answer is not valid JSON, or two readers could read it differently.")
        });
    }
    let is_text = kind.starts_with("text/") || kind == "application/xml" || kind.ends_with("+xml");
    if is_text {
        Ok(text.to_owned())
    } else {
        Err(("wrong_type", "The API's answer is neither JSON nor text."))
    }
}

fn result(status: StatusCode, words: &str) -> String {
    let is_error = status.as_u16() >= 400;
    let line = format!("HTTP {} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let mut blocks = Vec::with_capacity(2);
    if is_error || words.is_empty() {
        blocks.push(block(line.trim_end()));
    }
    if !words.is_empty() {
        blocks.push(block(words));
    }
    Object::with_capacity(words.len() + 128)
        .raw("content", &array(blocks.iter().map(String::as_str)))
        .raw("isError", if is_error { "true" } else { "false" })
        .finish()
}

fn block(text: &str) -> String {
    Object::with_capacity(text.len() + 32).raw("type", "\"text\"").text("text", text).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: &str, body: &'static [u8]) -> Result<String, &'static str> {
        let headers = [(header::CONTENT_TYPE, kind.parse().unwrap())].into_iter().collect();
        words(&headers, &Bytes::from_static(body)).map_err(|(code, _)| code)
    }

    #[test]
    fn json_and_text_are_read_and_nothing_else() {
        assert_eq!(
            said("application/json", br#"{"b":1.0,"a":"\u0069"}"#).as_deref(),
            Ok(r#"{"a":"i","b":1.0}"#)
        );
        assert_eq!(said("application/problem+json; charset=utf-8", b"[1]").as_deref(), Ok("[1]"));
        assert_eq!(said("text/html", b"<p>").as_deref(), Ok("<p>"));
        assert_eq!(said("application/json", b"{"), Err("bad_json"));
        assert_eq!(said("application/json", br#"{"a":1,"a":2}"#), Err("bad_json"));
        assert_eq!(said("text/plain", b"\xff"), Err("not_text"));
        assert_eq!(said("image/png", b"x"), Err("wrong_type"));
        assert_eq!(said("image/png", b"").as_deref(), Ok(""));
    }

    #[test]
    fn a_refusal_says_its_status() {
        assert_eq!(
            result(StatusCode::NOT_FOUND, "no"),
            r#"{"content":[{"type":"text","text":"HTTP 404 Not Found"},{"type":"text","text":"no"}],"isError":true}"#
        );
        assert_eq!(
            result(StatusCode::NO_CONTENT, ""),
            r#"{"content":[{"type":"text","text":"HTTP 204 No Content"}],"isError":false}"#
        );
        assert_eq!(
            result(StatusCode::OK, "1"),
            r#"{"content":[{"type":"text","text":"1"}],"isError":false}"#
        );
    }
}
