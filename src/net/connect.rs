//! The way to one peer: resolve, connect, encrypt. Every step has its bound.

use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::error::NetError;
use super::resolver::Resolver;
use super::stream::Stream;
use crate::config::{HttpUrl, Proxy};
use crate::limits::{CONNECT_TIMEOUT, TLS_TIMEOUT};
use crate::tls::Tls;

/// The way to a peer.
#[derive(Debug, Clone)]
pub enum Via {
    /// TCP to the address of its name.
    Direct,
    /// A unix socket.
    Unix(PathBuf),
    /// A proxy.
    Proxy(Proxy),
}

/// Opens connections to one peer.
#[derive(Debug, Clone)]
pub struct Connector {
    host: String,
    port: u16,
    unix_socket: Option<PathBuf>,
    tls: Option<Tls>,
    resolver: Resolver,
}

/// Ends the sending side of a connection, whoever drives it: the peer reads the end of the stream, and what it still
/// sends can be read.
#[derive(Debug)]
pub(super) struct HalfClose(Option<std::net::TcpStream>);

impl HalfClose {
    /// Sends the end of the stream. Errors mean that the connection is gone, which is no worse.
    pub(super) fn close(self) {
        if let Some(socket) = self.0 {
            let _ = socket.shutdown(Shutdown::Write);
        }
    }
}

impl Connector {
    /// A connector for the URL's scheme, host and port; with `unix_socket` they only name the peer.
    pub fn new(url: &HttpUrl, unix_socket: Option<&Path>, tls: &Tls, resolver: Resolver) -> Self {
        Self {
            host: url.host.clone(),
            port: url.port,
            unix_socket: unix_socket.map(Path::to_owned),
            tls: url.tls.then(|| tls.clone()),
            resolver,
        }
    }

    /// Connects.
    ///
    /// # Errors
    /// [`NetError`] of the step that failed.
    pub(super) async fn connect(&self) -> Result<Stream, NetError> {
        match &self.unix_socket {
            Some(path) => {
                let stream = bounded(CONNECT_TIMEOUT, UnixStream::connect(path))
                    .await?
                    .map_err(|e| match e.kind() {
                        std::io::ErrorKind::NotFound => NetError::Refused,
                        _ => NetError::from_dial(&e),
                    })?;
                match &self.tls {
                    None => Ok(Stream::Unix(stream)),
                    Some(tls) => Ok(Stream::UnixTls(Box::new(handshake(tls, &self.host, stream).await?))),
                }
            }
            None => {
                let stream = self.tcp().await?;
                match &self.tls {
                    None => Ok(Stream::Tcp(stream)),
                    Some(tls) => Ok(Stream::TcpTls(Box::new(handshake(tls, &self.host, stream).await?))),
                }
            }
        }
    }

    /// Tries the addresses in order. The last error counts, unless all of the time went into an earlier one.
    async fn tcp(&self) -> Result<TcpStream, NetError> {
        let addresses = self.resolver.resolve(&self.host, self.port).await?;
        bounded(CONNECT_TIMEOUT, async {
            let mut last = NetError::Dns;
            let each = CONNECT_TIMEOUT / u32::try_from(addresses.len()).unwrap_or(1).max(1);
            for address in addresses {
                match bounded(each, dial(address)).await {
                    Ok(Ok(stream)) => return Ok(stream),
                    Ok(Err(error)) | Err(error) => last = error,
                }
            }
            Err(last)
        })
        .await?
    }
}

impl Stream {
    /// A handle that can end the sending side later. Unix sockets have none: no control plane is behind one.
    pub(super) fn half_close(&self) -> HalfClose {
        let tcp = match self {
            Self::Tcp(tcp) => Some(tcp),
            Self::TcpTls(tls) => Some(tls.get_ref().0),
            Self::Unix(_) | Self::UnixTls(_) => None,
        };
        HalfClose(
            tcp.and_then(|tcp| tcp.as_fd().try_clone_to_owned().ok())
                .map(std::net::TcpStream::from),
        )
    }
}

async fn dial(address: SocketAddr) -> Result<TcpStream, NetError> {
    let stream = TcpStream::connect(address).await.map_err(|e| NetError::from_dial(&e))?;
    // Small messages must not wait for an acknowledgement; a socket that refuses the option still works.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

async fn handshake<S>(tls: &Tls, host: &str, stream: S) -> Result<crate::tls::TlsStream<S>, NetError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    bounded(TLS_TIMEOUT, tls.connect(host, stream))
        .await?
        .map_err(|e| match e.kind() {
            std::io::ErrorKind::InvalidInput => NetError::Tls,
            _ => NetError::from_stream(&e),
        })
}

async fn bounded<F: Future>(limit: std::time::Duration, step: F) -> Result<F::Output, NetError> {
    timeout(limit, step).await.map_err(|_| NetError::Timeout)
}
