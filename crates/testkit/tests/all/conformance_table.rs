//! The table of requirements in `docs/CONFORMANCE.md` says which test proves what; here it is held against the sources, so
//! that a test which is renamed or removed cannot go on proving something.

use procura_testkit::process::workspace;
use std::{collections::HashSet, path::Path};

/// The names of all functions in Rust sources below a folder.
fn functions(folder: &Path, found: &mut HashSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            let names = source.lines().filter_map(|line| line.split_once("fn ")?.1.split(['(', '<']).next());
            found.extend(names.map(str::to_owned));
        }
    }
}

#[test]
fn every_test_that_the_table_names_exists() {
    let text = std::fs::read_to_string(workspace().join("docs/CONFORMANCE.md")).unwrap();
    let mut known = HashSet::new();
    functions(&workspace().join("crates"), &mut known);
    let (_, table) = text.split_once("requirement by requirement").unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| requirement"));
    let mut count = 0;
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [_, tests, state] = cells[..] else { panic!("not three cells: {row}") };
        let names: Vec<&str> =
            tests.split(", ").map(|name| name.trim_matches('`')).filter(|n| !n.is_empty()).collect();
        assert_eq!(state, if names.is_empty() { "open" } else { "proven" }, "{row}");
        for name in names {
            assert!(known.contains(name), "no test is called {name}: {row}");
        }
        count += 1;
    }
    assert!(count > 80, "{count} rows");
}
