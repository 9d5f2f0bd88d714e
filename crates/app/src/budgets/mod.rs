//! Limits over time (VER-3). What an allowed ask takes is held in the transaction that records the decision, and
//! settled when its outcome is known: committed, released, or expired where nobody said.

mod edit;
mod expire;
mod hold;
mod reading;
mod settle;
mod standing;
mod sums;

pub use edit::{BudgetDraft, add, change, get, list, remove};
pub use expire::expire;
pub(crate) use hold::{Consent, Holding};
pub use hold::{consider, counts, explain};
pub use reading::{Judged, Reading};
pub(crate) use settle::keep;
pub use settle::{Outcome, commit, get as reservation, list as reservations, release, settle_with};
pub use standing::{Part, Standing, of_agent, of_budget};
pub use sums::Sums;
