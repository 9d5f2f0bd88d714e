//! An upstream that is our child and speaks over its standard streams; declared by the operator
//! alone (decision 24). It gets PATH and what was declared, nothing else of ours; it leads its own
//! process group, which is ended as a whole; one child carries many calls, told apart by our numbers.
//! A child that ended is started again by the next call, after a pause that grows.

use super::{
    Answer, Outcall, UpstreamError,
    wire::{self, Params, Peer},
};
use crate::{
    era::Era,
    jsonrpc,
    raw::{Members, Object},
    signals::Signals,
};
use bytes::Bytes;
use parking_lot::Mutex;
use procura_app::Jobs;
use procura_model::Reason;
use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    collections::{BTreeMap, HashMap},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::{Mutex as AsyncMutex, OnceCell, mpsc, oneshot},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

/// How long a child may take for its first word in the modern era.
const DISCOVER_WITHIN: Duration = Duration::from_secs(5);
/// How long a child has after it was asked to end.
const GRACE: Duration = Duration::from_secs(2);
/// The longest pause before a child is started again.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// The largest line that is read from a child.
const MAX_LINE_BYTES: usize = 16 * 1024 * 1024;
/// How many notifications wait for one call; more are dropped.
const MAX_NOTES: usize = 64;
/// How much a child may say on its standard error before we stop counting.
const MAX_STDERR_BYTES: usize = 64 * 1024;

/// What the operator declared.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// The program.
    pub(crate) command: String,
    /// Its arguments.
    pub(crate) args: Vec<String>,
    /// Its environment.
    pub(crate) env: BTreeMap<String, String>,
}

/// An upstream that is our child.
pub(crate) struct StdioUpstream {
    program: Program,
    server: Arc<str>,
    jobs: Jobs,
    signals: Arc<Signals>,
    state: AsyncMutex<State>,
    numbers: AtomicU64,
    closed: CancellationToken,
}

#[derive(Default)]
struct State {
    running: Option<Arc<Running>>,
    failures: u32,
    not_before: Option<Instant>,
}

/// A child that lives.
struct Running {
    stdin: AsyncMutex<ChildStdin>,
    pending: Mutex<HashMap<u64, Pending>>,
    peer: OnceCell<Arc<Peer>>,
    ended: CancellationToken,
    started: Instant,
}

/// A call that waits for its answer.
struct Pending {
    answer: oneshot::Sender<Bytes>,
    notes: mpsc::Sender<Bytes>,
}

impl StdioUpstream {
    /// An upstream that is started when it is first called.
    pub(crate) fn new(program: Program, server: &str, jobs: Jobs, signals: Arc<Signals>) -> Self {
        Self {
            program,
            server: server.into(),
            closed: jobs.stopping().child_token(),
            jobs,
            signals,
            state: AsyncMutex::default(),
            numbers: AtomicU64::new(1),
        }
    }

    pub(super) fn next_id(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) async fn call(&self, outcall: &Outcall<'_>) -> Result<Answer, UpstreamError> {
        let running = self.running(outcall.deadline).await?;
        let peer = self
            .greet(&running, outcall.deadline)
            .await
            .map_err(|error| UpstreamError { may_have_arrived: false, ..error })?;
        let body = wire::message(peer.era, outcall.id, outcall.method, outcall.params, outcall.request);
        let message = running.ask(outcall.id, body, outcall.deadline, outcall.notes).await?;
        if message.len() > outcall.max_bytes {
            return Err(UpstreamError::after(Reason::UpstreamTooLarge, "too_large"));
        }
        Answer::read(message, outcall.id)
            .ok_or_else(|| UpstreamError::after(Reason::UpstreamInvalid, "no_answer"))
    }

    pub(super) async fn peer(&self, deadline: Instant) -> Result<Arc<Peer>, UpstreamError> {
        let running = self.running(deadline).await?;
        self.greet(&running, deadline).await
    }

    pub(super) async fn cancel(&self, id: u64) {
        let running = self.state.lock().await.running.clone();
        let Some(running) = running else { return };
        running.pending.lock().remove(&id);
        let params = Object::new().raw("requestId", &id.to_string()).finish();
        let body = jsonrpc::notification_body("notifications/cancelled", &params);
        let _broken = running.write(&body, Instant::now() + GRACE).await;
    }

    /// Ends the child; a later call is refused.
    pub(crate) fn close(&self) {
        self.closed.cancel();
    }

    async fn running(&self, deadline: Instant) -> Result<Arc<Running>, UpstreamError> {
        let mut state = timeout_at(deadline, self.state.lock())
            .await
            .map_err(|_| UpstreamError::before(Reason::UpstreamTimeout, "timeout"))?;
        if let Some(running) = state.running.clone() {
            if !running.ended.is_cancelled() {
                return Ok(running);
            }
            state.running = None;
            state.failures =
                if running.started.elapsed() > MAX_PAUSE { 1 } else { state.failures.saturating_add(1) };
            let pause = Duration::from_millis(100 << state.failures.min(10)).min(MAX_PAUSE);
            state.not_before = (state.failures > 1).then(|| Instant::now() + pause);
        }
        if self.closed.is_cancelled() {
            return Err(UpstreamError::before(Reason::UpstreamUnreachable, "closed"));
        }
        if state.not_before.is_some_and(|at| at > Instant::now()) {
            return Err(UpstreamError::before(Reason::UpstreamUnreachable, "restarting").saying(
                "The tool server's process ended again and again; it is started anew after a pause.",
            ));
        }
        let running = self.start().map_err(|error| {
            state.failures = state.failures.saturating_add(1);
            state.not_before = Some(Instant::now() + Duration::from_secs(1));
            tracing::warn!(server.name = %self.server, error = %error.kind(), "a tool server's process could not be started");
            UpstreamError::before(Reason::UpstreamUnreachable, "not_started")
                .saying("The tool server's process could not be started.")
        })?;
        state.running = Some(Arc::clone(&running));
        Ok(running)
    }

    fn start(&self) -> std::io::Result<Arc<Running>> {
        let mut command = Command::new(&self.program.command);
        command.args(&self.program.args).env_clear();
        if let Some(path) = search_path() {
            command.env("PATH", path);
        }
        command.envs(&self.program.env);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        let mut child = command.spawn()?;
        let missing = || std::io::Error::other("a standard stream is missing");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let stderr = child.stderr.take().ok_or_else(missing)?;
        let running = Arc::new(Running {
            stdin: AsyncMutex::new(stdin),
            pending: Mutex::default(),
            peer: OnceCell::new(),
            ended: CancellationToken::new(),
            started: Instant::now(),
        });
        self.jobs.spawn(read(Arc::clone(&running), stdout, Arc::clone(&self.signals)));
        self.jobs.spawn(drain(stderr, Arc::clone(&self.server)));
        self.jobs.spawn(attend(child, Arc::clone(&running), self.closed.clone(), Arc::clone(&self.server)));
        Ok(running)
    }

    /// The first words with a child.
    async fn greet(&self, running: &Running, deadline: Instant) -> Result<Arc<Peer>, UpstreamError> {
        running.peer.get_or_try_init(|| self.connect(running, deadline)).await.cloned()
    }

    async fn connect(&self, running: &Running, deadline: Instant) -> Result<Arc<Peer>, UpstreamError> {
        let id = self.next_id();
        let body = wire::message(Era::Modern, id, "server/discover", &Params::default(), "connect");
        let soon = deadline.min(Instant::now() + DISCOVER_WITHIN);
        if let Ok(message) = running.ask(id, body, soon, None).await
            && let Some(answer) = Answer::read(message, id)
            && let Some(peer) = answer.outcome().ok().and_then(Peer::of_discover)
        {
            return Ok(Arc::new(peer));
        }
        let id = self.next_id();
        let message = running.ask(id, wire::initialize(id), deadline, None).await?;
        let peer = Answer::read(message, id)
            .and_then(|answer| answer.outcome().ok().and_then(|result| Peer::of_initialize(result, None)))
            .ok_or_else(|| {
                UpstreamError::after(Reason::UpstreamInvalid, "not_mcp")
                    .saying("The tool server's process does not speak MCP.")
            })?;
        running.write(&jsonrpc::notification_body("notifications/initialized", "{}"), deadline).await?;
        Ok(Arc::new(peer))
    }
}

impl Drop for StdioUpstream {
    fn drop(&mut self) {
        self.close();
    }
}

impl Running {
    async fn write(&self, message: &str, deadline: Instant) -> Result<(), UpstreamError> {
        let line = format!("{}\n", message.replace(['\n', '\r'], " "));
        let writing = async {
            let mut stdin = self.stdin.lock().await;
            stdin.write_all(line.as_bytes()).await?;
            stdin.flush().await
        };
        match timeout_at(deadline, writing).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(ended()),
            // Half a line may stand in the pipe: nothing sound can follow it.
            Err(_) => {
                self.ended.cancel();
                Err(UpstreamError::after(Reason::UpstreamTimeout, "timeout"))
            }
        }
    }

    async fn ask(
        &self,
        id: u64,
        body: String,
        deadline: Instant,
        notes: Option<&crate::notes::Notes<'_>>,
    ) -> Result<Bytes, UpstreamError> {
        let (answer, mut answered) = oneshot::channel();
        let (sender, mut noted) = mpsc::channel(MAX_NOTES);
        self.pending.lock().insert(id, Pending { answer, notes: sender });
        let _forgotten_at_the_end = Forget { running: self, id };
        self.write(&body, deadline).await?;
        let waiting = async {
            loop {
                tokio::select! {
                    biased;
                    Some(note) = noted.recv() => pass(notes, &note).await,
                    message = &mut answered => return message.map_err(|_| ended()),
                    () = self.ended.cancelled() => return Err(ended()),
                }
            }
        };
        let waited = timeout_at(deadline, waiting).await;
        waited.unwrap_or_else(|_| Err(UpstreamError::after(Reason::UpstreamTimeout, "timeout")))
    }

    /// Takes one line of the child; gives what is to be written back, if anything.
    fn take(&self, line: &[u8], signals: &Signals) -> Option<String> {
        match jsonrpc::parse(line).ok()? {
            jsonrpc::Message::Response(response) => {
                let id = response.id?.trim_matches('"').parse().ok()?;
                let pending = self.pending.lock().remove(&id)?;
                let _gone = pending.answer.send(Bytes::copy_from_slice(line));
                None
            }
            jsonrpc::Message::Notification(note) => {
                if !signals.take(&note) {
                    self.route(&note, line);
                }
                None
            }
            jsonrpc::Message::Request(request) => Some(wire::answer_to(&request)),
        }
    }

    /// Progress goes to its call; a log message to the only call there is, else to nobody.
    fn route(&self, note: &jsonrpc::Request<'_>, line: &[u8]) {
        let pending = self.pending.lock();
        let token = Members::parse(note.params).ok().and_then(|params| params.raw("progressToken"));
        let call = match token {
            Some(token) => token.trim_matches('"').parse().ok().and_then(|id: u64| pending.get(&id)),
            None if pending.len() == 1 => pending.values().next(),
            None => None,
        };
        if let Some(call) = call {
            let _full = call.notes.try_send(Bytes::copy_from_slice(line));
        }
    }
}

struct Forget<'r> {
    running: &'r Running,
    id: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.running.pending.lock().remove(&self.id);
    }
}

async fn pass(notes: Option<&crate::notes::Notes<'_>>, line: &[u8]) {
    if let (Some(notes), Ok(jsonrpc::Message::Notification(note))) = (notes, jsonrpc::parse(line)) {
        notes.pass(&note).await;
    }
}

fn ended() -> UpstreamError {
    UpstreamError::after(Reason::UpstreamUnreachable, "ended").saying("The tool server's process ended.")
}

/// Reads the child's lines until it ends or says one that is too long.
async fn read(running: Arc<Running>, stdout: ChildStdout, signals: Arc<Signals>) {
    let mut stdout = BufReader::new(stdout);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut limited = (&mut stdout).take(u64::try_from(MAX_LINE_BYTES).unwrap_or(u64::MAX));
        let read = tokio::select! {
            read = limited.read_until(b'\n', &mut line) => read,
            () = running.ended.cancelled() => break,
        };
        match read {
            Ok(0) | Err(_) => break,
            Ok(length) if length >= MAX_LINE_BYTES && line.last() != Some(&b'\n') => break,
            Ok(_) => {}
        }
        if let Some(reply) = running.take(line.trim_ascii(), &signals) {
            let _broken = running.write(&reply, Instant::now() + GRACE).await;
        }
    }
    running.ended.cancel();
    signals.all_changed();
}

/// Empties the child's standard error: it may hold anything, so only its length is told.
async fn drain(mut stderr: impl AsyncRead + Unpin, server: Arc<str>) {
    let mut buffer = vec![0_u8; 4096];
    let mut total = 0_usize;
    while let Ok(length @ 1..) = stderr.read(&mut buffer).await {
        if total < MAX_STDERR_BYTES {
            total += length;
            tracing::debug!(server.name = %server, stderr.bytes = length, "a tool server wrote to its standard error");
        }
    }
}

/// Waits for the child's end, or ends it with its whole group.
async fn attend(mut child: Child, running: Arc<Running>, closed: CancellationToken, server: Arc<str>) {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let kill = |signal| {
        if let Some(group) = group {
            let _gone = kill_process_group(group, signal);
        }
    };
    let exited = tokio::select! {
        status = child.wait() => status.ok(),
        () = closed.cancelled() => None,
        () = running.ended.cancelled() => None,
    };
    running.ended.cancel();
    if exited.is_none() {
        kill(Signal::TERM);
        let _too_slow = timeout(GRACE, child.wait()).await;
    }
    // Whatever the child started and left behind ends with it.
    kill(Signal::KILL);
    let _reaped = child.wait().await;
    tracing::info!(server.name = %server, exit.code = exited.and_then(|status| status.code()), "a tool server's process ended");
}

#[expect(
    clippy::disallowed_methods,
    reason = "a child gets our PATH, to find its program, and nothing else of ours"
)]
fn search_path() -> Option<std::ffi::OsString> {
    std::env::var_os("PATH")
}
