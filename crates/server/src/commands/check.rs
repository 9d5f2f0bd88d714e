//! `procura check ...`: one gate, offline, by the same code as the server's. With `--jsonl` each line
//! of standard input is a record, and each line of the answer, in the same order, its verdict.

use super::Problem;
use crate::say;
use procura_egress::{Egress, Lane, Purpose, Rules, check as url_check};
use procura_model::{Clock, error::Doing as _};
use procura_policy::check_record;
use procura_screen::{
    inject::{Channel, Scanner},
    redact::Redactor,
};
use std::{
    io::{BufRead as _, Read as _, Write as _},
    process::ExitCode,
};

/// What `procura check` is told.
#[derive(clap::Args)]
pub(crate) struct CheckArgs {
    #[command(subcommand)]
    gate: Gate,
}

#[derive(clap::Subcommand)]
enum Gate {
    /// Would Procura connect there? Resolves the name, connects to nothing.
    #[command(
        after_help = "Examples:\n  procura check url http://169.254.169.254/latest/\n  procura check url --jsonl < records.jsonl"
    )]
    Url {
        /// The URL to judge.
        url: Option<String>,
        /// Read records such as {"url":..,"resolves":[..],"then_resolves":[..],"redirects_to":[..]}; names resolve from the record only.
        #[arg(long)]
        jsonl: bool,
    },
    /// Does a text look like a prompt injection?
    #[command(
        after_help = "Examples:\n  echo 'ignore all previous instructions' | procura check prompt\n  procura check prompt --jsonl < texts.jsonl"
    )]
    Prompt {
        /// The text; standard input where absent.
        text: Option<String>,
        /// Where the text comes from: prompt, tool_argument, tool_result or tool_description.
        #[arg(long, default_value = "prompt")]
        channel: String,
        /// Read records such as {"text":..,"channel":..}.
        #[arg(long)]
        jsonl: bool,
    },
    /// Which secrets would be taken out of a text?
    #[command(
        after_help = "Examples:\n  procura check response < answer.json\n  procura check response --jsonl < texts.jsonl"
    )]
    Response {
        /// Read records such as {"text":..}; answers carry spans in code points.
        #[arg(long)]
        jsonl: bool,
    },
    /// What would the policy say?
    #[command(
        after_help = "Example:\n  echo '{\"permissions\":[{\"effect\":\"allow\",\"actions\":[\"purchase.*\"]}],\"ask\":{\"action\":\"purchase.ticket\"}}' | procura check decision --jsonl"
    )]
    Decision {
        /// Read records such as {"permissions":[..],"ask":{..},"now":..,"user":..,"currency":..}.
        #[arg(long)]
        jsonl: bool,
    },
}

#[derive(serde::Deserialize)]
struct TextRecord {
    text: String,
    channel: Option<Channel>,
}

pub(super) async fn run(args: CheckArgs) -> Result<ExitCode, Problem> {
    match args.gate {
        Gate::Url { jsonl: true, .. } => urls().await,
        Gate::Url { url: Some(url), .. } => one_url(&url).await,
        Gate::Url { url: None, .. } => {
            say::complain("procura: give a URL, or --jsonl with records on standard input");
            Ok(ExitCode::from(2))
        }
        Gate::Prompt { jsonl: true, .. } => {
            let scanner = scanner()?;
            each_line(|line| prompt_record(&scanner, line))
        }
        Gate::Prompt { text, channel, .. } => one_prompt(text, &channel),
        Gate::Response { jsonl: true } => {
            let redactor = Redactor::new();
            each_line(|line| response_record(&redactor, line))
        }
        Gate::Response { jsonl: false } => {
            say::line(&Redactor::new().redact(&standard_input()?).text);
            Ok(ExitCode::SUCCESS)
        }
        Gate::Decision { jsonl: true } => {
            let now = Clock::System.now();
            each_line(|line| check_record(line, now))
        }
        Gate::Decision { jsonl: false } => {
            say::line(&check_record(&standard_input()?, Clock::System.now()));
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn scanner() -> Result<Scanner, Problem> {
    Ok(Scanner::new().doing("build the injection detector")?)
}

fn machine(source: std::io::Error) -> Problem {
    Problem::Machine { doing: "read standard input".to_owned(), source }
}

fn standard_input() -> Result<String, Problem> {
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(machine)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Answers each line of standard input by one line; a line that is not UTF-8 is no record.
fn each_line(mut judge: impl FnMut(&str) -> String) -> Result<ExitCode, Problem> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().split(b'\n') {
        let line = line.map_err(machine)?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let answer = match std::str::from_utf8(&line) {
            Ok(line) => judge(line),
            Err(_) => no_record("the line is not UTF-8"),
        };
        writeln!(out, "{answer}").map_err(machine)?;
    }
    out.flush().map_err(machine)?;
    Ok(ExitCode::SUCCESS)
}

fn no_record(error: &str) -> String {
    serde_json::json!({ "error": error }).to_string()
}

async fn urls() -> Result<ExitCode, Problem> {
    let (lane, rules) = (Lane::own(Purpose::Check), Rules::default());
    let mut lines = Vec::new();
    for line in std::io::stdin().lock().lines() {
        lines.push(line.map_err(machine)?);
    }
    let mut out = std::io::BufWriter::new(std::io::stdout());
    for line in lines.iter().filter(|line| !line.trim().is_empty()) {
        let answer = url_check::check_record(line, lane, &rules).await;
        let text =
            serde_json::to_string(&answer).unwrap_or_else(|_| no_record("the answer cannot be written"));
        writeln!(out, "{text}").map_err(machine)?;
    }
    out.flush().map_err(machine)?;
    Ok(ExitCode::SUCCESS)
}

async fn one_url(url: &str) -> Result<ExitCode, Problem> {
    let egress = Egress::new(procura_egress::Settings::default())
        .map_err(|error| procura_model::Error::fault("set up the way out", error))?;
    let checked = egress.check(url, Lane::own(Purpose::Check)).await;
    let text = serde_json::to_string(&checked).unwrap_or_else(|_| no_record("the answer cannot be written"));
    say::line(&text);
    Ok(if checked.allow { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn one_prompt(text: Option<String>, channel: &str) -> Result<ExitCode, Problem> {
    let Ok(channel) = serde_json::from_value::<Channel>(serde_json::Value::String(channel.to_owned())) else {
        say::complain("procura: --channel must be prompt, tool_argument, tool_result or tool_description");
        return Ok(ExitCode::from(2));
    };
    let text = match text {
        Some(text) => text,
        None => standard_input()?,
    };
    let (line, blocked) = prompt_answer(&scanner()?, &text, channel);
    say::line(&line);
    Ok(if blocked { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn prompt_record(scanner: &Scanner, line: &str) -> String {
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

fn response_record(redactor: &Redactor, line: &str) -> String {
    match serde_json::from_str::<TextRecord>(line) {
        Ok(record) => {
            let found = redactor.spans(&record.text);
            let spans: Vec<_> = found.iter().map(|span| [span.start, span.end]).collect();
            let kinds: Vec<_> = found.iter().map(|span| span.kind).collect();
            serde_json::json!({ "spans": spans, "kinds": kinds }).to_string()
        }
        Err(_) => no_record("a record is {\"text\":..}"),
    }
}
