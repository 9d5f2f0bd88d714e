//! `cargo xtask check`: every gate that needs no running system.
//!
//! All gates run even if one fails, cheap ones first, so that one run tells everything. Each gate is a module that answers
//! with a list of sentences, one for each thing that is wrong.

mod floors;
mod generated;
mod licences;
mod secrets;
mod sizes;
mod source;
mod unused;

use std::time::Instant;

use crate::Outcome;
use crate::processes::{cargo, must, step};
use crate::undertaker::Undertaker;
use crate::workspace::Workspace;

/// What is wrong, in sentences; empty is well.
type Findings = Vec<String>;

pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    let is_quick = match arguments {
        [] => false,
        [flag] if flag == "--quick" => true,
        other => return Err(format!("check knows no {}", other.join(" "))),
    };
    let workspace = Workspace::load()?;
    let mut broken = Vec::new();
    let mut gate = |name: &'static str, check: &mut dyn FnMut() -> Outcome<Findings>| {
        let began = Instant::now();
        let findings = check().unwrap_or_else(|reason| vec![reason]);
        for finding in &findings {
            eprintln!("  {name}: {finding}");
        }
        let verdict = if findings.is_empty() { "ok" } else { "FAILED" };
        step(&format!("{name}: {verdict} ({:.1} s)", began.elapsed().as_secs_f64()));
        if !findings.is_empty() {
            broken.push(name);
        }
    };
    gate("format", &mut || must(cargo().args(["fmt", "--all", "--check"])).map(|()| Findings::new()));
    gate("floors", &mut || Ok(floors::check(&workspace)));
    gate("sizes", &mut || sizes::check(&workspace));
    gate("secrets", &mut || secrets::check(&workspace));
    gate("unused dependencies", &mut || unused::check(&workspace));
    gate("licences, bans, sources", &mut || licences::check(&workspace));
    gate("types of the SDKs", &mut || crate::sdk_types::stale(&workspace.root));
    if !is_quick {
        gate("clippy", &mut || {
            let mut clippy = cargo();
            clippy.args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]);
            must(&mut clippy).map(|()| Findings::new())
        });
        gate("generated files", &mut || {
            let mut undertaker = Undertaker::start()?;
            generated::check(&workspace, &mut undertaker)
        });
    }
    if broken.is_empty() {
        return Ok(());
    }
    Err(format!("failed: {}", broken.join(", ")))
}
