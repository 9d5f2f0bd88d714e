//! `procura check prompt`: the injection detector.

use super::lines::{no_record, standard_input_bytes};
use crate::{commands::Problem, say};
use procura_model::error::Doing as _;
use procura_screen::inject::{Channel, Scan, Scanner, model::Model};
use std::path::Path;
use std::process::ExitCode;

/// The detector with the model inside the program, or with that of a file.
pub(super) fn scanner(model: Option<&Path>) -> Result<Scanner, Problem> {
    let Some(path) = model else { return Ok(Scanner::new().doing("build the injection detector")?) };
    let file = std::fs::read(path).doing("read the screening model's file")?;
    let model = Model::read(&file).doing("read the screening model")?;
    Ok(Scanner::with_model(model).doing("build the injection detector")?)
}

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// As plain text.
    Text,
    /// As a JSON document.
    Document,
}

/// The channel that a word names.
pub(super) fn channel(word: &str) -> Result<Channel, String> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).map_err(|_| CHANNELS.to_owned())
}

/// What a channel must be.
const CHANNELS: &str = "a channel is prompt, tool_argument, tool_result or tool_description";

pub(super) fn one_prompt(
    text: Option<String>,
    (channel, shape): (Channel, Shape),
    model: Option<&Path>,
) -> Result<ExitCode, Problem> {
    let bytes = match text {
        Some(text) => text.into_bytes(),
        None => standard_input_bytes()?,
    };
    let scanner = scanner(model)?;
    let (line, blocked) = answer(|| judge(&scanner, &bytes, (channel, shape)));
    say::line(&line);
    Ok(if blocked { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Bytes that are no text could not be scanned, in whatever shape.
fn judge(scanner: &Scanner, bytes: &[u8], (channel, shape): (Channel, Shape)) -> Scan {
    match (std::str::from_utf8(bytes), shape) {
        (Ok(text), Shape::Text) => scanner.scan(text, channel),
        (Ok(_), Shape::Document) | (Err(_), _) => scanner.scan_json(bytes, channel),
    }
}

#[derive(serde::Deserialize)]
struct TextRecord {
    text: String,
    channel: Option<String>,
}

pub(super) fn prompt_record(scanner: &Scanner, (number, line): (usize, &str)) -> String {
    let Ok(record) = serde_json::from_str::<TextRecord>(line) else {
        return no_record(&format!("line {number}: a record is {{\"text\":..,\"channel\":..}}"));
    };
    match record.channel.as_deref().map_or(Ok(Channel::Prompt), channel) {
        Ok(channel) => answer(|| scanner.scan(&record.text, channel)).0,
        Err(wrong) => no_record(&format!("line {number}: {wrong}")),
    }
}

/// The answer to a scan as a line, and whether the text is blocked.
fn answer(scan: impl FnOnce() -> Scan) -> (String, bool) {
    let began = std::time::Instant::now();
    let scan = scan();
    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let reasons: Vec<_> = scan.findings.iter().map(|finding| finding.rule).collect();
    let spans: Vec<_> = scan.findings.iter().map(|finding| [finding.span.0, finding.span.1]).collect();
    let answer = serde_json::json!({
        "risk": scan.risk, "score": scan.score, "blocked": scan.blocks(), "couldNotScan": scan.could_not_scan,
        "reasons": reasons, "spans": spans, "micros": micros,
    });
    (answer.to_string(), scan.blocks())
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_screen::inject::CouldNotScan;

    #[test]
    fn what_is_no_text_or_nests_too_deep_could_not_be_scanned() {
        let scanner = Scanner::new().unwrap();
        let why = |bytes: &[u8], shape| judge(&scanner, bytes, (Channel::ToolResult, shape)).could_not_scan;
        assert_eq!(why(b"\xff\xfe\0abc", Shape::Text), Some(CouldNotScan::NotText));
        assert_eq!(why(b"\xff\xfe\0abc", Shape::Document), Some(CouldNotScan::NotText));
        assert_eq!(why(b"{\"a\":", Shape::Document), Some(CouldNotScan::NotJson));
        assert_eq!(why(b"{\"a\":", Shape::Text), None);
        assert_eq!(why("[".repeat(5_000).as_bytes(), Shape::Document), Some(CouldNotScan::TooDeep));
    }

    #[test]
    fn a_record_that_cannot_be_read_is_told_with_its_line() {
        let scanner = Scanner::new().unwrap();
        let said = |line: &str| prompt_record(&scanner, (7, line));
        let unknown = said(r#"{"text":"a","channel":"bogus"}"#);
        assert!(unknown.contains("line 7: a channel is prompt, tool_argument"), "{unknown}");
        assert!(said("{}").contains("line 7: a record is"), "{}", said("{}"));
        assert!(said(r#"{"text":"twelve boxes"}"#).contains(r#""blocked":false"#));
    }
}
