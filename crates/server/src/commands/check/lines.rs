//! Records in, verdicts out: one line for one line, in the same order.

use crate::commands::Problem;
use std::{
    io::{BufRead as _, Read as _, Write as _},
    process::ExitCode,
};

pub(super) fn machine(source: std::io::Error) -> Problem {
    Problem::Machine { doing: "read standard input".to_owned(), source }
}

pub(super) fn standard_input() -> Result<String, Problem> {
    Ok(String::from_utf8_lossy(&standard_input_bytes()?).into_owned())
}

pub(super) fn standard_input_bytes() -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(machine)?;
    Ok(bytes)
}

/// Answers each line of standard input by one line; a line that is not UTF-8 is no record.
pub(super) fn each_line(mut judge: impl FnMut(&str) -> String) -> Result<ExitCode, Problem> {
    each_numbered_line(|_, line| judge(line))
}

/// The same for a judge that says in which line something is wrong; the first is 1.
pub(super) fn each_numbered_line(mut judge: impl FnMut(usize, &str) -> String) -> Result<ExitCode, Problem> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for (index, line) in std::io::stdin().lock().split(b'\n').enumerate() {
        let line = line.map_err(machine)?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let answer = match std::str::from_utf8(&line) {
            Ok(line) => judge(index + 1, line),
            Err(_) => no_record("the line is not UTF-8"),
        };
        writeln!(out, "{answer}").map_err(machine)?;
    }
    out.flush().map_err(machine)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn no_record(error: &str) -> String {
    serde_json::json!({ "error": error }).to_string()
}
