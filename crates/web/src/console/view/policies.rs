//! Permissions: all of them in plain sentences, and one as a form or as its document.

use super::{
    agents::Said,
    drawer::ApiCall,
    frame::Frame,
    words::{Id, Mark, Problems},
};
use askama::Template;

/// The permissions of one agent.
#[derive(Clone, Debug)]
pub(crate) struct AgentPolicy {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) status: Mark,
    pub(crate) version: i64,
    pub(crate) permissions: Vec<Said>,
}

/// All permissions.
#[derive(Template)]
#[template(path = "policies.html")]
pub(crate) struct Policies {
    pub(crate) frame: Frame,
    pub(crate) agents: Vec<AgentPolicy>,
    pub(crate) older: Option<String>,
}

/// A permission as its form has it: everything as typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct PermissionForm {
    pub(crate) effect: String,
    pub(crate) actions: String,
    pub(crate) resources: String,
    pub(crate) vendors: String,
    pub(crate) conditions: String,
    pub(crate) max_amount: String,
    pub(crate) currency: String,
    pub(crate) approval: String,
    pub(crate) above: String,
    pub(crate) user: String,
    pub(crate) not_before: String,
    pub(crate) expires_at: String,
    pub(crate) days: Vec<String>,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) time_zone: String,
    pub(crate) window_amount: String,
    pub(crate) window_count: String,
    pub(crate) window_length: String,
    pub(crate) window_unit: String,
    pub(crate) hold_length: String,
    pub(crate) hold_unit: String,
    pub(crate) hold_then: String,
    pub(crate) quorum: String,
    pub(crate) is_shadow: bool,
}

impl PermissionForm {
    /// Whether a day is ticked.
    pub(crate) fn has_day(&self, day: &str) -> bool {
        self.days.iter().any(|each| each == day)
    }

    /// Whether spending or calls are limited over time, or somebody began to say how.
    pub(crate) fn has_window(&self) -> bool {
        [&self.window_amount, &self.window_count, &self.window_length].iter().any(|text| !text.is_empty())
    }

    /// Whether more than the everyday part is filled in.
    pub(crate) fn has_more(&self) -> bool {
        [&self.user, &self.not_before, &self.expires_at, &self.from, &self.vendors]
            .iter()
            .any(|text| !text.is_empty())
    }
}

/// What a check found: the permission in plain words, or what is wrong with it.
#[derive(Clone, Debug)]
pub(crate) enum Checked {
    /// It can be saved.
    Fine { mark: Mark, sentence: String },
    /// It cannot; each field with what it must be.
    Wrong(Problems),
}

/// The answer to a check by itself, for a page that is open already.
#[derive(Template)]
#[template(path = "permission_check.html")]
pub(crate) struct CheckedPart {
    pub(crate) checked: Checked,
    /// The form as a document, where it was the form that was checked.
    pub(crate) document: Option<String>,
}

/// One permission, new or old.
#[derive(Template)]
#[template(path = "permission.html")]
pub(crate) struct PermissionPage {
    pub(crate) frame: Frame,
    /// The permission, where it exists already.
    pub(crate) id: Option<Id>,
    /// Where the form goes.
    pub(crate) action: String,
    pub(crate) agent: Option<(Id, String)>,
    /// The agents to choose from, where none is named.
    pub(crate) agents: Vec<(String, String)>,
    pub(crate) sentence: Option<String>,
    pub(crate) form: PermissionForm,
    pub(crate) document: String,
    /// Whether the document was sent, so that it stays open when something is wrong with it.
    pub(crate) by_document: bool,
    /// What the last check found, where one was asked for.
    pub(crate) checked: Option<Checked>,
    pub(crate) calls: Vec<ApiCall>,
}
