//! The sandbox: what was typed, and what the policy says of it.

use super::{frame::Frame, words::Mark};
use crate::sandbox::Typed;
use askama::Template;

/// The sandbox.
#[derive(Template)]
#[template(path = "sandbox.html")]
pub(crate) struct SandboxPage {
    pub(crate) frame: Frame,
    pub(crate) typed: Typed,
    /// Each example's word and title.
    pub(crate) examples: Vec<(&'static str, &'static str)>,
    /// The example that is shown, where it is one.
    pub(crate) example: Option<&'static str>,
    /// None where what was typed cannot be read.
    pub(crate) outcome: Option<Outcome>,
}

/// What the policy says.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) mark: Mark,
    pub(crate) code: &'static str,
    pub(crate) sentence: String,
    pub(crate) fix: &'static str,
    pub(crate) risk: Option<&'static str>,
    pub(crate) rules: Vec<SandboxRule>,
    pub(crate) near: Vec<String>,
}

/// One permission as a sentence.
#[derive(Clone, Debug)]
pub(crate) struct SandboxRule {
    pub(crate) mark: Mark,
    pub(crate) sentence: String,
    pub(crate) decided: bool,
}
