//! Limits over time (VER-3): how much, or how often, within a rolling window; and what is held against them. A window
//! is the sum over event times, never a calendar bucket. What was allowed is held until its outcome is known.

use crate::{
    agent::UserRef,
    amount::{Amount, Currency, Money},
    ids::{AgentId, BudgetId, PermissionId, RequestId, ReservationId},
    period::Period,
    time::{MINUTE_MS, Time},
};
use serde::{Deserialize, Serialize};

/// A limit within a rolling window: of money, of calls, or of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Window {
    /// The most that may be committed and held within the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// How many calls may be allowed within the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
    /// How long the window is: an ISO 8601 duration of weeks, days, hours, minutes and seconds, such as `P30D`.
    pub per: Period,
    /// What becomes of an amount whose outcome nobody reports.
    #[serde(default, skip_serializing_if = "Hold::is_default")]
    pub hold: Hold,
}

/// How long an allowed amount waits for its outcome, and what it counts as afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Hold {
    /// How long `commit` and `release` are awaited.
    pub lasts: Period,
    /// What an amount counts as when neither came.
    pub then: Unsettled,
}

impl Hold {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Hold {
    fn default() -> Self {
        Self { lasts: Period::from_ms(15 * MINUTE_MS), then: Unsettled::Spent }
    }
}

/// What an amount counts as when nobody said what became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unsettled {
    /// As spent, until somebody reconciles it: money may have moved.
    #[default]
    Spent,
    /// As never spent.
    Released,
}

/// Whose spending a budget limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BudgetOf {
    /// All agents of the organization together.
    Organization,
    /// One agent.
    Agent(AgentId),
    /// Every agent, each for itself.
    EachAgent,
    /// One verified user, by pseudonym, over all agents.
    User(UserRef),
    /// Every verified user, each for itself, over all agents.
    EachUser,
}

/// A limit that stands beside the permissions and above them: whatever they allow, it is never overspent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The budget's id.
    pub id: BudgetId,
    /// What people call it.
    pub name: String,
    /// Whose spending it limits.
    pub of: BudgetOf,
    /// Patterns of actions that count, as in a permission.
    pub actions: Vec<String>,
    /// The limit.
    pub window: Window,
    /// When it was made.
    pub created_at: Time,
}

/// Where a reservation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReservationState {
    /// Allowed; its outcome is not known yet.
    Held,
    /// It happened.
    Committed,
    /// It did not happen.
    Released,
    /// Nobody said in time; it counts as its budgets have it.
    Expired,
}

impl ReservationState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Held, Self::Committed, Self::Released, Self::Expired];

    /// The word in the store and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Committed => "committed",
            Self::Released => "released",
            Self::Expired => "expired",
        }
    }
}

impl std::str::FromStr for ReservationState {
    type Err = UnknownReservationState;

    fn from_str(text: &str) -> Result<Self, UnknownReservationState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownReservationState)
    }
}

/// A word that names no state of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such reservation state")]
pub struct UnknownReservationState;

/// What was taken from budgets by one allowed ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The reservation's id.
    pub id: ReservationId,
    /// The agent that was allowed.
    pub agent: AgentId,
    /// On behalf of which user.
    pub user: Option<UserRef>,
    /// The decision that took it.
    pub request: RequestId,
    /// The permission that allowed it.
    pub permission: Option<PermissionId>,
    /// The action.
    pub action: String,
    /// What was held; none where only calls are counted.
    pub held: Option<Amount>,
    /// In which currency.
    pub currency: Option<Currency>,
    /// What it came to, once committed.
    pub actual: Option<Amount>,
    /// Where it stands.
    pub state: ReservationState,
    /// Whether its commit came after it had expired.
    pub is_late: bool,
    /// Whether its late commit overran a limit.
    pub is_over: bool,
    /// When it was taken.
    pub created_at: Time,
    /// Until when its outcome is awaited.
    pub commit_by: Time,
    /// When it was committed, released or expired.
    pub settled_at: Option<Time>,
}
