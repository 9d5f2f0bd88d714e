//! `expose()` is the one word that takes a secret out of its type, so it is counted, and allowed in few places.

use std::collections::BTreeMap;
use std::path::Path;

use super::source::{Source, production};
use super::{Findings, step};
use crate::Outcome;
use crate::workspace::Workspace;

/// Where a secret may be laid open: to compute with it, to put it on the wire, to define it.
/// A form's fields are all taken into custody as they arrive, and read out there, by name.
const ALLOWED: [&str; 4] =
    ["crates/crypto/src", "crates/egress/src", "crates/model/src/secret.rs", "crates/web/src/form.rs"];

pub(super) fn check(workspace: &Workspace) -> Outcome<Findings> {
    let sources = production(workspace);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for source in &sources {
        let found = exposures(source).count();
        if found > 0 {
            *counts.entry(source.path.display().to_string()).or_default() += found;
        }
    }
    let counted: Vec<String> = counts.iter().map(|(file, count)| format!("{file} {count}")).collect();
    step(&format!("expose() is called in: {}", counted.join(", ")));
    Ok(sources.iter().flat_map(misplaced).collect())
}

fn misplaced(source: &Source) -> Findings {
    if is_allowed(&source.path) {
        return Findings::new();
    }
    exposures(source)
        .map(|number| {
            format!("{}:{number} exposes a secret; only {} may", source.path.display(), ALLOWED.join(", "))
        })
        .collect()
}

/// Line numbers of the calls; comments do not count.
fn exposures(source: &Source) -> impl Iterator<Item = usize> {
    source
        .lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.contains("expose(") && !line.trim_start().starts_with("//"))
        .map(|(number, _)| number + 1)
}

fn is_allowed(path: &Path) -> bool {
    ALLOWED.iter().any(|place| path.starts_with(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str) -> Source {
        Source {
            path: path.into(),
            lines: vec!["// expose()".to_owned(), "let open = secret.expose();".to_owned()],
        }
    }

    #[test]
    fn a_secret_may_be_exposed_in_crypto_and_nowhere_above() {
        assert!(misplaced(&source("crates/crypto/src/wrap.rs")).is_empty());
        assert!(misplaced(&source("crates/model/src/secret.rs")).is_empty());
        assert_eq!(misplaced(&source("crates/model/src/agent.rs")).len(), 1);
        assert!(misplaced(&source("crates/web/src/api/keys.rs"))[0].contains("keys.rs:2 "));
    }
}
