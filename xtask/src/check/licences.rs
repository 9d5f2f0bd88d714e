//! Licences, bans and sources of every crate we ship, by the rules in `deny.toml`.
//!
//! That file is cargo-deny's own format, and this reads the part of it that needs no network, so that the rules hold also
//! where cargo-deny is not installed. One file of rules, two readers.

use std::collections::{BTreeMap, BTreeSet};

use super::Findings;
use crate::Outcome;
use crate::workspace::{Package, Workspace};

/// The part of `deny.toml` that we obey.
struct Rules {
    licences: BTreeSet<String>,
    /// Each with those that may use it all the same (`wrappers`).
    banned: BTreeMap<String, BTreeSet<String>>,
}

pub(super) fn check(workspace: &Workspace) -> Outcome<Findings> {
    let path = workspace.root.join("deny.toml");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("cannot read {path:?}: {error}"))?;
    let rules = read(&text)?;
    Ok(workspace.packages.iter().filter_map(|package| wrong(package, &rules, workspace)).collect())
}

fn read(text: &str) -> Outcome<Rules> {
    let table: toml::Table = text.parse().map_err(|error| format!("deny.toml: {error}"))?;
    let licences: BTreeSet<String> = entries(&table, "licenses", "allow")
        .iter()
        .filter_map(|entry| entry.as_str().map(str::to_owned))
        .collect();
    let banned: BTreeMap<String, BTreeSet<String>> = entries(&table, "bans", "deny")
        .iter()
        .filter_map(|entry| Some((entry.get("crate")?.as_str()?.to_owned(), wrappers(entry))))
        .collect();
    if licences.is_empty() || banned.is_empty() {
        return Err("deny.toml names no licence or no ban; that cannot be meant".to_owned());
    }
    Ok(Rules { licences, banned })
}

fn entries<'a>(table: &'a toml::Table, section: &str, name: &str) -> &'a [toml::Value] {
    table
        .get(section)
        .and_then(|section| section.get(name))
        .and_then(toml::Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn wrappers(entry: &toml::Value) -> BTreeSet<String> {
    let listed = entry.get("wrappers").and_then(toml::Value::as_array);
    listed.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// Whether somebody uses the package who may not.
fn is_banned(package: &Package, rules: &Rules, workspace: &Workspace) -> bool {
    let Some(wrappers) = rules.banned.get(&package.name) else { return false };
    let uses = |user: &&Package| workspace.edges(&user.id).iter().any(|(to, _)| *to == package.id);
    let mut users = workspace.packages.iter().filter(uses);
    wrappers.is_empty() || users.any(|user| !wrappers.contains(&user.name))
}

fn wrong(package: &Package, rules: &Rules, workspace: &Workspace) -> Option<String> {
    let named = format!("{} {}", package.name, package.version);
    if is_banned(package, rules, workspace) {
        return Some(format!("{named} is banned by deny.toml, which says why"));
    }
    match &package.source {
        None if !package.folder.starts_with(&workspace.root) => {
            return Some(format!("{named} is a path outside the repository"));
        }
        Some(source) if !source.starts_with("registry+") || !source.ends_with("/crates.io-index") => {
            return Some(format!("{named} does not come from crates.io"));
        }
        None | Some(_) => {}
    }
    let Some(licence) = &package.license else {
        return Some(format!("{named} states no licence"));
    };
    (!satisfied(licence, &rules.licences))
        .then(|| format!("{named} is under {licence}, which deny.toml does not allow"))
}

/// Whether an SPDX expression can be met with the allowed licences. An unclear expression is not.
fn satisfied(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let verdict = either(&mut rest, allowed);
    rest.is_empty() && verdict == Some(true)
}

fn either(words: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    let mut verdict = both(words, allowed)?;
    while let Some((&"OR", after)) = words.split_first() {
        *words = after;
        verdict |= both(words, allowed)?;
    }
    Some(verdict)
}

fn both(words: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    let mut verdict = single(words, allowed)?;
    while let Some((&"AND", after)) = words.split_first() {
        *words = after;
        verdict &= single(words, allowed)?;
    }
    Some(verdict)
}

fn single(words: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    let (first, after) = words.split_first()?;
    *words = after;
    if *first == "(" {
        let verdict = either(words, allowed)?;
        let (close, after) = words.split_first()?;
        *words = after;
        return (*close == ")").then_some(verdict);
    }
    let mut name = (*first).to_owned();
    if let [with, exception, after @ ..] = *words
        && *with == "WITH"
    {
        name = format!("{name} WITH {exception}");
        *words = after;
    }
    Some(allowed.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(expression: &str) -> bool {
        let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"].map(str::to_owned).into();
        satisfied(expression, &allowed)
    }

    #[test]
    fn a_licence_expression_is_read_as_its_author_meant() {
        assert!(allows("MIT"));
        assert!(allows("GPL-3.0 OR MIT"));
        assert!(allows("MIT/Apache-2.0"));
        assert!(allows("(MIT OR GPL-3.0) AND Unicode-3.0"));
        assert!(allows("Apache-2.0 WITH LLVM-exception OR MIT"));
        assert!(!allows("GPL-3.0 AND MIT"));
        assert!(!allows("MIT AND (GPL-3.0 OR AGPL-3.0)"));
        assert!(!allows("Apache-2.0 WITH LLVM-exception"));
    }

    #[test]
    fn what_cannot_be_read_is_not_allowed() {
        for broken in ["", "MIT MIT", "(MIT", "MIT OR", "MIT)"] {
            assert!(!allows(broken), "{broken}");
        }
    }

    #[test]
    fn a_banned_crate_may_be_used_by_those_alone_who_are_named() {
        use crate::workspace::drawn;
        let rules = read("[licenses]\nallow = [\"MIT\"]\n[bans]\ndeny = [{ crate = \"out\", wrappers = [\"sdk\"] }, { crate = \"never\" }]").unwrap();
        let banned = |name: &str, edges: &[(&str, &str, Option<&str>)]| {
            let workspace = drawn(&["sdk", "server"], edges);
            is_banned(workspace.package(name).unwrap(), &rules, &workspace)
        };
        assert!(!banned("out", &[("sdk", "out", None)]));
        assert!(banned("out", &[("sdk", "out", None), ("server", "out", Some("dev"))]));
        assert!(banned("never", &[("sdk", "never", None)]));
        assert!(!banned("sdk", &[("server", "sdk", None)]));
    }

    #[test]
    fn the_rules_in_the_repository_can_be_read() {
        let text = include_str!("../../../deny.toml");
        let rules = read(text).unwrap();
        assert!(rules.licences.contains("Apache-2.0"));
        assert!(rules.banned.contains_key("openssl-sys"));
        assert!(read("[licenses]\nallow = []").is_err());
    }
}
