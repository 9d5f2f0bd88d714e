//! Why a permission that covers an ask does not apply: the failed constraint as a value, and the one
//! sentence that names it with both values. The sentence is made only for the answer, not for every
//! rule that was looked at.

use crate::{
    condition::{Check, Why},
    rule::Rule,
    sentence::period,
    shown,
    subject::Subject,
};
use procura_model::{Amount, Ask, Currency, Json, Money, Period, Reason, VerifiedUser};

/// The constraint that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Miss {
    User,
    NotYet,
    Expired,
    Hours,
    VendorMissing,
    VendorOther,
    /// Which condition, and why.
    Argument(usize, Why),
    /// The limit that the amount would have been measured against.
    AmountMissing(Money),
    CurrencyMissing,
    CurrencyOther {
        asked: Currency,
        limit: Currency,
    },
    Over {
        asked: Money,
        limit: Money,
    },
    /// More than the window leaves.
    Spent {
        asked: Money,
        left: Amount,
        limit: Money,
        per: Period,
    },
    /// The window's calls are used up.
    Called {
        count: i64,
        limit: i64,
        per: Period,
    },
}

impl Miss {
    /// How far the ask came: the more constraints it met, the nearer.
    pub(crate) const fn nearness(self) -> u8 {
        match self {
            Self::User => 1,
            Self::Expired => 2,
            Self::NotYet => 3,
            Self::Hours => 4,
            Self::VendorMissing | Self::VendorOther => 5,
            Self::Argument(..) => 6,
            Self::AmountMissing(_) | Self::CurrencyMissing | Self::CurrencyOther { .. } => 7,
            Self::Over { .. } => 8,
            Self::Spent { .. } | Self::Called { .. } => 9,
        }
    }

    pub(crate) const fn reason(self) -> Reason {
        match self {
            Self::User | Self::Argument(_, Why::NoUser | Why::NoFact) => Reason::UserMismatch,
            Self::NotYet => Reason::PermissionNotYetValid,
            Self::Expired => Reason::PermissionExpired,
            Self::Hours => Reason::OutsideSchedule,
            Self::VendorMissing | Self::VendorOther => Reason::VendorNotAllowed,
            Self::Argument(..) => Reason::ArgumentRefused,
            Self::AmountMissing(_) => Reason::AmountMissing,
            Self::CurrencyMissing => Reason::CurrencyMissing,
            Self::CurrencyOther { .. } => Reason::CurrencyMismatch,
            Self::Over { .. } => Reason::AmountOverLimit,
            Self::Spent { .. } | Self::Called { .. } => Reason::BudgetExceeded,
        }
    }

    /// The sentence, without the permission's name and the full stop.
    pub(crate) fn words(self, rule: &Rule, subject: &Subject<'_>, ask: Option<&Ask>) -> String {
        let vendors = || shown::list(&rule.vendor_texts, "or");
        match self {
            Self::User if subject.user.is_some() => "The permission is for another user".to_owned(),
            Self::User => "The permission is for one user, and the request has no verified user".to_owned(),
            Self::NotYet => {
                let from = rule.not_before.unwrap_or(subject.now);
                format!("The permission holds from {from}, and it is {}", subject.now)
            }
            Self::Expired => {
                let until = rule.expires_at.unwrap_or(subject.now);
                format!("The permission expired at {until}, and it is {}", subject.now)
            }
            Self::Hours => {
                let clock =
                    rule.hours.as_ref().map(|hours| hours.wall_clock(subject.now)).unwrap_or_default();
                format!("It is {clock} where the permission's schedule counts, outside its hours")
            }
            Self::VendorMissing => {
                format!("The request names no vendor, and the permission names {}", vendors())
            }
            Self::VendorOther => {
                let host = subject.vendor.as_deref().unwrap_or_default();
                format!("The vendor {host} is not {}", vendors())
            }
            Self::Argument(index, why) => match rule.conditions.get(index) {
                Some(check) => argument(check, why, ask.and_then(|ask| ask.args.as_ref()), subject.user),
                None => "An argument is not as it must be".to_owned(),
            },
            Self::AmountMissing(limit) => {
                format!("The request names no amount, and the permission has a limit of {limit}")
            }
            Self::CurrencyMissing => "The amount has no currency, and there is no default".to_owned(),
            Self::CurrencyOther { asked, limit } => {
                format!("The amount is in {asked}, and the permission's limit is in {limit}")
            }
            Self::Over { asked, limit } => format!("The amount {asked} exceeds {limit} per call"),
            Self::Spent { asked, left, limit, per } => {
                format!("The amount {asked} exceeds what is left: {left} of {limit} within {}", period(per))
            }
            Self::Called { count, limit, per } => {
                format!("There were already {count} of {limit} calls within {}", period(per))
            }
        }
    }
}

/// An argument that is a value of the user is not shown: sentences reach records, pages and agents.
fn argument(check: &Check, why: Why, args: Option<&Json>, user: Option<&VerifiedUser>) -> String {
    let (path, wording) = (&check.path, &check.wording);
    match (check.argument(args), why) {
        (_, Why::NoUser) => {
            format!("The argument {path} must be {wording}, and the request has no verified user")
        }
        (_, Why::NoFact | Why::NoOther) => {
            format!("The argument {path} must be {wording}, and there is none")
        }
        (None, _) => format!("The argument {path} is missing, and must be {wording}"),
        (Some(found), _) if user.is_some_and(|user| shown::is_personal(found, user)) => {
            format!("The argument {path} is a value of the user, and must be {wording}")
        }
        (Some(found), _) => format!("The argument {path} is {}, and must be {wording}", shown::value(found)),
    }
}

/// What is missing, in a word for programs.
pub(crate) const fn missing(reason: Reason) -> Option<&'static str> {
    Some(match reason {
        Reason::NoPermission | Reason::PermissionExpired => "permission",
        Reason::ApprovalRequired => "approval",
        Reason::VendorNotAllowed | Reason::VendorInvalid => "vendor",
        Reason::ArgumentRefused => "argument",
        Reason::AmountMissing | Reason::AmountOverLimit | Reason::AmountInvalid => "amount",
        Reason::CurrencyMissing | Reason::CurrencyMismatch => "currency",
        Reason::BudgetExceeded => "budget",
        Reason::OutsideSchedule | Reason::PermissionNotYetValid => "time",
        Reason::UserMismatch => "user",
        _ => return None,
    })
}
