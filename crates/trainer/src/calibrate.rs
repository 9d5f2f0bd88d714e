//! Thresholds and probabilities, from scores of texts whose source the model had not seen.

use procura_screen::inject::model::Calibration;

use crate::loso::Judged;

/// Benign texts of all sources together that may be blocked.
const POOLED: f64 = 0.01;
/// Benign texts of any one source that may be blocked.
const WORST: f64 = 0.058;
/// Sources that are smaller say nothing about a rate.
const LEAST: usize = 100;

/// Finds thresholds and the probability's slope.
pub(crate) fn calibrate(judged: &[Judged]) -> Calibration {
    let benign: Vec<f32> = judged.iter().filter(|one| !one.attack).map(graver).collect();
    let high = quantile(&benign, POOLED).max(macro_threshold(judged, MACRO)).max(worst(judged));
    let medium = quantile(&benign, 0.03).min(high);
    let critical = 2.0 * high - medium;
    let (slope, intercept) = logistic(judged);
    Calibration { slope, intercept, thresholds: [medium, high, critical] }
}

/// The score, or more than any where the rules block already: what they block counts as a false alarm too.
fn graver(one: &Judged) -> f32 {
    if one.blocked { f32::MAX } else { one.score }
}

/// The score that the share `rate` of these scores exceeds.
pub(crate) fn quantile(scores: &[f32], rate: f64) -> f32 {
    let mut sorted = scores.to_vec();
    sorted.sort_unstable_by(|one, other| other.total_cmp(one));
    let place = (sorted.len() as f64 * rate) as usize;
    sorted.get(place).or(sorted.last()).map_or(0.0, |score| score + 1e-4)
}

fn by_group(judged: &[Judged]) -> Vec<Vec<f32>> {
    let mut groups = std::collections::BTreeMap::new();
    for one in judged.iter().filter(|one| !one.attack) {
        groups.entry(one.group).or_insert_with(Vec::new).push(graver(one));
    }
    groups.into_values().collect()
}

/// The threshold at which the mean over sources of their false alarms is bounded.
pub(crate) fn macro_threshold(judged: &[Judged], most: f64) -> f32 {
    let groups = by_group(judged);
    let rate = |threshold: f32| {
        let rates = groups.iter().map(|scores| {
            scores.iter().filter(|score| **score >= threshold).count() as f64 / scores.len().max(1) as f64
        });
        rates.sum::<f64>() / groups.len().max(1) as f64
    };
    let mut candidates: Vec<f32> = groups.iter().flatten().copied().collect();
    candidates.sort_unstable_by(f32::total_cmp);
    let place = candidates.partition_point(|candidate| rate(candidate + 1e-4) > most);
    candidates.get(place).map_or(0.0, |candidate| candidate + 1e-4)
}

/// The mean over sources of their false alarms.
const MACRO: f64 = 0.013;

fn worst(judged: &[Judged]) -> f32 {
    let groups = by_group(judged).into_iter().filter(|scores| scores.len() >= LEAST);
    groups.map(|scores| quantile(&scores, WORST)).fold(f32::NEG_INFINITY, f32::max)
}

/// Platt's fit of a logistic function by Newton's steps, attacks and benign texts counting the same.
fn logistic(judged: &[Judged]) -> (f32, f32) {
    let attacks = judged.iter().filter(|one| one.attack).count().max(1) as f64;
    let benign = judged.iter().filter(|one| !one.attack).count().max(1) as f64;
    let (mut slope, mut intercept) = (1.0_f64, 0.0_f64);
    for _ in 0..50 {
        let (mut g, mut h) = ([0.0; 2], [[1e-6, 0.0], [0.0, 1e-6]]);
        for one in judged {
            let x = f64::from(one.score);
            let (target, weight) = if one.attack { (1.0, 1.0 / attacks) } else { (0.0, 1.0 / benign) };
            let p = 1.0 / (1.0 + (-(slope * x + intercept)).exp());
            let (d, w) = (weight * (p - target), weight * p * (1.0 - p));
            g = [g[0] + d * x, g[1] + d];
            h = [[h[0][0] + w * x * x, h[0][1] + w * x], [h[1][0] + w * x, h[1][1] + w]];
        }
        let determinant = h[0][0] * h[1][1] - h[0][1] * h[1][0];
        if determinant.abs() < 1e-12 {
            break;
        }
        slope -= (h[1][1] * g[0] - h[0][1] * g[1]) / determinant;
        intercept -= (h[0][0] * g[1] - h[1][0] * g[0]) / determinant;
    }
    (slope as f32, intercept as f32)
}
