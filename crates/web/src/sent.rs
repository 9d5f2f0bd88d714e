//! A secret that somebody sent in a JSON body, on its way to the journey that judges it: never printed, never sent on.
//! What comes as a form is in [`crate::form::Fields`], or in the parameters of the OAuth endpoints.

use serde::Deserialize;
use std::fmt;

/// Words that may be a secret.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Sent(String);

impl Sent {
    /// The words, as they came in a header.
    pub(crate) fn of(words: &str) -> Self {
        Self(words.to_owned())
    }

    /// The words, for the journey that judges them.
    pub(crate) fn words(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sent]")
    }
}
