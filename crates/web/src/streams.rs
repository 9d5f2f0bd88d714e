//! Answers that come in lines of JSON while they are made. The work is a task with an owner: it stops when the server
//! stops and when nobody reads any more.

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use procura_app::App;
use serde::Serialize;
use std::{convert::Infallible, future::Future};
use tokio::sync::mpsc;

/// How many lines may wait for a slow reader; further ones that may be left out are.
const MAX_WAITING: usize = 16;

/// Where lines are put.
#[derive(Clone)]
pub(crate) struct Lines(mpsc::Sender<Bytes>);

impl Lines {
    /// Puts a line that may be left out where the reader is slow.
    pub(crate) fn offer(&self, line: &impl Serialize) {
        if let Some(line) = written(line) {
            let _left_out = self.0.try_send(line);
        }
    }
}

fn written(line: &impl Serialize) -> Option<Bytes> {
    let mut text = serde_json::to_vec(line).ok()?;
    text.push(b'\n');
    Some(text.into())
}

/// An answer in lines: those that `work` offers, and at last the one that it gives.
pub(crate) fn of_lines<L, F>(app: &App, kind: &'static str, work: impl FnOnce(Lines) -> F) -> Response
where
    L: Serialize + Send + Sync,
    F: Future<Output = L> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(MAX_WAITING);
    let work = work(Lines(sender.clone()));
    app.jobs.spawn_until_stop(async move {
        let last = tokio::select! {
            () = sender.closed() => return,
            last = work => last,
        };
        if let Some(line) = written(&last) {
            let _gone = sender.send(line).await;
        }
    });
    let body = stream::unfold(receiver, async |mut receiver| {
        let line = receiver.recv().await?;
        Some((Ok::<_, Infallible>(line), receiver))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(body)).into_response()
}
