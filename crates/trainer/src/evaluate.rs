//! What the whole scanner, rules included, makes of records.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use procura_screen::inject::Scanner;
use procura_screen::inject::model::Model;

use crate::corpus::{self, Record};

/// Blocked texts of each group, and all of them.
pub(crate) struct Report {
    groups: BTreeMap<String, (usize, usize)>,
}

impl Report {
    /// The share of a group that was blocked.
    pub(crate) fn rate(&self, group: &str) -> f64 {
        self.groups.get(group).map_or(0.0, |(blocked, all)| *blocked as f64 / (*all).max(1) as f64)
    }

    /// One row for each group.
    pub(crate) fn table(&self) -> String {
        let mut text = "| group | texts | blocked |\n|---|--:|--:|\n".to_owned();
        for (group, (_, all)) in &self.groups {
            let _ = writeln!(text, "| {group} | {all} | {:.3} |", self.rate(group));
        }
        text
    }
}

/// Judges the records that count.
pub(crate) fn judge(records: &[Record], scanner: &Scanner) -> Report {
    let mut groups: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for record in records.iter().filter(|record| !record.contradicts()) {
        let blocked = scanner.scan(&record.text, record.channel).blocks();
        let rate = if record.is_attack() { "attacks" } else { "benign" };
        let side = if record.channel.is_outside() { "tool results" } else { "prompts" };
        let mut keys = vec![
            format!("all {rate}"),
            format!("{side}: {rate}"),
            format!("{side}: {rate} of {}", record.source),
        ];
        if record.is_disguised() {
            keys.push("disguised attacks".to_owned());
        }
        for key in keys {
            let counts = groups.entry(key).or_default();
            counts.0 += usize::from(blocked);
            counts.1 += 1;
        }
    }
    Report { groups }
}

/// Prints the report.
pub(crate) fn print(data: &[PathBuf], model: Option<&Path>) -> Result<(), String> {
    let scanner = match model {
        Some(path) => {
            let file = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
            let model = Model::read(&file).map_err(|error| error.to_string())?;
            Scanner::with_model(model).map_err(|error| error.to_string())?
        }
        None => Scanner::new().map_err(|error| error.to_string())?,
    };
    let report = judge(&corpus::read(data)?, &scanner);
    println!("{}", report.table());
    Ok(())
}
