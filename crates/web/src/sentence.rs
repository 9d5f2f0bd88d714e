//! What is wrong with one field, as a sentence for the one who sent it. The reader's own message
//! may quote values, and a value may be a secret in the wrong place, so values are cut out: a
//! sentence names the field and what it must be, and of foreign words only the names of fields.

use procura_model::{Error, Json, Reason};
use serde::de::DeserializeOwned;

/// How much of a field's path is repeated.
const PATH_BYTES: usize = 120;

/// `FIELD_INVALID` for the field at `path`, from the message of the reader that refused it.
#[must_use]
pub fn field_invalid(path: &str, message: &str) -> Error {
    let path = if path == "." { "" } else { path };
    let message = message.split(" at line ").next().unwrap_or_default();
    Reason::FieldInvalid.because(sentence(&plain(path), message, "The body or query"))
}

/// Reads a document that somebody wrote into a form.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn document<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    if let Err(error) = Json::parse(text) {
        return Err(format!("The document cannot be read as JSON: {error}."));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let message = error.into_inner().to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        sentence(&plain(if path == "." { "" } else { &path }), message, "The document")
    })
}

fn sentence(path: &str, message: &str, whole: &str) -> String {
    let at = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let place = if path.is_empty() { whole } else { path };
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
        return format!("{place} must be {}.", in_words(wanted));
    }
    format!("{place}: {message}.")
}

/// What the reader expected, in the words of the form instead of those of our code.
fn in_words(wanted: &str) -> &str {
    let name = wanted.split_once(' ').map_or("", |(_, rest)| rest.split(' ').next().unwrap_or_default());
    match wanted.split(' ').next().unwrap_or_default() {
        "struct" | "enum" | "newtype" | "tuple" | "internally" | "adjacently" => of_type(name),
        "a" if matches!(wanted, "a map" | "a struct") => "an object",
        "a" if wanted == "a sequence" => "a list",
        "a" if wanted == "a boolean" => "true or false",
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "unit" => "null",
        "option" => "a value or null",
        "map" => "an object",
        _ => wanted,
    }
}

/// The forms of our own types; an object where it is none that needs an example.
fn of_type(name: &str) -> &'static str {
    match name {
        "Money" => r#"an object such as {"value":"500.00","currency":"USD"}"#,
        "ApprovalRule" | "variant" => {
            r#""never", "always" or an object such as {"above":{"value":"200.00","currency":"USD"}}"#
        }
        "Schedule" => {
            r#"an object such as {"days":["mon","fri"],"from":"09:00","to":"17:30","timeZone":"Europe/Berlin"}"#
        }
        "Condition" => r#"an object such as {"path":"args.quantity","op":"le","value":3}"#,
        "Effect" => "`allow` or `block`",
        _ => "an object",
    }
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
    fn a_permission_that_cannot_be_read_is_told_without_the_names_of_our_code() {
        for (member, told) in [
            (
                r#""maxAmount":500"#,
                r#"maxAmount must be an object such as {"value":"500.00","currency":"USD"}."#,
            ),
            (r#""conditions":{}"#, "conditions must be a list."),
            (
                r#""conditions":[1]"#,
                r#"conditions[0] must be an object such as {"path":"args.quantity","op":"le","value":3}."#,
            ),
            (r#""user":7"#, "user must be a string."),
            (
                r#""schedule":true"#,
                r#"schedule must be an object such as {"days":["mon","fri"],"from":"09:00","to":"17:30","timeZone":"Europe/Berlin"}."#,
            ),
            (r#""colour":1"#, "colour is not a known field here"),
        ] {
            let text = format!(r#"{{"effect":"allow","actions":["x"],{member}}}"#);
            let wrong = document::<procura_model::Permission>(&text).unwrap_err();
            assert!(wrong.starts_with(told), "{wrong}");
        }
        for approval in ["7", "\"above\"", "{\"above\":3}", "[]", "true"] {
            let text = format!(r#"{{"effect":"allow","actions":["x"],"approval":{approval}}}"#);
            let wrong = document::<procura_model::Permission>(&text).unwrap_err();
            let leaks = ["struct", "enum", "variant", "visitor", "ApprovalRule", "Money"];
            assert!(leaks.iter().all(|word| !wrong.contains(word)), "{approval}: {wrong}");
        }
        assert!(document::<procura_model::Permission>("[]").unwrap_err().starts_with("The document"));
        assert!(document::<procura_model::Permission>("{").unwrap_err().contains("JSON"));
    }

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
                "amount must be a whole number that is not negative.",
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
