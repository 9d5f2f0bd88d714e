//! What is known besides the ask. What was spent is read by whoever asks, for the permissions that
//! [`Policy::windows_for`] names; a window whose spending was not read is an error, and an error is a no.

use crate::{
    decide::{Policy, named},
    miss::Miss,
    rule::{Cover, Name, Rule},
    subject::Subject,
};
use procura_model::{Amount, Ask, Currency, Money, PermissionId, Time, Window};

/// What is known besides the ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts<'f> {
    /// The organization's default currency.
    pub currency: Option<Currency>,
    /// What was spent within the windows of the permissions.
    pub spending: Spending<'f>,
}

/// What was spent within the windows of the permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spending<'f> {
    /// Nobody has looked: a permission with a window that would have to know cannot be judged.
    #[default]
    Unread,
    /// As it was read. A permission that is not among the rows cannot be judged.
    Read(&'f [Spent]),
    /// As somebody supposes it, for permissions that need not exist. One that is not among the rows has
    /// spent nothing.
    Supposed(&'f [Supposed]),
}

/// What was spent within one permission's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Whose window.
    pub permission: PermissionId,
    /// Committed and held, in the window's currency.
    pub amount: Amount,
    /// How many calls were allowed and not released.
    pub count: i64,
}

/// What was spent, as somebody supposes it, within the window of the permission at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Supposed {
    /// The permission's place among those that were compiled; the first is 1.
    pub place: usize,
    /// Committed and held, in the window's currency.
    pub amount: Amount,
    /// How many calls were allowed and not released.
    pub count: i64,
}

/// A window whose spending must be read before an ask can be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needed<'p> {
    /// Whose window.
    pub permission: PermissionId,
    /// The window.
    pub window: &'p Window,
}

/// What counts against a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) amount: Amount,
    pub(crate) count: i64,
}

impl Usage {
    pub(crate) const NOTHING: Self = Self { amount: Amount::ZERO, count: 0 };

    /// Whether a window has room for one more call of this amount.
    pub(crate) fn leaves_room(self, window: &Window, asked: Option<Money>) -> Result<(), Miss> {
        if let (Some(limit), Some(asked)) = (window.amount, asked) {
            let left = limit.value.less(self.amount);
            if asked.value > left {
                return Err(Miss::Spent { asked, left, limit, per: window.per });
            }
        }
        match window.count {
            Some(limit) if self.count >= limit => {
                Err(Miss::Called { count: self.count, limit, per: window.per })
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl Spending<'_> {
    /// What was spent within a permission's window; none when nobody knows.
    pub(crate) fn of(&self, name: Name) -> Option<Usage> {
        match self {
            Self::Unread => None,
            Self::Read(rows) => {
                let row = rows.iter().find(|row| Some(row.permission) == name.id)?;
                Some(Usage { amount: row.amount, count: row.count })
            }
            Self::Supposed(rows) => {
                let row = rows.iter().find(|row| row.place == name.place);
                Some(row.map_or(Usage::NOTHING, |row| Usage { amount: row.amount, count: row.count }))
            }
        }
    }
}

impl Policy {
    /// Whether any permission has a window: the cheap question before [`Policy::windows_for`].
    #[must_use]
    pub const fn has_windows(&self) -> bool {
        self.has_windows
    }

    /// The windows whose spending decides an ask: of every allow-permission that covers it and whose other
    /// constraints hold. A permission in shadow holds nothing, so its window is not among them.
    #[must_use]
    pub fn windows_for<'p>(&'p self, ask: &Ask, now: Time) -> Vec<Needed<'p>> {
        let Ok(subject) = Subject::new(named(ask), now) else { return Vec::new() };
        let needed = |rule: &'p Rule| {
            let needed = Needed { permission: rule.name.id?, window: rule.window.as_ref()? };
            let is_asked = !rule.is_shadow
                && rule.covers(&subject) == Cover::Whole
                && rule.could_reach_window(&subject, ask);
            is_asked.then_some(needed)
        };
        self.candidates(&subject).filter_map(needed).collect()
    }
}
