//! The demo's Procura: its own data folder and organization, an owner, an agent with its
//! permissions, the demo tool server behind the gateway, and a business with customers of its own.

use super::{business, upstream};
use crate::{
    commands::Problem,
    config::{Overrides, Settings},
    wire::{self, House},
};
use procura_app::{
    agents::{self, AgentDetails},
    keys::{self, NewKey},
    members, onboarding, permissions,
    servers::{self, NewCredential, ServerDetails},
    users::{
        MethodSettings, SignedTokenSettings, UserAuthSettings, WidgetSettings,
        secrets::{self, NewSecret},
        settings as user_settings,
    },
};
use procura_cluster::{LimitSettings, Rate};
use procura_crypto::{TokenKind, token};
use procura_egress::{AllowedHost, Purpose, Rules, Whom};
use procura_model::{
    AccountId, Actor, AgentId, Ctx, Error, Reason, Result, Role, Scope, Scopes, Secret, ServerSettings,
    SessionId, ShownOnce, TenantId, ToolSettings, error::Doing as _,
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
    /// The business's page.
    pub(super) shop_url: String,
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
    settings.app.open_sandbox = true;
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
    let shop = listen(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let state = WebState::new(house.app.clone(), house.gateway.clone());
    let stop = house.app.jobs.stopping();
    house.app.jobs.spawn(async move {
        if let Err(error) = procura_web::serve(listener, state, stop.cancelled_owned()).await {
            tracing::error!(error = %error, "the demo's server ended");
        }
    });
    let demo = furnish(house, upstream_address, local(&shop)?).await?;
    let keys = open_shop(&demo, &shop).await?;
    demo.house.app.jobs.spawn_until_stop(business::serve(shop, demo.house.app.clone(), keys));
    Ok(demo)
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
async fn furnish(house: House, upstream: SocketAddr, shop: SocketAddr) -> Result<Demo> {
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
    tools(&house, &ctx, &upstream_url).await?;
    let (_, key) = agent(&house, &ctx, "demo agent", &PERMISSIONS).await?;
    Ok(Demo { tenant, owner, key, upstream_url, shop_url: business::origin(shop), house })
}

/// The demo tool server under the name `shop`; an earlier run's is moved to the new port.
async fn tools(house: &House, ctx: &Ctx, url: &str) -> Result<()> {
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

async fn agent(house: &House, ctx: &Ctx, name: &str, permitted: &[&str]) -> Result<(AgentId, ShownOnce)> {
    let app = &house.app;
    let earlier = agents::list(app, ctx, &procura_model::PageAsk::new(None, Some(200))).await?.items.len();
    let details = AgentDetails {
        name: format!("{name} {}", earlier + 1),
        kind: "assistant".to_owned(),
        provider: "demo".to_owned(),
    };
    let (agent, key) = agents::create(app, ctx, details).await?;
    for text in permitted {
        let permission = serde_json::from_str(text).doing("read the demo's permissions")?;
        permissions::add(app, ctx, agent.id, permission).await?;
    }
    Ok((agent.id, key.secret))
}

/// Sets up at Procura what the business needs: its assistant, how its customers are verified, and a key with which it
/// ends their sessions.
async fn open_shop(demo: &Demo, listener: &TcpListener) -> std::result::Result<business::Keys, Problem> {
    let address = local(listener)?;
    let (app, ctx) = (&demo.house.app, wire::operator(&demo.house.app, demo.tenant, "demo"));
    let (agent, agent_key) = agent(&demo.house, &ctx, "shop assistant", &OF_THE_CUSTOMER).await?;
    let widget = WidgetSettings {
        allowed_origins: vec![business::origin(address)],
        endpoint: business::endpoint(address),
    };
    let settings = UserAuthSettings {
        method: MethodSettings::SignedToken(SignedTokenSettings::default()),
        session_seconds: 3_600,
        widget: Some(widget),
    };
    user_settings::set(app, &ctx, agent, settings).await?;
    let secret = secrets::add(app, &ctx, agent, NewSecret { given: None, overlap_ms: 0 }).await?;
    let revoking = NewKey {
        name: "the shop signs customers out".to_owned(),
        scopes: Scopes::of(&[Scope::RevokeSessions]),
        expires_at: None,
    };
    let platform_key = keys::create_platform(app, &ctx, revoking).await?;
    Ok(business::Keys {
        agent,
        agent_key: agent_key.show().to_owned(),
        platform_key: platform_key.secret.show().to_owned(),
        secret: Secret::new(secret.shown.map(|shown| shown.show().to_owned()).unwrap_or_default()),
    })
}

/// Reading is free; a refund is for EUR or USD orders of up to 500, and a person agrees above 50.
const PERMISSIONS: [&str; 2] = [
    r#"{"effect":"allow","actions":["tool.call"],"resources":["shop/find_orders","shop/read_review","shop/read_settings"]}"#,
    r#"{"effect":"allow","actions":["tool.call"],"resources":["shop/refund"],
        "conditions":[{"path":"args.orderId","op":"prefix","value":"ord-"}],
        "maxAmount":{"value":"500.00","currency":"USD"},
        "approval":{"above":{"value":"50.00","currency":"USD"}}}"#,
];

/// The shop's assistant sees the orders of the customer for whom it acts, and nobody else's.
const OF_THE_CUSTOMER: [&str; 1] =
    [r#"{"effect":"allow","actions":["tool.call"],"resources":["shop/find_orders"],
        "conditions":[{"path":"args.customer","op":"eq","ref":"user.id"}]}"#];

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
