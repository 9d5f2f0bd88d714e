//! `auth.md`: how an agent gets and uses a credential of an API, in prose. Written from what is set, so that it says
//! nothing that is not so: a step that is not served has no sentence. The names of scopes and APIs come from the API's
//! organization; they were judged when they were set, and what could end a line or a quotation never passed.

use super::block::{Block, CLAIM_GRANT, COMPLETE, base};
use procura_app::{Settings, agent_auth::Place};
use std::fmt::Write as _;

/// Writes it.
pub(super) fn write(settings: &Settings, place: &Place, block: &Block) -> String {
    let name = line(&place.api.name);
    let metadata = metadata_url(settings, place);
    let sections = [
        format!(
            "# auth.md\n\n{name} supports agents with scoped API keys. The machine-readable form of this page is the OAuth Protected Resource Metadata at {metadata}; where the two differ, the metadata holds."
        ),
        discover(place, &metadata),
        methods(place, block),
        register(place, block),
        claim(settings, place, block),
        using(place, &name),
        ERRORS.to_owned(),
        revocation(place, block),
        scopes(place),
    ];
    sections.join("\n\n") + "\n"
}

/// Where the API's metadata is served by us.
fn metadata_url(settings: &Settings, place: &Place) -> String {
    format!("{}/.well-known/oauth-protected-resource", base(settings, place))
}

fn discover(place: &Place, metadata: &str) -> String {
    format!(
        "## 1. Discover\n\nFetch {metadata}. It names `resource` ({}), `authorization_servers`, `scopes_supported`, \
         `bearer_methods_supported` and `agent_auth`. A 401 of the API carries \
         `WWW-Authenticate: Bearer resource_metadata=\"{metadata}\"`, so that a call without a credential leads here.",
        place.api.identifier
    )
}

fn methods(place: &Place, block: &Block) -> String {
    let json = serde_json::to_string_pretty(&serde_json::json!({ "agent_auth": block })).unwrap_or_default();
    let mut text = String::from("## 2. Pick a method\n\n");
    if place.access.anonymous {
        text.push_str("Use `anonymous` to begin without anybody's help; what you may do is little until a person claims you. ");
    }
    if place.access.assertions {
        text.push_str("Use `identity_assertion` where your provider can give you an ID-JAG for the person for whom you act. ");
    }
    let _ = write!(text, "The `agent_auth` block is:\n\n```json\n{json}\n```");
    text
}

fn register(place: &Place, block: &Block) -> String {
    let mut text = "## 3. Register\n\n".to_owned();
    if let Some(uri) = &block.register_uri {
        let _ = write!(text, "Use `register_uri`: {uri}. Send JSON; no credential is needed.");
        if place.access.anonymous {
            let _ = write!(
                text,
                "\n\n```bash\ncurl -X POST -H \"content-type: application/json\" -d '{{\"type\":\"anonymous\",\"requested_credential_type\":\"api_key\"}}' {uri}\n```\n\n\
                 The answer has `credential`, a key with {}, and `claim_token`, which you keep. Unclaimed, the key ends after {} hours.",
                listed(place.unclaimed().iter()),
                place.access.unclaimed_hours
            );
        }
        if place.access.assertions {
            text.push_str(
                "\n\nWith an ID-JAG, send `{\"type\":\"identity_assertion\",\"assertion_type\":\"urn:ietf:params:oauth:token-type:id-jag\",\"assertion\":\"...\"}`. \
                 Its `aud` is the issuer in `authorization_servers`; it is used once. The key that comes is claimed already.",
            );
        }
    }
    if let Some(uri) = &block.identity_endpoint {
        if block.register_uri.is_some() {
            text.push_str("\n\n");
        }
        let _ = write!(
            text,
            "Agents that hold assertions instead of keys use `identity_endpoint`: {uri}. Send the same without \
             `requested_credential_type`; the answer has `identity_assertion`, which the `token_endpoint` of the authorization server takes with \
             `grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=...&resource={}` for an access token of an hour, again and again.",
            place.api.identifier
        );
    }
    text.push_str(" Choose the smallest scopes that do what you were asked to do.");
    if let Some(console) = &place.access.pages.console {
        let _ = write!(text, " People make keys by hand at {console}.");
    }
    text
}

fn claim(settings: &Settings, place: &Place, block: &Block) -> String {
    let mut text = "## 4. Claim\n\n".to_owned();
    if let Some(uri) = &block.claim_uri {
        let complete = format!("{}{COMPLETE}", base(settings, place));
        let _ = write!(
            text,
            "Use `claim_uri`: {uri}. Send `{{\"claim_token\":\"...\"}}`; the answer has `claim_attempt` with `user_code` and `verification_uri`. \
             Show both to your person, who opens the page, types the code, and decides what you may do. Meanwhile ask every `interval` seconds at \
             {complete} with `{{\"claim_token\":\"...\"}}`: `authorization_pending` means not yet, 200 has your new key, and your old key is dead from \
             then on. Never ask your person for a code."
        );
        if place.access.assertions {
            text.push_str(
                "\n\nFor `identity_assertion`, send the ID-JAG as `assertion` with `assertion_type` to the same address: nobody needs to be asked. \
                 It may name the workspaces of the key as `workspace` or `workspaces`.",
            );
        }
        text.push_str(" Where a claim cannot be completed, the answer is a structured JSON error.");
    }
    if let Some(uri) = &block.claim_endpoint {
        if block.claim_uri.is_some() {
            text.push_str("\n\n");
        }
        let _ = write!(
            text,
            "Agents that hold assertions use `claim_endpoint`: {uri}, with `{{\"type\":\"login_hint\",\"claim_token\":\"...\"}}`, show the code in the \
             same way, and poll the `token_endpoint` with `grant_type={CLAIM_GRANT}&claim_token=...`. What comes is a token and a new \
             `identity_assertion`; everything from before is over."
        );
    }
    text
}

fn using(place: &Place, name: &str) -> String {
    let example = place.access.pages.example.as_deref().unwrap_or(&place.api.identifier);
    let mut text = format!(
        "## 5. Use the credential\n\nSend the key on every request:\n\n```bash\ncurl -H \"x-api-key: $API_KEY\" {example}\ncurl -H \"Authorization: Bearer $API_KEY\" {example}\n```"
    );
    if let Some(mcp) = &place.access.pages.mcp {
        let server: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
        let server = if server.is_empty() { "api".to_owned() } else { server };
        let client = serde_json::json!({ "mcpServers": { server: {
            "type": "http", "url": mcp, "headers": { "x-api-key": "pak_your_api_key_here" }
        } } });
        let client = serde_json::to_string_pretty(&client).unwrap_or_default();
        let _ = write!(text, "\n\nFor MCP clients:\n\n```json\n{client}\n```");
    }
    text
}

const ERRORS: &str = "## 6. Errors\n\nErrors are JSON objects with `success: false`, a stable `code`, a sentence in `error`, and the next step in `fix` or `hint`. A 401 means that the credential is missing or not valid. A 403 means that it is valid, and lacks the scope or the workspace. A 429 says in `Retry-After` how long to wait.";

fn revocation(place: &Place, block: &Block) -> String {
    let mut text = "## 7. Revocation\n\n".to_owned();
    if let Some(uri) = &block.revocation_uri {
        let _ = write!(
            text,
            "Use `revocation_uri`: {uri}. Send your key as on any other request, with an empty body, to end it yourself."
        );
    }
    if let Some(console) = &place.access.pages.console {
        let _ = write!(text, " People end keys at {console}.");
    }
    text.push_str(" Stop using a credential as soon as it was revoked, or when a 401 comes twice.");
    text
}

fn scopes(place: &Place) -> String {
    let scopes = place.api.settings.scopes.iter();
    let lines: Vec<String> =
        scopes.map(|scope| format!("- `{}`: {}", scope.name, line(&scope.text))).collect();
    format!("## Supported Scopes\n\n{}", lines.join("\n"))
}

fn listed<'s>(scopes: impl Iterator<Item = &'s str>) -> String {
    scopes.map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(", ")
}

/// Words of the organization on one line, without what Markdown would read as more than words.
fn line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || "`<>[]#*_|\\".contains(c) { ' ' } else { c })
        .collect::<String>()
}
