//! What an upstream says while it works: progress and log messages. They are text from outside like
//! any other, so they are screened and redacted; one that does not pass is dropped, and the call
//! goes on, whatever the channel's stance: no trace shows it. A token that we made up for the upstream is turned back into the caller's own.

use crate::{
    era::log_rank,
    gates::{self, Channel},
    jsonrpc::{self, Request},
    raw::{self, Members},
    reply::Outlet,
    sanitize::without_credential,
};
use procura_app::App;
use procura_model::Secret;
use procura_screen::redact::Redactor;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// How many notifications one call may send to its caller.
const MAX_NOTES: usize = 10_000;
/// The longest notification.
const MAX_BYTES: usize = 64 * 1024;

/// Where notifications about one request go.
pub(crate) struct Notes<'n> {
    app: Arc<App>,
    redactor: Arc<Redactor>,
    /// What was sent along to the upstream; some say it back.
    credential: Option<&'n Secret<String>>,
    outlet: Outlet,
    progress_token: Option<String>,
    least_log_rank: Option<usize>,
    passed: AtomicUsize,
}

impl<'n> Notes<'n> {
    /// Notes for a caller with this progress token who wants log messages of this rank and above.
    pub(crate) fn new(
        app: Arc<App>,
        redactor: Arc<Redactor>,
        outlet: Outlet,
        progress_token: Option<String>,
        least_log_rank: Option<usize>,
    ) -> Self {
        let passed = AtomicUsize::new(0);
        Self { app, redactor, credential: None, outlet, progress_token, least_log_rank, passed }
    }

    /// The same, which never pass on what was sent along to the upstream.
    pub(crate) fn hiding(self, credential: Option<&'n Secret<String>>) -> Self {
        Self { credential, ..self }
    }

    /// Passes a notification on, if the caller asked for its kind and it is clean.
    pub(crate) async fn pass(&self, note: &Request<'_>) {
        if note.params.len() > MAX_BYTES || self.passed.fetch_add(1, Ordering::Relaxed) >= MAX_NOTES {
            return;
        }
        let params = match &*note.method {
            "notifications/progress" => self.progress(note.params),
            "notifications/message" => self.log(note.params),
            _ => None,
        };
        let Some(params) = params else { return };
        self.outlet.notify(jsonrpc::notification_body(&note.method, &params)).await;
    }

    /// The caller's token is put back last: it is the caller's own, and no secret of the upstream's.
    fn progress(&self, params: &str) -> Option<String> {
        let token = self.progress_token.as_ref()?;
        let params = self.clean(params)?;
        let members = Members::parse(&params).ok()?;
        let range = raw::span(&params, members.raw("progressToken")?)?;
        raw::splice(&params, &[(range, token.clone())])
    }

    fn log(&self, params: &str) -> Option<String> {
        let least = self.least_log_rank?;
        let level = Members::parse(params).ok()?.text("level")?;
        if log_rank(&level)? >= least { self.clean(params) } else { None }
    }

    fn clean(&self, params: &str) -> Option<String> {
        gates::scan(&self.app, params, Channel::ToolResult).passed().ok()?;
        let redacted = gates::redact(&self.redactor, params)?.text;
        Some(without_credential(self.credential, &redacted).unwrap_or_else(|| redacted.into_owned()))
    }
}
