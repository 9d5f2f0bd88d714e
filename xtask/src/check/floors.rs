//! Lower floors never look up, and never sideways (docs/ARCHITECTURE.md). Floors 0 and 1 are pure: whatever touches the world
//! stays out of everything they reach.

use super::Findings;
use crate::workspace::{Kind, Package, Workspace};

const FLOORS: [(&str, u8); 14] = [
    ("procura-model", 0),
    ("procura-crypto", 1),
    ("procura-policy", 1),
    ("procura-screen", 1),
    ("procura-attest", 1),
    ("procura-store", 2),
    ("procura-cluster", 2),
    ("procura-egress", 2),
    ("procura-sandbox", 2),
    ("procura-app", 3),
    ("procura-gateway", 4),
    ("procura-web", 5),
    ("procura-server", 6),
    (TESTKIT, 7),
];
/// The roof sees everything and is seen by tests alone.
const TESTKIT: &str = "procura-testkit";
/// These stand outside the house; no room may lean on them.
const OUTSIDE: [&str; 4] = ["xtask", "procura-bench", "procura-trainer", SDK];
/// It is for programs of others, which have nothing of ours; only the roof plays such a program.
const SDK: &str = "procura-sdk";
const HIGHEST_PURE: u8 = 1;
const TOUCHES_THE_WORLD: [&str; 8] =
    ["tokio", "sqlx", "sqlx-core", "axum", "reqwest", "hyper", "async-std", "socket2"];

pub(super) fn check(workspace: &Workspace) -> Findings {
    workspace
        .members()
        .flat_map(|member| match floor(&member.name) {
            Some(floor) => room(workspace, member, floor),
            None if member.name == SDK => alone(workspace, member),
            None if OUTSIDE.contains(&member.name.as_str()) => Findings::new(),
            None => vec![format!("{} has no floor; name it in xtask/src/check/floors.rs", member.name)],
        })
        .collect()
}

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor)
}

fn room(workspace: &Workspace, member: &Package, from: u8) -> Findings {
    let mut findings: Findings = workspace
        .edges(&member.id)
        .iter()
        .filter_map(|(to, kind)| {
            let to = &workspace.package(to)?.name;
            (!is_allowed(from, to, *kind))
                .then(|| format!("{} (floor {from}) may not import {to}", member.name))
        })
        .collect();
    if from <= HIGHEST_PURE {
        findings.extend(
            workspace
                .reach(&member.id)
                .into_iter()
                .filter_map(|id| workspace.package(id))
                .filter(|package| TOUCHES_THE_WORLD.contains(&package.name.as_str()))
                .map(|package| format!("{} is pure and may not reach {}", member.name, package.name)),
        );
    }
    findings
}

/// What imports no other member of the workspace.
fn alone(workspace: &Workspace, member: &Package) -> Findings {
    workspace
        .members()
        .filter(|other| workspace.edges(&member.id).iter().any(|(to, _)| *to == other.id))
        .map(|other| format!("{} stands alone and may not import {}", member.name, other.name))
        .collect()
}

fn is_allowed(from: u8, to: &str, kind: Kind) -> bool {
    if to == SDK {
        return Some(from) == floor(TESTKIT);
    }
    if OUTSIDE.contains(&to) {
        return false;
    }
    match (floor(to), kind) {
        (None, _) => true,
        (Some(_), Kind::Tests) if to == TESTKIT => true,
        (Some(to), _) => to < from,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::drawn;

    fn of(edges: &[(&str, &str, Option<&str>)]) -> Findings {
        check(&drawn(
            &["procura-model", "procura-policy", "procura-store", "procura-app", TESTKIT, "xtask"],
            edges,
        ))
    }

    #[test]
    fn imports_go_down_and_only_down() {
        assert!(
            of(&[("procura-app", "procura-store", None), ("procura-store", "procura-model", None)])
                .is_empty()
        );
        assert_eq!(of(&[("procura-store", "procura-app", None)]).len(), 1);
        assert_eq!(of(&[("procura-policy", "procura-crypto", None)]).len(), 1);
        assert_eq!(of(&[("procura-model", "xtask", None)]).len(), 1);
    }

    #[test]
    fn the_test_kit_is_for_tests() {
        assert!(of(&[("procura-store", TESTKIT, Some("dev"))]).is_empty());
        assert_eq!(of(&[("procura-store", TESTKIT, None)]).len(), 1);
    }

    #[test]
    fn pure_floors_do_not_reach_the_world_through_others() {
        let findings = of(&[("procura-policy", "innocent", None), ("innocent", "tokio", None)]);
        assert_eq!(findings, ["procura-policy is pure and may not reach tokio"]);
        assert!(of(&[("procura-policy", "tokio", Some("dev"))]).is_empty());
        assert!(of(&[("procura-store", "tokio", None)]).is_empty());
    }

    #[test]
    fn the_sdk_imports_nothing_of_ours() {
        let of = |to| check(&drawn(&["procura-model", SDK], &[(SDK, to, None)]));
        assert_eq!(of("procura-model"), ["procura-sdk stands alone and may not import procura-model"]);
        assert!(of("serde_json").is_empty());
        let used = |by| check(&drawn(&[by, SDK], &[(by, SDK, None)]));
        assert!(used(TESTKIT).is_empty());
        assert_eq!(used("procura-app").len(), 1);
    }

    #[test]
    fn a_new_room_must_be_given_a_floor() {
        assert_eq!(check(&drawn(&["procura-attic"], &[])).len(), 1);
    }
}
