//! The last sanitized results of each organization, in memory, for one purpose: a redaction rule is tried on them before
//! it is saved. The record keeps no text of a result, so this holds what has passed here lately, for an hour, within
//! bounds, and is gone with the process. Nobody reads it: only what a rule would hit is counted.

use parking_lot::Mutex;
use procura_model::{ActingUser, Ctx, TenantId, Time, time::HOUR_MS};
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

/// How long a result is held.
const HOLD_MS: i64 = HOUR_MS;
/// How many results of an organization are held.
const MAX_RESULTS: usize = 200;
/// How much of an organization is held, in bytes.
const MAX_BYTES: usize = 512 * 1024;
/// Of how many organizations; then all is dropped.
const MAX_TENANTS: usize = 64;

/// What has passed lately.
#[derive(Default)]
pub struct Recent(Mutex<HashMap<TenantId, Held>>);

#[derive(Default)]
struct Held {
    results: VecDeque<Passed>,
    bytes: usize,
}

/// A result that has passed.
#[derive(Clone)]
pub(crate) struct Passed {
    /// What was used, as it is recorded.
    pub(crate) resource: Arc<str>,
    /// For whom; the values in names of members are taken out when a place is said.
    pub(crate) acting: Option<Arc<ActingUser>>,
    /// As the agent got it, before it was fenced.
    pub(crate) text: Arc<str>,
    at: Time,
}

impl Held {
    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.results.pop_front() {
            self.bytes -= oldest.text.len();
        }
    }

    fn tidy(&mut self, now: Time) {
        let is_late = |passed: &Passed| passed.at.plus_ms(HOLD_MS) <= now;
        while self.results.front().is_some_and(is_late) {
            self.drop_oldest();
        }
        while self.results.len() > MAX_RESULTS || self.bytes > MAX_BYTES {
            self.drop_oldest();
        }
    }
}

impl Recent {
    /// Notes a result of a call of this resource, named as it is recorded.
    pub fn note(&self, ctx: &Ctx, resource: &str, text: &str) {
        let acting = ctx.actor.acting_for().cloned();
        let passed = Passed { resource: resource.into(), acting, text: text.into(), at: ctx.now };
        let mut all = self.0.lock();
        if all.len() >= MAX_TENANTS && !all.contains_key(&ctx.tenant) {
            all.clear();
        }
        let held = all.entry(ctx.tenant).or_default();
        held.bytes += passed.text.len();
        held.results.push_back(passed);
        held.tidy(ctx.now);
    }

    /// The last results of the organization, newest first.
    pub(crate) fn of(&self, tenant: TenantId, now: Time) -> Vec<Passed> {
        let mut all = self.0.lock();
        let Some(held) = all.get_mut(&tenant) else { return Vec::new() };
        held.tidy(now);
        held.results.iter().rev().cloned().collect()
    }

    /// Drops what was held long enough.
    pub(crate) fn tidy(&self, now: Time) {
        self.0.lock().retain(|_, held| {
            held.tidy(now);
            !held.results.is_empty()
        });
    }
}

impl std::fmt::Debug for Recent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recent([text])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::{Actor, Entropy};

    fn ctx(tenant: TenantId, ms: i64) -> Ctx {
        Ctx::new(tenant, Actor::Operator, Time::from_ms(ms), &Entropy::seeded(1))
    }

    #[test]
    fn results_are_held_for_a_while_within_bounds_and_for_their_organization() {
        let recent = Recent::default();
        let entropy = Entropy::seeded(2);
        let [one, other] = [1, 2].map(|ms| TenantId::new(Time::from_ms(ms), &entropy));
        for number in 0..300 {
            recent.note(&ctx(one, number), "shop/list", "[]");
        }
        assert_eq!(recent.of(one, Time::from_ms(300)).len(), MAX_RESULTS);
        assert!(recent.of(other, Time::from_ms(300)).is_empty());
        let large = "x".repeat(MAX_BYTES / 2);
        for number in 300..303 {
            recent.note(&ctx(one, number), "shop/list", &large);
        }
        assert_eq!(recent.of(one, Time::from_ms(303)).len(), 2);
        recent.tidy(Time::from_ms(303 + HOLD_MS));
        assert!(recent.0.lock().is_empty());
    }
}
