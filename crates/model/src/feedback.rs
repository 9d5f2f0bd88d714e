//! What people say of the screens afterwards: one word per person and trace. It names the trace, the channel, the rules
//! and the source; the text itself is nowhere in it.

use crate::{ids::RequestId, time::Time};
use serde::{Deserialize, Serialize};

/// Whether a screen was wrong, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// Something was found that is no attack.
    NotAnAttack,
    /// An attack was not found.
    MissedAttack,
}

impl Judgement {
    /// The word in the store and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAnAttack => "not_an_attack",
            Self::MissedAttack => "missed_attack",
        }
    }
}

impl std::str::FromStr for Judgement {
    type Err = UnknownJudgement;

    fn from_str(text: &str) -> Result<Self, UnknownJudgement> {
        [Self::NotAnAttack, Self::MissedAttack]
            .into_iter()
            .find(|judgement| judgement.as_str() == text)
            .ok_or(UnknownJudgement)
    }
}

/// A word that names no judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a judgement is not_an_attack or missed_attack")]
pub struct UnknownJudgement;

/// What one person says of one trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feedback {
    /// The trace.
    pub request: RequestId,
    /// Who says it: the id of an account or a platform key.
    pub person: String,
    /// What.
    pub judgement: Judgement,
    /// Where the text stood: the channel's word on the wire.
    pub channel: String,
    /// From where it came: `{server}/{tool}`, or the agent of a prompt.
    pub source: String,
    /// The rules that fired; none where nothing was found.
    pub rules: Vec<String>,
    /// When it was said last.
    pub given_at: Time,
}
