//! No file grows past what a stranger reads in one go: 600 production lines (style.md, "Shape").

use super::source::production;
use super::{Findings, step};
use crate::Outcome;
use crate::workspace::Workspace;

const LIMIT: usize = 600;

pub(super) fn check(workspace: &Workspace) -> Outcome<Findings> {
    let mut sizes: Vec<(usize, String)> = production(workspace)
        .into_iter()
        .map(|source| (source.lines.len(), source.path.display().to_string()))
        .collect();
    sizes.sort();
    let total: usize = sizes.iter().map(|(size, _)| size).sum();
    if let (Some((median, _)), Some((largest, file))) = (sizes.get(sizes.len() / 2), sizes.last()) {
        step(&format!(
            "{total} production lines in {} files, median {median}, largest {largest} ({file})",
            sizes.len()
        ));
    }
    Ok(too_large(&sizes))
}

fn too_large(sizes: &[(usize, String)]) -> Findings {
    sizes
        .iter()
        .filter(|(size, _)| *size > LIMIT)
        .map(|(size, file)| {
            format!("{file} has {size} production lines; split it by what it is about (limit {LIMIT})")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_itself_is_allowed() {
        let sizes = [(LIMIT, "a.rs".to_owned()), (LIMIT + 1, "b.rs".to_owned())];
        let findings = too_large(&sizes);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].starts_with("b.rs has 601"));
    }
}
