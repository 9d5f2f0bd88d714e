//! The authorization server, beside bare programs and oidc-provider in one run: tokens by client_credentials (signed and
//! opaque), introspection, refresh. Procura records every token and every refresh durably; oidc-provider keeps all in
//! memory, signs with RS256 where we sign with Ed25519, and checks secrets as they are where we have verified ours once
//! a minute. Those differences are said in the documents beside the figures.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::Outcome;
use crate::http::{Request, once};
use crate::load::{Aim, Chain, Echo, Shot};
use crate::measure::{Measured, Subject, measure};
use crate::process::Server;
use crate::runs::{Place, must_be_good, start_in};
use crate::seed::{CODE_VERIFIER, CODES, REDIRECT, Seeded, Wish};
use crate::settings::Settings;
use crate::table::{figures, ratio};

const PATIENCE: Duration = Duration::from_secs(60);
/// What the peer's file says.
const PEER_BASIC: (&str, &str) = ("bench", "a-secret-of-the-bench-that-is-long-enough");
/// What a good answer has.
const TOKEN: &str = r#""access_token":""#;
const REFRESH: &str = r#""refresh_token":""#;
const ACTIVE: &str = r#""active":true"#;

/// The four things that are measured.
#[derive(Clone, Copy)]
enum What {
    Signed,
    Opaque,
    Introspection,
    Refresh,
}

/// A server that gives tokens, and what it needs to be asked.
struct Giver<'g> {
    name: &'static str,
    server: &'g Server,
    token_path: &'static str,
    introspection_path: &'static str,
    /// The Authorization header of the confidential client.
    basic: String,
    /// Refresh tokens, one for each connection, and the client whose they are where that is another one.
    refresh: Vec<String>,
    refresh_client: Option<String>,
}

/// `procura-bench oauth`.
pub(crate) fn oauth(settings: &Settings) -> Outcome<()> {
    if settings.connections > CODES {
        return Err(format!("at most {CODES} connections: each has a refresh token of its own"));
    }
    let place = Place::make(settings)?;
    let wish = Wish { is_for_oauth: true, ..Wish::default() };
    let (procura, seeded) = start_in(settings, &place.folder("oauth")?, &wish)?;
    let peer = start_peer(settings, &place.folder("oidc")?)?;
    let file = place.folder("oauth-durable")?.join("durable.db");
    let file = file.to_str().ok_or("the data folder's name is not text")?.to_owned();
    let ceiling = Server::ceiling(&["tokens", &file])?;
    let ours = of_procura(&procura, &seeded)?;
    let mut theirs = of_peer(&peer);
    let bare = Giver {
        name: "bare",
        server: &ceiling,
        token_path: "/token",
        introspection_path: "/introspect",
        basic: basic(PEER_BASIC.0, PEER_BASIC.1),
        refresh: vec!["bare".to_owned(); settings.connections],
        refresh_client: None,
    };
    for (what, title) in [
        (What::Signed, "client_credentials, a signed token"),
        (What::Opaque, "client_credentials, an opaque token"),
        (What::Introspection, "introspection of an opaque token"),
        (What::Refresh, "refresh with rotation"),
    ] {
        if matches!(what, What::Refresh) {
            theirs.refresh = tokens_of_peer(&peer, settings.connections)?;
        }
        let measured = compare(what, [&bare, &ours, &theirs], settings)?;
        print!("{}", figures(title, &measured, settings));
        print!("{}", ratio(&measured, ours.name, bare.name));
        print!("{}", ratio(&measured, theirs.name, ours.name));
        must_be_good(&measured)?;
    }
    Ok(())
}

fn compare(what: What, givers: [&Giver<'_>; 3], settings: &Settings) -> Outcome<Vec<Measured>> {
    let mut subjects = Vec::new();
    for giver in givers {
        subjects.push(Subject { name: giver.name, server: giver.server, shot: shot(what, giver)? });
    }
    measure(&subjects, settings)
}

fn shot(what: What, giver: &Giver<'_>) -> Outcome<Shot> {
    let address = giver.server.address;
    let headers = [("authorization", giver.basic.as_str())];
    let token_for = |resource: &str| {
        format!(
            "grant_type=client_credentials&scope=read&resource=https%3A%2F%2Fapi.bench.example%2F{resource}"
        )
    };
    let (request, expected, chain) = match what {
        What::Signed => (Request::form(address, giver.token_path, &headers, &token_for("jwt")), TOKEN, None),
        What::Opaque => {
            (Request::form(address, giver.token_path, &headers, &token_for("opaque")), TOKEN, None)
        }
        What::Introspection => {
            let mut ask = Request::form(address, giver.token_path, &headers, &token_for("opaque"));
            let token = member(&asked(address, &mut ask)?, "access_token")?;
            let body = format!("token={token}");
            (Request::form(address, giver.introspection_path, &headers, &body), ACTIVE, None)
        }
        What::Refresh => {
            let first = giver.refresh.first().ok_or("no refresh token was made")?;
            let mut body = format!("grant_type=refresh_token&refresh_token={first}");
            let headers: &[(&str, &str)] = match &giver.refresh_client {
                Some(client) => {
                    body.push_str(&format!("&client_id={client}"));
                    &[]
                }
                None => &headers,
            };
            let chain = Chain {
                first: first.clone(),
                waiting: Arc::new(Mutex::new(giver.refresh.clone())),
                before: REFRESH,
            };
            (Request::form(address, giver.token_path, headers, &body), REFRESH, Some(chain))
        }
    };
    let aims = vec![Aim { request, expected: expected.to_owned() }];
    Ok(Shot { address, aims, echo: Echo::Nothing, chain })
}

/// A confidential client that acts as the bench's agent, and the exchanged codes of a public client.
fn of_procura<'g>(procura: &'g Server, seeded: &Seeded) -> Outcome<Giver<'g>> {
    let address = procura.address;
    let key = [("x-api-key", seeded.platform_key.as_str())];
    let body = json!({"agentId": seeded.agent.to_string(), "metadata": {"client_name": "bench",
        "grant_types": ["client_credentials"], "token_endpoint_auth_method": "client_secret_basic"}});
    let made = asked(address, &mut Request::post(address, "/v1/clients", &key, &body.to_string()))?;
    let at = |pointer: &str| {
        made.pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or(format!("{made} lacks {pointer}"))
    };
    let (client, secret) = (at("/client/id")?, at("/secret/secret")?);
    let mut refresh = Vec::new();
    for code in &seeded.codes {
        let body = format!(
            "grant_type=authorization_code&code={code}&client_id={}&code_verifier={CODE_VERIFIER}&redirect_uri={REDIRECT}",
            seeded.public_client
        );
        let answer = asked(address, &mut Request::form(address, "/oauth/token", &[], &body))?;
        refresh.push(member(&answer, "refresh_token")?);
    }
    Ok(Giver {
        name: "procura, recorded durably",
        server: procura,
        token_path: "/oauth/token",
        introspection_path: "/oauth/introspect",
        basic: basic(&client, &secret),
        refresh,
        refresh_client: Some(seeded.public_client.clone()),
    })
}

fn of_peer(peer: &Server) -> Giver<'_> {
    Giver {
        name: "oidc-provider, in memory",
        server: peer,
        token_path: "/token",
        introspection_path: "/token/introspection",
        basic: basic(PEER_BASIC.0, PEER_BASIC.1),
        refresh: Vec::new(),
        refresh_client: None,
    }
}

/// Made right before they are used: the peer's store in memory forgets what is older than its last 1,000 entries.
fn tokens_of_peer(peer: &Server, connections: usize) -> Outcome<Vec<String>> {
    let head = format!("GET /seed/{connections} HTTP/1.1\r\nhost: {}\r\n\r\n", peer.address);
    let (_, body) = once(peer.address, head.as_bytes())?;
    let answer: Value = serde_json::from_str(&body).map_err(|error| format!("{body}: {error}"))?;
    let tokens = answer.pointer("/tokens").and_then(Value::as_array).ok_or("the peer made no tokens")?;
    Ok(tokens.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn basic(client: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{client}:{secret}")))
}

fn asked(address: SocketAddr, request: &mut Request) -> Outcome<Value> {
    let (status, body) = once(address, request.numbered(0))?;
    if !(200..300).contains(&status) {
        return Err(format!("{address} answered {status}: {body}"));
    }
    serde_json::from_str(&body).map_err(|error| format!("{body}: {error}"))
}

fn member(answer: &Value, name: &str) -> Outcome<String> {
    let text = answer.get(name).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| format!("{answer} has no {name}"))
}

fn start_peer(settings: &Settings, data: &Path) -> Outcome<Server> {
    let modules = settings.peers.join("node_modules");
    if !modules.join("oidc-provider").is_dir() {
        return Err(format!(
            "{} has no oidc-provider; bring it by `npm install --prefix {} oidc-provider`",
            modules.display(),
            settings.peers.display()
        ));
    }
    let modules = modules.canonicalize().map_err(|error| error.to_string())?;
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(|error| format!("no free port: {error}"))?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/oidc.mjs");
    let mut command = Command::new(&settings.node);
    command.env("NODE_ENV", "production").arg(script).arg(address.port().to_string()).arg(modules);
    let log = data.join("oidc.log");
    let mut server = Server::other(&mut command, address, &log)?;
    let began = Instant::now();
    let hello = format!("GET /.well-known/openid-configuration HTTP/1.1\r\nhost: {address}\r\n\r\n");
    while began.elapsed() < PATIENCE && !server.has_ended() {
        if once(address, hello.as_bytes()).is_ok_and(|(status, _)| status == 200) {
            return Ok(server);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let said = std::fs::read_to_string(log).unwrap_or_default();
    Err(format!("oidc-provider does not answer on {address}; it said:\n{said}"))
}
