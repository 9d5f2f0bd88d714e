//! Just enough HTTP/1.1 to load a server cheaply: a request as bytes with a number to count up, and finding the end of an answer.
//!
//! A full client would use more CPU than the servers under test, and it sits on the same cores.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use memchr::memmem;

/// Where `{{id}}` stood, a number of this many digits is written: the length of the request never changes.
const DIGITS: usize = 10;
const FIRST: u64 = 1_000_000_000;
const MARK: &str = "{{id}}";

/// A request ready to be sent, again and again, each time with its own number.
#[derive(Clone)]
pub(crate) struct Request {
    bytes: Vec<u8>,
    numbers: Vec<usize>,
}

impl Request {
    pub(crate) fn post(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        Self::of(address, [path, "application/json"], headers, body)
    }

    /// As [`Request::post`], of a form.
    pub(crate) fn form(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        Self::of(address, [path, "application/x-www-form-urlencoded"], headers, body)
    }

    fn of(address: SocketAddr, [path, kind]: [&str; 2], headers: &[(&str, &str)], body: &str) -> Self {
        let body = body.replace(MARK, &FIRST.to_string());
        let mut text = format!("POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: {kind}\r\n");
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        let head = text.len();
        text.push_str(&body);
        let bytes = text.into_bytes();
        let numbers = memmem::find_iter(bytes.get(head..).unwrap_or_default(), FIRST.to_string().as_bytes())
            .map(|at| head + at)
            .collect();
        Self { bytes, numbers }
    }

    /// Writes the number in, and gives what to send.
    pub(crate) fn numbered(&mut self, number: u64) -> &[u8] {
        let digits = Self::digits(number);
        for at in &self.numbers {
            if let Some(place) = self.bytes.get_mut(*at..*at + DIGITS) {
                place.copy_from_slice(&digits);
            }
        }
        &self.bytes
    }

    /// Writes other words of the same length in the place of these.
    pub(crate) fn swap(&mut self, words: &str, others: &str) -> Result<(), String> {
        let at = memmem::find(&self.bytes, words.as_bytes()).filter(|_| words.len() == others.len());
        let place = at.and_then(|at| self.bytes.get_mut(at..at + words.len()));
        place.ok_or("a token has another length than the one before")?.copy_from_slice(others.as_bytes());
        Ok(())
    }

    /// The digits that stand for a number on the wire.
    pub(crate) fn digits(number: u64) -> [u8; DIGITS] {
        let mut digits = [b'0'; DIGITS];
        let mut rest = FIRST + number % FIRST;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        digits
    }
}

/// Sends one request on a connection of its own; gives status and body, chunks put together.
pub(crate) fn once(address: SocketAddr, request: &[u8]) -> Result<(u16, String), String> {
    let failed = |error: std::io::Error| format!("{address}: {error}");
    let mut stream = TcpStream::connect(address).map_err(failed)?;
    stream.write_all(request).map_err(failed)?;
    let (mut buffer, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        if let Some(found) = answer(&buffer)? {
            let body = buffer.get(found.body_at..found.end).unwrap_or_default();
            let head = buffer.get(..found.body_at).unwrap_or_default().to_ascii_lowercase();
            let is_chunked = memmem::find(&head, b"transfer-encoding: chunked").is_some();
            let body = if is_chunked { unchunked(body) } else { body.to_vec() };
            return Ok((found.status, String::from_utf8_lossy(&body).into_owned()));
        }
        let read = stream.read(&mut piece).map_err(failed)?;
        if read == 0 {
            return Err(format!("{address} closed the connection"));
        }
        buffer.extend_from_slice(piece.get(..read).unwrap_or_default());
    }
}

/// The body without the framing of a whole chunked one.
fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(line) = memmem::find(body, b"\r\n") {
        let size = std::str::from_utf8(body.get(..line).unwrap_or_default()).ok();
        let size = size.and_then(|text| usize::from_str_radix(text.split(';').next()?.trim(), 16).ok());
        let Some(size) = size.filter(|size| *size > 0) else { break };
        out.extend_from_slice(body.get(line + 2..line + 2 + size).unwrap_or_default());
        body = body.get(line + 2 + size + 2..).unwrap_or_default();
    }
    out
}

/// A whole answer at the front of a buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body_at: usize,
    /// Where the next answer would begin.
    pub(crate) end: usize,
}

/// Finds an answer's end. `None`: more bytes are needed. An answer whose end cannot be known is an error.
pub(crate) fn answer(buffer: &[u8]) -> Result<Option<Answer>, String> {
    let Some(head_end) = memmem::find(buffer, b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(buffer.get(..head_end).unwrap_or_default())
        .map_err(|_| "the head is not text")?;
    let status = head.get(9..12).and_then(|digits| digits.parse().ok()).ok_or("no status line")?;
    let body_at = head_end + 4;
    let body = buffer.get(body_at..).unwrap_or_default();
    let length = if let Some(length) = header(head, "content-length") {
        Some(length.parse().map_err(|_| "content-length is no number")?)
    } else if header(head, "transfer-encoding").is_some() {
        chunked_length(body)?
    } else if status == 204 || status == 202 {
        Some(0)
    } else {
        return Err("neither content-length nor chunks".to_owned());
    };
    Ok(length.filter(|length| body.len() >= *length).map(|length| Answer {
        status,
        body_at,
        end: body_at + length,
    }))
}

fn header<'a>(head: &'a str, wanted: &str) -> Option<&'a str> {
    head.split("\r\n").skip(1).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case(wanted).then(|| value.trim())
    })
}

/// Length of a whole chunked body, framing included.
fn chunked_length(body: &[u8]) -> Result<Option<usize>, String> {
    let mut at = 0;
    loop {
        let rest = body.get(at..).unwrap_or_default();
        let Some(line) = memmem::find(rest, b"\r\n") else {
            return Ok(None);
        };
        let size = std::str::from_utf8(rest.get(..line).unwrap_or_default())
            .ok()
            .and_then(|text| usize::from_str_radix(text.split(';').next()?.trim(), 16).ok())
            .ok_or("a chunk has no size")?;
        at += line + 2 + size + 2;
        if at > body.len() {
            return Ok(None);
        }
        if size == 0 {
            return Ok(Some(at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 80))
    }

    #[test]
    fn each_request_has_its_own_number_and_the_same_length() {
        let mut request =
            Request::post(address(), "/", &[("x-api-key", "k")], r#"{"id":{{id}},"again":"{{id}}"}"#);
        let first = String::from_utf8(request.numbered(7).to_vec()).unwrap();
        let second = String::from_utf8(request.numbered(123_456).to_vec()).unwrap();
        assert!(first.ends_with("{\"id\":1000000007,\"again\":\"1000000007\"}"), "{first}");
        assert!(second.ends_with("{\"id\":1000123456,\"again\":\"1000123456\"}"), "{second}");
        assert!(first.contains("content-length: 38\r\n"), "{first}");
        assert_eq!(first.len(), second.len());
    }

    #[test]
    fn an_answer_ends_where_its_length_says() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 ";
        let found = answer(text).unwrap().unwrap();
        assert_eq!((found.status, found.end - found.body_at), (200, 2));
        assert_eq!(answer(&text[..39]).unwrap(), None);
        assert_eq!(answer(&text[..10]).unwrap(), None);
    }

    #[test]
    fn an_answer_in_chunks_ends_after_the_empty_one() {
        let text = b"HTTP/1.1 503 No\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\na;x=1\r\n0123456789\r\n0\r\n\r\n";
        for cut in 0..text.len() {
            assert_eq!(answer(&text[..cut]).unwrap(), None, "{cut}");
        }
        let found = answer(text).unwrap().unwrap();
        assert_eq!((found.status, found.end), (503, text.len()));
        assert_eq!(unchunked(&text[found.body_at..found.end]), b"abc0123456789");
    }

    #[test]
    fn an_answer_without_an_end_is_refused() {
        assert!(answer(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(answer(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n").is_err());
    }
}
