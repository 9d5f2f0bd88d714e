//! Cedar as a second layer (feature `cedar`). An organization's **guardrails** are Cedar `forbid` policies that stand above
//! every permission: a decision is a deny if either denies, and waits for a person if either asks (`@obligation("approval")`).
//! They can only narrow, so a `permit` is refused. What cannot be evaluated is a deny: Cedar itself skips a policy that fails,
//! and a skipped `forbid` would let pass what it was written to stop.
//!
//! [`to_cedar`] writes the permissions of an agent as Cedar, for reading, for other tools, and as a differential oracle.

mod context;
mod export;
mod place;
mod sense;

pub use context::Acting;
pub use export::{Export, to_cedar};

use crate::risk;
use cedar_policy::{
    AuthorizationError, Authorizer, Decision as Answer, Effect, Entities, PolicyId, PolicySet, Response,
};
use context::request;
use procura_model::{Ask, Decision, Error, GuardrailId, Reason, Risk, Verdict};
use std::{borrow::Cow, collections::HashMap, str::FromStr};

const MAX_TEXT_BYTES: usize = 16 * 1024;
/// How deep brackets may stand in each other: Cedar's parser goes down the stack with them, and a stack that ends takes
/// the whole process with it.
const MAX_DEPTH: usize = 32;
const OBLIGATION: &str = "obligation";
const APPROVAL: &str = "approval";

/// Whether a guardrail can be saved: Cedar text of 1 to 16,384 bytes that holds `forbid` policies alone, and looks at
/// nothing that a call cannot have or may lack.
///
/// # Errors
/// `FIELD_INVALID` with what Cedar's parser says and where, or what is not taken.
pub fn validate_guardrail(text: &str) -> Result<(), Error> {
    let judged = parse(text).and_then(|policies| sense::check(text, &policies));
    judged.map_err(|fault| Reason::FieldInvalid.because(format!("policy {fault}.")))
}

fn parse(text: &str) -> Result<PolicySet, String> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(format!("must be at most {MAX_TEXT_BYTES} bytes long"));
    }
    if depth(text) > MAX_DEPTH {
        return Err(format!("must not have more than {MAX_DEPTH} brackets in each other"));
    }
    let set = PolicySet::from_str(text)
        .map_err(|error| format!("is not Cedar: {}{}", sentence_of(&error), place::place_of(text, &error)))?;
    if set.templates().next().is_some() {
        return Err("must not hold templates (?principal, ?resource)".to_owned());
    }
    if set.policies().next().is_none() {
        return Err("must hold at least one forbid policy".to_owned());
    }
    for policy in set.policies() {
        if policy.effect() != Effect::Forbid {
            return Err("must hold forbid policies alone: guardrails narrow, permissions allow".to_owned());
        }
        match policy.annotation(OBLIGATION) {
            None | Some(APPROVAL) => {}
            Some(_) => return Err("knows one obligation: @obligation(\"approval\")".to_owned()),
        }
    }
    Ok(set)
}

/// How deep brackets stand in each other, outside of strings and comments as Cedar reads them.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '(' | '[' | '{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '/' if characters.peek() == Some(&'/') => {
                while characters.next_if(|next| !matches!(next, '\n' | '\r')).is_some() {}
            }
            '"' => {
                while let Some(quoted) = characters.next().filter(|quoted| *quoted != '"') {
                    if quoted == '\\' {
                        characters.next();
                    }
                }
            }
            _ => {}
        }
    }
    deepest
}

/// The parser's words, on one line and without a full stop at the end.
fn sentence_of(error: &impl std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_words = inner.to_string();
        if !words.contains(&inner_words) {
            words.push_str(": ");
            words.push_str(&inner_words);
        }
        cause = inner.source();
    }
    words.replace('\n', " ").trim_end_matches('.').to_owned()
}

/// Which guardrail a policy of the set comes from.
#[derive(Clone, Debug)]
struct Origin {
    id: GuardrailId,
    name: String,
    asks: bool,
}

/// The guardrails of an organization, parsed once.
#[derive(Debug, Default)]
pub struct Guardrails {
    policies: PolicySet,
    origins: HashMap<PolicyId, Origin>,
    /// One that stands in the store and cannot be parsed: everything is denied.
    broken: Option<String>,
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

impl Guardrails {
    /// Parses an organization's guardrails. One that cannot be parsed denies everything: nobody can say what it stops.
    #[must_use]
    pub fn compile<'g>(guardrails: impl IntoIterator<Item = Guardrail<'g>>) -> Self {
        let mut compiled = Self::default();
        // `permit` is the default that guardrails narrow; its id can be none of theirs.
        let permit = cedar_policy::Policy::parse(
            Some(PolicyId::new("permit")),
            "permit(principal, action, resource);",
        );
        let added = permit.is_ok_and(|policy| compiled.policies.add(policy).is_ok());
        if !added {
            compiled.broken = Some("The guardrails cannot be used.".to_owned());
        }
        for guardrail in guardrails {
            if let Err(fault) = compiled.add(&guardrail) {
                compiled.broken =
                    Some(format!("The guardrail {} ({}) {fault}.", guardrail.name, guardrail.id));
            }
        }
        compiled
    }

    fn add(&mut self, guardrail: &Guardrail<'_>) -> Result<(), String> {
        for (index, policy) in parse(guardrail.text)?.policies().enumerate() {
            let id = PolicyId::new(format!("{}/{index}", guardrail.id));
            let asks = policy.annotation(OBLIGATION) == Some(APPROVAL);
            self.policies
                .add(policy.new_id(id.clone()))
                .map_err(|error| format!("cannot be used: {error}"))?;
            let name = guardrail.name.to_owned();
            self.origins.insert(id, Origin { id: guardrail.id, name, asks });
        }
        Ok(())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.origins.is_empty() && self.broken.is_none()
    }

    /// The decision of the permissions, narrowed by the guardrails.
    #[must_use]
    pub fn narrow(&self, decision: Decision, acting: &Acting<'_>, ask: &Ask) -> Decision {
        if self.is_empty() || decision.verdict == Verdict::Deny {
            return decision;
        }
        if let Some(fault) = &self.broken {
            return deny(Reason::PolicyError, decision, Cow::Owned(fault.clone()));
        }
        match request(acting, ask) {
            Ok(request) => {
                let response = Authorizer::new().is_authorized(&request, &self.policies, &Entities::empty());
                self.read(decision, &response)
            }
            Err(fault) => deny(
                Reason::PolicyError,
                decision,
                Cow::Owned(format!("Guardrails cannot judge this: {fault}.")),
            ),
        }
    }

    fn read(&self, decision: Decision, response: &Response) -> Decision {
        if let Some(AuthorizationError::PolicyEvaluationError(error)) = response.diagnostics().errors().next()
        {
            let origin = self.origins.get(error.policy_id());
            let who = origin.map_or_else(
                || "A guardrail".to_owned(),
                |origin| format!("The guardrail {} ({})", origin.name, origin.id),
            );
            let sentence = format!("{who} cannot be evaluated: {}.", sentence_of(error.inner()));
            let decision = Decision { guardrail: origin.map(|origin| origin.id), ..decision };
            return deny(Reason::PolicyError, decision, Cow::Owned(sentence));
        }
        if response.decision() == Answer::Allow {
            return decision;
        }
        let mut origins: Vec<&Origin> =
            response.diagnostics().reason().filter_map(|id| self.origins.get(id)).collect();
        origins.sort_by_key(|origin| (origin.asks, origin.id));
        let Some(first) = origins.first() else {
            return deny(Reason::GuardrailDenied, decision, Cow::Borrowed("A guardrail refuses this."));
        };
        if first.asks {
            return ask_of(decision, first);
        }
        let sentence = format!("The guardrail {} refuses this ({}).", first.name, first.id);
        let decision = Decision { guardrail: Some(first.id), ..decision };
        deny(Reason::GuardrailDenied, decision, Cow::Owned(sentence))
    }
}

fn ask_of(decision: Decision, origin: &Origin) -> Decision {
    if decision.verdict == Verdict::NeedsApproval {
        return decision;
    }
    Decision {
        verdict: Verdict::NeedsApproval,
        reason: Reason::ApprovalRequired,
        sentence: Cow::Owned(format!(
            "A person must approve: the guardrail {} wants it ({}).",
            origin.name, origin.id
        )),
        risk: decision.risk.max(Risk::Medium),
        missing: crate::miss::missing(Reason::ApprovalRequired),
        guardrail: Some(origin.id),
        ..decision
    }
}

fn deny(reason: Reason, decision: Decision, sentence: Cow<'static, str>) -> Decision {
    Decision {
        verdict: Verdict::Deny,
        reason,
        sentence,
        risk: decision.risk.max(risk::of_denied(reason)),
        missing: crate::miss::missing(reason),
        // It allowed, and is not what decides.
        permission: None,
        ..decision
    }
}

#[cfg(test)]
#[path = "cedar_tests.rs"]
mod tests;
