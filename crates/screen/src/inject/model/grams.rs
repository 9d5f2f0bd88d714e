//! Hashed n-grams of a normalised reading: characters (3 to 5, blanks as one), words (1 to 3), and classes (1 to 4), where
//! a class is a mark of the lexicon, a function word or the shape of a word. Classes know the build of a sentence and not
//! what it is about, which is what a source that nobody has seen shares with those that somebody has. The hashes are
//! part of the model file's format and never change.

use std::sync::LazyLock;

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
    /// Room for the buckets; the first `count` of it are in the set.
    list: Vec<u32>,
    count: usize,
    mask: u32,
}

impl Buckets {
    /// An empty set of `1 << bits` buckets.
    pub(crate) fn new(bits: u32) -> Self {
        Self { seen: vec![0; 1 << bits.saturating_sub(6)], list: Vec::new(), count: 0, mask: (1 << bits) - 1 }
    }

    /// Lets `add` put at most `most` more buckets into the set; what is beyond is left out.
    fn extend(&mut self, most: usize, add: impl FnOnce(&mut Open<'_>)) {
        let room = self.count + most + 1;
        if self.list.len() < room {
            self.list.resize(room, 0);
        }
        let mut open =
            Open { seen: &mut self.seen, list: &mut self.list, count: self.count, mask: self.mask };
        add(&mut open);
        self.count = open.count;
    }

    /// The buckets; the set is empty afterwards and keeps its room.
    pub(crate) fn take(&mut self) -> Vec<u32> {
        self.seen.fill(0);
        let taken = self.list.get(..self.count).unwrap_or_default().to_vec();
        self.count = 0;
        taken
    }
}

/// A set that is being added to, with its parts at hand: a third of a scan is spent here.
struct Open<'a> {
    seen: &'a mut [u64],
    list: &'a mut [u32],
    count: usize,
    mask: u32,
}

impl Open<'_> {
    /// Whether a hash is new is a toss of a coin that no processor foresees, so the bucket is written in any case and
    /// counted when it is new.
    #[inline]
    fn add(&mut self, hash: u32) {
        let bucket = hash & self.mask;
        let place = usize::try_from(bucket >> 6).ok().and_then(|at| self.seen.get_mut(at));
        let (Some(word), Some(slot)) = (place, self.list.get_mut(self.count)) else { return };
        *slot = bucket;
        self.count += usize::from((*word >> (bucket & 63)) & 1 == 0);
        *word |= 1_u64 << (bucket & 63);
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

/// Odd numbers that the letters of an n-gram are multiplied with, the last letter first.
const FACTORS: [u32; 5] = [0x9e37_79b1, 0x85eb_ca77, 0xc2b2_ae3d, 0x27d4_eb2f, 0x1656_67b1];

/// Adds the n-grams of characters.
pub(crate) fn add_characters(text: &str, buckets: &mut Buckets) {
    buckets.extend(3 * (text.len() + 2), |open| {
        if text.is_ascii() {
            add_letters(text.bytes().map(char::from), open);
        } else {
            add_letters(text.chars(), open);
        }
    });
}

fn add_letters(letters: impl Iterator<Item = char>, open: &mut Open<'_>) {
    let [last_factor, second, third, fourth, fifth] = FACTORS;
    let (mut a, mut b, mut c, mut d) = (0_u32, 0_u32, 0_u32, u32::from(' '));
    let mut count = 1_u32;
    let mut blank = true;
    let mut add = |letter: char| {
        let is_blank = letter.is_whitespace();
        if is_blank && blank {
            return;
        }
        blank = is_blank;
        let e = u32::from(if is_blank { ' ' } else { letter });
        count += 1;
        let three = e
            .wrapping_mul(last_factor)
            .wrapping_add(d.wrapping_mul(second))
            .wrapping_add(c.wrapping_mul(third));
        let four = three.wrapping_add(b.wrapping_mul(fourth));
        let five = four.wrapping_add(a.wrapping_mul(fifth));
        if count >= 3 {
            open.add(mixed(three ^ 3));
        }
        if count >= 4 {
            open.add(mixed(four ^ 4));
        }
        if count >= 5 {
            open.add(mixed(five ^ 5));
        }
        (a, b, c, d) = (b, c, d, e);
    };
    letters.for_each(&mut add);
    add(' ');
}

/// Adds the n-grams of words.
pub(crate) fn add_words(tokens: &[Token], buckets: &mut Buckets) {
    buckets.extend(3 * tokens.len(), |open| {
        add_runs::<3>(tokens.iter().map(|token| token.hash), 0x51ed_270b, open);
    });
}

/// Adds the n-grams of classes; rows of the same class are cut to two.
pub(crate) fn add_classes(classes: &[Class], buckets: &mut Buckets) {
    let (mut last, mut rows) = (0, 0);
    let short = classes.iter().map(|class| class.class).filter(|class| {
        rows = if *class == last { rows + 1 } else { 1 };
        last = *class;
        rows <= 2
    });
    buckets.extend(4 * classes.len(), |open| add_runs::<4>(short, 0x2545_f491, open));
}

/// Adds the n-grams of at most `LONGEST` hashes, which is four or less.
fn add_runs<const LONGEST: usize>(hashes: impl Iterator<Item = u32>, salt: u32, open: &mut Open<'_>) {
    const { assert!(LONGEST <= 4) };
    let mut last = [0_u32; 4];
    let mut known = 0;
    hashes.for_each(|hash| {
        let [first, second, third, _] = last;
        last = [hash, first, second, third];
        known = LONGEST.min(known + 1);
        let mut gram = 0_u32;
        for (length, part) in (1_u32..).zip(last.iter().take(known)) {
            gram = gram.wrapping_mul(0x9e37_79b1).wrapping_add(*part);
            open.add(mixed(gram ^ length.wrapping_mul(salt)));
        }
    });
}

/// Words that a sentence is built with, sorted; they are kept as they are.
const FUNCTION_WORDS: &[&str] = &[
    "a", "about", "after", "again", "also", "an", "and", "any", "are", "as", "at", "auf", "aur", "be",
    "because", "been", "before", "being", "between", "both", "but", "by", "can", "che", "con", "could", "da",
    "das", "de", "den", "der", "des", "di", "did", "die", "do", "does", "e", "each", "el", "en", "est", "et",
    "few", "for", "from", "fur", "had", "hai", "has", "have", "he", "her", "here", "his", "how", "if", "il",
    "in", "into", "is", "ist", "it", "its", "just", "ka", "ke", "ki", "ko", "kya", "la", "las", "le", "les",
    "los", "may", "mein", "might", "mit", "more", "most", "nicht", "no", "non", "not", "now", "o", "of",
    "on", "or", "other", "out", "over", "own", "para", "por", "que", "same", "se", "she", "should", "so",
    "some", "such", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this",
    "those", "to", "too", "un", "una", "und", "under", "until", "up", "very", "von", "was", "were", "where",
    "which", "while", "who", "whom", "why", "will", "with", "wo", "would", "y", "ye", "в", "и", "как", "на",
    "не", "по", "что", "это",
];

/// The class of a word or of a marked phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Class {
    /// Where it begins, in bytes.
    pub(crate) start: usize,
    class: u32,
}

/// The class of each word or marked phrase; `found` are the marks in the text that the tokens were taken from.
pub(crate) fn classes(text: &str, tokens: &[Token], found: &[Found]) -> Vec<Class> {
    let mut classes = Vec::with_capacity(tokens.len());
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
        classes.push(Class { start: token.start, class });
    }
    classes
}

/// The number after those of the marks.
const SHAPES: u32 = 64;

/// No function word is longer, in bytes.
const LONGEST_FUNCTION_WORD: usize = 7;

/// The function words as numbers, sorted: comparing numbers costs a tenth of comparing strings.
static FUNCTION_NUMBERS: LazyLock<Vec<u64>> =
    LazyLock::new(|| FUNCTION_WORDS.iter().filter_map(|word| short_number(word)).collect());

/// The bytes of a word of seven or less; numbers are in the order of their words.
fn short_number(word: &str) -> Option<u64> {
    let mut bytes = [0; 8];
    bytes.get_mut(..LONGEST_FUNCTION_WORD)?.get_mut(..word.len())?.copy_from_slice(word.as_bytes());
    Some(u64::from_be_bytes(bytes))
}

fn is_function_word(word: &str) -> bool {
    short_number(word).is_some_and(|number| FUNCTION_NUMBERS.binary_search(&number).is_ok())
}

fn shape(word: &str, hash: u32) -> u32 {
    const { assert!(MARKS.len() < 64) };
    let Some(first) = word.chars().next() else { return SHAPES };
    if !first.is_alphanumeric() || !first.is_ascii_digit() && is_function_word(word) {
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
        let read = |text: &str| read(text).into_iter().map(|class| class.class).collect::<Vec<_>>();
        assert_eq!(read("ignore the rules at once"), read("disregard the guidelines immediately"));
        assert_eq!(read("seven green apples"), read("seven brown pears"));
        assert_eq!(tokens("a-b_c 12").len(), 4);
        assert!(FUNCTION_WORDS.is_sorted());
        assert!(FUNCTION_NUMBERS.is_sorted() && FUNCTION_NUMBERS.len() == FUNCTION_WORDS.len());
        assert!(
            FUNCTION_WORDS
                .iter()
                .all(|word| is_function_word(word) && !word.starts_with(|c: char| c.is_ascii_digit()))
        );
        assert!(["", "th", "themm", "t\0", "because of"].iter().all(|word| !is_function_word(word)));
    }
}
