//! A length of time that is the same everywhere: ISO 8601 in weeks, days of 24 hours, hours, minutes and seconds.
//! Years and months are refused, for no two need be equally long.

use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use std::{fmt, str::FromStr};

const WEEK_MS: i64 = 7 * DAY_MS;
/// Ten years: no rolling window looks back further.
const MAX_MS: i64 = 3_660 * DAY_MS;

/// A length of time, at least a second and at most ten years, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(i64);

/// A text that is no period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a period is an ISO 8601 duration such as P30D, P2W or PT12H, from a second to ten years; months and years are not equally long, so name days"
)]
pub struct PeriodError;

impl Period {
    /// The period of so many milliseconds, held within a second and ten years.
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        if ms < SECOND_MS {
            Self(SECOND_MS)
        } else if ms > MAX_MS {
            Self(MAX_MS)
        } else {
            Self(ms)
        }
    }

    /// Milliseconds.
    #[must_use]
    pub const fn as_ms(self) -> i64 {
        self.0
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let body = text.strip_prefix('P').ok_or(PeriodError)?;
        let (days, hours) = body.split_once('T').map_or((body, None), |(days, hours)| (days, Some(hours)));
        if hours == Some("") {
            return Err(PeriodError);
        }
        let dated = sum(days, &[('W', WEEK_MS), ('D', DAY_MS)])?;
        let timed = sum(hours.unwrap_or(""), &[('H', HOUR_MS), ('M', MINUTE_MS), ('S', SECOND_MS)])?;
        let whole = dated.checked_add(timed).ok_or(PeriodError)?;
        if (SECOND_MS..=MAX_MS).contains(&whole) { Ok(Self(whole)) } else { Err(PeriodError) }
    }
}

/// Adds up `3D`, `12H30M` and the like; each unit once, in the order of the list.
fn sum(mut text: &str, units: &[(char, i64)]) -> Result<i64, PeriodError> {
    let mut total: i64 = 0;
    let mut units = units.iter();
    while !text.is_empty() {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = text.split_at_checked(digits).ok_or(PeriodError)?;
        let number: i64 = number.parse().map_err(|_| PeriodError)?;
        let mut rest = rest.chars();
        let unit = rest.next().ok_or(PeriodError)?;
        let (_, ms) = units.by_ref().find(|(letter, _)| *letter == unit).ok_or(PeriodError)?;
        total = number.checked_mul(*ms).and_then(|part| total.checked_add(part)).ok_or(PeriodError)?;
        text = rest.as_str();
    }
    Ok(total)
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P")?;
        let (days, mut rest) = (self.0 / DAY_MS, self.0 % DAY_MS);
        if days > 0 {
            write!(f, "{days}D")?;
        }
        if rest > 0 {
            f.write_str("T")?;
        }
        for (letter, ms) in [('H', HOUR_MS), ('M', MINUTE_MS), ('S', SECOND_MS)] {
            if rest >= ms {
                write!(f, "{}{letter}", rest / ms)?;
            }
            rest %= ms;
        }
        Ok(())
    }
}

impl fmt::Debug for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Period {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Period {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_reads_back_in_its_plain_form() {
        for (text, ms, shown) in [
            ("P30D", 30 * DAY_MS, "P30D"),
            ("P2W", 14 * DAY_MS, "P14D"),
            ("PT24H", DAY_MS, "P1D"),
            ("P1DT12H30M5S", DAY_MS + 12 * HOUR_MS + 30 * MINUTE_MS + 5 * SECOND_MS, "P1DT12H30M5S"),
            ("PT90M", 90 * MINUTE_MS, "PT1H30M"),
        ] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.as_ms(), ms, "{text}");
            assert_eq!(period.to_string(), shown);
            assert_eq!(shown.parse(), Ok(period));
        }
    }

    #[test]
    fn what_is_not_equally_long_or_no_period_is_refused() {
        for text in [
            "",
            "P",
            "PT",
            "P1M",
            "P1Y",
            "30D",
            "P-1D",
            "P1.5D",
            "PT0S",
            "P0D",
            "P1DT",
            "P1D1D",
            "PT1M1H",
            "P11Y",
            "P4000D",
            "P99999999999999999999D",
            "p1d",
            "P1D ",
            "PD",
        ] {
            assert!(text.parse::<Period>().is_err(), "{text:?} was taken");
        }
    }
}
