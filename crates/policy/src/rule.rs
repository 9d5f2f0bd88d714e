//! A permission, parsed once. What cannot be parsed cannot be saved ([`validate`]); should it stand in
//! the store all the same, it becomes [`Broken`] and everything that it might touch is denied.

use crate::{
    condition::{Answer, Check, Fault, Known, Why},
    facts::{Facts, Usage},
    miss::Miss,
    pattern::{Case, Pattern},
    schedule::Hours,
    subject::Subject,
    vendor::VendorPattern,
};
use procura_model::{
    ApprovalRule, Ask, Currency, Effect, Error, Json, Money, Permission, PermissionId, Reason, Time,
    VerifiedUser, Window,
};

const MAX_PATTERNS: usize = 100;
const MAX_CONDITIONS: usize = 50;
const MAX_USER_BYTES: usize = 256;
const MAX_COUNT: i64 = 1_000_000;
const MAX_QUORUM: u8 = 10;

/// Whether a permission can be saved.
///
/// # Errors
/// `FIELD_INVALID` with a sentence that names the field and what it must be.
pub fn validate(permission: &Permission) -> Result<(), Error> {
    match Rule::compile(permission, 1) {
        Ok(_) => Ok(()),
        Err(fault) => Err(Reason::FieldInvalid.because(format!("{fault}."))),
    }
}

/// Which permission: by its id, or by its place where it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) id: Option<PermissionId>,
    pub(crate) place: usize,
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.id {
            Some(id) => write!(f, "permission {id}"),
            None => write!(f, "permission {}", self.place),
        }
    }
}

/// A permission that can be asked.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: Name,
    pub(crate) effect: Effect,
    actions: Vec<Pattern>,
    resources: Vec<Pattern>,
    vendors: Vec<VendorPattern>,
    /// The vendors as they were written, for sentences.
    pub(crate) vendor_texts: Vec<String>,
    pub(crate) resource_texts: Vec<String>,
    pub(crate) conditions: Vec<Check>,
    pub(crate) ceiling: Option<Money>,
    pub(crate) window: Option<Window>,
    pub(crate) approval: ApprovalRule,
    pub(crate) hours: Option<Hours>,
    pub(crate) not_before: Option<Time>,
    pub(crate) expires_at: Option<Time>,
    pub(crate) user: Option<String>,
    /// Whether it only records what it would have done.
    pub(crate) is_shadow: bool,
}

/// A permission that cannot be asked; whatever it might touch is denied.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) name: Name,
    actions: Option<Vec<Pattern>>,
    resources: Option<Vec<Pattern>>,
    pub(crate) is_shadow: bool,
    /// What is wrong with it.
    pub(crate) fault: String,
}

/// Whether a rule is about an ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cover {
    /// It is not.
    Not,
    /// Its action matches, its resource does not.
    ActionOnly,
    /// It is.
    Whole,
    /// A block names resources, and the ask names none.
    ResourceUnknown,
}

/// What one rule says of an ask that it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It allows.
    Allows,
    /// It allows once a person agrees.
    Asks,
    /// It blocks.
    Blocks,
    /// It blocks hosts, or resources, and the ask names none: nobody can say that it does not apply.
    BlocksUnknown(Miss),
    /// It does not apply.
    Misses(Miss),
    /// It cannot be evaluated.
    Fails(usize, Fault),
    /// It cannot be evaluated: a block's condition meets a value that it cannot compare.
    Uncertain(usize, Why),
    /// It cannot be evaluated: nobody knows what was spent within its window.
    Unread,
}

impl Rule {
    /// Parses a permission; the error says which field must be what.
    pub(crate) fn compile(permission: &Permission, place: usize) -> Result<Self, String> {
        let case = case_of(permission.effect);
        if permission.effect == Effect::Block {
            refuse_limits_of_a_block(permission)?;
        }
        if let (Some(from), Some(until)) = (permission.not_before, permission.expires_at)
            && from >= until
        {
            return Err("expiresAt must be later than notBefore".to_owned());
        }
        if permission.user.as_ref().is_some_and(|user| !(1..=MAX_USER_BYTES).contains(&user.len())) {
            return Err("user must be 1 to 256 bytes long, or left out for any".to_owned());
        }
        check_currencies(permission)?;
        check_window(permission)?;
        check_quorum(permission)?;
        Ok(Self {
            name: Name { id: permission.id, place },
            effect: permission.effect,
            actions: actions(permission, case)?,
            resources: patterns("resources", &permission.resources, case)?,
            vendors: each("vendors", &permission.vendors, MAX_PATTERNS, |text| VendorPattern::compile(text))?,
            vendor_texts: permission.vendors.clone(),
            resource_texts: permission.resources.clone(),
            conditions: each("conditions", &permission.conditions, MAX_CONDITIONS, Check::compile)?,
            ceiling: permission.max_amount,
            window: permission.window,
            approval: permission.approval,
            hours: permission.schedule.as_ref().map(Hours::compile).transpose()?,
            not_before: permission.not_before,
            expires_at: permission.expires_at,
            user: permission.user.clone(),
            is_shadow: permission.shadow,
        })
    }

    /// Whether the rule is about this action and resource.
    pub(crate) fn covers(&self, subject: &Subject<'_>) -> Cover {
        let case = case_of(self.effect);
        if !any_matches(&self.actions, subject.action(case)) {
            return Cover::Not;
        }
        let resource = subject.resource(case);
        match (any_matches(&self.resources, resource.unwrap_or_default()), resource, self.effect) {
            (true, _, _) => Cover::Whole,
            (false, None, Effect::Block) => Cover::ResourceUnknown,
            (false, _, _) => Cover::ActionOnly,
        }
    }

    /// Everything but arguments and amount: what the list view can judge too.
    pub(crate) fn in_force(&self, subject: &Subject<'_>) -> Result<(), Miss> {
        if self.user.as_deref().is_some_and(|user| subject.user.is_none_or(|known| known.id != user)) {
            return Err(Miss::User);
        }
        if self.not_before.is_some_and(|from| subject.now < from) {
            return Err(Miss::NotYet);
        }
        if self.expires_at.is_some_and(|until| subject.now >= until) {
            return Err(Miss::Expired);
        }
        if self.hours.as_ref().is_some_and(|hours| !hours.holds(subject.now)) {
            return Err(Miss::Hours);
        }
        match &subject.vendor {
            _ if self.vendors.is_empty() => Ok(()),
            None => Err(Miss::VendorMissing),
            Some(host) if self.vendors.iter().any(|vendor| vendor.matches(host)) => Ok(()),
            Some(_) => Err(Miss::VendorOther),
        }
    }

    /// What the rule says of an ask that it covers.
    pub(crate) fn judge(&self, subject: &Subject<'_>, ask: &Ask, facts: &Facts<'_>) -> Outcome {
        let is_vendor_unknown = match (self.in_force(subject), self.effect) {
            (Ok(()), _) => false,
            (Err(Miss::VendorMissing), Effect::Block) => true,
            (Err(miss), _) => return Outcome::Misses(miss),
        };
        if let Some(outcome) = self.judge_arguments(ask.args.as_ref(), subject.user) {
            return outcome;
        }
        match self.effect {
            Effect::Block if is_vendor_unknown => Outcome::BlocksUnknown(Miss::VendorMissing),
            Effect::Block => Outcome::Blocks,
            Effect::Allow => self.judge_limits(ask, facts),
        }
    }

    /// None when every condition holds. Every condition is asked, so their order changes nothing: an
    /// error counts most; then a condition that surely fails; and a block that only meets values
    /// which it cannot compare is uncertain, never skipped.
    fn judge_arguments(&self, args: Option<&Json>, user: Option<&VerifiedUser>) -> Option<Outcome> {
        let (mut failed, mut uncertain) = (None, None);
        for (index, check) in self.conditions.iter().enumerate() {
            match (check.answer(check.argument(args), Known { args, user }), self.effect) {
                (Answer::Holds, _) => {}
                (Answer::Fault(fault), _) => return Some(Outcome::Fails(index, fault)),
                (
                    Answer::Fails(why @ (Why::Type | Why::NoUser | Why::NoFact | Why::NoOther)),
                    Effect::Block,
                ) => {
                    uncertain = uncertain.or(Some(Outcome::Uncertain(index, why)));
                }
                (Answer::Fails(why), _) => {
                    failed = failed.or(Some(Outcome::Misses(Miss::Argument(index, why))));
                }
            }
        }
        failed.or(uncertain)
    }

    /// The amount by itself, then what was spent before it, then whether a person must agree.
    fn judge_limits(&self, ask: &Ask, facts: &Facts<'_>) -> Outcome {
        let asked = match self.asked(ask, facts.currency) {
            Ok(asked) => asked,
            Err(miss) => return Outcome::Misses(miss),
        };
        if let Some(window) = &self.window {
            match facts.spending.of(self.name).or(self.is_shadow.then_some(Usage::NOTHING)) {
                None => return Outcome::Unread,
                Some(usage) => {
                    if let Err(miss) = usage.leaves_room(window, asked) {
                        return Outcome::Misses(miss);
                    }
                }
            }
        }
        match (self.approval, asked) {
            (ApprovalRule::Always, _) => Outcome::Asks,
            (ApprovalRule::Above(threshold), Some(asked)) if asked.value > threshold.value => Outcome::Asks,
            (ApprovalRule::Never | ApprovalRule::Above(_), _) => Outcome::Allows,
        }
    }

    /// What one call may cost: the asked amount, where it can be measured and is not over the limit.
    fn asked(&self, ask: &Ask, default: Option<Currency>) -> Result<Option<Money>, Miss> {
        let limit = self.limit();
        let Some(value) = ask.amount else {
            return limit.map_or(Ok(None), |limit| Err(Miss::AmountMissing(limit)));
        };
        let own = limit.map(|limit| limit.currency);
        let currency = ask.currency.or(own).or(default).ok_or(Miss::CurrencyMissing)?;
        let asked = Money { value, currency };
        match (own, self.ceiling) {
            (Some(own), _) if own != currency => Err(Miss::CurrencyOther { asked: currency, limit: own }),
            (_, Some(ceiling)) if value > ceiling.value => Err(Miss::Over { asked, limit: ceiling }),
            _ => Ok(Some(asked)),
        }
    }

    /// Whether an ask that the rule covers meets everything but the window, as far as can be said without
    /// the organization's currency.
    pub(crate) fn could_reach_window(&self, subject: &Subject<'_>, ask: &Ask) -> bool {
        self.effect == Effect::Allow
            && self.in_force(subject).is_ok()
            && self.judge_arguments(ask.args.as_ref(), subject.user).is_none()
            && matches!(self.asked(ask, None), Ok(_) | Err(Miss::CurrencyMissing))
    }

    /// The amount that an ask is measured against first, where there is one.
    pub(crate) fn limit(&self) -> Option<Money> {
        let threshold = match self.approval {
            ApprovalRule::Above(threshold) => Some(threshold),
            ApprovalRule::Never | ApprovalRule::Always => None,
        };
        self.ceiling.or(threshold).or(self.window.and_then(|window| window.amount))
    }

    /// The currency of its amounts, where it names any.
    pub(crate) fn currency(&self) -> Option<Currency> {
        self.limit().map(|limit| limit.currency)
    }
}

impl Broken {
    pub(crate) fn new(permission: &Permission, place: usize, fault: String) -> Self {
        // The wider reading: what a broken rule touches is denied, so case does not count.
        Self {
            name: Name { id: permission.id, place },
            actions: actions(permission, Case::Ignored).ok(),
            resources: patterns("resources", &permission.resources, Case::Ignored).ok(),
            is_shadow: permission.shadow,
            fault,
        }
    }

    /// Whether the rule could have been about this ask.
    pub(crate) fn may_touch(&self, subject: &Subject<'_>) -> bool {
        let action = subject.action(Case::Ignored);
        let resource = subject.resource(Case::Ignored);
        self.actions.as_ref().is_none_or(|patterns| any_matches(patterns, action))
            && resource.is_none_or(|resource| {
                self.resources.as_ref().is_none_or(|patterns| any_matches(patterns, resource))
            })
    }
}

const fn case_of(effect: Effect) -> Case {
    match effect {
        Effect::Allow => Case::Exact,
        Effect::Block => Case::Ignored,
    }
}

fn any_matches(patterns: &[Pattern], text: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches(text))
}

fn actions(permission: &Permission, case: Case) -> Result<Vec<Pattern>, String> {
    let is_odd = |text: &String| {
        text.contains(|c: char| c.is_whitespace() || matches!(c, '?' | '[' | ']' | '{' | '}'))
    };
    if let Some(index) = permission.actions.iter().position(is_odd) {
        return Err(format!(
            "actions[{index}] must not hold blanks, ? or brackets; * is the only wild character"
        ));
    }
    patterns("actions", &permission.actions, case)
}

fn patterns(field: &str, texts: &[String], case: Case) -> Result<Vec<Pattern>, String> {
    if texts.is_empty() {
        return Err(format!("{field} must hold at least one pattern; * means all"));
    }
    each(field, texts, MAX_PATTERNS, |text| Pattern::compile(text, case))
}

fn each<'t, T, C>(
    field: &str,
    items: &'t [T],
    most: usize,
    compile: impl Fn(&'t T) -> Result<C, &'static str>,
) -> Result<Vec<C>, String> {
    if items.len() > most {
        return Err(format!("{field} must hold at most {most} entries"));
    }
    let compiled = items.iter().enumerate();
    compiled.map(|(index, item)| compile(item).map_err(|must| format!("{field}[{index}] {must}"))).collect()
}

fn refuse_limits_of_a_block(permission: &Permission) -> Result<(), String> {
    if permission.max_amount.is_some() {
        return Err("maxAmount must be left out of a block; limit the amount in the permission that allows"
            .to_owned());
    }
    if permission.window.is_some() {
        return Err(
            "window must be left out of a block; limit the spending in the permission that allows".to_owned()
        );
    }
    match permission.approval {
        ApprovalRule::Never => Ok(()),
        ApprovalRule::Always | ApprovalRule::Above(_) => {
            Err("approval must be never in a block; a block cannot be approved".to_owned())
        }
    }
}

fn check_currencies(permission: &Permission) -> Result<(), String> {
    let ceiling = permission.max_amount.map(|ceiling| ceiling.currency);
    let threshold = match permission.approval {
        ApprovalRule::Above(threshold) => Some(threshold.currency),
        ApprovalRule::Never | ApprovalRule::Always => None,
    };
    let spent = permission.window.and_then(|window| window.amount).map(|amount| amount.currency);
    let differ = |one: Option<Currency>, other: Option<Currency>| {
        one.zip(other).is_some_and(|(one, other)| one != other)
    };
    if differ(ceiling, threshold) {
        return Err("approval.above.currency must be the currency of maxAmount".to_owned());
    }
    if differ(ceiling, spent) {
        return Err("window.amount.currency must be the currency of maxAmount".to_owned());
    }
    if differ(threshold, spent) {
        return Err("window.amount.currency must be the currency of approval.above".to_owned());
    }
    Ok(())
}

fn check_window(permission: &Permission) -> Result<(), String> {
    match permission.window {
        Some(Window { amount: None, count: None, .. }) => {
            Err("window must have an amount, a count or both".to_owned())
        }
        Some(Window { count: Some(count), .. }) if !(1..=MAX_COUNT).contains(&count) => {
            Err("window.count must be a whole number from 1 to 1000000".to_owned())
        }
        Some(_) | None => Ok(()),
    }
}

fn check_quorum(permission: &Permission) -> Result<(), String> {
    match (permission.quorum, permission.approval) {
        (None, _) => Ok(()),
        (Some(_), ApprovalRule::Never) => {
            Err("quorum must be left out where approval is never; nobody is asked".to_owned())
        }
        (Some(1..=MAX_QUORUM), _) => Ok(()),
        (Some(_), _) => Err("quorum must be a whole number from 1 to 10".to_owned()),
    }
}
