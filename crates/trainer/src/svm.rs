//! A linear support vector machine with squared hinge loss, fitted by dual coordinate descent (Hsieh et al., ICML 2008).
//! Every sample has its own cost, and a margin that something else contributes to: what an expert already says need not
//! be learned. One thread and a seeded order make it reproducible bit for bit.

use procura_screen::inject::model::{CLASS_BITS, Features, GRAM_BITS};

/// Which features are looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// Whether classes of words are.
    pub(crate) classes: bool,
    /// What dense features are multiplied with; nought leaves them out.
    pub(crate) dense: f32,
    /// What a point of the expert's sum contributes to the margin.
    pub(crate) offset: f32,
}

/// Where the expert's sum says nothing.
pub(crate) const NEUTRAL: f32 = 1.2;

/// A sample to learn from.
#[derive(Clone, Copy)]
pub(crate) struct Sample<'a> {
    /// Its features.
    pub(crate) features: &'a Features,
    /// Whether it is an attack.
    pub(crate) attack: bool,
    /// What an error costs, one being the mean.
    pub(crate) cost: f32,
}

/// The weights that were found.
#[derive(Debug, Clone)]
pub(crate) struct Weights {
    /// For characters and words.
    pub(crate) grams: Vec<f32>,
    /// For classes.
    pub(crate) classes: Vec<f32>,
    /// For dense features, as they are.
    pub(crate) dense: Vec<f32>,
    /// For every text.
    pub(crate) bias: f32,
}

/// A small generator of numbers (xorshift64*); the order of samples depends on nothing else.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    /// Starts from a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap_or(0) % bound.max(1)
    }

    /// Puts a list in another order.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }
}

/// Fits `cost` times the costs of the samples against the size of the weights.
pub(crate) fn fit(samples: &[Sample<'_>], look: Look, cost: f32, epochs: usize, seed: u64) -> Weights {
    let mut weights = Weights {
        grams: vec![0.0; 1 << GRAM_BITS],
        classes: if look.classes { vec![0.0; 1 << CLASS_BITS] } else { Vec::new() },
        dense: Vec::new(),
        bias: 0.0,
    };
    let width = samples.first().map_or(0, |sample| sample.features.dense.len());
    if look.dense > 0.0 {
        weights.dense = vec![0.0; width];
    }
    let mut duals = vec![0.0_f32; samples.len()];
    let norms: Vec<f32> = samples.iter().map(|sample| norm(sample.features, look)).collect();
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let mut chance = Chance::new(seed);
    for _ in 0..epochs {
        chance.shuffle(&mut order);
        for &at in &order {
            let (Some(sample), Some(dual), Some(norm)) = (samples.get(at), duals.get_mut(at), norms.get(at))
            else {
                continue;
            };
            let slack = 0.5 / (cost * sample.cost).max(1e-9);
            let sign = if sample.attack { 1.0 } else { -1.0 };
            let known = look.offset * (sample.features.expert - NEUTRAL);
            let gradient = sign * (weights.score(sample.features, look) + known) - 1.0 + slack * *dual;
            let next = (*dual - gradient / (norm + slack)).max(0.0);
            let change = (next - *dual) * sign;
            *dual = next;
            if change != 0.0 {
                weights.add(sample.features, look, change);
            }
        }
    }
    for weight in &mut weights.dense {
        *weight *= look.dense;
    }
    weights
}

fn norm(features: &Features, look: Look) -> f32 {
    let dense: f32 = features.dense.iter().map(|value| value * value).sum();
    let sets = f32::from(u8::from(!features.grams.is_empty()))
        + f32::from(u8::from(look.classes && !features.classes.is_empty()));
    1.0 + sets + look.dense * look.dense * dense
}

fn unit(buckets: &[u32]) -> f32 {
    1.0 / (buckets.len().max(1) as f32).sqrt()
}

impl Weights {
    fn score(&self, features: &Features, look: Look) -> f32 {
        let mut score = self.bias + unit(&features.grams) * sum(&self.grams, &features.grams);
        if look.classes {
            score += unit(&features.classes) * sum(&self.classes, &features.classes);
        }
        let dense: f32 = self.dense.iter().zip(&features.dense).map(|(weight, value)| weight * value).sum();
        score + look.dense * dense
    }

    fn add(&mut self, features: &Features, look: Look, change: f32) {
        self.bias += change;
        add(&mut self.grams, &features.grams, change * unit(&features.grams));
        if look.classes {
            add(&mut self.classes, &features.classes, change * unit(&features.classes));
        }
        for (weight, value) in self.dense.iter_mut().zip(&features.dense) {
            *weight += change * look.dense * value;
        }
    }
}

fn sum(weights: &[f32], buckets: &[u32]) -> f32 {
    buckets.iter().filter_map(|bucket| weights.get(*bucket as usize)).sum()
}

fn add(weights: &mut [f32], buckets: &[u32], change: f32) {
    for bucket in buckets {
        if let Some(weight) = weights.get_mut(*bucket as usize) {
            *weight += change;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(grams: &[u32], expert: f32) -> Features {
        Features { grams: grams.to_vec(), classes: Vec::new(), dense: Vec::new(), expert }
    }

    const LOOK: Look = Look { classes: false, dense: 0.0, offset: 0.0 };

    #[test]
    fn what_can_be_separated_is_separated_and_twice_the_same_way() {
        let (one, other) = (features(&[1, 2], 0.0), features(&[2, 3], 0.0));
        let samples = [
            Sample { features: &one, attack: true, cost: 1.0 },
            Sample { features: &other, attack: false, cost: 1.0 },
        ];
        let weights = fit(&samples, LOOK, 10.0, 50, 7);
        assert!(weights.score(&one, LOOK) > 0.5 && weights.score(&other, LOOK) < -0.5);
        assert_eq!(fit(&samples, LOOK, 10.0, 50, 7).grams, weights.grams);
    }

    #[test]
    fn what_the_expert_says_is_not_learned() {
        let (one, other) = (features(&[1], 4.0), features(&[2], 0.0));
        let samples = [
            Sample { features: &one, attack: true, cost: 1.0 },
            Sample { features: &other, attack: false, cost: 1.0 },
        ];
        let weights = fit(&samples, Look { offset: 1.0, ..LOOK }, 10.0, 50, 7);
        assert!(weights.score(&one, LOOK).abs() < 0.1);
    }
}
