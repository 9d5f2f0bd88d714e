//! Byte offsets to code points. Findings and spans are reported in code points (Unicode scalar values) because every
//! client language can count those; inside the crate everything is bytes. The conversion is one walk over the text,
//! however many offsets there are, so that a text full of findings stays linear.

/// Converts byte ranges of `text` to code point ranges, in the order given.
pub(crate) fn code_points(text: &str, ranges: &[(usize, usize)]) -> Vec<(usize, usize)> {
    if ranges.is_empty() || text.is_ascii() {
        return ranges.to_vec();
    }
    let mut offsets: Vec<usize> = ranges.iter().flat_map(|&(start, end)| [start, end]).collect();
    offsets.sort_unstable();
    offsets.dedup();
    let counts = counts_at(text, &offsets);
    let lookup = |byte: usize| {
        offsets.binary_search(&byte).ok().and_then(|index| counts.get(index)).copied().unwrap_or_default()
    };
    ranges.iter().map(|&(start, end)| (lookup(start), lookup(end))).collect()
}

/// How many code points begin before each of the sorted byte offsets.
fn counts_at(text: &str, offsets: &[usize]) -> Vec<usize> {
    let mut counts = Vec::with_capacity(offsets.len());
    let (mut at, mut seen) = (0, 0);
    for &offset in offsets {
        let piece = text.as_bytes().get(at..offset.min(text.len())).unwrap_or_default();
        seen += piece.iter().filter(|&&byte| !is_continuation(byte)).count();
        at = offset.max(at).min(text.len());
        counts.push(seen);
    }
    counts
}

/// The largest character boundary of `text` that is not beyond `offset`.
pub(crate) fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The smallest character boundary of `text` that is not before `offset`.
pub(crate) fn ceil_boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_offsets_stay_as_they_are() {
        assert_eq!(code_points("abcdef", &[(1, 3), (0, 6)]), vec![(1, 3), (0, 6)]);
    }

    #[test]
    fn wide_characters_count_once_in_any_order_of_ranges() {
        let text = "é€😀x";
        assert_eq!(code_points(text, &[(5, 9), (0, 2), (9, 10)]), vec![(2, 3), (0, 1), (3, 4)]);
    }

    #[test]
    fn boundaries_are_found_on_both_sides() {
        assert_eq!(floor_boundary("a€b", 2), 1);
        assert_eq!(ceil_boundary("a€b", 2), 4);
        assert_eq!(ceil_boundary("a€b", 99), 5);
    }
}
