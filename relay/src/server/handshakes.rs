//! TLS handshakes, on a thread of their own.
//!
//! A handshake is what costs a relay most that a peer without a key can have: on a thread apart, a flood of them takes
//! one thread's share of the processors from the requests of known peers, and no more. Their number is that of the
//! anonymous connections.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{Builder, Handle};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::limits;

/// Shakes hands for all connections of one listener.
#[derive(Clone)]
pub(super) struct Handshakes {
    acceptor: TlsAcceptor,
    thread: Handle,
}

impl Handshakes {
    /// Starts the thread, which lives as long as the process.
    pub(super) fn start(acceptor: TlsAcceptor) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_time().build()?;
        let thread = runtime.handle().clone();
        std::thread::Builder::new()
            .name("handshakes".into())
            .spawn(move || runtime.block_on(std::future::pending::<()>()))?;
        Ok(Self { acceptor, thread })
    }

    /// Shakes hands; dropping the future gives up.
    pub(super) async fn shake<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let shaking = timeout(limits::TLS_HANDSHAKE, self.acceptor.accept(stream));
        let mut task = Task(self.thread.spawn(shaking));
        let shaken = (&mut task.0).await.map_err(io::Error::other)?;
        shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

/// A task that ends when nobody waits for it any more.
struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
