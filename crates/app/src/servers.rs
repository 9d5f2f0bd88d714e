//! Tool servers: who they are, how they are reached, and the credential that is sent to them, which
//! goes in and never comes out again (VLT-6). Servers over standard input and output run programs
//! on this machine, so only the operator's `procura.toml` can declare them (decision 24).

use crate::{App, api_tools::CompiledApi};
use parking_lot::RwLock;
use procura_model::{
    ApiServer, Ctx, Event, EventKind, Reason, Result, Scope, Secret, ServerId, ServerSettings, TenantId,
    ToolServer, Transport, server::is_server_name,
};
use procura_store::servers as rows;
use std::collections::HashSet;

/// The longest deadline that a server may be given, in milliseconds.
const MAX_TIMEOUT_MS: u64 = 10 * 60 * 1_000;
/// The largest answer that a server may be allowed, in bytes.
const MAX_ANSWER_BYTES: u64 = 64 * 1024 * 1024;
/// How many agents a server may be kept to.
const MAX_AGENTS: usize = 100;
/// How large a declared API may be as JSON, in bytes.
const MAX_API_BYTES: usize = 1024 * 1024;
/// How many servers one organization may have.
const MAX_SERVERS: usize = 200;

/// A tool server that somebody wants to add, or what it should become.
#[derive(Debug)]
pub struct ServerDetails {
    /// Its name: the first half of its tools' names.
    pub name: String,
    /// Its MCP endpoint; of a business API its base URL.
    pub url: String,
    /// What is sent to it: as `Authorization: Bearer`, or as the API says.
    pub credential: NewCredential,
    /// Its settings.
    pub settings: ServerSettings,
}

/// What a server speaks.
#[derive(Debug)]
pub enum Speaks {
    /// MCP over Streamable HTTP; of a server that exists: what it speaks already.
    Mcp,
    /// What this declares. Its base URL is that of the details.
    Api(Box<ApiServer>),
}

/// What becomes of a server's credential.
#[derive(Debug)]
pub enum NewCredential {
    /// It stays as it is.
    Keep,
    /// It is taken away.
    Remove,
    /// It is replaced.
    Set(Secret<String>),
}

/// The tool servers of the organization, by name.
///
/// # Errors
/// The scope is missing.
pub async fn list(app: &App, ctx: &Ctx) -> Result<Vec<ToolServer>> {
    ctx.actor.require(Scope::ReadServers)?;
    all(app, ctx).await
}

/// The tool servers without asking for a scope: for the gateway, which filters by policy.
///
/// # Errors
/// A fault when the store cannot say.
pub async fn all(app: &App, ctx: &Ctx) -> Result<Vec<ToolServer>> {
    let mut reader = app.store.read(ctx);
    rows::list(&mut reader).await
}

/// One tool server.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn get(app: &App, ctx: &Ctx, id: ServerId) -> Result<ToolServer> {
    ctx.actor.require(Scope::ReadServers)?;
    let mut reader = app.store.read(ctx);
    rows::get(&mut reader, id).await
}

/// Adds a tool server that is reached over HTTP.
///
/// # Errors
/// `FIELD_INVALID`, `NAME_TAKEN`, `EGRESS_REFUSED` for an address that is never allowed.
pub async fn add(app: &App, ctx: &Ctx, details: ServerDetails) -> Result<ToolServer> {
    add_speaking(app, ctx, details, Speaks::Mcp).await
}

/// Adds a tool server that speaks this.
///
/// # Errors
/// As [`add`].
pub async fn add_speaking(
    app: &App,
    ctx: &Ctx,
    details: ServerDetails,
    speaks: Speaks,
) -> Result<ToolServer> {
    ctx.actor.require(Scope::WriteServers)?;
    let transport = match speaks {
        Speaks::Mcp => Transport::Http { url: details.url.clone() },
        Speaks::Api(api) => Transport::Api { api },
    };
    checked(&details, &transport)?;
    let id = ServerId::new(ctx.now, &app.entropy);
    let sealed_credential = match &details.credential {
        NewCredential::Set(credential) => {
            Some(app.seals.seal_credential((ctx.tenant, id), credential, &app.entropy)?)
        }
        NewCredential::Keep | NewCredential::Remove => None,
    };
    let server = ToolServer {
        id,
        name: details.name,
        transport,
        settings: details.settings,
        sealed_credential,
        enabled: true,
        from_file: false,
        created_at: ctx.now,
    };
    let mut writer = app.store.write(ctx).await?;
    if rows::list(&mut writer).await?.len() >= MAX_SERVERS {
        return Err(
            Reason::FieldInvalid.because(format!("An organization has at most {MAX_SERVERS} tool servers."))
        );
    }
    demand_agents(&mut writer, &server.settings).await?;
    rows::insert(&mut writer, &server).await?;
    writer.commit(Event::new(EventKind::ServerAdded).about(id)).await?;
    announce(app);
    Ok(server)
}

/// Changes a tool server; what it speaks stays.
///
/// # Errors
/// `NOT_FOUND`, `FIELD_INVALID`, `NAME_TAKEN`.
pub async fn change(app: &App, ctx: &Ctx, id: ServerId, details: ServerDetails) -> Result<ToolServer> {
    change_speaking(app, ctx, id, (details, Speaks::Mcp)).await
}

/// Changes a tool server and what it speaks.
///
/// # Errors
/// As [`change`].
pub async fn change_speaking(
    app: &App,
    ctx: &Ctx,
    id: ServerId,
    (details, speaks): (ServerDetails, Speaks),
) -> Result<ToolServer> {
    ctx.actor.require(Scope::WriteServers)?;
    let mut writer = app.store.write(ctx).await?;
    let mut server = own(&mut writer, id).await?;
    let before = address(&server.transport).to_owned();
    server.transport = match (speaks, server.transport) {
        (Speaks::Api(api), _) => Transport::Api { api },
        (Speaks::Mcp, Transport::Api { mut api }) => {
            api.base_url.clone_from(&details.url);
            Transport::Api { api }
        }
        (Speaks::Mcp, Transport::Http { .. } | Transport::Stdio { .. }) => {
            Transport::Http { url: details.url.clone() }
        }
    };
    checked(&details, &server.transport)?;
    demand_agents(&mut writer, &details.settings).await?;
    server.sealed_credential = match &details.credential {
        NewCredential::Set(credential) => {
            Some(app.seals.seal_credential((ctx.tenant, id), credential, &app.entropy)?)
        }
        NewCredential::Remove => None,
        // A credential never follows a server to another address: who may edit could else read it.
        NewCredential::Keep if before != address(&server.transport) && server.sealed_credential.is_some() => {
            return Err(Reason::FieldInvalid
                .because("url: the address changes, so the credential must be given again or removed."));
        }
        NewCredential::Keep => server.sealed_credential,
    };
    server.name = details.name;
    server.settings = details.settings;
    rows::update(&mut writer, &server).await?;
    writer.commit(Event::new(EventKind::ServerChanged).about(id)).await?;
    announce(app);
    Ok(server)
}

/// Where the credential goes.
fn address(transport: &Transport) -> &str {
    match transport {
        Transport::Http { url } => url,
        Transport::Api { api } => &api.base_url,
        Transport::Stdio { .. } => "",
    }
}

/// Every agent that a server is kept to is one of the organization.
async fn demand_agents(writer: &mut procura_store::Writer<'_>, settings: &ServerSettings) -> Result<()> {
    for agent in &settings.agents {
        match procura_store::agents::get(writer, *agent).await {
            Ok(_) => {}
            Err(error) if error.reason() == Reason::NotFound => {
                let sentence = format!("settings.agents: there is no agent {agent}.");
                return Err(Reason::FieldInvalid.because(sentence));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The tool servers that this process's `procura.toml` declares. What a database says of programs is
/// not enough to run one: a row stays when the operator takes the program out of the file.
#[derive(Debug, Default)]
pub struct Declared(RwLock<HashSet<(TenantId, String)>>);

impl Declared {
    /// Whether this server may be used, as far as the file has a say: a program only if it stands there.
    #[must_use]
    pub fn admits(&self, tenant: TenantId, server: &ToolServer) -> bool {
        let is_named = |(of, name): &(TenantId, String)| *of == tenant && *name == server.name;
        matches!(server.transport, Transport::Http { .. } | Transport::Api { .. })
            || self.0.read().iter().any(is_named)
    }

    fn set(&self, tenant: TenantId, names: &[String]) {
        *self.0.write() = names.iter().map(|name| (tenant, name.clone())).collect();
    }
}

/// Takes a tool server in use or out of use.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn set_enabled(app: &App, ctx: &Ctx, id: ServerId, use_it: Use) -> Result<ToolServer> {
    ctx.actor.require(Scope::WriteServers)?;
    let mut writer = app.store.write(ctx).await?;
    let mut server = rows::get(&mut writer, id).await?;
    server.enabled = matches!(use_it, Use::On);
    rows::update(&mut writer, &server).await?;
    writer
        .commit(
            Event::new(EventKind::ServerChanged)
                .about(id)
                .with_facts(&serde_json::json!({ "enabled": server.enabled })),
        )
        .await?;
    announce(app);
    Ok(server)
}

/// Whether a server is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// In use.
    On,
    /// Out of use.
    Off,
}

/// Removes a tool server.
///
/// # Errors
/// `NOT_FOUND`, `STATE_CHANGED` for one that `procura.toml` declares.
pub async fn remove(app: &App, ctx: &Ctx, id: ServerId) -> Result<()> {
    ctx.actor.require(Scope::WriteServers)?;
    let mut writer = app.store.write(ctx).await?;
    own(&mut writer, id).await?;
    rows::remove(&mut writer, id).await?;
    writer.commit(Event::new(EventKind::ServerRemoved).about(id)).await?;
    announce(app);
    Ok(())
}

/// The credential of a server, opened for one call; it dies with the caller's hands.
///
/// # Errors
/// A fault when it cannot be opened.
pub fn credential_of(app: &App, ctx: &Ctx, server: &ToolServer) -> Result<Option<Secret<String>>> {
    let sealed = server.sealed_credential.as_deref();
    sealed.map(|sealed| app.seals.open_credential((ctx.tenant, server.id), sealed)).transpose()
}

/// Makes the servers of the operator's file the organization's: new ones are added, known ones
/// updated, those that the file no longer names are taken out of use.
///
/// # Errors
/// `NAME_TAKEN` when a person has given that name to a server of their own.
pub async fn declare(
    app: &App,
    ctx: &Ctx,
    declared: Vec<(String, Transport, ServerSettings, Option<Secret<String>>)>,
) -> Result<()> {
    let mut writer = app.store.write(ctx).await?;
    let known = rows::list(&mut writer).await?;
    let mut events = Vec::new();
    for (name, transport, settings, credential) in &declared {
        let before = known.iter().find(|server| server.name == *name);
        if before.is_some_and(|server| !server.from_file) {
            return Err(Reason::NameTaken.because(format!("The tool server name {name} is in use already.")));
        }
        let id = before.map_or_else(|| ServerId::new(ctx.now, &app.entropy), |server| server.id);
        let sealed = credential
            .as_ref()
            .map(|c| app.seals.seal_credential((ctx.tenant, id), c, &app.entropy))
            .transpose()?;
        let server = ToolServer {
            id,
            name: name.clone(),
            transport: transport.clone(),
            settings: settings.clone(),
            sealed_credential: sealed,
            enabled: true,
            from_file: true,
            created_at: before.map_or(ctx.now, |server| server.created_at),
        };
        rows::upsert_from_file(&mut writer, &server).await?;
        if before.is_none() {
            events.push(Event::new(EventKind::ServerAdded).about(id));
        }
    }
    let names: Vec<String> = declared.into_iter().map(|(name, ..)| name).collect();
    for gone in rows::disable_missing_from_file(&mut writer, &names).await? {
        events.push(Event::new(EventKind::ServerChanged).about(gone));
    }
    if events.is_empty() {
        events.push(Event::new(EventKind::ServerChanged).about("procura.toml"));
    }
    writer.commit_all(events).await?;
    app.declared.set(ctx.tenant, &names);
    announce(app);
    Ok(())
}

/// A server that people may change: not one of the operator's file.
async fn own(writer: &mut procura_store::Writer<'_>, id: ServerId) -> Result<ToolServer> {
    let server = rows::get(writer, id).await?;
    if server.from_file {
        return Err(
            Reason::StateChanged.because("This tool server is declared in procura.toml; change it there.")
        );
    }
    Ok(server)
}

fn announce(app: &App) {
    app.servers_changed.send_modify(|count| *count += 1);
}

fn checked(details: &ServerDetails, transport: &Transport) -> Result<()> {
    let wrong = |text: &'static str| Err(Reason::FieldInvalid.because(text));
    if !is_server_name(&details.name) || details.name == "procura" {
        return wrong("name must be 1 to 32 of a-z, 0-9 and -, begin with a letter, and not be procura.");
    }
    match transport {
        Transport::Http { url } if procura_egress::WebUrl::parse(url).is_err() => {
            return wrong("url must be an http or https URL without user name or password.");
        }
        Transport::Http { .. } => {}
        Transport::Api { api } => {
            if serde_json::to_string(api).map_or(true, |text| text.len() > MAX_API_BYTES) {
                return wrong("api must be at most 1 MiB as JSON; declare fewer tools, or smaller schemas.");
            }
            CompiledApi::compile(api)
                .map_err(|fault| Reason::FieldInvalid.because(format!("api.{fault}.")))?;
        }
        Transport::Stdio { .. } => return wrong("Programs are declared in procura.toml only."),
    }
    let settings = &details.settings;
    if !(100..=MAX_TIMEOUT_MS).contains(&settings.timeout_ms) {
        return wrong("settings.timeoutMs must be between 100 and 600000.");
    }
    if !(1_024..=MAX_ANSWER_BYTES).contains(&settings.max_bytes) {
        return wrong("settings.maxBytes must be between 1024 and 67108864.");
    }
    if settings.agents.len() > MAX_AGENTS {
        return wrong("settings.agents must hold at most 100 agents; leave it empty for all.");
    }
    if let NewCredential::Set(credential) = &details.credential
        && !credential.is_visible_ascii()
    {
        return wrong("credential must be visible ASCII without blanks, as a bearer token is.");
    }
    Ok(())
}
