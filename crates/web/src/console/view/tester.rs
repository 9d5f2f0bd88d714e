//! The tester of an agent's policy: an ask as typed, and what would be decided.

use super::{
    agents::Said,
    drawer::ApiCall,
    frame::Frame,
    words::{Id, Mark},
};
use askama::Template;

/// An ask as its form has it: everything as typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct AskForm {
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) vendor: String,
    pub(crate) amount: String,
    pub(crate) currency: String,
    pub(crate) args: String,
    pub(crate) session: String,
}

/// What would be decided.
#[derive(Clone, Debug)]
pub(crate) struct Tested {
    pub(crate) mark: Mark,
    pub(crate) code: &'static str,
    pub(crate) sentence: String,
    /// What to do, where it is not allowed.
    pub(crate) fix: &'static str,
    pub(crate) risk: Option<&'static str>,
    /// The permission that decides.
    pub(crate) by: Option<Said>,
    /// The guardrail that decides, above what the permissions say.
    pub(crate) guardrail: Option<Id>,
    /// Those that came near, the nearest first.
    pub(crate) near: Vec<(Option<Id>, String)>,
}

/// An agent's policy with its tester.
#[derive(Template)]
#[template(path = "tester.html")]
pub(crate) struct TesterPage {
    pub(crate) frame: Frame,
    pub(crate) agent: (Id, String),
    pub(crate) is_enabled: bool,
    pub(crate) version: i64,
    pub(crate) permissions: Vec<Said>,
    pub(crate) form: AskForm,
    pub(crate) tested: Option<Tested>,
    pub(crate) calls: Vec<ApiCall>,
}
