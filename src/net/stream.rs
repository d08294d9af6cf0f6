//! One connected stream, whatever it runs over.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use super::wiped::Wiped;
use crate::sys::tcp::{self, Sent};
use crate::tls::TlsStream;

/// A connected stream.
#[derive(Debug)]
pub(crate) enum Stream {
    /// Plain TCP.
    Tcp(TcpStream),
    /// TLS over TCP.
    TcpTls(Box<TlsStream<Wiped<TcpStream>>>),
    /// A unix socket.
    Unix(UnixStream),
    /// TLS over a unix socket.
    UnixTls(Box<TlsStream<Wiped<UnixStream>>>),
    /// TLS with the peer inside of TLS with its proxy.
    TlsInTls(Box<TlsStream<Wiped<TlsStream<Wiped<TcpStream>>>>>),
}

impl Stream {
    /// What became of the bytes that were written and flushed; `None` where nobody says.
    pub(crate) fn sent(&self) -> Option<Sent> {
        self.tcp().and_then(tcp::sent)
    }

    /// The TCP socket beneath, if the peer is at its other end.
    pub(super) fn tcp(&self) -> Option<&TcpStream> {
        match self {
            Self::Tcp(tcp) => Some(tcp),
            Self::TcpTls(tls) => Some(tls.get_ref().0.get_ref()),
            Self::Unix(_) | Self::UnixTls(_) | Self::TlsInTls(_) => None,
        }
    }

    /// The unix socket beneath.
    pub(super) fn unix(&self) -> Option<&UnixStream> {
        match self {
            Self::Unix(unix) => Some(unix),
            Self::UnixTls(tls) => Some(tls.get_ref().0.get_ref()),
            Self::Tcp(_) | Self::TcpTls(_) | Self::TlsInTls(_) => None,
        }
    }
}

/// Calls the same method on whichever stream it is.
macro_rules! each {
    ($self:expr, $stream:ident => $call:expr) => {
        match $self {
            Stream::Tcp($stream) => $call,
            Stream::TcpTls($stream) => $call,
            Stream::Unix($stream) => $call,
            Stream::UnixTls($stream) => $call,
            Stream::TlsInTls($stream) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), s => Pin::new(s).poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), s => Pin::new(s).poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), s => Pin::new(s).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        each!(self, s => s.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), s => Pin::new(s).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), s => Pin::new(s).poll_shutdown(cx))
    }
}
