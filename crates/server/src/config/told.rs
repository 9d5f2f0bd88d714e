//! What the reader of the configuration complains about, in the words of the file: its own message speaks of our types and
//! of the profile that it keeps the values in.

use figment::{Error, error::Kind};
use std::fmt::Write as _;

/// Settings of an organization, which people look for in the file.
const OF_THE_ORGANIZATION: [&str; 10] = [
    "reportOnlyPrompts",
    "reportOnlyArguments",
    "reportOnlyResults",
    "reportOnlyDescriptions",
    "report_only_prompts",
    "report_only_arguments",
    "report_only_results",
    "report_only_descriptions",
    "storeMetadata",
    "approvalQuorum",
];

/// The complaint, with the key and where it was written.
pub(super) fn in_words(error: &Error) -> String {
    let path = error.path.join(".");
    let at = |field: &str| if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
    // The path of an unknown field may end in the field itself.
    let own = |field: &str| {
        if error.path.last().is_some_and(|last| last == field) { path.clone() } else { at(field) }
    };
    let mut told = match &error.kind {
        Kind::UnknownField(field, _) if OF_THE_ORGANIZATION.contains(&field.as_str()) => format!(
            "{}: is a setting of the organization: set it under Settings in the console, or by PATCH /v1/organization",
            own(field)
        ),
        Kind::UnknownField(field, known) => {
            format!("{}: is not a setting; known here: {}", own(field), known.join(", "))
        }
        Kind::MissingField(field) => format!("{}: is missing", own(field)),
        Kind::UnknownVariant(word, known) => {
            format!("{path}: must be {}, and not {word}", known.join(" or "))
        }
        Kind::InvalidType(found, wanted) | Kind::InvalidValue(found, wanted) => {
            let wanted = wanted_in_words(wanted);
            if path.is_empty() {
                format!("must be {wanted}")
            } else {
                format!("{path}: must be {wanted}, and not {found}")
            }
        }
        other if path.is_empty() => other.to_string(),
        other => format!("{path}: {other}"),
    };
    let source = error.metadata.as_ref().and_then(|metadata| metadata.source.as_ref());
    if let Some(source) = source.filter(|source| source.file_path().is_some()) {
        let _ = write!(told, " (in {source})");
    }
    told
}

/// What was expected, in the words of the file instead of those of our types.
fn wanted_in_words(wanted: &str) -> String {
    match wanted {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        struct_name if struct_name.starts_with("struct ") => "a table".to_owned(),
        other => other.replace('`', ""),
    }
}
