//! A dependency that no line names is removed. One that is there for its features alone says so in
//! `[package.metadata.cargo-machete] ignored = [..]`, the key of the tool that checks the same.

use super::Findings;
use crate::Outcome;
use crate::workspace::{Package, Workspace, rust_files};

/// Where cargo looks for code.
const PLACES: [&str; 4] = ["src", "tests", "benches", "examples"];

pub(super) fn check(workspace: &Workspace) -> Outcome<Findings> {
    Ok(workspace.members().flat_map(unused).collect())
}

fn unused(package: &Package) -> Findings {
    let mut code: String = PLACES
        .iter()
        .flat_map(|place| rust_files(&package.folder.join(place)))
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .collect();
    code.push_str(&std::fs::read_to_string(package.folder.join("build.rs")).unwrap_or_default());
    package
        .declared
        .iter()
        .filter(|(name, _)| !package.features_only.contains(name) && !names(&code, &name.replace('-', "_")))
        .map(|(name, _)| format!("{} does not use {name}", package.name))
        .collect()
}

/// Whether the code has the word, whole.
fn names(code: &str, word: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    code.match_indices(word).any(|(start, _)| {
        let before = code.get(..start).and_then(|text| text.chars().next_back());
        let after = code.get(start + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_inside_another_is_not_a_use() {
        assert!(names("use http::Uri;", "http"));
        assert!(!names("use http_body::Body;", "http"));
        assert!(names("use http_body::Body; http::get()", "http"));
    }
}
