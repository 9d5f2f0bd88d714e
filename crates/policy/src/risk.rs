//! How much harm the action could do, by one simple rule that a person can check:
//!
//! | answer | risk |
//! |---|---|
//! | allowed, no amount | none |
//! | allowed, amount up to half of the ceiling, or no ceiling | low |
//! | allowed, amount over half of the ceiling | medium |
//! | a person must approve | medium; high when the amount is over twice the threshold |
//! | denied: expired, not yet, hours, something not named | low |
//! | denied: no permission, vendor, argument, user, currency, nothing left in a window | medium |
//! | denied: amount over the ceiling | medium; high over twice, critical over ten times the ceiling |
//! | denied: blocked, or the policy could not be evaluated | high |

use procura_model::{Amount, Reason, Risk};

/// The risk of an allowed action.
#[must_use]
pub fn of_allowed(asked: Option<Amount>, ceiling: Option<Amount>) -> Risk {
    match (asked, ceiling) {
        (None, _) => Risk::None,
        (Some(asked), Some(ceiling)) if exceeds(asked, 2, 1, ceiling) => Risk::Medium,
        (Some(_), _) => Risk::Low,
    }
}

/// The risk of an action that a person must approve.
#[must_use]
pub fn of_approval(asked: Option<Amount>, threshold: Option<Amount>) -> Risk {
    match (asked, threshold) {
        (Some(asked), Some(threshold)) if exceeds(asked, 1, 2, threshold) => Risk::High,
        _ => Risk::Medium,
    }
}

/// The risk of an action that asked for more than the ceiling.
#[must_use]
pub fn of_excess(asked: Amount, ceiling: Amount) -> Risk {
    if exceeds(asked, 1, 10, ceiling) {
        Risk::Critical
    } else if exceeds(asked, 1, 2, ceiling) {
        Risk::High
    } else {
        Risk::Medium
    }
}

/// The risk of an action that was denied for any other reason.
#[must_use]
pub const fn of_denied(reason: Reason) -> Risk {
    match reason {
        Reason::ActionBlocked | Reason::PolicyError => Risk::High,
        Reason::PermissionExpired
        | Reason::PermissionNotYetValid
        | Reason::OutsideSchedule
        | Reason::AmountMissing
        | Reason::CurrencyMissing => Risk::Low,
        _ => Risk::Medium,
    }
}

/// Whether `times` the amount is more than `of` times the limit.
fn exceeds(amount: Amount, times: i128, of: i128, limit: Amount) -> bool {
    i128::from(amount.units()) * times > i128::from(limit.units()) * of
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    #[test]
    fn risk_grows_with_the_amount() {
        let ceiling = amount("500");
        assert_eq!(of_allowed(None, Some(ceiling)), Risk::None);
        assert_eq!(of_allowed(Some(amount("250")), Some(ceiling)), Risk::Low);
        assert_eq!(of_allowed(Some(amount("250.0001")), Some(ceiling)), Risk::Medium);
        assert_eq!(of_allowed(Some(amount("9999")), None), Risk::Low);
        assert_eq!(of_approval(Some(amount("1000")), Some(ceiling)), Risk::Medium);
        assert_eq!(of_approval(Some(amount("1000.01")), Some(ceiling)), Risk::High);
        assert_eq!(of_excess(amount("742"), ceiling), Risk::Medium);
        assert_eq!(of_excess(amount("1001"), ceiling), Risk::High);
        assert_eq!(of_excess(amount("5000"), ceiling), Risk::High);
        assert_eq!(of_excess(amount("5001"), ceiling), Risk::Critical);
        assert_eq!(of_excess(Amount::from_units(i64::MAX).unwrap(), amount("0")), Risk::Critical);
        assert_eq!(of_denied(Reason::ActionBlocked), Risk::High);
    }
}
