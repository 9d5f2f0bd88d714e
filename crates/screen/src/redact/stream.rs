//! Redaction of a text that arrives in pieces (an event stream), with bounded memory. What is decided here: how long text
//! is held back. A secret may begin at the end of one piece and end in the next, and what stands around it tells what it
//! is; so text is passed on only when [`HOLD_BYTES`] more have come, and as much of what was passed on is kept to look at.

use super::Redactor;
use super::cut::{Cut, push_mark};
use crate::offsets::floor_boundary;

/// How much text is held back, and how much of what was passed on is looked at again, in bytes. A secret up to this length
/// is found as it is in the whole text; from a longer one everything is taken out as far as its alphabet goes on.
pub const HOLD_BYTES: usize = 16 * 1024;
/// How much of one secret is waited for before its mark is written without its end.
const LONGEST_BYTES: usize = 4 * HOLD_BYTES;

/// Takes the secrets out of a text piece by piece. At most 12 times [`HOLD_BYTES`] are in memory, besides the piece.
pub struct Stream {
    redactor: Redactor,
    /// The bytes of a character whose end has not come yet.
    broken: Vec<u8>,
    first: Pass,
    /// Reads what the first pass lets through once that has replaced something, as [`Redactor::redact`] does.
    second: Option<Pass>,
    count: usize,
}

impl Stream {
    /// A stream at its beginning.
    #[must_use]
    pub fn new(redactor: &Redactor) -> Self {
        let redactor = redactor.share();
        Self { redactor, broken: Vec::new(), first: Pass::default(), second: None, count: 0 }
    }

    /// Takes the next bytes of the text, cut anywhere, and gives what is safe to pass on. What is no UTF-8 reads as U+FFFD.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        let mut out = String::new();
        for piece in bytes.chunks(HOLD_BYTES) {
            let text = self.decode(piece);
            let read = self.first.push(&self.redactor, &text, Rest::Comes);
            out.push_str(&self.settle(read, Rest::Comes));
        }
        out
    }

    /// Gives what was held back: the text is over.
    pub fn finish(&mut self) -> String {
        let broken = std::mem::take(&mut self.broken);
        let text = String::from_utf8_lossy(&broken);
        let read = self.first.push(&self.redactor, &text, Rest::IsOver);
        self.settle(read, Rest::IsOver)
    }

    /// How many secrets were replaced so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Lets the second pass read what the first gave, as soon as there is something to look at again.
    fn settle(&mut self, read: Read, rest: Rest) -> String {
        self.count += read.count;
        if read.count > 0 && self.second.is_none() {
            self.second = Some(Pass::after(&read.before));
        }
        let Some(second) = &mut self.second else { return read.text };
        let again = second.push(&self.redactor, &read.text, rest);
        self.count += again.count;
        again.text
    }

    fn decode(&mut self, piece: &[u8]) -> String {
        self.broken.extend_from_slice(piece);
        let mut text = String::with_capacity(self.broken.len());
        let mut taken = 0;
        for chunk in self.broken.utf8_chunks() {
            text.push_str(chunk.valid());
            taken += chunk.valid().len();
            // A character that is cut off at the end may still be completed.
            let is_last = taken + chunk.invalid().len() == self.broken.len();
            if is_last && chunk.invalid().len() < 4 && may_go_on(chunk.invalid()) {
                break;
            }
            if !chunk.invalid().is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
            taken += chunk.invalid().len();
        }
        self.broken.drain(..taken);
        text
    }
}

/// Whether `bytes` are the beginning of a character.
fn may_go_on(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// Whether more text will come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    Comes,
    IsOver,
}

/// What a pass lets through.
#[derive(Default)]
struct Read {
    text: String,
    /// The text right before it, if something was replaced.
    before: String,
    count: usize,
}

/// One reading of the text.
#[derive(Default)]
struct Pass {
    /// What was passed on last, and what is held back.
    held: String,
    /// How much of it was passed on.
    sent: usize,
    /// Whether a secret goes on that was longer than is waited for; its mark is written.
    swallows: bool,
}

impl Pass {
    /// A pass that begins behind `before`.
    fn after(before: &str) -> Self {
        Self { held: before.to_owned(), sent: before.len(), swallows: false }
    }

    fn push(&mut self, redactor: &Redactor, text: &str, rest: Rest) -> Read {
        let text = self.swallow(text);
        self.held.push_str(text);
        let waiting = self.held.len() - self.sent;
        if rest == Rest::Comes && waiting < 2 * HOLD_BYTES {
            return Read::default();
        }
        let cuts = redactor.cuts(&self.held);
        let until = match rest {
            Rest::Comes => self.safe_end(&cuts),
            Rest::IsOver => self.held.len(),
        };
        self.pass_on(&cuts, until)
    }

    /// Up to where nothing can change any more: no secret goes over this place.
    fn safe_end(&mut self, cuts: &[Cut<'_>]) -> usize {
        let end = floor_boundary(&self.held, self.held.len() - HOLD_BYTES);
        let over = cuts.iter().find(|cut| cut.start < end && cut.end >= end);
        match over {
            Some(cut) if self.held.len() - cut.start.max(self.sent) < LONGEST_BYTES => {
                cut.start.max(self.sent)
            }
            Some(cut) => {
                // A secret that reaches the end, but for a line end, goes on.
                let reaches = self.held.len() - cut.end <= 4;
                self.swallows = reaches;
                if reaches { self.held.len() } else { cut.end }
            }
            None => end,
        }
    }

    /// Writes the held text up to `until` without its secrets, and keeps its end to look at.
    fn pass_on(&mut self, cuts: &[Cut<'_>], until: usize) -> Read {
        let mut out = String::with_capacity(until - self.sent.min(until));
        let (mut at, mut count) = (self.sent, 0);
        for cut in cuts.iter().filter(|cut| cut.end > self.sent && cut.start < until) {
            out.push_str(self.held.get(at..cut.start.max(at)).unwrap_or_default());
            push_mark(&mut out, cut);
            at = cut.end;
            count += 1;
        }
        out.push_str(self.held.get(at..until).unwrap_or_default());
        let before = self.held.get(..self.sent).filter(|_| count > 0).unwrap_or_default().to_owned();
        let keep_from = floor_boundary(&self.held, until.saturating_sub(HOLD_BYTES));
        self.held.drain(..keep_from);
        self.sent = until - keep_from;
        Read { text: out, before, count }
    }

    /// What of `text` follows a secret whose end was not waited for.
    fn swallow<'t>(&mut self, text: &'t str) -> &'t str {
        if !self.swallows {
            return text;
        }
        let end =
            text.find(|letter: char| !letter.is_ascii_alphanumeric() && !"+/=-_.~\\\r\n".contains(letter));
        self.swallows = end.is_none();
        text.get(end.unwrap_or(text.len())..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn streamed(text: &str, pieces: impl Iterator<Item = usize>) -> String {
        let mut stream = Stream::new(&Redactor::new());
        let mut out = String::new();
        let mut rest = text.as_bytes();
        for size in pieces {
            let (piece, after) = rest.split_at(size.min(rest.len()));
            out.push_str(&stream.push(piece));
            rest = after;
        }
        out.push_str(&stream.push(rest));
        out.push_str(&stream.finish());
        out
    }

    fn token() -> String {
        ["gh", "p_", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0xL3nR6"].concat()
    }

    #[test]
    fn a_secret_split_over_pieces_is_found_and_nothing_of_it_passes_before() {
        let text = format!("{} api_key={} {}", "word ".repeat(9_000), token(), "more ".repeat(9_000));
        let whole = Redactor::new().redact(&text).text.into_owned();
        assert!(!whole.contains(&token()));
        for size in [1_usize, 7, 1_000, 45_010, 45_030] {
            assert_eq!(streamed(&text, std::iter::repeat_n(size, text.len() / size)), whole, "{size}");
        }
    }

    #[test]
    fn characters_split_over_pieces_are_put_together() {
        let text = "größer € 😀 ".repeat(10);
        assert_eq!(streamed(&text, std::iter::repeat_n(1, text.len())), text);
        let mut stream = Stream::new(&Redactor::new());
        let out = [stream.push(b"a\xff\xe2"), stream.push(b"b\xe2\x82"), stream.finish()].concat();
        assert_eq!(out, "a\u{fffd}\u{fffd}b\u{fffd}");
    }

    #[test]
    fn what_never_ends_is_not_kept_and_does_not_pass() {
        let key = ["-----BEGIN ", "PRIVATE KEY-----\n"].concat();
        let line = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0xL\n";
        let mut stream = Stream::new(&Redactor::new());
        let mut out = stream.push(key.as_bytes());
        for _ in 0..20_000 {
            out.push_str(&stream.push(line.as_bytes()));
            assert!(stream.first.held.len() <= 2 * LONGEST_BYTES);
        }
        out.push_str(&stream.push(b"(the end)"));
        out.push_str(&stream.finish());
        assert_eq!(out.replace('\n', ""), "[redacted:private-key](the end)");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
        #[test]
        fn a_stream_reads_as_the_whole(
            text in prop::collection::vec(super::super::tests::texts(), 100..2_000),
            sizes in prop::collection::vec(1_usize..30_000, 0..20),
        ) {
            let text = text.join("\n");
            let whole = Redactor::new().redact(&text).text.into_owned();
            let read = streamed(&text, sizes.into_iter());
            let same = read.chars().zip(whole.chars()).take_while(|(one, other)| one == other).count();
            let around = |text: &str| text.chars().skip(same.saturating_sub(60)).take(160).collect::<String>();
            prop_assert_eq!(around(&read), around(&whole));
        }
    }
}
