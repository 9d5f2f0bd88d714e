//! Configuration: `procura.toml`, then `PROCURA_*`, then the command line, each over the one before.
//! [`Raw`] is what was written, [`Settings`] what it means; nothing further in looks at the text.
//! An unknown key is an error, because a setting that nobody reads protects nobody.

mod mail;
mod oauth;
mod screen;

use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use mail::RawMail;
use oauth::RawOauth;
use procura_cluster::{LimitSettings, Rate};
use procura_egress::AllowedHost;
use procura_model::{
    Secret, ServerSettings, TenantId, ToolSettings, Transport, server::is_server_name, time::MINUTE_MS,
};
use screen::RawScreen;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// What can be written in `procura.toml` or said by `PROCURA_*` (`PROCURA_LIMITS__MCP=60`).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Raw {
    /// Address and port to listen on.
    pub(crate) listen: String,
    /// The URL under which people and agents reach this server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) public_url: Option<String>,
    /// Where the database, the keys and the lock live.
    pub(crate) data_dir: PathBuf,
    /// `sqlite:PATH` or `postgres://..`; a file in the data folder where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) database_url: Option<String>,
    /// The file with the root key; made in the data folder where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) root_key_file: Option<PathBuf>,
    /// Networks whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Vec<String>,
    /// Further names that the Host header may have.
    pub(crate) allowed_hosts: Vec<String>,
    /// Origins that may call `/v1/mcp` from a browser.
    pub(crate) allowed_origins: Vec<String>,
    /// The organization that the servers of this file belong to; the first one made where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default_organization: Option<TenantId>,
    /// `error`, `warn`, `info`, `debug`, or a filter such as `procura_gateway=debug`.
    pub(crate) log: String,
    /// Requests a minute.
    pub(crate) limits: RawLimits,
    /// What may be reached from here.
    pub(crate) egress: RawEgress,
    /// What becomes of tool results.
    pub(crate) sanitize: RawSanitize,
    /// How texts are screened.
    pub(crate) screen: RawScreen,
    /// The authorization server.
    pub(crate) oauth: RawOauth,
    /// How mail is sent.
    pub(crate) mail: RawMail,
    /// Tool servers.
    #[serde(rename = "server", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) servers: Vec<RawServer>,
}

/// Requests a minute (LIM-1).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawLimits {
    global: u32,
    mcp: u32,
    auth: u32,
    registration: u32,
    rule_trials: u32,
    key_verify: u32,
}

/// What may be reached from here (EGR-1).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawEgress {
    /// Private hosts that are allowed, each with organization, port and purpose.
    allow: Vec<AllowedHost>,
    /// Networks that are refused besides the special ones.
    deny: Vec<String>,
    /// Certificate authorities that are trusted besides the public ones, in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    ca_file: Option<PathBuf>,
}

/// What becomes of tool results (RED-2).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSanitize {
    /// How long a result may be before it is cut.
    max_bytes: usize,
    /// How long what was cut off can be read.
    keep_minutes: u32,
    /// How much of what was cut off is kept for an organization, in megabytes.
    keep_megabytes: u32,
}

/// A tool server: either `url`, or `command` with `args` and `env`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawServer {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    args: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    env: BTreeMap<String, String>,
    /// A file with the bearer token that is sent to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bearer_file: Option<PathBuf>,
    #[serde(default = "yes")]
    fence: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timeout_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tools: BTreeMap<String, ToolSettings>,
}

const fn yes() -> bool {
    true
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8700".to_owned(),
            public_url: None,
            data_dir: PathBuf::from("procura-data"),
            database_url: None,
            root_key_file: None,
            trusted_proxies: Vec::new(),
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            default_organization: None,
            log: "info".to_owned(),
            limits: RawLimits {
                global: 100,
                mcp: 30,
                auth: 10,
                registration: 5,
                rule_trials: 10,
                key_verify: 600_000,
            },
            egress: RawEgress::default(),
            sanitize: RawSanitize { max_bytes: 50 * 1024, keep_minutes: 15, keep_megabytes: 64 },
            screen: RawScreen::default(),
            oauth: RawOauth::default(),
            mail: RawMail::default(),
            servers: Vec::new(),
        }
    }
}

/// What the command line says over file and environment.
#[derive(Clone, Debug, Default, Serialize, clap::Args)]
pub(crate) struct Overrides {
    /// Address and port to listen on, for example 127.0.0.1:8700.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<String>,
    /// The URL under which people and agents reach this server.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    public_url: Option<String>,
    /// Where the database, the keys and the lock live.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The database: sqlite:PATH or postgres://user@host/name.
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    database_url: Option<String>,
}

/// A setting that cannot be used, with what to do about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The text of a source is not what it must be.
    #[error("{0}")]
    Source(Box<figment::Error>),
    /// A value has the right type and no meaning.
    #[error("{key}: {problem}")]
    Value {
        /// Which setting.
        key: String,
        /// What is wrong and what would be right.
        problem: String,
    },
}

fn wrong(key: impl Into<String>, problem: impl Into<String>) -> ConfigError {
    ConfigError::Value { key: key.into(), problem: problem.into() }
}

/// `PROCURA_*` that name no setting: the file itself, the caller's own key as the snippets of
/// `connect` and the README export it, and what the suite of this repository is told.
const NOT_SETTINGS: [&str; 5] = ["auth", "config", "corpora", "key", "soak"];

/// The settings with where each came from.
pub(crate) fn figment(file: Option<&Path>, overrides: &Overrides) -> Figment {
    let file = file.unwrap_or_else(|| Path::new("procura.toml"));
    Figment::from(Serialized::defaults(Raw::default()))
        .merge(Toml::file(file))
        .merge(
            Env::prefixed("PROCURA_")
                .ignore(&NOT_SETTINGS)
                .filter(|key| !key.starts_with("test_"))
                .split("__"),
        )
        .merge(Serialized::globals(overrides))
}

/// A tool server of the operator's file.
pub(crate) struct Declared {
    /// Its name.
    pub(crate) name: String,
    /// How it is reached.
    pub(crate) transport: Transport,
    /// Its settings.
    pub(crate) settings: ServerSettings,
    /// What is sent to it as `Authorization: Bearer`.
    pub(crate) credential: Option<Secret<String>>,
}

/// What the configuration means.
pub(crate) struct Settings {
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// Where the data lives.
    pub(crate) data_dir: PathBuf,
    /// Which database.
    pub(crate) database_url: String,
    /// Where the root key is.
    pub(crate) root_key_file: PathBuf,
    /// The log filter.
    pub(crate) log: String,
    /// Private hosts that are allowed.
    pub(crate) allowed: Vec<AllowedHost>,
    /// Networks that are refused.
    pub(crate) denied: Vec<String>,
    /// Further certificate authorities.
    pub(crate) extra_ca_pem: Option<Vec<u8>>,
    /// Tool servers of the file.
    pub(crate) servers: Vec<Declared>,
    /// Whose they are.
    pub(crate) default_organization: Option<TenantId>,
    /// What the journeys read.
    pub(crate) app: procura_app::Settings,
}

impl Settings {
    /// Reads and checks everything.
    pub(crate) fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Self, ConfigError> {
        if let Some(file) = file.filter(|file| !file.is_file()) {
            return Err(wrong("--config", format!("there is no file {}", file.display())));
        }
        let raw: Raw =
            figment(file, overrides).extract().map_err(|error| ConfigError::Source(Box::new(error)))?;
        Self::of(raw)
    }

    fn of(raw: Raw) -> Result<Self, ConfigError> {
        let listen: SocketAddr = raw
            .listen
            .parse()
            .map_err(|_| wrong("listen", "must be an address and port such as 127.0.0.1:8700"))?;
        let public_url = match &raw.public_url {
            Some(url) => checked_public_url(url)?,
            None => format!("http://{listen}"),
        };
        let mut app = procura_app::Settings::for_url(&public_url);
        app.allowed_hosts = raw.allowed_hosts;
        app.allowed_origins = raw.allowed_origins;
        app.trusted_proxies = raw.trusted_proxies;
        raw.sanitize.apply(&mut app)?;
        app.limits = raw.limits.checked()?;
        app.oauth = raw.oauth.checked()?;
        app.mailer = raw.mail.checked()?;
        app.default_organization = raw.default_organization;
        if !app.secure_cookies {
            app.mode_badges.push("no TLS".to_owned());
        }
        let mut allowed = raw.egress.allow;
        if let Some(second) = raw.screen.second_opinion {
            let (opinion, host) = second.checked()?;
            app.second_opinion = Some(opinion);
            allowed.push(host);
        }
        let extra_ca_pem = match &raw.egress.ca_file {
            Some(file) => Some(read_file("egress.ca_file", file)?.into_bytes()),
            None => None,
        };
        let database = raw.data_dir.join("procura.db");
        Ok(Self {
            listen,
            database_url: raw.database_url.unwrap_or_else(|| format!("sqlite:{}", database.display())),
            root_key_file: raw.root_key_file.unwrap_or_else(|| raw.data_dir.join("root.key")),
            data_dir: raw.data_dir,
            log: raw.log,
            allowed,
            denied: raw.egress.deny,
            extra_ca_pem,
            servers: raw.servers.into_iter().map(RawServer::checked).collect::<Result<_, _>>()?,
            default_organization: raw.default_organization,
            app,
        })
    }
}

impl RawSanitize {
    fn apply(&self, app: &mut procura_app::Settings) -> Result<(), ConfigError> {
        if !(1..=1_440).contains(&self.keep_minutes) {
            return Err(wrong("sanitize.keep_minutes", "must be between 1 and 1440, a day"));
        }
        if !(1..=10_240).contains(&self.keep_megabytes) {
            return Err(wrong("sanitize.keep_megabytes", "must be between 1 and 10240"));
        }
        app.sanitize_max_bytes = self.max_bytes.max(1_024);
        app.sanitize_keep_ms = i64::from(self.keep_minutes) * MINUTE_MS;
        app.sanitize_keep_bytes = usize::try_from(self.keep_megabytes).unwrap_or(usize::MAX) << 20;
        Ok(())
    }
}

impl RawLimits {
    fn checked(&self) -> Result<LimitSettings, ConfigError> {
        let rate = |key: &str, requests: u32| {
            if requests == 0 {
                return Err(wrong(format!("limits.{key}"), "must be at least 1 request a minute"));
            }
            Ok(Rate::per_minute(requests))
        };
        Ok(LimitSettings {
            global: rate("global", self.global)?,
            mcp: rate("mcp", self.mcp)?,
            auth: rate("auth", self.auth)?,
            registration: rate("registration", self.registration)?,
            rule_trials: rate("rule_trials", self.rule_trials)?,
            key_verify: rate("key_verify", self.key_verify)?,
        })
    }
}

impl RawServer {
    fn checked(self) -> Result<Declared, ConfigError> {
        let key = |field: &str| format!("server {}: {field}", self.name);
        if !is_server_name(&self.name) || self.name == "procura" {
            return Err(wrong(
                "server.name",
                "must be 1 to 32 of a-z, 0-9 and -, begin with a letter, and not be procura",
            ));
        }
        let transport = match (self.url, self.command) {
            (Some(url), None) => {
                procura_egress::WebUrl::parse(&url)
                    .map_err(|refused| wrong(format!("server {}: url", self.name), refused.text()))?;
                Transport::Http { url }
            }
            (None, Some(command)) => Transport::Stdio { command, args: self.args, env: self.env },
            _ => return Err(wrong(key("url"), "give either url, or command with args and env")),
        };
        let defaults = ServerSettings::default();
        let settings = ServerSettings {
            fence: self.fence,
            timeout_ms: self.timeout_ms.unwrap_or(defaults.timeout_ms),
            max_bytes: self.max_bytes.unwrap_or(defaults.max_bytes),
            tools: self.tools,
            ..defaults
        };
        let credential = match &self.bearer_file {
            Some(file) => Some(Secret::new(read_file("server.bearer_file", file)?.trim().to_owned())),
            None => None,
        };
        Ok(Declared { name: self.name, transport, settings, credential })
    }
}

fn read_file(key: &str, file: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(file)
        .map_err(|error| wrong(key, format!("cannot read {}: {error}", file.display())))
}

fn checked_public_url(text: &str) -> Result<String, ConfigError> {
    let problem = "must be http(s)://host[:port] without a path, for example https://procura.example.com";
    let url = url::Url::parse(text).map_err(|_| wrong("public_url", problem))?;
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if is_plain { Ok(text.trim_end_matches('/').to_owned()) } else { Err(wrong("public_url", problem)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn raw(toml: &str) -> Result<Settings, ConfigError> {
        let raw = Figment::from(Serialized::defaults(Raw::default()))
            .merge(Toml::string(toml))
            .extract()
            .map_err(|error| ConfigError::Source(Box::new(error)))?;
        Settings::of(raw)
    }

    #[test]
    fn nothing_is_required() {
        let settings = raw("").ok().unwrap();
        assert_eq!(settings.app.public_url, "http://127.0.0.1:8700");
        assert_eq!(settings.database_url, "sqlite:procura-data/procura.db");
        assert_eq!(settings.app.mode_badges, ["no TLS"]);
    }

    #[test]
    fn what_is_kept_of_a_cut_result_is_bounded_in_time_and_size() {
        let app = raw("").ok().unwrap().app;
        assert_eq!((app.sanitize_keep_ms, app.sanitize_keep_bytes), (15 * 60_000, 64 << 20));
        let app = raw("[sanitize]\nkeep_minutes = 2\nkeep_megabytes = 1").ok().unwrap().app;
        assert_eq!((app.sanitize_keep_ms, app.sanitize_keep_bytes), (120_000, 1 << 20));
    }

    #[test]
    fn a_setting_that_nobody_reads_is_an_error() {
        assert!(raw("listn = \"127.0.0.1:1\"").is_err());
        assert!(raw("[limits]\nmpc = 3").is_err());
        assert!(raw("[[server]]\nname = \"a\"\nurl = \"http://a.example/\"\nfences = true").is_err());
    }

    #[test]
    fn a_value_without_meaning_names_its_key() {
        for (toml, key) in [
            ("listen = \"here\"", "listen"),
            ("public_url = \"https://a.example/path\"", "public_url"),
            ("[[server]]\nname = \"A\"\nurl = \"http://a.example/\"", "server.name"),
            ("[[server]]\nname = \"a\"", "server a: url"),
            ("[limits]\nmcp = 0", "limits.mcp"),
            ("[sanitize]\nkeep_minutes = 0", "sanitize.keep_minutes"),
            ("[sanitize]\nkeep_megabytes = 0", "sanitize.keep_megabytes"),
        ] {
            let error = raw(toml).err().unwrap().to_string();
            assert!(error.starts_with(key), "{error}");
        }
    }
}
