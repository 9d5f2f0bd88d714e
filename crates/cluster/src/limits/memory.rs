//! The limits of one process. The number of keys is bounded: a shard that is full forgets the keys
//! whose limit is free again (at most once a second, so that a flood cannot make us busy with it),
//! and while every key is still busy new ones share one count, so that a flood of addresses makes
//! the limit stricter and never looser.

use super::{
    gcra::{self, Allowance},
    settings::{Limit, LimitSettings},
};
use parking_lot::Mutex;
use procura_model::Time;
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

const SHARDS: usize = 16;
const KEYS_PER_SHARD: usize = 8_192;

const SWEEP_AFTER_MS: i64 = 1_000;

#[derive(Default)]
struct Shard {
    tats: HashMap<(Limit, String), i64>,
    swept_at: Time,
}

impl Shard {
    /// The place of a key's number; new keys of a full shard share one.
    fn tat(&mut self, limit: Limit, key: &str, now: Time) -> &mut i64 {
        if self.tats.len() >= KEYS_PER_SHARD && now.ms_since(self.swept_at) >= SWEEP_AFTER_MS {
            let now_us = now.as_ms().saturating_mul(1_000);
            self.tats.retain(|_, tat| *tat > now_us);
            self.swept_at = now;
        }
        let place = (limit, key.to_owned());
        let is_known = self.tats.len() < KEYS_PER_SHARD || self.tats.contains_key(&place);
        let place = if is_known { place } else { (limit, String::new()) };
        self.tats.entry(place).or_insert(0)
    }
}

impl Shard {
    /// A key's number as it is; of a key that a full shard has no place for, the shared one.
    fn known_tat(&self, limit: Limit, key: &str) -> i64 {
        let own = self.tats.get(&(limit, key.to_owned()));
        let shared = || self.tats.get(&(limit, String::new())).filter(|_| self.tats.len() >= KEYS_PER_SHARD);
        own.or_else(shared).copied().unwrap_or(0)
    }
}

/// Rate limits kept in memory.
pub struct Limits {
    settings: LimitSettings,
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
}

impl Limits {
    /// Limits with these settings and nothing counted yet.
    #[must_use]
    pub fn new(settings: LimitSettings) -> Self {
        Self {
            settings,
            shards: (0..SHARDS).map(|_| Mutex::new(Shard::default())).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Counts one request of `key` against `limit`.
    #[must_use]
    pub fn check(&self, limit: Limit, key: &str, now: Time) -> Allowance {
        let rate = self.settings.rate(limit);
        let index = usize::try_from(self.hasher.hash_one(key)).unwrap_or(0) % SHARDS;
        let Some(shard) = self.shards.get(index) else {
            return gcra::judge(rate, i64::MAX / 2, now).0;
        };
        let mut shard = shard.lock();
        let tat = shard.tat(limit, key, now);
        let (allowance, new_tat) = gcra::judge(rate, *tat, now);
        *tat = new_tat;
        allowance
    }
}

impl Limits {
    /// What one request of `key` against `limit` would be told, without counting it.
    #[must_use]
    pub fn peek(&self, limit: Limit, key: &str, now: Time) -> Allowance {
        let rate = self.settings.rate(limit);
        let index = usize::try_from(self.hasher.hash_one(key)).unwrap_or(0) % SHARDS;
        let Some(shard) = self.shards.get(index) else {
            return gcra::judge(rate, i64::MAX / 2, now).0;
        };
        let tat = shard.lock().known_tat(limit, key);
        gcra::judge(rate, tat, now).0
    }
}

impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limits").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Rate;

    fn limits(auth: u32) -> Limits {
        Limits::new(LimitSettings { auth: Rate::per_minute(auth), ..LimitSettings::default() })
    }

    #[test]
    fn keys_and_limits_are_counted_apart() {
        let limits = limits(1);
        let now = Time::from_ms(1_000_000);
        assert!(limits.check(Limit::Auth, "a", now).allowed);
        assert!(!limits.check(Limit::Auth, "a", now).allowed);
        assert!(limits.check(Limit::Auth, "b", now).allowed);
        assert!(limits.check(Limit::Mcp, "a", now).allowed);
        assert!(limits.check(Limit::Auth, "a", now.plus_ms(60_000)).allowed);
    }

    #[test]
    fn a_look_counts_nothing_and_sees_what_was_counted() {
        let limits = limits(2);
        let now = Time::from_ms(1_000_000);
        for _ in 0..5 {
            assert!(limits.peek(Limit::Auth, "a", now).allowed);
        }
        let _ = (limits.check(Limit::Auth, "a", now), limits.check(Limit::Auth, "a", now));
        let refused = limits.peek(Limit::Auth, "a", now);
        assert!(!refused.allowed && refused.retry_after_seconds > 0, "{refused:?}");
        assert!(limits.peek(Limit::Auth, "b", now).allowed && limits.peek(Limit::Mcp, "a", now).allowed);
        assert!(limits.peek(Limit::Auth, "a", now.plus_ms(60_000)).allowed);
    }

    #[test]
    fn a_flood_of_keys_makes_the_limit_stricter_and_never_forgets_a_busy_one() {
        let limits = limits(1);
        let now = Time::from_ms(1_000_000);
        assert!(limits.check(Limit::Auth, "victim", now).allowed);
        for number in 0..(SHARDS * KEYS_PER_SHARD * 2) {
            let _ = limits.check(Limit::Auth, &format!("flood-{number}"), now);
        }
        assert!(!limits.check(Limit::Auth, "victim", now).allowed);
        let held: usize = limits.shards.iter().map(|shard| shard.lock().tats.len()).sum();
        assert!(held <= SHARDS * (KEYS_PER_SHARD + 4), "{held} keys are held");
    }
}
