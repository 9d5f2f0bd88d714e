//! The words of a scan: where a text came from, how it was read, what was found, and why a text could not be judged.

use procura_model::Risk;
use serde::{Deserialize, Serialize};

/// Where a text stands. The same sentence may be an ordinary request in a prompt and an attack in a tool result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// What a person asks an agent.
    Prompt,
    /// What an agent passes to a tool.
    ToolArgument,
    /// What a tool gives back.
    ToolResult,
    /// What a tool says about itself.
    ToolDescription,
}

impl Channel {
    /// Whether the text was written by an outside source that has no business giving instructions.
    #[must_use]
    pub fn is_outside(self) -> bool {
        matches!(self, Self::ToolResult | Self::ToolDescription)
    }
}

/// How the text was read when the finding was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// As it stands, with letters and blanks normalised.
    Plain,
    /// The strings of a JSON document, one after another.
    Joined,
    /// Unicode tag characters, which no one sees.
    Tags,
    /// What markup hides: comments, invisible elements, attributes.
    Hidden,
    /// What is left without markup.
    Visible,
    /// Entities, percent and backslash escapes decoded.
    Unescaped,
    /// Base64 decoded.
    Base64,
    /// Hexadecimal or binary digits decoded.
    Hex,
    /// Each letter moved by thirteen.
    Rot13,
    /// Read from the end.
    Reversed,
    /// Digits and signs read as letters.
    Leet,
    /// Single letters joined to words.
    Spaced,
}

impl View {
    /// Whether somebody took pains to keep a reader from seeing this.
    pub(crate) fn is_concealed(self) -> bool {
        !matches!(self, Self::Plain | Self::Joined | Self::Visible | Self::Unescaped)
    }
}

/// One thing that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The id of the rule.
    pub rule: &'static str,
    /// How the text was read.
    pub view: View,
    /// Where it stands in the text as given, in code points.
    pub span: (usize, usize),
    /// How grave it is, alone.
    pub risk: Risk,
}

/// Why a text could not be judged; this blocks like an attack, and is recorded as itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CouldNotScan {
    /// More than [`super::MAX_BYTES`].
    TooLong,
    /// Said to be JSON and is not.
    NotJson,
    /// Not UTF-8.
    NotText,
    /// JSON that nests too deep.
    TooDeep,
    /// JSON with too many strings.
    TooManyStrings,
    /// More disguises than are followed.
    TooManyViews,
    /// Decoding makes the text too large.
    TooMuchDecoded,
}

/// The result of a scan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scan {
    /// The verdict.
    pub risk: Risk,
    /// The verdict as a number between 0 and 1, for ranking and thresholds.
    pub score: f64,
    /// What it rests on: what blocks first, and among that the rules before the model.
    pub findings: Vec<Finding>,
    /// Why there is no verdict.
    pub could_not_scan: Option<CouldNotScan>,
}

impl Scan {
    /// Nothing found.
    pub(crate) fn clean() -> Self {
        Self { risk: Risk::None, score: 0.0, findings: Vec::new(), could_not_scan: None }
    }

    /// No verdict; the risk is what it would be if the worst were true.
    pub(crate) fn refused(why: CouldNotScan) -> Self {
        Self { risk: Risk::High, score: 1.0, findings: Vec::new(), could_not_scan: Some(why) }
    }

    /// Whether the text must not pass by default.
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.could_not_scan.is_some() || self.risk >= Risk::High
    }
}
