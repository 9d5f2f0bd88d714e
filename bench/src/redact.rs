//! How fast secrets are taken out of a text (RED-1): MB (10^6 bytes) per second of CPU time of one thread, with all rules and
//! spans. Ordinary texts are written from word lists by a fixed generator; hostile ones repeat what the rules stumble
//! over. The bars of the issue are 200 MB/s on ordinary text and 20 MB/s on anything.

use std::hint::black_box;
use std::sync::Arc;

use procura_screen::redact::{Custom, Redactor, Rule};

use crate::Outcome;
use crate::process::own_cpu_micros;
use crate::texts::{self, Form, Text};

/// Sizes of each text, in bytes.
const SIZES: [usize; 3] = [4 * 1024, 64 * 1024, 1024 * 1024];
/// CPU time of one measurement: the kernel counts in hundredths of a second.
const LEAST_MICROS: u64 = 100_000;
/// Bar of ordinary texts, in MB/s.
const ORDINARY_BAR: f64 = 200.0;
/// Bar of every text, in MB/s.
const HOSTILE_BAR: f64 = 20.0;

/// `procura-bench redact`.
pub(crate) fn redact() -> Outcome<()> {
    let plain = Redactor::new();
    let operated = plain.with(Arc::new(operator_rules()?));
    println!("| text | 4 KB | 64 KB | 1 MB |\n|---|--:|--:|--:|");
    let mut short = Vec::new();
    for text in texts::ordinary() {
        short.extend(row(&plain, &text, "", ORDINARY_BAR)?);
    }
    for text in texts::ordinary() {
        short.extend(row(&operated, &text, ", 8 rules of an operator", HOSTILE_BAR)?);
    }
    for text in texts::hostile() {
        short.extend(row(&plain, &text, "", HOSTILE_BAR)?);
    }
    if short.is_empty() {
        println!("\nholds: ordinary texts at {ORDINARY_BAR} MB/s, every text at {HOSTILE_BAR} MB/s");
        return Ok(());
    }
    Err(format!("too slow: {}", short.join(", ")))
}

fn operator_rules() -> Outcome<Custom> {
    let rules: Vec<Rule> = ["BADGE", "DOOR", "CASE", "MATTER", "WARD", "CREW", "VAULT", "RACK"]
        .iter()
        .map(|word| Rule { name: word.to_lowercase(), pattern: format!(r"\b{word}-\d{{4}}-[A-Z]{{2}}\b") })
        .collect();
    Custom::compile(&rules, &[]).map_err(|error| error.to_string())
}

/// Prints the figures of one text; gives back the sizes at which it was too slow.
fn row(redactor: &Redactor, text: &Text, remark: &str, bar: f64) -> Outcome<Vec<String>> {
    let mut cells = String::new();
    let mut short = Vec::new();
    for size in SIZES {
        let written = text.of_size(size);
        let speed = megabytes_per_second(redactor, text.form, &written)?;
        cells.push_str(&format!(" {speed:.0} |"));
        if speed < bar {
            short.push(format!("{}{remark} at {} KB: {speed:.1} MB/s", text.name, size / 1024));
        }
    }
    println!("| {}{remark} |{cells}", text.name);
    Ok(short)
}

fn megabytes_per_second(redactor: &Redactor, form: Form, text: &str) -> Outcome<f64> {
    let mut best: f64 = 0.0;
    let mut turns = 1_u32;
    let mut measured = 0;
    while measured < 3 {
        let before = own_cpu_micros()?;
        for _ in 0..turns {
            let found = match form {
                Form::Text => Ok(redactor.redact(black_box(text)).count),
                Form::Json => redactor.redact_json(black_box(text)).map(|done| done.count),
            };
            black_box(found.map_err(|_| "the text is no JSON")?);
        }
        let used = own_cpu_micros()?.saturating_sub(before);
        if used < LEAST_MICROS {
            turns = turns.saturating_mul(2);
            continue;
        }
        best = best.max(text.len() as f64 * f64::from(turns) / used as f64);
        measured += 1;
    }
    Ok(best)
}
