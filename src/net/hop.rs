//! The steps of the way to a peer, and why one of them failed.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use super::challenge::Demand;
use super::error::NetError;
use super::unresolved::Unresolved;
use super::waited::bound;
use crate::tls::{self, CertFacts, TlsFacts};

/// A step that was taken.
#[derive(Debug, Clone)]
pub enum Hop {
    /// A name was resolved: the peer's, or its proxy's.
    Resolved {
        /// The name, or the IP address that stood in its place.
        host: String,
        /// In the order in which they are tried.
        addresses: Vec<SocketAddr>,
    },
    /// A connection stands.
    Connected {
        /// `ip:port`, or the path of a unix socket.
        peer: String,
    },
    /// TLS with the proxy stands.
    ProxyEncrypted(TlsFacts),
    /// The proxy opened the tunnel.
    Tunnelled {
        /// Its answer to CONNECT, 2xx.
        status: u16,
    },
    /// TLS with the peer stands.
    Encrypted(TlsFacts),
    /// The certificates that the peer, or its proxy, showed in a handshake that failed; its own first.
    Presented(Vec<CertFacts>),
}

/// A step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The name becomes addresses.
    Resolve,
    /// TCP, or the unix socket.
    Connect,
    /// TLS with the proxy.
    ProxyTls,
    /// CONNECT.
    Tunnel,
    /// TLS with the peer.
    Tls,
}

/// The first step that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopError {
    /// Which one.
    pub step: Step,
    /// With whom: `host:port` of the peer or its proxy, or the path of a unix socket.
    pub with: String,
    /// True when `with` is the proxy.
    pub at_proxy: bool,
    /// What the data path makes of it.
    pub error: NetError,
    /// Why.
    pub cause: Cause,
}

/// Why a step failed. Holds nothing that a proxy wrote, and no credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The system's reason.
    Io(io::ErrorKind),
    /// The name has no address.
    Unresolved(Unresolved),
    /// A time bound passed.
    Timeout,
    /// The rules of `lockdown` allow no connection to there. Nothing was sent.
    Forbidden,
    /// The rules of `lockdown` do not name this host among those that may be behind a proxy. Nothing was sent.
    NotListed,
    /// The proxy wants credentials, or others.
    ProxyDemand(Demand),
    /// The proxy refused CONNECT with this status.
    ProxyStatus(u16),
    /// The connection ended while the proxy's answer was due.
    ProxyClosed,
    /// The proxy's answer is no HTTP, or its head is too long.
    NotHttp,
    /// TLS.
    Tls(tls::Cause),
}

/// What an operator is told of [`Cause::Forbidden`].
pub(super) const FORBIDDEN: &str =
    "lockdown allows no direct connection to this address: see lockdown.allowed_networks";

impl fmt::Display for HopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { with, cause, .. } = self;
        let whom = if self.at_proxy { "the proxy " } else { "" };
        match self.step {
            Step::Resolve => write!(f, "resolving {whom}{with}: {cause}"),
            Step::Connect => write!(f, "connecting to {whom}{with}: {cause}"),
            Step::ProxyTls | Step::Tls => write!(f, "TLS with {whom}{with}: {cause}"),
            Step::Tunnel => write!(f, "CONNECT through {whom}{with}: {cause}"),
        }?;
        match cause {
            Cause::Timeout => write!(f, " ({})", bound(self.step)),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for HopError {}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(io::ErrorKind::NotFound) => f.write_str("there is no such socket"),
            Self::Io(io::ErrorKind::UnexpectedEof) => f.write_str("the connection was closed"),
            Self::Io(kind) => kind.fmt(f),
            Self::Unresolved(why) => write!(f, "the name has no address: {why}"),
            Self::Timeout => f.write_str("no answer in time"),
            Self::Forbidden => f.write_str(FORBIDDEN),
            Self::NotListed => f.write_str("it is behind a proxy and not in lockdown.allowed_hosts"),
            Self::ProxyDemand(demand) => demand.fmt(f),
            Self::ProxyStatus(403) => f.write_str("the proxy does not allow this destination (status 403)"),
            Self::ProxyStatus(status @ (502..=504)) => {
                write!(f, "the proxy cannot reach this destination (status {status})")
            }
            Self::ProxyStatus(status) => write!(f, "the proxy refused with status {status}"),
            Self::ProxyClosed => f.write_str("the proxy closed the connection without an answer"),
            Self::NotHttp => f.write_str("what answers there is no HTTP proxy"),
            Self::Tls(cause) => cause.fmt(f),
        }
    }
}
