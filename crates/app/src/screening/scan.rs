//! A text of any length, scanned in pieces that overlap, so that nothing hides on a seam.

use procura_screen::inject::{Channel, MAX_BYTES, Scan, Scanner};

/// How much text is scanned, in bytes; beyond it, it could not be.
pub const MAX_TEXT_BYTES: usize = 1024 * 1024;
/// How far two neighbouring pieces overlap.
const OVERLAP_BYTES: usize = 4 * 1024;

/// The scans of a text, piece by piece; none where it is longer than [`MAX_TEXT_BYTES`].
#[must_use]
pub fn scan<'s>(
    scanner: &'s Scanner,
    text: &'s str,
    channel: Channel,
) -> Option<impl Iterator<Item = Scan> + use<'s>> {
    (text.len() <= MAX_TEXT_BYTES).then(|| pieces(text).map(move |piece| scanner.scan(piece, channel)))
}

/// The text in pieces that a scan takes, each beginning before the end of the one before.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut at = 0;
    let mut is_done = false;
    std::iter::from_fn(move || {
        if is_done {
            return None;
        }
        let end = floor(text, at + MAX_BYTES);
        let piece = text.get(at..end)?;
        is_done = end == text.len();
        at = floor(text, end.saturating_sub(OVERLAP_BYTES));
        Some(piece)
    })
}

fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_the_text_and_overlap() {
        let text = "é".repeat(MAX_BYTES + 10);
        let all: Vec<&str> = pieces(&text).collect();
        assert!(all.len() >= 2 && all.iter().all(|piece| piece.len() <= MAX_BYTES));
        let total: usize = all.iter().map(|piece| piece.len()).sum();
        assert!(total >= text.len() + (all.len() - 1) * (OVERLAP_BYTES - 2));
        assert_eq!(pieces("").count(), 1);
    }

    #[test]
    fn a_text_beyond_the_bound_is_not_scanned() {
        let scanner = Scanner::new().unwrap();
        assert!(scan(&scanner, &"x".repeat(MAX_TEXT_BYTES + 1), Channel::Prompt).is_none());
        assert_eq!(scan(&scanner, "x", Channel::Prompt).map(Iterator::count), Some(1));
    }
}
