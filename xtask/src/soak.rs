//! `cargo xtask soak NAME`: one long proof, in release mode, with databases of its own.
//!
//! Long proofs (races of a thousand rounds, series of `kill -9`) are tests in `crates/testkit/tests/soak.rs` and the folder
//! `soak` beside it. Each returns at once unless `PROCURA_SOAK` names it, so that the daily suite compiles them and skips them.

use std::path::Path;

use crate::Outcome;
use crate::processes::{cargo, must, step};
use crate::services::Folder;
use crate::suite::{count, ready};
use crate::tools::Install;
use crate::undertaker::Undertaker;
use crate::workspace::{Workspace, rust_files};

pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    let workspace = Workspace::load()?;
    let proofs = proofs(&workspace.root);
    match arguments {
        [] => {
            list(&proofs);
            Ok(())
        }
        [name] if proofs.iter().any(|(known, _)| known == name) => prove(&workspace, name),
        [name] => Err(format!("there is no long proof {name}; `cargo xtask soak` lists them")),
        _ => Err("soak takes one name".to_owned()),
    }
}

fn list(proofs: &[(String, String)]) {
    if proofs.is_empty() {
        println!("crates/testkit/tests/soak.rs holds no long proof yet");
    }
    for (name, meaning) in proofs {
        println!("{name:<32} {meaning}");
    }
}

fn prove(workspace: &Workspace, name: &str) -> Outcome<()> {
    let mut undertaker = Undertaker::start()?;
    let mut environment = ready(&mut undertaker, workspace, Install::Missing, Folder::Removed)?;
    let packages = ["-p", "procura-server", "-p", "procura-testkit"];
    step("building in release mode");
    must(cargo().args(["build", "--release", "--all-targets"]).args(packages))?;
    environment.set("PROCURA_SOAK", name);
    environment.set("PROCURA_TEST_BINARY", workspace.target.join("release/procura"));
    let mut command = cargo();
    command.args(["test", "--release", "--test", "soak"]).args(packages);
    command.args(["--", name, "--nocapture", "--test-threads=1"]);
    let tally = count(&mut undertaker, &mut command, &environment)?;
    drop(undertaker);
    println!("{} passed, {} failed", tally.passed, tally.failed);
    if tally.failed > 0 || tally.passed == 0 {
        return Err(format!("{name} does not hold"));
    }
    Ok(())
}

/// Names and first sentences of the proofs, as their source has them.
fn proofs(root: &Path) -> Vec<(String, String)> {
    let tests = root.join("crates/testkit/tests");
    let mut files = vec![tests.join("soak.rs")];
    files.extend(rust_files(&tests.join("soak")));
    files
        .iter()
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .flat_map(|source| named_in(&source))
        .collect()
}

fn named_in(source: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut meaning = String::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if let Some(sentence) = line.strip_prefix("///") {
            if meaning.is_empty() {
                sentence.trim().clone_into(&mut meaning);
            }
        } else if line.starts_with("#[test") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if !line.starts_with("#[") {
            if is_test && let Some(name) = function_name(line) {
                found.push((name.to_owned(), std::mem::take(&mut meaning)));
            }
            is_test = false;
            meaning.clear();
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("fn ")?;
    rest.split(['(', '<']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proofs_are_named_with_their_first_sentence() {
        let source = "/// Kills the server twenty times.\n/// More.\n#[tokio::test]\nasync fn kill_nine() {\n}\n\n/// Not a test.\nfn help() {}\n#[test]\nfn race() {}\n";
        let found = named_in(source);
        assert_eq!(
            found,
            [
                ("kill_nine".to_owned(), "Kills the server twenty times.".to_owned()),
                ("race".to_owned(), String::new())
            ]
        );
    }
}
