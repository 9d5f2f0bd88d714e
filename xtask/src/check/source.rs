//! Which lines of a file are production code.

use std::path::{Path, PathBuf};

use crate::workspace::{Workspace, rust_files};

/// One file of a room, with the lines that are shipped.
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) lines: Vec<String>,
}

/// The production code below `crates/`, the test kit left out.
pub(super) fn production(workspace: &Workspace) -> Vec<Source> {
    let crates = workspace.root.join("crates");
    let mut members: Vec<&Path> = workspace
        .members()
        .filter(|member| member.folder.starts_with(&crates) && member.name != "procura-testkit")
        .map(|member| member.folder.as_path())
        .collect();
    members.sort();
    members
        .into_iter()
        .flat_map(|folder| rust_files(&folder.join("src")))
        .filter(|path| !is_test_file(path))
        .map(|path| Source {
            lines: shipped(&std::fs::read_to_string(&path).unwrap_or_default()),
            path: path.strip_prefix(&workspace.root).map(Path::to_owned).unwrap_or(path),
        })
        .collect()
}

fn is_test_file(path: &Path) -> bool {
    path.file_stem()
        .and_then(|stem| stem.to_str())
        .is_some_and(|stem| stem.ends_with("_tests") || stem == "tests")
}

/// Everything before the test module. A lone `#[cfg(test)]` item further up does not hide what follows it.
fn shipped(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let end = lines
        .iter()
        .enumerate()
        .position(|(number, line)| {
            line.trim() == "#[cfg(test)]"
                && lines
                    .iter()
                    .skip(number + 1)
                    .find(|next| !next.trim_start().starts_with("#["))
                    .is_some_and(|next| next.starts_with("mod "))
        })
        .unwrap_or(lines.len());
    lines.into_iter().take(end).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_ends_at_the_test_module_and_not_at_a_test_function() {
        let text = "fn a() {}\n#[cfg(test)]\nfn b() {}\nfn c() {}\n#[cfg(test)]\n#[path = \"a_tests.rs\"]\nmod tests;\n";
        assert_eq!(shipped(text).len(), 4);
        assert_eq!(shipped("fn a() {}\n").len(), 1);
    }

    #[test]
    fn files_of_tests_are_known_by_their_names() {
        assert!(is_test_file(Path::new("src/decide_tests.rs")));
        assert!(!is_test_file(Path::new("src/attests.rs")));
    }
}
