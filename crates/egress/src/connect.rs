//! Opening the socket. This is the one place in the house that does, and it takes a [`Judged`]
//! address and nothing else; afterwards the peer that the socket reports must be that address.

use crate::{
    approach::approach,
    dns::Resolver,
    error::{EgressError, Stage},
    guard::{Judged, Refused},
    rules::{Lane, Rules},
    tls,
    url::{Scheme, Target},
};
use hyper_util::client::legacy::connect::{Connected, Connection};
use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// How long one of several addresses may keep the others waiting.
const PER_ADDRESS: Duration = Duration::from_secs(3);

/// What a connection needs to know of the world.
#[derive(Debug)]
pub(crate) struct Outside {
    pub(crate) resolver: Resolver,
    pub(crate) tls: Arc<rustls::ClientConfig>,
    pub(crate) connect_timeout: Duration,
}

/// Resolves once, judges every address, and connects to the first judged one that answers.
pub(crate) async fn open(
    outside: &Outside,
    rules: &Rules,
    target: &Target,
    lane: Lane,
) -> Result<Stream, EgressError> {
    let opening = async {
        let judged = approach(target, lane, rules, &outside.resolver).await?;
        let (socket, address) = first_that_answers(&judged).await?;
        let wire = match target.scheme() {
            Scheme::Http => Wire::Plain(socket),
            Scheme::Https => Wire::Tls(Box::new(secure(outside, target, socket).await?)),
        };
        Ok(Stream { wire, address })
    };
    match timeout(outside.connect_timeout, opening).await {
        Ok(opened) => opened,
        Err(_) => Err(EgressError::Timeout(Stage::Connect)),
    }
}

async fn first_that_answers(judged: &[Judged]) -> Result<(TcpStream, SocketAddr), EgressError> {
    let mut last = EgressError::Dns(None);
    for (index, address) in judged.iter().enumerate() {
        let is_last = index + 1 == judged.len();
        let attempt = connect(*address);
        let opened = if is_last {
            attempt.await
        } else {
            timeout(PER_ADDRESS, attempt).await.unwrap_or(Err(EgressError::Timeout(Stage::Connect)))
        };
        match opened {
            Ok(socket) => return Ok((socket, address.address())),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[expect(clippy::disallowed_methods, reason = "the one connector: it takes judged addresses only")]
async fn connect(judged: Judged) -> Result<TcpStream, EgressError> {
    let socket = TcpStream::connect(judged.address()).await.map_err(EgressError::connect)?;
    socket.set_nodelay(true).map_err(EgressError::connect)?;
    let peer = socket.peer_addr().map_err(EgressError::connect)?;
    if peer != judged.address() {
        return Err(Refused::OtherPeer.into());
    }
    Ok(socket)
}

async fn secure(
    outside: &Outside,
    target: &Target,
    socket: TcpStream,
) -> Result<TlsStream<TcpStream>, EgressError> {
    let name = tls::server_name(target.host()).ok_or(Refused::Host)?;
    TlsConnector::from(Arc::clone(&outside.tls)).connect(name, socket).await.map_err(EgressError::tls)
}

#[derive(Debug)]
enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// An open connection that remembers the judged address it went to.
#[derive(Debug)]
pub(crate) struct Stream {
    wire: Wire,
    address: SocketAddr,
}

impl Stream {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// The address behind an answer, also when its connection came from the pool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectedTo(pub(crate) SocketAddr);

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new().extra(ConnectedTo(self.address))
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(plain) => Pin::new(plain).poll_read(cx, buf),
            Wire::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().wire {
            Wire::Plain(plain) => Pin::new(plain).poll_write(cx, buf),
            Wire::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().wire {
            Wire::Plain(plain) => Pin::new(plain).poll_write_vectored(cx, bufs),
            Wire::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.wire {
            Wire::Plain(plain) => plain.is_write_vectored(),
            Wire::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(plain) => Pin::new(plain).poll_flush(cx),
            Wire::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().wire {
            Wire::Plain(plain) => Pin::new(plain).poll_shutdown(cx),
            Wire::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
