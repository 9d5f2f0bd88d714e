//! The codes that callers have seen: a table of refusals in which some row can never come up is not true.

use parking_lot::Mutex;
use procura_model::Reason;
use serde_json::Value;
use std::{collections::HashSet, sync::Arc};

/// The codes that callers of one world have seen.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Mutex<HashSet<Reason>>>);

impl Seen {
    /// Notes every member `code` or `lastCode` of a document that names a reason.
    pub fn note(&self, document: &Value) {
        match document {
            Value::Object(members) => {
                for (name, value) in members {
                    match value.as_str().and_then(Reason::from_code) {
                        Some(reason) if name == "code" || name == "lastCode" => {
                            self.0.lock().insert(reason);
                        }
                        _ => self.note(value),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.note(value)),
            _ => {}
        }
    }

    /// Notes one reason.
    pub fn note_reason(&self, reason: Reason) {
        self.0.lock().insert(reason);
    }

    /// Whether somebody has seen it.
    #[must_use]
    pub fn has(&self, reason: Reason) -> bool {
        self.0.lock().contains(&reason)
    }
}
