//! Money as exact decimals: a whole number of ten-thousandths and a currency, never a float.

use crate::json::Json;
use std::{fmt, str::FromStr};

/// How many units make one.
const SCALE: i64 = 10_000;

/// An amount in ten-thousandths of its currency's unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

/// A text that is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an amount is a decimal such as 742.00, not negative, with at most four decimal places")]
pub struct AmountError;

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The amount of so many ten-thousandths.
    ///
    /// # Errors
    /// When it is negative.
    pub const fn from_units(units: i64) -> Result<Self, AmountError> {
        if units < 0 { Err(AmountError) } else { Ok(Self(units)) }
    }

    /// What is left of it when another is taken away; nothing where the other is more.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        // Neither is negative, so the difference always fits.
        if other.0 >= self.0 { Self::ZERO } else { Self(self.0 - other.0) }
    }

    /// Ten-thousandths.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.0
    }

    /// The amount that a JSON number or string spells, read from its text.
    ///
    /// # Errors
    /// When it is neither, or no amount.
    pub fn from_json(value: &Json) -> Result<Self, AmountError> {
        match value {
            Json::Number(text) => text.parse(),
            Json::Text(text) => text.parse(),
            Json::Null | Json::Bool(_) | Json::List(_) | Json::Map(_) => Err(AmountError),
        }
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let (whole, fraction) = text.split_once('.').map_or((text, None), |(w, f)| (w, Some(f)));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let fraction = match fraction {
            None => "",
            Some(part) if digits(part) => part.trim_end_matches('0'),
            Some(_) => return Err(AmountError),
        };
        if !digits(whole) || fraction.len() > 4 {
            return Err(AmountError);
        }
        let whole: i64 = whole.parse().map_err(|_| AmountError)?;
        let part: i64 = format!("{fraction:0<4}").parse().map_err(|_| AmountError)?;
        whole.checked_mul(SCALE).and_then(|units| units.checked_add(part)).map(Self).ok_or(AmountError)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / SCALE, self.0 % SCALE);
        let part = format!("{part:04}");
        let end = part.trim_end_matches('0').len().max(2);
        write!(f, "{whole}.{}", part.get(..end).unwrap_or("00"))
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Amount {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Amount {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::from_json(&Json::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

/// An ISO 4217 code: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

/// A text that is no currency code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a currency is three capital letters such as USD (ISO 4217)")]
pub struct CurrencyError;

impl Currency {
    /// The three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(text: &str) -> Result<Self, CurrencyError> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| CurrencyError)?;
        if code.iter().all(u8::is_ascii_uppercase) { Ok(Self(code)) } else { Err(CurrencyError) }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An amount with its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// How much.
    pub value: Amount,
    /// Of what.
    pub currency: Currency,
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.value, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_from_their_text() {
        for (text, units, shown) in [
            ("742", 7_420_000, "742.00"),
            ("742.00", 7_420_000, "742.00"),
            ("0.1", 1_000, "0.10"),
            ("0.12340", 1_234, "0.1234"),
            ("922337203685477.5807", i64::MAX, "922337203685477.5807"),
        ] {
            let amount: Amount = text.parse().unwrap();
            assert_eq!((amount.units(), amount.to_string().as_str()), (units, shown));
        }
        let money: Money = serde_json::from_str(r#"{"value":0.3,"currency":"EUR"}"#).unwrap();
        assert_eq!(money.to_string(), "0.30 EUR");
    }

    #[test]
    fn what_is_not_exact_is_no_amount() {
        for bad in
            ["", "-1", "+1", "1e3", "1.", ".5", "0.00001", "922337203685477.5808", "1,000", " 1", "NaN", "٣"]
        {
            assert!(bad.parse::<Amount>().is_err(), "{bad}");
        }
        assert!("usd".parse::<Currency>().is_err() && "USDX".parse::<Currency>().is_err());
    }
}
