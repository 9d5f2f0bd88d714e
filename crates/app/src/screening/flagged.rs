//! What the screens found, read back from the record: one flag per row at the most. Rows of the time before channels
//! had names tell theirs by what they are: an outcome tells of a result, a decision of arguments, unless it says else.

use super::prompts::ACTION;
use procura_model::{Event, EventKind, Reason, Recorded, Risk};
use procura_screen::inject::Channel;
use procura_store::evidence::{Decided, DecisionFilter, ScreenFilter};
use serde::Deserialize;

/// How much of a source's name is told, in characters.
const MAX_SOURCE_CHARS: usize = 200;

/// What was done about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Handled {
    /// It was blocked.
    Blocked,
    /// It could not be scanned, and was blocked.
    CouldNotScan,
    /// It would have been blocked, and its channel only reports.
    Reported,
    /// It was not grave enough to be blocked.
    Passed,
}

impl Handled {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::CouldNotScan => "could_not_scan",
            Self::Reported => "reported",
            Self::Passed => "passed",
        }
    }
}

/// Something that a screen found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Where.
    pub channel: Channel,
    /// From where the text came: `{server}/{tool}`, or the agent of a prompt.
    pub source: String,
    /// How grave.
    pub risk: Risk,
    /// By which rules.
    pub rules: Vec<String>,
    /// What was done about it.
    pub handled: Handled,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Screen {
    risk: Risk,
    rules: Vec<String>,
    report_only: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Gates {
    screen: Option<Screen>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DecisionFacts {
    gates: Option<Gates>,
}

/// How grave that is which would have been blocked in a decision or its outcome, and passed because its channel only
/// reports.
#[must_use]
pub fn reported(decided: &Decided) -> Option<Risk> {
    screens_of(decided).filter(|screen| screen.report_only).map(|screen| screen.risk).max()
}

/// Whether the screens found in a decision what the filter asks for: the rows were picked by what facts look like, which
/// an argument can imitate.
#[must_use]
pub fn is_wanted(decided: &Decided, filter: &DecisionFilter) -> bool {
    let by_finding = match filter.screen {
        None => true,
        Some(ScreenFilter::Reported) => reported(decided).is_some(),
        Some(ScreenFilter::Found) => {
            let reason = decided.recorded.event.reason;
            matches!(reason, Some(Reason::PromptInjection | Reason::CouldNotScan))
                || screens_of(decided).any(|screen| screen.risk > Risk::None)
        }
    };
    let has = |rule: &String| screens_of(decided).any(|screen| screen.rules.contains(rule));
    by_finding && filter.rule.as_ref().is_none_or(has)
}

/// What the screens saw in arguments and in the result.
fn screens_of(decided: &Decided) -> impl Iterator<Item = Screen> {
    let result: Option<Screen> =
        decided.outcome_facts.as_deref().and_then(|facts| serde_json::from_str(facts).ok());
    screen_of(&decided.recorded.event).into_iter().chain(result)
}

/// The flags of a trace, in the order of its gates.
#[must_use]
pub fn flags(records: &[Recorded]) -> Vec<Flag> {
    records.iter().filter_map(flag).collect()
}

/// What a screen found, where this row tells of it.
pub(super) fn flag(record: &Recorded) -> Option<Flag> {
    let event = &record.event;
    let screen = screen_of(event)?;
    let handled = match event.reason {
        Some(Reason::PromptInjection) => Handled::Blocked,
        Some(Reason::CouldNotScan) => Handled::CouldNotScan,
        _ if screen.report_only => Handled::Reported,
        _ if screen.risk > Risk::None => Handled::Passed,
        _ => return None,
    };
    let channel = channel_of(record, &screen)?;
    Some(Flag { channel, source: source_of(record), risk: screen.risk, rules: screen.rules, handled })
}

/// What the screen saw, as this row tells; none for a row that tells of none.
fn screen_of(event: &Event) -> Option<Screen> {
    let screen = match event.kind {
        EventKind::Decision => {
            let facts: DecisionFacts = serde_json::from_str(&event.facts).ok()?;
            facts.gates.and_then(|gates| gates.screen)
        }
        EventKind::Outcome => serde_json::from_str(&event.facts).ok(),
        _ => return None,
    };
    Some(screen.unwrap_or_default())
}

/// The channel whose text was screened as this row tells; none where none was, as with a result that never came.
#[must_use]
pub fn channel(record: &Recorded) -> Option<Channel> {
    let came = matches!(record.event.target.as_deref(), Some("ok" | "tool_error" | "withheld"));
    channel_of(record, &screen_of(&record.event)?).filter(|channel| *channel != Channel::ToolResult || came)
}

fn channel_of(record: &Recorded, screen: &Screen) -> Option<Channel> {
    let event = &record.event;
    let is_of_a_definition = event.target.as_deref().is_some_and(|target| target.starts_with("definition_"))
            // A call of a tool that is hidden is refused before its arguments are looked at.
            || event.reason == Some(Reason::PromptInjection) && screen.risk == Risk::None;
    match (event.kind, event.action.as_deref()) {
        (EventKind::Outcome, _) => Some(Channel::ToolResult),
        (EventKind::Decision, _) if is_of_a_definition => Some(Channel::ToolDescription),
        (EventKind::Decision, Some(ACTION)) => Some(Channel::Prompt),
        (EventKind::Decision, Some("tool.call" | "prompt.get" | "resource.read" | "completion")) => {
            Some(Channel::ToolArgument)
        }
        _ => None,
    }
}

/// From where the text of a row came.
pub(super) fn source_of(record: &Recorded) -> String {
    let event = &record.event;
    let source = event.resource.clone().or_else(|| event.agent.map(|agent| agent.to_string()));
    source.unwrap_or_default().chars().take(MAX_SOURCE_CHARS).collect()
}

/// The word of a channel on the wire.
#[must_use]
pub const fn word(channel: Channel) -> &'static str {
    match channel {
        Channel::Prompt => "prompt",
        Channel::ToolArgument => "tool_argument",
        Channel::ToolResult => "tool_result",
        Channel::ToolDescription => "tool_description",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::{Entropy, RequestId, Time};

    fn record(kind: EventKind, action: &str, facts: &str, reason: Option<Reason>) -> Recorded {
        let mut event = Event::new(kind);
        event.action = Some(action.to_owned());
        event.resource = Some("shop/echo".to_owned());
        event.reason = reason;
        facts.clone_into(&mut event.facts);
        let request = RequestId::new(Time::from_ms(5), &Entropy::seeded(1));
        Recorded { request, position: 0, at: Time::from_ms(5), actor: "key_x".to_owned(), event }
    }

    #[test]
    fn a_row_tells_its_channel_its_rules_and_what_was_done() {
        let injected = Some(Reason::PromptInjection);
        let high = r#"{"gates":{"screen":{"risk":"high","rules":["override"]}}}"#;
        let blocked = flag(&record(EventKind::Decision, "tool.call", high, injected)).unwrap();
        assert_eq!((blocked.channel, blocked.handled), (Channel::ToolArgument, Handled::Blocked));
        assert_eq!((blocked.source.as_str(), blocked.rules), ("shop/echo", vec!["override".to_owned()]));
        let reported = r#"{"risk":"critical","rules":["a","b"],"reportOnly":true,"redactions":0}"#;
        let reported = flag(&record(EventKind::Outcome, "tool.call", reported, None)).unwrap();
        assert_eq!((reported.channel, reported.handled), (Channel::ToolResult, Handled::Reported));
        let medium = flag(&record(EventKind::Outcome, "tool.call", r#"{"risk":"medium"}"#, None)).unwrap();
        assert_eq!((medium.risk, medium.handled), (Risk::Medium, Handled::Passed));
        let prompt = record(EventKind::Decision, ACTION, high, injected);
        assert_eq!(flag(&prompt).map(|flag| flag.channel), Some(Channel::Prompt));
        assert_eq!(channel(&prompt), Some(Channel::Prompt));
        let hidden = flag(&record(EventKind::Decision, "tool.call", "{}", injected)).unwrap();
        assert_eq!(hidden.channel, Channel::ToolDescription);
        let unscanned = flag(&record(EventKind::Decision, "tool.call", "{}", Some(Reason::CouldNotScan)));
        assert_eq!(unscanned.map(|flag| flag.handled), Some(Handled::CouldNotScan));
    }

    #[test]
    fn a_row_without_a_finding_has_no_flag_whatever_its_arguments_say() {
        let args = r#"{"ask":{"args":{"screen":{"risk":"high","rules":["x"]}}},"gates":{"screen":{"risk":"none","rules":[]}}}"#;
        assert_eq!(flag(&record(EventKind::Decision, "tool.call", args, None)), None);
        let metadata = r#"{"gates":{"metadata":{"screen":{"risk":"high"}}}}"#;
        assert_eq!(flag(&record(EventKind::Decision, "purchase", metadata, None)), None);
        assert_eq!(flag(&record(EventKind::Outcome, "tool.call", r#"{"risk":"none"}"#, None)), None);
        assert_eq!(flag(&record(EventKind::Egress, "tool.call", r#"{"risk":"high"}"#, None)), None);
    }

    #[test]
    fn what_a_filter_picked_is_shown_only_where_a_screen_says_so() {
        let decided = |facts: &str, outcome: Option<&str>| Decided {
            recorded: record(EventKind::Decision, "tool.call", facts, None),
            ending: procura_store::evidence::Ending::NotBegun,
            outcome_facts: outcome.map(str::to_owned),
        };
        let wants = |screen, rule: Option<&str>| DecisionFilter {
            screen,
            rule: rule.map(str::to_owned),
            ..DecisionFilter::default()
        };
        let lifted = decided("{}", Some(r#"{"risk":"critical","rules":["a"],"reportOnly":true}"#));
        assert_eq!(reported(&lifted), Some(Risk::Critical));
        assert!(is_wanted(&lifted, &wants(Some(ScreenFilter::Reported), Some("a"))));
        assert!(!is_wanted(&lifted, &wants(None, Some("b"))));
        let imitated = decided(r#"{"ask":{"args":{"reportOnly":true,"found":true,"rules":["a"]}}}"#, None);
        for filter in [
            wants(Some(ScreenFilter::Reported), None),
            wants(Some(ScreenFilter::Found), None),
            wants(None, Some("a")),
        ] {
            assert!(!is_wanted(&imitated, &filter), "{filter:?}");
        }
    }
}
