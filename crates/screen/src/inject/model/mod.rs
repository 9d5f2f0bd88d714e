//! The trained model: what it looks at ([`Features`]), what it knows without training (the lexicon and the expert's sum),
//! the file it is read from ([`Model`]) and how it judges a text. The trainer uses the same code.

mod expert;
mod features;
mod file;
mod grams;
mod judge;
mod lexicon;
mod marks;
mod member;
mod sentences;

pub use expert::Side;
pub(crate) use features::Hit;
pub use features::{DENSE, Features, Parsed, Scratch};
pub use file::BrokenModel;
pub use grams::{CLASS_BITS, GRAM_BITS};
pub use judge::{Calibration, Half, Judgement, Model};
pub(crate) use marks::Finder;
pub use member::{Member, Table, Unit};

/// A small number of things as a number to reckon with.
fn number(count: usize) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}
