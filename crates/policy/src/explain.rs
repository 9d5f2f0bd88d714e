//! Which permissions came near, and why each did not decide (VER-5). The nearest come first, five at
//! the most; where nothing covers the ask, those that match its action and not its resource.

use crate::{
    decide::{Lights, Policy, incomparable, named, words},
    facts::Facts,
    rule::{Cover, Name, Outcome, Rule},
    shown,
    subject::Subject,
};
use procura_model::{Ask, Decision, Effect, PermissionId, Time};

const MAX_NEAR: usize = 5;

/// A decision with what came near it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The decision itself.
    pub decision: Decision,
    /// The permissions that came near, the nearest first.
    pub near: Vec<Near>,
}

/// A permission that came near and did not decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    /// Which; absent for a permission without an id.
    pub permission: Option<PermissionId>,
    /// Why it did not decide, in one sentence.
    pub sentence: String,
}

impl Policy {
    /// Answers an ask and says which permissions came near.
    #[must_use]
    pub fn explain(&self, ask: &Ask, facts: &Facts<'_>, now: Time) -> Explained {
        let subject = match Subject::new(named(ask), now) {
            Ok(subject) => subject,
            Err(reason) => return Explained { decision: incomparable(reason), near: Vec::new() },
        };
        let (decision, by) = self.answer(&subject, ask, facts, Lights::Live);
        let mut near: Vec<(u8, Near)> = Vec::new();
        for broken in
            self.broken.iter().filter(|broken| Some(broken.name) != by && broken.may_touch(&subject))
        {
            let sentence = format!("It cannot be used: {}.", broken.fault);
            near.push((u8::MAX, entry(broken.name, broken.is_shadow, sentence)));
        }
        for rule in self.rules.iter().filter(|rule| Some(rule.name) != by) {
            if let Some((nearness, sentence)) = remark(rule, &subject, ask, facts) {
                near.push((nearness, entry(rule.name, rule.is_shadow, sentence)));
            }
        }
        near.sort_by_key(|(nearness, _)| std::cmp::Reverse(*nearness));
        near.truncate(MAX_NEAR);
        Explained { decision, near: near.into_iter().map(|(_, near)| near).collect() }
    }
}

fn entry(name: Name, is_shadow: bool, sentence: String) -> Near {
    let mark = if is_shadow { "(shadow) " } else { "" };
    let sentence = match name.id {
        Some(_) => format!("{mark}{sentence}"),
        None => format!("{mark}{sentence} ({name})"),
    };
    Near { permission: name.id, sentence }
}

/// How near a rule came and what it said; none for one that is about something else.
fn remark(rule: &Rule, subject: &Subject<'_>, ask: &Ask, facts: &Facts<'_>) -> Option<(u8, String)> {
    let outcome = match rule.covers(subject) {
        Cover::Not => return None,
        Cover::ActionOnly => {
            let resources = shown::list(&rule.resource_texts, "or");
            return Some((0, format!("It covers the action on {resources} alone.")));
        }
        Cover::Whole | Cover::ResourceUnknown => rule.judge(subject, ask, facts),
    };
    let said = words(rule, outcome, subject, ask);
    Some(match (outcome, rule.effect) {
        (Outcome::Misses(miss), Effect::Block) => {
            (miss.nearness(), format!("It blocks, and does not apply. {said}."))
        }
        (Outcome::Misses(miss), Effect::Allow) => (miss.nearness(), format!("{said}.")),
        _ => (u8::MAX - 1, format!("{said}.")),
    })
}
