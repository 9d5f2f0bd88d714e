//! Sample data for the pages of redaction rules.

use super::{
    frame::Section,
    redaction::{Place, ResultPlace, RuleForm, RulePage, RuleRow, Rules, Trial},
    samples::{ARABIC, LONG, frame, request},
    users_samples::calls,
    words::Id,
};
use askama::Template as _;

const PATTERN: &str = r"\bBADGE-(?P<secret>\d{6})\b";

fn row(name: &str, allows: bool) -> RuleRow {
    let id = Id("rdr_01JD9Z3V5M8Q6T2W4X7Y9A1B3C".to_owned());
    RuleRow { id, name: name.to_owned(), pattern: PATTERN.to_owned(), allows }
}

fn form(allows: bool) -> RuleForm {
    RuleForm { name: "badge-number".to_owned(), pattern: PATTERN.to_owned(), allows }
}

fn trial(is_fast: bool) -> Trial {
    let place = |resource: &str| Place {
        request: request(),
        resource: resource.to_owned(),
        pointer: "/content/0/<script>alert(1)</script>".to_owned(),
        hits: 2,
    };
    Trial {
        speed: "412".to_owned(),
        slowest: if is_fast { "96" } else { "3" }.to_owned(),
        slowest_on: "one letter",
        is_fast,
        allows: false,
        results: 14,
        results_hit: "at least 10".to_owned(),
        result_places: vec![ResultPlace {
            resource: LONG.to_owned(),
            pointer: "/content/*/<script>alert(1)</script>".to_owned(),
            at_least: 10,
        }],
        calls: 200,
        hits: 4,
        places: vec![place(LONG), place(ARABIC)],
    }
}

fn rules(rows: Vec<RuleRow>, trial: Option<Trial>) -> Rules {
    let frame = frame("Redaction rules", Section::Settings);
    Rules { frame, rows, form: form(false), trial, calls: calls() }
}

fn one(allows: bool, trial: Option<Trial>) -> RulePage {
    RulePage {
        frame: frame("Redaction rule", Section::Settings),
        id: row("", false).id,
        form: form(allows),
        trial,
        calls: calls(),
    }
}

/// The pages in their states.
pub(super) fn pages() -> Vec<(&'static str, String)> {
    let rows = vec![row("badge-number", false), row(LONG, true)];
    vec![
        ("redaction", rules(rows.clone(), None).render().unwrap()),
        ("redaction_empty", rules(vec![], None).render().unwrap()),
        ("redaction_tried", rules(rows, Some(trial(true))).render().unwrap()),
        ("redaction_rule", one(false, Some(trial(false))).render().unwrap()),
        ("redaction_rule_allows", one(true, Some(Trial { allows: true, ..trial(true) })).render().unwrap()),
    ]
}
