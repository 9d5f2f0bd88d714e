//! The snippet that connects a client: one pure function, used by the console's first page and by
//! `procura connect`, so that both print the same. The address is `/v1/mcp` (decisions 4).

/// Stands where the key belongs.
pub const PLACEHOLDER: &str = "YOUR_AGENT_KEY";

/// A client that can be connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// Claude Code.
    ClaudeCode,
    /// Claude Desktop.
    ClaudeDesktop,
    /// Cursor.
    Cursor,
    /// Visual Studio Code.
    VsCode,
    /// Codex.
    Codex,
    /// A shell.
    Curl,
    /// A Python program.
    Python,
    /// A TypeScript program.
    TypeScript,
}

impl Client {
    /// Every client, in the order of the tabs.
    pub const ALL: [Self; 8] = [
        Self::ClaudeCode,
        Self::ClaudeDesktop,
        Self::Cursor,
        Self::VsCode,
        Self::Codex,
        Self::Curl,
        Self::Python,
        Self::TypeScript,
    ];

    /// The word on the command line and in the URL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClaudeCode => "claude-code",
            Self::ClaudeDesktop => "claude-desktop",
            Self::Cursor => "cursor",
            Self::VsCode => "vscode",
            Self::Codex => "codex",
            Self::Curl => "curl",
            Self::Python => "python",
            Self::TypeScript => "typescript",
        }
    }

    /// The name for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::ClaudeDesktop => "Claude Desktop",
            Self::Cursor => "Cursor",
            Self::VsCode => "VS Code",
            Self::Codex => "Codex",
            Self::Curl => "curl",
            Self::Python => "Python",
            Self::TypeScript => "TypeScript",
        }
    }

    /// The client of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|client| client.as_str() == word)
    }
}

/// The snippet for this client, with the live URL; without a key it holds [`PLACEHOLDER`].
#[must_use]
pub fn snippet(client: Client, public_url: &str, key: Option<&str>) -> String {
    template(client)
        .replace("{url}", public_url.trim_end_matches('/'))
        .replace("{key}", key.unwrap_or(PLACEHOLDER))
}

const fn template(client: Client) -> &'static str {
    match client {
        Client::ClaudeCode => CLAUDE_CODE,
        Client::ClaudeDesktop => CLAUDE_DESKTOP,
        Client::Cursor => CURSOR,
        Client::VsCode => VS_CODE,
        Client::Codex => CODEX,
        Client::Curl => CURL,
        Client::Python => PYTHON,
        Client::TypeScript => TYPE_SCRIPT,
    }
}

const CLAUDE_CODE: &str = r#"claude mcp add --transport http procura {url}/v1/mcp \
  --header "Authorization: Bearer {key}"
"#;

// Claude Desktop starts programs only, so a small bridge carries its messages to the URL.
const CLAUDE_DESKTOP: &str = r#"{
  "mcpServers": {
    "procura": {
      "command": "npx",
      "args": ["-y", "mcp-remote", "{url}/v1/mcp", "--header", "Authorization:${PROCURA_AUTH}"],
      "env": { "PROCURA_AUTH": "Bearer {key}" }
    }
  }
}
"#;

const CURSOR: &str = r#"{
  "mcpServers": {
    "procura": {
      "url": "{url}/v1/mcp",
      "headers": { "Authorization": "Bearer {key}" }
    }
  }
}
"#;

const VS_CODE: &str = r#"{
  "servers": {
    "procura": {
      "type": "http",
      "url": "{url}/v1/mcp",
      "headers": { "Authorization": "Bearer {key}" }
    }
  }
}
"#;

const CODEX: &str = r#"# ~/.codex/config.toml
[mcp_servers.procura]
url = "{url}/v1/mcp"
http_headers = { Authorization = "Bearer {key}" }
"#;

const CURL: &str = r#"curl -sS {url}/v1/verify \
  -H "Authorization: Bearer {key}" \
  -H "Content-Type: application/json" \
  -d '{"action": "purchase", "resource": "ticket", "amount": "742.00", "currency": "USD"}'
"#;

const PYTHON: &str = r#"# With the SDK, which also checks the answer's signature and settles what was held (pip install ./sdk/python):
#   from procura import Procura
#   procura = Procura("{url}", "{key}", agent_id="agt_...")
#   procura.guard({"action": "purchase", "amount": "742.00", "currency": "USD"}, lambda grant: buy())
# Without it:
import json, urllib.request

def verify(**ask):
    request = urllib.request.Request(
        "{url}/v1/verify",
        data=json.dumps(ask).encode(),
        headers={"Authorization": "Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)

answer = verify(action="purchase", resource="ticket", amount="742.00", currency="USD")
if answer["decision"] == "needs_approval":
    raise PermissionError(f"{answer['reason']} A person decides at {answer['approvalUrl']}")
if not answer["allowed"]:
    raise PermissionError(answer["reason"])
# Afterwards, where the answer has a reservationId: POST {url}/v1/reservations/{reservationId}/commit
"#;

const TYPE_SCRIPT: &str = r#"// With the SDK, which also checks the answer's signature and settles what was held (npm install ./sdk/typescript):
//   import { Procura } from "@procura/sdk";
//   const procura = new Procura({ url: "{url}", key: "{key}", agentId: "agt_..." });
//   await procura.guard({ action: "purchase", amount: "742.00", currency: "USD" }, (grant) => buy());
// Without it:
async function verify(ask: object) {
  const answer = await fetch("{url}/v1/verify", {
    method: "POST",
    headers: { "Authorization": "Bearer {key}", "Content-Type": "application/json" },
    body: JSON.stringify(ask),
    signal: AbortSignal.timeout(10_000),
  });
  if (!answer.ok) throw new Error(`procura: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

const answer = await verify({ action: "purchase", resource: "ticket", amount: "742.00", currency: "USD" });
if (answer.decision === "needs_approval") throw new Error(`${answer.reason} A person decides at ${answer.approvalUrl}`);
if (!answer.allowed) throw new Error(answer.reason);
// Afterwards, where the answer has a reservationId: POST {url}/v1/reservations/{reservationId}/commit
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_snippet_names_the_live_url_and_the_key_and_leaves_no_hole() {
        for client in Client::ALL {
            let text = snippet(client, "https://p.example/", Some("pca_x"));
            assert!(text.contains("https://p.example/v1/") && text.contains("pca_x"), "{text}");
            assert!(!text.contains("{url}") && !text.contains("{key}") && !text.contains(PLACEHOLDER));
            assert!(snippet(client, "http://localhost:1", None).contains(PLACEHOLDER));
            assert_eq!(Client::from_word(client.as_str()), Some(client));
        }
    }

    #[test]
    fn a_program_is_told_of_the_guard_and_reads_where_a_person_decides_before_it_gives_up() {
        for client in [Client::Python, Client::TypeScript] {
            let text = snippet(client, "https://p.example", None);
            assert!(text.contains("procura.guard("), "{text}");
            assert!(text.find("needs_approval").unwrap() < text.find("allowed").unwrap(), "{text}");
            assert!(text.contains("approvalUrl"), "{text}");
        }
    }

    #[test]
    fn the_documents_are_valid_json() {
        for client in [Client::ClaudeDesktop, Client::Cursor, Client::VsCode] {
            let text = snippet(client, "https://p.example", None);
            assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
        }
    }
}
