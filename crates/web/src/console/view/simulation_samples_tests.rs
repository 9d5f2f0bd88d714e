//! Sample data for the page of simulations.

use super::{
    frame::Section,
    samples::{ARABIC, LONG, agent, ago, frame, request},
    simulation::{Findings, FlipRow, Found, ShadowRow, SimulationForm, SimulationPage},
    users_samples::calls,
    words::{Id, Mark, Problems},
};
use askama::Template as _;
use procura_model::Reason;

fn flip(was: Mark, would: Mark) -> FlipRow {
    FlipRow {
        request: request(),
        was,
        would,
        action: "purchase.<b>seat</b>".to_owned(),
        resource: LONG.to_owned(),
        sentence: format!("The vendor {ARABIC} is not \"shop.example.com\"."),
        at: ago(60_000),
    }
}

fn findings() -> Findings {
    let (yes, no, asks) = (Mark::allowed("Allowed"), Mark::denied("Denied"), Mark::waiting("Needs approval"));
    Findings {
        rows: 1_000,
        replayed: 990,
        changed: 3,
        is_complete: false,
        counts: vec![(no, yes, 1), (yes, no, 2)],
        left_out: vec![("Something secret stood in the call.".to_owned(), 7), (LONG.to_owned(), 3)],
        flips: vec![flip(no, yes), flip(yes, no), flip(yes, asks)],
    }
}

fn page() -> SimulationPage {
    let permission = Some(Id("per_01JD9Z3V5M8Q6T2W4X7Y9A1B3C".to_owned()));
    SimulationPage {
        frame: frame("Simulation", Section::Policies),
        agents: vec![(agent().0, LONG.to_owned()), ("agt_2".to_owned(), ARABIC.to_owned())],
        form: SimulationForm {
            agent: agent().0,
            permissions: "[\n  {\"effect\":\"allow\",\"actions\":[\"</textarea><script>\"]}\n]".to_owned(),
            from: "2026-11-01T00:00".to_owned(),
            to: String::new(),
        },
        found: Some(findings()),
        shadows: vec![
            ShadowRow { permission, agent: (agent(), ARABIC.to_owned()), flips: [1, 2, 0, 0] },
            ShadowRow { permission: None, agent: (agent(), LONG.to_owned()), flips: [0, 0, 3, 4] },
        ],
        has_shadows: true,
        calls: calls(),
    }
}

/// The page in its states.
pub(super) fn pages() -> Vec<(&'static str, String)> {
    let mut wrong = SimulationPage { found: None, shadows: Vec::new(), has_shadows: false, ..page() };
    let error = Reason::FieldInvalid.because("permissions[1]: actions must hold at least one pattern.");
    wrong.frame.problems = Problems::of(&error, "permissions");
    let nobody = SimulationPage {
        agents: Vec::new(),
        found: None,
        shadows: Vec::new(),
        frame: frame("Simulation", Section::Policies),
        ..page()
    };
    vec![
        ("simulation", page().render().unwrap()),
        ("simulation-wrong", wrong.render().unwrap()),
        ("simulation-nobody", nobody.render().unwrap()),
    ]
}

#[test]
fn what_was_found_is_said_in_plain_words_and_never_as_markup() {
    let html = Found { found: findings() }.render().unwrap();
    for said in [
        "3 answers would change",
        "Of 1000 decisions, 990 could be asked again and 987 of them have the same answer. 10 could not.",
        "Only the newest 1000 were looked at",
        "purchase.&#60;b&#62;seat",
    ] {
        assert!(html.contains(said), "{said}: {html}");
    }
    assert!(!html.contains("<html"), "a part of the page");
    let nothing = Findings { rows: 0, replayed: 0, changed: 0, is_complete: true, ..findings() };
    assert_eq!(nothing.head(), "No answer would change");
    assert_eq!(nothing.said(), "Nothing was decided in this time.");
    assert!(!page().render().unwrap().contains("</textarea><script>"));
}
