//! Subjects are loaded in turns, so that a change in the machine's mood meets all of them; ratios are made within a turn.

use crate::Outcome;
use crate::load::{Report, Shot, load};
use crate::process::Server;
use crate::settings::Settings;

/// Something to be measured.
pub(crate) struct Subject<'a> {
    pub(crate) name: &'static str,
    pub(crate) server: &'a Server,
    pub(crate) shot: Shot,
}

/// One subject in one turn.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Sample {
    pub(crate) per_second: f64,
    pub(crate) cpu_micros: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Answers that were not as expected, and connections that broke.
    pub(crate) bad: u64,
}

/// All turns of one subject.
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) samples: Vec<Sample>,
}

pub(crate) fn measure(subjects: &[Subject<'_>], settings: &Settings) -> Outcome<Vec<Measured>> {
    let mut measured: Vec<Measured> =
        subjects.iter().map(|subject| Measured { name: subject.name, samples: Vec::new() }).collect();
    for subject in subjects {
        let warm_up = load(&subject.shot, settings.connections, settings.length / 3)?;
        explain(subject.name, &warm_up);
        if warm_up.good == 0 {
            return Err(format!("{} gave no good answer", subject.name));
        }
    }
    for turn in 1..=settings.runs {
        for (subject, measured) in subjects.iter().zip(&mut measured) {
            let sample = sample(subject, settings)?;
            eprintln!(
                "turn {turn}: {:<28} {:>8.0} req/s {:>7.1} µs CPU, bad {}",
                subject.name, sample.per_second, sample.cpu_micros, sample.bad
            );
            measured.samples.push(sample);
        }
    }
    Ok(measured)
}

fn sample(subject: &Subject<'_>, settings: &Settings) -> Outcome<Sample> {
    let before = subject.server.cpu_micros()?;
    let report = load(&subject.shot, settings.connections, settings.length)?;
    let used = subject.server.cpu_micros()?.saturating_sub(before);
    if report.bad > 0 || report.broken > 0 {
        explain(subject.name, &report);
    }
    if used == 0 {
        return Err(format!("{} used no CPU: something else answered in its place", subject.name));
    }
    Ok(Sample {
        per_second: report.good as f64 / settings.length.as_secs_f64(),
        cpu_micros: used as f64 / report.good.max(1) as f64,
        p50_ms: report.percentile(0.5),
        p99_ms: report.percentile(0.99),
        bad: report.bad + report.broken,
    })
}

fn explain(name: &str, report: &Report) {
    if let Some(specimen) = &report.specimen {
        let short: String = specimen.chars().take(300).collect();
        eprintln!("{name}: statuses {:?}, broken {}, for example {short}", report.statuses, report.broken);
    }
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = values.get(middle).copied().unwrap_or(f64::NAN);
    if values.len() % 2 == 1 {
        return upper;
    }
    let lower = middle.checked_sub(1).and_then(|lower| values.get(lower)).copied();
    (lower.unwrap_or(f64::NAN) + upper) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
        assert!(median(std::iter::empty()).is_nan());
    }
}
