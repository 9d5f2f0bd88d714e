//! `procura check ...`: one gate, offline, by the same code as the server's. With `--jsonl` each line
//! of standard input is a record, and each line of the answer, in the same order, its verdict.

mod lines;
mod prompt;
mod redirect;
mod report;
mod response;
mod token;
mod url;

use super::Problem;
use crate::{config::Overrides, say};
use lines::{each_line, each_numbered_line, standard_input};
use procura_model::{Clock, TenantId};
use procura_policy::check_record;
use procura_screen::{inject::Channel, redact::Redactor};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};
use token::Method;

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
        after_help = "Examples:\n  echo 'ignore all previous instructions' | procura check prompt\n  procura check prompt --channel tool_result --document < result.json\n  procura check prompt --jsonl < texts.jsonl\n  procura check prompt --model other.bin --jsonl < texts.jsonl\n  procura check prompt --report labelled.jsonl\n  procura check prompt --report --last-days 7\n\nLabelled records: {\"text\":..,\"label\":0|1,\"source\":..,\"channel\":..}. --last-days reads the database that the\nconfiguration names, also while a server has it open, and changes nothing."
    )]
    Prompt {
        /// The text; standard input where absent.
        #[arg(conflicts_with_all = ["jsonl", "report"])]
        text: Option<String>,
        /// Where the text comes from: prompt, tool_argument, tool_result or tool_description; prompt where absent.
        #[arg(long, value_parser = prompt::channel, conflicts_with_all = ["jsonl", "report"])]
        channel: Option<Channel>,
        /// The text is a JSON document, read as the gateway reads arguments, results and definitions; otherwise it is
        /// read as plain text, whatever it looks like.
        #[arg(long, conflicts_with_all = ["jsonl", "report"])]
        document: bool,
        /// Read records such as {"text":..,"channel":..}.
        #[arg(long)]
        jsonl: bool,
        #[command(flatten)]
        report: ReportArgs,
        /// Asks this screening model instead of the one inside the program.
        #[arg(long)]
        model: Option<std::path::PathBuf>,
    },
    /// Which secrets would be taken out of a text? By the built-in rules alone: an organization's own redaction rules lie
    /// in its database and are not applied here; try them under Settings, Secrets in results.
    #[command(
        after_help = "Examples:\n  procura check response 'password: hunter2'\n  procura check response < answer.json\n  procura check response --jsonl < texts.jsonl"
    )]
    Response {
        /// The text; standard input where absent.
        #[arg(conflicts_with = "jsonl")]
        text: Option<String>,
        /// Read records such as {"text":..}; answers carry spans in code points.
        #[arg(long)]
        jsonl: bool,
    },
    /// Whom does a user's token name, and if nobody, why?
    #[command(
        after_help = "Examples:\n  procura check token --method signed-token < record.json\n  procura check token --method jwt --jsonl < records.jsonl"
    )]
    Token {
        /// How the token is verified.
        #[arg(long, value_enum)]
        method: Method,
        /// Read records such as {"token":..,"config":{"secret":..,"now":..}} or {"token":..,"jwks":{..},"config":{"iss":..,"aud":..,"now":..}}.
        #[arg(long)]
        jsonl: bool,
    },
    /// Can a client register this redirect URI, or be answered there?
    #[command(
        after_help = "Examples:\n  procura check redirect-uri https://app.example.com/callback\n  procura check redirect-uri http://127.0.0.1:51004/cb --registered http://127.0.0.1/cb\n  procura check redirect-uri --jsonl < records.jsonl"
    )]
    RedirectUri {
        /// The URI to judge.
        #[arg(required_unless_present = "jsonl")]
        uri: Option<String>,
        /// What the client registered; without any, the question is whether it can register the URI.
        #[arg(long, value_name = "URI")]
        registered: Vec<String>,
        /// Read records such as {"op":"register"|"authorize","registered":[..],"uri":..}.
        #[arg(long)]
        jsonl: bool,
    },
    /// What would the policy say?
    #[command(
        after_help = "Example:\n  echo '{\"permissions\":[{\"effect\":\"allow\",\"actions\":[\"purchase.*\"]}],\"ask\":{\"action\":\"purchase.ticket\"}}' | procura check decision --jsonl\n\nFacts: {\"user\":\"ada\",\"currency\":\"USD\",\"spent\":[{\"permission\":1,\"amount\":\"742.00\",\"count\":2}]}\n  spent is what was committed and held within the window of a permission, named by its id or by its\n  place (the first is 1). A window that spent does not name has spent nothing."
    )]
    Decision {
        /// Read records such as {"permissions":[..],"ask":{..},"now":..,"facts":{"user":..,"currency":..,"spent":[..]}}.
        #[arg(long)]
        jsonl: bool,
    },
}

/// What `procura check prompt --report` is told.
#[derive(clap::Args)]
struct ReportArgs {
    /// Print recall and false positives by source and channel for a file of labelled texts.
    #[arg(long, value_name = "FILE", conflicts_with = "jsonl")]
    report: Option<Option<PathBuf>>,
    /// Print what the screens found in so many last days instead, 1 to 90.
    #[arg(long, value_name = "DAYS", requires = "report", value_parser = clap::value_parser!(i64).range(1..=90))]
    last_days: Option<i64>,
    /// Of this organization alone.
    #[arg(long, value_name = "ID", requires = "last_days")]
    organization: Option<TenantId>,
    /// Print the report as JSON.
    #[arg(long, requires = "report")]
    json: bool,
}

pub(super) async fn run(
    args: CheckArgs,
    file: Option<&Path>,
    overrides: &Overrides,
) -> Result<ExitCode, Problem> {
    match args.gate {
        Gate::Url { jsonl: true, .. } => url::urls().await,
        Gate::Url { url: Some(url), .. } => url::one_url(&url).await,
        Gate::Url { url: None, .. } => {
            say::complain("procura: give a URL, or --jsonl with records on standard input");
            Ok(ExitCode::from(2))
        }
        Gate::Prompt {
            report: ReportArgs { report: Some(labelled), last_days, organization, json },
            model,
            ..
        } => {
            let shape = if json { report::As::Json } else { report::As::Table };
            match (labelled, last_days) {
                (Some(labelled), None) => report::of_file(&labelled, model.as_deref(), shape),
                (None, Some(days)) => {
                    report::of_last_days(days, organization, (file, overrides), shape).await
                }
                _ => {
                    say::complain("procura: --report takes either a file of labelled texts, or --last-days");
                    Ok(ExitCode::from(2))
                }
            }
        }
        Gate::Prompt { jsonl: true, model, .. } => {
            let scanner = prompt::scanner(model.as_deref())?;
            each_numbered_line(|number, line| prompt::prompt_record(&scanner, (number, line)))
        }
        Gate::Prompt { text, channel, document, model, .. } => {
            let shape = if document { prompt::Shape::Document } else { prompt::Shape::Text };
            prompt::one_prompt(text, (channel.unwrap_or(Channel::Prompt), shape), model.as_deref())
        }
        Gate::Response { jsonl: true, .. } => {
            let redactor = Redactor::new();
            each_line(|line| response::response_record(&redactor, line))
        }
        Gate::Response { text, jsonl: false } => {
            let text = match text {
                Some(text) => text,
                None => standard_input()?,
            };
            say::line(&Redactor::new().redact(&text).text);
            Ok(ExitCode::SUCCESS)
        }
        Gate::Token { method, jsonl: true } => each_line(|line| token::record(method, line)),
        Gate::Token { method, jsonl: false } => Ok(token::one(method, &standard_input()?)),
        Gate::RedirectUri { jsonl: true, .. } => each_line(redirect::record),
        Gate::RedirectUri { uri, registered, .. } => Ok(redirect::one(&uri.unwrap_or_default(), &registered)),
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
