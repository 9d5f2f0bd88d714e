//! The figures as markdown, ready for docs/PERFORMANCE.md.

use crate::measure::{Measured, Sample, median};
use crate::settings::Settings;

pub(crate) fn figures(title: &str, measured: &[Measured], settings: &Settings) -> String {
    let mut text = format!(
        "\n### {title}\n\n{} connections, {} turns of {} s, median [min–max]\n\n\
         | subject | req/s | p50 ms | p99 ms | server CPU µs per request | bad answers |\n|---|---|---|---|---|--:|\n",
        settings.connections,
        settings.runs,
        settings.length.as_secs()
    );
    for subject in measured {
        let spread = |digits: usize, read: fn(&Sample) -> f64| spread(subject, digits, read);
        let bad: u64 = subject.samples.iter().map(|sample| sample.bad).sum();
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {bad} |\n",
            subject.name,
            spread(0, |sample| sample.per_second),
            spread(2, |sample| sample.p50_ms),
            spread(2, |sample| sample.p99_ms),
            spread(1, |sample| sample.cpu_micros),
        ));
    }
    text
}

/// Verifications on one thread: subjects in pairs, each followed by the bare check below it.
pub(crate) fn verifications(measured: &[Measured], settings: &Settings) -> String {
    let mut text = format!(
        "\n### Verifying users' tokens\n\n1 thread, {} turns of {} s, median [min–max]\n\n\
         | subject | per second | CPU µs | the bare check | CPU µs | more CPU µs | times |\n|---|--:|--:|---|--:|--:|--:|\n",
        settings.runs,
        settings.length.as_secs()
    );
    for pair in measured.as_chunks::<2>().0 {
        let [whole, bare] = pair;
        let turns = || whole.samples.iter().zip(&bare.samples);
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {:.2} | {:.2} |\n",
            whole.name,
            spread(whole, 0, |sample| sample.per_second),
            spread(whole, 2, |sample| sample.cpu_micros),
            bare.name,
            spread(bare, 2, |sample| sample.cpu_micros),
            median(turns().map(|(whole, bare)| whole.cpu_micros - bare.cpu_micros)),
            median(turns().map(|(whole, bare)| whole.cpu_micros / bare.cpu_micros)),
        ));
    }
    text
}

/// How the first subject stands to the second: the median of the ratios of each turn.
pub(crate) fn ratio(measured: &[Measured], subject: &str, ceiling: &str) -> String {
    let (Some(subject), Some(ceiling)) = (find(measured, subject), find(measured, ceiling)) else {
        return String::new();
    };
    let turns = || subject.samples.iter().zip(&ceiling.samples);
    format!(
        "\n**{} against {}**: {:.2} of its req/s, {:.2} times its CPU, {:+.1} µs CPU per request, {:+.2} ms p50.\n",
        subject.name,
        ceiling.name,
        median(turns().map(|(one, other)| one.per_second / other.per_second)),
        median(turns().map(|(one, other)| one.cpu_micros / other.cpu_micros)),
        median(turns().map(|(one, other)| one.cpu_micros - other.cpu_micros)),
        median(turns().map(|(one, other)| one.p50_ms - other.p50_ms)),
    )
}

fn find<'a>(measured: &'a [Measured], name: &str) -> Option<&'a Measured> {
    measured.iter().find(|subject| subject.name == name)
}

fn spread(subject: &Measured, digits: usize, read: fn(&Sample) -> f64) -> String {
    let values = || subject.samples.iter().map(read);
    let least = values().fold(f64::INFINITY, f64::min);
    let most = values().fold(f64::NEG_INFINITY, f64::max);
    format!("{:.digits$} [{least:.digits$}–{most:.digits$}]", median(values()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(name: &'static str, figures: &[(f64, f64)]) -> Measured {
        let samples = figures
            .iter()
            .map(|(per_second, cpu_micros)| Sample {
                per_second: *per_second,
                cpu_micros: *cpu_micros,
                ..Sample::default()
            })
            .collect();
        Measured { name, samples }
    }

    #[test]
    fn ratios_are_made_within_a_turn() {
        let all = [
            measured("procura", &[(50.0, 30.0), (10.0, 90.0), (60.0, 20.0)]),
            measured("ceiling", &[(100.0, 20.0), (20.0, 60.0), (100.0, 10.0)]),
        ];
        let text = ratio(&all, "procura", "ceiling");
        assert!(text.contains("0.50 of its req/s, 1.50 times its CPU, +10.0 µs"), "{text}");
    }
}
