//! A web server over TLS with an authority of its own: what keys of issuers come from, and what a stranger's documents come
//! from. The latter are never read from the loopback, so for them it listens on another address of this machine.

use crate::fixture::pace;
use parking_lot::Mutex;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use serde_json::Value;
use std::{
    collections::HashMap,
    net::{IpAddr, UdpSocket},
    sync::Arc,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

type Documents = Arc<Mutex<Shelf>>;

/// What there is, and who came for it.
#[derive(Default)]
struct Shelf {
    kept: HashMap<String, Kept>,
    visits: Vec<String>,
}

enum Kept {
    Document(Value),
    /// It is elsewhere (302).
    Moved(String),
}

/// A running host. Dropping it ends it.
pub struct SecureHost {
    name: String,
    address: IpAddr,
    port: u16,
    authority: Vec<u8>,
    documents: Documents,
    task: JoinHandle<()>,
}

impl SecureHost {
    /// A host of this name on a private address; none where the machine has none but the loopback.
    ///
    /// # Panics
    /// When TLS cannot be set up.
    pub async fn start(name: &str) -> Option<Self> {
        Self::listen(name, own_address()?).await
    }

    /// A host of this name on the loopback.
    ///
    /// # Panics
    /// When TLS cannot be set up, or no port is free.
    #[expect(clippy::expect_used, reason = "a test without its host has nothing to say")]
    pub async fn start_local(name: &str) -> Self {
        Self::listen(name, IpAddr::from([127, 0, 0, 1])).await.expect("a free port")
    }

    #[expect(clippy::expect_used, reason = "a test without its host has nothing to say")]
    async fn listen(name: &str, address: IpAddr) -> Option<Self> {
        let listener = TcpListener::bind((address, 0)).await.ok()?;
        let port = listener.local_addr().expect("a free port").port();
        let (authority, acceptor) = certified(name).expect("a certificate");
        let documents = Documents::default();
        let task = pace::start(accept(listener, acceptor, Arc::clone(&documents)));
        Some(Self { name: name.to_owned(), address, port, authority, documents, task })
    }

    /// Its authority's certificate (PEM).
    #[must_use]
    pub fn authority(&self) -> Vec<u8> {
        self.authority.clone()
    }

    /// Where its name points.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// The address of a path on it.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("https://{}:{}{path}", self.name, self.port)
    }

    /// From now on this path has this document.
    pub fn put(&self, path: &str, document: Value) {
        self.documents.lock().kept.insert(path.to_owned(), Kept::Document(document));
    }

    /// From now on this path leads elsewhere.
    pub fn redirect(&self, path: &str, to: &str) {
        self.documents.lock().kept.insert(path.to_owned(), Kept::Moved(to.to_owned()));
    }

    /// How often somebody came for this path.
    #[must_use]
    pub fn visits(&self, path: &str) -> usize {
        self.documents.lock().visits.iter().filter(|visited| *visited == path).count()
    }
}

impl Drop for SecureHost {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A private address of this machine. To ask for a route sends nothing.
fn own_address() -> Option<IpAddr> {
    let routes = [("0.0.0.0:0", "10.255.255.254:9"), ("[::]:0", "[fd00::ffff]:9")];
    routes.into_iter().find_map(|(from, to)| {
        let socket = UdpSocket::bind(from).ok()?;
        socket.connect(to).ok()?;
        let own = socket.local_addr().ok()?.ip();
        let is_private = match own {
            IpAddr::V4(own) => own.is_private(),
            IpAddr::V6(own) => own.is_unique_local(),
        };
        is_private.then_some(own)
    })
}

fn certified(name: &str) -> Result<(Vec<u8>, TlsAcceptor), Box<dyn std::error::Error>> {
    let mut authority = CertificateParams::new(vec![])?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let leaf = CertificateParams::new(vec![name.to_owned()])?.signed_by(&key, &issuer)?;
    let private = PrivateKeyDer::try_from(key.serialize_der())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], private)?;
    Ok((issuer.pem().into_bytes(), TlsAcceptor::from(Arc::new(config))))
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, documents: Documents) {
    while let Ok((socket, _)) = listener.accept().await {
        // One after the other is enough for the few who come.
        let _gone = answer(socket, &acceptor, &documents).await;
    }
}

/// One request, one answer, and the end of the connection.
async fn answer(socket: TcpStream, acceptor: &TlsAcceptor, documents: &Documents) -> std::io::Result<()> {
    let mut wire = acceptor.accept(socket).await?;
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if wire.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let text = String::from_utf8_lossy(&head);
    let path = text.split(' ').nth(1).unwrap_or_default();
    let (status, body) = found(path, documents);
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    wire.write_all(answer.as_bytes()).await?;
    wire.shutdown().await
}

/// The status with what further headers there are, and the body.
fn found(path: &str, documents: &Documents) -> (String, String) {
    let mut shelf = documents.lock();
    shelf.visits.push(path.to_owned());
    match shelf.kept.get(path) {
        Some(Kept::Document(document)) => ("200 OK".to_owned(), document.to_string()),
        Some(Kept::Moved(to)) => (format!("302 Found\r\nlocation: {to}"), "{}".to_owned()),
        None => ("404 Not Found".to_owned(), "{}".to_owned()),
    }
}
