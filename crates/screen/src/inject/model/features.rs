//! The features of a text, made by the same code when the model is trained and when it is used.

use super::expert::{Assessment, SIGNAL_COUNT, Side, assess};
use super::grams::{
    Buckets, CLASS_BITS, Class, GRAM_BITS, Token, add_characters, add_classes, add_words, classes, tokens,
};
use super::lexicon::{MARKS, Mark};
use super::marks::{Finder, Found, counts};
use super::number;
use super::sentences::{sentences, windows};

/// How many topics of rules are counted.
const TOPICS: usize = 9;
const SHAPES: usize = 10;
/// Bytes of a part of a long text.
const PART: usize = 4_096;
/// How many dense features a text has.
pub const DENSE: usize = MARKS.len() * 2 + SIGNAL_COUNT + TOPICS + SHAPES;

/// How grave the rules of each topic were in a reading, between 0 (none) and 1 (critical).
type Topics = [f32; TOPICS];

/// The features of one text.
#[derive(Debug, Clone)]
pub struct Features {
    /// Buckets of characters and words, each once.
    pub grams: Vec<u32>,
    /// Buckets of classes, each once.
    pub classes: Vec<u32>,
    /// Counts, densities, signals, rules and shape; each between 0 and 3.
    pub dense: Vec<f32>,
    /// What the expert thinks, between 0 and 6.
    pub expert: f32,
}

impl Features {
    /// Those of no text.
    pub(crate) fn none() -> Self {
        Self { grams: Vec::new(), classes: Vec::new(), dense: Vec::new(), expert: 0.0 }
    }
}

/// Which features are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Characters and words; the others are as if there were none.
    Grams,
    /// All of them.
    All,
}

/// Room for the sets of buckets, used again from text to text.
pub struct Scratch {
    grams: Buckets,
    classes: Buckets,
}

impl Default for Scratch {
    fn default() -> Self {
        Self { grams: Buckets::new(GRAM_BITS), classes: Buckets::new(CLASS_BITS) }
    }
}

/// What a rule found in a normalised text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hit {
    /// Where, in bytes.
    pub(crate) start: usize,
    /// The number of the rule's topic.
    pub(crate) topic: usize,
    /// How grave, between 0 and 1.
    pub(crate) gravity: f32,
}

/// A normalised text with its words, marks and sentences found.
pub struct Parsed<'a> {
    text: &'a str,
    hits: &'a [Hit],
    tokens: Vec<Token>,
    classes: Vec<Class>,
    found: Vec<Found>,
    sentences: Vec<(usize, usize)>,
}

impl<'a> Parsed<'a> {
    /// Finds words, marks and sentences of a normalised text in which the rules made `hits`.
    pub(crate) fn new(text: &'a str, hits: &'a [Hit], finder: &Finder) -> Self {
        let (tokens, found) = (tokens(text), finder.find(text));
        let classes = classes(text, &tokens, &found);
        Self { text, hits, tokens, classes, found, sentences: sentences(text) }
    }

    /// The whole text, in parts of bounded length: a page of a thousand sentences is no document that anybody reads at once.
    #[must_use]
    pub fn parts(&self) -> Vec<(usize, usize)> {
        if self.text.len() <= PART {
            return vec![(0, self.text.len())];
        }
        let mut parts: Vec<(usize, usize)> = Vec::new();
        for &(start, end) in &self.sentences {
            match parts.last_mut() {
                Some(part) if end - part.0 <= PART => part.1 = end,
                _ => parts.push((start, end)),
            }
        }
        parts
    }

    /// The windows of the text: neighbouring sentences joined, in bytes.
    #[must_use]
    pub fn windows(&self) -> Vec<(usize, usize)> {
        let bounds = |(first, after): (usize, usize)| {
            let start = self.sentences.get(first).map(|(start, _)| *start)?;
            let end = self.sentences.get(after.checked_sub(1)?).map(|(_, end)| *end)?;
            Some((start, end))
        };
        windows(&self.sentences).into_iter().filter_map(bounds).collect()
    }

    /// The features of the bytes `start..end`.
    #[must_use]
    pub fn features(&self, part: (usize, usize), side: Side, scratch: &mut Scratch) -> Features {
        self.wanted((part, Wanted::All), side, scratch)
    }

    /// Those features of the bytes `start..end` that somebody looks at.
    pub(crate) fn wanted(
        &self,
        ((start, end), wanted): ((usize, usize), Wanted),
        side: Side,
        scratch: &mut Scratch,
    ) -> Features {
        let text = self.text.get(start..end).unwrap_or_default();
        let tokens = between(&self.tokens, start, end, |token| token.start);
        add_characters(text, &mut scratch.grams);
        add_words(tokens, &mut scratch.grams);
        if wanted == Wanted::Grams {
            return Features { grams: scratch.grams.take(), ..Features::none() };
        }
        let found = between(&self.found, start, end, |found| found.start);
        let sentences = between(&self.sentences, start, end, |(start, _)| *start);
        add_classes(between(&self.classes, start, end, |class| class.start), &mut scratch.classes);
        let assessment = assess(self.text, sentences, found, side);
        Features {
            grams: scratch.grams.take(),
            classes: scratch.classes.take(),
            dense: dense(text, tokens.len(), found, &assessment, &self.topics(start, end)),
            expert: assessment.score,
        }
    }
}

impl Parsed<'_> {
    fn topics(&self, start: usize, end: usize) -> Topics {
        let mut topics = [0.0_f32; TOPICS];
        for hit in self.hits.iter().filter(|hit| (start..end).contains(&hit.start)) {
            if let Some(topic) = topics.get_mut(hit.topic) {
                *topic = topic.max(hit.gravity);
            }
        }
        topics
    }
}

/// The part of a sorted list that begins in `start..end`.
fn between<T>(list: &[T], start: usize, end: usize, at: impl Fn(&T) -> usize) -> &[T] {
    let first = list.partition_point(|one| at(one) < start);
    let rest = list.get(first..).unwrap_or_default();
    rest.get(..rest.partition_point(|one| at(one) < end)).unwrap_or_default()
}

fn dense(text: &str, words: usize, found: &[Found], assessment: &Assessment, topics: &Topics) -> Vec<f32> {
    let counts = counts(found);
    let mut dense = Vec::with_capacity(DENSE);
    dense.extend(counts.iter().map(|count| if *count == 0 { 0.0 } else { log(f32::from(*count)) }));
    dense.extend(counts.iter().map(|count| (10.0 * f32::from(*count) / number(words.max(1))).min(1.0)));
    dense.extend(assessment.signals);
    dense.extend(topics);
    dense.extend(shape(text, words, &counts));
    dense
}

fn log(count: f32) -> f32 {
    count.ln_1p().min(3.0)
}

fn shape(text: &str, words: usize, counts: &[u16; MARKS.len()]) -> [f32; SHAPES] {
    let bytes = text.as_bytes();
    let length = number(bytes.len().max(1));
    let of = |mark: Mark| f32::from(counts.get(mark.number()).copied().unwrap_or(0));
    [
        number(words).ln_1p() / 5.0,
        count(bytes, |byte| !byte.is_ascii()) / length,
        count(bytes, |byte| byte.is_ascii_digit()) / length,
        count(bytes, |byte| byte.is_ascii_punctuation()) / length,
        count(bytes, |byte| byte == b'\n').ln_1p().min(3.0),
        count(bytes, |byte| byte == b'?').ln_1p().min(3.0),
        count(bytes, |byte| byte == b'!').ln_1p().min(3.0),
        count(bytes, |byte| matches!(byte, b'"' | b'\'')).ln_1p().min(3.0),
        (of(Mark::You) - of(Mark::Mine)).clamp(-3.0, 3.0) / 3.0,
        if text.starts_with(['{', '[', '<']) { 1.0 } else { 0.0 },
    ]
}

/// How many bytes are so, counted in bytes as long as one holds the count, so that it is done many at a time.
fn count(bytes: &[u8], is: impl Fn(u8) -> bool) -> f32 {
    let few = |few: &[u8]| few.iter().fold(0_u8, |sum, byte| sum.wrapping_add(u8::from(is(*byte))));
    number(bytes.chunks(255).map(|part| usize::from(few(part))).sum())
}
