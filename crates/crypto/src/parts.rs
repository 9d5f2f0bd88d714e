//! Length-prefixed parts: the one way in which several fields become the bytes of a MAC or of
//! associated data. No delimiter, so ("ab", "c") and ("a", "bc") can never mean the same.

/// How many parts follow, then each part after its length; both as eight bytes, big end first.
pub(crate) fn feed<'p>(parts: &[&'p [u8]], mut take: impl FnMut(&[u8])) {
    take(&length(parts.len()));
    for part in parts {
        let part: &'p [u8] = part;
        take(&length(part.len()));
        take(part);
    }
}

/// The same as one buffer.
pub(crate) fn joined(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum::<usize>() + 8);
    feed(parts, |bytes| out.extend_from_slice(bytes));
    out
}

fn length(length: usize) -> [u8; 8] {
    u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_a_border_changes_the_bytes() {
        let one = joined(&[b"ab", b"c"]);
        assert_eq!(one.len(), 8 + 8 + 2 + 8 + 1);
        for other in [joined(&[b"a", b"bc"]), joined(&[b"abc"]), joined(&[b"ab", b"c", b""])] {
            assert_ne!(one, other);
        }
    }
}
