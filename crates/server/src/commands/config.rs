//! `procura config`: the values in force, and where each comes from.

use super::Problem;
use crate::{
    config::{ConfigError, Overrides, Settings, figment},
    say,
};
use figment::value::{Dict, Value};
use std::{path::Path, process::ExitCode};

pub(super) fn run(file: Option<&Path>, overrides: &Overrides) -> Result<ExitCode, Problem> {
    let settings = Settings::load(file, overrides)?;
    let figment = figment(file, overrides);
    let values: Dict = figment.extract().map_err(|error| ConfigError::Source(Box::new(error)))?;
    for (key, value) in &values {
        print(&figment, key, value);
    }
    if let Some(opinion) = &settings.app.second_opinion {
        let written = values.get("screen").and_then(|screen| screen.find_ref("second_opinion"));
        let has = |field: &str| written.is_some_and(|table| table.find_ref(field).is_some());
        let deadline_ms = opinion.deadline.as_millis().to_string();
        for (field, value) in [("deadline_ms", deadline_ms.as_str()), ("band", "\"medium\"")] {
            if !has(field) {
                say::line(&format!("screen.second_opinion.{field} = {value}    # default"));
            }
        }
    }
    let derived = [
        ("database_url", settings.database_url),
        ("public_url", settings.app.public_url),
        ("root_key_file", settings.root_key_file.display().to_string()),
    ];
    for (key, value) in derived {
        if !values.contains_key(key) {
            say::line(&format!("{key} = {value:?}    # default"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print(figment: &figment::Figment, path: &str, value: &Value) {
    if let Value::Dict(_, members) = value {
        for (key, member) in members {
            print(figment, &format!("{path}.{key}"), member);
        }
        return;
    }
    let source = figment.find_metadata(path).map_or_else(
        || "default".to_owned(),
        |metadata| match &metadata.source {
            Some(source) => source.to_string(),
            None if metadata.name.contains("procura_server::config::Raw") => "default".to_owned(),
            None if metadata.name.contains("Overrides") => "command line".to_owned(),
            None => metadata.name.to_string(),
        },
    );
    let source = if source.contains(".rs") { "default".to_owned() } else { source };
    say::line(&format!("{path} = {}    # {source}", shown(path, value)));
}

/// Values that may hold a password are not printed.
fn shown(path: &str, value: &Value) -> String {
    if path.ends_with("_url") && value.as_str().is_some_and(|text| text.contains('@')) {
        return "\"[set]\"".to_owned();
    }
    if path.contains(".env") {
        return "[set]".to_owned();
    }
    serde_json::to_string(value).unwrap_or_else(|_| "?".to_owned())
}
