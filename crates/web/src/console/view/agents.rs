//! Agents: the list, a new one, one with its keys and permissions.

use super::{
    budgets::LimitRow,
    drawer::ApiCall,
    frame::Frame,
    passports::PassportBox,
    words::{Id, Mark, When},
};
use askama::Template;

/// One agent in a list.
#[derive(Clone, Debug)]
pub(crate) struct AgentRow {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) provider: String,
    pub(crate) mark: Mark,
    pub(crate) last_seen: Option<When>,
    pub(crate) created: When,
}

/// One key, without its secret.
#[derive(Clone, Debug)]
pub(crate) struct KeyRow {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) preview: String,
    pub(crate) scopes: String,
    pub(crate) mark: Mark,
    pub(crate) is_live: bool,
    pub(crate) created: When,
    pub(crate) last_used: Option<When>,
    pub(crate) expires: Option<When>,
}

/// A permission as a sentence.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) id: Id,
    pub(crate) mark: Mark,
    pub(crate) sentence: String,
}

/// The list of agents.
#[derive(Template)]
#[template(path = "agents.html")]
pub(crate) struct Agents {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<AgentRow>,
    pub(crate) newest: Option<String>,
    pub(crate) older: Option<String>,
}

/// The form of an agent's details.
#[derive(Clone, Debug, Default)]
pub(crate) struct AgentForm {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) provider: String,
}

/// A new agent.
#[derive(Template)]
#[template(path = "agent_new.html")]
pub(crate) struct NewAgent {
    pub(crate) frame: Frame,
    pub(crate) form: AgentForm,
}

/// A scope that a key can have: its word, what it allows, whether it is ticked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScopeBox {
    pub(crate) word: &'static str,
    pub(crate) text: &'static str,
    pub(crate) is_ticked: bool,
}

/// One agent.
#[derive(Template)]
#[template(path = "agent.html")]
pub(crate) struct AgentPage {
    pub(crate) frame: Frame,
    pub(crate) agent: AgentRow,
    pub(crate) is_enabled: bool,
    pub(crate) policy_version: i64,
    pub(crate) keys: Vec<KeyRow>,
    pub(crate) scopes: Vec<ScopeBox>,
    pub(crate) permissions: Vec<Said>,
    pub(crate) form: AgentForm,
    /// How its users are verified: the method and whether it can be used.
    pub(crate) users: Option<(Mark, &'static str)>,
    /// Its limits over time.
    pub(crate) limits: Vec<LimitRow>,
    pub(crate) passport: PassportBox,
    pub(crate) calls: Vec<ApiCall>,
}
