//! Tool servers: the upstreams that offer tools.

use crate::{
    amount::Currency,
    api_server::ApiServer,
    ids::{AgentId, ServerId},
    time::Time,
};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::collections::BTreeMap;

/// How a tool server is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Transport {
    /// MCP over Streamable HTTP.
    Http {
        /// The endpoint.
        url: String,
    },
    /// MCP over a child's standard input and output; declared only by the operator in `procura.toml`.
    Stdio {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// The environment it gets; nothing is inherited but PATH.
        env: BTreeMap<String, String>,
    },
    /// A business's own HTTP API, whose operations are declared as tools (USR-9).
    Api {
        /// The API.
        api: Box<ApiServer>,
    },
}

/// Only from JSON text, and read in one piece: a reader that looks at the kind first would keep what it
/// passed over, and the numbers of schemas must keep their digits.
impl<'de> Deserialize<'de> for Transport {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Whole {
            kind: String,
            url: Option<String>,
            command: Option<String>,
            #[serde(default)]
            args: Vec<String>,
            #[serde(default)]
            env: BTreeMap<String, String>,
            api: Option<Box<ApiServer>>,
        }
        let Whole { kind, url, command, args, env, api } = Whole::deserialize(d)?;
        let missing = D::Error::missing_field;
        match kind.as_str() {
            "http" => Ok(Self::Http { url: url.ok_or_else(|| missing("url"))? }),
            "stdio" => Ok(Self::Stdio { command: command.ok_or_else(|| missing("command"))?, args, env }),
            "api" => Ok(Self::Api { api: api.ok_or_else(|| missing("api"))? }),
            other => Err(D::Error::unknown_variant(other, &["http", "stdio", "api"])),
        }
    }
}

/// What the operator or a developer says about one tool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ToolSettings {
    /// The path of the amount in the arguments, such as `total.value`.
    pub amount_path: Option<String>,
    /// The path of the currency in the arguments.
    pub currency_path: Option<String>,
    /// The currency, where the arguments name none.
    pub currency: Option<Currency>,
}

/// What can be changed about a tool server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ServerSettings {
    /// Whether text from it is fenced as untrusted; off only for servers that are trusted.
    pub fence: bool,
    /// How long one call may take, in milliseconds.
    pub timeout_ms: u64,
    /// How large an answer may be, in bytes.
    pub max_bytes: u64,
    /// Settings of single tools by the server's own name for them.
    pub tools: BTreeMap<String, ToolSettings>,
    /// The agents that can see and use it; empty for all.
    pub agents: Vec<AgentId>,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            fence: true,
            timeout_ms: 30_000,
            max_bytes: 4 * 1024 * 1024,
            tools: BTreeMap::new(),
            agents: Vec::new(),
        }
    }
}

impl ServerSettings {
    /// Whether this agent can see and use the server.
    #[must_use]
    pub fn serves(&self, agent: AgentId) -> bool {
        self.agents.is_empty() || self.agents.contains(&agent)
    }
}

/// An upstream that offers tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolServer {
    /// The server's id.
    pub id: ServerId,
    /// Its name: the first half of a tool's name; lower-case letters, digits and `-`, at most 32.
    pub name: String,
    /// How it is reached.
    pub transport: Transport,
    /// What can be changed about it.
    pub settings: ServerSettings,
    /// The sealed credential that is sent to it, where one was set: as `Authorization: Bearer`, or as its API says.
    pub sealed_credential: Option<Vec<u8>>,
    /// Whether it is in use.
    pub enabled: bool,
    /// Whether it comes from `procura.toml` and can be changed only there.
    pub from_file: bool,
    /// When it was added.
    pub created_at: Time,
}

/// Whether this can be a tool server's name. The doubled underscore divides server and tool.
#[must_use]
pub fn is_server_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && name.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
}
