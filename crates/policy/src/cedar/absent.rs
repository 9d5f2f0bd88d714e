//! A build without Cedar (feature `cedar`): guardrails can neither be saved nor be passed.

#[path = "export.rs"]
mod export;

pub use export::{Export, to_cedar};

use crate::{facts::Facts, risk};
use procura_model::{Agent, Ask, Decision, Error, GuardrailId, Reason, Time, Verdict};
use std::borrow::Cow;

const ABSENT: &str = "This build of Procura has no Cedar, and the organization has guardrails.";

/// The agent for whom guardrails are asked.
#[derive(Clone, Copy, Debug)]
pub struct Acting<'a> {
    /// The agent.
    pub agent: &'a Agent,
    /// What else is known.
    pub facts: Facts<'a>,
    /// When it asks.
    pub now: Time,
}

/// No guardrail can be saved by this build.
///
/// # Errors
/// `FIELD_INVALID`, always.
pub fn validate_guardrail(_text: &str) -> Result<(), Error> {
    Err(Reason::FieldInvalid.because("policy cannot be judged: this build of Procura has no Cedar."))
}

/// One guardrail as it stands in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guardrail<'g> {
    /// Its id.
    pub id: GuardrailId,
    /// What people call it.
    pub name: &'g str,
    /// Its Cedar text.
    pub text: &'g str,
}

/// Whether an organization has guardrails, which nothing here can judge.
#[derive(Debug, Default)]
pub struct Guardrails {
    has_any: bool,
}

impl Guardrails {
    /// Notes whether there is one.
    #[must_use]
    pub fn compile<'g>(guardrails: impl IntoIterator<Item = Guardrail<'g>>) -> Self {
        Self { has_any: guardrails.into_iter().next().is_some() }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        !self.has_any
    }

    /// The decision of the permissions; a deny where there are guardrails.
    #[must_use]
    pub fn narrow(&self, decision: Decision, _: &Acting<'_>, _: &Ask) -> Decision {
        if !self.has_any || decision.verdict == Verdict::Deny {
            return decision;
        }
        let reason = Reason::PolicyError;
        Decision {
            verdict: Verdict::Deny,
            reason,
            sentence: Cow::Borrowed(ABSENT),
            risk: risk::of_denied(reason),
            missing: crate::miss::missing(reason),
            permission: None,
            ..decision
        }
    }
}
