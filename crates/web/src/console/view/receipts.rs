//! The receipt of a decision, as a trace shows it: which one was signed, and what one that somebody brings is worth.

use super::{
    facts::Fact,
    words::{Id, Mark},
};

/// The section of a trace.
#[derive(Clone, Debug)]
pub(crate) struct ReceiptBox {
    /// The receipt that was signed with the decision.
    pub(crate) signed: Id,
    /// What was brought, as it was typed.
    pub(crate) typed: String,
    /// What it is worth, where one was brought.
    pub(crate) checked: Option<CheckedReceipt>,
    /// The same check as a command, which asks us for nothing but the published keys.
    pub(crate) offline: String,
}

/// What a receipt is worth.
#[derive(Clone, Debug)]
pub(crate) struct CheckedReceipt {
    /// The answer in a word.
    pub(crate) mark: Mark,
    /// Why, in a sentence.
    pub(crate) said: String,
    /// What was looked at: its name, the answer, and what was found.
    pub(crate) steps: Vec<(&'static str, Mark, String)>,
    /// What the receipt says; nothing where it is not ours.
    pub(crate) claims: Vec<Fact>,
}
