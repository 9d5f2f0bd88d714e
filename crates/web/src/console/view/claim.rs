//! The pages on which a person answers for an agent.

use super::{frame::Frame, words::When};
use askama::Template;

/// Where the code is typed.
#[derive(Template)]
#[template(path = "claim_code.html")]
pub(crate) struct ClaimCode {
    pub(crate) frame: Frame,
    /// Where the form goes.
    pub(crate) action: String,
    /// Who is signed in, where somebody is.
    pub(crate) as_whom: Option<String>,
    pub(crate) code: String,
}

/// Something that the agent could be given.
#[derive(Clone, Debug)]
pub(crate) struct Ticked {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) is_ticked: bool,
}

/// Who asks, for what, from where.
#[derive(Template)]
#[template(path = "claim.html")]
pub(crate) struct ClaimPage {
    pub(crate) frame: Frame,
    pub(crate) action: String,
    pub(crate) as_whom: Option<String>,
    pub(crate) code: String,
    /// What it calls itself.
    pub(crate) name: String,
    /// Whether it calls itself anything.
    pub(crate) has_name: bool,
    pub(crate) api: String,
    pub(crate) identifier: String,
    /// Whether it has a key already, which ends.
    pub(crate) has_key: bool,
    pub(crate) registered: When,
    pub(crate) registered_from: String,
    pub(crate) asked: When,
    pub(crate) asked_from: String,
    /// How long its key will last, in days.
    pub(crate) days: Option<i64>,
    pub(crate) reach: Vec<Ticked>,
}

/// The agent has its answer.
#[derive(Template)]
#[template(path = "claim_done.html")]
pub(crate) struct ClaimDone {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) api: String,
    pub(crate) is_allowed: bool,
}
