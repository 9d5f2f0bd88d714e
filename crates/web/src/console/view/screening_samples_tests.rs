//! Sample data for the page of what the screens found, and for what people say of a trace.

use super::{
    frame::Section,
    samples::{ARABIC, LONG, agent, ago, frame},
    screening::{ChannelRow, FeedbackBox, FeedbackRow, SaidRow, ScreeningPage},
    users_samples::calls,
    words::{Id, Mark},
};
use askama::Template as _;

fn said(name: &str, source: &str) -> SaidRow {
    SaidRow {
        href: "/activity?screen=found".to_owned(),
        name: name.to_owned(),
        source: source.to_owned(),
        found: 12,
        not_an_attack: 3,
        missed_attack: 1,
    }
}

fn page() -> ScreeningPage {
    ScreeningPage {
        frame: frame("Screening", Section::Activity),
        days: 7,
        ranges: vec![1, 30, 90],
        is_partial: true,
        channels: vec![ChannelRow {
            href: "/activity?screen=reported".to_owned(),
            channel: "result",
            risk: "high",
            blocked: 7,
            could_not_scan: 0,
            reported: 5,
            passed: 0,
        }],
        rules: vec![said("override", ""), said("<script>alert(1)</script>", "")],
        sources: vec![said("result", LONG), said("arguments", ARABIC)],
        calls: calls(),
    }
}

/// The page in its states.
pub(super) fn pages() -> Vec<(&'static str, String)> {
    let nothing =
        ScreeningPage { channels: vec![], rules: vec![], sources: vec![], is_partial: false, ..page() };
    vec![("screening", page().render().unwrap()), ("screening_empty", nothing.render().unwrap())]
}

/// What two people said of a trace.
pub(super) fn feedback() -> FeedbackBox {
    let row = |mark, is_mine| FeedbackRow {
        mark,
        person: Id(agent().0),
        channel: "arguments",
        is_mine,
        when: ago(60_000),
    };
    FeedbackBox {
        said: vec![row(Mark::neutral("Not an attack"), true), row(Mark::denied("Missed attack"), false)],
        found: vec![("tool_argument", "arguments")],
        unfound: vec![("tool_result", "result")],
        is_mine: true,
    }
}
