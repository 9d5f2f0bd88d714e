//! The time of assertions (RFC 7523 section 3, 4 to 6): those by which a client shows that it is itself, and those of
//! another issuer, are short-lived, and each is taken once.

use crate::claims::{Validity, seconds};
use procura_model::{Time, time::SECOND_MS};

/// By how much clocks may differ, in seconds.
const LEEWAY_SECONDS: f64 = 30.0;
/// How far `exp` may lie ahead, in seconds.
const MAX_LIFE_SECONDS: f64 = 3_600.0;
/// For how long an assertion is known again, in seconds. It holds for an hour and the leeway at the longest, whatever its
/// exp says to the fraction; a request whose body came slowly judges it by an earlier time.
const REMEMBERED_SECONDS: i64 = 3_600 + 60 + 120;

/// Why an assertion does not hold now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untimely {
    /// Too late.
    #[error("It has expired.")]
    Expired,
    /// Too early.
    #[error("Its iat or nbf lies in the future.")]
    NotYet,
    /// It would hold for too long.
    #[error("Its exp lies more than an hour ahead.")]
    TooLong,
}

/// Whether it holds now: `exp` has not passed and is not unreasonably far, `nbf` has come, `iat` is not ahead.
pub(crate) fn demand_now(validity: &Validity, now: Time) -> Result<(), Untimely> {
    let now = seconds(now);
    if validity.is_over(now, LEEWAY_SECONDS) {
        return Err(Untimely::Expired);
    }
    if validity.is_ahead(now, LEEWAY_SECONDS) {
        return Err(Untimely::NotYet);
    }
    if validity.expires > now + MAX_LIFE_SECONDS + LEEWAY_SECONDS {
        return Err(Untimely::TooLong);
    }
    Ok(())
}

/// Until when an assertion that holds now must be known again.
pub(crate) fn remembered_until(now: Time) -> Time {
    now.plus_ms(REMEMBERED_SECONDS * SECOND_MS)
}
