//! Connections: how many, how long a head may take, and how they end. Every connection is a task
//! of `app.jobs`; on shutdown no new one is taken, idle ones close, and requests under way may end.

use crate::{exchange::Peer, router::router, state::WebState};
use axum::{Router, body::Body};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use procura_model::{Doing, Result};
use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tower::Service;

/// How many connections are open at once; more wait in the system's queue.
const CONNECTIONS: usize = 8_192;
/// How long the head of a request may take.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// How large the head of a request may be.
const HEAD_BYTES: usize = 64 * 1024;
/// How long requests under way may take when the server stops.
const DRAIN_DEADLINE: Duration = Duration::from_secs(10);
/// How long to wait after the system refused to give a connection.
const AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);

/// Serves everything on this listener until `shutdown` ends.
///
/// # Errors
/// When the listener has no address.
pub async fn serve(listener: TcpListener, state: WebState, shutdown: impl Future<Output = ()>) -> Result<()> {
    let app = router(state.clone());
    serve_router(listener, &state, app, shutdown).await
}

/// Serves this router on this listener until `shutdown` ends; for listeners that serve less than
/// everything, such as the metrics' own.
///
/// # Errors
/// When the listener has no address.
pub async fn serve_router(
    listener: TcpListener,
    state: &WebState,
    app: Router,
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    let address = listener.local_addr().doing("read the listener's address")?;
    tracing::info!(%address, "listening");
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let Some((stream, peer, place)) = accepted else {
            let _ = tokio::time::timeout(AFTER_ACCEPT_ERROR, std::future::pending::<()>()).await;
            continue;
        };
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_DEADLINE)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service(app.clone(), peer));
        let watched = graceful.watch(connection);
        state.app.jobs.spawn(async move {
            // A broken connection is its sender's matter; what was done is in the record.
            let _ = watched.await;
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_DEADLINE, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests under way did not end in time and are cut off");
    }
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Without this a small answer can wait 40 ms for the other side's acknowledgement.
            let _ = stream.set_nodelay(true);
            Some((stream, peer, place))
        }
        Err(error) => {
            tracing::warn!(%error, "the system gave no connection");
            None
        }
    }
}

fn service(
    app: Router,
    peer: SocketAddr,
) -> impl hyper::service::Service<
    axum::http::Request<Incoming>,
    Response = axum::response::Response,
    Error = std::convert::Infallible,
    Future: Send + 'static,
> {
    service_fn(move |request: axum::http::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        app.clone().call(request)
    })
}
