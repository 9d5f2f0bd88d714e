//! Approvals: the inbox and one approval. What is shown is the stored canonical ask alone, never
//! words that an agent chose for the page.

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

/// One approval, to be answered.
#[derive(Template)]
#[template(path = "approval.html")]
pub(crate) struct ApprovalPage {
    pub(crate) frame: Frame,
    pub(crate) card: ApprovalCard,
    pub(crate) arguments: Option<String>,
    pub(crate) vendor: Option<String>,
    pub(crate) permission: Option<Id>,
    pub(crate) policy_version: i64,
    pub(crate) digest: String,
    pub(crate) asked_in: Id,
    pub(crate) decided_by: Option<String>,
    pub(crate) decided: Option<When>,
    pub(crate) consumed_in: Option<Id>,
    pub(crate) calls: Vec<ApiCall>,
}
