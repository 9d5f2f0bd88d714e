//! What the screens found, and what people say of it.

use super::{
    drawer::ApiCall,
    frame::Frame,
    words::{Id, Mark, When},
};
use askama::Template;

/// What was found in one channel at one level.
#[derive(Clone, Debug)]
pub(crate) struct ChannelRow {
    /// The decisions that it counts.
    pub(crate) href: String,
    pub(crate) channel: &'static str,
    pub(crate) risk: &'static str,
    pub(crate) blocked: u64,
    pub(crate) could_not_scan: u64,
    pub(crate) reported: u64,
    pub(crate) passed: u64,
}

/// A rule or a source, how often, and what people said of it.
#[derive(Clone, Debug)]
pub(crate) struct SaidRow {
    /// The decisions that it counts.
    pub(crate) href: String,
    /// The rule, or the channel of a source.
    pub(crate) name: String,
    /// The source; empty for a rule.
    pub(crate) source: String,
    pub(crate) found: u64,
    pub(crate) not_an_attack: u64,
    pub(crate) missed_attack: u64,
}

/// The page.
#[derive(Template)]
#[template(path = "screening.html")]
pub(crate) struct ScreeningPage {
    pub(crate) frame: Frame,
    pub(crate) days: i64,
    /// What can be chosen instead.
    pub(crate) ranges: Vec<i64>,
    pub(crate) is_partial: bool,
    pub(crate) channels: Vec<ChannelRow>,
    pub(crate) rules: Vec<SaidRow>,
    pub(crate) sources: Vec<SaidRow>,
    pub(crate) calls: Vec<ApiCall>,
}

/// What one person said of a trace.
#[derive(Clone, Debug)]
pub(crate) struct FeedbackRow {
    pub(crate) mark: Mark,
    pub(crate) person: Id,
    pub(crate) channel: &'static str,
    pub(crate) is_mine: bool,
    pub(crate) when: When,
}

/// What was said of a trace, and what can still be said.
#[derive(Clone, Debug, Default)]
pub(crate) struct FeedbackBox {
    pub(crate) said: Vec<FeedbackRow>,
    /// The channels in which something was found: word on the wire, word for people.
    pub(crate) found: Vec<(&'static str, &'static str)>,
    /// The channels in which something may have been missed.
    pub(crate) unfound: Vec<(&'static str, &'static str)>,
    pub(crate) is_mine: bool,
}

impl FeedbackBox {
    /// Whether there is anything to show.
    pub(crate) fn any(&self) -> bool {
        !(self.said.is_empty() && self.found.is_empty() && self.unfound.is_empty())
    }
}
