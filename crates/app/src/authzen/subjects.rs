//! Whose policy judges a subject. An agent key speaks for its own agent, whoever it asks about; a platform key asks
//! about an agent by its id or name, and about every other type of subject by the agent that the organization has
//! named for that type. Whom nobody judges may do nothing.

use crate::{AgentSnapshot, App, budgets::Sums, verify};
use procura_model::{
    AgentId, Ctx, EntityName, Error, Reason, Result, TenantSettings, entity::MAX_TYPE_BYTES,
};
use procura_store::{Source, agents, tenants};
use std::{collections::BTreeMap, sync::Arc};

/// The type of subjects that are agents of ours.
const AGENT: &str = "agent";
/// How many types an organization may name an agent for.
const MAX_SUBJECT_TYPES: usize = 20;

/// Whose policy judges the subjects of one request, and what was read for it.
pub(crate) struct Judges<'a> {
    app: &'a App,
    ctx: &'a Ctx,
    settings: Option<TenantSettings>,
    /// What was added up of ledgers for the questions so far.
    pub(crate) sums: Sums,
}

impl<'a> Judges<'a> {
    /// Nobody has been looked for yet.
    pub(crate) fn new(app: &'a App, ctx: &'a Ctx) -> Self {
        Self { app, ctx, settings: None, sums: Sums::default() }
    }

    /// Whose policy judges this subject; why nobody does.
    ///
    /// # Errors
    /// A fault.
    pub(crate) async fn of(&mut self, subject: &EntityName) -> Result<Result<Arc<AgentSnapshot>, Reason>> {
        let agent = match (self.ctx.actor.agent(), subject.of_type.as_str()) {
            (Some(own), AGENT) => return self.own(own, &subject.id).await,
            (Some(own), _) => Some(own),
            (None, AGENT) => self.named(&subject.id).await?,
            (None, of_type) => self.settings().await?.authzen_subjects.get(of_type).copied(),
        };
        let Some(agent) = agent else { return Ok(Err(Reason::NotFound)) };
        match verify::snapshot(self.app, self.ctx, agent).await {
            Err(error) if is_unknown(&error) => Ok(Err(Reason::NotFound)),
            found => found.map(Ok),
        }
    }

    /// Another agent's name gets the same answer as a name of nobody.
    async fn own(&self, own: AgentId, id: &str) -> Result<Result<Arc<AgentSnapshot>, Reason>> {
        let snapshot = verify::snapshot(self.app, self.ctx, own).await?;
        let is_own = id == own.to_string() || id == snapshot.agent.name;
        Ok(if is_own { Ok(snapshot) } else { Err(Reason::AgentMismatch) })
    }

    async fn named(&self, id: &str) -> Result<Option<AgentId>> {
        match id.parse() {
            Ok(id) => Ok(Some(id)),
            Err(_) => agents::find_by_name(&mut self.app.store.read(self.ctx), id).await,
        }
    }

    async fn settings(&mut self) -> Result<&TenantSettings> {
        if self.settings.is_none() {
            self.settings = Some(tenants::get(&mut self.app.store.read(self.ctx)).await?.settings);
        }
        self.settings.as_ref().ok_or_else(|| Reason::Internal.into())
    }
}

fn is_unknown(error: &Error) -> bool {
    error.reason() == Reason::NotFound
}

/// Demands that the agents that judge types of subjects exist.
///
/// # Errors
/// `FIELD_INVALID`.
pub(crate) async fn check_subjects(
    source: &mut impl Source,
    subjects: &BTreeMap<String, AgentId>,
) -> Result<()> {
    let refuse = |text: String| Err(Reason::FieldInvalid.because(text));
    if subjects.len() > MAX_SUBJECT_TYPES {
        return refuse(format!("authzenSubjects must name at most {MAX_SUBJECT_TYPES} types."));
    }
    for (of_type, agent) in subjects {
        let is_word = (1..=MAX_TYPE_BYTES).contains(&of_type.len()) && !of_type.chars().any(char::is_control);
        if !is_word || of_type == AGENT {
            return refuse(format!(
                "authzenSubjects names types of subjects: 1 to {MAX_TYPE_BYTES} bytes, and not agent, which are judged by their own policy."
            ));
        }
        match agents::get(source, *agent).await {
            Err(error) if is_unknown(&error) => {
                return refuse("authzenSubjects names an agent that is not there.".to_owned());
            }
            found => drop(found?),
        }
    }
    Ok(())
}
