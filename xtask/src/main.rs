//! `cargo xtask`: everything that CI runs, and nothing that only CI can run.
//!
//! Written with the standard library alone (and JSON and TOML readers), because it must build and work on a machine that
//! has nothing but Rust and a C compiler. Each command is one module; this file only chooses.

mod check;
mod environment;
mod processes;
mod sdk_types;
mod sdks;
mod services;
mod soak;
mod suite;
mod tally;
mod tools;
mod undertaker;
mod workspace;

use std::process::ExitCode;

const HELP: &str = "\
What CI runs, for everybody.

USAGE
    cargo xtask check                      format, clippy, floors, sizes, secrets, licences, generated files
    cargo xtask test [FLAGS] [FILTER]      the whole suite, on SQLite and then on PostgreSQL, and the SDKs
    cargo xtask soak [NAME]                one long proof in release mode; without a name: the list of them
    cargo xtask sdk-types [FILE]           the SDKs' types, from openapi.json or another document
    cargo xtask services                   own PostgreSQL and Redis until Ctrl-C; prints the environment for tests

FLAGS OF test
    FILTER          only Rust tests whose name contains the word; without the SDKs of other languages
    --sqlite        only the pass on SQLite
    --postgres      only the pass on PostgreSQL (the crates that touch the store)
    --no-install    use what is there, install nothing; what is missing is named
    --keep          keep the temporary folder (database files, logs) afterwards

FLAGS OF check
    --quick         without clippy and without building the binary

EXAMPLES
    cargo xtask check --quick
    cargo xtask test --sqlite a_used_code
    cargo xtask services
    cargo xtask soak kill_nine

PostgreSQL and Redis are always our own: on free ports, in a temporary folder, never those of the machine.
";

/// Every command says by this what went wrong; there is nobody to catch it but `main`.
pub(crate) type Outcome<T> = Result<T, String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("xtask: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Outcome<()> {
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", arguments),
    };
    if rest.iter().any(|word| word == "--help" || word == "-h") {
        print!("{HELP}");
        return Ok(());
    }
    match command {
        "check" => check::run(rest),
        "test" => suite::run(rest),
        "soak" => soak::run(rest),
        "sdk-types" => sdk_types::run(rest),
        "services" => services::run_until_stopped(rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("there is no command `{other}`; `cargo xtask --help` lists them")),
    }
}
