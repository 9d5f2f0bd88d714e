//! Our own PostgreSQL and Redis, for the length of one run.
//!
//! They listen on the loopback interface alone, on ports that were free a moment ago, behind passwords drawn for this run,
//! in a temporary folder that goes with us. The machine's own servers, and the ports 5432 and 6379, are never touched.
//! PostgreSQL refuses to run as root, so root hands it to an unprivileged user. It sorts text by ICU rules on purpose:
//! SQLite sorts by bytes, and a query that only works with one of the two orders is a bug that we want to see here.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{DirBuilderExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::environment::{Environment, print_for_shell};
use crate::processes::{is_root, must, on_path, step};
use crate::undertaker::Undertaker;

const PATIENCE: Duration = Duration::from_secs(60);

/// What happens to the folder of the databases at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Folder {
    Removed,
    Kept,
}

/// Where the services are.
pub(crate) struct Services {
    pub(crate) postgres_url: Option<String>,
    pub(crate) redis_url: Option<String>,
}

/// The unprivileged user that runs them, if we are root.
#[derive(Clone, Copy)]
struct Unprivileged {
    user: u32,
    group: u32,
}

impl Services {
    /// Starts both; a missing program leaves its address empty.
    pub(crate) fn start(undertaker: &mut Undertaker, folder: Folder) -> Outcome<Self> {
        let place = make_folder()?;
        match folder {
            Folder::Removed => undertaker.remove_at_end(&place)?,
            Folder::Kept => step(&format!("keeping {}", place.display())),
        }
        let user = if is_root() { Some(unprivileged()?) } else { None };
        if let Some(user) = user {
            own(&place, user)?;
        }
        Ok(Self {
            postgres_url: start_postgres(undertaker, &place, user)?,
            redis_url: start_redis(undertaker, &place, user)?,
        })
    }
}

/// `cargo xtask services`.
pub(crate) fn run_until_stopped(arguments: &[String]) -> Outcome<()> {
    if let Some(word) = arguments.first() {
        return Err(format!("services takes no {word}"));
    }
    let mut undertaker = Undertaker::start()?;
    let services = Services::start(&mut undertaker, Folder::Removed)?;
    let mut environment = Environment::default();
    environment.services(&services);
    print_for_shell(&environment);
    step("running until Ctrl-C");
    loop {
        std::thread::park();
    }
}

/// Where Debian, or the `PATH`, keeps PostgreSQL's server programs; the newest version of several.
pub(crate) fn postgres_programs() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, folder)| folder.join("initdb").is_file() && folder.join("postgres").is_file())
        .collect();
    versions.sort();
    versions.pop().map(|(_, folder)| folder).or_else(|| {
        let initdb = on_path("initdb")?.canonicalize().ok()?;
        initdb.parent().map(Path::to_owned)
    })
}

fn start_postgres(
    undertaker: &mut Undertaker,
    place: &Path,
    user: Option<Unprivileged>,
) -> Outcome<Option<String>> {
    let Some(programs) = postgres_programs() else {
        return Ok(None);
    };
    let data = place.join("postgres");
    let password = drawn_password()?;
    let password_file = place.join("postgres-password");
    std::fs::write(&password_file, &password)
        .map_err(|error| format!("cannot write {password_file:?}: {error}"))?;
    if let Some(user) = user {
        own(&password_file, user)?;
    }
    let mut initdb = as_user(&programs.join("initdb"), user, place);
    initdb
        .arg("--pgdata")
        .arg(&data)
        .arg("--pwfile")
        .arg(&password_file)
        .args(["--username=procura", "--auth=scram-sha-256", "--encoding=UTF8"])
        .args(["--locale=C", "--locale-provider=icu", "--icu-locale=en-US"])
        .args(["--no-sync", "--no-instructions"])
        .stdout(Stdio::null());
    must(&mut initdb)?;
    let port = free_port()?;
    let mut server = as_user(&programs.join("postgres"), user, place);
    server.arg("-D").arg(&data);
    for setting in [
        &format!("port={port}"),
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "max_connections=400",
        "shared_buffers=128MB",
        "dynamic_shared_memory_type=mmap",
        "fsync=off",
        "full_page_writes=off",
        "synchronous_commit=off",
        "jit=off",
    ] {
        server.arg("-c").arg(setting);
    }
    server.stdout(Stdio::null()).stderr(log(place, "postgres.log")?);
    undertaker.keep(&mut server)?;
    let createdb = |quietly: bool| {
        let mut command = Command::new(programs.join("createdb"));
        command
            .args(["--host=127.0.0.1", "--username=procura", "procura"])
            .arg(format!("--port={port}"))
            .env("PGPASSWORD", &password)
            .current_dir(place);
        if quietly {
            command.stderr(Stdio::null());
        }
        command.status().is_ok_and(|status| status.success())
    };
    wait_for("PostgreSQL", place, "postgres.log", || createdb(true))?;
    step(&format!("PostgreSQL is on 127.0.0.1:{port}"));
    Ok(Some(format!("postgres://procura:{password}@127.0.0.1:{port}/procura")))
}

fn start_redis(
    undertaker: &mut Undertaker,
    place: &Path,
    user: Option<Unprivileged>,
) -> Outcome<Option<String>> {
    let Some(program) = on_path("redis-server").or_else(|| on_path("valkey-server")) else {
        return Ok(None);
    };
    let port = free_port()?;
    let password = drawn_password()?;
    let mut server = as_user(&program, user, place);
    server
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(["--port", &port.to_string()])
        .args(["--requirepass", &password])
        .arg("--dir")
        .arg(place)
        .stdout(log(place, "redis.log")?)
        .stderr(Stdio::null());
    undertaker.keep(&mut server)?;
    wait_for("Redis", place, "redis.log", || redis_answers(port, &password))?;
    step(&format!("Redis is on 127.0.0.1:{port}"));
    Ok(Some(format!("redis://default:{password}@127.0.0.1:{port}")))
}

fn redis_answers(port: u16, password: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else {
        return false;
    };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
    let asked = format!("AUTH {password}\r\nPING\r\n");
    let mut reply = [0_u8; 12];
    stream.write_all(asked.as_bytes()).is_ok()
        && stream.read_exact(&mut reply).is_ok()
        && reply == *b"+OK\r\n+PONG\r\n"
}

/// Tries until it is so, and shows the log of the one that never came up.
fn wait_for(name: &str, place: &Path, log: &str, is_up: impl Fn() -> bool) -> Outcome<()> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if is_up() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let said = std::fs::read_to_string(place.join(log)).unwrap_or_default();
    Err(format!("{name} did not start within {PATIENCE:?}; it said:\n{said}"))
}

fn as_user(program: &Path, user: Option<Unprivileged>, place: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(place).stdin(Stdio::null()).env("LC_ALL", "C");
    if let Some(user) = user {
        // As root the standard library also drops the supplementary groups.
        command.gid(user.group).uid(user.user);
    }
    command
}

fn unprivileged() -> Outcome<Unprivileged> {
    let users = std::fs::read_to_string("/etc/passwd")
        .map_err(|error| format!("cannot read /etc/passwd: {error}"))?;
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| user_named(&users, name))
        .ok_or_else(|| "neither user postgres nor nobody exists".to_owned())
}

fn user_named(users: &str, name: &str) -> Option<Unprivileged> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let user = fields.nth(1)?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        Some(Unprivileged { user, group })
    })
}

fn make_folder() -> Outcome<PathBuf> {
    let name = format!("procura-test-{}", drawn_password()?.get(..12).unwrap_or_default());
    let place = std::env::temp_dir().join(name);
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&place)
        .map_err(|error| format!("cannot make {place:?}: {error}"))?;
    Ok(place)
}

fn own(path: &Path, user: Unprivileged) -> Outcome<()> {
    chown(path, Some(user.user), Some(user.group))
        .map_err(|error| format!("cannot hand {path:?} to user {}: {error}", user.user))
}

fn log(place: &Path, name: &str) -> Outcome<std::fs::File> {
    let path = place.join(name);
    std::fs::File::create(&path).map_err(|error| format!("cannot write {path:?}: {error}"))
}

fn free_port() -> Outcome<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("no free port: {error}"))
}

/// 128 bits from the kernel, in hex.
fn drawn_password() -> Outcome<String> {
    let mut bytes = [0_u8; 16];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(|error| format!("cannot read /dev/urandom: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_found_by_its_whole_name() {
        let users =
            "postgresql:x:7:8::/:/bin/sh\npostgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash\n";
        let user = user_named(users, "postgres").unwrap();
        assert_eq!((user.user, user.group), (101, 104));
        assert!(user_named(users, "nobody").is_none());
    }
}
