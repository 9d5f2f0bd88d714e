//! The real binary at its most talkative, with one of everything that a passport never shows.

use super::Link;
use procura_model::Digest;
use procura_store::{Store, StoreSettings, testing};
use procura_testkit::{
    process::{Founder, PASSWORD, Process, variable},
    world::{Http, Reply},
};
use serde_json::{Value, json};

const VENDOR: &str = "canary-vendor-5512.example";

/// One thing that a passport never shows: what it is, and how it reads.
pub(super) struct Canary {
    /// What it is.
    pub(super) what: &'static str,
    /// How it reads.
    pub(super) value: String,
    /// Whether it may not stand in the server's log either. Our own ids may: a log is read by their ids.
    is_secret: bool,
}

/// A house with one of everything that a passport never shows, and a passport.
pub(super) struct Planted {
    /// The server.
    pub(super) process: Process,
    /// Its database.
    pub(super) rows: StoreSettings,
    /// A platform key.
    pub(super) key: String,
    /// Where the passport is rotated.
    pub(super) path: String,
    /// The passport's link, taken apart.
    pub(super) link: Link,
    /// The whole link.
    pub(super) url: String,
    /// What was planted.
    pub(super) canaries: Vec<Canary>,
}

impl Planted {
    /// Starts the server and plants.
    pub(super) async fn start() -> Self {
        let rows = if variable("TEST_DATABASE").as_deref() == Some("postgres") {
            testing::postgres_settings()
        } else {
            StoreSettings { url: String::new(), schema: None, max_connections: 4 }
        };
        let process = Process::start_logging("trace", &configuration(&rows).await).await;
        let file = process.folder().join("data/procura.db");
        let rows = match rows.schema {
            Some(_) => rows,
            None => StoreSettings { url: format!("sqlite:{}", file.display()), ..rows },
        };
        let founder = process.found().await;
        let platform = &founder.platform;
        let details = json!({"name": "<img src=x onerror=alert(1)>\u{202e}gnippohs", "kind": "<b>assistant</b>",
            "provider": "provider.example"});
        let agent = platform.post("/v1/agents", &details).send().await.ok();
        let mut canaries = of_the_agent(&agent);
        canaries.extend(of_permissions(platform, &agent).await);
        canaries.extend(of_connections(platform, &agent).await);
        canaries.extend(of_people(&process, &founder).await);
        let path = format!("/v1/agents/{}/passport", agent.text_at("/agent/id"));
        let made = platform.call(http::Method::POST, &path).send().await.ok();
        let (link, url) = (Link::of(&made), made.text_at("/url"));
        Self { process, rows, key: founder.key, path, link, url, canaries }
    }

    /// Nothing that is never shown stands in this, and not the token.
    pub(super) fn nothing_in(&self, place: &str, text: &str) {
        for canary in &self.canaries {
            assert!(!text.contains(&canary.value), "{} stands in {place}: {text}", canary.what);
        }
        assert!(!text.contains(&self.link.token), "the token stands in {place}: {text}");
    }

    /// Nothing secret stands in what the server said since `from`, and the token nowhere in its log.
    pub(super) fn nothing_logged(&self, from: usize) {
        let log = self.process.log();
        assert!(log.contains("\"level\":\"INFO\""), "the log says nothing at all");
        let said = &log[from..];
        for canary in self.canaries.iter().filter(|canary| canary.is_secret) {
            let at = said.find(&canary.value);
            assert!(at.is_none(), "{} was logged: {}", canary.what, around(said, at));
        }
        let bare = &self.link.token["pct_".len()..];
        for token in [bare, &Digest::of(self.link.token.as_bytes()).hex()] {
            let at = log.find(token);
            assert!(at.is_none(), "the token was logged: {}", around(&log, at));
        }
    }
}

async fn configuration(rows: &StoreSettings) -> String {
    let Some(schema) = &rows.schema else { return String::new() };
    // The binary takes a URL alone, so the schema is made here and named in it.
    Store::open(rows).await.unwrap().close().await;
    let joint = if rows.url.contains('?') { '&' } else { '?' };
    format!("database_url = \"{}{joint}options[search_path]={schema}\"\n", rows.url)
}

fn secret(what: &'static str, value: impl Into<String>) -> Canary {
    Canary { what, value: value.into(), is_secret: true }
}

fn id(what: &'static str, value: impl Into<String>) -> Canary {
    Canary { what, value: value.into(), is_secret: false }
}

fn of_the_agent(agent: &Reply) -> Vec<Canary> {
    let key = agent.text_at("/key/secret");
    vec![
        secret("the digest of the agent's key", Digest::of(key.as_bytes()).hex()),
        secret("the agent's key", key),
        id("the agent's id", agent.text_at("/agent/id")),
        id("the agent's key's id", agent.text_at("/key/key/id")),
    ]
}

/// Permissions that hold, have expired and were revoked, and a decision about one.
async fn of_permissions(platform: &Http, agent: &Reply) -> Vec<Canary> {
    let path = format!("/v1/agents/{}/permissions", agent.text_at("/agent/id"));
    let permit = async |permission: Value| {
        platform.post(&path, &permission).send().await.ok().text_at("/permission/id")
    };
    let limited = permit(json!({"effect": "allow", "vendors": [VENDOR],
        "actions": ["canary.visible.pay", "x<script>alert(2)</script>"],
        "maxAmount": {"value": "4711.17", "currency": "USD"},
        "conditions": [{"path": "args.canaryPath8841", "op": "ne", "value": "canary-condition-2209"}],
        "approval": {"above": {"value": "815.31", "currency": "USD"}}}));
    let limited = limited.await;
    permit(json!({"effect": "block", "actions": ["canary.visible.blocked"]})).await;
    let past = "2020-01-01T00:00:00Z";
    let expired =
        permit(json!({"effect": "allow", "actions": ["canary-expired-6620"], "expiresAt": past})).await;
    let revoked = permit(json!({"effect": "allow", "actions": ["canary-revoked-7731"]})).await;
    platform.delete(&format!("/v1/permissions/{revoked}")).send().await.ok();
    let ask = json!({"action": "canary.visible.pay", "resource": "canary-audit-4423", "vendor": VENDOR,
        "amount": "900", "currency": "USD", "args": {"canaryPath8841": "x"}});
    let by_agent = platform.with_key(&agent.text_at("/key/secret"));
    let asked = by_agent.post("/v1/verify", &ask).send().await.ok();
    assert_eq!(asked.at("/decision"), json!("needs_approval"), "{}", asked.text());
    vec![
        secret("a vendor", VENDOR),
        secret("an amount of a limit", "4711.17"),
        secret("an amount of an approval", "815.31"),
        secret("a condition's path", "canaryPath8841"),
        secret("a condition's value", "canary-condition-2209"),
        secret("an expired permission", "canary-expired-6620"),
        secret("a revoked permission", "canary-revoked-7731"),
        secret("a recorded decision", "canary-audit-4423"),
        id("the request of a decision", asked.text_at("/requestId")),
        id("the approval that waits", asked.text_at("/approvalId")),
        id("a permission's id", limited),
        id("the expired permission's id", expired),
        id("the revoked permission's id", revoked),
    ]
}

/// A tool server with a credential, an endpoint that is called back, and the secret that signs what goes there.
async fn of_connections(platform: &Http, agent: &Reply) -> Vec<Canary> {
    let server = json!({"name": "canary-server-3390", "url": "https://canary-upstream-3390.example/mcp",
        "credential": "canary-server-credential-9917"});
    let server = platform.post("/v1/servers", &server).send().await.ok();
    let user_auth = format!("/v1/agents/{}/user-auth", agent.text_at("/agent/id"));
    let settings = json!({"method": {"callback": {"url": "https://canary-callback-1120.example/whois"}}});
    platform.put(&user_auth, &settings).send().await.ok();
    let signing = platform.post(&format!("{user_auth}/secrets"), &json!({})).send().await.ok();
    vec![
        secret("a signing secret", signing.text_at("/secret")),
        secret("a credential of a tool server", "canary-server-credential-9917"),
        secret("an endpoint that is called back", "canary-callback-1120"),
        // The gateway speaks to it by itself, so its name may stand in the log.
        id("a tool server's address", "canary-upstream-3390"),
        id("a tool server's name", "canary-server-3390"),
        id("a tool server's id", server.text_at("/id")),
    ]
}

/// The owner, signed in, and the first key.
async fn of_people(process: &Process, founder: &Founder) -> Vec<Canary> {
    const EMAIL: &str = "owner@shop.example";
    let form =
        process.http().call(http::Method::POST, "/sign-in").form(&[("email", EMAIL), ("password", PASSWORD)]);
    let signed_in = form.header("origin", &process.url()).header("accept", "text/html").send().await;
    let cookie = signed_in.header("set-cookie").split(['=', ';']).nth(1).unwrap_or_default().to_owned();
    assert!(cookie.starts_with("pcs_"), "{:?}", signed_in.headers);
    let whoami = founder.platform.get("/v1/whoami").send().await.ok();
    let members = founder.platform.get("/v1/members").send().await.ok();
    vec![
        secret("the account's e-mail address", EMAIL),
        secret("the owner's session", cookie),
        secret("the platform's key", founder.key.clone()),
        id("the account's id", members.text_at("/items/0/accountId")),
        id("the organization's id", whoami.text_at("/organizationId")),
        id("the platform key's id", whoami.text_at("/keyId")),
    ]
}

/// What stands around the place at which something was found.
fn around(text: &str, at: Option<usize>) -> &str {
    const AROUND: usize = 80;
    let at = at.unwrap_or_default();
    let from = text.floor_char_boundary(at.saturating_sub(AROUND));
    let to = text.ceil_char_boundary(at.saturating_add(2 * AROUND).min(text.len()));
    text.get(from..to).unwrap_or(text)
}
