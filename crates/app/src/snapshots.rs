//! Keys, agents with their compiled policies, and how their users are verified, kept in memory as long as nothing revoked them.
//!
//! A snapshot may only be kept if nothing was forgotten since its reading began: otherwise a change
//! that was committed between the reading and the keeping would be hidden for ever. `generation`
//! counts every forgetting, and a reading that saw another generation is used once and not kept.

use crate::{Seals, redaction::Redactors, users::Opened};
use parking_lot::{Mutex, RwLock};
use procura_model::{
    Actor, Agent, AgentId, Ask, CredentialId, Ctx, Decision, Digest, Entropy, Result, Tenant, TenantId,
    TenantSettings, Time,
};
use procura_policy::{
    BudgetRule, Explained, Facts, Policy,
    cedar::{Acting, Guardrail, Guardrails},
};
use procura_screen::redact::Redactor;
use procura_store::{
    Store, agents, budgets, credentials, guardrails,
    lobby::FoundCredential,
    permissions, redaction_rules,
    revocations::{Revocation, Subject},
    tenants,
};
use std::{collections::HashMap, sync::Arc};

/// How many keys, and how many agents, are kept at the most; then all are dropped and read anew.
const MAX_KEPT: usize = 50_000;

/// An agent as decisions see it.
pub struct AgentSnapshot {
    /// The agent.
    pub agent: Agent,
    /// Its permissions, compiled.
    pub policy: Policy,
    /// The version of its organization's budgets and guardrails, or an older one.
    pub rules_version: i64,
    /// Its organization's settings.
    pub settings: TenantSettings,
    /// Its organization's budgets, compiled.
    pub budgets: Vec<BudgetRule>,
    /// Its organization's guardrails, compiled.
    pub guardrails: Guardrails,
    /// Its organization's redactor.
    pub redactor: Arc<Redactor>,
}

impl std::fmt::Debug for AgentSnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { agent, policy, rules_version, settings, budgets, guardrails, redactor: _ } = self;
        f.debug_struct("AgentSnapshot")
            .field("agent", agent)
            .field("policy", policy)
            .field("rules_version", rules_version)
            .field("settings", settings)
            .field("budgets", budgets)
            .field("guardrails", guardrails)
            .finish_non_exhaustive()
    }
}

impl AgentSnapshot {
    /// What the permissions answer, narrowed by the guardrails.
    #[must_use]
    pub fn decide(&self, ask: &Ask, facts: &Facts<'_>, now: Time) -> Decision {
        self.narrow(self.policy.decide(ask, facts, now), ask, facts, now)
    }

    /// As [`AgentSnapshot::decide`], with the permissions that came near.
    #[must_use]
    pub fn explain(&self, ask: &Ask, facts: &Facts<'_>, now: Time) -> Explained {
        let explained = self.policy.explain(ask, facts, now);
        let decision = self.narrow(explained.decision, ask, facts, now);
        Explained { decision, ..explained }
    }

    /// What is left of an answer under the guardrails.
    #[must_use]
    pub fn narrow(&self, decision: Decision, ask: &Ask, facts: &Facts<'_>, now: Time) -> Decision {
        self.guardrails.narrow(decision, &Acting { agent: &self.agent, facts: *facts, now }, ask)
    }
}

#[derive(Default)]
struct Kept {
    generation: u64,
    keys: HashMap<Digest, Arc<FoundCredential>>,
    agents: HashMap<(TenantId, AgentId), Arc<AgentSnapshot>>,
    user_auths: HashMap<(TenantId, AgentId), Arc<Opened>>,
    redactors: HashMap<TenantId, Arc<Redactor>>,
}

/// What is kept in memory.
#[derive(Default)]
pub struct Snapshots {
    kept: RwLock<Kept>,
    touched: Mutex<HashMap<(TenantId, CredentialId), Touch>>,
}

/// Where snapshots are read from and last uses written to.
pub(crate) struct Rows<'r> {
    pub(crate) store: &'r Store,
    pub(crate) entropy: &'r Entropy,
    pub(crate) redactors: &'r Redactors,
    pub(crate) now: Time,
}

impl Rows<'_> {
    fn ctx(&self, tenant: TenantId) -> Ctx {
        Ctx::new(tenant, Actor::Operator, self.now, self.entropy)
    }
}

/// When a key was last used, and by which agent.
#[derive(Clone, Copy, Debug)]
struct Touch {
    agent: Option<AgentId>,
    at: Time,
}

impl Snapshots {
    /// The key that has this digest, from memory or from the store; also when it is revoked.
    pub(crate) async fn key(&self, store: &Store, digest: &Digest) -> Result<Option<Arc<FoundCredential>>> {
        let generation = {
            let kept = self.kept.read();
            if let Some(key) = kept.keys.get(digest) {
                return Ok(Some(Arc::clone(key)));
            }
            kept.generation
        };
        let Some(found) = store.lobby().credential_by_digest(digest).await? else {
            return Ok(None);
        };
        let key = Arc::new(found);
        let mut kept = self.kept.write();
        if kept.generation == generation {
            if kept.keys.len() >= MAX_KEPT {
                kept.keys.clear();
            }
            kept.keys.insert(*digest, Arc::clone(&key));
        }
        Ok(Some(key))
    }

    /// The agent with its policy, from memory or from the store.
    pub(crate) async fn agent(
        &self,
        source: &Rows<'_>,
        tenant: TenantId,
        id: AgentId,
    ) -> Result<Arc<AgentSnapshot>> {
        let generation = {
            let kept = self.kept.read();
            if let Some(agent) = kept.agents.get(&(tenant, id)) {
                return Ok(Arc::clone(agent));
            }
            kept.generation
        };
        let mut reader = source.store.read(&source.ctx(tenant));
        let agent = agents::get(&mut reader, id).await?;
        let permissions = permissions::list_of_agent(&mut reader, id).await?;
        // Read before what it counts: a version that is too old makes a receipt stale, one that is too new would not.
        let Tenant { settings, rules_version, .. } = tenants::get(&mut reader).await?;
        let policy = Policy::compile(agent.policy_version, &permissions);
        let budgets = budgets::list(&mut reader).await?.into_iter().map(BudgetRule::compile).collect();
        let rails = guardrails::list(&mut reader).await?;
        let guardrails = Guardrails::compile(rails.iter().map(|rail| Guardrail {
            id: rail.id,
            name: &rail.name,
            text: &rail.policy,
        }));
        let redactor = source.redactors.with(tenant, redaction_rules::list(&mut reader).await?)?;
        let snapshot =
            Arc::new(AgentSnapshot { agent, policy, rules_version, settings, budgets, guardrails, redactor });
        let mut kept = self.kept.write();
        if kept.generation == generation {
            if kept.agents.len() >= MAX_KEPT {
                kept.agents.clear();
            }
            kept.agents.insert((tenant, id), Arc::clone(&snapshot));
        }
        Ok(snapshot)
    }

    /// The redactor with the organization's rules, from memory or from the store.
    pub(crate) async fn redactor(&self, source: &Rows<'_>, tenant: TenantId) -> Result<Arc<Redactor>> {
        let generation = {
            let kept = self.kept.read();
            if let Some(redactor) = kept.redactors.get(&tenant) {
                return Ok(Arc::clone(redactor));
            }
            kept.generation
        };
        let rules = redaction_rules::list(&mut source.store.read(&source.ctx(tenant))).await?;
        let redactor = source.redactors.with(tenant, rules)?;
        let mut kept = self.kept.write();
        if kept.generation == generation {
            if kept.redactors.len() >= MAX_KEPT {
                kept.redactors.clear();
            }
            kept.redactors.insert(tenant, Arc::clone(&redactor));
        }
        Ok(redactor)
    }

    /// How the users of an agent are verified, its secrets opened, from memory or from the store; none where no
    /// method is set.
    pub(crate) async fn user_auth(
        &self,
        source: &Rows<'_>,
        seals: &Seals,
        of: (TenantId, AgentId),
    ) -> Result<Option<Arc<Opened>>> {
        let generation = {
            let kept = self.kept.read();
            if let Some(opened) = kept.user_auths.get(&of) {
                return Ok(Some(Arc::clone(opened)));
            }
            kept.generation
        };
        let mut reader = source.store.read(&source.ctx(of.0));
        let Some(opened) = Opened::read(&mut reader, seals, of).await? else { return Ok(None) };
        let opened = Arc::new(opened);
        let mut kept = self.kept.write();
        if kept.generation == generation {
            if kept.user_auths.len() >= MAX_KEPT {
                kept.user_auths.clear();
            }
            kept.user_auths.insert(of, Arc::clone(&opened));
        }
        Ok(Some(opened))
    }

    /// Counts up with every forgetting: while it stays the same, nothing was revoked.
    pub(crate) fn generation(&self) -> u64 {
        self.kept.read().generation
    }

    /// Forgets an agent: it was disabled, or its permissions, or how its users are verified, changed.
    pub fn forget_agent(&self, tenant: TenantId, agent: AgentId) {
        let mut kept = self.kept.write();
        kept.generation += 1;
        kept.agents.remove(&(tenant, agent));
        kept.user_auths.remove(&(tenant, agent));
    }

    /// Forgets a key: it was revoked or rotated.
    pub fn forget_key(&self, credential: CredentialId) {
        let mut kept = self.kept.write();
        kept.generation += 1;
        kept.keys.retain(|_, key| key.credential.id != credential);
    }

    /// Forgets all of an organization: its settings changed.
    pub fn forget_tenant(&self, tenant: TenantId) {
        let mut kept = self.kept.write();
        kept.generation += 1;
        kept.keys.retain(|_, key| key.tenant != tenant);
        kept.agents.retain(|(of, _), _| *of != tenant);
        kept.user_auths.retain(|(of, _), _| *of != tenant);
        kept.redactors.remove(&tenant);
    }

    /// Forgets everything.
    pub fn forget_all(&self) {
        let mut kept = self.kept.write();
        kept.generation += 1;
        kept.keys.clear();
        kept.agents.clear();
        kept.user_auths.clear();
        kept.redactors.clear();
    }

    /// Notes that a key was used; written down by upkeep, so that no request waits for it.
    pub(crate) fn touch(&self, tenant: TenantId, credential: CredentialId, agent: Option<AgentId>, at: Time) {
        self.touched.lock().insert((tenant, credential), Touch { agent, at });
    }

    /// Writes down when keys were last used.
    pub(crate) async fn write_touches(&self, source: &Rows<'_>) -> Result<()> {
        let touched: Vec<_> = self.touched.lock().drain().collect();
        for ((tenant, credential), Touch { agent, at }) in touched {
            let ctx = Ctx::new(tenant, Actor::Operator, at, source.entropy);
            let mut unaudited = source.store.unaudited(&ctx);
            credentials::touch_used(&mut unaudited, credential).await?;
            if let Some(agent) = agent {
                agents::touch_seen(&mut unaudited, agent).await?;
            }
        }
        Ok(())
    }

    /// Forgets what a revocation names. Applying one twice does no harm.
    pub(crate) fn obey(&self, row: &Revocation) {
        match &row.subject {
            Subject::Tenant => self.forget_tenant(row.tenant),
            Subject::Agent(agent) => self.forget_agent(row.tenant, *agent),
            Subject::Credential(credential) => self.forget_key(*credential),
            // Agents' sessions are kept in `sessions`, servers by the gateway; people are read anew for each request.
            Subject::Session(_)
            | Subject::Account(_)
            | Subject::Server(_)
            | Subject::OauthSession(_)
            | Subject::Client(_) => {}
        }
    }
}

impl std::fmt::Debug for Snapshots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kept = self.kept.read();
        f.debug_struct("Snapshots")
            .field("keys", &kept.keys.len())
            .field("agents", &kept.agents.len())
            .finish()
    }
}
