//! Tool servers: the upstreams that offer tools.

use crate::{amount::Currency, ids::ServerId, time::Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a tool server is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
        #[serde(default)]
        args: Vec<String>,
        /// The environment it gets; nothing is inherited but PATH.
        #[serde(default)]
        env: BTreeMap<String, String>,
    },
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
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self { fence: true, timeout_ms: 30_000, max_bytes: 4 * 1024 * 1024, tools: BTreeMap::new() }
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
    /// The sealed credential that is sent as `Authorization: Bearer`, where one was set.
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
