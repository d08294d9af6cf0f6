//! The steps of the way to a peer, one function each, with their bounds. Each tells of its success and names its failure.

use std::path::Path;
use std::sync::Arc;

use secrecy::SecretString;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::connect::Rules;
use super::error::NetError;
use super::hop::{Cause, Hop, HopError, Step};
use super::resolver::Resolver;
use super::standing::Standing;
use super::wiped::Wiped;
use super::{dial, proxy};
use crate::config::{Proxy, Timeouts};
use crate::limits::TLS_VERDICT_WAIT;
use crate::tls::{self, Record, Tls, TlsFacts, TlsStream};

/// How steps are taken.
pub(super) struct Steps<'a> {
    /// Who is told of each step, if anybody. Only then is more kept of a handshake than the connection needs.
    pub(super) observe: Option<&'a mut (dyn FnMut(Hop) + Send)>,
    pub(super) timeouts: Timeouts,
}

/// What a proxy is told about us.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) credentials: Option<&'a SecretString>,
    /// What it thought of them, or of there being none.
    pub(super) standing: Option<&'a Standing>,
    /// It is shown a client certificate.
    pub(super) certificate: bool,
}

/// The other end of a step.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) host: String,
    pub(super) port: u16,
    /// It is spoken to over TLS.
    pub(super) tls: bool,
    /// The proxy, not the peer.
    pub(super) is_proxy: bool,
}

impl End {
    pub(super) fn of_proxy(proxy: &Proxy) -> Self {
        Self {
            host: proxy.host.clone(),
            port: proxy.port,
            tls: proxy.tls,
            is_proxy: true,
        }
    }

    /// `host:port`, brackets around an IPv6 address.
    fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    }

    pub(super) fn fail(&self, step: Step, cause: Cause) -> HopError {
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
    /// Resolves, and connects to the address that answers first, among those that the rules allow.
    pub(super) async fn tcp(
        &mut self,
        resolver: &Resolver,
        end: &End,
        rules: Option<&Rules>,
    ) -> Result<TcpStream, HopError> {
        let resolved = resolver.resolve(&end.host, end.port, self.timeouts.resolve).await;
        let mut addresses = match resolved {
            Ok(addresses) => addresses,
            Err(cause) => return Err(end.fail(Step::Resolve, cause)),
        };
        self.tell(|| Hop::Resolved {
            host: end.host.clone(),
            addresses: addresses.clone(),
        });
        if let Some(rules) = rules {
            addresses.retain(|address| rules.allow(address.ip()));
            if addresses.is_empty() {
                return Err(end.fail(Step::Connect, Cause::Forbidden));
            }
        }
        match dial::first(addresses, self.timeouts.connect).await {
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
        let cause = match timeout(self.timeouts.connect, UnixStream::connect(path)).await {
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
    pub(super) async fn tunnel<S>(
        &mut self,
        stream: &mut S,
        proxy: &End,
        told: Told<'_>,
        peer: &End,
    ) -> Result<(), HopError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let target = peer.authority();
        let asked = async {
            let _turn = match told.standing.filter(|_| told.credentials.is_some()) {
                Some(standing) => standing.turn().await.map_err(Cause::ProxyDemand)?,
                None => None,
            };
            let answer = proxy::connect(stream, &target, told.credentials, told.certificate).await;
            match (told.standing, &answer) {
                (Some(standing), Err(Cause::ProxyDemand(demand))) => standing.refused(*demand),
                // Another refusal comes from somebody who knows who we are.
                (Some(standing), Ok(_) | Err(Cause::ProxyStatus(_))) => standing.accepted(),
                _ => {}
            }
            answer
        };
        match timeout(self.timeouts.proxy, asked).await.unwrap_or(Err(Cause::Timeout)) {
            Ok(status) => {
                self.tell(|| Hop::Tunnelled { status });
                Ok(())
            }
            Err(cause) => Err(proxy.fail(Step::Tunnel, cause)),
        }
    }

    /// TLS with the proxy.
    pub(super) async fn encrypt_proxy<S>(
        &mut self,
        tls: &Tls,
        stream: S,
        proxy: &End,
    ) -> Result<TlsStream<Wiped<S>>, HopError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (stream, facts) = self.handshake(tls, stream, proxy, Step::ProxyTls).await?;
        if let Some(facts) = facts {
            self.tell(|| Hop::ProxyEncrypted(facts));
        }
        Ok(stream)
    }

    /// TLS with the peer.
    pub(super) async fn encrypt<S>(&mut self, tls: &Tls, stream: S, peer: &End) -> Result<TlsStream<Wiped<S>>, HopError>
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
        end: &End,
        step: Step,
    ) -> Result<(TlsStream<Wiped<S>>, Option<TlsFacts>), HopError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let stream = Wiped::new(stream);
        let (error, cause) = if self.observe.is_none() {
            match timeout(self.timeouts.tls, tls.connect(&end.host, stream)).await {
                Ok(Ok(stream)) => return Ok((stream, None)),
                Ok(Err(error)) => {
                    let cause = tls::Cause::of(&error, tls.client_certificate().is_some());
                    (error, cause)
                }
                Err(_) => return Err(end.fail(step, Cause::Timeout)),
            }
        } else {
            let record = Arc::new(Record::default());
            match timeout(self.timeouts.tls, tls.connect_recorded(&end.host, stream, &record)).await {
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
        if let Some(observe) = &mut self.observe {
            observe(hop());
        }
    }
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
