//! What the suite needs besides Rust: databases, a browser, Node and Python with real MCP clients.
//!
//! Only what is missing is installed: Debian packages by apt, Node 22 from the npm package `node` (Debian's is too old for
//! the clients), the clients by `npm ci` and `pip` from the locked lists in `crates/testkit/clients`. Everything but the
//! Debian packages goes below `target/`, so that deleting that folder undoes it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::processes::{answer, is_root, loud, must, must_within_three, on_path, path_with, step};
use crate::services::postgres_programs;
use crate::undertaker::Undertaker;

const NODE: &str = "node@22";
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// What Debian's `invoke-rc.d` asks before it starts a server that was just installed.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Whether we may install.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Install {
    Missing,
    Nothing,
}

/// Paths to what is there.
#[derive(Default)]
pub(crate) struct Tools {
    pub(crate) node: Option<PathBuf>,
    pub(crate) clients: Option<PathBuf>,
    pub(crate) python: Option<PathBuf>,
    pub(crate) chromium: Option<PathBuf>,
}

impl Tools {
    /// Installs what is missing, if allowed, and says where everything is.
    pub(crate) fn ready(
        undertaker: &mut Undertaker,
        root: &Path,
        target: &Path,
        install: Install,
    ) -> Outcome<Self> {
        let missing = missing_packages();
        if !missing.is_empty() {
            match install {
                Install::Missing => install_packages(undertaker, &missing)?,
                Install::Nothing => loud(&format!("missing: {}", missing.join(" "))),
            }
        }
        let lists = root.join("crates/testkit/clients");
        let tools = Self {
            node: node(target, install)?,
            clients: None,
            python: python(target, &lists.join("requirements.txt"), install)?,
            chromium: BROWSERS.iter().find_map(|name| on_path(name)),
        };
        let clients = clients(target, &lists, tools.node.as_deref(), install)?;
        Ok(Self { clients, ..tools })
    }
}

/// Debian packages for what cannot be found.
fn missing_packages() -> Vec<&'static str> {
    let mut missing = Vec::new();
    if postgres_programs().is_none() {
        missing.push("postgresql");
    }
    if on_path("redis-server").or_else(|| on_path("valkey-server")).is_none() {
        missing.push("redis-server");
    }
    if BROWSERS.iter().all(|name| on_path(name).is_none()) {
        missing.push("chromium");
    }
    if on_path("npm").is_none() || on_path("node").is_none() {
        missing.extend(["nodejs", "npm"]);
    }
    if python_for_environments().is_none() {
        missing.extend(["python3", "python3-venv"]);
    }
    missing
}

fn install_packages(undertaker: &mut Undertaker, packages: &[&str]) -> Outcome<()> {
    let line = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    if on_path("apt-get").is_none() {
        return Err(format!(
            "this machine is not Debian; install what these packages hold: {}",
            packages.join(" ")
        ));
    }
    if !is_root() {
        return Err(format!("not root; run this first, or use --no-install:\n    sudo {line}"));
    }
    step(&line);
    forbid_servers_to_start(undertaker)?;
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").stdout(std::process::Stdio::null());
        command
    };
    must_within_three(apt().args(["update", "-q"]))?;
    must_within_three(apt().args(["install", "-y", "-q", "--no-install-recommends"]).args(packages))
}

/// While we run no server that a package brings may start: the machine's ports are not ours.
fn forbid_servers_to_start(undertaker: &mut Undertaker) -> Outcome<()> {
    use std::os::unix::fs::PermissionsExt;
    let policy = Path::new(POLICY);
    if policy.exists() {
        return Ok(());
    }
    undertaker.remove_at_end(policy)?;
    std::fs::write(policy, "#!/bin/sh\nexit 101\n")
        .and_then(|()| std::fs::set_permissions(policy, std::fs::Permissions::from_mode(0o755)))
        .map_err(|error| format!("cannot write {POLICY}: {error}"))
}

fn node(target: &Path, install: Install) -> Outcome<Option<PathBuf>> {
    let folder = target.join("tools");
    let program = folder.join("node_modules/node/bin/node");
    let is_right =
        || answer(Command::new(&program).arg("--version")).is_some_and(|version| version.starts_with("v22."));
    if !is_right() && install == Install::Missing {
        step(&format!("npm install {NODE} into {}", folder.display()));
        make(&folder)?;
        must_within_three(
            Command::new("npm")
                .args(["install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--prefix"])
                .arg(&folder)
                .arg(NODE),
        )?;
    }
    if is_right() {
        return Ok(Some(program));
    }
    loud("no Node 22: tests with real clients will skip or fail");
    Ok(None)
}

fn clients(target: &Path, lists: &Path, node: Option<&Path>, install: Install) -> Outcome<Option<PathBuf>> {
    let folder = target.join("clients");
    let Some(bin) = node.and_then(Path::parent) else {
        return Ok(None);
    };
    let wanted = ["package.json", "package-lock.json"];
    let current = fingerprint(wanted.iter().map(|name| lists.join(name)));
    if current.is_empty() {
        loud("crates/testkit/clients has no package.json: no real clients");
        return Ok(None);
    }
    if is_done(&folder, &current) {
        return Ok(Some(folder));
    }
    if install == Install::Nothing {
        loud("the npm clients are not installed");
        return Ok(None);
    }
    make(&folder)?;
    for name in wanted {
        // A list that is gone must not be left over from last time.
        let _ = std::fs::remove_file(folder.join(name));
        if lists.join(name).is_file() {
            std::fs::copy(lists.join(name), folder.join(name))
                .map_err(|error| format!("cannot copy {name}: {error}"))?;
        }
    }
    let verb = if folder.join("package-lock.json").is_file() {
        "ci"
    } else {
        loud("package-lock.json is missing: versions below the first level are not locked");
        "install"
    };
    step(&format!("npm {verb} in {}", folder.display()));
    must_within_three(
        Command::new("npm")
            .args([verb, "--no-audit", "--no-fund"])
            .current_dir(&folder)
            .env("PATH", path_with(bin))
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"),
    )?;
    done(&folder, &current)?;
    Ok(Some(folder))
}

fn python(target: &Path, list: &Path, install: Install) -> Outcome<Option<PathBuf>> {
    let folder = target.join("venv");
    let program = folder.join("bin/python");
    let current = fingerprint(std::iter::once(list.to_owned()));
    if current.is_empty() {
        loud("crates/testkit/clients has no requirements.txt: no Python client");
        return Ok(None);
    }
    if is_done(&folder, &current) && answer(Command::new(&program).arg("--version")).is_some() {
        return Ok(Some(program));
    }
    let base = python_for_environments();
    let Some(base) = base.filter(|_| install == Install::Missing) else {
        loud("the Python clients are not installed");
        return Ok(None);
    };
    step(&format!("pip install -r requirements.txt into {}", folder.display()));
    must(Command::new(base).args(["-m", "venv", "--clear"]).arg(&folder))?;
    must_within_three(
        Command::new(&program)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(list),
    )?;
    done(&folder, &current)?;
    Ok(Some(program))
}

/// A Python that can make virtual environments; Debian's splits that off.
fn python_for_environments() -> Option<PathBuf> {
    [PathBuf::from("/usr/bin/python3"), PathBuf::from("python3")]
        .into_iter()
        .find(|python| answer(Command::new(python).args(["-c", "import venv, ensurepip"])).is_some())
}

/// The lists' whole content: an installation is repeated when they change. Empty if the first is missing.
fn fingerprint(mut files: impl Iterator<Item = PathBuf>) -> String {
    let Some(first) = files.next().and_then(|file| std::fs::read_to_string(file).ok()) else {
        return String::new();
    };
    files.fold(first, |text, file| text + &std::fs::read_to_string(file).unwrap_or_default())
}

fn is_done(folder: &Path, fingerprint: &str) -> bool {
    std::fs::read_to_string(folder.join(".installed")).is_ok_and(|known| known == fingerprint)
}

fn done(folder: &Path, fingerprint: &str) -> Outcome<()> {
    std::fs::write(folder.join(".installed"), fingerprint)
        .map_err(|error| format!("cannot write to {folder:?}: {error}"))
}

fn make(folder: &Path) -> Outcome<()> {
    std::fs::create_dir_all(folder).map_err(|error| format!("cannot make {folder:?}: {error}"))
}
