//! The way to one peer: resolve, connect, ask the proxy, encrypt.

use std::net::{IpAddr, Shutdown};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::{Request, Response};
use secrecy::SecretString;

use super::challenge::Demand;
use super::error::{NetError, Unreached};
use super::generation::{Generation, Live};
use super::hop::{Cause, Hop, HopError, Step};
use super::network::Way;
use super::plan::{IdentityId, ProxyId};
use super::proxy::{self, Forward};
use super::resolver::{Resolver, Resolvers};
use super::sealed::Authorization;
use super::standing::Standing;
use super::steps::{End, Steps, Told};
use super::stream::Stream;
use super::waited::Waited;
use crate::config::{HttpUrl, Lockdown, Proxy, Timeouts};
use crate::monitor::connections::Tally;
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

/// What the rules tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// The control plane, which `lockdown.require_proxy` forbids to reach directly.
    ControlPlane,
    /// An MCP server, or who speaks for it: directly only where the rules allow its address.
    Server,
    /// A listener of ours on this host: no rule holds.
    Own,
}

/// Opens connections to one peer.
#[derive(Debug, Clone)]
pub struct Connector {
    host: String,
    port: u16,
    tls: bool,
    route: Route,
    material: Material,
    resolver: Resolver,
    rules: Rules,
    timeouts: Timeouts,
    /// Requests must be rewritten for the proxy.
    forward: Option<Forward>,
    /// The proxy on the way, for people.
    proxy: Option<Arc<str>>,
    /// Connections to peers of this kind.
    tally: Tally,
}

#[derive(Debug, Clone)]
enum Route {
    Direct,
    Unix(PathBuf),
    Proxy(End),
}

/// Where a way finds what a rotation exchanges: in the generation in force, by these ids.
#[derive(Debug, Clone)]
pub(super) struct Material {
    pub(super) live: Live,
    pub(super) identity: Option<IdentityId>,
    pub(super) proxy: Option<ProxyId>,
}

impl Material {
    /// TLS for the peer. A client certificate that cannot be used has been refused before.
    fn tls(&self, generation: &Generation) -> Tls {
        let identity = self.identity.and_then(|id| generation.identity(id)?.as_ref().ok());
        identity.unwrap_or(generation.plain()).clone()
    }

    fn proxy_tls(generation: &Generation) -> Tls {
        generation.proxy_tls().as_ref().unwrap_or(generation.plain()).clone()
    }

    fn credentials<'a>(&self, generation: &'a Generation) -> Option<&'a SecretString> {
        self.proxy.and_then(|id| generation.credentials(id))
    }

    fn standing<'a>(&self, generation: &'a Generation) -> Option<&'a Standing> {
        self.proxy.and_then(|id| generation.standing(id))
    }
}

/// Where a direct connection may go.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    peer: Peer,
    lockdown: Arc<Lockdown>,
}

impl Rules {
    pub(super) fn allow(&self, address: IpAddr) -> bool {
        match self.peer {
            Peer::ControlPlane => !self.lockdown.require_proxy,
            Peer::Server => self.lockdown.allows_direct(address),
            Peer::Own => true,
        }
    }

    /// Whatever address it has: then its name does not need to be resolved.
    fn forbids_direct(&self, host: &str) -> bool {
        match self.peer {
            Peer::ControlPlane => self.lockdown.require_proxy,
            Peer::Server => !self.lockdown.may_be_direct(host),
            Peer::Own => false,
        }
    }

    fn forbids_behind_proxy(&self, host: &str) -> bool {
        self.peer == Peer::Server && !self.lockdown.may_be_behind_proxy(host)
    }
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
    pub(super) fn new(
        way: &Way<'_>,
        material: Material,
        resolvers: &Resolvers,
        lockdown: Arc<Lockdown>,
        timeouts: Timeouts,
        tally: Tally,
    ) -> Self {
        let url = way.url;
        let forward = match &way.via {
            Via::Proxy(_) if !url.tls => Forward::new(&url.authority()),
            _ => None,
        };
        Self {
            host: url.host.clone(),
            port: url.port,
            tls: url.tls,
            route: match &way.via {
                Via::Direct => Route::Direct,
                Via::Unix(path) => Route::Unix(path.clone()),
                Via::Proxy(proxy) => Route::Proxy(End::of_proxy(proxy)),
            },
            material,
            resolver: resolvers.of(way.via.resolved_host(url).unwrap_or_default()),
            rules: Rules {
                peer: way.peer,
                lockdown,
            },
            timeouts,
            forward,
            proxy: match &way.via {
                Via::Proxy(proxy) => Some(proxy.name().into()),
                _ => None,
            },
            tally,
        }
    }

    /// Counts of connections to peers of this kind.
    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The generations in force.
    pub fn live(&self) -> &Live {
        &self.material.live
    }

    /// Takes every step of the way, tells `observe` of each, and closes the connection again.
    ///
    /// The steps are those of every connection; only here the chains of certificates are kept, also when a handshake
    /// fails, and the peer's verdict on a client certificate is waited for a moment: with TLS 1.3 it comes late.
    ///
    /// # Errors
    /// [`HopError`] of the step that failed.
    pub async fn walk(&self, observe: &mut (dyn FnMut(Hop) + Send)) -> Result<(), HopError> {
        let generation = self.material.live.current();
        self.open(&generation, Some(observe)).await.map(drop)
    }

    /// Opens a connection for a protocol other than HTTP.
    ///
    /// # Errors
    /// [`HopError`] of the step that failed.
    pub(crate) async fn stream(&self) -> Result<Stream, HopError> {
        let generation = self.material.live.current();
        self.open(&generation, None).await
    }

    /// Connects.
    ///
    /// # Errors
    /// [`NetError`] of the step that failed.
    pub(super) async fn connect(&self, generation: &Generation) -> Result<Stream, NetError> {
        self.open(generation, None).await.map_err(|e| e.error)
    }

    /// The proxy on the way and the setting that names it, for people.
    pub fn proxy(&self) -> Option<&str> {
        self.proxy.as_deref()
    }

    /// Whether the peer asks for a client certificate; `None` when it cannot be reached that far. Opens a connection of its own.
    pub async fn asks_for_certificate(&self) -> Option<bool> {
        let mut asked = None;
        let mut see = |hop| {
            if let Hop::Encrypted(facts) = hop {
                asked = Some(facts.client_certificate_asked);
            }
        };
        // What comes of it afterwards is known already.
        let _ = self.walk(&mut see).await;
        asked
    }

    /// Whether the peer is shown a client certificate when it asks.
    pub fn shows_certificate(&self) -> bool {
        self.material.identity.is_some()
    }

    /// Whether a proxy reads the requests.
    pub fn is_forwarded(&self) -> bool {
        self.forward.is_some()
    }

    /// What every request to the control plane carries as `Authorization`, in place of anything else.
    pub(super) fn key(&self, generation: &Generation) -> Option<Authorization> {
        match self.rules.peer {
            Peer::ControlPlane => generation.key().cloned().map(Authorization::Key),
            Peer::Server | Peer::Own => None,
        }
    }

    /// Makes a request one that a proxy forwards, if one does.
    pub(super) fn prepare<B>(&self, request: &mut Request<B>, generation: &Generation) {
        if let Some(forward) = &self.forward {
            forward.apply(request, self.material.credentials(generation));
        }
    }

    /// The demand of a forwarding proxy that answered 407 (RFC 9110, section 15.5.8), which is kept in mind; and that it took the
    /// credentials, when it answered otherwise.
    pub(super) fn demanded<B>(&self, answer: &Response<B>, generation: &Generation) -> Option<Demand> {
        if !self.is_forwarded() {
            return None;
        }
        let standing = self.material.standing(generation);
        let status = answer.status().as_u16();
        if status != 407 {
            standing.inspect(|standing| standing.accepted());
            return None;
        }
        let demand = Demand {
            status,
            schemes: proxy::schemes(answer.headers()),
            sent: self.material.credentials(generation).is_some(),
        };
        standing.inspect(|standing| standing.refused(demand));
        Some(demand)
    }

    /// Who is waited for when nothing comes.
    pub(super) fn waited(&self) -> Waited {
        Waited {
            peer: self.rules.peer,
            forwarded: self.is_forwarded(),
        }
    }

    /// What the proxy on the way demanded last.
    pub fn proxy_demand(&self) -> Option<Demand> {
        self.material.standing(&self.material.live.current())?.demand()
    }

    /// Whether a request that a proxy forwards may carry the credentials.
    ///
    /// # Errors
    /// The demand that they did not satisfy, for some minutes.
    pub(super) fn may_forward(&self, generation: &Generation) -> Result<(), Demand> {
        match self.material.standing(generation).filter(|_| self.is_forwarded()) {
            Some(standing) => standing.check(),
            None => Ok(()),
        }
    }

    /// A handle that can end the sending side of a connection later. Through a proxy there is none: common ones (squid,
    /// tinyproxy) take half of a closed connection for the whole, and an answer on its way would be lost. For unix sockets
    /// neither: no control plane is behind one.
    pub(super) fn half_close(&self, stream: &Stream) -> HalfClose {
        let socket = match self.route {
            Route::Direct => stream.tcp(),
            Route::Unix(_) | Route::Proxy(_) => None,
        };
        HalfClose(
            socket
                .and_then(|tcp| tcp.as_fd().try_clone_to_owned().ok())
                .map(std::net::TcpStream::from),
        )
    }

    /// An error of this peer's stream, with what only we know: at whose end TLS is, and whether a client certificate was there
    /// to be refused.
    pub(super) fn judge(&self, error: NetError) -> NetError {
        let NetError::Tls(fault) = error else {
            return error;
        };
        let at_proxy = self.is_forwarded();
        let shows_certificate = match at_proxy {
            true => self.material.live.current().proxy_certificate().is_some(),
            false => self.shows_certificate(),
        };
        let fault = match fault {
            tls::Fault::ClientCertificateRefused if !shows_certificate => tls::Fault::ClientCertificateRequired,
            fault => fault,
        };
        match at_proxy {
            true => NetError::ToProxy(Unreached::Tls(fault)),
            false => NetError::Tls(fault),
        }
    }

    /// Opens a connection with what a generation has.
    pub(super) async fn open(
        &self,
        generation: &Generation,
        observe: Option<&mut (dyn FnMut(Hop) + Send)>,
    ) -> Result<Stream, HopError> {
        let mut steps = Steps {
            observe,
            timeouts: self.timeouts,
        };
        let tls = self.tls.then(|| self.material.tls(generation));
        let peer = self.peer();
        match &self.route {
            Route::Direct if self.rules.forbids_direct(&self.host) => Err(peer.fail(Step::Connect, Cause::Forbidden)),
            Route::Proxy(_) if self.rules.forbids_behind_proxy(&self.host) => {
                Err(peer.fail(Step::Connect, Cause::NotListed))
            }
            Route::Direct => {
                let tcp = steps.tcp(&self.resolver, &peer, Some(&self.rules)).await?;
                match tls {
                    None => Ok(Stream::Tcp(tcp)),
                    Some(tls) => Ok(Stream::TcpTls(Box::new(steps.encrypt(&tls, tcp, &peer).await?))),
                }
            }
            Route::Unix(path) => {
                let unix = steps.unix(path).await?;
                match tls {
                    None => Ok(Stream::Unix(unix)),
                    Some(tls) => Ok(Stream::UnixTls(Box::new(steps.encrypt(&tls, unix, &peer).await?))),
                }
            }
            // Boxed: seldom, and several handshakes deep.
            Route::Proxy(proxy) => {
                let proxy_tls = proxy.tls.then(|| Material::proxy_tls(generation));
                let told = Told {
                    credentials: self.material.credentials(generation),
                    standing: self.material.standing(generation),
                    certificate: proxy_tls.as_ref().is_some_and(|tls| tls.client_certificate().is_some()),
                };
                if let Some(Err(demand)) = told.standing.map(Standing::check) {
                    return Err(proxy.fail(Step::Tunnel, Cause::ProxyDemand(demand)));
                }
                let (steps, tls) = (&mut steps, tls.as_ref());
                Box::pin(self.through(proxy, proxy_tls.as_ref(), tls, told, steps)).await
            }
        }
    }

    async fn through(
        &self,
        proxy: &End,
        proxy_tls: Option<&Tls>,
        tls: Option<&Tls>,
        told: Told<'_>,
        steps: &mut Steps<'_>,
    ) -> Result<Stream, HopError> {
        let peer = self.peer();
        let mut tcp = steps.tcp(&self.resolver, proxy, None).await?;
        match (proxy_tls, tls) {
            (None, None) => Ok(Stream::Tcp(tcp)),
            (None, Some(tls)) => {
                steps.tunnel(&mut tcp, proxy, told, &peer).await?;
                Ok(Stream::TcpTls(Box::new(steps.encrypt(tls, tcp, &peer).await?)))
            }
            (Some(proxy_tls), None) => {
                let outer = steps.encrypt_proxy(proxy_tls, tcp, proxy).await?;
                Ok(Stream::TcpTls(Box::new(outer)))
            }
            (Some(proxy_tls), Some(tls)) => {
                let mut outer = steps.encrypt_proxy(proxy_tls, tcp, proxy).await?;
                steps.tunnel(&mut outer, proxy, told, &peer).await?;
                Ok(Stream::TlsInTls(Box::new(steps.encrypt(tls, outer, &peer).await?)))
            }
        }
    }

    fn peer(&self) -> End {
        End {
            host: self.host.clone(),
            port: self.port,
            tls: self.tls,
            is_proxy: false,
        }
    }
}
