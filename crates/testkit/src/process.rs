//! The real binary as a process of its own, for what only a process can show: a death in the middle, memory, a command
//! line. It is found by `PROCURA_TEST_BINARY`, or built by cargo where nothing names it.

use crate::{
    fixture::pace,
    world::{Http, Seen},
};
use http::header;
use procura_store::testing::Folder;
use std::{
    fs,
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

/// What the owner of a process types.
pub const PASSWORD: &str = "correct horse battery";

/// A variable of the test run; none where it is empty.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "tests are told by the environment where their tools are")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Says loudly that something was not tested, and why.
pub fn skipped(what: &str, why: &str) {
    let _told = writeln!(std::io::stderr(), "SKIPPED: {what}: {why}");
}

/// The binary.
///
/// # Panics
/// When it can neither be found nor built.
#[must_use]
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| variable("PROCURA_TEST_BINARY").map_or_else(build, PathBuf::from))
}

/// The folder of the workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().and_then(Path::parent).unwrap_or(here).to_owned()
}

#[expect(clippy::panic, reason = "a test without its binary has nothing to say")]
fn build() -> PathBuf {
    let cargo = variable("CARGO").unwrap_or_else(|| "cargo".to_owned());
    let built = Command::new(cargo).args(["build", "-p", "procura-server"]).current_dir(workspace()).status();
    if !built.is_ok_and(|status| status.success()) {
        panic!("procura could not be built");
    }
    let target = variable("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
    target.join("debug/procura")
}

/// A command of the binary in this folder, which hears nothing of the test run's own variables.
#[must_use]
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(binary());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PROCURA_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// A running `procura serve` with a folder of its own; it dies with this value.
pub struct Process {
    folder: Folder,
    child: Option<Child>,
    address: SocketAddr,
}

/// The owner and the first key of a process.
#[derive(Clone)]
pub struct Founder {
    /// A client with the first platform key.
    pub platform: Http,
    /// The key.
    pub key: String,
}

impl Process {
    /// Starts a server in a fresh folder with these further lines of configuration.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn start(configuration: &str) -> Self {
        Self::start_logging("warn", configuration).await
    }

    /// The same with this filter for the log.
    ///
    /// # Panics
    /// When it does not answer.
    #[expect(clippy::expect_used, reason = "a test without its process has nothing to say")]
    pub async fn start_logging(filter: &str, configuration: &str) -> Self {
        let folder = Folder::new();
        let plenty = 10_000_000;
        let toml = format!(
            "log = \"{filter}\"\n{configuration}\n[limits]\nglobal = {plenty}\nmcp = {plenty}\nauth = {plenty}\nregistration = {plenty}\nrule_trials = {plenty}\nkey_verify = {plenty}\n"
        );
        fs::write(folder.path().join("procura.toml"), toml).expect("write the configuration");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a free port");
        drop(listener);
        let mut process = Self { folder, child: None, address };
        process.restart().await;
        process
    }

    /// Starts it again on the same folder.
    ///
    /// # Panics
    /// When it does not answer within 30 seconds: then what it said is shown.
    #[expect(clippy::expect_used, clippy::panic, reason = "a test without its process has nothing to say")]
    pub async fn restart(&mut self) {
        self.kill();
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log_file()).expect("a log");
        let errors = log.try_clone().expect("a log");
        let child = command(self.folder.path())
            .args(["serve", "--data-dir", "data", "--listen", &self.address.to_string()])
            .stdout(log)
            .stderr(errors)
            .spawn()
            .expect("start procura");
        self.child = Some(child);
        for _ in 0..600 {
            let ready = self.http().get("/readyz").try_send().await;
            if ready.is_ok_and(|reply| reply.status == 200) {
                return;
            }
            if self.has_ended() {
                break;
            }
            pace::pause(50).await;
        }
        panic!("procura does not answer; it said:\n{}", self.log());
    }

    fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)))
    }

    /// Kills it as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // A process that has ended already is dead enough.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// What it said so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("serve.log")
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where it is reached.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client without credentials.
    #[must_use]
    pub fn http(&self) -> Http {
        Http::new(&self.url(), Seen::default())
    }

    /// Opens the set-up link as the first owner would.
    ///
    /// # Panics
    /// When no link was printed, or it does not work.
    #[expect(clippy::expect_used, reason = "a test without its owner has nothing to say")]
    pub async fn found(&self) -> Founder {
        let log = self.log();
        let link = word_with(&log, "/setup/").expect("a set-up link was printed");
        let path = link.strip_prefix(&self.url()).expect("the link is of this server").to_owned();
        let fields = [("organization", "shop"), ("email", "owner@shop.example"), ("password", PASSWORD)];
        let origin = self.url();
        let form = self.http().call(http::Method::POST, &path).form(&fields).header("origin", &origin);
        let reply = form.header("accept", "text/html").send().await.ok();
        assert!(reply.headers.contains_key(header::SET_COOKIE), "{:?}", reply.headers);
        let key =
            word_with(&reply.text().replace(['<', '>', '"', '\''], " "), "pcp_").expect("a platform key");
        Founder { platform: self.http().with_key(&key), key }
    }

    /// Resident memory in bytes.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        let Some(child) = &self.child else { return 0 };
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        kilobytes.unwrap_or_default() * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The first word of a text that holds this.
#[must_use]
pub fn word_with(text: &str, part: &str) -> Option<String> {
    text.split_whitespace().find(|word| word.contains(part)).map(str::to_owned)
}
