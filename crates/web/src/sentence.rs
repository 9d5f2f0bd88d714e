//! What is wrong with one field, as a sentence for the one who sent it. The reader's own message
//! may quote values, and a value may be a secret in the wrong place, so values are cut out: a
//! sentence names the field and what it must be, and of foreign words only the names of fields.

use procura_model::{Error, Reason};

/// How much of a field's path is repeated.
const PATH_BYTES: usize = 120;

/// `FIELD_INVALID` for the field at `path`, from the message of the reader that refused it.
#[must_use]
pub fn field_invalid(path: &str, message: &str) -> Error {
    let path = if path == "." { "" } else { path };
    let message = message.split(" at line ").next().unwrap_or_default();
    Reason::FieldInvalid.because(sentence(&plain(path), message))
}

fn sentence(path: &str, message: &str) -> String {
    let at = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let place = if path.is_empty() { "The body or query" } else { path };
    if let Some((name, rest)) = quoted(message, "unknown field `") {
        // The path of an unknown field may end in the field itself, depending on the reader.
        let name = if path.rsplit('.').next() == Some(name.as_str()) { path.to_owned() } else { at(&name) };
        let known = rest.strip_prefix(", expected ").unwrap_or("none");
        return format!("{name} is not a known field here; known: {}.", known.trim_start_matches("one of "));
    }
    if let Some((name, _)) = quoted(message, "missing field `") {
        return format!("{} is missing.", at(&name));
    }
    if let Some((name, _)) = quoted(message, "duplicate field `") {
        let name = if path.rsplit('.').next() == Some(name.as_str()) { path.to_owned() } else { at(&name) };
        return format!("{name} stands there twice.");
    }
    let is_quoting = ["invalid type", "invalid value", "invalid length", "unknown variant"]
        .iter()
        .any(|start| message.starts_with(start));
    if is_quoting {
        let wanted = message.rsplit_once("expected ").map_or("another value", |(_, wanted)| wanted);
        return format!("{place} must be {wanted}.");
    }
    format!("{place}: {message}.")
}

/// The word between backquotes after `start`, made plain, and what follows it.
fn quoted<'m>(message: &'m str, start: &str) -> Option<(String, &'m str)> {
    let (name, rest) = message.strip_prefix(start)?.split_once('`')?;
    Some((plain(name), rest))
}

/// Names of fields as they may be repeated: short, and without anything that could act on a screen.
fn plain(text: &str) -> String {
    let mut out: String = text.chars().map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect();
    out.truncate(out.floor_char_boundary(PATH_BYTES));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_and_what_it_must_be_are_named_and_values_are_not() {
        for (path, message, sentence) in [
            (".", "missing field `action` at line 1 column 2", "action is missing."),
            ("maxAmount", "missing field `currency`", "maxAmount.currency is missing."),
            (
                "conditions[0].color",
                "unknown field `color`, expected one of `path`, `op`",
                "conditions[0].color is not a known field here; known: `path`, `op`.",
            ),
            (
                "?",
                "unknown field `x\u{1b}[31m`, there are no fields",
                "?.x?[31m is not a known field here; known: none.",
            ),
            (
                "amount",
                "invalid type: string \"s3cret expected\", expected u64 at line 3",
                "amount must be u64.",
            ),
            (
                "effect",
                "unknown variant `s3cret`, expected `allow` or `block`",
                "effect must be `allow` or `block`.",
            ),
            (
                "vendor",
                "invalid value: string \"s3cret\", expected a host name",
                "vendor must be a host name.",
            ),
            ("at", "expected an RFC 3339 time such as 2026", "at: expected an RFC 3339 time such as 2026."),
        ] {
            let error = field_invalid(path, message);
            assert_eq!(error.sentence(), sentence);
            assert_eq!(error.reason(), Reason::FieldInvalid);
        }
    }
}
