//! Where in a guardrail's text something stands, for the one who wrote it.

use miette::Diagnostic;

/// Where the first thing stands that an error points at, as the end of a sentence; nothing where it points at none.
pub(super) fn place_of(text: &str, error: &dyn Diagnostic) -> String {
    let label = error.labels().and_then(|mut labels| labels.next());
    label.map_or_else(String::new, |label| at(text, label.offset()))
}

/// The line and column of an offset in bytes, both counted from one.
pub(super) fn at(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(" (line {line}, column {column})")
}
