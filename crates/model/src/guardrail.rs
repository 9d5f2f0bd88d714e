//! A Cedar policy of the organization that stands above every permission and can only narrow.

use crate::{ids::GuardrailId, time::Time};

/// One guardrail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guardrail {
    /// The guardrail's id.
    pub id: GuardrailId,
    /// What people call it.
    pub name: String,
    /// Its Cedar text.
    pub policy: String,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}
