//! A loopback HTTP server for this crate's tests: it answers with raw bytes, so that it can be as
//! broken as an upstream can be, and counts what it saw.

use crate::rules::{AllowedHost, Purpose, Rules, Whom};
use parking_lot::Mutex;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// What happens to the connection after the bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    Keep,
    Close,
    Hang,
}

pub(crate) struct Reply(pub(crate) Vec<u8>, pub(crate) Then);

impl Reply {
    pub(crate) fn ok(body: &str) -> Self {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        Self((head + body).into_bytes(), Then::Keep)
    }

    pub(crate) fn redirect(status: u16, location: &str) -> Self {
        let head = format!("HTTP/1.1 {status} Go\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        Self(head.into_bytes(), Then::Keep)
    }

    pub(crate) fn raw(bytes: &str, then: Then) -> Self {
        Self(bytes.as_bytes().to_vec(), then)
    }
}

type Answer = dyn Fn(&str) -> Reply + Send + Sync;

/// What a server has seen so far.
#[derive(Default)]
pub(crate) struct Seen {
    connections: AtomicUsize,
    open: AtomicUsize,
    requests: Mutex<Vec<String>>,
}

pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    seen: Arc<Seen>,
    _accepting: JoinSet<()>,
}

impl TestServer {
    pub(crate) async fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(None, Arc::new(answer)).await
    }

    pub(crate) async fn start_tls(
        acceptor: TlsAcceptor,
        answer: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::listen(Some(acceptor), Arc::new(answer)).await
    }

    async fn listen(acceptor: Option<TlsAcceptor>, answer: Arc<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, acceptor, Arc::clone(&seen), answer));
        Self { address, seen, _accepting: accepting }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections were ever opened.
    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Waits until as many connections are open; the test hangs, and is ended, if that never is.
    pub(crate) async fn until_open(&self, count: usize) {
        while self.seen.open.load(Ordering::SeqCst) != count {
            tokio::task::yield_now().await;
        }
    }

    /// Head and body of every request, in order.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().clone()
    }
}

async fn accept(listener: TcpListener, acceptor: Option<TlsAcceptor>, seen: Arc<Seen>, answer: Arc<Answer>) {
    let mut talks = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        socket.set_nodelay(true).unwrap();
        seen.connections.fetch_add(1, Ordering::SeqCst);
        let (seen, answer, acceptor) = (Arc::clone(&seen), Arc::clone(&answer), acceptor.clone());
        talks.spawn(async move {
            seen.open.fetch_add(1, Ordering::SeqCst);
            talk(socket, acceptor, &seen, &*answer).await;
            seen.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

async fn talk(socket: TcpStream, acceptor: Option<TlsAcceptor>, seen: &Seen, answer: &Answer) {
    match acceptor {
        None => converse(socket, seen, answer).await,
        Some(acceptor) => match acceptor.accept(socket).await {
            Ok(secured) => converse(secured, seen, answer).await,
            Err(_) => None,
        },
    };
}

/// Ends with the connection.
async fn converse(mut wire: impl AsyncRead + AsyncWrite + Unpin, seen: &Seen, answer: &Answer) -> Option<()> {
    loop {
        let request = read_request(&mut wire).await?;
        let Reply(bytes, then) = answer(&request);
        seen.requests.lock().push(request);
        wire.write_all(&bytes).await.ok()?;
        wire.flush().await.ok()?;
        match then {
            Then::Keep => {}
            Then::Close => return wire.shutdown().await.ok(),
            Then::Hang => return wire.read(&mut [0; 64]).await.ok().map(|_| ()),
        }
    }
}

async fn read_request(wire: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |l| l.parse().unwrap()) {
                return Some(text);
            }
        }
        if wire.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// Rules that open these hosts to everybody for tool servers.
pub(crate) fn open_hosts(hosts: &[(&str, u16)]) -> Rules {
    let allowed: Vec<AllowedHost> = hosts
        .iter()
        .map(|(host, port)| AllowedHost {
            tenant: Whom::Everyone,
            host: (*host).to_owned(),
            port: *port,
            purpose: Purpose::ToolServer,
        })
        .collect();
    Rules::new(&allowed, vec![]).unwrap()
}
