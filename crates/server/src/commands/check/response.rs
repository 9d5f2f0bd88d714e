//! `procura check response`: the redactor.

use super::{TextRecord, lines::no_record};
use procura_screen::redact::Redactor;

pub(super) fn response_record(redactor: &Redactor, line: &str) -> String {
    match serde_json::from_str::<TextRecord>(line) {
        Ok(record) => {
            let found = redactor.spans(&record.text);
            let spans: Vec<_> = found.iter().map(|span| [span.start, span.end]).collect();
            let kinds: Vec<_> = found.iter().map(|span| span.kind).collect();
            serde_json::json!({ "spans": spans, "kinds": kinds }).to_string()
        }
        Err(_) => no_record("a record is {\"text\":..}"),
    }
}
