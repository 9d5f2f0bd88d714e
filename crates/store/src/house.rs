//! A small organization for the tests of this crate.

use crate::{Source as _, Store, Writer, agents, approvals, lobby, members, tenants, testing};
use procura_model::{
    Account, AccountId, Actor, Agent, AgentId, AgentStatus, Approval, ApprovalId, ApprovalState, Ctx, Digest,
    Entropy, Event, EventKind, RequestId, Role, TenantId, TenantSettings, Time,
};

/// When every test begins.
pub(crate) const START: Time = Time::from_ms(1_790_000_000_000);

/// A store with one organization in it.
#[derive(Clone)]
pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) tenant: TenantId,
    pub(crate) entropy: Entropy,
}

impl House {
    /// On the database that `TEST_DATABASE` asks for.
    pub(crate) async fn new() -> Self {
        Self::on(testing::fresh().await).await
    }

    pub(crate) async fn on(store: Store) -> Self {
        let entropy = Entropy::system();
        let house = Self { store, tenant: TenantId::new(START, &entropy), entropy };
        house.founded().await
    }

    /// A second organization in the same store.
    pub(crate) async fn neighbour(&self) -> Self {
        let house = Self { tenant: TenantId::new(START, &self.entropy), ..self.clone() };
        house.founded().await
    }

    async fn founded(self) -> Self {
        let ctx = self.ctx();
        let mut w = self.store.write(&ctx).await.unwrap();
        tenants::insert(&mut w, "Shop", &TenantSettings::default()).await.unwrap();
        w.commit(Event::new(EventKind::OrganizationCreated)).await.unwrap();
        self
    }

    pub(crate) fn ctx(&self) -> Ctx {
        self.ctx_at(START)
    }

    pub(crate) fn ctx_at(&self, now: Time) -> Ctx {
        Ctx::new(self.tenant, Actor::Operator, now, &self.entropy)
    }

    /// Makes a change that must succeed.
    pub(crate) async fn change<T>(
        &self,
        now: Time,
        kind: EventKind,
        what: impl AsyncFnOnce(&mut Writer<'_>) -> procura_model::Result<T>,
    ) -> T {
        let ctx = self.ctx_at(now);
        let mut w = self.store.write(&ctx).await.unwrap();
        let done = what(&mut w).await.unwrap();
        w.commit(Event::new(kind)).await.unwrap();
        done
    }

    pub(crate) fn new_agent(&self, name: &str) -> Agent {
        Agent {
            id: AgentId::new(START, &self.entropy),
            name: name.to_owned(),
            kind: "assistant".to_owned(),
            provider: String::new(),
            owner: None,
            status: AgentStatus::Enabled,
            policy_version: 1,
            created_at: START,
            last_seen_at: None,
        }
    }

    pub(crate) async fn agent(&self, name: &str) -> AgentId {
        let agent = self.new_agent(name);
        self.change(START, EventKind::AgentCreated, async |w| agents::insert(w, &agent).await).await;
        agent.id
    }

    pub(crate) async fn member(&self, email: &str, role: Role) -> AccountId {
        let account = Account {
            id: AccountId::new(START, &self.entropy),
            email: email.to_owned(),
            password_hash: "hash".to_owned(),
            created_at: START,
        };
        self.change(START, EventKind::MemberJoined, async |w| {
            w.lobby().insert_account(&account).await?;
            members::insert(w, account.id, role).await
        })
        .await;
        account.id
    }

    pub(crate) fn new_approval(&self, agent: AgentId, words: &str) -> Approval {
        Approval {
            id: ApprovalId::new(START, &self.entropy),
            agent,
            user: None,
            digest: Digest::of(words.as_bytes()),
            canonical_ask: words.to_owned(),
            policy_version: 1,
            permission: None,
            sentence: "A person must agree.".to_owned(),
            state: ApprovalState::Waiting,
            asked_in: RequestId::new(START, &self.entropy),
            created_at: START,
            expires_at: START.plus_ms(60_000),
            decided_by: None,
            decided_at: None,
            consumed_in: None,
            task: None,
            scope: None,
            uses: 0,
            max_uses: Some(1),
            quorum: 1,
            agreed: 0,
        }
    }

    /// The terms of a grant for one call.
    pub(crate) fn once(approval: &Approval) -> approvals::Terms {
        approvals::Terms {
            scope: procura_model::ApprovalScope::Once,
            max_uses: Some(1),
            expires_at: approval.expires_at,
            policy_version: approval.policy_version,
        }
    }

    pub(crate) async fn granted_approval(&self, agent: AgentId, words: &str) -> Approval {
        let approval = self.new_approval(agent, words);
        let by = AccountId::new(START, &self.entropy);
        self.change(START, EventKind::ApprovalGranted, async |w| {
            approvals::insert(w, &approval).await?;
            approvals::agree(w, approval.id).await?;
            approvals::grant(w, approval.id, &Self::once(&approval), by).await
        })
        .await
    }

    pub(crate) fn lobby(&self) -> lobby::Lobby<'static> {
        self.store.lobby()
    }

    /// Which subjects the table of revocations names, in order.
    pub(crate) async fn revoked(&self) -> Vec<crate::revocations::Subject> {
        let rows = self.lobby().revocations_since(0, START).await.unwrap();
        rows.into_iter().map(|row| row.subject).collect()
    }

    /// The kinds of event in a request's chain, in order.
    pub(crate) async fn chain(&self, ctx: &Ctx) -> Vec<EventKind> {
        let mut reader = self.store.read(ctx);
        assert_eq!(reader.tenant(), ctx.tenant);
        let rows = crate::evidence::trace(&mut reader, ctx.request).await.unwrap();
        rows.into_iter().map(|row| row.event.kind).collect()
    }
}
