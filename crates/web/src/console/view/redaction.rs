//! Redaction rules: all of them, one, and how one did when it was tried.

use super::{drawer::ApiCall, frame::Frame, words::Id};
use askama::Template;

/// One rule in the list.
#[derive(Clone, Debug)]
pub(crate) struct RuleRow {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) pattern: String,
    pub(crate) allows: bool,
}

/// A rule as it was typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleForm {
    pub(crate) name: String,
    pub(crate) pattern: String,
    pub(crate) allows: bool,
}

/// How a rule did.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    pub(crate) speed: String,
    pub(crate) slowest: String,
    pub(crate) slowest_on: &'static str,
    pub(crate) is_fast: bool,
    pub(crate) allows: bool,
    pub(crate) results: usize,
    /// In how many of them it would have hit, in words.
    pub(crate) results_hit: String,
    pub(crate) result_places: Vec<ResultPlace>,
    pub(crate) calls: usize,
    pub(crate) hits: usize,
    pub(crate) places: Vec<Place>,
}

/// Where it would have hit in what a call asked.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) request: Id,
    pub(crate) resource: String,
    pub(crate) pointer: String,
    pub(crate) hits: usize,
}

/// A place of results in which it would have hit.
#[derive(Clone, Debug)]
pub(crate) struct ResultPlace {
    pub(crate) resource: String,
    pub(crate) pointer: String,
    pub(crate) at_least: usize,
}

/// All rules, and the form of a new one.
#[derive(Template)]
#[template(path = "redaction.html")]
pub(crate) struct Rules {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<RuleRow>,
    pub(crate) form: RuleForm,
    pub(crate) trial: Option<Trial>,
    pub(crate) calls: Vec<ApiCall>,
}

/// One rule.
#[derive(Template)]
#[template(path = "redaction_rule.html")]
pub(crate) struct RulePage {
    pub(crate) frame: Frame,
    pub(crate) id: Id,
    pub(crate) form: RuleForm,
    pub(crate) trial: Option<Trial>,
    pub(crate) calls: Vec<ApiCall>,
}
