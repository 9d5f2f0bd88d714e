//! Sessions in which agents act for verified users. A user is a pseudonym on every one of these pages;
//! who it is was never handed to them (USR-7).

use super::{
    activity::Row,
    drawer::ApiCall,
    frame::Frame,
    words::{Id, Mark, When},
};
use askama::Template;

/// One session.
#[derive(Clone, Debug)]
pub(crate) struct SessionRow {
    pub(crate) id: Id,
    pub(crate) mark: Mark,
    pub(crate) is_live: bool,
    /// The pseudonym.
    pub(crate) user: Id,
    pub(crate) agent: (Id, String),
    /// By which method the user was verified.
    pub(crate) method: &'static str,
    pub(crate) opened: When,
    pub(crate) expires: When,
    pub(crate) last_used: Option<When>,
    pub(crate) revoked: Option<When>,
}

/// The filters as they stand in the URL: a pseudonym may, a user's own id never does.
#[derive(Clone, Debug, Default)]
pub(crate) struct SessionFilters {
    pub(crate) agent: String,
    pub(crate) state: String,
    pub(crate) user: String,
}

impl SessionFilters {
    /// Whether anything is filtered at all.
    pub(crate) fn any(&self) -> bool {
        [&self.agent, &self.state, &self.user].iter().any(|text| !text.is_empty())
    }
}

/// The list.
#[derive(Template)]
#[template(path = "sessions.html")]
pub(crate) struct Sessions {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<SessionRow>,
    pub(crate) filters: SessionFilters,
    /// The agents to choose from: id and name.
    pub(crate) agents: Vec<(String, String)>,
    pub(crate) newest: Option<String>,
    pub(crate) older: Option<String>,
    pub(crate) calls: Vec<ApiCall>,
}

/// One session with what was done in it.
#[derive(Template)]
#[template(path = "session.html")]
pub(crate) struct SessionPage {
    pub(crate) frame: Frame,
    pub(crate) session: SessionRow,
    /// The newest decisions that were made for it.
    pub(crate) rows: Vec<Row>,
    /// Whether there may be more of them than are shown.
    pub(crate) has_more: bool,
    pub(crate) calls: Vec<ApiCall>,
}
