//! Filling a data folder for a run: an organization, keys, permissions that allow the load, and the stub as upstream server.
//!
//! The only place that knows how Procura is administered without a person: by the same journeys as the console,
//! on the database that the server will open afterwards.

use std::net::SocketAddr;
use std::path::Path;

use procura_app::agents::AgentDetails;
use procura_app::oauth::{
    authorize, clients,
    consent::{self, Acting, Allowed},
    resources,
};
use procura_app::onboarding::SetUp;
use procura_app::{App, Seals, Settings, World, agents, onboarding, permissions};
use procura_crypto::{Cost, RootKey, TokenKind, token};
use procura_egress::Egress;
use procura_model::{
    Actor, AgentId, Credential, CredentialId, Ctx, Entropy, Event, EventKind, GuardedScope, Json, KeyHolder,
    Origin, Permission, PermissionId, Secret, ShownOnce, TokenForm, oauth::GuardedSettings, time::MINUTE_MS,
};
use procura_store::{Store, StoreSettings, credentials, permissions as permission_rows};

use crate::Outcome;

/// What the run needs to find.
#[derive(Clone, Copy)]
pub(crate) struct Wish {
    /// The upstream that tools come from, as server `bench`.
    pub(crate) stub: Option<SocketAddr>,
    /// How many agent keys there are in all.
    pub(crate) keys: usize,
    /// What the agent may do.
    pub(crate) permissions: &'static [&'static str],
    /// Which permissions there are beside, that the load never meets.
    pub(crate) beside: Beside,
    /// Whether there are guarded APIs, and a client whom a person let in many times.
    pub(crate) is_for_oauth: bool,
}

/// Permissions that the load never meets.
#[derive(Clone, Copy)]
pub(crate) enum Beside {
    None,
    /// So many, of other agents, ten each.
    OfOthers(usize),
    /// So many, of the very agent.
    OfTheAgent(usize),
}

impl Default for Wish {
    fn default() -> Self {
        Self { stub: None, keys: 1, permissions: &PERMISSIONS, beside: Beside::None, is_for_oauth: false }
    }
}

/// What the load needs to know.
pub(crate) struct Seeded {
    /// An agent key that may do what the load does.
    pub(crate) agent_key: String,
    /// That agent.
    pub(crate) agent: AgentId,
    /// A platform key that may do everything.
    pub(crate) platform_key: String,
    /// A public client, and codes for it that nobody exchanged yet.
    pub(crate) public_client: String,
    /// Those codes.
    pub(crate) codes: Vec<String>,
}

/// How many codes there are.
pub(crate) const CODES: usize = 64;
/// RFC 7636 appendix B: what shows that the codes are ours.
pub(crate) const CODE_VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CODE_CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// Where answers to the public client go.
pub(crate) const REDIRECT: &str = "https://client.bench.example/callback";
/// The APIs, by the form of their tokens.
const APIS: [(&str, TokenForm); 2] = [
    ("https://api.bench.example/jwt", TokenForm::Jwt),
    ("https://api.bench.example/opaque", TokenForm::Opaque),
];

/// How many permissions an agent has that is not the load's.
const PERMISSIONS_OF_ANOTHER: usize = 10;

/// What the load does must be allowed, without a person.
const PERMISSIONS: [&str; 2] = [
    r#"{"effect":"allow","actions":["purchase.*"],"vendors":["coachella.com"],"maxAmount":{"value":"1000.00","currency":"USD"}}"#,
    r#"{"effect":"allow","actions":["tool.call"],"resources":["bench/*"]}"#,
];

/// Writes `procura.toml` and the database into an empty folder. The limits are off: the load is not what they are for.
pub(crate) fn seed(data: &Path, wish: &Wish) -> Outcome<Seeded> {
    let mut config = "log = \"warn\"\n[limits]\nglobal = 60000000\nmcp = 60000000\n".to_owned();
    if let Some(stub) = wish.stub {
        config.push_str(&format!("[[server]]\nname = \"bench\"\nurl = \"http://{stub}/mcp\"\n"));
    }
    std::fs::create_dir_all(data).map_err(|error| error.to_string())?;
    std::fs::write(data.join("procura.toml"), config).map_err(|error| error.to_string())?;
    let (url, wish) = (format!("sqlite:{}", data.join("procura.db").display()), *wish);
    let fill = move || {
        let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
        runtime.block_on(fill(url, wish)).map_err(|error| format!("cannot fill the data folder: {error:?}"))
    };
    std::thread::spawn(fill).join().map_err(|_| "filling the data folder panicked".to_owned())?
}

async fn fill(url: String, wish: Wish) -> procura_model::Result<Seeded> {
    let store = Store::open(&StoreSettings { url, schema: None, max_connections: 4 }).await?;
    store.migrate().await?;
    let entropy = Entropy::system();
    let mut settings = Settings::for_url("http://127.0.0.1");
    settings.scrypt = Cost::least();
    // The server must start before they are exchanged.
    settings.oauth.code_ms = 10 * MINUTE_MS;
    // The server makes its own root key: nothing is sealed here.
    let seals = Seals::new(&RootKey::generate(&entropy));
    let egress = Egress::new(procura_egress::Settings::default())
        .map_err(|error| procura_model::Error::fault("set up the way out", error))?;
    let clock = procura_model::Clock::System;
    let app = App::new(World { store, egress, seals, clock, entropy, settings })?;
    let link = onboarding::setup_link(&app).await?;
    let secret = link.show().rsplit('/').next().unwrap_or_default().to_owned();
    let password = token::mint(TokenKind::Link, &app.entropy).secret.show().to_owned();
    let ask = SetUp {
        organization: "Bench".to_owned(),
        email: "owner@bench.example".to_owned(),
        password: Secret::new(password),
    };
    let (owner, platform) = onboarding::set_up(&app, Origin::default(), &secret, ask).await?;
    let ctx = app.ctx(owner.signed_in.identified, Origin::default());
    let details = AgentDetails { name: "load".to_owned(), kind: "bench".to_owned(), provider: String::new() };
    let (agent, key) = agents::create(&app, &ctx, details).await?;
    for text in wish.permissions {
        permissions::add(&app, &ctx, agent.id, read(text)?).await?;
    }
    further_keys(&app, &ctx, &key.credential, wish.keys.saturating_sub(1)).await?;
    match wish.beside {
        Beside::None => {}
        Beside::OfOthers(count) => {
            for number in 0..count.div_ceil(PERMISSIONS_OF_ANOTHER) {
                let (kind, provider) = ("bench".to_owned(), String::new());
                let details = AgentDetails { name: format!("other {number}"), kind, provider };
                let (other, _) = agents::create(&app, &ctx, details).await?;
                let most = count.saturating_sub(number * PERMISSIONS_OF_ANOTHER);
                further_permissions(&app, &ctx, other.id, most.min(PERMISSIONS_OF_ANOTHER)).await?;
            }
        }
        Beside::OfTheAgent(count) => further_permissions(&app, &ctx, agent.id, count).await?,
    }
    let shown = |secret: &ShownOnce| ShownOnce::show(secret).to_owned();
    let (public_client, codes) =
        if wish.is_for_oauth { let_in(&app, &ctx, agent.id).await? } else { (String::new(), Vec::new()) };
    let seeded = Seeded {
        agent_key: shown(&key.secret),
        agent: agent.id,
        platform_key: shown(&platform.secret),
        public_client,
        codes,
    };
    app.store.close().await;
    Ok(seeded)
}

/// Two guarded APIs, and a public client whom the owner lets in as the agent, again and again.
async fn let_in(app: &App, ctx: &Ctx, agent: AgentId) -> procura_model::Result<(String, Vec<String>)> {
    for (identifier, tokens) in APIS {
        let scopes = vec![GuardedScope { name: "read".to_owned(), text: "Read.".to_owned() }];
        let settings =
            GuardedSettings { scopes, tokens, token_seconds: 600, dpop_required: false, agents: None };
        let name = tokens.as_str().to_owned();
        resources::add(app, ctx, identifier, resources::Draft { name, settings }).await?;
    }
    let metadata = Json::parse(&format!(
        r#"{{"client_name":"public","redirect_uris":["{REDIRECT}"],"token_endpoint_auth_method":"none",
            "grant_types":["authorization_code","refresh_token"]}}"#
    ))
    .map_err(|error| procura_model::Error::fault("read the client", error))?;
    let (client, _) = clients::create(app, ctx, clients::Draft { metadata, agent: None }).await?;
    let [_, (resource, _)] = APIS;
    let query = format!(
        "response_type=code&client_id={}&redirect_uri={REDIRECT}&scope=read+offline_access&resource={resource}\
         &code_challenge={CODE_CHALLENGE}&code_challenge_method=S256",
        client.id
    );
    let allowed = Allowed { tenant: ctx.tenant, acting: Acting::Existing(agent), proved_at: ctx.now };
    let mut codes = Vec::with_capacity(CODES);
    for _ in 0..CODES {
        let asked = authorize::read(app, ctx, &query).await.map_err(|refused| refused.error)?;
        let back = consent::allow(app, ctx, &asked, allowed).await?;
        let code = back.split(['?', '&']).find_map(|part| part.strip_prefix("code=")).unwrap_or_default();
        codes.push(code.to_owned());
    }
    Ok((client.id.to_string(), codes))
}

fn read(text: &str) -> procura_model::Result<Permission> {
    serde_json::from_str(text).map_err(|error| procura_model::Error::fault("read the permissions", error))
}

/// Many permissions of an agent in one transaction, all different: ten begin with the same word, so that no index
/// makes each stand alone.
async fn further_permissions(
    app: &App,
    ctx: &Ctx,
    agent: AgentId,
    count: usize,
) -> procura_model::Result<()> {
    let ctx = Ctx::new(ctx.tenant, Actor::Operator, ctx.now, &app.entropy);
    let mut writer = app.store.write(&ctx).await?;
    for number in 0..count {
        let area = number / PERMISSIONS_OF_ANOTHER;
        let mut permission = read(&format!(
            r#"{{"effect":"allow","actions":["area{area}.act{number}"],"resources":["thing/{number}/*"],
                "vendors":["v{number}.example.com"],"maxAmount":{{"value":"{number}.00","currency":"USD"}}}}"#
        ))?;
        permission.id = Some(PermissionId::new(ctx.now, &app.entropy));
        permission_rows::insert(&mut writer, agent, &permission).await?;
    }
    writer.commit(Event::new(EventKind::PermissionCreated).of_agent(agent).about("many")).await
}

/// Many keys of the same agent in one transaction: each of its own would take its own flush.
async fn further_keys(app: &App, ctx: &Ctx, like: &Credential, keys: usize) -> procura_model::Result<()> {
    let (tenant, actor) = (ctx.tenant, Actor::Operator);
    let ctx = Ctx::new(tenant, actor, ctx.now, &app.entropy);
    let mut writer = app.store.write(&ctx).await?;
    for _ in 0..keys {
        let minted = token::mint(TokenKind::AgentKey, &app.entropy);
        let credential = Credential {
            id: CredentialId::new(ctx.now, &app.entropy),
            preview: minted.preview,
            ..like.clone()
        };
        credentials::insert(&mut writer, &credential, &minted.digest).await?;
    }
    let holder = match like.holder {
        KeyHolder::Agent(agent) => Event::new(EventKind::KeyCreated).of_agent(agent),
        KeyHolder::Platform => Event::new(EventKind::KeyCreated),
    };
    writer.commit(holder.about("many")).await
}
