//! The standing ear at an HTTP upstream: `subscriptions/listen` in the modern era, `GET` in the
//! legacy one. What it hears makes our lists stale and is told to the clients. An upstream that
//! offers no such stream is asked once and then left alone until we connect to it anew.

use super::{
    exchange::{self, Shot},
    http::HttpUpstream,
    wire::{self, Params, Peer},
};
use crate::{era::Era, jsonrpc, raw::Object, sse::SseReader};
use bytes::Bytes;
use http::Method;
use http_body_util::{BodyExt, Full};
use procura_egress::Outbound;
use procura_model::Secret;
use std::{borrow::Cow, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// How long an upstream may take to open the stream.
const OPEN_WITHIN: Duration = Duration::from_secs(10);
/// The first and the longest pause between two tries.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// The largest notification.
const MAX_EVENT_BYTES: usize = 256 * 1024;

/// Why the ear was taken off.
enum Heard {
    /// The stream ended; it was open.
    End,
    /// The upstream offers none.
    Nothing,
    /// It could not be opened.
    Failure,
}

impl HttpUpstream {
    /// Listens until `closed`, or until the upstream says that there is nothing to hear.
    pub(crate) async fn listen(&self, credential: Option<Secret<String>>, closed: CancellationToken) {
        let (mut pause, longest) = PAUSES;
        while let Some(peer) = self.known_peer().filter(|peer| peer.announces_changes()) {
            let heard = tokio::select! {
                () = closed.cancelled() => return,
                () = self.rewatch.notified() => continue,
                heard = self.hear(&peer, credential.as_ref()) => heard,
            };
            match heard {
                Heard::Nothing => return,
                Heard::End => {
                    pause = PAUSES.0;
                    self.line().signals.all_changed();
                }
                Heard::Failure => pause = longest.min(pause * 2),
            }
            if timeout(pause, closed.cancelled()).await.is_ok() {
                return;
            }
        }
    }

    async fn hear(&self, peer: &Arc<Peer>, credential: Option<&Secret<String>>) -> Heard {
        let id = self.next_id();
        let mut params = Params::default();
        let mut wanted = Object::new();
        wanted
            .raw("toolsListChanged", "true")
            .raw("promptsListChanged", "true")
            .raw("resourcesListChanged", "true");
        wanted.raw("resourceSubscriptions", &self.watched());
        params.members.push((Cow::Borrowed("notifications"), Cow::Owned(wanted.finish())));
        let (method, body) = match peer.era {
            Era::Legacy => (Method::GET, Bytes::new()),
            Era::Modern => {
                let body = wire::message(Era::Modern, id, "subscriptions/listen", &params, "listen");
                (Method::POST, Bytes::from(body))
            }
        };
        let shot = Shot {
            id,
            body: String::new(),
            method: "subscriptions/listen",
            name: None,
            peer: Some(peer),
            request: "listen",
            credential,
            deadline: Instant::now() + OPEN_WITHIN,
            max_bytes: MAX_EVENT_BYTES,
            notes: None,
        };
        let line = self.line();
        let Ok(request) = exchange::message(&line, &shot, method, Full::new(body)) else {
            return Heard::Nothing;
        };
        let outbound = Outbound { lane: line.lane, deadline: OPEN_WITHIN };
        let Ok(opened) = Box::pin(line.egress.send(request, outbound)).await else { return Heard::Failure };
        let response = opened.response;
        if response.status().as_u16() != 200 || !exchange::is_event_stream(&response) {
            return if response.status().is_server_error() { Heard::Failure } else { Heard::Nothing };
        }
        let mut reader = SseReader::new(MAX_EVENT_BYTES);
        let mut events = Vec::new();
        let mut body = response.into_body();
        while let Some(Ok(frame)) = body.frame().await {
            let Ok(piece) = frame.into_data() else { continue };
            if reader.push(&piece, &mut events).is_err() {
                return Heard::Failure;
            }
            for event in events.drain(..) {
                if let Ok(jsonrpc::Message::Notification(note)) = jsonrpc::parse(&event.data) {
                    line.signals.take(&note);
                }
            }
        }
        Heard::End
    }
}
