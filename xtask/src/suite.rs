//! `cargo xtask test`: the whole suite on SQLite with the SDKs, then what touches the store once more on PostgreSQL.
//!
//! One build serves both passes. The second pass runs the built test programs itself: asking cargo for a part of the
//! workspace would resolve other features and compile everything again. The last line is `N passed, N failed`.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::Outcome;
use crate::environment::Environment;
use crate::processes::{cargo, loud, step};
use crate::sdks;
use crate::services::{Folder, Services};
use crate::tally::Tally;
use crate::tools::{Install, Tools};
use crate::undertaker::Undertaker;
use crate::workspace::Workspace;

/// The room whose users are tested on both databases.
const STORE: &str = "procura-store";

/// What the command line asks for.
struct Wish {
    sqlite: bool,
    postgres: bool,
    install: Install,
    folder: Folder,
    filter: Vec<String>,
}

/// A test program that cargo built.
struct TestProgram {
    package: String,
    file: PathBuf,
}

/// What the one build gave.
pub(crate) struct Built {
    /// The server.
    pub(crate) procura: Option<PathBuf>,
    tests: Vec<TestProgram>,
}

pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    let wish = read(arguments)?;
    let mut undertaker = Undertaker::start()?;
    let mut tally = Tally::default();
    let outcome = run_passes(&wish, &mut undertaker, &mut tally);
    tally.ended(outcome.is_ok());
    // The databases end before the last line is printed, and also when something above failed.
    drop(undertaker);
    if let Err(reason) = &outcome {
        loud(reason);
    }
    println!("{} passed, {} failed", tally.passed, tally.failed);
    if tally.failed > 0 {
        return Err("the suite failed".to_owned());
    }
    if tally.passed == 0 {
        return Err("no test ran: does the filter name one?".to_owned());
    }
    Ok(())
}

fn read(arguments: &[String]) -> Outcome<Wish> {
    let mut wish = Wish {
        sqlite: true,
        postgres: true,
        install: Install::Missing,
        folder: Folder::Removed,
        filter: Vec::new(),
    };
    for argument in arguments {
        match argument.as_str() {
            "--sqlite" => wish.postgres = false,
            "--postgres" => wish.sqlite = false,
            "--no-install" => wish.install = Install::Nothing,
            "--keep" => wish.folder = Folder::Kept,
            flag if flag.starts_with('-') => return Err(format!("test knows no {flag}")),
            filter => wish.filter.push(filter.to_owned()),
        }
    }
    if !wish.sqlite && !wish.postgres {
        return Err("--sqlite and --postgres exclude each other; without both, both run".to_owned());
    }
    Ok(wish)
}

fn run_passes(wish: &Wish, undertaker: &mut Undertaker, tally: &mut Tally) -> Outcome<()> {
    let began = Instant::now();
    let workspace = Workspace::load()?;
    let mut environment = ready(undertaker, &workspace, wish.install, wish.folder)?;
    let has_postgres = environment.variables.iter().any(|(name, _)| *name == "TEST_POSTGRES_URL");
    if wish.postgres && !has_postgres {
        return Err("no PostgreSQL; install it, or run with --sqlite".to_owned());
    }
    step(&format!("tools and databases are ready after {} s", began.elapsed().as_secs()));
    let built = build(undertaker)?;
    step(&format!("built after {} s", began.elapsed().as_secs()));
    if let Some(procura) = &built.procura {
        environment.set("PROCURA_TEST_BINARY", procura);
    }
    if wish.sqlite {
        environment.set("TEST_DATABASE", "sqlite");
        tally.add(everything(undertaker, &environment, &wish.filter)?);
        if wish.filter.is_empty() {
            tally.add(sdks::test(undertaker, &workspace.root, &environment)?);
        }
        step(&format!("pass on SQLite: {tally:?} after {} s", began.elapsed().as_secs()));
    }
    if wish.postgres {
        environment.set("TEST_DATABASE", "postgres");
        let above = workspace.above(STORE);
        for program in built.tests.iter().filter(|program| above.contains(&program.package)) {
            tally.add(one(undertaker, &workspace, program, (&environment, &wish.filter))?);
        }
        step(&format!("with the pass on PostgreSQL: {tally:?} after {} s", began.elapsed().as_secs()));
    }
    Ok(())
}

/// Tools, databases and corpora, as variables.
pub(crate) fn ready(
    undertaker: &mut Undertaker,
    workspace: &Workspace,
    install: Install,
    folder: Folder,
) -> Outcome<Environment> {
    let mut environment = Environment::default();
    let tools = Tools::ready(undertaker, &workspace.root, &workspace.target, install)?;
    environment.tools(&tools);
    environment.services(&Services::start(undertaker, folder)?);
    environment.corpora(&workspace.root);
    Ok(environment)
}

/// Builds every target of every package once and hears where the programs are.
pub(crate) fn build(undertaker: &mut Undertaker) -> Outcome<Built> {
    let mut command = cargo();
    command.args(["build", "--workspace", "--all-targets", "--message-format=json-render-diagnostics"]);
    let mut built = Built { procura: None, tests: Vec::new() };
    let is_built = listen(undertaker, &mut command, |line| built.hear(line))?;
    if is_built {
        return Ok(built);
    }
    Err("the workspace does not compile".to_owned())
}

impl Built {
    fn hear(&mut self, line: &str) {
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            return;
        };
        let Some(file) = message.get("executable").and_then(Value::as_str) else {
            return;
        };
        if message.pointer("/profile/test").and_then(Value::as_bool) == Some(true) {
            let package = message.get("package_id").and_then(Value::as_str).unwrap_or_default();
            self.tests.push(TestProgram { package: package.to_owned(), file: PathBuf::from(file) });
        } else if message.pointer("/target/name").and_then(Value::as_str) == Some("procura") {
            self.procura = Some(PathBuf::from(file));
        }
    }
}

/// The first pass: cargo's own way, with the examples in the documentation.
fn everything(undertaker: &mut Undertaker, environment: &Environment, filter: &[String]) -> Outcome<Tally> {
    let mut command = cargo();
    command.args(["test", "--workspace", "--no-fail-fast", "--"]).args(filter);
    count(undertaker, &mut command, environment)
}

/// One program of the second pass, started as cargo would.
fn one(
    undertaker: &mut Undertaker,
    workspace: &Workspace,
    program: &TestProgram,
    (environment, filter): (&Environment, &[String]),
) -> Outcome<Tally> {
    let Some(package) = workspace.package(&program.package) else {
        return Err(format!("cargo built for the unknown package {}", program.package));
    };
    step(&format!("on PostgreSQL: {} {}", package.name, program.file.display()));
    let mut command = Command::new(&program.file);
    command
        .args(filter)
        .current_dir(&package.folder)
        .env("CARGO_MANIFEST_DIR", &package.folder)
        .env("CARGO_PKG_NAME", &package.name)
        .env("CARGO_PKG_VERSION", &package.version);
    count(undertaker, &mut command, environment)
}

/// Runs a program of tests and counts what it reports.
pub(crate) fn count(
    undertaker: &mut Undertaker,
    command: &mut Command,
    environment: &Environment,
) -> Outcome<Tally> {
    command.envs(environment.variables.iter().map(|(name, value)| (name, value)));
    let mut tally = Tally::default();
    let success = listen(undertaker, command, |line| {
        println!("{line}");
        tally.hear(line);
    })?;
    tally.ended(success);
    Ok(tally)
}

/// Runs a program that ends with us, and hears its lines. True if it succeeded.
fn listen(undertaker: &mut Undertaker, command: &mut Command, mut hear: impl FnMut(&str)) -> Outcome<bool> {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = undertaker.spawn(command)?;
    if let Some(output) = child.stdout.take() {
        let mut reader = BufReader::new(output);
        let mut line = Vec::new();
        // A test may print any bytes, so lines are not assumed to be text.
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            hear(String::from_utf8_lossy(&line).trim_end());
            line.clear();
        }
    }
    let status =
        child.wait().map_err(|error| format!("cannot wait for {:?}: {error}", command.get_program()))?;
    undertaker.has_ended(&child)?;
    Ok(status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_counted_and_its_failure_is_not_lost() {
        let mut undertaker = Undertaker::start().unwrap();
        let mut count = |script: &str| {
            super::count(&mut undertaker, Command::new("sh").args(["-c", script]), &Environment::default())
                .unwrap()
        };
        assert_eq!(count("echo 'test result: ok. 2 passed; 0 failed;'"), Tally { passed: 2, failed: 0 });
        assert_eq!(count("exit 3"), Tally { passed: 0, failed: 1 });
    }

    #[test]
    fn both_passes_run_unless_one_is_named() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let wish = read(&words(&["--keep", "budget"])).unwrap();
        assert!(wish.sqlite && wish.postgres && wish.filter == ["budget"]);
        assert!(!read(&words(&["--sqlite"])).unwrap().postgres);
        assert!(read(&words(&["--sqlite", "--postgres"])).is_err());
        assert!(read(&words(&["--fast"])).is_err());
    }

    #[test]
    fn the_build_tells_servers_from_test_programs() {
        let mut built = Built { procura: None, tests: Vec::new() };
        built.hear(r#"{"reason":"compiler-artifact","package_id":"a","target":{"name":"procura"},"profile":{"test":true},"executable":"/t/deps/procura-1"}"#);
        built.hear(r#"{"reason":"compiler-artifact","package_id":"a","target":{"name":"procura"},"profile":{"test":false},"executable":"/t/procura"}"#);
        built.hear(r#"{"reason":"compiler-artifact","package_id":"b","target":{"name":"b"},"profile":{"test":false},"executable":null}"#);
        assert_eq!(built.procura, Some(PathBuf::from("/t/procura")));
        assert_eq!(built.tests.len(), 1);
    }
}
