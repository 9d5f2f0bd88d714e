//! `procura check response`: the redactor.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::lines::no_record;
use procura_screen::redact::Redactor;

/// A text as it is, or in base64 for what a line of JSON or a scanner of repositories would not bear.
#[derive(serde::Deserialize)]
struct Record {
    text: Option<String>,
    text_b64: Option<String>,
}

pub(super) fn response_record(redactor: &Redactor, line: &str) -> String {
    let Some(text) = serde_json::from_str(line).ok().and_then(text_of) else {
        return no_record("a record is {\"text\":..} or {\"text_b64\":..}");
    };
    let found = redactor.spans(&text);
    let spans: Vec<_> = found.iter().map(|span| [span.start, span.end]).collect();
    let kinds: Vec<_> = found.iter().map(|span| span.kind).collect();
    serde_json::json!({ "spans": spans, "kinds": kinds, "text": redactor.redact(&text).text }).to_string()
}

fn text_of(record: Record) -> Option<String> {
    record.text.or_else(|| String::from_utf8(STANDARD.decode(record.text_b64?).ok()?).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_record_are_read_and_the_rest_is_told() {
        let redactor = Redactor::new();
        let plain = response_record(&redactor, r#"{"text":"password: hunter2"}"#);
        let expected = serde_json::json!({
            "spans": [[10, 17]], "kinds": ["password"], "text": "password: [redacted:password]"
        });
        assert_eq!(plain, expected.to_string());
        assert_eq!(response_record(&redactor, r#"{"text_b64":"cGFzc3dvcmQ6IGh1bnRlcjI="}"#), plain);
        for line in ["{}", "[]", r#"{"text_b64":"%"}"#] {
            assert!(response_record(&redactor, line).contains("error"), "{line}");
        }
    }
}
