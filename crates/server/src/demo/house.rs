//! The demo's Procura: its own data folder and organization, an owner, an agent with four
//! permissions, and the demo tool server behind the gateway.

use super::upstream;
use crate::{
    commands::Problem,
    config::{Overrides, Settings},
    wire::{self, House},
};
use procura_app::{
    agents::{self, AgentDetails},
    members, onboarding, permissions,
    servers::{self, NewCredential, ServerDetails},
};
use procura_cluster::{LimitSettings, Rate};
use procura_crypto::{TokenKind, token};
use procura_egress::{AllowedHost, Purpose, Rules, Whom};
use procura_model::{
    AccountId, Actor, Ctx, Error, Reason, Result, Role, Secret, ServerSettings, SessionId, ShownOnce,
    TenantId, ToolSettings, error::Doing as _,
};
use procura_web::WebState;
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};
use tokio::net::TcpListener;

/// A demo that runs.
pub(super) struct Demo {
    pub(super) house: House,
    pub(super) tenant: TenantId,
    pub(super) owner: AccountId,
    pub(super) key: ShownOnce,
    pub(super) upstream_url: String,
}

/// Starts everything.
pub(super) async fn open(overrides: &Overrides) -> std::result::Result<Demo, Problem> {
    let mut overrides = overrides.clone();
    overrides.data_dir.get_or_insert_with(|| PathBuf::from("demo-data"));
    let mut settings = Settings::load(None, &overrides)?;
    let listener = listen(settings.listen).await?;
    let address = local(&listener)?;
    settings.app.public_url = format!("http://{address}");
    settings.app.mode_badges.insert(0, "demo".to_owned());
    settings.app.limits = LimitSettings {
        global: Rate::per_minute(6_000),
        mcp: Rate::per_minute(3_000),
        ..LimitSettings::default()
    };
    settings.servers.clear();
    let house = wire::build(settings).await?;
    let upstream = listen(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let upstream_address = local(&upstream)?;
    house.app.jobs.spawn_until_stop(upstream::serve(upstream));
    let state = WebState::new(house.app.clone(), house.gateway.clone());
    let stop = house.app.jobs.stopping();
    house.app.jobs.spawn(async move {
        if let Err(error) = procura_web::serve(listener, state, stop.cancelled_owned()).await {
            tracing::error!(error = %error, "the demo's server ended");
        }
    });
    Ok(furnish(house, upstream_address).await?)
}

/// The wanted port, or any other when it is taken.
async fn listen(wanted: SocketAddr) -> std::result::Result<TcpListener, Problem> {
    match TcpListener::bind(wanted).await {
        Ok(listener) => Ok(listener),
        Err(_) => crate::commands::serve::bind(SocketAddr::new(wanted.ip(), 0)).await,
    }
}

fn local(listener: &TcpListener) -> std::result::Result<SocketAddr, Problem> {
    listener
        .local_addr()
        .map_err(|source| Problem::Machine { doing: "read the own address".to_owned(), source })
}

/// The organization, its owner, the agent, its permissions and the tool server.
async fn furnish(house: House, upstream: SocketAddr) -> Result<Demo> {
    let app = &house.app;
    if !onboarding::is_set_up(app).await? {
        let link = onboarding::setup_link(app).await?;
        let secret = link.show().rsplit('/').next().unwrap_or_default().to_owned();
        let password = token::mint(TokenKind::Link, &app.entropy).secret.show().to_owned();
        let ask = onboarding::SetUp {
            organization: "Demo".to_owned(),
            email: "owner@demo.localhost.test".to_owned(),
            password: Secret::new(password),
        };
        onboarding::set_up(app, wire::cli_origin("demo"), &secret, ask).await?;
    }
    let tenant = onboarding::first_organization(app).await?.ok_or(Reason::NotFound)?;
    let ctx = wire::operator(app, tenant, "demo");
    let everybody = members::list(app, &ctx).await?;
    let owner = everybody.iter().find(|member| member.role == Role::Owner).ok_or(Reason::NotFound)?.account;
    let upstream_url = format!("http://{upstream}/mcp");
    let allowed = AllowedHost {
        tenant: Whom::Only(tenant),
        host: upstream.ip().to_string(),
        port: upstream.port(),
        purpose: Purpose::ToolServer,
    };
    app.egress.set_rules(Rules::new(&[allowed], Vec::new()).doing("allow the demo's tool server")?);
    shop(&house, &ctx, &upstream_url).await?;
    let key = agent(&house, &ctx).await?;
    Ok(Demo { tenant, owner, key, upstream_url, house })
}

/// The demo tool server under the name `shop`; an earlier run's is moved to the new port.
async fn shop(house: &House, ctx: &Ctx, url: &str) -> Result<()> {
    let refund = ToolSettings {
        amount_path: Some("amount".to_owned()),
        currency_path: Some("currency".to_owned()),
        currency: None,
    };
    let details = ServerDetails {
        name: "shop".to_owned(),
        url: url.to_owned(),
        credential: NewCredential::Keep,
        settings: ServerSettings {
            tools: BTreeMap::from([("refund".to_owned(), refund)]),
            ..ServerSettings::default()
        },
    };
    let known = servers::list(&house.app, ctx).await?;
    match known.iter().find(|server| server.name == "shop") {
        Some(server) => servers::change(&house.app, ctx, server.id, details).await.map(drop),
        None => servers::add(&house.app, ctx, details).await.map(drop),
    }
}

async fn agent(house: &House, ctx: &Ctx) -> Result<ShownOnce> {
    let app = &house.app;
    let earlier = agents::list(app, ctx, &procura_model::PageAsk::new(None, Some(200))).await?.items.len();
    let details = AgentDetails {
        name: format!("demo agent {}", earlier + 1),
        kind: "assistant".to_owned(),
        provider: "demo".to_owned(),
    };
    let (agent, key) = agents::create(app, ctx, details).await?;
    for text in PERMISSIONS {
        let permission = serde_json::from_str(text).doing("read the demo's permissions")?;
        permissions::add(app, ctx, agent.id, permission).await?;
    }
    Ok(key.secret)
}

/// Reading is free; a refund is for EUR or USD orders of up to 500, and a person agrees above 50.
const PERMISSIONS: [&str; 2] = [
    r#"{"effect":"allow","actions":["tool.call"],"resources":["shop/find_orders","shop/read_review","shop/read_settings"]}"#,
    r#"{"effect":"allow","actions":["tool.call"],"resources":["shop/refund"],
        "conditions":[{"path":"args.orderId","op":"prefix","value":"ord-"}],
        "maxAmount":{"value":"500.00","currency":"USD"},
        "approval":{"above":{"value":"50.00","currency":"USD"}}}"#,
];

impl Demo {
    /// Where Procura is reached.
    pub(super) fn url(&self) -> &str {
        &self.house.app.settings.public_url
    }

    /// The owner as the person who answers.
    pub(super) fn person(&self) -> Ctx {
        let app = &self.house.app;
        let session = SessionId::new(app.now(), &app.entropy);
        let actor = Actor::Account { account: self.owner, role: Role::Owner, session };
        Ctx::new(self.tenant, actor, app.now(), &app.entropy).from(wire::cli_origin("demo"))
    }

    /// A link that signs the visitor in as the demo's owner, once.
    pub(super) async fn sign_in_link(&self) -> std::result::Result<ShownOnce, Error> {
        onboarding::sign_in_link(&self.house.app, &self.person(), self.owner).await
    }

    /// Waits for Ctrl-C.
    pub(super) async fn stay(&self) {
        crate::commands::serve::terminated().await;
    }

    /// Lets everything come to its end.
    pub(super) async fn close(self) {
        crate::commands::serve::close(&self.house).await;
    }
}
