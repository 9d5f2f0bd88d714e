//! `procura check url`: the gate of every way out.

use super::lines::{machine, no_record};
use crate::{commands::Problem, say};
use procura_egress::{Egress, Lane, Purpose, Rules, check as url_check};
use std::{
    io::{BufRead as _, Write as _},
    process::ExitCode,
};

pub(super) async fn urls() -> Result<ExitCode, Problem> {
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

pub(super) async fn one_url(url: &str) -> Result<ExitCode, Problem> {
    let egress = Egress::new(procura_egress::Settings::default())
        .map_err(|error| procura_model::Error::fault("set up the way out", error))?;
    let checked = egress.check(url, Lane::own(Purpose::Check)).await;
    let text = serde_json::to_string(&checked).unwrap_or_else(|_| no_record("the answer cannot be written"));
    say::line(&text);
    if !checked.allow && !url.contains("://") {
        say::complain(&format!("procura: a URL begins with its scheme, for example http://{url}"));
    }
    Ok(if checked.allow { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
