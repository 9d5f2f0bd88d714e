//! Get started: five steps that are looked up, not ticked off.

use super::frame::Frame;
use askama::Template;

/// What is true already.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    /// The newest agent: id and name.
    pub(crate) agent: Option<(String, String)>,
    /// How many agents there are beside it.
    pub(crate) more_agents: usize,
    /// Whether the key of some agent has been used.
    pub(crate) key_was_used: bool,
    /// How many tool servers are in use.
    pub(crate) servers: usize,
    /// How many of them failed when they were last asked.
    pub(crate) failing: usize,
    /// The first recorded decision.
    pub(crate) call: Option<String>,
    /// A recorded denial.
    pub(crate) denial: Option<String>,
    /// How many permissions of all agents are in force.
    pub(crate) permissions: usize,
}

/// The page.
#[derive(Template)]
#[template(path = "start.html")]
pub(crate) struct Start {
    pub(crate) frame: Frame,
    pub(crate) steps: Steps,
    /// The clients to choose from: word and name.
    pub(crate) clients: Vec<(&'static str, &'static str)>,
}

/// The steps, for the page and for its refresh.
#[derive(Template)]
#[template(path = "start_steps.html")]
pub(crate) struct Steps {
    pub(crate) frame: Frame,
    pub(crate) progress: Progress,
    pub(crate) clients: Vec<(&'static str, &'static str)>,
    pub(crate) client: String,
    pub(crate) snippet: String,
}
