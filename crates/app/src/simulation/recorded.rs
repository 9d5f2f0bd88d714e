//! The facts of a decision as its row has them, and of those what a replay needs; all else is passed over unread.

use procura_model::{Amount, Ask, Currency, Json, Period, PermissionId, Verdict};
use procura_policy::{Needed, Spent};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// Which currency was taken for an amount that named none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Assumed {
    /// None had to be: there was no amount, or it named its own. So it is too where the row is older than this fact.
    #[default]
    Unsaid,
    /// The organization's at that time, where it had one.
    Said(Option<Currency>),
}

impl Assumed {
    /// What an ask takes from the organization.
    pub(crate) fn of(ask: &Ask, default: Option<Currency>) -> Self {
        if ask.amount.is_some() && ask.currency.is_none() { Self::Said(default) } else { Self::Unsaid }
    }

    pub(crate) const fn is_unsaid(&self) -> bool {
        matches!(self, Self::Unsaid)
    }
}

impl Serialize for Assumed {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unsaid => s.serialize_none(),
            Self::Said(currency) => currency.serialize(s),
        }
    }
}

impl<'de> Deserialize<'de> for Assumed {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Option::<Currency>::deserialize(d).map(Self::Said)
    }
}

/// Of which window something was spent: the sum over another length of time, or in another currency, is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WindowFact {
    permission: PermissionId,
    per: Period,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    currency: Option<Currency>,
}

impl WindowFact {
    pub(super) fn of(needed: &Needed<'_>) -> Self {
        Self {
            permission: needed.permission,
            per: needed.window.per,
            currency: needed.window.amount.map(|amount| amount.currency),
        }
    }

    /// Whether what was counted for this window is what another one has to know.
    fn answers(&self, needed: &Self) -> bool {
        self.permission == needed.permission
            && self.per == needed.per
            && (needed.currency.is_none() || needed.currency == self.currency)
    }
}

/// What was spent within a permission's window.
#[derive(Clone, Copy, Debug, Deserialize)]
struct SpentFact {
    permission: PermissionId,
    amount: Amount,
    count: i64,
}

/// The facts of a decision that a replay needs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kept<'f> {
    /// What was asked, where it was kept.
    pub(super) ask: Option<KeptAsk>,
    /// The digest of an ask that was too long to be kept.
    #[serde(default, borrow)]
    pub(super) ask_digest: Option<Cow<'f, str>>,
    /// Whether the ask was kept just as it was judged.
    pub(super) is_replayable: bool,
    /// The permission that decided.
    #[serde(default)]
    pub(super) permission: Option<PermissionId>,
    /// What was spent.
    #[serde(default)]
    spent: Vec<SpentFact>,
    /// Within which windows.
    #[serde(default)]
    windows: Vec<WindowFact>,
    /// The budget that refused what the policy had answered otherwise.
    #[serde(default, borrow)]
    pub(super) refused_by: Option<Cow<'f, str>>,
    /// What the permissions alone had answered, where a guardrail made something else of it.
    #[serde(default)]
    pub(super) unguarded: Option<Verdict>,
    /// The organization's currency, where it was needed.
    #[serde(default)]
    pub(super) currency: Assumed,
}

impl Kept<'_> {
    /// What was spent within a window, where that was read.
    pub(super) fn spent_within(&self, needed: &Needed<'_>) -> Option<Spent> {
        let wanted = WindowFact::of(needed);
        let window = self.windows.iter().find(|window| window.answers(&wanted))?;
        let spent = self.spent.iter().find(|spent| spent.permission == window.permission)?;
        Some(Spent { permission: spent.permission, amount: spent.amount, count: spent.count })
    }
}

/// The canonical ask. Who the user was stands in the row.
#[derive(Debug, Deserialize)]
pub(super) struct KeptAsk {
    action: String,
    resource: Option<String>,
    vendor: Option<String>,
    amount: Option<Amount>,
    currency: Option<Currency>,
    args: Option<Json>,
}

impl KeptAsk {
    /// The ask, on behalf of nobody yet.
    pub(super) fn into_ask(self) -> Ask {
        let Self { action, resource, vendor, amount, currency, args } = self;
        Ask { action, resource, vendor, amount, currency, args, user: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ask_reads_back_as_it_was_judged() {
        let ask = Ask {
            action: "purchase.seat".to_owned(),
            resource: Some("shop/\"x\"".to_owned()),
            vendor: Some("a.example".to_owned()),
            amount: "742.10".parse().ok(),
            currency: "USD".parse().ok(),
            args: Json::parse(r#"{"n":1.50,"to":["ada",null]}"#).ok(),
            user: None,
        };
        for ask in [ask, Ask { action: "a".to_owned(), ..Ask::default() }] {
            let text =
                format!(r#"{{"sentence":"s","gates":{{}},"ask":{},"isReplayable":true}}"#, ask.canonical());
            let kept: Kept<'_> = serde_json::from_str(&text).unwrap();
            assert!(kept.is_replayable && kept.spent.is_empty() && kept.currency.is_unsaid());
            assert_eq!(kept.ask.unwrap().into_ask(), ask);
        }
    }

    #[test]
    fn a_currency_that_was_missing_is_not_one_that_was_not_needed() {
        let assumed = |text: &str| serde_json::from_str::<Kept<'_>>(text).unwrap().currency;
        assert_eq!(assumed(r#"{"ask":null,"isReplayable":true}"#), Assumed::Unsaid);
        assert_eq!(assumed(r#"{"ask":null,"isReplayable":true,"currency":null}"#), Assumed::Said(None));
        assert_eq!(
            assumed(r#"{"ask":null,"isReplayable":true,"currency":"EUR"}"#),
            Assumed::Said("EUR".parse().ok())
        );
        let free = Ask { amount: "1".parse().ok(), ..Ask::default() };
        assert_eq!(Assumed::of(&free, None), Assumed::Said(None));
        let own = Ask { currency: "USD".parse().ok(), ..free };
        assert!(Assumed::of(&own, "EUR".parse().ok()).is_unsaid());
        assert!(Assumed::of(&Ask::default(), "EUR".parse().ok()).is_unsaid());
    }
}
