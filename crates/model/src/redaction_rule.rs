//! An organization's own rule for its redactor, beside what the redactor knows by itself.

use crate::{ids::RedactionRuleId, time::Time};

/// What becomes of what a rule's pattern matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RedactionEffect {
    /// It is taken out, and a mark with the rule's name stays.
    Redact,
    /// It stays, whatever it looks like, where it is the whole of what would have been taken out.
    Allow,
}

impl RedactionEffect {
    /// The word in the store and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Redact => "redact",
            Self::Allow => "allow",
        }
    }
}

impl std::str::FromStr for RedactionEffect {
    type Err = UnknownEffect;

    fn from_str(text: &str) -> Result<Self, UnknownEffect> {
        [Self::Redact, Self::Allow].into_iter().find(|effect| effect.as_str() == text).ok_or(UnknownEffect)
    }
}

/// A word that names no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a redaction rule redacts or allows")]
pub struct UnknownEffect;

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedactionRule {
    /// The rule's id.
    pub id: RedactionRuleId,
    /// What people call it, and what the mark says; unique in the organization.
    pub name: String,
    /// What becomes of what it matches.
    pub effect: RedactionEffect,
    /// A regular expression in the syntax of Rust's `regex`.
    pub pattern: String,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}
