//! The stored canonical ask, read back: the approver's page, the pattern that is proposed and the preview look at
//! nothing else.

use procura_model::{Amount, Ask, Currency, Json};

/// What is shown of an ask; the user's values in it are marks (USR-7).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskShown {
    /// What is asked.
    pub ask: Ask,
    /// Whether it was asked for a user.
    pub has_user: bool,
}

/// Reads a canonical ask as it is stored with an approval or a decision; none where it cannot be read.
#[must_use]
pub fn shown_ask(canonical: &Json) -> Option<AskShown> {
    let text = |name: &str| match canonical.member(name) {
        None | Some(Json::Null) => Some(None),
        Some(Json::Text(text)) => Some(Some(text.clone())),
        Some(_) => None,
    };
    let amount = match text("amount")? {
        Some(digits) => Some(Amount::from_json(&Json::Text(digits)).ok()?),
        None => None,
    };
    let currency = match text("currency")? {
        Some(code) => Some(code.parse::<Currency>().ok()?),
        None => None,
    };
    let args = canonical.member("args").filter(|args| **args != Json::Null).cloned();
    let ask = Ask {
        action: text("action")??,
        resource: text("resource")?,
        vendor: text("vendor")?,
        amount,
        currency,
        args,
        user: None,
    };
    Some(AskShown { ask, has_user: text("user")?.is_some() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canonical_ask_reads_back() {
        let amount = Amount::from_json(&Json::Text("742.00".to_owned())).unwrap();
        let ask = Ask {
            action: "pay".to_owned(),
            vendor: Some("a.example".to_owned()),
            amount: Some(amount),
            currency: Some("USD".parse().unwrap()),
            args: Some(Json::parse(r#"{"n":1.50}"#).unwrap()),
            ..Ask::default()
        };
        let read = shown_ask(&Json::parse(&ask.canonical()).unwrap()).unwrap();
        assert_eq!(read, AskShown { ask, has_user: false });
    }

    #[test]
    fn what_is_no_ask_is_not_guessed() {
        for text in [
            "null",
            "{}",
            r#"{"action":null}"#,
            r#"{"action":"a","amount":742}"#,
            r#"{"action":"a","currency":"usd"}"#,
            r#"{"action":"a","vendor":["b"]}"#,
        ] {
            assert_eq!(shown_ask(&Json::parse(text).unwrap()), None, "{text}");
        }
    }
}
