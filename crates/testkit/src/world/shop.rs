//! An organization of a world.

use super::{Buyer, Call, Http, Person, Reply, World};
use crate::{fixture::pace, stub::Stub};
use procura_app::{App, Identified, keys, members, onboarding};
use procura_model::{
    Account, AccountId, Actor, Approval, ApprovalId, Ctx, Event, EventKind, Origin, Reason, RequestId, Role,
    Scope, Scopes, Secret, TenantId, TenantSettings,
};
use procura_store::{members as member_rows, tenants};
use serde_json::{Value, json};
use std::sync::Arc;

/// The password of everybody in tests.
pub(super) const PASSWORD: &str = "correct horse battery";

/// An organization: its owner, its first platform key, and what they do.
#[derive(Clone)]
pub struct Shop {
    /// The organization.
    pub id: TenantId,
    /// Its name.
    pub name: String,
    /// Its owner.
    pub owner: Person,
    /// A client with the first platform key: every scope that a key can have.
    pub platform: Http,
    /// The first platform key.
    pub key: String,
    pub(super) app: Arc<App>,
    http: Http,
}

fn origin() -> Origin {
    Origin { method: "TEST".to_owned(), path: "/".to_owned(), ..Origin::default() }
}

/// Every scope that a platform key can have.
fn key_scopes() -> Scopes {
    Scope::ALL.iter().copied().filter(|scope| *scope != Scope::DecideApprovals).collect()
}

impl Shop {
    #[expect(clippy::expect_used, reason = "a test without its organization has nothing to say")]
    pub(super) async fn found(world: &World, name: &str) -> Self {
        let app = Arc::clone(&world.app);
        let email = format!("owner@{name}.example");
        let (id, key, session) = if onboarding::is_set_up(&app).await.expect("ask for an owner") {
            let id = found_another(&app, name, &email).await;
            let session = onboarding::sign_in(&app, origin(), &email, Secret::new(PASSWORD.to_owned()))
                .await
                .expect("sign in");
            let ctx = app.ctx(session.signed_in.identified.clone(), origin());
            let ask = keys::NewKey {
                name: "first platform key".to_owned(),
                scopes: key_scopes(),
                expires_at: None,
            };
            let key = keys::create_platform(&app, &ctx, ask).await.expect("a platform key");
            (id, key.secret.show().to_owned(), session)
        } else {
            let link = onboarding::setup_link(&app).await.expect("a set-up link");
            let secret = link.show().rsplit('/').next().unwrap_or_default().to_owned();
            let ask = onboarding::SetUp {
                organization: name.to_owned(),
                email: email.clone(),
                password: Secret::new(PASSWORD.to_owned()),
            };
            let (session, key) = onboarding::set_up(&app, origin(), &secret, ask).await.expect("set up");
            (session.signed_in.identified.tenant, key.secret.show().to_owned(), session)
        };
        let owner = Person::of(&world.http, &session);
        Self {
            id,
            name: name.to_owned(),
            owner,
            platform: world.http.with_key(&key),
            key,
            app,
            http: world.http.clone(),
        }
    }

    /// Registers an agent; its key may ask, call tools and read its own traces.
    pub async fn agent(&self, name: &str) -> Buyer {
        let reply =
            self.platform.post("/v1/agents", &json!({"name": name, "kind": "assistant"})).send().await.ok();
        Buyer::new(
            self,
            parsed(&reply.text_at("/agent/id")),
            &reply.text_at("/key/secret"),
            &reply.text_at("/key/key/id"),
        )
    }

    /// A client with another platform key of these scopes.
    pub async fn platform_key(&self, scopes: &[Scope]) -> Http {
        let names: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        let reply =
            self.platform.post("/v1/keys", &json!({"name": "another", "scopes": names})).send().await.ok();
        self.http.with_key(&reply.text_at("/secret"))
    }

    /// A person who was invited in this role and accepted.
    #[expect(clippy::expect_used, reason = "a test without its people has nothing to say")]
    pub async fn member(&self, role: Role) -> Person {
        let ctx = self.owner_ctx();
        let email = format!("{}.member@{}.example", role.as_str(), self.name);
        let (_, link) = members::invite(&self.app, &ctx, &email, role).await.expect("invite");
        let secret = link.show().rsplit('/').next().unwrap_or_default().to_owned();
        let session =
            members::accept_invitation(&self.app, origin(), &secret, Secret::new(PASSWORD.to_owned()))
                .await
                .expect("accept the invitation");
        Person::of(&self.http, &session)
    }

    /// A context of the owner, for journeys that have no operation.
    #[must_use]
    pub fn owner_ctx(&self) -> Ctx {
        self.app.ctx(self.owner.identified.clone(), origin())
    }

    /// A context of the owner as somebody else sees it at another time: the same person, a new request.
    #[must_use]
    pub fn ctx_of(&self, person: &Person) -> Ctx {
        self.app.ctx(person.identified.clone(), origin())
    }

    /// Adds a permission; gives its id.
    pub async fn permit(&self, agent: &Buyer, permission: Value) -> String {
        let path = format!("/v1/agents/{}/permissions", agent.id);
        self.platform.post(&path, &permission).send().await.ok().text_at("/permission/id")
    }

    /// Lets the agent call every tool of every server.
    pub async fn permit_all_tools(&self, agent: &Buyer) -> String {
        self.permit(agent, json!({"effect": "allow", "actions": ["*"], "resources": ["*"]})).await
    }

    /// The owner grants an approval.
    ///
    /// # Errors
    /// As the journey.
    pub async fn approve(&self, id: &str) -> Result<(), Reason> {
        let granted =
            procura_app::approvals::grant(&self.app, &self.owner_ctx(), parsed::<ApprovalId>(id)).await;
        granted.map(drop).map_err(|error| error.reason())
    }

    /// The owner denies an approval.
    ///
    /// # Errors
    /// As the journey.
    pub async fn deny(&self, id: &str) -> Result<(), Reason> {
        let denied =
            procura_app::approvals::deny(&self.app, &self.owner_ctx(), parsed::<ApprovalId>(id)).await;
        denied.map(drop).map_err(|error| error.reason())
    }

    /// Somebody answers an approval as their session in the console does.
    ///
    /// # Errors
    /// As the journey.
    pub async fn answer(
        &self,
        person: &Person,
        id: &str,
        given: procura_app::approvals::Given,
    ) -> Result<Approval, Reason> {
        let answered =
            procura_app::approvals::answer(&self.app, &self.ctx_of(person), parsed::<ApprovalId>(id), given)
                .await;
        answered.map_err(|error| error.reason())
    }

    /// The path of a one-time link that somebody makes to an approval.
    ///
    /// # Errors
    /// As the journey.
    pub async fn approval_link(&self, person: &Person, id: &str) -> Result<String, Reason> {
        let made =
            procura_app::approvals::make_link(&self.app, &self.ctx_of(person), parsed::<ApprovalId>(id))
                .await;
        let url = made.map_err(|error| error.reason())?.url.show().to_owned();
        Ok(url.strip_prefix(&self.app.settings.public_url).unwrap_or_default().to_owned())
    }

    /// An approval as the platform reads it.
    pub async fn approval(&self, id: &str) -> Reply {
        self.platform.get(&format!("/v1/approvals/{id}")).send().await.ok()
    }

    /// Adds a tool server with this name; gives its id.
    pub async fn server(&self, name: &str, url: &str) -> String {
        self.server_with(json!({"name": name, "url": url})).await
    }

    /// Adds a tool server as described; gives its id.
    pub async fn server_with(&self, description: Value) -> String {
        self.platform.post("/v1/servers", &description).send().await.ok().text_at("/id")
    }

    /// Adds a stub as a tool server with these settings, and an agent that may call all its tools.
    pub async fn with_stub(&self, stub: &Stub, settings: Value) -> Buyer {
        self.server_with(json!({"name": "stub", "url": stub.url(), "settings": settings})).await;
        let agent = self.agent("caller").await;
        self.permit_all_tools(&agent).await;
        agent
    }

    /// The trace of a request, as the platform reads it.
    pub async fn trace(&self, request: RequestId) -> Reply {
        self.platform.get(&format!("/v1/traces/{request}")).send().await
    }

    /// The trace of a request once it has come to its end; what is recorded after the answer may take a moment.
    #[expect(clippy::panic, reason = "a test whose trace does not end has nothing to say")]
    pub async fn ended_trace(&self, request: RequestId) -> Value {
        let mut last = Value::Null;
        for _ in 0..500 {
            last = self.trace(request).await.json();
            let outcome = last.get("outcome").and_then(Value::as_str);
            if outcome.is_some_and(|outcome| outcome != "unknown") {
                return last;
            }
            pace::pause(20).await;
        }
        panic!("the trace of {request} does not end: {last}");
    }

    /// A call to the API with the first platform key.
    pub fn call(&self, method: http::Method, path: &str) -> Call {
        self.platform.call(method, path)
    }
}

/// An id of a test.
#[track_caller]
#[expect(clippy::panic, reason = "a test without its id has nothing to say")]
pub(super) fn parsed<T: std::str::FromStr>(text: &str) -> T {
    match text.parse() {
        Ok(id) => id,
        Err(_) => panic!("{text} is no such id"),
    }
}

/// A second organization: no journey makes one yet, so the operator's hand is played on the rows.
#[expect(clippy::expect_used, reason = "a test without its organization has nothing to say")]
async fn found_another(app: &App, name: &str, email: &str) -> TenantId {
    let now = app.now();
    let (tenant, account) = (TenantId::new(now, &app.entropy), AccountId::new(now, &app.entropy));
    let ctx = app.ctx(Identified { tenant, actor: Actor::Operator }, origin());
    let password = Secret::new(PASSWORD.to_owned());
    let password_hash = procura_crypto::password::hash(&password, app.settings.scrypt, &app.entropy)
        .expect("hash the password");
    let mut writer = app.store.write(&ctx).await.expect("begin a change");
    tenants::insert(&mut writer, name, &TenantSettings::default()).await.expect("make the organization");
    let account = Account { id: account, email: email.to_owned(), password_hash, created_at: now };
    writer.lobby().insert_account(&account).await.expect("make the account");
    member_rows::insert(&mut writer, account.id, Role::Owner).await.expect("let the owner in");
    writer.commit(Event::new(EventKind::OrganizationCreated).about(tenant)).await.expect("commit");
    tenant
}
