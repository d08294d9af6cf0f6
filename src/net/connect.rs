//! The way to one peer: resolve, connect, ask the proxy, encrypt. Every step has its bound.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::error::NetError;
use super::hop::{Cause, Hop, HopError, Step};
use super::proxy::{self, Forward};
use super::resolver::{Resolver, Resolvers};
use super::stream::Stream;
use crate::config::{HttpUrl, Proxy};
use crate::limits::{CONNECT_TIMEOUT, TLS_TIMEOUT, TLS_VERDICT_WAIT, TUNNEL_TIMEOUT};
use crate::tls::{self, Record, Tls, TlsStream};

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

/// Who is told of each step.
pub(super) type Observer<'a> = &'a mut (dyn FnMut(Hop) + Send);

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

    /// An error of this peer's stream, with what only we know: whether a client certificate was there to be refused.
    pub(super) fn judge(&self, error: NetError) -> NetError {
        match error {
            NetError::Tls(tls::Fault::ClientCertificateRefused) if !self.shows_certificate() => {
                NetError::Tls(tls::Fault::ClientCertificateRequired)
            }
            other => other,
        }
    }

    pub(super) async fn open(&self, mut observe: Option<Observer<'_>>) -> Result<Stream, HopError> {
        match &self.route {
            Route::Direct => {
                let tcp = self.tcp(&self.host, self.port, false, &mut observe).await?;
                match &self.tls {
                    None => Ok(Stream::Tcp(tcp)),
                    Some(tls) => Ok(Stream::TcpTls(Box::new(self.encrypt(tls, tcp, &mut observe).await?))),
                }
            }
            Route::Unix(path) => {
                let unix = self.unix(path, &mut observe).await?;
                match &self.tls {
                    None => Ok(Stream::Unix(unix)),
                    Some(tls) => Ok(Stream::UnixTls(Box::new(self.encrypt(tls, unix, &mut observe).await?))),
                }
            }
            // Boxed: seldom, and several handshakes deep.
            Route::Proxy { proxy, tls } => Box::pin(self.through(proxy, tls.as_ref(), &mut observe)).await,
        }
    }

    async fn through(
        &self,
        proxy: &Proxy,
        proxy_tls: Option<&Tls>,
        observe: &mut Option<Observer<'_>>,
    ) -> Result<Stream, HopError> {
        let mut tcp = self.tcp(&proxy.host, proxy.port, true, observe).await?;
        match (proxy_tls, &self.tls) {
            (None, None) => Ok(Stream::Tcp(tcp)),
            (None, Some(tls)) => {
                self.tunnel(proxy, &mut tcp, observe).await?;
                Ok(Stream::TcpTls(Box::new(self.encrypt(tls, tcp, observe).await?)))
            }
            (Some(proxy_tls), tls) => {
                let at = At::proxy(Step::ProxyTls, proxy);
                let (mut outer, facts) = handshake(proxy_tls, &proxy.host, tcp, observe.is_some(), &at).await?;
                tell(observe, || facts.map(Hop::ProxyEncrypted));
                let Some(tls) = tls else {
                    return Ok(Stream::TcpTls(Box::new(outer)));
                };
                self.tunnel(proxy, &mut outer, observe).await?;
                Ok(Stream::TlsInTls(Box::new(self.encrypt(tls, outer, observe).await?)))
            }
        }
    }

    async fn tunnel<S>(&self, proxy: &Proxy, stream: &mut S, observe: &mut Option<Observer<'_>>) -> Result<(), HopError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let at = At::proxy(Step::Tunnel, proxy);
        let target = authority(&self.host, self.port);
        let asked = proxy::connect(stream, &target, proxy.credentials.as_ref());
        let status = match timeout(TUNNEL_TIMEOUT, asked).await {
            Ok(Ok(status)) => status,
            Ok(Err(cause)) => return Err(at.fail(cause)),
            Err(_) => return Err(at.fail(Cause::Timeout)),
        };
        tell(observe, || Some(Hop::Tunnelled { status }));
        Ok(())
    }

    /// TLS with the peer.
    async fn encrypt<S>(
        &self,
        tls: &Tls,
        stream: S,
        observe: &mut Option<Observer<'_>>,
    ) -> Result<TlsStream<S>, HopError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let at = At::peer(Step::Tls, authority(&self.host, self.port));
        let (mut stream, facts) = handshake(tls, &self.host, stream, observe.is_some(), &at).await?;
        let asked = facts.as_ref().is_some_and(|facts| facts.client_certificate_asked);
        let sent = facts.as_ref().is_some_and(|facts| facts.client_certificate_sent);
        tell(observe, || facts.map(Hop::Encrypted));
        if asked {
            verdict(&mut stream, sent).await.map_err(|cause| at.fail(cause))?;
        }
        Ok(stream)
    }

    /// Tries the addresses in order. The last error counts, unless all of the time went into an earlier one.
    async fn tcp(
        &self,
        host: &str,
        port: u16,
        at_proxy: bool,
        observe: &mut Option<Observer<'_>>,
    ) -> Result<TcpStream, HopError> {
        let at = |step| At {
            step,
            with: authority(host, port),
            at_proxy,
        };
        let addresses = self.resolver.resolve(host, port).await.map_err(|error| {
            at(Step::Resolve).fail(match error {
                NetError::Timeout => Cause::Timeout,
                _ => Cause::NoAddress,
            })
        })?;
        tell(observe, || {
            Some(Hop::Resolved {
                host: host.to_owned(),
                addresses: addresses.clone(),
            })
        });
        let tried = timeout(CONNECT_TIMEOUT, async {
            let mut last = Cause::NoAddress;
            let each = CONNECT_TIMEOUT / u32::try_from(addresses.len()).unwrap_or(1).max(1);
            for address in addresses {
                match timeout(each, dial(address)).await {
                    Ok(Ok(stream)) => return Ok((stream, address)),
                    Ok(Err(error)) => last = Cause::Io(error.kind()),
                    Err(_) => last = Cause::Timeout,
                }
            }
            Err(last)
        });
        let (stream, address) = match tried.await {
            Ok(Ok(connected)) => connected,
            Ok(Err(cause)) => return Err(at(Step::Connect).fail(cause)),
            Err(_) => return Err(at(Step::Connect).fail(Cause::Timeout)),
        };
        tell(observe, || {
            Some(Hop::Connected {
                peer: address.to_string(),
            })
        });
        Ok(stream)
    }

    async fn unix(&self, path: &Path, observe: &mut Option<Observer<'_>>) -> Result<UnixStream, HopError> {
        let peer = || path.display().to_string();
        let at = || At::peer(Step::Connect, peer());
        let stream = match timeout(CONNECT_TIMEOUT, UnixStream::connect(path)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(at().fail(Cause::Io(error.kind()))),
            Err(_) => return Err(at().fail(Cause::Timeout)),
        };
        tell(observe, || Some(Hop::Connected { peer: peer() }));
        Ok(stream)
    }

    fn shows_certificate(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.client_certificate().is_some())
    }
}

impl Stream {
    /// A handle that can end the sending side later. Unix sockets have none: no control plane is behind one.
    pub(super) fn half_close(&self) -> HalfClose {
        HalfClose(
            self.tcp()
                .and_then(|tcp| tcp.as_fd().try_clone_to_owned().ok())
                .map(std::net::TcpStream::from),
        )
    }
}

/// Where a step is taken.
struct At {
    step: Step,
    with: String,
    at_proxy: bool,
}

impl At {
    fn peer(step: Step, with: String) -> Self {
        Self {
            step,
            with,
            at_proxy: false,
        }
    }

    fn proxy(step: Step, proxy: &Proxy) -> Self {
        Self {
            step,
            with: authority(&proxy.host, proxy.port),
            at_proxy: true,
        }
    }

    fn fail(&self, cause: Cause) -> HopError {
        HopError {
            step: self.step,
            with: self.with.clone(),
            at_proxy: self.at_proxy,
            error: NetError::of_hop(self.step, &cause),
            cause,
        }
    }
}

fn tell(observe: &mut Option<Observer<'_>>, hop: impl FnOnce() -> Option<Hop>) {
    if let Some(observe) = observe
        && let Some(hop) = hop()
    {
        observe(hop);
    }
}

async fn dial(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    // Small messages must not wait for an acknowledgement; a socket that refuses the option still works.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// A handshake, with its facts when they are asked for.
async fn handshake<S>(
    tls: &Tls,
    host: &str,
    stream: S,
    recorded: bool,
    at: &At,
) -> Result<(TlsStream<S>, Option<tls::TlsFacts>), HopError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let failed =
        |error: &io::Error, cause: Option<tls::Cause>| at.fail(cause.map_or(Cause::Io(error.kind()), Cause::Tls));
    if !recorded {
        return match timeout(TLS_TIMEOUT, tls.connect(host, stream)).await {
            Ok(Ok(stream)) => Ok((stream, None)),
            Ok(Err(error)) => Err(failed(
                &error,
                tls::Cause::of(&error, tls.client_certificate().is_some()),
            )),
            Err(_) => Err(at.fail(Cause::Timeout)),
        };
    }
    let record = Arc::new(Record::default());
    match timeout(TLS_TIMEOUT, tls.connect_recorded(host, stream, &record)).await {
        Ok(Ok(stream)) => {
            let facts = tls.facts(&stream, &record);
            Ok((stream, Some(facts)))
        }
        Ok(Err(error)) => Err(failed(&error, tls::Cause::of_recorded(&error, &record))),
        Err(_) => Err(at.fail(Cause::Timeout)),
    }
}

/// Waits a moment for an alert about our client certificate. A server that has nothing against it stays silent, because
/// it is we who speak next.
async fn verdict<S>(stream: &mut TlsStream<S>, sent: bool) -> Result<(), Cause>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match timeout(TLS_VERDICT_WAIT, stream.read(&mut [0; 1])).await {
        Ok(Err(error)) => match tls::Cause::of(&error, sent) {
            Some(tls::Cause::Alert("handshake_failure" | "access_denied")) if !sent => {
                Err(Cause::Tls(tls::Cause::ClientCertificateRequired))
            }
            Some(cause) => Err(Cause::Tls(cause)),
            None => Err(Cause::Io(error.kind())),
        },
        _ => Ok(()),
    }
}

/// `host:port`, brackets around an IPv6 address.
fn authority(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}
