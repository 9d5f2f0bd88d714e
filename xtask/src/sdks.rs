//! The SDKs of other languages, tested by their own languages' test runners. They know no database, so once is enough.
//! The Rust SDK is a member of the workspace and is tested with it.

use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::environment::Environment;
use crate::processes::{loud, step};
use crate::suite::count;
use crate::tally::Tally;
use crate::undertaker::Undertaker;

/// Runs the tests of the TypeScript and the Python SDK; one whose language is absent is named.
pub(crate) fn test(undertaker: &mut Undertaker, root: &Path, environment: &Environment) -> Outcome<Tally> {
    let mut tally = Tally::default();
    let languages: [(&str, &str, &[&str]); 2] = [
        ("sdk/typescript", "PROCURA_TEST_NODE", &["--test", "--test-reporter=tap"]),
        ("sdk/python", "PROCURA_TEST_PYTHON", &["-B", "tests"]),
    ];
    for (folder, program, arguments) in languages {
        let Some(program) = environment.value(program) else {
            loud(&format!("{program} names nothing: {folder} is NOT tested"));
            continue;
        };
        step(&format!("tests of {folder}"));
        let mut command = Command::new(program);
        command.args(arguments).current_dir(root.join(folder));
        let heard = count(undertaker, &mut command, environment)?;
        if heard == Tally::default() {
            return Err(format!("no test of {folder} ran"));
        }
        tally.add(heard);
    }
    Ok(tally)
}
