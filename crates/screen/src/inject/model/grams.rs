//! Hashed n-grams of a normalised reading: characters (3 to 5, blanks as one), words (1 to 3), and classes (1 to 4), where
//! a class is a mark of the lexicon, a function word or the shape of a word. Classes know the build of a sentence and not
//! what it is about, which is what a source that nobody has seen shares with those that somebody has. The hashes are
//! part of the model file's format and never change.

use super::lexicon::MARKS;
use super::marks::Found;

/// Buckets of the table for characters and words, as a power of two.
pub const GRAM_BITS: u32 = 16;
/// Buckets of the table for classes, as a power of two.
pub const CLASS_BITS: u32 = 15;

/// A word or a sign of a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    /// Where it begins, in bytes.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
    hash: u32,
}

/// A set of buckets, each once, in the order of their coming.
pub(crate) struct Buckets {
    seen: Vec<u64>,
    list: Vec<u32>,
    mask: u32,
}

impl Buckets {
    /// An empty set of `1 << bits` buckets.
    pub(crate) fn new(bits: u32) -> Self {
        Self { seen: vec![0; 1 << bits.saturating_sub(6)], list: Vec::new(), mask: (1 << bits) - 1 }
    }

    fn add(&mut self, hash: u32) {
        let bucket = hash & self.mask;
        let Some(word) = usize::try_from(bucket >> 6).ok().and_then(|at| self.seen.get_mut(at)) else {
            return;
        };
        let bit = 1_u64 << (bucket & 63);
        if *word & bit == 0 {
            *word |= bit;
            self.list.push(bucket);
        }
    }

    /// The buckets; the set is empty afterwards and keeps its room.
    pub(crate) fn take(&mut self) -> Vec<u32> {
        for bucket in &self.list {
            if let Some(word) = usize::try_from(bucket >> 6).ok().and_then(|at| self.seen.get_mut(at)) {
                *word = 0;
            }
        }
        std::mem::take(&mut self.list)
    }
}

const FNV_START: u32 = 2_166_136_261;
const FNV_PRIME: u32 = 16_777_619;

fn fnv(hash: u32, letter: char) -> u32 {
    (hash ^ u32::from(letter)).wrapping_mul(FNV_PRIME)
}

/// The last step of murmur3: every bit of the hash depends on every other.
fn mixed(hash: u32) -> u32 {
    let hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    let hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

/// The words and signs of `text`.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::with_capacity(text.len() / 4);
    let mut open: Option<Token> = None;
    for (at, letter) in text.char_indices() {
        let end = at + letter.len_utf8();
        if letter.is_alphanumeric() || letter == '_' {
            let token = open.get_or_insert(Token { start: at, end, hash: FNV_START });
            token.hash = fnv(token.hash, letter);
            token.end = end;
            continue;
        }
        tokens.extend(open.take());
        if !letter.is_whitespace() {
            tokens.push(Token { start: at, end, hash: fnv(FNV_START, letter) });
        }
    }
    tokens.extend(open);
    tokens
}

/// Adds the n-grams of characters.
pub(crate) fn add_characters(text: &str, buckets: &mut Buckets) {
    let mut last = [' '; 5];
    let mut count = 0_u32;
    let mut blank = true;
    let letters = text.chars().map(|letter| if letter.is_whitespace() { ' ' } else { letter });
    for letter in std::iter::once(' ').chain(letters).chain(std::iter::once(' ')) {
        if letter == ' ' && blank && count > 0 {
            continue;
        }
        blank = letter == ' ';
        last.rotate_left(1);
        if let Some(end) = last.last_mut() {
            *end = letter;
        }
        count += 1;
        let [a, b, c, d, e] = last;
        if count >= 3 {
            buckets.add(mixed([c, d, e].into_iter().fold(FNV_START, fnv) ^ 3_u32.wrapping_mul(0x9e37_79b1)));
        }
        if count >= 4 {
            buckets
                .add(mixed([b, c, d, e].into_iter().fold(FNV_START, fnv) ^ 4_u32.wrapping_mul(0x9e37_79b1)));
        }
        if count >= 5 {
            buckets.add(mixed(
                [a, b, c, d, e].into_iter().fold(FNV_START, fnv) ^ 5_u32.wrapping_mul(0x9e37_79b1),
            ));
        }
    }
}

/// Adds the n-grams of words.
pub(crate) fn add_words(tokens: &[Token], buckets: &mut Buckets) {
    add_runs::<3>(tokens.iter().map(|token| token.hash), 0x51ed_270b, buckets);
}

/// Adds the n-grams of classes; `found` are the marks in the text that the tokens were taken from.
pub(crate) fn add_classes(text: &str, tokens: &[Token], found: &[Found], buckets: &mut Buckets) {
    add_runs::<4>(classes(text, tokens, found).into_iter(), 0x2545_f491, buckets);
}

fn add_runs<const LONGEST: usize>(hashes: impl Iterator<Item = u32>, salt: u32, buckets: &mut Buckets) {
    let mut last = [0_u32; LONGEST];
    for (at, hash) in hashes.enumerate() {
        last.rotate_left(1);
        if let Some(end) = last.last_mut() {
            *end = hash;
        }
        let mut gram = 0_u32;
        for (length, part) in (1_u32..).zip(last.iter().rev().take(at + 1)) {
            gram = gram.wrapping_mul(0x9e37_79b1).wrapping_add(*part);
            buckets.add(mixed(gram ^ length.wrapping_mul(salt)));
        }
    }
}

/// Words that a sentence is built with; they are kept as they are.
const FUNCTION_WORDS: &[&str] = &[
    "a", "an", "the", "this", "that", "these", "those", "to", "of", "in", "on", "at", "by", "for", "with",
    "from", "as", "and", "or", "but", "not", "no", "if", "then", "than", "so", "because", "while", "until",
    "it", "its", "he", "she", "they", "them", "his", "her", "their", "is", "are", "was", "were", "be",
    "been", "being", "has", "have", "had", "do", "does", "did", "will", "would", "can", "could", "should",
    "may", "might", "which", "who", "whom", "where", "why", "how", "there", "here", "about", "into", "over",
    "under", "between", "also", "just", "very", "any", "some", "more", "most", "other", "such", "own",
    "same", "too", "now", "after", "before", "again", "both", "each", "few", "out", "up", "de", "la", "el",
    "los", "las", "que", "y", "en", "un", "una", "por", "con", "para", "le", "les", "des", "et", "est",
    "der", "die", "das", "und", "ist", "den", "von", "mit", "fur", "auf", "nicht", "il", "di", "e", "che",
    "non", "o", "da", "и", "в", "не", "на", "что", "как", "это", "по", "ka", "ki", "ke", "ko", "se", "hai",
    "mein", "aur", "kya", "ye", "wo",
];

/// The class of each word or marked phrase; rows of the same class are cut to two.
fn classes(text: &str, tokens: &[Token], found: &[Found]) -> Vec<u32> {
    let mut classes: Vec<u32> = Vec::with_capacity(tokens.len());
    let mut marks = found.iter().peekable();
    let mut covered = 0;
    for token in tokens {
        if token.start < covered {
            continue;
        }
        let mut longest: Option<&Found> = None;
        while let Some(mark) = marks.next_if(|mark| mark.start < token.end) {
            let inside = mark.end > token.start;
            if inside && longest.is_none_or(|best| mark.end > best.end) {
                longest = Some(mark);
            }
        }
        let class = match longest {
            Some(mark) => {
                covered = mark.end;
                u32::try_from(mark.number).unwrap_or(0) + 1
            }
            None => shape(text.get(token.start..token.end).unwrap_or_default(), token.hash),
        };
        let repeated = matches!(classes.as_slice(), [.., one, other] if *one == class && *other == class);
        if !repeated {
            classes.push(class);
        }
    }
    classes
}

/// The number after those of the marks.
const SHAPES: u32 = 64;

fn shape(word: &str, hash: u32) -> u32 {
    const { assert!(MARKS.len() < 64) };
    let Some(first) = word.chars().next() else { return SHAPES };
    if !first.is_alphanumeric() || FUNCTION_WORDS.contains(&word) {
        return hash;
    }
    let ends = ["ing", "ed", "ly", "ion", "s"];
    SHAPES
        + match first {
            '0'..='9' => 1,
            'a'..='z' => {
                let end =
                    (0_u32..).zip(ends).find(|(_, end)| word.len() > end.len() + 2 && word.ends_with(end));
                end.map_or(2, |(which, _)| 3 + which)
            }
            '\u{400}'..='\u{52f}' => 10,
            '\u{600}'..='\u{6ff}' => 11,
            '\u{900}'..='\u{dff}' => 12,
            '\u{e00}'..='\u{e7f}' => 13,
            '\u{3040}'..='\u{30ff}' => 14,
            '\u{ac00}'..='\u{d7a3}' => 15,
            '\u{4e00}'..='\u{9fff}' => 16,
            _ => 17,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_come_once_and_the_set_is_clean_afterwards() {
        let mut buckets = Buckets::new(GRAM_BITS);
        add_characters("aaaaaaaa", &mut buckets);
        let first = buckets.take();
        // " aa" "aaa" "aa ", and so on for four and five.
        assert_eq!(first.len(), 9);
        add_characters("aaaaaaaa", &mut buckets);
        assert_eq!(buckets.take(), first);
    }

    #[test]
    fn classes_say_the_same_of_other_words_of_the_same_kind() {
        let finder = super::super::marks::Finder::new().unwrap();
        let read = |text: &str| classes(text, &tokens(text), &finder.find(text));
        assert_eq!(read("ignore the rules at once"), read("disregard the guidelines immediately"));
        assert_eq!(read("seven green apples"), read("seven brown pears"));
        assert_eq!(tokens("a-b_c 12").len(), 4);
    }
}
