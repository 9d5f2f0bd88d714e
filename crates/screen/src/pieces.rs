//! A text made from another, and the way back. It is made of pieces: copied ones keep their offsets, decoded ones stand
//! for a whole stretch of what they were decoded from.

/// The way from a reading back to what it was made from.
#[derive(Debug, Clone, Default)]
pub(crate) enum Map {
    /// Every byte stands where it stood.
    #[default]
    Same,
    /// Byte `n` was byte `length - n`.
    Reversed(usize),
    /// Pieces in order.
    Pieces(Vec<Piece>),
}

/// One piece of a reading.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    at: usize,
    from: usize,
    to: usize,
    copied: bool,
}

impl Map {
    /// The range that `start..end` was made from.
    pub(crate) fn original(&self, start: usize, end: usize) -> (usize, usize) {
        match self {
            Self::Same => (start, end),
            Self::Reversed(length) => (length.saturating_sub(end), length.saturating_sub(start)),
            Self::Pieces(pieces) => {
                let at = |offset: usize| {
                    pieces
                        .partition_point(|piece| piece.at <= offset)
                        .checked_sub(1)
                        .and_then(|i| pieces.get(i))
                };
                let from = at(start).map_or(0, |piece| {
                    if piece.copied { (piece.from + start - piece.at).min(piece.to) } else { piece.from }
                });
                let last = end.saturating_sub(1).max(start);
                let to = at(last).map_or(from, |piece| {
                    if piece.copied { (piece.from + last + 1 - piece.at).min(piece.to) } else { piece.to }
                });
                (from, to.max(from))
            }
        }
    }
}

/// Builds a reading piece by piece.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    /// The text so far.
    pub(crate) text: String,
    pieces: Vec<Piece>,
}

impl Builder {
    /// An empty reading with room for `bytes`.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), pieces: Vec::new() }
    }

    /// Takes over `text`, which has the same length as what stands at `from`.
    pub(crate) fn copy(&mut self, text: &str, from: usize) {
        let at = self.text.len();
        self.text.push_str(text);
        let to = from + text.len();
        match self.pieces.last_mut() {
            Some(last) if last.copied && last.to == from && at - last.at == last.to - last.from => {
                last.to = to
            }
            _ => self.push(Piece { at, from, to, copied: true }),
        }
    }

    /// Writes `text` for what stands at `from..to`.
    pub(crate) fn replace(&mut self, text: &str, from: usize, to: usize) {
        if text.len() == to - from {
            self.copy(text, from);
        } else {
            self.push(Piece { at: self.text.len(), from, to, copied: false });
            self.text.push_str(text);
        }
    }

    /// A piece that ended up without text leads no offset back once another begins where it stands.
    fn push(&mut self, piece: Piece) {
        match self.pieces.last_mut() {
            Some(last) if last.at == piece.at => *last = piece,
            _ => self.pieces.push(piece),
        }
    }

    /// The reading and the way back.
    pub(crate) fn finish(self) -> (String, Map) {
        (self.text, Map::Pieces(self.pieces))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_leads_back_through_copies_and_decodings() {
        let mut builder = Builder::default();
        builder.copy("abc", 0);
        builder.replace("X", 3, 9);
        builder.copy("def", 9);
        let (text, map) = builder.finish();
        assert_eq!(text, "abcXdef");
        assert_eq!(map.original(1, 2), (1, 2));
        assert_eq!(map.original(3, 4), (3, 9));
        assert_eq!(map.original(2, 6), (2, 11));
        let mut builder = Builder::default();
        for (from, letter) in [(0, "a"), (2, "b"), (4, "c")] {
            builder.copy(letter, from);
            builder.replace("", from + 1, from + 2);
        }
        assert_eq!(builder.pieces.len(), 4, "one for each letter, and the last gap");
        let (text, map) = builder.finish();
        assert_eq!(text, "abc");
        assert_eq!((map.original(0, 1), map.original(1, 2), map.original(1, 3)), ((0, 1), (2, 3), (2, 5)));
        assert_eq!(map.original(3, 3), (5, 6));
        assert_eq!(Map::Reversed(10).original(0, 3), (7, 10));
    }
}
