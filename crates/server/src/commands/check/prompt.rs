//! `procura check prompt`: the injection detector.

use super::{
    TextRecord,
    lines::{no_record, standard_input},
};
use crate::{commands::Problem, say};
use procura_model::error::Doing as _;
use procura_screen::inject::{Channel, Scanner, model::Model};
use std::path::Path;
use std::process::ExitCode;

/// The detector with the model inside the program, or with that of a file.
pub(super) fn scanner(model: Option<&Path>) -> Result<Scanner, Problem> {
    let Some(path) = model else { return Ok(Scanner::new().doing("build the injection detector")?) };
    let file = std::fs::read(path).doing("read the screening model's file")?;
    let model = Model::read(&file).doing("read the screening model")?;
    Ok(Scanner::with_model(model).doing("build the injection detector")?)
}

pub(super) fn one_prompt(
    text: Option<String>,
    channel: &str,
    model: Option<&Path>,
) -> Result<ExitCode, Problem> {
    let Ok(channel) = serde_json::from_value::<Channel>(serde_json::Value::String(channel.to_owned())) else {
        say::complain("procura: --channel must be prompt, tool_argument, tool_result or tool_description");
        return Ok(ExitCode::from(2));
    };
    let text = match text {
        Some(text) => text,
        None => standard_input()?,
    };
    let (line, blocked) = prompt_answer(&scanner(model)?, &text, channel);
    say::line(&line);
    Ok(if blocked { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

pub(super) fn prompt_record(scanner: &Scanner, line: &str) -> String {
    match serde_json::from_str::<TextRecord>(line) {
        Ok(record) => prompt_answer(scanner, &record.text, record.channel.unwrap_or(Channel::Prompt)).0,
        Err(_) => no_record("a record is {\"text\":..,\"channel\":..}"),
    }
}

fn prompt_answer(scanner: &Scanner, text: &str, channel: Channel) -> (String, bool) {
    let began = std::time::Instant::now();
    let scan = scanner.scan(text, channel);
    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let reasons: Vec<_> = scan.findings.iter().map(|finding| finding.rule).collect();
    let spans: Vec<_> = scan.findings.iter().map(|finding| [finding.span.0, finding.span.1]).collect();
    let answer = serde_json::json!({
        "risk": scan.risk, "score": scan.score, "blocked": scan.blocks(), "couldNotScan": scan.could_not_scan,
        "reasons": reasons, "spans": spans, "micros": micros,
    });
    (answer.to_string(), scan.blocks())
}
