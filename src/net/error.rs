//! Why a request did not get its answer, in the words of the contract (contract: wire, section 8).

use std::error::Error as _;
use std::fmt;
use std::io;

use super::challenge::Demand;
use super::hop::{Cause, FORBIDDEN, Step};
use super::origin::NotFollowed;
use super::unpack::Packing;
use super::unresolved::Unresolved;
use super::waited::{self, Waited};
use crate::tls;
use crate::wire::failure::{Failure, Source};

/// What went wrong on the way. Carries no text from outside, no URL and no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetError {
    /// The host name has no address.
    Dns(Unresolved),
    /// The TLS handshake or a TLS record failed.
    Tls(tls::Fault),
    /// The proxy wants credentials, or others.
    ProxyDemand(Demand),
    /// The proxy did not open the way: its status, or `None` when it gave none.
    Proxy(Option<u16>),
    /// The proxy itself is out of reach.
    ToProxy(Unreached),
    /// Nobody listens there.
    Refused,
    /// No route to the network.
    NetworkUnreachable,
    /// No route to the host.
    HostUnreachable,
    /// The connection could not be made for another reason.
    Dial,
    /// The rules of `lockdown` allow no connection to there.
    Forbidden,
    /// A time bound passed.
    Timeout,
    /// A step of the way to the peer took too long.
    Slow(Step),
    /// The answer did not begin in time.
    NoFirstByte(Waited),
    /// The answer stopped, and did not go on in time.
    Silence(Waited),
    /// The peer reset the connection.
    Reset,
    /// The connection was aborted.
    Aborted,
    /// The pipe or connection was closed for writing.
    ClosedPipe,
    /// The connection ended before an answer began.
    Eof,
    /// The connection ended inside an answer.
    UnexpectedEof,
    /// The connection was closed.
    Closed,
    /// The peer does not speak HTTP/1.1, or its head is too large.
    NotHttp,
    /// The body is larger than allowed.
    TooLarge,
    /// The body is packed and is not unpacked.
    Packed(Packing),
    /// A redirect that is not followed.
    Redirected(NotFollowed),
    /// One redirect after another.
    Redirects,
}

/// Why a proxy is out of reach. Told from the peer's faults, or whoever reads of them looks after the wrong host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreached {
    /// Its name has no address.
    Unresolved(Unresolved),
    /// Nobody listens there.
    Refused,
    /// There is no way to it, or the connection broke.
    NoWay,
    /// It does not answer in this step.
    Silent(Step),
    /// TLS with it failed.
    Tls(tls::Fault),
}

impl NetError {
    /// Of a step on the way to the peer, or to its proxy.
    pub(super) fn of_hop(step: Step, cause: &Cause, at_proxy: bool) -> Self {
        let unreached = match Self::of_step(step, cause) {
            Self::Dns(why) => Unreached::Unresolved(why),
            Self::Refused => Unreached::Refused,
            Self::Tls(fault) => Unreached::Tls(fault),
            Self::Slow(step) => Unreached::Silent(step),
            error @ (Self::Proxy(_) | Self::ProxyDemand(_)) => return error,
            _ => Unreached::NoWay,
        };
        match at_proxy {
            true => Self::ToProxy(unreached),
            false => Self::of_step(step, cause),
        }
    }

    fn of_step(step: Step, cause: &Cause) -> Self {
        match (step, cause) {
            (_, Cause::Unresolved(why)) => Self::Dns(*why),
            (_, Cause::Timeout) => Self::Slow(step),
            (_, Cause::Forbidden | Cause::NotListed) => Self::Forbidden,
            (_, Cause::Tls(cause)) => Self::Tls(cause.fault()),
            (_, Cause::ProxyDemand(demand)) => Self::ProxyDemand(*demand),
            (_, Cause::ProxyStatus(status)) => Self::Proxy(Some(*status)),
            (_, Cause::ProxyClosed | Cause::NotHttp) | (Step::Tunnel, Cause::Io(_)) => Self::Proxy(None),
            (Step::Tls | Step::ProxyTls, Cause::Io(io::ErrorKind::InvalidInput)) => Self::Tls(tls::Fault::Other),
            (Step::Tls | Step::ProxyTls, Cause::Io(kind)) => Self::from_stream_kind(*kind),
            // A unix socket that is not there is a server that does not listen.
            (_, Cause::Io(io::ErrorKind::NotFound)) => Self::Refused,
            (_, Cause::Io(kind)) => Self::from_dial(*kind),
        }
    }

    /// Of connecting.
    fn from_dial(kind: io::ErrorKind) -> Self {
        match kind {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::NetworkUnreachable => Self::NetworkUnreachable,
            io::ErrorKind::HostUnreachable => Self::HostUnreachable,
            io::ErrorKind::TimedOut => Self::Timeout,
            _ => Self::Dial,
        }
    }

    /// Of a stream that was connected.
    pub(super) fn from_stream(error: &io::Error) -> Self {
        // Whether there was a client certificate to refuse is known to the connector: see its `judge`.
        match tls::Cause::of(error, true) {
            Some(cause) => Self::Tls(cause.fault()),
            None => Self::from_stream_kind(error.kind()),
        }
    }

    fn from_stream_kind(kind: io::ErrorKind) -> Self {
        match kind {
            io::ErrorKind::ConnectionReset => Self::Reset,
            io::ErrorKind::ConnectionAborted => Self::Aborted,
            io::ErrorKind::BrokenPipe | io::ErrorKind::WriteZero => Self::ClosedPipe,
            io::ErrorKind::UnexpectedEof => Self::UnexpectedEof,
            io::ErrorKind::TimedOut => Self::Timeout,
            _ => Self::Closed,
        }
    }

    /// Of an HTTP exchange. `in_body`: the head of the answer had arrived.
    pub(super) fn from_hyper(error: &hyper::Error, in_body: bool) -> Self {
        let mut source = error.source();
        while let Some(inner) = source {
            if let Some(io) = inner.downcast_ref::<io::Error>() {
                return match Self::from_stream(io) {
                    Self::UnexpectedEof if !in_body => Self::Eof,
                    other => other,
                };
            }
            source = inner.source();
        }
        if error.is_parse() {
            Self::NotHttp
        } else if error.is_incomplete_message() {
            if in_body { Self::UnexpectedEof } else { Self::Eof }
        } else if error.is_timeout() {
            Self::Timeout
        } else if in_body {
            Self::UnexpectedEof
        } else {
            Self::Closed
        }
    }

    /// Whether the body itself is at fault, so that another connection brings nothing better.
    pub fn is_about_the_body(self) -> bool {
        matches!(self, Self::TooLarge | Self::Packed(_))
    }

    /// Whether the peer ended the connection.
    pub(super) fn is_closed(self) -> bool {
        matches!(
            self,
            Self::Reset | Self::Aborted | Self::ClosedPipe | Self::Eof | Self::UnexpectedEof | Self::Closed
        )
    }

    /// The contract's word.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Dns(_) => "dns",
            Self::Tls(_) => "tls",
            Self::Timeout
            | Self::Slow(_)
            | Self::NoFirstByte(_)
            | Self::Silence(_)
            | Self::ToProxy(Unreached::Silent(_)) => "timeout",
            Self::Refused | Self::ToProxy(Unreached::Refused) => "connection_refused",
            Self::NetworkUnreachable => "network_unreachable",
            Self::HostUnreachable => "host_unreachable",
            // The vocabulary has no word for proxies and rules: for the service it is a connection that could not be made.
            Self::Dial | Self::Forbidden | Self::Proxy(_) | Self::ProxyDemand(_) | Self::ToProxy(_) => "dial",
            Self::Reset => "connection_reset",
            Self::Aborted => "connection_aborted",
            Self::ClosedPipe => "closed_pipe",
            Self::Eof => "eof",
            Self::UnexpectedEof => "unexpected_eof",
            Self::Closed => "connection_closed",
            Self::NotHttp => "non_protocol_response",
            Self::TooLarge | Self::Packed(Packing::Bomb) => "response_body_too_large",
            Self::Packed(_) => "response_body_unreadable",
            Self::Redirected(_) | Self::Redirects => "non_protocol_response",
        }
    }

    /// The hop that failed, for operators. Callers are not told of proxies.
    pub fn hop(self) -> &'static str {
        match self {
            Self::Proxy(_) | Self::ProxyDemand(_) | Self::ToProxy(_) => "proxy",
            other => other.failure().source.as_str(),
        }
    }

    /// The failure that the caller is told.
    pub fn failure(self) -> Failure {
        let source = match self {
            Self::Timeout => return Failure::timeout(),
            Self::Slow(_) | Self::NoFirstByte(_) | Self::Silence(_) | Self::ToProxy(Unreached::Silent(_)) => {
                return Failure {
                    reason: Some(self.to_string()),
                    ..Failure::timeout()
                };
            }
            Self::TooLarge => return Failure::protocol(self.kind()),
            Self::NotHttp => {
                let cause = "it is not HTTP/1.1, or its head is too large";
                return Failure::protocol(self.kind()).because(cause);
            }
            Self::Packed(_) | Self::Redirected(_) | Self::Redirects => {
                return Failure::protocol(self.kind()).because(self.to_string());
            }
            Self::Dns(_) => Source::Dns,
            Self::Tls(_) => Source::Tls,
            Self::Refused
            | Self::NetworkUnreachable
            | Self::HostUnreachable
            | Self::Dial
            | Self::Forbidden
            | Self::Proxy(_)
            | Self::ProxyDemand(_)
            | Self::ToProxy(_) => Source::Connect,
            Self::Reset | Self::Aborted | Self::ClosedPipe | Self::Eof | Self::UnexpectedEof | Self::Closed => {
                Source::TransportClosed
            }
        };
        let failure = Failure::transport(source, self.kind());
        match self {
            Self::Tls(fault) => failure.because(format!("TLS: {fault}")),
            Self::Dns(why) => Failure {
                reason: Some(self.to_string()),
                cause: why.is_of_the_name().then(|| why.to_string()),
                ..failure
            },
            // Of proxies and rules callers are told no more than that there is no way.
            Self::Forbidden | Self::Proxy(_) | Self::ProxyDemand(_) | Self::ToProxy(_) => Failure {
                reason: Some(self.to_string()),
                ..failure
            },
            _ => failure,
        }
    }
}

impl fmt::Display for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls(fault) => return write!(f, "TLS: {fault}"),
            Self::ProxyDemand(demand) => return demand.fmt(f),
            Self::Proxy(Some(status)) => return Cause::ProxyStatus(*status).fmt(f),
            Self::Proxy(None) => "the proxy gave no answer that opens the way",
            Self::ToProxy(Unreached::Tls(fault)) => return write!(f, "TLS with the proxy: {fault}"),
            Self::ToProxy(Unreached::Unresolved(why)) => return write!(f, "the proxy's name has no address: {why}"),
            Self::ToProxy(Unreached::Refused) => "the proxy refused the connection: does it run?",
            Self::ToProxy(Unreached::NoWay) => "the proxy cannot be reached",
            Self::ToProxy(Unreached::Silent(step)) => {
                f.write_str("the proxy does not answer: ")?;
                return waited::step(*step, f);
            }
            Self::Dns(why) => return write!(f, "the host name has no address: {why}"),
            Self::Refused => "connection refused",
            Self::NetworkUnreachable => "network unreachable",
            Self::HostUnreachable => "host unreachable",
            Self::Dial => "the connection could not be made",
            Self::Forbidden => FORBIDDEN,
            Self::Timeout => "timed out",
            Self::Slow(step) => {
                f.write_str("timed out: ")?;
                return waited::step(*step, f);
            }
            Self::NoFirstByte(waited) => return waited.begin(f),
            Self::Silence(waited) => return waited.silence(f),
            Self::Reset => "connection reset by the peer",
            Self::Aborted => "connection aborted",
            Self::ClosedPipe => "the peer closed the connection while it was written to",
            Self::Eof => "the connection ended before the answer",
            Self::UnexpectedEof => "the connection ended inside the answer",
            Self::Closed => "connection closed",
            Self::NotHttp => "the peer does not speak HTTP/1.1",
            Self::TooLarge => "the answer is too large",
            Self::Packed(packing) => return packing.fmt(f),
            Self::Redirected(why) => return why.fmt(f),
            Self::Redirects => "one redirect leads to another",
        })
    }
}

impl std::error::Error for NetError {}
