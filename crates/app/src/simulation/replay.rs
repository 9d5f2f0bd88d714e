//! One decision, asked again. What the policy said then is read from the row: a call that a person granted was one
//! that needed approval, and the no of another gate was no answer of the policy's at all.

use super::recorded::{Assumed, Kept};
use procura_model::{
    ActingUser, AgentId, ApprovalId, Currency, Decision, Entropy, PermissionId, Reason, RequestId, SessionId,
    Time, UserRef, Verdict, VerifiedUser,
};
use procura_policy::{Facts, Policy, Spending, Spent};
use procura_store::history::Past;
use std::{borrow::Cow, collections::HashMap, sync::Arc};

/// Why a decision cannot be replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotReplayable {
    /// The ask was recorded without secrets or values of the user that stood in it.
    Redacted,
    /// The ask was so long that only its digest was recorded.
    TooLong,
    /// A condition compares with a fact of the user, and records name users by a pseudonym.
    UserFacts,
    /// A window would have to know what was spent, and that was not read then.
    Spending,
    /// The row is of a form that is not known.
    Unreadable,
}

impl NotReplayable {
    /// Every reason.
    pub const ALL: [Self; 5] =
        [Self::Redacted, Self::TooLong, Self::UserFacts, Self::Spending, Self::Unreadable];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Redacted => "redacted",
            Self::TooLong => "tooLong",
            Self::UserFacts => "userFacts",
            Self::Spending => "spending",
            Self::Unreadable => "unreadable",
        }
    }

    /// Why, in a sentence.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Redacted => "Something secret or personal stood in the call and was not recorded.",
            Self::TooLong => "The call was too long to be recorded whole.",
            Self::UserFacts => {
                "A condition compares with a fact of the user, and the record does not say who it was."
            }
            Self::Spending => "A window counts what was spent, and nobody had counted it then.",
            Self::Unreadable => "The record is of a form that is not known here.",
        }
    }
}

/// In which direction an answer changes; in the order of concern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlipKind {
    /// It was refused, and would be allowed.
    DenyToAllow,
    /// It was allowed, and would be refused.
    AllowToDeny,
    /// Nobody was asked, and somebody would be.
    ToApproval,
    /// Somebody was asked, and nobody would be.
    FromApproval,
}

impl FlipKind {
    /// Every kind, in the order of concern.
    pub const ALL: [Self; 4] = [Self::DenyToAllow, Self::AllowToDeny, Self::ToApproval, Self::FromApproval];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DenyToAllow => "denyToAllow",
            Self::AllowToDeny => "allowToDeny",
            Self::ToApproval => "toApproval",
            Self::FromApproval => "fromApproval",
        }
    }
}

/// An answer, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The answer.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// The permission that decided.
    pub permission: Option<PermissionId>,
}

/// A decision that would be another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flip {
    /// In which direction.
    pub kind: FlipKind,
    /// The request that was decided.
    pub request: RequestId,
    /// When.
    pub at: Time,
    /// Whose policy was asked.
    pub agent: AgentId,
    /// On behalf of which user.
    pub user: Option<UserRef>,
    /// What was asked.
    pub action: String,
    /// On what.
    pub resource: Option<String>,
    /// What was answered.
    pub was: Answered,
    /// What would be answered.
    pub would: Answered,
    /// Why it would be, in a sentence.
    pub sentence: Cow<'static, str>,
}

impl Flip {
    /// What was answered at first: a call that a person granted was allowed in the end, and needed approval before.
    #[must_use]
    pub const fn was_at_first(&self) -> Verdict {
        match self.kind {
            FlipKind::FromApproval => Verdict::NeedsApproval,
            FlipKind::DenyToAllow | FlipKind::AllowToDeny | FlipKind::ToApproval => self.was.verdict,
        }
    }
}

/// What came of one decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The answer stays.
    Same,
    /// The answer would be another.
    Flipped(Box<Flip>),
    /// It cannot be asked again.
    Not(NotReplayable),
    /// Not the policy said no, but another gate.
    OtherGate(Reason),
}

/// The policy of one agent, with the users whom its permissions name.
pub(super) struct Draft {
    policy: Policy,
    /// By pseudonym: of nobody else is it known here who they are.
    users: HashMap<UserRef, Arc<VerifiedUser>>,
    /// Whether a window belongs to a permission that does not exist yet, so that nothing was ever counted for it.
    has_uncounted: bool,
}

impl Draft {
    pub(super) fn new(
        permissions: &[procura_model::Permission],
        version: i64,
        pseudonym: impl Fn(&str) -> UserRef,
    ) -> Self {
        let users = permissions.iter().filter_map(|permission| permission.user.as_deref());
        let known = |id: &str| VerifiedUser { id: id.to_owned(), ..VerifiedUser::default() };
        Self {
            policy: Policy::compile(version, permissions),
            users: users.map(|id| (pseudonym(id), Arc::new(known(id)))).collect(),
            has_uncounted: permissions.iter().any(|one| one.window.is_some() && one.id.is_none()),
        }
    }
}

/// Asks again.
pub(super) struct Replayer {
    /// Drafts by agent.
    pub(super) drafts: HashMap<AgentId, Draft>,
    /// An agent without permissions.
    pub(super) nothing: Draft,
    /// The organization's currency, for rows that are older than the fact which says it.
    pub(super) currency: Option<Currency>,
    /// A user of whom nothing is known. Its id is empty, which no user's is.
    pub(super) stranger: Arc<VerifiedUser>,
    /// The session of nobody.
    pub(super) session: SessionId,
}

impl Replayer {
    pub(super) fn new(drafts: HashMap<AgentId, Draft>, currency: Option<Currency>) -> Self {
        Self {
            drafts,
            nothing: Draft::new(&[], 0, |_| UserRef(String::new())),
            currency,
            stranger: Arc::new(VerifiedUser::default()),
            session: SessionId::new(Time::from_ms(0), &Entropy::seeded(0)),
        }
    }

    /// Asks one decision again.
    pub(super) fn replay(&self, past: Past) -> Fate {
        let (Some(agent), Some(verdict), Some(reason)) = (past.agent, past.verdict, past.reason) else {
            return Fate::Not(NotReplayable::Unreadable);
        };
        let Ok(kept) = serde_json::from_str::<Kept<'_>>(&past.facts) else {
            return Fate::Not(NotReplayable::Unreadable);
        };
        let was = Answered { verdict, reason, permission: kept.permission };
        let is_guarded = kept.unguarded.is_some();
        let answered = said_by_policy(&was, past.approval)
            .filter(|said| kept.refused_by.is_none() && !(is_guarded && *said == Verdict::Deny));
        let Some(said) = answered else { return Fate::OtherGate(reason) };
        let draft = self.drafts.get(&agent).unwrap_or(&self.nothing);
        let would = match self.ask_again(draft, kept, &past) {
            Ok(would) if is_guarded => asked_for_too(would),
            Ok(would) => would,
            Err(why) => return Fate::Not(why),
        };
        let Some(kind) = direction(said, verdict, would.verdict) else { return Fate::Same };
        Fate::Flipped(Box::new(Flip {
            kind,
            request: past.request,
            at: past.at,
            agent,
            user: past.user,
            action: past.action.unwrap_or_default(),
            resource: past.resource,
            was,
            would: Answered { verdict: would.verdict, reason: would.reason, permission: would.permission },
            sentence: would.sentence,
        }))
    }

    fn ask_again(&self, draft: &Draft, mut kept: Kept<'_>, past: &Past) -> Result<Decision, NotReplayable> {
        let Some(asked) = kept.ask.take() else {
            return Err(match kept.ask_digest {
                Some(_) => NotReplayable::TooLong,
                None => NotReplayable::Redacted,
            });
        };
        if !kept.is_replayable {
            return Err(NotReplayable::Redacted);
        }
        let mut ask = asked.into_ask();
        ask.user = past.user.as_ref().map(|user| Arc::new(self.acting(draft, user)));
        if ask.user.is_some() && draft.policy.compares_with_user(&ask, past.at) {
            return Err(NotReplayable::UserFacts);
        }
        let mut spent: Vec<Spent> = Vec::new();
        if draft.policy.has_windows() {
            for needed in draft.policy.windows_for(&ask, past.at) {
                spent.push(kept.spent_within(&needed).ok_or(NotReplayable::Spending)?);
            }
        }
        let currency = match kept.currency {
            Assumed::Said(currency) => currency,
            Assumed::Unsaid => self.currency,
        };
        let facts = Facts { currency, spending: Spending::Read(&spent) };
        let decision = draft.policy.decide(&ask, &facts, past.at);
        if draft.has_uncounted && decision.reason == Reason::PolicyError {
            return Err(NotReplayable::Spending);
        }
        Ok(decision)
    }

    fn acting(&self, draft: &Draft, reference: &UserRef) -> ActingUser {
        let user = Arc::clone(draft.users.get(reference).unwrap_or(&self.stranger));
        ActingUser { reference: reference.clone(), session: self.session, user }
    }
}

/// The answer under a guardrail that asked for a person: it asks again, whatever the permissions allow.
fn asked_for_too(would: Decision) -> Decision {
    match would.verdict {
        Verdict::Allow => {
            let verdict = Verdict::NeedsApproval;
            Decision { verdict, reason: Reason::ApprovalRequired, ..would }
        }
        Verdict::Deny | Verdict::NeedsApproval => would,
    }
}

/// What the policy itself had answered; none where it was not the one that answered.
pub(crate) fn said_by_policy(was: &Answered, approval: Option<ApprovalId>) -> Option<Verdict> {
    match was.reason {
        // A person had agreed, so a person was needed.
        Reason::Allowed if approval.is_some() => Some(Verdict::NeedsApproval),
        Reason::ApprovalRequired | Reason::ApprovalDenied | Reason::TooManyWaiting => {
            Some(Verdict::NeedsApproval)
        }
        Reason::Allowed
        | Reason::NoPermission
        | Reason::ActionBlocked
        | Reason::VendorNotAllowed
        | Reason::VendorInvalid
        | Reason::ArgumentRefused
        | Reason::AmountOverLimit
        | Reason::AmountMissing
        | Reason::CurrencyMismatch
        | Reason::OutsideSchedule
        | Reason::PermissionExpired
        | Reason::PermissionNotYetValid
        | Reason::UserMismatch
        | Reason::PolicyError => Some(was.verdict),
        // Both are said by gates beside the policy too, and those name no permission.
        Reason::CurrencyMissing | Reason::BudgetExceeded if was.permission.is_some() => Some(was.verdict),
        _ => None,
    }
}

/// In which direction an answer changes: `said` by the policy, in effect `was`, and `would` be.
pub(super) fn direction(said: Verdict, was: Verdict, would: Verdict) -> Option<FlipKind> {
    if said == would {
        return None;
    }
    Some(match (was, would) {
        (Verdict::Deny, Verdict::Allow) => FlipKind::DenyToAllow,
        (Verdict::Allow, Verdict::Deny) => FlipKind::AllowToDeny,
        (_, Verdict::NeedsApproval) => FlipKind::ToApproval,
        (Verdict::Allow | Verdict::NeedsApproval, Verdict::Allow)
        | (Verdict::Deny | Verdict::NeedsApproval, Verdict::Deny) => FlipKind::FromApproval,
    })
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
