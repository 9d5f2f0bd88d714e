//! Long runs of token characters that no format knows: the 50-character rule of seed 001, and base64 that hides a known
//! secret. Most long runs are no secrets (hashes, images, certificates, identifiers), so a run must be letters of both
//! cases and digits without structure, and must not stand where such data stands.

use super::Hit;
use super::class::{ALNUM, BASE64, DASH, DIGIT, HEX, LOWER, PLUS, Shape, UPPER, is_in};
use super::place::decode64;

/// The shortest run that is looked at.
const SHORTEST: usize = 24;
/// Seed 001: "long alphanumeric strings likely to be tokens (50+ characters)".
const LONG: usize = 50;

/// What may stand in a run: both base64 alphabets.
const RUN: u16 = BASE64 | DASH;

/// A maximal run of token characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// Where it begins.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
}

/// Every run of at least [`SHORTEST`] token characters. Looks at one byte in 24 where there are none.
pub(crate) fn long_runs(bytes: &[u8]) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut at = 0;
    while let Some(&probe) = bytes.get(at + SHORTEST - 1) {
        if !is_in(probe, RUN) {
            at += SHORTEST;
            continue;
        }
        let window = bytes.get(at..at + SHORTEST - 1).unwrap_or_default();
        let back = window.iter().rev().take_while(|&&byte| is_in(byte, RUN)).count();
        let start = at + SHORTEST - 1 - back;
        let tail = bytes.get(at + SHORTEST..).unwrap_or_default();
        let end = at + SHORTEST + tail.iter().take_while(|&&byte| is_in(byte, RUN)).count();
        if end - start >= SHORTEST {
            runs.push(Run { start, end });
        }
        at = end;
    }
    runs
}

/// The pieces of `run` that are bare tokens of 50 and more letters and digits.
pub(crate) fn long_tokens(text: &str, run: Run, hits: &mut Vec<Hit>) {
    let bytes = text.as_bytes();
    let Some(whole) = bytes.get(run.start..run.end) else { return };
    if whole.iter().any(|&byte| is_in(byte, PLUS)) || is_data_place(text, run) {
        return;
    }
    let mut start = run.start;
    for piece in whole.split(|&byte| !is_in(byte, ALNUM)) {
        let end = start + piece.len();
        if piece.len() >= LONG && is_bare_token(piece) && !is_public_field(bytes, run.start, start) {
            hits.push(Hit { start, end, kind: "long-token" });
        }
        start = end + 1;
    }
}

/// Where in `run` words of exactly `length` letters and digits begin; the letter of an escape such as `\n` is no part.
pub(crate) fn words_of_length(text: &str, run: Run, length: usize) -> Vec<usize> {
    let bytes = text.as_bytes();
    let whole = bytes.get(run.start..run.end).unwrap_or_default();
    let mut start = run.start;
    let mut found = Vec::new();
    for piece in whole.split(|&byte| !is_in(byte, ALNUM)) {
        let escape = usize::from(start > 0 && bytes.get(start - 1) == Some(&b'\\'));
        if piece.len() == length + escape {
            found.push(start + escape);
        }
        start += piece.len() + 1;
    }
    found
}

/// Whether a tracking parameter of a URL is named before the piece at `start`, in its run or right before.
fn is_public_field(bytes: &[u8], run_start: usize, start: usize) -> bool {
    let from = run_start.saturating_sub(8).max(start.saturating_sub(256));
    let before = bytes.get(from..start).unwrap_or_default();
    ["clid=", "braid=", "_ga=", "utm_id="]
        .iter()
        .any(|name| memchr::memmem::find(before, name.as_bytes()).is_some())
}

fn is_bare_token(piece: &[u8]) -> bool {
    let shape = Shape::of(piece);
    let all_kinds = shape.has(DIGIT)
        && shape.has(UPPER & !HEX)
        && shape.has(LOWER & !HEX)
        && shape.has(UPPER)
        && shape.has(LOWER);
    let digits = piece.iter().filter(|byte| byte.is_ascii_digit()).count();
    all_kinds && digits >= 2 && shape.distinct >= 20 && shape.changes * 5 >= shape.length * 2
}

/// Whether the run stands where public data stands.
fn is_data_place(text: &str, run: Run) -> bool {
    let from = crate::offsets::floor_boundary(text, run.start.saturating_sub(48));
    let before = text.get(from..run.start).unwrap_or_default();
    let after = text.get(run.end..).unwrap_or_default();
    const DATA: &[&str] = &[
        "base64,",
        "sha256-",
        "sha384-",
        "sha512-",
        "integrity",
        "ssh-rsa ",
        "ssh-ed25519 ",
        "ipfs",
        "b=",
        "bh=",
        "h1:",
        "mappings",
        "\"n\": \"",
        "\"n\":\"",
        "\"x\":",
        "\"y\":",
        "x5c",
        "Message-ID",
        "message-id",
        "cf-id",
        "amz-id",
        "/d/",
        "etag",
        "ETag",
        "seq",
        "fingerprint",
        "thumbprint",
        "digest",
    ];
    after.starts_with('@')
        || after.starts_with(".apps.")
        || DATA.iter().any(|mark| before.contains(mark))
        || is_block_line(text.as_bytes(), run)
}

/// Whether the line before or after is a run of its own: then this is a line of a base64 block or a sequence.
fn is_block_line(bytes: &[u8], run: Run) -> bool {
    let before = bytes.get(..run.start).unwrap_or_default();
    let after = bytes.get(run.end..).unwrap_or_default();
    let above = matches!(before, [.., last, b'\n'] if is_in(*last, RUN))
        && before.iter().rev().skip(1).take_while(|&&byte| is_in(byte, RUN)).take(SHORTEST).count()
            >= SHORTEST;
    let below = after.first() == Some(&b'\n')
        && after.iter().skip(1).take_while(|&&byte| is_in(byte, RUN)).take(SHORTEST).count() >= SHORTEST;
    above || below
}

/// What `run` says when it is base64 of printable text.
pub(crate) fn hidden_text(text: &str, run: Run) -> Option<String> {
    let whole = text.get(run.start..run.end)?.trim_start_matches(['=', '-', '+', '/']);
    if !begins_printable(whole.as_bytes()) {
        return None;
    }
    let decoded = decode64(whole)?;
    is_printable(&decoded).then(|| String::from_utf8(decoded).ok()).flatten()
}

/// Whether the first characters decode to printable text; most runs fail at the first four.
fn begins_printable(run: &[u8]) -> bool {
    let mut groups = run.chunks_exact(4).take(SHORTEST / 4);
    groups.len() > 0
        && groups.all(|group| {
            let bits = group.iter().try_fold(0_u32, |bits, &byte| Some(bits << 6 | u32::from(sextet(byte)?)));
            bits.is_some_and(|bits| is_printable(bits.to_be_bytes().get(1..).unwrap_or_default()))
        })
}

/// The value of a character of either base64 alphabet.
const fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

fn is_printable(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| (b' '..0x7f).contains(byte) || b"\r\n\t".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(text: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        for run in long_runs(text.as_bytes()) {
            long_tokens(text, run, &mut hits);
        }
        hits
    }

    #[test]
    fn runs_are_found_wherever_they_begin() {
        for offset in 0..60 {
            let text = format!("{}{} tail", " ".repeat(offset), "a".repeat(30));
            assert_eq!(long_runs(text.as_bytes()), [Run { start: offset, end: offset + 30 }], "{offset}");
        }
        assert!(long_runs(b"short words only, none of them is long enough for it").is_empty());
    }

    #[test]
    fn a_bare_token_of_fifty_is_found_and_hashes_are_not() {
        let token = "LtVhiiuwat9WxyBbj0XTwjOV2rkCznwrYltwicLyH49ksaCZOiZ7WMPNZba5s";
        assert_eq!(long(&format!("result ({token}), ok")).len(), 1);
        for quiet in [
            "9d408dc6ea0f1e8d770f9345dacd467cffd9b74629864cc3597938553b7c3cff".to_owned(),
            "AbstractAnnotationConfigDispatcherServletInitializerAdapterFactoryBean".to_owned(),
            format!("data:image/png;base64,{token}"),
            format!("{token}\n{token}\n"),
        ] {
            assert_eq!(long(&quiet), [], "{quiet}");
        }
    }

    #[test]
    fn base64_of_text_is_read_and_of_bytes_is_not() {
        let run = |text: &str| Run { start: 0, end: text.len() };
        let text = "QXV0aG9yaXphdGlvbjogdG9rZW4gYWJj";
        assert_eq!(hidden_text(text, run(text)).as_deref(), Some("Authorization: token abc"));
        let bytes = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB";
        assert_eq!(hidden_text(bytes, run(bytes)), None);
    }
}
