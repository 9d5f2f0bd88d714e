//! Puts the rooms together: keys, store, egress, app, gateway.

use crate::config::{Declared, Settings};
use procura_app::{App, Identified, Seals, World, jobs, onboarding, servers};
use procura_crypto::RootKey;
use procura_egress::{AllowedHost, Egress, Purpose, Resolver, Rules, Whom};
use procura_gateway::Gateway;
use procura_model::{
    Actor, Clock, Ctx, Entropy, Error, Origin, Reason, Result, TenantId, Transport, error::Doing as _,
};
use procura_store::{Store, StoreSettings};
use std::{fs, io::Write as _, path::Path, sync::Arc, time::Duration};

/// A house that stands and is not yet open.
pub(crate) struct House {
    /// The journeys.
    pub(crate) app: Arc<App>,
    /// The gateway.
    pub(crate) gateway: Arc<Gateway>,
    /// Loud lines about what is unsafe.
    pub(crate) warnings: Vec<String>,
}

/// Builds everything that the settings name; makes the data folder, the root key and the database
/// where they are missing.
pub(crate) async fn build(settings: Settings) -> Result<House> {
    let entropy = Entropy::system();
    let mut warnings = Vec::new();
    make_data_dir(&settings.data_dir)?;
    let (root, is_new) = root_key(&settings.root_key_file, &entropy)?;
    if settings.root_key_file.starts_with(&settings.data_dir) {
        warnings.push(format!(
            "UNSAFE: the root key lies beside the database, in {}. Keep a copy elsewhere; for production set root_key_file to a path that backups of the data do not include.",
            settings.root_key_file.display()
        ));
    }
    if !settings.app.secure_cookies {
        warnings.push("UNSAFE: no TLS. Keys and cookies travel in the clear; before anything but this machine reaches it, put a TLS proxy in front and set public_url to https://...".to_owned());
    }
    let store =
        Store::open(&StoreSettings { url: settings.database_url.clone(), schema: None, max_connections: 16 })
            .await?;
    store.migrate().await?;
    let seals = Seals::new(&root);
    check_root_key(&store, &seals, is_new).await?;
    let rules = rules(&settings.allowed, &settings.denied)?;
    let egress = Egress::new(procura_egress::Settings {
        rules,
        resolver: Resolver::System,
        extra_ca_pem: settings.extra_ca_pem,
        connect_timeout: Duration::from_secs(10),
    })
    .doing("set up the way out")?;
    let clock = Clock::System;
    let app = App::new(World { store, egress, seals, clock, entropy, settings: settings.app })?;
    jobs::start(&app);
    let gateway = Gateway::start(&app);
    declare(
        &app,
        Declaration {
            servers: settings.servers,
            organization: settings.default_organization,
            allowed: settings.allowed,
            denied: settings.denied,
        },
    );
    Ok(House { app, gateway, warnings })
}

/// The servers of `procura.toml` and the rules that they need.
struct Declaration {
    servers: Vec<Declared>,
    organization: Option<TenantId>,
    allowed: Vec<AllowedHost>,
    denied: Vec<String>,
}

/// Makes the file's servers the organization's: now, or as soon as there is an organization. The
/// operator who writes an address into the file allows it, for that organization and purpose alone.
fn declare(app: &Arc<App>, declaration: Declaration) {
    let app_of_task = Arc::clone(app);
    app.jobs.spawn_until_stop(async move {
        let app = app_of_task;
        let mut founded = app.founded.subscribe();
        let tenant = loop {
            match (declaration.organization, onboarding::first_organization(&app).await) {
                (Some(tenant), _) | (None, Ok(Some(tenant))) => break tenant,
                (None, Ok(None)) => {}
                (None, Err(error)) => {
                    tracing::error!(error = ?error, "the first organization cannot be read")
                }
            }
            if founded.changed().await.is_err() {
                return;
            }
        };
        if let Err(error) = declare_for(&app, tenant, declaration).await {
            tracing::error!(error = ?error, "the tool servers of procura.toml cannot be declared");
        }
    });
}

async fn declare_for(app: &App, tenant: TenantId, declaration: Declaration) -> Result<()> {
    let mut allowed = declaration.allowed;
    let before = allowed.len();
    for server in &declaration.servers {
        if let Transport::Http { url } = &server.transport {
            let url = url::Url::parse(url).doing("read a declared URL")?;
            if let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) {
                let host = host.trim_matches(['[', ']']).to_owned();
                allowed.push(AllowedHost {
                    tenant: Whom::Only(tenant),
                    host,
                    port,
                    purpose: Purpose::ToolServer,
                });
            }
        }
    }
    // The rules in force stay as they are where the file adds none: somebody may have set others since.
    if allowed.len() > before {
        app.egress.set_rules(rules(&allowed, &declaration.denied)?);
    }
    let ctx = Ctx::new(tenant, Actor::Operator, app.now(), &app.entropy).from(cli_origin("procura.toml"));
    let rows =
        declaration.servers.into_iter().map(|s| (s.name, s.transport, s.settings, s.credential)).collect();
    servers::declare(app, &ctx, rows).await
}

/// Where an operator's act comes from.
pub(crate) fn cli_origin(path: &str) -> Origin {
    Origin { method: "CLI".to_owned(), path: path.to_owned(), ..Origin::default() }
}

/// The operator in an organization.
pub(crate) fn operator(app: &App, tenant: TenantId, path: &str) -> Ctx {
    app.ctx(Identified { tenant, actor: Actor::Operator }, cli_origin(path))
}

fn rules(allowed: &[AllowedHost], denied: &[String]) -> Result<Rules> {
    let denied = denied.iter().map(|net| net.parse()).collect::<std::result::Result<_, _>>();
    let denied = denied.map_err(|_| {
        Reason::FieldInvalid.because("egress.deny must hold networks such as 198.51.100.0/24.")
    })?;
    Rules::new(allowed, denied)
        .map_err(|error| Reason::FieldInvalid.because(format!("egress.allow: {error}")))
}

fn make_data_dir(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).doing("make the data folder")?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700))
            .doing("close the data folder to others")?;
    }
    Ok(())
}

/// The root key, and whether it was made just now.
fn root_key(file: &Path, entropy: &Entropy) -> Result<(RootKey, bool)> {
    match fs::read_to_string(file) {
        Ok(text) => {
            let key = RootKey::from_base64(text.trim())
                .map_err(|error| Error::fault("read the root key", format!("{}: {error}", file.display())))?;
            Ok((key, false))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = RootKey::generate(entropy);
            let mut options = fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            {
                use std::os::unix::fs::OpenOptionsExt as _;
                options.mode(0o600);
            }
            let mut out = options.open(file).doing("make the root key file")?;
            writeln!(out, "{}", key.to_text().show()).doing("write the root key")?;
            out.sync_all().doing("write the root key")?;
            Ok((key, true))
        }
        Err(error) => Err(Error::fault("read the root key", error)),
    }
}

/// A database that was written under another root key must not be opened with this one: what is
/// sealed in it could not be read, and a new key would hide that until it is too late.
async fn check_root_key(store: &Store, seals: &Seals, is_new: bool) -> Result<()> {
    const KEY: &str = "root_key_check";
    match store.lobby().meta(KEY).await? {
        Some(known) if known == seals.check_value() => Ok(()),
        Some(_) if is_new => Err(Error::fault(
            "open the database",
            "the root key file is missing, and the database was written under another one; restore the file",
        )),
        Some(_) => Err(Error::fault(
            "open the database",
            "the root key is not the one that the database was written under",
        )),
        None => store.lobby().set_meta(KEY, seals.check_value()).await,
    }
}
