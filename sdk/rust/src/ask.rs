//! What is asked, and by what an action is named: the digest of its canonical text (`docs/RECEIPTS.md`).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// How deep arguments may nest.
const DEEPEST: usize = 64;
/// How many decimal places an amount may have.
const PLACES: usize = 4;

/// What an agent wants to do.
///
/// ```
/// use procura_sdk::Ask;
/// use serde_json::json;
///
/// let ask = Ask::new("purchase.ticket").vendor("shop.example.com").amount("742.00").currency("USD")
///     .args(json!({"seats": 2}));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Ask {
    /// What kind of thing, for example `purchase.ticket`.
    pub action: String,
    /// On what, for example `festival/2027`.
    pub resource: Option<String>,
    /// With whom: a host name.
    pub vendor: Option<String>,
    /// For how much: a decimal with at most four decimal places.
    pub amount: Option<String>,
    /// In which currency (ISO 4217).
    pub currency: Option<String>,
    /// The arguments that conditions look at.
    pub args: Option<Value>,
    /// Which agent; an agent key may leave it out, a platform key must name one.
    pub agent_id: Option<String>,
    /// In which session of the agent: the user for whom it acts.
    pub session_id: Option<String>,
    /// The task at hand, to which an approval can be bound.
    pub task_id: Option<String>,
    /// Anything that should stand in the record with the decision.
    pub metadata: Option<Value>,
}

/// An ask that cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AskError {
    /// It has no action.
    Action,
    /// The amount is no decimal such as 742.00, is negative, too large, or has more than four decimal places.
    Amount,
    /// The currency is not three capital letters.
    Currency,
    /// The arguments are nested too deep.
    Args,
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Action => "an ask has an action that is not empty",
            Self::Amount => {
                "an amount is a decimal such as 742.00, not negative, with at most four decimal places"
            }
            Self::Currency => "a currency is three capital letters such as USD (ISO 4217)",
            Self::Args => "the arguments are more than 64 levels deep",
        })
    }
}

impl std::error::Error for AskError {}

impl Ask {
    /// An ask for this action.
    pub fn new(action: impl Into<String>) -> Self {
        Self { action: action.into(), ..Self::default() }
    }

    /// On this.
    #[must_use]
    pub fn resource(self, resource: impl Into<String>) -> Self {
        Self { resource: Some(resource.into()), ..self }
    }

    /// With this host.
    #[must_use]
    pub fn vendor(self, vendor: impl Into<String>) -> Self {
        Self { vendor: Some(vendor.into()), ..self }
    }

    /// For so much; best given as a text, which no float has rounded.
    #[must_use]
    pub fn amount(self, amount: impl fmt::Display) -> Self {
        Self { amount: Some(amount.to_string()), ..self }
    }

    /// In this currency.
    #[must_use]
    pub fn currency(self, currency: impl Into<String>) -> Self {
        Self { currency: Some(currency.into()), ..self }
    }

    /// With these arguments.
    #[must_use]
    pub fn args(self, args: Value) -> Self {
        Self { args: Some(args), ..self }
    }

    /// By this agent.
    #[must_use]
    pub fn agent_id(self, agent_id: impl Into<String>) -> Self {
        Self { agent_id: Some(agent_id.into()), ..self }
    }

    /// In this session.
    #[must_use]
    pub fn session_id(self, session_id: impl Into<String>) -> Self {
        Self { session_id: Some(session_id.into()), ..self }
    }

    /// For this task.
    #[must_use]
    pub fn task_id(self, task_id: impl Into<String>) -> Self {
        Self { task_id: Some(task_id.into()), ..self }
    }

    /// With this beside the decision in the record.
    #[must_use]
    pub fn metadata(self, metadata: Value) -> Self {
        Self { metadata: Some(metadata), ..self }
    }

    /// The canonical text: everything that a decision looks at. `user` is the pseudonym in a receipt's `usr`.
    ///
    /// # Errors
    /// It cannot be asked.
    pub fn canonical(&self, user: Option<&str>) -> Result<String, AskError> {
        let text = |text: Option<&str>| text.map_or(Value::Null, Value::from);
        if self.action.is_empty() {
            return Err(AskError::Action);
        }
        let is_currency = |code: &str| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        if self.currency.as_deref().is_some_and(|code| !is_currency(code)) {
            return Err(AskError::Currency);
        }
        let amount = self.amount.as_deref().map(canonical_amount).transpose()?;
        let members = [
            ("action", Value::from(self.action.as_str())),
            ("amount", text(amount.as_deref())),
            ("args", self.args.clone().unwrap_or_default()),
            ("currency", text(self.currency.as_deref())),
            ("resource", text(self.resource.as_deref())),
            ("user", text(user)),
            ("vendor", text(self.vendor.as_deref())),
        ];
        canonical_json(&members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// By what the action is named: base64url of the SHA-256 of its canonical text.
    ///
    /// # Errors
    /// It cannot be asked.
    pub fn digest(&self, user: Option<&str>) -> Result<String, AskError> {
        Ok(URL_SAFE_NO_PAD.encode(Sha256::digest(self.canonical(user)?)))
    }

    /// What is sent, with these members besides.
    pub(crate) fn body(&self, more: Map<String, Value>) -> Result<String, AskError> {
        self.canonical(None)?;
        let amount = self.amount.as_deref().map(canonical_amount).transpose()?;
        let texts = [
            ("action", Some(&self.action)),
            ("agentId", self.agent_id.as_ref()),
            ("amount", amount.as_ref()),
            ("currency", self.currency.as_ref()),
            ("resource", self.resource.as_ref()),
            ("sessionId", self.session_id.as_ref()),
            ("taskId", self.task_id.as_ref()),
            ("vendor", self.vendor.as_ref()),
        ];
        let mut members = more;
        for (name, text) in texts {
            members.extend(text.map(|text| (name.to_owned(), Value::from(text.as_str()))));
        }
        for (name, value) in [("args", &self.args), ("metadata", &self.metadata)] {
            let value = value.as_ref().filter(|value| !value.is_null());
            members.extend(value.map(|value| (name.to_owned(), value.clone())));
        }
        canonical_json(&members)
    }
}

/// An amount as the server writes it: "742" is "742.00", and "0.0001" stays.
pub(crate) fn canonical_amount(text: &str) -> Result<String, AskError> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || fraction.is_some_and(|fraction| !is_digits(fraction)) {
        return Err(AskError::Amount);
    }
    let fraction = fraction.unwrap_or_default().trim_end_matches('0');
    if fraction.len() > PLACES {
        return Err(AskError::Amount);
    }
    let part: i64 = format!("{fraction:0<PLACES$}").parse().map_err(|_| AskError::Amount)?;
    let whole: i64 = whole.parse().map_err(|_| AskError::Amount)?;
    let is_small = whole.checked_mul(10_000).and_then(|units| units.checked_add(part)).is_some();
    if is_small { Ok(format!("{whole}.{fraction:0<2}")) } else { Err(AskError::Amount) }
}

fn canonical_json(members: &Map<String, Value>) -> Result<String, AskError> {
    let mut out = String::new();
    write_map(&mut out, members, DEEPEST)?;
    Ok(out)
}

fn write(out: &mut String, value: &Value, levels: usize) -> Result<(), AskError> {
    match value {
        Value::Object(members) => write_map(out, members, levels)?,
        Value::Array(items) => {
            let inside = levels.checked_sub(1).ok_or(AskError::Args)?;
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(out, item, inside)?;
            }
            out.push(']');
        }
        // serde_json has the shortest escapes, and a number as it was made.
        scalar => out.push_str(&scalar.to_string()),
    }
    Ok(())
}

/// In the order of the names' code points, whatever order the map has.
fn write_map(out: &mut String, members: &Map<String, Value>, levels: usize) -> Result<(), AskError> {
    let inside = levels.checked_sub(1).ok_or(AskError::Args)?;
    let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    out.push('{');
    for (index, (name, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&Value::from(name.as_str()).to_string());
        out.push(':');
        write(out, value, inside)?;
    }
    out.push('}');
    Ok(())
}
