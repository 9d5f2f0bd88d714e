//! What changed at an upstream: its lists, or one of its resources. A change makes the kept list
//! stale and is told to everybody who listens, so a client hears of a new tool without asking.

use crate::{jsonrpc::Request, raw::Members};
use procura_model::TenantId;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::broadcast;

/// How many changes a slow listener may lag behind; beyond that it is told that everything changed.
const WAITING: usize = 256;

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// The list of tools.
    Tools,
    /// The list of prompts.
    Prompts,
    /// The list of resources.
    Resources,
    /// One resource.
    Updated(Arc<str>),
}

/// A change at one server.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// Of which organization.
    pub(crate) tenant: TenantId,
    /// The server's name; empty when all servers of the organization may have changed.
    pub(crate) server: Arc<str>,
    /// What.
    pub(crate) what: What,
}

/// Where changes are told.
#[derive(Debug, Clone)]
pub(crate) struct Changes(broadcast::Sender<Change>);

impl Default for Changes {
    fn default() -> Self {
        Self(broadcast::channel(WAITING).0)
    }
}

impl Changes {
    /// Tells a change; nobody may be listening.
    pub(crate) fn tell(&self, change: Change) {
        let _nobody = self.0.send(change);
    }

    /// Listens from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Change> {
        self.0.subscribe()
    }
}

/// What one upstream has said about its lists since they were last read.
#[derive(Debug)]
pub(crate) struct Signals {
    tenant: TenantId,
    server: Arc<str>,
    changes: Changes,
    is_stale: AtomicBool,
}

impl Signals {
    /// The signals of one server.
    pub(crate) fn new(tenant: TenantId, server: &str, changes: Changes) -> Self {
        Self { tenant, server: server.into(), changes, is_stale: AtomicBool::new(false) }
    }

    /// Takes a notification of the upstream; true if it was about its lists or resources.
    pub(crate) fn take(&self, note: &Request<'_>) -> bool {
        let what = match &*note.method {
            "notifications/tools/list_changed" => What::Tools,
            "notifications/prompts/list_changed" => What::Prompts,
            "notifications/resources/list_changed" => What::Resources,
            "notifications/resources/updated" => {
                let uri = Members::parse(note.params).ok().and_then(|params| params.text("uri"));
                let Some(uri) = uri else { return true };
                What::Updated(uri.into())
            }
            _ => return false,
        };
        self.changed(what);
        true
    }

    /// Everything may have changed: the upstream was away.
    pub(crate) fn all_changed(&self) {
        for what in [What::Tools, What::Prompts, What::Resources] {
            self.changed(what);
        }
    }

    fn changed(&self, what: What) {
        if !matches!(what, What::Updated(_)) {
            self.is_stale.store(true, Ordering::SeqCst);
        }
        self.changes.tell(Change { tenant: self.tenant, server: Arc::clone(&self.server), what });
    }

    /// Whether the lists are to be read anew.
    pub(crate) fn is_stale(&self) -> bool {
        self.is_stale.load(Ordering::SeqCst)
    }

    /// The lists are about to be read: what is said from now on counts anew.
    pub(crate) fn begin_reading(&self) {
        self.is_stale.store(false, Ordering::SeqCst);
    }
}
