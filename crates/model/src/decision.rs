//! What an agent wants ([`Ask`]) and what we answer ([`Decision`]).

use crate::{
    amount::{Amount, Currency},
    ids::{GuardrailId, PermissionId},
    json::Json,
    reason::Reason,
    user::ActingUser,
};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, sync::Arc};

/// How much harm an action or a text could do; high and critical texts block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// None seen.
    #[default]
    None,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// As much as can be.
    Critical,
}

impl Risk {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// The three answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may be done.
    Allow,
    /// It may not.
    Deny,
    /// A person must agree first.
    NeedsApproval,
}

impl Verdict {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::NeedsApproval => "needs_approval",
        }
    }
}

/// What an agent wants to do. A tool call is action `tool.call`, resource `{server}/{tool}`,
/// vendor the upstream's host, `args` its arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ask {
    /// What kind of thing, for example `purchase` or `tool.call`.
    pub action: String,
    /// On what, for example `shop/refund`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// With whom: a host name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// For how much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// In which currency; the permission's or the organization's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// The arguments that conditions look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<Json>,
    /// The verified end user; never taken from the request's own words.
    #[serde(skip)]
    pub user: Option<Arc<ActingUser>>,
}

impl Ask {
    /// The canonical text that an approval is bound to: everything that the decision looks at.
    #[must_use]
    pub fn canonical(&self) -> String {
        let text = |value: &Option<String>| value.clone().map_or(Json::Null, Json::Text);
        let user = self.user.as_ref().map_or(Json::Null, |user| Json::Text(user.reference.0.clone()));
        let members = vec![
            ("action".to_owned(), Json::Text(self.action.clone())),
            ("amount".to_owned(), self.amount.map_or(Json::Null, |amount| Json::Text(amount.to_string()))),
            ("args".to_owned(), self.args.clone().unwrap_or(Json::Null)),
            ("currency".to_owned(), self.currency.map_or(Json::Null, |c| Json::Text(c.to_string()))),
            ("resource".to_owned(), text(&self.resource)),
            ("user".to_owned(), user),
            ("vendor".to_owned(), text(&self.vendor)),
        ];
        Json::Map(members).canonical()
    }
}

/// The answer to an ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Yes, no, or not without a person.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// Why, in one exact sentence with both values.
    pub sentence: Cow<'static, str>,
    /// How much harm the action could do.
    pub risk: Risk,
    /// The permission that decided.
    pub permission: Option<PermissionId>,
    /// The guardrail that decided, above what the permissions said.
    pub guardrail: Option<GuardrailId>,
    /// What is missing, in a word for programs: `permission`, `approval`, `amount`, `argument`, ...
    pub missing: Option<&'static str>,
}

impl Decision {
    /// Whether the action may be done now.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        matches!(self.verdict, Verdict::Allow)
    }

    /// A no for this reason, with the table's sentence.
    #[must_use]
    pub const fn deny(reason: Reason) -> Self {
        Self {
            verdict: Verdict::Deny,
            reason,
            sentence: Cow::Borrowed(reason.text()),
            risk: Risk::Medium,
            permission: None,
            guardrail: None,
            missing: None,
        }
    }
}
