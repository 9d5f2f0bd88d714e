//! One source held out at a time: a model is trained without it and judges it. What comes out is what to expect of a
//! source that nobody has seen, and it is what the thresholds are set by.

use procura_screen::inject::model::{Calibration, Half, Side};

use crate::calibrate;
use crate::corpus::FOLDS;
use crate::prepared::{Lessons, Prepared};
use crate::recipe::{Settings, train};

/// A record judged by a model that has not seen its source.
#[derive(Clone)]
pub(crate) struct Judged {
    /// The number of the record.
    pub(crate) record: usize,
    /// The number of its group.
    pub(crate) group: usize,
    /// Whether it is an attack.
    pub(crate) attack: bool,
    /// The score.
    pub(crate) score: f32,
    /// Whether the rules alone block it.
    pub(crate) blocked: bool,
}

/// Shares, calibration and judgements of a side.
pub(crate) struct Outcome {
    /// What each member's score is multiplied with.
    pub(crate) shares: Vec<f32>,
    /// From scores to risks.
    pub(crate) calibration: Calibration,
    /// Every record that counts, judged.
    pub(crate) judged: Vec<Judged>,
}

/// Holds out every fold in turn.
pub(crate) fn hold_out(
    lessons: &Lessons,
    side: Side,
    settings: &Settings,
    seed: u64,
    progress: impl Fn(usize) + Sync,
) -> Result<Outcome, String> {
    let without = |fold: usize| {
        progress(fold);
        let seen: Vec<&Prepared> = lessons.all.iter().filter(|lesson| lesson.fold != fold).collect();
        train(&seen, side, settings, seed)
    };
    let mut halves = in_two_threads(without)?;
    let held: Vec<&Prepared> = lessons
        .all
        .iter()
        .filter(|lesson| lesson.side == side && lesson.counts && lesson.fold < FOLDS)
        .collect();
    let members = halves.first().map_or(0, |half| half.members.len());
    let shares: Vec<f32> = (0..members)
        .map(|member| {
            let alone = |half: &Half| only(half, member);
            let scores: Vec<f32> = held
                .iter()
                .filter_map(|lesson| halves.get(lesson.fold).map(|half| lesson.score(&alone(half))))
                .filter(|score| score.is_finite())
                .collect();
            let share = if member == 0 { 1.0 } else { settings.pupil_share };
            share / deviation(&scores)
        })
        .collect();
    for half in &mut halves {
        share(half, &shares);
    }
    let judged: Vec<Judged> = held
        .iter()
        .filter_map(|lesson| {
            let score = lesson.score(halves.get(lesson.fold)?);
            Some(Judged {
                record: lesson.record,
                group: lesson.group,
                attack: lesson.attack,
                score,
                blocked: lesson.blocked,
            })
        })
        .collect();
    Ok(Outcome { calibration: calibrate::calibrate(&judged), shares, judged })
}

/// A model without each fold; the folds are independent, so the threads change nothing of the result.
fn in_two_threads(without: impl Fn(usize) -> Half + Sync) -> Result<Vec<Half>, String> {
    let every_second = |first: usize| (first..FOLDS).step_by(2).map(&without).collect::<Vec<Half>>();
    let (even, odd) = std::thread::scope(|scope| {
        let odd = scope.spawn(|| every_second(1));
        (every_second(0), odd.join())
    });
    let mut odd = odd.map_err(|_| "a thread of the training failed".to_owned())?.into_iter();
    Ok(even.into_iter().flat_map(|half| std::iter::once(half).chain(odd.next())).collect())
}

/// The half with one member only, and no expert beside it.
fn only(half: &Half, member: usize) -> Half {
    let members = half.members.get(member).cloned().into_iter().collect();
    Half { members, expert: 0.0 }
}

/// Gives the members their shares.
pub(crate) fn share(half: &mut Half, shares: &[f32]) {
    for (member, share) in half.members.iter_mut().zip(shares) {
        member.share = *share;
    }
}

fn deviation(scores: &[f32]) -> f32 {
    let count = scores.len().max(1) as f64;
    let mean = scores.iter().map(|score| f64::from(*score)).sum::<f64>() / count;
    let variance = scores.iter().map(|score| (f64::from(*score) - mean).powi(2)).sum::<f64>() / count;
    (variance.sqrt() as f32).max(1e-6)
}
