//! What is generated from the code is checked in, and equal to what the code generates now.

use std::path::Path;
use std::process::{Command, Stdio};

use super::Findings;
use crate::Outcome;
use crate::processes::loud;
use crate::suite::build;
use crate::undertaker::Undertaker;
use crate::workspace::Workspace;

/// The command of the binary, and the file that holds its output.
const FILES: [(&str, &str); 2] = [("openapi", "openapi.json"), ("errors", "docs/ERRORS.md")];

pub(super) fn check(workspace: &Workspace, undertaker: &mut Undertaker) -> Outcome<Findings> {
    let procura = build(undertaker)?.procura.ok_or("the build has no binary `procura`")?;
    let mut findings = Findings::new();
    for (command, file) in FILES {
        findings.extend(compare(&procura, command, &workspace.root.join(file))?);
    }
    Ok(findings)
}

fn compare(procura: &Path, command: &str, file: &Path) -> Outcome<Option<String>> {
    let output = Command::new(procura)
        .arg(command)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|error| format!("cannot start {procura:?}: {error}"))?;
    // Status 2 is clap's answer to a word it does not know; a binary without any command says nothing at all.
    if output.status.code() == Some(2) || (output.status.success() && output.stdout.is_empty()) {
        loud(&format!("`procura {command}` does not exist yet: {} is NOT checked", file.display()));
        return Ok(None);
    }
    if !output.status.success() {
        return Ok(Some(format!("`procura {command}` ended with {}", output.status)));
    }
    if std::fs::read(file).is_ok_and(|kept| kept == output.stdout) {
        return Ok(None);
    }
    Ok(Some(format!("{0} is not what the code says; run: procura {command} > {0}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_file_is_found() {
        let file = std::env::temp_dir().join(format!("procura-generated-{}", std::process::id()));
        std::fs::write(&file, "openapi\n").unwrap();
        // `echo openapi` stands for a binary that generates this very text.
        assert_eq!(compare(Path::new("echo"), "openapi", &file).unwrap(), None);
        std::fs::write(&file, "older\n").unwrap();
        assert!(
            compare(Path::new("echo"), "openapi", &file)
                .unwrap()
                .unwrap()
                .contains("is not what the code says")
        );
        std::fs::remove_file(&file).unwrap();
    }
}
