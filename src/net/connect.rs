//! The way to one peer: resolve, connect, ask the proxy, encrypt.

use std::net::Shutdown;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::NetError;
use super::hop::{Hop, HopError};
use super::proxy::Forward;
use super::resolver::{Resolver, Resolvers};
use super::steps::{End, Steps};
use super::stream::Stream;
use crate::config::{HttpUrl, Proxy};
use crate::tls::{self, Tls};

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

impl Via {
    /// The way that a configuration gives: a unix socket excludes a proxy.
    #[must_use]
    pub fn new(unix_socket: Option<&Path>, proxy: Option<&Proxy>) -> Self {
        match (unix_socket, proxy) {
            (Some(path), _) => Self::Unix(path.to_owned()),
            (None, Some(proxy)) => Self::Proxy(proxy.clone()),
            (None, None) => Self::Direct,
        }
    }

    /// The host whose name is resolved here: that of the proxy when there is one, which resolves the peer's.
    #[must_use]
    pub fn resolved_host<'a>(&'a self, url: &'a HttpUrl) -> Option<&'a str> {
        match self {
            Self::Direct => Some(&url.host),
            Self::Unix(_) => None,
            Self::Proxy(proxy) => Some(&proxy.host),
        }
    }
}

/// Opens connections to one peer.
#[derive(Debug, Clone)]
pub struct Connector {
    host: String,
    port: u16,
    route: Route,
    tls: Option<Tls>,
    resolver: Resolver,
    /// Requests must be rewritten for the proxy.
    forward: Option<Forward>,
}

#[derive(Debug, Clone)]
enum Route {
    Direct,
    Unix(PathBuf),
    Proxy { proxy: Arc<Proxy>, tls: Option<Tls> },
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
    /// A connector for the URL's scheme, host and port; with a unix socket they only name the peer.
    ///
    /// `tls` is for the peer, `proxy_tls` for a proxy that is spoken to over TLS: it must hold no client certificate, which
    /// would be shown to the proxy.
    pub fn new(url: &HttpUrl, via: Via, tls: &Tls, proxy_tls: &Tls, resolvers: &Resolvers) -> Self {
        let resolver = resolvers.of(via.resolved_host(url).unwrap_or_default());
        let forward = match &via {
            Via::Proxy(proxy) if !url.tls => Forward::new(&url.authority(), proxy.credentials.as_ref()),
            _ => None,
        };
        Self {
            host: url.host.clone(),
            port: url.port,
            route: match via {
                Via::Direct => Route::Direct,
                Via::Unix(path) => Route::Unix(path),
                Via::Proxy(proxy) => Route::Proxy {
                    tls: proxy.tls.then(|| proxy_tls.clone()),
                    proxy: Arc::new(proxy),
                },
            },
            tls: url.tls.then(|| tls.clone()),
            resolver,
            forward,
        }
    }

    /// Takes every step of the way, tells `observe` of each, and closes the connection again.
    ///
    /// The steps are those of every connection; only here the chains of certificates are kept, also when a handshake
    /// fails, and the peer's verdict on a client certificate is waited for a moment: with TLS 1.3 it comes late.
    ///
    /// # Errors
    /// [`HopError`] of the step that failed.
    pub async fn walk(&self, observe: &mut (dyn FnMut(Hop) + Send)) -> Result<(), HopError> {
        self.open(Some(observe)).await.map(drop)
    }

    /// Connects.
    ///
    /// # Errors
    /// [`NetError`] of the step that failed.
    pub(super) async fn connect(&self) -> Result<Stream, NetError> {
        self.open(None).await.map_err(|e| e.error)
    }

    /// What requests must go through before they are sent, if anything.
    pub(super) fn forward(&self) -> Option<&Forward> {
        self.forward.as_ref()
    }

    /// A handle that can end the sending side of a connection later. Through a proxy there is none: common ones (squid,
    /// tinyproxy) take half of a closed connection for the whole, and an answer on its way would be lost. For unix sockets
    /// neither: no control plane is behind one.
    pub(super) fn half_close(&self, stream: &Stream) -> HalfClose {
        let socket = match self.route {
            Route::Direct => stream.tcp(),
            Route::Unix(_) | Route::Proxy { .. } => None,
        };
        HalfClose(
            socket
                .and_then(|tcp| tcp.as_fd().try_clone_to_owned().ok())
                .map(std::net::TcpStream::from),
        )
    }

    /// An error of this peer's stream, with what only we know: whether a client certificate was there to be refused.
    pub(super) fn judge(&self, error: NetError) -> NetError {
        match error {
            NetError::Tls(tls::Fault::ClientCertificateRefused) if !self.shows_certificate() => {
                NetError::Tls(tls::Fault::ClientCertificateRequired)
            }
            other => other,
        }
    }

    pub(super) async fn open(&self, observe: Option<&mut (dyn FnMut(Hop) + Send)>) -> Result<Stream, HopError> {
        let mut steps = Steps(observe);
        let peer = self.peer();
        match &self.route {
            Route::Direct => {
                let tcp = steps.tcp(&self.resolver, peer).await?;
                match &self.tls {
                    None => Ok(Stream::Tcp(tcp)),
                    Some(tls) => Ok(Stream::TcpTls(Box::new(steps.encrypt(tls, tcp, peer).await?))),
                }
            }
            Route::Unix(path) => {
                let unix = steps.unix(path).await?;
                match &self.tls {
                    None => Ok(Stream::Unix(unix)),
                    Some(tls) => Ok(Stream::UnixTls(Box::new(steps.encrypt(tls, unix, peer).await?))),
                }
            }
            // Boxed: seldom, and several handshakes deep.
            Route::Proxy { proxy, tls } => Box::pin(self.through(proxy, tls.as_ref(), steps)).await,
        }
    }

    async fn through(&self, proxy: &Proxy, proxy_tls: Option<&Tls>, mut steps: Steps<'_>) -> Result<Stream, HopError> {
        let peer = self.peer();
        let mut tcp = steps.tcp(&self.resolver, End::of_proxy(proxy)).await?;
        match (proxy_tls, &self.tls) {
            (None, None) => Ok(Stream::Tcp(tcp)),
            (None, Some(tls)) => {
                steps.tunnel(&mut tcp, proxy, peer).await?;
                Ok(Stream::TcpTls(Box::new(steps.encrypt(tls, tcp, peer).await?)))
            }
            (Some(proxy_tls), None) => {
                let outer = steps.encrypt_proxy(proxy_tls, tcp, proxy).await?;
                Ok(Stream::TcpTls(Box::new(outer)))
            }
            (Some(proxy_tls), Some(tls)) => {
                let mut outer = steps.encrypt_proxy(proxy_tls, tcp, proxy).await?;
                steps.tunnel(&mut outer, proxy, peer).await?;
                Ok(Stream::TlsInTls(Box::new(steps.encrypt(tls, outer, peer).await?)))
            }
        }
    }

    fn peer(&self) -> End<'_> {
        End {
            host: &self.host,
            port: self.port,
            is_proxy: false,
        }
    }

    fn shows_certificate(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.client_certificate().is_some())
    }
}
