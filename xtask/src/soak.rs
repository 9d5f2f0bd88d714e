//! `cargo xtask soak NAME`: one long proof, in release mode, with databases of its own.
//!
//! Long proofs (races of a thousand rounds, series of `kill -9`) are tests in `crates/testkit/tests/soak.rs` and the folder
//! `soak` beside it. Each returns at once unless `PROCURA_SOAK` names it, so that the daily suite compiles them and skips them.
//! Properties of a pure room are tests of that room; their long proof is the same tests with many more cases.

use std::path::Path;

use crate::Outcome;
use crate::environment::Environment;
use crate::processes::{cargo, must, step};
use crate::services::Folder;
use crate::suite::{count, ready};
use crate::tally::Tally;
use crate::tools::Install;
use crate::undertaker::Undertaker;
use crate::workspace::{Workspace, rust_files};

/// How long a property's proof is: cases of each test, or seconds.
const CASES: (&str, &str) = ("PROPTEST_CASES", "100000");
const SECONDS: (&str, &str) = ("PROCURA_SOAK_SECONDS", "600");

/// Properties of a pure room that have a long proof.
struct Property {
    name: &'static str,
    meaning: &'static str,
    package: &'static str,
    features: &'static str,
    /// Where the package has its tests: `--lib`, or one of its files.
    target: &'static [&'static str],
    /// Which of them.
    tests: &'static str,
    /// What makes them long.
    length: (&'static str, &'static str),
}

const PROPERTIES: [Property; 3] = [
    Property {
        name: "could-allow",
        meaning: "What any arguments could get is listed, and what the list hides no arguments get: 100,000 policies.",
        package: "procura-policy",
        features: "",
        target: &["--lib"],
        tests: "decide::tests::properties::",
        length: CASES,
    },
    Property {
        name: "cedar",
        meaning: "Permissions written as Cedar decide as ours do: 100,000 documents and requests.",
        package: "procura-policy",
        features: "cedar",
        target: &["--lib"],
        tests: "cedar::",
        length: CASES,
    },
    Property {
        name: "screen",
        meaning: "Texts by chance: no planted secret passes, documents stay documents, cuts and fences hold: ten minutes each.",
        package: "procura-screen",
        features: "",
        target: &["--test", "soak"],
        tests: "soak::",
        length: SECONDS,
    },
];

pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    let workspace = Workspace::load()?;
    let proofs = proofs(&workspace.root);
    match arguments {
        [] => {
            list(&proofs);
            Ok(())
        }
        [name] if PROPERTIES.iter().any(|property| property.name == name) => prove_property(name),
        [name] if proofs.iter().any(|(known, _)| known == name) => prove(&workspace, name),
        [name] => Err(format!("there is no long proof {name}; `cargo xtask soak` lists them")),
        _ => Err("soak takes one name".to_owned()),
    }
}

fn list(proofs: &[(String, String)]) {
    if proofs.is_empty() {
        println!("crates/testkit/tests/soak.rs holds no long proof yet");
    }
    for Property { name, meaning, .. } in &PROPERTIES {
        println!("{name:<32} {meaning}");
    }
    for (name, meaning) in proofs {
        println!("{name:<32} {meaning}");
    }
}

/// Needs no database and no tool.
fn prove_property(name: &str) -> Outcome<()> {
    let Some(property) = PROPERTIES.iter().find(|property| property.name == name) else {
        return Err(format!("there is no property {name}"));
    };
    let mut environment = Environment::default();
    environment.set(property.length.0, property.length.1);
    let mut command = cargo();
    command.args(["test", "--release", "-p", property.package, "--features", property.features]);
    command.args(property.target);
    command.args(["--", property.tests, "--nocapture"]);
    let mut undertaker = Undertaker::start()?;
    report(name, &count(&mut undertaker, &mut command, &environment)?)
}

fn report(name: &str, tally: &Tally) -> Outcome<()> {
    println!("{} passed, {} failed", tally.passed, tally.failed);
    if tally.failed > 0 || tally.passed == 0 {
        return Err(format!("{name} does not hold"));
    }
    Ok(())
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
    report(name, &tally)
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
