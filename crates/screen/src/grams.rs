//! The prefilter of both gates: where in a text do any of some hundred words stand, in any case of their letters? Each word is
//! known by its rarest three or four letters. Every position of the text is looked up in a bit set of three letters that
//! fits the first cache, independently of the last; where the bit is set a second set of four is asked, and only then are
//! the words themselves compared. An Aho-Corasick automaton of this size waits for the second cache at every byte and was
//! measured at a quarter of the speed.

/// Bits of a set, as a power of two.
const BITS: u32 = 15;
/// Words of a set.
const WORDS: usize = 1 << (BITS - 6);

/// Words to look for.
pub(crate) struct Grams {
    /// The first three letters of every gram.
    any: Bits,
    four: Set,
    three: Set,
    words: Vec<Vec<u8>>,
}

/// A set of hashes.
struct Bits([u64; WORDS]);

/// The grams of some words.
struct Set {
    bits: Bits,
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
        let mut grams = Self { any: Bits::new(), four: Set::new(), three: Set::new(), words: Vec::new() };
        for (index, word) in words.iter().enumerate() {
            let size = word.len().min(4);
            let set = if size == 4 { &mut grams.four } else { &mut grams.three };
            if let Some(gram) = set.add(index, word, size) {
                grams.any.add(gram & THREE);
            }
        }
        grams.words = words;
        grams
    }

    /// Reports every place of every word in `text`, in any case, as (number of the word, place). The places of one word
    /// come in order.
    pub(crate) fn find(&self, text: &[u8], mut report: impl FnMut(usize, usize)) {
        for (at, four) in fours(text) {
            if self.any.has(four & THREE) {
                self.confirm(four, (text, at), &mut report);
            }
        }
        if let Some(&[first, second, third]) = text.last_chunk::<3>() {
            let three = u32::from_le_bytes([first, second, third, 0]) | (CASE & THREE);
            self.three.confirm(&self.words, three, (text, text.len() - 3), &mut report);
        }
    }

    /// Compares the words that may have `four` with what stands around `at`.
    #[inline(never)]
    fn confirm(&self, four: u32, place: (&[u8], usize), report: &mut impl FnMut(usize, usize)) {
        if self.four.bits.has(four) {
            self.four.confirm(&self.words, four, place, report);
        }
        let three = four & THREE;
        if self.three.bits.has(three) {
            self.three.confirm(&self.words, three, place, report);
        }
    }
}

/// The first three bytes of four.
const THREE: u32 = 0x00ff_ffff;
/// The bit in which the cases of an ASCII letter differ, in each byte.
const CASE: u32 = 0x2020_2020;

/// Each four bytes of `text` in a row with their cases folded, and where they begin.
fn fours(text: &[u8]) -> impl Iterator<Item = (usize, u32)> {
    text.windows(4).enumerate().map(|(at, window)| match window {
        &[first, second, third, fourth] => (at, u32::from_le_bytes([first, second, third, fourth]) | CASE),
        _ => (at, 0),
    })
}

impl Set {
    fn new() -> Self {
        Self { bits: Bits::new(), buckets: vec![Vec::new(); 1 << BUCKET_BITS] }
    }

    /// Adds a word by its rarest letters, and gives those back.
    fn add(&mut self, word: usize, bytes: &[u8], size: usize) -> Option<u32> {
        let rarity = |gram: &[u8]| gram.iter().take(3).map(|byte| commonness(*byte)).sum::<usize>();
        let (offset, gram) = bytes.windows(size.max(3)).enumerate().min_by_key(|(_, gram)| rarity(gram))?;
        let mut padded = [0; 4];
        for (to, from) in padded.iter_mut().zip(gram) {
            *to = *from | 0x20;
        }
        let gram = u32::from_le_bytes(padded);
        self.bits.add(gram);
        if let Some(bucket) = self.buckets.get_mut(bucket(gram)) {
            bucket.push(Entry { gram, word, offset });
        }
        Some(gram)
    }

    fn confirm(
        &self,
        words: &[Vec<u8>],
        gram: u32,
        (text, at): (&[u8], usize),
        report: &mut impl FnMut(usize, usize),
    ) {
        for entry in self.buckets.get(bucket(gram)).into_iter().flatten().filter(|entry| entry.gram == gram) {
            let place = at.checked_sub(entry.offset);
            let word = words.get(entry.word);
            if let (Some(place), Some(word)) = (place, word)
                && text.get(place..place + word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word))
            {
                report(entry.word, place);
            }
        }
    }
}

impl Bits {
    fn new() -> Self {
        Self([0; WORDS])
    }

    fn add(&mut self, gram: u32) {
        let (slot, bit) = place(gram);
        if let Some(slot) = self.0.get_mut(slot) {
            *slot |= bit;
        }
    }

    #[inline]
    fn has(&self, gram: u32) -> bool {
        let (slot, bit) = place(gram);
        self.0.get(slot).is_some_and(|slot| slot & bit != 0)
    }
}

/// The bucket of a gram.
fn bucket(gram: u32) -> usize {
    usize::try_from(gram.wrapping_mul(0x9e37_79b1) >> (u32::BITS - BUCKET_BITS)).unwrap_or_default()
}

/// The slot and the bit of a gram.
#[inline]
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
        assert_eq!(found(&["key", "token_"], "KEY ToKen_ token\u{7f}"), [(0, 0), (1, 4)]);
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
