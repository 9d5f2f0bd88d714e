//! How permissions combine. Everything here is a function of the permissions, the ask, the facts and
//! the time.
//!
//! A permission **covers** an ask when one of its action patterns and one of its resource patterns
//! match. It **applies** when it covers the ask and all of its constraints hold: user, validity, schedule,
//! vendor, every argument condition, and (for what allows) the amount and what is left in its window. Then:
//!
//! 1. A vendor that is no host name is `VENDOR_INVALID`, whatever the permissions say.
//! 2. Any error is a deny. A permission that cannot be compiled denies all that it might touch; a
//!    condition that cannot be evaluated, or a window whose spending nobody has read, in any permission
//!    that is in force for the ask, denies it: `POLICY_ERROR`, naming the permission.
//! 3. Blocked beats allowed: one block that applies is `ACTION_BLOCKED`. A block is never slipped by
//!    leaving out what it looks at: it holds against an ask that names no resource where the block
//!    names some, no vendor where it names some, and a value of a type that its condition cannot
//!    compare is an error. (An argument that is not there fails the condition; block `exists: false`
//!    too where that matters.)
//! 4. One permission that applies and wants no person is enough: **allow**.
//! 5. Otherwise one that applies and wants a person: **needs approval**.
//! 6. Otherwise **deny**, with the failed constraint of the permission that came nearest, or
//!    `NO_PERMISSION` when none covers the ask. No permission means no.
//!
//! So permissions add up: a second permission widens what the first allows, also past its approval.
//! The order of permissions changes no verdict; where several allow, the first is named, and its window
//! is the one that is charged.
//!
//! A permission in **shadow** has no part in any of this. [`Policy::decide_with_shadows`] says what the
//! answer would be if it had.
//!
//! The **list view** ([`Policy::could_allow`]) is made of the same rules: it judges what is known before
//! a call (action, resource, vendor, user, time) with the same code, and asks of arguments and
//! amounts only whether some could be allowed. What it hides, no call gets.

use crate::{
    condition::Why,
    facts::Facts,
    index::{self, Index},
    miss::{Miss, missing},
    risk,
    rule::{Broken, Cover, Name, Outcome, Rule},
    satisfy,
    subject::{Named, Subject},
};
use procura_model::{
    ApprovalRule, Ask, Decision, Effect, Money, Permission, PermissionId, Reason, Risk, Time, Verdict,
    VerifiedUser,
};
use std::borrow::Cow;

/// A tool as it stands in a list, before anybody calls it.
#[derive(Clone, Copy, Debug)]
pub struct Listing<'a> {
    /// The action that a call would be.
    pub action: &'a str,
    /// The resource that a call would name.
    pub resource: Option<&'a str>,
    /// The vendor that a call would name.
    pub vendor: Option<&'a str>,
    /// The verified user who looks.
    pub user: Option<&'a VerifiedUser>,
}

/// The permissions of one agent, parsed once.
#[derive(Debug)]
pub struct Policy {
    version: i64,
    pub(crate) rules: Vec<Rule>,
    pub(crate) broken: Vec<Broken>,
    pub(crate) has_windows: bool,
    has_shadows: bool,
    /// For many permissions alone.
    index: Option<Index>,
}

/// Which permissions have a say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lights {
    /// Those in force.
    Live,
    /// Those in shadow too.
    WithShadows,
}

impl Lights {
    /// Whether a permission has a say.
    pub(crate) const fn reach(self, is_shadow: bool) -> bool {
        !is_shadow || matches!(self, Self::WithShadows)
    }
}

impl Policy {
    /// Parses an agent's permissions. One that cannot be parsed is kept as such and denies everything
    /// that it might touch.
    #[must_use]
    pub fn compile(version: i64, permissions: impl AsRef<[Permission]>) -> Self {
        let permissions = permissions.as_ref();
        let mut policy = Self {
            version,
            rules: Vec::with_capacity(permissions.len()),
            broken: Vec::new(),
            has_windows: permissions
                .iter()
                .any(|permission| permission.window.is_some() && !permission.shadow),
            has_shadows: permissions.iter().any(|permission| permission.shadow),
            index: (permissions.len() >= index::MIN_RULES).then(Index::default),
        };
        for (index, permission) in permissions.iter().enumerate() {
            match Rule::compile(permission, index + 1) {
                Ok(rule) => {
                    if let Some(index) = &mut policy.index {
                        index.add(policy.rules.len(), permission);
                    }
                    policy.rules.push(rule);
                }
                Err(fault) => policy.broken.push(Broken::new(permission, index + 1, fault)),
            }
        }
        policy
    }

    /// The agent's policy version from which this was made.
    #[must_use]
    pub const fn version(&self) -> i64 {
        self.version
    }

    /// Answers an ask.
    #[must_use]
    pub fn decide(&self, ask: &Ask, facts: &Facts<'_>, now: Time) -> Decision {
        match Subject::new(named(ask), now) {
            Ok(subject) => self.answer(&subject, ask, facts, Lights::Live).0,
            Err(reason) => incomparable(reason),
        }
    }

    /// What the answer would be if every permission in shadow were live; none when none of them covers the
    /// ask. A shadow's window has spent nothing, unless the facts say otherwise: nothing is held against it.
    #[must_use]
    pub fn decide_with_shadows(&self, ask: &Ask, facts: &Facts<'_>, now: Time) -> Option<Decision> {
        if !self.has_shadows {
            return None;
        }
        let subject = Subject::new(named(ask), now).ok()?;
        let mut rules = self.candidates(&subject).filter(|rule| rule.is_shadow);
        let is_covered = rules
            .any(|rule| matches!(rule.covers(&subject), Cover::Whole | Cover::ResourceUnknown))
            || self.broken.iter().any(|broken| broken.is_shadow && broken.may_touch(&subject));
        is_covered.then(|| self.answer(&subject, ask, facts, Lights::WithShadows).0)
    }

    /// The permissions that could be about an ask, in their order: no other covers it.
    pub(crate) fn candidates(&self, subject: &Subject<'_>) -> impl Iterator<Item = &Rule> {
        let (found, all) = match &self.index {
            Some(index) => (index.candidates(subject), None),
            None => (Vec::new(), Some(&self.rules)),
        };
        let found = found.into_iter().filter_map(|place| self.rules.get(place));
        found.chain(all.into_iter().flatten())
    }

    /// The decision, and which permission made it.
    pub(crate) fn answer(
        &self,
        subject: &Subject<'_>,
        ask: &Ask,
        facts: &Facts<'_>,
        lights: Lights,
    ) -> (Decision, Option<Name>) {
        let mut broken = self.broken.iter().filter(|broken| lights.reach(broken.is_shadow));
        if let Some(broken) = broken.find(|broken| broken.may_touch(subject)) {
            let sentence = format!("The {} cannot be used: {}.", broken.name, broken.fault);
            return (deny(Reason::PolicyError, broken.name.id, sentence), Some(broken.name));
        }
        let mut findings = Findings::default();
        for rule in self.candidates(subject).filter(|rule| lights.reach(rule.is_shadow)) {
            match rule.covers(subject) {
                Cover::Not | Cover::ActionOnly => {}
                Cover::Whole | Cover::ResourceUnknown => findings.note(rule, rule.judge(subject, ask, facts)),
            }
        }
        let by = findings.by();
        (findings.decision(subject, ask, facts), by)
    }

    /// Whether some call of a listed thing could be allowed, by itself or by a person. When this says
    /// no, [`Policy::decide`] denies every call of it.
    #[must_use]
    pub fn could_allow(&self, listing: &Listing<'_>, now: Time) -> bool {
        self.could(listing, now, |rule| satisfy::could_all_hold(&rule.conditions, listing.user))
    }

    /// Whether some call of a listed thing could be allowed to an agent that acts for a verified user, whoever that is:
    /// for people who look, where no user is known. The listing's own user is left out.
    #[must_use]
    pub fn could_allow_for_somebody(&self, listing: &Listing<'_>, now: Time) -> bool {
        let holds = |rule: &Rule| satisfy::could_all_hold_for_somebody(&rule.conditions);
        let named = self.rules.iter().filter_map(|rule| rule.user.as_deref());
        // Somebody whom no permission names, and each one whom one does.
        [""].into_iter().chain(named).any(|id| {
            let user = VerifiedUser { id: id.to_owned(), email: None, role: None, attributes: Vec::new() };
            self.could(&Listing { user: Some(&user), ..*listing }, now, holds)
        })
    }

    fn could(&self, listing: &Listing<'_>, now: Time, holds: impl Fn(&Rule) -> bool) -> bool {
        let named = Named {
            action: listing.action,
            resource: listing.resource,
            vendor: listing.vendor,
            user: listing.user,
        };
        let Ok(subject) = Subject::new(named, now) else { return false };
        if self.broken.iter().any(|broken| !broken.is_shadow && broken.may_touch(&subject)) {
            return false;
        }
        let mut could = false;
        for rule in self.candidates(&subject).filter(|rule| !rule.is_shadow) {
            if matches!(rule.covers(&subject), Cover::Not | Cover::ActionOnly) {
                continue;
            }
            match (rule.effect, rule.in_force(&subject)) {
                (Effect::Block, Ok(()) | Err(Miss::VendorMissing)) if rule.conditions.is_empty() => {
                    return false;
                }
                (Effect::Allow, Ok(())) => could |= holds(rule),
                (Effect::Block | Effect::Allow, _) => {}
            }
        }
        could
    }
}

/// What the rules said, the first of each kind; of those that do not apply, the nearest.
#[derive(Default)]
struct Findings<'p> {
    failed: Option<(&'p Rule, Outcome)>,
    blocked: Option<(&'p Rule, Outcome)>,
    allowed: Option<&'p Rule>,
    asking: Option<&'p Rule>,
    nearest: Option<(&'p Rule, Miss)>,
}

impl<'p> Findings<'p> {
    fn note(&mut self, rule: &'p Rule, outcome: Outcome) {
        match outcome {
            Outcome::Fails(..) | Outcome::Uncertain(..) | Outcome::Unread => {
                self.failed = self.failed.or(Some((rule, outcome)))
            }
            Outcome::Blocks | Outcome::BlocksUnknown(_) => {
                self.blocked = self.blocked.or(Some((rule, outcome)))
            }
            Outcome::Allows => self.allowed = self.allowed.or(Some(rule)),
            Outcome::Asks => self.asking = self.asking.or(Some(rule)),
            Outcome::Misses(miss) => {
                let is_nearer = self.nearest.is_none_or(|(_, other)| miss.nearness() > other.nearness());
                if rule.effect == Effect::Allow && is_nearer {
                    self.nearest = Some((rule, miss));
                }
            }
        }
    }

    /// The permission that decides.
    fn by(&self) -> Option<Name> {
        let first = self.failed.or(self.blocked).map(|(rule, _)| rule).or(self.allowed).or(self.asking);
        first.or(self.nearest.map(|(rule, _)| rule)).map(|rule| rule.name)
    }

    fn decision(self, subject: &Subject<'_>, ask: &Ask, facts: &Facts<'_>) -> Decision {
        if let Some((rule, outcome)) = self.failed {
            let sentence = format!("{} ({}).", words(rule, outcome, subject, ask), rule.name);
            return deny(Reason::PolicyError, rule.name.id, sentence);
        }
        if let Some((rule, outcome)) = self.blocked {
            let reason = match outcome {
                Outcome::BlocksUnknown(miss) => miss.reason(),
                _ => Reason::ActionBlocked,
            };
            let sentence = format!("{} ({}).", words(rule, outcome, subject, ask), rule.name);
            return deny(reason, rule.name.id, sentence);
        }
        if let Some(rule) = self.allowed {
            return allow(rule, ask);
        }
        if let Some(rule) = self.asking {
            return needs_approval(rule, ask, facts);
        }
        if let Some((rule, miss)) = self.nearest {
            let sentence = format!("{} ({}).", miss.words(rule, subject, Some(ask)), rule.name);
            let risk = match miss {
                Miss::Over { asked, limit } => risk::of_excess(asked.value, limit.value),
                _ => risk::of_denied(miss.reason()),
            };
            return Decision { risk, ..deny(miss.reason(), rule.name.id, sentence) };
        }
        deny(Reason::NoPermission, None, format!("No permission of the agent covers {}.", what(subject)))
    }
}

/// What a rule said, in words, without its name and the full stop.
pub(crate) fn words(rule: &Rule, outcome: Outcome, subject: &Subject<'_>, ask: &Ask) -> String {
    let argument = |index: usize| rule.conditions.get(index).map_or("args", |check| &*check.path);
    match outcome {
        Outcome::Allows => "It allows this".to_owned(),
        Outcome::Asks => "It allows this once a person agrees".to_owned(),
        Outcome::Blocks if subject.resource.is_none() && rule.covers(subject) == Cover::ResourceUnknown => {
            let resources = crate::shown::list(&rule.resource_texts, "and");
            format!("The request names no resource, and the permission blocks {resources}")
        }
        Outcome::Blocks => format!("A permission blocks {}", what(subject)),
        Outcome::BlocksUnknown(miss) | Outcome::Misses(miss) => miss.words(rule, subject, Some(ask)),
        Outcome::Fails(index, fault) => format!("The argument {} {}", argument(index), fault.text()),
        Outcome::Unread => "What was spent within the permission's window is not known".to_owned(),
        Outcome::Uncertain(index, Why::NoUser) => {
            format!(
                "A block compares the argument {} with the user, and the request has no verified user",
                argument(index)
            )
        }
        Outcome::Uncertain(index, Why::NoFact | Why::NoOther) => {
            let wording = rule.conditions.get(index).map_or("", |check| &*check.wording);
            format!("A block compares the argument {} with {wording}, and there is none", argument(index))
        }
        Outcome::Uncertain(index, _) => {
            let wording = rule.conditions.get(index).map_or("", |check| &*check.wording);
            format!(
                "A block compares the argument {} with {wording}, and it is of another type",
                argument(index)
            )
        }
    }
}

/// The action and resource of an ask, in quotes.
pub(crate) fn what(subject: &Subject<'_>) -> String {
    match subject.resource {
        Some(resource) => {
            format!("the action {} on {}", crate::shown::text(subject.action), crate::shown::text(resource))
        }
        None => format!("the action {}", crate::shown::text(subject.action)),
    }
}

pub(crate) fn named(ask: &Ask) -> Named<'_> {
    Named {
        action: &ask.action,
        resource: ask.resource.as_deref(),
        vendor: ask.vendor.as_deref(),
        user: ask.user.as_ref().map(|acting| &*acting.user),
    }
}

fn allow(rule: &Rule, ask: &Ask) -> Decision {
    Decision {
        verdict: Verdict::Allow,
        reason: Reason::Allowed,
        sentence: Cow::Owned(format!("The action is allowed ({}).", rule.name)),
        risk: risk::of_allowed(ask.amount, rule.ceiling.map(|ceiling| ceiling.value)),
        permission: rule.name.id,
        guardrail: None,
        missing: None,
    }
}

fn needs_approval(rule: &Rule, ask: &Ask, facts: &Facts<'_>) -> Decision {
    let currency = ask.currency.or(rule.currency()).or(facts.currency);
    let (risk, sentence) = match (rule.approval, ask.amount, currency) {
        (ApprovalRule::Above(threshold), Some(value), Some(currency)) => (
            risk::of_approval(Some(value), Some(threshold.value)),
            format!(
                "A person must approve: the amount {} is above {threshold} ({}).",
                Money { value, currency },
                rule.name
            ),
        ),
        _ => (Risk::Medium, format!("A person must approve every such call ({}).", rule.name)),
    };
    Decision {
        verdict: Verdict::NeedsApproval,
        reason: Reason::ApprovalRequired,
        sentence: Cow::Owned(sentence),
        risk,
        permission: rule.name.id,
        guardrail: None,
        missing: missing(Reason::ApprovalRequired),
    }
}

fn deny(reason: Reason, permission: Option<PermissionId>, sentence: String) -> Decision {
    Decision {
        sentence: Cow::Owned(sentence),
        risk: risk::of_denied(reason),
        permission,
        missing: missing(reason),
        ..Decision::deny(reason)
    }
}

/// An ask that cannot be compared with any rule.
pub(crate) fn incomparable(reason: Reason) -> Decision {
    let decision =
        Decision { risk: risk::of_denied(reason), missing: missing(reason), ..Decision::deny(reason) };
    match reason {
        Reason::PolicyError => Decision {
            sentence: Cow::Borrowed(
                "The action is over 256 bytes long or the resource over 2,048, so neither can be judged.",
            ),
            ..decision
        },
        _ => decision,
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
