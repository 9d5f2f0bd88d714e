//! Tool servers: the list with their tools, and one server's form.

use super::{
    drawer::ApiCall,
    frame::Frame,
    words::{Id, Mark, When},
};
use askama::Template;

/// A tool and the agents that could call it.
#[derive(Clone, Debug)]
pub(crate) struct ToolRow {
    pub(crate) name: String,
    pub(crate) description: String,
    /// The agents whose permissions could let a call pass.
    pub(crate) agents: Vec<Able>,
}

/// An agent that could call a tool.
#[derive(Clone, Debug)]
pub(crate) struct Able {
    pub(crate) id: Id,
    pub(crate) name: String,
    /// Only while it acts for a verified user.
    pub(crate) needs_user: bool,
}

/// A tool server with its health.
#[derive(Clone, Debug)]
pub(crate) struct ServerRow {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) mark: Mark,
    pub(crate) error: Option<String>,
    /// What to do about the error.
    pub(crate) next_step: Option<&'static str>,
    pub(crate) checked: Option<When>,
    pub(crate) is_enabled: bool,
    pub(crate) from_file: bool,
    pub(crate) has_credential: bool,
    pub(crate) fence: bool,
    pub(crate) tools: Vec<ToolRow>,
}

/// All tool servers.
#[derive(Template)]
#[template(path = "tools.html")]
pub(crate) struct Tools {
    pub(crate) frame: Frame,
    pub(crate) servers: Vec<ServerRow>,
}

/// A server's form: everything as typed. The credential is never among it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerForm {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) fence: bool,
    pub(crate) timeout_ms: String,
    pub(crate) max_bytes: String,
    pub(crate) tools: String,
    /// The agents that are ticked; none means all.
    pub(crate) agents: Vec<String>,
}

impl ServerForm {
    /// Whether an agent is ticked.
    pub(crate) fn serves(&self, agent: &str) -> bool {
        self.agents.iter().any(|each| each == agent)
    }
}

/// A new server.
#[derive(Template)]
#[template(path = "server_new.html")]
pub(crate) struct NewServer {
    pub(crate) frame: Frame,
    pub(crate) form: ServerForm,
    /// The agents to choose from: id and name.
    pub(crate) agents: Vec<(String, String)>,
}

/// One server.
#[derive(Template)]
#[template(path = "server.html")]
pub(crate) struct ServerPage {
    pub(crate) frame: Frame,
    pub(crate) server: ServerRow,
    pub(crate) form: ServerForm,
    /// The agents to choose from: id and name.
    pub(crate) agents: Vec<(String, String)>,
    pub(crate) calls: Vec<ApiCall>,
}
