//! The passport of an agent, as its page in the console shows it.

use super::words::{Mark, When};

/// The state of a passport, and what its link shows.
#[derive(Clone, Debug)]
pub(crate) struct PassportBox {
    pub(crate) mark: Mark,
    /// The version and when its link was made; none where none was ever made.
    pub(crate) made: Option<(i64, When)>,
    pub(crate) is_live: bool,
    pub(crate) scopes: Vec<PassportScope>,
    pub(crate) memory_block: String,
    pub(crate) task_prompt: String,
}

/// One active scope, as the passport shows it.
#[derive(Clone, Debug)]
pub(crate) struct PassportScope {
    pub(crate) mark: Mark,
    pub(crate) actions: String,
    pub(crate) resources: String,
    pub(crate) requires_approval: bool,
    pub(crate) expires: Option<When>,
}
