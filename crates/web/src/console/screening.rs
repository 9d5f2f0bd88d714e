//! What the screens found in the last days, and what people say of a trace.

use super::{
    activity::{agent_names, name_of},
    desk::{Answer, Desk, go, page, wrong},
    trace::trace_page,
    view::{
        drawer::ApiCall,
        frame::Section,
        screening::{ChannelRow, FeedbackBox, FeedbackRow, SaidRow, ScreeningPage},
        visible::visible,
        words::{Id, Mark, Problems},
    },
};
use crate::{
    extract::{Id as PathId, Query},
    form::Form,
    respond::Failure,
};
use procura_app::{
    activity::Trace,
    screening::{self, Channel, Handled, Judgement, NewFeedback, SourceCount},
};
use procura_model::{AgentId, Reason, RequestId, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

/// How far back the page looks, in days.
const DAYS: i64 = 7;
/// What can be chosen instead, in days.
const RANGES: [i64; 4] = [1, 7, 30, 90];

/// The days that somebody wants to see.
#[derive(Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    days: i64,
    #[serde(rename = "done")]
    _done: String,
}

impl Default for Asked {
    fn default() -> Self {
        Self { days: DAYS, _done: String::new() }
    }
}

/// The page.
pub(super) async fn overview(desk: Desk, Query(asked): Query<Asked>) -> Answer {
    let found = screening::overview(desk.app(), desk.ctx(), asked.days).await?;
    let names = agent_names(&desk).await?;
    // As the filter's own field has it: to the minute.
    let since: String = found.since.to_string().chars().take("2026-11-22T09:30".len()).collect();
    let channels = found.channels.iter().map(|count| ChannelRow {
        href: link(&since, &[("screen", if count.reported > 0 { "reported" } else { "found" })]),
        channel: spoken(count.channel),
        risk: count.risk.as_str(),
        blocked: count.blocked,
        could_not_scan: count.could_not_scan,
        reported: count.reported,
        passed: count.passed,
    });
    let rules = found.rules.iter().map(|count| SaidRow {
        href: link(&since, &[("rule", &count.rule)]),
        name: count.rule.clone(),
        source: String::new(),
        found: count.fired,
        not_an_attack: count.not_an_attack,
        missed_attack: count.missed_attack,
    });
    let sources = found.sources.iter().map(|count| SaidRow {
        href: link_of_source(&since, count),
        name: spoken(&count.channel).to_owned(),
        source: named(&names, &count.source),
        found: count.found,
        not_an_attack: count.not_an_attack,
        missed_attack: count.missed_attack,
    });
    page(&ScreeningPage {
        frame: desk.frame("Screening", Section::Activity).await?,
        days: asked.days,
        ranges: RANGES.into_iter().filter(|days| *days != asked.days).collect(),
        is_partial: found.is_partial,
        channels: channels.collect(),
        rules: rules.collect(),
        sources: sources.collect(),
        calls: vec![ApiCall::get(
            "Read these counts",
            "read:activity",
            desk.url(&format!("/v1/screening?days={}", asked.days)),
        )],
    })
}

/// The decisions since then that a row counts.
fn link(since: &str, filters: &[(&str, &str)]) -> String {
    let path = "/activity?".to_owned();
    let length = path.len();
    let mut query = form_urlencoded::Serializer::for_suffix(path, length);
    query.append_pair("since", since).extend_pairs(filters);
    query.finish()
}

/// The same of a source: a tool by its name, a prompt by its agent.
fn link_of_source(since: &str, count: &SourceCount) -> String {
    if count.source.parse::<AgentId>().is_ok() {
        return link(since, &[("screen", "found"), ("agent", &count.source), ("text", "prompt.screen")]);
    }
    link(since, &[("screen", "found"), ("text", &count.source)])
}

/// A source as people know it: an agent by its name.
fn named(names: &BTreeMap<AgentId, String>, source: &str) -> String {
    source.parse().map_or_else(|_| visible(source), |agent| name_of(names, agent))
}

/// Writes down what the person says of a trace.
pub(super) async fn give(desk: Desk, PathId(request): PathId<RequestId>, form: Form) -> Answer {
    let judgement: Judgement = form.fields.text("judgement").parse().map_err(|_| Reason::FieldInvalid)?;
    let channel = CHANNELS.into_iter().find(|(_, word, _)| *word == form.fields.text("channel"));
    let channel = channel.map(|(channel, ..)| channel);
    match screening::give(desk.app(), desk.ctx(), request, NewFeedback { judgement, channel }).await {
        Ok(_) => go(&format!("/activity/{request}"), "feedback-given"),
        Err(error) if error.reason() == Reason::FieldInvalid => {
            let mut shown = trace_page(&desk, request, None).await?;
            shown.frame.problems = Problems::of(&error, "feedback");
            wrong(422, &shown)
        }
        Err(error) => Err(Failure(error)),
    }
}

/// Takes back what the person said of a trace.
pub(super) async fn withdraw(desk: Desk, PathId(request): PathId<RequestId>, _form: Form) -> Answer {
    screening::withdraw(desk.app(), desk.ctx(), request).await?;
    go(&format!("/activity/{request}"), "feedback-withdrawn")
}

/// What was said of a trace, and what the person can still say.
pub(super) async fn of_trace(desk: &Desk, trace: &Trace) -> Result<FeedbackBox> {
    let me = desk.ctx().actor.id();
    let said = screening::of_trace(desk.app(), desk.ctx(), trace.request).await?;
    let said: Vec<_> = said
        .into_iter()
        .map(|feedback| FeedbackRow {
            mark: match feedback.judgement {
                Judgement::NotAnAttack => Mark::neutral("Not an attack"),
                Judgement::MissedAttack => Mark::denied("Missed attack"),
            },
            is_mine: feedback.person == me,
            channel: spoken(&feedback.channel),
            when: desk.past(feedback.given_at),
            person: Id(feedback.person),
        })
        .collect();
    let flags = screening::flags(&trace.records);
    let flag_in = |channel: Channel| flags.iter().find(|flag| flag.channel == channel);
    let screened: Vec<Channel> = trace.records.iter().filter_map(screening::channel).collect();
    let pick = |is_wanted: &dyn Fn(Channel) -> bool| {
        let wanted = CHANNELS.into_iter().filter(|(channel, ..)| is_wanted(*channel));
        wanted.map(|(_, word, spoken)| (word, spoken)).collect::<Vec<_>>()
    };
    let is_stopped = |channel: Channel| {
        flag_in(channel).is_some_and(|flag| matches!(flag.handled, Handled::Blocked | Handled::CouldNotScan))
    };
    Ok(FeedbackBox {
        is_mine: said.iter().any(|row| row.is_mine),
        said,
        found: pick(&|channel| flag_in(channel).is_some()),
        unfound: pick(&|channel| screened.contains(&channel) && !is_stopped(channel)),
    })
}

/// The channels, on the wire and as people call them.
const CHANNELS: [(Channel, &str, &str); 4] = [
    (Channel::Prompt, "prompt", "prompt"),
    (Channel::ToolArgument, "tool_argument", "arguments"),
    (Channel::ToolResult, "tool_result", "result"),
    (Channel::ToolDescription, "tool_description", "tool's description"),
];

/// A channel as people call it.
fn spoken(word: &str) -> &'static str {
    CHANNELS.into_iter().find(|(_, on_wire, _)| *on_wire == word).map_or("unknown", |(.., spoken)| spoken)
}
