//! What an import says beside its tools. Names of the document are cut and shown without hidden characters.

/// How many warnings are kept.
const MAX_WARNINGS: usize = 200;
/// How much of a foreign text is shown.
const MAX_SHOWN_CHARS: usize = 120;

/// The warnings, in order, each once.
#[derive(Debug, Default)]
pub(super) struct Warnings(Vec<String>);

impl Warnings {
    /// Adds one.
    pub(super) fn say(&mut self, warning: String) {
        if self.0.len() < MAX_WARNINGS && !self.0.contains(&warning) {
            self.0.push(warning);
        }
    }

    /// Says that an operation is left out.
    pub(super) fn left_out(&mut self, operation: &str, why: &str) {
        self.say(format!("{operation} is left out: {why}."));
    }

    /// Says something about an operation that is kept.
    pub(super) fn about(&mut self, operation: &str, what: &str) {
        self.say(format!("{operation}: {what}."));
    }

    /// The first.
    pub(super) fn first(&self) -> Option<&str> {
        self.0.first().map(String::as_str)
    }

    /// All of them.
    pub(super) fn into_vec(self) -> Vec<String> {
        self.0
    }
}

/// A foreign text, cut and without control characters.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_SHOWN_CHARS).collect()
}
