//! The CommonJS form of a file of ES modules: the same text, with what it exports listed at its end. Only declarations are
//! exported, and nothing is imported, or this refuses.

use crate::Outcome;

const HEAD: &str = "\"use strict\";\n\n// Made by `cargo xtask sdk-types` from receipt.mjs.\n//\n";
const EXPORTED: [&str; 4] = ["async function ", "function ", "class ", "const "];

pub(super) fn write(module: &str) -> Outcome<String> {
    let mut names = Vec::new();
    let mut out = HEAD.to_owned();
    for line in module.lines() {
        if line.starts_with("import ") {
            return Err(format!("a shared file imports nothing: {line}"));
        }
        let Some(declared) = line.strip_prefix("export ") else {
            // The line that tells of this very file.
            if !line.contains("cargo xtask sdk-types") {
                out.push_str(line);
                out.push('\n');
            }
            continue;
        };
        let rest = EXPORTED.iter().find_map(|word| declared.strip_prefix(word));
        let name = rest.and_then(|rest| rest.split(|letter: char| !letter.is_ascii_alphanumeric()).next());
        names.push(name.ok_or_else(|| format!("a shared file exports declarations alone: {line}"))?);
        out.push_str(declared);
        out.push('\n');
    }
    names.sort_unstable();
    let listed: String = names.iter().map(|name| format!("  {name},\n")).collect();
    Ok(format!("{out}\nmodule.exports = {{\n{listed}}};\n"))
}
