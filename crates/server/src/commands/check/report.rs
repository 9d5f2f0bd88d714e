//! `procura check prompt --report`: how the detector does on labelled texts, source by source, and what the screens of
//! this deployment found in the last days. Nothing is written and nothing is sent.

use super::prompt;
use crate::{
    commands::Problem,
    config::{Overrides, Settings},
    say,
};
use procura_app::screening::{self, Channel, Overview};
use procura_model::{Actor, Clock, Ctx, Entropy, TenantId, error::Doing as _};
use procura_store::{Store, StoreSettings};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
    process::ExitCode,
};

/// How a report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum As {
    /// A table for people.
    Table,
    /// One JSON document.
    Json,
}

/// One line of a labelled file.
#[derive(Deserialize)]
struct Labelled {
    text: String,
    label: Label,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    channel: Option<Channel>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Label {
    Number(u8),
    Truth(bool),
}

impl Label {
    /// Whether it says that the text is an attack; none where it says something else.
    const fn is_attack(self) -> Option<bool> {
        match self {
            Self::Number(0) | Self::Truth(false) => Some(false),
            Self::Number(1) | Self::Truth(true) => Some(true),
            Self::Number(_) => None,
        }
    }
}

/// What became of the texts of one source in one channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct SourceRow {
    channel: String,
    source: String,
    attacks: u64,
    caught: u64,
    recall: Option<f64>,
    benign: u64,
    blocked: u64,
    false_positive_rate: Option<f64>,
}

/// All sources of one channel; the macro figures weigh each source alike.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ChannelRow {
    channel: String,
    attacks: u64,
    recall: Option<f64>,
    macro_recall: Option<f64>,
    benign: u64,
    false_positive_rate: Option<f64>,
    macro_false_positive_rate: Option<f64>,
}

/// How the detector does on a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct FileReport {
    records: u64,
    unreadable: u64,
    sources: Vec<SourceRow>,
    channels: Vec<ChannelRow>,
}

/// Reports on a file of labelled texts; fails where none of its lines is one.
pub(super) fn of_file(file: &Path, model: Option<&Path>, shape: As) -> Result<ExitCode, Problem> {
    let opened = File::open(file).map_err(|source| cannot_read(file, source))?;
    let scanner = prompt::scanner(model)?;
    let mut tally = Tally::default();
    for line in BufReader::new(opened).split(b'\n') {
        let line = line.map_err(|source| cannot_read(file, source))?;
        if !line.iter().all(u8::is_ascii_whitespace) {
            tally.add(&line, |text, channel| scanner.scan(text, channel).blocks());
        }
    }
    let report = tally.report();
    match shape {
        As::Table => say::line(file_table(&report).trim_end()),
        As::Json => say::line(&serde_json::to_string_pretty(&report).doing("write the report")?),
    }
    Ok(if report.records == 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn cannot_read(file: &Path, source: std::io::Error) -> Problem {
    Problem::Machine { doing: format!("read {}", file.display()), source }
}

#[derive(Default)]
struct Tally {
    unreadable: u64,
    sources: BTreeMap<(String, String), SourceRow>,
}

impl Tally {
    fn add(&mut self, line: &[u8], blocks: impl FnOnce(&str, Channel) -> bool) {
        let read = serde_json::from_slice::<Labelled>(line).ok();
        let Some((record, is_attack)) = read.and_then(|read| read.label.is_attack().map(|is| (read, is)))
        else {
            self.unreadable += 1;
            return;
        };
        let channel = record.channel.unwrap_or(Channel::Prompt);
        let is_blocked = blocks(&record.text, channel);
        let key =
            (screening::word(channel).to_owned(), record.source.unwrap_or_else(|| "unnamed".to_owned()));
        let row = self.sources.entry(key).or_default();
        if is_attack {
            row.attacks += 1;
            row.caught += u64::from(is_blocked);
        } else {
            row.benign += 1;
            row.blocked += u64::from(is_blocked);
        }
    }

    fn report(self) -> FileReport {
        let named = |((channel, source), row): ((String, String), SourceRow)| SourceRow {
            channel,
            source,
            recall: share(row.caught, row.attacks),
            false_positive_rate: share(row.blocked, row.benign),
            ..row
        };
        let sources: Vec<SourceRow> = self.sources.into_iter().map(named).collect();
        let mut channels: Vec<&str> = sources.iter().map(|row| row.channel.as_str()).collect();
        channels.dedup();
        FileReport {
            records: sources.iter().map(|row| row.attacks + row.benign).sum(),
            unreadable: self.unreadable,
            channels: channels.into_iter().map(|channel| channel_row(channel, &sources)).collect(),
            sources,
        }
    }
}

fn channel_row(channel: &str, sources: &[SourceRow]) -> ChannelRow {
    let rows: Vec<&SourceRow> = sources.iter().filter(|row| row.channel == channel).collect();
    let sum = |count: fn(&SourceRow) -> u64| rows.iter().map(|row| count(row)).sum::<u64>();
    let (attacks, benign) = (sum(|row| row.attacks), sum(|row| row.benign));
    ChannelRow {
        channel: channel.to_owned(),
        attacks,
        recall: share(sum(|row| row.caught), attacks),
        macro_recall: mean(rows.iter().filter_map(|row| row.recall)),
        benign,
        false_positive_rate: share(sum(|row| row.blocked), benign),
        macro_false_positive_rate: mean(rows.iter().filter_map(|row| row.false_positive_rate)),
    }
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "counts of lines, far below 2^52")]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u64), |(sum, count), value| (sum + value, count + 1));
    share(1, count).map(|each| sum * each)
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

fn file_table(report: &FileReport) -> String {
    let mut out = table(
        &["channel", "source", "attacks", "caught", "recall", "benign", "blocked", "false positives"],
        report.sources.iter().map(|row| {
            vec![
                row.channel.clone(),
                row.source.clone(),
                row.attacks.to_string(),
                row.caught.to_string(),
                percent(row.recall),
                row.benign.to_string(),
                row.blocked.to_string(),
                percent(row.false_positive_rate),
            ]
        }),
    );
    out.push('\n');
    out.push_str(&table(
        &[
            "channel",
            "attacks",
            "recall",
            "macro recall",
            "benign",
            "false positives",
            "macro false positives",
        ],
        report.channels.iter().map(|row| {
            vec![
                row.channel.clone(),
                row.attacks.to_string(),
                percent(row.recall),
                percent(row.macro_recall),
                row.benign.to_string(),
                percent(row.false_positive_rate),
                percent(row.macro_false_positive_rate),
            ]
        }),
    ));
    let _ = write!(out, "\n{} texts", report.records);
    if report.unreadable > 0 {
        let _ = write!(out, "; {} lines are no record with text and label", report.unreadable);
    }
    out.push_str(". Caught and blocked: of high or critical risk, or not scannable. Macro: each source weighs alike.\n");
    out
}

/// What the screens of this deployment found.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    organization_id: TenantId,
    organization: String,
    #[serde(flatten)]
    overview: Overview,
}

/// Reports what the screens of the deployment's organizations found, from its own database.
pub(super) async fn of_last_days(
    days: i64,
    only: Option<TenantId>,
    (file, overrides): (Option<&Path>, &Overrides),
    shape: As,
) -> Result<ExitCode, Problem> {
    let settings = Settings::load(file, overrides)?;
    let url = settings.database_url;
    demand_file(&url)?;
    let store = Store::open_to_read(&StoreSettings { url, schema: None, max_connections: 1 }).await?;
    let found = found(&store, days, only).await;
    store.close().await;
    let found = found?;
    match shape {
        As::Table => found.iter().for_each(|found| say::line(&found_table(found))),
        As::Json => say::line(&serde_json::to_string_pretty(&found).doing("write the report")?),
    }
    Ok(ExitCode::SUCCESS)
}

/// A database that is a file must be there: the driver names neither the file nor the cause.
fn demand_file(url: &str) -> Result<(), Problem> {
    let Some(path) = url.strip_prefix("sqlite:") else { return Ok(()) };
    let path = path.trim_start_matches("//").split('?').next().unwrap_or_default();
    let doing = format!("cannot read the database {path} (is --data-dir or database_url the server's?)");
    std::fs::metadata(path).map(drop).map_err(|source| Problem::Machine { doing, source })
}

async fn found(store: &Store, days: i64, only: Option<TenantId>) -> procura_model::Result<Vec<Found>> {
    let (now, entropy) = (Clock::System.now(), Entropy::system());
    let tenants = store.lobby().tenants().await?;
    let mut found = Vec::new();
    for tenant in tenants.into_iter().filter(|tenant| only.is_none_or(|only| tenant.id == only)) {
        let ctx = Ctx::new(tenant.id, Actor::Operator, now, &entropy);
        let overview = screening::count(store, &ctx, days).await?;
        found.push(Found { organization_id: tenant.id, organization: tenant.name, overview });
    }
    Ok(found)
}

fn found_table(found: &Found) -> String {
    let Overview { since, is_partial, channels, rules, sources } = &found.overview;
    let mut out = format!("{} ({}), since {since}\n\n", found.organization, found.organization_id);
    if channels.is_empty() && sources.is_empty() {
        out.push_str("Nothing was found, and nobody said that something was missed.\n");
        return out;
    }
    out.push_str(&table(
        &["channel", "risk", "blocked", "could not scan", "only reported", "passed"],
        channels.iter().map(|row| {
            let counts = [row.blocked, row.could_not_scan, row.reported, row.passed];
            let words = [row.channel.to_owned(), row.risk.as_str().to_owned()];
            words.into_iter().chain(counts.iter().map(ToString::to_string)).collect()
        }),
    ));
    out.push('\n');
    out.push_str(&table(
        &["rule", "fired", "not an attack", "missed attack"],
        rules.iter().map(|row| {
            let counts = [row.fired, row.not_an_attack, row.missed_attack];
            std::iter::once(row.rule.clone()).chain(counts.iter().map(ToString::to_string)).collect()
        }),
    ));
    out.push('\n');
    out.push_str(&table(
        &["channel", "source", "found", "not an attack", "missed attack"],
        sources.iter().map(|row| {
            let counts = [row.found, row.not_an_attack, row.missed_attack];
            let words = [row.channel.clone(), row.source.clone()];
            words.into_iter().chain(counts.iter().map(ToString::to_string)).collect()
        }),
    ));
    if *is_partial {
        out.push_str("\nThere was more than is counted here; these are the newest findings.\n");
    }
    out
}

/// Columns as wide as their widest word. Words from outside lose what could move a terminal's cursor.
fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let plain = |word: String| word.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    let head: Vec<String> = head.iter().map(|word| (*word).to_owned()).collect();
    let lines: Vec<Vec<String>> =
        std::iter::once(head).chain(rows.map(|row| row.into_iter().map(plain).collect())).collect();
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|word| word.chars().count()).max().unwrap_or(0)
    };
    let mut out = String::new();
    for line in &lines {
        let words = line.iter().enumerate().map(|(column, word)| format!("{word:<0$}", width(column)));
        out.push_str(words.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> FileReport {
        let mut tally = Tally::default();
        for line in lines {
            tally.add(line.as_bytes(), |text, _| text.contains('!'));
        }
        tally.report()
    }

    #[test]
    fn recall_and_false_positives_are_told_by_source_and_channel() {
        let report = tally(&[
            r#"{"text":"a!","label":1,"source":"x","channel":"prompt"}"#,
            r#"{"text":"b","label":1,"source":"x","channel":"prompt"}"#,
            r#"{"text":"c!","label":true,"source":"y","channel":"prompt"}"#,
            r#"{"text":"d!","label":0,"source":"z"}"#,
            r#"{"text":"e","label":false,"source":"z"}"#,
            r#"{"text":"f","label":0,"source":"z","channel":"tool_result"}"#,
        ]);
        assert_eq!((report.records, report.unreadable), (6, 0));
        let prompt = report.channels.iter().find(|row| row.channel == "prompt").unwrap();
        assert_eq!((prompt.attacks, prompt.benign), (3, 2));
        assert!((prompt.recall.unwrap() - 2.0 / 3.0).abs() < 1e-9);
        assert!((prompt.macro_recall.unwrap() - 0.75).abs() < 1e-9);
        assert_eq!(prompt.false_positive_rate, Some(0.5));
        let result = report.channels.iter().find(|row| row.channel == "tool_result").unwrap();
        assert_eq!((result.recall, result.false_positive_rate), (None, Some(0.0)));
        let text = file_table(&report);
        assert!(text.contains("66.7 %") && text.contains("75.0 %") && text.contains("6 texts."), "{text}");
    }

    #[test]
    fn lines_that_say_nothing_are_counted_and_not_judged() {
        let report = tally(&["{}", "nonsense", r#"{"text":"a","label":7}"#, r#"{"text":"a","label":1}"#]);
        assert_eq!((report.records, report.unreadable), (1, 3));
        assert_eq!(report.sources.first().unwrap().source, "unnamed");
    }

    #[test]
    fn a_database_that_is_not_there_is_named() {
        let told = demand_file("sqlite:nowhere/procura.db").unwrap_err().to_string();
        assert!(told.contains("nowhere/procura.db") && told.contains("--data-dir"), "{told}");
        assert!(demand_file("postgres://nobody@nowhere/none").is_ok());
    }

    #[test]
    fn a_table_stands_straight_and_moves_no_cursor() {
        let rows =
            [vec!["long word".to_owned(), "1".to_owned()], vec!["\u{1b}[2J".to_owned(), "2".to_owned()]];
        let text = table(&["a", "n"], rows.into_iter());
        assert_eq!(text, "a          n\nlong word  1\n\u{fffd}[2J       2\n");
    }
}
