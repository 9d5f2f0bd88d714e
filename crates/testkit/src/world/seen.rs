//! The codes that callers have seen: a table of refusals in which some row can never come up is not true.

use parking_lot::Mutex;
use procura_model::Reason;
use serde_json::Value;
use std::{collections::HashSet, sync::Arc};

/// The codes that callers of one world have seen.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Mutex<HashSet<Reason>>>);

impl Seen {
    /// Notes every member `code` or `lastCode` of a document that names a reason, and the error of an OAuth endpoint.
    pub fn note(&self, document: &Value) {
        match document {
            Value::Object(members) => {
                if let (Some(wire), Some(said)) =
                    (document["error"].as_str(), document["error_description"].as_str())
                {
                    self.note_oauth(wire, said);
                }
                if document["success"] == Value::Bool(false)
                    && let Some(word) = document["code"].as_str()
                {
                    self.note_agent_auth(word);
                }
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

    /// The OAuth endpoints say a word of their RFCs, under which several rows may stand: the one whose own sentence was
    /// said, or the first.
    fn note_oauth(&self, wire: &str, said: &str) {
        let of_wire = || {
            let all = Reason::ALL.iter().copied();
            all.filter(|reason| reason.code().starts_with("OAUTH_") && reason.oauth() == wire)
        };
        let exact = of_wire()
            .find(|reason| said.contains("metadata document") == (*reason == Reason::OauthDocumentInvalid));
        self.0.lock().extend(exact.or_else(|| of_wire().next()));
    }

    /// Agents that register themselves are told a word of their protocol; what has no word of its own is no more than a
    /// bad request.
    fn note_agent_auth(&self, word: &str) {
        let all = Reason::ALL.iter().copied().filter(|reason| reason.code().starts_with("AGENT_"));
        let mut of_word = all.filter(|reason| {
            reason.agent_auth() == word
                && (word != "invalid_request" || *reason == Reason::AgentRequestInvalid)
        });
        self.0.lock().extend(of_word.next());
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
