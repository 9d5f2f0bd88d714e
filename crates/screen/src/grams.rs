//! The prefilter of both gates: where in a text do any of some hundred words stand? Each word is known by its rarest three
//! or four letters; every position of the text is looked up in a bit set that fits the first cache, independently of the
//! last, and only where the bit is set are the words themselves compared. An Aho-Corasick automaton of this size waits
//! for the second cache at every byte and was measured at a quarter of the speed.

/// Bits of a set, as a power of two.
const BITS: u32 = 15;
/// Words of a set.
const WORDS: usize = 1 << (BITS - 6);

/// Words to look for.
pub(crate) struct Grams {
    four: Set,
    three: Set,
    words: Vec<Vec<u8>>,
}

struct Set {
    bits: [u64; WORDS],
    is_empty: bool,
    /// Which words have a gram of this hash, and how far from their beginning.
    buckets: Vec<Vec<Entry>>,
}

/// Bits of the hash that choose a bucket.
const BUCKET_BITS: u32 = 11;

#[derive(Clone, Copy)]
struct Entry {
    gram: u32,
    word: usize,
    offset: usize,
}

impl Grams {
    /// Takes words of at least three bytes in lower case; shorter ones are never found.
    pub(crate) fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let words: Vec<Vec<u8>> = words.into_iter().map(|word| word.as_bytes().to_vec()).collect();
        let (mut four, mut three) = (Set::new(), Set::new());
        for (index, word) in words.iter().enumerate() {
            if word.len() >= 4 { four.add(index, word, 4) } else { three.add(index, word, 3) }
        }
        Self { four, three, words }
    }

    /// Reports every place of every word in `text`, which is in lower case, as (number of the word, place). The places
    /// of one word come in order.
    pub(crate) fn find(&self, text: &[u8], mut report: impl FnMut(usize, usize)) {
        if self.three.is_empty {
            for (at, four) in fours(text) {
                if self.four.has(four) {
                    self.confirm((&self.four, four), (text, at), &mut report);
                }
            }
            return;
        }
        for (at, four) in fours(text) {
            if self.four.has(four) {
                self.confirm((&self.four, four), (text, at), &mut report);
            }
            let three = four & THREE;
            if self.three.has(three) {
                self.confirm((&self.three, three), (text, at), &mut report);
            }
        }
        if let Some(&[first, second, third]) = text.last_chunk::<3>() {
            let three = u32::from_le_bytes([first, second, third, 0]);
            self.confirm((&self.three, three), (text, text.len() - 3), &mut report);
        }
    }

    /// Compares the words of `set` that have `gram` with what stands around `at`.
    #[inline(never)]
    fn confirm(
        &self,
        (set, gram): (&Set, u32),
        (text, at): (&[u8], usize),
        report: &mut impl FnMut(usize, usize),
    ) {
        for entry in set.buckets.get(bucket(gram)).into_iter().flatten().filter(|entry| entry.gram == gram) {
            let place = at.checked_sub(entry.offset);
            let word = self.words.get(entry.word);
            if let (Some(place), Some(word)) = (place, word)
                && text.get(place..place + word.len()) == Some(word)
            {
                report(entry.word, place);
            }
        }
    }
}

/// The first three bytes of four.
const THREE: u32 = 0x00ff_ffff;

/// Each four bytes of `text` in a row, and where they begin.
fn fours(text: &[u8]) -> impl Iterator<Item = (usize, u32)> {
    text.windows(4).enumerate().map(|(at, window)| match window {
        &[first, second, third, fourth] => (at, u32::from_le_bytes([first, second, third, fourth])),
        _ => (at, 0),
    })
}

impl Set {
    fn new() -> Self {
        Self { bits: [0; WORDS], is_empty: true, buckets: vec![Vec::new(); 1 << BUCKET_BITS] }
    }

    fn add(&mut self, word: usize, bytes: &[u8], size: usize) {
        let rarest = bytes
            .windows(size)
            .enumerate()
            .min_by_key(|(_, gram)| gram.iter().map(|byte| commonness(*byte)).sum::<usize>());
        let Some((offset, gram)) = rarest else { return };
        self.is_empty = false;
        let mut padded = [0; 4];
        for (to, from) in padded.iter_mut().zip(gram) {
            *to = *from;
        }
        let gram = u32::from_le_bytes(padded);
        let (slot, bit) = place(gram);
        if let Some(slot) = self.bits.get_mut(slot) {
            *slot |= bit;
        }
        if let Some(bucket) = self.buckets.get_mut(bucket(gram)) {
            bucket.push(Entry { gram, word, offset });
        }
    }

    fn has(&self, gram: u32) -> bool {
        let (slot, bit) = place(gram);
        self.bits.get(slot).is_some_and(|slot| slot & bit != 0)
    }
}

/// The bucket of a gram.
fn bucket(gram: u32) -> usize {
    usize::try_from(gram.wrapping_mul(0x9e37_79b1) >> (u32::BITS - BUCKET_BITS)).unwrap_or_default()
}

/// The slot and the bit of a gram.
fn place(gram: u32) -> (usize, u64) {
    let hash = gram.wrapping_mul(0x9e37_79b1) >> (u32::BITS - BITS);
    (usize::try_from(hash >> 6).unwrap_or_default(), 1 << (hash & 63))
}

/// How common a byte is in text, roughly.
fn commonness(byte: u8) -> usize {
    const BY_RANK: &[u8] = b"zqxjkvbpygfwmucldrhsnioate ";
    BY_RANK.iter().position(|letter| *letter == byte).map_or(0, |rank| rank * rank)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(words: &[&str], text: &str) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        Grams::new(words.iter().copied()).find(text.as_bytes(), |word, at| found.push((word, at)));
        found.sort_unstable();
        found
    }

    #[test]
    fn words_are_found_where_they_stand() {
        assert_eq!(found(&["key", "token", "okay"], "a key, a tokey, okay"), [(0, 2), (0, 11), (2, 16)]);
        assert_eq!(found(&["key"], "key"), [(0, 0)]);
        assert_eq!(found(&["key", "://"], "ke"), []);
    }

    proptest! {
        #[test]
        fn nothing_is_missed(words in prop::collection::hash_set("[abc]{3,6}", 1..8), text in "[abc]{0,60}") {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let mut expected: Vec<(usize, usize)> = Vec::new();
            for (index, word) in words.iter().enumerate() {
                expected.extend((0..text.len()).filter(|at| text[*at..].starts_with(word)).map(|at| (index, at)));
            }
            expected.sort_unstable();
            prop_assert_eq!(found(&words, &text), expected);
        }
    }
}
