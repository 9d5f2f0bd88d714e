//! The table of requirements in `docs/CONFORMANCE.md` says which test proves what; here it is held against the sources, so
//! that a test which is renamed or removed cannot go on proving something.

use procura_testkit::process::workspace;
use std::{collections::HashSet, path::Path};

/// The names of all tests in Rust sources below a folder: functions behind an attribute that makes them tests, and behind
/// none that leaves them out.
fn tests(folder: &Path, found: &mut HashSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            tests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let (mut is_test, mut is_left_out) = (false, false);
            for line in std::fs::read_to_string(&path).unwrap().lines().map(str::trim) {
                is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
                is_left_out |= line.starts_with("#[ignore");
                let Some((_, rest)) = line.split_once("fn ").filter(|_| !line.starts_with("//")) else {
                    continue;
                };
                if is_test && !is_left_out {
                    found.extend(rest.split(['(', '<']).next().map(str::to_owned));
                }
                (is_test, is_left_out) = (false, false);
            }
        }
    }
}

#[test]
fn every_requirement_of_the_table_has_a_test_and_every_test_that_it_names_exists() {
    let text = std::fs::read_to_string(workspace().join("docs/CONFORMANCE.md")).unwrap();
    let mut known = HashSet::new();
    tests(&workspace().join("crates"), &mut known);
    let (_, table) = text.split_once("requirement by requirement").unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| requirement"));
    let mut count = 0;
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [_, tests, state] = cells[..] else { panic!("not three cells: {row}") };
        let names: Vec<&str> =
            tests.split(", ").map(|name| name.trim_matches('`')).filter(|n| !n.is_empty()).collect();
        assert!(state == "proven" && !names.is_empty(), "nothing proves it: {row}");
        for name in names {
            assert!(known.contains(name), "no test is called {name}: {row}");
        }
        count += 1;
    }
    assert!(count > 130, "{count} rows");
}
