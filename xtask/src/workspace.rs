//! What `cargo metadata` says of this workspace, reduced to what our checks ask.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Outcome;
use crate::processes::cargo;

/// Whether a dependency is part of the product or of its tests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Product,
    Tests,
}

pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    /// Absent for packages of this workspace.
    pub(crate) source: Option<String>,
    pub(crate) folder: PathBuf,
    /// As the manifest declares them: name in code, kind.
    pub(crate) declared: Vec<(String, Kind)>,
    /// Dependencies that are there for their features alone, as cargo-machete's key names them.
    pub(crate) features_only: BTreeSet<String>,
}

pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
    members: BTreeSet<String>,
    edges: BTreeMap<String, Vec<(String, Kind)>>,
}

impl Workspace {
    /// Asks cargo, for this machine's platform only.
    pub(crate) fn load() -> Outcome<Self> {
        let platform = host_platform()?;
        let output = cargo()
            .args(["metadata", "--format-version", "1", "--filter-platform"])
            .arg(platform)
            .stderr(std::process::Stdio::inherit())
            .output()
            .map_err(|error| format!("cannot start cargo metadata: {error}"))?;
        if !output.status.success() {
            return Err("cargo metadata failed".to_owned());
        }
        let json: Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("cargo metadata is not JSON: {error}"))?;
        Ok(Self::read(&json))
    }

    pub(crate) fn read(json: &Value) -> Self {
        Self {
            root: PathBuf::from(text(json, "workspace_root")),
            target: PathBuf::from(text(json, "target_directory")),
            packages: list(json, "packages").map(package).collect(),
            members: list(json, "workspace_members").filter_map(Value::as_str).map(str::to_owned).collect(),
            edges: json
                .get("resolve")
                .map(|resolve| list(resolve, "nodes").map(node).collect())
                .unwrap_or_default(),
        }
    }

    /// The packages of this workspace.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.members.contains(&package.id))
    }

    pub(crate) fn package(&self, id: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.id == id)
    }

    /// Direct dependencies as resolved.
    pub(crate) fn edges(&self, id: &str) -> &[(String, Kind)] {
        self.edges.get(id).map_or(&[], Vec::as_slice)
    }

    /// Everything that ends up in the product because of this package, itself excluded.
    pub(crate) fn reach(&self, id: &str) -> BTreeSet<&str> {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![id];
        while let Some(next) = waiting.pop() {
            for (to, kind) in self.edges(next) {
                if *kind == Kind::Product && seen.insert(to.as_str()) {
                    waiting.push(to);
                }
            }
        }
        seen
    }

    /// The members whose code or tests reach the named package, and that package.
    pub(crate) fn above(&self, name: &str) -> BTreeSet<String> {
        self.members()
            .filter(|member| {
                member.name == name
                    || self.edges(&member.id).iter().any(|(to, _)| {
                        self.package(to).is_some_and(|package| package.name == name)
                            || self
                                .reach(to)
                                .iter()
                                .any(|id| self.package(id).is_some_and(|package| package.name == name))
                    })
            })
            .map(|member| member.id.clone())
            .collect()
    }
}

/// All `.rs` files below a folder, in order.
pub(crate) fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        let Ok(entries) = std::fs::read_dir(&next) else {
            continue;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn host_platform() -> Outcome<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = crate::processes::answer(std::process::Command::new(rustc).arg("-vV"))
        .ok_or("rustc does not answer")?;
    version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| "rustc does not say what machine this is".to_owned())
}

fn package(json: &Value) -> Package {
    let folder = Path::new(text(json, "manifest_path")).parent().map(Path::to_owned).unwrap_or_default();
    Package {
        id: text(json, "id").to_owned(),
        name: text(json, "name").to_owned(),
        version: text(json, "version").to_owned(),
        license: json.get("license").and_then(Value::as_str).map(str::to_owned),
        source: json.get("source").and_then(Value::as_str).map(str::to_owned),
        folder,
        declared: list(json, "dependencies").map(declared).collect(),
        features_only: json
            .pointer("/metadata/cargo-machete/ignored")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
    }
}

fn declared(json: &Value) -> (String, Kind) {
    let name = json.get("rename").and_then(Value::as_str).unwrap_or_else(|| text(json, "name"));
    (name.to_owned(), kind(json.get("kind")))
}

fn node(json: &Value) -> (String, Vec<(String, Kind)>) {
    let edges = list(json, "deps")
        .map(|edge| {
            let is_product = list(edge, "dep_kinds").any(|entry| kind(entry.get("kind")) == Kind::Product);
            let kind = if is_product { Kind::Product } else { Kind::Tests };
            (text(edge, "pkg").to_owned(), kind)
        })
        .collect();
    (text(json, "id").to_owned(), edges)
}

fn kind(json: Option<&Value>) -> Kind {
    match json.and_then(Value::as_str) {
        Some("dev") => Kind::Tests,
        _ => Kind::Product,
    }
}

fn text<'a>(json: &'a Value, name: &str) -> &'a str {
    json.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(json: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    json.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// A workspace made of names and edges, for the tests of the checks.
#[cfg(test)]
pub(crate) fn drawn(members: &[&str], edges: &[(&str, &str, Option<&str>)]) -> Workspace {
    use serde_json::json;
    let mut names: BTreeSet<&str> = members.iter().copied().collect();
    names.extend(edges.iter().flat_map(|(from, to, _)| [*from, *to]));
    let packages: Vec<Value> = names
        .iter()
        .map(|name| json!({"id": name, "name": name, "version": "1.0.0", "manifest_path": format!("/x/{name}/Cargo.toml")}))
        .collect();
    let nodes: Vec<Value> = names
        .iter()
        .map(|name| {
            let deps: Vec<Value> = edges
                .iter()
                .filter(|(from, ..)| from == name)
                .map(|(_, to, kind)| json!({"pkg": to, "dep_kinds": [{"kind": kind}]}))
                .collect();
            json!({"id": name, "deps": deps})
        })
        .collect();
    Workspace::read(&json!({
        "workspace_root": "/x", "target_directory": "/x/target", "packages": packages,
        "workspace_members": members, "resolve": {"nodes": nodes},
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_pass_covers_every_crate_above_the_store_also_by_its_tests() {
        let workspace = drawn(
            &["model", "store", "app", "screen", "kit"],
            &[
                ("store", "model", None),
                ("app", "store", None),
                ("kit", "app", Some("dev")),
                ("screen", "model", None),
            ],
        );
        let above: Vec<String> = workspace.above("store").into_iter().collect();
        assert_eq!(above, ["app", "kit", "store"]);
    }
}
