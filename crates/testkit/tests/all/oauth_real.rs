//! Real OAuth clients, unmodified, against a running server (OAU): both TypeScript SDKs, the Python package, the Inspector,
//! two strict libraries, the official suite, and a second opinion on documents and tokens. A person without a browser
//! (`clients/consent.mjs`) signs in and allows what they ask. They need Node, Python and their packages, as in
//! `clients.rs`.

use crate::clients::{Tools, tools};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use procura_egress::Purpose;
use procura_testkit::{
    process::skipped,
    secure::SecureHost,
    stub::Stub,
    world::{Buyer, Hands, Options, Shop, World},
};
use rcgen::KeyPair;
use serde_json::{Value, json};
use std::{path::Path, process::Stdio, time::Duration};
use tokio::{process::Command, time::timeout};

/// No driver takes longer.
const LONGEST: Duration = Duration::from_secs(300);
/// Where the answers of clients go that nobody listens for: the person hands them over.
const REDIRECT: &str = "http://127.0.0.1:33418/callback";
const API: &str = "https://api.shop.example/orders";
const OPAQUE: &str = "https://api.shop.example/stock";
const FOREIGN: &str = "https://id.corp.example";

/// A world with everything that a client can ask for.
struct Stage {
    w: World,
    shop: Shop,
    /// As whom a person lets clients act.
    agent: Buyer,
    /// As whom clients act without a person.
    worker: Buyer,
    tools: Tools,
    document: Option<SecureHost>,
    /// What the drivers read in `OAUTH`.
    settings: Value,
    /// The key set of the foreign issuer.
    keys: SecureHost,
    _stub: Stub,
}

/// A P-256 key: its private half as PEM, its public half as JWK.
fn signing_key(kid: &str) -> (String, Value) {
    let key = KeyPair::generate().unwrap();
    let point = key.public_key_raw();
    let half = |from: usize| URL_SAFE_NO_PAD.encode(&point[from..from + 32]);
    let jwk = json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid, "x": half(1), "y": half(33)});
    (key.serialize_pem(), jwk)
}

impl Stage {
    async fn set(what: &str) -> Option<Self> {
        let tools = tools(what)?;
        let document = SecureHost::start("client.example").await;
        let keys = SecureHost::start_local("id.corp.example").await;
        let mut authorities = keys.authority();
        authorities.extend(document.iter().flat_map(SecureHost::authority));
        let options = Options { hands: Hands::System, ..Options::default() };
        let w = World::start_trusting(Some(authorities), options).await;
        let shop = w.tenant("shop").await;
        let stub = w.upstream().await;
        shop.server("stub", &stub.url()).await;
        let agent = shop.agent("real client").await;
        let worker = shop.agent("worker").await;
        shop.permit_all_tools(&agent).await;
        shop.permit_all_tools(&worker).await;
        let (foreign_key, foreign_jwk) = signing_key("corp-1");
        keys.put("/jwks", json!({"keys": [foreign_jwk]}));
        w.resolver.point("id.corp.example", keys.address());
        w.allow_url_for(Purpose::Jwks, &keys.url("/jwks"));
        let mut stage =
            Self { w, shop, agent, worker, tools, document, settings: json!({}), _stub: stub, keys };
        stage.settings = stage.registered(&foreign_key).await;
        stage.point_document();
        Some(stage)
    }

    /// Makes what an organization makes by hand: two guarded APIs, a trusted issuer, and clients without a person.
    async fn registered(&self, foreign_key: &str) -> Value {
        let scope = |name: &str| json!({"name": name, "text": format!("May {name}.")});
        for (identifier, tokens) in [(API, "jwt"), (OPAQUE, "opaque")] {
            let settings = json!({"name": format!("{tokens} API"), "tokens": tokens,
                "scopes": [scope("orders:read"), scope("orders:write")]});
            let api = json!({"identifier": identifier, "settings": settings});
            self.shop.platform.post("/v1/resources", &api).send().await.ok();
        }
        let settings = json!({"jwksUri": self.keys.url("/jwks"), "agentId": self.worker.id});
        let issuer = json!({"issuer": FOREIGN, "settings": settings});
        self.shop.platform.post("/v1/issuers", &issuer).send().await.ok();
        let jwt_bearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
        let machine = self
            .client(json!({"client_name": "machine", "token_endpoint_auth_method": "client_secret_basic",
                "grant_types": ["client_credentials", exchange]}))
            .await;
        let identity = self
            .client(json!({"client_name": "identity", "token_endpoint_auth_method": "client_secret_basic",
                "grant_types": [jwt_bearer]}))
            .await;
        let (signer_key, signer_jwk) = signing_key("signer-1");
        let signer = self
            .client(json!({"client_name": "signer", "token_endpoint_auth_method": "private_key_jwt",
                "grant_types": ["client_credentials"], "jwks": {"keys": [signer_jwk]}}))
            .await;
        json!({
            "issuer": self.w.url(),
            "redirect": REDIRECT,
            "api": {"identifier": API, "scope": "orders:read orders:write"},
            "opaque": {"identifier": OPAQUE, "scope": "orders:read"},
            "machine": machine,
            "signer": {"client_id": signer["client_id"], "privateKey": signer_key, "algorithm": "ES256"},
            "identity": {"client_id": identity["client_id"], "client_secret": identity["client_secret"],
                "issuer": FOREIGN, "privateKey": foreign_key, "kid": "corp-1", "subject": "ada@corp.example"},
        })
    }

    /// A client that a person makes, with a secret where its method needs one. Without a person it acts as the worker.
    async fn client(&self, metadata: Value) -> Value {
        let body = json!({"metadata": metadata, "agentId": self.worker.id});
        let made = self.shop.platform.post("/v1/clients", &body).send().await.ok();
        json!({"client_id": made.text_at("/client/id"), "client_secret": made.at("/secret/secret")})
    }

    /// The metadata document of a client that names itself, at a host that is not this server's own.
    fn point_document(&mut self) {
        let Some(host) = &self.document else {
            skipped("clients by metadata document", "this machine has no private address but the loopback");
            return;
        };
        let url = host.url("/client.json");
        self.w.resolver.point("client.example", host.address());
        self.w.allow_url_for(Purpose::ClientMetadata, &url);
        host.put(
            "/client.json",
            json!({"client_id": url, "client_name": "Client by document", "client_uri": host.url("/"),
                "redirect_uris": [REDIRECT, "http://127.0.0.1/oauth/callback"],
                "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
                "token_endpoint_auth_method": "none"}),
        );
        self.settings["document"] = json!(url);
    }

    /// Runs a driver to its end; every step that it tells of held, and these are among them.
    async fn drive(&self, program: &Path, script: &str, steps: &[&str]) -> Vec<Value> {
        let person = json!({"email": self.shop.owner.email, "password": self.shop.owner.password(),
            "agent": self.agent.id});
        let plan = json!({"list": ["stub__benign"],
            "allowed": {"tool": "stub__benign", "arguments": {}, "text": "Everything is in order."}});
        let run = Command::new(program)
            .arg(self.tools.clients.join(script))
            .env("GATEWAY_URL", format!("{}/v1/mcp", self.w.url()))
            .env("NODE", &self.tools.node)
            .env("PERSON", person.to_string())
            .env("PLAN", plan.to_string())
            .env("OAUTH", self.settings.to_string())
            .env("TIMEOUT_MS", "120000")
            .current_dir(&self.tools.clients)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = timeout(LONGEST, run).await.unwrap().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let said: Vec<Value> = out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let failed: Vec<&Value> = said.iter().filter(|line| line["ok"] == json!(false)).collect();
        assert!(failed.is_empty(), "{script}: {failed:#?}\n{err}");
        assert!(output.status.success(), "{script} ended with {}: {out}\n{err}", output.status);
        let knows_ways = said.iter().any(|line| line["way"] == "registration");
        if knows_ways && self.document.is_some() {
            assert!(
                said.iter().any(|line| line["way"] == "document"),
                "{script} used no document: {said:#?}"
            );
        }
        for step in steps {
            let is_said = said.iter().any(|line| line["step"] == *step && line["ok"] == json!(true));
            assert!(is_said, "{script} has no step {step}: {said:#?}");
        }
        said
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_typescript_sdk_signs_in_refreshes_and_steps_up() {
    let Some(stage) = Stage::set("oauth_sdk.mjs").await else { return };
    let steps = ["connect", "list", "call", "refresh", "step up", "revoked"];
    stage.drive(&stage.tools.node, "oauth_sdk.mjs", &steps).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_typescript_client_signs_in_and_binds_its_tokens_to_a_key() {
    let Some(stage) = Stage::set("oauth_client.mjs").await else { return };
    let steps = ["connect", "list", "call", "refresh", "step up", "revoked", "whole"];
    stage.drive(&stage.tools.node, "oauth_client.mjs", &steps).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inspector_signs_in_in_both_eras() {
    let Some(stage) = Stage::set("oauth_inspector.mjs").await else { return };
    let steps = ["sign in", "call by what it kept", "sign in again"];
    stage.drive(&stage.tools.node, "oauth_inspector.mjs", &steps).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_provider_of_the_python_package_gets_its_tokens() {
    let Some(stage) = Stage::set("oauth_py.py").await else { return };
    let steps =
        ["connect", "again", "refresh", "client_secret_basic", "whole", "used before", "another client"];
    stage.drive(&stage.tools.python, "oauth_py.py", &steps).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oauth4webapi_goes_through_every_endpoint() {
    let Some(stage) = Stage::set("oauth4webapi.mjs").await else { return };
    let steps = [
        "discovery",
        "resource",
        "registration",
        "code",
        "access token",
        "refresh",
        "client credentials",
        "opaque",
        "exchange",
        "introspection",
        "revocation",
        "device",
        "bound to a key",
    ];
    stage.drive(&stage.tools.node, "oauth4webapi.mjs", &steps).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openid_client_goes_through_every_endpoint() {
    let Some(stage) = Stage::set("openid_client.mjs").await else { return };
    let steps = [
        "registration",
        "code",
        "pushed code",
        "refresh",
        "exchange",
        "device",
        "bound to a key",
        "revocation",
    ];
    stage.drive(&stage.tools.node, "openid_client.mjs", &steps).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_suite_of_authorization_servers_passes() {
    let Some(stage) = Stage::set("conformance_oauth.mjs").await else { return };
    let said = stage.drive(&stage.tools.node, "conformance_oauth.mjs", &[]).await;
    println!("conformance authorization: {}", said[0]["checks"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn authlib_and_joserfc_accept_documents_and_tokens() {
    let Some(stage) = Stage::set("oauth_check.py").await else { return };
    let steps = ["metadata", "served", "token by secret", "token by assertion"];
    stage.drive(&stage.tools.python, "oauth_check.py", &steps).await;
}

/// The first call of every client is refused, often before its body has come. The connection goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_request_whose_body_comes_late_leaves_its_connection_usable() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let w = World::start_with(Options { hands: Hands::System, ..Options::default() }).await;
    let address = w.url().strip_prefix("http://").unwrap().to_owned();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    let mut wire = socket.connect(address.parse().unwrap()).await.unwrap();
    let head = format!(
        "POST /v1/mcp HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         accept: application/json, text/event-stream\r\ncontent-length: 2\r\n\r\n"
    );
    for _ in 0..3 {
        wire.write_all(head.as_bytes()).await.unwrap();
        let _pause = timeout(Duration::from_millis(50), std::future::pending::<()>()).await;
        wire.write_all(b"{}").await.unwrap();
        let mut answer = vec![0; 4096];
        let length = timeout(Duration::from_secs(5), wire.read(&mut answer)).await.unwrap().unwrap();
        let text = String::from_utf8_lossy(&answer[..length]).into_owned();
        assert!(text.starts_with("HTTP/1.1 401"), "{text}");
        assert!(!text.to_lowercase().contains("connection: close"), "{text}");
    }
}
