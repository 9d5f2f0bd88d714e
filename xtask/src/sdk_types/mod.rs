//! `cargo xtask sdk-types`: what the SDKs have in common with the server, made from `openapi.json`, and the CommonJS form of
//! the one file that browsers and Node share.
//!
//! What is taken: the schemas that the operations of deciding, budgets, reservations and receipts send and answer, all that
//! they lead to, and the body of every error. What the document does not name is not made up.

mod commonjs;
mod python;
mod rust;
mod shape;
mod typescript;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Outcome;
use crate::processes::step;
use crate::workspace::Workspace;

const DOCUMENT: &str = "openapi.json";
/// The operations whose types are made.
const PATHS: [&str; 4] = ["/v1/verify", "/v1/budgets", "/v1/reservations", "/v1/receipts"];
/// What every operation can answer.
const ALWAYS: [&str; 2] = ["Error", "ReasonCode"];
const SHARED: &str = "sdk/typescript/src/receipt.mjs";

/// A file that is made.
struct Made {
    path: PathBuf,
    text: String,
}

pub(crate) fn run(arguments: &[String]) -> Outcome<()> {
    let root = Workspace::load()?.root;
    let document = match arguments {
        [] => root.join(DOCUMENT),
        [file] => PathBuf::from(file),
        more => return Err(format!("sdk-types takes one file at most, not {}", more.join(" "))),
    };
    for made in make(&root, &document)? {
        std::fs::write(&made.path, made.text)
            .map_err(|error| format!("cannot write {:?}: {error}", made.path))?;
        step(&format!("wrote {}", made.path.display()));
    }
    Ok(())
}

/// What is not as it would be made now, in sentences.
pub(crate) fn stale(root: &Path) -> Outcome<Vec<String>> {
    let made = make(root, &root.join(DOCUMENT))?;
    let is_stale = |made: &Made| std::fs::read_to_string(&made.path).ok().as_ref() != Some(&made.text);
    let say = |made: Made| {
        format!("{} is not what {DOCUMENT} and {SHARED} say; run: cargo xtask sdk-types", made.path.display())
    };
    Ok(made.into_iter().filter(is_stale).map(say).collect())
}

fn make(root: &Path, document: &Path) -> Outcome<Vec<Made>> {
    let document: Value = serde_json::from_str(&read(document)?)
        .map_err(|error| format!("{} cannot be read: {error}", document.display()))?;
    let types = shape::types(&document, &PATHS, &ALWAYS)?;
    let shared = read(&root.join(SHARED))?;
    let files: [(&str, String); 4] = [
        ("sdk/typescript/src/wire.d.cts", typescript::write(&types)),
        ("sdk/typescript/src/receipt.cjs", commonjs::write(&shared)?),
        ("sdk/python/src/procura/_wire.py", python::write(&types)),
        ("sdk/rust/src/wire.rs", rust::write(&types)),
    ];
    Ok(files.into_iter().map(|(path, text)| Made { path: root.join(path), text }).collect())
}

fn read(path: &Path) -> Outcome<String> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot read {path:?}: {error}"))
}

/// The lines of a description; none where there is none.
fn lines(doc: &str) -> impl Iterator<Item = &str> {
    doc.lines().map(str::trim_end)
}

/// `needs_approval`, `AMOUNT_MISSING` and `List_Budget` as a type or variant is called.
fn pascal(name: &str) -> String {
    let is_shouted = !name.chars().any(char::is_lowercase);
    let word = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        let rest = letters.map(|letter| if is_shouted { letter.to_ascii_lowercase() } else { letter });
        first.into_iter().chain(rest).collect::<String>()
    };
    name.split(|letter: char| !letter.is_ascii_alphanumeric()).map(word).collect()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
