//! The activity list and the trace of one request.

use super::{
    chain::Gate,
    chart::Chart,
    drawer::ApiCall,
    ending::Ended,
    frame::Frame,
    receipts::ReceiptBox,
    screening::FeedbackBox,
    words::{Id, Mark, When},
};
use askama::Template;

/// One decision in a list.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) request: Id,
    pub(crate) mark: Mark,
    /// How it ended, where that was not well.
    pub(crate) ending: Option<Mark>,
    /// What a screen would have blocked, if its channel did not only report.
    pub(crate) reported: Option<Mark>,
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) agent: Option<(Id, String)>,
    /// The pseudonym.
    pub(crate) user: Option<Id>,
    pub(crate) code: &'static str,
    pub(crate) reason: String,
    pub(crate) risk: Option<&'static str>,
    pub(crate) at: When,
}

/// The filters as they stand in the URL.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filters {
    pub(crate) agent: String,
    pub(crate) verdict: String,
    pub(crate) code: String,
    pub(crate) text: String,
    pub(crate) since: String,
    pub(crate) until: String,
    /// `found`, `reported` or empty.
    pub(crate) screen: String,
    /// A rule of the screens.
    pub(crate) rule: String,
}

impl Filters {
    /// Whether anything is filtered at all.
    pub(crate) fn any(&self) -> bool {
        let texts = [&self.agent, &self.verdict, &self.code, &self.text, &self.since, &self.until];
        texts.into_iter().chain([&self.screen, &self.rule]).any(|text| !text.is_empty())
    }
}

/// The activity list.
#[derive(Template)]
#[template(path = "activity.html")]
pub(crate) struct Activity {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<Row>,
    pub(crate) chart: Chart,
    pub(crate) filters: Filters,
    /// The agents to choose from: id and name.
    pub(crate) agents: Vec<(String, String)>,
    /// The filters as a query, for the links that keep them.
    pub(crate) query: String,
    pub(crate) newest: Option<String>,
    pub(crate) older: Option<String>,
}

/// Only the rows, for the live tail.
#[derive(Template)]
#[template(path = "activity_rows.html")]
pub(crate) struct ActivityRows {
    pub(crate) rows: Vec<Row>,
}

/// The trace of one request.
#[derive(Template)]
#[template(path = "trace.html")]
pub(crate) struct TracePage {
    pub(crate) frame: Frame,
    pub(crate) request: Id,
    /// The answer, and the outcome where something was carried out.
    pub(crate) mark: Mark,
    pub(crate) outcome: Option<Mark>,
    /// How it ended, where that was not well.
    pub(crate) ended: Option<Ended>,
    /// The approval that was asked for, as it stands now.
    pub(crate) approval: Option<(Id, Mark)>,
    pub(crate) sentence: String,
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) agent: Option<(Id, String)>,
    pub(crate) agent_is_enabled: bool,
    /// The pseudonym.
    pub(crate) user: Option<Id>,
    pub(crate) at: When,
    /// Where the request came from: method, path and address.
    pub(crate) origin: Option<String>,
    /// The key that was shown, where it was one.
    pub(crate) key: Option<Id>,
    pub(crate) gates: Vec<Gate>,
    /// The arguments as they were recorded: redacted text.
    pub(crate) arguments: Option<String>,
    pub(crate) is_replayable: bool,
    /// The same question as a command, with a placeholder for the key.
    pub(crate) curl: Option<String>,
    /// The form of a permission that would have answered otherwise.
    pub(crate) rule_href: Option<String>,
    /// The session in which it was asked, where it was one.
    pub(crate) session: Option<Id>,
    /// The receipt that was signed with it, where one was asked for.
    pub(crate) receipt: Option<ReceiptBox>,
    /// What people say of the screens in it.
    pub(crate) feedback: FeedbackBox,
    pub(crate) calls: Vec<ApiCall>,
}
