//! The commands: which servers are started, what is sent to them, and which ratios are made.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::http::Request;
use crate::load::{Aim, Echo, Shot};
use crate::measure::{Measured, Subject, measure, median};
use crate::process::Server;
use crate::seed::{Seeded, Wish, seed};
use crate::settings::Settings;
use crate::table::{figures, ratio};

const BARE: &str = "bare axum handler";
const DURABLE: &str = "bare durable insert";
const STUB: &str = "stub upstream, direct";
const PROXY: &str = "bare reverse proxy";
const VERIFY: &str = "procura verify, durable";
const GATEWAY: &str = "procura gateway, every gate";
const KEYS: usize = 10_000;
const STARTS: usize = 5;

const ASK: &str = r#"{"action":"purchase.ticket","resource":"event/{{id}}","vendor":"coachella.com","amount":"42.00","currency":"USD"}"#;
const CALL: &str = r#"{"jsonrpc":"2.0","id":{{id}},"method":"tools/call","params":{"name":"bench__read","arguments":{"path":"notes/{{id}}"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#;
const MODERN: [(&str, &str); 4] = [
    ("accept", "application/json, text/event-stream"),
    ("mcp-protocol-version", "2026-07-28"),
    ("mcp-method", "tools/call"),
    ("mcp-name", "bench__read"),
];

pub(crate) fn ceilings(settings: &Settings) -> Outcome<()> {
    let place = Place::make(settings)?;
    let (bare, durable) = verify_ceilings(&place)?;
    let (stub, proxy) = gateway_ceilings()?;
    let subjects = [
        Subject { name: BARE, server: &bare, shot: ask(&bare, &[]) },
        Subject { name: DURABLE, server: &durable, shot: ask(&durable, &[]) },
        Subject { name: STUB, server: &stub, shot: call(&stub, "/mcp", &[]) },
        Subject { name: PROXY, server: &proxy, shot: call(&proxy, "/mcp", &[]) },
    ];
    let measured = measure(&subjects, settings)?;
    print!("{}", figures("Ceilings", &measured, settings));
    print!("{}", ratio(&measured, DURABLE, BARE));
    print!("{}", ratio(&measured, PROXY, STUB));
    Ok(())
}

pub(crate) fn verify(settings: &Settings) -> Outcome<()> {
    let place = Place::make(settings)?;
    let (procura, seeded) = start_procura(settings, &place, &Wish::default())?;
    let (bare, durable) = verify_ceilings(&place)?;
    let subjects = [
        Subject { name: BARE, server: &bare, shot: ask(&bare, &[]) },
        Subject { name: DURABLE, server: &durable, shot: ask(&durable, &[]) },
        Subject { name: VERIFY, server: &procura, shot: ask(&procura, &[("x-api-key", &seeded.agent_key)]) },
    ];
    let measured = measure(&subjects, settings)?;
    print!("{}", figures("verify() with a durable record", &measured, settings));
    print!("{}", ratio(&measured, VERIFY, DURABLE));
    must_be_good(&measured)
}

pub(crate) fn gateway(settings: &Settings) -> Outcome<()> {
    let place = Place::make(settings)?;
    let (stub, proxy) = gateway_ceilings()?;
    let wish = Wish { stub: Some(stub.address), ..Wish::default() };
    let (procura, seeded) = start_procura(settings, &place, &wish)?;
    let key = format!("Bearer {}", seeded.agent_key);
    let subjects = [
        Subject { name: STUB, server: &stub, shot: call(&stub, "/mcp", &[]) },
        Subject { name: PROXY, server: &proxy, shot: call(&proxy, "/mcp", &[]) },
        Subject {
            name: GATEWAY,
            server: &procura,
            shot: call(&procura, "/v1/mcp", &[("authorization", &key)]),
        },
    ];
    let measured = measure(&subjects, settings)?;
    print!("{}", figures("MCP gateway, 4 KB result", &measured, settings));
    print!("{}", ratio(&measured, GATEWAY, PROXY));
    must_be_good(&measured)
}

pub(crate) fn start(settings: &Settings) -> Outcome<()> {
    let place = Place::make(settings)?;
    let data = place.folder("start")?;
    let binary = binary(settings)?;
    seed(&data, &Wish { keys: KEYS, ..Wish::default() })?;
    let mut times = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..STARTS {
        let began = Instant::now();
        let mut server = Server::procura(&binary, &data)?;
        wait_until_it_answers(&mut server, &data)?;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
        // Idle: whatever the start left to be done is done.
        std::thread::sleep(Duration::from_secs(2));
        memory.push(server.resident_bytes()? as f64 / 1e6);
    }
    let size = std::fs::metadata(&binary).map_err(|error| format!("{}: {error}", binary.display()))?.len();
    println!("\n### Start, {KEYS} keys, median of {STARTS}\n\n| what | figure |\n|---|--:|");
    println!("| start to first answer | {:.0} ms |", median(times.into_iter()));
    println!("| idle resident memory | {:.1} MB |", median(memory.into_iter()));
    println!("| size of the binary | {:.1} MB |", size as f64 / 1e6);
    Ok(())
}

pub(crate) fn all(settings: &Settings) -> Outcome<()> {
    ceilings(settings)?;
    verify(settings)?;
    gateway(settings)?;
    start(settings)
}

/// A figure with bad answers in it is no figure.
pub(crate) fn must_be_good(measured: &[Measured]) -> Outcome<()> {
    let bad: u64 = measured.iter().flat_map(|subject| &subject.samples).map(|sample| sample.bad).sum();
    if bad == 0 {
        return Ok(());
    }
    Err(format!("{bad} bad answers: these figures do not count"))
}

fn verify_ceilings(place: &Place) -> Outcome<(Server, Server)> {
    let file = place.folder("durable")?.join("durable.db");
    let file = file.to_str().ok_or("the data folder's name is not text")?;
    Ok((Server::ceiling(&["bare"])?, Server::ceiling(&["durable", file])?))
}

fn gateway_ceilings() -> Outcome<(Server, Server)> {
    let stub = Server::ceiling(&["stub"])?;
    let proxy = Server::ceiling(&["proxy", &stub.address.to_string()])?;
    Ok((stub, proxy))
}

pub(crate) fn ask(server: &Server, headers: &[(&str, &str)]) -> Shot {
    Shot {
        address: server.address,
        aims: vec![Aim {
            request: Request::post(server.address, "/v1/verify", headers, ASK),
            expected: r#""allowed":true"#.to_owned(),
        }],
        echo: Echo::Nothing,
        chain: None,
    }
}

fn call(server: &Server, path: &str, headers: &[(&str, &str)]) -> Shot {
    let headers: Vec<(&str, &str)> = MODERN.iter().chain(headers).copied().collect();
    Shot {
        address: server.address,
        aims: vec![Aim {
            request: Request::post(server.address, path, &headers, CALL),
            // Words from the middle of the stub's text: a denial or an error does not have them.
            expected: "names the number of the order".to_owned(),
        }],
        echo: Echo::Number,
        chain: None,
    }
}

pub(crate) fn start_procura(settings: &Settings, place: &Place, wish: &Wish) -> Outcome<(Server, Seeded)> {
    start_in(settings, &place.folder(if wish.stub.is_some() { "gateway" } else { "verify" })?, wish)
}

/// Fills this folder and starts a server on it.
pub(crate) fn start_in(settings: &Settings, data: &Path, wish: &Wish) -> Outcome<(Server, Seeded)> {
    let seeded = seed(data, wish)?;
    Ok((start_again(settings, data)?, seeded))
}

/// Starts a server on a folder that was filled before.
pub(crate) fn start_again(settings: &Settings, data: &Path) -> Outcome<Server> {
    let mut server = Server::procura(&binary(settings)?, data)?;
    wait_until_it_answers(&mut server, data)?;
    Ok(server)
}

fn binary(settings: &Settings) -> Outcome<PathBuf> {
    settings.procura.canonicalize().map_err(|error| {
        format!("{}: {error}; build it by `cargo build --release`", settings.procura.display())
    })
}

fn wait_until_it_answers(server: &mut Server, data: &Path) -> Outcome<()> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(30) {
        if server.has_ended() {
            break;
        }
        if is_healthy(server.address) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let log = std::fs::read_to_string(data.join("serve.log")).unwrap_or_default();
    Err(format!("procura does not answer on {}; it said:\n{log}", server.address))
}

/// One question, on a connection of its own.
fn is_healthy(address: SocketAddr) -> bool {
    let asked = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    let mut said = Vec::new();
    TcpStream::connect(address).is_ok_and(|mut stream| {
        stream.write_all(asked.as_bytes()).is_ok() && stream.read_to_end(&mut said).is_ok()
    }) && said.starts_with(b"HTTP/1.1 200")
}

/// The folder for databases, removed at the end.
pub(crate) struct Place {
    path: PathBuf,
}

impl Place {
    pub(crate) fn make(settings: &Settings) -> Outcome<Self> {
        if cfg!(debug_assertions) {
            eprintln!("procura-bench: !!! not built with --release: these figures mean nothing");
        }
        std::fs::create_dir(&settings.data).map_err(|error| {
            format!("{} must be a folder that does not exist yet: {error}", settings.data.display())
        })?;
        Ok(Self { path: settings.data.clone() })
    }

    pub(crate) fn folder(&self, name: &str) -> Outcome<PathBuf> {
        let path = self.path.join(name);
        std::fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
