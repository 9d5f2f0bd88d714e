//! The table of what was held out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::corpus::Record;
use crate::loso::{Judged, Outcome};

/// Blocked by the rules alone, by the model alone, and by both together; of so many.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    /// All.
    pub(crate) all: usize,
    /// Blocked by the rules.
    pub(crate) rules: usize,
    /// Blocked by the model.
    pub(crate) model: usize,
    /// Blocked.
    pub(crate) either: usize,
}

fn counts(judged: &[Judged], threshold: f32, attack: bool) -> BTreeMap<usize, Counts> {
    let mut groups: BTreeMap<usize, Counts> = BTreeMap::new();
    for one in judged.iter().filter(|one| one.attack == attack) {
        let counts = groups.entry(one.group).or_default();
        let grave = one.score >= threshold;
        counts.all += 1;
        counts.rules += usize::from(one.blocked);
        counts.model += usize::from(grave);
        counts.either += usize::from(grave || one.blocked);
    }
    groups
}

fn rate(count: usize, all: usize) -> f64 {
    count as f64 / all.max(1) as f64
}

/// Rows by group, and the means over groups.
pub(crate) fn table(outcome: &Outcome, groups: &[String]) -> String {
    let [_, high, _] = outcome.calibration.thresholds;
    let mut text = String::from("| held out | texts | rules | model | both |\n|---|--:|--:|--:|--:|\n");
    for (attack, name) in [(true, "recall"), (false, "false positives")] {
        let counts = counts(&outcome.judged, high, attack);
        let mean = |of: fn(&Counts) -> usize| {
            counts.values().map(|counts| rate(of(counts), counts.all)).sum::<f64>()
                / counts.len().max(1) as f64
        };
        for (group, counts) in &counts {
            let name = groups.get(*group).map_or("", String::as_str);
            let (rules, model, both) = (
                rate(counts.rules, counts.all),
                rate(counts.model, counts.all),
                rate(counts.either, counts.all),
            );
            let _ = writeln!(text, "| {name} | {} | {rules:.3} | {model:.3} | {both:.3} |", counts.all);
        }
        let (rules, model, both) =
            (mean(|counts| counts.rules), mean(|counts| counts.model), mean(|counts| counts.either));
        let _ = writeln!(text, "| **mean {name}** | | **{rules:.3}** | **{model:.3}** | **{both:.3}** |");
    }
    text
}

/// The texts of each source where the model errs most: benign ones by falling score, attacks below the threshold by rising
/// score. A way to see what the expert's signals lack; nothing of it is ever written to a file.
pub(crate) fn errors(outcome: &Outcome, groups: &[String], records: &[Record], show: usize) -> String {
    let [_, high, _] = outcome.calibration.thresholds;
    let mut by_group: BTreeMap<(bool, usize), Vec<&Judged>> = BTreeMap::new();
    for one in &outcome.judged {
        by_group.entry((one.attack, one.group)).or_default().push(one);
    }
    let mut text = format!("threshold {high:.2}\n");
    for ((attack, group), mut judged) in by_group {
        let name = groups.get(group).map_or("", String::as_str);
        let _ = writeln!(text, "{} {name}", if attack { "passed:" } else { "gravest benign:" });
        if attack {
            judged.retain(|one| one.score < high && !one.blocked);
            let step = judged.len() / show.max(1) + 1;
            judged = judged.into_iter().step_by(step).collect();
        }
        judged.sort_by(|one, other| other.score.total_cmp(&one.score));
        for one in judged.iter().take(show) {
            let start: String =
                records.get(one.record).map_or("", |record| &record.text).chars().take(200).collect();
            let _ = writeln!(text, "  {:.2} {start:?}", one.score);
        }
    }
    text
}

/// The mean recall of model and rules together where the mean false alarms over sources are exactly at a rate: how well
/// texts are ranked, whatever the threshold.
pub(crate) fn ranking(outcome: &Outcome, rate: f64) -> f64 {
    let threshold = crate::calibrate::macro_threshold(&outcome.judged, rate);
    let counts = counts(&outcome.judged, threshold, true);
    counts.values().map(|counts| self::rate(counts.either, counts.all)).sum::<f64>()
        / counts.len().max(1) as f64
}
