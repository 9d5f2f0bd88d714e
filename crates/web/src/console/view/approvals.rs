//! Approvals: the inbox, one approval, and the same on a phone. What is shown is the stored canonical ask alone,
//! never words that an agent chose for the page.

use super::{
    drawer::ApiCall,
    facts::Fact,
    frame::Frame,
    words::{Id, Mark, When},
};
use askama::Template;

/// One approval.
#[derive(Clone, Debug)]
pub(crate) struct ApprovalCard {
    pub(crate) id: Id,
    pub(crate) mark: Mark,
    pub(crate) is_waiting: bool,
    pub(crate) is_granted: bool,
    pub(crate) agent: (Id, String),
    /// The pseudonym.
    pub(crate) user: Option<Id>,
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) amount: Option<String>,
    /// The other members of the ask, flat.
    pub(crate) facts: Vec<Fact>,
    /// Why a person is asked.
    pub(crate) sentence: String,
    pub(crate) created: When,
    pub(crate) expires: When,
}

/// The inbox.
#[derive(Template)]
#[template(path = "approvals.html")]
pub(crate) struct Approvals {
    pub(crate) frame: Frame,
    pub(crate) inbox: ApprovalCards,
    pub(crate) past: Vec<ApprovalCard>,
    pub(crate) newest: Option<String>,
    pub(crate) older: Option<String>,
}

/// What waits, for the page and for its refresh.
#[derive(Template)]
#[template(path = "approval_cards.html")]
pub(crate) struct ApprovalCards {
    pub(crate) frame: Frame,
    pub(crate) waiting: Vec<ApprovalCard>,
}

/// Everything about one approval.
#[derive(Clone, Debug)]
pub(crate) struct Sheet {
    pub(crate) card: ApprovalCard,
    pub(crate) arguments: Option<String>,
    pub(crate) vendor: Option<String>,
    /// What is left of limits over time once this is done: which limit, and how much.
    pub(crate) left: Vec<Fact>,
    pub(crate) task: Option<String>,
    pub(crate) permission: Option<Id>,
    pub(crate) policy_version: i64,
    pub(crate) digest: String,
    pub(crate) asked_in: Id,
    pub(crate) decided_by: Option<String>,
    pub(crate) decided: Option<When>,
    pub(crate) consumed_in: Option<Id>,
    /// For how much it was granted, and how often it was used.
    pub(crate) granted: Option<String>,
    pub(crate) quorum: i64,
    pub(crate) agreed: i64,
    /// What people said, in order.
    pub(crate) said: Vec<String>,
    /// Who may answer.
    pub(crate) eligible: Vec<String>,
    /// The form, while it waits.
    pub(crate) answer: Option<AnswerBox>,
}

/// The form by which a person answers.
#[derive(Clone, Debug)]
pub(crate) struct AnswerBox {
    /// Where it is sent to.
    pub(crate) action: String,
    /// Why the person cannot answer; empty when they can.
    pub(crate) objection: String,
    /// Whether the person may change permissions.
    pub(crate) may_widen: bool,
    /// What denying for good would block, in a sentence.
    pub(crate) block: Option<String>,
    /// The permission that is proposed, or was typed.
    pub(crate) pattern: String,
    pub(crate) preview: Option<PreviewBox>,
}

/// What a pattern would have let pass.
#[derive(Clone, Debug)]
pub(crate) struct PreviewBox {
    /// The pattern in a sentence.
    pub(crate) sentence: String,
    /// Whether it covers the call that waits.
    pub(crate) covers: &'static str,
    /// How many of how many.
    pub(crate) counted: String,
    pub(crate) newest: Vec<PastRow>,
}

/// A past call that a pattern would have let pass.
#[derive(Clone, Debug)]
pub(crate) struct PastRow {
    pub(crate) request: Id,
    pub(crate) mark: Mark,
    pub(crate) what: String,
    pub(crate) amount: String,
    pub(crate) at: When,
}

/// One approval, to be answered.
#[derive(Template)]
#[template(path = "approval.html")]
pub(crate) struct ApprovalPage {
    pub(crate) frame: Frame,
    pub(crate) sheet: Sheet,
    pub(crate) calls: Vec<ApiCall>,
}

/// One approval, to be answered by a link, by somebody who is not signed in here.
#[derive(Template)]
#[template(path = "approve.html")]
pub(crate) struct ApprovePage {
    pub(crate) frame: Frame,
    pub(crate) sheet: Sheet,
    /// As whom the link speaks.
    pub(crate) as_whom: String,
    /// What was just done, once it is.
    pub(crate) done: Option<&'static str>,
}
