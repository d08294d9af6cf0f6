//! The steps of the way to a peer, one function each, with their bounds. Each tells of its success and names its failure.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::error::NetError;
use super::hop::{Cause, Hop, HopError, Step};
use super::proxy;
use super::resolver::Resolver;
use crate::config::Proxy;
use crate::limits::{CONNECT_TIMEOUT, TLS_TIMEOUT, TLS_VERDICT_WAIT, TUNNEL_TIMEOUT};
use crate::tls::{self, Record, Tls, TlsFacts, TlsStream};

/// Who is told of each step, if anybody. Only then is more kept of a handshake than the connection needs.
pub(super) struct Steps<'a>(pub(super) Option<&'a mut (dyn FnMut(Hop) + Send)>);

/// The other end of a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct End<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    /// The proxy, not the peer.
    pub(super) is_proxy: bool,
}

impl<'a> End<'a> {
    pub(super) fn of_proxy(proxy: &'a Proxy) -> Self {
        Self {
            host: &proxy.host,
            port: proxy.port,
            is_proxy: true,
        }
    }

    /// `host:port`, brackets around an IPv6 address.
    fn authority(self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    }

    fn fail(self, step: Step, cause: Cause) -> HopError {
        HopError {
            step,
            with: self.authority(),
            at_proxy: self.is_proxy,
            error: NetError::of_hop(step, &cause, self.is_proxy),
            cause,
        }
    }
}

impl Steps<'_> {
    /// Resolves, and tries the addresses in order. The last error counts, unless all of the time went into an earlier one.
    pub(super) async fn tcp(&mut self, resolver: &Resolver, end: End<'_>) -> Result<TcpStream, HopError> {
        let addresses = match resolver.resolve(end.host, end.port).await {
            Ok(addresses) => addresses,
            Err(NetError::Timeout) => return Err(end.fail(Step::Resolve, Cause::Timeout)),
            Err(_) => return Err(end.fail(Step::Resolve, Cause::NoAddress)),
        };
        self.tell(|| Hop::Resolved {
            host: end.host.to_owned(),
            addresses: addresses.clone(),
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
        match tried.await.unwrap_or(Err(Cause::Timeout)) {
            Ok((stream, address)) => {
                self.tell(|| Hop::Connected {
                    peer: address.to_string(),
                });
                Ok(stream)
            }
            Err(cause) => Err(end.fail(Step::Connect, cause)),
        }
    }

    /// Connects to a unix socket.
    pub(super) async fn unix(&mut self, path: &Path) -> Result<UnixStream, HopError> {
        let peer = || path.display().to_string();
        let cause = match timeout(CONNECT_TIMEOUT, UnixStream::connect(path)).await {
            Ok(Ok(stream)) => {
                self.tell(|| Hop::Connected { peer: peer() });
                return Ok(stream);
            }
            Ok(Err(error)) => Cause::Io(error.kind()),
            Err(_) => Cause::Timeout,
        };
        Err(HopError {
            step: Step::Connect,
            with: peer(),
            at_proxy: false,
            error: NetError::of_hop(Step::Connect, &cause, false),
            cause,
        })
    }

    /// Asks the proxy for a tunnel to the peer.
    pub(super) async fn tunnel<S>(&mut self, stream: &mut S, proxy: &Proxy, peer: End<'_>) -> Result<(), HopError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let target = peer.authority();
        let asked = proxy::connect(stream, &target, proxy.credentials.as_ref());
        match timeout(TUNNEL_TIMEOUT, asked).await.unwrap_or(Err(Cause::Timeout)) {
            Ok(status) => {
                self.tell(|| Hop::Tunnelled { status });
                Ok(())
            }
            Err(cause) => Err(End::of_proxy(proxy).fail(Step::Tunnel, cause)),
        }
    }

    /// TLS with the proxy.
    pub(super) async fn encrypt_proxy<S>(
        &mut self,
        tls: &Tls,
        stream: S,
        proxy: &Proxy,
    ) -> Result<TlsStream<S>, HopError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (stream, facts) = self
            .handshake(tls, stream, End::of_proxy(proxy), Step::ProxyTls)
            .await?;
        if let Some(facts) = facts {
            self.tell(|| Hop::ProxyEncrypted(facts));
        }
        Ok(stream)
    }

    /// TLS with the peer.
    pub(super) async fn encrypt<S>(&mut self, tls: &Tls, stream: S, peer: End<'_>) -> Result<TlsStream<S>, HopError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut stream, facts) = self.handshake(tls, stream, peer, Step::Tls).await?;
        if let Some(facts) = facts {
            let (asked, sent) = (facts.client_certificate_asked, facts.client_certificate_sent);
            self.tell(|| Hop::Encrypted(facts));
            if asked {
                let judged = verdict(&mut stream, sent).await;
                judged.map_err(|cause| peer.fail(Step::Tls, cause))?;
            }
        }
        Ok(stream)
    }

    async fn handshake<S>(
        &mut self,
        tls: &Tls,
        stream: S,
        end: End<'_>,
        step: Step,
    ) -> Result<(TlsStream<S>, Option<TlsFacts>), HopError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (error, cause) = if self.0.is_none() {
            match timeout(TLS_TIMEOUT, tls.connect(end.host, stream)).await {
                Ok(Ok(stream)) => return Ok((stream, None)),
                Ok(Err(error)) => {
                    let cause = tls::Cause::of(&error, tls.client_certificate().is_some());
                    (error, cause)
                }
                Err(_) => return Err(end.fail(step, Cause::Timeout)),
            }
        } else {
            let record = Arc::new(Record::default());
            match timeout(TLS_TIMEOUT, tls.connect_recorded(end.host, stream, &record)).await {
                Ok(Ok(stream)) => {
                    let facts = tls.facts(&stream, &record);
                    return Ok((stream, Some(facts)));
                }
                Ok(Err(error)) => {
                    self.tell(|| Hop::Presented(record.chain()));
                    let cause = tls::Cause::of_recorded(&error, &record);
                    (error, cause)
                }
                Err(_) => return Err(end.fail(step, Cause::Timeout)),
            }
        };
        Err(end.fail(step, cause.map_or(Cause::Io(error.kind()), Cause::Tls)))
    }

    fn tell(&mut self, hop: impl FnOnce() -> Hop) {
        if let Some(observe) = &mut self.0 {
            observe(hop());
        }
    }
}

async fn dial(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    // Small messages must not wait for an acknowledgement; a socket that refuses the option still works.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Waits a moment for an alert about our client certificate. A server that has nothing against it stays silent, because
/// it is we who speak next.
async fn verdict<S>(stream: &mut TlsStream<S>, sent: bool) -> Result<(), Cause>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Ok(Err(error)) = timeout(TLS_VERDICT_WAIT, stream.read(&mut [0; 1])).await else {
        return Ok(());
    };
    Err(match tls::Cause::of(&error, sent) {
        Some(cause) => Cause::Tls(cause.after_a_request(sent)),
        None => Cause::Io(error.kind()),
    })
}
