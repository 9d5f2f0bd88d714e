//! What a simulation adds up to. Counts are of everything; lists are of the newest, so that memory is bounded.

use super::replay::{Fate, Flip, FlipKind, NotReplayable};
use procura_model::{Time, Verdict};
use std::collections::BTreeMap;

/// How many changes of each kind are listed.
const MAX_LISTED: usize = 200;

/// How many answers change, by direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flips {
    /// Refused then, allowed by the draft.
    pub deny_to_allow: u64,
    /// Allowed then, refused by the draft.
    pub allow_to_deny: u64,
    /// Answered at once then, a person's to answer by the draft.
    pub to_approval: u64,
    /// A person's to answer then, answered at once by the draft.
    pub from_approval: u64,
}

impl Flips {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.deny_to_allow + self.allow_to_deny + self.to_approval + self.from_approval
    }

    /// One more of this kind.
    pub(super) const fn count(&mut self, kind: FlipKind) {
        let count = match kind {
            FlipKind::DenyToAllow => &mut self.deny_to_allow,
            FlipKind::AllowToDeny => &mut self.allow_to_deny,
            FlipKind::ToApproval => &mut self.to_approval,
            FlipKind::FromApproval => &mut self.from_approval,
        };
        *count += 1;
    }
}

/// What a simulation found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simulation {
    /// How many decisions were looked at.
    pub rows: u64,
    /// How many of them were asked again.
    pub replayed: u64,
    /// How many of those have the same answer.
    pub same: u64,
    /// How many of those have another answer.
    pub flips: Flips,
    /// Those, by what was answered and what the draft would answer, as words of [`Verdict`].
    turns: BTreeMap<(&'static str, &'static str), u64>,
    /// How many could not be asked again, by reason.
    pub not_replayable: BTreeMap<NotReplayable, u64>,
    /// How many were refused by another gate than the policy, by its code.
    pub other_gates: BTreeMap<&'static str, u64>,
    /// The newest changes of each kind; from refused to allowed first.
    pub listed: Vec<Flip>,
    /// The time of the oldest decision that was looked at.
    pub oldest: Option<Time>,
    /// The time of the newest.
    pub newest: Option<Time>,
    /// Whether the whole stretch was looked at, and not its newest part alone.
    pub is_complete: bool,
}

impl Simulation {
    /// Counts a decision; they come newest first.
    pub(super) fn add(&mut self, at: Time, fate: Fate) {
        self.rows += 1;
        self.newest = self.newest.or(Some(at));
        self.oldest = Some(at);
        match fate {
            Fate::Same => {
                self.replayed += 1;
                self.same += 1;
            }
            Fate::Flipped(flip) => {
                self.replayed += 1;
                self.flips.count(flip.kind);
                let turn = (flip.was_at_first().as_str(), flip.would.verdict.as_str());
                *self.turns.entry(turn).or_default() += 1;
                self.list(*flip);
            }
            Fate::Not(why) => *self.not_replayable.entry(why).or_default() += 1,
            Fate::OtherGate(reason) => *self.other_gates.entry(reason.code()).or_default() += 1,
        }
    }

    fn list(&mut self, flip: Flip) {
        let end = self.listed.partition_point(|listed| listed.kind <= flip.kind);
        let begin = self.listed.partition_point(|listed| listed.kind < flip.kind);
        if end - begin < MAX_LISTED {
            self.listed.insert(end, flip);
        }
    }

    /// How many answers turn from the one into the other.
    #[must_use]
    pub fn turned(&self, was: Verdict, would: Verdict) -> u64 {
        self.turns.get(&(was.as_str(), would.as_str())).copied().unwrap_or_default()
    }

    /// How many could not be asked again.
    #[must_use]
    pub fn not_replayed(&self) -> u64 {
        self.not_replayable.values().sum()
    }

    /// How many were refused by other gates.
    #[must_use]
    pub fn refused_elsewhere(&self) -> u64 {
        self.other_gates.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::replay::Answered;
    use procura_model::{AgentId, Entropy, Reason, RequestId, Verdict};

    fn flip(kind: FlipKind, ms: i64) -> Fate {
        let (at, entropy) = (Time::from_ms(ms), Entropy::seeded(1));
        let answered = Answered { verdict: Verdict::Deny, reason: Reason::NoPermission, permission: None };
        Fate::Flipped(Box::new(Flip {
            kind,
            request: RequestId::new(at, &entropy),
            at,
            agent: AgentId::new(at, &entropy),
            user: None,
            action: "a".to_owned(),
            resource: None,
            was: answered.clone(),
            would: answered,
            sentence: "s".into(),
        }))
    }

    #[test]
    fn everything_is_counted_and_the_newest_of_each_kind_are_listed() {
        let mut simulation = Simulation::default();
        for number in (0..1_000).rev() {
            let kind = if number % 2 == 0 { FlipKind::FromApproval } else { FlipKind::DenyToAllow };
            simulation.add(Time::from_ms(number), flip(kind, number));
        }
        simulation.add(Time::from_ms(-1), flip(FlipKind::AllowToDeny, -1));
        simulation.add(Time::from_ms(-2), Fate::Same);
        simulation.add(Time::from_ms(-3), Fate::Not(NotReplayable::TooLong));
        simulation.add(Time::from_ms(-4), Fate::OtherGate(Reason::AgentDisabled));
        assert_eq!((simulation.rows, simulation.replayed, simulation.same), (1_004, 1_002, 1));
        assert_eq!(
            simulation.flips,
            Flips { deny_to_allow: 500, allow_to_deny: 1, to_approval: 0, from_approval: 500 }
        );
        assert_eq!(simulation.flips.total() + simulation.same, simulation.replayed);
        assert_eq!(simulation.turned(Verdict::NeedsApproval, Verdict::Deny), 500);
        assert_eq!(simulation.turned(Verdict::NeedsApproval, Verdict::Allow), 0);
        assert_eq!((simulation.not_replayed(), simulation.refused_elsewhere()), (1, 1));
        assert_eq!(simulation.listed.len(), 401);
        let at = |index: usize| (simulation.listed[index].kind, simulation.listed[index].at.as_ms());
        assert_eq!(at(0), (FlipKind::DenyToAllow, 999));
        assert_eq!(at(199), (FlipKind::DenyToAllow, 601));
        assert_eq!(at(200), (FlipKind::AllowToDeny, -1));
        assert_eq!(at(201), (FlipKind::FromApproval, 998));
        assert_eq!(
            (simulation.newest, simulation.oldest),
            (Some(Time::from_ms(999)), Some(Time::from_ms(-4)))
        );
    }
}
