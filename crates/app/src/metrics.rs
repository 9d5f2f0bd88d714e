//! Counters for `/metrics`: numbers only, no names, no ids.

use procura_model::{Reason, Verdict};
use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// Upper bounds of the duration buckets in microseconds.
const BUCKETS_US: [u64; 8] = [500, 1_000, 2_500, 5_000, 10_000, 50_000, 250_000, 1_000_000];

/// The counters of this process.
#[derive(Debug)]
pub struct Metrics {
    decisions: [AtomicU64; 3],
    refusals: Vec<AtomicU64>,
    durations: [AtomicU64; 9],
    duration_sum_us: AtomicU64,
    revocation_checked_ms: AtomicU64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            decisions: Default::default(),
            refusals: Reason::ALL.iter().map(|_| AtomicU64::new(0)).collect(),
            durations: Default::default(),
            duration_sum_us: AtomicU64::new(0),
            revocation_checked_ms: AtomicU64::new(0),
        }
    }
}

const VERDICTS: [Verdict; 3] = [Verdict::Allow, Verdict::Deny, Verdict::NeedsApproval];

impl Metrics {
    /// Counts a decision and how long it took.
    pub fn decided(&self, verdict: Verdict, reason: Reason, duration_us: i64) {
        let counters = VERDICTS.iter().zip(&self.decisions);
        counters.filter(|(each, _)| **each == verdict).for_each(|(_, counter)| {
            counter.fetch_add(1, Relaxed);
        });
        if verdict != Verdict::Allow {
            self.refused(reason);
        }
        let us = u64::try_from(duration_us).unwrap_or(0);
        let bucket = BUCKETS_US.iter().position(|bound| us <= *bound).unwrap_or(BUCKETS_US.len());
        if let Some(counter) = self.durations.get(bucket) {
            counter.fetch_add(1, Relaxed);
        }
        self.duration_sum_us.fetch_add(us, Relaxed);
    }

    /// Counts a refusal of any gate.
    pub fn refused(&self, reason: Reason) {
        let counters = Reason::ALL.iter().zip(&self.refusals);
        counters.filter(|(each, _)| **each == reason).for_each(|(_, counter)| {
            counter.fetch_add(1, Relaxed);
        });
    }

    /// Says how old the newest reading of revocations was when it was made.
    pub fn revocations_read(&self, took_ms: u64) {
        self.revocation_checked_ms.store(took_ms, Relaxed);
    }

    /// The counters in Prometheus' text form.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::with_capacity(4_096);
        out.push_str(
            "# HELP procura_decisions_total Decisions by verdict.\n# TYPE procura_decisions_total counter\n",
        );
        for (verdict, counter) in VERDICTS.iter().zip(&self.decisions) {
            let _ = writeln!(
                out,
                "procura_decisions_total{{verdict=\"{}\"}} {}",
                verdict.as_str(),
                counter.load(Relaxed)
            );
        }
        out.push_str(
            "# HELP procura_refusals_total Refusals by code.\n# TYPE procura_refusals_total counter\n",
        );
        for (reason, counter) in Reason::ALL.iter().zip(&self.refusals) {
            let count = counter.load(Relaxed);
            if count > 0 {
                let _ = writeln!(out, "procura_refusals_total{{code=\"{}\"}} {count}", reason.code());
            }
        }
        out.push_str("# HELP procura_decision_seconds How long decisions took.\n# TYPE procura_decision_seconds histogram\n");
        let mut total = 0;
        let bounds = BUCKETS_US.iter().map(|us| format!("{}.{:06}", us / 1_000_000, us % 1_000_000));
        for (bound, counter) in bounds.chain(["+Inf".to_owned()]).zip(&self.durations) {
            total += counter.load(Relaxed);
            let _ = writeln!(out, "procura_decision_seconds_bucket{{le=\"{bound}\"}} {total}");
        }
        let sum = self.duration_sum_us.load(Relaxed);
        let _ = writeln!(out, "procura_decision_seconds_sum {}.{:06}", sum / 1_000_000, sum % 1_000_000);
        let _ = writeln!(out, "procura_decision_seconds_count {total}");
        out.push_str("# HELP procura_revocation_read_milliseconds How long the newest reading of revocations took.\n# TYPE procura_revocation_read_milliseconds gauge\n");
        let _ = writeln!(
            out,
            "procura_revocation_read_milliseconds {}",
            self.revocation_checked_ms.load(Relaxed)
        );
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_come_out_in_prometheus_form() {
        let metrics = Metrics::default();
        metrics.decided(Verdict::Deny, Reason::NoPermission, 700);
        let text = metrics.render();
        assert!(text.contains("procura_decisions_total{verdict=\"deny\"} 1"));
        assert!(text.contains("procura_refusals_total{code=\"NO_PERMISSION\"} 1"));
        assert!(text.contains("procura_decision_seconds_bucket{le=\"0.001000\"} 1"));
    }
}
