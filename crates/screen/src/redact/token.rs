//! Confirms a candidate of the format table at one place of the text: word boundaries, alphabet, length, and that it is
//! no placeholder. A token that a terminal broke over two lines is followed into the next line, because a reader
//! would do so too.

use super::Hit;
use super::class::{ALNUM, Class, DASH, DIGIT, DOT, LOWER, Shape, UPPER, is_in, is_placeholder};
use super::formats::{End, Format, Middle};

/// Confirms `format` whose prefix begins at `start`.
pub(crate) fn confirm(text: &str, start: usize, format: &Format) -> Option<Hit> {
    let bytes = text.as_bytes();
    let body_start = start + format.prefix.len();
    if bytes.get(start..body_start)? != format.prefix.as_bytes() || !begins_word(bytes, start) {
        return None;
    }
    if format.end == End::Exact
        && start > 0
        && bytes.get(start - 1).is_some_and(|&byte| is_in(byte, DASH | DOT))
    {
        return None;
    }
    if format.kind == "jwt" && start >= 3 && bytes.get(start - 3..start) == Some(b"pk.") {
        return None;
    }
    let body = follow(bytes, body_start, format)?;
    let fits = body.length >= format.min && (format.end == End::Open || body.length <= format.max);
    if !fits || !is_token_body(text.get(body_start..body.end)?) {
        return None;
    }
    if format.kind == "jwt" && !text.get(start..body.end)?.contains('.') {
        return None;
    }
    Some(Hit { start, end: body.end, kind: format.kind })
}

/// Confirms a format whose landmark begins at `start`.
pub(crate) fn confirm_middle(text: &str, start: usize, middle: &Middle) -> Option<Hit> {
    let bytes = text.as_bytes();
    let after_start = start + middle.landmark.len();
    if bytes.get(start..after_start)? != middle.landmark.as_bytes() {
        return None;
    }
    let (least, most) = middle.before_length;
    let before =
        bytes.get(..start)?.iter().rev().take(most).take_while(|&&byte| is_in(byte, middle.before)).count();
    let begin = start - before;
    if before < least || !begins_word(bytes, begin) {
        return None;
    }
    let after = run_length(bytes, after_start, middle.after, middle.after_max + 1);
    let end = after_start + after;
    let sound = (middle.after_min..=middle.after_max).contains(&after)
        && Shape::of(bytes.get(begin..end)?).has(DIGIT);
    let one_dot = middle.kind != "discord-token" || text.get(after_start..end)?.matches('.').count() == 1;
    let found = sound && one_dot && !is_placeholder(text.get(begin..end)?);
    found.then_some(Hit { start: begin, end, kind: middle.kind })
}

struct Body {
    end: usize,
    length: usize,
}

/// Follows the alphabet, over a line break where the token is still too short.
fn follow(bytes: &[u8], start: usize, format: &Format) -> Option<Body> {
    let limit = if format.end == End::Open { format.max } else { format.max + 1 };
    let first = run_length(bytes, start, format.body, limit);
    let mut body = Body { end: start + first, length: first };
    if first > 0
        && first < format.min
        && let Some(next) = next_line(bytes, body.end)
    {
        let second = run_length(bytes, next, format.body, limit - first);
        body = Body { end: next + second, length: first + second };
    }
    if format.end == End::Exact && bytes.get(body.end).is_some_and(|&byte| is_in(byte, ALNUM)) {
        return None;
    }
    while body.length > format.min && bytes.get(body.end - 1).is_some_and(|byte| b".-".contains(byte)) {
        body.end -= 1;
        body.length -= 1;
    }
    Some(body)
}

/// Where the text goes on if a line ends at `at`: a real line end, or one written `\n` inside a JSON string.
fn next_line(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    [&b"\r\n"[..], b"\n", b"\\\n", b"\\r\\n", b"\\n", b"=\n", b"=\r\n"]
        .iter()
        .find(|mark| rest.starts_with(mark))
        .map(|mark| at + mark.len())
}

/// How many bytes of `class` stand at `start`, at most `limit`.
pub(crate) fn run_length(bytes: &[u8], start: usize, class: Class, limit: usize) -> usize {
    bytes.get(start..).unwrap_or_default().iter().take(limit).take_while(|&&byte| is_in(byte, class)).count()
}

/// Whether a word may begin at `start`: after no letter or digit, or after one that ends an escape (`\n`, `%3D`).
pub(crate) fn begins_word(bytes: &[u8], start: usize) -> bool {
    let before = bytes.get(..start).unwrap_or_default();
    match before {
        [] => true,
        [.., last] if !last.is_ascii_alphanumeric() => true,
        [.., b'\\', b'n' | b'r' | b't' | b'f' | b'b'] => true,
        [.., b'%', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        _ => false,
    }
}

fn is_token_body(body: &str) -> bool {
    let shape = Shape::of(body.as_bytes());
    // Words joined by capitals change case twice in a word; chance at every second letter.
    let cased = shape.has(LOWER) && shape.has(UPPER) && shape.changes * 10 >= shape.length * 3;
    let capitals = !shape.has(LOWER) && shape.has(UPPER) && shape.distinct >= 8;
    let varied = shape.distinct >= 5 && (shape.has(DIGIT) || cased || capitals);
    varied && (shape.has(LOWER) || shape.has(UPPER)) && !body.ends_with("EXAMPLE") && !is_placeholder(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::formats::{FORMATS, MIDDLES};

    fn format(prefix: &str) -> &'static Format {
        FORMATS.iter().find(|format| format.prefix == prefix).unwrap()
    }

    fn body(length: usize) -> String {
        "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7".chars().cycle().take(length).collect()
    }

    #[test]
    fn a_token_is_found_between_word_boundaries_only() {
        let token = format!("ghp_{}", body(36));
        let text = format!("x {token}, y");
        assert_eq!(confirm(&text, 2, format("ghp_")), Some(Hit { start: 2, end: 42, kind: "github-token" }));
        assert_eq!(confirm(&format!("x{token}"), 1, format("ghp_")), None);
        assert!(confirm(&format!(r"a\n{token}"), 3, format("ghp_")).is_some());
    }

    #[test]
    fn placeholders_and_short_bodies_are_no_tokens() {
        assert_eq!(confirm(&format!("ghp_{}", "x".repeat(36)), 0, format("ghp_")), None);
        assert_eq!(confirm("ghp_ and gho_ tokens", 0, format("ghp_")), None);
    }

    #[test]
    fn a_token_broken_over_two_lines_is_followed() {
        let text = format!("ghp_{}\n{} end", body(16), body(20));
        assert_eq!(confirm(&text, 0, format("ghp_")).unwrap().end, 41);
    }

    #[test]
    fn a_landmark_in_the_middle_is_judged_by_both_sides() {
        let middle = MIDDLES.iter().find(|middle| middle.kind == "telegram-token").unwrap();
        let text = format!("bot 12345678:AA{}", body(33));
        let at = text.find(":AA").unwrap();
        assert_eq!(confirm_middle(&text, at, middle).unwrap().start, 4);
        assert_eq!(confirm_middle("note:AA batteries", 4, middle), None);
    }
}
