//! How the members judge a text together: sums of shares, a probability by calibration, a risk by thresholds. Both halves
//! have their own members, for the same sentence is an ordinary request inside and an attack outside.

use procura_model::Risk;

use super::features::{Features, Parsed, Scratch, Wanted};
use super::{Member, Side, Unit};
use crate::inject::Channel;

/// From a score to a probability and a risk, in one channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// The probability is the logistic function of `slope * score + intercept`.
    pub slope: f32,
    /// See `slope`.
    pub intercept: f32,
    /// Scores from here on are of medium, high and critical risk.
    pub thresholds: [f32; 3],
}

impl Calibration {
    /// The probability of an attack.
    #[must_use]
    pub fn probability(&self, score: f32) -> f64 {
        1.0 / (1.0 + f64::from(-(self.slope * score + self.intercept)).exp())
    }

    /// The risk that the score stands for.
    #[must_use]
    pub fn risk(&self, score: f32) -> Risk {
        match self.thresholds.map(|threshold| score >= threshold) {
            [_, _, true] => Risk::Critical,
            [_, true, _] => Risk::High,
            [true, ..] => Risk::Medium,
            _ => Risk::None,
        }
    }
}

/// The members for one side, and what the expert's sum counts beside them.
#[derive(Debug, Clone, PartialEq)]
pub struct Half {
    /// The members.
    pub members: Vec<Member>,
    /// What a point of the expert's sum adds to the score.
    pub expert: f32,
}

/// The score of a text, and the part that speaks for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    /// The sum of the members' shares.
    pub score: f32,
    /// Where the gravest part stands, in bytes.
    pub part: (usize, usize),
}

impl Half {
    /// Judges a text.
    #[must_use]
    pub fn judge(&self, parsed: &Parsed<'_>, side: Side, scratch: &mut Scratch) -> Judgement {
        let mut whole = self.gravest(parsed, parsed.parts(), (Unit::Text, side), scratch);
        if self.reads_windows() {
            let window = self.gravest(parsed, parsed.windows(), (Unit::Window, side), scratch);
            whole = Judgement { score: whole.score + window.score, part: window.part };
        }
        whole
    }

    /// The window that speaks most for an attack, where the members judge whole texts: the place to show.
    #[must_use]
    pub fn place(&self, parsed: &Parsed<'_>, side: Side, scratch: &mut Scratch) -> (usize, usize) {
        self.gravest(parsed, parsed.windows(), (Unit::Text, side), scratch).part
    }

    /// Whether a member judges windows.
    #[must_use]
    pub fn reads_windows(&self) -> bool {
        self.members.iter().any(|member| member.unit == Unit::Window)
    }

    fn gravest(
        &self,
        parsed: &Parsed<'_>,
        parts: Vec<(usize, usize)>,
        (unit, side): (Unit, Side),
        scratch: &mut Scratch,
    ) -> Judgement {
        let wanted = self.wanted(unit);
        let judged = parts.into_iter().map(|part| {
            let features = parsed.wanted((part, wanted), side, scratch);
            Judgement { score: self.score(&features, unit), part }
        });
        let none = Judgement { score: self.score(&Features::none(), unit), part: (0, 0) };
        judged.reduce(|best, one| if one.score > best.score { one } else { best }).unwrap_or(none)
    }

    /// The shares of the members that look at this unit; the expert speaks with the members that look closest.
    #[must_use]
    pub fn score(&self, features: &Features, unit: Unit) -> f32 {
        let members = self.members.iter().filter(|member| member.unit == unit);
        let expert = if unit == self.closest() { self.expert * features.expert } else { 0.0 };
        members.map(|member| member.share * member.score(features)).sum::<f32>() + expert
    }

    /// The unit of the members that look closest.
    fn closest(&self) -> Unit {
        if self.reads_windows() { Unit::Window } else { Unit::Text }
    }

    /// What the score of this unit is made of; the rest need not be found.
    fn wanted(&self, unit: Unit) -> Wanted {
        let expert_speaks = unit == self.closest() && self.expert != 0.0;
        let beyond_grams = |member: &Member| {
            !member.classes.weights.is_empty() || !member.dense.is_empty() || member.offset != 0.0
        };
        if expert_speaks || self.members.iter().any(|member| member.unit == unit && beyond_grams(member)) {
            Wanted::All
        } else {
            Wanted::Grams
        }
    }
}

/// A trained model.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// For prompts and arguments.
    pub inside: Half,
    /// For results and descriptions.
    pub outside: Half,
    /// In the order of [`Channel`].
    pub calibrations: [Calibration; 4],
    /// The beginning of the digest of its file, in hexadecimal digits.
    pub version: String,
}

impl Model {
    /// The half for a side.
    #[must_use]
    pub fn half(&self, side: Side) -> &Half {
        match side {
            Side::Inside => &self.inside,
            Side::Outside => &self.outside,
        }
    }

    /// The calibration for a channel.
    #[must_use]
    pub fn calibration(&self, channel: Channel) -> &Calibration {
        let [prompt, argument, result, description] = &self.calibrations;
        match channel {
            Channel::Prompt => prompt,
            Channel::ToolArgument => argument,
            Channel::ToolResult => result,
            Channel::ToolDescription => description,
        }
    }
}
