//! One linear model: a weight for each bucket and each dense feature. Weights of buckets are kept in eight bits.

use super::features::Features;
use super::number;

/// What a member looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// The whole text, at most a few pages at once.
    Text,
    /// Neighbouring sentences; the gravest window speaks for the text.
    Window,
}

/// Weights of hashed features; the weight of a bucket is its number times the step.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The value of one.
    pub step: f32,
    /// One number for each bucket; none at all where the member does not look at these features.
    pub weights: Vec<i8>,
}

impl Table {
    /// The mean weight of the buckets, times the root of their number.
    fn score(&self, buckets: &[u32]) -> f32 {
        if self.weights.is_empty() || buckets.is_empty() {
            return 0.0;
        }
        let weight =
            |bucket: &u32| usize::try_from(*bucket).ok().and_then(|at| self.weights.get(at)).copied();
        let sum: i32 = buckets.iter().filter_map(weight).map(i32::from).sum();
        self.step * clamped(sum) / number(buckets.len()).sqrt()
    }
}

/// A sum of weights as a number to reckon with; no text of a part's length reaches the bound.
fn clamped(sum: i32) -> f32 {
    let (high, low) = (sum >> 8, sum & 0xff);
    256.0 * f32::from(i16::try_from(high).unwrap_or(i16::MAX)) + f32::from(i16::try_from(low).unwrap_or(0))
}

/// A linear model.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// What it looks at.
    pub unit: Unit,
    /// Weights of characters and words.
    pub grams: Table,
    /// Weights of classes.
    pub classes: Table,
    /// Weights of dense features; none where it does not look at them.
    pub dense: Vec<f32>,
    /// The score of a text without features.
    pub bias: f32,
    /// What a point of the expert's sum adds; it was there while the weights were fitted.
    pub offset: f32,
    /// What the score is multiplied with before it is added to those of others.
    pub share: f32,
}

impl Member {
    /// The score of a text or window, before its share is taken.
    #[must_use]
    pub fn score(&self, features: &Features) -> f32 {
        let dense: f32 = self.dense.iter().zip(&features.dense).map(|(weight, value)| weight * value).sum();
        self.grams.score(&features.grams)
            + self.classes.score(&features.classes)
            + dense
            + self.bias
            + self.offset * features.expert
    }
}
