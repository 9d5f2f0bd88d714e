//! GCRA, the leaky bucket as pure maths: one number per key, the theoretical arrival time (TAT).
//! A request is allowed when it comes no earlier than TAT minus the burst; allowing it moves TAT on
//! by one interval. Times are microseconds.

use procura_model::Time;

/// So many requests in so many seconds; all of them may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests in the window; at least 1.
    pub requests: u32,
    /// The window in seconds; at least 1.
    pub window_seconds: u32,
}

impl Rate {
    /// So many requests a minute.
    #[must_use]
    pub const fn per_minute(requests: u32) -> Self {
        Self { requests, window_seconds: 60 }
    }

    fn interval_us(self) -> i64 {
        i64::from(self.window_seconds.max(1)) * 1_000_000 / i64::from(self.requests.max(1))
    }

    fn window_us(self) -> i64 {
        self.interval_us() * i64::from(self.requests.max(1))
    }
}

/// Whether a request may pass, and what to tell its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Whether it may pass.
    pub allowed: bool,
    /// Requests in the window.
    pub limit: u32,
    /// The window in seconds.
    pub window_seconds: u32,
    /// How many more may come at once now.
    pub remaining: u32,
    /// Seconds until the whole limit is free again.
    pub reset_seconds: u64,
    /// Seconds until the next one may pass; 0 where this one did.
    pub retry_after_seconds: u64,
}

/// Judges one request: gives the allowance and the new TAT.
pub(super) fn judge(rate: Rate, tat_us: i64, now: Time) -> (Allowance, i64) {
    let (interval, window) = (rate.interval_us(), rate.window_us());
    let now_us = now.as_ms().saturating_mul(1_000);
    let tat = tat_us.max(now_us);
    let allow_at = tat + interval - window;
    let allowed = now_us >= allow_at;
    let new_tat = if allowed { tat + interval } else { tat };
    let used_us = new_tat - now_us;
    let remaining = (window - used_us).max(0) / interval.max(1);
    let allowance = Allowance {
        allowed,
        limit: rate.requests,
        window_seconds: rate.window_seconds,
        remaining: u32::try_from(remaining).unwrap_or(0),
        reset_seconds: seconds_up(used_us),
        retry_after_seconds: if allowed { 0 } else { seconds_up(allow_at - now_us).max(1) },
    };
    (allowance, new_tat)
}

fn seconds_up(us: i64) -> u64 {
    u64::try_from(us.max(0)).unwrap_or(0).div_ceil(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_burst_passes_and_then_one_per_interval() {
        let rate = Rate { requests: 3, window_seconds: 3 };
        let mut tat = 0;
        let mut ask = |ms: i64| {
            let (allowance, new) = judge(rate, tat, Time::from_ms(ms));
            tat = new;
            allowance
        };
        assert_eq!(
            [ask(0).allowed, ask(0).allowed, ask(0).allowed, ask(0).allowed],
            [true, true, true, false]
        );
        let refused = ask(1);
        assert_eq!((refused.allowed, refused.remaining, refused.retry_after_seconds), (false, 0, 1));
        assert!(ask(1_000).allowed && !ask(1_001).allowed && ask(2_000).allowed);
    }

    proptest! {
        #[test]
        fn no_window_ever_passes_more_than_twice_the_limit(
            limit in 1_u32..20, gaps in proptest::collection::vec(0_i64..2_000, 1..200)
        ) {
            let rate = Rate { requests: limit, window_seconds: 10 };
            let (mut tat, mut now, mut passed) = (0, 1_000_000, Vec::new());
            for gap in gaps {
                now += gap;
                let (allowance, new) = judge(rate, tat, Time::from_ms(now));
                tat = new;
                if allowance.allowed { passed.push(now); }
            }
            for start in &passed {
                let within = passed.iter().filter(|at| *at >= start && **at < start + 10_000).count();
                prop_assert!(within <= usize::try_from(limit).unwrap() * 2);
            }
        }
    }
}
