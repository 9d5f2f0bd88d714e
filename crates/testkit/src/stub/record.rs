//! What the stub saw. A request is written down when it has arrived whole, before it is answered: what is not here
//! never reached the upstream.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fixture::session::unguessable;

/// Whether requests are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Recording {
    /// Every request, with headers and arguments.
    #[default]
    Full,
    /// Only their number: for measurements.
    Count,
}

/// One request that arrived.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// The stub's own id.
    pub id: String,
    /// The JSON-RPC method.
    pub method: String,
    /// The tool of a `tools/call`.
    pub tool: Option<String>,
    /// The parameters, `_meta` included.
    pub params: Value,
    /// The caller's JSON-RPC id.
    pub rpc_id: Value,
    /// The HTTP headers; one that is repeated keeps its last value.
    pub headers: Map<String, Value>,
}

/// The list of what was seen.
pub(super) struct Record {
    recording: Recording,
    prefix: String,
    next: AtomicU64,
    seen: Mutex<Vec<Seen>>,
}

impl Record {
    /// An empty record with a prefix of its own, so that two stubs never give the same id.
    pub(super) fn new(recording: Recording) -> Self {
        let prefix = format!("stub-{:08x}", unguessable() >> 32);
        Self { recording, prefix, next: AtomicU64::new(0), seen: Mutex::default() }
    }

    /// Gives a request its id and writes it down.
    pub(super) fn note(&self, headers: &HeaderMap, request: impl FnOnce() -> Request) -> String {
        let id = format!("{}-{}", self.prefix, self.next.fetch_add(1, Ordering::Relaxed));
        if self.recording == Recording::Full {
            let request = request();
            let headers = headers
                .iter()
                .map(|(name, value)| {
                    (name.to_string(), Value::from(String::from_utf8_lossy(value.as_bytes())))
                })
                .collect();
            self.list().push(Seen {
                id: id.clone(),
                method: request.method,
                tool: request.params.get("name").and_then(Value::as_str).map(str::to_owned),
                params: request.params,
                rpc_id: request.rpc_id,
                headers,
            });
        }
        id
    }

    /// How many requests arrived since the start.
    pub(super) fn count(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// What was seen, in the order of arrival.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.list().clone()
    }

    /// Forgets what was seen; ids go on.
    pub(super) fn forget(&self) {
        self.list().clear();
    }

    fn list(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The part of a request that is written down.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) params: Value,
    pub(super) rpc_id: Value,
}
