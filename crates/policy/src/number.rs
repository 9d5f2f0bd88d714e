//! JSON numbers as exact decimals, from their text, never through a float: `1`, `1.0` and `10e-1` are
//! equal, and `0.1 + 0.2` never comes up. Digits and exponent are bounded; a number beyond the bounds
//! cannot be judged, which is an evaluation error and so a no.

use std::cmp::Ordering;

const MAX_TEXT_BYTES: usize = 400;
const MAX_EXPONENT: i32 = 400;

/// An exact decimal: 0.`digits` times ten to the `point`, without zeros at either end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    digits: Box<[u8]>,
    point: i32,
}

/// A number that is too long or whose exponent is too large to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unjudgeable;

impl Decimal {
    /// Reads the text of a JSON number.
    pub(crate) fn read(text: &str) -> Result<Self, Unjudgeable> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(Unjudgeable);
        }
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i32 = exponent.parse().map_err(|_| Unjudgeable)?;
        if !(-MAX_EXPONENT..=MAX_EXPONENT).contains(&exponent) {
            return Err(Unjudgeable);
        }
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return Err(Unjudgeable);
        }
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let zeros = all.iter().take_while(|digit| **digit == b'0').count();
        let end = all.iter().rposition(|digit| *digit != b'0').map_or(zeros, |last| last + 1);
        let digits: Box<[u8]> = all.get(zeros..end).unwrap_or_default().into();
        if digits.is_empty() {
            return Ok(Self { negative: false, digits, point: 0 });
        }
        let places = |count: usize| i32::try_from(count).map_err(|_| Unjudgeable);
        Ok(Self { negative, digits, point: places(whole.len())? - places(zeros)? + exponent })
    }

    /// Whether it has no fraction.
    pub(crate) fn is_whole(&self) -> bool {
        i32::try_from(self.digits.len()).is_ok_and(|digits| digits <= self.point.max(0))
    }

    /// Its value, where it has no fraction and fits.
    pub(crate) fn whole(&self) -> Option<i64> {
        let places = usize::try_from(self.point.max(0)).ok().filter(|places| *places <= 19)?;
        let value = (0..places).try_fold(0_i64, |value, place| {
            let digit = self.digits.get(place).map_or(0, |digit| i64::from(digit - b'0'));
            value.checked_mul(10)?.checked_add(if self.negative { -digit } else { digit })
        })?;
        self.is_whole().then_some(value)
    }

    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = || self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits));
        self.sign().cmp(&other.sign()).then_with(|| match self.sign() {
            0 => Ordering::Equal,
            1 => size(),
            _ => size().reverse(),
        })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Decimal {
        Decimal::read(text).unwrap()
    }

    #[test]
    fn equal_numbers_are_equal_however_they_are_written() {
        for group in [
            &["1", "1.0", "1.000", "10e-1", "0.1e1", "0.01E+2", "100e-2"][..],
            &["0", "-0", "0.0", "0e9", "-0.000e-5"],
            &["742", "742.00", "7.42e2", "74200e-2"],
            &["-0.5", "-5e-1", "-0.50"],
        ] {
            assert!(group.iter().all(|text| read(text) == read(group[0])), "{group:?}");
        }
    }

    #[test]
    fn numbers_are_ordered_as_decimals() {
        let rising = [
            "-1e400",
            "-10",
            "-9.99",
            "-1",
            "-0.001",
            "0",
            "1e-400",
            "0.1",
            "0.30000000000000004",
            "0.5",
            "9",
            "10",
            "99999999999999999998",
            "99999999999999999999",
            "1e400",
        ];
        for pair in rising.windows(2) {
            assert_eq!(read(pair[0]).cmp(&read(pair[1])), Ordering::Less, "{pair:?}");
            assert_eq!(read(pair[1]).cmp(&read(pair[0])), Ordering::Greater, "{pair:?}");
        }
    }

    #[test]
    fn absurd_numbers_cannot_be_judged() {
        for text in [
            "1e999999999",
            "1e-999999999",
            "1e401",
            "1e99999999999999999999",
            &"9".repeat(401),
            "",
            "x",
            "1e",
            "1..2",
        ] {
            assert_eq!(Decimal::read(text), Err(Unjudgeable), "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_whole_numbers(a in any::<i64>(), b in any::<i64>(), zeros in 0_usize..6) {
            let scaled = |n: i64| read(&format!("{n}{}e-{zeros}", "0".repeat(zeros)));
            prop_assert_eq!(scaled(a).cmp(&read(&b.to_string())), a.cmp(&b));
            prop_assert_eq!(scaled(a), read(&a.to_string()));
        }

        #[test]
        fn it_agrees_with_floats_where_they_are_exact(a in -4000_i32..4000, b in -4000_i32..4000) {
            let (x, y) = (f64::from(a) / 8.0, f64::from(b) / 8.0);
            prop_assert_eq!(Some(read(&x.to_string()).cmp(&read(&y.to_string()))), x.partial_cmp(&y));
        }
    }
}
